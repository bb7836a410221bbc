"""The questionnaire as the JSON of SurveyJS, every question a field of its own in the answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from workbench.satisfaction.instrument.questionnaire import (
    ANSWERED,
    INVITATION,
    RESPONDENT,
    WAVE,
    Questionnaire,
    SurveyPage,
    SurveyQuestion,
)
from workbench.study import Text

#: What SurveyJS calls a language, where it is not the card's code.
LOCALES = {"zh": "zh-cn"}


def write_surveyjs(form: Questionnaire, path: Path) -> None:
    """Write the definition of the survey."""
    path.write_text(
        json.dumps(survey_json(form), ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )


def survey_json(form: Questionnaire) -> dict[str, Any]:
    """Give the definition of the survey.

    What nobody is asked for is calculated and written with the answer. The items of a page with
    random order are drawn for each respondent.
    """
    first = form.languages[0]
    invited = f"{{{INVITATION}}}"
    calculated = {
        form.meta[WAVE]: f"'{form.wave}'",
        form.meta[ANSWERED]: "today()",
        form.meta[RESPONDENT]: invited,
    }
    return {
        "title": _texts(form.title, first),
        "locale": LOCALES.get(first, first),
        "showProgressBar": "top",
        "firstPageIsStarted": False,
        "completedHtml": _texts(form.thanks, first),
        "calculatedValues": [
            {"name": name, "expression": expression, "includeIntoResult": True}
            for name, expression in calculated.items()
        ],
        "pages": [_page(page, first) for page in form.pages],
    }


def _texts(text: Text, first: str) -> str | dict[str, str]:
    """Give a text by language, the first of them as the default."""
    others = {LOCALES.get(code, code): words for code, words in text.items() if code != first}
    return {"default": text[first], **others} if others else text[first]


def _page(page: SurveyPage, first: str) -> dict[str, Any]:
    made: dict[str, Any] = {"name": page.name, "title": _texts(page.title, first)}
    if any(page.instruction.values()):
        made["description"] = _texts(page.instruction, first)
    if page.when:
        made["visibleIf"] = " and ".join(f"{{{name}}} = '{value}'" for name, value in page.when)
    if page.random:
        made["questionsOrder"] = "random"
    made["elements"] = [_question(question, first) for question in page.questions]
    return made


def _question(question: SurveyQuestion, first: str) -> dict[str, Any]:
    made: dict[str, Any] = {"name": question.name, "title": _texts(question.text, first)}
    if question.hint is not None:
        made["description"] = _texts(question.hint, first)
    if question.required:
        made["isRequired"] = True
    if question.kind == "text":
        return {"type": "comment" if question.long else "text", **made}
    if question.kind == "choice":
        choices = [
            {"value": value, "text": _texts(text, first)} for value, text in question.answers
        ]
        return {"type": "radiogroup", **made, "choices": choices}
    (low, least), (high, most) = question.answers[0], question.answers[-1]
    return {
        "type": "rating",
        **made,
        "rateMin": int(low),
        "rateMax": int(high),
        "rateCount": len(question.answers),
        "minRateDescription": _texts(least, first),
        "maxRateDescription": _texts(most, first),
    }
