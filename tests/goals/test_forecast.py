"""Stated probabilities are kept, and level, season and chance are told apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.goals import GoalError, fit_level, read_record
from workbench.stats import Mixture


def monthly(values: np.ndarray, se: float | None = None) -> pd.DataFrame:
    periods = pd.date_range("2021-01-01", periods=len(values), freq="MS")
    rows = pd.DataFrame({"period": periods, "estimate": values})
    return rows if se is None else rows.assign(se=se)


def test_a_mixture_knows_its_own_quantiles() -> None:
    mixture = Mixture(np.array([0.5, 0.5]), np.array([-1.0, 1.0]), np.array([0.5, 0.5]))
    assert mixture.centre == 0 and mixture.above(0) == pytest.approx(0.5)
    low, high = mixture.interval()
    assert mixture.above(low) == pytest.approx(0.975) and mixture.above(high) == pytest.approx(
        0.025
    )


def test_probabilities_are_kept_on_series_that_wander_and_drift() -> None:
    """Of targets given 60-80 %, 60-80 % are reached (300 records of 8 to 16 periods)."""
    rng = np.random.default_rng(11)
    stated, reached, covered = [], [], []
    for k in range(300):
        n, ahead = 8 + k % 9, 1 + k % 4
        wander, drift = [0.0, 0.3, 0.8][k % 3], rng.normal(0, 0.1)
        level = np.cumsum(np.r_[0.0, rng.normal(drift, wander, n + ahead - 1)])
        rows = monthly(level[:n] + rng.normal(0, 1, n), se=1.0)
        model = fit_level(read_record(rows), backtest=False)
        there = model.level(n + ahead - 1)
        low, high = there.interval()
        spread = (high - low) / 4
        target = there.centre + rng.normal(0, spread)
        stated.append(there.above(target))
        reached.append(level[-1] >= target)
        covered.append(low <= level[-1] <= high)
    p, y = np.array(stated), np.array(reached, dtype=float)
    # Brier's score beats a shrug, and each third of the scale keeps its word within noise.
    assert ((p - y) ** 2).mean() < 0.20  # a shrug has 0.25
    for low, high in ((0.0, 0.33), (0.33, 0.67), (0.67, 1.01)):
        inside = (p >= low) & (p < high)
        error = 2.5 * np.sqrt(0.25 / inside.sum())
        assert abs(p[inside].mean() - y[inside].mean()) < max(0.08, error)
    assert np.mean(covered) > 0.92


def test_a_season_is_not_taken_for_a_change() -> None:
    month = np.arange(36)
    season = 3.0 * np.sin(2 * np.pi * month / 12)
    noise = np.random.default_rng(5).normal(0, 0.3, 36)
    model = fit_level(read_record(monthly(10 + season + noise, se=0.3)))
    assert model.seasonal
    low, high = model.level(38).interval()
    assert low < 10 < high and high - low < 3
    # What would be measured in the month of the peak carries the season.
    assert model.measured(39).centre == pytest.approx(13, abs=0.8)


def test_the_level_pools_what_chance_scatters() -> None:
    rng = np.random.default_rng(3)
    values = 5 + rng.normal(0, 1, 30)
    model = fit_level(read_record(monthly(values, se=1.0)))
    low, high = model.level(29).interval()
    assert low < 5 < high
    assert high - low < 2 * 1.96, "narrower than one measurement"


def test_a_precise_record_is_believed() -> None:
    values = np.array([1.35, 0.42, 0.33, 0.335, 0.29, 0.25])
    model = fit_level(read_record(monthly(values, se=0.004)))
    assert model.level(5).centre == pytest.approx(0.25, abs=0.02)


def test_the_scale_of_the_indicator_does_not_matter() -> None:
    values = 10 + np.cumsum(np.random.default_rng(2).normal(0.2, 0.5, 20))
    small = fit_level(read_record(monthly(values, se=0.4))).level(23)
    large = fit_level(read_record(monthly(values * 1e6, se=0.4e6))).level(23)
    assert large.centre == pytest.approx(small.centre * 1e6, rel=1e-6)
    assert large.above(15e6) == pytest.approx(small.above(15), abs=1e-6)


def test_on_a_clear_trend_the_forecast_beats_saying_no_change() -> None:
    values = np.arange(20.0) + np.random.default_rng(4).normal(0, 0.3, 20)
    errors = fit_level(read_record(monthly(values, se=0.3))).backtest
    assert errors.shape == (8, 2)
    assert errors[:, 0].mean() < 0.6 * errors[:, 1].mean()


def test_a_constant_record_is_no_accident() -> None:
    model = fit_level(read_record(monthly(np.full(10, 4.0))))
    assert model.level(12).centre == pytest.approx(4.0)


def test_four_values_are_too_few() -> None:
    with pytest.raises(GoalError, match="4 values are too few"):
        fit_level(read_record(monthly(np.arange(4.0))))


# --- what a record looks like, and a forecast that is stated --------------------------------------


def looks(values: np.ndarray, se: float) -> str:
    return fit_level(read_record(monthly(values, se=se)), backtest=False).looks


def test_a_record_is_recognised_for_what_it_is() -> None:
    rng = np.random.default_rng(14)
    month = np.arange(36)
    chance = rng.normal(0, 0.3, 36)
    assert looks(5 + chance, 0.3) == "steady"
    assert looks(5 + np.cumsum(rng.normal(0, 1, 36)) + chance, 0.3) == "wandering"
    assert looks(5 + 0.4 * month + chance, 0.3) == "trend"
    # fast at first, then level: a line cannot follow it
    assert looks(5 + 8 * (1 - 0.85**month) + chance, 0.3) == "damped"
    seasonal = fit_level(
        read_record(monthly(5 + 2 * np.sin(np.pi * month / 6) + chance, se=0.3)), backtest=False
    )
    assert seasonal.season_weight > 0.9 and seasonal.looks == "steady"
    assert sum(seasonal.families.values()) == pytest.approx(1)


def test_a_stated_forecast_is_that_family_s_alone() -> None:
    values = 5 + 0.4 * np.arange(24) + np.random.default_rng(1).normal(0, 0.3, 24)
    record = read_record(monthly(values, se=0.3))
    steady, trend = (fit_level(record, forecast=name) for name in ("steady", "trend"))
    assert trend.level(35).centre == pytest.approx(5 + 0.4 * 35, abs=0.8)
    assert steady.level(35).centre == pytest.approx(steady.level(23).centre, abs=1e-6)
    # every model is tested on the same periods, whichever answers
    assert steady.errors.keys() == trend.errors.keys() >= {"averaged", "damped", "naive"}
    assert np.array_equal(steady.errors["trend"], trend.backtest[:, 0])
    assert trend.backtest[:, 0].mean() < steady.backtest[:, 0].mean()


def test_a_forecast_that_is_not_there_is_refused() -> None:
    with pytest.raises(GoalError, match=r"no forecast 'arima'; choose one of averaged, steady"):
        fit_level(read_record(monthly(np.arange(9.0))), forecast="arima")


def test_a_fading_trend_stops_where_a_line_goes_on() -> None:
    values = 5 + 8 * (1 - 0.85 ** np.arange(30)) + np.random.default_rng(1).normal(0, 0.2, 30)
    record = read_record(monthly(values, se=0.2))
    damped = fit_level(record, forecast="damped", backtest=False).level(41)
    trend = fit_level(record, forecast="trend", backtest=False).level(41)
    assert damped.centre == pytest.approx(13, abs=0.7) and trend.centre > 14


@pytest.mark.parametrize("ends", [(0.70, 0.99), (0.30, 0.01)])
def test_shares_stay_between_none_and_all(ends: tuple[float, float]) -> None:
    rows = monthly(np.linspace(*ends, 24), se=0.004)
    rows.attrs["indicator"] = {"kind": "share"}
    model = fit_level(read_record(rows), backtest=False)
    there = model.level(24 + 24)
    low, high = there.interval()
    assert 0 <= low <= there.centre <= high <= 1
    assert (low if ends[1] < 0.5 else 1 - high) == pytest.approx(0, abs=1e-9)
    assert there.above(0.0) == 1.0 and there.above(1.01) == 0.0
    # a measure that is no share is not held back
    free = fit_level(read_record(monthly(np.linspace(*ends, 24), se=0.004)), backtest=False)
    ends_ = free.level(24 + 24).interval()
    assert ends_[0] < 0 or ends_[1] > 1
