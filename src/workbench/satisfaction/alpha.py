"""Cronbach's alpha: how well items agree, with intervals for normal and for piled-up answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import fdtri, ndtri

from workbench.errors import DataError

Array = NDArray[np.float64]
# From this share of answers at one end of the scale, and so many answers, Feldt gives way.
_PILED = 0.25
_MANY = 100


@dataclass(frozen=True)
class Alpha:
    """Cronbach's alpha of one set of items.

    Attributes
    ----------
    estimate, low, high : float
        Alpha and its limits.
    interval : str
        "Feldt", or "distribution-free" where answers pile up at an end of the scale.
    n : int
        Respondents who answered every item; with pairwise covariances, the smallest number behind
        one covariance.
    items : DataFrame
        `item`, `mean`, `sd`, `item_rest` (correlation with the sum of the others), `low`, `high`
        (its interval), `alpha_if_dropped`.
    """

    estimate: float
    low: float
    high: float
    n: int
    items: pd.DataFrame
    interval: str = "Feldt"

    @property
    def table(self) -> pd.DataFrame:
        """The items."""
        return self.items

    def metrics(self) -> pd.DataFrame:
        """Alpha: name, value, low, high."""
        row = {"name": "alpha", "value": self.estimate, "low": self.low, "high": self.high}
        return pd.DataFrame([row])


def alpha_from_covariance(covariance: Array) -> float:
    """Cronbach's alpha of a covariance matrix of k items.

    References
    ----------
    Cronbach (1951), Psychometrika 16, 297-334, equation 2.
    """
    k = len(covariance)
    total = covariance.sum()
    if k < 2 or total <= 0:
        return float("nan")
    return float(k / (k - 1) * (1 - np.trace(covariance) / total))


def feldt_limits(alpha: float, n: int, k: int, *, level: float = 0.95) -> tuple[float, float]:
    """Limits for alpha: (1 - true) / (1 - sample) follows F on n-1 and (n-1)(k-1).

    Exact for normal, essentially parallel items; with ceiling effects coverage falls to about
    91 %.

    References
    ----------
    Feldt (1965), Psychometrika 30, 357-370; Feldt, Woodruff, Salih (1987), Applied Psychological
    Measurement 11, 93-103, equation 8.
    """
    if n < 3 or k < 2 or not np.isfinite(alpha):
        return float("nan"), float("nan")
    df = (n - 1, (n - 1) * (k - 1))
    upper, lower = fdtri(*df, [0.5 + level / 2, 0.5 - level / 2])
    return float(1 - (1 - alpha) * upper), float(1 - (1 - alpha) * lower)


def distribution_free_limits(values: Array, *, level: float = 0.95) -> tuple[float, float]:
    """Limits for alpha that need no normal answers: the delta method on each answer's influence.

    An answer y adds k / (k - 1) [tr(S) (sum d)^2 / T^2 - sum d^2 / T] to alpha, d being y less the
    means, S the covariances and T their sum. With this closed form the fourth moments of the
    answers are not written out.

    Parameters
    ----------
    values : ndarray, shape (n, k)
        Complete answers.

    References
    ----------
    Maydeu-Olivares, Coffman, Hartmann (2007), Psychological Methods 12, 157-176, equations 7 to 9;
    for normal answers the same is van Zyl, Neudecker, Nel (2000), Psychometrika 65, 271-280.
    """
    n, k = values.shape
    if n < 3 or k < 2:
        return float("nan"), float("nan")
    away = values - values.mean(axis=0)
    covariance = away.T @ away / (n - 1)
    total, trace = covariance.sum(), np.trace(covariance)
    sums = away.sum(axis=1)
    influence = k / (k - 1) * (trace * sums**2 / total**2 - np.square(away).sum(axis=1) / total)
    half = ndtri(0.5 + level / 2) * np.sqrt(influence.var(ddof=1) / n)
    alpha = alpha_from_covariance(covariance)
    return float(alpha - half), float(alpha + half)


def piles_up(values: Array) -> bool:
    """Tell whether a quarter of the answers sit at one end of what was answered.

    Then Feldt's interval is too narrow (coverage about 91 %), and from a hundred answers on the
    distribution-free one holds.
    """
    ends = (values == values.min()).mean(), (values == values.max()).mean()
    return bool(len(values) >= _MANY and max(ends) >= _PILED)


def cronbach_alpha(
    items: pd.DataFrame,
    *,
    missing: Literal["complete", "pairwise"] = "complete",
    interval: Literal["auto", "Feldt", "distribution-free"] = "auto",
    level: float = 0.95,
) -> Alpha:
    """Measure how well items that are meant to measure one thing agree.

    Parameters
    ----------
    items : DataFrame, shape (respondents, items)
        All keyed in the same direction.
    missing : {"complete", "pairwise"}
        Respondents who answered everything, or each covariance from the pairs at hand.
    interval : {"auto", "Feldt", "distribution-free"}
        The second needs complete answers. "auto" takes it where answers pile up at an end of the
        scale (see `piles_up`).

    Raises
    ------
    DataError
        Fewer than two items or three respondents, or an item with the same answer throughout.
    """
    if items.shape[1] < 2:
        raise DataError(
            "alpha needs at least two items",
            where=", ".join(map(str, items.columns)),
            remedy="pool the item with another dimension",
        )
    values = items.to_numpy(dtype=float)
    seen = ~np.isnan(values)
    if missing == "complete":
        values = values[seen.all(axis=1)]
        n = len(values)
    else:
        pairs = seen.T.astype(float) @ seen.astype(float)
        n = int(pairs.min())
    if n < 3:
        raise DataError(
            f"{n} respondents answered all of {', '.join(map(str, items.columns))}",
            remedy="alpha needs three, and a useful interval some fifty",
        )
    frame = pd.DataFrame(values, columns=items.columns)
    pairwise = missing == "pairwise"
    covariance = np.asarray(frame.cov() if pairwise else np.cov(values, rowvar=False), dtype=float)
    flat = [str(c) for c, v in zip(items.columns, np.diag(covariance), strict=True) if v <= 1e-12]
    if flat:
        raise DataError(
            f"every respondent gave the same answer to {', '.join(flat)}",
            remedy="an item without spread cannot be judged; leave it out",
        )
    estimate = alpha_from_covariance(covariance)
    k = items.shape[1]
    total = covariance.sum()
    with_rest = covariance.sum(axis=1) - np.diag(covariance)
    rest_variance = total - 2 * with_rest - np.diag(covariance)
    correlation = with_rest / np.sqrt(np.diag(covariance) * rest_variance)
    reach = ndtri(0.5 + level / 2) / np.sqrt(max(n - 3, 1))
    dropped = [
        alpha_from_covariance(np.delete(np.delete(covariance, i, 0), i, 1)) for i in range(k)
    ]
    table = pd.DataFrame(
        {
            "item": list(items.columns),
            "mean": frame.mean().to_numpy(),
            "sd": np.sqrt(np.diag(covariance)),
            "item_rest": correlation,
            "low": np.tanh(np.arctanh(correlation) - reach),
            "high": np.tanh(np.arctanh(correlation) + reach),
            "alpha_if_dropped": dropped,
        }
    )
    if interval == "auto":
        free = missing == "complete" and piles_up(values)
        interval = "distribution-free" if free else "Feldt"
    if interval == "Feldt":
        low, high = feldt_limits(estimate, n, k, level=level)
    elif missing == "pairwise":
        raise DataError(
            "the distribution-free interval needs complete answers",
            remedy="use missing='complete', or Feldt's interval",
        )
    else:
        low, high = distribution_free_limits(values, level=level)
    return Alpha(estimate, low, high, n, table, interval)


def difference_reliability(
    reliability_x: float, reliability_y: float, correlation: float, sd_x: float, sd_y: float
) -> float:
    """Reliability of x - y from the reliabilities of its parts.

    References
    ----------
    Peter, Churchill, Brown (1993), Journal of Consumer Research 19(4), 655-662, equation 1.
    """
    joint = 2 * correlation * sd_x * sd_y
    total = sd_x**2 + sd_y**2 - joint
    if total <= 0:
        return float("nan")
    return float((sd_x**2 * reliability_x + sd_y**2 * reliability_y - joint) / total)
