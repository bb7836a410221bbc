"""Cells of series: interrupted, beside comparison series, and chosen units beside themselves."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.calibration.cells import Answer, Cell
from workbench.impact import (
    CaseError,
    controlled_series,
    corrected_before_after,
    interrupted_series,
    reliability,
)
from workbench.impact.course import regressors

# Standard deviation of a drifting level's step, in those of the noise.
DRIFT = 0.3
MOVES = ("AR(1)", "drifting level", "season")


def _errors(rng: np.random.Generator, n: int, phi: float) -> np.ndarray:
    e = np.zeros(n)
    e[0] = rng.normal() / np.sqrt(1 - phi**2)
    for t in range(1, n):
        e[t] = phi * e[t - 1] + rng.normal()
    return e


def interrupted(
    rng: np.random.Generator, effect: float, *, points: int, phi: float, moves: str
) -> Answer:
    """Half of the points after the start; AR(1) errors, on a drifting level or with a season."""
    time, after = np.arange(points), np.arange(points) >= points // 2
    y = _errors(rng, points, phi) + 0.02 * time + effect * after
    if moves == "drifting level":
        y = y + np.cumsum(DRIFT * rng.normal(size=points))
    if moves == "season":
        y = y + np.cos(2 * np.pi * time / 12)
    season = 12 if moves == "season" else None
    try:
        found = interrupted_series(y, after=after, season=season)
    except CaseError:
        return None
    # the oracle knows the covariance of the errors
    lag = np.abs(np.subtract.outer(time, time))
    v = phi**lag / (1 - phi**2)
    if moves == "drifting level":
        v = v + DRIFT**2 * (np.minimum.outer(time, time) + 1)
    x, terms = regressors(points, after, season)
    variance = np.linalg.inv(x.T @ np.linalg.solve(v, x))
    at = terms.index("step")
    return found.low, found.high, 2 * 1.96 * float(np.sqrt(variance[at, at]))


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
            lambda rng, effect, n=points, p=phi, m=moves: interrupted(
                rng, effect, points=n, phi=p, moves=m
            ),
            runs=2400,
        )
        for moves in MOVES
        for points in (24, 48, 104)
        for phi in (0.0, 0.3, 0.6, 0.8)
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
