"""What is known of customers (channel, region, sex) in their purchase and dropout processes.

References
----------
Fader, Hardie (2007), Incorporating Time-Invariant Covariates into the Pareto/NBD and BG/NBD
Models: customer i has alpha_i = alpha exp(-g1'z1_i) and, in Pareto/NBD, beta_i = beta
exp(-g2'z2_i); in BG/NBD a_i = a exp(g2'z2_i) and b_i = b exp(g3'z2_i).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import gammaincc

from workbench.clv.forecast import times
from workbench.clv.newton import Derivatives, Optimum, covariance_of, maximise
from workbench.clv.purchase import PurchaseModel
from workbench.clv.results import Fitted, Prediction, Verdict
from workbench.clv.rows import Purchases, add_up, as_floats, distinct
from workbench.clv.units import continuous_rate
from workbench.errors import DataError
from workbench.stats.intervals import normal_quantile

Array = NDArray[np.float64]

#: Rows handled at once, in the likelihood and in predictions (whose nodes multiply them).
BLOCK = 4096
SMALL_BLOCK = 128


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
    """A purchase model whose parameters depend on covariates; see `PurchaseModel.with_covariates`.

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

    def own(self, phi: Array, z: Array) -> Array:
        """Parameters of customers with covariates z, shape (4, m)."""
        k = len(self.base.names)
        logs = np.repeat(phi[:k, None], z.shape[1], axis=1)
        for effect, (j, at, sign) in zip(phi[k:], self.effects, strict=True):
            logs[at] += sign * effect * z[j]
        return np.asarray(np.exp(np.clip(logs, -60.0, 60.0)), dtype=float)

    def likelihood(self, rows: Purchases, z: Array) -> Callable[[Array], Derivatives]:
        """Log-likelihood and derivatives as a function of log parameters and effects."""
        k, p = len(self.base.names), len(self.names)
        acts = [*((at, np.ones(rows.x.size)) for at in range(k))]
        acts += [(at, sign * z[j]) for j, at, sign in self.effects]

        def evaluate(phi: Array) -> Derivatives:
            value, gradient, hessian = 0.0, np.zeros(p), np.zeros((p, p))
            for lo in range(0, rows.x.size, BLOCK):
                part = slice(lo, lo + BLOCK)
                theta = self.own(phi, z[:, part])
                v, g, h = self.base.by_row(theta, rows.x[part], rows.t_x[part], rows.T[part])
                n = rows.n[part]
                value += float(n @ v)
                g = theta * g
                h = h * theta[:, None] * theta[None]
                h[range(k), range(k)] += g
                for i, (at, scale) in enumerate(acts):
                    weight = n * scale[part]
                    gradient[i] += weight @ g[at]
                    for j in range(i + 1):
                        other, factor = acts[j]
                        hessian[i, j] += (weight * factor[part]) @ h[at, other]
            return value, gradient, hessian + np.tril(hessian, -1).T

        return evaluate

    def fit(self) -> CovariateResults:
        """Maximise the likelihood, from the fit without covariates."""
        base, given = self.base, self.rows
        plain = base.fit()
        columns = [v[given.inverse] for v in (given.x, given.t_x, given.T)]
        first, inverse = distinct(*columns, *self.z)
        scale = base.time_scale(given)
        x, t_x, T = (c[first] for c in columns)
        n = add_up(inverse, self.counts, first.size)
        rows = Purchases(x, t_x / scale, T / scale, n, inverse, self.unit)
        # centred and scaled covariates keep the steps of the search of one size
        middle = np.average(self.z, axis=1, weights=self.counts)
        spread = np.sqrt(np.average((self.z - middle[:, None]) ** 2, axis=1, weights=self.counts))
        z = (self.z[:, first] - middle[:, None]) / spread[:, None]
        k, effects = len(base.names), len(self.effects)
        shift = np.log(scale) * np.array(base.timed, dtype=float)
        if plain.phi.size == k and plain.verdict.kind == "converged":
            start = plain.phi - shift
        else:
            start = np.log(base._starts(rows)[0])
        best = maximise(
            self.likelihood(rows, z),
            np.concatenate([start, np.zeros(effects)]),
            lower=np.concatenate([np.full(k, -16.0), np.full(effects, -20.0)]),
            upper=np.concatenate([np.full(k, 12.0), np.full(effects, 20.0)]),
        )
        back = np.eye(k + effects)
        for i, (j, at, sign) in enumerate(self.effects, start=k):
            back[i, i] = 1 / spread[j]
            back[at, i] = -sign * middle[j] / spread[j]
        phi = back @ best.phi
        phi[:k] += shift
        llf = best.value - float(np.log(scale) * (n @ x))
        params = pd.Series(
            np.concatenate([np.exp(phi[:k]), phi[k:]]), index=list(self.names), name=base.title
        )
        results = CovariateResults(
            params=params,
            phi=phi,
            covariance=back @ covariance_of(best) @ back.T,
            llf=llf,
            nobs=given.customers,
            verdict=self._judge(best, llf, plain.llf),
            unit=self.unit,
            evaluations=best.evaluations,
            free=k + effects - int(np.count_nonzero(best.bound)),
        )
        results.title, results.model = f"{base.title} with covariates", self
        return results

    def _judge(self, best: Optimum, llf: float, plain: float) -> Verdict:
        name = type(self.base).__name__
        if not best.converged:
            return Verdict(
                "not_converged",
                "The search for the maximum stopped before it was certain; do not use this fit.",
                {},
                name,
            )
        lr = max(2 * (llf - plain), 0.0)
        p = max(float(gammaincc(len(self.effects) / 2, lr / 2)), 0.001)
        values = {"lr": lr, "df": float(len(self.effects)), "p": p}
        if best.bound.any():
            return Verdict(
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
        return Verdict("converged", message, values, name)


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
        what: Literal["alive", "expected", "none", "discounted"],
        extra: tuple[float, ...],
        customers: pd.DataFrame | None,
        purchase: pd.DataFrame | None,
        dropout: pd.DataFrame | None,
    ) -> Prediction:
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
            parts = []
            for name, wanted, frame in (
                ("purchase", m.purchase_names, purchase),
                ("dropout", m.dropout_names, dropout),
            ):
                missing = [c for c in wanted if frame is None or c not in frame]
                if missing:
                    raise DataError(
                        f"{name} covariates lack {', '.join(missing)}",
                        remedy="give every covariate of the fit",
                    )
                chosen = None if frame is None else frame[wanted]
                parts.append(_columns(name, chosen, columns[0].size)[1])
            z, index = np.vstack(parts), customers.index
        first, inverse = distinct(*columns, *z)
        x, t_x, T = (c[first] for c in columns)
        z = z[:, first]
        block = SMALL_BLOCK if what == "discounted" else BLOCK

        def given(phi: Array) -> Array:
            out = np.empty(x.size)
            for lo in range(0, x.size, block):
                part = slice(lo, lo + block)
                theta = m.own(phi, z[:, part])
                alive = law.alive(theta, x[part], t_x[part], T[part])
                ahead = np.full(alive.size, extra[0]) if what in ("expected", "none") else T[part]
                if what == "alive":
                    out[part] = alive
                elif what == "expected":
                    out[part] = alive * law.expected(theta, ahead, x[part], T[part])
                elif what == "none":
                    out[part] = 1 - alive * (1 - law.none(theta, ahead, x[part], T[part]))
                else:
                    out[part] = alive * law.discounted(theta, extra[0], extra[1], x[part], T[part])
            return out

        link: Literal["log", "logit"] = "logit" if what in ("alive", "none") else "log"
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
        return self._ask("alive", (), customers, purchase, dropout)

    def expected_purchases(
        self,
        t: float,
        customers: pd.DataFrame | None = None,
        *,
        purchase: pd.DataFrame | None = None,
        dropout: pd.DataFrame | None = None,
    ) -> Prediction:
        """Purchases expected in the next `t` units of time; see `p_alive`."""
        return self._ask("expected", (float(times("t", t)),), customers, purchase, dropout)

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
        return self._ask("none", (float(times("t", t)),), customers, purchase, dropout)

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
        return self._ask("discounted", (horizon, rate), customers, purchase, dropout)

    def simulate(self, *, rng: np.random.Generator) -> pd.DataFrame:
        """Draw the customers of the fit anew: frequency, recency, age."""
        m = self.model
        T = m.rows.T[m.rows.inverse]
        x, t_x = m.base.draw(m.own(self.phi, m.z), T, rng)
        return pd.DataFrame({"frequency": x, "recency": t_x, "age": T})
