"""Texts are found in the catalogs, and what is missing is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.languages import catalogs as languages
from workbench.languages.catalogs import Missing, match, translate

PO_FILES = sorted(languages.FOLDER.glob("*/LC_MESSAGES/*.po"))
HEAD = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'


def test_a_run_shows_all_languages_of_the_study(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_LANGUAGES", "zh,en,zh")
    assert languages.languages_shown() == ("zh", "en")


def test_in_the_lab_only_the_language_asked_for_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORKBENCH_LANGUAGES")
    assert languages.languages_shown() == ("en",)
    languages.configure(["zh", "en"])
    assert languages.languages_shown() == ("zh",)
    monkeypatch.setenv("WORKBENCH_LANGUAGE", "en")
    assert languages.languages_shown() == ("en",)


@pytest.mark.parametrize("path", PO_FILES, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_every_catalog_keeps_the_placeholders_and_translates_all(path: Path) -> None:
    assert languages.faults(path) == []


def test_domains_do_not_contradict_one_another() -> None:
    assert languages.conflicts("zh") == []


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ('msgid "{n} customers"\nmsgstr "{m}位客户"\n', "placeholders"),
        ('msgid "Share"\nmsgstr ""\n', "not translated"),
        ('#, fuzzy\nmsgid "Share"\nmsgstr "占比"\n', "fuzzy"),
        ('msgid "{n} customers"\nmsgstr "{n位客户"\n', "broken placeholder"),
        ('msgid "a"\nmsgid_plural "b"\nmsgstr[0] "c"\n', "plural"),
    ],
)
def test_a_bad_entry_is_named_with_its_line(tmp_path: Path, entry: str, fault: str) -> None:
    path = tmp_path / "bad.po"
    path.write_text(HEAD + entry, encoding="utf-8")
    (found,) = languages.faults(path)
    assert fault in found
    assert found.startswith("bad.po:4" if "fuzzy" not in fault else "bad.po:5")


def test_a_file_that_is_no_catalog_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "clv.po"
    path.write_text(HEAD + "msgid nonsense\n", encoding="utf-8")
    with pytest.raises(languages.ReportingError, match=r"clv\.po"):
        languages._read(path)


def test_a_text_fits_the_template_with_the_most_words_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = {
        "{n} customers": "{n}位客户",
        "{n} of {total} customers": "{total}位客户中的{n}位",
        "Champions": "重要价值客户",
        "{name}: {n} orders": "{name}：{n}笔订单",
        "{a}: {b}": "{b}{a}",
    }
    monkeypatch.setattr(languages, "catalog", lambda language: words)
    languages._templates.cache_clear()
    assert match("1,204 customers", "zh") == "1,204位客户"
    assert match("3 of 1,204 customers", "zh") == "1,204位客户中的3位"
    assert match("Champions: 12 orders", "zh") == "重要价值客户：12笔订单"
    assert match("Champions\n(1,204 customers)", "zh") == "重要价值客户\n(1,204 customers)"
    assert match(" Champions ", "zh") == " 重要价值客户 "
    # A template without words of its own would fit anything.
    assert match("North: South", "zh") == "North: South"
    languages._templates.cache_clear()


def test_numbers_and_chinese_need_no_words() -> None:
    for text in ("1,204", "63%", "−0.62", "华北", "", "Q1"):
        assert match(text, "zh") == text
    assert languages.missing() == []


def test_what_a_language_lacks_is_shown_in_english_and_remembered() -> None:
    assert translate("Frobnicated share", "zh") == "Frobnicated share"
    assert match("Frobnicated axis", "zh") == "Frobnicated axis"
    assert languages.missing() == [
        Missing("zh", "Frobnicated share", "text"),
        Missing("zh", "Frobnicated axis", "axes"),
    ]
    languages.forget_missing()
    assert languages.missing() == []


def test_names_are_not_missing() -> None:
    languages.proper(["Port Zzyzx"])
    assert match("Port Zzyzx", "zh") == "Port Zzyzx"
    assert languages.missing() == []


def test_a_study_brings_its_own_words() -> None:
    languages.learn([{"en": "Service desk", "zh": "服务台"}, {"zh": "无英文"}])
    assert translate("Service desk", "zh") == "服务台"
    assert match("Service desk", "zh") == "服务台"
    assert translate("Service desk", "en") == "Service desk"
