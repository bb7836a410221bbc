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
from numpy.typing import ArrayLike, NDArray

from workbench.arrays import Array
from workbench.errors import DataError
from workbench.results.drawing import share_bars
from workbench.results.estimate import Estimate, named_estimates
from workbench.stats.intervals import normal_quantile

if TYPE_CHECKING:
    from matplotlib.axes import Axes


#: Tier and the share of customers, from the top, at which it ends.
PYRAMID = {"Top 1%": 0.01, "Next 4%": 0.05, "Next 15%": 0.20, "Remaining 80%": 1.0}


@dataclass(frozen=True)
class Tiers:
    """Customers in tiers of value.

    Attributes
    ----------
    table : DataFrame
        One row a tier, the best first: tier, n, customers (share), total, share, low, high (of
        all value), mean, from_value (smallest value in it).
    tier : Series
        Tier of each customer, in the order given.
    gini : Estimate
        0: all hold the same; 1: one holds everything.
    lorenz : DataFrame
        customers, value: cumulative shares, the least valuable first.
    """

    table: pd.DataFrame
    tier: pd.Series
    gini: Estimate
    lorenz: pd.DataFrame

    def shown(self, min_cell: int) -> Tiers:
        """Leave out the value of tiers with few customers, and of the next, which would tell it."""
        few = (self.table["n"] > 0) & (self.table["n"] < min_cell)
        hidden = few | (few.shift(1, fill_value=False) if few.sum() == 1 else False)
        table = self.table.copy()
        money = ["total", "share", "low", "high", "mean", "from_value"]
        table.loc[hidden, money] = np.nan
        return replace(self, table=table)

    def metrics(self) -> dict[str, Estimate]:
        """Gini and the share of each tier."""
        shares = named_estimates(self.table, "tier", estimate="share")
        return {"gini": self.gini, **shares}

    def plot(self, ax: Axes | None = None) -> Axes:
        """Bars: the share of value of each tier, its share of customers written beside."""
        import matplotlib.pyplot as plt

        ax = plt.gca() if ax is None else ax
        t = self.table[self.table["n"] > 0].iloc[::-1]
        names = t["tier"].astype(str)
        share_bars(ax, names, t["share"], t["low"], t["high"], "Share of value")
        ends = t["high"].fillna(t["share"])
        for y, (share, end) in enumerate(zip(t["share"], ends, strict=True)):
            if share != share:
                continue
            ax.annotate(
                f"{share:.0%}",
                (end, y),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
            )
        furthest = float(ends.max()) if ends.notna().any() else 1.0
        ax.set_xlim(0, min(1.0, furthest * 1.18) or 1.0)
        return ax

    def plot_lorenz(self, ax: Axes | None = None) -> Axes:
        """Lorenz curve against the line of equality."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        ax = plt.gca() if ax is None else ax
        keep = np.unique(np.linspace(0, len(self.lorenz) - 1, 400).astype(int))
        curve = self.lorenz.iloc[keep]
        ax.plot(curve["customers"], curve["value"])
        ax.plot([0, 1], [0, 1], color="0.6", linewidth=1, linestyle=":")
        ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.set_xlabel("Customers, least valuable first")
        ax.set_ylabel("Share of value")
        return ax


def tiers(value: ArrayLike, *, pyramid: Mapping[str, float] | None = None) -> Tiers:
    """Put customers into tiers by value.

    Parameters
    ----------
    value : array_like, shape (n,)
        Spend, or expected value; zero or more.
    pyramid : mapping of tier to share, optional
        Shares of customers, from the top, at which the tiers end; the last must be 1. Customers
        with one value share one tier, the higher.

    Raises
    ------
    DataError
        Missing or negative values, nothing but zeros, shares that do not rise to one.
    """
    worth, index = checked_value(value)
    ends = dict(PYRAMID if pyramid is None else pyramid)
    shares = np.array(list(ends.values()), dtype=float)
    if (np.diff(shares) <= 0).any() or shares[0] <= 0 or abs(shares[-1] - 1) > 1e-12:
        raise DataError(
            f"shares {list(ends.values())} do not rise to 1",
            where="pyramid",
            remedy="give cumulative shares from the top, such as 0.01, 0.05, 0.2, 1",
        )
    n = worth.size
    falling = np.sort(worth)[::-1]
    # the last customer of a tier sets its smallest value
    floor = falling[np.clip(np.ceil(shares * n - 1e-9).astype(int) - 1, 0, n - 1)]
    floor[-1] = -np.inf
    codes = np.argmax(worth[:, None] >= floor[None, :], axis=1)
    names = list(ends)
    count = np.bincount(codes, minlength=len(names))
    rows = []
    for code, name in enumerate(names):
        inside = codes == code
        held = _top_share(worth, inside) if n > 1 else None
        total = float(worth[inside].sum())
        rows.append(
            {
                "tier": name,
                "n": int(count[code]),
                "customers": count[code] / n,
                "total": total,
                "share": total / worth.sum(),
                "low": held[0] if held else np.nan,
                "high": held[1] if held else np.nan,
                "mean": total / count[code] if count[code] else np.nan,
                "from_value": float(worth[inside].min()) if count[code] else np.nan,
            }
        )
    tier = pd.Series(
        pd.Categorical.from_codes(np.asarray(codes), pd.Index(names), ordered=True),
        index=index,
        name="tier",
    )
    return Tiers(pd.DataFrame(rows), tier, gini(worth), lorenz(worth))


def _top_share(worth: Array, inside: NDArray[np.bool_], level: float = 0.95) -> tuple[float, float]:
    """Limits of the share held between two quantiles, which are themselves estimated.

    Influence function of E[y; q1 < y <= q2] / E[y] with P(y > q) fixed at either end.
    """
    n, mean = worth.size, worth.mean()
    if not inside.any() or inside.all():
        share = float(inside.all())
        return share, share
    share = float(worth[inside].sum() / worth.sum())
    low = float(worth[inside].min())
    above = worth > worth[inside].max()
    # sum above the lower end, less the sum above the upper one
    influence = excess(worth, low, inside | above)
    if above.any():
        influence = influence - excess(worth, float(worth[above].min()), above)
    influence = (influence - share * (worth - mean)) / mean
    half = normal_quantile(level) * float(np.sqrt(np.square(influence).sum()) / n)
    p = min(max(share, 1e-12), 1 - 1e-12)
    # on the logit scale the limits stay between 0 and 1
    width = half / (p * (1 - p))
    centre = np.log(p / (1 - p))
    return float(1 / (1 + np.exp(width - centre))), float(1 / (1 + np.exp(-width - centre)))


def excess(worth: Array, end: float, above: NDArray[np.bool_]) -> Array:
    """Give the influence of each customer on the value held above a quantile `end`."""
    part = np.where(above, worth - end, 0.0)
    return np.asarray(part - part.mean(), dtype=float)


@dataclass(frozen=True)
class Worth:
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


def worth_of(
    customers: pd.DataFrame, expected: pd.DataFrame | None = None, *, column: str = "clv"
) -> Worth:
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
        A column is missing, a customer is listed twice.
    """
    spend = customers["spend"].reset_index(drop=True)
    if expected is None:
        return Worth(spend, False, len(customers))
    lacking = [c for c in ("customer_id", column) if c not in expected]
    if lacking:
        raise DataError(f"expected values have no column {', '.join(lacking)}", remedy="keep it")
    if expected["customer_id"].duplicated().any():
        raise DataError("a customer is listed twice", where="expected values", remedy="keep one")
    value = customers["customer_id"].map(expected.set_index("customer_id")[column])
    unmatched = int(value.isna().sum())
    if unmatched:
        return Worth(spend, False, unmatched)
    return Worth(value.reset_index(drop=True).rename("value"), True, 0)


def gini(value: ArrayLike, *, level: float = 0.95) -> Estimate:
    """Gini coefficient with an interval from its influence function.

    Parameters
    ----------
    value : array_like, shape (n,)
        Zero or more.
    """
    worth, _ = checked_value(value)
    n = worth.size
    order = np.argsort(worth, kind="stable")
    y = worth[order]
    total = y.sum()
    rank = np.arange(1, n + 1)
    estimate = float(2 * (rank @ y) / (n * total) - (n + 1) / n)
    if n < 3:
        return Estimate(estimate, float("nan"), float("nan"), float(n), level)
    # Langel and Tille, equation 14, with equal weights
    cumulative = np.cumsum(y)
    z = (2 * rank * (y - cumulative / rank) + total - n * y - estimate * (total + y * n)) / (
        n * total
    )
    half = normal_quantile(level) * float(np.sqrt(np.square(z - z.mean()).sum() * n / (n - 1)))
    return Estimate(estimate, max(estimate - half, 0.0), min(estimate + half, 1.0), float(n), level)


def lorenz(value: ArrayLike) -> pd.DataFrame:
    """Cumulative shares of customers and value, the least valuable first."""
    worth, _ = checked_value(value)
    y = np.sort(worth)
    return pd.DataFrame(
        {
            "customers": np.arange(y.size + 1) / y.size,
            "value": np.concatenate([[0.0], np.cumsum(y) / y.sum()]),
        }
    )


def share_of_top(value: ArrayLike, share: float = 0.2) -> Estimate:
    """Share of value that the best `share` of customers hold, with its interval."""
    held = tiers(value, pyramid={"top": share, "others": 1.0}).table.iloc[0]
    estimate, low, high = (float(held[c]) for c in ("share", "low", "high"))
    return Estimate(estimate, low, high, float(np.size(value)))


def checked_value(value: ArrayLike) -> tuple[Array, pd.Index | None]:
    """Give values as numbers of zero or more, with their index, or say what is wrong with them."""
    index = value.index if isinstance(value, pd.Series) else None
    try:
        worth = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise DataError("value holds text", remedy="convert the column to numbers first") from None
    if worth.ndim != 1 or worth.size == 0:
        raise DataError("there is no customer", remedy="give one value a customer")
    for bad, what in ((~np.isfinite(worth), "missing or infinite"), (worth < 0, "negative")):
        if bad.any():
            at = np.flatnonzero(bad)
            names = ", ".join(str(index[i] if index is not None else i) for i in at[:5])
            more = f" and {at.size - 5:,} more" if at.size > 5 else ""
            raise DataError(
                f"value is {what}",
                where=f"row{'s' if at.size > 1 else ''} {names}{more}",
                remedy="mend these customers or leave them out",
            )
    if not worth.any():
        raise DataError("every value is zero", remedy="tiers need value that differs")
    return worth, index
