"""Maximum likelihood in log parameters: damped Newton steps inside a box."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.arrays import Array

Derivatives = tuple[float, Array, Array]

#: A refit starts near its maximum and needs a handful of evaluations, but for one that creeps along
#: a ridge, where what it predicts no longer changes. A few Newton steps tell of a bootstrap what
#: all would (Andrews, 2002, Higher-Order Improvements of a Computationally Attractive
#: k-Step Bootstrap, Econometrica 70(1), 119-162).
RESTEPS = 12


@dataclass(frozen=True)
class Optimum:
    """Where the search ended.

    Attributes
    ----------
    phi : ndarray, shape (k,)
        Log parameters.
    value : float
        Log-likelihood.
    gradient : ndarray, shape (k,)
    hessian : ndarray, shape (k, k)
    converged : bool
        A further Newton step would gain less than `tolerance` in log-likelihood.
    bound : ndarray of int, shape (k,)
        -1 or 1 where the likelihood still rises beyond the lower or upper end of the box.
    evaluations : int
    """

    phi: Array
    value: float
    gradient: Array
    hessian: Array
    converged: bool
    bound: NDArray[np.int_]
    evaluations: int


def in_logs(natural: Callable[[Array], Derivatives]) -> Callable[[Array], Derivatives]:
    """Turn value, gradient and Hessian in the parameters into those in their logarithms."""

    def evaluate(phi: Array) -> Derivatives:
        theta = np.exp(phi)
        value, gradient, hessian = natural(theta)
        scaled = theta * gradient
        return value, scaled, hessian * np.outer(theta, theta) + np.diag(scaled)

    return evaluate


def added_up(
    by_row: Callable[[Array, Array, Array, Array], tuple[Array, Array, Array]],
    columns: tuple[Array, Array, Array],
    n: Array,
    block: int = 4096,
) -> Callable[[Array], Derivatives]:
    """Sum what rows contribute, given theta (k, m) and x, t_x, T, over n customers each."""

    def evaluate(theta: Array) -> Derivatives:
        size = theta.size
        value, gradient, hessian = 0.0, np.zeros(size), np.zeros((size, size))
        for lo in range(0, n.size, block):
            part, weight = slice(lo, lo + block), n[lo : lo + block]
            wide = np.repeat(theta[:, None], weight.size, axis=1)
            v, g, h = by_row(wide, *(column[part] for column in columns))
            value += float(np.einsum("i,i->", weight, v))
            gradient += np.einsum("ij,j->i", g, weight)
            hessian += np.einsum("ijk,k->ij", h, weight)
        return value, gradient, hessian

    return evaluate


def maximise(
    evaluate: Callable[[Array], Derivatives],
    start: Array,
    *,
    lower: Array,
    upper: Array,
    tolerance: float = 1e-12,
    evaluations: int = 200,
) -> Optimum:
    """Climb to the maximum.

    The Hessian is made negative definite by flipping the sign of wrong eigenvalues, a step is
    at most 2 in any log parameter, and it is halved until the likelihood rises. Parameters that
    press against the box are held there.
    """
    phi = np.clip(start, lower, upper)
    value, gradient, hessian = evaluate(phi)
    used, converged = 1, False
    while used < evaluations:
        held = ((phi <= lower) & (gradient < 0)) | ((phi >= upper) & (gradient > 0))
        free = ~held
        if not free.any():
            converged = True
            break
        if free.all():
            step, definite = _direction(gradient, hessian)
        else:
            step = np.zeros_like(phi)
            step[free], definite = _direction(gradient[free], hessian[np.ix_(free, free)])
        gain = float(gradient @ step) / 2
        if definite and gain < tolerance:
            converged = True
            break
        step *= 2.0 / max(np.abs(step).max(), 2.0)
        # below this the comparison of two likelihoods is rounding error
        trust = definite and gain < 1e-12 * abs(value)
        for _ in range(40):
            trial = np.minimum(np.maximum(phi + step, lower), upper)
            found = evaluate(trial)
            used += 1
            rise = float(gradient @ (trial - phi))
            if np.isfinite(found[0]) and (trust or found[0] >= value + 1e-4 * rise):
                break
            step = step / 2
        else:
            break
        phi, (value, gradient, hessian) = trial, found
        if trust:
            converged = True
            break
    outward = np.where(
        (phi <= lower) & (gradient < 0), -1, np.where((phi >= upper) & (gradient > 0), 1, 0)
    )
    return Optimum(phi, value, gradient, hessian, converged, outward, used)


def _direction(gradient: Array, hessian: Array) -> tuple[Array, bool]:
    eigenvalues, vectors = np.linalg.eigh(-hessian)
    size = np.abs(eigenvalues)
    floor = 1e-12 * max(size.max(), 1e-300)
    step = vectors @ ((vectors.T @ gradient) / np.maximum(size, floor))
    return step, bool((eigenvalues > 0).all())


def covariance_of(best: Optimum) -> Array:
    """Inverse observed information of the log parameters; zero where one is held."""
    free = np.flatnonzero(best.bound == 0)
    out = np.zeros((best.phi.size, best.phi.size))
    if free.size:
        information = -best.hessian[np.ix_(free, free)]
        out[np.ix_(free, free)] = np.linalg.pinv(information, rcond=1e-14, hermitian=True)
    return out
