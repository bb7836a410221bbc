"""What is known of customers (channel, region, sex) in their purchase and dropout processes.

References
----------
Fader, Hardie (2007), Incorporating Time-Invariant Covariates into the Pareto/NBD and BG/NBD
Models: customer i has alpha_i = alpha exp(-g1'z1_i) and, in Pareto/NBD, beta_i = beta
exp(-g2'z2_i); in BG/NBD a_i = a exp(g2'z2_i) and b_i = b exp(g3'z2_i).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.special import gammaincc

from workbench.arrays import Array
from workbench.clv.models.bias import outer
from workbench.clv.models.covariate_results import CovariateResults
from workbench.clv.models.fitted import Verdict
from workbench.clv.models.forecast import PurchaseResults
from workbench.clv.models.likelihood import Derivatives, Optimum, covariance_of, maximise
from workbench.clv.models.purchase import NO_RISE, PurchaseModel
from workbench.clv.models.rows import Purchases, add_up, as_floats, distinct
from workbench.errors import DataError

#: Rows of the likelihood handled at once.
BLOCK = 4096


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

    def acts(self, z: Array) -> list[tuple[int, Array]]:
        """On which log parameter each entry of phi acts, and by how much for each customer."""
        own = [(at, np.ones(z.shape[1])) for at in range(len(self.base.names))]
        return [*own, *((at, sign * z[j]) for j, at, sign in self.effects)]

    def spread(self, rows: Purchases, z: Array) -> Callable[[Array], Array]:
        """Sum of the outer products of the customers' scores, as a function of phi."""
        acts, p = self.acts(z), len(self.names)

        def total(phi: Array) -> Array:
            out = np.zeros((p, p))
            for lo in range(0, rows.x.size, BLOCK):
                part = slice(lo, lo + BLOCK)
                theta = self.own(phi, z[:, part])
                g = self.base.by_row(theta, rows.x[part], rows.t_x[part], rows.T[part])[1]
                scores = np.array([(theta * g)[at] * scale[part] for at, scale in acts])
                out += outer(scores, rows.n[part])
            return out

        return total

    def likelihood(self, rows: Purchases, z: Array) -> Callable[[Array], Derivatives]:
        """Log-likelihood and derivatives as a function of log parameters and effects."""
        p, acts = len(self.names), self.acts(z)

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
                h[range(len(g)), range(len(g))] += g
                for i, (at, scale) in enumerate(acts):
                    weight = n * scale[part]
                    gradient[i] += weight @ g[at]
                    for j in range(i + 1):
                        other, factor = acts[j]
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
            ``back @ found + shift`` are log parameters and effects in the units that were given.
        """
        base, given = self.base, self.rows
        columns = [v[given.inverse] for v in (given.x, given.t_x, given.T)]
        first, inverse = distinct(*columns, *self.z)
        scale = base.time_scale(given)
        x, t_x, T = (c[first] for c in columns)
        n = add_up(inverse, self.counts, first.size)
        rows = Purchases(x, t_x / scale, T / scale, n, inverse, self.unit)
        middle = np.average(self.z, axis=1, weights=self.counts)
        spread = np.sqrt(np.average((self.z - middle[:, None]) ** 2, axis=1, weights=self.counts))
        z = (self.z[:, first] - middle[:, None]) / spread[:, None]
        k, effects = len(base.names), len(self.effects)
        back, shift = np.eye(k + effects), np.zeros(k + effects)
        for i, (j, at, sign) in enumerate(self.effects, start=k):
            back[i, i] = 1 / spread[j]
            back[at, i] = -sign * middle[j] / spread[j]
        shift[:k] = np.log(scale) * np.array(base.timed, dtype=float)
        return rows, z, back, shift

    def fit(self) -> CovariateResults:
        """Maximise the likelihood, from the fit without covariates."""
        base = self.base
        plain = base.fit()
        rows, z, back, shift = self.scaled()
        k, effects = len(base.names), len(self.effects)
        if plain.phi.size == k and plain.verdict.kind == "converged":
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
            verdict=self._judge(best, llf, plain, self._rise(best, self.likelihood(rows, z))),
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

    def _judge(self, best: Optimum, llf: float, plain: PurchaseResults, rise: float) -> Verdict:
        name = type(self.base).__name__
        lr = max(float(2 * (llf - plain.llf)), 0.0)
        p = max(float(gammaincc(len(self.effects) / 2, lr / 2)), 0.001)
        values = {"lr": lr, "df": float(len(self.effects)), "p": p}
        if rise < NO_RISE:
            return Verdict(
                "no_dropout",
                "No sign that customers leave, whatever is known of them: every customer counts as "
                "alive, and effects on leaving mean nothing.",
                values,
                "NBD",
            )
        if not best.converged:
            return Verdict(
                "not_converged",
                "The search for the maximum stopped before it was certain; do not use this fit.",
                {},
                name,
            )
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
