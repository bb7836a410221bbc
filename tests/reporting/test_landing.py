"""A study's first page: the message, goals as tiles, next steps, measures, an answer a question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import nan
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from workbench.languages import speak
from workbench.reporting.landing import open_landing, sentences
from workbench.reporting.small_pictures import TONES, mark, proportions, sparkline, tone
from workbench.results import Advice, Estimate, Finding

NUMBERS = {
    "goals": {"goals.good": Estimate(1, label="Goals met or on course")},
    "clv": {
        "total": Estimate(1.5e6, 1.1e6, 2.1e6, kind="money", unit="CNY", label="Net benefit"),
        "mean": Estimate(380.0, 290.0, 530.0, kind="money", unit="CNY", label="Net benefit"),
    },
    "satisfaction_gap": {"nps": Estimate(25, 20, 30, kind="points", label="Net benefit")},
}
GOALS = pd.DataFrame(
    {
        "goal": ["sell", "keep", "answer"],
        "title": ["Goals", "Data quality", "Customer segments"],
        "status": ["met", "at risk", "missed"],
        "level_on": pd.to_datetime(["2025-12-31", "2025-11-30", "2025-12-31"]),
        "estimate": [190_641.0, 0.0196, 7.04],
        "low": [150_000.0, 0.017, 6.9],
        "high": [230_000.0, 0.022, 7.2],
        "baseline": [150_000.0, 0.03, 9.2],
        "target": [180_000.0, 0.014, 7.0],
        "deadline": pd.Timestamp("2025-12-31"),
        "form": ["money", "percent", "number"],
        "unit": ["", "", "hours"],
    }
)
COURSES = pd.DataFrame(
    {
        "goal": ["keep"] * 4,
        "value": [0.03, 0.025, 0.02, nan],
        "estimate": [0.03, 0.025, 0.021, 0.018],
        "low": [0.028, 0.023, 0.018, 0.012],
        "high": [0.032, 0.027, 0.024, 0.024],
    }
)
VERDICTS = {
    "case_evaluation-desk": Finding(
        "verdict",
        "The desk harmed",
        {"outcome": "Goals", "change": Estimate(-0.2, -0.4, -0.01, kind="percent")},
        verdict="harmful",
        money=Estimate(-193_477.0, -381_885.0, 480.0, kind="money", unit="CNY"),
    ),
    "case_evaluation-offer": Finding("verdict", "The offer worked", verdict="shown and pays"),
}  # fmt: skip


class Run:
    """What the page asks of a run."""

    def __init__(
        self,
        numbers: Mapping[str, Mapping[str, Estimate]],
        found: Mapping[str, list[Finding]] | None = None,
        before: Mapping[str, Mapping[str, Estimate]] | None = None,
        **tables: pd.DataFrame,
    ):
        self._numbers, self._found, self._before, self._tables = numbers, found, before, tables
        titles = {
            "desk": {"en": "The desk", "zh": "服务台"},
            "offer": {"en": "Offer", "zh": "优惠"},
        }
        self.study = SimpleNamespace(
            cases=[SimpleNamespace(name=name, title=title) for name, title in titles.items()]
        )

    def headlines(self) -> Any:
        return self._numbers

    def findings(self) -> Any:
        return self._found or {}

    def previous(self, numbers: object = None) -> Any:
        return self._before or {}

    def has_result(self, name: str) -> bool:
        return name in self._tables

    def load(self, name: str) -> pd.DataFrame:
        return self._tables[name]


def tiles(outputs: Any, language: str = "en") -> list[Any]:
    soup = BeautifulSoup(outputs.text(language, "cards"), "html.parser")
    return soup.select("li.wb-goal")


def test_each_goal_is_a_tile_with_mark_word_level_target_and_picture(outputs) -> None:
    open_landing(Run(NUMBERS, goals=GOALS, goal_courses=COURSES)).standing()
    found = tiles(outputs)
    # what needs somebody comes first
    assert [tile.select_one(".wb-status").get_text(strip=True) for tile in found] == [
        "missed", "at risk", "met",
    ]  # fmt: skip
    marks = {str(tile.select_one(".wb-mark")) for tile in found}
    assert len(marks) == 3, "a mark has a shape of its own"
    keep = found[1]
    assert "wb-warn" in keep["class"] and keep.a["href"] == "goals.html"
    # the level of a month, beside which the last wave of a survey may well read otherwise
    assert keep.select_one(".wb-goal-value").text == "2.0%"
    assert keep.select_one(".wb-goal-on").text == "30 Nov 2025"
    target = keep.select_one(".wb-goal-target")
    assert target.text == "≤ 1.4% by 31 Dec 2025"
    assert target["title"] == "level on 30 Nov 2025; target: 1.4% or less by 31 Dec 2025"
    picture = keep.select_one("svg.wb-course")
    assert "at risk; 2.0%" in picture["aria-label"]
    assert picture.select_one("line.wb-target") and picture.select_one("polygon.wb-band")
    assert picture.select_one("polyline.wb-ahead"), "the forecast goes on to the deadline"
    assert "≥ 180,000" in found[2].select_one(".wb-goal-target").text
    assert outputs.lacking() == []


def test_rounding_does_not_make_a_missed_goal_look_met(outputs) -> None:
    open_landing(Run(NUMBERS, goals=GOALS)).standing()
    missed = tiles(outputs)[0]
    # a level of 7.04 against a target of 7 or less
    assert missed.select_one(".wb-goal-value").text == "7.04 hours"
    assert "≤ 7 hours" in missed.select_one(".wb-goal-target").text


def test_a_study_without_goals_shows_its_headline_numbers(outputs) -> None:
    rows = {**NUMBERS, "segmentation": {"n": Estimate(3.0, label="Goals")}}
    open_landing(Run(rows)).standing()
    assert tiles(outputs) == [] and "wb-card" in outputs.text("en", "headlines")


def advising(message: str, urgency: int) -> Finding:
    return Finding("f", "...", {"change": Estimate(0.3, 0.2, 0.4)}, advice=Advice(message, urgency))


def test_three_next_steps_lead_to_their_pages_and_the_others_are_folded(outputs) -> None:
    found = {
        "clv": [advising("{change} of a & b.", k) for k in (4, 5, 6)],
        "case_evaluation-desk": [advising("Stop: {change}.", 1)],
    }
    open_landing(Run({}, found)).next_steps()
    soup = BeautifulSoup(outputs.text("en", "cards"), "html.parser")
    first, rest = soup.select_one("ol.wb-next"), soup.select_one("details ol")
    assert len(first.find_all("li", recursive=False)) == 3
    assert first.li.get_text(" ", strip=True) == "At once Stop: 0.30 (0.20 to 0.40). The desk"
    assert first.li.a["href"] == "case_evaluation-desk.html"
    assert rest["start"] == "4" and len(rest.find_all("li")) == 1
    assert "&amp; b" in outputs.text("en", "cards")


def test_nothing_to_do_is_said(outputs) -> None:
    open_landing(Run({})).next_steps()
    assert "calls for action" in outputs.text("en", "prose", "text/markdown")


def test_measures_stand_with_verdict_effect_and_money(outputs) -> None:
    found = {page: [finding] for page, finding in VERDICTS.items()}
    open_landing(Run({}, found)).measures()
    soup = BeautifulSoup(outputs.text("en", "cards"), "html.parser")
    offer, desk = soup.select("tbody tr")
    assert offer.a["href"] == "case_evaluation-offer.html"
    status = desk.select_one(".wb-status")
    assert status["data-verdict"] == "harmful" and status.get_text(strip=True) == "does harm"
    assert "wb-bad" in status["class"]
    assert desk.select_one("svg.wb-span line.wb-interval")
    assert desk.find_all("td")[-1].text == "−CN¥190,000 (−CN¥380,000 to CN¥500)"
    assert offer.find_all("td")[-1].text == "–"
    assert all(cell["scope"] == "col" for cell in soup.select("thead th"))
    assert set(outputs.lacking()) == {finding.message for finding in VERDICTS.values()}


def test_an_interval_without_zero_beside_no_effect_says_why(outputs) -> None:
    change = Estimate(-0.26, -0.42, -0.03, p=0.064, kind="percent", signed=True)
    found = {
        page: [Finding("verdict", "-", {"change": each, "outcome": "churn"}, verdict="not shown")]
        for page, each in (
            ("case_evaluation-a", change),
            ("case_evaluation-b", replace(change, high=0.1)),
        )
    }
    open_landing(Run({}, found)).measures()
    soup = BeautifulSoup(outputs.text("en", "cards"), "html.parser")
    said = [each.text for each in soup.select(".wb-effect")]
    assert [("may be chance" in words) for words in said] == [True, False]


def test_each_question_has_a_sentence_a_picture_and_a_page(outputs) -> None:
    gaps = pd.DataFrame({"label": ["Waiting"], "estimate": [-1.2], "low": [-1.3], "high": [-1.1]})
    gaps.attrs["columns"] = {"label": ("Item", ""), "estimate": ("Gap", "")}
    found = {"clv": [Finding("value", "They bring much")]}
    open_landing(Run(NUMBERS, found, gaps=gaps)).answers()
    soup = BeautifulSoup(outputs.text("en", "cards"), "html.parser")
    worth, short = soup.find(id="worth").parent, soup.find(id="short").parent
    assert "They bring much." in worth.text
    # the mean of one customer is no bar beside the sum of all
    assert [x.text for x in worth.select(".wb-range-value")] == [
        "CN¥1.5 million (CN¥1.1 million to CN¥2.1 million)"
    ]
    assert short.select_one(".wb-range-name").text == "Waiting"
    assert short.select_one(".wb-read a")["href"] == "satisfaction_gap.html"
    assert soup.find(id="goals"), "goals without a table are a question like others"


def test_the_message_says_how_the_study_stands_and_whether_that_is_new(outputs) -> None:
    standing = Finding("goals.standing", "2 of 3 goals are met", verdict="well")
    before = {"satisfaction_gap": {"nps": replace(NUMBERS["satisfaction_gap"]["nps"], value=12.0)}}
    open_landing(Run(NUMBERS, {"goals": [standing]}, before)).message()
    soup = BeautifulSoup(outputs.text("en", "message"), "html.parser")
    assert soup.select_one(".wb-message").text == "2 of 3 goals are met."
    assert soup.select_one(".wb-news a")["href"] == "#changes"
    assert "changed since the last run: 1." in soup.text
    assert outputs.text("en", "message", "text/plain") == "2 of 3 goals are met."


@pytest.mark.parametrize(("code", "said"), [("en", "One. Two?"), ("zh", "One。Two?")])
def test_sentences_get_the_stop_that_headings_lack(code: str, said: str) -> None:
    found = [Finding("a", "One"), Finding("b", "Two?")]
    assert sentences(found, speak(code), "plain") == said


def test_every_status_has_a_shape_that_no_other_tone_has() -> None:
    by_shape: dict[str, set[str]] = {}
    for status in TONES:
        by_shape.setdefault(mark(status), set()).add(tone(status))
    assert all(len(tones) == 1 for tones in by_shape.values())


@pytest.mark.parametrize(
    "numbers",
    [
        ([nan, nan], [nan, nan], [nan, nan], [nan, nan], 1.0),
        ([1.0, 1.0], [nan, nan], [nan, nan], [nan, nan], 1.0),
        ([1.0, nan, 2.0], [1, 1, 1], [0, nan, 0], [2, 2, 2], 1e9),
    ],
)
def test_a_course_has_only_finite_places(numbers: Any) -> None:
    drawn = sparkline(*numbers, label="a <b>")
    assert "nan" not in drawn and "inf" not in drawn and "<b>" not in drawn


def test_one_value_is_no_course() -> None:
    assert sparkline([1.0], [1.0], [1.0], [1.0], 1.0, label="x") == ""


def test_proportions_are_those_of_the_counts() -> None:
    soup = BeautifulSoup(proportions([("met", 3), ("missed", 1)], label="x"), "html.parser")
    widths = [float(each["width"].rstrip("%")) for each in soup.find_all("rect")]
    assert widths == pytest.approx([74.3, 24.3]) and proportions([("met", 0)], label="x") == ""


def test_what_changed_is_folded_and_nothing_is_said_where_nothing_did(outputs) -> None:
    nps = NUMBERS["satisfaction_gap"]["nps"]
    page = open_landing(
        Run(NUMBERS, before={"satisfaction_gap": {"nps": replace(nps, value=12.0)}})
    )
    page.changes()
    assert outputs.text("en", "cards", "text/plain").splitlines() == [
        "1 of 4 headline figures have changed.",
        "- Net benefit: ▲ 13 points since the last run",
    ]
    assert "<details" in outputs.text("en", "cards")
    outputs.all.clear()
    open_landing(Run(NUMBERS, before=NUMBERS)).changes()
    assert outputs.all == []


def test_a_number_whose_interval_is_open_on_one_side_has_not_clearly_become_worse() -> None:
    nps = replace(NUMBERS["satisfaction_gap"]["nps"], better="up", high=nan)
    before = {"satisfaction_gap": {"nps": replace(nps, value=90.0)}}
    assert (
        open_landing(Run({"satisfaction_gap": {"nps": nps}}, before=before)).overview.steps() == []
    )
