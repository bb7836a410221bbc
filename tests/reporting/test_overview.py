"""The landing page gathers what was stored, and says what to do as the findings advise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import nan
from types import SimpleNamespace
from typing import Any

from workbench.languages import catalogs as languages
from workbench.reporting import overview
from workbench.reporting.overview import QUESTIONS
from workbench.results import Advice, Estimate, Finding


def number(value: float, low: float = nan, high: float = nan, **more: Any) -> Estimate:
    return Estimate(value, low, high, **({"better": "up"} | more))


VALUE = ("clv", "clv.mean", number(47.2, 45.1, 49.9, kind="money", unit="USD"))
GAP = ("satisfaction_gap", "gap", number(-0.9, -1.0, -0.8, kind="points"))
DESK = ("case_evaluation-desk", "effect.satisfaction", number(0.12, -0.02, 0.26))
DESK_2 = ("case_evaluation-desk", "effect.churn", number(0.12, -0.02, 0.26))
OFFER = ("case_evaluation-offer", "effect.orders", number(0.3, 0.2, 0.4))
GOALS = ("goals", "goals.bad", number(3.0, better="down"))
QUIET = ("segmentation", "segments.at_risk", number(0.14, 0.12, 0.16, kind="percent"))
DATA = ("data_quality", "data.share_kept", number(0.91, kind="percent"))
Row = tuple[str, str, Estimate]


def changed(row: Row, **about: Any) -> Row:
    return (*row[:2], replace(row[2], **about))


def by_page(rows: Sequence[Row]) -> dict[str, dict[str, Estimate]]:
    found: dict[str, dict[str, Estimate]] = {}
    for page, name, estimate in rows:
        found.setdefault(page, {})[name] = replace(estimate, label=name)
    return found


class Run:
    """What the page asks of a run."""

    def __init__(
        self, now: Sequence[Row], before: Sequence[Row] = (), found: dict[str, Any] | None = None
    ):
        self._now, self._before, self._found = by_page(now), by_page(before), found or {}
        titles = {name: {"en": f"The {name}", "zh": f"措施{name}"} for name in ("desk", "offer")}
        cases = [SimpleNamespace(name=name, title=title) for name, title in titles.items()]
        self.study = SimpleNamespace(cases=cases)

    def headlines(self) -> dict[str, dict[str, Estimate]]:
        return self._now

    def findings(self) -> dict[str, list[Finding]]:
        return self._found

    def previous(self, numbers: object = None) -> dict[str, dict[str, Estimate]]:
        return self._before


def advising(message: str, urgency: int, money: float | None = None, **values: Any) -> Finding:
    worth = None if money is None else Estimate(money, kind="money")
    return Finding("f", "...", values, money=worth, advice=Advice(message, urgency))


def steps(*rows: Row, before: Sequence[Row] = (), **found: list[Finding]) -> list[str]:
    page = overview.gather(Run(rows, before, found))
    return [f"{step.page}: {step.said.message}" for step in page.steps()]


def test_what_presses_comes_first_and_of_equals_what_is_worth_most() -> None:
    keep, mend = advising("Keep it.", 7), advising("Mend.", 0)
    small, large = advising("Small.", 6, money=-10.0), advising("Large.", 6, money=-500.0)
    unknown = advising("Unknown.", 6, money=nan)
    quiet = Finding("quiet", "Nothing to do.")
    assert steps(goals=[keep, small, quiet], clv=[unknown, large, mend]) == [
        "clv: Mend.", "clv: Large.", "goals: Small.", "clv: Unknown.", "goals: Keep it.",
    ]  # fmt: skip


def test_a_number_that_became_clearly_worse_is_looked_into() -> None:
    worse = "clv: Find out what made it worse since the last run: {label}, now {value}."
    assert steps(VALUE, before=[changed(VALUE, value=52.0)]) == [worse]
    assert steps(VALUE, before=[changed(VALUE, value=49.0)]) == [], "within the interval"
    assert steps(VALUE, before=[changed(VALUE, value=40.0)]) == [], "better"
    down = changed(VALUE, better="down")
    assert steps(down, before=[changed(down, value=40.0)]) == [worse]
    nothing = changed(VALUE, better=None)
    assert steps(nothing, before=[changed(nothing, value=52.0)]) == [], "neither is better"
    stop, keep = advising("Stop.", 1), advising("Keep.", 3)
    order = steps(VALUE, before=[changed(VALUE, value=52.0)], goals=[keep, stop])
    assert order == ["goals: Stop.", worse, "goals: Keep."]


def test_the_verdicts_on_measures_are_those_of_their_pages() -> None:
    verdict = Finding("verdict", "{title}: no effect is shown", {"title": {"en": "Calls"}})
    other = Finding("outcome.churn", "not this one")
    found = {"case_evaluation-desk": [other, verdict], "clv": [Finding("verdict", "nor this")]}
    page = overview.gather(Run([VALUE, OFFER], found=found))
    assert page.verdicts() == {"case_evaluation-desk": verdict}
    # of one measure the message is its verdict
    assert page.message() == [verdict]


def test_the_message_counts_goals_and_measures_as_their_pages_judged_them() -> None:
    standing = Finding("goals.standing", "{good} of {n} goals", {"good": 2, "n": 3})
    judged = {
        f"case_evaluation-{k}": [Finding("verdict", "...", verdict=verdict)]
        for k, verdict in enumerate(["not shown", "shown and pays", "not shown"])
    }
    said = overview.gather(Run([], found={"goals": [standing], **judged})).message()
    assert said[0] == standing
    assert said[1].text == "Of 3 measures, 1 works and pays, 2 show no effect so far."


def test_without_goals_and_measures_the_first_findings_are_the_message() -> None:
    worth, who = Finding("value", "They bring much"), Finding("best", "Champions are few")
    found = {"segmentation": [who], "clv": [worth], "data_quality": [Finding("rows", "All rows")]}
    page = overview.gather(Run([QUIET, VALUE, DATA], found=found))
    assert page.message() == [worth, who]


def test_every_verdict_has_words_that_readers_meet() -> None:
    from typing import get_args

    from workbench.impact.findings import CaseVerdict
    from workbench.reporting.small_pictures import TONES

    verdicts = set(get_args(CaseVerdict))
    assert verdicts == set(overview.SAID) == set(overview.COUNTED) == verdicts & set(TONES)


def test_a_summary_leads_where_there_are_enough_questions(outputs) -> None:
    overview.gather(Run([VALUE, GAP])).headlines()
    assert outputs.all == []
    overview.gather(Run([VALUE, GAP, DESK, OFFER, DESK_2])).headlines()
    html = outputs.text("en", "headlines")
    assert html.count("<li") == 3
    assert "effect.churn" not in html
    outputs.all.clear()
    overview.gather(Run([QUIET, VALUE, GAP, DESK, GOALS, DATA])).headlines()
    html = outputs.text("en", "headlines")
    order = [html.find(name) for name in ("at_risk", "clv.mean", ">gap<", "goals.bad")]
    assert order == sorted(order) and min(order) > 0
    assert html.count("<li") == 4


def test_a_study_with_one_notebook_still_makes_a_page(outputs) -> None:
    page = overview.gather(Run([VALUE]))
    for show in (page.headlines, page.silent):
        show()
    asked = "哪些客户会留下，哪些会流失？哪些方面没有达到客户期望？"
    assert asked in outputs.text("zh", "prose", "text/markdown")
    assert outputs.lacking() == []


def test_a_run_without_numbers_says_so(outputs) -> None:
    page = overview.gather(Run([]))
    for show in (page.headlines, page.silent):
        show()
    assert "尚无任何分析给出关键指标" in outputs.text("zh", "callout", "text/markdown")
    assert outputs.lacking() == []


def test_every_word_of_the_page_is_translated(outputs) -> None:
    rows = [VALUE, GAP, DESK, OFFER, GOALS, QUIET, DATA]
    page = overview.gather(Run(rows, [changed(VALUE, value=52.0)]))
    for show in (page.headlines, page.silent):
        show()
    assert set(outputs.lacking()) <= {name for _, name, _ in rows}
    words = languages.catalog("zh")
    assert all(question.heading in words for question in QUESTIONS)
    assert all(title in words for title in overview.PAGES.values())
    said = [*overview.SAID.values(), *(one for each in overview.COUNTED.values() for one in each)]
    assert [text for text in said if text not in words] == []


def test_a_page_has_one_name() -> None:
    page = overview.gather(Run([DESK, VALUE]))
    assert page.name_of("case_evaluation-desk") == {"en": "The desk", "zh": "措施desk"}
    assert page.name_of("clv") == "Customer lifetime value"
    assert page.name_of("web_shop") == "Web shop"
