"""Many interrupted series at once: the same answers as `interrupted_series`, without its pictures.

All series of a cell share their regressors and their grid of error models, so that whitening them
is one multiplication for all. A test holds each end of the intervals against the estimator's own.
"""

from __future__ import annotations

import numpy as np
from scipy.special import stdtr, stdtrit

from workbench.impact.designs.series.error_models import Noise, noise_of
from workbench.impact.inputs.series import regressors

_STEPS = 60


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
    noise = noise_of(np.arange(n), np.ones(n))
    weight, centre, se = _mixtures(noise, y, x, terms.index("step"))
    return _limits(weight, centre, se, float(n - x.shape[1]), level)


def _mixtures(
    noise: Noise, y: np.ndarray, x: np.ndarray, at: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weight, estimate and standard error by model (rows) and series (columns)."""
    n, k = x.shape
    whiten = noise.whiten(np.eye(n))
    wx = whiten @ x
    inverse = np.linalg.inv(np.swapaxes(wx, 1, 2) @ wx)
    log_p = -np.linalg.slogdet(inverse)[1]
    centre, rss = np.empty((2, len(wx), y.shape[1]))
    for m in range(len(wx)):
        wy = whiten[m] @ y
        cross = wx[m].T @ wy
        beta = inverse[m] @ cross
        centre[m] = beta[at]
        rss[m] = np.square(wy).sum(axis=0) - (beta * cross).sum(axis=0)
    score = -0.5 * (noise.log_det[:, None] + log_p[:, None] + (n - k) * np.log(rss))
    score = score + noise.prior[:, None]
    weight = np.exp(score - score.max(axis=0))
    se = np.sqrt(inverse[:, at, at][:, None] * rss / (n - k))
    return weight / weight.sum(axis=0), centre, se


def _limits(
    weight: np.ndarray, centre: np.ndarray, se: np.ndarray, df: float, level: float
) -> tuple[np.ndarray, np.ndarray]:
    mean = (weight * centre).sum(axis=0)
    spread = np.sqrt((weight * (se**2 + (centre - mean) ** 2)).sum(axis=0))
    ends = []
    for target in (0.5 - level / 2, 0.5 + level / 2):
        low, high = mean - 40 * spread, mean + 40 * spread
        # most ends lie near the t's own: begin there, by halving
        near = mean + stdtrit(df, target) * spread
        for step in range(_STEPS):
            middle = near if step == 0 else (low + high) / 2
            below = (weight * stdtr(df, (middle - centre) / se)).sum(axis=0) < target
            low, high = np.where(below, middle, low), np.where(below, high, middle)
            if (high - low <= 1e-7 * spread).all():
                break
        ends.append((low + high) / 2)
    return ends[0], ends[1]
