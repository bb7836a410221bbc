"""What customers are worth, and for how long: purchase models, spend, value, validation."""

from __future__ import annotations

from workbench.clv.beta_binomial import BetaGeometricBetaBinomial
from workbench.clv.beta_geometric import BetaGeometric, ModifiedBetaGeometric
from workbench.clv.cohorts import Cohorts, by_cohort
from workbench.clv.contracts import contract_periods
from workbench.clv.covariates import CovariateModel, CovariateResults
from workbench.clv.duration import BetaDiscreteWeibull
from workbench.clv.forecast import PurchaseResults
from workbench.clv.maps import AliveMap, alive_map
from workbench.clv.nbd import NBD
from workbench.clv.pareto import ParetoNBD
from workbench.clv.published import Reproduction, reproduce
from workbench.clv.purchase import PurchaseModel
from workbench.clv.results import Prediction, Verdict
from workbench.clv.retention import (
    ShiftedBetaGeometric,
    ShiftedBetaGeometricResults,
)
from workbench.clv.sensitivity import Sensitivity, sensitivity
from workbench.clv.spend import GammaGamma, GammaGammaResults
from workbench.clv.units import continuous_rate, per_year
from workbench.clv.validation import (
    Holdout,
    Tracking,
    calibration_split,
    compare,
    holdout_table,
    tracking,
)
from workbench.clv.value import CustomerValue, bootstrap_parameters, customer_value

__all__ = [
    "NBD",
    "AliveMap",
    "BetaDiscreteWeibull",
    "BetaGeometric",
    "BetaGeometricBetaBinomial",
    "Cohorts",
    "CovariateModel",
    "CovariateResults",
    "CustomerValue",
    "GammaGamma",
    "GammaGammaResults",
    "Holdout",
    "ModifiedBetaGeometric",
    "ParetoNBD",
    "Prediction",
    "PurchaseModel",
    "PurchaseResults",
    "Reproduction",
    "Sensitivity",
    "ShiftedBetaGeometric",
    "ShiftedBetaGeometricResults",
    "Tracking",
    "Verdict",
    "alive_map",
    "bootstrap_parameters",
    "by_cohort",
    "calibration_split",
    "compare",
    "continuous_rate",
    "contract_periods",
    "customer_value",
    "holdout_table",
    "per_year",
    "reproduce",
    "sensitivity",
    "tracking",
]
