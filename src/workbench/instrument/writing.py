"""Writes the files of an instrument into the study's folder, and says what was left out and why."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from workbench.errors import DataError
from workbench.instrument.limesurvey import write_limesurvey
from workbench.instrument.page import write_page
from workbench.instrument.ratings import write_rating_sheet
from workbench.instrument.surveyjs import write_surveyjs
from workbench.instrument.telling import (
    known_so_far,
    printed_fieldwork,
    printed_plan,
    returned,
    sampling,
)
from workbench.instrument.word import write_word
from workbench.instrument.xlsform import write_xlsform
from workbench.satisfaction.instrument.guides import interview_guide, visit_form
from workbench.satisfaction.instrument.printed import Printed, printed_questionnaire
from workbench.satisfaction.instrument.questionnaire import Questionnaire, build_questionnaire
from workbench.study import Study

#: Below a study's folder.
FOLDER = "instrument"
#: Who is invited stands with the other lists of persons, which no commit takes.
INVITATIONS = "private/invitations-{wave}.csv"


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


def write_instrument(
    study: Study, root: Path, *, today: dt.date, wave: str | None = None
) -> WrittenInstrument:
    """Write all that a study's survey needs in the field.

    Parameters
    ----------
    study : Study
    root : Path
        Of the workbench: guides ask why the last run of the study found what it found.
    today : date
    wave : str, optional
        Name of the coming wave; the half-year by default, such as ``2026-H2``.
    """
    named = wave or f"{today.year}-H{1 + (today.month > 6)}"
    form = build_questionnaire(study, wave=named)
    written = WrittenInstrument(study.folder / FOLDER)
    written.folder.mkdir(exist_ok=True)
    write_questionnaire(written, form)
    _guides(written, study, root)
    write_sample(written, study, named)
    for code, texts in form.untranslated.items():
        shown = "; ".join(texts[:3]) + (" ..." if len(texts) > 3 else "")
        written.notes.append(f"{len(texts)} texts have no words in {code}: {shown}")
    return written


def write_questionnaire(written: WrittenInstrument, form: Questionnaire) -> None:
    """Write the questionnaire for each tool and for paper."""
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


def _guides(written: WrittenInstrument, study: Study, root: Path) -> None:
    for code in study.languages:
        known = known_so_far(study, root, code)
        for name, group in (("interview", False), ("focus_group", True)):
            guide = interview_guide(study, code, known, group=group)
            _document(written, name, "guide", guide)
        _document(written, "mystery_visit", "form", visit_form(study, code))
        make = partial(write_rating_sheet, study, code)
        written.write(f"rating_sheet.{code}.xlsx", "for raters, a copy each", make)
    if known.gaps is None:
        written.notes.append(
            "the guides ask about each dimension: no run of this study has found gaps yet"
        )
    if study.instrument.rating is None:
        written.notes.append(
            "the rating sheet has the survey's dimensions; instrument.rating gives other criteria"
        )


def write_sample(written: WrittenInstrument, study: Study, wave: str) -> None:
    """Write the sampling plan, and who is invited apart from it."""
    plan, drawn, told = sampling(study, wave)
    for code in study.languages:
        _document(
            written, "sampling_plan", "sizes and quotas", printed_plan(study, plan, wave, code)
        )
    for path in sorted(study.folder.glob(INVITATIONS.format(wave="*"))):
        _returned(written, study, path)
    if told:
        written.notes.append(told)
    if drawn is None:
        return
    path = study.folder / INVITATIONS.format(wave=re.sub(r"[^\w-]+", "_", wave))
    path.parent.mkdir(exist_ok=True)
    text = drawn.to_csv(index=False, lineterminator="\n")
    if path.exists():
        if path.read_text(encoding="utf-8-sig") != text:
            written.notes.append(
                f"{path} holds another draw, which may have been sent, and stays; delete it to draw"
                " anew, or name another wave"
            )
        return
    # it names customers: for nobody else on this machine
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8-sig"
    ) as file:
        file.write(text)
    written.notes.append(
        f"{len(drawn)} customers are drawn in {path}: send each the number under `invitation`, and"
        " keep the list; it is never published"
    )


def _returned(written: WrittenInstrument, study: Study, invitations: Path) -> None:
    """Write who answered an earlier invitation."""
    wave = invitations.stem.removeprefix("invitations-")
    found = returned(study, invitations)
    if found is None:
        return
    for code in study.languages:
        printed = printed_fieldwork(study, found, wave, code)
        _document(written, f"response_{wave}", "who answered", printed)


def _document(written: WrittenInstrument, name: str, what: str, printed: Printed) -> None:
    code = printed.language
    written.write(f"{name}.{code}.docx", f"{what}, Word", lambda path: write_word(printed, path))
    written.write(
        f"{name}.{code}.html", f"{what}, to print", lambda path: write_page(printed, path)
    )
