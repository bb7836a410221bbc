"""Control charts of shares (p) and of counts for each unit (u), with sizes that may vary.

Montgomery (2013), Introduction to Statistical Quality Control, 7th ed., sections 7.2 and 7.3. Each
period has its own three-sigma limits. Counts of customers often scatter more than pure chance
allows; where the base shows it, the limits are widened by that factor (Laney 2002, Improved control
charts for attributes, Quality Engineering 14(4), 531-537).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pandas as pd

from workbench.arrays import Array
from workbench.goals.control_charts import RULES, RUN, chart_metrics, draw_values, signals_of
from workbench.goals.record import GoalError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FEWEST: Final = 5
_D2: Final = 1.128  # mean range of two standard normal values


@dataclass(frozen=True)
class CountChart:
    """A p or u chart.

    Attributes
    ----------
    table : DataFrame
        period, value, size, mean, lower_limit, upper_limit, signal (words, empty for noise), base.
    kind : str
        ``p`` or ``u``.
    mean : float
        Centre line: all counts of the base over all its units.
    spread : float
        By how much the limits were widened beyond pure chance; 1 for none.
    """

    table: pd.DataFrame
    kind: Literal["p", "u"]
    mean: float
    spread: float

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

    @property
    def digits(self) -> int:
        """Decimals that show a tenth of the usual width of the limits."""
        width = float((self.table["upper_limit"] - self.mean).mean()) or 1.0
        return max(0, 1 - int(np.floor(np.log10(width / 3))))

    def metrics(self) -> pd.DataFrame:
        """Mean with the limits of the last period, and the number of signals."""
        return chart_metrics(self.mean, self.low, self.high, len(self.signals))

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw values, mean and stepped limits; signals are marked with a ring."""
        import matplotlib.pyplot as plt

        ax = plt.gca() if ax is None else ax
        t = self.table
        ax.fill_between(
            t["period"], t["lower_limit"], t["upper_limit"], color="C0", alpha=0.12, linewidth=0,
            step="mid",
        )  # fmt: skip
        draw_values(ax, t, self.mean)
        return ax


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
    """Chart a rate, such as complaints for each 100 customers; see `p_chart`."""
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
    spread = 1.0
    if widen:
        spread = max(1.0, float(np.abs(np.diff(z[:first])).mean()) / _D2)
    low = np.maximum(mean - 3 * spread * error, 0.0)
    high = mean + 3 * spread * error
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
            "signal": _signals(z / spread, value, low, high),
            "base": np.arange(count.size) < first,
        }
    )
    return CountChart(table, kind, mean, spread)


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
