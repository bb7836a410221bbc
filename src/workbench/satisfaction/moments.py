"""Correlation matrices under weights: all that drivers and path models need of the answers."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri, stdtrit

from workbench.arrays import Array, Index, Mask
from workbench.errors import DataError
from workbench.stats import bootstrap_weights
from workbench.stats.weights import check_weights, effective_size, several

# Below this share of the mean eigenvalue a combination of columns counts as no variation at all.
_NOTHING = 1e-10


def complete(columns: pd.DataFrame, weights: ArrayLike | None = None) -> tuple[Array, Array, Mask]:
    """Keep the rows in which every column is filled.

    Parameters
    ----------
    columns : DataFrame, shape (n, k)
    weights : array_like, shape (n,), optional
        Survey weights; one each by default. They are scaled to a mean of one.

    Returns
    -------
    values : ndarray, shape (m, k)
    weights : ndarray, shape (m,)
    seen : ndarray of bool, shape (n,)
    """
    x = columns.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=float)
    w = np.ones(len(x)) if weights is None else check_weights(weights, len(x))
    seen = np.isfinite(x).all(axis=1) & (w > 0)
    kept = w[seen]
    return x[seen], kept / kept.mean() if kept.size else kept, seen


def standardise(x: Array, weights: Array, names: Sequence[str]) -> Array:
    """Centre and scale the columns.

    Raises
    ------
    DataError
        A column in which every respondent has the same value.
    """
    mean = weights @ x / weights.sum()
    spread = np.sqrt(weights @ (x - mean) ** 2 / weights.sum())
    flat = [name for name, s in zip(names, spread, strict=True) if s < 1e-12]
    if flat:
        raise DataError(
            f"every respondent has the same value of {', '.join(flat)}", remedy="leave it out"
        )
    return np.asarray((x - mean) / spread, dtype=float)


def check_independent(correlation: Array, names: Sequence[str]) -> None:
    """Refuse columns of which one can be computed from the others.

    Raises
    ------
    DataError
        Naming the columns that say the same together.
    """
    values, vectors = np.linalg.eigh(correlation)
    if values[0] > _NOTHING * values.mean():
        return
    parts = np.abs(vectors[:, 0])
    same = [name for name, part in zip(names, parts, strict=True) if part > 1e-6]
    what = (
        f"{same[0]} and {same[1]} say exactly the same"
        if len(same) == 2
        else f"{', '.join(same)} add up: each can be computed from the others"
    )
    raise DataError(what, remedy="leave one of them out")


def correlations(z: Array, weights: Iterable[Array]) -> Array:
    """Correlation matrix under each vector of weights, shape (draws, k, k).

    One product of matrices a draw: memory does not grow with the draws.
    """
    found = []
    for w in weights:
        total = w.sum()
        mean = w @ z / total
        second = (z * w[:, None]).T @ z / total - np.outer(mean, mean)
        sd = np.sqrt(np.diag(second))
        with np.errstate(divide="ignore", invalid="ignore"):
            found.append(second / np.outer(sd, sd))
    return np.array(found, dtype=float)


def resampled(
    weights: Array, draws: int, rng: np.random.Generator, people: Index | None = None
) -> Iterator[Array]:
    """Yield the weights of each bootstrap sample: respondents drawn, each with their weight.

    With `people` somebody is drawn with all that they answered.
    """
    for drawn in bootstrap_weights(weights.size, draws, rng=rng, clusters=several(people)):
        yield drawn * weights


def respondents(weights: Array, people: Index | None = None) -> float:
    """Count the respondents that weighted answers are worth (Kish), each person once."""
    who = several(people)
    return effective_size(weights if who is None else np.bincount(who, weights))


def usable_draws(correlation: Array) -> Mask:
    """Tell the draws whose matrix can be used.

    Raises
    ------
    DataError
        More than a tenth of them cannot: a column is nearly constant.
    """
    good = np.asarray(np.isfinite(correlation).all(axis=(1, 2)))
    if good.mean() < 0.9:
        raise DataError(
            f"{int((~good).sum())} of {len(good)} resamples leave a column without spread",
            remedy="leave out columns in which nearly everybody gives the same answer",
        )
    return good


def percentile_limits(
    drawn: Array, level: float, size: float | None = None, *, estimate: Array | None = None
) -> tuple[Array, Array]:
    """Limits of the bootstrap draws, along their first axis; draws without a number are left out.

    The limits are the (draws + 1) a-th ordered values: read off otherwise they are too narrow when
    the draws are few. With `size`, the respondents that the answers are worth, the percentiles lie
    further out, as Student's t does: the draws have the variance of the sample, which is too small
    by (size - 1) / size, and do not know that it is estimated. With `estimate` the percentiles are
    shifted by the draws' median bias, for numbers such as R2 that are too large in every sample.

    References
    ----------
    Davison, Hinkley (1997), Bootstrap Methods and their Application, section 5.2.1; Hesterberg
    (2015), What teachers should know about the bootstrap, The American Statistician 69(4), 371-386,
    section 4.4; Efron (1981), Canadian Journal of Statistics 9(2), 139-172 (bias correction).
    """
    out = float(ndtri(0.5 + level / 2))
    if size is not None and size > 2:
        out = float(np.sqrt(size / (size - 1)) * stdtrit(size - 1, 0.5 + level / 2))
    if estimate is None:
        tails = ndtr([-out, out])
        with warnings.catch_warnings():  # where no draw has a number, nor have the limits
            warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)
            low, high = np.nanquantile(drawn, tails, axis=0, method="weibull")
        return np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    columns, at = drawn.reshape(len(drawn), -1), np.ravel(estimate)
    below = (columns < at).mean(axis=0) + (columns == at).mean(axis=0) / 2
    # at a bound, such as R2 = 0, all draws lie to one side: half a standard error is the most
    shift = 2 * np.clip(ndtri(below), -0.5, 0.5)
    limits = np.array(
        [
            np.quantile(column, ndtr([move - out, move + out]), method="weibull")
            for column, move in zip(columns.T, shift, strict=True)
        ]
    )
    low, high = limits.T.reshape(2, *np.shape(estimate))
    return np.asarray(low, dtype=float), np.asarray(high, dtype=float)
