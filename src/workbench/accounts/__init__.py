"""Business customers: which accounts matter, and what is in the pipeline."""

from __future__ import annotations

from workbench.accounts.acquisition import Acquisition, acquisition
from workbench.accounts.conversion import Conversion, conversion
from workbench.accounts.forecast import PipelineForecast, pipeline_forecast
from workbench.accounts.key_accounts import KeyAccounts, key_accounts, size_class
from workbench.accounts.sources import LossReasons, Sources, loss_reasons, sources

__all__ = [
    "Acquisition",
    "Conversion",
    "KeyAccounts",
    "LossReasons",
    "PipelineForecast",
    "Sources",
    "acquisition",
    "conversion",
    "key_accounts",
    "loss_reasons",
    "pipeline_forecast",
    "size_class",
    "sources",
]
