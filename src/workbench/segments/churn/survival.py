"""How long customers stay: curves by group, and whether the groups differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from workbench.errors import DataError
from workbench.results.estimate import Estimate, named_estimates
from workbench.stats.survival import (
    LogRank,
    check_times,
    kaplan_meier,
    log_rank,
    median_time,
    nobody_left,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EVERYBODY = "everybody"


@dataclass(frozen=True)
class Survival:
    """Kaplan-Meier estimates by group.

    Attributes
    ----------
    table : DataFrame
        One row a group and a time at which somebody left: group, time, at_risk, events,
        estimate (share still there), low, high.
    groups : DataFrame
        One row a group: group, n, events, estimate (median time; missing where fewer than half
        left), low, high.
    log_rank : LogRank or None
        None for one group.
    longest : dict
        Group -> the longest time observed: the curve says nothing beyond it.
    """

    table: pd.DataFrame
    groups: pd.DataFrame
    log_rank: LogRank | None
    longest: dict[str, float]

    def at(self, *times: float) -> pd.DataFrame:
        """Read the curves off at some times.

        Returns
        -------
        DataFrame
            group, time, n (still watched then), estimate, low, high; missing beyond the longest
            time observed.
        """
        rows = []
        for group, t in self.table.groupby("group", sort=False, observed=True):
            for time in times:
                row = {"group": group, "time": time, "n": 0}
                if time > self.longest[str(group)]:
                    row |= {"estimate": np.nan, "low": np.nan, "high": np.nan}
                else:
                    # the curve starts at 1 at time 0, the first row
                    at = int(np.searchsorted(t["time"].to_numpy(), time, side="right")) - 1
                    last = t.iloc[at]
                    row |= {c: float(last[c]) for c in ("estimate", "low", "high")}
                    row["n"] = int(last["at_risk"] - last["events"])
                rows.append(row)
        return pd.DataFrame(rows)

    def metrics(self) -> dict[str, Estimate]:
        """Median time of each group."""
        return named_estimates(self.groups, "group")

    def plot(self, ax: Axes | None = None, *, most: int = 5) -> Axes:
        """Draw steps: share still there over time, one line a group (the largest), with bands."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        ax = plt.gca() if ax is None else ax
        shown = self.groups.sort_values("n", ascending=False, kind="stable")["group"].iloc[:most]
        styles = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
        for name, style in zip(
            [g for g in self.groups["group"] if g in set(shown)], styles, strict=False
        ):
            t = self.table[self.table["group"] == name]
            time = np.append(t["time"], self.longest[str(name)])
            lines = {c: np.append(t[c], t[c].iloc[-1]) for c in ("estimate", "low", "high")}
            line = ax.step(time, lines["estimate"], where="post", linestyle=style, label=str(name))
            band = (time, lines["low"], lines["high"])
            ax.fill_between(*band, step="post", alpha=0.15, color=line[0].get_color())
        ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.set_ylim(0, 1.02)
        ax.set_xlim(left=0)
        ax.set_ylabel("Still there")
        if len(shown) > 1:
            ax.legend(frameon=False)
        return ax


def survival(
    duration: ArrayLike,
    ended: ArrayLike,
    group: ArrayLike | None = None,
    *,
    level: float = 0.95,
) -> Survival:
    """Estimate how many are still there after so much time, by group.

    Parameters
    ----------
    duration : array_like, shape (n,)
        How long each has been watched: until they left, or until the data end.
    ended : array_like of bool, shape (n,)
        Whether they left.
    group : array_like, shape (n,), optional
        Rows without a group are left out.
    level : float
        Confidence.

    Raises
    ------
    DataError
        Nothing given, a missing or negative duration, nobody who left.
    """
    time, event = check_times(duration, ended)
    if not event.any():
        raise nobody_left(event.size)
    codes, names = _groups(group, time.size)
    tables, summaries, longest = [], [], {}
    for code, name in enumerate(names):
        inside = codes == code
        table = kaplan_meier(time[inside], event[inside], level=level)
        table.insert(0, "group", name)
        tables.append(table)
        longest[name] = float(time[inside].max())
        value, low, high = median_time(table, n=int(inside.sum()), level=level)
        summaries.append(
            {
                "group": name,
                "n": int(inside.sum()),
                "events": int(event[inside].sum()),
                "estimate": value,
                "low": low,
                "high": high,
            }
        )
    compared = codes >= 0
    test = log_rank(time[compared], event[compared], codes[compared]) if len(names) > 1 else None
    return Survival(pd.concat(tables, ignore_index=True), pd.DataFrame(summaries), test, longest)


def _groups(group: ArrayLike | None, n: int) -> tuple[NDArray[np.intp], list[str]]:
    if group is None:
        return np.zeros(n, dtype=np.intp), [EVERYBODY]
    given = pd.Series(group).reset_index(drop=True)
    if len(given) != n:
        raise DataError(f"there are {len(given)} groups for {n} rows", remedy="give one a row")
    if isinstance(given.dtype, pd.CategoricalDtype):
        given = given.cat.remove_unused_categories()
        names = [str(c) for c in given.cat.categories]
        codes = given.cat.codes.to_numpy()
    else:
        codes, labels = pd.factorize(given, sort=True)
        names = [str(label) for label in labels]
    if not names:
        raise DataError("no row has a group", remedy="fill the column, or leave it out")
    return np.asarray(codes, dtype=np.intp), names
