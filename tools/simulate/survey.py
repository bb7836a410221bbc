"""The survey: expectation and perception of 22 items, satisfaction and recommendation, four waves.

Everybody's answers are drawn; who is asked and answers is decided afterwards, so that truths can
be taken over all customers.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from tools.simulate.calendar import WAVES, Days, month_of, wave_bounds
from tools.simulate.contracts import Contracts, running_on
from tools.simulate.measures import MEASURES, Treated
from tools.simulate.population import CITY_NAMES, Population
from tools.simulate.streams import stream

Floats = NDArray[np.float64]

DIMENSIONS: Final = ("tangibles", "reliability", "responsiveness", "assurance", "empathy")
ITEMS_OF: Final = (4, 5, 4, 4, 5)
DIMENSION_OF_ITEM: Final = np.repeat(np.arange(5), ITEMS_OF)
N_ITEMS: Final = 22
# What overall satisfaction is made of: the true importance of the dimensions.
IMPORTANCE: Final = np.array([0.10, 0.32, 0.28, 0.14, 0.16])
# Mean of the latent answer, items 01 to 22: what customers expect and what they get.
EXPECTED: Final = np.array(
    [
        5.5,
        5.2,
        5.6,
        5.7,
        6.6,
        6.5,
        6.4,
        6.7,
        6.5,
        6.2,
        6.4,
        6.0,
        6.3,
        6.3,
        6.5,
        6.2,
        6.4,
        5.4,
        5.8,
        5.6,
        5.5,
        6.0,
    ]
)
PERCEIVED: Final = np.array(
    [
        5.5,
        5.2,
        5.3,
        5.0,
        4.9,
        5.3,
        4.7,
        5.0,
        4.6,
        4.6,
        4.2,
        4.8,
        4.4,
        5.2,
        5.3,
        5.4,
        5.0,
        4.5,
        4.7,
        5.0,
        4.3,
        4.6,
    ]
)
TREND_A_YEAR: Final = 0.06
# Networks are full at New Year and in the holidays of July and August.
SEASON: Final = np.array(
    [-0.05, -0.07, 0.02, 0.04, 0.05, 0.03, -0.04, -0.05, 0.03, 0.04, 0.02, -0.02]
)
SHARE_5: Final = (0.05, 0.11, 0.26, 0.38, 0.20)
SHARE_10: Final = (0.02, 0.03, 0.05, 0.07, 0.12, 0.15, 0.20, 0.18, 0.11, 0.07)
SHARE_RECOMMEND: Final = (0.02, 0.015, 0.02, 0.03, 0.045, 0.10, 0.11, 0.17, 0.19, 0.14, 0.16)
WAVE_SIZES: Final = (1_090, 1_020, 1_130, 1_060)
PANEL: Final = 470


@dataclass(frozen=True)
class Answers:
    """Everybody's answers: arrays of shape (customers, 4) or (customers, 4, 22 or 5)."""

    day: Days
    felt: Floats
    expectation: NDArray[np.int8]
    perception: NDArray[np.int8]
    csat5: Days
    csat10: Days
    recommend: Days


def draw_felt(
    seed: int, population: Population, treated: Treated, active: Set[str], replicate: int = 0
) -> tuple[Days, Floats]:
    """Draw the day of answering and the five dimensions as felt, in standard deviations.

    Parameters
    ----------
    replicate : int
        0 for the study itself; others redraw all that is not a standing trait of the customer,
        for truths that do not hang on one draw.

    Returns
    -------
    day : ndarray of int, shape (n, 4)
    felt : ndarray, shape (n, 4, 5)
    """
    n, waves = population.n, len(WAVES)
    standing = stream(seed, "survey standing")
    own = standing.standard_normal((n, 5))
    of_city = standing.standard_normal(len(CITY_NAMES))
    # Good and bad half-years of cities; they cancel over the country.
    shock = standing.standard_normal((len(CITY_NAMES), waves))
    shock = shock - shock.mean(axis=0)
    rng = stream(seed, f"survey felt {replicate}")
    bounds = wave_bounds()
    # The field closes a week before the wave does.
    day = bounds[:-1] + np.floor(rng.random((n, waves)) * (np.diff(bounds) - 7)).astype(np.int64)
    common = rng.standard_normal((n, waves))
    passing = rng.standard_normal((n, waves, 5))
    felt = (
        0.50 * population.content[:, None, None]
        + 0.30 * own[:, None, :]
        + 0.22 * of_city[population.city][:, None, None]
        + 0.15 * shock[population.city][:, :, None]
        + 0.42 * common[:, :, None]
        + 0.64 * passing
    )
    time = TREND_A_YEAR * (day - 730) / 365.25 + SEASON[month_of(day) % 12]
    felt = felt + time[:, :, None]
    for measure in MEASURES.values():
        if measure.name in active and measure.name in treated and measure.felt:
            on = treated[measure.name][:, None] & (day >= measure.start)
            shift = np.array([measure.felt.get(d, 0.0) for d in DIMENSIONS])
            felt = felt + on[:, :, None] * shift
    return day, np.asarray(felt, dtype=np.float64)


def overall(
    seed: int, population: Population, felt: Floats, replicate: int = 0
) -> tuple[Days, Days, Days]:
    """Overall satisfaction (1-5, 1-10) and likelihood to recommend (0-10) from what is felt."""
    rng = stream(seed, f"survey overall {replicate}")
    noise = rng.standard_normal((3, population.n, len(WAVES)))
    core = felt @ IMPORTANCE
    five = core + 0.60 * noise[0]
    ten = core + 0.60 * (0.8 * noise[0] + 0.6 * noise[1])
    loyal = core + 0.15 * population.content[:, None] + 0.55 * noise[2]
    return (
        1 + _grade(five, SHARE_5, spread=0.99),
        1 + _grade(ten, SHARE_10, spread=0.99),
        _grade(loyal, SHARE_RECOMMEND, spread=1.05),
    )


def _grade(latent: Floats, shares: tuple[float, ...], spread: float) -> Days:
    cuts = stats.norm.ppf(np.cumsum(shares)[:-1]) * spread
    return np.digitize(latent, cuts).astype(np.int64)


def draw_answers(seed: int, population: Population, treated: Treated, active: Set[str]) -> Answers:
    """Draw everybody's answers to everything, before anybody is asked."""
    day, felt = draw_felt(seed, population, treated, active)
    rng = stream(seed, "survey items")
    n, waves = day.shape
    wish = np.sqrt(0.5) * rng.standard_normal((n, 1, 1)) + np.sqrt(0.2) * rng.standard_normal(
        (n, 1, 5)
    )
    wish = wish + np.sqrt(0.3) * rng.standard_normal((n, waves, 5))
    e_item = rng.standard_normal((n, waves, N_ITEMS))
    p_item = rng.standard_normal((n, waves, N_ITEMS))
    expected = EXPECTED + 1.0 * (0.77 * wish[:, :, DIMENSION_OF_ITEM] + 0.64 * e_item)
    perceived = PERCEIVED + 1.15 * (0.74 * felt[:, :, DIMENSION_OF_ITEM] + 0.67 * p_item)
    five, ten, recommend = overall(seed, population, felt)
    return Answers(
        day=day,
        felt=felt,
        expectation=np.clip(np.round(expected), 1, 7).astype(np.int8),
        perception=np.clip(np.round(perceived), 1, 7).astype(np.int8),
        csat5=five,
        csat10=ten,
        recommend=recommend,
    )


def draw_sample(
    seed: int, population: Population, contracts: Contracts, day: Days
) -> NDArray[np.bool_]:
    """Decide who answers in each wave: a panel that thins out, and fresh customers at random.

    Only customers whose contract runs on the day of answering are asked.
    """
    rng = stream(seed, "survey sample")
    n = population.n
    there = np.column_stack(
        [running_on(contracts, n, np.arange(n), day[:, w]) for w in range(len(WAVES))]
    )
    lot = rng.random((n, len(WAVES)))
    keeps = rng.random((n, len(WAVES))) < 0.88
    panel = np.zeros(n, dtype=bool)
    panel[np.flatnonzero(there[:, 0])[np.argsort(lot[there[:, 0], 0])[:PANEL]]] = True
    asked = np.zeros((n, len(WAVES)), dtype=bool)
    for w, size in enumerate(WAVE_SIZES):
        asked[:, w] = panel & there[:, w] & (keeps[:, w] if w else True)
        fresh = np.flatnonzero(there[:, w] & ~panel)
        asked[fresh[np.argsort(lot[fresh, w])[: size - int(asked[:, w].sum())]], w] = True
    return asked
