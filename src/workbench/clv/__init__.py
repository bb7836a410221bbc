"""What customers are worth, and for how long: purchase models, spend, value, validation."""

from __future__ import annotations

from workbench.clv.ahead import Ahead
from workbench.clv.alive_map import AliveMap, alive_map
from workbench.clv.attributes import ValueByGroup, value_by
from workbench.clv.backtest import Backtest, backtest
from workbench.clv.calendar import Calendar, calendar
from workbench.clv.choice import (
    MODELS,
    Choice,
    choose,
    choose_retention,
    compare,
    model_spend,
)
from workbench.clv.contracts import (
    ContractCohorts,
    ContractValue,
    by_cohort,
    contract_periods,
    contract_value,
    value_contracts,
)
from workbench.clv.days import BuyingDays, buying_days, summarise
from workbench.clv.effects import CovariateEffects, covariate_effects
from workbench.clv.forecast import Forecast, forecast
from workbench.clv.groups import GroupFits, group_fits
from workbench.clv.models.bayes import bayesian
from workbench.clv.models.beta_binomial import BetaGeometricBetaBinomial
from workbench.clv.models.beta_discrete_weibull import BetaDiscreteWeibull
from workbench.clv.models.beta_geometric import BetaGeometric, ModifiedBetaGeometric
from workbench.clv.models.contract_covariates import (
    ContractCovariateResults,
    ContractCovariates,
)
from workbench.clv.models.covariates import CovariateModel, CovariateResults
from workbench.clv.models.due import DueDates
from workbench.clv.models.fitted import Fitted
from workbench.clv.models.gamma_gamma import GammaGamma, GammaGammaResults
from workbench.clv.models.gompertz import GammaGompertzNBD
from workbench.clv.models.nbd import NBD
from workbench.clv.models.observed_spend import ObservedSpend, ObservedSpendResults
from workbench.clv.models.pareto import ParetoNBD
from workbench.clv.models.prediction import Prediction
from workbench.clv.models.purchase import PurchaseModel, PurchaseResults
from workbench.clv.models.regular import (
    RegularBetaGeometric,
    RegularModifiedBetaGeometric,
    RegularNBD,
)
from workbench.clv.models.shifted_beta_geometric import (
    ShiftedBetaGeometric,
    ShiftedBetaGeometricResults,
)
from workbench.clv.models.terms import Terms
from workbench.clv.models.varying import VaryingParetoNBD, VaryingResults
from workbench.clv.newcomers import Newcomers, newcomers
from workbench.clv.next_purchase import NextPurchase, next_purchase
from workbench.clv.reproduction import Reproduction, reproduce
from workbench.clv.rhythm import Rhythm, rhythm
from workbench.clv.saved import load_fit, save_fit
from workbench.clv.sensitivity import ValueSensitivity, sensitivity
from workbench.clv.so_far import SoFar, so_far
from workbench.clv.validation import (
    Holdout,
    Tracking,
    calibration_split,
    holdout_table,
    tracking,
)
from workbench.clv.value import (
    CustomerValue,
    bootstrap_parameters,
    customer_value,
)
from workbench.units import continuous_rate, per_year

__all__ = [
    "MODELS",
    "NBD",
    "Ahead",
    "AliveMap",
    "Backtest",
    "BetaDiscreteWeibull",
    "BetaGeometric",
    "BetaGeometricBetaBinomial",
    "BuyingDays",
    "Calendar",
    "Choice",
    "ContractCohorts",
    "ContractCovariateResults",
    "ContractCovariates",
    "ContractValue",
    "CovariateEffects",
    "CovariateModel",
    "CovariateResults",
    "CustomerValue",
    "DueDates",
    "Fitted",
    "Forecast",
    "GammaGamma",
    "GammaGammaResults",
    "GammaGompertzNBD",
    "GroupFits",
    "Holdout",
    "ModifiedBetaGeometric",
    "Newcomers",
    "NextPurchase",
    "ObservedSpend",
    "ObservedSpendResults",
    "ParetoNBD",
    "Prediction",
    "PurchaseModel",
    "PurchaseResults",
    "RegularBetaGeometric",
    "RegularModifiedBetaGeometric",
    "RegularNBD",
    "Reproduction",
    "Rhythm",
    "ShiftedBetaGeometric",
    "ShiftedBetaGeometricResults",
    "SoFar",
    "Terms",
    "Tracking",
    "ValueByGroup",
    "ValueSensitivity",
    "VaryingParetoNBD",
    "VaryingResults",
    "alive_map",
    "backtest",
    "bayesian",
    "bootstrap_parameters",
    "buying_days",
    "by_cohort",
    "calendar",
    "calibration_split",
    "choose",
    "choose_retention",
    "compare",
    "continuous_rate",
    "contract_periods",
    "contract_value",
    "covariate_effects",
    "customer_value",
    "forecast",
    "group_fits",
    "holdout_table",
    "load_fit",
    "model_spend",
    "newcomers",
    "next_purchase",
    "per_year",
    "reproduce",
    "rhythm",
    "save_fit",
    "sensitivity",
    "so_far",
    "summarise",
    "tracking",
    "value_by",
    "value_contracts",
]
