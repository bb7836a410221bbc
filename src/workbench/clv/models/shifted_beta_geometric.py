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
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import betaln, hyp2f1, psi, zeta

from workbench.arrays import Array
from workbench.clv.models.bias import Scoring, outer
from workbench.clv.models.fitted import Fitted, judged, not_converged
from workbench.clv.models.likelihood import Derivatives, Optimum, covariance_of, in_logs, maximise
from workbench.clv.models.prediction import Prediction
from workbench.clv.models.rows import add_up, as_floats, check_counts, distinct, refuse
from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, labelled
from workbench.stats.intervals import proportion_interval
from workbench.stats.survival import product_limit
from workbench.units import one_unit, per_year

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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

    Examples
    --------
    >>> import numpy as np
    >>> from workbench.clv import ShiftedBetaGeometric
    >>> ended, running = [369, 163, 86, 56, 37, 27, 21], 241
    >>> years = [*range(1, 8), 7]
    >>> gone = [True] * 7 + [False]
    >>> fit = ShiftedBetaGeometric(years, gone, [*ended, running], unit="year").fit()
    >>> fit.params.round(3).tolist()
    [0.704, 1.182]
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
            finding=self._judge(best),
            unit=self.unit,
            evaluations=best.evaluations,
            free=len(self.names) - int(np.count_nonzero(best.bound)),
        )
        results.title, results.model = self.title, self
        return results

    def _judge(self, best: Optimum) -> Finding:
        name = type(self).__name__
        if not best.converged:
            return not_converged(name, {})
        if best.bound.any():
            return judged(
                "no_heterogeneity",
                "Customers do not differ in their readiness to leave: retention is the same in "
                "every period.",
                {},
                name,
            )
        return judged("converged", "The fit converged.", {}, name)


#: Readiness to leave, as a share of what it is, by which the worth of retention is measured.
LESS = 0.95


#: Periods below a figure.
SHOWN = 36

ONE_MORE_WHO_STAYS = (
    "A running contract can be expected to run for another {months} months, discounted. Of 100 "
    "subscribers, {kept} stay for another year; one more would be worth {worth} in fees."
)
BY_THE_MODEL = (
    "By the {model} model, {year} of new contracts last a year and {two} two years; it is from the "
    "model that the value of contracts comes."
)


class ShiftedBetaGeometricResults(Fitted):
    """A fitted retention model; periods are in `unit`.

    `why` says, after `choose_retention`, which model was taken.
    """

    model: ShiftedBetaGeometric
    why: tuple[Finding, ...] = ()

    def scoring(self) -> Scoring:
        """As of every fit."""
        m = self.model
        n = np.concatenate([m.left, m.stayed])

        def score_products(phi: Array) -> Array:
            theta = np.exp(phi)
            return outer(theta[:, None] * m.scores(theta), n)

        logged = np.ones(self.phi.size, dtype=bool)
        return Scoring(in_logs(m.likelihood()), score_products, logged)

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

        def renewed(theta: Array, t: Array) -> Array:
            return np.exp(survival(theta, t) - survival(theta, np.maximum(t - 1, 0.0)))

        return self._predict(renewed, t, True)

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
        return labelled(
            out.join(known),
            period="Renewals",
            observed=("Actual", "percent"),
            survival=("Expected", "percent"),
        )

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

    def value_of_a_point(
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

        def retained(theta: Array) -> float:
            stays = self.model.log_survival(theta, at + year) - self.model.log_survival(theta, at)
            return float(n @ np.exp(stays) / n.sum())

        def gain_a_point(phi: Array) -> Array:
            theta = np.exp(phi)
            better = theta.copy()
            better[:2] = theta[0] * LESS, theta[1] + theta[0] * (1 - LESS)
            gain = self.model.residual(better, at, d) - self.model.residual(theta, at, d)
            return np.array([weight @ gain / (retained(better) - retained(theta)) / 100])

        one = np.zeros(1, dtype=np.intp)
        whole = Prediction(gain_a_point, self.phi, self.covariance, one)
        now = Prediction(
            lambda phi: np.array([retained(np.exp(phi))]),
            self.phi,
            self.covariance,
            one,
            link="logit",
        )
        names = {"estimate": "retention", "low": "retention_low", "high": "retention_high"}
        return whole.table.join(now.table.rename(columns=names))

    def point_of_retention(
        self, discount_rate: float, renewals: ArrayLike, fees: ArrayLike, currency: str = ""
    ) -> Finding:
        """Say what `value_of_a_point` gives, and how long a running contract still lasts."""
        row = self.value_of_a_point(discount_rate, renewals, fees).iloc[0]
        worth = Estimate(float(row["estimate"]), float(row["low"]), float(row["high"]))
        low, high = float(row["retention_low"]), float(row["retention_high"])
        retained = Estimate(float(row["retention"]), low, high).scaled(100)
        values = {
            "months": self.derl(discount_rate, renewals).mean(),
            "kept": retained,
            "worth": worth.named(kind="money", unit=currency),
        }
        return Finding("contracts.point", ONE_MORE_WHO_STAYS, values, severity="ok")

    def plot_retention(
        self, ax: Axes | None = None, *, periods: int | None = None, language: str | Language = "en"
    ) -> Axes:
        """Share that renews, period by period, as fitted and as observed."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.renewal(2 * self.model.periods.size if periods is None else periods)
        draw_periods(ax, t, "retention", labels=(say("Expected"), say("Actual")))
        ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=1))
        ax.set_xlabel(say("Renewals"))
        ax.set_ylabel(say("Share that renews"))
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
        return labelled(
            out,
            period="Renewals",
            observed=("Actual", "percent:1"),
            retention=("Expected", "percent:1"),
        )

    def retained(self, years: int = 1) -> Estimate:
        """Share of new contracts that last so many years, by the model."""
        row = self.survival(years * per_year(self.unit)).table.iloc[0]
        value, low, high = (float(row[c]) for c in ("estimate", "low", "high"))
        return Estimate(
            value,
            low,
            high,
            self.nobs,
            kind="percent",
            label="Contracts that last a year, by the model" if years == 1 else "",
            better="up",
            fact=f"contracts.kept_{years}y.model",
        )

    def findings(self) -> list[Finding]:
        """Say how many contracts last by the model, and whether the fit may be believed."""
        values = {"year": self.retained(1), "two": self.retained(2), "model": self.title}
        return [Finding("contracts.model", BY_THE_MODEL, values), *super().findings()]

    def plot(
        self, ax: Axes | None = None, *, periods: int | None = None, language: str | Language = "en"
    ) -> Axes:
        """Survival as fitted and projected, with the observed curve."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.curve(2 * self.model.periods.size if periods is None else periods)
        draw_periods(ax, t, "survival", labels=(say("Expected"), say("Actual")))
        return survival_axes(ax, say)

    def picture(self) -> Picture:
        """Survival, observed and expected."""
        return Picture(
            self.plot,
            "How long subscribers stay",
            "Share of subscribers still under contract, by monthly renewals",
            self.curve(SHOWN),
        )

    def renewals(self) -> Picture:
        """Retention month by month, observed and expected."""
        return Picture(
            self.plot_retention,
            "Who renews, month by month",
            "Share of subscribers who renew, by monthly renewals",
            self.renewal(SHOWN),
        )


def draw_periods(
    ax: Axes, table: pd.DataFrame, column: str, *, labels: tuple[str, str | None]
) -> None:
    """Draw what a fit expects by period, its band, and what was observed as dots."""
    (line,) = ax.plot(table["period"], table[column], label=labels[0])
    colour = line.get_color()
    ax.fill_between(
        table["period"], table["low"], table["high"], color=colour, alpha=0.15, linewidth=0
    )
    dots = colour if labels[1] is None else None
    ax.plot(table["period"], table["observed"], "o", markersize=4, color=dots, label=labels[1])


def survival_axes(ax: Axes, say: Language) -> Axes:
    """Label the axes of a survival curve of contracts."""
    from matplotlib.ticker import PercentFormatter

    ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.set_ylim(0, 1.02)
    ax.set_xlabel(say("Renewals"))
    ax.set_ylabel(say("Share still customers"))
    ax.legend(frameon=False)
    return ax


def _period_rate(discount_rate: float, unit: str | None) -> float:
    if not 0 < discount_rate <= 1:
        raise DataError(
            f"discount rate is {discount_rate}",
            remedy="give it a year and as a fraction: 0.10 for ten percent",
        )
    return float((1 + discount_rate) ** (1 / per_year(unit)) - 1)
