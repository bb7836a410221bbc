"""The goals' part of a study card: goals, actions, and the tree that weighs them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeAlias

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from workbench.errors import DataError, did_you_mean
from workbench.study.fields import Card, Direction, LocalText, Name, Number, Where, english
from workbench.study.reader import Problem, StudyError, explain, gathered

if TYPE_CHECKING:
    import pandas as pd

#: What the level of an indicator may be said to do; `averaged` over all of them by default.
AVERAGED: Final = "averaged"
STEADY, WANDERING, TREND, DAMPED = "steady", "wandering", "trend", "damped"
FAMILIES: Final = (STEADY, WANDERING, TREND, DAMPED)
FORECASTS: Final = (AVERAGED, *FAMILIES)
Forecast: TypeAlias = Literal["averaged", "steady", "wandering", "trend", "damped"]


class Baseline(Card):
    """Where a goal starts: a value and the day it was measured."""

    value: Number
    date: dt.date
    #: How it is known: measured from the study's tables, estimated, or stated by somebody.
    how: Literal["measured", "estimated", "stated"] = "measured"


class Revision(Card):
    """A target, deadline or threshold that a goal had before, and why it was changed."""

    changed: dt.date
    target: Number | None = None
    deadline: dt.date | None = None
    warn_below: Number | None = None
    warn_above: Number | None = None
    why: LocalText


class Goal(Card):
    """A goal: an indicator, its baseline, its target and its deadline.

    Attributes
    ----------
    every : str or None
        The period over which baseline and target are measured, such as ``quarter``: churn a month
        is not churn a quarter.
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
    phases : tuple of date
        Days from which on the process was another by what is known (a new system, another way of
        counting): the control chart's limits are set anew there.
    warn_below, warn_above : float or None
        Fixed thresholds: a measured value beyond one is a warning.
    """

    name: Name
    title: LocalText
    indicator: str
    kind: Literal["quantitative", "qualitative"] = "quantitative"
    term: Literal["short", "long"] = "short"
    why: LocalText | None = None
    weight: Number | None = Field(default=None, ge=0, le=1)
    history: tuple[Revision, ...] = ()
    where: Where | None = None
    every: Literal["week", "month", "quarter", "year", "wave"] | None = None
    baseline: Baseline
    target: Number
    deadline: dt.date
    direction: Direction = Field(default="up", validate_default=True)
    owner: LocalText | None = None
    parent: str | None = None
    forecast: Forecast = AVERAGED
    phases: tuple[dt.date, ...] = ()
    warn_below: Number | None = None
    warn_above: Number | None = None

    @property
    def way(self) -> float:
        """Distance from the baseline to the target, signed."""
        return self.target - self.baseline.value

    @property
    def label(self) -> str:
        """Its title in English, by which pages look up the other languages."""
        return english(self.title)

    @field_validator("deadline")
    @classmethod
    def _after_the_baseline(cls, deadline: dt.date, about: ValidationInfo) -> dt.date:
        start = about.data.get("baseline")
        if start is not None and deadline <= start.date:
            raise PydanticCustomError(
                "order",
                "`deadline` {deadline} is not after the baseline's date {date}; correct one of the"
                " dates",
                {"deadline": str(deadline), "date": str(start.date)},
            )
        return deadline

    @field_validator("phases")
    @classmethod
    def _after_one_another(
        cls, phases: tuple[dt.date, ...], about: ValidationInfo
    ) -> tuple[dt.date, ...]:
        start = about.data.get("baseline")
        if list(phases) != sorted(set(phases)) or (start and phases and phases[0] <= start.date):
            raise PydanticCustomError(
                "order",
                "`phases` are days after the baseline's date, one after another; the limits up"
                " to it are the baseline's own",
                {},
            )
        return phases

    @field_validator("direction")
    @classmethod
    def _towards_the_target(cls, direction: Direction, about: ValidationInfo) -> Direction:
        start, target = about.data.get("baseline"), about.data.get("target")
        if start is None or target is None or target == start.value:
            return direction
        rises = target > start.value
        if rises != (direction == "up"):
            raise PydanticCustomError(
                "direction",
                "`direction` is {direction}, but the target {target} lies {side} the baseline"
                " {value}; correct one of the three",
                {
                    "direction": direction,
                    "target": target,
                    "side": "above" if rises else "below",
                    "value": start.value,
                },
            )
        return direction

    @field_validator("warn_below", "warn_above")
    @classmethod
    def _short_of_the_target(cls, given: float | None, about: ValidationInfo) -> float | None:
        """Refuse a threshold that the target itself lies beyond: it would warn for ever."""
        target, below = about.data.get("target"), about.data.get("warn_below")
        beyond = (
            target is not None
            and given is not None
            and (given > target if about.field_name == "warn_below" else given < target)
        )
        if beyond:
            raise PydanticCustomError(
                "threshold",
                "{given} would warn of the target {target} itself; better is {direction}: give a"
                " threshold on the other side of the target",
                {
                    "given": given,
                    "target": target,
                    "direction": about.data.get("direction", "unknown"),
                },
            )
        upper = given if about.field_name == "warn_above" else None
        if upper is not None and below is not None and below >= upper:
            raise PydanticCustomError(
                "threshold",
                "`warn_below` {below} is not below `warn_above` {above}; exchange them, or leave"
                " one out",
                {"below": below, "above": upper},
            )
        return given


def read_goals(
    rows: Iterable[Mapping[str, Any]] | pd.DataFrame, *, known: Collection[str] | None = None
) -> tuple[Goal, ...]:
    """Read goals from the rows of a table, by the same rules as from a card.

    Parameters
    ----------
    rows : DataFrame, or iterable of mapping
        The keys of a `Goal`; the baseline may be a number beside `baseline_date` and `how`, and
        the title may be left out for the name.
    known : collection of str, optional
        Names of the indicators that are defined; any is taken when left out.

    Returns
    -------
    tuple of Goal

    Raises
    ------
    StudyError
        With all problems at once, each with its goal, key and remedy.

    Examples
    --------
    >>> from workbench.study import read_goals
    >>> row = {"name": "up", "indicator": "nps", "baseline": 10, "baseline_date": "2024-12-31",
    ...        "target": 20, "deadline": "2025-12-31"}
    >>> read_goals([row])[0].way
    10.0
    """
    import pandas as pd

    records = rows.to_dict("records") if isinstance(rows, pd.DataFrame) else rows
    cards = [_card(row) for row in records]
    if not cards:
        raise StudyError("there are no goals", where="goals", remedy="give at least one")
    goals, problems = [], list[Problem]()
    for i, card in enumerate(cards):
        at = f"goal {card['name']!r}" if card.get("name") else f"goal number {i + 1}"
        try:
            goals.append(Goal.model_validate(card))
        except ValidationError as errors:
            problems += [(0, f"{at}, {explain(e, Goal, {})[1]}") for e in errors.errors()]
            continue
        if known is not None and (indicator := goals[-1].indicator) not in known:
            meant = did_you_mean(indicator, known) or f"; use one of {', '.join(sorted(known))}"
            problems.append((0, f"{at}, indicator: there is no indicator {indicator!r}{meant}"))
    if not problems:
        problems = [
            (0, f"goal {goals[i].name!r}, {k}: {text}") for i, k, text in between_goals(goals)
        ]
    if problems:
        raise gathered("goals", problems, StudyError)
    return tuple(goals)


def _card(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Write a row of a table as an entry of a card: without gaps, the baseline in one place."""
    card = {str(k): v for k, v in row.items() if v is not None and v == v}  # NaN and NaT differ
    if not isinstance(card.get("baseline", {}), Mapping):
        start = {"value": card["baseline"], "date": card.pop("baseline_date", None)}
        start |= {"how": card.pop("how")} if "how" in card else {}
        card["baseline"] = start
    return {"title": card.get("name"), **card}


def between_goals(goals: Sequence[Goal]) -> list[tuple[int, str, str]]:
    """Find what holds for no goal alone: position, key, and what is wrong with it.

    Names that are used twice, parents that do not exist or form a circle, and weights of goals
    that serve the same one and do not sum to 1.
    """
    problems: list[tuple[int, str, str]] = []
    named = {goal.name: goal for goal in goals}
    names = [goal.name for goal in goals]
    for i, goal in enumerate(goals):
        if goal.name in names[:i]:
            problems.append((i, "name", f"{goal.name!r} is used twice"))
        if goal.parent is not None and goal.parent not in named:
            meant = did_you_mean(goal.parent, named)
            problems.append((i, "parent", f"there is no goal {goal.parent!r}{meant}"))
        circle = _circle(goal, named)
        if circle and goal.name == min(circle):
            path = " -> ".join([*circle, goal.name])
            problems.append(
                (i, "parent", f"the goals' parents form a circle: {path}; take one parent out")
            )
    for parent in dict.fromkeys(goal.parent for goal in goals):
        own = [(i, g) for i, g in enumerate(goals) if g.parent == parent]
        if problem := _weights_fault(parent, [goal for _, goal in own]):
            first = next(i for i, goal in own if goal.weight is not None)
            problems.append((first, "weight", problem))
    return problems


def _circle(goal: Goal, goals: Mapping[str, Goal]) -> list[str]:
    """Give the goals from this one up to itself again; none where it ends above."""
    path: list[str] = []
    at: str | None = goal.name
    while at is not None and at in goals and at not in path:
        path.append(at)
        at = goals[at].parent
    return path if at == goal.name else []


def _weights_fault(parent: str | None, goals: Sequence[Goal]) -> str:
    """Say what is wrong with the weights of goals that serve the same one; empty for nothing."""
    given = {goal.name: goal.weight for goal in goals if goal.weight is not None}
    if not given:
        return ""
    whose = "goals that serve no other" if parent is None else f"goals that serve {parent!r}"
    lacking = [goal.name for goal in goals if goal.weight is None]
    if lacking:
        return f"of the {whose}, {', '.join(lacking)} has no weight; give all of them one"
    from workbench.study.weights import sum_fault

    fault = sum_fault(given)
    return "" if fault is None else f"of the {whose}, {fault[0]}; {fault[1]}"


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

    @field_validator("due", "done")
    @classmethod
    def _after_the_start(cls, day: dt.date | None, about: ValidationInfo) -> dt.date | None:
        start = about.data.get("start")
        if start is not None and day is not None and day < start:
            raise PydanticCustomError(
                "order",
                "`{key}` {day} lies before `start` {start}; correct one of the dates",
                {"key": about.field_name, "day": str(day), "start": str(start)},
            )
        return day


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
    comparisons: dict[str, Number] = Field(default_factory=dict)
    weights: dict[str, Number] = Field(default_factory=dict)
    method: Literal["topsis", "mean"] = "topsis"

    @property
    def indicators(self) -> tuple[str, ...]:
        """All indicators, branch by branch."""
        return tuple(name for leaves in self.tree.values() for name in leaves)

    @property
    def labels(self) -> dict[str, str]:
        """Branch -> its name in English, by which pages look up the other languages."""
        return {branch: english(self.titles.get(branch)) or branch for branch in self.tree}

    @model_validator(mode="after")
    def _weighed(self) -> Self:
        from workbench.study.weights import tree_weights  # numpy, for studies that rank

        try:
            tree_weights(self.tree, self.comparisons, self.weights)
        except DataError as error:
            raise PydanticCustomError("weights", "{what}", {"what": str(error)}) from None
        for branch in self.titles:
            if branch not in self.tree:
                raise PydanticCustomError(
                    "title",
                    "`titles` names {branch}, which is no branch of the tree{meant}",
                    {"branch": repr(branch), "meant": did_you_mean(branch, self.tree)},
                )
        return self
