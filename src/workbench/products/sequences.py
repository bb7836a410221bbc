"""What comes first and what next: which of two items customers come to before the other, and when.

Popular items are bought first because they are bought often. So each customer's own baskets are
dealt out anew: where x of them hold one item alone, y the other alone and z both, the first of
these is one of the x with the chance x / (x + y + z) if the baskets came in any order.

References
----------
Agrawal, Srikant (1995), Mining sequential patterns, ICDE 11; Benjamini, Hochberg (1995), JRSS B
57(1), 289-300.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy.special import ndtr

from workbench.errors import require_columns
from workbench.languages import Language, speak
from workbench.products.items import named
from workbench.results import Advice, Estimate, Finding, Picture, Result, labelled
from workbench.results.drawing import interval_dots
from workbench.stats.disclosure import rule_of
from workbench.stats.intervals import normal_quantile
from workbench.stats.multiplicity import benjamini_hochberg
from workbench.study import CellRule

_PEOPLE: Final = 20

FIRST = (
    "{n} of {tested} pairs of items have an order; the clearest: {a} comes first and {b} next, half"
    " of the time within {days} days"
)
NONE = "No item of {tested} pairs clearly comes before the other: baskets could as well be shuffled"
DO = "Offer {b} to those who bought {a} and not yet {b}, about {days} days after, with a control"


@dataclass(frozen=True)
class ItemSequences(Result):
    """Pairs of items and which of them comes first.

    Attributes
    ----------
    table : DataFrame
        One row a pair, those with an order first, then the clearest: a (the earlier one), b, n
        (customers whose baskets could tell), gap (share who came to a first less share who came to
        b first, beyond what shuffled baskets give), gap_low, gap_high, days (median from the first
        a to the first b, of those who came to a first), days_low, days_high (order statistics), p,
        q, verdict ("first" or "").
    tested : int
    """

    table: pd.DataFrame
    tested: int

    @property
    def ordered(self) -> pd.DataFrame:
        """The pairs with an order."""
        return self.table[self.table["verdict"] == "first"]

    def estimates(self) -> dict[str, Estimate]:
        """How many pairs have an order, and the time of the clearest."""
        found = {"ordered": Estimate(float(len(self.ordered)), n=float(self.tested),
                                     label="Pairs of items with an order")}  # fmt: skip
        if len(self.ordered):
            found["days"] = self._days(self.ordered.iloc[0])
        return found

    @staticmethod
    def _days(row: pd.Series) -> Estimate:
        return Estimate.of_row(row, "days", digits=0)

    def findings(self) -> list[Finding]:
        """Say what comes first and what next; nothing where no pair could be judged."""
        if not self.tested:
            return []
        if not len(self.ordered):
            return [Finding("products.sequences", NONE, {"tested": self.tested})]
        row = self.ordered.iloc[0]
        values = {"n": len(self.ordered), "tested": self.tested, "a": named(row["a"]),
                  "b": named(row["b"]), "days": self._days(row)}  # fmt: skip
        gap = Estimate.of_row(row, "gap", p=float(row["q"]), kind="points", unit="%")
        return [Finding("products.sequences", FIRST, values, verdict="first",
                        estimates={"gap": gap}, advice=Advice(DO, 6))]  # fmt: skip

    def picture(self) -> Picture | None:
        """Draw the clearest pairs."""
        if self.table.empty:
            return None
        return Picture(
            self.plot, "What comes first, and what next",
            "More customers who came to the first item first than the other way round, beyond"
            " shuffled baskets; 95% confidence intervals",
            self.table,
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw one dot with an interval a pair; the line is at zero."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.table.head(10).iloc[::-1]
        ax.axvline(0, color="0.6", linewidth=1)
        names = [f"{say.name(a)} → {say.name(b)}" for a, b in zip(t["a"], t["b"], strict=True)]
        interval_dots(ax, names, t["gap"], t["gap_low"], t["gap_high"], say("Came first"))
        ax.xaxis.set_major_formatter(PercentFormatter(1))
        return ax


def item_sequences(
    counts: pd.DataFrame,
    times: pd.DataFrame,
    *,
    min_cell: CellRule | int = 5,
    level: float = 0.05,
) -> ItemSequences:
    """Judge which of two items comes first.

    Parameters
    ----------
    counts, times : DataFrame
        As `workbench.data.LineItems.sequences` counts them in the engine.
    min_cell : CellRule or int
        Pairs whose order fewer customers tell are not judged.
    level : float
        Share of false orders among those that are named (false discovery rate).
    """
    require_columns(counts, ("a", "b", "n", "first", "later", "expected", "variance"),
                    "the sequences have")  # fmt: skip
    require_columns(times, ("a", "b", "days", "n"), "the times have")
    least = max(_PEOPLE, rule_of(min_cell).min_cell)
    c = counts[(counts["n"] >= least) & (counts["variance"] >= 5)].reset_index(drop=True)
    score = (c["first"] - c["later"] - c["expected"]).to_numpy(dtype=float)
    error = np.sqrt(c["variance"].to_numpy(dtype=float))
    n = c["n"].to_numpy(dtype=float)
    p = 2 * ndtr(-np.abs(score) / error)
    q = benjamini_hochberg(p)
    gap, half = np.abs(score) / n, normal_quantile(0.95) * error / n
    ahead = score >= 0
    table = pd.DataFrame(
        {
            "a": np.where(ahead, c["a"], c["b"]), "b": np.where(ahead, c["b"], c["a"]),
            "n": c["n"], "gap": gap, "gap_low": np.maximum(gap - half, -1.0),
            "gap_high": np.minimum(gap + half, 1.0), "p": p, "q": q,
            "verdict": np.where(q <= level, "first", ""), "clear": -gap / half,
        }
    )  # fmt: skip
    table = table.sort_values(["clear", "a", "b"], ignore_index=True).drop(columns="clear")
    grouped = dict(list(times.groupby(["a", "b"])))
    shown = [
        _median(grouped.get((a, b)), least) for a, b in zip(table["a"], table["b"], strict=True)
    ]
    days = pd.DataFrame(shown, columns=["days", "days_low", "days_high"], index=table.index)
    table = pd.concat([table, days], axis=1)
    table.loc[table["days"].isna(), "verdict"] = ""  # too few came in that order to say when
    table = labelled(
        table[["a", "b", "n", "gap", "gap_low", "gap_high", "days", "days_low", "days_high", "p",
               "q", "verdict"]],
        a="Comes first", b="Comes next", n="Customers",
        gap=("Came first, beyond chance", "percent"),
        days=("Days between, median", "number:0"), q=("Corrected p", "p"), verdict="Verdict",
    )  # fmt: skip
    return ItemSequences(table, len(table))


def _median(own: pd.DataFrame | None, least: int) -> tuple[float, float, float]:
    """Median of counted days with the order statistics of the binomial."""
    if own is None or own["n"].sum() < least:
        return float("nan"), float("nan"), float("nan")
    own = own.sort_values("days")
    days, n = own["days"].to_numpy(dtype=float), own["n"].to_numpy()
    upto, total = np.cumsum(n), int(n.sum())

    def at(rank: float) -> float:
        place = int(np.clip(np.ceil(rank), 1, total))
        return float(days[np.searchsorted(upto, place)])

    half = normal_quantile(0.95) * np.sqrt(total) / 2
    return at(total / 2), at(total / 2 - half), at(total / 2 + half + 1)
