"""An interval for one treated unit from the order of its own errors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.arrays import Array
from workbench.impact.designs.differences.inversion import not_rejected
from workbench.impact.designs.synthetic.donor_weights import closest_mixture


def conformal_interval(
    own: Array, donors: Array, after: NDArray[np.bool_], *, centre: float, level: float
) -> tuple[float, float, float]:
    """Estimate and p-value of a constant effect on one unit.

    Under each effect the treated unit, cleared of it, is fitted by a mixture of donors over all
    periods; the sum of errors after the start is then held against the same sum at all other
    places of the series (moving blocks).

    Parameters
    ----------
    own : ndarray, shape (periods,)
    donors : ndarray, shape (units, periods)
    after : ndarray of bool, shape (periods,)
    centre : float
        Estimate to search from.

    References
    ----------
    Chernozhukov, Wuthrich, Zhu (2021), JASA 116(536), 1849-1864, algorithm 1.
    """
    n, length = len(own), int(after.sum())

    def p_value(tau: float) -> float:
        cleared = own - tau * after
        weights = closest_mixture((donors - cleared).T)
        left = cleared - weights @ donors
        sums = np.array([np.roll(left, shift)[-length:].sum() for shift in range(n)])
        return float((np.abs(sums) >= abs(sums[0]) * (1 - 1e-9)).mean())

    weights = closest_mixture((donors - own)[:, ~after].T)
    error = own - weights @ donors
    step = 4 * float(error[~after].std()) + 0.1 * abs(centre) + 1e-12 * float(np.abs(own).max())
    # the refitted mixture may prefer another effect than the estimate: start where p is highest
    around = centre + step * np.linspace(-3, 3, 25)
    best = max(around, key=lambda tau: (p_value(float(tau)), -abs(tau - centre)))
    low, high = not_rejected(p_value, float(best), step, level=level)
    return min(low, centre), max(high, centre), p_value(0.0)
