"""Runs: notebooks executed for a study, each run recorded in a folder of its own.

The room's parts, from the inside out: `parameters` (what a notebook may be told), `pipeline` and
`plan` (which notebooks run, with what), `records` (what a run leaves on disk), `reuse` (when a
notebook need not run again), `execution` (one notebook, by papermill, in a kernel that is forked)
and `runner` (all of them); and for who keeps a study running: `status`, `schedule`, `backfill`,
`sweep` and `records.prune`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.runs.execution.pool import InterruptedRunError
    from workbench.runs.execution.progress import ProgressDisplay
    from workbench.runs.parameters import read_assignments
    from workbench.runs.records.history import changes, lost_numbers, metric_history
    from workbench.runs.records.record import (
        BusyError,
        RunRecord,
        StepRecord,
        UnrecordedRunError,
        damaged,
        last_complete,
        last_good,
        last_run,
        list_runs,
        read_runs,
    )
    from workbench.runs.runner import TIMEOUT, plan_study, run_studies, run_study

__all__ = [
    "TIMEOUT",
    "BusyError",
    "InterruptedRunError",
    "ProgressDisplay",
    "RunRecord",
    "StepRecord",
    "UnrecordedRunError",
    "changes",
    "damaged",
    "last_complete",
    "last_good",
    "last_run",
    "list_runs",
    "lost_numbers",
    "metric_history",
    "plan_study",
    "read_assignments",
    "read_runs",
    "run_studies",
    "run_study",
]

_HOME = {
    "runner": ("TIMEOUT", "plan_study", "run_studies", "run_study"),
    "records.history": ("changes", "lost_numbers", "metric_history"),
    "parameters": ("read_assignments",),
    "execution.pool": ("InterruptedRunError",),
    "execution.progress": ("ProgressDisplay",),
    "records.record": (
        "BusyError",
        "RunRecord",
        "StepRecord",
        "UnrecordedRunError",
        "damaged",
        "last_complete",
        "last_good",
        "last_run",
        "list_runs",
        "read_runs",
    ),
}


def __getattr__(name: str) -> Any:
    # A notebook reads history through this room, and should not pay for all of it.
    for module, names in _HOME.items():
        if name in names:
            return getattr(import_module(f"workbench.runs.{module}"), name)
    raise AttributeError(f"module 'workbench.runs' has no attribute {name!r}")
