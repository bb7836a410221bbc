"""Are we getting where we said we would: goals, attainment, forecasts, signals and noise."""

from __future__ import annotations

from workbench.goals.actions import ActionRegister, action_register, findings_of_cases
from workbench.goals.alerts import Alerting, alerts
from workbench.goals.changes import Changes, changes
from workbench.goals.control_charts import CountChart, XmR, p_chart, u_chart, xmr
from workbench.goals.experts import ExpertAgreement, expert_agreement
from workbench.goals.forecast import LevelModel, fit_level, level_of
from workbench.goals.judgement import judge
from workbench.goals.proposals import Proposals, propose
from workbench.goals.ranking import Ranking, RankSensitivity, rank_scorecard, rank_units
from workbench.goals.record import GoalError, IndicatorRecord, read_record
from workbench.goals.report import GoalReport
from workbench.goals.smart import LETTERS, SmartCheck, check_smart
from workbench.goals.status import STATUSES, StatusRules, attainment, progress
from workbench.goals.tree import IndicatorTree, compare_weights, indicator_tree, latest_matrix
from workbench.goals.weights import Weights, ahp, critic, entropy, equal, stated
from workbench.study.goals import FORECASTS, Goal, read_goals

__all__ = [
    "FORECASTS",
    "LETTERS",
    "STATUSES",
    "ActionRegister",
    "Alerting",
    "Changes",
    "CountChart",
    "ExpertAgreement",
    "Goal",
    "GoalError",
    "GoalReport",
    "IndicatorRecord",
    "IndicatorTree",
    "LevelModel",
    "Proposals",
    "RankSensitivity",
    "Ranking",
    "SmartCheck",
    "StatusRules",
    "Weights",
    "XmR",
    "action_register",
    "ahp",
    "alerts",
    "attainment",
    "changes",
    "check_smart",
    "compare_weights",
    "critic",
    "entropy",
    "equal",
    "expert_agreement",
    "findings_of_cases",
    "fit_level",
    "indicator_tree",
    "judge",
    "latest_matrix",
    "level_of",
    "p_chart",
    "progress",
    "propose",
    "rank_scorecard",
    "rank_units",
    "read_goals",
    "read_record",
    "stated",
    "u_chart",
    "xmr",
]
