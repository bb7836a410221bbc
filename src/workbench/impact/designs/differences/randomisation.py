"""Intervals of all effects that a test does not reject: permutation, and the wild bootstrap."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, product
from math import comb
from typing import Literal

import numpy as np

from workbench.arrays import Array, Mask
from workbench.impact.designs.design import seeded
from workbench.impact.designs.differences.clusters import SlopeByUnit, demean
from workbench.impact.inputs.panel import Panel

Weights = Literal["auto", "webb", "rademacher"]

_DOUBLINGS = 8
_HALVINGS = 50
_DRAWS = 4999
_ENUMERATED = 10_000
# Below, two-point weights give too few different samples for a 5 % verdict to be smooth.
_WEBB_BELOW = 13
_WEBB = np.concatenate([-np.sqrt([1.5, 1.0, 0.5]), np.sqrt([0.5, 1.0, 1.5])])


def not_rejected(
    p_value: Callable[[float], float], centre: float, step: float, *, level: float
) -> tuple[float, float]:
    """Limits of the effects that a test lets stand.

    Parameters
    ----------
    p_value : callable
        p-value of the hypothesis that the effect is so large.
    centre : float
        The estimate, which is not rejected.
    step : float
        About the width of the interval; the search goes up to 256 times as far.
    level : float

    Returns
    -------
    tuple of float
        Low and high; infinite where the test never rejects.
    """
    alpha = 1 - level
    limits = []
    for side in (-1.0, 1.0):
        near, far = centre, centre + side * step
        for _ in range(_DOUBLINGS):
            if p_value(far) <= alpha:
                break
            near, far = far, centre + 2 * (far - centre)
        else:
            limits.append(side * float("inf"))
            continue
        for _ in range(_HALVINGS):
            middle = (near + far) / 2
            if middle in (near, far):
                break
            if p_value(middle) > alpha:
                near = middle
            else:
                far = middle
        limits.append(far)
    return float(limits[0]), float(limits[1])


def permutation(
    panel: Panel, *, level: float, rng: np.random.Generator | None = None
) -> tuple[float, float, float]:
    """Estimate of all effects that a permutation test does not reject, and the p-value of none.

    Under a constant effect tau, outcomes less tau times treatment are exchangeable between units;
    each re-assignment's estimate is linear in tau, so nothing is fitted twice.
    """
    g, k = len(panel.units), panel.n_treated
    groups = assignments(g, k, panel.treated, seeded(rng))
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
    if comb(g, k) <= _DRAWS:
        sets = [own.astype(float)]
        for chosen in combinations(range(g), k):
            other = np.zeros(g)
            other[list(chosen)] = 1.0
            if not (other == own).all():
                sets.append(other)
        return np.array(sets)
    drawn = rng.permuted(np.tile(own.astype(float), (_DRAWS, 1)), axis=1)
    return np.vstack([own.astype(float), drawn])


def wild_bootstrap(
    clusters: SlopeByUnit,
    *,
    level: float,
    weights: Weights = "auto",
    rng: np.random.Generator | None = None,
) -> tuple[float, float, float]:
    """Estimate and p-value of an effect from restricted residuals (WCR, t-statistics of CR1).

    Each cluster's residuals under the hypothesis are multiplied by one random weight; the interval
    holds every effect that this test does not reject. The statistic is linear algebra in the
    weights, so that nothing is fitted twice.

    Parameters
    ----------
    clusters : SlopeByUnit
    level : float
    weights : {"auto", "webb", "rademacher"}
        "auto": Webb's six points below 13 clusters, two points from there on. All samples of
        them are taken where there are at most 10,000, else 4,999 drawn ones.
    rng : numpy.random.Generator, optional
        A fixed seed when left out, so that the same data give the same answer.

    Returns
    -------
    tuple of float
        Low, high, p.

    References
    ----------
    Cameron, Gelbach, Miller (2008), Review of Economics and Statistics 90(3), 414-427; Webb (2023),
    Canadian Journal of Economics 56(3), 839-858; Roodman, MacKinnon, Nielsen, Webb (2019), Stata
    Journal 19(1), 4-60 (inversion).
    """
    c = clusters
    v, listed = _weights(len(c.score_y), weights, rng)
    # rows: samples; what each cluster's score is made of, apart from the hypothesis tau
    sum_y, sum_x = v @ c.score_y, v @ c.score_x
    cross_y, cross_x = v @ c.cross_y.T, v @ c.cross_x.T
    own = float(np.sqrt(np.square(c.score_y - c.effect * c.score_x).sum()))

    def p_value(tau: float) -> float:
        moved = (sum_y - tau * sum_x) / c.square
        scores = cross_y - tau * cross_x - np.outer(moved, c.score_x)
        error = np.sqrt(np.square(scores).sum(axis=1))
        t = np.abs(moved) * c.square
        seen = abs(c.effect - tau) * c.square
        # t >= seen, written without a division: a sample without spread counts as extreme
        extreme = int((t * own >= seen * error * (1 - 1e-9)).sum())
        return extreme / len(v) if listed else (1 + extreme) / (1 + len(v))

    step = 4 * own / c.square
    if step == 0:
        return c.effect, c.effect, float("nan")
    low, high = not_rejected(p_value, c.effect, step, level=level)
    return low, high, p_value(0.0)


def _weights(g: int, kind: Weights, rng: np.random.Generator | None) -> tuple[Array, bool]:
    """Draw samples of cluster weights, and say whether these are all there are."""
    if kind == "auto":
        kind = "webb" if g < _WEBB_BELOW else "rademacher"
    points = _WEBB if kind == "webb" else np.array([-1.0, 1.0])
    if len(points) ** g <= _ENUMERATED:
        return np.array(list(product(points, repeat=g))), True
    source = seeded(rng)
    return points[source.integers(0, len(points), (_DRAWS, g))], False
