"""How long customers and contracts stay: curves by group, and whether the groups differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from workbench.arrays import Index
from workbench.errors import DataError, require_columns, rows_of
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled, named_estimates
from workbench.segments.churn.snapshots import usable_attributes
from workbench.segments.purchase_days import day_number
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
#: Days in a month, on the average.
MONTH = 365.25 / 12
#: Months at which the curves of contracts are read off.
MONTHS = (3, 6, 12, 18, 24, 30)

LAST_A_YEAR = "{share} of the contracts last a year"
HOW_LONG = "How long contracts last"
PLANS_DIFFER = "Churn differs between the plans (p = {p})."
PLANS_ALIKE = "No clear difference in churn between the plans (p = {p})."


@dataclass(frozen=True)
class Survival(Result):
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
        return labelled(
            pd.DataFrame(rows), group="Group", time=("Time", "number:0"), n="Still watched",
            estimate=("Still there", "percent:1"),
        )  # fmt: skip

    def estimates(self) -> dict[str, Estimate]:
        """Median time of each group."""
        return named_estimates(self.groups, "group")

    def plot(
        self, ax: Axes | None = None, *, most: int = 5, language: str | Language = "en"
    ) -> Axes:
        """Draw steps: share still there over time, one line a group (the largest), with bands."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        shown = self.groups.sort_values("n", ascending=False, kind="stable")["group"].iloc[:most]
        styles = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
        for name, style in zip(
            [g for g in self.groups["group"] if g in set(shown)], styles, strict=False
        ):
            t = self.table[self.table["group"] == name]
            time = np.append(t["time"], self.longest[str(name)])
            lines = {c: np.append(t[c], t[c].iloc[-1]) for c in ("estimate", "low", "high")}
            (line,) = ax.step(
                time, lines["estimate"], where="post", linestyle=style, label=say.name(name)
            )
            band = (time, lines["low"], lines["high"])
            ax.fill_between(*band, step="post", alpha=0.15, color=line.get_color())
        ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.set_ylim(0, 1.02)
        ax.set_xlim(left=0)
        ax.set_ylabel(say("Still there"))
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

    Examples
    --------
    >>> from workbench.segments import survival
    >>> months, left = [3, 5, 5, 8, 10, 12], [True, True, False, True, False, True]
    >>> survival(months, left).at(6)["estimate"].round(3).tolist()
    [0.667]
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
    table = labelled(
        pd.concat(tables, ignore_index=True), group="Group", time="Time", at_risk="Still watched",
        events="Left", estimate=("Still there", "percent:1"),
    )  # fmt: skip
    return Survival(table, pd.DataFrame(summaries), test, longest)


@dataclass(frozen=True)
class Spells:
    """Contracts as they ran.

    Attributes
    ----------
    duration : Series
        Months from the start to the end, or to the last day observed.
    ended : Series of bool
        Whether it ended.
    drivers : DataFrame
        What was known at the start, one row a contract.
    customer : Series
        Whose contract it is.
    protected : tuple of str
        Drivers that the law or fairness protects.
    """

    duration: pd.Series
    ended: pd.Series
    drivers: pd.DataFrame
    customer: pd.Series
    protected: tuple[str, ...]


def contract_spells(
    contracts: pd.DataFrame,
    *,
    as_of: object,
    customers: pd.DataFrame | None = None,
    attributes: Sequence[str] | None = None,
    use_protected: bool = False,
) -> Spells:
    """Say how long contracts ran.

    Parameters
    ----------
    contracts : DataFrame
        customer_id, start, end (missing, or after `as_of`: still running), and if there is: plan.
        Contracts that start after `as_of` are left out.
    as_of : date
        The last day observed.
    customers : DataFrame, optional
        Their attributes become drivers, those of words with few levels and numbers.
    attributes : sequence of str, optional
        The attributes to use; all that can be, by default.
    use_protected : bool
        Whether age, gender and the like may be used.

    Raises
    ------
    DataError
        A column is missing, a start is missing, an end lies before its start, nothing is left.
    """
    require_columns(contracts, ("customer_id", "start", "end"), "the contracts have")
    start, end = pd.to_datetime(contracts["start"]), pd.to_datetime(contracts["end"])
    for wrong, what in (
        (start.isna(), "a contract has no start"),
        (end < start, "a contract ends before it starts"),
    ):
        if wrong.any():
            raise DataError(
                what,
                where=rows_of(contracts.index[wrong]),
                remedy="mend these rows or leave them out",
            )
    day = pd.Timestamp(day_number(as_of), unit="D")
    begun = start <= day
    if not begun.any():
        raise DataError(f"no contract starts by {day.date()}", remedy="look at as_of and the dates")
    mine, start, end = contracts[begun], start[begun], end[begun]
    ended = end.notna() & (end <= day)
    drivers = pd.DataFrame(index=mine.index)
    if "plan" in mine:
        drivers["plan"] = mine["plan"]
    order = start.sort_values(kind="stable").index
    drivers["further contract"] = (
        mine.loc[order].groupby("customer_id", observed=True).cumcount().reindex(mine.index) > 0
    ).astype(float)
    protected: tuple[str, ...] = ()
    if customers is not None:
        people, protected = usable_attributes(customers, attributes, use_protected=use_protected)
        added = people.reindex(mine["customer_id"].to_numpy())
        for name in people:
            drivers[str(name)] = added[name].to_numpy()
    varied = [c for c in drivers if len(drivers[c].dropna().unique()) > 1]
    return Spells(
        ((end.where(ended, day) - start).dt.days / MONTH).rename("duration"),
        ended.rename("ended"),
        drivers[varied],
        mine["customer_id"],
        tuple(p for p in protected if p in varied),
    )


@dataclass(frozen=True)
class ContractSurvival(Result):
    """How long contracts last, all together and by plan.

    Attributes
    ----------
    everybody : Survival
        Of all contracts, in months.
    by_plan : Survival
        By plan, where the contracts have one.
    """

    everybody: Survival
    by_plan: Survival

    @property
    def table(self) -> pd.DataFrame:
        """The curves read off after 3 to 30 months."""
        return labelled(
            self.by_plan.at(*MONTHS), group="Plan", time=("Months", "number:0"),
            n="Still watched", estimate=("Still running", "percent:1"),
        )  # fmt: skip

    @property
    def retained_a_year(self) -> Estimate:
        """Share of contracts that last a year, off the observed curve; NaN where none is so old."""
        row = self.everybody.at(12).iloc[0]
        return Estimate(
            *(float(row[c]) for c in ("estimate", "low", "high", "n")), kind="percent",
            label="Contracts that last a year", better="up", fact="contracts.kept_1y.observed",
        )  # fmt: skip

    def estimates(self) -> dict[str, Estimate]:
        """Share of contracts that last a year."""
        return {"stay": self.retained_a_year}

    def findings(self) -> list[Finding]:
        """How many contracts last a year, and whether the plans differ."""
        year, test = self.retained_a_year, self.by_plan.log_rank
        known = year.value == year.value
        message = LAST_A_YEAR if known else HOW_LONG
        found = [Finding("contracts.kept_1y", message, {"share": year.point})]
        if test is not None:
            message = PLANS_DIFFER if test.p_value < 0.05 else PLANS_ALIKE
            values = {"p": Estimate(test.p_value, digits=3)}
            found.append(Finding("contracts.plans", message, values))
        return found

    def picture(self) -> Picture:
        """Curves by plan."""
        return Picture(
            self.plot,
            "How long contracts last",
            "Share of contracts still running, by months since the start",
            self.table,
        )

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw the curves by plan."""
        return self.by_plan.plot(ax, language=language)


def contract_survival(spells: Spells) -> ContractSurvival:
    """Estimate how long contracts last, all together and by plan.

    Parameters
    ----------
    spells : Spells
        See `contract_spells`.
    """
    plan = spells.drivers.get("plan")
    everybody = survival(spells.duration, spells.ended)
    return ContractSurvival(
        everybody, everybody if plan is None else survival(spells.duration, spells.ended, plan)
    )


def _groups(group: ArrayLike | None, n: int) -> tuple[Index, list[str]]:
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
