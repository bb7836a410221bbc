"""Who the customers are: places, ages, means, habits, and the traits behind what they do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from tools.simulate.calendar import N_DAYS, Days
from tools.simulate.streams import stream

Floats = NDArray[np.float64]

REGIONS: Final = ("North", "East", "South", "Central", "West")
CITIES: Final[dict[str, tuple[str, ...]]] = {
    "North": ("Tianjin", "Shijiazhuang", "Jinan", "Qingdao", "Dalian"),
    "East": ("Shanghai", "Nanjing", "Suzhou", "Hangzhou", "Ningbo", "Hefei"),
    "South": ("Guangzhou", "Shenzhen", "Xiamen", "Fuzhou", "Dongguan"),
    "Central": ("Wuhan", "Changsha", "Zhengzhou", "Nanchang"),
    "West": ("Chengdu", "Chongqing", "Xi'an", "Kunming"),
}
CITY_NAMES: Final = tuple(city for region in REGIONS for city in CITIES[region])
CITY_REGION: Final = tuple(region for region in REGIONS for _ in CITIES[region])
INCOME_BANDS: Final = ("below 5k", "5k-10k", "10k-20k", "20k-40k", "above 40k")
OCCUPATIONS: Final = (
    "office worker",
    "manager",
    "skilled worker",
    "service worker",
    "self-employed",
    "public sector",
    "student",
    "retired",
)
LIFESTYLES: Final = ("online", "price", "brand", "family", "travel")
PLANS: Final = ("Harbour 59", "Harbour 99", "Harbour 159", "Harbour 239")
FEES: Final = (59, 99, 159, 239)

# Shop: Pareto/NBD in weeks (Fader, Hardie and Lee 2005), Gamma-Gamma in CNY (Fader, Hardie 2013).
PURCHASE: Final = {"r": 0.85, "alpha": 9.0, "s": 0.75, "beta": 42.0}
SPEND: Final = {"p": 5.5, "q": 4.2, "gamma": 92.0}
# Contracts: monthly churn probability theta ~ Beta(a, b) (Fader and Hardie 2007), before drivers.
CHURN: Final = {"a": 3.2, "b": 106.0}
CHURN_DRIVERS: Final = {"under_30": 0.30, "entry_plan": 0.25, "second_line": -0.35}


@dataclass(frozen=True)
class Population:
    """Customers and their traits, one row a customer, in order of joining."""

    joined: Days
    city: Days
    birth_year: Days
    gender: Days
    income_band: Days
    occupation: Days
    lifestyle: Floats
    english: NDArray[np.bool_]
    plan: Days
    content: Floats  # standing contentment, N(0, 1); feeds survey, churn and dropout
    digital: Floats
    shopper: NDArray[np.bool_]
    first_purchase: Days
    rate: Floats  # purchases a week while alive
    dropout_rate: Floats  # a week
    spend_scale: Floats  # CNY; an order is worth Gamma(p) times this
    theta: Floats  # monthly churn probability before drivers
    churn_score: Floats  # log of the drivers' factor

    @property
    def n(self) -> int:
        """Number of customers."""
        return self.joined.size

    @property
    def region(self) -> Days:
        """Region numbers, from the city."""
        of_city = np.array([REGIONS.index(r) for r in CITY_REGION], dtype=np.int64)
        return of_city[self.city]


def _normal(rng: np.random.Generator, n: int, *parts: tuple[float, Floats]) -> Floats:
    """Return N(0, 1) variates that share the given loadings with other N(0, 1) traits."""
    explained = sum(loading**2 for loading, _ in parts)
    total = np.sqrt(1 - explained) * rng.standard_normal(n)
    for loading, trait in parts:
        total = total + loading * trait
    return np.asarray(total, dtype=np.float64)


def make_population(seed: int, n: int = 5_000) -> Population:
    """Draw the customers.

    The marginals of the purchase, spend and churn traits are exactly those of the named models;
    their links with means, habits and contentment come from a Gaussian copula.

    Parameters
    ----------
    seed : int
        The study's seed.
    n : int
        Number of customers.

    Returns
    -------
    Population
    """
    rng = stream(seed, "population")
    opening = round(0.36 * n)
    # Half of the opening rush comes in the first weeks; later joiners thin out slowly.
    rush = np.floor(90 * rng.beta(0.8, 1.2, opening))
    later = np.floor(90 + (N_DAYS - 100) * rng.beta(0.95, 1.15, n - opening))
    joined = np.sort(np.concatenate([rush, later]).astype(np.int64))

    weight = rng.dirichlet(np.full(len(CITY_NAMES), 14.0))
    city = rng.choice(len(CITY_NAMES), size=n, p=weight)
    age_2025 = np.clip(18 + 62 * rng.beta(1.7, 2.6, n), 19, 80)
    birth_year = (2025 - age_2025).astype(np.int64)
    age_z = (age_2025 - age_2025.mean()) / age_2025.std()
    wealth = rng.standard_normal(n)
    digital = np.asarray(-0.45 * age_z + np.sqrt(1 - 0.45**2) * rng.standard_normal(n))
    # age is not quite normal; bring the mixture back to unit variance
    digital = (digital - digital.mean()) / digital.std()
    content = rng.standard_normal(n)

    income_band = np.digitize(0.9 * wealth + 0.44 * rng.standard_normal(n), [-1.0, 0.0, 0.9, 1.8])
    working = rng.choice(6, size=n, p=[0.34, 0.12, 0.16, 0.16, 0.12, 0.10])
    occupation = np.where(age_2025 < 23, 6, np.where(age_2025 > 61, 7, working))
    loadings = {"online": (0.7, digital), "brand": (0.5, wealth), "travel": (0.4, wealth)}
    lifestyle = np.column_stack(
        [
            np.clip(np.round(3.1 + 1.05 * _normal(rng, n, loadings.get(k, (-0.35, wealth)))), 1, 5)
            for k in LIFESTYLES
        ]
    )
    rate_z = _normal(rng, n, (0.30, digital), (0.20, wealth), (0.15, content))
    dropout_z = _normal(rng, n, (-0.25, content))
    spend_z = _normal(rng, n, (0.45, wealth))
    theta_z = _normal(rng, n, (-0.40, content))
    rate = stats.gamma.ppf(special.ndtr(rate_z), PURCHASE["r"]) / PURCHASE["alpha"]
    dropout_rate = stats.gamma.ppf(special.ndtr(dropout_z), PURCHASE["s"]) / PURCHASE["beta"]
    # nu ~ Gamma(q, gamma) is the rate of an order's value: high spenders have a low nu.
    nu = stats.gamma.ppf(special.ndtr(-spend_z), SPEND["q"]) / SPEND["gamma"]
    theta = stats.beta.ppf(special.ndtr(theta_z), CHURN["a"], CHURN["b"])
    plan = np.digitize(0.8 * wealth + 0.6 * rng.standard_normal(n), [-0.4, 0.8, 1.7])
    score = (
        CHURN_DRIVERS["under_30"] * (age_2025 < 30) + CHURN_DRIVERS["entry_plan"] * (plan == 0)
    ).astype(np.float64)
    return Population(
        joined=joined,
        city=city.astype(np.int64),
        birth_year=birth_year,
        gender=rng.integers(0, 2, n),
        income_band=income_band.astype(np.int64),
        occupation=occupation.astype(np.int64),
        lifestyle=lifestyle,
        english=rng.random(n) < 0.14,
        plan=plan.astype(np.int64),
        content=content,
        digital=digital,
        shopper=rng.random(n) < 0.80,
        first_purchase=joined + np.floor(rng.exponential(18.0, n)).astype(np.int64),
        rate=rate,
        dropout_rate=dropout_rate,
        spend_scale=1.0 / nu,
        theta=theta,
        churn_score=score,
    )
