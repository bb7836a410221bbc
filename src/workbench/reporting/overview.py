"""The landing page of a study: goals, headline numbers by question, and what to do next.

Notebooks leave their numbers with ``run.headline`` and what they found with ``run.finding``. This
page shows both as they were stored and computes nothing of them; it knows which question a notebook
answers, and how its numbers moved since the last complete run. A study without some notebook simply
leaves its question open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from workbench.languages import Language
from workbench.reporting.cards import (
    Change,
    Row,
    change,
    label_of,
    records,
    show_cards,
    shown_value,
)
from workbench.reporting.display import reader, readers
from workbench.reporting.sentences import callout, say
from workbench.results import Estimate, Finding

if TYPE_CHECKING:
    from workbench.study import Study

MOST_CARDS = 4
"""Headline numbers at the top, and those of one notebook."""


LEADING = (
    "worth",
    "short",
    "goals",
    "who",
    "accounts",
    "stay",
    "base",
    "measures",
    "matters",
    "buys",
    "moved",
    "served",
    "data",
    "more",
)
"""Whose numbers lead the page, where there are more than it leads with."""
FEWEST_QUESTIONS = 3
"""With fewer the sections themselves are summary enough."""
STANDING = "goals.standing"
"""The finding that says how many goals stand well."""
MEASURED = "measures"
"""The question on measures."""
MOST_SENTENCES = 2
"""Of the message, where there are neither goals nor measures."""
WORSE = 2
"""How pressing it is that a number has become clearly worse; see `Advice.urgency`."""


@dataclass(frozen=True)
class Question:
    """A question of a study, and the notebooks that answer it."""

    key: str
    heading: str
    notebooks: tuple[str, ...]


QUESTIONS = (
    Question("who", "Who are our customers?", ("segmentation",)),
    Question("worth", "What are they worth?", ("clv",)),
    Question("base", "How is the customer base doing, and why?", ("customer_base",)),
    Question("buys", "What do they buy, and what should we offer next?", ("products",)),
    Question("accounts", "Which accounts matter, and what is in the pipeline?", ("accounts",)),
    Question("stay", "Who stays, and who leaves?", ("lifecycle_churn",)),
    Question("short", "Where do we fall short of what they expect?", ("satisfaction_gap",)),
    Question("matters", "What matters to them?", ("satisfaction_drivers", "comments")),
    Question("served", "How well do we serve them?", ("service", "voices")),
    Question("measures", "Did the measures work?", ("case_evaluation",)),
    Question("goals", "Are we getting where we said we would?", ("goals",)),
    Question("moved", "What has moved lately?", ("alerts",)),
    Question("data", "How far can the data be trusted?", ("data_quality", "survey_quality")),
)

MORE = Question("more", "What else was found?", ())
"""For notebooks that no question names: a study may have its own."""

#: How many measures have a verdict: of one, of several.
COUNTED: Final = {
    "shown and pays": ("{n} works and pays", "{n} work and pay"),
    "shown, pay-off open": (
        "{n} works, but whether it pays is open",
        "{n} work, but whether they pay is open",
    ),
    "shown, money not known": ("{n} works", "{n} work"),
    "shown, does not pay": ("{n} works but does not pay", "{n} work but do not pay"),
    "harmful": ("{n} does harm", "{n} do harm"),
    "not shown": ("{n} shows no effect so far", "{n} show no effect so far"),
    "cannot be told": ("{n} cannot be judged", "{n} cannot be judged"),
}
#: A verdict as readers meet it.
SAID: Final = {
    "shown and pays": "works and pays",
    "shown, pay-off open": "works, pay-off open",
    "shown, money not known": "works",
    "shown, does not pay": "works, does not pay",
    "harmful": "does harm",
    "not shown": "no effect found",
    "cannot be told": "no conclusion",
}

PAGES = {
    "segmentation": "Customer segments",
    "clv": "Customer lifetime value",
    "customer_base": "Customer base",
    "products": "What customers buy",
    "accounts": "Accounts and pipeline",
    "service": "Service",
    "voices": "Voices and follow-up",
    "lifecycle_churn": "Lifecycle and churn",
    "satisfaction_gap": "Service quality and loyalty",
    "satisfaction_drivers": "What matters to customers",
    "comments": "What customers say",
    "case_evaluation": "Measures",
    "goals": "Goals",
    "alerts": "Alerts",
    "data_quality": "Data quality",
    "survey_quality": "Survey quality",
}


@dataclass(frozen=True)
class NextStep:
    """What to do next: its page, how it is said, and how pressing it is (`Advice.urgency`)."""

    page: str
    said: Finding
    urgency: int


@dataclass(frozen=True)
class Overview:
    """All headline numbers of a run.

    Attributes
    ----------
    rows : tuple of mapping
        This run's headline numbers, with readable labels.
    before : tuple of mapping
        The last complete run's.
    findings : mapping of str to sequence of Finding
        By page.
    titles : mapping of str to mapping
        Titles of the pages of cases, by language.
    """

    rows: tuple[Mapping[str, Any], ...]
    before: tuple[Mapping[str, Any], ...]
    findings: Mapping[str, Sequence[Finding]]
    titles: Mapping[str, Mapping[str, str]]

    def headlines(self) -> None:
        """Show the leading numbers, where there are enough to need a summary."""
        answered = self.answered()
        if len(answered) >= FEWEST_QUESTIONS:
            show_cards(self.leading(), self.before, self._links())
        elif not answered:
            callout("note", "No notebook of this run has left a headline number yet.")

    def leading(self) -> list[Row]:
        """Give the first number of each question; of few questions, all that there are."""
        answered = self.answered()
        if len(answered) < FEWEST_QUESTIONS:
            return [row for _, rows in answered for row in rows][:MOST_CARDS]
        leading = sorted(answered, key=lambda each: LEADING.index(each[0].key))[:MOST_CARDS]
        return [rows[0] for question, rows in answered if (question, rows) in leading]

    def of_page(self, page: str) -> list[Row]:
        """Give the numbers that a list of pages shows of one of them."""
        own = [row for row in self.rows if row["notebook"] == page]
        return [{**row, "case_title": None} for row in own[:MOST_CARDS]]

    def message(self) -> list[Finding]:
        """Give the sentence or two that say how the study stands: of its goals and its measures.

        Of a study that has neither, the first findings on its leading questions.
        """
        said = [each for each in self.findings.get("goals", ()) if each.key == STANDING]
        verdicts = list(self.verdicts().values())
        if len(verdicts) > 1:
            said.append(_counted(verdicts))
        else:
            said += verdicts
        if said:
            return said
        leading = sorted(self.answered(), key=lambda each: LEADING.index(each[0].key))
        pages = [str(rows[0]["notebook"]) for _, rows in leading]
        first = [self.findings[page][0] for page in pages if self.findings.get(page)]
        return first[:MOST_SENTENCES]

    def silent(self) -> None:
        """Say which questions have no answer in this run."""
        answered = {question.key for question, _ in self.answered()}
        silent = [question.heading for question in QUESTIONS if question.key not in answered]
        if silent:
            say(
                "Not answered in this run: {questions} The reasons stand at the end of this page.",
                questions=Quoted(tuple(silent)),
            )

    def steps(self) -> list[NextStep]:
        """Give what to do next, each with its page: by urgency, then by the money that it is about.

        Besides the advice that came with the findings: a headline number that has become clearly
        worse since the last complete run is looked into.
        """
        found = [
            NextStep(page, each.next_step, each.advice.urgency)
            for page, findings in self.findings.items()
            for each in findings
            if each.advice is not None and each.next_step is not None
        ]
        for row in self.rows:
            moved = self._moved(row)
            if moved is not None and moved.clear and moved.good is False:
                found.append(NextStep(str(row["notebook"]), _worse(row), WORSE))
        ranked = sorted(found, key=lambda each: (each.urgency, -_size(each.said)))
        # what a page advises of several findings in the same words is said once
        by_words = {(each.page, each.urgency, each.said.text): each for each in ranked}
        return list(by_words.values())

    def verdicts(self) -> dict[str, Finding]:
        """Give the verdicts on measures by page, as their pages state them."""
        measured = next(question for question in QUESTIONS if question.key == MEASURED)
        return {
            page: each
            for page, findings in self.findings.items()
            if notebook_of(page) in measured.notebooks and notebook_of(page) != page
            for each in findings
            if each.key == "verdict"
        }

    def moved(self) -> list[tuple[Row, Change]]:
        """Give the headline numbers that differ from those of the last complete run, with how."""
        return [(row, moved) for row in self.rows if (moved := self._moved(row)) is not None]

    def name_of(self, page: str) -> str | Mapping[str, str]:
        """Name a page as its heading, its link in the menu and every other link do."""
        return self.titles.get(page) or PAGES.get(page, page.replace("_", " ").capitalize())

    def answered(self) -> list[tuple[Question, list[Row]]]:
        """Give the questions that have an answer, each with the numbers that it shows."""
        found = []
        named = {name for question in QUESTIONS for name in question.notebooks}
        others = dict.fromkeys(
            notebook_of(row["notebook"])
            for row in self.rows
            if notebook_of(row["notebook"]) not in named
        )
        for question in (*QUESTIONS, replace(MORE, notebooks=tuple(others))):
            rows = [row for row in self.rows if notebook_of(row["notebook"]) in question.notebooks]
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


@dataclass(frozen=True)
class Quoted:
    """Whole sentences in a row, said one after the other."""

    sentences: tuple[str, ...]

    def spoken(self, language: str | Language) -> str:
        """Say them in a language."""
        language = reader(language)
        gap = "" if language.code == "zh" else " "
        return gap.join(map(language, self.sentences))


def gather(run: Any) -> Overview:
    """Gather the headline numbers of a run.

    Parameters
    ----------
    run : Run
        Has ``headlines()``, ``findings()``, ``previous()`` and ``study.cases``.
    """
    return overview_of(run.study, run.headlines(), run.findings(), run.previous())


def overview_of(
    study: Study,
    headlines: Mapping[str, Mapping[str, Estimate]],
    findings: Mapping[str, Sequence[Finding]],
    before: Mapping[str, Mapping[str, Estimate]],
) -> Overview:
    """Put together what the pages of a study stored, and the headlines of the run before."""
    rows = records(headlines)
    cases = {case.name: case.title for case in study.cases}
    pages = dict.fromkeys([*(str(row["notebook"]) for row in rows), *findings])
    titles = {
        page: cases[case] for page in pages if (case := page.partition("-")[2]) and case in cases
    }
    labelled = (row | {"case_title": titles.get(str(row["notebook"]))} for row in rows)
    return Overview(tuple(labelled), tuple(records(before)), findings, titles)


def notebook_of(page: object) -> str:
    """Name the notebook that makes a page: of ``case_evaluation-desk``, ``case_evaluation``."""
    return str(page).partition("-")[0]


def _counted(verdicts: Sequence[Finding]) -> Finding:
    """Say how many measures have which verdict."""
    counts = {verdict: sum(each.verdict == verdict for each in verdicts) for verdict in COUNTED}
    parts = [
        Finding(verdict, COUNTED[verdict][n > 1], {"n": n}) for verdict, n in counts.items() if n
    ]
    values = {"n": len(verdicts), "counts": parts}
    return Finding("measures", "Of {n} measures, {counts}.", values)


def _size(finding: Finding) -> float:
    """How much money a finding is about, gained or lost."""
    value = 0.0 if finding.money is None else abs(finding.money.value)
    return value if isfinite(value) else 0.0


def _worse(row: Mapping[str, Any]) -> Finding:
    message = "Find out what made it worse since the last run: {label}, now {value}."
    values = {"label": _labels(row), "value": shown_value(row)}
    return Finding(f"worse.{row['name']}", message, values, severity="warning")


def _labels(row: Mapping[str, Any]) -> dict[str, str]:
    return {language.code: label_of(row, language) for language in readers()}
