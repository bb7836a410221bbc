"""The restricted wild cluster bootstrap of an effect, for few clusters."""

from __future__ import annotations

from itertools import product
from typing import Literal

import numpy as np

from workbench.arrays import Array
from workbench.impact.designs.differences.clusters import Clusters
from workbench.impact.designs.differences.inversion import not_rejected

Weights = Literal["auto", "webb", "rademacher"]

_DRAWS = 4999
_ENUMERATED = 10_000
# Below, two-point weights give too few different samples for a 5 % verdict to be smooth.
_WEBB_BELOW = 13
_WEBB = np.concatenate([-np.sqrt([1.5, 1.0, 0.5]), np.sqrt([0.5, 1.0, 1.5])])


def wild_bootstrap(
    clusters: Clusters,
    *,
    level: float,
    weights: Weights = "auto",
    draws: int = _DRAWS,
    rng: np.random.Generator | None = None,
) -> tuple[float, float, float]:
    """Estimate and p-value of an effect from restricted residuals (WCR, t-statistics of CR1).

    Each cluster's residuals under the hypothesis are multiplied by one random weight; the interval
    holds every effect that this test does not reject. The statistic is linear algebra in the
    weights, so that nothing is fitted twice.

    Parameters
    ----------
    clusters : Clusters
    level : float
    weights : {"auto", "webb", "rademacher"}
        "auto": Webb's six points below 13 clusters, two points from there on.
    draws : int
        Samples of weights; all of them where there are at most 10,000.
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
    v, listed = _weights(len(c.score_y), weights, draws, rng)
    # rows: samples; what each cluster's score is made of, apart from the hypothesis tau
    sum_y, sum_x = v @ c.score_y, v @ c.score_x
    cross_y, cross_x = v @ c.cross_y.T, v @ c.cross_x.T
    own = float(np.sqrt(np.square(c.score_y - c.effect * c.score_x).sum()))

    def p_value(tau: float) -> float:
        moved = (sum_y - tau * sum_x) / c.square
        scores = cross_y - tau * cross_x - np.outer(moved, c.score_x)
        spread = np.sqrt(np.square(scores).sum(axis=1))
        t = np.abs(moved) * c.square
        seen = abs(c.effect - tau) * c.square
        # t >= seen, written without a division: a sample without spread counts as extreme
        extreme = int((t * own >= seen * spread * (1 - 1e-9)).sum())
        return extreme / len(v) if listed else (1 + extreme) / (1 + len(v))

    step = 4 * own / c.square
    if step == 0:
        return c.effect, c.effect, float("nan")
    low, high = not_rejected(p_value, c.effect, step, level=level)
    return low, high, p_value(0.0)


def _weights(
    g: int, kind: Weights, draws: int, rng: np.random.Generator | None
) -> tuple[Array, bool]:
    """Draw samples of cluster weights, and say whether these are all there are."""
    if kind == "auto":
        kind = "webb" if g < _WEBB_BELOW else "rademacher"
    points = _WEBB if kind == "webb" else np.array([-1.0, 1.0])
    if len(points) ** g <= _ENUMERATED:
        return np.array(list(product(points, repeat=g))), True
    source = rng or np.random.default_rng(20251231)
    return points[source.integers(0, len(points), (draws, g))], False
