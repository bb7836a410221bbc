"""What overall satisfaction goes with: each dimension's share of the explained variance."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from workbench.errors import DataError
from workbench.stats import bootstrap_weights

Array = NDArray[np.float64]
_MOST_DRIVERS = 15


@dataclass(frozen=True)
class Drivers:
    """Relative importance of each driver for one outcome: an association, no proof of cause.

    Attributes
    ----------
    table : DataFrame
        `driver`, `n`, `correlation`, `beta` (standardised slope), `estimate` (LMG: share of the
        outcome's variance that goes with the driver; adds up to `r2`), `low`, `high`, `share` (of
        r2), `rank`, `first` (share of the bootstrap samples in which it ranks first).
    r2, r2_low, r2_high : float
    n, excluded : int
        Complete answers used, and those left out.
    """

    table: pd.DataFrame
    r2: float
    r2_low: float
    r2_high: float
    n: int
    excluded: int

    def metrics(self) -> pd.DataFrame:
        """Explained variance and each driver's part: name, value, low, high."""
        t = self.table
        top = pd.DataFrame(
            [{"name": "r2", "value": self.r2, "low": self.r2_low, "high": self.r2_high}]
        )
        rest = pd.DataFrame(
            {
                "name": "lmg." + t["driver"],
                "value": t["estimate"],
                "low": t["low"],
                "high": t["high"],
            }
        )
        return pd.concat([top, rest], ignore_index=True)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each driver's part of the explained variance, the largest on top."""
        ax = ax or plt.gca()
        rows = self.table.sort_values("estimate")
        place = np.arange(len(rows))
        share, low, high = (100 * rows[c] for c in ("estimate", "low", "high"))
        ax.barh(place, share, height=0.6, alpha=0.55)
        ax.errorbar(
            share,
            place,
            xerr=[share - low, high - share],
            fmt="none",
            capsize=3,
            ecolor=plt.rcParams["text.color"],
        )
        ax.set_yticks(place, list(rows["driver"]))
        ax.tick_params(axis="y", length=0)
        ax.grid(visible=False, axis="y")
        ax.set_xlim(0, None)
        ax.set_xlabel("Share of the variance of overall satisfaction, % (line: 95% interval)")
        return ax


def lmg(correlation: Array) -> tuple[Array, Array]:
    """Exact LMG from correlation matrices: the gain in R2, averaged over all orders of entry.

    Parameters
    ----------
    correlation : ndarray, shape (..., p + 1, p + 1)
        Drivers first, the outcome last.

    Returns
    -------
    share : ndarray, shape (..., p)
    r2 : ndarray, shape (...)

    References
    ----------
    Lindeman, Merenda, Gold (1980), Introduction to Bivariate and Multivariate Analysis, page 119;
    Groemping (2006), Journal of Statistical Software 17(1), equation 8.
    """
    p = correlation.shape[-1] - 1
    if p > _MOST_DRIVERS:
        raise DataError(
            f"{p} drivers are too many for exact LMG",
            remedy=f"choose {_MOST_DRIVERS} or fewer, or join items to dimensions",
        )
    among, with_y = correlation[..., :p, :p], correlation[..., :p, p]
    r2 = np.zeros((*correlation.shape[:-2], 2**p))
    members = [[i for i in range(p) if mask >> i & 1] for mask in range(2**p)]
    sizes = np.array([len(m) for m in members])
    for size in range(1, p + 1):
        masks = np.flatnonzero(sizes == size)
        chosen = np.array([members[m] for m in masks])
        block = among[..., chosen[:, :, None], chosen[:, None, :]]
        target = with_y[..., chosen]
        slope = np.linalg.solve(block, target[..., None])[..., 0]
        r2[..., masks] = (slope * target).sum(axis=-1)
    share = np.zeros((*correlation.shape[:-2], p))
    masks = np.arange(2**p)
    for i in range(p):
        without = masks[(masks >> i & 1) == 0]
        weight = np.array([1 / (p * comb(p - 1, int(sizes[m]))) for m in without])
        share[..., i] = ((r2[..., without | 1 << i] - r2[..., without]) * weight).sum(axis=-1)
    return share, r2[..., -1]


def drivers(
    scores: pd.DataFrame,
    outcome: pd.Series,
    *,
    rng: np.random.Generator,
    draws: int = 500,
    level: float = 0.95,
) -> Drivers:
    """Divide the explained variance of an outcome among its drivers.

    Parameters
    ----------
    scores : DataFrame, shape (n, p)
        One column a driver, say the dimension scores; at most 15.
    outcome : Series, shape (n,)
        Say overall satisfaction.
    rng : numpy.random.Generator
        For the percentile bootstrap over respondents.

    Raises
    ------
    DataError
        Fewer than ten complete answers a driver, or a column without spread.
    """
    data = scores.assign(_outcome=pd.to_numeric(outcome, errors="coerce").to_numpy()).dropna()
    x = data.to_numpy(dtype=float)
    n, p = len(x), x.shape[1] - 1
    if n < 10 * p:
        raise DataError(
            f"{n} complete answers for {p} drivers",
            remedy=f"at least {10 * p} are needed; join drivers or pool waves",
        )
    spread = x.std(axis=0)
    if (spread < 1e-12).any():
        flat = [*scores.columns, outcome.name][int(np.argmin(spread))]
        raise DataError(f"every respondent has the same value of {flat}", remedy="leave it out")
    z = (x - x.mean(axis=0)) / spread
    try:
        share, r2 = lmg(_weighted_correlation(z, np.ones((1, n))))
        weights = np.array(list(bootstrap_weights(n, draws, rng=rng)))
        drawn, drawn_r2 = lmg(_weighted_correlation(z, weights))
    except np.linalg.LinAlgError as error:
        raise DataError(
            "two drivers say exactly the same", remedy="leave one of them out"
        ) from error
    correlation = _weighted_correlation(z, np.ones((1, n)))[0]
    beta = np.linalg.solve(correlation[:p, :p], correlation[:p, p])
    tails = [0.5 - level / 2, 0.5 + level / 2]
    low, high = np.quantile(drawn, tails, axis=0)
    r2_low, r2_high = np.quantile(drawn_r2, tails)
    table = pd.DataFrame(
        {
            "driver": [str(c) for c in scores.columns],
            "n": n,
            "correlation": correlation[:p, p],
            "beta": beta,
            "estimate": share[0],
            "low": low,
            "high": high,
            "share": share[0] / r2[0],
            "rank": (-share[0]).argsort().argsort() + 1,
            "first": np.bincount(drawn.argmax(axis=1), minlength=p) / draws,
        }
    )
    return Drivers(table, float(r2[0]), float(r2_low), float(r2_high), n, len(scores) - n)


def _weighted_correlation(z: Array, weights: Array) -> Array:
    """Correlation matrices under each row of weights, shape (draws, p, p)."""
    total = weights.sum(axis=1)
    mean = weights @ z / total[:, None]
    k = z.shape[1]
    products = (z[:, :, None] * z[:, None, :]).reshape(len(z), k * k)
    second = (weights @ products / total[:, None]).reshape(-1, k, k)
    covariance = second - mean[:, :, None] * mean[:, None, :]
    sd = np.sqrt(np.maximum(np.einsum("bii->bi", covariance), 1e-300))
    return np.asarray(covariance / (sd[:, :, None] * sd[:, None, :]), dtype=float)
