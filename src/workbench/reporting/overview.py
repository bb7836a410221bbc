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
"""Headline numbers at the top, and those of one notebook."""


ENOUGH_KEPT = 0.95
WORTH_WINNING = 0.05
"""Shares at which the rules on data and on quiet customers speak up."""
LEADING = ("worth", "short", "goals", "leaving", "who", "measures", "data")
"""Whose numbers lead the page, where there are more than it leads with."""
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
    Question("leaving", "Where do they stand, and who is leaving?", ("lifecycle_churn",)),
    Question("worth", "What are they worth?", ("clv",)),
    Question("short", "Where do we fall short of what they expect?", ("satisfaction_gap",)),
    Question("measures", "Did the measures work?", ("case_evaluation",)),
    Question("goals", "Are we getting where we said we would?", ("goals",)),
    Question("data", "How far can the data be trusted?", ("data_quality",)),
)

PAGES = {
    "segmentation": "Customer segments",
    "lifecycle_churn": "Lifecycle and churn",
    "clv": "Customer lifetime value",
    "satisfaction_gap": "Service quality and loyalty",
    "case_evaluation": "Evaluation of a measure",
    "goals": "Goals",
    "data_quality": "Data quality",
}


@dataclass(frozen=True)
class Step:
    """One thing to do next: what a rule makes of a number.

    Attributes
    ----------
    rank : int
        The smaller, the more pressing.
    message : str
        English message.
    row : mapping
        The metric that it is about.
    effects, others : tuple of mapping
        For a measure: the effects that led to the advice, and those that did not.
    """

    rank: int
    message: str
    row: Mapping[str, Any]
    effects: tuple[Mapping[str, Any], ...] = ()
    others: tuple[Mapping[str, Any], ...] = ()


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
        answered = self._answered()
        if len(answered) >= FEWEST_QUESTIONS:
            leading = sorted(answered, key=lambda each: LEADING.index(each[0].key))[:MOST_CARDS]
            first = [rows[0] for question, rows in answered if (question, rows) in leading]
            show_cards(first, self.before, self._links())
        elif not answered:
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
        listing([(step.message, self._values(step)) for step in found])

    def _values(self, step: Step) -> dict[str, Any]:
        return {
            "label": _labels(step.row),
            "value": metric_value(step.row),
            "page": self._page(str(step.row["notebook"])),
            "effects": [_result(row) for row in step.effects],
            "others": [_result(row) for row in step.others],
        }

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

    1. A measure, by its effects (metrics called ``effect``): one of them clearly bad, stop or
       change it; else one clearly good, keep it; else, do not claim it.
    2. A number that has become clearly worse since the last run: look into it.
    3. Customers clearly get less than they expect (a gap below zero): close it.
    4. Goals at risk or missed (``goals.bad``): decide on them; actions overdue
       (``goals.overdue``): finish them.
    5. Valuable customers who have gone quiet hold a share that matters (``segments.at_risk``,
       clearly above 5 %): turn to them.
    6. Many rows could not be used (``data.share_kept`` below 95 %): mend the data first.

    Parameters
    ----------
    rows, before : sequence of mapping
        Metrics of this run and of the last complete one.

    Returns
    -------
    list of Step
        The most pressing first.
    """
    found = [step for row in rows for step in _about(row, before)]
    for page in dict.fromkeys(str(row["notebook"]) for row in rows):
        found += _about_measure([row for row in rows if row["notebook"] == page])
    return sorted(found, key=lambda step: step.rank)


def _about(row: Mapping[str, Any], before: Sequence[Mapping[str, Any]]) -> list[Step]:
    name, notebook = str(row["name"]), _base(row)
    value, low, high = (_end(row, end) for end in ("value", "low", "high"))
    found = []
    if name == "data.share_kept" and value is not None and value < ENOUGH_KEPT:
        found.append(Step(0, "Mend the data first: {label}, {value}. See {page}.", row))
    moved = change(row, before)
    if moved is not None and moved.direction and moved.clear and moved.good is False:
        message = (
            "Find out what made it worse since the last run: {label}, now {value}. See {page}."
        )
        found.append(Step(2, message, row))
    if notebook == "satisfaction_gap" and name == "gap" and high is not None and high < 0:
        message = "Close the gap to what customers expect: {label}, {value}. {page} shows where."
        found.append(Step(3, message, row))
    if name == "goals.bad" and value:
        message = "Decide on the goals that fall behind: {label}, {value}. See {page}."
        found.append(Step(4, message, row))
    if name == "goals.overdue" and value:
        message = (
            "Finish the actions that are overdue, or name new dates: {label}, {value}. See {page}."
        )
        found.append(Step(4, message, row))
    if name == "segments.at_risk" and low is not None and low > WORTH_WINNING:
        message = "Turn to valuable customers before they are gone: {label}, {value}. See {page}."
        found.append(Step(5, message, row))
    return found


def _about_measure(rows: Sequence[Mapping[str, Any]]) -> list[Step]:
    verdicts: dict[str, list[Mapping[str, Any]]] = {"bad": [], "good": [], "unclear": []}
    for row in rows:
        verdict = _effect(row)
        if verdict:
            verdicts[verdict].append(row)
    bad, good, unclear = (verdicts[verdict] for verdict in ("bad", "good", "unclear"))
    if bad:
        return [Step(1, "Stop or change {page}: {effects}.", bad[0], tuple(bad))]
    if good and unclear:
        message = "Keep {page}: {effects}. Not to be claimed so far: {others}."
        return [Step(7, message, good[0], tuple(good), tuple(unclear))]
    if good:
        return [Step(7, "Keep {page}: {effects}.", good[0], tuple(good))]
    if unclear:
        message = "Claim no effect of {page} so far, it may be chance: {effects}."
        return [Step(6, message, unclear[0], tuple(unclear))]
    return []


def _effect(row: Mapping[str, Any]) -> str:
    if _base(row) != "case_evaluation" or not str(row["name"]).startswith("effect"):
        return ""
    low, high = _end(row, "low"), _end(row, "high")
    if low is None or high is None:
        return ""
    if low <= 0 <= high:
        return "unclear"
    return "good" if (low > 0) == (row.get("better") != "down") else "bad"


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


def _result(row: Mapping[str, Any]) -> dict[str, str]:
    bare = {**row, "case_title": None}
    return {
        language: translate("{label} {value}", language).format(
            label=label_of(bare, language), value=metric_value(row).text(language)
        )
        for language in languages_shown()
    }


def _said(row: Mapping[str, Any], moved: Change) -> dict[str, Any]:
    return {
        "label": _labels(row),
        "change": {language: moved.text(language) for language in languages_shown()},
    }
