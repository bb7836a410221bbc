"""Parts of a change between two periods: their intervals, and which of them are more than chance.

What is divided is a function of sums over customers in either period. Whether a part is more than
chance is judged as if each customer's two periods could have come in the other order: they are
swapped at random, customer by customer, which leaves who somebody is and how much he buys as they
are. A part stands out where it is larger, in units of its own spread under these swaps, than the
largest part of nearly all of them.

References
----------
Westfall, Young (1993), Resampling-Based Multiple Testing, algorithm 2.8 (step-down maxima);
Pitman (1937), Supplement to the JRSS 4(1), 119-130 (swapped pairs); Chamandy et al. (2012),
Estimating Uncertainty for Massive Data Streams (weights drawn from Poisson's distribution).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from scipy import sparse

from workbench.arrays import Array
from workbench.errors import DataError
from workbench.stats.normals import root_of

#: From how many customers on sums over them are drawn from the normal distribution.
MANY: Final = 4000
DRAWS: Final = 999
_AT_ONCE: Final = 128

Divide = Callable[[Array, Array], Array]


class Parts(NamedTuple):
    """Parts of a change; arrays of shape (parts,).

    Attributes
    ----------
    estimate, low, high : ndarray
        Limits are percentiles of draws of the customers.
    p : ndarray
        Corrected for the number of parts; NaN where a part cannot be other than zero.
    """

    estimate: Array
    low: Array
    high: Array
    p: Array


def divided(
    before: sparse.csr_matrix,
    after: sparse.csr_matrix,
    divide: Divide,
    *,
    rng: np.random.Generator,
    families: int = 1,
    tested: int | None = None,
    draws: int = DRAWS,
) -> Parts:
    """Divide a change into parts, with intervals and p-values.

    Parameters
    ----------
    before, after : csr_matrix, shape (customers, sums)
        What each customer adds to each sum in either period.
    divide : callable
        Takes sums of both periods, of shape (draws, sums), and gives parts, (draws, parts).
    rng : numpy.random.Generator
    families : int
        How many such divisions are looked at together; p-values are multiplied by it.
    tested : int, optional
        How many of the first parts are tested, all by default; the others are sums of these.
    draws : int
    """
    n = before.shape[0]
    if n == 0:
        raise DataError("nobody bought in either period", remedy="choose longer periods")
    sums = [np.asarray(side.sum(axis=0), dtype=float).ravel()[None, :] for side in (before, after)]
    estimate = divide(sums[0], sums[1])[0]
    again = divide(*_resampled(before, after, sums, rng, draws))
    low, high = np.quantile(again, [0.025, 0.975], axis=0)
    swapped = divide(*_swapped(before, after, sums, rng, draws))
    k = estimate.size if tested is None else tested
    p = np.full(estimate.size, np.nan)
    p[:k] = np.minimum(stands_out(estimate[:k], swapped[:, :k]) * families, 1.0)
    return Parts(estimate, low, high, p)


def stands_out(estimate: Array, null: Array) -> Array:
    """Give p-values corrected for the number of parts, by step-down maxima.

    Parameters
    ----------
    estimate : ndarray, shape (parts,)
    null : ndarray, shape (draws, parts)
        Parts where chance alone moves them.
    """
    scale = np.sqrt(np.mean(np.square(null), axis=0))
    size = max(float(np.abs(estimate).max(initial=0.0)), float(np.abs(null).max(initial=0.0)))
    free = np.flatnonzero(scale > 1e-12 * size)
    p = np.full(estimate.size, np.nan)
    if not free.size:
        return p
    t = np.abs(estimate[free]) / scale[free]
    drawn = np.abs(null[:, free]) / scale[free]
    order = np.argsort(-t)
    # of each part the largest among it and those that stand out less
    most = np.maximum.accumulate(drawn[:, order][:, ::-1], axis=1)[:, ::-1]
    above = (most >= t[order] * (1 - 1e-12)).sum(axis=0)
    p[free[order]] = np.maximum.accumulate((1 + above) / (1 + len(null)))
    return p


def _swapped(
    before: sparse.csr_matrix,
    after: sparse.csr_matrix,
    sums: list[Array],
    rng: np.random.Generator,
    draws: int,
) -> tuple[Array, Array]:
    """Add up both periods where each customer's were swapped by the toss of a coin."""
    move = (after - before).tocsr()
    n, k = move.shape
    if n > MANY:
        moved = move.sum(axis=0) / 2 + _normal(move, rng, draws) / 2
    else:
        moved = np.empty((draws, k))
        for at in range(0, draws, _AT_ONCE):
            some = min(_AT_ONCE, draws - at)
            coins = rng.integers(0, 2, (some, n), dtype=np.int8).astype(float)
            moved[at : at + some] = (move.T @ coins.T).T
    moved = np.asarray(moved)
    return np.maximum(sums[0] + moved, 0.0), np.maximum(sums[1] - moved, 0.0)


def _resampled(
    before: sparse.csr_matrix,
    after: sparse.csr_matrix,
    sums: list[Array],
    rng: np.random.Generator,
    draws: int,
) -> tuple[Array, Array]:
    """Add up both periods over customers drawn anew, how many there are by chance, too."""
    both = sparse.hstack([before, after]).tocsr()
    n, k = both.shape[0], before.shape[1]
    if n > MANY:
        drawn = np.hstack(sums) + _normal(both, rng, draws)
    else:
        drawn = np.empty((draws, 2 * k))
        for at in range(0, draws, _AT_ONCE):
            some = min(_AT_ONCE, draws - at)
            weight = rng.poisson(1.0, (some, n)).astype(float)
            drawn[at : at + some] = (both.T @ weight.T).T
    drawn = np.maximum(np.asarray(drawn), 0.0)
    return drawn[:, :k], drawn[:, k:]


def _normal(each: sparse.csr_matrix, rng: np.random.Generator, draws: int) -> Array:
    """Draw sums whose covariance is that of independent customers."""
    spread = np.asarray((each.T @ each).todense(), dtype=float)
    scale = np.sqrt(np.maximum(np.diagonal(spread), 1e-300))
    root = root_of(spread / np.outer(scale, scale))
    return np.asarray(rng.standard_normal((draws, len(scale))) @ root.T * scale)
