"""The study card: one set of types for what a study says of itself, and one reader for them."""

from __future__ import annotations

from workbench.study.alerts import Addressee, Alerts, Contract, Watch
from workbench.study.card import CARD, Study, find_root, is_large, load_study, read_card
from workbench.study.cases import Case, Cutoff, LookPlan, Outcome
from workbench.study.fields import LANGUAGES, CellRule, Linkage, Privacy, Published, Table, Text
from workbench.study.goals import Action, Baseline, Goal, Scorecard, read_goals
from workbench.study.instrument import Instrument
from workbench.study.offers import Offers
from workbench.study.plans import PlanError, PlanRegister, RegisteredPlan, add_plan
from workbench.study.reader import StudyError
from workbench.study.seen import seen_on
from workbench.study.segments import Segments
from workbench.study.survey import Survey

__all__ = [
    "CARD",
    "LANGUAGES",
    "Action",
    "Addressee",
    "Alerts",
    "Baseline",
    "Case",
    "CellRule",
    "Contract",
    "Cutoff",
    "Goal",
    "Instrument",
    "Linkage",
    "LookPlan",
    "Offers",
    "Outcome",
    "PlanError",
    "PlanRegister",
    "Privacy",
    "Published",
    "RegisteredPlan",
    "Scorecard",
    "Segments",
    "Study",
    "StudyError",
    "Survey",
    "Table",
    "Text",
    "Watch",
    "add_plan",
    "find_root",
    "is_large",
    "load_study",
    "read_card",
    "read_goals",
    "seen_on",
]  # fmt: skip
