"""The mixture of donors that a synthetic unit is: weights, by outcome alone or by predictors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize, nnls

from workbench.arrays import Array
from workbench.impact.inputs.panel import CaseError, Panel
from workbench.results import Finding

# An importance below exp(-14) of the largest is none.
_SMALLEST = -14.0


def without_holes(panel: Panel) -> tuple[Panel, list[Finding]]:
    """Leave out units that were not seen in every period, and say so."""
    n = int((~panel.complete).sum())
    if not n:
        return panel, []
    told = Finding(
        "unbalanced",
        "{n} comparison units were not seen in every period and are left out.",
        {"n": n},
    )
    return panel.select(panel.complete), [told]


def closest_mixture(gaps: Array, *, ridge: float = 0.0) -> Array:
    """Find the mixture of donors with the least sum of squared gaps.

    Parameters
    ----------
    gaps : ndarray, shape (features, donors)
        Each donor's features less those of the unit to be matched.
    ridge : float
        Penalty on the sum of squared weights.

    Returns
    -------
    ndarray, shape (donors,)

    Notes
    -----
    With weights u = s w, sum(w) = 1, the least of |G u|^2 + (sum(u) - 1)^2 over s is
    q / (1 + q), q = |G w|^2, which grows with q; so non-negative least squares, made to sum to
    one afterwards, gives the mixture exactly (Lawson, Hanson 1974, chapter 23).
    """
    donors = gaps.shape[1]
    size = float(np.sqrt(np.square(gaps).mean()))
    rows = [gaps / size if size > 0 else gaps]
    if ridge > 0:
        rows.append(np.sqrt(ridge) / (size or 1.0) * np.eye(donors))
    rows.append(np.ones((1, donors)))
    system = np.vstack(rows)
    target = np.zeros(len(system))
    target[-1] = 1.0
    weights, _ = nnls(system, target, maxiter=max(50 * donors, 500))
    mixture: Array = weights / weights.sum()
    return mixture


def stopped_early(gaps: Array, *, ridge: float, noise: float) -> Array:
    """Approach the same mixture step by step, stopping where the authors of SDID do.

    Parameters
    ----------
    gaps : ndarray, shape (features, donors)
    ridge : float
        Penalty on the mean square: the loss is |G w|^2 / features + ridge |w|^2.
    noise : float
        Spread of the donors' changes; a step must lessen the loss by (noise / 100,000)^2.

    References
    ----------
    Arkhangelsky et al. (2021), American Economic Review 111(12), 4088-4118, and its package
    synthdid (Frank-Wolfe; a first pass of 100 steps, small weights set to zero, a second pass).
    """
    stop = (1e-5 * noise) ** 2
    rough = _frank_wolfe(gaps, ridge, stop, 100, np.full(gaps.shape[1], 1 / gaps.shape[1]))
    rough = np.where(rough <= rough.max() / 4, 0.0, rough)
    return _frank_wolfe(gaps, ridge, stop, 10_000, rough / rough.sum())


def _frank_wolfe(gaps: Array, ridge: float, tolerance: float, steps: int, w: Array) -> Array:
    features = len(gaps)
    eta, last = features * ridge, float("inf")
    for step in range(steps):
        fitted = gaps @ w
        slope = fitted @ gaps + eta * w
        move = -w.copy()
        best = int(np.argmin(slope))
        move[best] += 1
        if not move.any():
            break
        change = gaps[:, best] - fitted
        length = -float(slope @ move) / float(change @ change + eta * move @ move)
        w = w + min(max(length, 0.0), 1.0) * move
        loss = ridge * float(w @ w) + float(np.square(gaps @ w).sum()) / features
        if step >= 1 and last - loss <= tolerance:
            break
        last = loss
    return w


@dataclass(frozen=True)
class DonorWeights:
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
) -> DonorWeights:
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
    scale = np.column_stack([predictors, own]).std(axis=1, ddof=1)
    scale = np.where(scale > 0, scale, 1.0)
    gaps = (predictors - own[:, None]) / scale[:, None]
    left = outcome - observed[:, None]

    def mixture(log_importance: Array) -> Array:
        v = np.exp(np.clip(log_importance - log_importance.max(), _SMALLEST, 0) / 2)
        return closest_mixture(v[:, None] * gaps)

    def loss(log_importance: Array) -> float:
        return float(np.square(left @ mixture(log_importance)).mean())

    if len(own) == 1:
        weights = closest_mixture(gaps)
        return DonorWeights(weights, np.ones(1), float(np.square(left @ weights).mean()))
    if first is not None:
        start = np.log(np.maximum(first / first.max(), np.exp(_SMALLEST)))
        value, best = _search(loss, start, evaluations=40 * len(own))
        return _chosen(mixture(best), best, left)
    tried = _starts(gaps, predictors / scale[:, None], outcome, starts, rng)
    rough = sorted(((loss(v), i) for i, v in enumerate(tried)))
    promising = [tried[i] for _, i in rough[: max(3, len(rough) // 2)]]
    optima = [_search(loss, v, evaluations=60 * len(own)) for v in promising]
    optima.sort(key=lambda result: result[0])
    value, best = optima[0]
    for _ in range(3):
        again, place = _search(loss, best, evaluations=100 * len(own))
        if again >= value * (1 - 1e-6):
            break
        value, best = again, place
    return _chosen(mixture(best), best, left)


def _chosen(weights: Array, log_importance: Array, left: Array) -> DonorWeights:
    v = np.exp(np.clip(log_importance - log_importance.max(), _SMALLEST, 0))
    return DonorWeights(weights, v / v.sum(), float(np.square(left @ weights).mean()))


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


def predictor_means(
    frame: pd.DataFrame,
    periods: Mapping[str, Any],
    *,
    unit: str = "customer_id",
    period: str = "period",
) -> pd.DataFrame:
    """Average columns over periods, unit by unit, to serve as predictors.

    Parameters
    ----------
    frame : DataFrame
        One row a unit and period.
    periods : mapping
        Column -> periods to average over; `column@name` names a second average of a column.
    """
    parts = {}
    for name, chosen in periods.items():
        column = name.split("@")[0]
        rows = frame[frame[period].isin(list(chosen))]
        if rows.empty:
            raise CaseError(
                "none of the periods of predictor {name} is in the data",
                where=f"column {period!r}",
                remedy="name periods as the table does",
                name=repr(name),
            )
        parts[name] = rows.groupby(unit)[column].mean()
    return pd.DataFrame(parts)


def read_predictors(panel: Panel, predictors: pd.DataFrame | None) -> tuple[Array, list[str]]:
    """Check predictors and put them in the panel's order: shape (predictors, units), and names."""
    if predictors is None:
        return np.zeros((0, len(panel.units))), []
    absent = panel.units[~panel.units.isin(predictors.index)]
    table = predictors.reindex(panel.units)
    bad = table.columns[~np.isfinite(table.to_numpy(dtype=float)).all(axis=0)]
    if len(absent) or len(bad):
        raise CaseError(
            "unit {name} has no predictors"
            if len(absent)
            else "predictor {name} is missing for some unit",
            where="predictors",
            remedy="give each unit a value, or leave the predictor out",
            name=str(absent[0]) if len(absent) else repr(bad[0]),
        )
    return table.to_numpy(dtype=float).T, [str(c) for c in predictors.columns]


def balance(
    x: Array, names: list[str], own: int, donors: NDArray[np.int_], mix: DonorWeights
) -> pd.DataFrame:
    """Set the treated unit beside its mixture and the plain mean of the donors."""
    return pd.DataFrame(
        {
            "predictor": names,
            "treated": x[:, own],
            "synthetic": x[:, donors] @ mix.weights,
            "donors": x[:, donors].mean(axis=1),
            "importance": mix.importance,
        }
    )
