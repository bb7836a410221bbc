"""An interrupted series holds its 95 % under autocorrelation and drift, and refuses short ones."""

from __future__ import annotations

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from workbench.impact import CaseError, interrupted_series

AFTER = np.arange(48) >= 24


def errors(rng: np.random.Generator, kind: str, size: float, n: int = 48) -> np.ndarray:
    if kind == "drift":
        return rng.normal(size=n) + np.cumsum(size * rng.normal(size=n))
    e = np.zeros(n)
    e[0] = rng.normal() / np.sqrt(1 - size**2)
    for t in range(1, n):
        e[t] = size * e[t - 1] + rng.normal()
    return e


@pytest.mark.parametrize(("kind", "size"), [("ar", 0.0), ("ar", 0.6), ("drift", 0.3)])
def test_coverage_with_48_points(kind: str, size: float) -> None:
    rng = np.random.default_rng(23)
    hits = 0
    for _ in range(100):
        found = interrupted_series(
            errors(rng, kind, size) + 1.5 * AFTER + 0.05 * np.arange(48), after=AFTER
        )
        hits += found.low <= 1.5 <= found.high
    assert hits >= 88, "95 % less three standard errors"


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("n", [24, 48, 104])
@pytest.mark.parametrize(
    ("kind", "size"),
    [("ar", 0.0), ("ar", 0.3), ("ar", 0.6), ("ar", 0.8), ("drift", 0.2), ("drift", 0.5)],
)
@pytest.mark.parametrize("seasonal", [False, True])
def test_coverage_and_width_over_the_grid(n: int, kind: str, size: float, seasonal: bool) -> None:
    rng = np.random.default_rng(n)
    time, after = np.arange(n), np.arange(n) >= n // 2
    hits, widths = 0, []
    for _ in range(200):
        y = errors(rng, kind, size, n) + after + seasonal * np.cos(2 * np.pi * time / 12)
        found = interrupted_series(y, after=after, season=12 if seasonal else None)
        hits += found.low <= 1 <= found.high
        widths.append(found.high - found.low)
    assert 0.90 <= hits / 200 <= 0.995
    # an oracle knows the covariance; its design is the same
    lag = np.abs(time[:, None] - time)
    v = (
        size**lag / (1 - size**2)
        if kind == "ar"
        else np.eye(n) + size**2 * (np.minimum(time[:, None], time) + 1)
    )
    columns = [np.ones(n), time, after]
    if seasonal:
        for j in range(1, 3 if n < 72 else 6):
            columns += [np.cos(2 * np.pi * j * time / 12), np.sin(2 * np.pi * j * time / 12)]
    x = np.column_stack(columns).astype(float)
    oracle = 2 * 1.96 * np.sqrt(np.linalg.inv(x.T @ np.linalg.solve(v, x))[2, 2])
    assert np.median(widths) <= 1.5 * oracle


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


def test_of_the_two_error_models_the_wider_is_shown() -> None:
    y = errors(np.random.default_rng(3), "drift", 0.4)
    found = interrupted_series(y, after=AFTER)
    width = (found.parts["high"] - found.parts["low"]).max()
    assert found.high - found.low == pytest.approx(width)
    assert found.parts["weight"].sum() == pytest.approx(1)


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
    assert {c.name: c.severity for c in checks}["season"] == "warning"


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
