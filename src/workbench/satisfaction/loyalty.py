"""Loyalty over waves and groups: net promoter score and satisfaction, and whether they moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from workbench.errors import DataError
from workbench.satisfaction.answers import WEIGHT
from workbench.satisfaction.net_promoter import nps, usable_scores
from workbench.stats import (
    Interval,
    column_moments,
    effective_answers,
    mean_difference,
    mean_interval,
    wilson,
)

Array = NDArray[np.float64]
Measure = Literal["nps", "csat", "top_two_box"]


@dataclass(frozen=True)
class Satisfaction:
    """Customer satisfaction of one group: the mean and the share of the two best answers.

    Attributes
    ----------
    mean : Interval
        Student's t interval.
    top_two_box : Interval
        Share of the two highest answers, Wilson's interval.
    n, excluded : int
    """

    mean: Interval
    top_two_box: Interval
    n: int
    excluded: int

    @property
    def table(self) -> pd.DataFrame:
        """`measure`, `n`, `estimate`, `low`, `high`."""
        rows = [
            {"measure": "csat", **self.mean.row()},
            {"measure": "top_two_box", **self.top_two_box.row()},
        ]
        return pd.DataFrame(rows)

    def metrics(self) -> pd.DataFrame:
        """Both numbers: name, value, low, high."""
        table = self.table.rename(columns={"measure": "name", "estimate": "value"})
        return table[["name", "value", "low", "high"]]


def csat(
    scores: ArrayLike,
    *,
    scale: tuple[float, float] = (1, 5),
    weights: ArrayLike | None = None,
    level: float = 0.95,
) -> Satisfaction:
    """Measure customer satisfaction from answers on a scale.

    Parameters
    ----------
    scores : array_like
        Missing answers and values off the scale are left out and counted.
    scale : tuple
        Lowest and highest possible answer; the two best are the highest and the one below.
    weights : array_like, optional
        One an answer: linearised variance of the mean, effective number of answers for the share.
    """
    values, excluded, w = usable_scores(scores, scale, weights)
    top = (values >= scale[1] - 1).astype(float)
    size = float(values.size) if w is None else effective_answers(top, w)
    estimate = float(np.average(top, weights=w))
    low, high = wilson(estimate * size, size, level=level)
    share = Interval(estimate, float(low), float(high), values.size, level)
    mean = mean_interval(values, weights=w, level=level)
    return Satisfaction(mean, share, int(values.size), excluded)


@dataclass(frozen=True)
class Trend:
    """One loyalty measure over waves or groups.

    Attributes
    ----------
    table : DataFrame
        One row a wave or group: the grouping column, `n`, `estimate`, `low`, `high`, `withheld`,
        `reason`. NPS in points, top-two-box as a share.
    changes : DataFrame
        From each row to the next: `before`, `after`, `estimate`, `low`, `high`, `detectable` (the
        change that this sample shows with 80 % power) and `clear` (the interval excludes zero).
    measure, by : str
    """

    table: pd.DataFrame
    changes: pd.DataFrame
    measure: Measure
    by: str

    @property
    def latest(self) -> Interval:
        """The last wave or group that is large enough to be shown.

        Raises
        ------
        DataError
            None is.
        """
        shown = self.table[~self.table["withheld"]]
        if shown.empty:
            raise DataError(
                f"every group of {self.by!r} is too small", where="survey", remedy="pool waves"
            )
        last = shown.iloc[-1]
        return Interval(*(float(last[c]) for c in ("estimate", "low", "high", "n")))

    def metrics(self) -> pd.DataFrame:
        """Return the last wave shown: name, value, low, high."""
        value, low, high = self.latest
        return pd.DataFrame([{"name": self.measure, "value": value, "low": low, "high": high}])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the measure with its interval, wave by wave, each point labelled."""
        ax = ax or plt.gca()
        unit, form, name = _DRAWN[self.measure]
        kept = ~self.table["withheld"].to_numpy()
        place = np.flatnonzero(kept)
        y, low, high = (unit * self.table.loc[kept, c].to_numpy() for c in _LIMITS)
        ax.errorbar(place, y, yerr=[y - low, high - y], fmt="o-", capsize=4)
        for i, (x, value) in enumerate(zip(place, y, strict=True)):
            rises = i + 1 < len(y) and y[i + 1] > value
            ax.annotate(
                form.format(value).replace("-", "\N{MINUS SIGN}"),
                (x, value),
                xytext=(8, -13 if rises else 6),
                textcoords="offset points",
            )
        ax.set_xticks(np.arange(len(self.table)), [str(v) for v in self.table[self.by]])
        ax.set_xlim(-0.4, len(self.table) - 0.4)
        ax.set_ylabel(name)
        return ax


_LIMITS = ("estimate", "low", "high")
_DRAWN: dict[Measure, tuple[float, str, str]] = {
    "nps": (1.0, "{:+.0f}", "Net promoter score, points"),
    "csat": (1.0, "{:.2f}", "Mean satisfaction"),
    "top_two_box": (100.0, "{:.0f}%", "Share of the two best answers, %"),
}


def loyalty_by(
    frame: pd.DataFrame,
    by: str,
    *,
    column: str,
    measure: Measure = "nps",
    scale: tuple[float, float] = (1, 5),
    weights: str | None = None,
    min_cell: int = 5,
    level: float = 0.95,
) -> Trend:
    """Compare a loyalty measure over waves or groups.

    Differences join the two single intervals (square-and-add), so they keep the coverage of the
    score interval at any sample size; means use Welch's interval. Answers of two waves are taken
    as independent samples.

    Parameters
    ----------
    frame : DataFrame
    by, column : str
        The grouping column (sorted) and the answers.
    measure : {"nps", "csat", "top_two_box"}
    scale : tuple
        Scale of `csat` and `top_two_box`.
    weights : str, optional
        Column of weights; the column `weight` is used where there is one.
    min_cell : int
        Smaller groups are withheld.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17, 873-890, method 10 (square-and-add).
    """
    for name in (by, column):
        if name not in frame:
            raise DataError(
                f"there is no column {name!r}",
                where="survey",
                remedy=f"choose one of {', '.join(map(str, frame.columns))}",
            )
    limits = (0.0, 10.0) if measure == "nps" else scale
    weights = WEIGHT if weights is None and WEIGHT in frame else weights
    rows, cells = [], []
    for value, part in frame.groupby(by, sort=True, observed=True):
        numbers = pd.to_numeric(part[column], errors="coerce")
        good = numbers.between(*limits)
        usable = numbers[good].to_numpy(dtype=float)
        w = None if weights is None else part.loc[good, weights].to_numpy(dtype=float)
        small = usable.size < min_cell
        cell = None if small else _measure(usable, w, measure, scale, level)
        cells.append(None if cell is None else (cell, usable, w))
        shown = {"estimate": np.nan, "low": np.nan, "high": np.nan} if cell is None else cell.row()
        reason = f"fewer than {min_cell} answers" if small else ""
        rows.append({by: value, **shown, "n": usable.size, "withheld": small, "reason": reason})
    columns = [by, "n", "estimate", "low", "high", "withheld", "reason"]
    if not rows:
        raise DataError(
            "there is nothing to compare",
            where=f"survey.{by}",
            remedy="fill the column or choose another",
        )
    table = pd.DataFrame(rows, columns=columns)
    changes = [
        _change(
            cells[i - 1], cells[i], table[by].iloc[i - 1], table[by].iloc[i], measure, scale, level
        )
        for i in range(1, len(cells))
    ]
    names = ["before", "after", "estimate", "low", "high", "detectable", "clear"]
    return Trend(table, pd.DataFrame(changes, columns=names), measure, by)


Cell = tuple[Interval, Array, Array | None]


def _measure(
    values: Array, w: Array | None, measure: Measure, scale: tuple[float, float], level: float
) -> Interval:
    if measure == "nps":
        return nps(values, weights=w, level=level).interval
    both = csat(values, scale=scale, weights=w, level=level)
    return both.mean if measure == "csat" else both.top_two_box


def _change(
    a: Cell | None,
    b: Cell | None,
    before: object,
    after: object,
    measure: Measure,
    scale: tuple[float, float],
    level: float,
) -> dict[str, object]:
    row: dict[str, object] = {"before": before, "after": after}
    if a is None or b is None:
        return row
    (one, xs, wx), (two, ys, wy) = a, b
    estimate = two.estimate - one.estimate
    if measure == "csat":
        welch = mean_difference(ys, xs, weights_a=wy, weights_b=wx, level=level)
        low, high = welch.low, welch.high
    else:
        low = estimate - np.hypot(two.estimate - two.low, one.high - one.estimate)
        high = estimate + np.hypot(two.high - two.estimate, one.estimate - one.low)
    spread = _variance(xs, wx, measure, scale) + _variance(ys, wy, measure, scale)
    detectable = (ndtri(0.5 + level / 2) + ndtri(0.8)) * np.sqrt(spread)
    clear = bool(low > 0 or high < 0)
    return {
        **row,
        "estimate": estimate,
        "low": float(low),
        "high": float(high),
        "detectable": float(detectable),
        "clear": clear,
    }


def _variance(
    values: Array, w: Array | None, measure: Measure, scale: tuple[float, float]
) -> float:
    """Linearised variance of the measure, in its own unit squared."""
    coded = {
        "nps": 100.0 * ((values >= 9).astype(float) - (values < 7)),
        "csat": values,
        "top_two_box": (values >= scale[1] - 1).astype(float),
    }[measure]
    found = column_moments(coded[:, None], w).variance[0]
    return float(found) if np.isfinite(found) else 0.0
