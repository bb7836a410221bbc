"""Proposals to set, raise, lower or postpone a target, or to renew a threshold, each with a reason.

A proposal is what the record supports. Whether to follow it is for those who answer for the goal;
when they do, the study's card keeps the old target under `history`.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from workbench.goals.changes import Changes
from workbench.goals.control_charts import RUN, xmr
from workbench.goals.record import GoalError, IndicatorRecord
from workbench.goals.report import GoalReport
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Result, columns_of, labelled
from workbench.study.fields import english
from workbench.study.goals import Goal

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NEXT, RAISE, LATER, LOWER, MEASURE, LIMITS, THRESHOLD = (
    "set the next target",
    "tighten the target",
    "move the deadline",
    "ease the target",
    "decide on a measure first",
    "renew the limits",
    "move the warning threshold",
)
REASONS: Final = {
    NEXT: "the goal is met; on the present trend this is reached within a year with "
    "the required probability",
    RAISE: "the target is all but certain, so it no longer steers",
    LATER: "on the present trend the target is reached by then with the required probability",
    LOWER: "not within reach in two years; on the present trend this is, with the "
    "required probability",
    MEASURE: "on the present trend the indicator will not even hold its baseline: decide on a "
    "measure before changing the target",
    THRESHOLD: "it lies within random variation, which alone would pass it",
    LIMITS: "eight periods or more have stayed on one side: there is a new usual level",
}
CERTAIN: Final = 0.97
HORIZON_MONTHS: Final = 24


@dataclass(frozen=True)
class Proposals(Result):
    """What could be changed, and what has been.

    Attributes
    ----------
    table : DataFrame
        goal, title, proposal, target (now), present (what would be changed: the target, or the
        threshold; NaN for limits), proposed (target; NaN where it stays), deadline (now),
        until (proposed deadline; NaT where it stays), low, high (new limits of the control chart),
        reason.
    history : DataFrame
        goal, title, changed, target, deadline, warn_below, warn_above (before the change), why.
    records : mapping of str to IndicatorRecord
        What was measured, by goal; values are written as it is.
    """

    table: pd.DataFrame
    history: pd.DataFrame
    records: Mapping[str, IndicatorRecord]

    def summary(self) -> pd.DataFrame:
        """For readers: title, proposal, now, to (three digits), deadline, until, reason.

        Values are in the units of their indicators. `to` of a chart whose limits are renewed is its
        new lower limit, `to_high` its new upper one, and of thresholds the new ones.
        """
        t = self.table
        now: list[Any] = []
        to: list[Any] = []
        upper: list[Any] = []
        for row in t.to_dict("records"):
            record = self.records[row["goal"]]
            ends = [record.quantity(row[name]) for name in ("low", "high")]
            now.append(record.quantity(row["present"], as_set=True))
            to.append(next((x for x in (*ends, record.quantity(row["proposed"])) if x), None))
            upper.append(ends[1] if ends[0] else None)
        t = t.assign(now=now, to=to, to_high=upper)
        shown = ["title", "proposal", "now", "to", "to_high", "deadline", "until", "reason"]
        if not any(upper):
            shown.remove("to_high")
        return labelled(
            t[shown],
            title="Goal",
            proposal="Proposal",
            now="Target now",
            to="Proposed",
            **({"to_high": "Upper limit proposed"} if any(upper) else {}),
            deadline=("Deadline now", "date"),
            until=("Until", "date"),
            reason="Why",
        )

    def earlier(self) -> pd.DataFrame:
        """Give `history` for readers: values in the units of their indicators."""
        labels = {name: (x.label, x.format) for name, x in columns_of(self.history).items()}
        written: dict[str, Any] = {
            name: [
                self.records[goal].quantity(x, as_set=True)
                for goal, x in zip(self.history["goal"], self.history[name], strict=True)
            ]
            for name in ("target", "warn_below", "warn_above")
        }
        return labelled(self.history.assign(**written), **labels)

    def estimates(self) -> dict[str, Estimate]:
        """How many changes are proposed."""
        return {"proposals": Estimate(len(self.table), label="Changes proposed")}

    def findings(self) -> list[Finding]:
        """How many changes suggest themselves."""
        n = len(self.table)
        message = (
            "Proposed changes to targets or limits: {n}"
            if n
            else "The records support no change of targets or limits"
        )
        return [Finding("goals.proposals", message, {"n": n}, estimates=self.estimates())]

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw how many changes of each kind are proposed."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        counts = self.table["proposal"].value_counts().iloc[::-1]
        ax.barh([say(str(kind)) for kind in counts.index], counts, color="C0")
        ax.set_xlabel(say("Changes proposed"))
        return ax


def propose(
    report: GoalReport, signals: Changes | None = None, *, likely: float | None = None
) -> Proposals:
    """Propose changes of targets, deadlines and control limits.

    Met: the target that is reached with the probability `likely` one year on, where it is better
    than the present one. On course with at least 97 %: the same, by the present deadline. At risk
    or missed: the first deadline within two years by which the target is reached with that
    probability; where there is none, the target that is, if it is better than the baseline. A
    chart whose last eight periods lie on one side of its mean: limits from those periods.

    Parameters
    ----------
    report : GoalReport
    signals : Changes, optional
        The control charts of the goals.
    likely : float, optional
        The probability asked for; that of the status rules by default.
    """
    wanted = report.rules.likely if likely is None else likely
    if not 0.5 <= wanted < 1:
        raise GoalError(f"likely is {wanted}", where="propose", remedy="give 0.5 or more, below 1")
    rows: list[dict[str, Any]] = []
    for goal in report.goals:
        status = report.table.loc[report.table["goal"] == goal.name].iloc[0]
        model = report.models.get(goal.name)
        found = _about(report, goal, str(status["status"]), float(status["probability"]), wanted)
        if model is not None and found:
            rows.append(_row(goal, **found))
        chart = signals.charts.get(goal.name) if signals is not None else None
        if chart is not None:
            rows += _limits(goal, chart.table)
            rows += _threshold(goal, chart)
    columns = ["goal", "title", "proposal", "target", "present", "proposed", "deadline",
               "until", "low", "high", "reason"]  # fmt: skip
    table = labelled(
        pd.DataFrame(rows, columns=columns), title="Goal", proposal="Proposal", reason="Why"
    )
    return Proposals(table, _history(report.goals), report.records)


def _about(
    report: GoalReport, goal: Goal, status: str, probability: float, wanted: float
) -> dict[str, Any]:
    model = report.models.get(goal.name)
    if model is None:
        return {}
    record = model.record
    year = record.season_length
    last = int(record.step[-1])
    if status == "met":
        better = _reached(model.level(last + year), goal, wanted)
        if _beyond(better, goal.target, goal):
            until = record.day_of(last + year + 1) - dt.timedelta(days=1)
            return {"proposal": NEXT, "proposed": better, "until": until}
    elif status == "on course" and probability >= CERTAIN:
        better = _reached(model.level(record.step_of(goal.deadline)), goal, wanted)
        if _beyond(better, goal.target, goal):
            return {"proposal": RAISE, "proposed": better}
    elif status in ("at risk", "missed"):
        start = max(last, record.step_of(goal.deadline)) + 1
        months = HORIZON_MONTHS * year // 12
        for step in range(start, start + max(months, 1)):
            level = model.level(step)
            chance = level.above(goal.target)
            if (chance if goal.direction == "up" else 1 - chance) >= wanted:
                until = record.day_of(step + 1) - dt.timedelta(days=1)
                return {"proposal": LATER, "until": until}
        horizon = record.step_of(goal.deadline) if status == "at risk" else last + year
        lower = _reached(model.level(horizon), goal, wanted)
        if not _beyond(lower, goal.baseline.value, goal):
            return {"proposal": MEASURE}
        found: dict[str, Any] = {"proposal": LOWER, "proposed": lower}
        if status == "missed":
            found["until"] = record.day_of(horizon + 1) - dt.timedelta(days=1)
        return found
    return {}


def _reached(level: Any, goal: Goal, wanted: float) -> float:
    """Give the value that is reached with the probability asked for."""
    return float(level.quantile(1 - wanted if goal.direction == "up" else wanted))


def _beyond(value: float, target: float, goal: Goal) -> bool:
    return value > target if goal.direction == "up" else value < target


def _row(
    goal: Goal,
    proposal: str,
    proposed: float = math.nan,
    until: dt.date | None = None,
    low: float = math.nan,
    high: float = math.nan,
    present: float | None = None,
) -> dict[str, Any]:
    return {
        "goal": goal.name,
        "title": goal.label,
        "proposal": proposal,
        "target": goal.target,
        "present": goal.target if present is None else present,
        "proposed": proposed,
        "deadline": pd.Timestamp(goal.deadline),
        "until": pd.Timestamp(until) if until is not None else pd.NaT,
        "low": low,
        "high": high,
        "reason": REASONS[proposal],
    }


def _limits(goal: Goal, table: pd.DataFrame) -> list[dict[str, Any]]:
    side = np.sign((table["value"] - table["mean"]).to_numpy(dtype=np.float64))
    length = 0
    while length < side.size and side[-1] != 0 and side[-1 - length] == side[-1]:
        length += 1
    if length < RUN or bool(table["base"].iloc[-length]):
        return []
    fresh = xmr(table["value"].iloc[-length:])
    return [_row(goal, LIMITS, low=fresh.low, high=fresh.high, present=math.nan)]


def _threshold(goal: Goal, chart: Any) -> list[dict[str, Any]]:
    """Move a fixed threshold that lies between the limits of the chart out to the limit.

    Only where nothing has moved since the limits were set: else they are not the usual scatter.
    """
    if len(chart.signals):
        return []
    moved = []
    if goal.warn_below is not None and goal.warn_below > chart.low:
        moved.append(_row(goal, THRESHOLD, low=chart.low, present=goal.warn_below))
    if goal.warn_above is not None and goal.warn_above < chart.high:
        moved.append(_row(goal, THRESHOLD, high=chart.high, present=goal.warn_above))
    return moved


def _history(goals: tuple[Goal, ...]) -> pd.DataFrame:
    rows = [
        {
            "goal": goal.name,
            "title": goal.label,
            "changed": pd.Timestamp(old.changed),
            "target": old.target,
            "deadline": old.deadline,
            "warn_below": old.warn_below,
            "warn_above": old.warn_above,
            "why": english(old.why),
        }
        for goal in goals
        for old in goal.history
    ]
    columns = ["goal", "title", "changed", "target", "deadline", "warn_below", "warn_above", "why"]
    table = pd.DataFrame(rows, columns=columns)
    numbers = dict.fromkeys(["target", "warn_below", "warn_above"], float)
    table = table.astype(numbers).assign(deadline=pd.to_datetime(table["deadline"]))
    labels: dict[str, str | tuple[str, str]] = {
        "title": "Goal",
        "changed": ("Changed on", "date"),
        "target": "Target before",
        "deadline": ("Deadline before", "date"),
        "warn_below": "Lower threshold before",
        "warn_above": "Upper threshold before",
        "why": "Why",
    }
    # what no goal ever had is no column for readers
    return labelled(
        table, **{name: label for name, label in labels.items() if table[name].notna().any()}
    )
