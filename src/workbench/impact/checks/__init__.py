"""What speaks against an answer: other dates, single units, trends, other series and measures."""

from __future__ import annotations

from contextlib import suppress

from workbench.impact.checks.check import Check, Judged
from workbench.impact.checks.comparability import MOVED, SELECTION, TOLD_BESIDE, VOLUNTEERS
from workbench.impact.checks.robustness import LEAVE_ONE_OUT, PLACEBO_DATES, PLACEBO_STARTS
from workbench.impact.checks.trend_bounds import TREND_BOUNDS
from workbench.impact.designs.design import Family
from workbench.impact.inputs.panel import CaseError
from workbench.results import Finding

CHECKS: tuple[Check, ...] = (
    TOLD_BESIDE,
    MOVED,
    PLACEBO_DATES,
    PLACEBO_STARTS,
    LEAVE_ONE_OUT,
    TREND_BOUNDS,
    VOLUNTEERS,
    SELECTION,
)


def look(judged: Judged, family: Family) -> list[Finding]:
    """Make every check that applies to a family of designs, as far as the data allow it."""
    findings: list[Finding] = []
    for check in CHECKS:
        if family in check.families:
            with suppress(CaseError):
                findings += check.look(judged)
    return findings


__all__ = ["CHECKS", "Check", "Judged", "look"]
