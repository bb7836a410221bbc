"""A published fit beside one's own, on the same data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.clv.models.beta_binomial import BetaGeometricBetaBinomial
from workbench.clv.models.beta_geometric import BetaGeometric
from workbench.clv.models.fitted import Fitted
from workbench.clv.models.gamma_gamma import GammaGamma
from workbench.clv.models.nbd import NBD
from workbench.clv.models.pareto import ParetoNBD
from workbench.clv.models.purchase import PurchaseModel
from workbench.errors import DataError
from workbench.results import Estimate, Finding, Result, labelled

LOG_LIKELIHOOD = "log_likelihood"
REPRODUCED = "The published fit, reproduced"
NOT_QUITE = "The published fit, not reproduced to its last digit"


@dataclass(frozen=True)
class Reproduction(Result):
    """Published parameters and one's own.

    Attributes
    ----------
    table : DataFrame
        One row a number: parameter, published, own, own_low, own_high, agrees (to the digits
        that were printed).
    results : Fitted
        The own fit.
    """

    table: pd.DataFrame
    results: Fitted

    @property
    def agrees(self) -> bool:
        """Whether every number agrees to the digits printed."""
        return bool(self.table["agrees"].all())

    def findings(self) -> list[Finding]:
        """Say whether the published fit is reproduced."""
        message = REPRODUCED if self.agrees else NOT_QUITE
        return [Finding("reproduced", message, severity="ok" if self.agrees else "note")]

    def estimates(self) -> dict[str, Estimate]:
        """Return the own parameters."""
        return self.results.estimates()


def reproduce(
    values: Mapping[str, float], customers: pd.DataFrame, *, unit: str | None = None
) -> Reproduction:
    """Fit the model that has these parameters and put its numbers beside the published ones.

    Parameters
    ----------
    values : mapping of parameter to number
        As printed; `log_likelihood` may be among them.
    customers : DataFrame
        Customer summary: frequency, recency, age, mean_spend.
    unit : str, optional
        Unit of time.
    """
    names = tuple(name for name in values if name != LOG_LIKELIHOOD)
    own: Fitted
    if names == GammaGamma.names:
        own = GammaGamma.from_frame(customers, nonpositive="drop").fit()
    else:
        models: tuple[type[PurchaseModel], ...] = (
            BetaGeometric,
            ParetoNBD,
            NBD,
            BetaGeometricBetaBinomial,
        )
        known = {model.names: model for model in models}
        if names not in known:
            listed = "; ".join(", ".join(n) for n in [*known, GammaGamma.names])
            raise DataError(
                f"no model has the parameters {', '.join(names) or '(none)'}",
                where="published values",
                remedy=f"give one of these sets, in this order: {listed}",
            )
        own = known[names].from_frame(customers, unit=unit).fit()
    limits = own.conf_int()
    rows = []
    for name, printed in values.items():
        inside = name in own.params.index
        estimate = float(own.params[name]) if inside else own.llf
        rows.append(
            {
                "parameter": name.replace("log_likelihood", "log-likelihood"),
                "published": float(printed),
                "own": estimate,
                "own_low": float(limits["low"].get(name, np.nan)),
                "own_high": float(limits["high"].get(name, np.nan)),
                "agrees": round(estimate, _decimals(printed)) == float(printed),
            }
        )
    table = labelled(
        pd.DataFrame(rows),
        parameter="Parameter",
        published=("Published", "number:3"),
        own=("Own fit", "number:3"),
    )
    return Reproduction(table, own)


def _decimals(number: float) -> int:
    _, _, fraction = repr(float(number)).partition(".")
    return len(fraction)
