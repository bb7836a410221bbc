"""A study as it would have been seen on an earlier day: what came later is not known."""

from __future__ import annotations

import datetime as dt
import os
from typing import Any

from workbench.study.card import Study
from workbench.study.cases import Case
from workbench.study.goals import Action, Goal
from workbench.study.reader import StudyError

#: Tells the notebooks of a run the day as of which they see the study.
AS_OF = "WORKBENCH_AS_OF"


def seen_on(study: Study, day: dt.date | None) -> Study:
    """Show a study as it would have been seen at the end of a day.

    Measures and actions that had not begun and goals without a baseline yet are not there; targets
    and thresholds are those of the time. The readers of tables leave out the rows of later days
    (of a later `loaded_on`, where a table has it), and take ends of contracts after it as not
    known.

    Parameters
    ----------
    study : Study
    day : date or None
        None gives the study as it is.

    Raises
    ------
    StudyError
        If the day lies after the study's own `as_of`: nobody knows that.
    """
    if day is None:
        return study
    if day > study.as_of:
        raise StudyError(
            f"{day} lies after as_of {study.as_of}",
            where=str(study.path),
            remedy="name an earlier day, or bring the data and `as_of` up to it",
        )
    goals = tuple(_goal(goal, day) for goal in study.goals if goal.baseline.date <= day)
    there = {goal.name for goal in goals}
    orphans = {goal.parent for goal in study.goals if goal.name not in there}
    goals = tuple(
        goal.model_copy(
            update={
                "parent": goal.parent if goal.parent in there else None,
                # weights are shares among those that serve the same goal: of all of them, or none
                "weight": goal.weight
                if goal.parent in there and goal.parent not in orphans
                else None,
            }
        )
        for goal in goals
    )
    cases = tuple(_case(case, day) for case in study.cases if case.start <= day)
    judged = {case.name for case in cases}
    actions = tuple(
        _action(action, day, there, judged) for action in study.actions if action.start <= day
    )
    return study.model_copy(
        update={"as_of": day, "seen": day, "goals": goals, "cases": cases, "actions": actions}
    )


def seen_from_environment(study: Study) -> Study:
    """Show the study as the run that executes this notebook sees it."""
    day = os.environ.get(AS_OF)
    return seen_on(study, dt.date.fromisoformat(day) if day else None)


def _goal(goal: Goal, day: dt.date) -> Goal:
    """Give a goal the target and thresholds that it had on a day."""
    said: dict[str, Any] = {}
    # what a revision names stood until it: the latest written last, so that the earliest counts
    for revision in sorted(goal.history, key=lambda r: r.changed, reverse=True):
        if revision.changed > day:
            named = revision.model_dump(include={"target", "deadline", "warn_below", "warn_above"})
            said |= {key: value for key, value in named.items() if value is not None}
    history = tuple(r for r in goal.history if r.changed <= day)
    return goal.model_copy(update={**said, "history": history})


def _case(case: Case, day: dt.date) -> Case:
    if not case.starts:
        return case
    return case.model_copy(update={"starts": {k: d for k, d in case.starts.items() if d <= day}})


def _action(action: Action, day: dt.date, goals: set[str], cases: set[str]) -> Action:
    done = action.done is not None and action.done <= day
    return action.model_copy(
        update={
            "done": action.done if done else None,
            "goal": action.goal if action.goal in goals else None,
            "case": action.case if action.case in cases else None,
        }
    )
