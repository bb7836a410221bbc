"""The shortest interval of fixed length for an effect when trends may bend a little."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.special import chndtrix, ndtri

from workbench.arrays import Array

# Points looked at between two bends of the lasso's path, where the interval's length is smooth.
_BETWEEN = 150


@dataclass(frozen=True)
class FixedLength:
    """Linear estimates of the mean effect after the start, from least variance to least bias.

    Attributes
    ----------
    centre, se : ndarray
        Estimate and standard error of each.
    bias : ndarray
        Largest bias of each for a bend of one.
    """

    centre: Array
    se: Array
    bias: Array

    def interval(self, bend: float, *, level: float) -> tuple[float, float]:
        """Give the shortest interval where the departure bends by no more than `bend`."""
        half = _folded(bend * self.bias / self.se, level) * self.se
        best = int(np.argmin(half))
        return float(self.centre[best] - half[best]), float(self.centre[best] + half[best])


def fixed_length(estimate: Array, covariance: Array, before: int, after: int) -> FixedLength:
    """Prepare the intervals of the mean effect after the start, for any bend.

    Parameters
    ----------
    estimate, covariance : ndarray
        Differences against the last period before: `before` earlier periods in order, then the
        `after` periods after the start.

    Notes
    -----
    The estimate is the mean after plus a combination v of the periods before. A straight departure
    must drop out, sum(m v_m) = sum(t l_t) for the period m places before the reference; the largest
    bias is then the bend times a constant plus sum |u_k|, u_k = sum over m > k of v_m (m - k). For
    each size of that sum the least variance lies on the path of a lasso in u, which is straight
    between its knots and does not hang on the bend.

    References
    ----------
    Rambachan, Roth (2023), Review of Economic Studies 90(5), section 3.2, equation 17; Armstrong,
    Kolesar (2018), Econometrica 86(2), 655-683; Efron et al. (2004), Annals of Statistics 32(2),
    section 3.1 (the path).
    """
    own = np.full(after, 1 / after)
    t = np.arange(1, after + 1)
    line = float(own @ t)
    steady = line + sum(float(own[k:] @ (t[k:] - k)) for k in range(1, after))
    m = np.arange(before, 0, -1)  # places before the reference, as the estimates are ordered
    # rows: the sum that is fixed, then u_1 ... u_{before - 1}; to be turned into v
    to_u = np.vstack([m, *[np.maximum(m - k, 0) for k in range(1, before)]]).astype(float)
    to_v = np.linalg.inv(to_u)
    base, free = to_v[:, 0] * line, to_v[:, 1:]
    pre, cross = covariance[:before, :before], covariance[:before, before:] @ own
    tail = float(own @ covariance[before:, before:] @ own)
    knots = _lasso_path(free.T @ pre @ free, free.T @ (pre @ base + cross))
    steps = np.linspace(0, 1, _BETWEEN, endpoint=False)[:, None]
    parts = [a + steps * (b - a) for a, b in pairwise(knots)]
    u = np.vstack([*parts, knots[-1:]])
    v = base + u @ free.T
    variance = tail + 2 * v @ cross + np.einsum("ij,jk,ik->i", v, pre, v)
    return FixedLength(
        float(own @ estimate[before:]) + v @ estimate[:before],
        np.sqrt(np.maximum(variance, 1e-300)),
        steady + np.abs(u).sum(axis=1),
    )


def _folded(bias: Array, level: float) -> Array:
    """Quantile of |N(bias, 1)|."""
    near = np.minimum(bias, 8.0)
    quantile: Array = np.where(
        bias > 8, bias + float(ndtri(level)), np.sqrt(chndtrix(level, 1, near**2))
    )
    return quantile


def _lasso_path(matrix: Array, vector: Array) -> Array:
    """Knots of the least of u'Qu/2 + q'u + penalty |u| as the penalty falls to zero."""
    k = len(vector)
    u = np.zeros(k)
    knots = [u]
    if k == 0 or not np.abs(vector).max() > 0:
        return np.array(knots)
    slope = vector.copy()
    penalty = float(np.abs(slope).max())
    active = [int(np.argmax(np.abs(slope)))]
    for _ in range(20 * k):
        signs = -np.sign(slope[active])
        inner = matrix[np.ix_(active, active)]
        move = np.linalg.lstsq(inner, signs, rcond=None)[0]
        drift = matrix[:, active] @ move
        step, event, joins = penalty, -1, False
        for j in range(k):
            if j in active:
                continue
            # the slope of an idle coordinate reaches the falling penalty
            for side in (1.0, -1.0):
                speed = 1 + side * drift[j]
                gap = penalty - side * slope[j]
                if speed > 1e-12 and -1e-12 < gap / speed < step:
                    step, event, joins = max(gap / speed, 0.0), j, True
        for place, j in enumerate(active):
            if u[j] * move[place] < 0 and -u[j] / move[place] < step:
                step, event, joins = -u[j] / move[place], j, False
        u = u.copy()
        u[active] += step * move
        penalty -= step
        slope = vector + matrix @ u
        if event >= 0 and not joins:
            u[event] = 0.0
            active.remove(event)
        elif event >= 0:
            active.append(event)
        knots.append(u)
        if event < 0 or penalty <= 1e-12 * float(np.abs(vector).max()) or not active:
            break
    return np.array(knots)
