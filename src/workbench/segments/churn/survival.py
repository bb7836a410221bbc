"""How long customers stay: Kaplan-Meier curves by group, and whether the groups differ.

References
----------
Kaplan, Meier (1958), JASA 53, 457-481. Kalbfleisch, Prentice (2002), The Statistical Analysis of
Failure Time Data, 2nd ed., section 1.4 (limits on the scale of log(-log S)). Mantel (1966), Cancer
Chemotherapy Reports 50, 163-170 (the log-rank test). Brookmeyer, Crowley (1982), Biometrics
38(1), 29-41 (limits of the median).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc

from workbench.arrays import Array
from workbench.errors import DataError
from workbench.results.estimate import Estimate, named_estimates
from workbench.stats.intervals import normal_quantile

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EVERYBODY = "everybody"


@dataclass(frozen=True)
class LogRank:
    """Test of the hypothesis that all groups leave at the same rate."""

    statistic: float
    df: int
    p_value: float


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
    z = normal_quantile(level)
    tables, summaries, longest = [], [], {}
    for code, name in enumerate(names):
        inside = codes == code
        table = _curve(time[inside], event[inside], z)
        table.insert(0, "group", name)
        tables.append(table)
        longest[name] = float(time[inside].max())
        median = [_first_below(table, c) for c in ("estimate", "low", "high")]
        summaries.append(
            {
                "group": name,
                "n": int(inside.sum()),
                "events": int(event[inside].sum()),
                "estimate": median[0],
                "low": median[1],
                "high": median[2],
            }
        )
    compared = codes >= 0
    test = _log_rank(time[compared], event[compared], codes[compared]) if len(names) > 1 else None
    return Survival(pd.concat(tables, ignore_index=True), pd.DataFrame(summaries), test, longest)


def check_times(duration: ArrayLike, ended: ArrayLike) -> tuple[Array, NDArray[np.bool_]]:
    """Return durations and whether they ended, or say which row cannot be used."""
    time = pd.Series(duration).astype(float) if not isinstance(duration, pd.Series) else duration
    index = time.index
    time = time.astype(float)
    state = pd.Series(np.asarray(ended, dtype=object))
    if len(time) == 0:
        raise DataError("there is no customer", remedy="give one row a customer or contract")
    if len(state) != len(time):
        raise DataError(
            f"there are {len(time)} durations and {len(state)} ends", remedy="give one row each"
        )
    for bad, what, remedy in (
        (time.isna(), "duration is missing", "leave these rows out"),
        (time < 0, "duration is negative: the end lies before the start", "mend these dates"),
        (np.isinf(time), "duration is infinite", "end it on the last day observed"),
    ):
        if np.asarray(bad).any():
            raise DataError(what, where=rows_of(index[np.asarray(bad)]), remedy=remedy)
    if state.isna().any():
        raise DataError(
            "it is not known whether they left",
            where=rows_of(index[state.isna().to_numpy()]),
            remedy="write true or false",
        )
    return np.asarray(time, dtype=float), np.asarray(state, dtype=bool)


def rows_of(labels: pd.Index) -> str:
    """Name the first rows of a list."""
    more = f" and {len(labels) - 5:,} more" if len(labels) > 5 else ""
    return f"row{'s' if len(labels) > 1 else ''} {', '.join(map(str, labels[:5]))}{more}"


def nobody_left(n: int) -> DataError:
    """Give the error of data in which everybody is still there."""
    return DataError(
        f"nobody has left: all {n:,} are still there",
        where="ended",
        remedy="wait for the first to leave, or look at how the end is recorded",
    )


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


def _curve(time: Array, event: NDArray[np.bool_], z: float) -> pd.DataFrame:
    left, events = np.unique(time[event], return_counts=True)
    ordered = np.sort(time)
    at_risk = time.size - np.searchsorted(ordered, left, side="left")
    survival = np.cumprod(1 - events / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        # Greenwood's variance of log S, carried to log(-log S)
        spread = np.cumsum(events / (at_risk * (at_risk - events)))
        half = z * np.sqrt(spread) / np.abs(np.log(survival))
        low, high = survival ** np.exp(half), survival ** np.exp(-half)
    over = survival <= 0
    low, high = np.where(over, np.nan, low), np.where(over, np.nan, high)
    return pd.DataFrame(
        {
            "time": np.insert(left, 0, 0.0),
            "at_risk": np.insert(at_risk, 0, time.size),
            "events": np.insert(events, 0, 0),
            "estimate": np.insert(survival, 0, 1.0),
            "low": np.insert(low, 0, 1.0),
            "high": np.insert(high, 0, 1.0),
        }
    )


def _first_below(table: pd.DataFrame, column: str) -> float:
    """First time at which a curve is at one half or below; flat at one half, the middle."""
    value = table[column].to_numpy()
    below = np.flatnonzero(value <= 0.5 + 1e-12)
    if not below.size:
        return float("nan")
    first = int(below[0])
    times = table["time"].to_numpy()
    if column == "estimate" and abs(value[first] - 0.5) < 1e-12 and first + 1 < len(times):
        return float((times[first] + times[first + 1]) / 2)
    return float(times[first])


def _log_rank(time: Array, event: NDArray[np.bool_], codes: NDArray[np.intp]) -> LogRank:
    k = int(codes.max()) + 1
    times = np.unique(time[event])
    at_risk = np.empty((times.size, k))
    events = np.empty((times.size, k))
    for code in range(k):
        mine = np.sort(time[codes == code])
        at_risk[:, code] = mine.size - np.searchsorted(mine, times, side="left")
        gone = np.sort(time[(codes == code) & event])
        events[:, code] = np.searchsorted(gone, times, side="right") - np.searchsorted(
            gone, times, side="left"
        )
    n, d = at_risk.sum(axis=1), events.sum(axis=1)
    share = at_risk / n[:, None]
    excess = (events - d[:, None] * share).sum(axis=0)
    weight = d * np.divide(n - d, n - 1, out=np.zeros_like(n), where=n > 1)
    spread = np.diag(weight @ share) - (share * weight[:, None]).T @ share
    # one group is what the others leave: drop it
    statistic = float(excess[:-1] @ np.linalg.pinv(spread[:-1, :-1]) @ excess[:-1])
    return LogRank(statistic, k - 1, float(chdtrc(k - 1, statistic)))
