"""The customer pyramid: few customers hold much of the value; how much, and how surely.

References
----------
Curry, Curry (2000), The Customer Marketing Method (the pyramid of 1, 4, 15 and 80 percent).
Langel, Tille (2013), Variance Estimation of the Gini Index, JRSS A 176(2), 521-540.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from workbench.arrays import Array, Mask
from workbench.errors import DataError, require_columns, rows_of
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled, named_estimates
from workbench.results.drawing import share_bars
from workbench.stats.intervals import normal_quantile

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
RATIO = "To lose one customer of the top tier costs as much as to lose {ratio} of the lowest."
UPPER = "{customers} of the customers hold {share} of the {what}"
TIES = (
    "Many customers have one value, so the tiers cannot hold the shares of customers at which they"
    " are meant to end: {shares}."
)
BY_TIER = "How much of the {what} each tier holds"


@dataclass(frozen=True)
class Tiers(Result):
    """Customers in tiers of value.

    Attributes
    ----------
    table : DataFrame
        One row a tier, the best first: tier, n, customers (share), total, share, low, high (of
        all value), mean, from_value (smallest value in it). The value of tiers with few customers
        is withheld, and of the next, which would tell it.
    tier : Series
        Tier of each customer, in the order given.
    gini : Estimate
        0: all hold the same; 1: one holds everything.
    holders : Estimate
        Smallest share of customers who hold half of the value.
    lorenz : DataFrame
        customers, value: cumulative shares, the least valuable first.
    of : str
        What the value is, as a page says it: "spend".
    min_cell : int
        Fewest customers of which a number is shown.
    as_meant : bool
        Whether the tiers hold the shares of customers that they are meant to.
    """

    table: pd.DataFrame
    tier: pd.Series
    gini: Estimate
    holders: Estimate
    lorenz: pd.DataFrame
    of: str
    min_cell: int
    as_meant: bool = True

    def estimates(self) -> dict[str, Estimate]:
        """Gini and the share of each tier."""
        label, fact = "Concentration of value (Gini, 0 to 1)", self.of.replace(" ", "_")
        shares = named_estimates(
            self.table, "tier", estimate="share", low="low", high="high", kind="percent"
        )
        return {"gini": self.gini.named(label, fact=f"segments.gini.{fact}"), **shares}

    def findings(self) -> list[Finding]:
        """How few hold half of the value, and what one of the best is worth in others."""
        n = round(self.holders.value * self.holders.n)
        few = n < self.min_cell
        values = {"n": max(n, self.min_cell), "what": self.of}
        found = [
            Finding("segments.half", HALF_FEW if few else HALF, values),
            Finding("segments.half.share", THEY_ARE, {"share": self.holders}),
        ]
        means = self.table.loc[self.table["n"] > 0, "mean"]
        best, least = float(means.iloc[0]), float(means.iloc[-1])
        if best > least > 0:
            ratio = Estimate(best / least, digits=0)
            found.append(Finding("segments.ratio", RATIO, {"ratio": ratio}))
        if not self.as_meant:
            shares = [Estimate(float(c), kind="percent") for c in self.table["customers"] if c]
            found.append(Finding("segments.tiers.ties", TIES, {"shares": shares}))
        return found

    def picture(self) -> Picture:
        """How much all tiers but the lowest hold, where that is shown."""
        return Picture(
            self.plot, self._title(), "Share of {what} by tier of customers", self.table,
            {"what": self.of},
        )  # fmt: skip

    def inequality(self) -> Picture:
        """Lorenz curve."""
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
    min_cell: int = 0,
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
    min_cell : int
        The value of tiers with fewer customers is withheld.

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
                "from_value": float(values[inside].min()) if count[code] else np.nan,
            }
        )
    tier = pd.Series(
        pd.Categorical.from_codes(np.asarray(codes), pd.Index(names), ordered=True),
        index=index,
        name="tier",
    )
    table = labelled(
        _withheld(pd.DataFrame(rows), min_cell), tier="Tier", n="Customers",
        customers=("Share of customers", "percent"), mean=("Value a customer", "money:0"),
        from_value=("Value from", "money:0"), share=("Share of value", "percent"),
    )  # fmt: skip
    return Tiers(table, tier, gini(values), holders(values), lorenz(values), of, min_cell,
                 as_meant)  # fmt: skip


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


def _withheld(table: pd.DataFrame, min_cell: int) -> pd.DataFrame:
    """Leave out the value of tiers with few customers, and of the next, which would tell it."""
    few = (table["n"] > 0) & (table["n"] < min_cell)
    hidden = few | (few.shift(1, fill_value=False) if few.sum() == 1 else False)
    table.loc[hidden, ["total", "share", "low", "high", "mean", "from_value"]] = np.nan
    return table


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
    return _share_limits(values, share, influence)


def _share_limits(values: Array, share: float, influence: Array, level: float = 0.95) -> Estimate:
    """Limits of a share of all value from the influence of each customer on the value held."""
    n, mean = values.size, values.mean()
    influence = (influence - share * (values - mean)) / mean
    se = float(np.sqrt(np.square(influence).sum()) / n)
    return _logit_limits(share, se, n, level, 1e-12)


def _logit_limits(value: float, se: float, n: int, level: float, edge: float) -> Estimate:
    # on the logit scale the limits stay between 0 and 1
    p = min(max(value, edge), 1 - edge)
    width, centre = normal_quantile(level) * se / (p * (1 - p)), np.log(p / (1 - p))
    with np.errstate(over="ignore"):  # which is a limit of zero
        low, high = (float(1 / (1 + np.exp(-(centre + side * width)))) for side in (-1, 1))
    return Estimate(value, low, high, float(n), level, kind="percent")


def excess(values: Array, end: float, above: Mask) -> Array:
    """Give the influence of each customer on the value held above a quantile `end`."""
    part = np.where(above, values - end, 0.0)
    return np.asarray(part - part.mean(), dtype=float)


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


def gini(value: ArrayLike, *, level: float = 0.95) -> Estimate:
    """Gini coefficient with an interval from its influence function.

    Parameters
    ----------
    value : array_like, shape (n,)
        Zero or more.
    """
    values, _ = checked_value(value)
    n = values.size
    order = np.argsort(values, kind="stable")
    y = values[order]
    total = y.sum()
    rank = np.arange(1, n + 1)
    estimate = float(2 * (rank @ y) / (n * total) - (n + 1) / n)
    if n < 3:
        return Estimate(estimate, n=float(n), level=level)
    # Langel and Tille, equation 14, with equal weights
    cumulative = np.cumsum(y)
    z = (2 * rank * (y - cumulative / rank) + total - n * y - estimate * (total + y * n)) / (
        n * total
    )
    half = normal_quantile(level) * float(np.sqrt(np.square(z - z.mean()).sum() * n / (n - 1)))
    return Estimate(estimate, max(estimate - half, 0.0), min(estimate + half, 1.0), float(n), level)


def lorenz(value: ArrayLike) -> pd.DataFrame:
    """Cumulative shares of customers and value, the least valuable first."""
    values, _ = checked_value(value)
    y = np.sort(values)
    return pd.DataFrame(
        {
            "customers": np.arange(y.size + 1) / y.size,
            "value": np.concatenate([[0.0], np.cumsum(y) / y.sum()]),
        }
    )


def share_of_top(value: ArrayLike, share: float = 0.2) -> Estimate:
    """Share of value that the best `share` of customers hold, with its interval.

    Of customers with one value, as many count as there is room for: they hold the same.
    """
    if not 0 < share <= 1:
        raise DataError(f"share is {share}", remedy="give a share above 0, up to 1")
    values, _ = checked_value(value)
    n, falling = values.size, np.sort(values)[::-1]
    count = max(int(np.ceil(share * n - 1e-9)), 1)
    held, edge = float(falling[:count].sum() / values.sum()), float(falling[count - 1])
    if n == 1 or count == n:
        return Estimate(held, n=float(n), kind="percent")
    return _share_limits(values, held, excess(values, edge, values >= edge))


def holders(value: ArrayLike, share: float = 0.5, *, level: float = 0.95) -> Estimate:
    """Smallest share of customers who hold `share` of the value, with its interval.

    The share S(p) that the best p hold is known with the error of `share_of_top`; dS / dp is the
    value of the customer at the edge over the mean, and turns it into the error of p.

    Parameters
    ----------
    value : array_like, shape (n,)
        Zero or more.
    share : float
        Between 0 and 1.
    """
    if not 0 < share < 1:
        raise DataError(f"share is {share}", remedy="give a share between 0 and 1")
    values, _ = checked_value(value)
    n, mean = values.size, values.mean()
    falling = np.sort(values)[::-1]
    count = int(np.searchsorted(np.cumsum(falling), share * falling.sum() * (1 - 1e-12))) + 1
    estimate, edge = count / n, float(falling[count - 1])
    if n < 3 or edge == 0:
        return Estimate(estimate, n=float(n), level=level, kind="percent")
    above = values >= edge
    influence = (excess(values, edge, above) - share * (values - mean)) / mean
    se = float(np.sqrt(np.square(influence).sum())) / n * mean / edge
    return _logit_limits(estimate, se, n, level, 1 / (2 * n))


def checked_value(value: ArrayLike) -> tuple[Array, pd.Index | None]:
    """Give values as numbers of zero or more, with their index, or say what is wrong with them."""
    index = value.index if isinstance(value, pd.Series) else None
    try:
        values = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise DataError("value holds text", remedy="convert the column to numbers first") from None
    if values.ndim != 1 or values.size == 0:
        raise DataError("there is no customer", remedy="give one value a customer")
    for bad, what in ((~np.isfinite(values), "missing or infinite"), (values < 0, "negative")):
        if bad.any():
            at = np.flatnonzero(bad)
            raise DataError(
                f"value is {what}",
                where=rows_of(at if index is None else index[at]),
                remedy="mend these customers or leave them out",
            )
    if not values.any():
        raise DataError("every value is zero", remedy="tiers need value that differs")
    return values, index
