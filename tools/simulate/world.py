"""Everything that happens at Harbour Mobile, with or without a measure, from one set of draws."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.simulate.calendar import day_of
from tools.simulate.contracts import Contracts, draw_contracts
from tools.simulate.interactions import Interactions, draw_interactions
from tools.simulate.measures import (
    ALL,
    MEASURES,
    Mask,
    desk_cities,
    key_accounts,
    volunteers,
    worst_cities,
)
from tools.simulate.population import Population, make_population
from tools.simulate.purchases import Orders, draw_orders
from tools.simulate.survey import Answers, draw_answers, draw_sample


@dataclass(frozen=True)
class World:
    """What happened, with the measures in `active` at work."""

    active: frozenset[str]
    orders: Orders
    contracts: Contracts
    interactions: Interactions
    answers: Answers


@dataclass(frozen=True)
class Company:
    """The customers, who was given which measure, who was asked in the survey."""

    seed: int
    population: Population
    treated: dict[str, Mask]
    asked: NDArray[np.bool_]
    desk_cities: tuple[int, ...]
    worst_cities: tuple[int, ...]
    key_account_threshold: float

    def world(self, active: Set[str] = ALL) -> World:
        """Let the three years happen with the given measures at work."""
        return _world(self.seed, self.population, self.treated, active)


def _world(seed: int, population: Population, treated: dict[str, Mask], active: Set[str]) -> World:
    contracts = draw_contracts(seed, population, treated, active)
    return World(
        active=frozenset(active),
        orders=draw_orders(seed, population, treated, active),
        contracts=contracts,
        interactions=draw_interactions(seed, population, contracts, treated, active),
        answers=draw_answers(seed, population, treated, active),
    )


def per_customer(orders: Orders, n: int, begin: int, end: int) -> tuple[NDArray[np.int64], Mask]:
    """Orders of each customer in a span of days, and whether there were any."""
    inside = (orders.day >= begin) & (orders.day < end)
    count = np.bincount(orders.customer[inside], minlength=n)
    return count, count > 0


def found(seed: int, n: int = 5_000) -> Company:
    """Found the company: draw its customers and give the measures as the company did.

    Each assignment uses only what had happened before the measure began, so it is made in order
    of time, each in the world that the earlier measures have left.
    """
    population = make_population(seed, n)
    treated: dict[str, Mask] = {}

    orders = draw_orders(seed, population, treated, ALL)
    start = MEASURES["personal_offers"].start
    before, _ = per_customer(orders, n, start - 366, start)
    treated["personal_offers"] = volunteers(seed, population, before)

    orders = draw_orders(seed, population, treated, ALL)
    inside = (orders.day >= day_of("2024-01-01")) & (orders.day < day_of("2025-01-01"))
    spend = np.bincount(orders.customer[inside], weights=orders.amount[inside], minlength=n)
    treated["key_accounts"], threshold = key_accounts(population, spend.astype(np.float64))
    treated["fast_response"] = np.ones(n, dtype=bool)

    # Who is asked hangs on whose contract runs; no measure but fast_response touches that.
    contracts = draw_contracts(seed, population, treated, ALL)
    answers = draw_answers(seed, population, treated, ALL)
    asked = draw_sample(seed, population, contracts, answers.day)
    wave = asked[:, 1]
    worst = worst_cities(population.city[wave], answers.recommend[wave, 1].astype(np.float64))
    treated["after_sales"] = np.isin(population.city, worst)
    cities = desk_cities(seed, worst)
    treated["service_desk"] = np.isin(population.city, cities)
    return Company(
        seed=seed,
        population=population,
        treated=treated,
        asked=asked,
        desk_cities=tuple(cities),
        worst_cities=tuple(worst),
        key_account_threshold=threshold,
    )
