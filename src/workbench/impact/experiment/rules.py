"""A rule that says who gets which arm, and what it brings customers it was not learnt from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import ndtr, ndtri

from workbench.arrays import Array
from workbench.impact.experiment.scores import (
    Drawn,
    Foretells,
    Index,
    doubly_robust,
    folds_of,
    in_turn,
    learn_effects,
)

_HALVINGS: Final = 60
_DRAWS: Final = 200
#: Shares of the customers at which the gain curve is told.
SHARES: Final = np.linspace(0.05, 1.0, 20)


@dataclass(frozen=True)
class PriceTerms:
    """What an effect is worth, and what it costs to reach a customer.

    Attributes
    ----------
    value : float
        Of one unit of the outcome.
    cost : ndarray, shape (arms,)
        Of each arm for one customer; 0 for the control.
    budget : float
        Most that may be spent a customer of the lot; infinite for no limit.
    """

    value: float
    cost: Array
    budget: float = float("inf")

    def net(self, effects: Array) -> Array:
        """Worth of each arm for each customer, less its cost; the control's is zero."""
        return np.column_stack([np.zeros(len(effects)), self.value * effects - self.cost[1:]])

    @property
    def affordable(self) -> Array:
        """Share of the customers that the budget pays each arm for."""
        with np.errstate(divide="ignore"):
            paid = np.where(self.cost > 0, self.budget / self.cost, 1.0)
        return np.asarray(np.minimum(paid, 1.0))


@dataclass(frozen=True)
class Rule:
    """Who gets which arm: the one of the largest net worth, at the price that keeps the budget."""

    foretells: Foretells
    terms: PriceTerms
    price: float

    def choose(self, x: Array) -> Index:
        """Choose an arm for each customer; 0 for none."""
        return _dearest(self.foretells(x), self.terms, self.price)


def _dearest(effects: Array, terms: PriceTerms, price: float) -> Index:
    worth = terms.net(effects) - price * terms.cost
    return np.asarray(worth.argmax(axis=1), dtype=np.int64)


def learn_rule(taught: Drawn, terms: PriceTerms, rng: np.random.Generator) -> Rule:
    """Learn what each arm brings whom, and the price of money at which the budget lasts."""
    foretells = learn_effects(taught, rng)
    effects = foretells(taught.x)

    def spent(price: float) -> float:
        return float(terms.cost[_dearest(effects, terms, price)].mean())

    low, high = 0.0, 1.0
    if spent(0.0) <= terms.budget:
        return Rule(foretells, terms, 0.0)
    while spent(high) > terms.budget:
        high *= 2
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if spent(middle) <= terms.budget else (middle, high)
    return Rule(foretells, terms, high)


@dataclass(frozen=True)
class Tried:
    """Customers of one step, judged by a rule that they did not teach.

    Attributes
    ----------
    foretold : ndarray, shape (n, arms - 1)
    effect : ndarray, shape (n, arms - 1)
        Scores: unbiased, one by one, for what each arm brings.
    chosen : ndarray of int, shape (n,)
    """

    foretold: Array
    effect: Array
    chosen: Index


def try_rules(drawn: Drawn, terms: PriceTerms, rng: np.random.Generator) -> list[Tried]:
    """Learn from all earlier folds and test on the next one, step by step."""
    fold = folds_of(drawn.arm, rng)
    steps = []
    for teach, test in in_turn(fold):
        taught, tested = drawn.only(teach), drawn.only(test)
        rule = learn_rule(taught, terms, rng)
        scores = doubly_robust(taught, tested)
        foretold = rule.foretells(tested.x)
        chosen = _dearest(foretold, terms, rule.price)
        steps.append(Tried(foretold, scores[:, 1:] - scores[:, :1], chosen))
    return steps


@dataclass(frozen=True)
class Mean:
    """A mean over the steps, with its standard error."""

    value: float
    se: float

    def limits(self, level: float) -> tuple[float, float]:
        """Interval."""
        half = float(ndtri(0.5 + level / 2)) * self.se
        return self.value - half, self.value + half

    @property
    def p(self) -> float:
        """Two-sided p-value of zero; 1 where nothing differs at all."""
        return float(2 * ndtr(-abs(self.value) / self.se)) if self.se > 0 else 1.0


def over_steps(parts: Sequence[Array]) -> Mean:
    """Average what tested customers bring, each step counting once."""
    k = len(parts)
    variance = sum(float(part.var(ddof=1)) / len(part) for part in parts) / k**2
    return Mean(float(np.mean([part.mean() for part in parts])), float(np.sqrt(variance)))


def worth_of_rule(steps: Sequence[Tried], terms: PriceTerms) -> list[Array]:
    """Net worth of what the rule does, tested customer by tested customer."""
    return [np.take_along_axis(terms.net(s.effect), s.chosen[:, None], axis=1)[:, 0] for s in steps]


def worth_of_all(steps: Sequence[Tried], terms: PriceTerms, arm: int) -> list[Array]:
    """Net worth of one arm for all, or for as many by lot as the budget pays."""
    return [terms.affordable[arm] * terms.net(s.effect)[:, arm] for s in steps]


def ranked(steps: Sequence[Tried], arm: int, rng: np.random.Generator) -> dict[str, Mean]:
    """Judge the order in which an arm would be given: two areas below its gain curve.

    Returns
    -------
    dict
        `AUTOC` weighs the first customers most, `Qini` all alike. Both are zero where the order
        is no better than a lot.

    References
    ----------
    Yadlowsky, Fleming, Shah, Brunskill, Wager (2025), Journal of the American Statistical
    Association 120, 38-51 (definition 2; the bootstrap of section 4).
    """
    parts: dict[str, list[Mean]] = {"AUTOC": [], "Qini": []}
    for step in steps:
        effect = _in_order(step, arm, rng)
        drawn = np.array(
            [_areas(effect, rng.poisson(1.0, len(effect)).astype(float)) for _ in range(_DRAWS)]
        )
        found = _areas(effect, np.ones(len(effect)))
        for name, value, se in zip(parts, found, drawn.std(axis=0, ddof=1), strict=True):
            parts[name].append(Mean(float(value), float(se)))
    return {
        name: Mean(
            float(np.mean([m.value for m in own])),
            float(np.sqrt(sum(m.se**2 for m in own))) / len(own),
        )
        for name, own in parts.items()
    }


def _in_order(step: Tried, arm: int, rng: np.random.Generator) -> Array:
    """Scores of an arm, those foretold the most first; equals in a drawn order."""
    drawn = rng.permutation(len(step.effect))
    order = drawn[np.argsort(-step.foretold[drawn, arm - 1], kind="stable")]
    return np.asarray(step.effect[order, arm - 1])


def _areas(effect: Array, weight: Array) -> tuple[float, float]:
    """Area of what the first u bring beyond the mean, over u; and of u times that."""
    mass = np.cumsum(weight)
    total = mass[-1]
    mean = float(weight @ effect) / total
    beyond = np.cumsum(weight * (effect - mean))
    with np.errstate(divide="ignore", invalid="ignore"):
        toc = np.where(mass > 0, beyond / mass, 0.0)
    return float(weight @ toc) / total, float(weight @ beyond) / total**2


def gain_curve(steps: Sequence[Tried], arm: int, rng: np.random.Generator) -> list[Mean]:
    """Give what the first u bring, for each customer of all, at each of `SHARES`."""
    rows: list[list[Array]] = [[] for _ in SHARES]
    for step in steps:
        effect = _in_order(step, arm, rng)
        for parts, share in zip(rows, SHARES, strict=True):
            reached = np.arange(len(effect)) < round(share * len(effect))
            parts.append(np.where(reached, effect, 0.0))
    return [over_steps(parts) for parts in rows]
