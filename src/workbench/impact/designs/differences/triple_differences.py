"""Triple differences: those who could get the measure, less the others of the same groups."""

from __future__ import annotations

from dataclasses import replace

from workbench.impact.designs.design import Design, Situation
from workbench.impact.designs.differences.difference_in_differences import (
    difference_in_differences,
)
from workbench.impact.effect import Effect
from workbench.impact.inputs.panel import Panel
from workbench.impact.power import CHANGE, Plan, panel_plan
from workbench.results import Finding
from workbench.study import Case

NAME = "triple differences"
ASSUMPTION = (
    "Without the measure, the gap between those who could get it and the others of the same group"
    " would have moved alike in groups with and without it; the measure did not touch the others."
)
_SAID = (
    "What happened to all customers of a group is taken out by those who could not get the"
    " measure ({column} other than {values}); had it touched them, too, a part of the effect"
    " would be hidden."
)


def _answer(panel: Panel, case: Case, level: float) -> Effect:
    """Compare changes of groups whose outcome is that of those who could get it, less the others.

    The panel holds these differences already (`less_the_others`): a group is a cluster, and all
    that holds for few of them holds here.
    """
    effect = replace(difference_in_differences(panel, level=level), design=NAME)
    ((column, values),) = (case.eligible or {}).items()
    said = {"column": column.replace("_", " "), "values": [str(value) for value in values]}
    return replace(effect, assumption=ASSUMPTION).with_checks(Finding("the others", _SAID, said))


def _lacks(s: Situation) -> str:
    if s.case.eligible is None:
        return "the card does not say who of a group could get it (`eligible`)"
    return s.lacking


def _plan(panel: Panel, case: Case, power: float, level: float) -> Plan | None:
    if case.eligible is None:
        return None
    return panel_plan(NAME, CHANGE)(panel, case, power, level)


TRIPLE = Design[Panel](
    name=NAME,
    family="differences",
    shape="units",
    assumption=ASSUMPTION,
    grade=2,
    lacks=_lacks,
    answer=_answer,
    rank=-2,
    beside=("same baseline", "synthetic difference in differences"),
    plan=_plan,
)
