"""What customers are worth, and for how long: purchase models, spend, value, validation."""

from __future__ import annotations

from workbench.clv.beta_geometric import BetaGeometric, ModifiedBetaGeometric
from workbench.clv.nbd import NBD
from workbench.clv.pareto import ParetoNBD
from workbench.clv.purchase import PurchaseModel, PurchaseResults
from workbench.clv.results import Prediction, Verdict
from workbench.clv.retention import (
    ShiftedBetaGeometric,
    ShiftedBetaGeometricResults,
    contract_periods,
)
from workbench.clv.spend import GammaGamma, GammaGammaResults
from workbench.clv.units import continuous_rate, per_year
from workbench.clv.validation import Holdout, Tracking, compare, holdout_table, tracking
from workbench.clv.value import CustomerValue, bootstrap_parameters, customer_value

__all__ = [
    "NBD",
    "BetaGeometric",
    "CustomerValue",
    "GammaGamma",
    "GammaGammaResults",
    "Holdout",
    "ModifiedBetaGeometric",
    "ParetoNBD",
    "Prediction",
    "PurchaseModel",
    "PurchaseResults",
    "ShiftedBetaGeometric",
    "ShiftedBetaGeometricResults",
    "Tracking",
    "Verdict",
    "bootstrap_parameters",
    "compare",
    "continuous_rate",
    "contract_periods",
    "customer_value",
    "holdout_table",
    "per_year",
    "tracking",
]
