"""The chart of individual values and moving ranges (XmR), which tells signals from noise.

Wheeler (1993), Understanding Variation, chapter 3 and appendix; Shewhart (1931). Limits lie 2.66
mean moving ranges from the mean; the moving ranges have their own limit at 3.268 times their mean.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from workbench.goals.record import GoalError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH: Final = 2.66  # 3 / d2, with d2 = 1.128 for ranges of two
RANGE_WIDTH: Final = 3.268
RUN: Final = 8
RULES: Final = {
    "outside": "outside the limits",
    "run": "eight in a row on one side of the mean",
    "near": "three of four nearer to a limit than to the mean",
    "range": "a jump beyond the range limit",
}


def signals_of(table: pd.DataFrame) -> pd.DataFrame:
    """Give the periods of a control chart that are more than noise."""
    return table[table["signal"] != ""]


def chart_metrics(mean: float, low: float, high: float, signals: int) -> pd.DataFrame:
    """Give the mean of a control chart with its limits, and the number of signals."""
    return pd.DataFrame(
        [
            {"name": "mean", "value": mean, "low": low, "high": high},
            {"name": "signals", "value": signals, "low": np.nan, "high": np.nan},
        ]
    )


def draw_values(ax: Axes, table: pd.DataFrame, mean: float) -> None:
    """Draw the centre line and the values of a control chart; signals get a ring."""
    ax.axhline(mean, color="C0", linewidth=1)
    ax.plot(table["period"], table["value"], color="C0", marker="o", markersize=3.5, linewidth=1.2)
    found = signals_of(table)
    ax.plot(found["period"], found["value"], "o", color="C1", fillstyle="none", markersize=9)


@dataclass(frozen=True)
class XmR:
    """A chart of individual values.

    Attributes
    ----------
    table : DataFrame
        period, value, range, mean, lower_limit, upper_limit, signal (words, empty for noise),
        base (whether the period set the limits).
    mean, low, high, range_mean, range_limit : float
    """

    table: pd.DataFrame
    mean: float
    low: float
    high: float
    range_mean: float
    range_limit: float

    @property
    def signals(self) -> pd.DataFrame:
        """The periods that are more than noise."""
        return signals_of(self.table)

    @property
    def digits(self) -> int:
        """Decimals that show a tenth of the usual range."""
        usual = self.range_mean or abs(self.mean) or 1.0
        return max(0, 1 - math.floor(math.log10(usual)))

    def metrics(self) -> pd.DataFrame:
        """Mean with its limits, and the number of signals: name, value, low, high."""
        return chart_metrics(self.mean, self.low, self.high, len(self.signals))

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw values, mean and limits; signals are marked with a ring."""
        import matplotlib.pyplot as plt

        ax = plt.gca() if ax is None else ax
        t = self.table
        ax.fill_between(t["period"], self.low, self.high, color="C0", alpha=0.12, linewidth=0)
        draw_values(ax, t, self.mean)
        return ax


def xmr(values: Any, periods: Sequence[Any] | None = None, *, base: int | None = None) -> XmR:
    """Chart individual values.

    Parameters
    ----------
    values : array_like, shape (n,)
        One value a period, in order of time.
    periods : sequence, optional
        Labels or dates; 0, 1, 2, ... by default.
    base : int, optional
        How many of the first periods set the limits; all by default.

    Raises
    ------
    GoalError
        With fewer than five values in the base, or a value that is not a number.
    """
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 1 or not np.isfinite(x).all():
        raise GoalError(
            "values must be a single row of numbers", where="xmr", remedy="leave gaps out"
        )
    size = x.size if base is None else base
    if not 5 <= size <= x.size:
        raise GoalError(
            f"{size} of {x.size} values cannot set limits",
            where="xmr",
            remedy="use at least five values",
        )
    moving = np.abs(np.diff(x))
    mean, range_mean = float(x[:size].mean()), float(moving[: size - 1].mean())
    low, high = mean - WIDTH * range_mean, mean + WIDTH * range_mean
    limit = RANGE_WIDTH * range_mean
    words = [_signal(x, i, mean, low, high, limit) for i in range(x.size)]
    table = pd.DataFrame(
        {
            "period": list(range(x.size)) if periods is None else list(periods),
            "value": x,
            "range": np.concatenate([[np.nan], moving]),
            "mean": mean,
            "lower_limit": low,
            "upper_limit": high,
            "signal": words,
            "base": np.arange(x.size) < size,
        }
    )
    return XmR(table, mean, low, high, range_mean, limit)


def _signal(
    x: np.ndarray[tuple[int], np.dtype[np.float64]],
    i: int,
    mean: float,
    low: float,
    high: float,
    limit: float,
) -> str:
    if x[i] > high or x[i] < low:
        return RULES["outside"]
    side = np.sign(x[: i + 1] - mean)
    if i + 1 >= RUN and abs(side[-RUN:].sum()) == RUN:
        return RULES["run"]
    for sign, bound in ((1, (mean + high) / 2), (-1, (mean + low) / 2)):
        last = x[max(i - 3, 0) : i + 1]
        far = sign * last > sign * bound
        if far[-1] and far.sum() >= 3:
            return RULES["near"]
    if i and abs(x[i] - x[i - 1]) > limit:
        return RULES["range"]
    return ""
