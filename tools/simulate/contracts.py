"""Telecom contracts: a churn hazard that differs between customers, with drivers and season."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tools.simulate.calendar import N_DAYS, N_MONTHS, Days, month_of, month_starts
from tools.simulate.measures import MEASURES, Treated
from tools.simulate.population import CHURN_DRIVERS, Population
from tools.simulate.streams import stream

# People change operator after New Year and in the September sales; the mean is about one.
SEASON: Final = np.array([1.12, 1.05, 1.04, 0.99, 0.97, 0.97, 0.98, 1.00, 1.06, 0.98, 0.93, 0.91])
# Competition eases a little over the three years.
TREND_A_YEAR: Final = 0.96
RUNNING: Final = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Contracts:
    """Contracts, one row a contract; `end` is RUNNING while it runs."""

    customer: Days
    start: Days
    end: Days
    line: Days  # 0 for the first contract of a customer, 1 for a second line
    plan: Days


def hazards(
    population: Population,
    customer: Days,
    line: Days,
    treated: Treated,
    active: Set[str],
) -> NDArray[np.float64]:
    """Monthly churn hazard of each contract, shape (contracts, months)."""
    month = np.arange(N_MONTHS)
    first_day = month_starts()[:-1]
    common = SEASON[month % 12] * TREND_A_YEAR ** (month / 12.0 - 1.5)
    score = population.churn_score[customer] + CHURN_DRIVERS["second_line"] * line
    factor = np.exp(score)[:, None] * common
    for measure in MEASURES.values():
        if measure.name in active and measure.name in treated and measure.churn != 1.0:
            on = treated[measure.name][customer][:, None] & (first_day >= measure.start)
            factor = np.where(on, factor * measure.churn, factor)
    return np.asarray(1.0 - (1.0 - population.theta[customer][:, None]) ** factor)


def draw_contracts(
    seed: int, population: Population, treated: Treated, active: Set[str]
) -> Contracts:
    """Draw start and end of all contracts; the first full month is the first at risk."""
    rng = stream(seed, "lines")
    n = population.n
    second = np.flatnonzero(rng.random(n) < 0.13)
    wait = np.floor(60 + rng.exponential(240, n)).astype(np.int64)[second]
    customer = np.concatenate([np.arange(n), second])
    line = np.concatenate([np.zeros(n, dtype=np.int64), np.ones(second.size, dtype=np.int64)])
    start = np.concatenate([population.joined, population.joined[second] + wait])
    plan = np.concatenate([population.plan, np.zeros(second.size, dtype=np.int64)])
    u = rng.random((customer.size, N_MONTHS))
    within = rng.random((customer.size, N_MONTHS))

    inside = start < N_DAYS
    customer, line, start, plan = customer[inside], line[inside], start[inside], plan[inside]
    ends = u[inside] < hazards(population, customer, line, treated, active)
    at_risk = np.arange(N_MONTHS) > month_of(start)[:, None]
    ends &= at_risk
    gone = ends.any(axis=1)
    month = ends.argmax(axis=1)
    starts = month_starts()
    length = (starts[1:] - starts[:-1])[month]
    day = starts[month] + np.floor(within[inside][np.arange(customer.size), month] * length).astype(
        np.int64
    )
    end = np.where(gone, day, RUNNING)
    # A second line is not taken by someone who has left before.
    first_end = np.full(n, RUNNING)
    first_end[customer[line == 0]] = end[line == 0]
    keep = (line == 0) | (start < first_end[customer])
    return Contracts(customer[keep], start[keep], end[keep], line[keep], plan[keep])


def running_on(contracts: Contracts, n: int, customer: Days, day: Days) -> NDArray[np.bool_]:
    """Whether the first contract of each listed customer runs on the day listed beside it."""
    first = contracts.line == 0
    start = np.full(n, RUNNING)
    end = np.full(n, RUNNING)
    start[contracts.customer[first]] = contracts.start[first]
    end[contracts.customer[first]] = contracts.end[first]
    return np.asarray((start[customer] <= day) & (day < end[customer]))
