"""Did the measure work: sound before/after comparisons, their checks, and plain refusals."""

from __future__ import annotations

from workbench.impact.benefit import Benefit, cost_benefit
from workbench.impact.checks.comparability import moved_controls
from workbench.impact.checks.robustness import (
    LeaveOneOut,
    PlaceboDates,
    leave_one_out,
    placebo_dates,
)
from workbench.impact.checks.trend_bounds import TrendBounds, trend_bounds
from workbench.impact.designs import Design, known_designs
from workbench.impact.designs.before_after import before_after, series_glance
from workbench.impact.designs.design import Situation
from workbench.impact.designs.differences.difference_in_differences import (
    difference_in_differences,
)
from workbench.impact.designs.differences.event_study import event_study
from workbench.impact.designs.differences.same_baseline import same_baseline
from workbench.impact.designs.return_to_mean import (
    corrected_before_after,
    panel_without_return,
    reliability,
)
from workbench.impact.designs.series.controlled_series import controlled_series
from workbench.impact.designs.series.interrupted_series import (
    interrupted_counts,
    interrupted_series,
    plan_series,
)
from workbench.impact.designs.staggered.staggered import staggered_adoption
from workbench.impact.designs.staggered.staggered_effect import StaggeredEffect
from workbench.impact.designs.staggered.two_way import two_way_fixed_effects
from workbench.impact.designs.survival.hazard_ratio import HazardRatio, hazard_ratio
from workbench.impact.designs.survival.time_to_event import (
    LEAVING,
    cohort,
    staying,
    staying_if_known,
    time_to_event,
)
from workbench.impact.designs.synthetic.donor_weights import predictor_means
from workbench.impact.designs.synthetic.one_treated import plain_difference
from workbench.impact.designs.synthetic.synthetic_control import (
    SyntheticControl,
    plan_one,
    synthetic_control,
)
from workbench.impact.designs.synthetic.synthetic_difference import (
    SyntheticDifference,
    synthetic_difference,
)
from workbench.impact.effect import Effect
from workbench.impact.evaluate import Evaluation, evaluate, judge, why_nothing
from workbench.impact.experiment.arms import Arms, compare_arms
from workbench.impact.experiment.whom import Uplift, whom_it_helps
from workbench.impact.findings import judge_measure, judge_outcome
from workbench.impact.foresight import Foresight, foresee
from workbench.impact.grading import Grading, grade
from workbench.impact.inputs.adoption import Adoption, read_adoption
from workbench.impact.inputs.assignment import CaseData, with_arms
from workbench.impact.inputs.panel import CaseError, Panel, read_panel
from workbench.impact.inputs.series import side_by_side
from workbench.impact.judging import judge_case
from workbench.impact.looks import Looks, looks_at
from workbench.impact.planned import PlanHeld, hold_to_plan, plan_case
from workbench.impact.planning import CasePlan, plan_assignment
from workbench.impact.power import Plan, plan_panel, plan_units, units_needed
from workbench.impact.report import CaseReport
from workbench.impact.selection import CHOSEN, Selection, select_design

__all__ = [
    "CHOSEN",
    "LEAVING",
    "Adoption",
    "Arms",
    "Benefit",
    "CaseData",
    "CaseError",
    "CasePlan",
    "CaseReport",
    "Design",
    "Effect",
    "Evaluation",
    "Foresight",
    "Grading",
    "HazardRatio",
    "LeaveOneOut",
    "Looks",
    "Panel",
    "PlaceboDates",
    "Plan",
    "PlanHeld",
    "Selection",
    "Situation",
    "StaggeredEffect",
    "SyntheticControl",
    "SyntheticDifference",
    "TrendBounds",
    "Uplift",
    "before_after",
    "cohort",
    "compare_arms",
    "controlled_series",
    "corrected_before_after",
    "cost_benefit",
    "difference_in_differences",
    "evaluate",
    "event_study",
    "foresee",
    "grade",
    "hazard_ratio",
    "hold_to_plan",
    "interrupted_counts",
    "interrupted_series",
    "judge",
    "judge_case",
    "judge_measure",
    "judge_outcome",
    "known_designs",
    "leave_one_out",
    "looks_at",
    "moved_controls",
    "panel_without_return",
    "placebo_dates",
    "plain_difference",
    "plan_assignment",
    "plan_case",
    "plan_one",
    "plan_panel",
    "plan_series",
    "plan_units",
    "predictor_means",
    "read_adoption",
    "read_panel",
    "reliability",
    "same_baseline",
    "select_design",
    "series_glance",
    "side_by_side",
    "staggered_adoption",
    "staying",
    "staying_if_known",
    "synthetic_control",
    "synthetic_difference",
    "time_to_event",
    "trend_bounds",
    "two_way_fixed_effects",
    "units_needed",
    "whom_it_helps",
    "why_nothing",
    "with_arms",
]
