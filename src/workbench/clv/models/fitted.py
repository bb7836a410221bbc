"""What a fit gives back: parameters, how well they are known, and a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any, Self

import numpy as np
import pandas as pd

from workbench.arrays import Array
from workbench.clv.models.bias import AT_THE_EDGE, OUT_OF_REACH, TAKEN_OUT, Scoring, unbiased
from workbench.results import Estimate, Finding, Result, Severity, labelled, named_estimates
from workbench.stats.intervals import normal_quantile

_SEVERITY: Mapping[str, Severity] = {
    "converged": "ok",
    "not_converged": "refusal",
    "heavy_tail": "warning",
    "wide_tail": "warning",
    "dependent": "warning",
}


def judged(verdict: str, message: str, values: Mapping[str, Any], model: str) -> Finding:
    """Say whether a fit may be believed.

    Parameters
    ----------
    verdict : str
        "converged", "no_dropout", "no_better", "no_heterogeneity", "boundary", "heavy_tail",
        "wide_tail", "dependent" or "not_converged".
    message, values
        As of `Finding`.
    model : str
        Whose fit it is.
    """
    severity = _SEVERITY.get(verdict, "note")
    return Finding(f"fit.{model}", message, values, verdict=verdict, severity=severity)


def not_converged(model: str, values: Mapping[str, Any]) -> Finding:
    """Say that a fit may not be believed."""
    message = "The search for the maximum stopped before it was certain; do not use this fit."
    return judged("not_converged", message, values, model)


class Fitted(Result):
    """Parameters of a maximum-likelihood fit and how well they are known.

    Attributes
    ----------
    params : Series
        In the order of the papers.
    bse : Series
        Standard errors from the observed information; NaN for a parameter at the boundary.
    llf : float
        Log-likelihood.
    nobs : float
        Customers.
    finding : Finding
        Whether the fit may be believed.
    bias : Finding or None
        What became of the bias of the parameters, where that was asked for.
    unit : str or None
        Unit of time.
    """

    title = ""

    def __init__(
        self,
        *,
        params: pd.Series,
        phi: Array,
        covariance: Array,
        llf: float,
        nobs: float,
        finding: Finding,
        unit: str | None,
        evaluations: int,
        free: int,
    ) -> None:
        self.params = params
        self.phi = phi
        self.covariance = covariance
        self.llf = llf
        self.nobs = nobs
        self.finding = finding
        self.bias: Finding | None = None
        self.unit = unit
        self.evaluations = evaluations
        self._free = free

    @property
    def verdict(self) -> str:
        """One word on the fit: see `judged`."""
        return self.finding.verdict

    @property
    def trusted(self) -> bool:
        """Whether the model asked for is the model that speaks."""
        return self.verdict == "converged"

    def findings(self) -> list[Finding]:
        """Say whether the fit may be believed, and what became of the bias of its parameters."""
        return [self.finding] if self.bias is None else [self.finding, self.bias]

    def scoring(self) -> Scoring:
        """Give the likelihood around the fit, with what its customers contribute."""
        raise NotImplementedError

    def bias_corrected(self) -> Self:
        """Take the bias of maximum likelihood out of the parameters.

        The mean of maximum-likelihood estimates over many samples is not the truth: with 2,000
        customers those of dropout are a few percent too high. The estimates given here are free of
        that to order 1/n; see `workbench.clv.models.bias`. Predictions follow the new parameters.

        Returns
        -------
        Fitted
            Of the same kind. `llf` is that at the new parameters, a little below the maximum;
            standard errors are, as shares of the parameters, those of maximum likelihood, and
            limits stand around the new parameters. Where no correction is known or found (the fit
            ended at the end of a range: nobody leaves) the parameters stay, and `bias` says so.
        """
        out = copy(self)
        inner = self.phi.size == self.params.size and bool((np.diag(self.covariance) > 0).all())
        if not inner or self.verdict in ("not_converged", "no_dropout", "no_better"):
            out.bias = Finding("bias", AT_THE_EDGE)
            return out
        scoring = self.scoring()
        phi = unbiased(scoring, self.phi)
        if phi is None:
            out.bias = Finding("bias", OUT_OF_REACH)
            return out
        moved = float((np.abs(phi - self.phi) / np.sqrt(np.diag(self.covariance))).max())
        out.phi, out.llf = phi, float(scoring.evaluate(phi)[0])
        theta = np.where(scoring.logged, np.exp(phi), phi)
        out.params = pd.Series(theta, index=self.params.index, name=self.params.name)
        out.bias = Finding("bias", TAKEN_OUT, {"moved": moved}, severity="ok")
        return out

    @property
    def bse(self) -> pd.Series:
        """Standard errors of the parameters."""
        return pd.Series(np.sqrt(np.diag(self.cov_params())), index=self.params.index, name="se")

    def cov_params(self) -> pd.DataFrame:
        """Covariance of the parameters; NaN where one lies at the boundary."""
        k = self.params.size
        theta = self.params.to_numpy(dtype=float)
        covariance = np.full((k, k), np.nan)
        known = min(k, self.phi.size)
        covariance[:known, :known] = self.covariance[:known, :known] * np.outer(
            theta[:known], theta[:known]
        )
        held = np.flatnonzero(~(np.diag(covariance) > 0))
        covariance[held, :] = np.nan
        covariance[:, held] = np.nan
        return pd.DataFrame(covariance, index=self.params.index, columns=self.params.index)

    def conf_int(self, level: float = 0.95) -> pd.DataFrame:
        """Limits of the parameters, set on the log scale because all are positive."""
        width = normal_quantile(level) * self.bse / self.params
        return pd.DataFrame(
            {"low": self.params * np.exp(-width), "high": self.params * np.exp(width)}
        )

    @property
    def aic(self) -> float:
        """Akaike's criterion."""
        return 2 * self._free - 2 * self.llf

    @property
    def bic(self) -> float:
        """Schwarz's criterion, with the number of customers."""
        return float(self._free * np.log(self.nobs) - 2 * self.llf)

    @property
    def table(self) -> pd.DataFrame:
        """One row a parameter: parameter, estimate, se, low, high."""
        out = self.conf_int()
        out.insert(0, "se", self.bse)
        out.insert(0, "estimate", self.params)
        out = out.rename_axis("parameter").reset_index()
        return labelled(out, parameter="Parameter", estimate="Estimate", se="Standard error")

    def estimates(self) -> dict[str, Estimate]:
        """Return the parameters as named numbers with intervals."""
        return named_estimates(self.table.assign(n=self.nobs), "parameter")

    def summary(self) -> Any:
        """Return a statsmodels summary: the fit, its parameters, the verdict."""
        from statsmodels.iolib.summary import Summary
        from statsmodels.iolib.table import SimpleTable

        head = [
            ["Model", self.title, "Customers", f"{self.nobs:,.0f}"],
            ["Unit of time", self.unit or "not named", "Log-likelihood", f"{self.llf:.4f}"],
            ["AIC", f"{self.aic:.2f}", "BIC", f"{self.bic:.2f}"],
        ]
        body = [[f"{value:.6g}" for value in row[1:]] for row in self.table.itertuples(index=False)]
        summary = Summary()
        summary.tables.append(SimpleTable(head))
        summary.tables.append(
            SimpleTable(
                body,
                headers=["estimate", "se", "2.5 %", "97.5 %"],
                stubs=[str(name) for name in self.params.index],
            )
        )
        summary.add_extra_txt([f"{self.verdict}: {' '.join(f.text for f in self.findings())}"])
        return summary
