"""Curves, log-rank and restricted mean, held against statsmodels and against plain sums."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.survfunc import SurvfuncRight, survdiff

from workbench.errors import DataError
from workbench.stats.intervals import normal_quantile
from workbench.stats.survival import (
    aalen_johansen,
    at_time,
    check_times,
    kaplan_meier,
    log_rank,
    median_time,
    product_limit,
    quantile_times,
    restricted_mean,
)


def drawn(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    time = np.minimum(np.ceil(rng.exponential(6, n)), 12)
    return time, (rng.random(n) < 0.7) & (time < 12), rng.integers(0, 3, n)


def test_the_curve_is_that_of_statsmodels() -> None:
    time, event, _ = drawn(80, 1)
    curve, oracle = kaplan_meier(time, event), SurvfuncRight(time, event)
    assert curve.iloc[0].tolist() == [0.0, 80, 0, 1.0, 1.0, 1.0]
    after = curve.iloc[1:]
    assert after["time"].tolist() == oracle.surv_times.tolist()
    assert after["at_risk"].tolist() == oracle.n_risk.tolist()
    assert after["events"].tolist() == oracle.n_events.tolist()
    assert after["estimate"].to_numpy() == pytest.approx(oracle.surv_prob, abs=1e-12)
    # Kalbfleisch and Prentice's limits from its standard error
    s, z = oracle.surv_prob, normal_quantile(0.95)
    width = z * oracle.surv_prob_se / (s * np.abs(np.log(s)))
    assert after["low"].to_numpy() == pytest.approx(s ** np.exp(width), abs=1e-12)
    assert after["high"].to_numpy() == pytest.approx(s ** np.exp(-width), abs=1e-12)
    assert (kaplan_meier(time, event, level=0.8)["low"].iloc[1:] > after["low"]).all()


def test_a_product_before_the_first_event_is_certain_and_after_the_last_unknown() -> None:
    found = product_limit([0, 2, 8], [10, 10, 8])
    assert found["estimate"].tolist() == pytest.approx([1.0, 0.8, 0.0])
    assert found.iloc[0].tolist() == [1.0, 1.0, 1.0]
    assert 0 < found["low"][1] < 0.8 < found["high"][1] < 1
    assert found.loc[2, ["low", "high"]].isna().all()


def test_the_median_is_the_first_time_at_one_half_and_the_middle_where_the_curve_is_flat() -> None:
    def median(time: list[float], event: list[bool]) -> float:
        return median_time(kaplan_meier(np.array(time), np.array(event)), n=len(time)).value

    assert median([1.0, 2, 3, 5], [True] * 4) == 2.5
    assert median([1.0, 2, 3, 5, 6], [True] * 5) == 3
    assert np.isnan(median([1.0, 2, 3, 5], [True, False, False, False]))
    found = median_time(kaplan_meier(*drawn(300, 2)[:2]), n=300, level=0.9)
    assert found.low <= found.value <= found.high and (found.n, found.level) == (300, 0.9)


def test_quantiles_are_those_of_statsmodels_and_of_the_leukaemia_trial() -> None:
    time, event, _ = drawn(80, 5)
    time = time + np.linspace(0, 0.5, 80)
    oracle = SurvfuncRight(time, event)
    for share, found in zip((0.25, 0.5), quantile_times(time, event, (0.25, 0.5)), strict=True):
        assert found.value == pytest.approx(oracle.quantile(share))
        ends = oracle.quantile_ci(share, method="cloglog")
        assert (found.low, found.high) == pytest.approx(ends, nan_ok=True)
    # Freireich et al. (1963): remission on 6-MP, half by 23 weeks, as every textbook has it
    weeks = re.findall(
        r"\S+", "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
    )
    left = np.array([not w.endswith("+") for w in weeks])
    half = quantile_times(np.array([float(w.rstrip("+")) for w in weeks]), left, [0.5])[0]
    assert half.value == 23 and half.low == 13 and np.isnan(half.high)


def test_clusters_that_are_alike_inside_widen_and_lone_units_do_not() -> None:
    time, event, _ = drawn(60, 6)
    four = np.repeat(np.arange(60), 4)
    one = quantile_times(time, event, [0.5], clusters=np.arange(60))[0]
    again = quantile_times(time[four], event[four], [0.5], clusters=four)[0]
    naive = quantile_times(time[four], event[four], [0.5])[0]
    assert (again.low, again.high) == pytest.approx((one.low, one.high), abs=1)
    assert naive.high - naive.low < again.high - again.low


@pytest.mark.parametrize("groups", [2, 3])
def test_the_log_rank_test_is_that_of_statsmodels(groups: int) -> None:
    time, event, group = drawn(120, 3)
    group = group % groups
    statistic, p = survdiff(time, event, group)
    found = log_rank(time, event, group)
    assert (found.statistic, found.p_value) == (pytest.approx(statistic), pytest.approx(p))
    assert found.df == groups - 1


def test_the_restricted_mean_is_the_area_and_its_influences_are_the_jackknife() -> None:
    time, event, _ = drawn(60, 4)
    found = restricted_mean(time, event, 10.5)
    curve = kaplan_meier(time, event)
    curve = curve[curve["time"] <= 10.5]
    widths = np.diff(np.append(curve["time"], 10.5))
    assert found.mean == pytest.approx(float(widths @ curve["estimate"]))
    rest = [restricted_mean(np.delete(time, i), np.delete(event, i), 10.5).mean for i in range(60)]
    jackknife = 59 / 60 * float(np.square(np.array(rest) - np.mean(rest)).sum())
    assert found.variance == pytest.approx(jackknife, rel=0.03)
    assert found.events == int((event & (time <= 10.5)).sum())


@pytest.mark.parametrize(
    ("time", "ended", "message"),
    [
        ([], [], "there is no customer"),
        ([1.0, 2.0], [True], "2 durations and 1 ends"),
        (pd.Series([1.0, np.nan], index=["a", "b"]), [True, False], "row b: duration is missing"),
        ([1.0, -2.0], [True, False], "row 1: duration is negative"),
        ([np.inf, 2.0], [True, False], "row 0: duration is infinite"),
        ([1.0, 2.0], [True, None], "row 1: it is not known"),
    ],
)
def test_times_that_cannot_be_used_are_named(time, ended, message: str) -> None:
    with pytest.raises(DataError, match=message):
        check_times(time, ended)
    with pytest.raises(DataError, match=message):
        restricted_mean(time, ended, 1.0)


def test_a_horizon_that_nobody_was_followed_to_is_refused() -> None:
    with pytest.raises(DataError, match="horizon of 5; the longest was followed for 4"):
        restricted_mean([1, 4], [True, False], 5)
    assert restricted_mean([1, 4], [True, False], 4).mean == pytest.approx(2.5)
    # an event on the day of the horizon is one, and a time of zero is a time
    assert restricted_mean([0, 2, 4], [True, False, True], 4).events == 2
    assert kaplan_meier(*check_times([0, 2], [True, False]))["time"].tolist() == [0, 0]
    with pytest.raises(DataError, match="horizon of 0"):
        restricted_mean([1, 4], [True, False], 0)


def test_aalen_johansen_agrees_with_statsmodels() -> None:
    from statsmodels.duration.survfunc import CumIncidenceRight

    rng = np.random.default_rng(1)
    time, cause = np.ceil(rng.exponential(10, 200)), rng.integers(0, 3, 200)
    time[:2], cause[:2] = 200.0, 0  # somebody is left at the end
    found = aalen_johansen(time, cause)
    peer = CumIncidenceRight(time, cause)
    for k in (1, 2):
        own = found[found["cause"] == k].set_index("time").reindex(peer.times).ffill()
        np.testing.assert_allclose(own["estimate"], peer.cinc[k - 1], rtol=1e-12)
        at = own["events"].cumsum().to_numpy() > 0
        f, high = own["estimate"].to_numpy()[at], own["high"].to_numpy()[at]
        se = np.log(np.log(f) / np.log(high)) / 1.959963984540054 * -f * np.log(f)
        np.testing.assert_allclose(se, peer.cinc_se[k - 1][at], rtol=1e-8)


def test_ends_and_nobody_add_up_to_one() -> None:
    rng = np.random.default_rng(2)
    time, cause = rng.exponential(5, 90).round(1), rng.integers(0, 4, 90)
    found = aalen_johansen(time, cause, causes=4)
    left = kaplan_meier(time, cause > 0)["estimate"].to_numpy()
    np.testing.assert_allclose(found.groupby("time")["estimate"].sum(), 1 - left, atol=1e-12)
    never = found[found["cause"] == 4]
    assert (never[["estimate", "low", "high"]] == 0).all(axis=None)
    assert len(aalen_johansen(time, np.zeros(90, dtype=int), causes=2)) == 2


def test_intervals_of_competing_ends_hold_the_truth() -> None:
    held = np.zeros(2)
    repetitions = 60
    for seed in range(repetitions):
        rng = np.random.default_rng([3, seed])
        one, two = rng.exponential(10, 120), rng.exponential(20, 120)
        seen = rng.uniform(0, 30, 120)
        time = np.minimum(np.minimum(one, two), seen)
        cause = np.where(time == seen, 0, np.where(one < two, 1, 2))
        found = aalen_johansen(time, cause, causes=2)
        for k, rate in ((1, 1 / 10), (2, 1 / 20)):
            truth = rate / 0.15 * (1 - np.exp(-0.15 * 8))
            held[k - 1] += truth in at_time(found[found["cause"] == k], 8, n=120)
    # 60 of 1,000 repetitions
    assert (np.abs(held / repetitions - 0.95) < 3 * np.sqrt(0.05 * 0.95 / repetitions)).all()
