"""A document as data: what is printed or opened in Word, made once and written in either form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from workbench.languages import Language
from workbench.satisfaction.instrument.questionnaire import (
    Questionnaire,
    SurveyPage,
    SurveyQuestion,
)

_CODE = re.compile(r"^(.*) \[([^\[\]]+)\]$", re.DOTALL)


@dataclass(frozen=True)
class Part:
    """One part of a document.

    Attributes
    ----------
    kind : str
        `heading`, `text`, `note` (small), `list` (bullets, one a row), `fields` (labels with a line
        to write on), `lines` (empty lines), `choices` (boxes to tick, one a row), `grid` (a table;
        cells of the columns behind the first are centred), or `page` (a new one).
    text : str
    rows : tuple of tuple of str
        The first is the head of a grid.
    look : str
        Of a grid: `scale` (numbers to mark), `statements` (texts, each with numbers to mark), or
        `form` (cells to write in).
    widths : tuple of float
        Of a grid's columns, in parts of the whole.
    count : int
        Level of a heading, or number of lines.
    """

    kind: Literal["heading", "text", "note", "list", "fields", "lines", "choices", "grid", "page"]
    text: str = ""
    rows: tuple[tuple[str, ...], ...] = ()
    look: Literal["scale", "statements", "form"] = "form"
    widths: tuple[float, ...] = ()
    count: int = 1


@dataclass(frozen=True)
class Printed:
    """A document in one language."""

    title: str
    language: str
    parts: tuple[Part, ...]
    footer: str = ""


def part_code(text: str) -> tuple[str, str]:
    """Part a text from the name of a column in brackets behind it, which is set small; or none."""
    coded = _CODE.match(text)
    return (coded[1], coded[2]) if coded else (text, "")


def heading(text: str, level: int = 1) -> Part:
    """Give a heading."""
    return Part("heading", text, count=level)


def bullets(*texts: str) -> Part:
    """Give a list."""
    return Part("list", rows=tuple((text,) for text in texts))


def fields(*labels: str) -> Part:
    """Give labels, each with a line to write on."""
    return Part("fields", rows=tuple((label,) for label in labels))


def form(rows: Sequence[tuple[str, ...]], *widths: float) -> Part:
    """Give a table to write in, its first row the head."""
    return Part("grid", rows=tuple(rows), widths=widths)


def says_nothing(part: Part) -> bool:
    """Tell a head that repeats the grades which stand in each row below it."""
    head, *rows = part.rows
    return bool(rows) and not head[0] and all(head[1:] == row[1:] for row in rows)


def ends_alone(row: Sequence[str]) -> bool:
    """Tell a row of which the outer cells alone bear words, which need the room of the others."""
    return len(row) > 3 and not any(row[1:-1]) and bool(row[0] and row[-1])


def printed_questionnaire(asked: Questionnaire, code: str) -> Printed:
    """Lay the questionnaire out for paper: rules that skip pages become instructions.

    Items stand in the order drawn by the questionnaire's seed; each carries the name of its column
    in small print, by which a typist enters it.
    """
    t = Language(code)
    parts: list[Part] = []
    drawn, number, part = asked.drawn(), 0, ""
    for page in drawn.pages:
        if page.part != part:
            parts.append(heading(page.title[code]))
            if page.instruction[code]:
                parts += [Part("text", text) for text in page.instruction[code].split("\n\n")]
        if page.matrix:
            parts.append(_matrix(page, code, number, head=page.part != part))
            number += len(page.questions)
        else:
            for question in page.questions:
                number += 1
                parts += _question(question, code, number, t)
        part = page.part
    parts.append(Part("text", t("Thank you for your time.")))
    footer = t("Wave {wave}").format(wave=asked.wave)
    return Printed(asked.title[code], code, tuple(parts), footer)


def _matrix(page: SurveyPage, code: str, number: int, *, head: bool) -> Part:
    values = [value for value, _ in page.questions[0].answers]
    words = [text[code] for _, text in page.questions[0].answers]
    if not head or not any(words):
        top = ("", *values)
    elif any(words[1:-1]):
        top = ("", *(f"{value}\n{word}" for value, word in zip(values, words, strict=True)))
    else:  # what the ends mean; the grades stand in each row
        top = ("", *words)
    rows = [top]
    for at, question in enumerate(page.questions, start=number + 1):
        rows.append((f"{at}. {question.text[code]} [{question.name}]", *values))
    # the ends bear words, the grades between them a number
    widths = (1.0, 0.15, *([0.08] * (len(values) - 2)), 0.15)
    return Part("grid", rows=tuple(rows), look="statements", widths=widths)


def _question(question: SurveyQuestion, code: str, number: int, t: Language) -> list[Part]:
    parts = [Part("text", f"{number}. {question.text[code]} [{question.name}]")]
    if question.hint is not None:
        parts.append(Part("note", question.hint[code]))
    if question.kind == "scale":
        values = tuple(value for value, _ in question.answers)
        ends = (question.answers[0][1][code], question.answers[-1][1][code])
        blank = [""] * (len(values) - 2)
        parts.append(Part("grid", rows=((ends[0], *blank, ends[1]), values), look="scale"))
    elif question.kind == "choice":
        skip = t("(please go on to the end)")
        rows = tuple(
            (f"{words[code]} {skip}" if question.required and value == "no" else words[code],)
            for value, words in question.answers
        )
        parts.append(Part("choices", rows=rows))
    else:
        parts.append(Part("lines", count=4 if question.long else 1))
    return parts
