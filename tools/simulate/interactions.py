"""Contacts of customers with the company: channel, reason, hours to an answer, solved or not."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tools.simulate.calendar import N_DAYS, Days
from tools.simulate.contracts import Contracts, running_on
from tools.simulate.measures import MEASURES, Treated
from tools.simulate.population import Population
from tools.simulate.streams import stream

CHANNELS: Final = ("phone", "app", "wechat", "shop", "email")
KINDS: Final = ("enquiry", "complaint", "service", "sales")
MEDIAN_HOURS: Final = np.array([9.0, 4.0, 3.0, 0.5, 20.0])
CONTACTS_A_DAY: Final = 0.125 / 30.4


@dataclass(frozen=True)
class Interactions:
    """Contacts, one row a contact, by customer and time."""

    customer: Days
    day: Days
    minute: Days
    channel: Days
    kind: Days
    response_hours: NDArray[np.float64]
    resolved: NDArray[np.bool_]


def draw_interactions(
    seed: int,
    population: Population,
    contracts: Contracts,
    treated: Treated,
    active: Set[str],
) -> Interactions:
    """Draw the contacts of customers while their contract runs.

    The number, day and reason of contacts do not depend on the measures; hours and solution do.
    """
    rng = stream(seed, "interactions")
    n = population.n
    rate = CONTACTS_A_DAY * np.exp(-0.25 * population.content + 0.1 * population.digital)
    count = rng.poisson(rate * N_DAYS)
    customer = np.repeat(np.arange(n), count)
    total = customer.size
    day = rng.integers(0, N_DAYS, total)
    minute = np.clip(np.round(rng.normal(14.5, 3.2, total) * 60), 8 * 60, 22 * 60 - 1)
    unhappy = -population.content[customer]
    p_complaint = 0.20 / (1 + np.exp(-(unhappy - 0.4)))
    kind = np.where(
        rng.random(total) < 1.6 * p_complaint,
        1,
        rng.choice(np.array([0, 2, 3]), size=total, p=[0.50, 0.36, 0.14]),
    )
    digital = population.digital[customer]
    channel = np.where(
        rng.random(total) < 0.48 - 0.10 * digital,
        0,
        rng.choice(np.array([1, 2, 3, 4]), size=total, p=[0.34, 0.28, 0.26, 0.12]),
    )
    noise = rng.standard_normal(total)
    u = rng.random(total)

    hours = np.log(MEDIAN_HOURS[channel]) + 0.85 * noise + 0.25 * (kind == 1)
    hours = hours - 0.03 * day / 365.25
    for measure in MEASURES.values():
        if measure.name not in active or measure.name not in treated:
            continue
        on = treated[measure.name][customer] & (day >= measure.start)
        if measure.calls_only:
            on &= channel == 0
        hours = hours + np.where(on & (channel != 3), np.log(measure.response), 0.0)
    solved = u < 1 / (1 + np.exp(-(1.35 - 0.8 * (kind == 1) - 0.22 * hours)))
    there = running_on(contracts, n, customer, day)
    order = np.lexsort((minute, day, customer))
    order = order[there[order]]
    return Interactions(
        customer=customer[order],
        day=day[order],
        minute=minute[order].astype(np.int64),
        channel=channel[order],
        kind=kind[order],
        response_hours=np.round(np.exp(hours[order]), 1),
        resolved=solved[order],
    )
