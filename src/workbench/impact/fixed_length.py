"""The shortest interval of fixed length for an effect when trends may bend a little."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import chndtrix, ndtri

Array = NDArray[np.float64]


def fixed_length(
    estimate: Array, covariance: Array, before: int, after: int, bend: float, *, level: float
) -> tuple[float, float]:
    """Interval of the mean effect after the start, trends differing by a line but for small bends.

    Parameters
    ----------
    estimate, covariance : ndarray
        Differences against the last period before: `before` earlier periods in order, then the
        `after` periods after the start.
    bend : float
        Largest second difference of the departure from parallel trends.

    Returns
    -------
    tuple of float

    Notes
    -----
    The estimate is the mean after plus a combination v of the periods before. A straight departure
    must drop out, sum(m v_m) = sum(t l_t) for the period m places before the reference; the largest
    bias is then `bend` times a constant plus sum |u_k|, u_k = sum over m > k of v_m (m - k). For
    each size of that sum the least variance lies on the path of a lasso in u.

    References
    ----------
    Rambachan, Roth (2023), section 3.2, equation 17; Armstrong, Kolesar (2018), Econometrica 86(2),
    655-683.
    """
    own = np.full(after, 1 / after)
    t = np.arange(1, after + 1)
    line = float(own @ t)
    steady = line + sum(float(own[k:] @ (t[k:] - k)) for k in range(1, after))
    m = np.arange(before, 0, -1)  # places before the reference, as the estimates are ordered
    # rows: the sum that is fixed, then u_1 ... u_{before - 1}; to be turned into v
    to_u = np.vstack([m, *[np.maximum(m - k, 0) for k in range(1, before)]]).astype(float)
    to_v = np.linalg.inv(to_u)
    base = to_v[:, 0] * line
    free = to_v[:, 1:]
    pre, cross = covariance[:before, :before], covariance[:before, before:] @ own
    tail = float(own @ covariance[before:, before:] @ own)
    q_matrix = free.T @ pre @ free
    q_vector = free.T @ (pre @ base + cross)

    def half(u: Array) -> float:
        v = base + free @ u
        se = float(np.sqrt(max(tail + 2 * v @ cross + v @ pre @ v, 0.0)))
        bias = bend * (steady + float(np.abs(u).sum()))
        return _folded(bias / se, level) * se if se > 0 else bias

    if before == 1:
        best = np.zeros(0)
    else:
        top = float(np.abs(q_vector).max()) * 1.001
        scale = top if top > 0 else 1.0

        def at(log_penalty: float) -> float:
            return half(_lasso(q_matrix, q_vector, scale * float(np.exp(log_penalty))))

        grid = np.linspace(-14, 0, 57)
        values = [at(float(x)) for x in grid]
        place = int(np.argmin(values))
        found = minimize_scalar(
            at,
            bounds=(grid[max(place - 1, 0)], grid[min(place + 1, len(grid) - 1)]),
            method="bounded",
            options={"xatol": 1e-6},
        )
        log_penalty = float(found.x) if found.fun < values[place] else float(grid[place])
        best = _lasso(q_matrix, q_vector, scale * float(np.exp(log_penalty)))
    v = base + free @ best
    centre = float(own @ estimate[before:] + v @ estimate[:before])
    return centre - half(best), centre + half(best)


def _folded(bias: float, level: float) -> float:
    """Quantile of |N(bias, 1)|."""
    if bias > 8:
        return bias + float(ndtri(level))
    return float(np.sqrt(chndtrix(level, 1, bias**2)))


def _lasso(matrix: Array, vector: Array, penalty: float) -> Array:
    """Least of u'Qu/2 + q'u + penalty |u|, coordinate by coordinate."""
    u = np.zeros(len(vector))
    diagonal = np.maximum(np.diag(matrix), 1e-300)
    for _ in range(5000):
        before = u.copy()
        for j in range(len(u)):
            rest = vector[j] + matrix[j] @ u - matrix[j, j] * u[j]
            u[j] = -np.sign(rest) * max(abs(rest) - penalty, 0.0) / diagonal[j]
        if np.abs(u - before).max() <= 1e-10 * max(float(np.abs(u).max()), 1e-12):
            break
    return u
