"""The instrument's part of a study card: what is asked beside the items, of whom, of how many."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from workbench.study.fields import Card, Item, LocalText
from workbench.study.survey import SIDES

#: Columns that a questionnaire of the workbench has besides those of the card.
ASKED: Final = ("invitation", "consent", "used", "attention")


class Sampling(Card):
    """How sure the survey shall be, from which its size follows.

    Attributes
    ----------
    margin, group_margin : float
        Half the width of the interval of a share: of all customers, of each group.
    share : float
        The share that is expected; one half is the dearest.
    change : float, optional
        The smallest change of a share from wave to wave that shall show, in four of five surveys.
    population : int, optional
        All customers who may be asked; those of the customer table by default.
    by : str, optional
        Column of the customer table whose groups are sampled each for itself.
    response : float
        Share of those invited who are expected to answer.
    design_effect : float
        How many times more answers unequal weights or clusters make necessary.
    overlap, correlation : float
        Share of a wave that answers in the next one too, and how their two answers correlate.
    seed : int
        Of the draw: the same seed, the same invitations.
    """

    margin: float = Field(default=0.05, gt=0, lt=0.5)
    group_margin: float = Field(default=0.1, gt=0, lt=0.5)
    level: float = Field(default=0.95, gt=0.5, lt=1)
    share: float = Field(default=0.5, gt=0, lt=1)
    change: float | None = Field(default=None, gt=0, lt=1)
    population: int | None = Field(default=None, ge=1)
    by: str | None = None
    response: float = Field(default=0.3, gt=0, le=1)
    design_effect: float = Field(default=1.0, ge=1)
    overlap: float = Field(default=0.0, ge=0, le=1)
    correlation: float = Field(default=0.0, ge=0, lt=1)
    seed: int = 1


class GroupQuestion(Card):
    """A group that respondents are asked for, because no register knows it.

    Attributes
    ----------
    question : LocalText, optional
        What is asked; the column's name in a sentence by default.
    answers : dict
        What is written in the column -> what the respondent reads.
    """

    question: LocalText | None = None
    answers: dict[str, LocalText] = Field(min_length=2)


class Rating(Card):
    """What trained raters score, such as recorded talks: criteria, a scale and what it means.

    Attributes
    ----------
    criteria : dict
        Criterion -> what is looked at.
    anchors : dict
        Score -> what earns it; scores between two anchors lie between them.
    """

    criteria: dict[str, LocalText] = Field(min_length=1)
    scale: tuple[int, int] = (1, 10)
    anchors: dict[int, LocalText] = Field(default_factory=dict)
    raters: int = Field(default=3, ge=1, le=20)
    units: int = Field(default=10, ge=1, le=500)

    @model_validator(mode="after")
    def _on_the_scale(self) -> Self:
        low, high = self.scale
        if low >= high:
            raise PydanticCustomError(
                "scale", "`scale` runs from its lowest to its highest score", {}
            )
        for score in self.anchors:
            if not low <= score <= high:
                raise PydanticCustomError(
                    "anchor",
                    "the anchor {score} is not on the scale {low} to {high}",
                    {"score": score, "low": low, "high": high},
                )
        return self


class Instrument(Card):
    """What a questionnaire asks beside the card's items, and how it is handed out.

    Attributes
    ----------
    about : LocalText, optional
        Whom or what the customers judge; the study's title by default.
    sides : tuple of str
        Which questions are asked about each item: expectation, perception, importance.
    kano : tuple of str
        Items asked in pairs: how it would be with, and without.
    recommend, comment, attention, screen : bool
        Whether to ask for recommendation and an open question; to hold an attention check; to ask
        first whether the person was a customer lately, and to skip experience where not.
    ask : dict
        Column -> question and answers, for groups that no register knows.
    consent, introduction : LocalText, optional
        Texts of one's own in place of the workbench's.
    random : bool
        Whether the items of a dimension come in random order.
    """

    about: LocalText | None = None
    sides: tuple[str, ...] = Field(default=SIDES[:2], min_length=1)
    kano: tuple[Item, ...] = ()
    recommend: bool = True
    comment: bool = True
    attention: bool = True
    screen: bool = True
    ask: dict[str, GroupQuestion] = Field(default_factory=dict)
    introduction: LocalText | None = None
    consent: LocalText | None = None
    random: bool = True
    seed: int = 1
    sample: Sampling = Sampling()
    rating: Rating | None = None

    @field_validator("sides")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for side in value:
            if side not in SIDES:
                raise PydanticCustomError(
                    "side",
                    "{side} is not one of expectation, perception, importance",
                    {"side": repr(side)},
                )
        if "perception" not in value:
            raise PydanticCustomError("side", "`sides` lacks perception, which is always asked", {})
        return tuple(side for side in SIDES if side in value)


def letters_and_digits(name: str) -> str:
    """Give a name without all that some survey tool takes out of names."""
    return re.sub(r"[^A-Za-z0-9]", "", name)


def settle_headings(headings: Iterable[str], columns: Iterable[str]) -> dict[str, str]:
    """Know the columns of an instrument again under the headings that a survey tool exports.

    KoBo and ODK put the group before a question (``overall/csat5``, ``overall-csat5``), SurveyJS
    the page (``overall.csat5``), LimeSurvey writes a line of an array in brackets
    (``perception1[per01]``) and leaves out all but letters and digits.

    Parameters
    ----------
    headings : iterable of str
        Those of the file.
    columns : iterable of str
        Those that the card expects.

    Returns
    -------
    dict
        Heading -> column, of headings that are no column themselves. A column that two headings
        may stand for has none: that is for a person to decide.

    Examples
    --------
    >>> from workbench.study.instrument import settle_headings
    >>> settle_headings(["overall/csat5", "perception1[per01]", "end"], ["csat5", "per_01"])
    {'overall/csat5': 'csat5', 'perception1[per01]': 'per_01'}
    """
    there, wanted = list(headings), list(columns)
    short = {letters_and_digits(column).casefold(): column for column in wanted}
    found: dict[str, list[str]] = {}
    for heading in there:
        if heading in wanted:
            continue
        last = re.sub(r"^.*\[([^\[\]]+)\]$", r"\1", heading)
        tails = [last, *(re.split(f"[{mark}]", last)[-1] for mark in ("/", r"\-", ".", ":"))]
        for tail in tails:
            column = short.get(letters_and_digits(tail).casefold())
            if letters_and_digits(tail) and column is not None and column not in there:
                found.setdefault(column, []).append(heading)
                break
    return {each[0]: column for column, each in found.items() if len(each) == 1}
