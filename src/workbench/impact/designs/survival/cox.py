"""Cox's partial likelihood for a few regressors, all risk sets at once, and its influences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.arrays import Array, Mask

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

    References
    ----------
    Efron (1977), JASA 72, 557-565; Therneau, Grambsch (2000), Modeling Survival Data, sections
    3.3 (ties) and 4.6 (score residuals under Efron's ties).
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

    order: NDArray[np.int_]
    first: NDArray[np.int_]  # (times,): first row at risk, in that order
    until: NDArray[np.int_]  # (n,): how many of the times each row lived to see
    own: NDArray[np.int_]  # (n,): place of a row's own time, -1 without event
    at: NDArray[np.int_]  # (events,): place of the time
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
