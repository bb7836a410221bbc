"""How many customers stay, and how much of their money: by group, and as windows move.

Gross revenue retention counts of each customer of a period at most what he spent in it; net revenue
retention counts all that he spent in the next one.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from workbench.customer_base.cells import put, ratio_of_sums, sides_of
from workbench.customer_base.why_moved import OTHERS
from workbench.errors import DataError, require_columns
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled, named_estimates
from workbench.results.drawing import row_bars
from workbench.stats.disclosure import Sums, pool_smallest, rule_of
from workbench.stats.intervals import against_others, wilson
from workbench.stats.multiplicity import holm
from workbench.study import CellRule
from workbench.units import month_after

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LESS: Final = "By {by}, customers of {group} stay least: {share} bought again, {difference}"
ALIKE: Final = "By {by}, no group of customers stays clearly more or less than the others"
WHOLE: Final = (
    "Of what customers spent in a period, {gross} came back in the next one; with what they spent"
    " beyond that, {net}"
)
MOVES: Final = (
    "Net revenue retention moved from {first} to {last}, more than chance; the two are of different"
    " months"
)


@dataclass(frozen=True)
class RetentionByGroup(Result):
    """Customers of one period who bought in the next, by group.

    Attributes
    ----------
    table : DataFrame
        One row a group, those that stay least first: group, n (customers of the earlier period),
        kept, share, share_low, share_high (Wilson), difference (from all other customers),
        difference_low, difference_high, p (Holm).
    by : str
    """

    table: pd.DataFrame
    by: str

    def estimates(self) -> dict[str, Estimate]:
        """Share who stayed, by group."""
        return named_estimates(self.table, "group", estimate="share", kind="percent")

    def findings(self) -> list[Finding]:
        """Say which group stays least, if one does."""
        key = f"customer_base.retention.{self.by}"
        out = self.table[(self.table["p"] < 0.05) & (self.table["difference"] < 0)]
        if out.empty:
            if (self.table["p"] < 0.05).any():
                return []
            return [Finding(key, ALIKE, {"by": self.by})]
        row = out.iloc[0]
        share = Estimate.of_row(row, "share", kind="percent")
        values = {
            "by": self.by, "group": str(row["group"]), "share": share,
            "difference": Estimate.of_row(row, "difference", kind="points", unit="%", signed=True),
        }  # fmt: skip
        return [Finding(key, LESS, values, severity="warning", estimates={"share": share})]

    def picture(self) -> Picture:
        """Draw the shares."""
        return Picture(
            self.plot, "Who stays, by {by}",
            "Share of the customers of one period who bought in the next; 95% confidence intervals",
            self.table, {"by": self.by},
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw one bar a group."""
        say = speak(language)
        return row_bars(self.table, "group", "share", say("Bought again"), ax, say)


def retention_by(
    customers: pd.DataFrame, group: pd.Series, *, by: str, min_cell: CellRule | int = 5
) -> RetentionByGroup:
    """Tell which share of each group's customers bought again.

    Parameters
    ----------
    customers : DataFrame
        customer_id, orders_0, orders_1, ...: `CustomerMonths.customers`; the last two periods
        count.
    group : Series
        Group of each customer, by customer_id.
    by : str
        What the groups are of.
    min_cell : CellRule or int
        Smaller groups are put together.

    Raises
    ------
    DataError
        One period, or fewer than two groups.
    """
    sides = sides_of(customers)[-2:]
    if len(sides) < 2:
        raise DataError("one period has no other to be compared with", remedy="wait for another")
    was = customers[customers[f"orders_{sides[0]}"] > 0]
    named = was["customer_id"].map(group.dropna().astype(str)).fillna(OTHERS)
    came = (was[f"orders_{sides[1]}"] > 0).to_numpy(dtype=float)
    counts = pd.DataFrame({"group": named.to_numpy(), "n": 1.0, "kept": came})
    counts = counts.groupby("group", as_index=False).sum()
    rule = rule_of(min_cell)
    small = pool_smallest(Sums.counted(counts["n"].to_numpy()), rule)
    if small.any():
        counts.loc[small, "group"] = OTHERS
        counts = counts.groupby("group", as_index=False).sum()
    if len(counts) < 2:
        raise DataError("there are no two groups", remedy="choose another attribute")
    n, kept = counts["n"].to_numpy(), counts["kept"].to_numpy()
    low, high = wilson(kept, n)
    beside = against_others(kept, n)
    table = counts.assign(
        n=n.astype(int), kept=kept.astype(int), share=kept / n, share_low=low, share_high=high,
        difference=[e.value for e in beside], difference_low=[e.low for e in beside],
        difference_high=[e.high for e in beside], p=holm([e.p for e in beside]),
    )  # fmt: skip
    table = table.sort_values(["share", "group"], ignore_index=True)
    return RetentionByGroup(
        labelled(
            table, group="Group", n="Customers before", share=("Bought again", "percent"),
            difference=("Against the others", "percent:1"), p=("Corrected p", "p"),
        ), by,
    )  # fmt: skip


@dataclass(frozen=True)
class RevenueRetention(Result):
    """Money that stays, for a pair of periods that moves month by month.

    Attributes
    ----------
    table : DataFrame
        One row a last month: period (first day of the last month), n (customers of the earlier
        window), customers, customers_low, customers_high (share who bought again), gross,
        gross_low, gross_high, net, net_low, net_high (of what they had spent).
    length : int
        Months of a window.
    """

    table: pd.DataFrame
    length: int

    def estimates(self) -> dict[str, Estimate]:
        """Gross and net retention of the latest window."""
        row = self.table.iloc[-1]
        names = {"gross": "Gross revenue retention", "net": "Net revenue retention"}
        return {
            key: Estimate.of_row(row, key, kind="percent").named(label)
            for key, label in names.items()
        }

    def findings(self) -> list[Finding]:
        """Say what stays now, and whether that has moved."""
        now = self.estimates()
        said = [Finding("customer_base.revenue_retention", WHOLE, dict(now), estimates=now)]
        if len(self.table) > 2 * self.length:
            then = Estimate.of_row(self.table.iloc[-1 - 2 * self.length], "net", kind="percent")
            net = now["net"]
            if then.known and net.known and (then.low > net.high or net.low > then.high):
                values = {"first": then, "last": net}
                said.append(Finding("customer_base.revenue_retention.moves", MOVES, values))
        return said

    def picture(self) -> Picture:
        """Draw the three shares."""
        return Picture(
            self.plot, "How many customers stay, and how much of their money",
            "Share of a window's customers and of their spending that is there in the next window;"
            " 95% confidence intervals",
            self.table,
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw a line with its band for customers, gross and net."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.table
        for key, label in (
            ("customers", say("Customers")),
            ("gross", say("Gross revenue")),
            ("net", say("Net revenue")),
        ):
            (line,) = ax.plot(t["period"], t[key], linewidth=2, label=label, marker="o", ms=3)
            ends = t[f"{key}_low"], t[f"{key}_high"]
            ax.fill_between(t["period"], *ends, alpha=0.15, color=line.get_color())
        ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.set_ylim(bottom=0)
        ax.tick_params(axis="x", labelrotation=30)
        ax.set_xlabel(say("Last month of the later window"))
        ax.legend(frameon=False)
        return ax


def revenue_retention(
    kept: pd.DataFrame, start: dt.date, length: int, *, min_cell: CellRule | int = 5
) -> RevenueRetention:
    """Tell how many customers and how much of their money stay from window to window.

    Parameters
    ----------
    kept : DataFrame
        What `workbench.data` gives (`CustomerMonths.repeat_revenue`).
    start : date
        First day of the log's first month.
    length : int
        Months of a window.
    min_cell : CellRule or int
        Windows in which one customer may hold nearly all are withheld.

    Raises
    ------
    DataError
        No window of which anything may be said.
    """
    require_columns(kept, ("month", "n", "stayed", "before", "after", "lesser", "top"), "it has")
    rule = rule_of(min_cell)
    top, total = kept["top"].to_numpy(dtype=float), kept["before"].to_numpy(dtype=float)
    # the next largest is not known: it is taken to be as large
    largest = np.column_stack([top, np.minimum(top, np.maximum(total - top, 0))])
    n = kept["n"].to_numpy(dtype=np.intp)
    t = kept[~Sums(n, total, largest).sensitive(rule) & (total > 0)].reset_index(drop=True)
    if t.empty:
        raise DataError("nothing may be said of these windows", remedy="choose longer periods")
    low, high = wilson(t["stayed"].to_numpy(dtype=float), t["n"].to_numpy(dtype=float))
    table = pd.DataFrame(
        {
            "period": pd.to_datetime([month_after(start, int(m)) for m in t["month"]]), "n": t["n"],
            "customers": t["stayed"] / t["n"], "customers_low": low, "customers_high": high,
        }
    )  # fmt: skip
    x = {c: t[c].to_numpy(dtype=float) for c in t}
    for name, of in (("gross", "lesser"), ("net", "after")):
        found = ratio_of_sums(x[of], x["before"], x[f"{of}_2"], x["before_2"], x[f"{of}_x"])
        put(table, name, found)
    return RevenueRetention(
        labelled(
            table, period=("Last month", "date"), n="Customers before",
            customers=("Customers", "percent"), gross=("Gross revenue", "percent"),
            net=("Net revenue", "percent"),
        ), length,
    )  # fmt: skip
