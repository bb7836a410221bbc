"""Goals as plain values: read from a study's card or a table, and checked."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, Literal

import pandas as pd

from workbench.errors import WorkbenchError

#: What the level of an indicator may be said to do; `averaged` over all of them by default.
AVERAGED: Final = "averaged"
STEADY, WANDERING, TREND, DAMPED = "steady", "wandering", "trend", "damped"
FAMILIES: Final = (STEADY, WANDERING, TREND, DAMPED)
FORECASTS: Final = (AVERAGED, *FAMILIES)


class GoalError(WorkbenchError, ValueError):
    """A goal, or its record, that cannot be judged."""


@dataclass(frozen=True)
class Goal:
    """What is to be reached, measured by what, from where, until when.

    Attributes
    ----------
    name : str
        Unique key.
    title : str
        For readers.
    indicator : str
        What measures it.
    baseline, target : float
        Where it starts and where it should get, in the indicator's unit.
    baseline_date, deadline : date
    direction : {"up", "down"}
        Which way is better.
    every : str or None
        Period of the indicator (month, quarter, year, wave).
    where : mapping
        Part of the customers it speaks of; empty for all.
    owner, parent : str
        Who answers for it; the goal it serves. Empty when not given.
    kind, term : str
        quantitative or qualitative; short or long.
    how : str
        How the baseline is known: measured, estimated or stated.
    why : str
        Why it matters; empty when not given.
    weight : float
        Among the goals that serve the same one; NaN when not given.
    history : tuple of mapping
        Earlier targets, deadlines and thresholds: changed, target, deadline, warn_below,
        warn_above, why.
    forecast : str
        Which forecast is asked: averaged, or what the level is known to do.
    warn_below, warn_above : float
        Fixed thresholds of the measured value, beside those of the control chart; NaN for none.
    """

    name: str
    title: str
    indicator: str
    baseline: float
    baseline_date: dt.date
    target: float
    deadline: dt.date
    direction: Literal["up", "down"] = "up"
    every: str | None = None
    where: tuple[tuple[str, Any], ...] = ()
    owner: str = ""
    parent: str = ""
    kind: str = "quantitative"
    term: str = "short"
    how: str = "measured"
    why: str = ""
    weight: float = math.nan
    history: tuple[Mapping[str, Any], ...] = ()
    forecast: str = AVERAGED
    warn_below: float = math.nan
    warn_above: float = math.nan

    @property
    def way(self) -> float:
        """Distance from the baseline to the target, signed."""
        return self.target - self.baseline

    @property
    def filter(self) -> dict[str, Any]:
        """The part of the customers, as a filter."""
        return dict(self.where)


def read_goals(
    cards: Iterable[Mapping[str, Any]] | pd.DataFrame, *, known: Collection[str] | None = None
) -> tuple[Goal, ...]:
    """Read goals from mappings (the entries of a study's card) or the rows of a table.

    Parameters
    ----------
    cards : iterable of mapping, or DataFrame
        Keys: name, indicator, baseline (a number with `baseline_date`, or a mapping with `value`
        and `date`), target, deadline; optional title, direction, every, where, owner, parent.
        Texts may be mappings of language to text; the English one, or the first, is kept.
        Also kind, term, why, weight, history, and in the baseline how.
    known : collection of str, optional
        Names of the indicators that are defined; any is taken when left out.

    Returns
    -------
    tuple of Goal

    Raises
    ------
    GoalError
        If a key is missing, a date or number cannot be read, names repeat, the target lies on the
        wrong side of the baseline, the deadline does not follow the baseline, the indicator or a
        parent is unknown, parents run in a circle, or weights do not sum to one.
    """
    rows: Iterable[Mapping[str, Any]] = (
        ({str(k): v for k, v in r.items()} for r in cards.to_dict("records"))
        if isinstance(cards, pd.DataFrame)
        else cards
    )
    goals = tuple(_read(dict(row), i) for i, row in enumerate(rows))
    if not goals:
        raise GoalError("there are no goals", remedy="give at least one")
    for goal in goals:
        if known is not None and goal.indicator not in known:
            close = get_close_matches(goal.indicator, list(known), 1)
            raise GoalError(
                f"there is no indicator {goal.indicator!r}"
                + (f"; did you mean {close[0]!r}?" if close else ""),
                where=f"goal {goal.name!r}",
                remedy=f"use one of {', '.join(sorted(known))}, or register it",
            )
    _check_family(goals)
    _check_weights(goals)
    return goals


def _read(card: dict[str, Any], position: int) -> Goal:
    name = str(card.get("name") or "")
    where = f"goal {name!r}" if name else f"goal number {position + 1}"
    for key in ("name", "indicator", "baseline", "target", "deadline"):
        if card.get(key) is None:
            raise GoalError(f"{key} is missing", where=where, remedy=f"give it a {key}")
    start = card["baseline"]
    value, date = (
        (start.get("value"), start.get("date"))
        if isinstance(start, Mapping)
        else (start, card.get("baseline_date"))
    )
    baseline, target = _number(value, "baseline", where), _number(card["target"], "target", where)
    begin, deadline = (
        _date(date, "baseline date", where),
        _date(card["deadline"], "deadline", where),
    )
    direction = str(card.get("direction") or "up")
    if direction not in ("up", "down"):
        raise GoalError(f"direction is {direction!r}", where=where, remedy="write up or down")
    if deadline <= begin:
        raise GoalError(
            f"the deadline {deadline} does not follow the baseline of {begin}",
            where=where,
            remedy="correct one of the dates",
        )
    if target != baseline and (target > baseline) != (direction == "up"):
        side = "above" if target > baseline else "below"
        raise GoalError(
            f"the target {target:g} lies {side} the baseline {baseline:g}, but better is"
            f" {direction}",
            where=where,
            remedy="correct the target or the direction",
        )
    return Goal(
        name=name,
        title=plain_text(card.get("title")) or name,
        indicator=str(card["indicator"]),
        baseline=baseline,
        baseline_date=begin,
        target=target,
        deadline=deadline,
        direction="up" if direction == "up" else "down",
        every=plain_text(card.get("every")) or None,
        where=tuple(sorted(dict(card.get("where") or {}).items())),
        owner=plain_text(card.get("owner")),
        parent=plain_text(card.get("parent")),
        kind=_one_of(card, "kind", ("quantitative", "qualitative"), where),
        term=_one_of(card, "term", ("short", "long"), where),
        how=_one_of(
            start if isinstance(start, Mapping) else {}, "how", ("measured", "estimated", "stated"),
            where,
        ),
        why=plain_text(card.get("why")),
        weight=_weight(card.get("weight"), where),
        history=tuple(dict(one) for one in _list(card.get("history"))),
        forecast=_one_of(card, "forecast", FORECASTS, where),
        **_thresholds(card, target, direction, where),
    )  # fmt: skip


def _thresholds(
    card: Mapping[str, Any], target: float, direction: str, where: str
) -> dict[str, float]:
    """Read the fixed thresholds; one that the target itself lies beyond would warn for ever."""
    found = {}
    for key in ("warn_below", "warn_above"):
        given = card.get(key)
        missing = given is None or (isinstance(given, float) and math.isnan(given))
        found[key] = math.nan if missing else _number(given, key, where)
    if found["warn_below"] >= found["warn_above"]:
        raise GoalError(
            f"warn_below {found['warn_below']:g} is not below warn_above {found['warn_above']:g}",
            where=where,
            remedy="exchange them, or leave one out",
        )
    for key, wrong in (
        ("warn_below", found["warn_below"] > target),
        ("warn_above", found["warn_above"] < target),
    ):
        if wrong:
            raise GoalError(
                f"{key} {found[key]:g} would warn of the target {target:g} itself",
                where=where,
                remedy=f"better is {direction}: give a threshold on the other side of the target",
            )
    return found


def _one_of(card: Mapping[str, Any], key: str, words: tuple[str, ...], where: str) -> str:
    word = plain_text(card.get(key)) or words[0]
    if word not in words:
        raise GoalError(f"{key} is {word!r}", where=where, remedy=f"write {' or '.join(words)}")
    return word


def _weight(value: Any, where: str) -> float:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return math.nan
    weight = _number(value, "weight", where)
    if not 0 <= weight <= 1:
        raise GoalError(f"weight is {weight:g}", where=where, remedy="give a share from 0 to 1")
    return weight


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []


def _check_weights(goals: tuple[Goal, ...]) -> None:
    for parent in dict.fromkeys(g.parent for g in goals):
        own = [g for g in goals if g.parent == parent]
        given = [g for g in own if not math.isnan(g.weight)]
        total = sum(g.weight for g in given)
        said = ", ".join(f"{g.name} {g.weight:g}" for g in given)
        where = f"goals that serve {parent!r}" if parent else "goals that serve no other"
        if given and len(given) < len(own):
            lacking = next(g.name for g in own if math.isnan(g.weight))
            raise GoalError(
                f"{lacking!r} has no weight and others have ({said})",
                where=where,
                remedy="give all of them a weight, or none",
            )
        if given and abs(total - 1) > 0.005:
            shares = ", ".join(f"{g.name} {g.weight / total:.3g}" for g in given) if total else ""
            raise GoalError(
                f"the weights sum to {total:g} and not to 1 ({said})",
                where=where,
                remedy=f"divide them by their sum: {shares}" if total else "give some weight",
            )


def plain_text(value: Any) -> str:
    """Give the English text of one in several languages, or the text itself; empty for none."""
    if isinstance(value, Mapping):
        value = value.get("en") or next(iter(value.values()), "")
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else str(value)


def _number(value: Any, key: str, where: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise GoalError(f"{key} is {value!r}", where=where, remedy="give a number")
    return number


def _date(value: Any, key: str, where: str) -> dt.date:
    try:
        stamp = pd.Timestamp(value)
    except (TypeError, ValueError):
        stamp = None
    if stamp is None or pd.isna(stamp):
        raise GoalError(f"{key} is {value!r}", where=where, remedy="write a date as 2025-12-31")
    return stamp.date()


def _check_family(goals: tuple[Goal, ...]) -> None:
    parents = {g.name: g.parent for g in goals}
    if len(parents) < len(goals):
        names = [g.name for g in goals]
        twice = next(n for n in names if names.count(n) > 1)
        raise GoalError(f"two goals are called {twice!r}", remedy="rename one")
    for goal in goals:
        if goal.parent and goal.parent not in parents:
            raise GoalError(
                f"there is no goal {goal.parent!r} to serve",
                where=f"goal {goal.name!r}",
                remedy=f"parents can be {', '.join(parents)}",
            )
        seen, at = {goal.name}, goal.parent
        while at:
            if at in seen:
                raise GoalError(
                    f"the goals {', '.join(sorted(seen))} serve one another in a circle",
                    where=f"goal {goal.name!r}",
                    remedy="take one parent out",
                )
            seen.add(at)
            at = parents[at]
