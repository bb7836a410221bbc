"""Which three items belong together: each goes with the other two, beyond chance and taste.

A pair that goes together makes every triple around it frequent, so that independence of all three
is no null for a triple. Here each item is held against the other two where these lie in one basket:
of the odd items of two near baskets of a customer it lies with them with a chance that their
numbers give. Three belong together only if that holds of each of them (an intersection-union test,
Berger 1982, Technometrics 24(4): the largest p-value counts).

References
----------
As in `workbench.products.pairs`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy.special import ndtr

from workbench.arrays import Array
from workbench.errors import require_columns
from workbench.languages import Language, speak
from workbench.products.items import named
from workbench.products.pairs import odds_of_lying_together, scores
from workbench.results import Estimate, Finding, Picture, Result, labelled
from workbench.results.drawing import interval_dots
from workbench.stats.disclosure import rule_of
from workbench.stats.multiplicity import benjamini_hochberg
from workbench.study import CellRule

_PEOPLE: Final = 20
_EVENTS: Final = 5.0
_ITEMS: Final = ("a", "b", "c")
_PARTS: Final = ("together", "apart", "variance", "together_2", "apart_2", "cross")

TOGETHER = (
    "{n} of {tested} sets of three belong together, each item with the other two; the clearest:"
    " {a}, {b} and {c}, in {both} baskets"
)
NONE = "No three items of {tested} sets belong together beyond what pairs, size and taste explain"


@dataclass(frozen=True)
class ItemTriples(Result):
    """Sets of three items and whether they belong together.

    Attributes
    ----------
    table : DataFrame
        One row a set, those that belong together first, then the clearest: a, b, c, baskets (with
        all three), support (share of all baskets), plain_lift (against independence of the three),
        lift, lift_low, lift_high (of the item that goes least with the other two), p, q, verdict
        ("together" or "").
    tested, withheld : int
        Sets that could be judged; judged ones of too few customers to be shown.
    """

    table: pd.DataFrame
    tested: int
    withheld: int

    @property
    def together(self) -> pd.DataFrame:
        """The sets that belong together, the clearest first."""
        return self.table[self.table["verdict"] == "together"]

    def estimates(self) -> dict[str, Estimate]:
        """How many sets belong together, and how clearly the first of them."""
        found = {"triples": Estimate(float(len(self.together)), n=float(self.tested),
                                     label="Sets of three that belong together")}  # fmt: skip
        if len(self.together):
            found["triple_lift"] = Estimate.of_row(self.together.iloc[0].rename({"baskets": "n"}),
                                                   "lift")  # fmt: skip
        return found

    def findings(self) -> list[Finding]:
        """Which three belong together; nothing where none could be judged."""
        if not self.tested:
            return []
        if not len(self.together):
            return [Finding("products.triples", NONE, {"tested": self.tested})]
        first = self.together.iloc[0]
        values = {"n": len(self.together), "tested": self.tested, "both": int(first["baskets"]),
                  **{x: named(first[x]) for x in _ITEMS}}  # fmt: skip
        return [Finding("products.triples", TOGETHER, values, verdict="together")]

    def picture(self) -> Picture | None:
        """Draw the clearest sets."""
        if self.table.empty:
            return None
        return Picture(
            self.plot, "Which three belong together",
            "Odds of the loosest of three to lie with the other two; 95% confidence intervals",
            self.table,
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw one dot with an interval a set; the line is at one."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.table.dropna(subset=["lift_low"]).head(8).iloc[::-1]
        ax.axvline(1, color="0.6", linewidth=1)
        names = [" + ".join(say.name(row[x]) for x in _ITEMS) for _, row in t.iterrows()]
        interval_dots(ax, names, t["lift"], t["lift_low"], t["lift_high"], say("Lift"))
        return ax


def item_triples(
    counts: pd.DataFrame,
    items: pd.DataFrame,
    *,
    baskets: int,
    min_cell: CellRule | int = 5,
    level: float = 0.05,
) -> ItemTriples:
    """Judge which sets of three items belong together.

    Parameters
    ----------
    counts : DataFrame
        As `workbench.data.LineItems.triples` counts them in the engine.
    items : DataFrame
        item, baskets: in how many baskets each lies.
    baskets : int
        Baskets in all.
    min_cell : CellRule or int
        Sets of fewer customers are judged and not shown.
    level : float
        Share of false sets among those that are named (false discovery rate).
    """
    every = [f"{x}_{part}" for x in _ITEMS for part in _PARTS]
    require_columns(counts, (*_ITEMS, "both", "people", "informative", *every), "the triples have")
    require_columns(items, ("item", "baskets"), "the items have")
    informative = counts["informative"].to_numpy(dtype=float)
    judged = informative >= _PEOPLE
    p = np.zeros(len(counts))
    lifts = np.full((3, len(counts)), np.inf)
    positive = np.ones(len(counts), dtype=bool)
    for x in _ITEMS:
        c: dict[str, Array] = {part: counts[f"{x}_{part}"].to_numpy(dtype=float) for part in _PARTS}
        score, own, spread = scores(c)
        variance = np.maximum(spread * c["variance"], own)
        judged &= c["variance"] >= _EVENTS * spread
        with np.errstate(divide="ignore", invalid="ignore"):
            p = np.fmax(p, ndtr(-score / np.sqrt(variance)))
        positive &= score > 0
        found = np.array(odds_of_lying_together(c, variance))
        less = found[0] < lifts[0]
        lifts[:, less] = found[:, less]
    p = np.where(judged, p, np.nan)
    lifts[~np.isfinite(lifts)] = np.nan
    q = benjamini_hochberg(p)
    together = judged & (q <= level) & positive
    lies = items.set_index("item")["baskets"]
    each = [counts[x].map(lies).to_numpy(dtype=float) for x in _ITEMS]
    both = counts["both"].to_numpy(dtype=float)
    table = pd.DataFrame(
        {
            **{x: counts[x].to_numpy() for x in _ITEMS}, "baskets": both.astype(int),
            "support": both / max(baskets, 1),
            "plain_lift": both * float(baskets) ** 2 / (each[0] * each[1] * each[2]),
            "lift": lifts[0], "lift_low": lifts[1], "lift_high": lifts[2], "p": p, "q": q,
            "verdict": np.where(together, "together", ""),
        }
    )  # fmt: skip
    people = counts["people"].to_numpy(dtype=float)
    few = (people > 0) & (people < rule_of(min_cell).min_cell)
    table = table[judged & ~few].assign(other=~together[judged & ~few])
    table = table.sort_values(["other", "p", *_ITEMS], ignore_index=True).drop(columns="other")
    table = labelled(
        table, a="Product line", b="Bought with", c="And with", baskets="Baskets with all three",
        support=("Share of all baskets", "percent:2"), plain_lift=("Plain lift", "number:2"),
        lift=("Lift, pairs, taste and size given", "number:2"), q=("Corrected p", "p"),
        verdict="Verdict",
    )  # fmt: skip
    return ItemTriples(table, int(judged.sum()), int((judged & few).sum()))
