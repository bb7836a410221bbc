"""The part of a study card that says when customers are served, and what they are promised."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, field_validator
from pydantic_core import PydanticCustomError

from workbench.study.fields import Card, LocalText, Name

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)-([01]?\d|2[0-4]):([0-5]\d)")
_HOURS_A_DAY: Final = 24.0


def _each_day(value: Any) -> Any:
    """Write ``mon-fri`` out, and read the hours of each day."""
    if not isinstance(value, dict):
        return value
    found: dict[str, tuple[float, float]] = {}
    for days, hours in value.items():
        first, _, last = str(days).strip().casefold().partition("-")
        if first not in WEEKDAYS or (last or first) not in WEEKDAYS:
            raise PydanticCustomError(
                "weekday", "{days} is no weekday; write mon, tue, ... or mon-fri",
                {"days": repr(days)},
            )  # fmt: skip
        begin, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
        span = _read_hours(days, hours)
        for day in WEEKDAYS[begin : end + 1] if begin <= end else ():
            if day in found:
                raise PydanticCustomError("twice", "{day} is named twice", {"day": day})
            found[day] = span
        if begin > end:
            raise PydanticCustomError(
                "order", "{days}: write the earlier day of the week first", {"days": repr(days)}
            )
    return found


def _read_hours(days: object, hours: object) -> tuple[float, float]:
    if isinstance(hours, list | tuple) and len(hours) == 2:  # a card that was read before
        return float(hours[0]), float(hours[1])
    match = _HOURS.fullmatch(str(hours).strip().replace(" ", "").replace("–", "-"))
    if match is None:
        raise PydanticCustomError(
            "hours", "{days}: {hours} are no hours; write \"09:00-18:00\"",
            {"days": str(days), "hours": repr(hours)},
        )  # fmt: skip
    begin, end = (int(match[i]) + int(match[i + 1]) / 60 for i in (1, 3))
    if not begin < end <= _HOURS_A_DAY:
        raise PydanticCustomError(
            "hours", "{days}: {hours} end before they begin; a night is two days",
            {"days": str(days), "hours": repr(hours)},
        )  # fmt: skip
    return begin, end


class Bounds(Card):
    """Numbers from `at_least` to `at_most`."""

    at_least: float | None = None
    at_most: float | None = None


class FollowUp(Card):
    """A rule by which customers are asked again: who it finds, who does it, within how many days.

    `where` says which rows of `table` it finds, by values or by bounds of numbers; of those older
    than `since` days nobody asks any more.
    """

    name: Name
    title: LocalText | None = None
    table: Name
    where: dict[str, Bounds | str | bool | float | tuple[str | bool | float, ...]] = Field(
        min_length=1
    )
    owner: LocalText
    days: int = Field(default=5, ge=1, le=365)
    since: int = Field(default=30, ge=1, le=3650)


class Service(Card):
    """How contacts are served.

    `open` are the opening hours by weekday, in the study's time zone (``mon-fri: "09:00-18:00"``),
    `closed` further days on which nobody works; where they are given, waiting counts in opening
    hours, else around the clock. `response` and `resolution` are what customers are promised, in
    hours of the same clock. Who comes back within `repeat_days` was not helped the first time.
    `follow_up` are the rules of the working list of those who are to be asked again, and
    `follow_up_by_lot` says that what is then done was drawn by lot.
    """

    open: Annotated[dict[str, tuple[float, float]], BeforeValidator(_each_day)] = Field(
        default_factory=dict
    )
    closed: tuple[dt.date, ...] = ()
    response: float | None = Field(default=None, gt=0)
    resolution: float | None = Field(default=None, gt=0)
    repeat_days: int = Field(default=7, ge=1, le=365)
    follow_up: tuple[FollowUp, ...] = ()
    follow_up_by_lot: bool = False

    @field_validator("closed")
    @classmethod
    def _once(cls, value: tuple[dt.date, ...]) -> tuple[dt.date, ...]:
        return tuple(sorted(set(value)))
