"""Kaplan-Meier and the log-rank test keep their promises on simulated customers."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.segments import auc, concordance, contract_spells, contract_survival, survival
from workbench.stats import log_rank


def drawn(rng: np.random.Generator, n: int, rate: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    leaves, watched = rng.exponential(1 / rate, n), rng.uniform(2, 20, n)
    return np.minimum(leaves, watched), leaves <= watched


def test_intervals_cover_the_true_curve_and_median() -> None:
    rng = np.random.default_rng(1)
    hits = np.zeros(4)
    for _ in range(250):
        found = survival(*drawn(rng, 80))
        at = found.at(2, 6, 12)
        truth = np.exp(-0.1 * at["time"])
        hits[:3] += (at["low"] <= truth) & (truth <= at["high"])
        median = found.groups.iloc[0]
        # where the band never falls below one half, the limit is open
        top = np.inf if np.isnan(median["high"]) else median["high"]
        hits[3] += median["low"] <= np.log(2) / 0.1 <= top
    assert (hits / 250 > 0.91).all() and (hits / 250 < 0.99).all()


def test_the_log_rank_test_finds_a_difference_and_does_not_invent_one() -> None:
    rng = np.random.default_rng(2)
    three, two = np.repeat(np.arange(3), 40), np.repeat(np.arange(2), 80)
    false = found = 0
    for _ in range(200):
        false += log_rank(*drawn(rng, 120), three).p_value < 0.05
    for _ in range(30):
        a, b = drawn(rng, 80, 0.1), drawn(rng, 80, 0.25)
        time, ended = np.r_[a[0], b[0]], np.r_[a[1], b[1]]
        found += log_rank(time, ended, two).p_value < 0.05
    assert survival(time, ended, np.array(["a", "b"])[two]).log_rank == log_rank(time, ended, two)
    assert 0.01 <= false / 200 <= 0.10
    assert found / 30 > 0.95


def test_a_group_in_which_nobody_left_stays_at_one() -> None:
    found = survival([1, 2, 3, 4], [True, True, False, False], ["a", "a", "b", "b"])
    b = found.table[found.table["group"] == "b"]
    assert b["estimate"].tolist() == [1] and found.groups["events"].tolist() == [2, 0]
    assert found.at(3)["estimate"].isna().tolist() == [True, False]  # a was watched for 2 only
    assert np.isnan(found.groups["estimate"].iloc[1])
    assert set(found.estimates()) == {"a", "b"}
    ax = found.plot()
    steps = {line.get_label(): line.get_xydata().tolist() for line in ax.lines}
    assert steps["b"][-1] == [4, 1], "drawn for as long as it was watched"
    # of two, one leaves after a month and one after two
    assert [y for _, y in steps["a"]][-1] == 0 and steps["a"][-1][0] == 2
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]
    alone = survival([1, 2], [True, False]).plot(plt.figure().gca())
    assert alone.get_legend() is None
    plt.close("all")


@pytest.mark.parametrize(
    ("duration", "ended", "group", "words"),
    [
        ([], [], None, "there is no customer"),
        ([1.0, 2.0], [False, False], None, "nobody has left: all 2 are still there"),
        ([1.0, np.nan], [True, False], None, "duration is missing.*|row 1"),
        ([1.0, -2.0], [True, False], None, "row 1: duration is negative: the end lies before"),
        ([1.0, np.inf], [True, False], None, "infinite"),
        ([1.0, 2.0], [True, None], None, "not known whether they left"),
        ([1.0, 2.0], [True], None, "2 durations and 1 ends"),
        ([1.0, 2.0], [True, True], ["a"], "1 groups for 2 rows"),
        ([1.0, 2.0], [True, True], [None, None], "no row has a group"),
    ],
)
def test_what_cannot_be_used_is_told(duration: list, ended: list, group: list, words: str) -> None:
    with pytest.raises(DataError, match=words):
        survival(duration, ended, group)


def test_concordance_is_that_of_counting_all_pairs() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        n = int(rng.integers(5, 50))
        time, ended = rng.integers(1, 10, n), rng.random(n) < 0.6
        risk = rng.integers(0, 6, n)
        ended[0], time[0] = True, 0
        won = met = 0.0
        for i in np.flatnonzero(ended):
            later = (time > time[i]) | ((time == time[i]) & ~ended)
            later[i] = False
            met += later.sum()
            won += (risk[i] > risk[later]).sum() + 0.5 * (risk[i] == risk[later]).sum()
        found = concordance(time, ended, risk)
        assert (found.value, found.n) == (pytest.approx(won / met), met)


def test_concordance_and_area_cover_their_truth() -> None:
    rng = np.random.default_rng(4)
    # two normals one standard deviation apart: area Phi(1 / sqrt 2)
    truth, hits = 0.7602, np.zeros(2)
    for _ in range(250):
        y = rng.random(150) < 0.4
        hits[0] += truth in auc(y, rng.normal(size=150) + y)
        risk = rng.normal(size=100)
        # exponential times of log hazard = risk: the mean of 1 / (1 + exp(-|difference of two|))
        time = rng.exponential(np.exp(-risk))
        hits[1] += 0.7252 in concordance(time, np.ones(100, bool), risk)
    assert (hits / 250 > 0.91).all() and (hits / 250 < 0.985).all()


@pytest.mark.parametrize(
    ("y", "score", "words"),
    [([True, True], [1, 2], "2 of 2 customers have"), ([True, False], [1, np.nan], "missing")],
)
def test_an_area_needs_both_kinds_and_a_score(y: list, score: list, words: str) -> None:
    with pytest.raises(DataError, match=words):
        auc(y, score)


DEALS = pd.DataFrame(
    {
        "customer_id": ["A", "A", "B", "C"],
        "start": pd.to_datetime(["2024-01-01", "2024-06-01", "2024-03-01", "2026-01-01"]),
        "end": pd.to_datetime([None, "2024-12-01", "2026-03-01", None]),
        "plan": ["basic", "plus", "basic", "basic"],
    }
)


def test_contracts_become_spells() -> None:
    people = pd.DataFrame({"customer_id": ["A", "B"], "region": ["North", "South"], "gender": "f"})
    people.loc[1, "gender"] = "m"
    found = contract_spells(DEALS, as_of="2025-01-01", customers=people)
    assert found.duration.tolist() == pytest.approx([366 / 30.4375, 183 / 30.4375, 306 / 30.4375])
    # an end after the day is not known on the day
    assert found.ended.tolist() == [False, True, False]
    assert found.drivers["further contract"].tolist() == [0, 1, 0]
    assert list(found.drivers) == ["plan", "further contract", "region"]
    asked = contract_spells(DEALS, as_of="2025-01-01", customers=people, use_protected=True)
    assert asked.protected == ("gender",) and "gender" in asked.drivers


@pytest.mark.parametrize(
    ("deals", "words"),
    [
        (DEALS.drop(columns="end"), "no column end"),
        (DEALS.assign(end=pd.Timestamp("2023-01-01")), "rows 0, 1, 2, 3: .*ends before it starts"),
        (DEALS.assign(start=pd.NaT), "has no start"),
        (DEALS.iloc[3:], "no contract starts by"),
    ],
)
def test_contracts_that_cannot_be_used_are_told(deals: pd.DataFrame, words: str) -> None:
    with pytest.raises(DataError, match=words):
        contract_spells(deals, as_of="2025-01-01")


def test_contracts_kept_a_year_are_read_off_the_observed_curve() -> None:
    day = pd.Timestamp("2025-12-31")
    start = pd.Series([day - pd.Timedelta(days=800)] * 4)
    ended = pd.Series([day - pd.Timedelta(days=700), pd.NaT, day, day])
    deals = pd.DataFrame(
        {"customer_id": list("abcd"), "start": start, "end": ended, "plan": list("xxyy")}
    )
    found = contract_survival(contract_spells(deals, as_of=day))
    assert found.retained_a_year.value == pytest.approx(0.75)
    assert found.retained_a_year.fact == "contracts.kept_1y.observed"
    year, plans = found.findings()
    assert year.text == "0.75 of the contracts last a year"
    assert plans.text.startswith("No clear difference in churn between the plans (p = 0.")
    assert found.table["time"].tolist()[:3] == [3, 6, 12] and set(found.table["group"]) == {
        "x",
        "y",
    }
    young = contract_survival(
        contract_spells(deals.assign(start=day - pd.Timedelta(days=100), end=day), as_of=day)
    )
    # nobody was watched for a year: nothing is claimed
    assert np.isnan(young.retained_a_year.value)
    assert young.findings()[0].text == "How long contracts last"
