"""Which items are bought together, beyond what basket sizes, popularity and tastes bring about.

Independent items lie together often where baskets are large and customers differ: under the plain
null nearly every pair is "significant". Here each basket is held against the next ones of the same
customer. Of the items that only one of two such baskets has, every way to deal them out is as
likely as any other where items know nothing of one another: sizes, frequencies and the customer
are given, and so is the time of year.

References
----------
Gionis, Mannila, Mielikäinen, Tsaparas (2007), Assessing data mining results via swap randomization,
ACM TKDD 1(3); Mantel, Haenszel (1959), JNCI 22, 719-748; Benjamini, Hochberg (1995), JRSS B 57(1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from scipy.special import ndtr

from workbench.arrays import Array
from workbench.errors import DataError, require_columns
from workbench.languages import Language, speak
from workbench.products.items import named
from workbench.results import Advice, Estimate, Finding, Picture, Result, labelled
from workbench.results.drawing import interval_dots
from workbench.stats.disclosure import rule_of
from workbench.stats.intervals import normal_quantile
from workbench.stats.multiplicity import benjamini_hochberg
from workbench.study import CellRule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Customers and (independent) events that a pair must have to be judged: known before it is seen
#: whether they lie together.
_PEOPLE: Final = 20
_EVENTS: Final = 5.0
#: Pairs from which on what they have in common is learned from all of them.
_MANY: Final = 20
_COUNTS = ("both", "people", "informative", "together", "apart", "variance", "together_2",
           "apart_2", "cross")  # fmt: skip

TOGETHER = (
    "{n} of {tested} pairs are bought together more often than chance and taste explain; the"
    " clearest: {a} and {b}, {lift} times as often in one basket as in one each of two"
)
APART = "Pairs that are rather not bought together: {n} of {tested}; the clearest: {a} and {b}"
NO_PAIR = (
    "No pair of {tested} is bought together more often than basket size, popularity and each"
    " customer's taste explain"
)
NOTHING = "Too few baskets hold several items to tell which are bought together ({baskets} baskets)"
SHOW_TOGETHER = (
    "Try {a} and {b} side by side, or as a bundle, with a control group: together they are in"
    " {both} baskets"
)


@dataclass(frozen=True)
class ItemPairs(Result):
    """Pairs of items and whether they go together.

    Attributes
    ----------
    table : DataFrame
        One row a pair, those bought together first, then the clearest: a, b, baskets (with both),
        support (share of all baskets), plain_lift (against independence in all baskets), lift,
        lift_low, lift_high (how
        often in one basket against one each in two near baskets of one customer), p, q (corrected
        p-value, Benjamini-Hochberg), verdict ("together", "apart" or ""). Pairs of few customers
        are left out.
    baskets : int
    tested, withheld : int
        Pairs that could be judged; judged ones that are not shown, being of too few customers.
    spread : float
        How much more the scores vary than those of independent events: baskets are used twice.
    level : float
        Share of false pairs among those that are named.
    """

    table: pd.DataFrame
    baskets: int
    tested: int
    withheld: int
    spread: float
    level: float

    @property
    def together(self) -> pd.DataFrame:
        """The pairs that go together, the clearest first."""
        return self.table[self.table["verdict"] == "together"]

    @property
    def seldom_together(self) -> pd.DataFrame:
        """The pairs that are rather not bought together."""
        return self.table[self.table["verdict"] == "apart"]

    def estimates(self) -> dict[str, Estimate]:
        """How many pairs go together, and how often the clearest of them does."""
        found = {"pairs": Estimate(float(len(self.together)), n=float(self.tested),
                                   label="Pairs bought together")}  # fmt: skip
        if len(self.together):
            found["lift"] = _lift(self.together.iloc[0]).named("Lift of the clearest pair")
        return found

    def findings(self) -> list[Finding]:
        """Which pairs go together, and which do not."""
        if not self.tested:
            return [Finding("products.pairs", NOTHING, {"baskets": self.baskets},
                            severity="refusal")]  # fmt: skip
        said = []
        if len(self.together):
            said.append(self._said("products.pairs", TOGETHER, self.together, SHOW_TOGETHER))
        else:
            said.append(Finding("products.pairs", NO_PAIR, {"tested": self.tested}))
        if len(self.seldom_together):
            said.append(self._said("products.pairs.apart", APART, self.seldom_together, None))
        return said

    def _said(self, key: str, message: str, some: pd.DataFrame, advice: str | None) -> Finding:
        first = some.iloc[0]
        values = {
            "n": len(some), "tested": self.tested, "a": named(first["a"]), "b": named(first["b"]),
            "lift": _lift(first), "both": int(first["baskets"]),
        }  # fmt: skip
        return Finding(
            key, message, values, verdict=str(first["verdict"]),
            estimates={"lift": _lift(first)}, advice=Advice(advice, 6) if advice else None,
        )  # fmt: skip

    def picture(self) -> Picture | None:
        """Draw the clearest pairs."""
        if not self.tested or self.table.empty:
            return None
        shown = len(self.together) > 0
        title = "{n} pairs are bought together" if shown else "No pair stands out"
        return Picture(
            self.plot, title,
            "Times as often in one basket as in one each of two near baskets; the clearest pairs,"
            " 95% confidence intervals",
            self.table, {"n": len(self.together)},
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw the lift of the clearest pairs with intervals; the line is at one."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.table.dropna(subset=["lift_low"]).head(12).iloc[::-1]
        ax.axvline(1, color="0.6", linewidth=1)
        names = [f"{say.name(a)} + {say.name(b)}" for a, b in zip(t["a"], t["b"], strict=True)]
        interval_dots(ax, names, t["lift"], t["lift_low"], t["lift_high"], say("Lift"))
        return ax


def item_pairs(
    counts: pd.DataFrame,
    items: pd.DataFrame,
    *,
    baskets: int,
    min_cell: CellRule | int = 5,
    level: float = 0.05,
) -> ItemPairs:
    """Judge which pairs of items are bought together.

    Parameters
    ----------
    counts : DataFrame
        As `workbench.data.LineItems.pairs` counts them in the engine.
    items : DataFrame
        item, baskets: in how many baskets each lies.
    baskets : int
        Baskets in all.
    min_cell : CellRule or int
        Pairs of fewer customers are judged and not shown.
    level : float
        Share of false pairs among those that are named (false discovery rate).

    Notes
    -----
    The score of a pair, `together` less `apart`, is expected to be zero exactly, whatever the
    sizes, customers and popularities. Each basket takes part in several comparisons, so the scores
    vary more than `variance`; by how much is common to all pairs and is learned from all of them,
    by the squares of the customers' scores. Of fewer than 20 pairs, each pair's own spread counts
    where it is larger.
    """
    require_columns(counts, ("a", "b", *_COUNTS), "the pairs have")
    require_columns(items, ("item", "baskets"), "the items have")
    if not 0 < level < 1:
        raise DataError(f"level is {level}", remedy="give a share between 0 and 1, say 0.05")
    c = {name: counts[name].to_numpy(dtype=float) for name in _COUNTS}
    score, own, spread = scores(c)
    judged = (c["informative"] >= _PEOPLE) & (c["variance"] >= _EVENTS * spread)
    variance = spread * c["variance"]
    if judged.sum() < _MANY:
        variance = np.maximum(variance, own)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = np.where(judged, 2 * ndtr(-np.abs(score) / np.sqrt(variance)), np.nan)
    q = benjamini_hochberg(p)
    named = judged & (q <= level)
    lies = items.set_index("item")["baskets"]
    n_a, n_b = (counts[side].map(lies).to_numpy(dtype=float) for side in ("a", "b"))
    lift, low, high = odds_of_lying_together(c, variance)
    verdict = np.where(named, np.where(score > 0, "together", "apart"), "")
    found = pd.DataFrame(
        {
            "a": counts["a"].to_numpy(), "b": counts["b"].to_numpy(),
            "baskets": c["both"].astype(int), "support": c["both"] / max(baskets, 1),
            "plain_lift": c["both"] * baskets / (n_a * n_b),
            "lift": lift, "lift_low": low, "lift_high": high, "p": p, "q": q, "verdict": verdict,
        }
    )  # fmt: skip
    rule = rule_of(min_cell)
    # where nearly nobody has both, that is said of nobody in particular
    few = (c["people"] > 0) & (c["people"] < rule.min_cell)
    # what goes together first; the score tells apart what is zero as a p-value
    with np.errstate(divide="ignore", invalid="ignore"):
        clear = np.abs(score) / np.sqrt(variance)
    found = found.assign(apart=verdict != "together", clear=-clear)[judged & ~few]
    found = found.sort_values(["apart", "clear", "a", "b"], ignore_index=True)
    found = found.drop(columns=["apart", "clear"])
    table = labelled(
        found, a="Product line", b="Bought with", baskets="Baskets with both",
        support=("Share of all baskets", "percent:2"), plain_lift=("Plain lift", "number:2"),
        lift=("Lift, taste and size given", "number:2"), q=("Corrected p", "p"),
        verdict="Verdict",
    )  # fmt: skip
    return ItemPairs(table, baskets, int(judged.sum()), int((judged & few).sum()), spread, level)


def scores(c: dict[str, Array]) -> tuple[Array, Array, float]:
    """Give the score of each set, its own variance, and how far all vary beyond theirs."""
    own = c["together_2"] + c["apart_2"] - 2 * c["cross"]
    total = float(c["variance"].sum())
    spread = max(float(own.sum()) / total, 1.0) if total else 1.0
    return c["together"] - c["apart"], own, spread


def odds_of_lying_together(c: dict[str, Array], variance: Array) -> tuple[Array, Array, Array]:
    """Give the odds of lying together against apart, with limits on the log scale."""
    t, f = c["together"], c["apart"]
    with np.errstate(divide="ignore", invalid="ignore"):
        lift = t / f
        own = c["together_2"] / t**2 + c["apart_2"] / f**2 - 2 * c["cross"] / (t * f)
        se = np.sqrt(np.maximum(own, variance / (t * f)))
        half = normal_quantile(0.95) * se
        low, high = lift * np.exp(-half), lift * np.exp(half)
    known = (t > 0) & (f > 0)
    return (
        np.where(known, lift, np.nan), np.where(known, low, np.nan), np.where(known, high, np.nan)
    )  # fmt: skip


def _lift(row: pd.Series) -> Estimate:
    return Estimate(float(row["lift"]), float(row["lift_low"]), float(row["lift_high"]),
                    n=float(row["baskets"]), p=float(row["q"]))  # fmt: skip
