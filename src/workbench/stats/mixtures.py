"""A distribution averaged over models: its mean, quantiles, limits, and the chance above a value.

Quantiles are found in two ways. One distribution is halved forty times between its models' own
quantiles, which cannot fail; many at once go by Newton's steps kept within brackets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import gammaln, ndtr, ndtri, stdtr, stdtrit

from workbench.arrays import Array

#: A model with less weight than this is not worth its limits.
NEGLIGIBLE: Final = 1e-6


@dataclass(frozen=True)
class Mixture:
    """A distribution made of normal ones; `weight` sums to one.

    What lies beyond `least` and `most`, between which alone there are values, lies at them.
    """

    weight: Array
    mean: Array
    sd: Array
    least: float = -np.inf
    most: float = np.inf

    @property
    def centre(self) -> float:
        """The mean, within the bounds."""
        return self._within(float(self.weight @ self.mean))

    def above(self, value: float) -> float:
        """Probability of at least this value."""
        if value <= self.least or value > self.most:
            return float(value <= self.least)
        return float(self.weight @ ndtr((self.mean - value) / self.sd))

    def quantile(self, p: float) -> float:
        """Value below which the share p lies, by bisection."""
        z = ndtri(p)
        low = float(np.min(self.mean + z * self.sd))
        high = float(np.max(self.mean + z * self.sd))
        for _ in range(40):
            middle = 0.5 * (low + high)
            if float(self.weight @ ndtr((middle - self.mean) / self.sd)) < p:
                low = middle
            else:
                high = middle
        return self._within(0.5 * (low + high))

    def _within(self, value: float) -> float:
        return min(max(value, self.least), self.most)

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Limits between which the share `level` lies."""
        return self.quantile((1 - level) / 2), self.quantile((1 + level) / 2)


def mixture_limits(
    weight: Array, centre: Array, se: Array, df: float, level: float
) -> tuple[Array, Array]:
    """Equal-tailed limits of mixtures of t distributions, by Newton's steps kept in brackets.

    Parameters
    ----------
    weight : ndarray, shape (models,)
    centre, se : ndarray, shape (contrasts, models)
    df, level : float
    """
    kept = weight > NEGLIGIBLE
    weight, centre, se = weight[kept] / weight[kept].sum(), centre[:, kept], se[:, kept]
    mean = centre @ weight
    spread = np.sqrt((se**2 + (centre - mean[:, None]) ** 2) @ weight)
    log_c = gammaln((df + 1) / 2) - gammaln(df / 2) - 0.5 * np.log(df * np.pi)
    ends = []
    for target in (0.5 - level / 2, 0.5 + level / 2):
        low, high = mean - 40 * spread, mean + 40 * spread
        at = mean + stdtrit(df, target) * spread
        for _ in range(80):
            z = (at[:, None] - centre) / se
            over = stdtr(df, z) @ weight - target
            low, high = np.where(over < 0, at, low), np.where(over < 0, high, at)
            density = (np.exp(log_c - (df + 1) / 2 * np.log1p(z * z / df)) / se) @ weight
            newton = at - over / np.maximum(density, 1e-300)
            inside = (newton >= low) & (newton <= high)
            moved = np.where(inside, newton, (low + high) / 2)
            done = np.abs(moved - at) <= 1e-8 * spread
            at = moved
            if done.all():
                break
        ends.append(at)
    return ends[0], ends[1]
