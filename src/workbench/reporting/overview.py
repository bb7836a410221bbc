"""The landing page of a study: the headline numbers by question, and what to do next.

Notebooks leave their numbers with ``run.metric``; this page knows which question a notebook
answers, and nothing of the analyses. A study without some notebook simply leaves its question open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.reporting.cards import (
    Change,
    change,
    label_of,
    metric_value,
    records,
    show_cards,
)
from workbench.reporting.languages import languages_shown, translate
from workbench.reporting.sentences import Link, callout, heading, listing, say

MOST_CARDS = 4
"""Headline numbers that one notebook may put on this page."""


FEWEST_QUESTIONS = 3
"""With fewer the sections themselves are summary enough."""


@dataclass(frozen=True)
class Question:
    """A question of a study, and the notebooks that answer it."""

    key: str
    heading: str
    notebooks: tuple[str, ...]


QUESTIONS = (
    Question("who", "Who are our customers?", ("segmentation",)),
    Question("worth", "What are they worth?", ("clv",)),
    Question("short", "Where do we fall short of what they expect?", ("satisfaction_gap",)),
    Question("measures", "Did the measures work?", ("case_evaluation",)),
    Question("goals", "Are we getting where we said we would?", ("goals",)),
    Question("data", "How far can the data be trusted?", ("data_quality",)),
)

PAGES = {
    "segmentation": "Customer segments",
    "clv": "Customer lifetime value",
    "satisfaction_gap": "Service quality and loyalty",
    "case_evaluation": "Evaluation of a measure",
    "goals": "Goals",
    "data_quality": "Data quality",
}


@dataclass(frozen=True)
class Step:
    """One thing to do next: what a rule makes of a number."""

    message: str
    row: Mapping[str, Any]
    page: str


@dataclass(frozen=True)
class Overview:
    """All headline numbers of a run.

    Attributes
    ----------
    rows : tuple of mapping
        This run's metrics, with readable labels.
    before : tuple of mapping
        The last complete run's.
    """

    rows: tuple[Mapping[str, Any], ...]
    before: tuple[Mapping[str, Any], ...]

    def headlines(self) -> None:
        """Show the first number of each question, where there are enough to need a summary."""
        first = [rows[0] for _, rows in self._answered()]
        if len(first) >= FEWEST_QUESTIONS:
            show_cards(first[:5], self.before, self._links())
        elif not first:
            callout("note", "No notebook of this run has left a headline number yet.")

    def answers(self) -> None:
        """Show each question that has an answer, with its numbers and where to read on."""
        for question, rows in self._answered():
            heading(question.heading)
            show_cards(rows, self.before, self._links())
            pages = list(dict.fromkeys(str(row["notebook"]) for row in rows))
            say("Read on: {pages}.", pages=[self._page(key) for key in pages])
        silent = [q.heading for q in QUESTIONS if q.key not in {a.key for a, _ in self._answered()}]
        if silent:
            say(
                "Not answered in this run: {questions} The reasons stand at the end of this page.",
                questions=Quoted(tuple(silent)),
            )

    def changes(self) -> None:
        """Say which numbers moved since the last complete run."""
        if not self.before:
            say("This is the first complete run of the study, so there is nothing to compare with.")
            return
        moved = [(row, moved) for row in self.rows if (moved := self._moved(row)) is not None]
        if not moved:
            say("No headline number has changed since the last complete run.")
            return
        say("{n} of {total} headline numbers have changed.", n=len(moved), total=len(self.rows))
        listing([("{label}: {change}.", _said(row, by)) for row, by in moved])

    def next_steps(self) -> None:
        """Show what to do next, by the rules of :func:`steps`."""
        found = steps(self.rows, self.before)
        if not found:
            say("By the rules below, nothing calls for action in this run.")
            return
        listing(
            [
                (
                    step.message,
                    {
                        "label": _labels(step.row),
                        "value": metric_value(step.row),
                        "page": self._page(step.page),
                    },
                )
                for step in found
            ]
        )

    def _answered(self) -> list[tuple[Question, list[Mapping[str, Any]]]]:
        found = []
        for question in QUESTIONS:
            rows = [row for row in self.rows if _base(row) in question.notebooks]
            chosen: list[Mapping[str, Any]] = []
            several = len({row["notebook"] for row in rows}) > 1
            for key in dict.fromkeys(row["notebook"] for row in rows):
                own = [row for row in rows if row["notebook"] == key]
                chosen += own[: 1 if several else MOST_CARDS]
            if chosen:
                found.append((question, chosen))
        return found

    def _moved(self, row: Mapping[str, Any]) -> Change | None:
        moved = change(row, self.before)
        return moved if moved is not None and moved.direction else None

    def _links(self) -> dict[str, str]:
        return {str(row["notebook"]): f"{row['notebook']}.html" for row in self.rows}

    def _page(self, key: str) -> Link:
        title = next(
            (row["case_title"] for row in self.rows if row["notebook"] == key), None
        ) or PAGES.get(key, key)
        return Link(title, f"{key}.html")


@dataclass(frozen=True)
class Quoted:
    """Whole sentences in a row, said one after the other."""

    sentences: tuple[str, ...]

    def spoken(self, language: str) -> str:
        """Say them in a language."""
        gap = "" if language == "zh" else " "
        return gap.join(translate(sentence, language) for sentence in self.sentences)


def gather(run: Any) -> Overview:
    """Gather the headline numbers of a run.

    Parameters
    ----------
    run : Run
        Has ``metrics()``, ``previous()`` and ``case(name)``.
    """
    return Overview(
        tuple(_labelled(row, run) for row in records(run.metrics())),
        tuple(records(run.previous())),
    )


def steps(
    rows: Sequence[Mapping[str, Any]], before: Sequence[Mapping[str, Any]] = ()
) -> list[Step]:
    """Derive what to do next from the numbers, by rules that the page states.

    1. A measure's effect (a metric called ``effect``): clearly bad, stop or change it; not clear,
       do not claim it; clear and good, keep it.
    2. A number that has become clearly worse since the last run: look into it.
    3. The deepest clear gap between what customers expect and what they get: begin there.
    4. A goal whose chance or attainment is clearly below what is needed: act on it.

    Parameters
    ----------
    rows, before : sequence of mapping
        Metrics of this run and of the last complete one.

    Returns
    -------
    list of Step
        The most pressing first.
    """
    urgent: list[Step] = []
    open_: list[Step] = []
    keep: list[Step] = []
    for row in rows:
        page = str(row["notebook"])
        verdict = _effect(row)
        if verdict == "bad":
            urgent.append(
                Step("Stop or change the measure: {label}, {value}. See {page}.", row, page)
            )
        elif verdict == "unclear":
            open_.append(
                Step(
                    "Do not claim an effect yet: {label}, {value}, may be no more than chance."
                    " See {page}.",
                    row,
                    page,
                )
            )
        elif verdict == "good":
            keep.append(
                Step("Keep the measure and watch it: {label}, {value}. See {page}.", row, page)
            )
        moved = change(row, before)
        if moved is not None and moved.direction and moved.clear and moved.good is False:
            urgent.append(
                Step(
                    "Find out what made it worse since the last run: {label}, now {value}."
                    " See {page}.",
                    row,
                    page,
                )
            )
    gaps = [row for row in rows if _is_gap(row) and (_end(row, "high") or 0) < 0]
    if gaps:
        worst = min(gaps, key=lambda row: float(row["value"]))
        message = "Begin where customers miss most: {label}, {value}. See {page}."
        urgent.append(Step(message, worst, str(worst["notebook"])))
    for row in rows:
        if _behind(row):
            message = "Act on the goal or change it: {label}, {value}. See {page}."
            urgent.append(Step(message, row, str(row["notebook"])))
    return [*urgent, *open_, *keep]


def _effect(row: Mapping[str, Any]) -> str:
    if _base(row) != "case_evaluation" or "effect" not in str(row["name"]):
        return ""
    low, high = _end(row, "low"), _end(row, "high")
    if low is None or high is None:
        return ""
    if low <= 0 <= high:
        return "unclear"
    return "good" if (low > 0) == (row.get("better") != "down") else "bad"


def _is_gap(row: Mapping[str, Any]) -> bool:
    return _base(row) == "satisfaction_gap" and "gap" in str(row["name"])


def _behind(row: Mapping[str, Any]) -> bool:
    # A chance of reaching it that is below a half even at the upper end of its interval.
    name = str(row["name"])
    if _base(row) != "goals" or row.get("kind") != "percent":
        return False
    if not any(word in name for word in ("chance", "probability")):
        return False
    high = _end(row, "high")
    value = _end(row, "value") if high is None else high
    return value is not None and value < 0.5


def _end(row: Mapping[str, Any], end: str) -> float | None:
    cell = row.get(end)
    return None if cell is None or cell != cell or isinstance(cell, str) else float(cell)


def _base(row: Mapping[str, Any]) -> str:
    return str(row["notebook"]).partition("-")[0]


def _labelled(row: Mapping[str, Any], run: Any) -> dict[str, Any]:
    case = row.get("case")
    title = None
    if isinstance(case, str) and case:
        title = getattr(run.case(case), "title", None)
    return {**row, "case_title": title}


def _labels(row: Mapping[str, Any]) -> dict[str, str]:
    return {language: label_of(row, language) for language in languages_shown()}


def _said(row: Mapping[str, Any], moved: Change) -> dict[str, Any]:
    return {
        "label": _labels(row),
        "change": {language: moved.text(language) for language in languages_shown()},
    }
