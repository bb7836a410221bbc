"""Mixtures of answers by EM: in a class, categories and numbers are independent of one another.

References
----------
Goodman (1974), Exploratory Latent Structure Analysis Using Both Identifiable and Unidentifiable
Models, Biometrika 61(2), 215-231; Dempster, Laird, Rubin (1977), JRSS B 39(1), 1-38 (EM).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from workbench.arrays import Array, Index

# A share of nothing is no impossibility for the next customer; a class of equal numbers has width.
_LEAST, _NARROW = 1e-15, 1e-6
# Rows whose levels are written out at a time.
_BLOCK = 50_000


@dataclass(frozen=True)
class AnswerMixture:
    """Classes with their answers.

    Attributes
    ----------
    weights : Array, shape (k,)
        Share of each class.
    shares : Array, shape (k, levels of all categories)
        Share of each level in each class, one column a level, in the order of the columns.
    means, variances : Array, shape (k, numbers)
        Of each number in each class.
    sizes : tuple of int or None
        For each column of answers its number of levels, or None for a number; categories first.
    mean_log_likelihood : float
        Of a row.
    converged : bool
        Whether the last step moved it by less than was asked for.
    """

    weights: Array
    shares: Array
    means: Array
    variances: Array
    sizes: tuple[int | None, ...]
    mean_log_likelihood: float
    converged: bool

    def probabilities(self, answers: Array) -> Array:
        """Give each row's probabilities of the classes, by what it answers.

        Parameters
        ----------
        answers : Array, shape (n, columns)
            Codes from zero and numbers; NaN where there is no answer.

        Returns
        -------
        Array, shape (n, k)
        """
        chances = np.empty((len(answers), len(self.weights)))
        for start in range(0, len(answers), _BLOCK):
            log = self._joint(*_written_out(answers[start : start + _BLOCK], self.sizes))
            chances[start : start + _BLOCK] = np.exp(log - logsumexp(log, axis=1, keepdims=True))
        return chances

    def classes(self, answers: Array) -> Index:
        """Give each row's likeliest class."""
        likeliest: Index = np.argmax(self.probabilities(answers), axis=1)
        return likeliest

    def _joint(self, levels: Array, numbers: Array, known: Array) -> Array:
        """Log-probability of each row's answers and each class."""
        log: Array = np.log(self.weights) + levels @ np.log(np.clip(self.shares, _LEAST, 1)).T
        if numbers.shape[1]:
            spread = 1 / self.variances
            squares = (
                (numbers**2) @ spread.T
                - 2 * numbers @ (self.means * spread).T
                + known @ (self.means**2 * spread).T
            )
            log = log - 0.5 * (squares + known @ np.log(2 * np.pi * self.variances).T)
        return log


def fit_mixture(
    answers: Array,
    sizes: Sequence[int | None],
    k: int,
    *,
    rng: np.random.Generator,
    counts: Array | Index | None = None,
    steps: int = 500,
    still: float = 1e-6,
) -> AnswerMixture:
    """Fit k classes by EM from one random first guess of who belongs where.

    Answers that are missing say nothing (full information maximum likelihood, missing at random).

    Parameters
    ----------
    answers : Array, shape (n, columns)
        Codes from zero for categories, which come first, and numbers; NaN where there is none.
    sizes : sequence of int or None
        For each column its number of levels, or None for a number.
    k : int
        Number of classes.
    rng : numpy.random.Generator
    counts : Array, shape (n,), optional
        How many customers a row stands for; one each by default.
    steps : int
        Steps after which a fit that still moves is given up.
    still : float
        What the mean log-likelihood of a customer may move by in the last step.
    """
    levels, numbers, known = _written_out(answers, sizes)
    n = np.ones(len(answers)) if counts is None else np.asarray(counts, dtype=float)
    column = np.repeat(np.arange(len(sizes)), [size or 0 for size in sizes])
    belongs = rng.random((len(answers), k))
    belongs /= belongs.sum(axis=1, keepdims=True)
    before, converged = -np.inf, False
    for _ in range(steps):
        held = belongs * n[:, None]
        found = held.T @ levels
        sums = np.stack([found[:, column == c].sum(axis=1) for c in range(len(sizes))], axis=1)
        seen = np.maximum(held.T @ known, _LEAST)
        means = held.T @ numbers / seen
        mixture = AnswerMixture(
            np.maximum(held.sum(axis=0) / n.sum(), _LEAST),
            found / np.maximum(sums[:, column], _LEAST),
            means,
            np.maximum(held.T @ numbers**2 / seen - means**2, _NARROW),
            tuple(sizes),
            before,
            converged,
        )
        log = mixture._joint(levels, numbers, known)
        of_rows = logsumexp(log, axis=1)
        reached = float(n @ of_rows / n.sum())
        if converged := abs(reached - before) < still:
            break
        belongs, before = np.exp(log - of_rows[:, None]), reached
    return AnswerMixture(
        mixture.weights, mixture.shares, mixture.means, mixture.variances,
        mixture.sizes, reached, converged,
    )  # fmt: skip


def _written_out(answers: Array, sizes: Sequence[int | None]) -> tuple[Array, Array, Array]:
    """Give a column of 0 and 1 for each level, the numbers with 0 for none, and where they are."""
    categories = [c for c, size in enumerate(sizes) if size is not None]
    levels = np.zeros((len(answers), sum(sizes[c] or 0 for c in categories)))
    start = 0
    for c in categories:
        there = np.flatnonzero(~np.isnan(answers[:, c]))
        levels[there, start + answers[there, c].astype(np.intp)] = 1.0
        start += sizes[c] or 0
    numbers = answers[:, [c for c, size in enumerate(sizes) if size is None]]
    known = ~np.isnan(numbers)
    return levels, np.where(known, numbers, 0.0), known.astype(float)
