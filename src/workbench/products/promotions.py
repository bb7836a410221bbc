"""What a price cut brings in its weeks, and how much of that it takes from the weeks after.

References
----------
van Heerde, Leeflang, Wittink (2000), The estimation of pre- and postpromotion dips with store-level
scanner data, Journal of Marketing Research 37(3), 383-395; Cameron, Miller (2015), J. Human
Resources 50(2), 317-372 (errors clustered by product, Student's t).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy.special import stdtr, stdtrit

from workbench.arrays import Array
from workbench.languages import Language, speak
from workbench.products.elasticity import (
    FEW_PRODUCTS,
    by_category,
    nearly_every_week,
    priced,
    within,
)
from workbench.products.items import named
from workbench.results import Advice, Estimate, Finding, Picture, Result, labelled, named_estimates
from workbench.results.drawing import interval_dots
from workbench.stats.multiplicity import holm

_PRODUCTS: Final = 8
#: Weeks with a price cut that a category must have, on as many products as are needed.
_CUTS: Final = 30
#: How far below a product's usual price (its median) a week must be.
CUT: Final = 0.1
AFTER: Final = 4
FEW_CUTS = "too few weeks with a price cut"

BORROWS = (
    "Price cuts borrow from later weeks: of {item} {uplift} more are sold in a week with one, and"
    " {borrowed} of that is lacking in the {after} weeks after"
)
ADDS = (
    "Price cuts of {n} categories sell more in their week and are not shown to borrow from the"
    " {after} weeks after; the most: {item}, {uplift} more"
)
NONE = "In none of {n} categories do price cuts clearly sell more"
DO = "Count the {after} weeks after as well when judging a price cut of {item}, and cut less often"


@dataclass(frozen=True)
class Promotions(Result):
    """Price cuts by category.

    Attributes
    ----------
    table : DataFrame
        One row a category that could be judged: category, products, n (weeks with a cut), uplift
        (in the week of the cut, as a share of a usual week), after (change in the weeks after,
        added up, as a share of a usual week), borrowed (share of the uplift that is lacking then),
        net (uplift and after together), each with `_low` and `_high`; p (of the uplift) and
        p_after, both Holm.
    refused : DataFrame
        category, reason.
    """

    table: pd.DataFrame
    refused: pd.DataFrame

    def estimates(self) -> dict[str, Estimate]:
        """Net uplift by category."""
        return named_estimates(self.table, "category", estimate="net", kind="percent", signed=True)

    def findings(self) -> list[Finding]:
        """Say where cuts borrow from later weeks, and where they are not shown to."""
        t = self.table
        if t.empty:
            return []
        up = t[(t["p"] < 0.05) & (t["uplift"] > 0)]
        if up.empty:
            return [Finding("products.promotions", NONE, {"n": len(t)})]
        dip = up[(up["p_after"] < 0.05) & (up["after"] < 0)]
        row = (dip if len(dip) else up).nlargest(1, "borrowed" if len(dip) else "uplift").iloc[0]
        uplift = Estimate.of_row(row, "uplift", p=float(row["p"]), kind="percent")
        values = {"item": named(row["category"]), "uplift": uplift, "after": AFTER, "n": len(up),
                  "borrowed": Estimate.of_row(row, "borrowed", kind="percent")}  # fmt: skip
        return [
            Finding("products.promotions", BORROWS if len(dip) else ADDS, values,
                    verdict="borrows" if len(dip) else "adds", estimates={"uplift": uplift},
                    severity="warning" if len(dip) else "note",
                    advice=Advice(DO, 5) if len(dip) else None)
        ]  # fmt: skip

    def picture(self) -> Picture | None:
        """Draw what cuts bring net of what they borrow."""
        if self.table.empty:
            return None
        return Picture(
            self.plot, "What price cuts bring, net of later weeks",
            "Share of a usual week's pieces, the week of the cut and those after together; 95%"
            " confidence intervals",
            self.table,
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw one dot with an interval a category; the line is at zero."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.table.head(12).iloc[::-1]
        ax.axvline(0, color="0.6", linewidth=1)
        names = [say.name(c) for c in t["category"]]
        interval_dots(ax, names, t["net"], t["net_low"], t["net_high"], say("Net uplift"))
        ax.xaxis.set_major_formatter(PercentFormatter(1))
        return ax


def promotions(weeks: pd.DataFrame, *, level: float = 0.95) -> Promotions:
    """Estimate what price cuts bring, and what they borrow from later weeks.

    Parameters
    ----------
    weeks : DataFrame
        As `elasticity` takes them.
    level : float
        Confidence.

    Notes
    -----
    Logarithm of the pieces of a product and week on whether its price lay 10% or more below its
    median, in that week and in each of the four before, with effects of products and weeks. Cuts
    that were made because demand was high or low are not told apart from what they bring.

    Raises
    ------
    DataError
        There is nothing to judge.
    """
    sold = priced(weeks)
    rows, refused = by_category(sold.assign(_week=_numbered(sold["week"])), _fit, level)
    ends = [f"{x}{end}" for x in ("uplift", "after", "borrowed", "net")
            for end in ("", "_low", "_high")]  # fmt: skip
    table = pd.DataFrame(rows, columns=["category", "products", "n", *ends, "p", "p_after"])
    for name in ("p", "p_after"):
        table[name] = holm(table[name].to_numpy(dtype=float))
    table = table.sort_values(["net", "category"], ascending=[False, True], ignore_index=True)
    table = labelled(
        table, category="Category", products="Products", n="Weeks with a cut",
        uplift=("More in its week", "percent:1"), after=("In the weeks after", "percent:1"),
        borrowed=("Borrowed from later weeks", "percent"), net=("Net uplift", "percent:1"),
        p=("Corrected p", "p"), p_after=("Corrected p, after", "p"),
    )  # fmt: skip
    return Promotions(table, refused)


def _numbered(week: pd.Series) -> Array:
    """Count weeks by the calendar, so that a week in which nothing was sold is not skipped."""
    if pd.api.types.is_datetime64_any_dtype(week):
        return np.asarray((week - week.min()).dt.days // 7, dtype=float)
    return np.asarray(week, dtype=float)


def _fit(own: pd.DataFrame, level: float) -> dict[str, float] | str:
    own = nearly_every_week(own)
    product, names = pd.factorize(own["product"])
    if len(names) < _PRODUCTS:
        return FEW_PRODUCTS
    price = np.log(own["spend"].to_numpy(float) / own["pieces"].to_numpy(float))
    usual = pd.Series(price).groupby(product).transform("median").to_numpy()
    cut = price <= usual + np.log(1 - CUT)
    if cut.sum() < _CUTS or len(np.unique(product[cut])) < _PRODUCTS:
        return FEW_CUTS
    at = own["_week"].to_numpy().astype(int)
    table = np.zeros((len(names), at.max() + 1 + AFTER))
    table[product, at] = cut
    x = np.column_stack([table[product, at - j] * (at >= j) for j in range(AFTER + 1)])
    week = pd.factorize(at)[0]
    x = np.column_stack([within(column, product, week) for column in x.T])
    y = within(np.log(own["pieces"].to_numpy(float)), product, week)
    inverse = np.linalg.pinv(x.T @ x)
    b = inverse @ (x.T @ y)
    scores = np.zeros((len(names), AFTER + 1))
    np.add.at(scores, product, x * (y - x @ b)[:, None])
    g, n = len(names), len(y)
    scale = g / (g - 1) * (n - 1) / max(n - len(np.unique(week)) - AFTER - 1, 1)
    v = scale * inverse @ (scores.T @ scores) @ inverse
    t = float(stdtrit(g - 1, 0.5 + level / 2))
    part = np.exp(b) - 1
    slope = np.exp(b)
    first, later = np.eye(AFTER + 1)[0] * slope, slope * (np.arange(AFTER + 1) > 0)
    after = float(part[1:].sum())
    found: dict[str, float] = {"products": g, "n": int(cut.sum())}
    share = (
        (later + first * (-after / part[0])) / -part[0] if part[0] else np.full(AFTER + 1, np.nan)
    )
    for name, value, gradient in (
        ("uplift", float(part[0]), first), ("after", after, later),
        ("borrowed", -after / float(part[0]), share), ("net", float(part.sum()), first + later),
    ):  # fmt: skip
        half = t * float(np.sqrt(gradient @ v @ gradient))
        found |= {name: value, f"{name}_low": value - half, f"{name}_high": value + half}
    for name, value, gradient in (("p", float(part[0]), first), ("p_after", after, later)):
        se = float(np.sqrt(gradient @ v @ gradient))
        found[name] = float(2 * stdtr(g - 1, -abs(value) / se)) if se > 0 else float("nan")
    return found
