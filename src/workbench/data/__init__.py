"""Tables of a study: read, cleaned, linked, pseudonymised and summarised, inside the engine."""

from __future__ import annotations

from workbench.data.checks.check import CheckReport, check_study
from workbench.data.checks.contracts import ContractCheck, check_contracts
from workbench.data.checks.coverage import (
    Coverage,
    MissingValues,
    coverage,
    data_to,
    freshness,
    last_day,
    last_of_all,
    missing,
    missing_by_period,
    missing_values,
)
from workbench.data.checks.preview import Preview, preview
from workbench.data.clean.report import CleaningReport, TableReport
from workbench.data.follow_ups import WorkingList, find_follow_ups, update_follow_ups
from workbench.data.indicators.indicator import (
    INDICATORS,
    find_indicator,
    indicator,
    library,
    register,
    rows_mean,
    rows_share,
)
from workbench.data.indicators.library import Indicator
from workbench.data.people.review import decide
from workbench.data.privacy.disclosure import personal_texts, suppress
from workbench.data.privacy.holdings import Holdings, holdings
from workbench.data.sampling_frame import answers_as_given, sampling_frame
from workbench.data.summaries.account_tree import AccountTree, account_tree
from workbench.data.summaries.contact_log import ContactLog, contact_log
from workbench.data.summaries.customer_months import CustomerMonths, customer_months
from workbench.data.summaries.customer_summary import CustomerSummary, customer_summary
from workbench.data.summaries.frames import summary
from workbench.data.summaries.line_items import LineItems, line_items
from workbench.data.summaries.pipeline import Pipeline, leads, pipeline
from workbench.data.summaries.rfm import RFMScores, rfm_scores, score_measures, score_purchases
from workbench.data.summaries.step_log import StepLog, step_log
from workbench.data.tables import Tables, open_tables

__all__ = [
    "INDICATORS",
    "AccountTree",
    "CheckReport",
    "CleaningReport",
    "ContactLog",
    "ContractCheck",
    "Coverage",
    "CustomerMonths",
    "CustomerSummary",
    "Holdings",
    "Indicator",
    "LineItems",
    "MissingValues",
    "Pipeline",
    "Preview",
    "RFMScores",
    "StepLog",
    "TableReport",
    "Tables",
    "WorkingList",
    "account_tree",
    "answers_as_given",
    "check_contracts",
    "check_study",
    "contact_log",
    "coverage",
    "customer_months",
    "customer_summary",
    "data_to",
    "decide",
    "find_follow_ups",
    "find_indicator",
    "freshness",
    "holdings",
    "indicator",
    "last_day",
    "last_of_all",
    "leads",
    "library",
    "line_items",
    "missing",
    "missing_by_period",
    "missing_values",
    "open_tables",
    "personal_texts",
    "pipeline",
    "preview",
    "register",
    "rfm_scores",
    "rows_mean",
    "rows_share",
    "sampling_frame",
    "score_measures",
    "score_purchases",
    "step_log",
    "summary",
    "suppress",
    "update_follow_ups",
]
