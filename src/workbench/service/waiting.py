"""How long customers wait for an answer and for a solution.

Who is still waiting has waited so long already (Kaplan-Meier), and who gave up is never answered.
Contacts of one day are served by the same people: the limits allow for days that differ.

References
----------
Kaplan, Meier (1958), JASA 53, 457-481; Brookmeyer, Crowley (1982), Biometrics 38(1), 29-41.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np
import pandas as pd

from workbench.arrays import Array, Mask
from workbench.errors import DataError, require_columns
from workbench.languages import Language, speak
from workbench.results import Advice, Estimate, Finding, Picture, Result, labelled
from workbench.results.drawing import interval_dots
from workbench.service.groups import OTHERS, grouped, require_people, share_of
from workbench.stats.survival import kaplan_meier, quantile_times
from workbench.study import CellRule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

What: TypeAlias = Literal["response", "resolution"]
#: Waiting and its end in the log of contacts.
_COLUMNS: Final = {"response": ("response", "answered"), "resolution": ("solution", "solved")}
_AT: Final = {"median": 0.5, "p80": 0.8, "p95": 0.95}
#: Units by the length of most waits (80%), in hours, and how many of them an hour has.
_UNITS: Final = ((0.05, "seconds", 3600.0), (2.0, "minutes", 60.0), (72.0, "hours", 1.0))

SAID: Final = {
    "response": (
        "Half of the contacts are answered within {median} {unit}, 80% within {p80} and 95% within"
        " {p95}"
    ),
    "resolution": (
        "Half of the contacts are resolved within {median} {unit}, 80% within {p80} and 95% within"
        " {p95}"
    ),
}
HALF: Final = {
    "response": "Half of the contacts are answered within {median} {unit}",
    "resolution": "Half of the contacts are resolved within {median} {unit}",
}
KEPT: Final = {
    "response": "{share} of the contacts are answered within the promised {promise} {unit}",
    "resolution": "{share} of the contacts are resolved within the promised {promise} {unit}",
}
SLOW: Final = {
    "response": (
        "{group}: half are answered only within {median} {unit}, of all contacts within {overall}"
    ),
    "resolution": (
        "{group}: half are resolved only within {median} {unit}, of all contacts within {overall}"
    ),
}
KEEP: Final = (
    "Find out what holds up the {late} of the contacts that take longer,"
    " most frequent reason first."
)
MOVE: Final = "Find out why {group} waits longest, and whether people can be moved there"
TITLES: Final = {
    "response": "How long until an answer", "resolution": "How long until a solution",
}  # fmt: skip
#: Titles of pictures by group; any other column has the title of all contacts.
GROUPED: Final = {
    "channel": "Waiting by channel", "kind": "Waiting by subject", "team": "Waiting by team",
    "hour": "Waiting by hour", "weekday": "Waiting by day of the week",
}  # fmt: skip
CURVES: Final = {
    "response": "Share of contacts answered, by {unit} since they began",
    "resolution": "Share of contacts resolved, by {unit} since they began",
}
DOTS: Final = {
    "response": "Time within which half are answered, in {unit}; 95% confidence intervals",
    "resolution": "Time within which half are resolved, in {unit}; 95% confidence intervals",
}
LABELS: Final = {
    "response": {
        "seconds": "Seconds within which half are answered",
        "minutes": "Minutes within which half are answered",
        "hours": "Hours within which half are answered",
        "days": "Days within which half are answered",
    },
    "resolution": {
        "seconds": "Seconds within which half are resolved",
        "minutes": "Minutes within which half are resolved",
        "hours": "Hours within which half are resolved",
        "days": "Days within which half are resolved",
    },
}
WITHIN: Final = {
    "response": "Answered within the promise", "resolution": "Resolved within the promise",
}  # fmt: skip
AXES: Final = {
    "seconds": "Seconds", "minutes": "Minutes", "hours": "Hours", "days": "Days",
}  # fmt: skip


@dataclass(frozen=True)
class WaitingTimes(Result):
    """Waiting for an answer or a solution, of all contacts or by group.

    Attributes
    ----------
    table : DataFrame
        One row a group (one row in all without one): group, n (contacts), waiting (of them, those
        still waiting when the log ends, or who gave up), median, p80, p95 (within which so many
        were served, in `unit`; missing where fewer were) and, where there is a promise, share
        (served within it, of contacts that began early enough), each with `_low` and `_high`.
    curve : DataFrame
        time, served: of all contacts.
    what : {"response", "resolution"}
    by : str
        Empty for all contacts.
    unit : str
    promise : float
        In `unit`; NaN where nothing is promised.
    overall : Estimate
        Median of all contacts.
    """

    table: pd.DataFrame
    curve: pd.DataFrame
    what: What
    by: str
    unit: str
    promise: float
    overall: Estimate

    def estimates(self) -> dict[str, Estimate]:
        """Median and share within the promise, of all contacts or by group."""
        found = {}
        for _, row in self.table.iterrows():
            name = f"{self.what}.{row['group']}" if self.by else self.what
            label = {"label": str(row["group"])} if self.by else {}
            median = Estimate.of_row(row, "median", better="down")
            words = {"label": LABELS[self.what][self.unit], **label}
            found[f"{name}.median"] = median.named(**words)
            if np.isfinite(self.promise):
                share = Estimate.of_row(row, "share", kind="percent", better="up")
                found[f"{name}.promise"] = share.named(**{"label": WITHIN[self.what], **label})
        return found

    def findings(self) -> list[Finding]:
        """Say how long customers wait and whether the promise is kept; of groups, which waits."""
        key = f"service.{self.what}"
        if self.by:
            return self._slowest(f"{key}.{self.by}")
        row = self.table.iloc[0]
        values: dict[str, Any] = {
            "unit": self.unit, "median": Estimate.of_row(row, "median"), "n": int(row["n"]),
        }  # fmt: skip
        rest = {name: Estimate.of_row(row, name) for name in ("p80", "p95")}
        known = all(np.isfinite(each.value) for each in rest.values())
        message = SAID[self.what] if known else HALF[self.what]
        said = [Finding(key, message, values | (rest if known else {}),
                        estimates=self.estimates())]  # fmt: skip
        if np.isfinite(self.promise):
            share = Estimate.of_row(row, "share", kind="percent", better="up")
            short = share.high < 0.8
            values = {"share": share, "promise": _plain(self.promise), "unit": self.unit,
                      "late": Estimate(1 - share.value, kind="percent")}  # fmt: skip
            said.append(
                Finding(f"{key}.promise", KEPT[self.what], values, estimates={"share": share},
                        severity="warning" if short else "ok" if share.low >= 0.8 else "note",
                        advice=Advice(KEEP, 3) if short else None)
            )  # fmt: skip
        return said

    def _slowest(self, key: str) -> list[Finding]:
        t = self.table[self.table["group"] != OTHERS]
        # of several groups one is slowest by chance: the intervals must lie apart
        t = t[t["median_low"] > self.overall.high]
        if t.empty:
            return []
        row = t.iloc[int(t["median"].argmax())]
        values = {
            "group": str(row["group"]), "unit": self.unit, "overall": self.overall.point,
            "median": Estimate.of_row(row, "median"),
        }  # fmt: skip
        return [Finding(key, SLOW[self.what], values, advice=Advice(MOVE, 5))]

    def picture(self) -> Picture:
        """Draw the curve of all, or the medians by group."""
        say = DOTS if self.by else CURVES
        title = GROUPED.get(self.by, TITLES[self.what])
        return Picture(self.plot, title, say[self.what], self.table, {"unit": self.unit})

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw a rising curve with a line at the promise, or one dot a group."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        if self.by:
            t = self.table.iloc[::-1]
            names = [say.name(group) for group in t["group"]]
            ends = (t["median_low"], t["median_high"].fillna(t["median"]))
            interval_dots(ax, names, t["median"], *ends, say(AXES[self.unit]))
            ax.axvline(self.overall.value, color="0.4", linewidth=1, linestyle=":")
            return ax
        ax.step(self.curve["time"], self.curve["served"], where="post")
        if np.isfinite(self.promise):
            ax.axvline(self.promise, color="0.4", linewidth=1, linestyle=":")
        ax.set_xlabel(say(AXES[self.unit]))
        ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.set_ylim(0, 1)
        return ax


def waiting_times(
    rows: pd.DataFrame,
    what: What = "response",
    *,
    promise: float | None = None,
    by: str = "",
    agents: pd.Series | None = None,
    business: bool = False,
    min_cell: CellRule | int = 5,
) -> WaitingTimes:
    """Tell how long contacts wait.

    Parameters
    ----------
    rows : DataFrame
        One row a contact, as `data.summaries.contact_log` gives it: day, followed, and response
        with answered or solution with solved; customer_id and abandoned where they are known.
    what : {"response", "resolution"}
    promise : float, optional
        Hours within which customers are promised it.
    by : str
        channel, kind, team, hour, weekday; all contacts together when empty.
    agents : Series, optional
        Agents by team.
    business : bool
        Whether hours are opening hours: days are then not told.
    min_cell : CellRule or int
        Groups of fewer customers, and teams of fewer agents, are put together.

    Raises
    ------
    DataError
        The contacts do not say it, too few of them do, or none was served.
    """
    waited, served = _COLUMNS[what]
    require_columns(
        rows, ("day", "followed", waited, served), "the contacts have",
        "map answered_at (or response_hours) and resolved_at in study.yml",
    )  # fmt: skip
    known = rows[rows[served].notna()]
    if len(known) < 20 or not known[served].any():
        raise DataError(
            f"of {len(known)} contacts it is known how long they waited", remedy="wait for more"
        )
    require_people(known, min_cell)
    time, event = _times(known, waited, served)
    clusters = known["day"].to_numpy()
    shares = [*_AT.values()]
    everybody = quantile_times(time, event, shares, clusters=clusters)
    overall, most, _ = everybody
    unit, factor = unit_of(overall.value if np.isnan(most.value) else most.value, business)
    group, names = grouped(known, by, agents, min_cell)
    told = []
    for name in names:
        mine = (group == name).to_numpy()
        row: dict[str, Any] = {"group": name, "n": int(mine.sum()),
                               "waiting": int((~event[mine]).sum())}  # fmt: skip
        times = everybody
        if by:
            times = quantile_times(time[mine], event[mine], shares, clusters=clusters[mine])
        for column, found in zip(_AT, times, strict=True):
            row |= _numbers(column, found.scaled(factor))
        if promise is not None:
            row |= _numbers("share", _within(known[mine], waited, served, promise))
        told.append(row)
    curve = kaplan_meier(time, event)
    until = curve["estimate"] >= 0.02
    curve = curve[until | (curve.index == 0)]
    shown = {"share": (WITHIN[what], "percent")} if promise is not None else {}
    table = labelled(
        pd.DataFrame(told), group="Contacts of", n="Service contacts",
        waiting="Still waiting or gave up",
        median="Median", p80="80% within", p95="95% within", **shown,
    )  # fmt: skip
    return WaitingTimes(
        table, pd.DataFrame({"time": curve["time"] * factor, "served": 1 - curve["estimate"]}),
        what, by, unit, float("nan") if promise is None else promise * factor,
        overall.scaled(factor),
    )  # fmt: skip


def within_promise_by_period(
    rows: pd.DataFrame, promise: float, what: What = "response", every: str = "W-SUN"
) -> pd.DataFrame:
    """Count the contacts served within the promise by whole period, for a control chart.

    Returns
    -------
    DataFrame
        period (first day), kept, n: contacts that began early enough to be judged.
    """
    waited, served = _COLUMNS[what]
    require_columns(rows, ("day", "followed", waited, served), "the contacts have")
    judged = _judged(rows[rows[served].notna()], promise)
    kept = judged[served].astype(bool) & (judged[waited] <= promise)
    period = judged["day"].dt.to_period(every)
    table = pd.DataFrame({"kept": kept, "period": period}).groupby("period")["kept"]
    found = pd.DataFrame({"kept": table.sum(), "n": table.size()}).reset_index()
    first, last = rows["day"].min(), rows["day"].max()
    whole = (found["period"].dt.start_time >= first) & (found["period"].dt.end_time <= last)
    found = pd.DataFrame(found[whole & (found["n"] > 0)]).reset_index(drop=True)
    found["period"] = found["period"].dt.start_time
    return found


def _times(known: pd.DataFrame, waited: str, served: str) -> tuple[Array, Mask]:
    """Give how long each waited, and whether it was served; who gave up is never served."""
    event = known[served].astype(bool)
    time = known[waited].astype(float)
    if "abandoned" in known:
        event = event & ~known["abandoned"]
        time = time.mask(known["abandoned"], known["followed"])
    return np.asarray(time, dtype=float), np.asarray(event, dtype=bool)


def _judged(known: pd.DataFrame, promise: float) -> pd.DataFrame:
    """Keep the contacts that began so long before the log ends that the promise is due."""
    return known[known["followed"] >= promise]


def _within(known: pd.DataFrame, waited: str, served: str, promise: float) -> Estimate:
    judged = _judged(known, promise)
    if judged.empty:
        return Estimate(float("nan"), n=0.0, kind="percent")
    time, event = _times(judged, waited, served)
    return share_of(pd.Series(event & (time <= promise), judged.index), judged["day"])


def _numbers(name: str, found: Estimate) -> dict[str, float]:
    return {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}


def unit_of(hours: float, business: bool) -> tuple[str, float]:
    """Choose the unit in which waits of so many hours are told, and how many an hour has."""
    for least, unit, factor in _UNITS:
        if hours < least or (not np.isfinite(hours) and unit == "hours"):
            return unit, factor
    return ("hours", 1.0) if business else ("days", 1 / 24)


def _plain(number: float) -> int | float:
    return int(number) if abs(number - round(number)) < 1e-9 else round(number, 2)
