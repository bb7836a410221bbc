"""The landing page gathers what was stored, and says what to do as the findings advise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import nan
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from bs4 import BeautifulSoup

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
    return [f"{where}: {step.message}" for where, step in page.steps()]


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


def test_advice_reads_as_a_sentence_with_its_page(outputs) -> None:
    advice = advising("Keep {title}: {change}.", 7, title={"en": "it", "zh": "它"}, change=OFFER[2])
    overview.gather(Run([OFFER], found={"case_evaluation-offer": [advice]})).next_steps()
    assert outputs.text("en", "prose", "text/plain") == (
        "- Keep it: 0.30 (0.20 to 0.40). See The offer."
    )
    markdown = outputs.text("en", "prose", "text/markdown")
    assert markdown.endswith(" See [The offer](case_evaluation-offer.html).")
    assert "详见[措施offer](case_evaluation-offer.html)。" in outputs.text(
        "zh", "prose", "text/markdown"
    )


def test_the_verdict_on_a_measure_stands_as_its_page_states_it(outputs) -> None:
    verdict = Finding("verdict", "{title}: no effect is shown", {"title": {"en": "Calls"}})
    other = Finding("outcome.churn", "not this one")
    found = {"case_evaluation-desk": [other, verdict], "clv": [Finding("verdict", "nor this")]}
    overview.gather(Run([VALUE, OFFER], found=found)).answers()
    prose = outputs.text("en", "prose", "text/plain")
    assert "- Calls: no effect is shown" in prose
    assert "not this" not in prose and "nor this" not in prose
    # a case without a number is read on, too
    assert "Read on: The offer and The desk." in prose


def test_the_page_groups_numbers_by_question_and_links_to_their_pages(outputs) -> None:
    page = overview.gather(Run([VALUE, GAP, DESK, OFFER]))
    page.answers()
    headings = [data["text/plain"] for _, data in outputs.of("en", "heading")]
    assert headings == [
        "What are they worth?",
        "Where do we fall short of what they expect?",
        "Did the measures work?",
    ]
    html = outputs.text("en", "headlines")
    for target in ("clv.html", "satisfaction_gap.html", "case_evaluation-desk.html"):
        assert f'<a href="{target}">' in html
    assert "The desk: effect.satisfaction" in html
    prose = outputs.text("zh", "prose", "text/markdown")
    assert "[客户生命周期价值](clv.html)" in prose
    assert "[措施desk](case\\_evaluation" not in prose
    assert "[措施desk](case_evaluation-desk.html)和[措施offer]" in prose
    asked = "我们的客户是谁？哪些客户会留下，哪些会流失？他们看重什么？目标进展如何？数据是否可靠？"
    assert asked in prose


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
    for show in (page.headlines, page.answers, page.next_steps, page.changes):
        show()
    assert len(outputs.of("en", "heading")) == 1
    prose = outputs.text("en", "prose", "text/markdown")
    assert "calls for action" in prose
    assert "first complete run" in prose
    assert outputs.lacking() == ["clv.mean"]


def test_a_run_without_numbers_says_so(outputs) -> None:
    page = overview.gather(Run([]))
    for show in (page.headlines, page.answers, page.next_steps, page.changes):
        show()
    assert "尚无任何分析给出关键指标" in outputs.text("zh", "callout", "text/markdown")
    assert outputs.lacking() == []


def test_what_changed_is_listed_with_how(outputs) -> None:
    page = overview.gather(Run([VALUE, GAP], [changed(VALUE, value=52.0), GAP]))
    page.changes()
    prose = outputs.text("en", "prose", "text/plain")
    assert prose.splitlines() == [
        "1 of 2 headline numbers have changed.",
        "- clv.mean: ▼ $5 since the last run: worse.",
    ]
    outputs.all.clear()
    overview.gather(Run([VALUE], [VALUE])).changes()
    assert "No headline number has changed" in outputs.text("en", "prose", "text/plain")


def test_every_word_of_the_page_is_translated(outputs) -> None:
    rows = [VALUE, GAP, DESK, OFFER, GOALS, QUIET, DATA]
    found = {"case_evaluation-desk": [advising("Decide on the goals that fall behind: {goals}.", 4,
                                               goals=[{"en": "One", "zh": "一"}])]}  # fmt: skip
    page = overview.gather(Run(rows, [changed(VALUE, value=52.0)], found))
    for show in (page.headlines, page.answers, page.next_steps, page.changes):
        show()
    overview.gather(Run([VALUE], [VALUE])).changes()
    assert set(outputs.lacking()) <= {name for _, name, _ in rows}
    words = languages.catalog("zh")
    assert all(question.heading in words for question in QUESTIONS)
    assert all(title in words for title in overview.PAGES.values())


def test_a_notebook_of_its_own_is_shown_though_no_question_names_it(outputs) -> None:
    overview.gather(Run([VALUE, ("web_shop", "visits", number(12.0))])).answers()
    headings = [data["text/plain"] for _, data in outputs.of("en", "heading")]
    assert headings == ["What are they worth?", "What else was found?"]
    assert "[Web shop](web_shop.html)" in outputs.text("en", "prose", "text/markdown")


GOAL_ROWS = pd.DataFrame(
    {
        "title": ["Sell more", "Keep them", "Answer faster"],
        "status": ["met", "at risk", "cannot tell"],
        "progress": ["target reached", "where it started", "around the target"],
        "deadline": pd.Timestamp("2025-12-31"),
        "owner": ["", "", ""],
        "step": ["keep it", "decide", "ask more"],
        "case": ["offer", "never_run", None],
    }
)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_goal_and_its_next_step_lead_to_a_page_of_the_run(outputs, language: str) -> None:
    page = overview.gather(Run([GOALS, OFFER]))
    page.goals(GOAL_ROWS)
    html = BeautifulSoup(outputs.text(language, "table", "text/html"), "html.parser")
    for row in html.tbody.find_all("tr"):
        links = [a["href"] for a in row.find_all("a")]
        assert len(links) == 2 and links[0] == "goals.html"
    steps_to = [row.find_all("a")[1]["href"] for row in html.tbody.find_all("tr")]
    # a case that was not evaluated in this run has no page
    assert steps_to == ["case_evaluation-offer.html", "goals.html", "goals.html"]


def test_goals_without_steps_lead_to_their_page_too(outputs) -> None:
    overview.gather(Run([GOALS])).goals(GOAL_ROWS.drop(columns=["step", "case"]))
    html = BeautifulSoup(outputs.text("en", "table", "text/html"), "html.parser")
    assert [a["href"] for a in html.tbody.find_all("a")] == ["goals.html"] * 3


def test_a_page_alone_shows_its_first_four_numbers_and_each_of_several_its_first(outputs) -> None:
    many = [("clv", f"n{k}", number(float(k))) for k in range(6)]
    overview.gather(Run(many)).answers()
    html = outputs.text("en", "headlines")
    assert [f"n{k}" in html for k in range(6)] == [True] * 4 + [False] * 2
    outputs.all.clear()
    overview.gather(Run([DESK, DESK_2, OFFER])).answers()
    html = outputs.text("en", "headlines")
    names = ("effect.satisfaction", "effect.churn", "effect.orders")
    assert [name in html for name in names] == [True, False, True]
