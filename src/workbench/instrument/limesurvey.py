"""The questionnaire as LimeSurvey's tab-separated survey structure (.txt)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from workbench.errors import DataError
from workbench.satisfaction.instrument.questionnaire import (
    INVITATION,
    RESPONDENT,
    WAVE,
    Questionnaire,
    SurveyPage,
    SurveyQuestion,
    When,
)
from workbench.study.instrument import letters_and_digits

COLUMNS = (
    "class", "type/scale", "name", "relevance", "text", "help", "language", "validation",
    "mandatory", "other", "default", "same_default", "random_order", "hidden", "equation",
)  # fmt: skip
#: What LimeSurvey calls a language, where it is not the card's code.
LANGUAGES = {"zh": "zh-Hans"}
#: Types of question: array, list of radio buttons, short and long free text, equation.
_ARRAY, _LIST, _SHORT, _LONG, _EQUATION = "F", "L", "S", "T", "*"
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9]{0,19}")
#: What LimeSurvey takes as the code of an answer.
_ANSWER = re.compile(r"[A-Za-z0-9]{1,5}")


def write_limesurvey(form: Questionnaire, path: Path) -> None:
    """Write the structure, as a file that LimeSurvey imports.

    Raises
    ------
    DataError
        A column's name that LimeSurvey has no code for.
    """
    path.write_text(survey_table(form), encoding="utf-8", newline="")


def survey_table(form: Questionnaire) -> str:
    """Give the structure: settings, then groups, questions and answers, once a language.

    LimeSurvey's codes have letters and digits only. A column's code is its name without the rest;
    `workbench.study.instrument.settle_headings` knows it again when the answers are in.
    """
    first, *others = (LANGUAGES.get(code, code) for code in form.languages)
    rows: list[dict[str, str]] = [
        {"class": "S", "name": "language", "text": first},
        {"class": "S", "name": "additional_languages", "text": " ".join(others)},
        {"class": "S", "name": "format", "text": "G"},
        {"class": "S", "name": "datestamp", "text": "Y"},
        {"class": "S", "name": "savetimings", "text": "Y"},
        {"class": "S", "name": "ipaddr", "text": "N"},
        {"class": "S", "name": "refurl", "text": "N"},
        {"class": "S", "name": "anonymized", "text": "N"},
    ]  # fmt: skip
    for code in form.languages:
        about = {"class": "SL", "language": LANGUAGES.get(code, code)}
        rows.append({**about, "name": "surveyls_title", "text": form.title[code]})
        rows.append({**about, "name": "surveyls_endtext", "text": form.thanks[code]})
    for code in form.languages:
        rows += _content(form, code)
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, delimiter="\t", lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(
        {name: re.sub(r"\s*\n\s*", "<br />", value) for name, value in row.items()} for row in rows
    )
    return "\ufeff" + out.getvalue()


def code_of(name: str) -> str:
    """Give LimeSurvey's code of a column."""
    code = letters_and_digits(name)
    if not _CODE.fullmatch(code):
        raise DataError(
            f"LimeSurvey has no code for a question named {name!r}",
            where="LimeSurvey",
            remedy="begin the column's name with a Latin letter; 20 letters and digits at most",
        )
    return code


def _words(text: str) -> str:
    # in braces LimeSurvey looks for an expression, unless a space follows
    return text.replace("{", "{ ")


def _rule(when: When) -> str:
    return " and ".join(f'{code_of(name)}.NAOK == "{value}"' for name, value in when) or "1"


def _content(form: Questionnaire, code: str) -> Iterator[dict[str, str]]:
    here = {"language": LANGUAGES.get(code, code)}
    for number, page in enumerate(form.pages, start=1):
        yield {
            "class": "G", "type/scale": str(number), "name": page.title[code],
            "relevance": _rule(page.when), "text": _words(page.instruction[code]),
            **here,
        }  # fmt: skip
        questions = _matrix if page.matrix else _separate
        yield from questions(page, code, here)
        if page.part == "background":
            yield from _calculated(form, here)


def _calculated(form: Questionnaire, here: dict[str, str]) -> Iterator[dict[str, str]]:
    known = f"if(is_empty({code_of(INVITATION)}), SAVEDID, {code_of(INVITATION)})"
    for name, value in ((WAVE, form.wave), (RESPONDENT, f"{{{known}}}")):
        yield {
            "class": "Q", "type/scale": _EQUATION, "name": code_of(form.meta[name]),
            "relevance": "1", "text": value, "equation": value, "hidden": "1", **here,
        }  # fmt: skip


def _matrix(page: SurveyPage, code: str, here: dict[str, str]) -> Iterator[dict[str, str]]:
    yield {
        "class": "Q", "type/scale": _ARRAY, "name": code_of(page.name), "relevance": "1",
        "text": _words(page.title[code]), "mandatory": "N",
        "random_order": "1" if page.random else "", **here,
    }  # fmt: skip
    for question in page.questions:
        yield {
            "class": "SQ", "type/scale": "0", "name": code_of(question.name), "relevance": "1",
            "text": _words(question.text[code]), **here,
        }  # fmt: skip
    if _coded(page.questions[0]):
        values = ", ".join(value for value, _ in page.questions[0].answers)
        raise DataError(
            f"LimeSurvey has no codes for the answers {values} of {page.name!r}",
            where="LimeSurvey",
            remedy="the codes of a table's answers are five letters and digits at most: write the"
            " scale without signs, or the questions in another tool",
        )
    yield from _answers(page.questions[0], code, here)


def _separate(page: SurveyPage, code: str, here: dict[str, str]) -> Iterator[dict[str, str]]:
    for question in page.questions:
        kind = _LIST if question.answers else _LONG if question.long else _SHORT
        hint = "" if question.hint is None else question.hint[code]
        own = code_of(question.name)
        coded = _coded(question)
        yield {
            "class": "Q", "type/scale": kind, "name": _asked(own) if coded else own,
            "relevance": "1",
            "text": _words(question.text[code]), "help": _words(hint),
            "mandatory": "Y" if question.required else "N", "other": "N", **here,
        }  # fmt: skip
        yield from _answers(question, code, here)
        if coded:
            yield _told(question, own, here)


def _coded(question: SurveyQuestion) -> bool:
    """Tell answers that LimeSurvey takes for no codes: 'Central', '-2', '华北'."""
    return any(not _ANSWER.fullmatch(value) for value, _ in question.answers)


def _asked(name: str) -> str:
    """Give the code of a question whose answers have codes of their own."""
    return f"{name[:16]}code"


def _told(question: SurveyQuestion, name: str, here: dict[str, str]) -> dict[str, str]:
    """Write what was chosen, which is too long for a code, into the column of the card's name."""
    told = '""'
    for at, (value, _) in reversed([*enumerate(question.answers, start=1)]):
        if '"' in value:
            raise DataError(
                f"LimeSurvey cannot write the answer {value!r} of {question.name!r}",
                where="LimeSurvey",
                remedy="take the quotation marks out of it",
            )
        told = f'if({_asked(name)}.NAOK == "A{at}", "{value}", {told})'
    return {
        "class": "Q", "type/scale": _EQUATION, "name": name, "relevance": "1",
        "text": f"{{{told}}}", "equation": f"{{{told}}}", "hidden": "1", **here,
    }  # fmt: skip


def _answers(question: SurveyQuestion, code: str, here: dict[str, str]) -> Iterator[dict[str, str]]:
    """Give the answers: their codes are what the card writes, where LimeSurvey takes these."""
    coded = _coded(question)
    for at, (value, said) in enumerate(question.answers, start=1):
        words = _words(question.shown(value, said[code]))
        name = f"A{at}" if coded else value
        yield {"class": "A", "type/scale": "0", "name": name, "text": words, **here}
