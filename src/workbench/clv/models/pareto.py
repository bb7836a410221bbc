"""Pareto/NBD: customers buy at their own rate until they leave at their own rate.

References
----------
Schmittlein, Morrison, Colombo (1987), Counting Your Customers, Management Science 33(1), 1-24.
Fader, Hardie (2005), A Note on Deriving the Pareto/NBD Model and Related Expressions.
Fader, Hardie, Lee (2005), RFM and CLV: Using Iso-Value Curves for Customer Base Analysis,
Journal of Marketing Research 42(4), 415-430 (discounted expected residual transactions).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import expit

from workbench.arrays import Array
from workbench.clv.models.likelihood import Derivatives
from workbench.clv.models.nbd import NBD, count_mass, counting_by_row, counting_terms
from workbench.clv.models.purchase import PurchaseModel
from workbench.clv.models.quadrature import discount_nodes, legendre
from workbench.clv.models.rows import Purchases, add_up, table_of

NODES = 24
#: Rows handled at once: a dozen arrays of this length stay in the processor's cache.
BLOCK = 4096
#: Rows integrated at once, all nodes together: arrays that need no new page of memory each time.
SMALL = 512
#: Logarithm of what may be cut off the integral, relative to its integrand at the start.
NEGLIGIBLE = 38.0


def _gone_range(
    power: Array, alpha: float | Array, s: float | Array, beta: float | Array, t_x: Array, T: Array
) -> tuple[float | Array, Array]:
    """Origin and length of the integration range in v = ln((origin + u) / (origin + t_x)).

    The smaller of alpha and beta is the origin, so that both factors are smooth in v; the range
    ends where either factor has fallen by e^-38, so that heavy buyers need no more nodes.
    """
    origin = np.minimum(alpha, beta)
    with np.errstate(over="ignore"):
        reach = np.minimum(
            (alpha + t_x) * np.expm1(np.minimum(NEGLIGIBLE / power, 600.0)),
            (beta + t_x) * np.expm1(np.minimum(NEGLIGIBLE / (s + 1), 600.0)),
        )
    return origin, np.log1p(np.minimum(T - t_x, reach) / (origin + t_x))


def log_gone(power: Array, alpha: float | Array, s: float, beta: float | Array, T: Array) -> Array:
    """Log odds of having left by T against staying, with no purchase from 0 to T.

    ln s * int_0^T (1 + u / alpha)^-power (1 + u / beta)^-(s + 1) du / beta, less the log of
    (1 + T / alpha)^-power (1 + T / beta)^-s. Alpha and beta are the customer's own at time 0.
    """
    a, b = np.broadcast_to(alpha, T.shape), np.broadcast_to(beta, T.shape)
    origin = np.minimum(a, b)
    with np.errstate(over="ignore", divide="ignore"):
        reach = np.minimum(
            a * np.expm1(np.minimum(NEGLIGIBLE / power, 600.0)),
            b * np.expm1(np.minimum(NEGLIGIBLE / (s + 1), 600.0)),
        )
        length = np.log1p(np.minimum(T, reach) / origin)
        at, weight = legendre(NODES)
        total = np.zeros(T.shape)
        for node, w in zip(at, weight, strict=True):
            v = length * node
            u = origin * np.expm1(v)
            total += w * np.exp(-power * np.log1p(u / a) - (s + 1) * np.log1p(u / b) + v)
        log_left = np.log(total * length * origin / b) + np.log(s)
    return np.asarray(log_left + power * np.log1p(T / a) + s * np.log1p(T / b), dtype=float)


class _Likelihood:
    """Log-likelihood and derivatives, by quadrature over the time of leaving.

    With w the log odds of having left against being alive, a customer contributes
    the counting terms + s ln(beta / (beta + T)) + ln(1 + e^w).
    """

    def __init__(self, rows: Purchases) -> None:
        self.margins = rows.margins
        self.x, self.t_x, self.T, self.n = rows.x, rows.t_x, rows.T, rows.n
        self.Ts, at_T = table_of(rows.T)
        self.n_T = add_up(at_T, rows.n)

    def __call__(self, theta: Array) -> Derivatives:
        r, alpha, s, beta = theta
        gradient, hessian = np.zeros(4), np.zeros((4, 4))
        value, gradient[:2], hessian[:2, :2] = counting_terms(r, alpha, self.margins)
        inverse = 1 / (beta + self.Ts)
        log_ratio = np.log1p(self.Ts / beta)
        value -= s * float(self.n_T @ log_ratio)
        share = float(self.n_T @ (self.Ts * inverse)) / beta
        gradient[2] -= self.n_T @ log_ratio
        gradient[3] += s * share
        hessian[2, 3] += share
        hessian[3, 2] += share
        hessian[3, 3] += s * (float(self.n_T @ inverse**2) - self.margins.n / beta**2)
        for lo in range(0, self.x.size, BLOCK):
            part = slice(lo, lo + BLOCK)
            v, g, h = _block(theta, self.x[part], self.t_x[part], self.T[part], self.n[part])
            value += v
            gradient += g
            hessian += h
        return value, gradient, hessian


def _moments(
    alpha: Array,
    s: Array,
    beta: Array,
    origin: Array,
    power: Array,
    length: Array,
    base: Array,
    T: Array,
    down_a: Array,
    down_b: Array,
    *,
    out: Array,
) -> None:
    """Integral over the time u of leaving, and moments under its integrand.

    Of the log ratios (alpha + T) / (alpha + u) and (beta + T) / (beta + u), of 1 / (alpha + u) and
    1 / (beta + u): the integral, the four means, the ten means of products, all but for factors
    that `_log_odds` knows.
    """
    node, weight = legendre(NODES)
    v = node[:, None] * length
    grown = base * np.exp(v)
    ia, ib = 1 / (grown + (alpha - origin)), 1 / (grown + (beta - origin))
    # of the two logarithms one is v itself where the origin is the same for all
    to_a = down_a - v if (origin == alpha).all() else np.log((alpha + T) * ia)
    to_b = down_b - v if (origin == beta).all() else np.log((beta + T) * ib)
    q = np.exp(power * (to_a - down_a) + (s + 1) * (to_b - down_b) + v)
    q *= weight[:, None]
    q.sum(axis=0, out=out[0])
    followed = (to_a, to_b, ia, ib)
    for k, one in enumerate(followed, start=1):
        np.einsum("ij,ij->j", q, one, out=out[k])
    k = 5
    for i, one in enumerate(followed):
        weighted = q * one
        for other in followed[i:]:
            np.einsum("ij,ij->j", weighted, other, out=out[k])
            k += 1


def _log_odds(theta: Array, x: Array, t_x: Array, T: Array) -> tuple[Array, Array, Array]:
    """Log odds w of having left, its gradient and its Hessian's upper triangle, row by row.

    Parameters may differ between rows: theta of shape (4,) or (4, m).
    """
    r, alpha, s, beta = theta
    power = r + x
    origin, length = _gone_range(power, alpha, s, beta, t_x, T)
    base = origin + t_x
    down_a, down_b = np.log((alpha + T) / (alpha + t_x)), np.log((beta + T) / (beta + t_x))
    each = [
        np.broadcast_to(v, x.shape)
        for v in (alpha, s, beta, origin, power, length, base, T, down_a, down_b)
    ]
    sums = np.empty((15, x.size))
    for lo in range(0, x.size, SMALL):
        part = slice(lo, lo + SMALL)
        _moments(*(v[part] for v in each), out=sums[:, part])
    # T = t_x leaves no time to have left in
    total = np.where(length > 0, sums[0], 1.0)
    la, lb, ia, ib, laa, lab, laia, laib, lbb, lbia, lbib, iaa, iab, ibb = sums[1:] / total
    with np.errstate(divide="ignore"):
        w = np.log(s * length * total * base / (beta + t_x)) + power * down_a + s * down_b
    ta, tb = 1 / (alpha + T), 1 / (beta + T)
    one = s + 1
    slope = np.array([la, power * (ta - ia), 1 / s + lb, s * tb - one * ib])
    # cov(to_a, to_a) and so on; to_a carries the opposite sign of ln(alpha + u)
    rr = laa - la * la
    rm = ta - ia - power * (laia - la * ia)
    rs = lab - la * lb
    rb = -one * (laib - la * ib)
    mm = power * (iaa - ta * ta) + power**2 * (iaa - ia * ia)
    ms = -power * (lbia - lb * ia)
    mb = power * one * (iab - ia * ib)
    ss = lbb - lb * lb - 1 / s**2
    sb = tb - ib - one * (lbib - lb * ib)
    bb = one * ibb - s * tb * tb + one**2 * (ibb - ib * ib)
    return w, slope, np.array([rr, rm, rs, rb, mm, ms, mb, ss, sb, bb])


def _block(theta: Array, x: Array, t_x: Array, T: Array, n: Array) -> Derivatives:
    """Sum of n ln(1 + e^w) over some rows, with derivatives."""
    w, slope, bend = _log_odds(theta, x, t_x, T)
    tail = np.exp(-np.abs(w))
    value = float(n @ (np.maximum(w, 0.0) + np.log1p(tail)))
    odds = np.where(w >= 0, 1.0, tail) / (1 + tail)
    S = n * odds
    gradient = slope @ S
    hessian = (slope * (S * (1 - odds))) @ slope.T
    full = np.zeros((4, 4))
    full[np.triu_indices(4)] = bend @ S
    return value, gradient, hessian + full + np.triu(full, 1).T


def _annuity(z: Array, length: Array) -> Array:
    """Integral of e^(-z y) over y in 0..length, for any sign of z."""
    small = np.abs(z * length) < 1e-12
    safe = np.where(small, 1.0, z)
    return np.where(small, length, -np.expm1(-safe * length) / safe)


class ParetoNBD(PurchaseModel):
    """Pareto/NBD: purchase and dropout rates that differ between customers.

    Its parameters are r, alpha (gamma distribution of purchase rates) and s, beta (of dropout
    rates); alpha and beta in time.

    Examples
    --------
    >>> from workbench.clv import ParetoNBD
    >>> frequency, recency = [2, 0, 1, 5, 0, 3], [30.4, 0, 1.7, 29.4, 0, 22.0]
    >>> fit = ParetoNBD(frequency * 50, recency * 50, [38.9] * 300, unit="week").fit()
    >>> fit.params.index.tolist()
    ['r', 'alpha', 's', 'beta']
    """

    baseline = NBD
    title = "Pareto/NBD"
    names = ("r", "alpha", "s", "beta")
    timed = (0, 1, 0, 1)
    starts = ((0.5, 1.0, 0.6, 0.5), (1.0, 1.0, 1.0, 10.0))
    purchase_effects = ((1, -1),)
    dropout_effects = ((3, -1),)

    @staticmethod
    def likelihood(rows: Purchases) -> Callable[[Array], Derivatives]:
        """Equation 18 of the note, as an integral over the time of leaving."""
        return _Likelihood(rows)

    @staticmethod
    def by_row(theta: Array, x: Array, t_x: Array, T: Array) -> tuple[Array, Array, Array]:
        """As the sum, before it is summed, at parameters that may differ between rows."""
        s, beta = theta[2:]
        value, gradient, hessian = counting_by_row(theta, x, T)
        value += s * (np.log(beta) - np.log(beta + T))
        gradient[2] = np.log(beta) - np.log(beta + T)
        gradient[3] = s / beta - s / (beta + T)
        hessian[2, 3] = hessian[3, 2] = 1 / beta - 1 / (beta + T)
        hessian[3, 3] = s / (beta + T) ** 2 - s / beta**2
        w, slope, bend = _log_odds(theta, x, t_x, T)
        gone = expit(w)
        full = np.zeros((4, 4, x.size))
        full[np.triu_indices(4)] = bend * gone
        full += np.swapaxes(np.triu(full.transpose(2, 0, 1), 1), 1, 2).transpose(1, 2, 0)
        value += np.logaddexp(0, w)
        gradient += gone * slope
        hessian += full + gone * (1 - gone) * slope[:, None] * slope[None]
        return value, gradient, hessian

    @staticmethod
    def alive(theta: Array, x: Array, t_x: Array, T: Array) -> Array:
        """1 / (1 + e^w), with w as in the likelihood."""
        r, alpha, s, beta = theta
        odds = log_gone(r + x, alpha + t_x, s, beta + t_x, T - t_x)
        return np.asarray(expit(-odds), dtype=float)

    @staticmethod
    def expected(theta: Array, t: Array, x: Array, T: Array) -> Array:
        """Equation 41 of the note given alive, safe at s = 1."""
        r, alpha, s, beta = theta
        grown = np.log1p(t / (beta + T))
        stays = (beta + T) * _annuity(np.full(T.shape, s - 1), grown)
        return np.asarray((r + x) / (alpha + T) * stays, dtype=float)

    @staticmethod
    def discounted(theta: Array, t: float, rate: float, x: Array, T: Array) -> Array:
        """Integral over time of e^(-rate tau) ((beta + T) / (beta + T + tau))^s."""
        r, alpha, s, beta = theta
        out = np.empty(x.size)
        for lo in range(0, x.size, BLOCK):
            part = slice(lo, lo + BLOCK)
            scale = beta + T[part]
            tau, weight = discount_nodes(t, rate, scale, 64)
            stays = np.exp(-np.reshape(s, (-1, 1)) * np.log1p(tau / scale[:, None]))
            out[part] = (weight * stays).sum(axis=1)
        return np.asarray((r + x) / (alpha + T) * out, dtype=float)

    @staticmethod
    def with_dropout(theta: Array, factor: float) -> Array:
        """Multiply everyone's expected rate of leaving."""
        return np.asarray(theta * np.array([1.0, 1.0, factor, 1.0]), dtype=float)

    @staticmethod
    def lasting(theta: Array, t: float, x: Array, T: Array) -> Array:
        """((beta + T) / (beta + T + t))^s."""
        return np.asarray(np.exp(-theta[2] * np.log1p(t / (theta[3] + T))), dtype=float)

    @staticmethod
    def none(theta: Array, t: Array, x: Array, T: Array) -> Array:
        """Stays and does not buy, or leaves before buying."""
        r, alpha, s, beta = theta
        odds = log_gone(r + x, alpha + T, s, beta + T, t)
        stays = -(r + x) * np.log1p(t / (alpha + T)) - s * np.log1p(t / (beta + T))
        return np.asarray(np.exp(stays + np.logaddexp(0, odds)), dtype=float)

    @staticmethod
    def mass(theta: Array, k: Array, t: Array, x: Array, T: Array) -> Array:
        """Negative binomial up to the time of leaving, averaged over that time."""
        r, alpha, s, beta = theta
        own_a, own_b = alpha + T, beta + T
        out = count_mass(k, r + x, t / own_a) * np.exp(-s * np.log1p(t / own_b))
        origin = np.minimum(own_a, own_b)
        length = np.log1p(t / origin)
        for node, weight in zip(*legendre(96), strict=True):
            u = origin * np.expm1(length * node)
            left = s / own_b * np.exp(-(s + 1) * np.log1p(u / own_b))
            out = out + weight * length * (origin + u) * left * count_mass(k, r + x, u / own_a)
        return np.asarray(out, dtype=float)

    @classmethod
    def own(cls, theta: Array, x: Array, T: Array) -> Array:
        """Gamma (r + x, alpha + T) and gamma (s, beta + T)."""
        r, alpha, s, beta = theta
        return np.array([r + x, alpha + T, np.full(x.size, s), beta + T])

    @staticmethod
    def draw(theta: Array, T: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        """Poisson purchases up to an exponential time of leaving."""
        r, alpha, s, beta = theta
        rate = rng.gamma(r, 1 / alpha, size=T.size)
        with np.errstate(divide="ignore"):
            leaves = rng.standard_exponential(T.size) / rng.gamma(s, 1 / beta, size=T.size)
        seen = np.minimum(T, leaves)
        x = rng.poisson(rate * seen).astype(float)
        last = seen * rng.beta(np.maximum(x, 1.0), 1.0)
        return x, np.where(x > 0, last, 0.0)
