"""The questionnaire as an XLSForm, which KoBo, ODK, SurveyCTO and Enketo read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from babel import Locale
from openpyxl import Workbook

from workbench.errors import DataError
from workbench.satisfaction.instrument.questionnaire import (
    ANSWERED,
    INVITATION,
    RESPONDENT,
    SECONDS,
    WAVE,
    Questionnaire,
    SurveyPage,
    SurveyQuestion,
    When,
)
from workbench.study import Text

#: What XLSForm takes for a name (of an XML element, without a colon).
_NAME = re.compile(r"[^\W\d][\w.-]*")
_TYPES = {"scale": "select_one", "choice": "select_one", "text": "text"}


def write_xlsform(form: Questionnaire, path: Path) -> None:
    """Write the form, after pyxform has converted it without an error.

    Raises
    ------
    DataError
        A column's name that XLSForm refuses, or what pyxform finds.
    """
    for name in form.columns:
        if not _NAME.fullmatch(name):
            raise DataError(
                f"XLSForm takes no question named {name!r}",
                where="XLSForm",
                remedy="begin the column's name with a letter, and use letters, digits, _, - and .",
            )
    book = Workbook()
    book.remove(book.active)
    labels = [f"label::{language(code)}" for code in form.languages]
    hints = [f"hint::{language(code)}" for code in form.languages]
    columns = [
        "type", "name", *labels, *hints, "required", "relevant", "appearance", "calculation",
    ]  # fmt: skip
    drawn = form.drawn()
    _fill(book, "survey", columns, _rows(drawn, labels, hints))
    _fill(book, "choices", ["list_name", "name", *labels], _choices(drawn, labels))
    settings = {
        "form_title": form.title[form.languages[0]],
        "form_id": f"{form.name}_{re.sub(r'[^A-Za-z0-9_]', '_', form.wave)}",
        "version": "1",
        "default_language": language(form.languages[0]),
        "style": "pages theme-grid" if len(form.pages) > 1 else "theme-grid",
    }
    _fill(book, "settings", list(settings), iter([settings]))
    with TemporaryDirectory() as folder:
        draft = Path(folder) / path.name
        book.save(draft)
        _hold(draft)
        path.write_bytes(draft.read_bytes())


def language(code: str) -> str:
    """Name a language as XLSForm wants it: its own word for itself, and its code."""
    return f"{Locale.parse(code.replace('-', '_')).get_display_name()} ({code})"


def _hold(path: Path) -> None:
    from pyxform.errors import PyXFormError
    from pyxform.xls2xform import convert

    try:
        convert(str(path))
    except PyXFormError as error:
        raise DataError(
            f"pyxform refuses the form: {error}",
            where="XLSForm",
            remedy="mend the names and texts of the card's survey",
        ) from error


def _fill(book: Workbook, name: str, columns: list[str], rows: Iterator[dict[str, str]]) -> None:
    sheet = book.create_sheet(name)
    sheet.append(columns)
    for row in rows:
        sheet.append([row.get(column, "") for column in columns])
    for cells in sheet.iter_rows():
        for cell in cells:
            cell.data_type = "s" if cell.value else cell.data_type  # never a formula
    sheet.freeze_panes = "A2"


def _in_all(columns: list[str], text: Text | None) -> dict[str, str]:
    return {} if text is None else dict(zip(columns, map(_literal, text.values()), strict=True))


def _literal(text: str) -> str:
    # `${name}` in a label would be filled with an answer
    return text.replace("${", "$ {")


def relevant(when: When) -> str:
    """Write a rule as an XPath."""
    return " and ".join(f"${{{name}}} = '{value}'" for name, value in when)


def _rows(form: Questionnaire, labels: list[str], hints: list[str]) -> Iterator[dict[str, str]]:
    meta = form.meta
    yield {"type": "start", "name": "start"}
    yield {"type": "end", "name": "end"}
    yield {"type": "today", "name": meta[ANSWERED]}
    yield {"type": "calculate", "name": meta[WAVE], "calculation": f"'{form.wave}'"}
    for page in form.pages:
        rule = {"relevant": relevant(page.when)} if page.when else {}
        yield {
            "type": "begin_group", "name": page.name, **_in_all(labels, page.title),
            "appearance": "field-list", **rule,
        }  # fmt: skip
        if any(page.instruction.values()):
            yield {"type": "note", "name": f"{page.name}_note", **_in_all(labels, page.instruction)}
        for question in page.questions:
            yield _question(form, page, question, labels, hints)
        yield {"type": "end_group", "name": page.name}
    invited = f"${{{INVITATION}}}"
    yield {
        "type": "calculate", "name": meta[RESPONDENT],
        "calculation": f"if(string-length({invited}) > 0, {invited}, once(substr(uuid(), 0, 13)))",
    }  # fmt: skip
    # `now()` alone is looked at once; the last answers make it follow
    last = ", ".join(f"${{{q.name}}}" for page in form.pages[-2:] for q in page.questions)
    spent = "int((decimal-date-time(now()) - decimal-date-time(${start})) * 86400)"
    yield {
        "type": "calculate", "name": meta[SECONDS],
        "calculation": f"if(string-length(concat({last})) > 0, {spent}, '')",
    }  # fmt: skip
    yield {"type": "note", "name": "thanks", **_in_all(labels, form.thanks)}


def _question(
    form: Questionnaire,
    page: SurveyPage,
    question: SurveyQuestion,
    labels: list[str],
    hints: list[str],
) -> dict[str, str]:
    kind = _TYPES[question.kind]
    if question.answers:
        kind = f"{kind} {_list_of(form, question)}"
    row = {
        "type": kind,
        "name": question.name,
        **_in_all(labels, question.text),
        **_in_all(hints, question.hint),
        "required": "yes" if question.required else "",
    }
    if question.kind == "scale":
        row["appearance"] = "likert"
    elif question.long:
        row["appearance"] = "multiline"
    return row


def _list_of(form: Questionnaire, question: SurveyQuestion) -> str:
    """Name a list of answers after the first question that has it."""
    first = next(q for q in form.questions if q.answers == question.answers)
    return f"{first.name}_answers"


def _choices(form: Questionnaire, labels: list[str]) -> Iterator[dict[str, str]]:
    written = set()
    for question in form.questions:
        name = _list_of(form, question) if question.answers else ""
        if not name or name in written:
            continue
        written.add(name)
        for value, text in question.answers:
            both = {code: question.shown(value, words) for code, words in text.items()}
            yield {"list_name": name, "name": value, **_in_all(labels, both)}
