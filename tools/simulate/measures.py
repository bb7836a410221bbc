"""The five measures: what each does, from when, and to whom the company gave it.

Effects act on what drives behaviour (a rate, a hazard, a felt dimension). Their size on the scale
of an indicator follows from the simulation and is measured in `truth`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import special

from tools.simulate.calendar import day_of
from tools.simulate.population import CITY_NAMES, REGIONS, Population
from tools.simulate.streams import stream

Mask = NDArray[np.bool_]
Treated = Mapping[str, Mask]


@dataclass(frozen=True)
class Measure:
    """One measure and its true effects on behaviour.

    Parameters
    ----------
    name : str
        Key of the case in the study card.
    start : int
        Day number of the first day.
    purchase_rate, amount : float
        Factors on the rate of purchases and on the value of an order.
    churn : float
        Factor on the hazard of ending a contract.
    felt : mapping
        Shifts of the felt dimensions of service, in standard deviations.
    response : float
        Factor on the hours until an answer; on calls only when `calls_only`.
    """

    name: str
    start: int
    purchase_rate: float = 1.0
    amount: float = 1.0
    churn: float = 1.0
    felt: Mapping[str, float] = field(default_factory=dict)
    response: float = 1.0
    calls_only: bool = False


MEASURES: Final[dict[str, Measure]] = {
    m.name: m
    for m in (
        Measure("personal_offers", day_of("2024-07-01"), purchase_rate=1.25),
        Measure(
            "service_desk",
            day_of("2025-07-01"),
            felt={"responsiveness": 0.50, "reliability": 0.25, "empathy": 0.10},
            response=0.62,
        ),
        Measure(
            "key_accounts",
            day_of("2025-01-01"),
            purchase_rate=1.15,
            amount=1.10,
            felt={"empathy": 0.80, "assurance": 0.60, "reliability": 0.20},
        ),
        Measure(
            "fast_response",
            day_of("2025-01-01"),
            churn=0.80,
            felt={"responsiveness": 0.60, "reliability": 0.15},
            response=0.50,
            calls_only=True,
        ),
        Measure("after_sales", day_of("2025-01-01"), purchase_rate=1.20),
    )
}
ALL: Final = frozenset(MEASURES)
N_DESK_CITIES: Final = 9
N_WORST_CITIES: Final = 6
KEY_ACCOUNT_SHARE: Final = 0.20
KEY_ACCOUNT_REGIONS: Final = ("East", "South")


def volunteers(seed: int, population: Population, orders_before: NDArray[np.int64]) -> Mask:
    """Who signed up for personal offers: content, digital, frequent buyers do so most.

    Parameters
    ----------
    seed : int
    population : Population
    orders_before : ndarray of int, shape (n,)
        Orders in the twelve months before the sign-up closed; only those with one could sign up.
    """
    score = (
        -1.2
        + 0.35 * population.digital
        + 0.3 * population.content
        + 1.0 * (np.log1p(orders_before) - 1.0)
    )
    drawn = stream(seed, "joining offers").random(population.n) < special.expit(score)
    return np.asarray(drawn & (orders_before > 0))


def desk_cities(seed: int, with_after_sales: list[int]) -> list[int]:
    """Draw by lot the cities that got the service desk.

    Lots were drawn apart among the cities with and without the after-sales programme, so that the
    two measures do not sit on the same cities.
    """
    rng = stream(seed, "service desk lot")
    rest = [c for c in range(len(CITY_NAMES)) if c not in with_after_sales]
    share = N_DESK_CITIES / len(CITY_NAMES)
    first = round(share * len(with_after_sales))
    drawn = [
        *rng.choice(np.array(with_after_sales), size=first, replace=False),
        *rng.choice(np.array(rest), size=N_DESK_CITIES - first, replace=False),
    ]
    return sorted(int(c) for c in drawn)


def key_accounts(population: Population, spend_before: NDArray[np.float64]) -> tuple[Mask, float]:
    """Who met the rule of the key-account programme, and the rule's threshold in CNY.

    The rule is the top spenders of 2024; the programme ran in two regions only.
    """
    threshold = float(np.ceil(np.quantile(spend_before[spend_before > 0], 1 - KEY_ACCOUNT_SHARE)))
    regions = [REGIONS.index(r) for r in KEY_ACCOUNT_REGIONS]
    return (spend_before >= threshold) & np.isin(population.region, regions), threshold


def worst_cities(city: NDArray[np.int64], recommend: NDArray[np.float64]) -> list[int]:
    """Return the cities with the lowest net promoter score among the given answers."""
    nps = []
    for c in range(len(CITY_NAMES)):
        r = recommend[city == c]
        r = r[~np.isnan(r)]
        nps.append(float(np.mean(r >= 9) - np.mean(r <= 6)))
    return sorted(int(c) for c in np.argsort(np.array(nps), kind="stable")[:N_WORST_CITIES])
