"""Where an organisation falls short of what its customers expect, and what to mend first."""

from __future__ import annotations

from workbench.satisfaction.answers import Answers, SurveyError, read_answers
from workbench.satisfaction.drivers import Drivers, drivers, lmg
from workbench.satisfaction.gaps import Gaps, gaps
from workbench.satisfaction.groups import GroupGaps, gap_changes, gaps_by
from workbench.satisfaction.instrument import (
    Survey,
    Weighting,
    attach,
    attach_all,
    take_survey,
    weigh,
)
from workbench.satisfaction.loyalty import Satisfaction, Trend, csat, loyalty_by
from workbench.satisfaction.net_promoter import (
    NetPromoter,
    detectable_change,
    nps,
    nps_limits,
    power_of,
    sample_needed,
)
from workbench.satisfaction.priorities import QUADRANTS, PriorityMap, priority_map
from workbench.satisfaction.reliability import (
    Alpha,
    Reliability,
    cronbach_alpha,
    difference_reliability,
    feldt_limits,
    reliability,
)

__all__ = [
    "QUADRANTS",
    "Alpha",
    "Answers",
    "Drivers",
    "Gaps",
    "GroupGaps",
    "NetPromoter",
    "PriorityMap",
    "Reliability",
    "Satisfaction",
    "Survey",
    "SurveyError",
    "Trend",
    "Weighting",
    "attach",
    "attach_all",
    "cronbach_alpha",
    "csat",
    "detectable_change",
    "difference_reliability",
    "drivers",
    "feldt_limits",
    "gap_changes",
    "gaps",
    "gaps_by",
    "lmg",
    "loyalty_by",
    "nps",
    "nps_limits",
    "power_of",
    "priority_map",
    "read_answers",
    "reliability",
    "sample_needed",
    "take_survey",
    "weigh",
]
