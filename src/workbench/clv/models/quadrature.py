"""Integrals of the purchase models: over a beta-distributed dropout, and over time."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.polynomial.legendre import leggauss
from scipy.special import betaln, expit

from workbench.arrays import Array


@lru_cache(maxsize=8)
def legendre(nodes: int) -> tuple[Array, Array]:
    """Gauss-Legendre nodes and weights on 0..1."""
    at, weight = leggauss(nodes)
    return (np.asarray(at) + 1) / 2, np.asarray(weight) / 2


def beta_expectation(
    f: Callable[[Array], Array],
    at_zero: Array,
    at_one: Array,
    a: Array,
    b: Array,
    nodes: int = 128,
) -> Array:
    """E f(p) with p ~ Beta(a, b), one distribution a row.

    Trapezoidal rule in logit(p), where the integrand is analytic in a strip, so that it
    converges exponentially for any a, b > 0. The chord through f(0) and f(1) is taken out and
    integrated exactly, which leaves tails that fall at least as fast as p and 1 - p.

    Parameters
    ----------
    f : callable
        Takes p of shape (m, nodes) and gives the same shape.
    at_zero, at_one : ndarray, shape (m,)
        f(0) and f(1).
    a, b : ndarray, shape (m,)

    Returns
    -------
    ndarray, shape (m,)
    """
    width = np.sqrt(1 / (a + 1) + 1 / (b + 1))
    centre = np.log((a + 1) / (b + 1))
    low = centre - 7 * width - 33 / (a + 1)
    high = centre + 7 * width + 33 / (b + 1)
    step = (high - low) / (nodes - 1)
    q = low[:, None] + step[:, None] * np.arange(nodes)
    p = expit(q)
    # log p and log(1 - p) without cancellation
    log_p, log_1p = -np.logaddexp(0, -q), -np.logaddexp(0, q)
    weight = np.exp(a[:, None] * log_p + b[:, None] * log_1p - betaln(a, b)[:, None])
    slope = at_one - at_zero
    rest = f(p) - at_zero[:, None] - p * slope[:, None]
    return np.asarray(
        at_zero + slope * a / (a + b) + step * np.einsum("ij,ij->i", weight, rest), dtype=float
    )


def discount_nodes(
    horizon: float, rate: float, scale: Array, nodes: int = 40
) -> tuple[Array, Array]:
    """Nodes and weights for the integral of exp(-rate tau) g(tau) over 0..horizon.

    Gauss-Legendre in log(1 + tau / scale): g is a power of 1 + tau / scale or close to one.

    Parameters
    ----------
    horizon : float
        May be infinite if `rate` is positive; discounting then cuts it off at e^-40.
    rate : float
        Continuous discount rate per unit of time.
    scale : ndarray, shape (m,)

    Returns
    -------
    tau, weight : ndarray, shape (m, nodes)
        The discount factor is part of the weight.
    """
    end = horizon if rate == 0 else min(horizon, 40 / rate)
    at, weight = legendre(nodes)
    top = np.log1p(end / scale)[:, None]
    tau = scale[:, None] * np.expm1(top * at)
    return tau, weight * top * (scale[:, None] + tau) * np.exp(-rate * tau)
