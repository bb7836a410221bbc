"""How the sales of one category follow the prices of another: substitutes and complements.

References
----------
Hoch, Kim, Montgomery, Rossi (1995), Determinants of store-level price elasticity, Journal of
Marketing Research 32(1), 17-29; Newey, West (1987), Econometrica 55(3), 703-708.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy.special import stdtr, stdtrit

from workbench.arrays import Array
from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.products.elasticity import priced
from workbench.products.items import named
from workbench.results import Estimate, Finding, Picture, Result, labelled
from workbench.results.drawing import interval_dots
from workbench.stats.multiplicity import holm

#: Changes from week to week that a pair must have, spread of the log price beside the other's, and
#: the lags that errors may reach over.
_WEEKS: Final = 40
_MOVED: Final = 0.01
_LAGS: Final = 4
_YEAR: Final = 365

CLEAR = (
    "Sales of {a} follow the price of {b}: {elasticity} for each 1% of it; pairs of categories"
    " that do so: {n} of {tested}"
)
NONE = "No category's sales clearly follow the price of another, of {tested} pairs"
REFUSED = (
    "Of {n} pairs of categories nothing is said: their prices hardly moved apart from one another"
)


@dataclass(frozen=True)
class CrossElasticity(Result):
    """Elasticities of one category's sales to another's price.

    Attributes
    ----------
    table : DataFrame
        One row a pair (a, b), the clearest first: a (whose sales), b (whose price), n (weeks),
        elasticity, elasticity_low, elasticity_high (Newey-West), moved (spread of the changes of
        b's log price beside a's), p (Holm).
    refused : int
        Pairs whose prices did not move apart.
    """

    table: pd.DataFrame
    refused: int

    def estimates(self) -> dict[str, Estimate]:
        """Elasticity by pair."""
        return {
            f"{row['a']} → {row['b']}": self._of(row).named(f"{row['a']} → {row['b']}")
            for _, row in self.table.iterrows()
        }

    @staticmethod
    def _of(row: pd.Series) -> Estimate:
        return Estimate.of_row(row, "elasticity", p=float(row["p"]), signed=True)

    def findings(self) -> list[Finding]:
        """Say which category's sales follow another's price, and of how many nothing is said."""
        said, t = [], self.table
        clear = t[t["p"] < 0.05]
        if len(clear):
            row = clear.iloc[0]
            value = Estimate.of_row(
                row, "elasticity", p=float(row["p"]), kind="percent", signed=True
            ).scaled(0.01)
            values = {"a": named(row["a"]), "b": named(row["b"]), "n": len(clear),
                      "tested": len(t), "elasticity": value}  # fmt: skip
            said.append(Finding("products.cross", CLEAR, values, estimates={"elasticity": value}))
        elif len(t):
            said.append(Finding("products.cross", NONE, {"tested": len(t)}))
        if self.refused:
            said.append(Finding("products.cross.refused", REFUSED, {"n": self.refused},
                                severity="refusal"))  # fmt: skip
        return said

    def picture(self) -> Picture | None:
        """Draw the clearest pairs."""
        if self.table.empty:
            return None
        return Picture(
            self.plot, "Whose sales follow whose price",
            "Percent more pieces of the first for one percent of the second's price; 95% confidence"
            " intervals",
            self.table,
        )  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw one dot with an interval a pair; the line is at zero."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.table.head(10).iloc[::-1]
        ax.axvline(0, color="0.6", linewidth=1)
        names = [f"{say.name(a)} → {say.name(b)}" for a, b in zip(t["a"], t["b"], strict=True)]
        ends = (t["elasticity"], t["elasticity_low"], t["elasticity_high"])
        interval_dots(ax, names, *ends, say("Cross elasticity"))
        return ax


def cross_elasticity(weeks: pd.DataFrame, *, most: int = 8, level: float = 0.95) -> CrossElasticity:
    """Estimate how the sales of each category follow the prices of others.

    Parameters
    ----------
    weeks : DataFrame
        As `elasticity` takes them.
    most : int
        Categories looked at: those on which most is spent.
    level : float
        Confidence.

    Notes
    -----
    Week to week: changes of the logarithm of a category's pieces on the changes of all the
    categories' prices together, and on the time of year. What the rest of the shop sells is no
    control: it answers to the same prices. A price is that of the products sold in both weeks,
    weighted by what was spent on them.

    Raises
    ------
    DataError
        Fewer than three categories have prices in enough weeks.
    """
    sold = priced(weeks)
    money = sold.groupby(sold["category"].astype(str))["spend"].sum()
    chosen = sorted(money.index, key=lambda c: (-float(money[c]), c))[:most]
    pieces = sold.pivot_table(index="week", columns=sold["category"].astype(str), values="pieces",
                              aggfunc="sum")  # fmt: skip
    prices = {c: _price(sold[sold["category"].astype(str) == c]) for c in chosen}
    prices = {c: p for c, p in prices.items() if len(p) >= _WEEKS}
    if len(prices) < 3:
        raise DataError(
            f"{len(prices)} categories have prices in {_WEEKS} weeks one after another",
            remedy="wait, or tell products apart: prices are told from them",
        )
    together, rows, refused = pd.DataFrame(prices).dropna(), [], 0
    for a in prices:
        for b in prices:
            if a == b:
                continue
            found = _fit(a, b, together, pieces, level)
            if found is None:
                refused += 1
            else:
                rows.append({"a": a, "b": b, **found})
    columns = ["a", "b", "n", "elasticity", "elasticity_low", "elasticity_high", "moved", "p"]
    table = pd.DataFrame(rows, columns=columns)
    table = table.sort_values(["p", "a", "b"], ignore_index=True)
    table["p"] = holm(table["p"].to_numpy(dtype=float))
    table = labelled(
        table, a="Sales of", b="Price of", n="Weeks", elasticity=("Cross elasticity", "number:2"),
        moved=("Spread of the log price", "number:3"), p=("Corrected p", "p"),
    )  # fmt: skip
    return CrossElasticity(table, refused)


def _time_of_year(week: pd.Index) -> list[Array]:
    """Give a constant and, where weeks are days, the two slowest waves of the year."""
    waves = [np.ones(len(week))]
    if isinstance(week, pd.DatetimeIndex) and (week[-1] - week[0]).days >= _YEAR:
        turn = 2 * np.pi * week.day_of_year.to_numpy() / _YEAR
        waves += [f(k * turn) for k in (1, 2) for f in (np.sin, np.cos)]
    return waves


def _price(own: pd.DataFrame) -> pd.Series:
    """Change of the log price from the week before, of the products sold in both."""
    price = own.assign(x=np.log(own["spend"] / own["pieces"])).pivot_table(
        index="week", columns="product", values="x"
    )
    spend = own.pivot_table(index="week", columns="product", values="spend").fillna(0.0)
    weight = spend.mean()
    change = price.diff()
    weights = change.notna() * weight
    total = weights.sum(axis=1)
    index: pd.Series = (change * weights).sum(axis=1) / total.where(total > 0)
    return index.dropna()


def _fit(
    a: str, b: str, prices: pd.DataFrame, pieces: pd.DataFrame, level: float
) -> dict[str, float] | None:
    frame = prices[[b, *prices.columns.drop(b)]]
    frame = frame.assign(y=np.log(pieces[a]).diff().reindex(frame.index)).dropna()
    if len(frame) < _WEEKS:
        return None
    x = np.column_stack([frame.drop(columns="y"), *_time_of_year(frame.index)])
    beside = x[:, 0] - x[:, 1:] @ np.linalg.lstsq(x[:, 1:], x[:, 0], rcond=None)[0]
    moved = float(beside.std())
    if moved < _MOVED:
        return None
    y = frame["y"].to_numpy(dtype=float)
    b_all = np.linalg.lstsq(x, y, rcond=None)[0]
    score = beside * (y - x @ b_all)
    n, k = x.shape
    long = float(score @ score) + 2 * sum(
        (1 - j / (_LAGS + 1)) * float(score[j:] @ score[:-j]) for j in range(1, _LAGS + 1)
    )
    plain = float(score @ score)
    # differences go against one another: where lags take more away than there is, they are left
    se = float(np.sqrt(max(long, plain) * n / (n - k))) / float(beside @ beside)
    slope, df = float(b_all[0]), n - k
    half = float(stdtrit(df, 0.5 + level / 2)) * se
    return {
        "n": n, "elasticity": slope, "elasticity_low": slope - half,
        "elasticity_high": slope + half, "moved": moved,
        "p": float(2 * stdtr(df, -abs(slope) / se)),
    }  # fmt: skip
