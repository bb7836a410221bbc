"""Departures from parallel trends, placebo dates, leaving out units."""

from __future__ import annotations

import warnings
from dataclasses import replace
from types import SimpleNamespace

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from workbench.impact import (
    CaseError,
    difference_in_differences,
    leave_one_out,
    placebo_dates,
    read_adoption,
    staggered_adoption,
    trend_bounds,
)
from workbench.impact.checks.trend_bounds import _coefficients
from workbench.impact.designs.differences.event_study import against_last_before


@pytest.fixture(scope="module")
def mpdta():
    diff_diff = pytest.importorskip("diff_diff", reason="the oracle is not installed")
    from pathlib import Path

    import pandas as pd

    path = Path(__file__).parents[1] / "data_files" / "mpdta" / "mpdta.csv"
    frame = pd.read_csv(path).rename(columns={"first.treat": "first"})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = diff_diff.CallawaySantAnna(
            control_group="never_treated", base_period="universal"
        ).fit(
            frame,
            outcome="lemp",
            unit="countyreal",
            time="year",
            first_treat="first",
            aggregate="event_study",
        )
    read = read_adoption(frame, "first", unit="countyreal", period="year", outcome="lemp")
    return staggered_adoption(read), other, diff_diff.HonestDiD


@pytest.mark.parametrize("bend", [0.0, 0.005, 0.01, 0.02])
def test_bounds_by_smoothness_agree_with_an_independent_package(mpdta, bend: float) -> None:
    own, other, oracle = mpdta
    honest = oracle(method="smoothness", M=bend).fit(other)
    found = trend_bounds(own, bends=(bend,)).table.iloc[-1]
    # t with 499 degrees of freedom stands for the normal: 0.3 % wider
    assert found["low"] == pytest.approx(honest.ci_lb, abs=6e-4)
    assert found["high"] == pytest.approx(honest.ci_ub, abs=6e-4)


@pytest.mark.parametrize("departure", [0.0, 0.5, 1.0, 2.0])
def test_bounds_by_relative_magnitudes_hold_those_of_an_independent_package(
    mpdta, departure: float
) -> None:
    # its interval takes the largest step before as known; ours does not
    own, other, oracle = mpdta
    honest = oracle(method="relative_magnitude", M=departure).fit(other)
    found = trend_bounds(own, departures=(departure,)).table.iloc[0]
    assert found["low"] <= honest.ci_lb + 1e-9 and found["high"] >= honest.ci_ub - 1e-9
    width = found["high"] - found["low"]
    assert width <= 2 * (honest.ci_ub - honest.ci_lb)
    if departure == 0:
        assert width == pytest.approx(honest.ci_ub - honest.ci_lb, rel=0.01)


@pytest.mark.slow
def test_the_interval_covers_under_the_largest_departure_allowed(make_panel) -> None:
    # the treated part from the rest by one unit a period before, and by 1.0 times that after
    rng = np.random.default_rng(5)
    hits, parallel = 0, 0
    for _ in range(100):
        panel = make_panel(rng, units=40, treated=20, effect=0.0, periods=8)
        panel.outcome[panel.treated] += 1.0 * np.arange(8)
        found = trend_bounds(panel, departures=(0.0, 1.0), bends=())
        covers = (found.table["low"] <= 0) & (found.table["high"] >= 0)
        parallel, hits = parallel + covers[0], hits + covers[1]
    assert hits / 100 >= 0.93 and parallel / 100 < 0.2


def test_the_hybrid_is_no_wider_than_the_intervals_of_all_steps_joined(make_panel) -> None:
    # joined: for each step before and each sign the bound's own interval, as if it were the largest
    panel = make_panel(np.random.default_rng(9), units=60, treated=30, effect=2.0, periods=10)
    estimate, covariance = against_last_before(panel)
    mean, reach = np.concatenate([np.zeros(5), np.full(5, 0.2)]), 3.0
    steps = np.diff(np.eye(10)[:5], axis=0)
    for m in (0.5, 1.0, 2.0):
        pieces = np.vstack([mean + m * reach * steps, mean - m * reach * steps])
        half = 2.001 * np.sqrt(np.einsum("ij,jk,ik->i", pieces, covariance, pieces))
        joined = (pieces @ estimate - half).min(), (pieces @ estimate + half).max()
        row = trend_bounds(panel, departures=(m,), bends=()).table.iloc[0]
        assert joined[0] < row["low"] < row["high"] < joined[1]


def test_smoothness_takes_out_a_straight_departure(make_panel) -> None:
    rng = np.random.default_rng(6)
    hits = 0
    for _ in range(60):
        panel = make_panel(rng, units=80, treated=40, effect=0.7, periods=8)
        panel.outcome[panel.treated] += 1.0 * np.arange(8)
        found = trend_bounds(panel, departures=(0.0,), bends=(0.0,)).table.iloc[-1]
        hits += found["low"] <= 0.7 <= found["high"]
    assert 0.86 <= hits / 60 <= 1.0


def test_bounds_grow_with_the_departure_and_break_down_in_between(make_panel) -> None:
    panel = make_panel(np.random.default_rng(2), units=100, treated=50, effect=4.0, phi=0.0)
    found = trend_bounds(panel)
    for _, rows in found.table.groupby("restriction"):
        assert (np.diff(rows["high"] - rows["low"]) >= -1e-9).all()
    assert 0 < found.breakdown < 10 and found.breakdown_smooth > 0
    around = trend_bounds(panel, departures=(found.breakdown * 0.999, found.breakdown * 1.001))
    low = around.table["low"].to_numpy()[:2]
    assert low[0] > 0 >= low[1]
    assert "times the largest step" in found.check.text
    assert found.findings() == [found.check]
    assert set(found.estimates()) == {"effect", "breakdown", "breakdown_smooth"}


def test_the_covariance_is_that_of_leaving_out_units(make_panel, rng) -> None:
    panel = make_panel(rng, units=12, treated=5)
    estimate, covariance = against_last_before(panel)
    y, d = panel.outcome, panel.treated
    gap = y[d].mean(axis=0) - y[~d].mean(axis=0)
    last = np.flatnonzero(~panel.after)[-1]
    assert estimate == pytest.approx(gap - gap[last])
    assert covariance[last] == pytest.approx(0)
    without = []
    for unit in range(12):
        rest = np.arange(12) != unit
        gap = y[d & rest].mean(axis=0) - y[~d & rest].mean(axis=0)
        without.append(gap - gap[last] - estimate)
    deviation = np.array(without)
    assert covariance == pytest.approx(11 / 12 * deviation.T @ deviation)


def test_few_units_bear_no_bounds_by_smoothness(make_panel, rng) -> None:
    panel = make_panel(rng, units=10)
    assert set(trend_bounds(panel).table["restriction"]) == {"relative magnitudes"}
    with pytest.raises(CaseError, match="10 units tell too little"):
        trend_bounds(panel, bends=(0.1,))


@pytest.mark.parametrize(("treated", "df"), [(49, 48.0), (50, 99.0)])
def test_few_treated_units_bound_the_degrees_of_freedom(treated: int, df: float) -> None:
    path = pd.DataFrame({"event": [-2, -1, 0], "estimate": [0.1, 0.0, 1.0], "se": [0.1, 0.0, 0.1]})
    effect = SimpleNamespace(dynamic=path, covariance=np.eye(3), n_treated=treated, n_units=100)
    *_, reference, found = _coefficients(effect)
    assert (reference, found) == (1, df)


def test_one_period_before_is_refused(make_panel, rng) -> None:
    panel = make_panel(rng, periods=2)
    with pytest.raises(CaseError, match="one period before"):
        trend_bounds(panel)
    with pytest.raises(CaseError, match="three at least"):
        placebo_dates(panel)


def test_a_period_without_anybody_treated_is_refused(make_panel, rng) -> None:
    panel = make_panel(rng)
    weight = panel.weight.copy()
    weight[panel.treated, -2] = 0.0
    with pytest.raises(CaseError, match=r"periods in which nobody treated.*: 1"):
        trend_bounds(replace(panel, weight=weight))


def test_placebo_dates_rarely_find_an_effect_where_there_is_none(make_panel) -> None:
    rng = np.random.default_rng(8)
    shares, warned = [], 0
    for _ in range(25):
        found = placebo_dates(make_panel(rng, units=20, treated=10, effect=5.0, periods=16))
        shares.append(found.share)
        warned += found.check.severity == "warning"
    assert np.mean(shares) < 0.1 and warned <= 5


def test_placebo_dates_use_no_period_after_the_start(make_panel, rng) -> None:
    panel = make_panel(rng, units=20, treated=10)
    one = placebo_dates(panel).table
    panel.outcome[:, panel.after] = 1e6
    assert placebo_dates(panel).table.equals(one)
    assert len(one) == 4 and one["start"].iloc[0] == panel.periods[2]


def test_groups_that_drift_apart_show_effects_at_other_dates(make_panel, rng) -> None:
    panel = make_panel(rng, units=40, treated=20, periods=20)
    panel.outcome[panel.treated] += 0.8 * np.arange(20)
    found = placebo_dates(panel)
    assert found.share > 0.5 and found.check.severity == "warning"
    assert found.estimates()["placebo_found"].value == found.share


def test_the_unit_that_carries_the_answer_is_named(make_panel, rng) -> None:
    panel = make_panel(rng, units=12, treated=4)
    panel.outcome[np.ix_(np.flatnonzero(panel.treated)[:1], panel.after)] += 40
    found = leave_one_out(panel)
    assert found.table["unit"].iloc[0] == panel.units[panel.treated][0]
    assert found.effect == pytest.approx(difference_in_differences(panel).effect)
    assert abs(found.table["estimate"].iloc[0]) < 0.3 * found.effect
    assert "Without any one unit" in found.check.text
    with pytest.raises(CaseError, match="two on each side"):
        leave_one_out(make_panel(rng, treated=1))


def test_the_bounds_can_be_drawn(make_panel, rng) -> None:
    figure, ax = plt.subplots()
    trend_bounds(make_panel(rng)).plot(ax=ax)
    assert ax.has_data()
    plt.close(figure)
