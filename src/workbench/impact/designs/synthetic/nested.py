"""Synthetic control weights: donors chosen by predictors, predictors weighed by the fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from workbench.arrays import Array
from workbench.impact.designs.synthetic.donor_weights import closest_mixture

# An importance below exp(-14) of the largest is none.
_SMALLEST = -14.0


@dataclass(frozen=True)
class Mixture:
    """A synthetic unit.

    Attributes
    ----------
    weights : ndarray, shape (donors,)
    importance : ndarray, shape (predictors,)
        Summing to one.
    mspe : float
        Mean squared gap of the outcome before the start.
    """

    weights: Array
    importance: Array
    mspe: float


def fit_mixture(
    predictors: Array,
    own: Array,
    outcome: Array,
    observed: Array,
    *,
    starts: int,
    rng: np.random.Generator,
    first: Array | None = None,
) -> Mixture:
    """Choose donors' weights by predictors whose importance makes the outcome before fit best.

    Parameters
    ----------
    predictors : ndarray, shape (k, donors)
    own : ndarray, shape (k,)
        Of the treated unit.
    outcome : ndarray, shape (periods before, donors)
    observed : ndarray, shape (periods before,)
    starts : int
        Random starts of the search, beside equal importance, importance by regression and
        one predictor at a time.
    rng : numpy.random.Generator
    first : ndarray, optional
        Importance to search from; then nothing else is tried.

    References
    ----------
    Abadie, Diamond, Hainmueller (2010), JASA 105(490), 493-505, section 2.3; Abadie, Diamond,
    Hainmueller (2011), Journal of Statistical Software 42(13) (search over V).
    """
    spread = np.column_stack([predictors, own]).std(axis=1, ddof=1)
    spread = np.where(spread > 0, spread, 1.0)
    gaps = (predictors - own[:, None]) / spread[:, None]
    left = outcome - observed[:, None]

    def mixture(log_importance: Array) -> Array:
        v = np.exp(np.clip(log_importance - log_importance.max(), _SMALLEST, 0) / 2)
        return closest_mixture(v[:, None] * gaps)

    def loss(log_importance: Array) -> float:
        return float(np.square(left @ mixture(log_importance)).mean())

    if len(own) == 1:
        weights = closest_mixture(gaps)
        return Mixture(weights, np.ones(1), float(np.square(left @ weights).mean()))
    if first is not None:
        start = np.log(np.maximum(first / first.max(), np.exp(_SMALLEST)))
        value, best = _search(loss, start, evaluations=40 * len(own))
        return _chosen(mixture(best), best, left)
    tried = _starts(gaps, predictors / spread[:, None], outcome, starts, rng)
    rough = sorted(((loss(v), i) for i, v in enumerate(tried)))
    kept = [tried[i] for _, i in rough[: max(3, len(rough) // 2)]]
    found = [_search(loss, v, evaluations=60 * len(own)) for v in kept]
    found.sort(key=lambda result: result[0])
    value, best = found[0]
    for _ in range(3):
        again, place = _search(loss, best, evaluations=100 * len(own))
        if again >= value * (1 - 1e-6):
            break
        value, best = again, place
    return _chosen(mixture(best), best, left)


def _chosen(weights: Array, log_importance: Array, left: Array) -> Mixture:
    v = np.exp(np.clip(log_importance - log_importance.max(), _SMALLEST, 0))
    return Mixture(weights, v / v.sum(), float(np.square(left @ weights).mean()))


def _search(
    loss: Callable[[Array], float], start: Array, *, evaluations: int
) -> tuple[float, Array]:
    k = len(start)
    simplex = np.vstack([start, start + 2.0 * np.eye(k)])
    done = minimize(
        loss,
        start,
        method="Nelder-Mead",
        options={"maxfev": evaluations, "initial_simplex": simplex, "xatol": 1e-3, "fatol": 1e-7},
    )
    return float(done.fun), np.asarray(done.x)


def _starts(
    gaps: Array, scaled: Array, outcome: Array, random: int, rng: np.random.Generator
) -> list[Array]:
    k = len(gaps)
    # by regression: how far the outcome before hangs on each predictor
    x = np.column_stack([np.ones(scaled.shape[1]), scaled.T])
    slopes = np.linalg.pinv(x) @ outcome.T
    by_regression = np.square(slopes[1:]).sum(axis=1)
    alone = [np.where(np.arange(k) == i, 0.0, -4.0) for i in range(k)]
    drawn = [np.log(np.maximum(rng.dirichlet(np.ones(k)), 1e-6)) for _ in range(random)]
    floor = float(by_regression.max()) * np.exp(_SMALLEST) or 1.0
    return [np.zeros(k), np.log(np.maximum(by_regression, floor)), *alone, *drawn]
