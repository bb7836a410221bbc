"""Customers under contract whose readiness to leave changes with the time they have stayed.

References
----------
Fader, Hardie, Liu, Davin, Steenburgh (2018), "How to Project Customer Retention" Revisited: The
Role of Duration Dependence, Journal of Interactive Marketing 43, 1-16.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

import numpy as np
from scipy.special import betaln, gammaincc, psi, zeta

from workbench.arrays import Array
from workbench.clv.models.fitted import judged
from workbench.clv.models.likelihood import Derivatives, Optimum, in_logs, maximise
from workbench.clv.models.shifted_beta_geometric import ShiftedBetaGeometric
from workbench.results import Finding

#: Residual lifetimes are summed until discounting leaves less than this of a period.
NEGLIGIBLE = 1e-14
#: Periods handled at once in that sum.
BLOCK = 512


class BetaDiscreteWeibull(ShiftedBetaGeometric):
    """BdW: as sBG, but a customer's own chance to leave rises (c > 1) or falls (c < 1) with time.

    P(still a customer after t renewals) = B(alpha, beta + t^c) / B(alpha, beta); c = 1 is sBG, in
    which retention can only rise with time.
    """

    title: ClassVar[str] = "BdW"
    names: ClassVar[tuple[str, ...]] = ("alpha", "beta", "c")
    start: ClassVar[tuple[float, ...]] = (1.0, 3.0, 1.0)

    @staticmethod
    def log_survival(theta: Array, t: Array) -> Array:
        """Ln B(alpha, beta + t^c) - ln B(alpha, beta)."""
        a, b, c = theta
        return np.asarray(betaln(a, b + t**c) - betaln(a, b), dtype=float)

    @staticmethod
    def residual(theta: Array, made: Array, d: float) -> Array:
        """Sum of the discounted survival over all renewals to come."""
        log_d = np.log1p(d)
        last = int(-np.log(NEGLIGIBLE) / log_d) + 1
        now = BetaDiscreteWeibull.log_survival(theta, made)
        total = np.zeros(made.shape)
        for lo in range(0, last, BLOCK):
            ahead = np.arange(lo, min(lo + BLOCK, last), dtype=float)
            later = BetaDiscreteWeibull.log_survival(theta, made[:, None] + 1 + ahead)
            total += np.exp(later - now[:, None] - log_d * ahead).sum(axis=1)
        return total

    def _log_periods(self) -> Array:
        periods = np.arange(self.stayed.size, dtype=float)
        return np.asarray(np.log(np.maximum(periods, 1.0)), dtype=float)

    def _staying(self, theta: Array) -> tuple[Array, Array, Array, Array]:
        """t^c, its derivative by c, ln S(t) and its gradient, for t = 0, 1, ..."""
        a, b, c = theta
        t = np.arange(self.stayed.size, dtype=float)
        u = t**c
        rise = np.where(t > 0, u * self._log_periods(), 0.0)
        both, by_u = psi(a + b) - psi(a + b + u), psi(b + u) - psi(a + b + u)
        slope = np.array([both, by_u - psi(b) + psi(a + b), by_u * rise])
        return u, rise, np.asarray(betaln(a, b + u) - betaln(a, b), dtype=float), slope

    def _leaving(self, value: Array) -> tuple[Array, Array, Array]:
        """Ln (S(t - 1) - S(t)) from the log of either, and their weights in its gradient."""
        fall = value[1:] - value[:-1]
        with np.errstate(divide="ignore"):
            gone = value[:-1] + np.log(-np.expm1(fall))
        seen = self.left > 0
        w_1 = np.where(seen, 1 / np.maximum(np.expm1(-fall), 1e-300), 0.0)
        return gone, np.where(seen, 1 + w_1, 0.0), w_1

    def scores(self, theta: Array) -> Array:
        """As of the shifted beta-geometric model."""
        _, _, value, slope = self._staying(theta)
        _, w_0, w_1 = self._leaving(value)
        gone = w_0 * slope[:, :-1] - w_1 * slope[:, 1:]
        return np.asarray(np.hstack([gone, slope]), dtype=float)

    def likelihood(self) -> Callable[[Array], Derivatives]:
        """Those who left in t count S(t - 1) - S(t), those still there S(u)."""
        size, left, stayed = self.stayed.size, self.left, self.stayed
        log_t = self._log_periods()

        def evaluate(theta: Array) -> Derivatives:
            a, b, _ = theta
            u, rise, value, slope = self._staying(theta)
            bend, by_u = rise * log_t, psi(b + u) - psi(a + b + u)
            z_ab, z_abu, z_bu = zeta(2, a + b), zeta(2, a + b + u), zeta(2, b + u)
            by_uu = z_bu - z_abu
            curve = np.empty((3, 3, size))
            curve[0, 0] = curve[0, 1] = curve[1, 0] = z_ab - z_abu
            curve[1, 1] = by_uu - zeta(2, b) + z_ab
            curve[0, 2] = curve[2, 0] = -z_abu * rise
            curve[1, 2] = curve[2, 1] = by_uu * rise
            curve[2, 2] = by_uu * rise**2 + by_u * bend

            gone, w_0, w_1 = self._leaving(value)
            if not np.isfinite(gone[left > 0]).all():
                return -np.inf, np.zeros(3), np.zeros((3, 3))
            step = w_0 * slope[:, :-1] - w_1 * slope[:, 1:]
            outer = slope[:, None] * slope[None] + curve
            second = w_0 * outer[..., :-1] - w_1 * outer[..., 1:] - step[:, None] * step[None]
            used = np.where(left > 0, gone, 0.0)
            return (
                float(left @ used + stayed @ value),
                step @ left + slope @ stayed,
                second @ left + curve @ stayed,
            )

        return evaluate

    def _judge(self, best: Optimum) -> Finding:
        found = super()._judge(best)
        plain = maximise(
            in_logs(ShiftedBetaGeometric.likelihood(self)),
            np.log(np.array(ShiftedBetaGeometric.start)),
            lower=np.full(2, -16.0),
            upper=np.full(2, 12.0),
        )
        lr = max(2 * (best.value - plain.value), 0.0)
        # below a thousandth the exact figure says nothing more
        p = max(float(gammaincc(0.5, lr / 2)), 0.001)
        values = {"c": float(np.exp(best.phi[2])), "lr": lr, "p": p}
        if found.verdict != "converged":
            return replace(found, values=values)
        if p > 0.05:
            return judged(
                "converged",
                "The fit converged, but it is no better than the shifted beta-geometric model, in "
                "which a customer's readiness to leave does not change with time (likelihood "
                "ratio {lr}, p {p}).",
                values,
                type(self).__name__,
            )
        return judged(
            "converged",
            "The fit converged, and the readiness to leave changes with the time a customer has "
            "stayed (c = {c}; likelihood ratio against the model without such a change: {lr}).",
            values,
            type(self).__name__,
        )
