"""The goals' part of a study card: goals, actions, and the tree that weighs them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from workbench.study.fields import Card, Direction, LocalText, Name, Where


class Baseline(Card):
    """Where a goal starts: a value and the day it was measured."""

    value: float
    date: dt.date
    #: How it is known: measured from the study's tables, estimated, or stated by somebody.
    how: Literal["measured", "estimated", "stated"] = "measured"


class Revision(Card):
    """A target, deadline or threshold that a goal had before, and why it was changed."""

    changed: dt.date
    target: float | None = None
    deadline: dt.date | None = None
    warn_below: float | None = None
    warn_above: float | None = None
    why: LocalText


class Goal(Card):
    """A goal: an indicator, its baseline, its target and its deadline.

    Attributes
    ----------
    every : str or None
        The period over which baseline and target are measured, such as ``quarter``.
    where : dict or None
        Of whom: only rows with these values.
    kind, term : str
        Quantitative or qualitative (experts score it); short or long term.
    why : Text or None
        Why it matters; `parent` names the goal that it serves.
    weight : float or None
        How much it counts among the goals that serve the same one; these sum to 1.
    history : tuple of Revision
        What was changed before.
    forecast : str
        What its level does: ``averaged`` over what the record allows, or stated.
    warn_below, warn_above : float or None
        Fixed thresholds: a measured value beyond one is a warning.
    """

    name: Name
    title: LocalText
    indicator: str
    kind: Literal["quantitative", "qualitative"] = "quantitative"
    term: Literal["short", "long"] = "short"
    why: LocalText | None = None
    weight: float | None = Field(default=None, ge=0, le=1)
    history: tuple[Revision, ...] = ()
    where: Where | None = None
    #: The period that baseline and target speak of: churn a month is not churn a quarter.
    every: Literal["week", "month", "quarter", "year", "wave"] | None = None
    baseline: Baseline
    target: float
    deadline: dt.date
    direction: Direction = "up"
    owner: LocalText | None = None
    parent: str | None = None
    forecast: Literal["averaged", "steady", "wandering", "trend", "damped"] = "averaged"
    warn_below: float | None = None
    warn_above: float | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.deadline <= self.baseline.date:
            raise PydanticCustomError(
                "order",
                "`deadline` {deadline} is not after the baseline's date {date}; correct one of the"
                " dates",
                {"deadline": str(self.deadline), "date": str(self.baseline.date)},
            )
        rises = self.target > self.baseline.value
        if self.target != self.baseline.value and rises != (self.direction == "up"):
            raise PydanticCustomError(
                "direction",
                "`direction` is {direction}, but the target {target} lies {side} the baseline"
                " {value}; correct one of the three",
                {
                    "direction": self.direction,
                    "target": self.target,
                    "side": "above" if rises else "below",
                    "value": self.baseline.value,
                },
            )
        return self


class Action(Card):
    """An entry of the action register: from a finding to a measure, its case and its goal.

    Attributes
    ----------
    finding, title, expected : Text
        What was found, what is done about it, and what it should bring.
    where : dict or None
        For which segment.
    start, due, done : date
        When it begins, when it should be finished, and when it was.
    goal, case : str or None
        The goal that it serves, and the case that judges it.
    """

    name: Name
    title: LocalText
    finding: LocalText | None = None
    where: Where | None = None
    owner: LocalText | None = None
    start: dt.date
    due: dt.date
    done: dt.date | None = None
    expected: LocalText | None = None
    goal: str | None = None
    case: str | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.due < self.start or (self.done is not None and self.done < self.start):
            raise PydanticCustomError("order", "`due` or `done` lies before `start`", {})
        return self


class Scorecard(Card):
    """A tree of indicators by which groups of customers are compared.

    Attributes
    ----------
    by : str
        The column of the customer table whose groups are ranked.
    every : str
        The period whose last complete one is compared.
    tree : dict
        Branch -> its indicators.
    titles : dict
        Branch -> its name for readers.
    comparisons : dict
        Pairs of branches, or of a branch's indicators, such as ``"service / business": 2``.
    weights : dict
        Weights stated instead, of branches or indicators.
    method : str
        ``topsis`` or ``mean``.
    """

    by: str
    every: Literal["month", "quarter", "year"] = "year"
    tree: dict[Name, tuple[str, ...]] = Field(min_length=1)
    titles: dict[str, LocalText] = Field(default_factory=dict)
    comparisons: dict[str, float] = Field(default_factory=dict)
    weights: dict[str, float] = Field(default_factory=dict)
    method: Literal["topsis", "mean"] = "topsis"


def faulty_weights(goals: Sequence[Goal]) -> list[tuple[int, str]]:
    """Find goals that serve the same one and whose weights do not sum to 1: (position, problem)."""
    found = []
    for parent in dict.fromkeys(goal.parent for goal in goals):
        own = [(i, g) for i, g in enumerate(goals) if g.parent == parent]
        given = [(i, g) for i, g in own if g.weight is not None]
        if not given:
            continue
        names = "goals that serve no other" if parent is None else f"goals that serve {parent!r}"
        total = sum(g.weight or 0.0 for _, g in given)
        lacking = [g.name for _, g in own if g.weight is None]
        if lacking:
            text = f"of the {names}, {', '.join(lacking)} has no weight; give all of them one"
        elif abs(total - 1) > 0.005:
            said = " + ".join(f"{g.name} {g.weight:g}" for _, g in given)
            text = f"the weights of the {names} sum to {total:g} and not to 1 ({said})"
            if total:
                shares = ", ".join(f"{g.name} {(g.weight or 0.0) / total:.3g}" for _, g in given)
                text += f"; divide them by their sum: {shares}"
        else:
            continue
        found.append((given[0][0], text))
    return found
