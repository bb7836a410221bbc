"""New items: how fast customers try them, and how many of those come back for more.

References
----------
Fourt, Woodlock (1960), Early prediction of market success for new grocery products, Journal of
Marketing 25(2), 31-38 (trial and repeat); Kaplan, Meier (1958), JASA 53, 457-481.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from workbench.errors import DataError, require_columns
from workbench.languages import Language, speak
from workbench.products.items import named
from workbench.results import (
    Advice,
    Estimate,
    Finding,
    Picture,
    Result,
    labelled,
    named_estimates,
)
from workbench.stats.disclosure import rule_of
from workbench.stats.intervals import wilson
from workbench.stats.survival import at_time, kaplan_meier
from workbench.study import CellRule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

REPEATED = (
    "New items: {n}; of those who tried {item}, {repeat} bought it again within {days} days, and"
    " {trial} of the customers have tried it"
)
FEW_AGAIN = (
    "Few of those who try {item} buy it again: {repeat} within {days} days, against {others}"
    " for other new items"
)
ASK = "Ask those who tried {item} once why they have not bought it again; they are {n}"


@dataclass(frozen=True)
class TrialRepeat(Result):
    """Trial and repeat of new items.

    Attributes
    ----------
    table : DataFrame
        One row a new item, that with most triers first: item, launched, n (customers who tried it),
        trial (share of all customers), repeat (share of the triers who bought it again within
        `days`; Kaplan-Meier, for those who tried it lately are not seen that long), each with
        `_low` and `_high`.
    curves : DataFrame
        item, time (days since the trial), repeat, low, high.
    days, customers : int
    """

    table: pd.DataFrame
    curves: pd.DataFrame
    days: int
    customers: int

    def estimates(self) -> dict[str, Estimate]:
        """Repeat of the triers, by item."""
        return named_estimates(self.table, "item", estimate="repeat", kind="percent")

    def findings(self) -> list[Finding]:
        """Say how many came back for the most tried item, and for which too few do."""
        first = self.table.iloc[0]
        values = {
            "n": len(self.table), "item": named(first["item"]), "days": self.days,
            "repeat": Estimate.of_row(first, "repeat", kind="percent"),
            "trial": Estimate.of_row(first, "trial", kind="percent"),
        }  # fmt: skip
        said = [Finding("products.trial", REPEATED, values)]
        for place, row in self.table.iterrows():
            rest = self.table["repeat"].drop(place).median()
            if not row["repeat_high"] < 0.5 * rest:
                continue
            values = {
                "item": named(row["item"]), "days": self.days,
                "repeat": Estimate.of_row(row, "repeat", kind="percent"),
                "others": Estimate(float(rest), kind="percent"), "n": int(row["n"]),
            }  # fmt: skip
            said.append(Finding("products.trial.weak", FEW_AGAIN, values, severity="warning",
                                advice=Advice(ASK, 5)))  # fmt: skip
            break
        return said

    def picture(self) -> Picture:
        """Draw the repeat curves."""
        return Picture(
            self.plot, "Who tries, and who buys again",
            "Share of those who tried a new item who bought it again, by days since; the most tried"
            " items",
            self.table,
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw one rising curve an item."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        for item in self.table["item"].head(4):
            own = self.curves[self.curves["item"] == item]
            ax.step(own["time"], own["repeat"], where="post", label=say.name(item))
        ax.set_xlabel(say("Days since the first purchase"))
        ax.yaxis.set_major_formatter(PercentFormatter(1))
        ax.set_ylim(bottom=0)
        ax.legend()
        return ax


def trial_repeat(
    history: pd.DataFrame,
    *,
    customers: int,
    first: object,
    last: object,
    days: int = 90,
    min_cell: CellRule | int = 5,
) -> TrialRepeat:
    """Follow those who tried the items that came into the log while it ran.

    Parameters
    ----------
    history : DataFrame
        One row a customer and item: customer_id, item, first (day of the first purchase), again (of
        the second one, missing where there is none).
    customers : int
        Customers in all.
    first, last : date
        First and last day of the log.
    days : int
        Within how many days a second purchase counts; an item is new if it was first sold later
        than so many days after the log began, and is told of if it was first sold so many days
        before the log ends.
    min_cell : CellRule or int
        Items that fewer customers tried, and at least 20, are left out.

    Raises
    ------
    DataError
        There is no such item.
    """
    require_columns(history, ("customer_id", "item", "first", "again"), "the history has")
    since, until, span = pd.Timestamp(first), pd.Timestamp(last), pd.Timedelta(days=days)  # type: ignore[arg-type]
    launched = history.groupby("item")["first"].min()
    tried = history.groupby("item").size()
    least = max(rule_of(min_cell).min_cell, 20)
    new = launched[(launched > since + span) & (launched <= until - span)]
    new = new[tried[new.index] >= least]
    if new.empty:
        raise DataError(
            f"no item that at least {least} customers tried came into the log while it ran",
            remedy="tell items apart more finely, by product",
        )
    rows, curves = [], []
    for item in sorted(new.index, key=lambda i: (-int(tried[i]), str(i))):
        own = history[history["item"] == item]
        event = own["again"].notna().to_numpy()
        time = (own["again"].fillna(until) - own["first"]).dt.days.to_numpy(dtype=float)
        curve = kaplan_meier(time, event)
        left = at_time(curve, days, n=len(own))
        low, high = wilson(len(own), customers)
        # a limit that the method cannot give at the edge is the widest there is
        ends = [1 - v if np.isfinite(v) else edge
                for v, edge in ((left.high, 0.0), (left.low, 1.0))]  # fmt: skip
        rows.append(
            {"item": str(item), "launched": new[item], "n": len(own), "trial": len(own) / customers,
             "trial_low": float(low), "trial_high": float(high), "repeat": 1 - left.value,
             "repeat_low": ends[0], "repeat_high": ends[1]}
        )  # fmt: skip
        drawn = curve[curve["time"] <= 2 * days]
        curves.append(
            pd.DataFrame({"item": str(item), "time": drawn["time"], "repeat": 1 - drawn["estimate"],
                          "low": 1 - drawn["high"], "high": 1 - drawn["low"]})
        )  # fmt: skip
    table = labelled(
        pd.DataFrame(rows), item="New item", launched=("First sold", "date"), n="Tried it",
        trial=("Share of customers", "percent"), repeat=("Bought it again", "percent"),
    )  # fmt: skip
    return TrialRepeat(table, pd.concat(curves, ignore_index=True), days, customers)
