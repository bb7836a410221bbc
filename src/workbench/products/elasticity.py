"""How much less is bought where the price is higher: elasticity by category.

The logarithm of the pieces of a product and week on that of its price, with an effect of each
product and each week: what is compared is a product with itself and with the other products of the
week. It is the effect of the price only where prices did not follow demand.

References
----------
Cameron, Miller (2015), A practitioner's guide to cluster-robust inference, Journal of Human
Resources 50(2), 317-372.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit

from workbench.arrays import Array, Index
from workbench.errors import DataError, require_columns
from workbench.languages import Language, speak
from workbench.products.items import named
from workbench.results import Estimate, Finding, Picture, Result, labelled, named_estimates
from workbench.results.drawing import interval_dots
from workbench.stats.multiplicity import holm

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Products with moving prices, and weeks of each, that an elasticity needs.
_PRODUCTS: Final = 8
_WEEKS: Final = 12
#: Share of the weeks between its first and its last in which a product must have been sold: weeks
#: without a sale have no price, and leaving them out would flatter high prices.
_SOLD: Final = 0.8
#: Spread of the logarithm of a product's price from which on it moved.
_MOVED: Final = 0.02

#: Why a category has no elasticity.
FEW_PRODUCTS = "too few products sold nearly every week"
NO_MOVE = "prices hardly moved"
TOGETHER = "prices moved together: no product apart from the others of its week"

CLEAR = (
    "{n} categories sell clearly less where prices are higher; the most: {item}, {elasticity} for"
    " each 1% of price"
)
NONE_CLEAR = "In none of {n} categories do sales clearly follow prices"
REFUSED = "Of {n} of {all} categories nothing is said: {reasons}"


@dataclass(frozen=True)
class Elasticity(Result):
    """Elasticities by category.

    Attributes
    ----------
    table : DataFrame
        One row a category that could be judged: category, products, n (product weeks), elasticity
        (percent of pieces for one percent of price), elasticity_low, elasticity_high (clustered by
        product, Student's t), moved (spread of the log price that is left beside products and
        weeks), p (Holm).
    refused : DataFrame
        category, reason: those of which nothing can be said.
    """

    table: pd.DataFrame
    refused: pd.DataFrame

    def estimates(self) -> dict[str, Estimate]:
        """Elasticity by category."""
        return named_estimates(self.table, "category", estimate="elasticity")

    def findings(self) -> list[Finding]:
        """Say where sales follow prices, and where nothing can be said."""
        said = []
        t = self.table
        clear = t[(t["p"] < 0.05) & (t["elasticity"] < 0)].sort_values("elasticity")
        if len(clear):
            row = clear.iloc[0]
            value = Estimate.of_row(
                row, "elasticity", p=float(row["p"]), kind="percent", signed=True
            ).scaled(0.01)
            values = {"n": len(clear), "item": named(row["category"]), "elasticity": value}
            said.append(Finding("products.price", CLEAR, values, estimates={"elasticity": value}))
        elif len(t):
            said.append(Finding("products.price", NONE_CLEAR, {"n": len(t)}))
        if len(self.refused):
            reasons = [str(r) for r in self.refused["reason"].value_counts().index]
            n = len(self.refused)
            said.append(
                Finding("products.price.refused", REFUSED,
                        {"n": n, "all": n + len(t), "reasons": reasons}, severity="refusal")
            )  # fmt: skip
        return said

    def picture(self) -> Picture | None:
        """Draw the elasticities."""
        if self.table.empty:
            return None
        return Picture(
            self.plot, "How sales follow prices",
            "Percent more pieces for one percent of price; 95% confidence intervals", self.table,
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw one dot with an interval a category; the line is at zero."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.table.head(15).iloc[::-1]
        ends = (t["elasticity"], t["elasticity_low"], t["elasticity_high"])
        names = [say.name(c) for c in t["category"]]
        ax.axvline(0, color="0.6", linewidth=1)
        interval_dots(ax, names, *ends, say("Elasticity"))
        return ax


def elasticity(weeks: pd.DataFrame, *, level: float = 0.95) -> Elasticity:
    """Estimate how the pieces sold follow the price, by category.

    Parameters
    ----------
    weeks : DataFrame
        One row a product and week with a sale: product, category, week (a day or a number that
        grows), pieces, spend.
    level : float
        Confidence.

    Raises
    ------
    DataError
        There is nothing to judge.
    """
    sold = priced(weeks)
    number = pd.factorize(sold["week"], sort=True)[0]
    rows, refused = by_category(sold.assign(_week=number), _fit, level)
    columns = ["category", "products", "n", "elasticity", "elasticity_low", "elasticity_high",
               "moved", "p"]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    table["p"] = holm(table["p"].to_numpy(dtype=float))
    table = table.sort_values("elasticity", ignore_index=True)
    table = labelled(
        table, category="Category", products="Products", n="Product weeks",
        elasticity=("Elasticity", "number:2"), moved=("Spread of the log price", "number:3"),
        p=("Corrected p", "p"),
    )  # fmt: skip
    return Elasticity(table, refused)


def priced(weeks: pd.DataFrame) -> pd.DataFrame:
    """Give the weeks of a product that have pieces, a price and a category."""
    names = ("product", "category", "week", "pieces", "spend")
    require_columns(weeks, names, "the weeks have")
    return weeks[(weeks["pieces"] > 0) & (weeks["spend"] > 0) & weeks["category"].notna()]


def by_category(
    sold: pd.DataFrame, fit: Callable[[pd.DataFrame, float], dict[str, float] | str], level: float
) -> tuple[list[dict[str, Any]], pd.DataFrame]:
    """Fit each category by itself: what was found, and category and reason where nothing was.

    Raises
    ------
    DataError
        There is nothing to judge.
    """
    if sold.empty:
        raise DataError("no product has both pieces and a price", remedy="map quantity and amount")
    rows, refused = [], []
    for category, own in sold.groupby(sold["category"].astype(str), sort=True):
        found = fit(own, level)
        if isinstance(found, str):
            refused.append({"category": category, "reason": found})
        else:
            rows.append({"category": category, **found})
    return rows, pd.DataFrame(refused, columns=["category", "reason"])


def _fit(own: pd.DataFrame, level: float) -> dict[str, float] | str:
    """Fit one category, or say why not."""
    own = nearly_every_week(own)
    product, names = pd.factorize(own["product"])
    if len(names) < _PRODUCTS:
        return FEW_PRODUCTS
    week = pd.factorize(own["_week"])[0]
    price = np.log(own["spend"].to_numpy(float) / own["pieces"].to_numpy(float))
    pieces = np.log(own["pieces"].to_numpy(float))
    spread = pd.Series(price).groupby(product).std().to_numpy()
    if (spread >= _MOVED).sum() < _PRODUCTS:
        return NO_MOVE
    x, y = within(price, product, week), within(pieces, product, week)
    moved = float(np.sqrt((x**2).mean()))
    if moved < _MOVED / 2:
        return TOGETHER
    slope = float((x @ y) / (x @ x))
    score = np.bincount(product, x * (y - slope * x), len(names))
    g, n = len(names), x.size
    # effects of products lie within the clusters and cost no freedom; those of weeks do
    scale = g / (g - 1) * (n - 1) / max(n - 1 - len(np.unique(week)), 1)
    se = float(np.sqrt(scale * (score**2).sum())) / float(x @ x)
    half = float(stdtrit(g - 1, 0.5 + level / 2)) * se
    p = float(2 * stdtr(g - 1, -abs(slope) / se)) if se > 0 else float("nan")
    return {"products": g, "n": n, "elasticity": slope, "elasticity_low": slope - half,
            "elasticity_high": slope + half, "moved": moved, "p": p}  # fmt: skip


def nearly_every_week(own: pd.DataFrame) -> pd.DataFrame:
    """Keep the products that were sold in nearly every week between their first and their last."""
    spans = own.groupby("product")["_week"].agg(["size", "min", "max"])
    often = spans.index[
        (spans["size"] >= _WEEKS) & (spans["size"] >= _SOLD * (spans["max"] - spans["min"] + 1))
    ]
    return own[own["product"].isin(often)]


def within(values: Array, one: Index, two: Index) -> Array:
    """Take the means of both groups out, by turns until nothing is left of either."""
    left = values - values.mean()
    sizes = [np.bincount(codes) for codes in (one, two)]
    for _ in range(500):
        before = left
        for codes, n in zip((one, two), sizes, strict=True):
            left = left - (np.bincount(codes, left) / n)[codes]
        if np.abs(left - before).max() < 1e-10:
            break
    return np.asarray(left, dtype=float)
