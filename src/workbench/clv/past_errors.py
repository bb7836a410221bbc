"""How much wider than the model's own a range must be, by what past forecasts were off by.

References
----------
Vovk, Gammerman, Shafer (2005), Algorithmic Learning in a Random World (conformal prediction).
Barber, Candes, Ramdas, Tibshirani (2023), Conformal Prediction beyond Exchangeability, Annals of
Statistics 51(2): past cases that are less like today's weigh less.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from scipy.special import expit, gammaln
from scipy.stats import t as student

from workbench.arrays import Array
from workbench.clv.ahead import LEVEL
from workbench.stats.intervals import normal_quantile

#: Windows that the rank of the largest error needs to hold nine of ten.
CONFORMAL = 9
#: Windows that the model's own spread counts for where it is doubted.
OWN = 6
#: Odds that a model's own ranges are too narrow or too wide, before any was tried.
ODDS = 1 / 2


@dataclass(frozen=True)
class Width:
    """By what factor a model's own range is widened, and why.

    Attributes
    ----------
    factor : float
    windows : int
        Past windows that it rests on.
    horizon : float
        Their length.
    basis : {"conformal", "t", "grown", "own"}
        The rank of past errors, a t interval of them, either of a shorter horizon with the growth
        of errors, or nothing.
    """

    factor: float
    windows: int
    horizon: float
    basis: Literal["conformal", "t", "grown", "own"]


class Window(NamedTuple):
    """Scores of a past window, and how much it tells of today's forecast.

    Attributes
    ----------
    scores : ndarray
        Errors in units of the model's own spread: one of all customers, or one a group.
    weight : float
        Purchases that the forecast could learn from, as a share of those of today. Who had few to
        learn from erred in ways (nobody had been seen to leave) in which today's forecast cannot.
    """

    scores: Array
    weight: float = 1.0


def size_of(windows: list[Window]) -> tuple[float, float, Literal["conformal", "t"]]:
    """Size of the scores of past windows, and how many times it a range must reach.

    Of nine windows and more the rank of the largest scores decides. Fewer are a poor judge: the
    scores are taken to have the spread that the model says, or one of their own, of which the
    model's counts for six windows; both are averaged by how probable the scores make them.
    """
    if len(windows) >= CONFORMAL:
        scores = np.sort(np.abs(np.concatenate([w.scores for w in windows])))
        rank = min(int(np.ceil((scores.size + 1) * LEVEL)), scores.size)
        return float(scores[rank - 1]) / normal_quantile(LEVEL), 1.0, "conformal"
    n = sum(w.weight for w in windows)
    squares = sum(w.weight * float(np.mean(w.scores**2)) for w in windows)
    # normal scores of unit variance against those whose variance is inverse gamma
    other = (
        gammaln((OWN + n) / 2) - gammaln(OWN / 2) + OWN / 2 * np.log(OWN / 2)
        - (OWN + n) / 2 * np.log((OWN + squares) / 2)
    )  # fmt: skip
    doubted = float(expit(other + squares / 2 + np.log(ODDS)))
    size = np.sqrt(1 - doubted + doubted * (OWN + squares) / (OWN + n))
    limit = float(student.ppf((1 + LEVEL) / 2, OWN + n)) / normal_quantile(LEVEL)
    return float(size), 1 + doubted * (limit - 1), "t"
