"""BG/NBD and its modification: a customer may leave right after a purchase.

References
----------
Fader, Hardie, Lee (2005), "Counting Your Customers" the Easy Way: An Alternative to the
Pareto/NBD Model, Marketing Science 24(2), 275-284 (BG/NBD; equations 6, 8 to 10).
Batislam, Denizel, Filiztekin (2007), International Journal of Research in Marketing 24(3),
201-209; Hoppe, Wagner (2007), Marketing JRM 3, 75-90 (MBG/NBD).
Fader, Hardie (2008), Computing P(alive) Using the BG/NBD Model.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
from scipy.special import betainc, betaln, expit, gammaln, psi, zeta

from workbench.arrays import Array
from workbench.clv.models.likelihood import Derivatives
from workbench.clv.models.nbd import NBD, count_mass, counting_by_row, counting_terms
from workbench.clv.models.purchase import PurchaseModel, tosses
from workbench.clv.models.quadrature import beta_expectation, discount_nodes
from workbench.clv.models.rows import Purchases, table_of

#: Rows handled at once, so that nodes times rows stay in the processor's cache and in memory.
BLOCK = 4096


def _likelihood(rows: Purchases, first: int) -> Callable[[Array], Derivatives]:
    """Log-likelihood of BG/NBD (first = 0) or MBG/NBD (first = 1).

    Per customer, with k = x + first chances to have left and L_T = ln(alpha + T):
    counting terms + ln B(a, b + k) - ln B(a, b) + [k > 0] ln(1 + e^u),
    u = ln a - ln(b + k - 1) + (r + x) (L_T - L_tx).
    """
    margins = rows.margins
    chances = margins.xs + first
    risky = np.ones(rows.x.size, dtype=bool) if first else rows.x > 0
    x, n = rows.x[risky], rows.n[risky]
    xs, at_x = table_of(x)
    Ts, at_T = table_of(rows.T[risky])
    ts, at_t = table_of(rows.t_x[risky])
    n_total = margins.n

    def evaluate(theta: Array) -> Derivatives:
        r, alpha, a, b = theta
        value, gradient, hessian = np.zeros(1), np.zeros(4), np.zeros((4, 4))
        counted, gradient[:2], hessian[:2, :2] = counting_terms(r, alpha, margins)

        ab, bk = a + b, b + chances
        stays = margins.n_x @ (gammaln(ab) + gammaln(bk) - gammaln(b) - gammaln(ab + chances))
        psi_ab = n_total * psi(ab) - margins.n_x @ psi(ab + chances)
        psi_b = margins.n_x @ psi(bk) - n_total * psi(b)
        zeta_ab = n_total * zeta(2, ab) - margins.n_x @ zeta(2, ab + chances)
        zeta_b = margins.n_x @ zeta(2, bk) - n_total * zeta(2, b)
        gradient[2] += psi_ab
        gradient[3] += psi_ab + psi_b
        hessian[2:, 2:] += zeta_ab
        hessian[3, 3] += zeta_b

        inverse_T, inverse_t = 1 / (alpha + Ts), 1 / (alpha + ts)
        log_T, log_t = np.log(alpha + Ts), np.log(alpha + ts)
        per_x = 1 / (b + xs + (first - 1))
        odds = np.log(a) + np.log(per_x)
        left = 0.0
        # in blocks: they stay in the cache, and short sums do not wake the threads of BLAS, which
        # would cost several times the work itself
        for lo in range(0, x.size, BLOCK):
            part = slice(lo, lo + BLOCK)
            of_x, of_T, of_t = at_x[part], at_T[part], at_t[part]
            d = log_T[of_T] - log_t[of_t]
            it, iT = inverse_t[of_t], inverse_T[of_T]
            e = iT - it
            k = per_x[of_x]
            power = r + x[part]
            u = odds[of_x] + power * d
            tail = np.exp(-np.abs(u))
            left += n[part] @ (np.maximum(u, 0.0) + np.log1p(tail))
            s = np.where(u >= 0, 1.0, tail) / (1 + tail)
            S = n[part] * s
            Q = S * (1 - s)
            pe = power * e
            Qd, Qe, Qk = Q * d, Q * pe, Q * k
            sum_S = S.sum()
            gradient += np.array([S @ d, S @ pe, sum_S / a, -(S @ k)])
            rr, rm, rb = Qd @ d, Qd @ pe + S @ e, -(Qd @ k)
            mm, mb = Qe @ pe - (S * pe) @ (it + iT), -(Qe @ k)
            ra, ma, ab_ = Qd.sum() / a, Qe.sum() / a, -Qk.sum() / a
            aa, bb = (Q.sum() - sum_S) / a**2, Qk @ k + (S * k) @ k
            hessian += np.array(
                [[rr, rm, ra, rb], [rm, mm, ma, mb], [ra, ma, aa, ab_], [rb, mb, ab_, bb]]
            )
        value = counted + stays + left
        return float(value), gradient, hessian

    return evaluate


class BetaGeometric(PurchaseModel):
    """BG/NBD: after each repeat purchase a customer leaves with a probability of their own.

    Its parameters are r, alpha (gamma distribution of purchase rates; alpha in time) and a, b
    (beta distribution of the dropout probability).

    Notes
    -----
    A customer without a repeat purchase has had no chance to leave: P(alive) is 1 whatever the
    silence since. `ModifiedBetaGeometric` lets the first purchase be the last.

    Examples
    --------
    >>> from workbench.clv import BetaGeometric
    >>> frequency, recency = [2, 0, 1, 5, 0, 3], [30.4, 0, 1.7, 29.4, 0, 22.0]
    >>> model = BetaGeometric(frequency * 50, recency * 50, [38.9] * 300, unit="week")
    >>> fit = model.fit()
    >>> fit.params.index.tolist(), fit.nobs
    (['r', 'alpha', 'a', 'b'], 300.0)
    """

    baseline = NBD
    title = "BG/NBD"
    names = ("r", "alpha", "a", "b")
    timed = (0, 1, 0, 0)
    starts = ((0.5, 1.0, 0.8, 2.5), (2.0, 1.0, 1.0, 20.0))
    first: ClassVar[int] = 0
    purchase_effects: ClassVar[tuple[tuple[int, int], ...]] = ((1, -1),)
    dropout_effects: ClassVar[tuple[tuple[int, int], ...]] = ((2, 1), (3, 1))

    @staticmethod
    def likelihood(rows: Purchases) -> Callable[[Array], Derivatives]:
        """Equation 6."""
        return _likelihood(rows, 0)

    @classmethod
    def by_row(cls, theta: Array, x: Array, t_x: Array, T: Array) -> tuple[Array, Array, Array]:
        """As the sum, before it is summed, at parameters that may differ between rows."""
        r, alpha, a, b = theta
        value, gradient, hessian = counting_by_row(theta, x, T)
        k = x + cls.first
        value += betaln(a, b + k) - betaln(a, b)
        both, twice = psi(a + b) - psi(a + b + k), zeta(2, a + b + k) - zeta(2, a + b)
        gradient[2] += both
        gradient[3] += both + psi(b + k) - psi(b)
        hessian[2:, 2:] -= twice
        hessian[3, 3] += zeta(2, b + k) - zeta(2, b)

        risky = k > 0
        at_T, at_t, power = 1 / (alpha + T), 1 / (alpha + t_x), r + x
        fell, gap = np.log(alpha + T) - np.log(alpha + t_x), at_T - at_t
        last = 1 / np.where(risky, b + k - 1, 1.0)
        u = np.where(risky, np.log(a) + np.log(last) + power * fell, -np.inf)
        left = expit(u)
        slope = np.array([fell, power * gap, 1 / a, -last])
        bend = np.zeros((4, 4, x.size))
        bend[0, 1] = bend[1, 0] = gap
        bend[1, 1] = -power * gap * (at_T + at_t)
        bend[2, 2], bend[3, 3] = -1 / a**2, last**2
        value += np.logaddexp(0, u)
        gradient += left * slope
        hessian += left * bend + left * (1 - left) * slope[:, None] * slope[None]
        return value, gradient, hessian

    @classmethod
    def alive(cls, theta: Array, x: Array, t_x: Array, T: Array) -> Array:
        """1 / (1 + e^u), with u as in the likelihood."""
        r, alpha, a, b = theta
        k = x + cls.first
        u = np.log(a) - np.log(np.where(k > 0, b + k - 1, 1.0))
        u = u + (r + x) * (np.log1p(T / alpha) - np.log1p(t_x / alpha))
        return np.where(k > 0, expit(-u), 1.0)

    @classmethod
    def expected(cls, theta: Array, t: Array, x: Array, T: Array) -> Array:
        """E over p of (1 - (1 + p t / (alpha + T))^-(r + x)) / p.

        Equal to equation 10 without its division by a - 1 and its 2F1, which lose all digits
        near a = 1 and for long horizons.
        """
        r, alpha, a, b = theta
        out = np.empty(x.size)
        for lo in range(0, x.size, BLOCK):
            part = slice(lo, lo + BLOCK)
            power = r + x[part]
            ahead = t[part] / (alpha + T[part])

            def bought(p: Array, power: Array = power, ahead: Array = ahead) -> Array:
                bare = -np.expm1(-power[:, None] * np.log1p(p * ahead[:, None]))
                return np.asarray(bare / p, dtype=float)

            out[part] = beta_expectation(
                bought,
                power * ahead,
                -np.expm1(-power * np.log1p(ahead)),
                np.full(power.size, a),
                b + x[part] + cls.first,
            )
        return out

    @classmethod
    def discounted(cls, theta: Array, t: float, rate: float, x: Array, T: Array) -> Array:
        """Integral over time of e^(-rate tau) times the rate of purchase tau ahead."""
        r, alpha, a, b = theta
        out = np.empty(x.size)
        block = BLOCK // 32
        for lo in range(0, x.size, block):
            part = slice(lo, lo + block)
            power, scale = r + x[part], alpha + T[part]
            tau, weight = discount_nodes(t, rate, scale, 24)
            tau = tau / scale[:, None]

            def value(
                p: Array, power: Array = power, tau: Array = tau, weight: Array = weight
            ) -> Array:
                rates = np.exp(
                    -(power + 1)[:, None, None] * np.log1p(p[:, :, None] * tau[:, None, :])
                )
                return np.asarray(np.einsum("ijk,ik->ij", rates, weight), dtype=float)

            lead = power / scale
            out[part] = lead * beta_expectation(
                value,
                weight.sum(axis=1),
                value(np.ones((power.size, 1)))[:, 0],
                np.full(power.size, a),
                b + x[part] + cls.first,
                nodes=56,
            )
        return out

    @staticmethod
    def with_dropout(theta: Array, factor: float) -> Array:
        """Multiply everyone's expected dropout probability; a + b stays."""
        r, alpha, a, b = theta
        return np.array([r, alpha, a * factor, b + a * (1 - factor)])

    @classmethod
    def lasting(cls, theta: Array, t: float, x: Array, T: Array) -> Array:
        """E over p of (1 + p t / (alpha + T))^-(r + x): no purchase in t was the last."""
        r, alpha, a, b = theta
        out = np.empty(x.size)
        for lo in range(0, x.size, BLOCK):
            part = slice(lo, lo + BLOCK)
            power, ahead = r + x[part], t / (alpha + T[part])

            def stays(p: Array, power: Array = power, ahead: Array = ahead) -> Array:
                return np.exp(-power[:, None] * np.log1p(p * ahead[:, None]))

            out[part] = beta_expectation(
                stays,
                np.ones(power.size),
                np.exp(-power * np.log1p(ahead)),
                np.full(power.size, a),
                b + x[part] + cls.first,
            )
        return out

    @classmethod
    def none(cls, theta: Array, t: Array, x: Array, T: Array) -> Array:
        """(1 + t / (alpha + T)) ^ -(r + x): one leaves only after buying."""
        r, alpha, _, _ = theta
        return np.asarray(np.exp(-(r + x) * np.log1p(t / (alpha + T))), dtype=float)

    @classmethod
    def mass(cls, theta: Array, k: Array, t: Array, x: Array, T: Array) -> Array:
        """Equation 8 with the customer's own r + x, alpha + T, a, b + x."""
        r, alpha, a, b = theta
        size, odds, stay = r + x, t / (alpha + T), b + x + cls.first
        kept = np.exp(betaln(a, stay + k) - betaln(a, stay)) * count_mass(k, size, odds)
        at = np.maximum(k, 1.0)
        left = np.exp(betaln(a + 1, stay + at - 1) - betaln(a, stay))
        reached = betainc(at, size, odds / (1 + odds))
        return np.asarray(kept + np.where(k > 0, left * reached, 0.0), dtype=float)

    @classmethod
    def own(cls, theta: Array, x: Array, T: Array) -> Array:
        """Gamma (r + x, alpha + T) and beta (a, b + x), one more for MBG/NBD."""
        r, alpha, a, b = theta
        return np.array([r + x, alpha + T, np.full(x.size, a), b + x + cls.first])

    @classmethod
    def draw_ahead(
        cls, theta: Array, t: float, x: Array, t_x: Array, T: Array, rng: np.random.Generator
    ) -> Array:
        """As of BG/NBD: whoever is alive leaves after a purchase to come at the earliest."""
        return BetaGeometric.draw(cls.own(theta, x, T), np.full(x.size, t), rng)[0]

    @classmethod
    def draw(cls, theta: Array, T: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        """Poisson purchases until a coin, tossed after each, comes up."""
        r, alpha, a, b = theta
        rate = rng.gamma(r, 1 / alpha, size=T.size)
        p = rng.beta(a, b, size=T.size)
        bought = rng.poisson(rate * T)
        x = np.minimum(bought, tosses(p, rng) - cls.first)
        # the x-th smallest of `bought` uniform times
        share = rng.beta(np.maximum(x, 1.0), np.maximum(bought - x + 1.0, 1.0))
        return x, np.where(x > 0, share * T, 0.0)


class ModifiedBetaGeometric(BetaGeometric):
    """MBG/NBD: as BG/NBD, but the first purchase, too, may be the last.

    P(alive) of a one-time buyer then falls with the silence.
    """

    title = "MBG/NBD"
    first = 1

    @staticmethod
    def likelihood(rows: Purchases) -> Callable[[Array], Derivatives]:
        """BG/NBD with one more chance to leave."""
        return _likelihood(rows, 1)
