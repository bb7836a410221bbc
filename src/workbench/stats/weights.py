"""Weighted means, quantiles and the number of answers that weights are worth."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
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


def unequal_weights(weights: ArrayLike | None, size: int) -> NDArray[np.float64] | None:
    """Return weights with mean one, or None where there are none or all count the same.

    Equal weights are no weights: an analysis that asks this first gives the same digits for both.
    """
    if weights is None:
        return None
    w = check_weights(weights, size)
    if not size or w.min() == w.max():
        return None
    return np.asarray(w / w.mean(), dtype=float)


def effective_size(weights: ArrayLike) -> float:
    """Kish's effective sample size, (sum of weights) squared over the sum of squared weights.

    References
    ----------
    Kish (1965), Survey Sampling, section 11.7.
    """
    w = np.asarray(weights, dtype=float)
    return float(w.sum() ** 2 / np.square(w).sum()) if w.any() else 0.0


class Moments(NamedTuple):
    """Weighted means of some columns and what is needed to judge them; arrays of shape (k,).

    Attributes
    ----------
    n : values seen
    effective : Kish's effective number of them
    mean, sd : of the values
    variance : linearised variance of the mean
    """

    n: NDArray[np.float64]
    effective: NDArray[np.float64]
    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    variance: NDArray[np.float64]


def column_moments(
    values: ArrayLike, weights: ArrayLike | None = None, *, clusters: ArrayLike | None = None
) -> Moments:
    """Weighted moments of each column, missing values left out.

    The variance of the mean is that of the linearised weighted mean, sum of w^2 (x - mean)^2 over
    (sum of w)^2, times m / (m - 1) for m effective answers; equal weights give s^2 / n. It takes
    the weights as fixed, which is cautious where they were raked to margins that go with x.

    Parameters
    ----------
    values : array_like, shape (n, k)
    weights : array_like, shape (n,), optional
    clusters : array_like, shape (n,), optional
        Who gave each row. Rows of one person may go together: their deviations are added up before
        they are squared, and `effective` counts persons.

    References
    ----------
    Saerndal, Swensson, Wretman (1992), Model Assisted Survey Sampling, section 5.7.
    """
    x = np.asarray(values, dtype=float)
    w = np.ones(len(x)) if weights is None else check_weights(weights, len(x))
    seen = ~np.isnan(x) & (w > 0)[:, None]
    full = bool(seen.all())  # then there is nothing to mask, which takes most of the time
    n = seen.sum(axis=0).astype(float)
    filled = x if full else np.where(seen, x, 0.0)
    who = several(clusters)
    total = np.full(x.shape[1], w.sum()) if full else w @ seen
    squared = np.square(w).sum() if full else np.square(w) @ seen
    if who is not None:
        squared = _squares(seen * w[:, None], who)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = w @ filled / total
        effective = np.where(n > 0, total**2 / squared, 0.0)
        apart = filled - mean
        if not full:
            apart = np.where(seen, apart, 0.0)
        away = np.square(apart)
        grown = np.where(effective > 1 + 1e-9, effective / (effective - 1), np.nan)
        sd = np.sqrt(w @ away / total * grown)
        # values that are all alike differ by rounding only
        sd = np.where(sd > 1e-12 * np.maximum(1.0, np.abs(mean)), sd, np.nan)
        spread = np.square(w) @ away if who is None else _squares(apart * w[:, None], who)
        variance = np.where(np.isnan(sd), np.nan, spread / total**2 * grown)
    return Moments(n, effective, mean, sd, variance)


def several(clusters: ArrayLike | None) -> NDArray[np.intp] | None:
    """Code the clusters; None where every row is a cluster of its own."""
    if clusters is None:
        return None
    codes, names = pd.factorize(np.asarray(clusters))
    return None if len(names) == len(codes) else np.asarray(codes, dtype=np.intp)


def _squares(parts: NDArray[np.float64], who: NDArray[np.intp]) -> NDArray[np.float64]:
    """Add the rows of each cluster, then the squares of these sums, column by column."""
    sums = [np.bincount(who, weights=column) for column in parts.T]
    return np.array([np.square(column).sum() for column in sums])


def effective_answers(
    values: ArrayLike, weights: ArrayLike | None, *, clusters: ArrayLike | None = None
) -> float:
    """Answers of a simple sample that would give the mean of these values the same variance.

    Unlike Kish's number it knows how weights and values go together; where the values do not
    vary it is Kish's. Missing values are not allowed.

    References
    ----------
    Korn, Graubard (1998), Survey Methodology 24, 193-201.
    """
    found = column_moments(np.asarray(values, dtype=float)[:, None], weights, clusters=clusters)
    if not np.isfinite(found.variance[0]) or found.variance[0] <= 0:
        return float(found.effective[0])
    return float(found.sd[0] ** 2 / found.variance[0])
