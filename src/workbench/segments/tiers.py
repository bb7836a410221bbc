"""The customer pyramid: few customers hold much of the value; how much, and how surely.

References
----------
Curry, Curry (2000), The Customer Marketing Method (the pyramid of 1, 4, 15 and 80 percent).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from workbench.arrays import Array, Index, Mask
from workbench.errors import DataError, require_columns
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled, named_estimates
from workbench.results.drawing import share_bars
from workbench.segments.concentration import (
    checked_value,
    excess,
    gini,
    holders,
    lorenz,
    share_limits,
)
from workbench.stats.disclosure import (
    Sums,
    Withheld,
    interval_sensitive,
    pool_neighbours,
    rounded_down,
    rule_of,
    sensitive,
    told_withheld,
)
from workbench.study import CellRule

if TYPE_CHECKING:
    from matplotlib.axes import Axes


#: Tier and the share of customers, from the top, at which it ends.
PYRAMID = {"Top 1%": 0.01, "Next 4%": 0.05, "Next 15%": 0.20, "Remaining 80%": 1.0}
#: The same tiers where so many customers have one value that they cannot hold these shares.
BY_RANK = ("Highest tier", "Second tier", "Third tier", "Lowest tier")
#: A tier holds its share if its customers are as many as meant, give or take this part of them.
ABOUT = 0.25


HALF = "{n} customers hold half of the {what}"
HALF_FEW = "Fewer than {n} customers hold half of the {what}"
THEY_ARE = "They are {share} of the customers."
RATIO = "One top-tier customer is worth as much as {ratio} bottom-tier customers."
UPPER = "{customers} of the customers hold {share} of the {what}"
TIES = (
    "Many customers have one value, so the tiers cannot hold the shares of customers at which they"
    " are meant to end: {shares}."
)
BY_TIER = "How much of the {what} each tier holds"
TOGETHER = "Together {tiers} hold {share} of the {what}."
NOTHING = (
    "How the {what} is spread is not shown: there are too few customers, or one holds nearly all"
)


@dataclass(frozen=True)
class Tiers(Result):
    """Customers in tiers of value.

    Attributes
    ----------
    table : DataFrame
        One row a tier, the best first: tier, n, customers (share), total, share, low, high (of
        all value), mean, from_value (from which value on, rounded down to two digits: nobody's
        own). What would give one customer away is missing, and with it the neighbour that would
        tell it.
    tier : Series
        Tier of each customer, in the order given.
    gini : Estimate
        0: all hold the same; 1: one holds everything.
    holders : Estimate
        Smallest share of customers who hold half of the value.
    lorenz : DataFrame
        customers, value: cumulative shares, the least valuable first, at points between which
        lie enough customers.
    of : str
        What the value is, as a page says it: "spend".
    rule : CellRule
        Of whom a number is shown.
    as_meant : bool
        Whether the tiers hold the shares of customers that they are meant to.
    least : int
        The fewest of the most valuable whose sum may be told and who hold half.
    withheld : tuple of Finding
        What is not shown, why, and what those tiers hold together.
    """

    table: pd.DataFrame
    tier: pd.Series
    gini: Estimate
    holders: Estimate
    lorenz: pd.DataFrame
    of: str
    rule: CellRule
    as_meant: bool = True
    least: int = 0
    withheld: tuple[Finding, ...] = ()

    @property
    def ends(self) -> tuple[int, ...]:
        """How many of the most valuable lie above the end of each tier that is told by itself."""
        told = self.table["share"].notna().to_numpy() | (self.table["n"] == 0).to_numpy()
        after = np.append(told[1:], True)
        ends = np.cumsum(self.table["n"].to_numpy())[told | after]
        return tuple(int(end) for end in ends)

    def estimates(self) -> dict[str, Estimate]:
        """Gini and the share of each tier."""
        label, fact = "Concentration of value (Gini, 0 to 1)", self.of.replace(" ", "_")
        shares = named_estimates(
            self.table, "tier", estimate="share", low="low", high="high", kind="percent"
        )
        if self.lorenz.empty:
            return {}
        return {"gini": self.gini.named(label, fact=f"segments.gini.{fact}"), **shares}

    def findings(self) -> list[Finding]:
        """How few hold half of the value, and what one of the best is worth in others."""
        if self.lorenz.empty:
            return [*self.withheld]
        n = round(self.holders.value * self.holders.n)
        values = {"n": max(n, self.least), "what": self.of}
        # how many are few, and what they are worth, follows from their share, too
        found = (
            [Finding("segments.half", HALF_FEW, values)]
            if n < self.least
            else [
                Finding("segments.half", HALF, values),
                Finding("segments.half.share", THEY_ARE, {"share": self.holders}),
            ]
        )
        means = self.table.loc[self.table["n"] > 0, "mean"]
        best, least = float(means.iloc[0]), float(means.iloc[-1])
        if best > least > 0:
            ratio = Estimate(best / least, digits=0)
            found.append(Finding("segments.ratio", RATIO, {"ratio": ratio}))
        if not self.as_meant:
            shares = [Estimate(float(c), kind="percent") for c in self.table["customers"] if c]
            found.append(Finding("segments.tiers.ties", TIES, {"shares": shares}))
        return [*found, *self.withheld]

    def picture(self) -> Picture | None:
        """How much all tiers but the lowest hold, where that is shown."""
        if self.lorenz.empty:
            return None
        return Picture(
            self.plot, self._title(), "Share of {what} by tier of customers", self.table,
            {"what": self.of},
        )  # fmt: skip

    def inequality(self) -> Picture | None:
        """Lorenz curve."""
        if self.lorenz.empty:
            return None
        return Picture(
            self.plot_lorenz,
            "How unequal customers are",
            "Cumulative share of {what}; Gini coefficient {gini}",
            values={"what": self.of, "gini": replace(self.gini, digits=2)},
        )

    def _title(self) -> Finding:
        upper = self.table.iloc[:-1]
        upper = upper[upper["n"] > 0]
        if upper.empty or upper["share"].isna().any():
            return Finding("segments.tiers", BY_TIER, {"what": self.of})
        held = {
            what: Estimate(float(upper[what].sum()), kind="percent")
            for what in ("customers", "share")
        }
        return Finding("segments.tiers", UPPER, {"what": self.of, **held})

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Bars: the share of value of each tier, its share of customers written beside."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.table[self.table["n"] > 0].iloc[::-1]
        names = t["tier"].map(say.name)
        share_bars(ax, names, t["share"], t["low"], t["high"], say("Share of value"))
        ends = t["high"].fillna(t["share"])
        for y, (share, end) in enumerate(zip(t["share"], ends, strict=True)):
            if share != share:
                continue
            ax.annotate(
                say.percent(share, 0),
                (end, y),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
            )
        furthest = float(ends.max()) if ends.notna().any() else 1.0
        ax.set_xlim(0, min(1.0, furthest * 1.18) or 1.0)
        return ax

    def plot_lorenz(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Lorenz curve against the line of equality."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        keep = np.unique(np.linspace(0, len(self.lorenz) - 1, 400).astype(int))
        curve = self.lorenz.iloc[keep]
        ax.plot(curve["customers"], curve["value"])
        ax.plot([0, 1], [0, 1], color="0.6", linewidth=1, linestyle=":")
        ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.set_xlabel(say("Customers, least valuable first"))
        ax.set_ylabel(say("Share of value"))
        return ax


def tiers(
    value: ArrayLike | ValueMeasure,
    *,
    pyramid: Mapping[str, float] | None = None,
    of: str = "value",
    min_cell: CellRule | int = 0,
) -> Tiers:
    """Put customers into tiers by value.

    Parameters
    ----------
    value : array_like, shape (n,), or ValueMeasure
        Spend, or expected value; zero or more.
    pyramid : mapping of tier to share, optional
        Shares of customers, from the top, at which the tiers end; the last must be 1. Customers
        with one value share one tier: the higher, but for those who would more than double it, or
        fill it with everybody. A tier called the top 1 % must hold one customer in a hundred: where
        it cannot, the tiers are called by their rank.
    of : str
        What the value is; a measure of value says so itself.
    min_cell : CellRule or int
        The value of tiers with fewer customers, or of which one holds nearly all, is withheld:
        neighbours are pooled until what they hold together may be told. 0 withholds nothing.

    Raises
    ------
    DataError
        Missing or negative values, nothing but zeros, shares that do not rise to one.

    Examples
    --------
    >>> import numpy as np
    >>> from workbench.segments import tiers
    >>> spend = np.random.default_rng(1).lognormal(3, 1, 500)
    >>> tiers(spend).table[["tier", "n"]].to_numpy().tolist()
    [['Top 1%', 5], ['Next 4%', 20], ['Next 15%', 75], ['Remaining 80%', 400]]
    """
    if isinstance(value, ValueMeasure):
        of = str(value.name)
        value = value.value
    values, index = checked_value(value)
    ends = dict(PYRAMID if pyramid is None else pyramid)
    shares = np.array(list(ends.values()), dtype=float)
    if (np.diff(shares) <= 0).any() or shares[0] <= 0 or abs(shares[-1] - 1) > 1e-12:
        raise DataError(
            f"shares {list(ends.values())} do not rise to 1",
            where="pyramid",
            remedy="give cumulative shares from the top, such as 0.01, 0.05, 0.2, 1",
        )
    n = values.size
    codes = np.argmax(values[:, None] >= _floors(values, shares)[None, :], axis=1)
    names = list(ends)
    count = np.bincount(codes, minlength=len(names))
    meant = np.diff(_counts(shares, n), prepend=0)
    as_meant = bool((np.abs(count - meant) <= ABOUT * meant).all())
    if pyramid is None and not as_meant:
        names = list(BY_RANK)
    rows = []
    for code, name in enumerate(names):
        inside = codes == code
        held = _held_between(values, inside) if n > 1 else Estimate(np.nan)
        total = float(values[inside].sum())
        rows.append(
            {
                "tier": name,
                "n": int(count[code]),
                "customers": count[code] / n,
                "total": total,
                "share": total / values.sum(),
                "low": held.low,
                "high": held.high,
                "mean": total / count[code] if count[code] else np.nan,
                "from_value": rounded_down(values[inside].min()) if count[code] else np.nan,
            }
        )
    tier = pd.Series(
        pd.Categorical.from_codes(np.asarray(codes), pd.Index(names), ordered=True),
        index=index,
        name="tier",
    )
    rule = rule_of(min_cell)
    table, group, said = _withheld(pd.DataFrame(rows), values, codes, rule, of)
    table = labelled(
        table, tier="Tier", n="Customers",
        customers=("Share of customers", "percent"), mean=("Value per customer", "money:0"),
        from_value=("Value from (rounded down)", "money:0"), share=("Share of value", "percent"),
    )  # fmt: skip
    ends_at = np.cumsum(np.bincount(group, count)).astype(int)
    curve = lorenz(values, min_cell=min_cell, cuts=list(ends_at))
    half = holders(values)
    return Tiers(table, tier, gini(values), half, curve, of, rule, as_meant,
                 _least(values, round(half.value * n), rule), said)  # fmt: skip


def _least(values: Array, fewest: int, rule: CellRule) -> int:
    """Count the most valuable, from the fewest who hold half on, whose sum may be told."""
    falling = np.sort(values)[::-1]
    for count in range(fewest, min(fewest + 100, falling.size)):
        if not sensitive(falling[:count], rule):
            return count
    return falling.size


def _counts(shares: Array, n: int) -> Array:
    """How many customers the tiers are meant to hold, from the top."""
    return np.asarray(np.clip(np.ceil(shares * n - 1e-9).astype(int), 1, n))


def _floors(values: Array, shares: Array) -> Array:
    """Smallest value of each tier: that of the last customer in it, unless too many share it."""
    n, falling = values.size, np.sort(values)[::-1]
    meant = _counts(shares, n)
    floor = falling[meant - 1]
    reached = n - np.searchsorted(falling[::-1], floor, side="left")
    floor = np.where((reached > 2 * meant) | (reached == n), np.nextafter(floor, np.inf), floor)
    floor[-1] = -np.inf
    return np.asarray(floor, dtype=float)


def _withheld(
    table: pd.DataFrame, values: Array, codes: Index, rule: CellRule, of: str
) -> tuple[pd.DataFrame, Index, tuple[Finding, ...]]:
    """Leave out what gives one customer away, with the neighbour that would tell it."""
    sums = Sums.of(codes, values, len(table))
    group, filled = pool_neighbours(sums, rule), sums.n > 0
    primary = sums.sensitive(rule)
    shared = (np.bincount(group, filled)[group] > 1) & filled
    if sensitive(values, rule):
        table.loc[:, ["total", "share", "low", "high", "mean", "from_value"]] = np.nan
        return table, group, (Finding("segments.tiers.nothing", NOTHING, {"what": of}),)
    said = told_withheld(
        Withheld(primary, shared & ~primary), table["tier"], "segments.tiers.withheld"
    )
    for one in np.unique(group[shared]):
        names = [str(t) for t in table.loc[(group == one) & filled, "tier"]]
        share = Estimate(float(table.loc[group == one, "share"].sum()), kind="percent")
        about = {"tiers": names, "share": share, "what": of}
        said.append(Finding("segments.tiers.together", TOGETHER, about))
    table.loc[shared, ["total", "share", "low", "high", "mean", "from_value"]] = np.nan
    table.loc[interval_sensitive(codes, values, len(table), rule), ["low", "high"]] = np.nan
    return table, group, tuple(said)


def _held_between(values: Array, inside: Mask) -> Estimate:
    """Limits of the share held between two quantiles, which are themselves estimated.

    Influence function of E[y; q1 < y <= q2] / E[y] with P(y > q) fixed at either end.
    """
    if not inside.any() or inside.all():
        share = float(inside.all())
        return Estimate(share, share, share)
    share = float(values[inside].sum() / values.sum())
    above = values > values[inside].max()
    # sum above the lower end, less the sum above the upper one
    influence = excess(values, float(values[inside].min()), inside | above)
    if above.any():
        influence = influence - excess(values, float(values[above].min()), above)
    return share_limits(values, share, influence)


@dataclass(frozen=True)
class ValueMeasure:
    """What customers are worth, and by which measure.

    Attributes
    ----------
    value : Series, shape (n,)
        In the order of the customers.
    expected : bool
        Whether it is the value to come; else the spend to date.
    unmatched : int
        Customers without an expected value. If there are any, all are measured by spend.
    """

    value: pd.Series
    expected: bool
    unmatched: int

    @property
    def name(self) -> str:
        """What a page calls it."""
        return "expected value" if self.expected else "spend"


def value_of(
    customers: pd.DataFrame, expected: pd.DataFrame | None = None, *, column: str = "clv"
) -> ValueMeasure:
    """Take the expected value of each customer where it is known for all, else the spend.

    Parameters
    ----------
    customers : DataFrame
        customer_id, spend.
    expected : DataFrame, optional
        customer_id and `column`, one row a customer.
    column : str

    Raises
    ------
    DataError
        A column is missing, a customer is listed twice, the log has no amounts.
    """
    if "spend" not in customers:
        raise DataError("the log has no amounts", remedy="look at how often customers buy instead")
    spend = customers["spend"].reset_index(drop=True)
    if expected is None:
        return ValueMeasure(spend, False, len(customers))
    require_columns(expected, ["customer_id", column], "expected values have")
    if expected["customer_id"].duplicated().any():
        raise DataError("a customer is listed twice", where="expected values", remedy="keep one")
    value = customers["customer_id"].map(expected.set_index("customer_id")[column])
    unmatched = int(value.isna().sum())
    if unmatched:
        return ValueMeasure(spend, False, unmatched)
    return ValueMeasure(value.reset_index(drop=True).rename("value"), True, 0)
