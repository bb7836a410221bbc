"""Control charts, which tell signals from noise: of values (XmR), shares (p) and rates (u).

XmR: Wheeler (1993), Understanding Variation, chapter 3 and appendix; Shewhart (1931). Limits lie
2.66 mean moving ranges from the mean; the ranges have their own limit at 3.268 times their mean.

p and u: Montgomery (2013), Introduction to Statistical Quality Control, 7th ed., sections 7.2 and
7.3. Each period has its own three-sigma limits. Counts of customers often scatter more than pure
chance allows; where the base shows it, the limits are widened by that factor (Laney 2002, Improved
control charts for attributes, Quality Engineering 14(4), 531-537).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

import numpy as np
import pandas as pd

from workbench.arrays import Array
from workbench.goals.record import GoalError
from workbench.languages import Language
from workbench.results import Estimate, Result, labelled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH: Final = 2.66  # 3 / d2, with d2 = 1.128 for ranges of two
RANGE_WIDTH: Final = 3.268
RUN: Final = 8
#: Periods that limits need.
FEWEST: Final = 5
#: Periods that set the limits of a later phase, as far as it has them.
PHASE_BASE: Final = 12
_D2: Final = 1.128  # mean range of two standard normal values
RULES: Final = {
    "outside": "outside the limits",
    "run": "eight in a row on one side of the mean",
    "near": "three of four nearer to a limit than to the mean",
    "range": "a jump beyond the range limit",
}


def signals_of(table: pd.DataFrame) -> pd.DataFrame:
    """Give the periods of a control chart that are more than noise."""
    return table[table["signal"] != ""]


def chart_estimates(mean: float, low: float, high: float, signals: int) -> dict[str, Estimate]:
    """Give the mean of a control chart between its limits, and the number of signals."""
    return {
        "mean": Estimate(mean, low, high, label="Mean and limits"),
        "signals": Estimate(signals, label="Signals"),
    }


def chart_columns(digits: int) -> dict[str, Any]:
    """Give the columns of a control chart, with so many decimals."""
    form = f"number:{digits}"
    return {
        "period": "Period",
        "value": ("Measured", form),
        "lower_limit": ("Lower limit", form),
        "upper_limit": ("Upper limit", form),
        "signal": "Signal",
    }


def digits_of(size: float) -> int:
    """Decimals that show a tenth of such a size."""
    return max(0, 1 - math.floor(math.log10(size))) if size > 0 else 0


def draw_values(ax: Axes, table: pd.DataFrame) -> None:
    """Draw the centre lines and the values of a control chart; signals get a ring."""
    for _, own in table.groupby("phase"):
        ax.plot(own["period"], own["mean"], color="C0", linewidth=1)
    ax.plot(table["period"], table["value"], color="C0", marker="o", markersize=3.5, linewidth=1.2)
    found = signals_of(table)
    ax.plot(found["period"], found["value"], "o", color="C1", fillstyle="none", markersize=9)


@dataclass(frozen=True)
class XmR(Result):
    """A chart of individual values.

    Attributes
    ----------
    table : DataFrame
        period, value, range, mean, lower_limit, upper_limit, signal (words, empty for noise),
        base (whether the period set the limits), phase (0, 1, ...).
    mean, low, high, range_mean, range_limit : float
        Of the last phase.
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

    def estimates(self) -> dict[str, Estimate]:
        """Mean with its limits, and the number of signals."""
        return chart_estimates(self.mean, self.low, self.high, len(self.signals))

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw values, mean and limits; signals are marked with a ring."""
        import matplotlib.pyplot as plt

        ax = plt.gca() if ax is None else ax
        t = self.table
        for _, own in t.groupby("phase"):
            limits = own["lower_limit"], own["upper_limit"]
            ax.fill_between(own["period"], *limits, color="C0", alpha=0.12, linewidth=0)
        draw_values(ax, t)
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

    Examples
    --------
    >>> from workbench.goals import xmr
    >>> chart = xmr([8.2, 8.0, 8.4, 7.9, 8.1, 8.3, 8.0, 8.2, 5.1])
    >>> chart.table.columns.tolist()[:3]
    ['period', 'value', 'range']
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
            "phase": 0,
        }
    )
    columns = chart_columns(digits_of(range_mean or abs(mean)))
    return XmR(labelled(table, **columns), mean, low, high, range_mean, limit)


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


@dataclass(frozen=True)
class CountChart(Result):
    """A p or u chart.

    Attributes
    ----------
    table : DataFrame
        period, value, size, mean, lower_limit, upper_limit, signal (words, empty for noise),
        base, phase.
    kind : str
        ``p`` or ``u``.
    mean : float
        Centre line: all counts of the base over all its units.
    overdispersion : float
        By how much the limits were widened beyond pure chance; 1 for none.
    """

    table: pd.DataFrame
    kind: Literal["p", "u"]
    mean: float
    overdispersion: float

    @property
    def signals(self) -> pd.DataFrame:
        """The periods that are more than noise."""
        return signals_of(self.table)

    @property
    def low(self) -> float:
        """Lower limit of the last period."""
        return float(self.table["lower_limit"].iloc[-1])

    @property
    def high(self) -> float:
        """Upper limit of the last period."""
        return float(self.table["upper_limit"].iloc[-1])

    def estimates(self) -> dict[str, Estimate]:
        """Mean with the limits of the last period, and the number of signals."""
        return chart_estimates(self.mean, self.low, self.high, len(self.signals))

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw values, mean and stepped limits; signals are marked with a ring."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        ax = plt.gca() if ax is None else ax
        t = self.table
        for _, own in t.groupby("phase"):
            limits = own["lower_limit"], own["upper_limit"]
            ax.fill_between(own["period"], *limits, color="C0", alpha=0.12, linewidth=0, step="mid")
        draw_values(ax, t)
        if self.kind == "p":
            ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        return ax


C = TypeVar("C", XmR, CountChart)


def in_phases(
    chart: Callable[[int, int, int], C], starts: Sequence[int], n: int, base: int
) -> tuple[C, list[int]]:
    """Chart a process that was another from known periods on: each phase has limits of its own.

    A phase too short for limits keeps those of the one before it; runs do not reach across.

    Parameters
    ----------
    chart : callable
        Charts the periods from ``first`` up to ``last``, with so many of them as base.
    starts : sequence of int
        First periods of later phases, in order.
    n : int
        Periods.
    base : int
        Those that set the limits of the first phase.

    Returns
    -------
    chart
        The last phase's, with the table of all.
    list of int
        Starts that had too few periods.

    References
    ----------
    Wheeler (2000), Understanding Variation, 2nd ed., chapter 4 (when to set limits anew).
    """
    enough: list[int] = []
    short: list[int] = []
    for at in sorted({s for s in starts if base <= s < n}):
        following = next((s for s in sorted(starts) if s > at), n)
        (enough if following - at >= FEWEST else short).append(at)
    cuts = [0, *enough, n]
    parts = []
    for k, (first, last) in enumerate(pairwise(cuts)):
        own = base if not k else min(last - first, PHASE_BASE)
        parts.append(chart(first, last, min(own, last - first)))
    tables = [part.table.assign(phase=k) for k, part in enumerate(parts)]
    whole = pd.concat(tables, ignore_index=True)
    whole.attrs = parts[-1].table.attrs
    return replace(parts[-1], table=whole), short


def p_chart(
    counts: Any,
    sizes: Any,
    periods: Sequence[Any] | None = None,
    *,
    base: int | None = None,
    widen: bool = False,
) -> CountChart:
    """Chart a share: counts of sizes.

    Parameters
    ----------
    counts, sizes : array_like, shape (n,)
        How many of how many, by period in order of time; sizes may vary.
    periods : sequence, optional
        Labels or dates; 0, 1, 2, ... by default.
    base : int, optional
        How many of the first periods set the limits; all by default.
    widen : bool
        Widen the limits where the base scatters more than pure chance (Laney's p').

    Raises
    ------
    GoalError
        With fewer than five periods in the base, sizes that are not positive, or counts outside
        their sizes.
    """
    return _chart("p", counts, sizes, periods, base, widen)


def u_chart(
    counts: Any,
    sizes: Any,
    periods: Sequence[Any] | None = None,
    *,
    base: int | None = None,
    widen: bool = False,
) -> CountChart:
    """Chart a rate, such as complaints for each 100 customers.

    Parameters
    ----------
    counts, sizes : array_like, shape (n,)
        Events of each period, and what they are counted on (customers, contacts).
    periods, base, widen
        See `p_chart`.

    Returns
    -------
    CountChart

    Examples
    --------
    >>> from workbench.goals import u_chart
    >>> complaints, contacts = [12, 9, 14, 11, 10, 13, 9, 31], [100, 90, 110, 100, 95, 105, 90, 100]
    >>> chart = u_chart(complaints, contacts)
    >>> chart.table["value"].round(2).tolist()
    [0.12, 0.1, 0.13, 0.11, 0.11, 0.12, 0.1, 0.31]
    """
    return _chart("u", counts, sizes, periods, base, widen)


def _chart(
    kind: Literal["p", "u"],
    counts: Any,
    sizes: Any,
    periods: Sequence[Any] | None,
    base: int | None,
    widen: bool,
) -> CountChart:
    count, size = np.asarray(counts, dtype=np.float64), np.asarray(sizes, dtype=np.float64)
    where = f"{kind} chart"
    if count.shape != size.shape or count.ndim != 1 or not np.isfinite([count, size]).all():
        raise GoalError(
            "counts and sizes must be rows of numbers, one each a period",
            where=where,
            remedy="leave gaps out of both",
        )
    if (size <= 0).any() or (count < 0).any() or (kind == "p" and (count > size).any()):
        raise GoalError(
            "a count lies outside its size", where=where, remedy="give how many of how many"
        )
    first = count.size if base is None else base
    if not FEWEST <= first <= count.size:
        raise GoalError(
            f"{first} of {count.size} values cannot set limits",
            where=where,
            remedy=f"use at least {FEWEST} periods",
        )
    value = count / size
    mean = float(count[:first].sum() / size[:first].sum())
    error = np.sqrt((mean * (1 - mean) if kind == "p" else mean) / size)
    z = (value - mean) / np.where(error > 0, error, 1.0)
    overdispersion = 1.0
    if widen:
        overdispersion = max(1.0, float(np.abs(np.diff(z[:first])).mean()) / _D2)
    low = np.maximum(mean - 3 * overdispersion * error, 0.0)
    high = mean + 3 * overdispersion * error
    if kind == "p":
        high = np.minimum(high, 1.0)
    table = pd.DataFrame(
        {
            "period": list(range(count.size)) if periods is None else list(periods),
            "value": value,
            "size": size,
            "mean": mean,
            "lower_limit": low,
            "upper_limit": high,
            "signal": _signals(z / overdispersion, value, low, high),
            "base": np.arange(count.size) < first,
            "phase": 0,
        }
    )
    columns = chart_columns(digits_of(float((high - mean).mean()) / 3))
    return CountChart(labelled(table, **columns), kind, mean, overdispersion)


def _signals(z: Array, value: Array, low: Array, high: Array) -> list[str]:
    found = []
    for i in range(z.size):
        side = np.sign(z[max(i - RUN + 1, 0) : i + 1])
        last = z[max(i - 3, 0) : i + 1]
        near = [bool(s * z[i] > 1.5 and (s * last > 1.5).sum() >= 3) for s in (1, -1)]
        if value[i] > high[i] or value[i] < low[i]:
            found.append(RULES["outside"])
        elif i + 1 >= RUN and abs(side.sum()) == RUN:
            found.append(RULES["run"])
        elif any(near):
            found.append(RULES["near"])
        else:
            found.append("")
    return found
