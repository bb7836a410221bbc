"""Are goals reached, or will they be: the record of each goal against its target and deadline."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from workbench.goals.forecast import FEWEST, LevelModel, fit_level
from workbench.goals.record import GoalError, IndicatorRecord, WithheldError, read_record
from workbench.goals.report import COLUMNS, GoalReport
from workbench.goals.status import REASONS, StatusRules, attainment, progress
from workbench.results import Estimate, labelled
from workbench.stats.mixtures import Mixture
from workbench.study.fields import english
from workbench.study.goals import Goal

LATEST: Final = "latest value only"
# From this share of the weight on, a record is called seasonal.
SEASONAL: Final = 0.5
LOOKS: Final = {
    ("steady", False): "steady",
    ("steady", True): "steady with a season",
    ("wandering", False): "wandering",
    ("wandering", True): "wandering with a season",
    ("trend", False): "a trend",
    ("trend", True): "a trend with a season",
    ("damped", False): "a trend that fades",
    ("damped", True): "a fading trend with a season",
}


def judge(
    goals: Iterable[Goal],
    records: Mapping[str, pd.DataFrame],
    *,
    as_of: dt.date,
    rules: StatusRules | None = None,
) -> GoalReport:
    """Judge goals by the records of their indicators; of which nothing may be told are left out.

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
    rows, read, models, hidden = [], {}, {}, list[Goal]()
    for goal in goals:
        if goal.name not in records:
            raise GoalError(
                "there is no record of its indicator",
                where=f"goal {goal.name!r}",
                remedy=f"give records[{goal.name!r}]: period, estimate, n, sd",
            )
        try:
            record = read_record(records[goal.name], name=goal.name)
        except WithheldError:
            hidden.append(goal)
            continue
        read[goal.name] = record
        if record.value.size >= FEWEST:
            models[goal.name] = fit_level(record, forecast=goal.forecast)
        rows.append(_judged(goal, record, models.get(goal.name), as_of, rules))
    if hidden and not rows:
        read_record(records[hidden[0].name], name=hidden[0].name)  # says why
    table = labelled(pd.DataFrame(rows), **COLUMNS)
    told = tuple(goal for goal in goals if goal not in hidden)
    return GoalReport(told, table, read, models, as_of, rules, tuple(hidden))


def _judged(
    goal: Goal,
    record: IndicatorRecord,
    model: LevelModel | None,
    as_of: dt.date,
    rules: StatusRules,
) -> dict[str, Any]:
    last = int(record.step[-1])
    end = record.step_of(goal.deadline)
    # Over, when the deadline's period has been measured or a later day is asked about.
    over = goal.deadline <= as_of or end <= last
    if over and end < last:
        # What came later does not change whether the goal was met.
        record = record.until(end)
        model = fit_level(record, forecast=goal.forecast) if record.value.size >= FEWEST else None
        last = int(record.step[-1])
    at = min(end, last) if over else last
    now = _level(record, model, at)
    final = now if over and end <= last else _ahead(record, model, end)
    probability = math.nan
    if final is not None:
        above = final.above(goal.target)
        probability = above if goal.direction == "up" else 1 - above
    status, key = _status(goal, final, probability, over, rules, record)
    low, high = now.interval() if now is not None else (math.nan, math.nan)
    estimate = now.centre if now is not None else float(record.value[-1])
    done = (
        attainment(estimate, goal.baseline.value, goal.target, low, high)
        if goal.way
        else Estimate(math.nan)
    )
    errors = model.backtest if model is not None else np.empty((0, 2))
    means = errors.mean(axis=0) if len(errors) else np.full(2, math.nan)
    return {
        "goal": goal.name,
        "title": goal.label,
        "indicator": goal.indicator,
        "owner": english(goal.owner),
        "baseline": goal.baseline.value,
        "target": goal.target,
        "deadline": pd.Timestamp(goal.deadline),
        "latest": float(record.value[-1]),
        "latest_period": pd.Timestamp(record.start[-1]),
        "level_on": pd.Timestamp(record.day_of(at + 1)) - pd.Timedelta(days=1),
        "estimate": estimate,
        "low": low,
        "high": high,
        "attainment": done.value,
        "attainment_low": done.low,
        "attainment_high": done.high,
        "progress": progress(done.value, done.low, done.high),
        "probability": probability,
        "status": status,
        "reason": REASONS[_said(key, goal, record)],
        "points": int(record.value.size),
        "model": model.forecast if model is not None else LATEST,
        "looks": _looks(model),
        "model_error": float(means[0]),
        "naive_error": float(means[1]),
    }


def _said(key: str, goal: Goal, record: IndicatorRecord) -> str:
    """Tell of a goal that is met whether what was last measured lies short of the target."""
    beyond = float(record.value[-1]) - goal.target
    short = beyond < 0 if goal.direction == "up" else beyond > 0
    return "met_short" if key == "met" and short else key


def _looks(model: LevelModel | None) -> str:
    if model is None:
        return ""
    return LOOKS[model.looks, model.season_weight > SEASONAL]


def _level(record: IndicatorRecord, model: LevelModel | None, step: int) -> Mixture | None:
    """Distribution of the level at a period that has been measured."""
    if model is not None:
        return model.level(step)
    at = int(np.searchsorted(record.step, step, side="right")) - 1
    if at < 0 or not math.isfinite(record.se[at]):
        return None
    return Mixture(np.ones(1), record.value[[at]], record.se[[at]], *record.bounds)


def _ahead(record: IndicatorRecord, model: LevelModel | None, step: int) -> Mixture | None:
    """Distribution of the level at a period still to come."""
    return model.level(step) if model is not None else None


def _status(
    goal: Goal,
    final: Mixture | None,
    probability: float,
    over: bool,
    rules: StatusRules,
    record: IndicatorRecord,
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
    ends = sorted((goal.baseline.value, goal.target))
    wide = low <= ends[0] and high >= ends[1]
    if wide and probability > 1 - rules.likely:
        return "cannot tell", "wide"
    return "at risk", "risk"
