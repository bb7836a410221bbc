"""What a measure does to each customer of a lot: scores, and models that foretell it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from workbench.arrays import Array, Mask

Index = NDArray[np.int_]
#: What foretells the effect of each arm but the control, of customers' features.
Foretells = Callable[[Array], Array]

FOLDS: Final = 5
#: The first folds only teach; each later one tests what all before it taught.
FIRST_TESTED: Final = 2
_ALPHAS: Final = np.logspace(-1, 6, 15)


@dataclass(frozen=True)
class Drawn:
    """Customers among whom arms were drawn by lot.

    Attributes
    ----------
    y : ndarray, shape (n,)
        Outcome after the start, the better the larger.
    arm : ndarray of int, shape (n,)
        0 is the control.
    x : ndarray, shape (n, k)
        Known before the start.
    share : ndarray, shape (arms,)
        Of the lot.
    """

    y: Array
    arm: Index
    x: Array
    share: Array

    def only(self, rows: Mask) -> Drawn:
        """Keep some customers."""
        return Drawn(self.y[rows], self.arm[rows], self.x[rows], self.share)


def folds_of(arm: Index, rng: np.random.Generator, folds: int = FOLDS) -> Index:
    """Deal customers into folds by lot, each arm evenly."""
    fold = np.empty(len(arm), dtype=np.int64)
    for a in np.unique(arm):
        own = np.flatnonzero(arm == a)
        fold[rng.permutation(own)] = np.arange(len(own)) % folds
    return fold


def in_turn(fold: Index) -> Iterator[tuple[Mask, Mask]]:
    """Give those who teach and those who test, step by step: all earlier folds, the next one.

    Nobody tests what they taught, at no step: the errors of the steps are those of a martingale,
    and their mean is as good as normal.

    References
    ----------
    Wager (2024), Sequential validation of treatment heterogeneity, arXiv 2405.05534.
    """
    for k in range(FIRST_TESTED, int(fold.max()) + 1):
        yield fold < k, fold == k


def doubly_robust(taught: Drawn, tested: Drawn) -> Array:
    """Score what each arm brings each tested customer: its expectation plus what was missed of it.

    The mean of the scores is unbiased whatever the model of the outcome, because the shares of the
    lot are known; the model takes away what was known of the customer before.

    Returns
    -------
    ndarray, shape (n, arms)

    References
    ----------
    Robins, Rotnitzky, Zhao (1994), Journal of the American Statistical Association 89, 846-866;
    Athey, Wager (2021), Econometrica 89(1), 133-161.
    """
    scores = np.empty((len(tested.y), len(taught.share)))
    for a, share in enumerate(taught.share):
        own = taught.arm == a
        expected = _line().fit(taught.x[own], taught.y[own]).predict(tested.x)
        scores[:, a] = expected + (tested.arm == a) * (tested.y - expected) / share
    return scores


def learn_effects(taught: Drawn, rng: np.random.Generator) -> Foretells:
    """Learn from scores of their own what each arm brings whom.

    A line and boosted trees are held against each other on halves of the teaching customers; the
    better one is taken for each arm.

    References
    ----------
    Kennedy (2023), Electronic Journal of Statistics 17(2), 3008-3049 (the DR-learner).
    """
    half = folds_of(taught.arm, rng, 2)
    target = np.empty((len(taught.y), len(taught.share)))
    for k in (0, 1):
        target[half == k] = doubly_robust(taught.only(half != k), taught.only(half == k))
    effects = target[:, 1:] - target[:, :1]
    models = [_best(taught.x, effects[:, j], half) for j in range(effects.shape[1])]
    return lambda x: np.column_stack([model.predict(x) for model in models])


def _best(x: Array, effect: Array, half: Index):  # type: ignore[no-untyped-def]
    """Take the line or the trees, whichever foretells the other half's scores better."""
    missed = []
    for make in (_line, _trees):
        left = 0.0
        for k in (0, 1):
            model = make(len(x)).fit(x[half != k], effect[half != k])
            left += float(np.square(effect[half == k] - model.predict(x[half == k])).sum())
        missed.append(left)
    make = _line if missed[0] <= missed[1] else _trees
    return make(len(x)).fit(x, effect)


def _line(n: int = 0):  # type: ignore[no-untyped-def]
    return make_pipeline(StandardScaler(), RidgeCV(_ALPHAS))


def _trees(n: int):  # type: ignore[no-untyped-def]
    return HistGradientBoostingRegressor(
        max_iter=60, learning_rate=0.05, max_leaf_nodes=6, l2_regularization=10.0,
        min_samples_leaf=max(40, n // 50), early_stopping=False, random_state=0,
    )  # fmt: skip
