"""Weights that are not negative and sum to one: the mixtures of synthetic comparisons."""

from __future__ import annotations

import numpy as np
from scipy.optimize import nnls

from workbench.arrays import Array


def closest_mixture(gaps: Array, *, ridge: float = 0.0) -> Array:
    """Find the mixture of donors with the least sum of squared gaps.

    Parameters
    ----------
    gaps : ndarray, shape (features, donors)
        Each donor's features less those of the unit to be matched.
    ridge : float
        Penalty on the sum of squared weights.

    Returns
    -------
    ndarray, shape (donors,)

    Notes
    -----
    With weights u = s w, sum(w) = 1, the least of |G u|^2 + (sum(u) - 1)^2 over s is
    q / (1 + q), q = |G w|^2, which grows with q; so non-negative least squares, made to sum to
    one afterwards, gives the mixture exactly (Lawson, Hanson 1974, chapter 23).
    """
    donors = gaps.shape[1]
    size = float(np.sqrt(np.square(gaps).mean()))
    rows = [gaps / size if size > 0 else gaps]
    if ridge > 0:
        rows.append(np.sqrt(ridge) / (size or 1.0) * np.eye(donors))
    rows.append(np.ones((1, donors)))
    system = np.vstack(rows)
    target = np.zeros(len(system))
    target[-1] = 1.0
    weights, _ = nnls(system, target, maxiter=max(50 * donors, 500))
    found: Array = weights / weights.sum()
    return found


def stopped_early(gaps: Array, *, ridge: float, noise: float) -> Array:
    """Approach the same mixture step by step, stopping where the authors of SDID do.

    Parameters
    ----------
    gaps : ndarray, shape (features, donors)
    ridge : float
        Penalty on the mean square: the loss is |G w|^2 / features + ridge |w|^2.
    noise : float
        Spread of the donors' changes; a step must lessen the loss by (noise / 100,000)^2.

    References
    ----------
    Arkhangelsky et al. (2021), American Economic Review 111(12), 4088-4118, and its package
    synthdid (Frank-Wolfe; a first pass of 100 steps, small weights set to zero, a second pass).
    """
    stop = (1e-5 * noise) ** 2
    rough = _frank_wolfe(gaps, ridge, stop, 100, np.full(gaps.shape[1], 1 / gaps.shape[1]))
    rough = np.where(rough <= rough.max() / 4, 0.0, rough)
    return _frank_wolfe(gaps, ridge, stop, 10_000, rough / rough.sum())


def _frank_wolfe(gaps: Array, ridge: float, tolerance: float, steps: int, w: Array) -> Array:
    features = len(gaps)
    eta, last = features * ridge, float("inf")
    for step in range(steps):
        fitted = gaps @ w
        slope = fitted @ gaps + eta * w
        move = -w.copy()
        best = int(np.argmin(slope))
        move[best] += 1
        if not move.any():
            break
        change = gaps[:, best] - fitted
        length = -float(slope @ move) / float(change @ change + eta * move @ move)
        w = w + min(max(length, 0.0), 1.0) * move
        loss = ridge * float(w @ w) + float(np.square(gaps @ w).sum()) / features
        if step >= 1 and last - loss <= tolerance:
            break
        last = loss
    return w
