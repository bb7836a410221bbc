"""Customers under contract: how many stay, period by period, and what is left of their time.

References
----------
Fader, Hardie (2007), How to Project Customer Retention, Journal of Interactive Marketing 21(1),
76-90 (equations 5 to 8).
Fader, Hardie (2010), Customer-Base Valuation in a Contractual Setting: The Perils of Ignoring
Heterogeneity, Marketing Science 29(1), 85-93 (discounted expected residual lifetime).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import betaln, hyp2f1, psi, zeta

from workbench.arrays import Array
from workbench.clv.models.fitted import Verdict
from workbench.clv.models.likelihood import Derivatives, Optimum, covariance_of, in_logs, maximise
from workbench.clv.models.retention_results import ShiftedBetaGeometricResults
from workbench.clv.models.rows import as_floats, check_counts, refuse
from workbench.clv.units import one_unit
from workbench.errors import DataError


class ShiftedBetaGeometric:
    """sBG: at the end of each period a customer leaves with a probability of their own.

    Parameters
    ----------
    duration : array_like
        Period in which a customer left (1 = at the first renewal), or renewals made so far.
    ended : array_like of bool
        Whether the customer has left.
    counts : array_like, optional
        Customers that each row stands for.
    unit : str, optional
        Length of a period; by default the one that `contract_periods` noted, otherwise a year.
    """

    title: ClassVar[str] = "sBG"
    names: ClassVar[tuple[str, ...]] = ("alpha", "beta")
    start: ClassVar[tuple[float, ...]] = (1.0, 3.0)

    def __init__(
        self,
        duration: ArrayLike,
        ended: ArrayLike,
        counts: ArrayLike | None = None,
        *,
        unit: str | None = None,
    ) -> None:
        noted = duration.attrs.get("time_unit") if isinstance(duration, pd.Series) else None
        unit = one_unit(noted, unit, of="the durations and the model")
        t, labels = as_floats("duration", duration)
        if t.size == 0:
            raise DataError("there is no customer", remedy="check the filter and the dates")
        gone = np.asarray(ended)
        if gone.shape != t.shape:
            raise DataError(
                f"{gone.size} values of ended for {t.size} durations", remedy="give one a row"
            )
        gone = gone.astype(bool)
        refuse("duration", labels, t < 0, "is negative", "count periods from 0")
        refuse("duration", labels, t != np.round(t), "is not a whole number", "count whole periods")
        refuse(
            "duration",
            labels,
            gone & (t == 0),
            "is zero for a customer who left",
            "leaving in the first period is 1",
        )
        n = check_counts(counts, t.size)
        self.unit = unit or "year"
        self.periods = np.arange(1, int(t.max()) + 1, dtype=float)
        size = int(t.max()) + 1
        self.left = np.bincount(t[gone].astype(int), weights=n[gone], minlength=size)[1:]
        self.stayed = np.bincount(t[~gone].astype(int), weights=n[~gone], minlength=size)
        self.nobs = float(n.sum())

    @classmethod
    def from_cohort(cls, survivors: ArrayLike, *, unit: str = "year") -> Self:
        """Make the model from one cohort: customers at the start and after each period."""
        s, labels = as_floats("survivors", survivors)
        if s.size < 2:
            raise DataError("the cohort has fewer than two counts", remedy="observe one renewal")
        refuse("survivors", labels, s < 0, "is negative", "give numbers of customers")
        rising = np.concatenate([[False], np.diff(s) > 0])
        refuse("survivors", labels, rising, "rises", "a cohort only loses customers")
        lost = -np.diff(s)
        return cls(
            np.concatenate([np.arange(1, s.size), [s.size - 1]]),
            np.concatenate([np.ones(s.size - 1, dtype=bool), [False]]),
            np.concatenate([lost, [s[-1]]]),
            unit=unit,
        )

    def likelihood(self) -> Callable[[Array], Derivatives]:
        """Log-likelihood and derivatives: those who left by period, those still there."""
        t, left = self.periods, self.left
        u, stayed = np.arange(self.stayed.size, dtype=float), self.stayed

        def evaluate(theta: Array) -> Derivatives:
            a, b = theta
            # left in t: B(a + 1, b + t - 1); stayed u periods: B(a, b + u)
            value = (
                left @ betaln(a + 1, b + t - 1)
                + stayed @ betaln(a, b + u)
                - (left.sum() + stayed.sum()) * betaln(a, b)
            )
            n = left.sum() + stayed.sum()
            ab_left, ab_stay = a + b + t, a + b + u
            whole = n * psi(a + b) - left @ psi(ab_left) - stayed @ psi(ab_stay)
            whole2 = n * zeta(2, a + b) - left @ zeta(2, ab_left) - stayed @ zeta(2, ab_stay)
            g_a = left.sum() * psi(a + 1) + stayed.sum() * psi(a) - n * psi(a) + whole
            g_b = left @ psi(b + t - 1) + stayed @ psi(b + u) - n * psi(b) + whole
            h_aa = left.sum() * (zeta(2, a + 1) - zeta(2, a)) + whole2
            h_bb = left @ zeta(2, b + t - 1) + stayed @ zeta(2, b + u) - n * zeta(2, b) + whole2
            return (
                float(value),
                np.array([g_a, g_b]),
                np.array([[h_aa, whole2], [whole2, h_bb]]),
            )

        return evaluate

    def scores(self, theta: Array) -> Array:
        """Gradient of the log-likelihood of those who left in 1, 2, ..., who stayed 0, 1, ..."""
        a, b = theta
        t, u = self.periods, np.arange(self.stayed.size, dtype=float)
        left, stayed = psi(a + b) - psi(a + b + t), psi(a + b) - psi(a + b + u)
        return np.hstack(
            [
                [left + 1 / a, left + psi(b + t - 1) - psi(b)],
                [stayed, stayed + psi(b + u) - psi(b)],
            ]
        )

    @staticmethod
    def log_survival(theta: Array, t: Array) -> Array:
        """Log of P(still a customer after t renewals): equation 6."""
        return np.asarray(betaln(theta[0], theta[1] + t) - betaln(theta[0], theta[1]), dtype=float)

    @staticmethod
    def residual(theta: Array, made: Array, d: float) -> Array:
        """Discounted expected residual lifetime after `made` renewals, at rate d a period."""
        a, b = theta
        series = hyp2f1(1.0, b + made + 1, a + b + made + 1, 1 / (1 + d))
        return np.asarray((b + made) / (a + b + made) * series, dtype=float)

    def fit(self) -> ShiftedBetaGeometricResults:
        """Maximise the likelihood.

        Raises
        ------
        DataError
            Nobody left, or no renewal has come due: nothing can be learnt about leaving.
        """
        if not self.left.any():
            raise DataError(
                "no contract has ended", remedy="observe longer; report retention as 100 %"
            )
        if self.left.size < 2 or not (self.left[1:].any() or self.stayed[1:].any()):
            raise DataError(
                "contracts were seen for one period only",
                remedy="observe at least two renewals to tell customers apart",
            )
        best = maximise(
            in_logs(self.likelihood()),
            np.log(np.array(self.start)),
            lower=np.full(len(self.names), -16.0),
            upper=np.full(len(self.names), 12.0),
        )
        results = ShiftedBetaGeometricResults(
            params=pd.Series(np.exp(best.phi), index=list(self.names), name=self.title),
            phi=best.phi,
            covariance=covariance_of(best),
            llf=best.value,
            nobs=self.nobs,
            verdict=self._judge(best),
            unit=self.unit,
            evaluations=best.evaluations,
            free=len(self.names) - int(np.count_nonzero(best.bound)),
        )
        results.title, results.model = self.title, self
        return results

    def _judge(self, best: Optimum) -> Verdict:
        name = type(self).__name__
        if not best.converged:
            return Verdict(
                "not_converged",
                "The search for the maximum stopped before it was certain; do not use this fit.",
                {},
                name,
            )
        if best.bound.any():
            return Verdict(
                "no_heterogeneity",
                "Customers do not differ in their readiness to leave: retention is the same in "
                "every period.",
                {},
                name,
            )
        return Verdict("converged", "The fit converged at an inner maximum.", {}, name)
