"""What is known of customers (channel, region, sex) in their purchase and dropout processes.

References
----------
Fader, Hardie (2007), Incorporating Time-Invariant Covariates into the Pareto/NBD and BG/NBD
Models: customer i has alpha_i = alpha exp(-g1'z1_i) and, in Pareto/NBD, beta_i = beta
exp(-g2'z2_i); in BG/NBD a_i = a exp(g2'z2_i) and b_i = b exp(g3'z2_i).
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
import pandas as pd
from scipy.special import gammaincc

from workbench.arrays import Array
from workbench.clv.models.bias import Scoring, outer
from workbench.clv.models.fitted import Fitted, judged, not_converged
from workbench.clv.models.likelihood import Derivatives, Optimum, covariance_of, maximise
from workbench.clv.models.prediction import (
    Prediction,
    discounting,
    purchase_distribution,
    times,
    whole_purchases,
)
from workbench.clv.models.purchase import NO_RISE, STAYS, PurchaseModel, PurchaseResults
from workbench.clv.models.rows import Purchases, add_up, as_floats, distinct
from workbench.errors import DataError
from workbench.results import Finding
from workbench.stats.intervals import normal_quantile

#: Rows handled at once; of what is discounted fewer, because nodes multiply them.
BLOCK, SMALL_BLOCK = 4096, 128


def _columns(name: str, frame: pd.DataFrame | None, size: int) -> tuple[list[str], Array]:
    if frame is None:
        return [], np.zeros((0, size))
    if len(frame) != size:
        raise DataError(
            f"{name} has {len(frame)} rows for {size} customers", remedy="give one a customer"
        )
    values = [as_floats(f"{name} covariate {c}", frame[c].astype(object))[0] for c in frame]
    return [str(c) for c in frame], np.array(values).reshape(len(values), size)


class CovariateModel:
    """A purchase model in which what is known of customers tells how often they buy and stay.

    Parameters
    ----------
    base : PurchaseModel
    purchase, dropout : DataFrame, optional
        One row a customer, in the order of the model; numbers, 0/1 for categories.

    Raises
    ------
    DataError
        No covariate, another number of rows, text or missing values, a constant column or one
        that the others determine, a model that takes none.
    """

    def __init__(
        self,
        base: PurchaseModel,
        *,
        purchase: pd.DataFrame | None = None,
        dropout: pd.DataFrame | None = None,
    ) -> None:
        self.base, self.unit, self.index, self.counts = base, base.unit, base.index, base.counts
        self.rows = base.rows
        if not base.purchase_effects:
            base.by_row(np.zeros((4, 0)), *np.zeros((3, 0)))
        size = base.rows.inverse.size
        self.purchase_names, bought = _columns("purchase", purchase, size)
        self.dropout_names, left = _columns("dropout", dropout, size)
        if not self.purchase_names and not self.dropout_names:
            raise DataError("there is no covariate", remedy="give purchase, dropout, or both")
        for name, names, z in (
            ("purchase", self.purchase_names, bought),
            ("dropout", self.dropout_names, left),
        ):
            design = np.vstack([np.ones(size), z])
            design = design / np.maximum(np.abs(design).max(axis=1, keepdims=True), 1e-300)
            if np.linalg.matrix_rank(design @ design.T, tol=1e-9 * size) < len(names) + 1:
                raise DataError(
                    f"{name} covariates {', '.join(names)} cannot be told apart: one is constant, "
                    "or the others determine it",
                    remedy="leave out one category of each, and columns without variation",
                )
        self.z = np.vstack([bought, left])
        # which row of z acts on which parameter, with what sign
        effects, names_out = [], []
        for j, name in enumerate(self.purchase_names):
            for k, sign in base.purchase_effects:
                effects.append((j, k, sign))
                names_out.append(f"purchase: {name}")
        for j, name in enumerate(self.dropout_names, start=len(self.purchase_names)):
            for k, sign in base.dropout_effects:
                effects.append((j, k, sign))
                several = f" ({base.names[k]})" if len(base.dropout_effects) > 1 else ""
                names_out.append(f"dropout: {name}{several}")
        self.effects = effects
        self.names = (*base.names, *names_out)

    def parameters_of(self, phi: Array, z: Array) -> Array:
        """Parameters of customers with covariates z, shape (4, m)."""
        k = len(self.base.names)
        logs = np.repeat(phi[:k, None], z.shape[1], axis=1)
        for effect, (j, at, sign) in zip(phi[k:], self.effects, strict=True):
            logs[at] += sign * effect * z[j]
        return np.asarray(np.exp(np.clip(logs, -60.0, 60.0)), dtype=float)

    def slopes(self, z: Array) -> list[tuple[int, Array]]:
        """On which log parameter each entry of phi acts, and by how much for each customer."""
        own = [(at, np.ones(z.shape[1])) for at in range(len(self.base.names))]
        return [*own, *((at, sign * z[j]) for j, at, sign in self.effects)]

    def score_products(self, rows: Purchases, z: Array) -> Callable[[Array], Array]:
        """Sum of the outer products of the customers' scores, as a function of phi."""
        slopes, p = self.slopes(z), len(self.names)

        def total(phi: Array) -> Array:
            out = np.zeros((p, p))
            for lo in range(0, rows.x.size, BLOCK):
                part = slice(lo, lo + BLOCK)
                theta = self.parameters_of(phi, z[:, part])
                g = self.base.by_row(theta, rows.x[part], rows.t_x[part], rows.T[part])[1]
                scores = np.array([(theta * g)[at] * scale[part] for at, scale in slopes])
                out += outer(scores, rows.n[part])
            return out

        return total

    def likelihood(self, rows: Purchases, z: Array) -> Callable[[Array], Derivatives]:
        """Log-likelihood and derivatives as a function of log parameters and effects."""
        p, slopes = len(self.names), self.slopes(z)

        def evaluate(phi: Array) -> Derivatives:
            value, gradient, hessian = 0.0, np.zeros(p), np.zeros((p, p))
            for lo in range(0, rows.x.size, BLOCK):
                part = slice(lo, lo + BLOCK)
                theta = self.parameters_of(phi, z[:, part])
                v, g, h = self.base.by_row(theta, rows.x[part], rows.t_x[part], rows.T[part])
                n = rows.n[part]
                value += float(n @ v)
                g = theta * g
                h = h * theta[:, None] * theta[None]
                h[range(len(g)), range(len(g))] += g
                for i, (at, scale) in enumerate(slopes):
                    weight = n * scale[part]
                    gradient[i] += weight @ g[at]
                    for j in range(i + 1):
                        other, factor = slopes[j]
                        hessian[i, j] += (weight * factor[part]) @ h[at, other]
            return value, gradient, hessian + np.tril(hessian, -1).T

        return evaluate

    def covariates_of(
        self, purchase: pd.DataFrame | None, dropout: pd.DataFrame | None, size: int
    ) -> Array:
        """Covariates of other customers, in the order of the fit."""
        parts = []
        for name, wanted, frame in (
            ("purchase", self.purchase_names, purchase),
            ("dropout", self.dropout_names, dropout),
        ):
            missing = [c for c in wanted if frame is None or c not in frame]
            if missing:
                raise DataError(
                    f"{name} covariates lack {', '.join(missing)}",
                    remedy="give every covariate of the fit",
                )
            parts.append(_columns(name, None if frame is None else frame[wanted], size)[1])
        return np.vstack(parts)

    def box(self) -> tuple[Array, Array]:
        """Limits of the search: log parameters, then effects of scaled covariates."""
        k, effects = len(self.base.names), len(self.effects)
        return (
            np.concatenate([np.full(k, -16.0), np.full(effects, -20.0)]),
            np.concatenate([np.full(k, 12.0), np.full(effects, 20.0)]),
        )

    def scaled(self) -> tuple[Purchases, Array, Array, Array]:
        """Distinct customers and covariates as the search sees them, and the way back.

        Returns
        -------
        rows : Purchases
            Times in mean ages.
        z : ndarray
            Centred and scaled, which keeps the steps of the search of one size.
        back, shift : ndarray
            ``back @ phi + shift`` are log parameters and effects in the units of the data.
        """
        base, own = self.base, self.rows
        columns = [v[own.inverse] for v in (own.x, own.t_x, own.T)]
        first, inverse = distinct(*columns, *self.z)
        scale = base.time_scale(own)
        x, t_x, T = (c[first] for c in columns)
        n = add_up(inverse, self.counts, first.size)
        rows = Purchases(x, t_x / scale, T / scale, n, inverse, self.unit)
        middle = np.average(self.z, axis=1, weights=self.counts)
        sd = np.sqrt(np.average((self.z - middle[:, None]) ** 2, axis=1, weights=self.counts))
        z = (self.z[:, first] - middle[:, None]) / sd[:, None]
        k, effects = len(base.names), len(self.effects)
        back, shift = np.eye(k + effects), np.zeros(k + effects)
        for i, (j, at, sign) in enumerate(self.effects, start=k):
            back[i, i] = 1 / sd[j]
            back[at, i] = -sign * middle[j] / sd[j]
        shift[:k] = np.log(scale) * np.array(base.timed, dtype=float)
        return rows, z, back, shift

    def fit(self) -> CovariateResults:
        """Maximise the likelihood, from the fit without covariates."""
        base = self.base
        plain = base.fit()
        rows, z, back, shift = self.scaled()
        k, effects = len(base.names), len(self.effects)
        if plain.phi.size == k and plain.verdict == "converged":
            start = plain.phi - shift[:k]
        else:
            start = np.log(base._starts(rows)[0])
        lower, upper = self.box()
        start = np.concatenate([start, np.zeros(effects)])
        best = maximise(self.likelihood(rows, z), start, lower=lower, upper=upper)
        phi = back @ best.phi + shift
        # a density of times measured in mean ages, turned into one of the times given
        llf = best.value - float(np.log(base.time_scale(self.rows)) * (rows.n @ rows.x))
        params = pd.Series(
            np.concatenate([np.exp(phi[:k]), phi[k:]]), index=list(self.names), name=base.title
        )
        results = CovariateResults(
            params=params,
            phi=phi,
            covariance=back @ covariance_of(best) @ back.T,
            llf=llf,
            nobs=self.rows.customers,
            finding=self._judge(best, llf, plain, self._rise(best, self.likelihood(rows, z))),
            unit=self.unit,
            evaluations=best.evaluations,
            free=k + effects - int(np.count_nonzero(best.bound)),
        )
        results.title, results.model = f"{base.title} with covariates", self
        return results

    def _rise(self, best: Optimum, likelihood: Callable[[Array], Derivatives]) -> float:
        """Twice the likelihood that dropout gains, at most: over nobody leaving, all else alike."""
        stays = best.phi.copy()
        stays[2], stays[3] = self.box()[0][2], self.box()[1][3]
        for i, (_, at, _) in enumerate(self.effects, start=len(self.base.names)):
            stays[i] = 0.0 if at >= 2 else stays[i]
        return 2 * (best.value - likelihood(stays)[0])

    def _judge(self, best: Optimum, llf: float, plain: PurchaseResults, rise: float) -> Finding:
        name = type(self.base).__name__
        lr = max(float(2 * (llf - plain.llf)), 0.0)
        p = max(float(gammaincc(len(self.effects) / 2, lr / 2)), 0.001)
        values = {"lr": lr, "df": float(len(self.effects)), "p": p}
        if rise < NO_RISE:
            return judged(
                "no_dropout",
                "No sign that customers leave, whatever is known of them: every customer counts"
                " as active, and effects on leaving mean nothing.",
                values,
                "NBD",
            )
        if not best.converged:
            return not_converged(name, {})
        if best.bound.any():
            return judged(
                "boundary",
                "A parameter lies at the end of its range: predictions hold, but single effects "
                "mean nothing.",
                values,
                name,
            )
        if p > 0.05:
            message = (
                "The fit converged, but the covariates explain no more than chance would "
                "(likelihood ratio {lr} with {df} effects, p {p})."
            )
        else:
            message = (
                "The fit converged, and the covariates tell customers apart (likelihood ratio "
                "{lr} with {df} effects)."
            )
        return judged("converged", message, values, name)


@dataclass(frozen=True)
class Customers:
    """Whom a prediction is about: history, covariates, customers behind each row."""

    x: Array
    t_x: Array
    T: Array
    z: Array
    counts: Array
    index: pd.Index | None


class CovariateResults(Fitted):
    """A fitted purchase model with covariates.

    Predictions are of the customers of the fit; `of` asks about others.

    Effects stand after the parameters, which are those of a customer whose covariates are zero.
    A purchase effect g multiplies the rate of purchase by e^g. A dropout effect multiplies, in
    Pareto/NBD, the rate of leaving; in BG/NBD a or b of the dropout probability.
    """

    model: CovariateModel
    _others: Customers | None = None

    @property
    def leaves(self) -> bool:
        """Whether customers leave at all."""
        return self.verdict not in STAYS

    @property
    def _scales(self) -> Array:
        k = len(self.model.base.names)
        theta = self.params.to_numpy(dtype=float)
        return np.concatenate([theta[:k], np.ones(theta.size - k)])

    def scoring(self) -> Scoring:
        """As of every fit, in the covariates as they were given."""
        m = self.model
        rows, z, back, shift = m.scaled()
        there = np.linalg.inv(back)
        likelihood, products = m.likelihood(rows, z), m.score_products(rows, z)
        # the density of times measured in mean ages, turned into one of the times given
        per_scale = float(np.log(m.base.time_scale(m.rows)) * (rows.n @ rows.x))

        def evaluate(phi: Array) -> Derivatives:
            value, gradient, hessian = likelihood(there @ (phi - shift))
            return value - per_scale, there.T @ gradient, there.T @ hessian @ there

        def score_products(phi: Array) -> Array:
            return np.asarray(there.T @ products(there @ (phi - shift)) @ there, dtype=float)

        logged = np.arange(self.phi.size) < len(m.base.names)
        return Scoring(evaluate, score_products, logged)

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

    def of(
        self,
        customers: pd.DataFrame,
        *,
        purchase: pd.DataFrame | None = None,
        dropout: pd.DataFrame | None = None,
    ) -> Self:
        """Return the same fit, whose predictions are of other customers.

        Parameters
        ----------
        customers : DataFrame
            frequency, recency, age; all three are 0 for new customers.
        purchase, dropout : DataFrame, optional
            The covariates of the fit, for those customers.
        """
        m, out = self.model, copy(self)
        x, t_x, T = m.base.check(customers["frequency"], customers["recency"], customers["age"])
        z = m.covariates_of(purchase, dropout, x.size)
        out._others = Customers(x, t_x, T, z, np.ones(x.size), customers.index)
        return out

    @property
    def customers(self) -> Customers:
        """Whom the predictions are about."""
        if self._others is not None:
            return self._others
        m = self.model
        x, t_x, T = (v[m.rows.inverse] for v in (m.rows.x, m.rows.t_x, m.rows.T))
        return Customers(x, t_x, T, m.z, m.counts, m.index)

    def _predict(
        self,
        function: Callable[..., Array],
        *extra: Array,
        link: Literal["log", "logit"] = "log",
        block: int = BLOCK,
    ) -> Prediction:
        """Predict `function`(theta, *extra, x, t_x, T) with each customer's own parameters."""
        m, who = self.model, self.customers
        first, inverse = distinct(who.x, who.t_x, who.T, *who.z)
        x, t_x, T, z = (v[..., first] for v in (who.x, who.t_x, who.T, who.z))

        def predicted(phi: Array) -> Array:
            out = np.empty(x.size)
            for lo in range(0, x.size, block):
                part = slice(lo, lo + block)
                theta = m.parameters_of(phi, z[:, part])
                same = (np.full(theta.shape[1], float(value)) for value in extra)
                out[part] = function(theta, *same, x[part], t_x[part], T[part])
            return out

        return Prediction(
            predicted,
            self.phi,
            self.covariance,
            inverse,
            link=link,
            counts=who.counts,
            index=who.index,
        )

    def p_alive(self) -> Prediction:
        """P(alive at the end of observation)."""
        return self._predict(self.model.base.alive, link="logit")

    def expected_purchases(self, t: float) -> Prediction:
        """Purchases expected in the next `t` units of time."""
        return self._predict(self.model.base.expected_ahead, times("t", t))

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
        new = pd.DataFrame(0.0, index=some.index, columns=["frequency", "recency", "age"])
        return self.of(new, purchase=purchase, dropout=dropout).expected_purchases(t)

    def probability_none(self, t: float) -> Prediction:
        """P(no purchase in the next `t` units of time), whether gone or merely quiet."""
        return self._predict(self.model.base.none_ahead, times("t", t), link="logit")

    def pmf(self, k: int, t: float) -> Prediction:
        """P(k purchases in the next `t` units of time)."""
        ahead = self.model.base.mass_ahead
        return self._predict(ahead, whole_purchases(k), times("t", t), link="logit")

    def distribution(self, t: float, *, upto: int = 7) -> pd.DataFrame:
        """Count the customers by purchases expected in `t`; see `purchase_distribution`."""
        return purchase_distribution([self.pmf(k, t) for k in range(upto)])

    def dert(self, discount_rate: float, *, horizon: float = float("inf")) -> Prediction:
        """Discounted expected residual transactions at an annual rate."""
        rate, base = discounting(discount_rate, horizon, self.unit), self.model.base

        def ahead(theta: Array, x: Array, t_x: Array, T: Array) -> Array:
            return base.alive(theta, x, t_x, T) * base.discounted(theta, horizon, rate, x, T)

        return self._predict(ahead, block=SMALL_BLOCK)

    def refits(self) -> Callable[[Array], Array]:
        """Give a function from weights, one a customer, to the log parameters fitted with them."""
        m = self.model
        rows, z, back, shift = m.scaled()
        start: Array = np.asarray(np.linalg.solve(back, self.phi - shift), dtype=float)
        lower, upper = m.box()

        def refit(weights: Array) -> Array:
            n = add_up(rows.inverse, weights, rows.x.size)
            there = n > 0
            x, t_x, T = (v[there] for v in (rows.x, rows.t_x, rows.T))
            drawn = Purchases(x, t_x, T, n[there], np.arange(x.size), m.unit)
            best = maximise(m.likelihood(drawn, z[:, there]), start, lower=lower, upper=upper)
            return np.asarray(back @ best.phi + shift, dtype=float)

        return refit

    def simulate(self, *, rng: np.random.Generator) -> pd.DataFrame:
        """Draw the customers of the fit anew: frequency, recency, age."""
        m = self.model
        T = m.rows.T[m.rows.inverse]
        x, t_x = m.base.draw(m.parameters_of(self.phi, m.z), T, rng)
        return pd.DataFrame({"frequency": x, "recency": t_x, "age": T})
