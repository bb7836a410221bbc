"""What becomes of customers by what their first order was of: who comes back, and for how much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from workbench.errors import DataError, require_columns
from workbench.languages import Language, speak
from workbench.products.items import OTHERS, named
from workbench.results import (
    Advice,
    Estimate,
    Finding,
    Picture,
    Result,
    labelled,
    named_estimates,
)
from workbench.results.drawing import row_bars
from workbench.stats.disclosure import (
    Sums,
    interval_sensitive,
    pool_smallest,
    put_together,
    rule_of,
)
from workbench.stats.intervals import (
    against_others,
    mean_interval,
    proportion_interval,
    wilson,
)
from workbench.stats.multiplicity import holm
from workbench.study import CellRule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BEST = (
    "Customers who begin with {item} come back most often: {repeat} within {days} days, {gap} more"
    " than those who begin with something else"
)
WORST = (
    "Customers who begin with {item} come back least often: {repeat} within {days} days, {gap} less"
    " than those who begin with something else"
)
NO_DIFFERENCE = (
    "What the first order was of says nothing clear about who comes back: {repeat} of all do"
    " within {days} days"
)
TRY = (
    "Try leading new customers to {item} first, against a control group: {n} of them began with"
    " it, and only a test can show whether the item or the choice of customers makes the"
    " difference"
)


@dataclass(frozen=True)
class FirstOrders(Result):
    """Customers by what their first order was mainly of.

    Attributes
    ----------
    table : DataFrame
        One row an item, the most frequent first: item, n (customers), repeat (share who ordered
        again within `days`) and spend (in these days, a customer, the first order not counted;
        where the log has amounts), each with `_low` and `_high`; gap (of the repeat rate to all
        other customers), gap_low, gap_high, p (Holm).
    days : int
        How long each customer was followed.
    repeat : Estimate
        Of all of them.
    customers : int
        Customers followed.
    early, late, unnamed : int
        Left out: who was first seen in the first `days` of the log and may have bought before, who
        began less than `days` before its end, and whose first order says nothing.
    """

    table: pd.DataFrame
    days: int
    repeat: Estimate
    customers: int
    early: int
    late: int
    unnamed: int

    def estimates(self) -> dict[str, Estimate]:
        """Repeat rate of all, and by the item of the first order."""
        by_item = named_estimates(
            self.table, "item", estimate="repeat", prefix="first.", kind="percent"
        )
        return {"repeat": self.repeat} | by_item

    def findings(self) -> list[Finding]:
        """Say with what those begin who come back most, and least."""
        t = self.table[self.table["item"] != OTHERS]
        clear = t[t["p"] < 0.05]
        said = []
        for key, message, some, advice in (
            ("products.first", BEST, clear[clear["gap"] > 0].nlargest(1, "gap"), TRY),
            ("products.first.least", WORST, clear[clear["gap"] < 0].nsmallest(1, "gap"), None),
        ):
            for _, row in some.iterrows():
                gap = Estimate(
                    abs(row["gap"]),
                    min(abs(row["gap_low"]), abs(row["gap_high"])),
                    max(abs(row["gap_low"]), abs(row["gap_high"])),
                    n=float(row["n"]), p=float(row["p"]), kind="points", unit="%",
                )  # fmt: skip
                values = {
                    "item": named(row["item"]), "days": self.days, "n": int(row["n"]), "gap": gap,
                    "repeat": Estimate.of_row(row, "repeat", kind="percent"),
                }  # fmt: skip
                said.append(
                    Finding(key, message, values, estimates={"gap": gap},
                            advice=Advice(advice, 6) if advice else None)
                )  # fmt: skip
        if not said:
            values = {"repeat": self.repeat, "days": self.days}
            said.append(Finding("products.first", NO_DIFFERENCE, values))
        return said

    def picture(self) -> Picture:
        """Draw the repeat rate by the item of the first order."""
        return Picture(
            self.plot, "Who comes back, by the first order",
            "Share who ordered again within {days} days of the first order; 95% confidence"
            " intervals",
            self.table, {"days": self.days},
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw one bar an item; the line is the rate of all."""
        say = speak(language)
        ax = row_bars(self.table, "item", "repeat", say("Share who came back"), ax, say)
        ax.axvline(self.repeat.value, color="0.4", linewidth=1, linestyle=":")
        return ax


def first_orders(
    orders: pd.DataFrame,
    *,
    days: int,
    first: object,
    last: object,
    valued: bool = True,
    min_cell: CellRule | int = 5,
) -> FirstOrders:
    """Follow customers from their first order for the same number of days.

    Parameters
    ----------
    orders : DataFrame
        One row a customer: customer_id, day (of the first order), item, later (orders in the
        `days` after it), spend (in these).
    days : int
        How long each is followed.
    first, last : date
        First and last day of the log.
    valued : bool
        Whether there are amounts.
    min_cell : CellRule or int
        Items with which fewer customers began, or of which one spent nearly all, are put together.

    Raises
    ------
    DataError
        Too few customers can be followed for so long.
    """
    require_columns(
        orders, ("customer_id", "day", "item", "later", "spend"), "the first orders have"
    )
    if days < 1:
        raise DataError(f"days is {days}", remedy="give one or more")
    since, until = (pd.Timestamp(first), pd.Timestamp(last))  # type: ignore[arg-type]
    span = pd.Timedelta(days=days)
    early = orders["day"] < since + span
    late = ~early & (orders["day"] > until - span)
    unnamed = ~early & ~late & orders["item"].isna()
    followed = orders[~early & ~late & ~unnamed]
    if len(followed) < 20:
        raise DataError(
            f"{len(followed)} customers can be followed for {days} days from their first order",
            remedy="ask for fewer days, or wait",
        )
    again = (followed["later"] > 0).to_numpy()
    spend = followed["spend"].to_numpy(dtype=float)
    sizes = followed["item"].astype(str).value_counts()
    names = sorted(sizes.index, key=lambda i: (-int(sizes[i]), i))
    codes = pd.Index(names).get_indexer(followed["item"].astype(str))
    rule = rule_of(min_cell)
    cells = Sums.of(codes, spend, len(names)) if valued else Sums.counted(sizes[names])
    small = pool_smallest(cells, rule)
    if small.all():
        raise DataError("too few customers began with any one item", remedy="wait for more")
    told, codes = put_together(names, codes, small, OTHERS)
    unsure = interval_sensitive(codes, spend, len(told), rule)
    n, k = np.bincount(codes), np.bincount(codes, again)
    low, high = wilson(k, n)
    rows = []
    for j, (name, gap) in enumerate(zip(told, against_others(k, n), strict=True)):
        row = {"item": name, "n": int(n[j]), "repeat": k[j] / n[j], "repeat_low": low[j],
               "repeat_high": high[j]}  # fmt: skip
        if valued:
            worth = mean_interval(spend[codes == j])
            ends = (np.nan, np.nan) if unsure[j] else (worth.low, worth.high)
            row |= {"spend": worth.value, "spend_low": ends[0], "spend_high": ends[1]}
        row |= {"gap": gap.value, "gap_low": gap.low, "gap_high": gap.high, "p": gap.p}
        rows.append(row)
    table = pd.DataFrame(rows)
    table["p"] = holm(table["p"])
    money = {"spend": ("Spent afterwards, per customer", "money:2")} if valued else {}
    table = labelled(
        table, item="First order mainly of", n="Customers", repeat=("Came back", "percent"),
        **money, gap=("More than others", "percent:1"), p=("Corrected p", "p"),
    )  # fmt: skip
    everybody = proportion_interval(float(k.sum()), float(n.sum())).named(
        "Came back after the first order", kind="percent", better="up"
    )
    return FirstOrders(
        table, days, everybody, len(followed), int(early.sum()), int(late.sum()), int(unnamed.sum())
    )
