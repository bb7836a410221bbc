"""Gamma-Gompertz/NBD: the rate at which customers leave changes with the time they have stayed.

Customers buy at their own rate, as in the NBD, and leave at the rate eta b e^(b t) with eta of a
gamma distribution. On the clock g(t) = (e^(b t) - 1) / b leaving is that of Pareto/NBD, which the
model becomes as b falls to zero. beta here is Pareto/NBD's; that of the paper is b times as large.

References
----------
Bemmaor, Glady (2012), Modeling Purchasing Behavior with Sudden "Death": A Flexible Customer
Lifetime Model, Management Science 58(5), 1012-1021.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import expit, gammaln, psi

from workbench.arrays import Array
from workbench.clv.models.fitted import judged
from workbench.clv.models.likelihood import Derivatives, Optimum, added_up
from workbench.clv.models.nbd import NBD, count_mass
from workbench.clv.models.purchase import PurchaseModel
from workbench.clv.models.quadrature import legendre
from workbench.clv.models.rows import Purchases
from workbench.results import Finding

PANELS, NODES = 8, 8
#: Logarithm of what may be cut off an integral.
NEGLIGIBLE = 38.0
#: Step in log parameters by which slopes are differenced.
STEP = 1e-4
NO_CHANGE = (
    "How fast customers leave does not change with the time they have stayed, as far as this log "
    "tells: the model says what Pareto/NBD says."
)


def grown(b: Array, t: Array) -> Array:
    """Give the clock of leaving, (e^(b t) - 1) / b."""
    return np.asarray(np.expm1(np.minimum(b * t, 600.0)) / b, dtype=float)


def grown_slope(b: Array, t: Array) -> Array:
    """Give its derivative by b."""
    at = np.minimum(b * t, 600.0)
    exact = (t * np.exp(at) - np.expm1(at) / b) / b
    return np.asarray(np.where(at < 1e-4, t * t * (0.5 + at / 3), exact), dtype=float)


def leaving_nodes(
    alpha: Array, s: Array, beta: Array, b: Array, power: Array, T: Array
) -> tuple[Array, Array]:
    """Nodes and weights over the time of leaving, up to T, shape (nodes, m).

    In panels of log(1 + t / o), with o the least of the scales on which the integrand moves, up to
    where either factor has become nothing.
    """
    with np.errstate(over="ignore"):
        bought = alpha * np.expm1(np.minimum(NEGLIGIBLE / power, 600.0))
        stays = beta * np.expm1(np.minimum(NEGLIGIBLE / s, 600.0))
        reach = np.minimum(np.minimum(T, bought), np.log1p(np.minimum(b * stays, 1e250)) / b)
    o = np.minimum(np.minimum(alpha, beta), 1 / b)
    length = np.log1p(reach / o)
    at, weight = legendre(NODES)
    y = (np.arange(PANELS)[:, None] + at).ravel() / PANELS
    t = o * np.expm1(length * y[:, None])
    return t, np.tile(weight / PANELS, PANELS)[:, None] * length * (o + t)


def log_gone(theta: Array, power: Array, T: Array) -> tuple[Array, Array]:
    """Log odds of having left by T, with no purchase until then, against staying, and slopes.

    Slopes are those by r (through the power), alpha, s, beta and b, shape (5, m).
    """
    _, alpha, s, beta, b = theta
    t, weight = leaving_nodes(alpha, s, beta, b, power, T)
    clock, end = grown(b, t), grown(b, T)
    with np.errstate(divide="ignore", over="ignore"):
        log_q = -power * np.log1p(t / alpha) - (s + 1) * np.log1p(clock / beta) + b * t
        q = np.exp(log_q) * weight * s / beta
        whole = q.sum(axis=0)
        value = np.log(whole) + power * np.log1p(T / alpha) + s * np.log1p(end / beta)
    there = whole > 0
    q = q / np.where(there, whole, 1.0)
    moments = (
        -np.log1p(t / alpha),
        power * (t / alpha) / (alpha + t),
        1 / s - np.log1p(clock / beta),
        -1 / beta + (s + 1) * (clock / beta) / (beta + clock),
        t - (s + 1) * grown_slope(b, t) / (beta + clock),
    )
    slope = np.array([(q * m).sum(axis=0) for m in moments])
    slope[0] += np.log1p(T / alpha)
    slope[1] -= power * (T / alpha) / (alpha + T)
    slope[2] += np.log1p(end / beta)
    slope[3] -= s * (end / beta) / (beta + end)
    slope[4] += s * grown_slope(b, T) / (beta + end)
    return np.where(there, value, -np.inf), np.where(there, slope, 0.0)


def later(theta: Array, x: Array, T: Array) -> Array:
    """Parameters of customers alive at T as if they were new then, shape (5, m)."""
    r, alpha, s, beta, b = np.broadcast_arrays(*(np.asarray(p, float) for p in theta), x)[:5]
    own = (beta + grown(b, T)) * np.exp(-np.minimum(b * T, 600.0))
    return np.array([r + x, alpha + T, s, own, b])


class GammaGompertzNBD(PurchaseModel):
    """Gamma-Gompertz/NBD: customers leave the faster, the longer they have stayed.

    Its parameters are r, alpha (gamma distribution of purchase rates), s, beta (of the readiness to
    leave, as in Pareto/NBD) and b, by which that grows with time.

    Examples
    --------
    >>> from workbench.clv import GammaGompertzNBD
    >>> frequency, recency = [2, 0, 1, 5, 0, 3], [30.4, 0, 1.7, 29.4, 0, 22.0]
    >>> fit = GammaGompertzNBD(frequency * 50, recency * 50, [38.9] * 300, unit="week").fit()
    >>> fit.params.index.tolist()
    ['r', 'alpha', 's', 'beta', 'b']
    """

    baseline = NBD
    title = "GGompertz/NBD"
    names = ("r", "alpha", "s", "beta", "b")
    timed = (0, 1, 0, 1, -1)
    starts = ((0.5, 1.0, 0.6, 0.5, 0.5), (1.0, 1.0, 1.0, 10.0, 3.0))
    purchase_effects = ((1, -1),)
    dropout_effects = ((3, -1),)

    @classmethod
    def slopes(cls, theta: Array, x: Array, t_x: Array, T: Array) -> tuple[Array, Array]:
        """Log-likelihood of each row and its slopes, at theta of shape (5, m)."""
        r, alpha, s, beta, b = theta
        since = later(theta, x, t_x)
        since[0] = r
        gone, inner = log_gone(since, r + x, T - t_x)
        # what a customer's own beta at the last purchase owes to beta and to b
        fall = np.exp(-np.minimum(b * t_x, 600.0))
        by_b = (grown_slope(b, t_x) - (beta + grown(b, t_x)) * t_x) * fall
        end = grown(b, T)
        value = gammaln(r + x) - gammaln(r) + r * (np.log(alpha) - np.log(alpha + T))
        value = value - x * np.log(alpha + T) - s * np.log1p(end / beta)
        slope = np.array(
            [
                psi(r + x) - psi(r) + np.log(alpha) - np.log(alpha + T),
                r / alpha - (r + x) / (alpha + T),
                -np.log1p(end / beta),
                s * (end / beta) / (beta + end),
                -s * grown_slope(b, T) / (beta + end),
            ]
        )
        inner[4] += inner[3] * by_b
        inner[3] *= fall
        left = expit(gone)
        return np.asarray(value + np.logaddexp(0, gone), dtype=float), slope + left * inner

    @classmethod
    def by_row(cls, theta: Array, x: Array, t_x: Array, T: Array) -> tuple[Array, Array, Array]:
        """As the sum, before it is summed; second derivatives are differences of the slopes."""
        value, gradient = cls.slopes(theta, x, t_x, T)
        hessian = np.empty((5, 5, x.size))
        for k in range(5):
            step = np.ones((5, 1))
            ends = []
            for side in (1, -1):
                step[k] = np.exp(side * STEP)
                ends.append(cls.slopes(theta * step, x, t_x, T)[1])
            hessian[k] = (ends[0] - ends[1]) / (theta[k] * 2 * np.sinh(STEP))
        return value, gradient, (hessian + hessian.transpose(1, 0, 2)) / 2

    @classmethod
    def scores(cls, theta: Array, x: Array, t_x: Array, T: Array) -> Array:
        """Gradient of each row's log-likelihood."""
        return cls.slopes(np.repeat(theta[:, None], x.size, axis=1), x, t_x, T)[1]

    @staticmethod
    def likelihood(rows: Purchases) -> Callable[[Array], Derivatives]:
        """Equation 10 of the paper, as an integral over the time of leaving."""
        return added_up(GammaGompertzNBD.by_row, (rows.x, rows.t_x, rows.T), rows.n)

    @staticmethod
    def alive(theta: Array, x: Array, t_x: Array, T: Array) -> Array:
        """1 / (1 + e^w), with w the log odds of having left."""
        own = later(theta, x, t_x)
        return np.asarray(expit(-log_gone(own, own[0], T - t_x)[0]), dtype=float)

    @staticmethod
    def expected(theta: Array, t: Array, x: Array, T: Array) -> Array:
        """Rate times the time that a customer is expected to stay within t."""
        return GammaGompertzNBD._present(theta, np.asarray(t, dtype=float), 0.0, x, T)

    @staticmethod
    def discounted(theta: Array, t: float, rate: float, x: Array, T: Array) -> Array:
        """As expected, what comes later counting less."""
        end = min(t, 40 / rate) if rate > 0 else t
        return GammaGompertzNBD._present(theta, np.full(x.size, end), rate, x, T)

    @staticmethod
    def _present(theta: Array, t: Array, rate: float, x: Array, T: Array) -> Array:
        own = later(theta, x, T)
        power, alpha, s, beta, b = own
        # the integrand is the survival: no purchases end it
        u, weight = leaving_nodes(np.full(x.size, np.inf), s, beta, b, np.ones(x.size), t)
        stays = np.exp(-s * np.log1p(grown(b, u) / beta) - rate * u)
        return np.asarray(power / alpha * (weight * stays).sum(axis=0), dtype=float)

    @classmethod
    def lasting(cls, theta: Array, t: float, x: Array, T: Array) -> Array:
        """Survival on the clock of leaving."""
        _, _, s, beta, b = later(theta, x, T)
        return np.asarray(np.exp(-s * np.log1p(grown(b, np.full(x.size, t)) / beta)), dtype=float)

    @staticmethod
    def none(theta: Array, t: Array, x: Array, T: Array) -> Array:
        """Stays and does not buy, or leaves before buying."""
        own = later(theta, x, T)
        power, alpha, s, beta, b = own
        t = np.broadcast_to(np.asarray(t, dtype=float), x.shape)
        stays = -power * np.log1p(t / alpha) - s * np.log1p(grown(b, t) / beta)
        return np.asarray(np.exp(stays + np.logaddexp(0, log_gone(own, power, t)[0])), dtype=float)

    @staticmethod
    def mass(theta: Array, k: Array, t: Array, x: Array, T: Array) -> Array:
        """Negative binomial up to the time of leaving, averaged over that time."""
        own = later(theta, x, T)
        power, alpha, s, beta, b = own
        t = np.broadcast_to(np.asarray(t, dtype=float), x.shape)
        out = count_mass(k, power, t / alpha) * np.exp(-s * np.log1p(grown(b, t) / beta))
        u, weight = leaving_nodes(np.full(x.size, np.inf), s, beta, b, np.ones(x.size), t)
        left = s / beta * np.exp(b * u - (s + 1) * np.log1p(grown(b, u) / beta))
        for at, share in zip(u, weight * left, strict=True):
            out = out + share * count_mass(k, power, at / alpha)
        return np.asarray(out, dtype=float)

    @staticmethod
    def with_dropout(theta: Array, factor: float) -> Array:
        """Multiply everyone's expected readiness to leave."""
        return np.asarray(theta * np.array([1.0, 1.0, factor, 1.0, 1.0]), dtype=float)

    @classmethod
    def own(cls, theta: Array, x: Array, T: Array) -> Array:
        """Gamma (r + x, alpha + T), and the readiness to leave of those who stayed until T."""
        return later(theta, x, T)

    @staticmethod
    def draw(theta: Array, T: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        """Poisson purchases up to a time of leaving on the clock."""
        r, alpha, s, beta, b = theta
        rate = rng.gamma(r, 1 / alpha, size=T.size)
        with np.errstate(divide="ignore"):
            due = rng.standard_exponential(T.size) / rng.gamma(s, 1 / beta, size=T.size)
            seen = np.minimum(T, np.log1p(b * due) / b)
        x = rng.poisson(rate * seen).astype(float)
        last = seen * rng.beta(np.maximum(x, 1.0), 1.0)
        return x, np.where(x > 0, last, 0.0)

    def _judge(self, best: Optimum, rise: float | None) -> Finding:
        found = super()._judge(best, rise)
        if found.verdict in ("converged", "no_heterogeneity") and (
            best.bound[4] < 0 or best.phi[4] < np.log(FLAT)
        ):
            return judged("boundary", NO_CHANGE, {}, type(self).__name__)
        return found


#: Growth over a mean age below which the model cannot be told from Pareto/NBD.
FLAT = 1e-3
