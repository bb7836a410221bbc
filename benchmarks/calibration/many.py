"""Many interrupted series at once: the same answers as `interrupted_series`, without its pictures.

All series of a cell share their regressors and their grid of error models, so that whitening them
is one multiplication for all. A test holds each end of the intervals against the estimator's own.
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln, stdtr, stdtrit

from workbench.impact.designs.series.error_models import _BY, WARY, Noise, noise_of
from workbench.impact.inputs.series import possible_bends, regressors

_STEPS = 60
_NEGLIGIBLE = 1e-6


def intervals(
    y: np.ndarray, after: np.ndarray, season: int | None, *, level: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Give low and high of the shift of many series.

    Parameters
    ----------
    y : ndarray, shape (n, series)
    after : ndarray of bool, shape (n,)
    season : int, optional
    """
    n = len(after)
    x, terms = regressors(n, after, season)
    bends = possible_bends(n, int(np.argmax(after)))
    noise = noise_of(np.arange(n), np.ones(n))
    weight, centre, se, bent = _mixtures(noise, y, x, bends, terms.index("step"))
    wary = np.where(bent[:, None], np.exp(WARY), 1.0) * weight
    ends = [
        _limits(share / share.sum(axis=0), centre, se, float(n - x.shape[1]), level)
        for share in (weight, wary)
    ]
    return np.minimum(ends[0][0], ends[1][0]), np.maximum(ends[0][1], ends[1][1])


def _mixtures(
    noise: Noise, y: np.ndarray, x: np.ndarray, bends: np.ndarray, at: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Weight, estimate and standard error by model (rows) and series (columns); which bend."""
    n, k = x.shape
    whiten = noise.whiten(np.eye(n))
    wx, wb = whiten @ x, whiten @ bends
    some, share = noise.sparse
    scores, centres, errors, bent = [], [], [], []
    for m in range(len(wx)):
        wy = whiten[m] @ y
        whole = np.square(wy).sum(axis=0)
        tried: list[tuple[np.ndarray, float]] = [(wx[m], 0.0)]
        if some[m]:
            both = [(np.column_stack([wx[m], b]), by) for b in wb[m].T for by in _BY]
            tried += both
        for design, by in tried:
            precision = design.T @ design
            extra = 0.0
            if by:
                precision[-1, -1] += 1 / by**2
                extra = share - np.log(bends.shape[1] * len(_BY)) - np.log(by)
            inverse, cross = np.linalg.inv(precision), design.T @ wy
            beta = inverse @ cross
            rss = whole - (beta * cross).sum(axis=0)
            fixed = noise.log_det[m] + np.linalg.slogdet(precision)[1]
            scores.append(-0.5 * (fixed + (n - k) * np.log(rss)) + noise.prior[m] + extra)
            centres.append(beta[at])
            bent.append(by > 0)
            errors.append(np.sqrt(inverse[at, at] * rss / (n - k)))
    score = np.array(scores)
    weight = np.exp(score - score.max(axis=0))
    weight = weight / weight.sum(axis=0)
    likely = weight.max(axis=1) > _NEGLIGIBLE
    weight = weight[likely] / weight[likely].sum(axis=0)
    return weight, np.array(centres)[likely], np.array(errors)[likely], np.array(bent)[likely]


def _limits(
    weight: np.ndarray, centre: np.ndarray, se: np.ndarray, df: float, level: float
) -> tuple[np.ndarray, np.ndarray]:
    mean = (weight * centre).sum(axis=0)
    spread = np.sqrt((weight * (se**2 + (centre - mean) ** 2)).sum(axis=0))
    log_c = gammaln((df + 1) / 2) - gammaln(df / 2) - 0.5 * np.log(df * np.pi)
    ends = []
    for target in (0.5 - level / 2, 0.5 + level / 2):
        low, high = mean - 40 * spread, mean + 40 * spread
        at = mean + stdtrit(df, target) * spread
        for _ in range(_STEPS):
            z = (at - centre) / se
            over = (weight * stdtr(df, z)).sum(axis=0) - target
            low, high = np.where(over < 0, at, low), np.where(over < 0, high, at)
            density = np.exp(log_c - (df + 1) / 2 * np.log1p(z * z / df)) / se
            newton = at - over / np.maximum((weight * density).sum(axis=0), 1e-300)
            inside = (newton >= low) & (newton <= high)
            moved = np.where(inside, newton, (low + high) / 2)
            done = np.abs(moved - at) <= 1e-5 * spread
            at = moved
            if done.all():
                break
        ends.append(at)
    return ends[0], ends[1]
