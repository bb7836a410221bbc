"""Loyalty measures, their intervals, and what a sample can show."""

from __future__ import annotations

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from workbench.errors import DataError
from workbench.satisfaction import (
    csat,
    detectable_change,
    loyalty_by,
    nps,
    nps_limits,
    power_of,
    sample_plan,
)


def test_the_score_counts_nine_and_ten_less_zero_to_six() -> None:
    found = nps([10, 9, 8, 7, 6, 0])
    assert (found.promoters, found.passives, found.detractors) == (2, 2, 2)
    assert found.estimate == 0


def test_missing_and_impossible_answers_are_left_out_and_counted() -> None:
    found = nps([10, None, 11, -1, "x", 8])
    assert (found.n, found.excluded) == (2, 4)


def test_no_usable_answer_is_an_error() -> None:
    with pytest.raises(DataError, match="no answer lies on the scale"):
        nps([11, None])


@given(st.integers(1, 500), st.data())
def test_score_limits_hold_the_estimate_and_mirror(n: int, data) -> None:
    p = data.draw(st.integers(0, n))
    d = data.draw(st.integers(0, n - p))
    low, high = nps_limits(p, d, n)
    assert -1 <= low <= (p - d) / n + 1e-9 and (p - d) / n - 1e-9 <= high <= 1
    mirrored = nps_limits(d, p, n)
    assert (float(mirrored[0]), float(mirrored[1])) == pytest.approx((-float(high), -float(low)))


@pytest.mark.parametrize(("x", "y", "n"), [(12, 5, 30), (12, 2, 50), (3, 40, 80)])
def test_the_limits_are_those_that_the_score_test_just_rejects(x: int, y: int, n: int) -> None:
    # the test statistic at the limit, with the constrained estimate found by brute force
    for limit in nps_limits(x, y, n):
        d = np.linspace(max(0, -limit) + 1e-9, (1 - limit) / 2 - 1e-9, 400_001)
        p = d + limit
        likelihood = x * np.log(p) + y * np.log(d) + (n - x - y) * np.log(1 - p - d)
        best = d[likelihood.argmax()]
        variance = (2 * best + limit - limit**2) / n
        assert ((x - y) / n - limit) ** 2 / variance == pytest.approx(1.96**2, rel=1e-3)


def test_everybody_a_promoter_still_leaves_doubt() -> None:
    interval = nps([10] * 12).interval
    assert interval.high == pytest.approx(100) and 40 < interval.low < 90


def test_parts_carry_wilson_intervals_and_add_up() -> None:
    table = nps([10] * 6 + [7] * 3 + [1]).table
    assert table["share"].sum() == pytest.approx(1)
    assert (
        table["share"].between(table["share_low"], table["share_high"], inclusive="neither").all()
    )


def test_satisfaction_is_a_mean_and_the_share_of_the_two_best() -> None:
    found = csat([5, 4, 3, 1, 9])
    assert (found.mean.value, found.top_two_box.value, found.excluded) == (3.25, 0.5, 1)


def test_a_wave_with_one_answer_is_withheld_and_no_change_is_given() -> None:
    frame = pd.DataFrame({"wave": ["a"] * 20 + ["b"], "recommend": [9, 3] * 10 + [10]})
    trend = loyalty_by(frame, "wave", column="recommend")
    assert trend.table["withheld"].tolist() == [False, True]
    assert trend.table["n"].tolist() == [20, 1]
    assert trend.changes[["estimate", "low"]].isna().all(axis=None)
    assert trend.latest.n == 20


def test_the_change_between_waves_covers_the_truth() -> None:
    # 250 pairs of waves of 60 answers; 2.5 standard errors of the coverage are 3.4 points
    rng = np.random.default_rng(4)
    before, after = [0.3, 0.4, 0.3], [0.5, 0.3, 0.2]
    answers = np.array([10, 8, 3])
    # all pairs in one table: each second change is from a wave to its own next
    draws = [rng.choice(answers, 60, p=p) for _ in range(250) for p in (before, after)]
    frame = pd.DataFrame({"wave": np.repeat(np.arange(500), 60), "q": np.concatenate(draws)})
    step = loyalty_by(frame, "wave", column="q").changes.iloc[::2]
    hits = ((step["low"] <= 30) & (step["high"] >= 30)).sum()
    assert 0.915 <= hits / 250 <= 0.985


def test_the_detectable_change_is_detected_in_four_of_five_surveys() -> None:
    variance, n = 0.6, 500
    change = detectable_change(variance, n, n)
    assert power_of(variance, n, change) == pytest.approx(0.8, abs=1e-6)


def test_an_unknown_column_names_what_there_is() -> None:
    with pytest.raises(DataError, match="choose one of"):
        loyalty_by(pd.DataFrame({"wave": ["a"]}), "wave", column="nps")


@pytest.mark.parametrize("measure", ["nps", "csat", "top_two_box"])
def test_the_picture_labels_every_wave(measure: str) -> None:
    frame = pd.DataFrame({"wave": np.repeat(["a", "b"], 30), "q": np.tile([5, 4, 3], 20)})
    figure, ax = plt.subplots()
    loyalty_by(frame, "wave", column="q", measure=measure).plot(ax=ax)
    assert len(ax.texts) == 2
    plt.close(figure)


def test_a_plan_says_what_this_sample_shows_and_what_another_change_needs() -> None:
    plan = sample_plan(0.61e4, 1000, (5, 10), design_effect=1.0).set_index("change")
    assert plan["needed"].tolist() == [3831, 958]
    assert plan.loc[10, "power"] > 0.8 > plan.loc[5, "power"]
    heavy = sample_plan(0.61e4, 1000, (5, 10), design_effect=1.5).set_index("change")
    assert heavy["needed"].tolist() == [5747, 1437] and (heavy["power"] < plan["power"]).all()


def test_weights_move_the_score_and_widen_its_interval() -> None:
    rng = np.random.default_rng(4)
    answers, weights = rng.integers(0, 11, 400), rng.uniform(0.1, 4, 400)
    plain, found = nps(answers), nps(answers, weights=weights)
    kinds = 100.0 * ((answers >= 9).astype(float) - (answers <= 6))
    assert found.estimate == pytest.approx(np.average(kinds, weights=weights))
    assert found.size < 350 and found.n == 400
    assert found.interval.high - found.interval.low > plain.interval.high - plain.interval.low
    equal = nps(answers, weights=np.full(400, 2.0))
    assert tuple(equal.interval) == pytest.approx(tuple(plain.interval))
    share = csat(answers, scale=(0, 10), weights=weights).top_two_box
    assert share.value == pytest.approx(np.average(answers >= 9, weights=weights))


@pytest.mark.parametrize("n", [30, 100])
def test_the_weighted_interval_of_the_score_covers(n: int) -> None:
    rng = np.random.default_rng(n)
    hits = 0
    for _ in range(400):
        weights = rng.choice([0.5, 1, 2.5], n)
        answers = rng.choice([10, 8, 0], n, p=[0.4, 0.35, 0.25])
        hits += 15 in nps(answers, weights=weights).interval
    assert 0.925 <= hits / 400 <= 0.98


@pytest.mark.parametrize("n", [10, 30, 100])
def test_the_interval_of_the_two_best_answers_covers(n: int) -> None:
    # exact: every possible count with its probability, averaged over true shares, since the
    # coverage at one share jumps with the count
    shares = np.linspace(0.1, 0.9, 33)
    limits = [csat(np.repeat([5, 2], [k, n - k])).top_two_box for k in range(n + 1)]
    inside = np.array([[i.low <= share <= i.high for share in shares] for i in limits])
    chance = stats.binom.pmf(np.arange(n + 1)[:, None], n, shares)
    assert 0.94 <= (inside * chance).sum(axis=0).mean() <= 0.965


def test_people_who_answer_twice_count_once_in_the_intervals() -> None:
    answers = np.repeat([10, 8, 3], [60, 30, 30])
    once, twice = nps(answers), nps(np.tile(answers, 2), people=np.tile(np.arange(120), 2))
    assert once.estimate == 25
    assert (twice.n, twice.estimate) == (240, 25)
    assert twice.size == pytest.approx(120, rel=0.01)
    assert tuple(twice.interval)[1:] == pytest.approx(tuple(once.interval)[1:], rel=0.02)
    # people who answered once are a simple sample
    assert nps(answers, people=np.arange(120)) == once
    given = np.where(np.arange(240) < 3, 11, np.tile(answers, 2))
    left = nps(given, people=np.tile(np.arange(120), 2))
    assert (left.excluded, left.n) == (3, 237) and left.size < 130


def test_people_who_answer_the_same_again_have_not_changed_for_certain() -> None:
    scores = [10, 8, 8, 3] * 10
    again = pd.DataFrame({"customer_id": list(range(40)) * 2, "wave": np.repeat(["a", "b"], 40)})
    (same,) = loyalty_by(again.assign(q=scores * 2), "wave", column="q").changes.to_dict("records")
    assert (same["both"], same["estimate"], same["clear"]) == (40, 0, False)
    assert same["correlation"] == pytest.approx(1)
    assert (same["low"], same["high"]) == pytest.approx((0, 0), abs=1e-4)
    # nobody of the same name in both: two samples, whose difference is as unsure as theirs
    apart = again.assign(q=scores * 2, customer_id=range(80))
    (other,) = loyalty_by(apart, "wave", column="q").changes.to_dict("records")
    assert other["both"] == 0 and other["low"] < -10 and other["high"] > 10 and not other["clear"]
    for moved, sign in (([10] * 40, 1), ([3] * 40, -1)):
        step = loyalty_by(again.assign(q=scores + moved), "wave", column="q").changes.iloc[0]
        assert step["clear"] and step["estimate"] == 100 * sign
        assert step["low"] * sign > 0 and step["high"] * sign > 0
