"""What each tier of customers yields and costs a year, and who the key accounts are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Result, labelled, named_estimates
from workbench.results.drawing import interval_dots
from workbench.segments.concentration import checked_value
from workbench.segments.profiles.profile import coded
from workbench.stats.disclosure import (
    Sums,
    Withheld,
    interval_sensitive,
    pool_neighbours,
    rule_of,
    sensitive,
    told_withheld,
)
from workbench.stats.intervals import mean_interval
from workbench.study import CellRule

if TYPE_CHECKING:
    from matplotlib.axes import Axes


ALL_YIELD = "Every tier earns more than it costs (95% ranges all above zero)"
SOME_COST = "{n} of {all} tiers cost more than they earn (95% ranges below zero)"
OF_EACH_SALE = "Gross margin: {margin}. Costs are those stated in the study's settings."


@dataclass(frozen=True)
class TierAccounts(Result):
    """Cost and yield of the tiers.

    Attributes
    ----------
    table : DataFrame
        One row a tier: tier, n, cost and revenue (a customer and year), net, low, high (revenue
        times margin less cost, a customer and year), total, total_low, total_high (of the tier).
        Tiers that would give one customer away are left out.
    margin : float
    withheld : tuple of Finding
        Which are left out, and why.
    """

    table: pd.DataFrame
    margin: float
    withheld: tuple[Finding, ...] = ()

    @property
    def losing(self) -> list[str]:
        """Tiers that surely cost more than they yield."""
        return [str(t) for t in self.table.loc[self.table["high"] < 0, "tier"]]

    def estimates(self) -> dict[str, Estimate]:
        """Net yield a customer and year by tier."""
        return named_estimates(
            self.table, "tier", estimate="net", low="low", high="high", kind="money"
        )

    def findings(self) -> list[Finding]:
        """How many tiers surely cost more than they yield; the share of a sale that is kept."""
        if self.table.empty:
            return [*self.withheld]
        # without an interval nothing is sure
        all_pay = bool((self.table["low"] > 0).all())
        values = {"n": len(self.losing), "all": len(self.table)}
        return [
            Finding("segments.accounts", ALL_YIELD if all_pay else SOME_COST, values,
                    severity="warning" if self.losing else "note"),
            Finding("segments.accounts.margin", OF_EACH_SALE,
                    {"margin": Estimate(self.margin, kind="percent")}),
            *self.withheld,
        ]  # fmt: skip

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw what a customer of each tier yields net of cost, with intervals."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.table.iloc[::-1]
        names = [say.name(tier) for tier in t["tier"]]
        label = say("Margin less cost, per customer and year")
        interval_dots(ax, names, t["net"], t["low"], t["high"], label)
        ax.axvline(0, color="0.6", linewidth=1)
        return ax


def tier_accounts(
    tier: pd.Series,
    revenue: ArrayLike,
    costs: Mapping[str, float],
    *,
    margin: float = 1.0,
    min_cell: CellRule | int = 5,
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
    min_cell : CellRule or int
        Tiers with fewer customers, or of which one brought nearly all, are left out, and with them
        the neighbour that would tell them.

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
    rule, k = rule_of(min_cell), len(names)
    sums = Sums.of(codes, earned, k)
    group, filled = pool_neighbours(sums, rule), sums.n > 0
    hidden = filled & ((np.bincount(group, filled)[group] > 1) | sensitive(earned, rule))
    primary = sums.sensitive(rule)
    said = told_withheld(Withheld(primary, hidden & ~primary), names, "segments.accounts.withheld")
    unsure = interval_sensitive(codes, earned, k, rule)
    rows = []
    for code, name in enumerate(names):
        inside = earned[codes == code]
        if hidden[code] or not inside.size:
            continue
        net = mean_interval(margin * inside)
        net = Estimate(net.value) if unsure[code] else net
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
    columns = ["tier", "n", "cost", "revenue", "net", "low", "high",
               "total", "total_low", "total_high"]  # fmt: skip
    table = labelled(
        pd.DataFrame(rows, columns=columns), tier="Tier", n="Customers",
        revenue=("Sales per customer and year", "money:0"),
        cost=("Cost per customer and year", "money:0"),
        net=("Net contribution per customer and year", "money:0"),
        total=("Net contribution of the tier", "money:0"),
    )  # fmt: skip
    return TierAccounts(table, margin, tuple(said))


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
