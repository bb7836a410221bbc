"""A heading follows from the numbers: one test for each way that they may fall."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.languages.catalogs import catalog, placeholders
from workbench.results import Estimate, Finding
from workbench.satisfaction import (
    AspectTable,
    BehaviourAfter,
    CodingAgreement,
    Drivers,
    Reliability,
    gaps,
    gaps_by,
    loyalty_by,
    read_answers,
)
from workbench.study.survey import Survey

CODES = ["01", "02", "03", "04"]


def answers(gap: float, n: int = 300, *, shift: float = 0.0):
    """Two groups of customers whose experience lies `gap` above what they expect."""
    rng = np.random.default_rng(8)
    group = np.repeat(["North", "South"], n // 2)
    frame = pd.DataFrame({"respondent_id": np.arange(n), "region": group})
    for code in CODES:
        frame[f"exp_{code}"] = 50 + rng.normal(0, 1, n)
        more = gap + np.where(group == "South", shift, 0.0)
        frame[f"per_{code}"] = frame[f"exp_{code}"] + more + rng.normal(0, 1, n)
    card = Survey(dimensions={"tangibles": CODES[:2], "empathy": CODES[2:]}, scale=(1, 99))
    return read_answers(frame, card)


def said_in_full(found: list[Finding]) -> str:
    """All of it; every message has its values, and its words in Chinese."""
    for each in found:
        assert placeholders(each.message) <= set(each.values), each.key
        assert each.message in catalog("zh"), each.message
    assert len({each.key for each in found}) == len(found)
    return " ".join(each.text for each in found)


@pytest.mark.parametrize(
    ("gap", "heading", "verdict", "closes"),
    [
        (-0.6, "4 of 4 items fall short of what customers expect, most of all", "short", True),
        (0.69, "No item clearly falls short; 4 of 4 exceed", "above", False),
        (0.0, "No item clearly falls short of, or exceeds,", "open", False),
    ],
)
def test_only_a_gap_below_zero_is_called_short_and_to_be_closed(
    gap: float, heading: str, verdict: str, closes: bool
) -> None:
    found = gaps(answers(gap)).findings()
    assert said_in_full(found).startswith(heading)
    assert found[0].verdict == verdict and (found[0].advice is not None) is closes
    if closes:
        assert found[0].advice.urgency == 3
        assert placeholders(found[0].advice.message) <= set(found[0].values)


@pytest.mark.parametrize(
    ("gap", "shift", "heading"),
    [
        (0.69, 0.0, "Expectations are exceeded in every group, least for"),
        (-0.69, 0.0, "Expectations are missed in every group, most for"),
        (0.0, 0.0, "No group differs clearly"),
        (1.0, 1.0, "Groups differ: expectations are exceeded least for North"),
        (-1.0, -1.0, "The gap is widest for this group: South"),
        (0.0, 1.0, "Groups differ: experience is lowest against expectation for North"),
    ],
)
def test_groups_are_said_to_miss_what_they_expect_only_where_they_do(
    gap: float, shift: float, heading: str
) -> None:
    assert said_in_full(gaps_by(answers(gap, shift=shift), "region").findings()).startswith(heading)


def test_of_groups_too_small_nothing_is_said_and_of_one_nothing_is_compared() -> None:
    whole = answers(-1.0)
    assert gaps_by(whole, "region", min_cell=400).findings() == []
    north = whole.subset(whole.background["region"] == "North")
    assert said_in_full(gaps_by(north, "region").findings()).startswith("Only one group is large")


@pytest.mark.parametrize(
    ("later", "said", "verdict"),
    [
        (9, "The net promoter score rose by ", "risen"),
        (3, "The net promoter score fell by ", "fallen"),
        (7, "has not moved clearly since the last wave", "open"),
    ],
)
def test_a_wave_that_moved_says_which_way(later: int, said: str, verdict: str) -> None:
    rng = np.random.default_rng(1)
    before, after = (np.clip(7 + rng.integers(-1, 3, 200), 0, 10) for _ in range(2))
    after = np.clip(after + later - 7, 0, 10)
    frame = pd.DataFrame({"wave": ["a"] * 200 + ["b"] * 200, "q": [*before, *after]})
    found = loyalty_by(frame, "wave", column="q").findings()
    assert said in said_in_full(found) and found[0].verdict == verdict


def test_of_one_wave_the_score_is_said_and_no_change() -> None:
    frame = pd.DataFrame({"wave": "2024", "q": [9, 10, 8, 3] * 20})
    found = loyalty_by(frame, "wave", column="q").findings()
    assert said_in_full(found).startswith("The net promoter score is 25")
    top = loyalty_by(frame.assign(q=[5, 4, 1, 1] * 20), "wave", column="q", measure="top_two_box")
    assert said_in_full(top.findings()).startswith("0.5 (") and list(top.estimates()) == [
        "csat.top"
    ]
    assert loyalty_by(frame, "wave", column="q", min_cell=500).findings() == []


def test_a_driver_is_first_beyond_doubt_only_without_a_rival() -> None:
    table = pd.DataFrame(
        {"driver": ["a", "b"], "estimate": [0.4, 0.1], "low": 0.1, "high": 0.5, "first": [1.0, 0.0]}
    ).assign(direction="more satisfied")
    clear = Drivers(table, 0.5, 0.4, 0.6, 100, 0).findings()
    assert said_in_full(clear).startswith("Most closely linked to overall satisfaction: a")
    rival = Drivers(table.assign(first=[0.95, 0.05]), 0.5, 0.4, 0.6, 100, 0).findings()
    assert "though its lead may be chance" in said_in_full(rival) and rival[0].verdict == "open"


@pytest.mark.parametrize(
    ("kind", "ratio", "heading"),
    [
        ("purchases", (1.5, 1.2, 1.8), "Satisfied customers bought more in the 90 days"),
        ("purchases", (0.7, 0.5, 0.9), "Satisfied customers bought less in the 90 days"),
        ("purchases", (1.2, 0.9, 1.6), "No clear link between satisfaction and later purchases"),
        ("leaving", (0.7, 0.5, 0.9), "Satisfied customers left less often in the 90 days"),
        ("leaving", (1.5, 1.2, 1.8), "Satisfied customers left more often in the 90 days"),
        ("leaving", (0.9, 0.7, 1.1), "No clear link between satisfaction and churn"),
    ],
)
def test_what_followed_is_said_as_it_was(
    kind: str, ratio: tuple[float, float, float], heading: str
) -> None:
    row = dict(zip(("estimate", "low", "high"), ratio, strict=True)) | {"model": "plain", "n": 80}
    found = BehaviourAfter(pd.DataFrame([row]), pd.DataFrame(), kind, "csat5", 90)
    assert said_in_full(found.findings()).startswith(heading)
    more = found.estimates()[f"later.{kind}"]
    assert tuple(more) == pytest.approx([end - 1 for end in ratio]) and more.signed


@pytest.mark.parametrize(
    ("low", "high", "heading", "severity"),
    [
        (0.75, 0.85, "All dimensions are measured reliably", "ok"),
        (0.60, 0.80, "0 of 1 dimensions are measured reliably", "note"),
        (0.40, 0.65, "Not every dimension is measured well: empathy is not", "warning"),
    ],
)
def test_an_instrument_is_called_consistent_only_when_that_is_shown(
    low: float, high: float, heading: str, severity: str
) -> None:
    row = {"dimension": "empathy", "of": "perception", "n": 90, "low": low, "high": high}
    table = pd.DataFrame([row | {"estimate": (low + high) / 2}])
    found = Reliability(table, pd.DataFrame()).findings()
    assert said_in_full(found).startswith(heading) and found[0].severity == severity
    unknown = table.assign(estimate=np.nan)
    assert Reliability(unknown, pd.DataFrame()).findings() == []
    # one that could not be judged is not called consistent along with the others
    some = pd.concat([table, unknown.assign(dimension="assurance")])
    assert "measures every" not in Reliability(some, pd.DataFrame()).findings()[0].message


def test_agreement_of_people_is_not_claimed_where_only_the_method_was_held_against_one() -> None:
    rows = {"what": "tone", "between": "method", "coder": "a", "estimate": 0.9, "n": 50}
    table = pd.DataFrame([rows | {"low": 0.8, "high": 1.0, "verdict": "reliable"}])
    assert said_in_full(CodingAgreement(table).findings()).startswith(
        "People agree with the method"
    )
    both = pd.concat([table, table.assign(between="people", coder="")])
    assert said_in_full(CodingAgreement(both).findings()).startswith(
        "People agree with one another"
    )
    bad = CodingAgreement(both.assign(verdict="unreliable")).findings()
    assert "do not agree well" in said_in_full(bad) and bad[0].severity == "warning"
    none = CodingAgreement(table.assign(estimate=np.nan)).findings()
    assert said_in_full(none).startswith("Too few comments were coded")


def test_without_a_subject_that_may_be_shown_nobody_is_least_kind() -> None:
    columns = {"aspect": ["app"], "label": ["App"], "n": [2], "share": [np.nan]}
    table = pd.DataFrame({**columns, "estimate": [np.nan], "ranked": [False]})
    found = AspectTable(table, 2, Estimate(0.5), "people").findings()
    assert said_in_full(found).startswith("No subject is spoken of by enough respondents")
