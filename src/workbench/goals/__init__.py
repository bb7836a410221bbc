"""Are we getting where we said we would: goals, attainment, forecasts, signals and noise."""

from __future__ import annotations

from workbench.goals.changes import Changes, changes
from workbench.goals.charts import XmR, xmr
from workbench.goals.forecast import LevelModel, Mixture, fit_level
from workbench.goals.judgement import (
    STATUSES,
    Attainment,
    GoalReport,
    StatusRules,
    attainment,
    judge,
)
from workbench.goals.plan import Goal, GoalError, read_goals
from workbench.goals.record import Record, read_record
from workbench.goals.smart import LETTERS, SmartCheck, check_smart

__all__ = [
    "LETTERS",
    "STATUSES",
    "Attainment",
    "Changes",
    "Goal",
    "GoalError",
    "GoalReport",
    "LevelModel",
    "Mixture",
    "Record",
    "SmartCheck",
    "StatusRules",
    "XmR",
    "attainment",
    "changes",
    "check_smart",
    "fit_level",
    "judge",
    "read_goals",
    "read_record",
    "xmr",
]
