"""Blocks within which a lot is drawn, and what is read off one: adjusted for history."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.arrays import Array, Mask
from workbench.impact.effect import nothing_varies
from workbench.impact.inputs.panel import CaseError

Index = NDArray[np.int_]
# From here on the time before the last stretch is adjusted for, too.
_MANY_UNITS = 40


@dataclass(frozen=True)
class WithinBlocks:
    """Difference of treated and others within blocks.

    Attributes
    ----------
    effect, se, df : float
    """

    effect: float
    se: float
    df: float


def within(values: Array, block: Index) -> Array:
    """Take the mean of each block out of each column."""
    counts = np.bincount(block)
    columns = values.reshape(len(values), -1)
    means = np.column_stack([np.bincount(block, c) for c in columns.T]) / counts[:, None]
    return np.asarray((columns - means[block]).reshape(values.shape))


def compare_within(after: Array, before: Array, treated: Mask, block: Index) -> WithinBlocks:
    """Compare within blocks, at the same history: least squares with a constant for each block.

    Parameters
    ----------
    after : ndarray, shape (units,)
    before : ndarray, shape (units, k)
    treated : ndarray of bool, shape (units,)
    block : ndarray of int, shape (units,)
        From 0 on; one block where the lot was drawn among all.

    Raises
    ------
    CaseError
        No block has treated units and others, or too few units are left.

    References
    ----------
    Bruhn, McKenzie (2009), American Economic Journal: Applied Economics 1(4), 200-232 (what a lot
    was stratified by belongs into its analysis).
    """
    d = within(treated.astype(float), block)
    x = np.column_stack([d, within(before, block)])
    df = residual_df(len(after), block, before.shape[1]) - 1
    if not d @ d > 0 or df < 1:
        raise CaseError(
            "blocks leave nothing to compare",
            where="case.blocks",
            remedy="each block needs treated units and others; join blocks",
        )
    y = within(after, block)
    bread = np.linalg.pinv(x.T @ x)
    beta = bread @ (x.T @ y)
    left = y - x @ beta
    se = float(np.sqrt(left @ left / df * bread[0, 0]))
    if not se > 0:
        raise nothing_varies()
    return WithinBlocks(float(beta[0]), se, float(df))


def residual_df(n: int, block: Index, covariates: int) -> int:
    """Degrees of freedom that blocks and history leave, before the treatment takes one."""
    return n - len(np.unique(block)) - covariates


def blocks_by_history(history: Array, treated: int) -> Index:
    """Cut units into blocks of like history; each block has one treated unit, or one that is not.

    Parameters
    ----------
    history : ndarray, shape (units,)
    treated : int
    """
    n = len(history)
    count = min(treated, n - treated)
    block = np.empty(n, dtype=np.int64)
    block[np.argsort(history, kind="stable")] = np.arange(n) * count // n
    return block


def draw_within(block: Index, treated: int, rng: np.random.Generator) -> Mask:
    """Draw the treated by lot within blocks, in each its share; what is left over by lot, too."""
    n, chosen = len(block), np.zeros(len(block), dtype=bool)
    sizes = np.bincount(block)
    share = sizes * treated / n
    quota = np.floor(share).astype(int)
    spare = treated - int(quota.sum())
    if spare:
        part = share - quota
        # systematic sampling: each block is rounded up with the chance of what was cut off
        order = rng.permutation(len(sizes))
        ends = np.cumsum(part[order])
        marks = rng.random() + np.arange(spare)
        quota[order[np.minimum(np.searchsorted(ends, marks), len(sizes) - 1)]] += 1
    for b, wanted in enumerate(quota):
        chosen[rng.permutation(np.flatnonzero(block == b))[:wanted]] = True
    return chosen


def covariates_of(units: int) -> int:
    """How many stretches of history are adjusted for: the last, and with many units all before."""
    return 2 if units >= _MANY_UNITS else 1


def history_of(before: Array, length: int) -> Array:
    """Mean of the last stretch before the start, and with many units that of all before it."""
    last = before[:, -length:].mean(axis=1)
    if covariates_of(len(before)) == 1:
        return np.asarray(last[:, None])
    earlier = before[:, :-length] if before.shape[1] > length else before[:, :1]
    return np.asarray(np.column_stack([last, earlier.mean(axis=1)]))
