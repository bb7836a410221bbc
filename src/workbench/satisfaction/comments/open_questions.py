"""Further open questions of a survey: who answered each, and what the answers are about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.results import Estimate, Finding, Result, labelled
from workbench.satisfaction.comments.comments import Comments, read_comments
from workbench.satisfaction.comments.keywords import typical
from workbench.satisfaction.comments.topics import Topics, as_said, find_topics
from workbench.study.fields import english
from workbench.study.survey import Survey


@dataclass(frozen=True)
class OpenQuestions(Result):
    """The open questions besides the one that the page is about.

    Attributes
    ----------
    table : DataFrame
        One row a question and subject, the most frequent subjects first: `question`, `label`
        (subject), `n` (respondents), `share` (of the question's answers) with `low` and `high`,
        `text` (a typical statement), `reason`.
    comments : dict of str to Comments
        Question, by its wording -> its answers.
    topics : dict of str to Topics
        Question -> subjects that the codebook does not name.
    silent : tuple of str
        Questions that nobody answered.
    """

    table: pd.DataFrame
    comments: dict[str, Comments]
    topics: dict[str, Topics]
    silent: tuple[str, ...] = ()

    def estimates(self) -> dict[str, Estimate]:
        """Share of the respondents who answered each question."""
        return {f"answered.{question}": read.answered for question, read in self.comments.items()}

    def findings(self) -> list[Finding]:
        """Say of each question how many answered, and what about."""
        found = [
            Finding(
                "open.questions",
                "One more question was answered in people's own words"
                if len(self.comments) == 1
                else "{n} more questions were answered in people's own words",
                {"n": len(self.comments)},
            )
        ]
        shown = self.table[self.table["reason"] == ""]
        for question, read in self.comments.items():
            rows = shown[shown["question"] == question]
            values: dict[str, Any] = {
                "question": question, "n": len(read), "share": read.answered,
            }  # fmt: skip
            message = "“{question}” {n} answers, {share} of the respondents."
            if len(rows):
                first = rows.iloc[0]
                values["subject"] = first["label"]
                values["part"] = Estimate(
                    *(float(first[c]) for c in ("share", "low", "high", "n")), kind="percent"
                )
                message = (
                    "“{question}” {n} answers, {share} of the respondents, most often about"
                    " “{subject}” ({part} of these answers)."
                )
            found.append(Finding(f"open.{question}", message, values))
        for question, topics in self.topics.items():
            if len(topics.table):
                found.append(
                    Finding(
                        f"open.topics.{question}",
                        "In the answers to “{question}” these keep coming back beside the codebook:"
                        " {topics}.",
                        {"question": question, "topics": as_said("; ".join(topics.table["topic"]))},
                    )
                )
        found += [
            Finding(f"open.silent.{question}", "Nobody answered “{question}”.",
                    {"question": question})
            for question in self.silent
        ]  # fmt: skip
        return found


def open_questions(
    survey: pd.DataFrame,
    card: Survey,
    codebook: Mapping[str, Mapping[str, Any]],
    *,
    rng: np.random.Generator,
    but: str = "comment",
    min_cell: int = 5,
) -> OpenQuestions:
    """Read every open question that the card names, but one.

    Parameters
    ----------
    survey : DataFrame
        From `with_weight_and_person`.
    card : Survey
        Its `open` names the columns and their wording.
    codebook : mapping
        As of `read_comments`.
    rng : numpy.random.Generator
        See `find_topics`.
    but : str
        The question that is treated by itself.

    Raises
    ------
    DataError
        The card names no other open question; or one that the table does not have.
    """
    asked = {name: english(text) or name.replace("_", " ") for name, text in card.open.items()}
    asked.pop(but, None)
    if not asked:
        raise DataError(
            "the card names no further open question",
            where="survey.open",
            remedy="name columns with answers in people's own words",
        )
    for name in asked:
        if name not in survey:
            raise DataError(
                f"there is no column {name!r}", where="survey.open",
                remedy="map it under tables.survey.columns in study.yml",
            )  # fmt: skip
    read: dict[str, Comments] = {}
    silent = []
    for name, wording in asked.items():
        try:
            read[wording] = read_comments(
                survey[name], codebook, weights=survey["weight"], people=survey["person"]
            )
        except DataError:
            silent.append(wording)
    tables = [_subjects(question, each, min_cell) for question, each in read.items()]
    columns = ["question", "label", "n", "share", "low", "high", "text", "reason"]
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns)
    return OpenQuestions(
        labelled(
            table[columns],
            question="Question",
            label="Subject",
            n="Respondents",
            share=("Share of answers", "percent"),
            text="Statement",
            reason="Note",
        ),
        read,
        {q: find_topics(each, rng=rng, min_cell=min_cell) for q, each in read.items()},
        tuple(silent),
    )


def _subjects(question: str, comments: Comments, min_cell: int) -> pd.DataFrame:
    """Count who speaks of each subject of the codebook in the answers to one question."""
    mentions = comments.mentions()
    rows = []
    for name, title in comments.aspects.items():
        n = int(mentions[name].sum())
        row: dict[str, Any] = {"question": question, "label": title, "n": n, "text": ""}
        row["reason"] = "too few respondents" if n < min_cell else ""
        if n >= min_cell:
            share = comments.share_of(mentions[name])
            row |= dict(zip(("share", "low", "high"), share, strict=True))
            row["text"] = typical(comments, name)
        rows.append(row)
    table = pd.DataFrame(rows).reindex(
        columns=["question", "label", "n", "share", "low", "high", "text", "reason"]
    )
    return table[table["n"] > 0].sort_values("n", ascending=False, kind="stable")
