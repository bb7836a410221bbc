"""What a study brings to its pages: its languages, its currency, the words of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from workbench import trace
from workbench.languages import Language, speak
from workbench.reporting.display import StudyWords, configure
from workbench.study import Study
from workbench.study.codebook import CodebookError, read_codebook
from workbench.study.watch import texts_of


def open_study(study: Study, more: Iterable[Mapping[str, str]] = ()) -> None:
    """Let a notebook's outputs speak as the study does; `more` are further texts by language."""
    configure(**_brought(study, more))


def language_of(study: Study, code: str) -> Language:
    """Give a language with what the study brings to it, for those who show what it stored."""
    return StudyWords(**_brought(study, codebook_words(study))).language(code)


def codebook_words(study: Study) -> list[Mapping[str, str]]:
    """Give the titles of the subjects that a survey's comments are sorted by."""
    if study.survey is None:
        return []
    own = study.survey.codebook
    try:
        book = read_codebook(study.inside(own) if own else None)
    except CodebookError:  # the notebook that needs it has said so
        book = {}
    return [aspect["title"] for aspect in book.values()]


def _brought(study: Study, more: Iterable[Mapping[str, str]]) -> dict[str, Any]:
    with trace.quiet():  # what is said of these texts is noted where it is said
        own = [*texts_of(study.model_dump(mode="json"), study.languages), *_about_outcomes(study)]
        proper = [paper.source for paper in study.published]
    return {
        "languages": study.languages,
        "currency": study.currency or "",
        "words": (*own, *more),
        "proper": proper,
    }


def _about_outcomes(study: Study) -> Iterator[dict[str, str]]:
    """Give what pages make of the labels of outcomes as headline numbers."""
    for case in study.cases:
        for label in (aim.label for aim in case.outcomes if aim.label is not None):
            yield {
                language: speak(language)("Effect on {outcome}").format(outcome=words)
                for language, words in label.items()
            }
