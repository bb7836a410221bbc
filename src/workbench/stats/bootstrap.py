"""Bootstrap by weights: the rows stay, their weights are drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from workbench.arrays import Array
from workbench.errors import DataError
from workbench.stats.intervals import normal_quantile

Kind = Literal["multinomial", "poisson", "exponential"]


@dataclass(frozen=True)
class Bootstrap:
    """Estimates, their draws and intervals.

    Attributes
    ----------
    estimate, low, high, se : ndarray, shape (k,)
        One entry a number that the statistic gives.
    draws : ndarray, shape (draws, k)
    method : str
        "percentile" or "bca".
    level : float
    """

    estimate: Array
    low: Array
    high: Array
    se: Array
    draws: Array
    method: str
    level: float


def bootstrap_weights(
    n: int,
    draws: int,
    *,
    rng: np.random.Generator,
    kind: Kind = "multinomial",
    counts: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
) -> Iterator[Array]:
    """Yield one vector of row weights a draw.

    Parameters
    ----------
    n : int
        Rows.
    draws : int
    rng : numpy.random.Generator
    kind : {"multinomial", "poisson", "exponential"}
        Resampling with replacement; independent Poisson counts (rows may be split over
        machines, and the total varies); or the Bayesian bootstrap, in which no row has
        weight zero.
    counts : array_like of int, shape (n,), optional
        How many identical units each row stands for. The weights are drawn for the units, so
        that a table of distinct rows gives the same answer as the full one.
    clusters : array_like, shape (n,), optional
        Rows of one cluster share one weight.

    References
    ----------
    Efron (1979), Annals of Statistics 7(1); Rubin (1981), Annals of Statistics 9(1);
    Chamandy et al. (2012), Estimating Uncertainty for Massive Data Streams.
    """
    if n < 1 or draws < 1:
        raise DataError(f"{n} rows and {draws} draws", remedy="both must be at least one")
    if clusters is not None:
        if counts is not None:
            raise DataError("counts and clusters together", remedy="give one row a unit")
        codes, labels = pd.factorize(np.asarray(clusters))
        for weights in bootstrap_weights(len(labels), draws, rng=rng, kind=kind):
            yield weights[codes]
        return
    units = np.ones(n) if counts is None else np.asarray(counts, dtype=float)
    if units.shape != (n,) or (units < 0).any() or not units.any():
        raise DataError("counts do not fit the rows", remedy="give one count of 0 or more a row")
    total = round(float(units.sum()))
    for _ in range(draws):
        if kind == "multinomial":
            if counts is None:
                picked = np.bincount(rng.integers(n, size=n), minlength=n)
                yield picked.astype(float)
            else:
                yield rng.multinomial(total, units / units.sum()).astype(float)
        elif kind == "poisson":
            yield rng.poisson(units).astype(float)
        elif kind == "exponential":
            drawn = rng.standard_gamma(units)
            yield drawn * (total / drawn.sum())
        else:
            raise DataError(
                f"kind is {kind!r}", remedy="choose multinomial, poisson or exponential"
            )


def bootstrap(
    statistic: Callable[[Array], float | Array],
    n: int,
    *,
    rng: np.random.Generator,
    draws: int = 1000,
    method: Literal["percentile", "bca"] = "percentile",
    level: float = 0.95,
    kind: Kind = "multinomial",
    counts: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
) -> Bootstrap:
    """Bootstrap a statistic that takes row weights.

    Parameters
    ----------
    statistic : callable
        Takes weights of shape (n,) and gives a number or a vector. With unit weights (or
        `counts`) it must give the estimate.
    n : int
        Rows.
    rng : numpy.random.Generator
    draws : int
    method : {"percentile", "bca"}
        BCa corrects for bias and skewness; its acceleration comes from a jackknife over at most
        200 groups of rows.
    level : float
    kind, counts, clusters
        See `bootstrap_weights`.

    Returns
    -------
    Bootstrap

    Raises
    ------
    DataError
        More than a tenth of the draws give no number: the statistic is not stable enough.

    References
    ----------
    Efron, Tibshirani (1993), An Introduction to the Bootstrap, chapters 13 and 14.
    """
    normal_quantile(level)
    if method not in ("percentile", "bca"):
        raise DataError(f"method is {method!r}", remedy="choose percentile or bca")
    unit = np.ones(n) if counts is None else np.asarray(counts, dtype=float)
    estimate = np.atleast_1d(np.asarray(statistic(unit), dtype=float))
    drawn = np.array(
        [
            np.atleast_1d(np.asarray(statistic(w), dtype=float))
            for w in bootstrap_weights(
                n, draws, rng=rng, kind=kind, counts=counts, clusters=clusters
            )
        ]
    )
    failed = np.isnan(drawn).any(axis=1)
    if failed.mean() > 0.1:
        raise DataError(
            f"{int(failed.sum())} of {draws} bootstrap draws give no number",
            remedy="the sample is too small for this statistic; pool groups",
        )
    usable = drawn[~failed]
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    if method == "bca":
        rows = np.arange(n) if clusters is None else pd.factorize(np.asarray(clusters))[0]
        levels = _bca_levels(statistic, unit, rows, estimate, usable, tails)
    else:
        levels = np.repeat(tails[:, None], estimate.size, axis=1)
    limits = np.array(
        [np.quantile(usable[:, k], levels[:, k]) for k in range(estimate.size)], dtype=float
    )
    return Bootstrap(
        estimate=estimate,
        low=limits[:, 0],
        high=limits[:, 1],
        se=usable.std(axis=0, ddof=1) if len(usable) > 1 else np.full(estimate.size, np.nan),
        draws=usable,
        method=method,
        level=level,
    )


def _bca_levels(
    statistic: Callable[[Array], float | Array],
    unit: Array,
    rows: NDArray[np.intp],
    estimate: Array,
    usable: Array,
    tails: Array,
) -> Array:
    """Levels of the bootstrap distribution to read off, shape (2, k)."""
    groups = min(int(rows.max()) + 1, 200)
    left_out = np.array(
        [
            np.atleast_1d(np.asarray(statistic(np.where(rows % groups == g, 0.0, unit))))
            for g in range(groups)
        ],
        dtype=float,
    )
    lean = left_out.mean(axis=0) - left_out
    spread = np.square(lean).sum(axis=0) ** 1.5
    acceleration = np.where(
        spread > 0, (lean**3).sum(axis=0) / (6 * np.where(spread > 0, spread, 1.0)), 0.0
    )
    # half of the ties count as below, so that a discrete statistic is not called biased
    below = (usable < estimate).mean(axis=0) + (usable == estimate).mean(axis=0) / 2
    edge = 1 / (2 * len(usable))
    bias = ndtri(np.clip(below, edge, 1 - edge))
    z = bias + ndtri(tails)[:, None]
    return np.asarray(ndtr(bias + z / (1 - acceleration * z)), dtype=float)
