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
from workbench.satisfaction.net_promoter import nps, usable_scores
from workbench.stats import Interval, mean_difference, mean_interval, wilson

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
    scores: ArrayLike, *, scale: tuple[float, float] = (1, 5), level: float = 0.95
) -> Satisfaction:
    """Measure customer satisfaction from answers on a scale.

    Parameters
    ----------
    scores : array_like
        Missing answers and values off the scale are left out and counted.
    scale : tuple
        Lowest and highest possible answer; the two best are the highest and the one below.
    """
    values, excluded = usable_scores(scores, scale)
    top = int((values >= scale[1] - 1).sum())
    low, high = wilson(top, values.size, level=level)
    share = Interval(top / values.size, float(low), float(high), values.size, level)
    return Satisfaction(mean_interval(values, level=level), share, int(values.size), excluded)


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
    rows, cells = [], []
    for value, answers in frame.groupby(by, sort=True, observed=True)[column]:
        numbers = pd.to_numeric(answers, errors="coerce")
        usable = numbers[numbers.between(*limits)].to_numpy(dtype=float)
        small = usable.size < min_cell
        cell = None if small else _measure(usable, measure, scale, level)
        cells.append(None if cell is None else (cell, usable))
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
        _change(cells[i - 1], cells[i], table[by].iloc[i - 1], table[by].iloc[i], measure, level)
        for i in range(1, len(cells))
    ]
    names = ["before", "after", "estimate", "low", "high", "detectable", "clear"]
    return Trend(table, pd.DataFrame(changes, columns=names), measure, by)


def _measure(values: Array, measure: Measure, scale: tuple[float, float], level: float) -> Interval:
    if measure == "nps":
        return nps(values, level=level).interval
    both = csat(values, scale=scale, level=level)
    return both.mean if measure == "csat" else both.top_two_box


def _change(
    a: tuple[Interval, Array] | None,
    b: tuple[Interval, Array] | None,
    before: object,
    after: object,
    measure: Measure,
    level: float,
) -> dict[str, object]:
    row: dict[str, object] = {"before": before, "after": after}
    if a is None or b is None:
        return row
    (one, xs), (two, ys) = a, b
    estimate = two.estimate - one.estimate
    if measure == "csat":
        welch = mean_difference(ys, xs, level=level)
        low, high = welch.low, welch.high
        spread = float(np.var(xs, ddof=1) / xs.size + np.var(ys, ddof=1) / ys.size)
    else:
        low = estimate - np.hypot(two.estimate - two.low, one.high - one.estimate)
        high = estimate + np.hypot(two.high - two.estimate, one.estimate - one.low)
        unit = 100.0 if measure == "nps" else 1.0
        spread = unit**2 * sum(_spread(x, measure, i, unit) for i, x in ((one, xs), (two, ys)))
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


def _spread(values: Array, measure: Measure, interval: Interval, unit: float) -> float:
    share = interval.estimate / unit
    if measure == "nps":
        return float(((values >= 9).mean() + (values < 7).mean() - share**2) / values.size)
    return float(share * (1 - share) / values.size)
