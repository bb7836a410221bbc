"""The words that goals are judged by: statuses, their reasons, next steps, and the way done."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from workbench.goals.record import GoalError
from workbench.results import Estimate

STATUSES: Final = ("met", "on course", "at risk", "missed", "cannot tell")
REASONS: Final = {
    "met": "the level at the deadline is at or beyond the target",
    "met_short": "the level at the deadline is at or beyond the target, but the value last measured"
    " is worse than it",
    "missed": "the level at the deadline falls short of the target",
    "close": "the deadline is over, but the level is too close to the target to call",
    "course": "the forecast reaches the target with the required probability",
    "risk": "the forecast reaches the target with less than the required probability",
    "wide": "the forecast covers baseline and target alike",
    "short": "the record is too short for a forecast",
    "error": "the measurement has no known error",
}


STEPS: Final = {
    "met": "keep it there and set the next target",
    "on course": "go on, and look again next period",
    "at risk": "decide on a measure now, or move the deadline and say why",
    "missed": "find out what held it back before a new date is set",
    "cannot tell": "ask more customers, or judge over a longer time: the data do not decide",
    "short": "go on measuring: the record is too short",
}


#: What has been done of the way, in words: from this share on.
PROGRESS: Final = (
    (1.0, "target reached"),
    (0.7, "most of the way"),
    (0.3, "about half of the way"),
    (0.05, "a small part of the way"),
    (-0.05, "where it started"),
    (-math.inf, "further away than at the start"),
)


AROUND: Final = "around the target"
UNMOVED: Final = "not clearly away from where it started"


def progress(share: float, low: float = math.nan, high: float = math.nan) -> str:
    """Say a share of the way in words; empty when there is no way."""
    if low <= 0 <= high and share < 1:
        return UNMOVED
    if low < 1 <= share:
        return AROUND
    return next((words for least, words in PROGRESS if share >= least), "")


@dataclass(frozen=True)
class StatusRules:
    """The rules that turn a probability into a word.

    Attributes
    ----------
    sure : float
        After the deadline: met from this probability on, missed below one minus it.
    likely : float
        Before the deadline: on course from this probability on, else at risk.
    """

    sure: float = 0.9
    likely: float = 0.7


def attainment(
    current: float, baseline: float, target: float, low: float = math.nan, high: float = math.nan
) -> Estimate:
    """Return (current - baseline) / (target - baseline), with the interval of the current value.

    It is 0 at the start and 1 at the target. The baseline is taken as given. Also right for goals
    where less is better.

    Raises
    ------
    GoalError
        If target and baseline are the same: there is no way to go.
    """
    if target == baseline:
        raise GoalError(
            "target and baseline are the same", remedy="such a goal has no attainment; compare"
            " the current value with the target",
        )  # fmt: skip
    way = target - baseline
    done = Estimate(current - baseline, low - baseline, high - baseline, kind="percent")
    return done.scaled(1 / way)
