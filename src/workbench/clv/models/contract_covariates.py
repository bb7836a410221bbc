"""Contracts whose ends go with what is known of customers: plan, channel, the cohort they came in.

References
----------
Fader, Hardie (2007), How to Project Customer Retention, Journal of Interactive Marketing 21(1),
76-90, and Incorporating Time-Invariant Covariates into the Pareto/NBD and BG/NBD Models, from which
the form is: alpha_i = alpha exp(g'z_i), beta_i = beta exp(h'z_i). Fader, Hardie, Liu, Davin,
Steenburgh (2018), Journal of Interactive Marketing 43, 1-16 (duration dependence).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.optimize import minimize
from scipy.special import betaln, psi
from scipy.stats import chi2

from workbench.arrays import Array
from workbench.clv.models.beta_discrete_weibull import BetaDiscreteWeibull
from workbench.clv.models.fitted import Fitted, judged, not_converged
from workbench.clv.models.prediction import Prediction
from workbench.clv.models.rows import as_floats, check_counts
from workbench.clv.models.shifted_beta_geometric import ShiftedBetaGeometric
from workbench.errors import DataError
from workbench.results import Finding

NO_EFFECT = (
    "The fit converged, but the covariates explain no more than chance would (likelihood ratio {lr}"
    " with {df} effects, p {p})."
)
EFFECT = (
    "The fit converged, and the covariates tell customers apart (likelihood ratio {lr} with {df} "
    "effects)."
)
AT_EDGE = (
    "A parameter lies at the end of its range: predictions hold, but single effects mean nothing."
)


class ContractCovariates:
    """SBG, or BdW, in which covariates tell how ready customers are to leave.

    Parameters
    ----------
    duration, ended, counts : array_like
        As of `ShiftedBetaGeometric`.
    covariates : DataFrame
        One row a customer, in their order; numbers, 0/1 for categories and for cohorts.
    changing : bool
        Whether readiness changes with the time stayed (BdW).
    unit : str
        Length of a period.

    Raises
    ------
    DataError
        No covariate, another number of rows, text, missing values, columns that cannot be told
        apart.

    Examples
    --------
    >>> import pandas as pd
    >>> from workbench.clv import ContractCovariates
    >>> years, gone = [*range(1, 8), 7] * 2, ([True] * 7 + [False]) * 2
    >>> n = [369, 163, 86, 56, 37, 27, 21, 241, 131, 126, 90, 60, 42, 34, 26, 491]
    >>> high = pd.DataFrame({"high_end": [0.0] * 8 + [1.0] * 8})
    >>> fit = ContractCovariates(years, gone, high, n).fit()
    >>> fit.params.round(3).tolist()[:2]
    [0.704, 1.182]
    """

    def __init__(
        self,
        duration: ArrayLike,
        ended: ArrayLike,
        covariates: pd.DataFrame,
        counts: ArrayLike | None = None,
        *,
        changing: bool = False,
        unit: str = "year",
    ) -> None:
        law = BetaDiscreteWeibull if changing else ShiftedBetaGeometric
        #: The same without covariates; it checks what is given.
        self.base = law(duration, ended, counts, unit=unit)
        self.t = as_floats("duration", duration)[0]
        self.gone = np.asarray(ended).astype(bool)
        self.n = check_counts(counts, self.t.size)
        self.changing, self.unit, self.title = changing, unit, f"{law.title} with covariates"
        self.columns = [str(c) for c in covariates]
        if not self.columns:
            raise DataError("there is no covariate", remedy="give at least one column")
        if len(covariates) != self.t.size:
            raise DataError(
                f"there are {len(covariates)} rows of covariates for {self.t.size} contracts",
                remedy="give one a contract",
            )
        self.z = self.read(covariates)
        design = np.vstack([np.ones(self.t.size), self.z])
        design = design / np.maximum(np.abs(design).max(axis=1, keepdims=True), 1e-300)
        if np.linalg.matrix_rank((design * self.n) @ design.T / self.n.sum(), tol=1e-9) < len(
            design
        ):
            raise DataError(
                f"covariates {', '.join(self.columns)} cannot be told apart: one is constant, or "
                "the others determine it",
                remedy="leave out one category of each, and columns without variation",
            )
        self.own = len(self.base.names)
        self.names = (
            *self.base.names,
            *(f"leaving: {c} (alpha)" for c in self.columns),
            *(f"leaving: {c} (beta)" for c in self.columns),
        )

    def read(self, covariates: pd.DataFrame) -> Array:
        """Give covariates as numbers, in the order of the fit; shape (k, n)."""
        missing = [c for c in self.columns if c not in covariates]
        if missing:
            raise DataError(
                f"the covariates lack {', '.join(missing)}", remedy="give every one of the fit"
            )
        values = [
            as_floats(f"covariate {c}", covariates[c].astype(object))[0] for c in self.columns
        ]
        return np.array(values).reshape(len(values), len(covariates))

    def log_survival(self, phi: Array, z: Array, t: Array) -> tuple[Array, Array]:
        """Logarithm of the share still there after t renewals, and its slopes by phi."""
        k, own = len(self.columns), self.own
        a = np.exp(phi[0] + phi[own : own + k] @ z)
        b = np.exp(phi[1] + phi[own + k :] @ z)
        c = np.exp(phi[2]) if self.changing else 1.0
        u = np.where(t > 0, t, 0.0) ** c
        value = betaln(a, b + u) - betaln(a, b)
        both = psi(a + b) - psi(a + b + u)
        by_a, by_b = a * both, b * (psi(b + u) - psi(b) + both)
        slopes = [by_a, by_b]
        if self.changing:
            log_t = np.log(np.where(t > 0, t, 1.0))
            slopes.append((psi(b + u) - psi(a + b + u)) * u * log_t * c)
        return np.asarray(value), np.array([*slopes, *(by_a * z), *(by_b * z)])

    def by_customer(self, phi: Array) -> tuple[Array, Array]:
        """Log-likelihood of each contract and its slopes."""
        now, now_slope = self.log_survival(phi, self.z, self.t)
        then, then_slope = self.log_survival(phi, self.z, np.maximum(self.t - 1, 0.0))
        fall = np.where(self.gone, np.minimum(now - then, -1e-15), -1.0)
        left = then + np.log(-np.expm1(fall))
        weight = 1 / -np.expm1(fall)
        value = np.where(self.gone, left, now)
        slope = np.where(self.gone, weight * then_slope - (weight - 1) * now_slope, now_slope)
        return value, slope

    def fit(self) -> ContractCovariateResults:
        """Maximise the likelihood, from the fit without covariates."""
        plain = self.base.fit()
        effects = len(self.names) - self.own
        spread = np.tile(np.abs(self.z).max(axis=1), 2)
        scale = np.append(np.ones(self.own), 1 / np.maximum(spread, 1e-300))
        used = 0

        def loss(free: Array) -> tuple[float, Array]:
            nonlocal used
            used += 1
            value, slope = self.by_customer(free * scale)
            return -float(self.n @ value), -(slope @ self.n) * scale

        start = np.clip(np.append(plain.phi[: self.own], np.zeros(effects)), -9.0, 9.0)
        box = [(-16.0, 12.0)] * self.own + [(-20.0, 20.0)] * effects
        options = {"maxiter": 500, "ftol": 1e-14, "gtol": 1e-6, "maxcor": 20}
        best = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=box, options=options)
        information = np.zeros((best.x.size, best.x.size))
        for i in range(best.x.size):
            step = np.zeros(best.x.size)
            step[i] = 1e-4
            information[i] = (loss(best.x + step)[1] - loss(best.x - step)[1]) / 2e-4
        information = (information + information.T) / 2
        edge = bool(np.linalg.eigvalsh(information).min() <= 1e-8 * np.abs(information).max())
        inverse = np.linalg.pinv(information, rcond=1e-12, hermitian=True)
        covariance = np.asarray(inverse * np.outer(scale, scale), dtype=float)
        phi, llf = best.x * scale, -float(best.fun)
        params = np.append(np.exp(phi[: self.own]), phi[self.own :])
        results = ContractCovariateResults(
            params=pd.Series(params, index=list(self.names), name=self.title), phi=phi,
            covariance=covariance, llf=llf, nobs=float(self.n.sum()),
            finding=self._judge(bool(best.success), edge, llf, plain.llf), unit=self.unit,
            evaluations=used, free=len(self.names),
        )  # fmt: skip
        results.title, results.model = self.title, self
        return results

    def _judge(self, converged: bool, edge: bool, llf: float, plain: float) -> Finding:
        lr, df = max(2 * (llf - plain), 0.0), len(self.names) - self.own
        p = max(float(chi2.sf(lr, df)), 0.001)
        values = {"lr": lr, "df": float(df), "p": p}
        name = type(self.base).__name__
        if not converged:
            return not_converged(name, {})
        if edge:
            return judged("boundary", AT_EDGE, values, name)
        return judged("converged", NO_EFFECT if p > 0.05 else EFFECT, values, name)


class ContractCovariateResults(Fitted):
    """A fitted model of contracts with covariates.

    Effects stand after the parameters, which are those of a customer whose covariates are zero:
    alpha is multiplied by e^g a unit, beta by e^h. The mean chance to leave at the first renewal is
    alpha / (alpha + beta).
    """

    model: ContractCovariates

    def conf_int(self, level: float = 0.95) -> pd.DataFrame:
        """Limits of the parameters (on the log scale) and of the effects."""
        out = super().conf_int(level)
        own = self.model.own
        half = chi2.isf(1 - level, 1) ** 0.5 * np.sqrt(np.diag(self.covariance))[own:]
        effects = self.params.to_numpy(dtype=float)[own:]
        out.iloc[own:, 0], out.iloc[own:, 1] = effects - half, effects + half
        return out

    def cov_params(self) -> pd.DataFrame:
        """Covariance of parameters and effects."""
        scale = np.ones(self.params.size)
        scale[: self.model.own] = self.params.to_numpy(dtype=float)[: self.model.own]
        index = self.params.index
        return pd.DataFrame(self.covariance * np.outer(scale, scale), index, index)

    def survival(self, covariates: pd.DataFrame, periods: int, made: ArrayLike = 0) -> Prediction:
        """Share of customers with these covariates who are there after so many renewals more.

        Parameters
        ----------
        covariates : DataFrame
            One row a customer asked about.
        periods : int
        made : array_like
            Renewals that they have made already.
        """
        z, before = self.model.read(covariates), self._made(made, len(covariates))

        def share(phi: Array) -> Array:
            later = self.model.log_survival(phi, z, before + periods)[0]
            return np.asarray(np.exp(later - self.model.log_survival(phi, z, before)[0]))

        return self._of(share, covariates, "logit")

    def renewals_ahead(
        self, covariates: pd.DataFrame, periods: int, made: ArrayLike = 0
    ) -> Prediction:
        """Renewals expected of running contracts within so many periods."""
        z, before = self.model.read(covariates), self._made(made, len(covariates))

        def expected(phi: Array) -> Array:
            now = self.model.log_survival(phi, z, before)[0]
            ahead = range(1, periods + 1)
            return np.asarray(
                sum(np.exp(self.model.log_survival(phi, z, before + k)[0] - now) for k in ahead)
            )

        return self._of(expected, covariates, "log")

    @staticmethod
    def _made(made: ArrayLike, size: int) -> Array:
        return np.asarray(np.broadcast_to(np.asarray(made, dtype=float), (size,)))

    def _of(self, function, covariates: pd.DataFrame, link) -> Prediction:  # type: ignore[no-untyped-def]
        return Prediction(
            function, self.phi, self.covariance, np.arange(len(covariates)), link=link,
            index=covariates.index,
        )  # fmt: skip
