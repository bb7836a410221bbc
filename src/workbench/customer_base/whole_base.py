"""The whole base over all periods: who the buyers are, and whose sales they are (the fifth lens).

References
----------
Fader, Hardie and Ross (2022), The Customer-Base Audit, chapter 7 (customer cohort chart, "C3").
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from workbench.arrays import Array, Mask
from workbench.customer_base.cells import mean_of_sums, put, ratio_of_sums, require_cells, sums_of
from workbench.customer_base.two_periods import NAMES
from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled
from workbench.stats.disclosure import Sums, rule_of, withhold
from workbench.stats.intervals import proportion_interval
from workbench.study import CellRule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Cohorts drawn by themselves; the earliest are put together.
MOST_COHORTS: Final = 8
EARLIER = "Earlier customers"
FROM_EARLIER = (
    "Customers won in earlier periods bring {share} of the latest period's sales; the period's new"
    " ones bring the rest"
)
SALES: Final = "Sales by when customers were won"
SALES_OF: Final = "Sales of each period, by the period in which the customers first bought"
ORDERS: Final = "Orders by when customers were won"
ORDERS_OF: Final = "Orders of each period, by the period in which the customers first bought"
ORDERS_FROM_EARLIER = (
    "Customers won in earlier periods place {share} of the latest period's orders; the period's new"
    " ones place the rest"
)
STAGES: Final = ("new", "kept", "back", "dormant")
STAGE_NAMES: Final = {
    "new": NAMES["new"], "kept": NAMES["kept"], "back": NAMES["back"],
    "dormant": "Customers who did not buy in the period",
}  # fmt: skip
LATEST = (
    "In the latest period {n} customers bought, {new} of them for the first time; {dormant} earlier"
    " customers bought nothing"
)


@dataclass(frozen=True)
class CohortSales(Result):
    """Sales by cohort and calendar period: the customer cohort chart.

    Attributes
    ----------
    table : DataFrame
        One row a cohort and period: cohort (text: the first day, or that they are earlier ones),
        period (first day), n (who bought), sales (orders, where there are no amounts; missing
        where withheld), share (of the period).
    periods : DataFrame
        One row a period: period, n, orders, orders_low, orders_high (a customer), value,
        value_low, value_high (of an order), sales.
    valued : bool
    """

    table: pd.DataFrame
    periods: pd.DataFrame
    valued: bool

    def estimates(self) -> dict[str, Estimate]:
        """Share of the latest period that earlier cohorts bring."""
        last = self.table[self.table["period"] == self.table["period"].max()]
        last = last[last["period"] == self.periods["period"].max()]
        newest = f"{self.table['period'].max():%Y-%m-%d}"
        own = last[last["cohort"] == newest]["share"].sum()
        if last.empty or last["share"].isna().any() or not (last["share"] > 0).any():
            return {}
        return {
            "earlier": Estimate(
                float(1 - own), n=float(last["n"].sum()), kind="percent",
                label="Sales of the latest period from customers won earlier"
                if self.valued else "Orders of the latest period from customers won earlier",
            )
        }  # fmt: skip

    def findings(self) -> list[Finding]:
        """Say what earlier customers bring."""
        share = self.estimates().get("earlier")
        if share is None or share.value > 1 - 1e-9:
            return []  # nobody new came: there is nothing to split
        message = FROM_EARLIER if self.valued else ORDERS_FROM_EARLIER
        return [Finding("customer_base.earlier", message, {"share": share})]

    def wide(self) -> pd.DataFrame:
        """Sales with one row a period and one column a cohort."""
        wide = self.table.pivot_table(
            index="period", columns="cohort", values="sales", dropna=False
        )
        return wide[list(dict.fromkeys(self.table["cohort"]))]

    def picture(self) -> Picture:
        """Draw the chart."""
        title, what = (SALES, SALES_OF) if self.valued else (ORDERS, ORDERS_OF)
        return Picture(self.plot, title, what, self.table)

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw stacked bars over the periods, the earliest cohort at the bottom."""
        say = speak(language)
        wide = self.wide().fillna(0.0)
        names = [say.name(str(c)) for c in wide.columns]
        what = say("Sales") if self.valued else say("Orders")
        return _stacked(wide, names, what, ax, say, sequential=True)


def _stacked(
    wide: pd.DataFrame,
    names: Sequence[str],
    label: str,
    ax: Axes | None,
    say: Language,
    *,
    sequential: bool = False,
) -> Axes:
    import matplotlib.pyplot as plt

    ax = plt.gca() if ax is None else ax
    at, below = np.arange(len(wide)), np.zeros(len(wide))
    shades = plt.get_cmap("viridis")(np.linspace(0.05, 0.95, max(len(names), 2)))
    for k, name in enumerate(names):
        own = wide.iloc[:, k].to_numpy(dtype=float)
        colour = {"color": shades[k]} if sequential else {}
        ax.bar(at, own, 0.85, below, label=name, **colour)
        below = below + own
    step = max(1, -(-len(wide) // 8))
    ax.set_xticks(at[::step], [f"{day:%Y-%m}" for day in wide.index[::step]], rotation=30)
    ax.set_xlabel(say("Period from"))
    ax.set_ylabel(label)
    handles, labels = ax.get_legend_handles_labels()
    ax.legend(
        handles[::-1], labels[::-1], frameon=False, fontsize="small", loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
    )  # fmt: skip
    return ax


def cohort_sales(
    cells: pd.DataFrame,
    starts: Sequence[dt.date],
    *,
    valued: bool = True,
    min_cell: CellRule | int = 5,
    most: int = MOST_COHORTS,
) -> CohortSales:
    """Split each period's sales by the cohort of the customers.

    Parameters
    ----------
    cells : DataFrame
        cohort, period, and the sums that `workbench.data` gives (`CustomerMonths.cells`).
    starts : sequence of date
        First day of each period.
    valued : bool
        Whether there are amounts.
    min_cell : CellRule or int
        Cohorts with a sum that may not be published join the cohort before; what is left of such
        sums is withheld.
    most : int
        Cohorts told apart: the latest; those before are put together.

    Raises
    ------
    DataError
        Fewer than two periods, or periods of one customer.
    """
    require_cells(cells, "cohort", "period")
    periods, rule = len(starts), rule_of(min_cell)
    own = cells[cells["period"] >= 0]
    if periods < 2 or own.empty:
        raise DataError("there are no two periods to put side by side", remedy="wait")
    sums, what = sums_of(own, valued=valued), "spend" if valued else "orders"
    cohort, period = own["cohort"].to_numpy(dtype=int), own["period"].to_numpy(dtype=int)
    group = np.maximum(np.arange(-1, periods) - max(periods - most, 0), -1) + 1
    group = _safe(sums, group, cohort, period, periods, rule)
    code = group[cohort + 1]
    k = int(group.max()) + 1
    at = code * periods + period
    whole = sums.joined(at, k * periods)
    hidden = np.zeros(k * periods, dtype=bool)
    for p in range(periods):
        line = np.arange(k) * periods + p
        hidden[line] = withhold(whole[line], rule).cells
    value = np.bincount(at, weights=own[what].to_numpy(dtype=float), minlength=k * periods)
    names = _names(group, starts)
    rows = []
    total = value.reshape(k, periods).sum(axis=0)
    n = np.bincount(at, weights=own["n"].to_numpy(dtype=float), minlength=k * periods)
    for g in range(k):
        for p in range(periods):
            cell = g * periods + p
            if not n[cell]:
                continue
            sales = np.nan if hidden[cell] else value[cell]
            rows.append(
                {
                    "cohort": names[g], "period": pd.Timestamp(starts[p]), "n": int(n[cell]),
                    "sales": sales, "share": sales / total[p] if total[p] else np.nan,
                }
            )  # fmt: skip
    table = labelled(
        pd.DataFrame(rows), cohort="Customers won in the period from",
        period=("Period from", "date"), n="Customers who bought",
        sales=("Sales", "money") if valued else ("Orders", "number:0"),
        share=("Share of the period", "percent"),
    )  # fmt: skip
    return CohortSales(table, _by_period(own, starts, valued, rule), valued)


def _safe(
    sums: Sums, group: Array, cohort: Array, period: Array, periods: int, rule: CellRule
) -> Array:
    """Join cohorts with the one before while a sum of theirs may not be published."""
    while (k := int(group.max()) + 1) > 1:
        whole = sums.joined(group[cohort + 1] * periods + period, k * periods)
        bad = np.flatnonzero(whole.sensitive(rule).reshape(k, periods).any(axis=1))
        if not bad.size:
            break
        g = int(bad[-1])
        g = max(g, 1)
        group = group - (group >= g)
    return group


def _names(group: Array, starts: Sequence[dt.date]) -> list[str]:
    found = []
    for g in range(int(group.max()) + 1):
        members = np.flatnonzero(group == g) - 1
        own = members[members >= 0]
        if members.min() < 0 or len(members) > 1:
            until = starts[int(own.max())] if own.size else None
            found.append(EARLIER if until is None or g == 0 else f"{starts[int(own.min())]}")
        else:
            found.append(f"{starts[int(own[0])]}")
    return found


def _by_period(
    own: pd.DataFrame, starts: Sequence[dt.date], valued: bool, rule: CellRule
) -> pd.DataFrame:
    """Give customers, orders per customer, value of an order: they multiply to a period's sales."""
    k = len(starts)
    period = own["period"].to_numpy(dtype=np.intp)
    columns = ("n", "orders", "spend", "orders_2", "spend_2", "cross")
    sums = {c: np.bincount(period, own[c].to_numpy(dtype=float), k) for c in columns}
    orders = mean_of_sums(sums["orders"], sums["orders_2"], sums["n"])
    table = pd.DataFrame({"period": pd.to_datetime(list(starts)), "n": sums["n"].astype(int)})
    about: dict[str, str | tuple[str, str]] = {
        "period": ("Period from", "date"), "n": "Customers who bought",
        "orders": ("Orders per customer", "number:2"),
    }  # fmt: skip
    put(table, "orders", orders)
    if valued:
        hidden = withhold(sums_of(own).joined(period, k), rule).cells
        ratio = ratio_of_sums(
            sums["spend"], sums["orders"], sums["spend_2"], sums["orders_2"], sums["cross"]
        )
        put(table, "value", ratio, hidden, hidden)
        table["sales"] = np.where(hidden, np.nan, sums["spend"])
        about |= {"value": ("Average order value", "money"), "sales": ("Sales", "money")}
    return labelled(table, **about)


@dataclass(frozen=True)
class LifecycleBars(Result):
    """Customers of each period by what they did before: new, kept, back, dormant.

    Attributes
    ----------
    table : DataFrame
        One row a period and stage: period (first day), key, stage, n, share (of all customers won
        up to then). Counts of few customers are missing, and with them one more.
    """

    table: pd.DataFrame

    def estimates(self) -> dict[str, Estimate]:
        """Give the latest period's customers by stage, as shares of all won so far."""
        last = self.table[self.table["period"] == self.table["period"].max()]
        n = float(last["n"].sum())
        if last["n"].isna().any() or not n:
            return {}
        found = {}
        for _, row in last.iterrows():
            share = proportion_interval(float(row["n"]), n)
            found[str(row["key"])] = share.named(str(row["stage"]))
        return found

    def findings(self) -> list[Finding]:
        """Say how many bought, how many of them are new, how many bought nothing."""
        last = self.table[self.table["period"] == self.table["period"].max()].set_index("key")
        if last["n"].isna().any():
            return []
        bought = float(last["n"].drop("dormant").sum())
        values = {"n": bought, "new": last.loc["new", "n"], "dormant": last.loc["dormant", "n"]}
        return [
            Finding(
                "customer_base.lifecycle", LATEST,
                {name: Estimate(float(x), digits=0) for name, x in values.items()},
            )
        ]  # fmt: skip

    def picture(self) -> Picture:
        """Draw the bars."""
        return Picture(
            self.plot, "New, staying, returning and dormant customers",
            "Customers of each period by what they did before; dormant ones bought earlier and not"
            " in the period",
            self.table,
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw stacked bars over the periods; the dormant lie below zero."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        wide = self.table.pivot_table(index="period", columns="key", values="n", dropna=False)
        names = [say.name(STAGE_NAMES[s]) for s in STAGES[:3]]
        wide = wide.reindex(columns=list(STAGES)).fillna(0.0)
        ax = _stacked(wide[list(STAGES[:3])], names, say("Customers"), ax, say)
        ax.bar(
            np.arange(len(wide)), -wide["dormant"], 0.85, color="0.7",
            label=say.name(STAGE_NAMES["dormant"]),
        )  # fmt: skip
        ax.axhline(0, color="0.4", linewidth=0.8)
        ax.legend(
            frameon=False,
            fontsize="small",
            loc="upper center",
            bbox_to_anchor=(0.5, -0.25),
            ncols=2,
        )
        return ax


def lifecycle_bars(
    statuses: pd.DataFrame, starts: Sequence[dt.date], *, min_cell: CellRule | int = 5
) -> LifecycleBars:
    """Count new, kept, returning and dormant customers by period.

    Parameters
    ----------
    statuses : DataFrame
        status, period, n: `workbench.data` gives it (`CustomerMonths.statuses`).
    starts : sequence of date
        First day of each period.
    min_cell : CellRule or int

    Raises
    ------
    DataError
        Fewer than two periods.
    """
    if len(starts) < 2:
        raise DataError("there are no two periods to put side by side", remedy="wait")
    wide = statuses.pivot_table(index="period", columns="status", values="n", aggfunc="sum")
    wide = wide.reindex(columns=list(STAGES[:3])).fillna(0.0)
    before = float(wide.loc[wide.index < 0, "new"].sum())
    wide = wide.reindex(range(len(starts)), fill_value=0.0)
    ever = before + wide["new"].cumsum()
    wide["dormant"] = ever - wide.sum(axis=1)
    rule = rule_of(min_cell)
    rows = []
    for p in wide.index:
        row = wide.loc[p]
        counts = row[list(STAGES)].to_numpy(dtype=float)
        small: Mask = _few(counts, rule)
        for key, n, gone in zip(STAGES, counts, small, strict=True):
            rows.append(
                {
                    "period": pd.Timestamp(starts[int(str(p))]), "key": key,
                    "stage": STAGE_NAMES[key], "n": np.nan if gone else n,
                    "share": np.nan if gone or not ever[p] else n / ever[p],
                }
            )  # fmt: skip
    return LifecycleBars(
        labelled(
            pd.DataFrame(rows), period=("Period from", "date"), stage="Customers are",
            n=("Customers", "number:0"), share=("Share of all so far", "percent"),
        )
    )  # fmt: skip


def _few(counts: Array, rule: CellRule) -> Mask:
    return withhold(Sums.counted(counts.astype(int)), rule).cells
