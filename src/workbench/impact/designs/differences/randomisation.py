"""Permutation of who was treated: an effect judged by all the ways to choose the treated."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np

from workbench.arrays import Array, Mask
from workbench.impact.designs.differences.clusters import demean
from workbench.impact.designs.differences.inversion import not_rejected
from workbench.impact.inputs.panel import Panel

_PERMUTATIONS = 4999


def permutation(
    panel: Panel, *, level: float, rng: np.random.Generator | None = None
) -> tuple[float, float, float]:
    """Estimate of all effects that a permutation test does not reject, and the p-value of none.

    Under a constant effect tau, outcomes less tau times treatment are exchangeable between units;
    each re-assignment's estimate is linear in tau, so nothing is fitted twice.
    """
    g, k = len(panel.units), panel.n_treated
    groups = assignments(g, k, panel.treated, rng or np.random.default_rng(20251231))
    row = np.arange(g)
    d = groups[:, :, None] * panel.after[None, None, :].astype(float)
    y = demean(np.nan_to_num(panel.outcome), panel.weight, row)
    own = d[0]
    effects, shares = np.empty(len(d)), np.empty(len(d))
    for first in range(0, len(d), 256):
        part = slice(first, first + 256)
        x = demean(d[part], panel.weight, row)
        square = (panel.weight * x * x).sum(axis=(1, 2))
        effects[part] = (panel.weight * x * y).sum(axis=(1, 2)) / square
        shares[part] = (panel.weight * x * own).sum(axis=(1, 2)) / square

    def p_value(tau: float) -> float:
        null = np.abs(effects - tau * shares)
        return float((null >= null[0] * (1 - 1e-9)).mean())

    step = 4 * float(np.abs(effects - effects[0] * shares).max())
    if step == 0:
        return float(effects[0]), float(effects[0]), float("nan")
    low, high = not_rejected(p_value, float(effects[0]), step, level=level)
    return low, high, p_value(0.0)


def assignments(g: int, k: int, own: Mask, rng: np.random.Generator) -> Array:
    """Ways to choose k of g units, the true one first: all, or 4,999 drawn ones."""
    if comb(g, k) <= _PERMUTATIONS:
        sets = [own.astype(float)]
        for chosen in combinations(range(g), k):
            other = np.zeros(g)
            other[list(chosen)] = 1.0
            if not (other == own).all():
                sets.append(other)
        return np.array(sets)
    drawn = rng.permuted(np.tile(own.astype(float), (_PERMUTATIONS, 1)), axis=1)
    return np.vstack([own.astype(float), drawn])
