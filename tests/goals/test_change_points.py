"""The chart behind alerts rings as seldom as promised, and as soon."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm, t

from benchmarks import alerts as measured
from workbench.goals.change_points import (
    LIMITS,
    PHI,
    Expected,
    expect,
    last_windows,
    likely_phi,
    limit_for,
    odds_of_phi,
    pull,
    scores,
)

#: Of a tenth of the draws: two standard errors are three times as wide.
FEW = 100


@pytest.mark.parametrize("phi", measured.AR1)
def test_at_most_one_false_alarm_a_study_year(phi: float) -> None:
    assert measured.false_alarms(phi, FEW) <= 1 + 2 * FEW**-0.5


def test_shifts_of_a_known_baseline_ring_in_time() -> None:
    least = 0.95 - 2 * (0.95 * 0.05 / 400) ** 0.5
    for of, a_year, shift, within in measured.TARGETS:
        share = measured.found_within(shift, within, base=0, a_year=a_year, draws=400)
        assert share >= least, (of, shift, within)


@pytest.mark.slow
def test_all_that_is_promised_of_alerts_holds() -> None:
    missed = [line.line() for line in measured.table(1000) if line.holds is False]
    assert not missed


def test_one_window_without_autocorrelation_is_the_t_test_of_a_prediction() -> None:
    rng = np.random.default_rng(3)
    base, later = rng.normal(5, 2, (1, 20)), rng.normal(9, 2, (1, 4))
    expected = expect(base, last_windows(4), np.arange(24))
    only = np.where(np.arange(len(PHI)) == 0, 1.0, 1e-300)[:, None]
    found = scores(expected, later @ last_windows(4).T, only)[0, 3]
    off = (later.mean() - base.mean()) / (base.std(ddof=1) * np.sqrt(1 / 4 + 1 / 20))
    assert found == pytest.approx(norm.isf(t.sf(off, 19)), rel=1e-6)


def test_the_errors_of_a_window_are_those_of_generalised_least_squares() -> None:
    """Against the textbook formulas with whole covariance matrices, gaps and weights included."""
    rng = np.random.default_rng(4)
    step = np.array([0, 1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19])
    scale, n = rng.uniform(0.5, 2, step.size), 13
    y = rng.normal(3, 1, (1, step.size)) * scale
    windows = last_windows(step.size - n)
    expected = expect(y[:, :n], windows, step, scale=scale)
    for place, phi in enumerate(PHI):
        r = phi ** np.abs(step[:, None] - step).astype(float) if phi else np.eye(step.size)
        v = r * scale[:, None] * scale
        inverse, x = np.linalg.inv(v[:n, :n]), np.ones((n, 1))
        a = np.vstack([np.zeros((n, len(windows))), windows.T])
        c, own = v[:n] @ a, np.einsum("iw,ij,jw->w", a, v, a)
        spread = 1 / (x.T @ inverse @ x)
        level = spread @ x.T @ inverse @ y[0, :n]
        residual = y[0, :n] - level
        centre = level + c.T @ inverse @ residual
        lever = 1 - c.T @ inverse @ x
        s2 = residual @ inverse @ residual / (n - 1)
        error = s2 * (own - np.einsum("iw,ij,jw->w", c, inverse, c) + lever[:, 0] ** 2 * spread[0])
        assert expected.centre[place, 0] == pytest.approx(centre, rel=1e-9)
        assert expected.error[place, 0] ** 2 == pytest.approx(error, rel=1e-9)


def test_records_watched_together_tell_one_another_of_their_autocorrelation() -> None:
    series = measured.ar1(9, 0.6, (60, 24))
    expected = expect(series, np.ones((1, 1)), np.arange(25))
    odds = odds_of_phi(likely_phi(expected))[:, 0]
    assert odds.sum() == pytest.approx(1)
    assert 0.45 <= float(odds @ np.array(PHI)) <= 0.75


def test_a_season_is_no_alarm_and_hides_none() -> None:
    month = np.arange(48)
    rng = np.random.default_rng(5)
    wave = 3 * np.sin(2 * np.pi * month / 12) + rng.normal(0, 1, (40, 48))
    december = 8.0 * (month % 12 == 11) + rng.normal(0, 1, (40, 48))
    for series, hidden in ((wave, 20), (december, 40)):
        moved = series + 4.0 * (month >= 44)
        rung = {
            (season, which): int(
                (measured.peaks(x, 36, season=season) > limit_for(36, 480)).any(axis=1).sum()
            )
            for season in (0, 12)
            for which, x in (("quiet", series), ("moved", moved))
        }
        assert rung[12, "quiet"] <= 3
        assert rung[12, "moved"] >= 34
        assert rung[0, "moved"] < hidden


def test_limits_widen_with_the_baseline_and_with_what_is_watched() -> None:
    sizes = list(LIMITS)
    for row, wider in zip(LIMITS.values(), list(LIMITS.values())[1:], strict=False):
        assert all(a < b for a, b in zip(row, wider, strict=True))
    assert limit_for(30, 480) == pytest.approx(
        np.interp(1 / 30, [1 / 36, 1 / 24], [LIMITS[36][2], LIMITS[24][2]])
    )
    assert limit_for(5, 480) == LIMITS[12][2]
    assert limit_for(sizes[-1] * 9, 60_000) > LIMITS[400][-1]


def test_a_known_level_is_charted_as_a_normal_mean() -> None:
    known = Expected(
        np.zeros((1, 1)), np.zeros(1, dtype=np.int64), np.array([1e9]), np.zeros((1, 1, 1)),
        np.full((1, 1, 1), 0.5),
    )  # fmt: skip
    assert scores(known, np.array([[2.0]]))[0, 0] == pytest.approx(4, rel=1e-5)
    assert scores(known, np.array([[-2.0]]))[0, 0] == pytest.approx(-4, rel=1e-5)
    assert pull(np.array([-4.0]), 4) == pytest.approx(3.85)
