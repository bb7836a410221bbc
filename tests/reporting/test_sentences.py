"""Findings are said as sentences, in every language, with what comes from data escaped."""

from __future__ import annotations

import pickle

import pytest

from workbench.errors import ReportingError
from workbench.reporting import callout, configure, day, heading, money, num, pct, say
from workbench.reporting.sentences import Link, escape, listing, phrase, tell
from workbench.results import Estimate, Finding

KEPT = Estimate(0.703, 0.69, 0.716, kind="percent", fact="contracts.kept_1y.observed")


@pytest.fixture(autouse=True)
def _words() -> None:
    configure(
        words=[
            {
                "en": "{share} of {group} hold {value} of the value.",
                "zh": "{share}的{group}贡献了{value}的价值。",
            },
            {"en": "loyal customers", "zh": "忠诚客户"},
            {"en": "From {a} on", "zh": "自{a}起"},
        ]
    )


def test_a_sentence_comes_once_a_language_with_the_same_numbers(outputs) -> None:
    say(
        "{share} of {group} hold {value} of the value.",
        share=pct(0.2),
        group="loyal customers",
        value=pct(0.63, 0.60, 0.66),
    )
    assert [about for about, _ in outputs.all] == [
        {"language": "en", "role": "prose"},
        {"language": "zh", "role": "prose"},
    ]
    assert outputs.text("en", "prose", "text/markdown") == (
        "20% of loyal customers hold 63% (60 to 66) of the value."
    )
    assert outputs.text("zh", "prose", "text/markdown") == (
        "20%的忠诚客户贡献了63%（60%至66%）的价值。"
    )


def test_a_heading_is_one_line_of_its_level(outputs) -> None:
    heading("From {a} on", level=3, a=day("2025-01-31"))
    about, data = outputs.of("zh", "heading")[0]
    assert about == {"language": "zh", "role": "heading", "level": 3}
    assert data == {"text/markdown": "### 自2025年1月31日起", "text/plain": "自2025年1月31日起"}


def test_a_callout_is_quartos_on_the_site_and_a_quote_in_the_lab(
    outputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    callout("warning", "From {a} on", a="2025")
    assert outputs.text("en", "callout", "text/markdown") == (
        "::: {.callout-warning}\nFrom 2025 on\n:::"
    )
    monkeypatch.delenv("WORKBENCH_LANGUAGES")
    outputs.all.clear()
    callout("warning", "From {a} on", a="2025")
    assert outputs.text("en", "callout", "text/markdown") == "> **Warning** From 2025 on"


def test_an_unknown_callout_is_an_error_that_lists_the_known() -> None:
    with pytest.raises(ReportingError, match="note, warning, important, tip"):
        callout("danger", "x")


def test_markup_from_data_is_escaped_but_the_messages_own_stays(outputs) -> None:
    nasty = "<script>alert(1)</script> **bold** [x](y) `c` $1$ # {braces}"
    say("A *plain* {name}.", name=nasty)
    text = outputs.text("en", "prose", "text/markdown")
    assert "A *plain* " in text
    assert "\\<script\\>" in text
    assert "\\*\\*bold\\*\\* \\[x\\](y) \\`c\\` \\$1\\$ \\#" in text
    assert "{braces}" in text
    assert nasty in outputs.text("en", "prose", "text/plain")


def test_dollars_do_not_become_a_formula(outputs) -> None:
    say("{a}", a=money(63, 60, 66, "USD"))
    assert outputs.text("en", "prose", "text/markdown") == r"\$63 (\$60 to \$66)"


def test_a_list_of_values_is_said_as_a_row(outputs) -> None:
    say("{a}", a=["x1", "y1", num(3)])
    assert outputs.text("en", "prose", "text/markdown") == "x1, y1 and 3"
    assert outputs.text("zh", "prose", "text/markdown") == "x1、y1和3"


def test_a_studys_own_text_is_said_in_the_pages_language(outputs) -> None:
    say("{a}", a={"en": "Service desk", "zh": "服务台"})
    assert outputs.text("zh", "prose", "text/markdown") == "服务台"


def test_a_link_keeps_its_markup_and_escapes_its_words(outputs) -> None:
    listing([("See {page}.", {"page": Link("a [b]", "clv.html")})])
    assert outputs.text("en", "prose", "text/markdown") == r"- See [a \[b\]](clv.html)."
    assert outputs.text("en", "prose", "text/plain") == "- See a [b]."


def test_a_placeholder_without_a_value_is_an_error_that_names_both() -> None:
    with pytest.raises(ReportingError, match=r"nothing is given for b.*b=\.\.\.") as caught:
        say("{a} and {b}", a=1)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_an_output_says_what_its_language_lacks(outputs) -> None:
    say("Quite unheard-of words.")
    assert outputs.of("en", "prose")[0][0] == {"language": "en", "role": "prose"}
    assert outputs.of("zh", "prose")[0][0]["missing"] == ["Quite unheard-of words."]
    outputs.all.clear()
    say("From {a} on", a="1")
    assert "missing" not in outputs.of("zh", "prose")[0][0]


def test_escaping_leaves_plain_text_alone() -> None:
    assert escape("63%（60%至66%） −0.5, a-b (c).") == "63%（60%至66%） −0.5, a-b (c)."


def test_sentences_of_one_paragraph_follow_one_another_as_each_language_writes_them(
    outputs,
) -> None:
    configure(
        words=[{"en": "It worked.", "zh": "措施见效。"}, {"en": "By {n}.", "zh": "幅度{n}。"}]
    )
    say("It worked.", "By {n}.", n=num(3))
    assert outputs.text("en", "prose", "text/plain") == "It worked. By 3."
    assert outputs.text("zh", "prose", "text/plain") == "措施见效。幅度3。"


def test_a_finding_is_a_heading_a_sentence_and_a_box_of_its_severity(outputs) -> None:
    finding = Finding("start", "From {a} on", {"a": day("2025-01-31")}, severity="refusal")
    heading(finding, level=3)
    say(finding, "{b} more", b=2)
    callout(finding)
    callout("tip", finding)
    assert outputs.text("zh", "heading", "text/markdown") == "### 自2025年1月31日起"
    assert outputs.text("en", "prose", "text/markdown") == "From 31 January 2025 on. 2 more"
    boxes = [data["text/markdown"].split()[1] for _, data in outputs.of("en", "callout")]
    assert boxes == ["{.callout-important}", "{.callout-tip}"]


def test_a_finding_carries_its_verdict_and_who_found_it(outputs) -> None:
    finding = Finding("churn", "x_y {a}", {"a": 2}, verdict="not shown", page="clv")
    say(finding)
    assert outputs.text("en", "prose", "text/markdown") == (
        '<span data-finding="churn" data-page="clv" data-verdict="not shown">x_y 2</span>.'
    )
    assert outputs.text("en", "prose", "text/plain") == "x_y 2."


def test_a_number_in_prose_names_the_fact_that_it_states(outputs) -> None:
    say("{share} of {group}", share=KEPT, group=[pct(KEPT, digits=0), pct(KEPT.value), "x_y"])
    marked = '<span data-fact="contracts.kept_1y.observed" data-number="0.703">70{}%</span>'
    assert outputs.text("en", "prose", "text/markdown") == (
        f"{marked.format('.3')} (69.0 to 71.6) of {marked.format('')} (69 to 72), 70% and x\\_y"
    )
    assert f"{marked.format('.3')}（69.0%至71.6%）" in outputs.text("zh", "prose", "text/markdown")
    assert "<" not in outputs.text("en", "prose", "text/plain")


def test_an_identifier_of_the_data_is_a_name_and_no_missing_word(outputs) -> None:
    say("{case}: {label}", case="campaign_27", label="Frobnicated")
    about, _ = outputs.of("zh", "prose")[0]
    assert about["names"] == ["campaign_27"] and about["missing"] == ["Frobnicated"]


def test_a_heading_is_one_sentence_and_what_follows_it_is_text(outputs) -> None:
    configure()
    where = {"where": "St. Louis. Missouri"}
    tell(Finding("pace", "The pace in {where} rose. Nobody knows why", where), Finding("b", "More"))
    shown = [(x["role"], y["text/plain"]) for x, y in outputs.all if x["language"] == "en"]
    assert shown == [
        ("heading", "The pace in St. Louis. Missouri rose"),
        ("prose", "Nobody knows why."),
        ("prose", "More."),
    ]


@pytest.mark.parametrize(
    ("name", "begins"),
    [("gift cards", "Gift cards:"), ("email", "Email:"), ("iPhone", "iPhone:"), ("q3", "q3:")],
)
def test_a_sentence_that_begins_with_a_name_from_the_data_begins_large(
    name: str, begins: str
) -> None:
    said = phrase("{group}: customers ordered more often", "en", {"group": name}, form="plain")
    assert said.startswith(begins), said


def test_names_within_a_sentence_stay_as_they_are() -> None:
    parts = [Finding("n", "{what}", {"what": "log"}),
             Finding("n", "{what} ({of})", {"what": "rows", "of": "North"})]  # fmt: skip
    said = phrase("These are new: {things}.", "en", {"things": parts}, form="plain")
    assert said == "These are new: log and rows (North)."
