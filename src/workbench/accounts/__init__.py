"""Business customers: which accounts matter, and what is in the pipeline."""

from __future__ import annotations

from workbench.accounts.acquisition import Acquisition, acquisition
from workbench.accounts.conversion import Conversion, conversion
from workbench.accounts.forecast import PipelineForecast, pipeline_forecast
from workbench.accounts.health import Health, area, health, read_weights
from workbench.accounts.health_groups import HealthGroups, health_groups
from workbench.accounts.key_accounts import KeyAccounts, key_accounts, size_class
from workbench.accounts.sources import LossReasons, Sources, loss_reasons, sources
from workbench.accounts.visits import Visits, visit_effect

__all__ = [
    "Acquisition",
    "Conversion",
    "Health",
    "HealthGroups",
    "KeyAccounts",
    "LossReasons",
    "PipelineForecast",
    "Sources",
    "Visits",
    "acquisition",
    "area",
    "conversion",
    "health",
    "health_groups",
    "key_accounts",
    "loss_reasons",
    "pipeline_forecast",
    "read_weights",
    "size_class",
    "sources",
    "visit_effect",
]
