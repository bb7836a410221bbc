"""The landing page gathers what there is, and says what to do by its rules."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from workbench.reporting import languages, overview
from workbench.reporting.overview import QUESTIONS, steps


def metric(notebook: str, name: str, value: Any, low: Any = None, high: Any = None, **more: Any):
    return {
        "notebook": notebook, "case": None, "name": name, "value": value, "low": low, "high": high,
        "unit": "", "kind": "number", "label": name, "better": "up",
    } | more  # fmt: skip


VALUE = metric("clv", "clv.mean", 47.2, 45.1, 49.9, kind="money", unit="USD")
GAP = metric("satisfaction_gap", "gap.reliability", -0.9, -1.0, -0.8, kind="points")
SMALL_GAP = metric("satisfaction_gap", "gap.empathy", -0.3, -0.4, -0.2, kind="points")
UNCLEAR_GAP = metric("satisfaction_gap", "gap.assurance", -2.0, -4.5, 0.1, kind="points")
DESK = metric("case_evaluation-desk", "effect.satisfaction", 0.12, -0.02, 0.26, case="desk")
OFFER = metric("case_evaluation-offer", "effect.orders", 0.3, 0.2, 0.4, case="offer")
CALLS = metric(
    "case_evaluation-calls", "effect.churn", 0.03, 0.01, 0.05, case="calls", better="down"
)
GOAL = metric("goals", "goal.nps.chance", 0.2, 0.1, 0.3, kind="percent")


class Run:
    def __init__(self, now: list[dict[str, Any]], before: list[dict[str, Any]] | None = None):
        self._now, self._before = pd.DataFrame(now), pd.DataFrame(before or [])

    def metrics(self) -> pd.DataFrame:
        return self._now

    def previous(self) -> pd.DataFrame:
        return self._before

    def case(self, name: str) -> SimpleNamespace:
        return SimpleNamespace(title={"en": f"The {name}", "zh": f"措施{name}"})


def advice(*rows: dict[str, Any], before: tuple[dict[str, Any], ...] = ()) -> list[tuple[str, str]]:
    return [(step.message.split(":")[0], step.row["name"]) for step in steps(rows, before)]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (DESK, "Do not claim an effect yet"),
        (OFFER, "Keep the measure and watch it"),
        (CALLS, "Stop or change the measure"),
        (GAP, "Begin where customers miss most"),
        (GOAL, "Act on the goal or change it"),
    ],
)
def test_each_rule_fires_on_its_own_number(row: dict[str, Any], says: str) -> None:
    assert advice(row) == [(says, row["name"])]


@pytest.mark.parametrize(
    "row",
    [
        VALUE,
        UNCLEAR_GAP,
        GOAL | {"high": 0.6},
        GOAL | {"name": "goal.nps.attained"},
        OFFER | {"low": None, "high": None},
        OFFER | {"notebook": "clv"},
        GAP | {"value": None, "low": None, "high": None},
    ],
)
def test_no_rule_fires_without_a_clear_reason(row: dict[str, Any]) -> None:
    assert advice(row) == []


def test_improvement_begins_at_the_deepest_clear_gap_only() -> None:
    assert advice(SMALL_GAP, GAP, UNCLEAR_GAP) == [
        ("Begin where customers miss most", "gap.reliability")
    ]


def test_a_number_that_became_clearly_worse_is_looked_into() -> None:
    worse = ("Find out what made it worse since the last run", "clv.mean")
    assert advice(VALUE, before=(VALUE | {"value": 52.0},)) == [worse]
    assert advice(VALUE, before=(VALUE | {"value": 49.0},)) == []
    assert advice(VALUE, before=(VALUE | {"value": 40.0},)) == []


def test_what_presses_comes_first_and_praise_last() -> None:
    order = [what for what, _ in advice(OFFER, DESK, CALLS)]
    assert order == [
        "Stop or change the measure",
        "Do not claim an effect yet",
        "Keep the measure and watch it",
    ]


def test_the_page_groups_numbers_by_question_and_links_to_their_pages(outputs) -> None:
    page = overview.gather(Run([VALUE, GAP, SMALL_GAP, DESK, OFFER]))
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
    assert "我们的客户是谁？目标进展如何？数据是否可靠？" in prose


def test_a_summary_leads_where_there_are_enough_questions(outputs) -> None:
    overview.gather(Run([VALUE, GAP])).headlines()
    assert outputs.all == []
    overview.gather(Run([VALUE, GAP, DESK, OFFER, SMALL_GAP])).headlines()
    html = outputs.text("en", "headlines")
    assert html.count("<li") == 3
    assert "gap.empathy" not in html


def test_a_study_with_one_notebook_still_makes_a_page(outputs) -> None:
    page = overview.gather(Run([VALUE]))
    for show in (page.headlines, page.answers, page.next_steps, page.changes):
        show()
    assert len(outputs.of("en", "heading")) == 1
    prose = outputs.text("en", "prose", "text/markdown")
    assert "nothing calls for action" in prose
    assert "first complete run" in prose
    assert [entry.text for entry in languages.missing()] == ["clv.mean"]


def test_a_run_without_numbers_says_so(outputs) -> None:
    page = overview.gather(Run([]))
    for show in (page.headlines, page.answers, page.next_steps, page.changes):
        show()
    assert "尚无任何分析给出关键指标" in outputs.text("zh", "callout", "text/markdown")
    assert languages.missing() == []


def test_what_changed_is_listed_with_how(outputs) -> None:
    page = overview.gather(Run([VALUE, GAP], [VALUE | {"value": 52.0}, GAP]))
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
    rows = [VALUE, GAP, DESK, OFFER, CALLS, GOAL, metric("data_quality", "x", 1)]
    page = overview.gather(Run(rows, [VALUE | {"value": 52.0}]))
    for show in (page.headlines, page.answers, page.next_steps, page.changes):
        show()
    overview.gather(Run([VALUE], [VALUE])).changes()
    lacking = {entry.text for entry in languages.missing()}
    assert lacking <= {row["name"] for row in rows}
    words = languages.catalog("zh")
    assert all(question.heading in words for question in QUESTIONS)
    assert all(title in words for title in overview.PAGES.values())
