"""How different customers are within one period: the first lens.

References
----------
Fader, Hardie and Ross (2022), The Customer-Base Audit, chapter 3 (customers in one period, by
decile, and spending as orders times value of an order).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from workbench.arrays import Array, Index
from workbench.customer_base.cells import Z, ratio_of_sums
from workbench.errors import DataError, require_columns
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled
from workbench.results.drawing import row_bars
from workbench.stats.disclosure import Sums, interval_sensitive, pool_neighbours, rule_of, sensitive
from workbench.stats.intervals import mean_interval
from workbench.study import CellRule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TOP = (
    "The top 10% of the period's customers bring {share} of its sales: they order {often} "
    "times as often as the others and spend {dear} times as much per order"
)
TOP_ORDERS = "The most frequent tenth of the period's customers place {share} of its orders"
BEST = "The best tenth of customers bring {share}"
MOST_FREQUENT = "The most frequent tenth of customers place {share}"
FEW = "Too few customers bought in the period to sort them into tenths"


@dataclass(frozen=True)
class PeriodCustomers(Result):
    """Customers of one period by what they spent in it.

    Attributes
    ----------
    table : DataFrame
        One row a tenth of the customers (or several tenths together, where one would give somebody
        away), the best first: tenths, n, share (of sales; of orders, where there are no amounts),
        share_low, share_high, orders (a customer), value (of an order).
    customers : Estimate
    orders, value, spend : Estimate
        Orders per customer, value of an order, spend per customer; without amounts the first alone.
    """

    table: pd.DataFrame
    customers: Estimate
    orders: Estimate
    value: Estimate | None
    spend: Estimate | None

    def estimates(self) -> dict[str, Estimate]:
        """Count the customers; orders per customer, value of an order, spend per customer."""
        found = {"customers": self.customers, "orders": self.orders}
        if self.value is not None and self.spend is not None:
            found |= {"value": self.value, "spend": self.spend}
        return found

    def findings(self) -> list[Finding]:
        """Say what the best tenth brings, and by what it differs."""
        t = self.table
        if t.empty or t["tenths"].iloc[0] != "1" or not len(t) > 1:
            return [Finding("customer_base.one_period", FEW)]
        first, rest = t.iloc[0], t.iloc[1:]
        share = Estimate.of_row(first, "share", kind="percent")
        if self.value is None:
            return [Finding("customer_base.one_period", TOP_ORDERS, {"share": share})]
        n = rest["n"].to_numpy(dtype=float)
        each = rest["orders"].to_numpy(dtype=float)
        often, worth = (each * n).sum() / n.sum(), rest["value"].to_numpy(dtype=float)
        dear = float((worth * each * n).sum() / (each * n).sum())
        values = {
            "share": share,
            "often": Estimate(float(first["orders"]) / often, digits=1),
            "dear": Estimate(float(first["value"]) / dear, digits=1),
        }
        return [Finding("customer_base.one_period", TOP, values, estimates={"share": share})]

    def picture(self) -> Picture | None:
        """Draw the share of each tenth."""
        if len(self.table) < 2:
            return None
        share = Estimate.of_row(self.table.iloc[0], "share", kind="percent").point
        title = BEST if self.value is not None else MOST_FREQUENT
        values: dict[str, object] = {"share": share}
        if self.table["tenths"].iloc[0] != "1":  # several tenths had to be put together
            title, values = "What customers of the period bring", {}
        return Picture(
            self.plot, title,
            "Share of the period's sales (of its orders, where there are no amounts) by tenth of"
            " the customers",
            self.table, values,
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw one bar a tenth."""
        say = speak(language)
        return row_bars(self.table, "tenths", "share", say("Share of all"), ax, say)


def period_customers(
    customers: pd.DataFrame, *, valued: bool = True, min_cell: CellRule | int = 5
) -> PeriodCustomers:
    """Sort the customers of a period into tenths, and tell what each brings.

    Parameters
    ----------
    customers : DataFrame
        customer_id, orders, spend: one row a customer who bought in the period.
    valued : bool
        Whether there are amounts.
    min_cell : CellRule or int
        Tenths of which nothing may be said are put together with their neighbours.

    Raises
    ------
    DataError
        Nobody bought.
    """
    require_columns(customers, ("customer_id", "orders", "spend"), "the customers have")
    own = customers[customers["orders"] > 0]
    if own.empty:
        raise DataError("nobody bought in the period", remedy="look at the dates of the table")
    rule = rule_of(min_cell)
    orders, spend = (own[c].to_numpy(dtype=float) for c in ("orders", "spend"))
    n = orders.size
    if valued and (sensitive(spend, rule) or not spend.sum() > 0):
        valued = False
    key = spend if valued else orders
    falling = np.argsort(-key, kind="stable")
    tenth = np.empty(n, dtype=np.intp)
    tenth[falling] = np.arange(n) * 10 // n
    cells = Sums.of(tenth, key, 10) if valued else Sums.counted(np.bincount(tenth, minlength=10))
    group = pool_neighbours(cells, rule)
    code, k = group[tenth], int(group.max()) + 1
    names = [_name(np.flatnonzero(group == g) + 1) for g in range(k)]
    count = np.bincount(code, minlength=k)
    by = [np.bincount(code, weights=x, minlength=k) for x in (orders, spend, key)]
    share, low, high = _shares(key, code, k)
    unsure = interval_sensitive(code, key, k, rule)
    table = pd.DataFrame(
        {
            "tenths": names, "n": count, "share": share,
            "share_low": np.where(unsure, np.nan, low),
            "share_high": np.where(unsure, np.nan, high),
            "orders": by[0] / np.maximum(count, 1),
        }
    )  # fmt: skip
    about: dict[str, str | tuple[str, str]] = {
        "tenths": "Tenth of customers, the best first", "n": "Customers",
        "share": ("Share of all", "percent"), "orders": ("Orders per customer", "number:1"),
    }  # fmt: skip
    value = spent = None
    if valued:
        table["value"] = by[1] / by[0]
        about["value"] = ("Average order value", "money")
        ends = ratio_of_sums(
            *(np.array([x]) for x in (
                spend.sum(), orders.sum(), (spend**2).sum(), (orders**2).sum(),
                (spend * orders).sum(),
            ))
        )  # fmt: skip
        told = [float(e[0]) for e in ends]
        whole = interval_sensitive(np.zeros(n, dtype=np.intp), spend, 1, rule)[0]
        told = [told[0], np.nan, np.nan] if whole else told
        value = Estimate(
            told[0], told[1], told[2], n=float(n), kind="money", label="Average order value"
        )
        spent = mean_interval(spend).named("Spend per customer", kind="money")
        if whole:
            spent = Estimate(spent.value, n=float(n), kind="money", label=spent.label)
    often = mean_interval(orders).named("Orders per customer")
    return PeriodCustomers(
        labelled(table, **about),
        Estimate(float(n), label="Customers who bought in the latest period", digits=0),
        often, value, spent,
    )  # fmt: skip


def _name(tenths: Index) -> str:
    first, last = int(tenths.min()), int(tenths.max())
    return str(first) if first == last else f"{first}-{last}"


def _shares(value: Array, code: Index, k: int) -> tuple[Array, Array, Array]:
    """Share that lies between quantiles, with limits from its influence function."""
    n, total = value.size, float(value.sum())
    share = np.bincount(code, weights=value, minlength=k) / total
    below = np.array([(code > g).mean() for g in range(-1, k)])  # share of customers beneath
    edges = [
        float(value[code <= g].min()) if g >= 0 and (code <= g).any() else np.nan
        for g in range(-1, k)
    ]
    low, high = share.copy(), share.copy()
    for g in range(k):
        inside = np.where(code == g, value, 0.0)
        # the edge above is that of the group before, the edge beneath this one's own
        for at, sign in ((g, 1.0), (g + 1, -1.0)):
            if np.isfinite(edges[at]) and below[at] > 0:
                inside = inside + sign * edges[at] * (below[at] - (code >= at))
        influence = (inside - inside.mean() - share[g] * (value - total / n)) / (total / n)
        half = Z * float(np.sqrt(np.square(influence).sum())) / n
        low[g], high[g] = max(share[g] - half, 0.0), min(share[g] + half, 1.0)
    return share, low, high
