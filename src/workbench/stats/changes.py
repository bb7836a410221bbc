"""Changes of means from one sample to the next, where some people are in both."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from workbench.arrays import Array
from workbench.stats.weights import column_moments, effective_size


class Sample(NamedTuple):
    """Answers of one wave: `values` (n, k), `weights` (n,) or None, `people` (n,) or None."""

    values: Array
    weights: Array | None = None
    people: NDArray[np.intp] | None = None


class Shift(NamedTuple):
    """Change of the mean of each column; arrays of shape (k,).

    Attributes
    ----------
    estimate : mean after less mean before
    variance : linearised variance of the change
    df : degrees of freedom of Student's t
    both : people with a value in both samples
    correlation : of the two means, for the people they share; 0 where they share none
    """

    estimate: Array
    variance: Array
    df: Array
    both: Array
    correlation: Array

    def limits(self, level: float) -> tuple[Array, Array]:
        """Limits of Student's t."""
        half = stdtrit(self.df, 0.5 + level / 2) * np.sqrt(self.variance)
        return self.estimate - half, self.estimate + half


def mean_shift(before: Sample, after: Sample) -> Shift:
    """Measure the change of means between two samples that may share people.

    What one person adds to either mean is taken together, so that the change of those who answered
    twice is a paired one. With everybody in both and equal weights this is the paired t, with
    nobody Welch's; between them the variance is V(a) + V(b) - 2 C, C being the covariance of the
    two means through the people shared, and the degrees of freedom combine (Satterthwaite) the
    three parts: only before, only after, both.

    Parameters
    ----------
    before, after : Sample
        People are numbered alike in both. Without people the samples are independent.

    References
    ----------
    Kish (1965), Survey Sampling, section 12.4 (overlapping samples); Berger, Priam (2016), A simple
    variance estimator of change for rotating repeated surveys, Journal of the Royal Statistical
    Society A 179, 251-272; Satterthwaite (1946), Biometrics Bulletin 2(6), 110-114.
    """
    sides = [column_moments(s.values, s.weights, clusters=s.people) for s in (before, after)]
    a, b = sides
    estimate, variance = b.mean - a.mean, a.variance + b.variance
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = a.variance**2 / (a.effective - 1) + b.variance**2 / (b.effective - 1)
        df = np.where(variance > 0, variance**2 / parts, a.effective + b.effective - 2)
    both, correlation = np.zeros_like(estimate), np.zeros_like(estimate)
    if before.people is None or after.people is None:
        return Shift(estimate, variance, df, both, correlation)
    shared = np.intersect1d(before.people, after.people)
    if not shared.size:
        return Shift(estimate, variance, df, both, correlation)
    codes = np.unique(np.r_[before.people, after.people])
    one, two = (
        _by_person(s, m.mean, m.effective, codes)
        for s, m in zip((before, after), sides, strict=True)
    )
    for k in range(estimate.size):
        (u, own_u), (v, own_v) = ((s[0][:, k], s[1][:, k]) for s in (one, two))
        twice = (own_u > 0) & (own_v > 0)
        both[k] = twice.sum()
        if not twice.any() or not variance[k] > 0:
            continue
        covariance = float(u[twice] @ v[twice])
        correlation[k] = covariance / np.sqrt(a.variance[k] * b.variance[k])
        variance[k] = max(variance[k] - 2 * covariance, 0.0)
        paired = np.square(u[twice] - v[twice]).sum()
        pieces = (
            (np.square(u[~twice]).sum(), own_u[~twice]),
            (np.square(v[~twice]).sum(), own_v[~twice]),
            (paired, (own_u + own_v)[twice]),
        )
        below = sum(piece**2 / max(effective_size(own) - 1, 1.0) for piece, own in pieces)
        df[k] = variance[k] ** 2 / below if below > 0 else effective_size(own_u[twice]) - 1
    return Shift(estimate, variance, df, both, correlation)


def _by_person(
    sample: Sample, mean: Array, effective: Array, codes: NDArray[np.intp]
) -> tuple[Array, Array]:
    """Give what each person adds to each mean, and the weight of each person there."""
    place = np.searchsorted(codes, np.asarray(sample.people))
    seen = ~np.isnan(sample.values)
    w = np.ones(len(seen)) if sample.weights is None else sample.weights
    own = seen * w[:, None]
    away = np.where(seen, sample.values - mean, 0.0) * w[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        away = away / own.sum(axis=0) * np.sqrt(effective / (effective - 1))
    sums = np.zeros((2, len(codes), len(mean)))
    for k, part in enumerate((away, own)):
        np.add.at(sums[k], place, part)
    return sums[0], sums[1]
