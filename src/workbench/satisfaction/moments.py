"""Correlation matrices under weights: all that drivers and path models need of the answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from workbench.errors import DataError
from workbench.stats import bootstrap_weights
from workbench.stats.weights import check_weights

Array = NDArray[np.float64]
# Below this share of the mean eigenvalue a combination of columns counts as no variation at all.
_NOTHING = 1e-10


def complete(
    columns: pd.DataFrame, weights: ArrayLike | None = None
) -> tuple[Array, Array, NDArray[np.bool_]]:
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


def resampled(weights: Array, draws: int, rng: np.random.Generator) -> Iterator[Array]:
    """Yield the weights of each bootstrap sample: respondents drawn, each with their weight."""
    for drawn in bootstrap_weights(weights.size, draws, rng=rng):
        yield drawn * weights


def steady(correlation: Array) -> NDArray[np.bool_]:
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


def percentile_limits(drawn: Array, level: float) -> tuple[Array, Array]:
    """Limits of the bootstrap draws, along their first axis.

    The limits are the (draws + 1) a-th ordered values: read off otherwise they are too narrow when
    the draws are few.

    References
    ----------
    Davison, Hinkley (1997), Bootstrap Methods and their Application, section 5.2.1.
    """
    tails = [0.5 - level / 2, 0.5 + level / 2]
    low, high = np.quantile(drawn, tails, axis=0, method="weibull")
    return np.asarray(low, dtype=float), np.asarray(high, dtype=float)
