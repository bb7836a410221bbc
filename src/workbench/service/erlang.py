"""Queues with customers who give up: Erlang A, and Erlang C where nobody does.

Calls come by chance (Poisson), are handled by one of n agents in a time that is exponential, and
whoever waits longer than an exponential patience hangs up. The wait that a customer with endless
patience would meet has the density

    v(x) = lambda p exp(lambda (1 - exp(-theta x)) / theta - n mu x),

where p is the probability of n - 1 busy agents; everything here are integrals over it.

References
----------
Palm (1957), Research on telephone traffic carried by full availability groups, Tele 1; Baccelli,
Hebuterne (1981), On queues with impatient customers, Performance '81, 159-179; Garnett,
Mandelbaum, Reiman (2002), Designing a call center with impatient customers, Manufacturing & Service
Operations Management 4(3), 208-227; Mandelbaum, Zeltyn (2007), Service engineering in action: the
Palm/Erlang-A queue, in Advances in Services Innovations, 17-45.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from workbench.arrays import Array
from workbench.errors import DataError

#: Nodes of the quadrature, and how far below its peak the logarithm of a density is cut off.
_NODES: Final = 96
_DEPTH: Final = 40.0


@dataclass(frozen=True)
class Queue:
    """What becomes of those who call.

    Attributes
    ----------
    waits : ndarray
        Share who wait at all.
    level : ndarray
        Share of all who call that are answered within the time asked for.
    longer : ndarray
        Share who wait longer than that, whether they are answered in the end or not.
    gives_up : ndarray
        Share who hang up.
    mean_wait : ndarray
        Mean wait of all, in hours.
    busy : ndarray
        Share of their time that agents handle calls.
    """

    waits: Array
    level: Array
    longer: Array
    gives_up: Array
    mean_wait: Array
    busy: Array


def erlang_a(
    arrivals: ArrayLike,
    handling: ArrayLike,
    patience: ArrayLike,
    agents: ArrayLike,
    within: float = 0.0,
) -> Queue:
    """Compute the steady state of a queue; all arguments may be arrays that fit one another.

    Parameters
    ----------
    arrivals : array_like
        Calls an hour.
    handling : array_like
        Mean hours that a call keeps an agent.
    patience : array_like
        Mean hours until a customer who is not answered hangs up; infinite for Erlang C, whose
        queue grows without end where the calls are more than the agents can handle.
    agents : array_like of int
    within : float
        Hours within which an answer counts.

    Raises
    ------
    DataError
        A rate that is not positive.

    Examples
    --------
    >>> from workbench.service import erlang_a
    >>> minute = 1 / 60
    >>> queue = erlang_a(48 / minute, minute, 2 * minute, 50)
    >>> round(float(queue.gives_up), 3), round(float(queue.mean_wait) * 3600, 1)
    (0.031, 3.7)
    """
    rate, each, endure, n = np.broadcast_arrays(
        *(np.asarray(a, dtype=float) for a in (arrivals, handling, patience, agents))
    )
    if not ((rate > 0) & (each > 0) & (endure > 0) & (n >= 1)).all():
        raise DataError(
            "a queue needs calls, a handling time, a patience and an agent",
            remedy="give positive numbers",
        )
    mu, theta = 1 / each, np.where(np.isinf(endure), 0.0, 1 / endure)
    endless = (theta == 0) & (rate >= n * mu)
    drain = np.where(endless, rate + 1, n * mu)  # any value: these are replaced below
    end, peak = _support(rate, drain, theta)
    log_lost = np.log(_idle(rate * each, n))
    whole = _integral(rate, drain, theta, np.zeros_like(end), end, peak, 0.0)
    scale = rate * whole
    with np.errstate(over="ignore"):
        waits = 1 / (1 + np.exp(log_lost - peak) / scale)
    density = waits / whole  # what the integrals below are to be multiplied by
    cut = np.minimum(within, end)
    served = _integral(rate, drain, theta, np.zeros_like(end), cut, peak, theta)
    late = _integral(rate, drain, theta, cut, end, peak, 0.0) * np.exp(-theta * within)
    stays = _integral(rate, drain, theta, np.zeros_like(end), end, peak, theta)
    gives_up = np.where(theta > 0, density * (whole - stays), 0.0)
    mean = np.where(theta > 0, gives_up / np.where(theta > 0, theta, 1.0),
                    density * _mean(rate, drain, theta, end, peak))  # fmt: skip
    level = 1 - waits + density * served
    return Queue(
        np.where(endless, 1.0, waits), np.where(endless, 0.0, np.clip(level, 0.0, 1.0)),
        np.where(endless, 1.0, density * late), np.where(endless, 0.0, gives_up),
        np.where(endless, np.inf, mean),
        np.where(endless, 1.0, rate * each * (1 - gives_up) / n),
    )  # fmt: skip


def _exponent(rate: Array, drain: Array, theta: Array, x: Array) -> Array:
    met = np.where(theta > 0, -np.expm1(-theta * x) / np.where(theta > 0, theta, 1.0), x)
    return np.asarray(rate * met - drain * x)


def _support(rate: Array, drain: Array, theta: Array) -> tuple[Array, Array]:
    """Find where the density may be cut off, and the logarithm of its peak."""
    ratio = np.log(np.maximum(rate / drain, 1.0))
    top = np.where(theta > 0, ratio / np.where(theta > 0, theta, 1.0), 0.0)
    peak = _exponent(rate, drain, theta, top)
    low, high = top, top + 1 / drain
    for _ in range(200):
        short = _exponent(rate, drain, theta, high) > peak - _DEPTH
        if not short.any():
            break
        low, high = np.where(short, high, low), np.where(short, top + 2 * (high - top), high)
    for _ in range(40):
        middle = (low + high) / 2
        short = _exponent(rate, drain, theta, middle) > peak - _DEPTH
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    return high, peak


@cache
def _gauss() -> tuple[Array, Array]:
    at, weight = np.polynomial.legendre.leggauss(_NODES)
    return at, weight


def _nodes(begin: Array, end: Array) -> tuple[Array, Array]:
    at, weight = _gauss()
    half = (end - begin)[..., None] / 2
    return begin[..., None] + half * (at + 1), half * weight


def _integral(
    rate: Array, drain: Array, theta: Array, begin: Array, end: Array, peak: Array,
    leaves: Array | float,
) -> Array:  # fmt: skip
    """Integrate the density over its peak, of those who have not left at some further rate."""
    x, weight = _nodes(np.asarray(begin), np.asarray(end))
    r, d, t, p = (np.asarray(a)[..., None] for a in (rate, drain, theta, peak))
    gone = np.broadcast_to(np.asarray(leaves), np.asarray(rate).shape)[..., None]
    values = np.exp(_exponent(r, d, t, x) - p - gone * x)
    return np.asarray((values * weight).sum(axis=-1))


def _mean(rate: Array, drain: Array, theta: Array, end: Array, peak: Array) -> Array:
    x, weight = _nodes(np.zeros_like(end), end)
    r, d, t, p = (np.asarray(a)[..., None] for a in (rate, drain, theta, peak))
    return np.asarray((x * np.exp(_exponent(r, d, t, x) - p) * weight).sum(axis=-1))


def _idle(load: Array, agents: Array) -> Array:
    """Add the probabilities of fewer than n busy agents, in units of that of n - 1."""
    total, found = np.ones_like(load), np.ones_like(load)
    for busy in range(1, int(agents.max())):
        total = 1 + total * busy / load
        found = np.where(agents == busy + 1, total, found)
    return found
