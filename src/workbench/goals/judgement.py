"""Are goals reached, or will they be: attainment, probability, and status by stated rules."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from workbench.goals.forecast import FEWEST, LevelModel, Mixture, fit_level
from workbench.goals.plan import Goal, GoalError
from workbench.goals.record import Record, read_record

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STATUSES: Final = ("met", "on course", "at risk", "missed", "cannot tell")
TREND: Final = "averaged local trend"
LATEST: Final = "latest value only"
REASONS: Final = {
    "met": "the level at the deadline is at or beyond the target",
    "missed": "the level at the deadline falls short of the target",
    "close": "the deadline is over, but the level is too close to the target to call",
    "course": "the forecast reaches the target with the probability asked for",
    "risk": "the forecast reaches the target with less than the probability asked for",
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


@dataclass(frozen=True)
class Attainment:
    """How much of the way from baseline to target is done: 0 at the start, 1 at the target."""

    estimate: float
    low: float
    high: float


def attainment(
    current: float, baseline: float, target: float, low: float = math.nan, high: float = math.nan
) -> Attainment:
    """Return (current - baseline) / (target - baseline), with the interval of the current value.

    The baseline is taken as given. Also right for goals where less is better.

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
    ends = sorted(((low - baseline) / way, (high - baseline) / way))
    return Attainment((current - baseline) / way, ends[0], ends[1])


@dataclass(frozen=True)
class GoalReport:
    """All goals judged.

    Attributes
    ----------
    goals : tuple of Goal
    table : DataFrame
        One row a goal: goal, title, indicator, owner, baseline, target, deadline, latest (last
        measured value), latest_period, estimate, low, high (the level now, or at the deadline when
        that is over), attainment, attainment_low, attainment_high, progress (words),
        probability (of the target being reached by the deadline), status, reason, points, model,
        model_error, naive_error.
    records : mapping of str to Record
    models : mapping of str to LevelModel
        Of goals whose record is long enough.
    as_of : date
    rules : StatusRules
    """

    goals: tuple[Goal, ...]
    table: pd.DataFrame
    records: Mapping[str, Record]
    models: Mapping[str, LevelModel]
    as_of: dt.date
    rules: StatusRules

    def metrics(self) -> pd.DataFrame:
        """How many goals have each status, and each goal's attainment: name, value, low, high."""
        rows: list[dict[str, Any]] = [
            {
                "name": status.replace(" ", "_"),
                "value": int((self.table["status"] == status).sum()),
                "low": math.nan,
                "high": math.nan,
            }
            for status in STATUSES
        ]
        rows += [
            {
                "name": f"attainment.{row.goal}",
                "value": row.attainment,
                "low": row.attainment_low,
                "high": row.attainment_high,
            }
            for row in self.table.itertuples()
        ]
        return pd.DataFrame(rows)

    def summary(self) -> pd.DataFrame:
        """For readers, one row a goal: title, owner, deadline, status, progress, probability.

        `estimate`, `low` and `high` are the attainment.
        """
        t = self.table.rename(
            columns={
                "estimate": "level",
                "low": "level_low",
                "high": "level_high",
                "attainment": "estimate",
                "attainment_low": "low",
                "attainment_high": "high",
            }
        )
        columns = ["title", "owner", "deadline", "status", "progress", "estimate", "low", "high",
                   "probability"]  # fmt: skip
        return t[columns]

    def next_steps(self) -> pd.DataFrame:
        """Say what to do next, the most urgent first: title, status, reason, step."""
        urgent = {"missed": 0, "at risk": 1, "cannot tell": 2, "on course": 3, "met": 4}
        t = self.table[["title", "status", "reason"]].copy()
        short = t["reason"].isin([REASONS["short"], REASONS["error"]])
        t["step"] = [STEPS["short" if s else k] for s, k in zip(short, t["status"], strict=True)]
        return t.iloc[t["status"].map(urgent).argsort(kind="stable")].reset_index(drop=True)

    def backtest(self) -> pd.DataFrame:
        """Error of the forecast on the last periods: title, points, model, periods, error.

        `error` is the mean absolute one-step error, as a multiple of that of the naive forecast
        (the last value).
        """
        t = self.table
        tested = [len(self.models[g].backtest) if g in self.models else 0 for g in t["goal"]]
        return pd.DataFrame(
            {
                "title": t["title"],
                "points": t["points"],
                "model": t["model"],
                "periods": tested,
                "error": t["model_error"] / t["naive_error"],
            }
        )

    def leading(self) -> pd.Series[Any]:
        """Return the row of the first goal that serves no other."""
        names = [g.name for g in self.goals if not g.parent]
        return self.table[self.table["goal"] == names[0]].iloc[0]

    def with_status(self, *statuses: str) -> list[str]:
        """Titles of the goals that have one of the statuses."""
        return list(self.table.loc[self.table["status"].isin(statuses), "title"])

    def count(self, *statuses: str) -> int:
        """How many goals have one of the statuses."""
        return len(self.with_status(*statuses))

    @property
    def next_deadline(self) -> dt.date | None:
        """The nearest deadline that is still ahead."""
        ahead = [g.deadline for g in self.goals if g.deadline > self.as_of]
        return min(ahead, default=None)

    def path(self, name: str) -> pd.DataFrame:
        """Measured values and level of one goal's indicator, ahead to its deadline.

        Returns
        -------
        DataFrame
            goal, title, period (first day), value (NaN ahead), estimate, low, high (of the level).
        """
        if name not in self._paths:
            raise GoalError(f"there is no goal {name!r}", remedy=f"goals: {', '.join(self._paths)}")
        return self._paths[name]

    def paths(self) -> pd.DataFrame:
        """`path` of all goals, one below the other."""
        return pd.concat(self._paths.values(), ignore_index=True)

    @cached_property
    def _paths(self) -> dict[str, pd.DataFrame]:
        from workbench.goals.pictures import path_table

        return {g.name: path_table(self, g.name) for g in self.goals}

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw attainment with intervals, 0 at the baseline, 1 at the target, one row a goal."""
        from workbench.goals.pictures import draw_attainment

        return draw_attainment(self, ax)

    def plot_paths(self, figure: Figure | None = None) -> Figure:
        """Draw the path of each indicator with baseline, target and deadline, one panel a goal."""
        from workbench.goals.pictures import draw_paths

        return draw_paths(self, figure)


def judge(
    goals: Iterable[Goal],
    records: Mapping[str, pd.DataFrame],
    *,
    as_of: dt.date,
    rules: StatusRules | None = None,
) -> GoalReport:
    """Judge goals by the records of their indicators.

    What is judged is the level of the indicator, chance and season taken off. When the deadline is
    over, that of the deadline's period, from the record up to it; else that of the last period,
    and the forecast.

    Parameters
    ----------
    goals : iterable of Goal
    records : mapping of str to DataFrame
        For each goal's name the path of its indicator (see `read_record`).
    as_of : date
        The day of judgement.
    rules : StatusRules, optional

    Raises
    ------
    GoalError
        If a goal has no record, or the record cannot be read.
    """
    rules = StatusRules() if rules is None else rules
    goals = tuple(goals)
    rows, read, models = [], {}, {}
    for goal in goals:
        if goal.name not in records:
            raise GoalError(
                "there is no record of its indicator",
                where=f"goal {goal.name!r}",
                remedy=f"give records[{goal.name!r}]: period, estimate, n, sd",
            )
        record = read_record(records[goal.name], name=goal.name)
        read[goal.name] = record
        if record.value.size >= FEWEST:
            models[goal.name] = fit_level(record)
        rows.append(_judged(goal, record, models.get(goal.name), as_of, rules))
    return GoalReport(goals, pd.DataFrame(rows), read, models, as_of, rules)


def _judged(
    goal: Goal, record: Record, model: LevelModel | None, as_of: dt.date, rules: StatusRules
) -> dict[str, Any]:
    last = int(record.step[-1])
    end = record.step_of(goal.deadline)
    # Over, when the deadline's period has been measured or a later day is asked about.
    over = goal.deadline <= as_of or end <= last
    if over and end < last:
        # What came later does not change whether the goal was met.
        record = record.until(end)
        model = fit_level(record) if record.value.size >= FEWEST else None
        last = int(record.step[-1])
    now = _level(record, model, min(end, last) if over else last)
    final = now if over and end <= last else _ahead(record, model, end)
    probability = math.nan
    if final is not None:
        above = final.above(goal.target)
        probability = above if goal.direction == "up" else 1 - above
    status, key = _status(goal, final, probability, over, rules, record)
    low, high = now.interval() if now is not None else (math.nan, math.nan)
    estimate = now.centre if now is not None else float(record.value[-1])
    done = (
        attainment(estimate, goal.baseline, goal.target, low, high)
        if goal.way
        else Attainment(math.nan, math.nan, math.nan)
    )
    errors = model.backtest if model is not None else np.empty((0, 2))
    means = errors.mean(axis=0) if len(errors) else np.full(2, math.nan)
    return {
        "goal": goal.name,
        "title": goal.title,
        "indicator": goal.indicator,
        "owner": goal.owner,
        "baseline": goal.baseline,
        "target": goal.target,
        "deadline": pd.Timestamp(goal.deadline),
        "latest": float(record.value[-1]),
        "latest_period": pd.Timestamp(record.start[-1]),
        "estimate": estimate,
        "low": low,
        "high": high,
        "attainment": done.estimate,
        "attainment_low": done.low,
        "attainment_high": done.high,
        "progress": progress(done.estimate, done.low, done.high),
        "probability": probability,
        "status": status,
        "reason": REASONS[key],
        "points": int(record.value.size),
        "model": TREND if model is not None else LATEST,
        "model_error": float(means[0]),
        "naive_error": float(means[1]),
    }


def _level(record: Record, model: LevelModel | None, step: int) -> Mixture | None:
    """Distribution of the level at a period that has been measured."""
    if model is not None:
        return model.level(step)
    at = int(np.searchsorted(record.step, step, side="right")) - 1
    if at < 0 or not math.isfinite(record.se[at]):
        return None
    return Mixture(np.ones(1), record.value[[at]], record.se[[at]])


def _ahead(record: Record, model: LevelModel | None, step: int) -> Mixture | None:
    """Distribution of the level at a period still to come."""
    return model.level(step) if model is not None else None


def _status(
    goal: Goal,
    final: Mixture | None,
    probability: float,
    over: bool,
    rules: StatusRules,
    record: Record,
) -> tuple[str, str]:
    if final is None:
        known = bool(np.isfinite(record.se[-1]))
        return "cannot tell", "short" if known or not over else "error"
    if over:
        if probability >= rules.sure:
            return "met", "met"
        if probability <= 1 - rules.sure:
            return "missed", "missed"
        return "cannot tell", "close"
    if probability >= rules.likely:
        return "on course", "course"
    low, high = final.interval()
    wide = low <= min(goal.baseline, goal.target) and high >= max(goal.baseline, goal.target)
    if wide and probability > 1 - rules.likely:
        return "cannot tell", "wide"
    return "at risk", "risk"
