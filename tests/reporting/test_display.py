"""Which languages a page is made in, and what the open study brings to each of them."""

from __future__ import annotations

import pytest

from workbench.errors import ReportingError
from workbench.reporting import configure, languages_shown, say
from workbench.reporting.display import reader, readers


def test_a_run_shows_all_languages_of_the_study(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_LANGUAGES", "zh,en,zh")
    assert languages_shown() == ("zh", "en")


def test_in_the_lab_only_the_language_asked_for_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORKBENCH_LANGUAGES")
    assert languages_shown() == ("en",)
    configure(["zh", "en"])
    assert languages_shown() == ("zh",)
    monkeypatch.setenv("WORKBENCH_LANGUAGE", "en")
    assert languages_shown() == ("en",)


def test_a_study_brings_words_currency_and_names_and_another_one_its_own() -> None:
    words = [{"en": "Service desk", "zh": "服务台"}, {"zh": "无英文"}]
    configure(["zh"], currency="EUR", words=words, proper=["Port Zzyzx"])
    english, chinese = readers()
    assert (english.code, chinese.code) == ("en", "zh")
    assert chinese is reader("zh") is reader(chinese)
    assert chinese("Service desk") == "服务台" and chinese.money(5) == "5.00欧元"
    assert chinese("Port Zzyzx") == "Port Zzyzx" and not chinese.missing
    configure()
    assert reader("zh")("Service desk") == "Service desk" and reader("zh").money(5) == "5.00"


def test_an_output_says_what_it_lacks_and_warns_who_is_working(
    outputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    say("Frobnicated")
    say("1")
    assert [about.get("missing") for about, _ in outputs.of("zh", "prose")] == [
        ["Frobnicated"], None,
    ]  # fmt: skip
    monkeypatch.delenv("WORKBENCH_LANGUAGES")
    monkeypatch.setenv("WORKBENCH_LANGUAGE", "zh")
    with pytest.warns(UserWarning, match="no zh for 'Frobnicated'"):
        say("Frobnicated")


@pytest.mark.parametrize("unattended", [True, False])
def test_where_words_are_required_an_output_without_them_is_an_error(
    outputs, monkeypatch: pytest.MonkeyPatch, unattended: bool
) -> None:
    monkeypatch.setenv("WORKBENCH_WORDS", "required")
    if not unattended:
        monkeypatch.delenv("WORKBENCH_LANGUAGES")
        monkeypatch.setenv("WORKBENCH_LANGUAGE", "zh")
    with pytest.raises(ReportingError, match="no zh for 'Frobnicated'; add it to a catalog"):
        say("Frobnicated")
    assert not outputs.of("zh", "prose")
    say("1")  # what was lacking is not held against the next output
    assert outputs.of("zh", "prose")
