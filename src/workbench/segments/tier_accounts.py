"""What each tier of customers yields and costs a year, and how few customers hold the value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from workbench.errors import DataError
from workbench.results.estimate import Estimate, named_estimates
from workbench.segments.profiles.profile import coded
from workbench.segments.tiers import checked_value, excess
from workbench.stats.intervals import mean_interval, normal_quantile

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class TierAccounts:
    """Cost and yield of the tiers.

    Attributes
    ----------
    table : DataFrame
        One row a tier: tier, n, cost and revenue (a customer and year), net, low, high (revenue
        times margin less cost, a customer and year), total, total_low, total_high (of the tier).
    margin : float
    """

    table: pd.DataFrame
    margin: float

    @property
    def losing(self) -> list[str]:
        """Tiers that surely cost more than they yield."""
        return [str(t) for t in self.table.loc[self.table["high"] < 0, "tier"]]

    def metrics(self) -> dict[str, Estimate]:
        """Net yield a customer and year by tier."""
        return named_estimates(self.table, "tier", estimate="net")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw what a customer of each tier yields net of cost, with intervals."""
        import matplotlib.pyplot as plt

        ax = plt.gca() if ax is None else ax
        t = self.table.iloc[::-1]
        at = np.arange(len(t))
        error = [t["net"] - t["low"], t["high"] - t["net"]]
        ax.errorbar(t["net"], at, xerr=error, fmt="o")
        ax.axvline(0, color="0.6", linewidth=1)
        ax.set_yticks(at, t["tier"].astype(str))
        ax.set_ylim(-0.6, len(t) - 0.4)
        ax.set_xlabel("Yield less cost, a customer and year")
        return ax


def tier_accounts(
    tier: pd.Series,
    revenue: ArrayLike,
    costs: Mapping[str, float],
    *,
    margin: float = 1.0,
    min_cell: int = 5,
) -> TierAccounts:
    """Set what the customers of each tier brought in a year against what they cost.

    Parameters
    ----------
    tier : Series, shape (n,)
        Tier of each customer.
    revenue : array_like, shape (n,)
        What each brought in a year; zero or more.
    costs : mapping of tier to number
        What a customer of the tier costs a year.
    margin : float
        Share of the revenue that is kept, above 0 to 1.
    min_cell : int
        Tiers with fewer customers are left out.

    Raises
    ------
    DataError
        A tier without a cost; a cost for no tier; negative or missing numbers.
    """
    names, codes = coded(tier, None)
    earned = np.asarray(revenue, dtype=float)
    if earned.shape != codes.shape:
        raise DataError(
            f"{codes.size} tiers for {earned.size} revenues", remedy="give one row a customer"
        )
    if not np.isfinite(earned).all() or (earned < 0).any():
        raise DataError("a revenue is missing or negative", remedy="take refunds out first")
    if not 0 < margin <= 1:
        raise DataError(f"margin is {margin}", remedy="give a share above 0, up to 1")
    lacking = [n for n in names if n not in costs]
    strange = [n for n in costs if n not in names]
    if lacking or strange:
        raise DataError(
            f"tiers without a cost: {', '.join(lacking) or 'none'}; "
            f"costs without a tier: {', '.join(strange) or 'none'}",
            where="costs",
            remedy=f"give one cost for each of {', '.join(names)}",
        )
    bad = [n for n in names if not np.isfinite(costs[n]) or costs[n] < 0]
    if bad:
        raise DataError(f"the cost of {bad[0]} is {costs[bad[0]]}", remedy="give zero or more")
    rows = []
    for code, name in enumerate(names):
        inside = earned[codes == code]
        if inside.size < max(min_cell, 1):
            continue
        net = mean_interval(margin * inside)
        cost = float(costs[name])
        rows.append(
            {
                "tier": name,
                "n": inside.size,
                "cost": cost,
                "revenue": float(inside.mean()),
                "net": net.value - cost,
                "low": net.low - cost,
                "high": net.high - cost,
                "total": (net.value - cost) * inside.size,
                "total_low": (net.low - cost) * inside.size,
                "total_high": (net.high - cost) * inside.size,
            }
        )
    return TierAccounts(pd.DataFrame(rows), margin)


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
    worth, _ = checked_value(value)
    n, mean = worth.size, worth.mean()
    falling = np.sort(worth)[::-1]
    count = int(np.searchsorted(np.cumsum(falling), share * falling.sum() * (1 - 1e-12))) + 1
    estimate, edge = count / n, float(falling[count - 1])
    if n < 3 or edge == 0:
        return Estimate(estimate, float("nan"), float("nan"), float(n), level)
    above = worth >= edge
    influence = (excess(worth, edge, above) - share * (worth - mean)) / mean
    se = float(np.sqrt(np.square(influence).sum())) / n * mean / edge
    # on the logit scale the limits stay between 0 and 1
    p = min(max(estimate, 1 / (2 * n)), 1 - 1 / (2 * n))
    width, centre = normal_quantile(level) * se / (p * (1 - p)), np.log(p / (1 - p))
    low, high = (float(1 / (1 + np.exp(-(centre + side * width)))) for side in (-1, 1))
    return Estimate(estimate, low, high, float(n), level)


def key_accounts(customer_id: pd.Series, value: pd.Series, share: float = 0.5) -> pd.DataFrame:
    """List the fewest customers who together hold `share` of the value, the largest first.

    For those who look after them: pseudonyms, to be saved and never to be shown on a page.

    Returns
    -------
    DataFrame
        customer_id, value, cumulative (share of all value with those before).
    """
    if len(customer_id) != len(value):
        raise DataError(
            f"{len(customer_id)} customers for {len(value)} values", remedy="give one row each"
        )
    worth, _ = checked_value(value)
    order = np.argsort(-worth, kind="stable")
    together = np.cumsum(worth[order]) / worth.sum()
    count = int(np.searchsorted(together, share * (1 - 1e-12))) + 1
    return pd.DataFrame(
        {
            "customer_id": customer_id.to_numpy()[order][:count],
            "value": worth[order][:count],
            "cumulative": together[:count],
        }
    )
