"""The shop: purchases by a Pareto/NBD process in season, values by Gamma-Gamma."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tools.simulate.calendar import N_DAYS, N_DAYS_AHEAD, Days, month_of
from tools.simulate.measures import MEASURES, Treated
from tools.simulate.population import SPEND, Population
from tools.simulate.streams import stream

Floats = NDArray[np.float64]

# January to December; the shop lives on the November and June sales. The mean is one.
SEASON: Final = np.array([1.06, 0.86, 0.89, 0.91, 0.95, 1.13, 0.90, 0.92, 0.97, 0.98, 1.38, 1.05])
GROWTH_A_YEAR: Final = 0.05
# Ordered by date, the draws of an order never depend on what happened to other orders.
MOST_ORDERS: Final = 260


@dataclass(frozen=True)
class Orders:
    """Purchases, one row an order, by customer and day; the first of each customer included."""

    customer: Days
    day: Days
    amount: Floats
    number: Days  # 0 for the first purchase of the customer


def intensity() -> Floats:
    """Season and growth of the whole shop, by day, to the end of the year drawn ahead."""
    days = np.arange(N_DAYS + N_DAYS_AHEAD)
    return SEASON[month_of(days) % 12] * (1 + GROWTH_A_YEAR) ** (days / 365.25 - 1.5)


def draw_orders(seed: int, population: Population, treated: Treated, active: Set[str]) -> Orders:
    """Draw the purchases of all customers, one year ahead included.

    Time runs faster for a customer in season and under a measure: unit exponential gaps are laid
    on that clock and mapped back to days. With the same seed, two worlds that differ in a measure
    share every gap, dropout time and value.

    Parameters
    ----------
    seed : int
    population : Population
    treated : mapping of measure name to mask of customers
    active : set of str
        Measures at work in this world.
    """
    rng = stream(seed, "purchases")
    n, horizon = population.n, N_DAYS + N_DAYS_AHEAD
    lifetime = rng.exponential(1.0, n) / population.dropout_rate * 7.0
    gaps = rng.exponential(1.0, (n, MOST_ORDERS))
    values = rng.standard_gamma(SPEND["p"], (n, MOST_ORDERS))

    pattern = np.zeros(n, dtype=np.int64)
    at_work = [m for m in MEASURES.values() if m.name in active and m.name in treated]
    for bit, measure in enumerate(at_work):
        pattern |= treated[measure.name].astype(np.int64) << bit
    base = intensity()
    day_of_order = np.full((n, MOST_ORDERS), horizon, dtype=np.float64)
    amount = values * population.spend_scale[:, None]
    for group in np.unique(pattern):
        rate, value = base.copy(), np.ones(horizon)
        for bit, measure in enumerate(at_work):
            if group >> bit & 1:
                rate[measure.start :] *= measure.purchase_rate
                value[measure.start :] *= measure.amount
        clock = np.concatenate([[0.0], np.cumsum(rate)])
        who = np.flatnonzero(pattern == group)
        first = population.first_purchase[who]
        per_day = population.rate[who] / 7.0
        later = clock[np.minimum(first + 1, horizon)][:, None] + np.cumsum(
            gaps[who, : MOST_ORDERS - 1] / per_day[:, None], axis=1
        )
        days = np.interp(later, clock, np.arange(horizon + 1, dtype=np.float64), right=horizon)
        day_of_order[who, 0] = first
        day_of_order[who, 1:] = np.floor(days)
        column = np.minimum(day_of_order[who], horizon - 1).astype(np.int64)
        amount[who] *= value[column]
    alive = (
        day_of_order
        < np.minimum(horizon, population.first_purchase + np.maximum(lifetime, 1.0))[:, None]
    )
    alive &= population.shopper[:, None]
    customer, number = np.nonzero(alive)
    return Orders(
        customer=customer.astype(np.int64),
        day=day_of_order[alive].astype(np.int64),
        amount=np.asarray(np.round(np.maximum(amount[alive], 1.0), 2), dtype=np.float64),
        number=number.astype(np.int64),
    )
