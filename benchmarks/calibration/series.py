"""Cells of series: interrupted, beside comparison series, and chosen units beside themselves."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.calibration.cells import Answer, Cell
from benchmarks.calibration.many import intervals
from workbench.impact import (
    CaseError,
    controlled_series,
    corrected_before_after,
    interrupted_series,
    reliability,
)
from workbench.impact.inputs.series import regressors

# Standard deviation of a drifting level's step, in those of the noise.
DRIFT = 0.3
MOVES = ("AR(1)", "drifting level", "season")


def _errors(rng: np.random.Generator, n: int, phi: float, series: int) -> np.ndarray:
    e = np.zeros((n, series))
    e[0] = rng.normal(size=series) / np.sqrt(1 - phi**2)
    for t in range(1, n):
        e[t] = phi * e[t - 1] + rng.normal(size=series)
    return e


def interrupted(
    rng: np.random.Generator, effects: np.ndarray, *, points: int, phi: float, moves: str
) -> tuple[np.ndarray, np.ndarray, float]:
    """Half of the points after the start; AR(1) errors, on a drifting level or with a season."""
    y, after, season = drawn(rng, effects, points=points, phi=phi, moves=moves)
    low, high = intervals(y, after, season)
    # the oracle knows the covariance of the errors
    time = np.arange(points)
    lag = np.abs(np.subtract.outer(time, time))
    v = phi**lag / (1 - phi**2)
    if moves == "drifting level":
        v = v + DRIFT**2 * (np.minimum.outer(time, time) + 1)
    x, terms = regressors(points, after, season)
    variance = np.linalg.inv(x.T @ np.linalg.solve(v, x))
    at = terms.index("step")
    return low, high, 2 * 1.96 * float(np.sqrt(variance[at, at]))


def drawn(
    rng: np.random.Generator, effects: np.ndarray, *, points: int, phi: float, moves: str
) -> tuple[np.ndarray, np.ndarray, int | None]:
    """Draw series, one a column: values, marks of before and after, periods in a year."""
    time, after = np.arange(points), np.arange(points) >= points // 2
    y = _errors(rng, points, phi, len(effects)) + 0.02 * time[:, None] + np.outer(after, effects)
    if moves == "drifting level":
        y = y + np.cumsum(DRIFT * rng.normal(size=y.shape), axis=0)
    if moves == "season":
        y = y + np.cos(2 * np.pi * time / 12)[:, None]
    return y, after, 12 if moves == "season" else None


def bending(
    rng: np.random.Generator, effects: np.ndarray, *, before: int, phi: float, change: float
) -> tuple[np.ndarray, np.ndarray, float]:
    """48 points, the last twelve after the start; the trend bends some periods before it."""
    time, after = np.arange(48), np.arange(48) >= 36
    course = 0.25 * time + change * np.maximum(time - (36 - before), 0)
    y = _errors(rng, 48, phi, len(effects)) + course[:, None] + np.outer(after, effects)
    low, high = intervals(y, after, None)
    # the oracle knows the place of the bend and the covariance of the errors
    lag = np.abs(np.subtract.outer(time, time))
    v = phi**lag / (1 - phi**2)
    x = np.column_stack([np.ones(48), time, np.maximum(time - (36 - before), 0), after])
    variance = np.linalg.inv(x.T @ np.linalg.solve(v, x))[3, 3]
    return low, high, 2 * 1.96 * float(np.sqrt(variance))


def short(rng: np.random.Generator, effect: float) -> Answer:
    """Seven points after the start."""
    after = np.arange(24) >= 17
    try:
        found = interrupted_series(rng.normal(size=24) + effect * after, after=after)
    except CaseError:
        return None
    return found.low, found.high, 1.0


def controlled(rng: np.random.Generator, effect: float, *, points: int, drift: float) -> Answer:
    """Three comparison series, a third of the points after the start."""
    z = rng.normal(size=(points, 3)).cumsum(axis=0)
    after = np.arange(points) >= 2 * points // 3
    y = z @ [1.0, 0.5, 0.2] + np.cumsum(drift * rng.normal(size=points)) + rng.normal(size=points)
    found = controlled_series(y + effect * after, pd.DataFrame(z), after=after)
    # the oracle knows the ratio of drift and noise, and forecasts like this design
    time = np.arange(points)
    v = np.eye(points) + drift**2 * (np.minimum.outer(time, time) + 1)
    x = np.column_stack([np.ones(points), z])
    share = after / after.sum()
    inverse = np.linalg.inv(v[np.ix_(~after, ~after)])
    gain = share[after] @ v[np.ix_(after, ~after)] @ inverse
    loading = share[after] @ x[after] - gain @ x[~after]
    variance = share @ v @ share - gain @ v[np.ix_(~after, after)] @ share[after]
    variance += loading @ np.linalg.inv(x[~after].T @ inverse @ x[~after]) @ loading
    return found.low, found.high, 2 * 1.96 * float(np.sqrt(variance))


def returning(rng: np.random.Generator, effect: float, *, rho: float, worst: bool) -> Answer:
    """200 units measured twice before and once after; a quarter chosen by the second value."""
    lasting = np.sqrt(rho) * rng.normal(size=200)
    first, second, third = (lasting + np.sqrt(1 - rho) * rng.normal(size=200) for _ in range(3))
    order = np.argsort(second) if worst else rng.permutation(200)
    chosen = np.isin(np.arange(200), order[:50])
    found = corrected_before_after(
        second[chosen], third[chosen] + effect, reliability(first, second), chosen=chosen
    )
    # the oracle knows the reliability and the mean
    return found.low, found.high, 2 * 1.96 * float(np.sqrt((1 - rho**2) / 50))


def cells() -> list[Cell]:
    """All cells of this module."""
    grid = [
        Cell(
            "interrupted time series",
            {"points": points, "autocorrelation": phi, "moves": moves},
            many=lambda rng, effects, n=points, p=phi, m=moves: interrupted(
                rng, effects, points=n, phi=p, moves=m
            ),
            runs=1000,
        )
        for moves in MOVES
        for points in (24, 48, 104)
        for phi in (0.0, 0.3, 0.6, 0.8)
    ]
    grid += [
        Cell(
            "interrupted time series whose trend bends",
            {"periods before the start": before, "autocorrelation": phi, "slope after": 0.25 + by},
            many=lambda rng, effects, b=before, p=phi, c=by: bending(
                rng, effects, before=b, phi=p, change=c
            ),
            runs=1000,
        )
        for before in (6, 12)
        for phi in (0.0, 0.5)
        for by in (-0.1, -0.25, -0.5)
    ]
    grid.append(
        Cell(
            "interrupted time series, seven points after",
            {"points": 24},
            short,
            refusal=True,
        )
    )
    grid += [
        Cell(
            "series with controls",
            {"points": points, "drift": drift},
            lambda rng, effect, n=points, d=drift: controlled(rng, effect, points=n, drift=d),
        )
        for points in (60, 200)
        for drift in (0.1, 0.3, 0.5)
    ]
    return grid + [
        Cell(
            "before and after, return to the mean taken out",
            {"reliability": rho, "chosen": "worst quarter" if worst else "by lot"},
            lambda rng, effect, r=rho, w=worst: returning(rng, effect, rho=r, worst=w),
        )
        for rho in (0.5, 0.7, 0.9)
        for worst in (False, True)
    ]
