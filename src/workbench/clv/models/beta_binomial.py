"""BG/BB: customers who can buy once a period (a donation a year, a stay a season) until they leave.

References
----------
Fader, Hardie, Shang (2010), Customer-Base Analysis in a Discrete-Time Noncontractual Setting,
Marketing Science 29(6), 1086-1108 (equations 6, 7, 11, 13, 14 and appendix).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import betaln, gammaln, hyp2f1, psi, zeta

from workbench.arrays import Array, Index
from workbench.clv.models.likelihood import Derivatives, Optimum
from workbench.clv.models.purchase import STAYS, PurchaseModel
from workbench.clv.models.rows import Purchases, add_up, as_floats, check_rows, refuse
from workbench.errors import DataError
from workbench.results import Finding

NO_DROPOUT = (
    "No sign that customers leave: the likelihood is highest where nobody drops out. Predictions"
    " are those of the beta-binomial model and every customer counts as active."
)
NO_BETTER = (
    "No better than without leaving: that customers leave raises twice the log-likelihood by"
    " {lr}, and the parameters that it needs cost {price} (BIC). Predictions are those of the"
    " beta-binomial model and every customer counts as active."
)


class _Sequences:
    """Log-likelihood of who bought when: a sum, per customer, over the periods of leaving.

    Leaving after period j counts B(alpha + x, beta + j - x) B(gamma + 1, delta + j), staying to
    the end B(alpha + x, beta + n - x) B(gamma, delta + n), both divided by
    B(alpha, beta) B(gamma, delta).
    """

    def __init__(self, rows: Purchases) -> None:
        gaps = (rows.T - rows.t_x).astype(int)
        self.n, self.size = rows.n, rows.x.size
        self.at: Index = np.repeat(np.arange(self.size), gaps + 1)
        first = np.cumsum(gaps + 1) - (gaps + 1)
        self.first = first
        seen = np.arange(self.at.size) - first[self.at] + rows.t_x[self.at]
        self.leaves = (seen < rows.T[self.at]).astype(float)
        self.x, self.missed, self.stayed = rows.x[self.at], seen - rows.x[self.at], seen

    def _arguments(self, theta: Array) -> tuple[tuple[Array, Array, float, float], ...]:
        """Of the two beta functions, after and before what was seen."""
        alpha, beta, gamma, delta = theta
        return (
            (alpha + self.x, beta + self.missed, alpha, beta),
            (gamma + self.leaves, delta + self.stayed, gamma, delta),
        )

    def _weighed(self, theta: Array) -> tuple[Array, Array, Array]:
        """Log-likelihood of each row, weight of each period of leaving, and its own gradient."""
        terms, slope = np.zeros(self.at.size), np.zeros((4, self.at.size))
        for k, (p, q, p0, q0) in enumerate(self._arguments(theta)):
            terms += betaln(p, q) - betaln(p0, q0)
            both = psi(p0 + q0) - psi(p + q)
            slope[2 * k], slope[2 * k + 1] = psi(p) - psi(p0) + both, psi(q) - psi(q0) + both
        top = np.maximum.reduceat(terms, self.first)
        weight = np.exp(terms - top[self.at])
        whole = add_up(self.at, weight, self.size)
        return top + np.log(whole), weight / whole[self.at], slope

    def _mean(self, weight: Array, slope: Array) -> Array:
        return np.array([add_up(self.at, weight * g, self.size) for g in slope])

    def scores(self, theta: Array) -> Array:
        """Gradient of each row's log-likelihood, shape (4, m)."""
        _, weight, slope = self._weighed(theta)
        return self._mean(weight, slope)

    def __call__(self, theta: Array) -> Derivatives:
        value, weight, slope = self._weighed(theta)
        bend = np.zeros((4, 4, self.at.size))
        for k, (p, q, p0, q0) in enumerate(self._arguments(theta)):
            i, j = 2 * k, 2 * k + 1
            bend[i, j] = bend[j, i] = shared = zeta(2, p0 + q0) - zeta(2, p + q)
            bend[i, i] = shared + zeta(2, p) - zeta(2, p0)
            bend[j, j] = shared + zeta(2, q) - zeta(2, q0)
        counted = weight * self.n[self.at]
        mean = self._mean(weight, slope)
        hessian = bend @ counted + (slope * counted) @ slope.T - (mean * self.n) @ mean.T
        return float(self.n @ value), slope @ counted, hessian


def _whole(name: str, values: Array | float) -> None:
    if np.any(np.isfinite(values) & (values != np.round(values))):
        raise DataError(
            f"{name} is not a whole number", remedy="this model counts periods, not time"
        )


class BetaGeometricBetaBinomial(PurchaseModel):
    """BG/BB: in each period a customer buys with one probability and then leaves with another.

    Parameters alpha, beta (beta distribution of the probability to buy) and gamma, delta (of the
    probability to leave at the start of a period).

    Parameters
    ----------
    frequency : array_like
        Periods with a purchase, without that of the first purchase.
    recency : array_like
        Number of the period of the last purchase; 0 for one-time buyers.
    age : array_like
        Periods in which a purchase could be made, after that of the first.
    counts : array_like, optional
        Customers that each row stands for.
    unit : str, optional
        Length of a period.

    Notes
    -----
    `p_alive` is the probability to be there in the next period, as in the paper; P(alive) after
    the last one is larger by the chance to leave in between.
    """

    title = "BG/BB"
    names: ClassVar[tuple[str, ...]] = ("alpha", "beta", "gamma", "delta")
    timed: ClassVar[tuple[int, ...]] = (0, 0, 0, 0)
    starts: ClassVar[tuple[tuple[float, ...], ...]] = ((1.0, 1.0, 1.0, 3.0), (0.5, 2.0, 1.0, 20.0))

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, *, unit: str | None = None) -> Self:
        """Make the model from columns frequency, recency, opportunities (or age); counts or n."""
        if "opportunities" in frame and "age" not in frame:
            frame = frame.rename(columns={"opportunities": "age"})
        return super().from_frame(frame, unit=unit)

    @staticmethod
    def check(
        frequency: ArrayLike, recency: ArrayLike, age: ArrayLike
    ) -> tuple[Array, Array, Array]:
        """Check customers: as for the other models, in whole periods, one purchase in each."""
        x, t_x, T = check_rows(frequency, recency, age)
        labels = as_floats("frequency", frequency)[1]
        remedy = "count periods; the models in continuous time take any length"
        refuse("recency", labels, t_x != np.round(t_x), "is not a whole number", remedy)
        refuse("age", labels, np.round(T) != T, "is not a whole number", remedy)
        refuse(
            "frequency",
            labels,
            x > t_x,
            "is greater than recency",
            "count each period with a purchase once",
        )
        return x, t_x, T

    @staticmethod
    def time_scale(rows: Purchases) -> float:
        """Periods are counted, not measured."""
        return 1.0

    @classmethod
    def _starts(cls, rows: Purchases) -> list[Array]:
        return [np.array(s, dtype=float) for s in cls.starts]

    @staticmethod
    def likelihood(rows: Purchases) -> Callable[[Array], Derivatives]:
        """Equation 6, with the order of the periods, as the paper reports it."""
        return _Sequences(rows)

    @classmethod
    def scores(cls, theta: Array, x: Array, t_x: Array, T: Array) -> Array:
        """As the likelihood, row by row."""
        rows = Purchases(x, t_x, T, np.ones(x.size), np.arange(x.size), None)
        return _Sequences(rows).scores(theta)

    @staticmethod
    def alive(theta: Array, x: Array, t_x: Array, T: Array) -> Array:
        """P(there in period n + 1): equation 11."""
        alpha, beta, gamma, delta = theta
        stays = betaln(alpha + x, beta + T - x) + betaln(gamma, delta + T)
        odds = np.zeros(T.shape)
        for i in range(int(np.max(T - t_x, initial=0))):
            gone = betaln(alpha + x, beta + t_x - x + i) + betaln(gamma + 1, delta + t_x + i)
            odds += np.where(i < T - t_x, np.exp(gone - stays), 0.0)
        return np.asarray((delta + T) / (gamma + delta + T) / (1 + odds), dtype=float)

    @staticmethod
    def expected(theta: Array, t: Array, x: Array, T: Array) -> Array:
        """Equation 13 as a sum over the periods, which holds at gamma = 1 as well."""
        _whole("t", t)
        alpha, beta, gamma, delta = theta
        there, total = np.ones(T.shape), np.zeros(T.shape)
        for i in range(int(np.max(t, initial=0))):
            total += np.where(i < t, there, 0.0)
            there = there * (delta + T + 1 + i) / (gamma + delta + T + 1 + i)
        return np.asarray((alpha + x) / (alpha + beta + T) * total, dtype=float)

    @staticmethod
    def discounted(theta: Array, t: float, rate: float, x: Array, T: Array) -> Array:
        """Equation 14; the next period is discounted by one whole period."""
        _whole("horizon", t)
        alpha, beta, gamma, delta = theta
        share, factor = (alpha + x) / (alpha + beta + T), np.exp(-rate)
        if np.isinf(t):
            series = hyp2f1(1.0, delta + T + 1, gamma + delta + T + 1, factor)
            return np.asarray(share * factor * series, dtype=float)
        there, total = np.full(T.shape, factor), np.zeros(T.shape)
        for i in range(int(t)):
            total += there
            there = there * factor * (delta + T + 1 + i) / (gamma + delta + T + 1 + i)
        return np.asarray(share * total, dtype=float)

    @staticmethod
    def none(theta: Array, t: Array, x: Array, T: Array) -> Array:
        """Mass function at zero."""
        return BetaGeometricBetaBinomial.mass(theta, np.zeros(T.shape), t, x, T)

    @staticmethod
    def mass(theta: Array, k: Array, t: Array, x: Array, T: Array) -> Array:
        """P(k purchases in t periods) of a customer who is there in the first of them."""
        _whole("t", t)
        alpha, beta, gamma, delta = theta
        own_a, own_b, stay = alpha + x, beta + T - x, delta + T + 1

        def bought(periods: Array) -> Array:
            missed = periods - k
            possible = missed >= 0
            missed = np.where(possible, missed, 0.0)
            ways = gammaln(periods + 1.0) - gammaln(k + 1.0) - gammaln(missed + 1.0)
            log = ways + betaln(own_a + k, own_b + missed) - betaln(own_a, own_b)
            return np.where(possible, np.exp(np.where(possible, log, 0.0)), 0.0)

        # there in the first period: t - 1 further chances to leave
        lasting = np.exp(betaln(gamma, stay + np.maximum(t - 1, 0)) - betaln(gamma, stay))
        out = bought(t) * lasting
        for i in range(1, int(np.max(t, initial=0))):
            leaves = np.exp(betaln(gamma + 1, stay + i - 1) - betaln(gamma, stay))
            out = out + np.where(i < t, bought(np.full(T.shape, float(i))) * leaves, 0.0)
        return np.asarray(out, dtype=float)

    @staticmethod
    def draw(theta: Array, T: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        """Coins: one for leaving at the start of a period, one for buying in it."""
        alpha, beta, gamma, delta = theta
        p, leave = rng.beta(alpha, beta, T.size), rng.beta(gamma, delta, T.size)
        there = np.ones(T.size, dtype=bool)
        x, t_x = np.zeros(T.size), np.zeros(T.size)
        for period in range(1, int(np.max(T, initial=0)) + 1):
            there &= rng.random(T.size) >= leave
            buys = there & (rng.random(T.size) < p) & (period <= T)
            x[buys] += 1
            t_x[buys] = period
        return x, t_x

    def _judge(self, best: Optimum, rise: float | None) -> Finding:
        found = super()._judge(best, rise)
        if found.verdict not in STAYS:
            return found
        return replace(found, message=NO_DROPOUT if found.verdict == "no_dropout" else NO_BETTER)


class BetaBinomial(BetaGeometricBetaBinomial):
    """The baseline of BG/BB: customers differ in how often they buy, and nobody leaves."""

    title = "Beta-binomial"
    names = ("alpha", "beta")
    leaves = False
    timed = (0, 0)
    starts = ((1.0, 1.0),)

    @staticmethod
    def likelihood(rows: Purchases) -> Callable[[Array], Derivatives]:
        """B(alpha + x, beta + n - x) / B(alpha, beta)."""

        def evaluate(theta: Array) -> Derivatives:
            alpha, beta = theta
            p, q, n = alpha + rows.x, beta + rows.T - rows.x, rows.n
            both = psi(alpha + beta) - psi(p + q)
            shared = float(n @ (zeta(2, alpha + beta) - zeta(2, p + q)))
            return (
                float(n @ (betaln(p, q) - betaln(alpha, beta))),
                np.array([n @ (psi(p) - psi(alpha) + both), n @ (psi(q) - psi(beta) + both)]),
                np.array(
                    [
                        [shared + n @ (zeta(2, p) - zeta(2, alpha)), shared],
                        [shared, shared + n @ (zeta(2, q) - zeta(2, beta))],
                    ]
                ),
            )

        return evaluate

    @classmethod
    def scores(cls, theta: Array, x: Array, t_x: Array, T: Array) -> Array:
        """Gradient of that ratio's logarithm."""
        alpha, beta = theta
        both = psi(alpha + beta) - psi(alpha + beta + T)
        missed = psi(beta + T - x) - psi(beta)
        return np.array([psi(alpha + x) - psi(alpha) + both, missed + both])

    @staticmethod
    def alive(theta: Array, x: Array, t_x: Array, T: Array) -> Array:
        """Everyone is."""
        return np.ones(T.shape)

    @staticmethod
    def expected(theta: Array, t: Array, x: Array, T: Array) -> Array:
        """One chance a period."""
        _whole("t", t)
        return np.asarray((theta[0] + x) / (theta[0] + theta[1] + T) * t, dtype=float)

    @staticmethod
    def discounted(theta: Array, t: float, rate: float, x: Array, T: Array) -> Array:
        """Chance times annuity."""
        _whole("horizon", t)
        annuity = t if rate == 0 else -np.expm1(-rate * t) / np.expm1(rate)
        return np.asarray((theta[0] + x) / (theta[0] + theta[1] + T) * annuity, dtype=float)

    @staticmethod
    def none(theta: Array, t: Array, x: Array, T: Array) -> Array:
        """Mass function at zero."""
        return BetaBinomial.mass(theta, np.zeros(T.shape), t, x, T)

    @staticmethod
    def mass(theta: Array, k: Array, t: Array, x: Array, T: Array) -> Array:
        """Beta-binomial."""
        _whole("t", t)
        possible = k <= t
        missed = np.where(possible, t - k, 0.0)
        a, b = theta[0] + x, theta[1] + T - x
        ways = gammaln(t + 1.0) - gammaln(k + 1.0) - gammaln(missed + 1.0)
        log = ways + betaln(a + k, b + missed) - betaln(a, b)
        return np.asarray(np.where(possible, np.exp(np.where(possible, log, 0.0)), 0.0))

    @staticmethod
    def draw(theta: Array, T: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        """Coins for buying alone."""
        return BetaGeometricBetaBinomial.draw(np.array([*theta, 1e-300, 1.0]), T, rng)


BetaGeometricBetaBinomial.baseline, BetaBinomial.baseline = BetaBinomial, None
