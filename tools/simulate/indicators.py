"""The indicators of the outcomes, taken from the events of a world rather than from its export."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tools.simulate.calendar import N_DAYS, N_MONTHS, month_of, month_starts
from tools.simulate.contracts import Contracts
from tools.simulate.purchases import Orders
from tools.simulate.world import World

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Outcome:
    """An outcome of a case: its indicator and its unit."""

    indicator: str
    unit: str


# What each measure was said to move.
OUTCOMES: Final[Mapping[str, tuple[Outcome, ...]]] = {
    "personal_offers": (
        Outcome("repeat_purchase", "share of past buyers who buy in a month"),
        Outcome("satisfaction", "points on 1-5"),
    ),
    "service_desk": (
        Outcome("satisfaction", "points on 1-5"),
        Outcome("churn", "share of customers under contract who leave in a month"),
    ),
    "key_accounts": (
        Outcome("sales", "CNY a customer and month"),
        Outcome("satisfaction", "points on 1-5"),
    ),
    "fast_response": (
        Outcome("churn", "share of customers under contract who leave in a month"),
        Outcome("satisfaction", "points on 1-5"),
    ),
    "after_sales": (
        Outcome("repeat_purchase", "share of past buyers who buy in a month"),
        Outcome("nps", "points from -100 to 100"),
    ),
}


def churn_by_month(contracts: Contracts, who: Mask) -> tuple[Floats, Floats]:
    """Count customers who leave with their last contract in a month, and those under contract."""
    starts = month_starts()
    open_at = (contracts.start[:, None] < starts) & (contracts.end[:, None] >= starts)
    running = np.zeros((who.size, starts.size), dtype=bool)
    np.logical_or.at(running, contracts.customer, open_at)
    running = running[who]
    at_risk = running[:, :-1]
    left = at_risk & ~running[:, 1:]
    return left.sum(axis=0).astype(np.float64), at_risk.sum(axis=0).astype(np.float64)


def buyers_by_month(orders: Orders, who: Mask) -> tuple[Floats, Floats]:
    """Past buyers among some customers who buy in each month, and past buyers as it begins."""
    mine = who[orders.customer] & (orders.day < N_DAYS)
    customer, month = orders.customer[mine], month_of(orders.day[mine])
    bought = np.zeros((who.size, N_MONTHS), dtype=bool)
    bought[customer, month] = True
    before = np.zeros_like(bought)
    before[:, 1:] = np.cumsum(bought, axis=1)[:, :-1] > 0
    return (bought & before).sum(axis=0).astype(np.float64), before.sum(axis=0).astype(np.float64)


def sales_by_month(orders: Orders, who: Mask, joined: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Sales to some customers in each month, and how many of them had joined as it begins."""
    mine = who[orders.customer] & (orders.day < N_DAYS)
    total = np.bincount(month_of(orders.day[mine]), weights=orders.amount[mine], minlength=N_MONTHS)
    return total.astype(np.float64), (joined[who][:, None] < month_starts()[1:]).sum(axis=0).astype(
        np.float64
    )


def net_promoters(recommend: NDArray[np.int64]) -> Floats:
    """Return 100 for a promoter, -100 for a detractor, 0 else."""
    return 100.0 * (recommend >= 9) - 100.0 * (recommend <= 6)


Series = Callable[[World, Mask], tuple[Floats, Floats]]


def monthly(indicator: str, joined: NDArray[np.int64]) -> Series:
    """Return the function that gives numerator and denominator by month of an indicator."""
    if indicator == "churn":
        return lambda world, who: churn_by_month(world.contracts, who)
    if indicator == "repeat_purchase":
        return lambda world, who: buyers_by_month(world.orders, who)
    return lambda world, who: sales_by_month(world.orders, who, joined)
