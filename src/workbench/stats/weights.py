"""Weighted means, quantiles and the number of answers that weights are worth."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.errors import DataError


def check_weights(weights: ArrayLike, size: int) -> NDArray[np.float64]:
    """Return weights as floats, or say what is wrong with them.

    Raises
    ------
    DataError
        Weights of another length, negative, not finite, or all zero.
    """
    w = np.asarray(weights, dtype=float)
    if w.shape != (size,):
        raise DataError(
            f"there are {w.size} weights for {size} values", remedy="give one weight a value"
        )
    bad = np.flatnonzero(~np.isfinite(w) | (w < 0))
    if bad.size:
        raise DataError(
            f"weight {w[bad[0]]} is not a number of zero or more",
            where=f"row {bad[0]}",
            remedy="leave these rows out or give them a weight",
        )
    if size and not w.any():
        raise DataError("all weights are zero", remedy="give at least one row a weight")
    return w


def effective_size(weights: ArrayLike) -> float:
    """Kish's effective sample size, (sum of weights) squared over the sum of squared weights.

    References
    ----------
    Kish (1965), Survey Sampling, section 11.7.
    """
    w = np.asarray(weights, dtype=float)
    return float(w.sum() ** 2 / np.square(w).sum()) if w.any() else 0.0


def weighted_mean(values: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Mean of the values; missing values are left out together with their weights."""
    x = np.asarray(values, dtype=float)
    w = np.ones(x.size) if weights is None else check_weights(weights, x.size)
    seen = ~np.isnan(x)
    if not seen.any() or not w[seen].any():
        raise DataError("no value to average", remedy="check that the column is filled")
    return float(np.average(x[seen], weights=w[seen]))


def weighted_quantile(
    values: ArrayLike, q: ArrayLike, weights: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Quantiles by inversion of the weighted distribution function (type 1).

    The answer is always a value that occurs, so that cuts are numbers seen in the data.

    Parameters
    ----------
    values : array_like, shape (n,)
    q : array_like
        Levels in 0..1.
    weights : array_like, shape (n,), optional

    Returns
    -------
    ndarray, the shape of `q`
    """
    x = np.asarray(values, dtype=float)
    w = np.ones(x.size) if weights is None else check_weights(weights, x.size)
    seen = ~np.isnan(x)
    x, w = x[seen], w[seen]
    if x.size == 0:
        raise DataError("no value to take a quantile of", remedy="check that the column is filled")
    order = np.argsort(x, kind="stable")
    cumulative = np.cumsum(w[order]) / w.sum()
    # 1e-12 keeps 0.2 + 0.2 + ... from skipping the value at an exact level
    place = np.searchsorted(cumulative, np.asarray(q, dtype=float) - 1e-12)
    return np.asarray(x[order][np.minimum(place, x.size - 1)], dtype=float)
