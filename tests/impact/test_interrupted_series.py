"""An interrupted series holds its 95 % under autocorrelation and drift, and refuses short ones."""

from __future__ import annotations

import matplotlib

matplotlib.use("agg")

from time import process_time

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from tests.impact.cards import case_of
from workbench.impact import CaseError, interrupted_series
from workbench.impact.designs.series.error_models import noise_of
from workbench.impact.inputs.series import peak_columns, read_series
from workbench.stats.mixtures import mixture_limits

AFTER = np.arange(48) >= 24


def errors(rng: np.random.Generator, kind: str, size: float, n: int = 48) -> np.ndarray:
    if kind == "drift":
        return rng.normal(size=n) + np.cumsum(size * rng.normal(size=n))
    e = np.zeros(n)
    e[0] = rng.normal() / np.sqrt(1 - size**2)
    for t in range(1, n):
        e[t] = size * e[t - 1] + rng.normal()
    return e


@pytest.mark.parametrize(
    ("kind", "size"),
    [
        pytest.param("ar", 0.0, marks=pytest.mark.slow),
        ("ar", 0.6),
        pytest.param("drift", 0.3, marks=pytest.mark.slow),
    ],
)
def test_coverage_with_48_points(kind: str, size: float) -> None:
    rng = np.random.default_rng(23)
    hits = 0
    for _ in range(100):
        found = interrupted_series(
            errors(rng, kind, size) + 1.5 * AFTER + 0.05 * np.arange(48), after=AFTER
        )
        hits += found.low <= 1.5 <= found.high
    assert hits >= 88, "95 % less three standard errors"


def test_white_noise_gives_nearly_the_least_squares_answer() -> None:
    rng = np.random.default_rng(1)
    y = rng.normal(size=200) + 2.0 * (np.arange(200) >= 100)
    x = np.column_stack([np.ones(200), np.arange(200), np.arange(200) >= 100]).astype(float)
    plain = sm.OLS(y, x).fit()
    found = interrupted_series(y, after=x[:, 2] > 0, errors="ar1")
    assert found.effect == pytest.approx(plain.params[2], abs=0.1)
    assert (found.high - found.low) == pytest.approx(np.ptp(plain.conf_int()[2]), rel=0.25)


def test_the_season_is_taken_out() -> None:
    rng = np.random.default_rng(2)
    time = np.arange(36)
    after = time >= 30
    y = 10 + 3 * np.cos(2 * np.pi * time / 12) + 0.1 * rng.normal(size=36)
    with_season = interrupted_series(np.r_[y, y[24:30]], after=np.arange(42) >= 30, season=12)
    assert with_season.low < 0 < with_season.high
    assert with_season.high - with_season.low < 2
    assert after.sum() == 6


def test_the_answer_is_the_average_over_the_error_models() -> None:
    y = errors(np.random.default_rng(3), "drift", 0.4)
    found = interrupted_series(y, after=AFTER)
    assert found.parts["weight"].sum() == pytest.approx(1)
    assert found.parts["estimate"].min() < found.effect < found.parts["estimate"].max()
    for kind, name in (("ar1", "AR(1) errors"), ("local_level", "drifting level")):
        alone = interrupted_series(y, after=AFTER, errors=kind)
        part = found.parts.set_index("model").loc[name]
        assert (alone.effect, alone.low) == pytest.approx((part["estimate"], part["low"]))


def test_the_restricted_likelihood_is_that_of_a_direct_computation() -> None:
    # one covariance of the grid, written out: generalised least squares and its scale
    y = errors(np.random.default_rng(5), "ar", 0.6)
    x = np.column_stack([np.ones(48), np.arange(48), AFTER]).astype(float)
    noise = noise_of(np.arange(48), np.ones(48))
    fit = noise.fit(y, x)["both"]
    at = int(np.flatnonzero((noise.phi == 0.6) & (noise.drift == 0.04))[0])
    lag = np.abs(np.subtract.outer(np.arange(48), np.arange(48)))
    v = 0.6**lag + 0.04 * np.minimum.outer(np.arange(48), np.arange(48))
    direct = sm.GLS(y, x, sigma=v).fit()
    assert fit.beta[at] == pytest.approx(direct.params)
    assert fit.covariance[at] == pytest.approx(direct.cov_params())


def test_whitening_point_by_point_is_that_by_the_whole_covariance() -> None:
    rng = np.random.default_rng(8)
    time, size = np.sort(rng.choice(60, 40, replace=False)), rng.uniform(0.3, 3, 40)
    noise, x = noise_of(time, size), rng.normal(size=(40, 3)).cumsum(axis=0)
    lag = np.abs(np.subtract.outer(time, time))
    root = np.sqrt(np.outer(size, size))
    walk = np.minimum.outer(time, time) - time[0]
    for m in (0, 35, 77, 139):
        v = np.where(lag == 0, 1.0, noise.phi[m] ** lag) * root + noise.drift[m] * walk
        factor = np.linalg.cholesky(v)
        assert noise.whiten(x, np.array([m]))[0] == pytest.approx(np.linalg.solve(factor, x))
        assert noise.log_det[m] == pytest.approx(np.linalg.slogdet(v)[1])


def test_a_series_of_three_years_of_days_takes_time_with_its_length_not_its_cube() -> None:
    rng = np.random.default_rng(9)
    after = np.arange(1095) >= 800
    y = rng.normal(size=1095) + 0.1 * rng.normal(size=1095).cumsum()
    begin = process_time()
    found = interrupted_series(y + 2 * after, after=after, season=365)
    assert process_time() - begin < 3  # .2 s on a quiet machine; 39 s by whole covariances
    assert found.low < 2 < found.high
    assert noise_of(np.arange(1095), np.ones(1095)).gain.nbytes < 5e6  # and not 3.5 GB


def test_limits_of_a_single_model_are_students_own() -> None:
    low, high = mixture_limits(
        np.ones(1), np.array([[2.0], [-1.0]]), np.array([[0.5], [2.0]]), 7.0, 0.95
    )
    assert low == pytest.approx([2 - 0.5 * 2.364624252, -1 - 2 * 2.364624252])
    assert high == pytest.approx([2 + 0.5 * 2.364624252, -1 + 2 * 2.364624252])


def test_limits_of_a_mixture_hold_their_share() -> None:
    rng = np.random.default_rng(2)
    weight = np.array([0.7, 0.3])
    which = rng.random(200_000) < 0.3
    draws = np.where(which, 3.0, 0.0) + np.where(which, 0.5, 1.0) * rng.standard_t(9, 200_000)
    low, high = mixture_limits(weight, np.array([[0.0, 3.0]]), np.array([[1.0, 0.5]]), 9.0, 0.9)
    assert [low[0], high[0]] == pytest.approx(np.quantile(draws, [0.05, 0.95]), abs=0.02)


def test_a_percent_shift_is_found_on_the_log_scale() -> None:
    rng = np.random.default_rng(6)
    y = np.exp(3 + 0.01 * np.arange(60) + 0.02 * rng.normal(size=60)) * np.where(
        np.arange(60) >= 30, 0.8, 1.0
    )
    found = interrupted_series(y, after=np.arange(60) >= 30, scale="log")
    assert found.relative_low < -0.2 < found.relative_high
    assert found.relative == pytest.approx(-0.2, abs=0.02)
    assert found.effect == pytest.approx(found.counterfactual * found.relative)
    with pytest.raises(CaseError, match="have no logarithm"):
        interrupted_series(y - 20, after=np.arange(60) >= 30, scale="log")


def test_a_covariate_takes_out_what_it_explains() -> None:
    rng = np.random.default_rng(7)
    price = rng.normal(size=60)
    after = np.arange(60) >= 30
    y = 5 + 2 * price + after + 0.3 * rng.normal(size=60)
    plain = interrupted_series(y, after=after)
    helped = interrupted_series(y, after=after, covariates=pd.DataFrame({"price": price}))
    assert helped.high - helped.low < 0.4 * (plain.high - plain.low)
    assert helped.low < 1 < helped.high
    with pytest.raises(CaseError, match="1 periods have no value"):
        interrupted_series(
            y, after=after, covariates=pd.DataFrame({"price": np.r_[np.nan, price[1:]]})
        )
    with pytest.raises(CaseError, match="it is 1 throughout"):
        interrupted_series(y, after=after, covariates=pd.DataFrame({"one": np.ones(60)}))


def test_a_period_given_twice_is_refused() -> None:
    names = pd.Index(["2024-01", *[f"m{i}" for i in range(46)], "2024-01"])
    with pytest.raises(CaseError, match="2024-01 occurs more than once"):
        interrupted_series(errors(np.random.default_rng(4), "ar", 0.5), names, after=AFTER)


def test_a_gap_in_the_dates_is_kept_as_time() -> None:
    y = errors(np.random.default_rng(4), "ar", 0.5)
    y[[5, 6, 30]] = np.nan
    found = interrupted_series(y, after=AFTER)
    assert (found.n_before, found.n_after) == (22, 23)


@pytest.mark.parametrize(("before", "after"), [(7, 20), (20, 7)])
def test_fewer_than_eight_points_are_refused(before: int, after: int) -> None:
    y = np.random.default_rng(1).normal(size=before + after)
    with pytest.raises(CaseError, match="there are 7 points"):
        interrupted_series(y, after=np.arange(before + after) >= before)


def test_a_constant_series_is_refused() -> None:
    with pytest.raises(CaseError, match="the series is 2 throughout"):
        interrupted_series(np.full(48, 2.0), after=AFTER)


def test_unsorted_marks_are_refused() -> None:
    with pytest.raises(CaseError, match="mixed"):
        interrupted_series(np.random.default_rng(1).normal(size=48), after=np.arange(48) % 2 == 0)


def test_a_short_series_says_that_the_season_is_hardly_known() -> None:
    y = np.random.default_rng(1).normal(size=24)
    checks = interrupted_series(y, after=np.arange(24) >= 12, season=12).checks
    assert {c.key: c.severity for c in checks}["season"] == "warning"


def test_the_relative_effect_refers_to_the_level_without_the_measure() -> None:
    y = 10 + 0.01 * np.random.default_rng(1).normal(size=48) + 2 * AFTER
    found = interrupted_series(y, after=AFTER)
    assert found.relative == pytest.approx(0.2, abs=0.01)
    assert found.relative_low < 0.2 < found.relative_high


def test_the_same_series_gives_the_same_answer_to_the_last_digit() -> None:
    y = errors(np.random.default_rng(9), "ar", 0.4)
    one, two = (interrupted_series(y, after=AFTER) for _ in range(2))
    assert (one.low, one.high, one.p) == (two.low, two.high, two.p)


def test_the_picture_shows_both_courses() -> None:
    names = pd.date_range("2022-01-01", periods=48, freq="MS")
    found = interrupted_series(errors(np.random.default_rng(9), "ar", 0.4), names, after=AFTER)
    figure, ax = plt.subplots()
    found.plot(ax=ax)
    assert {"start", "with the measure", "without it (estimated)"} <= {
        t.get_text() for t in ax.texts
    }
    plt.close(figure)


@pytest.mark.parametrize(
    ("values", "counted"),
    [([0, 1, 2, 5], True), ([0, 1, -1, 5], False), ([0, 1, 1, 0], False), ([0, 1, 2.5, 3], False)],
)
def test_whole_numbers_from_zero_on_are_counts_unless_they_are_answers(values, counted) -> None:
    months = pd.date_range("2024-01-01", periods=24, freq="MS")
    frame = pd.DataFrame({"period": np.repeat(months, 4), "estimate": np.tile(values, 24)})
    case = case_of("c", pd.Timestamp("2025-01-01"), "everybody")
    read = read_series(frame.assign(customer_id=np.tile(range(4), 24)), case, 1)
    assert read.counted == counted


def bent(rng: np.random.Generator, series: int, *, change: float, before: int = 6) -> np.ndarray:
    """Series of 48 points on a trend that bends some periods before the 37th; one a column."""
    time = np.arange(48)
    course = 0.25 * time + change * np.maximum(time - (36 - before), 0)
    return course[:, None] + rng.normal(size=(48, series))


def test_a_trend_that_bent_before_the_start_is_rarely_taken_for_an_effect() -> None:
    many = pytest.importorskip("benchmarks.calibration.many", reason="run from the root")
    after = np.arange(48) >= 36
    y = bent(np.random.default_rng(1), 100, change=-0.25)
    low, high = many.intervals(y, after, None)
    assert np.mean((low > 0) | (high < 0)) <= 0.07 + 2 * np.sqrt(0.07 * 0.93 / 100)


def test_a_stretch_that_departs_from_the_line_is_said_and_a_straight_one_is_not() -> None:
    after = np.arange(48) >= 36
    said = []
    for change, before in ((-0.5, 12), (0.0, 12)):
        y = bent(np.random.default_rng(2), 8, change=change, before=before)
        found = [interrupted_series(one, after=after) for one in y.T]
        told = [next(c for c in each.checks if c.key == "trend that bends") for each in found]
        said.append(np.mean([check.severity == "warning" for check in told]))
        assert all(
            set(each.parts["model"]) >= {"trend that bent before the start"} for each in found
        )
    assert said[0] >= 0.75 and said[1] <= 0.13


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (np.arange(48) * 2.0 + 1, "covariate a follows from the others"),
        ((np.arange(48) >= 24) * 3.0, "covariate a follows from the others"),
    ],
)
def test_a_covariate_that_is_the_trend_or_the_step_is_refused_in_words(column, said) -> None:
    rng = np.random.default_rng(1)
    with pytest.raises(CaseError, match=said):
        interrupted_series(
            rng.normal(size=48), after=np.arange(48) >= 24, covariates=pd.DataFrame({"a": column})
        )


def test_covariates_that_repeat_one_another_or_leave_nothing_over_are_refused() -> None:
    rng = np.random.default_rng(2)
    y, after, one = rng.normal(size=24), np.arange(24) >= 12, rng.normal(size=24)
    twice = pd.DataFrame({"a": one, "b": 2 * one - 3})
    with pytest.raises(CaseError, match="covariate b follows"):
        interrupted_series(y, after=after, covariates=twice)
    many = pd.DataFrame(rng.normal(size=(24, 21)))
    with pytest.raises(CaseError, match="24 points are to tell 24 regressors apart"):
        interrupted_series(y, after=after, covariates=many)


def test_a_series_that_nothing_moves_but_the_measure_is_no_certainty() -> None:
    after = np.arange(40) >= 20
    with pytest.raises(CaseError, match="nothing varies by chance"):
        interrupted_series(5.0 + 2.0 * after, after=after)


def test_relative_limits_are_those_of_the_effect_over_what_was_seen() -> None:
    rng = np.random.default_rng(3)
    after = np.arange(48) >= 36
    y = 100 + 3 * rng.normal(size=48).cumsum() - 20 * after
    found = interrupted_series(y, after=after)
    mean = y[after].mean()
    assert found.relative_low == pytest.approx(found.low / (mean - found.low))
    assert found.relative_high == pytest.approx(found.high / (mean - found.high))
    scarce = np.maximum(rng.normal(0.4, 1, size=48), 0)
    wide = interrupted_series(scarce, after=after)
    assert np.isnan(wide.relative_low) or wide.relative_low > -1


@pytest.mark.parametrize(("first", "before"), [("2022-01-01", 12), ("2022-02-01", 10)])
def test_christmas_in_the_time_after_is_no_effect(first: str, before: int) -> None:
    # smooth seasons alone announced an effect in 150 of 150 such series
    n = 2 * before
    months = pd.date_range(first, periods=n, freq="MS")
    trade = 100 + 40.0 * (months.month == 12) + np.random.default_rng(5).normal(0, 3, n)
    options = {"after": np.arange(n) >= before, "season": 12}
    assert interrupted_series(trade, months, **options).clear
    found = interrupted_series(trade, months, peaks=(12,), **options)
    assert found.low < 0 < found.high
    # as large as it may be, it is its own
    larger = interrupted_series(
        trade + 400.0 * (months.month == 12), months, peaks=(12,), **options
    )
    assert larger.effect == pytest.approx(found.effect, abs=1e-6)
    assert any(c.key == "peaks" for c in found.checks)


def test_peaks_are_shares_of_a_month_and_none_where_they_cannot_be_told() -> None:
    weeks = pd.date_range("2024-11-25", periods=6, freq="7D")
    (share,) = peak_columns(weeks, (12,)).values()
    # 1 December is a Sunday; trade ends on the 24th
    assert share * 7 == pytest.approx([1, 7, 7, 7, 2, 0])
    quarters = pd.date_range("2020-01-01", periods=8, freq="QS")
    assert peak_columns(quarters, (12,)) == {} == peak_columns(pd.RangeIndex(8), (12,))
    assert peak_columns(pd.date_range("2024-01-01", periods=5, freq="MS"), (12,)) == {}
