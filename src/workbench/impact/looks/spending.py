"""The chance of a false alarm, spent look by look: how much, and the bound that spends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from workbench.arrays import Array
from workbench.stats.normals import root_of
from workbench.study import LookPlan

_DRAWS, _SEED, _HALVINGS = 100_000, 20251231, 12
# Fewest drawn courses beyond a bound that tell where it lies.
_TELL = 3
#: Look by which half of the chance is spent where no end is planned: later for longer trials, and
#: from four looks to a year of weeks about the soonest verdict on average (benchmarks/looks.md).
HALF_BY = 6
#: Bound, in standard errors, from which on nothing is told: no tail is known that far out.
NEVER = 7.0


def spent(at: NDArray[Any], plan: LookPlan, alpha: float) -> Array:
    """Chance of a false alarm that has been spent after each look.

    Parameters
    ----------
    at : ndarray of int
        Number of each look, counted by periods from the start.
    plan : LookPlan
    alpha : float

    References
    ----------
    Lan, DeMets (1983), Biometrika 70(3), 659-663; (1989), Biometrics 45(3), 1017-1020 (by calendar
    time).
    """
    k = np.asarray(at, dtype=float)
    if plan.planned is None:
        return np.asarray(alpha * k / (k + HALF_BY))
    share = np.minimum(k / plan.planned, 1.0)
    if plan.spending == "obrien-fleming":
        # a half of the chance on either side
        return np.asarray(4 * ndtr(-ndtri(1 - alpha / 4) / np.sqrt(share)))
    if plan.spending == "pocock":
        return np.asarray(alpha * np.log1p(np.expm1(1) * share))
    return np.asarray(alpha * share)


def courses(together: Array) -> Array:
    """Draw courses of the standardised estimate where there is no effect: (draws, looks).

    Parameters
    ----------
    together : ndarray, shape (looks, looks)
        How the estimates of the looks correlate.
    """
    root = root_of(together)
    drawn: Array = np.abs(np.random.default_rng(_SEED).normal(size=(_DRAWS, len(root))) @ root.T)
    return drawn


def bounds(paths: Array, total: Array, alpha: float) -> Array:
    """Give the bound of each look, in standard errors, that spends what it may.

    Parameters
    ----------
    paths : ndarray, shape (draws, looks)
        Normal courses without an effect.
    total : ndarray, shape (looks,)
        What may have been spent after each look.
    alpha : float
        Of one look alone, which no look goes below.
    """
    alone = float(ndtri(1 - alpha / 2))

    def beyond(share: float) -> float:
        # beyond what was drawn: the bound of a look alone that spends as little
        return float(-ndtri(share / 2)) if share > 0 else np.inf

    return _spend(paths, total, _TELL, beyond, alone, NEVER)


def exact_bounds(paths: Array, total: Array) -> Array:
    """Give the bound of each look where the courses are all there are, as of re-assignments."""
    return _spend(paths, total, 1, lambda share: np.inf, 0.0, np.inf)


def _spend(
    paths: Array,
    total: Array,
    tell: int,
    beyond: Callable[[float], float],
    least: float,
    farthest: float,
) -> Array:
    factor, alive, left = [], np.ones(len(paths), dtype=bool), 0.0
    for k in range(paths.shape[1]):
        share = float(total[k]) - left
        place = int(np.floor(share * len(paths) + 1e-9))
        own = paths[alive, k]
        if len(own) > place >= tell:
            bound = float(np.partition(own, len(own) - 1 - place)[len(own) - 1 - place])
        else:
            bound = beyond(share)
        bound = max(bound, least)
        bound = np.inf if bound > farthest else bound
        # of courses that lie on the bound none has crossed it
        alive &= paths[:, k] <= bound * (1 + 1e-9)
        left = 1 - float(alive.mean())
        factor.append(bound)
    return np.array(factor)


def smallest_level(crossed: Callable[[float], bool]) -> float:
    """Smallest chance of a false alarm at which the last look crosses its bound."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        alpha = (low + high) / 2
        low, high = (low, alpha) if crossed(alpha) else (alpha, high)
    return high
