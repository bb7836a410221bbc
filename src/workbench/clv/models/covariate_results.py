"""What a purchase model with covariates tells, of its own customers, new ones, and others."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from workbench.arrays import Array
from workbench.clv.models.bias import Evidence
from workbench.clv.models.fitted import Fitted
from workbench.clv.models.forecast import spread_over, times
from workbench.clv.models.likelihood import Derivatives, maximise
from workbench.clv.models.prediction import Prediction
from workbench.clv.models.rows import Purchases, add_up, distinct
from workbench.clv.units import continuous_rate
from workbench.errors import DataError
from workbench.stats.intervals import normal_quantile

if TYPE_CHECKING:
    from workbench.clv.models.covariates import CovariateModel


#: Rows handled at once; of what is discounted fewer, because nodes multiply them.
BLOCK = 4096
SMALL_BLOCK = 128


class CovariateResults(Fitted):
    """A fitted purchase model with covariates.

    Effects stand after the parameters, which are those of a customer whose covariates are zero.
    A purchase effect g multiplies the rate of purchase by e^g. A dropout effect multiplies, in
    Pareto/NBD, the rate of leaving; in BG/NBD a or b of the dropout probability.
    """

    model: CovariateModel

    @property
    def _scales(self) -> Array:
        k = len(self.model.base.names)
        theta = self.params.to_numpy(dtype=float)
        return np.concatenate([theta[:k], np.ones(theta.size - k)])

    def evidence(self) -> Evidence:
        """As of every fit, in the covariates as they were given."""
        m = self.model
        rows, z, back, shift = m.scaled()
        there = np.linalg.inv(back)
        inside, among = m.likelihood(rows, z), m.spread(rows, z)
        # the density of times measured in mean ages, turned into one of the times given
        per_scale = float(np.log(m.base.time_scale(m.rows)) * (rows.n @ rows.x))

        def evaluate(phi: Array) -> Derivatives:
            value, gradient, hessian = inside(there @ (phi - shift))
            return value - per_scale, there.T @ gradient, there.T @ hessian @ there

        def spread(phi: Array) -> Array:
            return np.asarray(there.T @ among(there @ (phi - shift)) @ there, dtype=float)

        logged = np.arange(self.phi.size) < len(m.base.names)
        return Evidence(evaluate, spread, logged)

    def cov_params(self) -> pd.DataFrame:
        """Covariance of parameters and effects; NaN where one lies at the boundary."""
        covariance = self.covariance * np.outer(self._scales, self._scales)
        held = np.flatnonzero(~(np.diag(covariance) > 0))
        covariance[held, :] = np.nan
        covariance[:, held] = np.nan
        return pd.DataFrame(covariance, index=self.params.index, columns=self.params.index)

    def conf_int(self, level: float = 0.95) -> pd.DataFrame:
        """Limits: parameters on the log scale, effects on their own."""
        out = super().conf_int(level)
        effects = self.params.index[len(self.model.base.names) :]
        width = normal_quantile(level) * self.bse[effects]
        out.loc[effects, "low"] = self.params[effects] - width
        out.loc[effects, "high"] = self.params[effects] + width
        return out

    def _ask(
        self,
        of: Callable[[Array, Array, Array, Array], Array],
        customers: pd.DataFrame | None,
        purchase: pd.DataFrame | None,
        dropout: pd.DataFrame | None,
        *,
        link: Literal["log", "logit"] = "log",
        block: int = BLOCK,
    ) -> Prediction:
        """Predict `of`(theta, x, t_x, T) with each customer's own parameters."""
        m, law = self.model, self.model.base
        counts: Array | None = None
        index: pd.Index | None
        if customers is None:
            columns = [v[m.rows.inverse] for v in (m.rows.x, m.rows.t_x, m.rows.T)]
            z, counts, index = m.z, m.counts, m.index
        else:
            columns = list(
                law.check(customers["frequency"], customers["recency"], customers["age"])
            )
            z, index = m.covariates_of(purchase, dropout, columns[0].size), customers.index
        first, inverse = distinct(*columns, *z)
        x, t_x, T = (c[first] for c in columns)
        z = z[:, first]

        def given(phi: Array) -> Array:
            out = np.empty(x.size)
            for lo in range(0, x.size, block):
                part = slice(lo, lo + block)
                out[part] = of(m.own(phi, z[:, part]), x[part], t_x[part], T[part])
            return out

        return Prediction(
            given, self.phi, self.covariance, inverse, link=link, counts=counts, index=index
        )

    def p_alive(
        self,
        customers: pd.DataFrame | None = None,
        *,
        purchase: pd.DataFrame | None = None,
        dropout: pd.DataFrame | None = None,
    ) -> Prediction:
        """P(alive) of the customers of the fit, or of others with their covariates.

        Parameters
        ----------
        customers : DataFrame, optional
            frequency, recency, age.
        purchase, dropout : DataFrame, optional
            The covariates of the fit, for those customers.
        """
        return self._ask(self.model.base.alive, customers, purchase, dropout, link="logit")

    def expected_purchases(
        self,
        t: float,
        customers: pd.DataFrame | None = None,
        *,
        purchase: pd.DataFrame | None = None,
        dropout: pd.DataFrame | None = None,
    ) -> Prediction:
        """Purchases expected in the next `t` units of time; see `p_alive`."""
        law, ahead = self.model.base, float(times("t", t))

        def given(theta: Array, x: Array, t_x: Array, T: Array) -> Array:
            later = law.expected(theta, np.full(x.size, ahead), x, T)
            return law.alive(theta, x, t_x, T) * later

        return self._ask(given, customers, purchase, dropout)

    def expected_purchases_new(
        self,
        t: float,
        *,
        purchase: pd.DataFrame | None = None,
        dropout: pd.DataFrame | None = None,
    ) -> Prediction:
        """Repeat purchases expected of new customers within `t` of their first purchase."""
        some = purchase if purchase is not None else dropout
        if some is None:
            raise DataError("new customers have no covariates", remedy="give purchase or dropout")
        nobody = pd.DataFrame(0.0, index=some.index, columns=["frequency", "recency", "age"])
        return self.expected_purchases(t, nobody, purchase=purchase, dropout=dropout)

    def probability_none(
        self,
        t: float,
        customers: pd.DataFrame | None = None,
        *,
        purchase: pd.DataFrame | None = None,
        dropout: pd.DataFrame | None = None,
    ) -> Prediction:
        """P(no purchase in the next `t` units of time); see `p_alive`."""
        law, ahead = self.model.base, float(times("t", t))

        def given(theta: Array, x: Array, t_x: Array, T: Array) -> Array:
            none = law.none(theta, np.full(x.size, ahead), x, T)
            return 1 - law.alive(theta, x, t_x, T) * (1 - none)

        return self._ask(given, customers, purchase, dropout, link="logit")

    def pmf(
        self,
        k: int,
        t: float,
        customers: pd.DataFrame | None = None,
        *,
        purchase: pd.DataFrame | None = None,
        dropout: pd.DataFrame | None = None,
    ) -> Prediction:
        """P(k purchases in the next `t` units of time); see `p_alive`.

        New customers are those whose frequency, recency and age are 0.
        """
        law, ahead, number = self.model.base, float(times("t", t)), float(times("k", k))
        if number != round(number):
            raise DataError("k is not a whole number", remedy="k counts purchases")

        def given(theta: Array, x: Array, t_x: Array, T: Array) -> Array:
            alive = law.alive(theta, x, t_x, T)
            size = np.ones(x.size)
            mass = law.mass(theta, number * size, ahead * size, x, T)
            return alive * mass + (1 - alive if number == 0 else 0.0)

        return self._ask(given, customers, purchase, dropout, link="logit")

    def distribution(self, t: float, *, upto: int = 7) -> pd.DataFrame:
        """Count the fit's customers by purchases expected in the next `t`; see `spread_over`."""
        return spread_over([self.pmf(k, t) for k in range(upto)])

    def dert(
        self,
        discount_rate: float,
        customers: pd.DataFrame | None = None,
        *,
        horizon: float = float("inf"),
        purchase: pd.DataFrame | None = None,
        dropout: pd.DataFrame | None = None,
    ) -> Prediction:
        """Discounted expected residual transactions at an annual rate; see `p_alive`."""
        rate = continuous_rate(discount_rate, self.unit)
        if not horizon > 0 or (rate == 0 and np.isinf(horizon)):
            raise DataError(
                f"rate is {rate}, horizon {horizon}",
                remedy="give a positive horizon, finite where nothing is discounted",
            )
        law = self.model.base

        def given(theta: Array, x: Array, t_x: Array, T: Array) -> Array:
            return law.alive(theta, x, t_x, T) * law.discounted(theta, horizon, rate, x, T)

        return self._ask(given, customers, purchase, dropout, block=SMALL_BLOCK)

    def refits(self) -> Callable[[Array], Array]:
        """Give a function from weights, one a customer, to the log parameters fitted with them."""
        m = self.model
        rows, z, back, shift = m.scaled()
        start: Array = np.asarray(np.linalg.solve(back, self.phi - shift), dtype=float)
        lower, upper = m.box()

        def refit(weights: Array) -> Array:
            n = add_up(rows.inverse, weights, rows.x.size)
            kept = n > 0
            x, t_x, T = (v[kept] for v in (rows.x, rows.t_x, rows.T))
            drawn = Purchases(x, t_x, T, n[kept], np.arange(x.size), m.unit)
            best = maximise(m.likelihood(drawn, z[:, kept]), start, lower=lower, upper=upper)
            return np.asarray(back @ best.phi + shift, dtype=float)

        return refit

    def simulate(self, *, rng: np.random.Generator) -> pd.DataFrame:
        """Draw the customers of the fit anew: frequency, recency, age."""
        m = self.model
        T = m.rows.T[m.rows.inverse]
        x, t_x = m.base.draw(m.own(self.phi, m.z), T, rng)
        return pd.DataFrame({"frequency": x, "recency": t_x, "age": T})
