"""Texts are found in the catalogs, and what is missing is known."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from workbench.errors import ReportingError
from workbench.languages import Language, language
from workbench.languages import catalogs as languages
from workbench.languages.numbers import pct

PO_FILES = sorted(languages.FOLDER.glob("*/LC_MESSAGES/*.po"))
HEAD = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'


@pytest.mark.parametrize("path", PO_FILES, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_every_catalog_keeps_the_placeholders_and_translates_all(path: Path) -> None:
    assert languages.faults(path) == []


def test_domains_do_not_contradict_one_another() -> None:
    said: dict[str, dict[str, str]] = {}
    for path in languages.domain_files("zh"):
        for message, words in languages._read(path).items():
            said.setdefault(message, {})[words] = path.name
    differing = {message: words for message, words in said.items() if len(words) > 1}
    assert not differing, differing


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
    with pytest.raises(ReportingError, match=r"clv\.po"):
        languages._read(path)


def test_only_a_text_as_a_whole_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    words = {"{n} customers": "{n}位客户", "Champions": "重要价值客户"}
    monkeypatch.setattr(language, "catalog", lambda code: words)
    say = Language("zh")
    assert say("{n} customers", n=1204) == "1,204位客户"
    assert say("{n} customers") == "{n}位客户"
    assert say.name("Champions") == say("Champions") == "重要价值客户"
    assert say.missing == say.names == []
    # what was filled before the language was known is a message that no catalog has
    assert say("1,204 customers") == "1,204 customers"
    assert say.name("Champions: North") == "Champions: North"
    assert say.missing == ["1,204 customers"] and say.names == ["Champions: North"]


def test_numbers_and_chinese_need_no_words() -> None:
    chinese = Language("zh")
    for text in ("1,204", "63%", "−0.62", "华北", "", "Q1"):
        assert chinese.name(text) == chinese(text) == text
    assert chinese.missing == chinese.names == []


def test_what_a_language_lacks_is_shown_in_english_and_remembered() -> None:
    chinese = Language("zh")
    assert chinese("Frobnicated {n}", n=3) == "Frobnicated 3"
    assert chinese("Frobnicated axis") == "Frobnicated axis"
    assert chinese.name("Frobnicated town") == "Frobnicated town"
    assert chinese.missing == ["Frobnicated {n}", "Frobnicated axis"]
    assert chinese.names == ["Frobnicated town"]
    english = Language("en")
    assert english("Frobnicated {n}", n=3) == "Frobnicated 3"
    assert english("Frobnicated axis") == "Frobnicated axis"
    assert english.missing == english.names == []


def test_names_are_not_missing() -> None:
    chinese = Language("zh", proper=frozenset({"Port Zzyzx"}))
    assert chinese("Port Zzyzx") == "Port Zzyzx"
    assert chinese.missing == []


def test_a_study_brings_its_own_words() -> None:
    chinese = Language("zh", {"Service desk": "服务台"})
    assert chinese("Service desk") == "服务台"
    assert chinese.name("Service desk") == "服务台"
    assert Language("en", {"Service desk": "x"})("Service desk") == "Service desk"


def test_a_message_is_filled_as_its_language_writes() -> None:
    values = {"n": 1234, "share": pct(0.5), "day": dt.date(2025, 1, 31), "who": "Champions"}
    message = "{n} {share} {day} {who}"
    assert Language("en")(message, **values) == "1,234 50% 31 January 2025 Champions"
    chinese = Language("zh", {message: "{day}{who}{n}（{share}）", "Champions": "客户"})
    assert chinese(message, **values) == "2025年1月31日客户1,234（50%）"
    assert chinese.percent(0.5, 1) == "50.0%" and chinese.number(0.5, 3) == "0.500"
    assert chinese.points(0.5, 1) == "0.5分" and chinese.date("2025-01-31") == "2025年1月31日"
    assert chinese.money(5, "EUR", 0) == "5欧元"


def test_only_finished_entries_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "zh/LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "room.po").write_text(
        'msgid "Done"\nmsgstr "好"\n\nmsgid "Empty"\nmsgstr ""\n\n'
        '#, fuzzy\nmsgid "Guessed"\nmsgstr "猜"\n\n'
        'msgid "one"\nmsgid_plural "many"\nmsgstr[0] "一"\n',
        encoding="utf-8",
    )
    monkeypatch.setattr(languages, "FOLDER", tmp_path)
    assert languages.catalog.__wrapped__("zh") == {"Done": "好"}
