"""Cox's partial likelihood, its influences, and the test that hazards stay in proportion.

References
----------
Cox (1972), JRSS B 34(2), 187-220. Efron (1977), JASA 72, 557-565 (ties). Therneau, Grambsch
(2000), Modeling Survival Data, sections 3.3 (ties) and 4.6 (score residuals under Efron's ties).
Grambsch, Therneau (1994), Proportional hazards tests and diagnostics based on weighted residuals,
Biometrika 81(3), 515-526.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from workbench.arrays import Array, Index, Mask

_STEPS = 30


@dataclass(frozen=True)
class Cox:
    """A fitted regression.

    Attributes
    ----------
    beta : ndarray, shape (k,)
    covariance : ndarray, shape (k, k)
        Inverse of the information.
    influence : ndarray, shape (n, k)
        Of each row on the coefficients: score residuals times the covariance.
    schoenfeld : ndarray, shape (events, k)
        What those who left had more than those at risk; ordered as the rows.
    """

    beta: Array
    covariance: Array
    influence: Array
    schoenfeld: Array


def fit_cox(time: Array, event: Mask, x: Array) -> Cox | None:
    """Maximise the partial likelihood by Newton's steps, ties after Efron.

    Parameters
    ----------
    time : ndarray, shape (n,)
    event : ndarray of bool, shape (n,)
    x : ndarray, shape (n, k)

    Returns
    -------
    Cox or None
        None where the likelihood has no maximum.
    """
    centred = x - x.mean(axis=0)
    sets = _risk_sets(time, event)
    beta = np.zeros(x.shape[1])
    for _ in range(_STEPS):
        theta = np.exp(centred @ beta)
        at_risk, mean, second = _means(sets, theta, centred)
        gradient = centred[event].sum(axis=0) - mean.sum(axis=0)
        information = second.sum(axis=0) - mean.T @ mean
        if not np.isfinite(information).all() or np.linalg.cond(information) > 1e12:
            return None
        step = np.linalg.solve(information, gradient)
        # a long step may leap over the maximum
        step *= min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-300))
        beta = beta + step
        if np.abs(step).max() < 1e-9:
            break
    else:
        return None
    covariance = np.linalg.inv(information)
    score, schoenfeld = _scores(sets, centred, np.exp(centred @ beta), at_risk, mean)
    return Cox(beta, covariance, score @ covariance, schoenfeld)


@dataclass(frozen=True)
class _RiskSets:
    """Rows in order of time, the times at which someone left, and one entry an event."""

    order: Index
    first: Index  # (times,): first row at risk, in that order
    until: Index  # (n,): how many of the times each row lived to see
    own: Index  # (n,): place of a row's own time, -1 without event
    at: Index  # (events,): place of the time
    share: Array  # (events,): part of the tied rows that has left already
    event: Mask


def _risk_sets(time: Array, event: Mask) -> _RiskSets:
    times, counts = np.unique(time[event], return_counts=True)
    order = np.argsort(time, kind="stable")
    first = np.searchsorted(time[order], times, side="left")
    until = np.searchsorted(times, time, side="right")
    at = np.repeat(np.arange(len(times)), counts)
    rank = np.arange(len(at)) - np.repeat(np.cumsum(counts) - counts, counts)
    own = np.where(event, until - 1, -1)
    return _RiskSets(order, first, until, own, at, rank / counts[at], event)


def _means(sets: _RiskSets, theta: Array, x: Array) -> tuple[Array, Array, Array]:
    """Give sum of risks, mean and mean square of the regressors in each event's risk set."""
    n, k = x.shape
    parts = (
        np.column_stack([np.ones(n), x, np.einsum("ni,nj->nij", x, x).reshape(n, k * k)])
        * theta[:, None]
    )
    beyond = np.cumsum(parts[sets.order][::-1], axis=0)[::-1][sets.first]
    tied = np.zeros_like(beyond)
    np.add.at(tied, sets.own[sets.event], parts[sets.event])
    total = beyond[sets.at] - sets.share[:, None] * tied[sets.at]
    at_risk = total[:, 0]
    mean = total[:, 1 : k + 1] / at_risk[:, None]
    return at_risk, mean, (total[:, k + 1 :] / at_risk[:, None]).reshape(-1, k, k)


def _scores(
    sets: _RiskSets, x: Array, theta: Array, at_risk: Array, mean: Array
) -> tuple[Array, Array]:
    times, k = len(sets.first), x.shape[1]
    weight = 1 / at_risk

    def by_time(values: Array) -> Array:
        summed = np.zeros((times, *values.shape[1:]))
        np.add.at(summed, sets.at, values)
        return summed

    hazard = by_time(weight)
    pulled = by_time(weight[:, None] * mean)
    lived = np.concatenate([[0.0], np.cumsum(hazard)])[sets.until]
    lived_mean = np.vstack([np.zeros(k), np.cumsum(pulled, axis=0)])[sets.until]
    expected = by_time(mean) / by_time(np.ones(len(sets.at)))[:, None]
    own = sets.own[sets.event]
    # of those who left together, each was at risk in part while the others left
    lived[sets.event] -= by_time(sets.share * weight)[own]
    lived_mean[sets.event] -= by_time((sets.share * weight)[:, None] * mean)[own]
    score = -theta[:, None] * (x * lived[:, None] - lived_mean)
    schoenfeld = x[sets.event] - expected[own]
    score[sets.event] += schoenfeld
    return score, schoenfeld


@dataclass(frozen=True)
class Proportionality:
    """Whether each coefficient is the same at all times, by term and for all terms at once.

    Attributes
    ----------
    rho, statistic, p : ndarray, shape (k,)
        Correlation of the scaled residuals with time; chi-squared with one degree of freedom.
    statistic_all, p_all : float
        Of all terms together, with k degrees of freedom.
    """

    rho: Array
    statistic: Array
    p: Array
    statistic_all: float
    p_all: float


def schoenfeld_residuals(time: Array, event: Mask, x: Array, beta: Array) -> Array:
    """Give what those who left had more than those at risk, ordered as the rows.

    Those who leave together are taken out of the mean one part after the other, as Efron does.

    Parameters
    ----------
    time, event : ndarray, shape (n,)
    x : ndarray, shape (n, k)
    beta : ndarray, shape (k,)
        Coefficients of a fitted regression.
    """
    x = x - x.mean(axis=0)
    sets, theta = _risk_sets(time, event), np.exp(x @ beta)
    at_risk, mean, _ = _means(sets, theta, x)
    return _scores(sets, x, theta, at_risk, mean)[1]


def by_rank(time: Array, event: Mask) -> Array:
    """Place each event in time by its rank; events of one time share their place."""
    return np.asarray(pd.Series(time[event]).rank(), dtype=float)


def by_survival(time: Array, event: Mask) -> Array:
    """Place each event in time by how many had left before it: 1 - Kaplan-Meier."""
    at, events = np.unique(time[event], return_counts=True)
    at_risk = time.size - np.searchsorted(np.sort(time), at, side="left")
    just_before = np.r_[1.0, np.cumprod(1 - events / at_risk)[:-1]]
    return np.asarray(1 - just_before[np.searchsorted(at, time[event])], dtype=float)


def proportionality(residuals: Array, covariance: Array, place: Array) -> Proportionality:
    """Hold scaled Schoenfeld residuals against time.

    Parameters
    ----------
    residuals : ndarray, shape (events, k)
    covariance : ndarray, shape (k, k)
        Of the coefficients, by the information.
    place : ndarray, shape (events,)
        Of each event in time: `by_rank` or `by_survival`.

    Returns
    -------
    Proportionality
        NaN throughout where all events fall together.
    """
    d, k = residuals.shape
    g = place - place.mean()
    total = float(g @ g)
    if not g.any():
        nothing = np.full(k, np.nan)
        return Proportionality(nothing, nothing, nothing, float("nan"), float("nan"))
    scaled = d * residuals @ covariance
    statistic = (g @ scaled) ** 2 / (np.diag(covariance) * d * total)
    centred = scaled - scaled.mean(axis=0)
    with np.errstate(invalid="ignore"):
        rho = (g @ centred) / np.sqrt(total * np.square(centred).sum(axis=0))
    score = g @ residuals
    together = float(score @ covariance @ score * d / total)
    return Proportionality(
        rho, statistic, chdtrc(1, statistic), together, float(chdtrc(k, together))
    )
