"""What a fitted retention model tells: who stays, for how long, and what that is worth."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from workbench.arrays import Array
from workbench.clv.models.bias import Evidence, outer
from workbench.clv.models.fitted import Fitted
from workbench.clv.models.likelihood import in_logs
from workbench.clv.models.prediction import Prediction
from workbench.clv.models.rows import add_up, as_floats, distinct, refuse
from workbench.clv.units import per_year
from workbench.errors import DataError
from workbench.stats.intervals import proportion_interval
from workbench.stats.survival import product_limit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from workbench.clv.models.shifted_beta_geometric import ShiftedBetaGeometric


#: Readiness to leave, as a share of what it is, by which the worth of retention is measured.
LESS = 0.95


class ShiftedBetaGeometricResults(Fitted):
    """A fitted retention model; periods are in `unit`."""

    model: ShiftedBetaGeometric

    def evidence(self) -> Evidence:
        """As of every fit."""
        m = self.model
        n = np.concatenate([m.left, m.stayed])

        def spread(phi: Array) -> Array:
            theta = np.exp(phi)
            return outer(theta[:, None] * m.scores(theta), n)

        logged = np.ones(self.phi.size, dtype=bool)
        return Evidence(in_logs(m.likelihood()), spread, logged)

    def _predict(
        self,
        function: Callable[[Array, Array], Array],
        t: ArrayLike,
        probability: bool,
    ) -> Prediction:
        values, labels = as_floats("t", t)
        refuse("t", labels, values < 0, "is negative", "give zero or more periods")
        first, inverse = distinct(values)
        picked = values[first]
        return Prediction(
            lambda phi: function(np.exp(phi), picked),
            self.phi,
            self.covariance,
            inverse,
            link="logit" if probability else "log",
        )

    def survival(self, t: ArrayLike) -> Prediction:
        """P(still a customer after t renewals)."""
        return self._predict(lambda theta, t: np.exp(self.model.log_survival(theta, t)), t, True)

    def retention(self, t: ArrayLike) -> Prediction:
        """P(renewing the t-th time, given t - 1 renewals); t from 1."""
        survival = self.model.log_survival

        def given(theta: Array, t: Array) -> Array:
            return np.exp(survival(theta, t) - survival(theta, np.maximum(t - 1, 0.0)))

        return self._predict(given, t, True)

    def derl(self, discount_rate: float, renewals: ArrayLike) -> Prediction:
        """Discounted expected residual lifetime, in periods, just before the next renewal.

        Parameters
        ----------
        discount_rate : float
            A year, as a fraction.
        renewals : array_like
            Renewals made so far; a customer in their n-th period has made n - 1.
        """
        d = _period_rate(discount_rate, self.unit)

        return self._predict(
            lambda theta, made: self.model.residual(theta, made, d), renewals, False
        )

    def lifetime(self, discount_rate: float) -> Prediction:
        """Discounted expected lifetime of a new customer, in periods, the first one included."""
        d = _period_rate(discount_rate, self.unit)

        # what is left before the first renewal starts one period from now
        return self._predict(
            lambda theta, made: 1 + self.model.residual(theta, made, d) / (1 + d), [0.0], False
        )

    def curve(self, periods: int) -> pd.DataFrame:
        """Survival and retention with intervals, and what was observed.

        Returns
        -------
        DataFrame
            One row a period from 0: period, survival, low, high, retention, retention_low,
            retention_high, observed, observed_low, observed_high (see `observed`; NaN beyond the
            data).
        """
        t = np.arange(periods + 1, dtype=float)
        out = self.survival(t).table.rename(columns={"estimate": "survival"})
        out.insert(0, "period", t.astype(int))
        step = self.retention(t[1:]).table.rename(columns={"estimate": "retention"})
        step = step.rename(columns={"low": "retention_low", "high": "retention_high"})
        out = out.join(step.set_axis(out.index[1:]))
        known = self.observed_table().rename(columns={"estimate": "observed"})
        known = known.rename(columns={"low": "observed_low", "high": "observed_high"})
        return out.join(known)

    def observed(self, *, at_least: float = 0.05) -> Array:
        """Kaplan-Meier survival after 0, 1, ... renewals.

        Parameters
        ----------
        at_least : float
            The curve ends where fewer than this share of all customers are still followed: its
            last steps rest on a handful.
        """
        return self.observed_table(at_least=at_least)["estimate"].to_numpy(dtype=float)

    def observed_table(self, *, at_least: float = 0.05) -> pd.DataFrame:
        """Kaplan-Meier survival with its intervals (Greenwood's, on the scale of ln(-ln S)).

        Parameters
        ----------
        at_least : float
            As of `observed`.

        Returns
        -------
        DataFrame
            One row a number of renewals from 0: estimate, low, high.
        """
        table = product_limit(*self._followed(at_least))
        table.index += 1
        start = pd.DataFrame({"estimate": [1.0], "low": [1.0], "high": [1.0]})
        return pd.concat([start, table])

    def _followed(self, at_least: float) -> tuple[Array, Array]:
        """Count those who left in period 1, 2, ..., and those who might have."""
        m = self.model
        # at risk in period t: left in t or later, or stayed at least t periods
        left, stayed = m.left, m.stayed[1:]
        at_risk = np.cumsum((left + stayed)[::-1])[::-1]
        followed = at_risk >= max(at_least * m.nobs, 1)
        return np.asarray(left[followed], float), np.asarray(at_risk[followed], float)

    def worth_of_a_point(
        self, discount_rate: float, renewals: ArrayLike, fees: ArrayLike
    ) -> pd.DataFrame:
        """Value what would come of one more customer in a hundred who stays for another year.

        Everyone's expected readiness to leave falls from now on in one proportion.

        Parameters
        ----------
        discount_rate : float
            A year, as a fraction.
        renewals : array_like
            Renewals made so far by the customers there are.
        fees : array_like
            What each of them pays a period.

        Returns
        -------
        DataFrame
            One row: retention, retention_low, retention_high (of the next year, as it is),
            estimate, low, high.
        """
        d, year = _period_rate(discount_rate, self.unit), per_year(self.unit)
        made, labels = as_floats("renewals", renewals)
        refuse("renewals", labels, made < 0, "is negative", "give zero or more")
        paid = as_floats("fees", fees)[0]
        first, inverse = distinct(made)
        n, weight = add_up(inverse, np.ones(made.size)), add_up(inverse, paid)
        at = made[first]

        def kept(theta: Array) -> float:
            stays = self.model.log_survival(theta, at + year) - self.model.log_survival(theta, at)
            return float(n @ np.exp(stays) / n.sum())

        def given(phi: Array) -> Array:
            theta = np.exp(phi)
            better = theta.copy()
            better[:2] = theta[0] * LESS, theta[1] + theta[0] * (1 - LESS)
            gain = self.model.residual(better, at, d) - self.model.residual(theta, at, d)
            return np.array([weight @ gain / (kept(better) - kept(theta)) / 100])

        one = np.zeros(1, dtype=np.intp)
        whole = Prediction(given, self.phi, self.covariance, one)
        now = Prediction(
            lambda phi: np.array([kept(np.exp(phi))]), self.phi, self.covariance, one, link="logit"
        )
        names = {"estimate": "retention", "low": "retention_low", "high": "retention_high"}
        return whole.table.join(now.table.rename(columns=names))

    def plot_retention(self, ax: Axes | None = None, *, periods: int | None = None) -> Axes:
        """Share that renews, period by period, as fitted and as observed."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        ax = plt.gca() if ax is None else ax
        t = self.renewal(2 * self.model.periods.size if periods is None else periods)
        (line,) = ax.plot(t["period"], t["retention"], label="Expected")
        ax.fill_between(
            t["period"], t["low"], t["high"], color=line.get_color(), alpha=0.15, linewidth=0
        )
        ax.plot(t["period"], t["observed"], "o", markersize=4, label="Actual")
        ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=1))
        ax.set_xlabel("Renewals")
        ax.set_ylabel("Share that renews")
        ax.legend(frameon=False)
        return ax

    def renewal(self, periods: int) -> pd.DataFrame:
        """Retention with intervals, and what was observed.

        Returns
        -------
        DataFrame
            One row a period from 1: period, observed, observed_low, observed_high (Wilson's
            limits), retention, low, high.
        """
        t = np.arange(1, periods + 1)
        out = self.retention(t).table.rename(columns={"estimate": "retention"})
        left, at_risk = (v[:periods] for v in self._followed(0.05))
        known = [proportion_interval(n - gone, n) for gone, n in zip(left, at_risk, strict=True)]
        for i, name in enumerate(("observed", "observed_low", "observed_high")):
            found = np.full(t.size, np.nan)
            found[: len(known)] = [list(interval)[i] for interval in known]
            out.insert(i, name, found)
        out.insert(0, "period", t)
        return out

    def plot(self, ax: Axes | None = None, *, periods: int | None = None) -> Axes:
        """Survival as fitted and projected, with the observed curve."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        ax = plt.gca() if ax is None else ax
        t = self.curve(2 * self.model.periods.size if periods is None else periods)
        (line,) = ax.plot(t["period"], t["survival"], label="Expected")
        ax.fill_between(
            t["period"], t["low"], t["high"], color=line.get_color(), alpha=0.15, linewidth=0
        )
        ax.plot(t["period"], t["observed"], "o", markersize=4, label="Actual")
        ax.yaxis.set_major_formatter(PercentFormatter(1))
        ax.set_ylim(0, 1.02)
        ax.set_xlabel("Renewals")
        ax.set_ylabel("Share still customers")
        ax.legend(frameon=False)
        return ax


def _period_rate(discount_rate: float, unit: str | None) -> float:
    if not 0 < discount_rate <= 1:
        raise DataError(
            f"discount rate is {discount_rate}",
            remedy="give it a year and as a fraction: 0.10 for ten percent",
        )
    return float((1 + discount_rate) ** (1 / per_year(unit)) - 1)
