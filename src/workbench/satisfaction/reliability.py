"""Can the instrument be trusted: Cronbach's alpha with Feldt's interval, item by item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray
from scipy.special import fdtri, ndtri

from workbench.errors import DataError
from workbench.satisfaction.answers import Answers

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Alpha:
    """Cronbach's alpha of one set of items.

    Attributes
    ----------
    estimate, low, high : float
        Alpha and Feldt's limits.
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


def cronbach_alpha(
    items: pd.DataFrame,
    *,
    missing: Literal["complete", "pairwise"] = "complete",
    level: float = 0.95,
) -> Alpha:
    """Measure how well items that are meant to measure one thing agree.

    Parameters
    ----------
    items : DataFrame, shape (respondents, items)
        All keyed in the same direction.
    missing : {"complete", "pairwise"}
        Respondents who answered everything, or each covariance from the pairs at hand.

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
    covariance = frame.cov().to_numpy(dtype=float)
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
    low, high = feldt_limits(estimate, n, k, level=level)
    return Alpha(estimate, low, high, n, table)


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


@dataclass(frozen=True)
class Reliability:
    """Reliability of each dimension of a survey.

    Attributes
    ----------
    table : DataFrame
        One row a dimension and side ("expectation", "perception", "gap"): `dimension`, `of`,
        `items`, `n`, `estimate`, `low`, `high`. For "gap", alpha of the difference scores;
        `from_parts` adds what Peter, Churchill and Brown's formula gives.
    items : DataFrame
        Item statistics of the perception side.
    """

    table: pd.DataFrame
    items: pd.DataFrame

    @property
    def perception(self) -> pd.DataFrame:
        """The rows of experience, one a dimension."""
        return self.table[self.table["of"] == "perception"].reset_index(drop=True)

    @property
    def weak(self) -> list[str]:
        """Dimensions whose experience surely falls below 0.7."""
        return list(self.perception.loc[self.perception["high"] < 0.7, "dimension"])

    def metrics(self) -> pd.DataFrame:
        """Alpha of each dimension and side: name, value, low, high."""
        t = self.table
        names = "alpha." + t["of"] + "." + t["dimension"]
        return pd.DataFrame(
            {"name": names, "value": t["estimate"], "low": t["low"], "high": t["high"]}
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw alpha with its interval, by dimension and side, beside the usual 0.7."""
        ax = ax or plt.gca()
        names = list(dict.fromkeys(self.table["dimension"]))
        markers = {"expectation": "s", "perception": "o", "gap": "D"}
        for shift, (side, marker) in zip((0.22, 0.0, -0.22), markers.items(), strict=True):
            rows = self.table[self.table["of"] == side]
            place = np.array([len(names) - 1 - names.index(d) for d in rows["dimension"]]) + shift
            error = [rows["estimate"] - rows["low"], rows["high"] - rows["estimate"]]
            ax.errorbar(rows["estimate"], place, xerr=error, fmt=marker, label=side, capsize=2)
        ax.axvline(0.7, color=plt.rcParams["axes.edgecolor"], linewidth=0.8, linestyle="--")
        ax.set_yticks(np.arange(len(names)), names[::-1])
        ax.tick_params(axis="y", length=0)
        ax.grid(visible=False, axis="y")
        ax.set_xlabel("Cronbach's alpha (bar: 95% interval)")
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.12), ncols=3, frameon=False)
        return ax


def reliability(answers: Answers, *, level: float = 0.95) -> Reliability:
    """Judge every dimension of a survey: expectation, perception and their difference.

    Dimensions of one item, and those that cannot be judged (no spread, too few complete answers),
    stand in the table without a value.
    """
    rows, items = [], []
    sides = {
        "expectation": answers.expectation,
        "perception": answers.perception,
        "gap": answers.gap,
    }
    for name, members in answers.dimensions.items():
        alphas: dict[str, Alpha | None] = {}
        for side, values in sides.items():
            try:
                alphas[side] = cronbach_alpha(values[list(members)], level=level)
            except DataError:
                alphas[side] = None
            found = alphas[side]
            row = {"dimension": name, "of": side, "items": len(members)}
            value = (0, np.nan, np.nan, np.nan)
            if found is not None:
                value = (found.n, found.estimate, found.low, found.high)
            rows.append({**row, **dict(zip(("n", "estimate", "low", "high"), value, strict=True))})
        rows[-1]["from_parts"] = _from_parts(answers, list(members), alphas)
        if alphas["perception"] is not None:
            items.append(alphas["perception"].items.assign(dimension=name))
    columns = ["dimension", "of", "items", "n", "estimate", "low", "high", "from_parts"]
    parts = pd.concat(items, ignore_index=True) if items else pd.DataFrame()
    return Reliability(pd.DataFrame(rows, columns=columns), parts)


def _from_parts(answers: Answers, members: list[str], alphas: dict[str, Alpha | None]) -> float:
    e, p = alphas["expectation"], alphas["perception"]
    if e is None or p is None:
        return float("nan")
    sums = np.column_stack(
        [
            answers.expectation[members].to_numpy().sum(axis=1),
            answers.perception[members].to_numpy().sum(axis=1),
        ]
    )
    covariance = np.cov(sums[~np.isnan(sums).any(axis=1)], rowvar=False)
    sd_e, sd_p = np.sqrt(np.diag(covariance))
    correlation = covariance[0, 1] / (sd_e * sd_p)
    return difference_reliability(p.estimate, e.estimate, correlation, sd_p, sd_e)
