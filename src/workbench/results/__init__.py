"""What analyses give and pages show: estimates, findings, results, labelled tables."""

from __future__ import annotations

from workbench.results.columns import Column, columns_of, labelled
from workbench.results.estimate import Estimate, Kind, directed, named_estimates
from workbench.results.finding import Advice, Finding, Severity, plain
from workbench.results.result import Picture, Result, attempt

__all__ = [
    "Advice",
    "Column",
    "Estimate",
    "Finding",
    "Kind",
    "Picture",
    "Result",
    "Severity",
    "attempt",
    "columns_of",
    "directed",
    "labelled",
    "named_estimates",
    "plain",
]
