"""How well customers are served: waiting, solutions, what comes back, staffing, steps."""

from __future__ import annotations

from workbench.service.backlog import Backlog, backlog
from workbench.service.erlang import Queue, erlang_a
from workbench.service.follow_up import FollowUps, follow_ups
from workbench.service.links import ServiceLinks, service_links
from workbench.service.outcomes import ContactOutcomes, contact_outcomes
from workbench.service.process import ProcessMap, process_map
from workbench.service.queue_checks import QueueChecks, queue_checks
from workbench.service.staffing import Staffing, staffing
from workbench.service.waiting import WaitingTimes, waiting_times, within_promise_by_period

__all__ = [
    "Backlog",
    "ContactOutcomes",
    "FollowUps",
    "ProcessMap",
    "Queue",
    "QueueChecks",
    "ServiceLinks",
    "Staffing",
    "WaitingTimes",
    "backlog",
    "contact_outcomes",
    "erlang_a",
    "follow_ups",
    "process_map",
    "queue_checks",
    "service_links",
    "staffing",
    "waiting_times",
    "within_promise_by_period",
]
