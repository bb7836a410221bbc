"""Writes the files of an instrument into the study's folder, and says what was left out and why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from workbench.errors import DataError
from workbench.instrument.limesurvey import write_limesurvey
from workbench.instrument.page import write_page
from workbench.instrument.surveyjs import write_surveyjs
from workbench.instrument.word import write_word
from workbench.instrument.xlsform import write_xlsform
from workbench.satisfaction.instrument.printed import Printed, printed_questionnaire
from workbench.satisfaction.instrument.questionnaire import Questionnaire, build_questionnaire
from workbench.study import Study

#: Below a study's folder.
FOLDER = "instrument"


@dataclass
class WrittenInstrument:
    """What was written, and what a person should know of it."""

    folder: Path
    files: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        width = max((len(name) for name, _ in self.files), default=0)
        listed = [f"  {name:<{width}}  {what}" for name, what in self.files]
        return "\n".join([f"wrote to {self.folder}", *listed, *(f"note: {n}" for n in self.notes)])

    def write(self, name: str, what: str, make: Callable[[Path], None]) -> None:
        """Write one file; what one tool cannot take keeps no other file from being written."""
        path = self.folder / name
        try:
            make(path)
        except DataError as error:
            path.unlink(missing_ok=True)
            self.notes.append(f"{name} is not written: {error}")
            return
        self.files.append((name, what))


def write_instrument(study: Study, *, today: dt.date, wave: str | None = None) -> WrittenInstrument:
    """Write all that a study's survey needs in the field.

    Parameters
    ----------
    study : Study
    today : date
    wave : str, optional
        Name of the coming wave; the half-year by default, such as ``2026-H2``.
    """
    named = wave or f"{today.year}-H{1 + (today.month > 6)}"
    form = build_questionnaire(study, wave=named)
    written = WrittenInstrument(study.folder / FOLDER)
    written.folder.mkdir(exist_ok=True)
    _questionnaire(written, form)
    for code, texts in form.untranslated.items():
        shown = "; ".join(texts[:3]) + (" ..." if len(texts) > 3 else "")
        written.notes.append(f"{len(texts)} texts have no words in {code}: {shown}")
    return written


def _questionnaire(written: WrittenInstrument, form: Questionnaire) -> None:
    written.write(
        "questionnaire.xlsx", f"XLSForm for KoBo and ODK; wave {form.wave}; held by pyxform",
        lambda path: write_xlsform(form, path),
    )  # fmt: skip
    written.write(
        "questionnaire.json", "definition for SurveyJS", lambda path: write_surveyjs(form, path)
    )
    written.write(
        "limesurvey.txt", "survey structure for LimeSurvey",
        lambda path: write_limesurvey(form, path),
    )  # fmt: skip
    for code in form.languages:
        _document(written, "questionnaire", "questionnaire", printed_questionnaire(form, code))
    if any(page.random for page in form.pages):
        written.notes.append(
            "SurveyJS and LimeSurvey draw the order of items for each respondent; XLSForm and"
            f" paper cannot, and have one order, drawn with instrument.seed {form.seed}"
        )


def _document(written: WrittenInstrument, name: str, what: str, printed: Printed) -> None:
    code = printed.language
    written.write(f"{name}.{code}.docx", f"{what}, Word", lambda path: write_word(printed, path))
    written.write(
        f"{name}.{code}.html", f"{what}, to print", lambda path: write_page(printed, path)
    )
