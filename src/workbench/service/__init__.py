"""How well customers are served: waiting, solutions, what comes back, staffing, steps."""

from __future__ import annotations

from workbench.service.backlog import Backlog, backlog
from workbench.service.outcomes import ContactOutcomes, contact_outcomes
from workbench.service.waiting import WaitingTimes, kept_by_period, waiting_times

__all__ = [
    "Backlog",
    "ContactOutcomes",
    "WaitingTimes",
    "backlog",
    "contact_outcomes",
    "kept_by_period",
    "waiting_times",
]
