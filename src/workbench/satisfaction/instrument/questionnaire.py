"""The questionnaire as data, made from the card: pages of questions with their texts and rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np

from workbench.languages import Language
from workbench.satisfaction.questionnaire.answers import SurveyError
from workbench.study import LANGUAGES, Study, Text
from workbench.study.instrument import ASKED, GroupQuestion
from workbench.study.survey import Survey

#: A rule that shows a page: each question has that answer.
When: TypeAlias = tuple[tuple[str, str], ...]
#: Says a message of the catalogs in every language of the questionnaire.
Say: TypeAlias = Callable[..., Text]

RESPONDENT, WAVE, ANSWERED, SECONDS = "respondent_id", "wave", "answered_on", "seconds"
INVITATION, CONSENT, USED, ATTENTION = ASKED


@dataclass(frozen=True)
class SurveyQuestion:
    """One question.

    Attributes
    ----------
    name : str
        The column in which its answers come back.
    kind : str
        `scale` (numbered answers), `choice`, or `text` (free).
    text : Text
    answers : tuple of (str, Text)
        What is written in the column, and what the respondent reads; of a scale the text is empty
        between its ends.
    required : bool
    hint : Text
    long : bool
        Whether a free text has several lines.
    right : str
        The answer that attentive readers give; empty for other questions.
    """

    name: str
    kind: Literal["scale", "choice", "text"]
    text: Text
    answers: tuple[tuple[str, Text], ...] = ()
    required: bool = False
    hint: Text | None = None
    long: bool = False
    right: str = ""

    def shown(self, value: str, words: str) -> str:
        """Write an answer as the respondent reads it: grades of a scale have their number."""
        return f"{value} {words}".strip() if self.kind == "scale" else words


@dataclass(frozen=True)
class SurveyPage:
    """Questions that stand together.

    Attributes
    ----------
    matrix : bool
        Whether all of them have the same scale, which stands above them once.
    random : bool
        Whether their order is drawn.
    part : str
        The side of the items or the part of the questionnaire that it belongs to.
    when : When
        What shows it.
    """

    name: str
    part: str
    title: Text
    instruction: Text
    questions: tuple[SurveyQuestion, ...]
    matrix: bool = False
    random: bool = False
    when: When = ()


@dataclass(frozen=True)
class Questionnaire:
    """What is asked, in every language, and under which names answers come back.

    Attributes
    ----------
    name : str
        The study's.
    languages : tuple of str
        The first is what a respondent sees before choosing.
    meta : mapping of str to str
        Columns that nobody is asked for: ``respondent_id``, ``wave``, ``answered_on``, ``seconds``
        -> their names in the study's file.
    untranslated : mapping of str to tuple of str
        Language -> texts that stand there in another one.
    """

    name: str
    title: Text
    languages: tuple[str, ...]
    wave: str
    pages: tuple[SurveyPage, ...]
    thanks: Text
    meta: Mapping[str, str]
    untranslated: Mapping[str, tuple[str, ...]]
    seed: int = 1

    @property
    def questions(self) -> tuple[SurveyQuestion, ...]:
        """All questions, in order."""
        return tuple(question for page in self.pages for question in page.questions)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that answers come back in."""
        return (*self.meta.values(), *(question.name for question in self.questions))

    def question(self, name: str) -> SurveyQuestion:
        """Give the question of that name."""
        return next(question for question in self.questions if question.name == name)

    def drawn(self, version: int = 0) -> Questionnaire:
        """Give it with the order of random pages drawn, for tools and paper that cannot draw it."""
        rng = np.random.default_rng([self.seed, version])

        def order(page: SurveyPage) -> SurveyPage:
            if not page.random:
                return page
            turned = rng.permutation(len(page.questions))
            return replace(page, questions=tuple(page.questions[at] for at in turned))

        return replace(self, pages=tuple(order(page) for page in self.pages))


def build_questionnaire(study: Study, *, wave: str = "1") -> Questionnaire:
    """Make the questionnaire that a study's card describes.

    Parameters
    ----------
    study : Study
        Its survey's items with their wording; what is asked besides stands under `instrument`.
    wave : str
        Written with every answer.

    Raises
    ------
    SurveyError
        The card has no survey, or items without wording.
    """
    survey = _with_wording(study)
    say, untranslated = _speaker(study)
    about = study.instrument.about or study.title
    named = _headings(study)
    pages = [_welcome(study, say, about), *_background(study, say, about, named)]
    shown: When = ((CONSENT, "yes"),)
    served = (*shown, (USED, "yes")) if study.instrument.screen else shown
    for side in study.instrument.sides:
        when = served if side == "perception" else shown
        pages += _items(study, survey, side, say, about, when)
    pages += _overall(study, survey, say, about, named, served)
    pages += _kano(study, survey, say, about, named, served)
    names = [question.name for page in pages for question in page.questions]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SurveyError(
            f"{', '.join(map(repr, twice))} would be the name of two questions",
            where=str(study.path),
            remedy="give the columns under survey.columns and instrument.ask names of their own",
        )
    return Questionnaire(
        study.name,
        {code: study.text(about, code) for code in study.languages},
        study.languages,
        wave,
        tuple(pages),
        say("Thank you. Your answers have been recorded."),
        {name: named(name) for name in (RESPONDENT, WAVE, ANSWERED, SECONDS)},
        untranslated(),
        study.instrument.seed,
    )


def _with_wording(study: Study) -> Survey:
    survey = study.survey
    if survey is None:
        raise SurveyError(
            "the card has no survey, so there is nothing to ask",
            where=str(study.path),
            remedy="write `survey:` with `items:`, one wording an item, and `dimensions:`",
        )
    bare = [code for code in survey.codes if not any(survey.items.get(code, {}).values())]
    if bare:
        raise SurveyError(
            f"items {', '.join(bare)} have no wording",
            where=f"{study.path}, survey.items",
            remedy='write each as `"01": {en: ..., zh: ...}`',
        )
    return survey


def _headings(study: Study) -> Callable[[str], str]:
    """Give what the study's file calls a standard column, by the card."""
    table = study.tables.get("survey")
    renamed = dict(table.columns) if table is not None else {}
    return lambda name: str(renamed.get(name, name))


def _speaker(study: Study) -> tuple[Say, Callable[[], dict[str, tuple[str, ...]]]]:
    """Give what says a message in every language, and what tells what stood there in another."""
    voices = {code: Language(code) for code in study.languages}
    fallen: dict[str, list[str]] = {code: [] for code in voices}

    def say(message: str | Text, **values: Any) -> Text:
        if isinstance(message, dict):
            for code in voices:
                if not message.get(code):
                    fallen[code].append(study.text(message, code))
            return {code: study.text(message, code) for code in voices}
        told = {}
        for code, voice in voices.items():
            here = {
                name: study.text(value, code) if isinstance(value, dict) else str(value)
                for name, value in values.items()
            }
            words = voice(message)
            told[code] = words.format(**here) if values else words
        return told

    def untranslated() -> dict[str, tuple[str, ...]]:
        lacking = {
            code: tuple(dict.fromkeys([*voice.missing, *fallen[code]]))
            for code, voice in voices.items()
        }
        return {code: texts for code, texts in lacking.items() if texts}

    return say, untranslated


def _yes_no(t: Say) -> tuple[tuple[str, Text], ...]:
    return ("yes", t("Yes")), ("no", t("No"))


def _grades(low: int, high: int, least: Text, most: Text) -> tuple[tuple[str, Text], ...]:
    empty = dict.fromkeys(least, "")
    ends = {low: least, high: most}
    return tuple((str(grade), ends.get(grade, empty)) for grade in range(low, high + 1))


def _welcome(study: Study, t: Say, about: Text) -> SurveyPage:
    plan = study.instrument
    introduction = t(plan.introduction) if plan.introduction else t(
        "We would like to know how you see {about}, and where it should become better. Answering"
        " takes about {minutes} minutes.",
        about=about,
        minutes=_minutes(study),
    )  # fmt: skip
    consent = t(plan.consent) if plan.consent else t(
        "Taking part is voluntary. You may leave out a question or stop at any time, without any"
        " disadvantage. Answers are kept under a number, apart from your name and address, and are"
        " reported for groups only. You may have your answers deleted by naming your invitation"
        " number."
    )  # fmt: skip
    text = {code: f"{introduction[code]}\n\n{consent[code]}" for code in introduction}
    if study.contact is not None:
        contact = t("Questions are answered by {contact}.", contact=study.contact)
        text = {code: f"{text[code]} {contact[code]}" for code in text}
    agree = SurveyQuestion(
        CONSENT, "choice", t("I have read this and take part."), _yes_no(t), required=True
    )
    return SurveyPage("welcome", "welcome", t("Your view counts"), text, (agree,))


def _minutes(study: Study) -> int:
    """Say how long it takes: some eight seconds an item, twenty a question beside."""
    plan = study.instrument
    items = len(study.survey.codes) if study.survey is not None else 0
    seconds = 8 * items * len(plan.sides) + 16 * len(plan.kano) + 20 * (4 + len(plan.ask))
    return max(2, round((seconds + 30 * plan.comment) / 60))


def _background(
    study: Study, t: Say, about: Text, named: Callable[[str], str]
) -> Iterator[SurveyPage]:
    plan = study.instrument
    questions = [
        SurveyQuestion(
            INVITATION, "text", t("Invitation number"),
            hint=t("It stands in your invitation. Leave this empty if you have none."),
        )
    ]  # fmt: skip
    if plan.screen:
        asked = t("Were you a customer of {about} in the past twelve months?", about=about)
        questions.append(SurveyQuestion(USED, "choice", asked, _yes_no(t), required=True))
    for column, group in _groups(study).items():
        text = t(group.question) if group.question else t(
            "Which of these applies to you: {group}?", group=t(column.replace("_", " "))
        )  # fmt: skip
        answers = tuple((name, t(label)) for name, label in group.answers.items())
        questions.append(SurveyQuestion(named(column), "choice", text, answers))
    yield SurveyPage(
        "about_you", "background", t("About you"), t(""), tuple(questions), when=((CONSENT, "yes"),)
    )


def _groups(study: Study) -> dict[str, GroupQuestion]:
    """Give the groups to ask for: those of the card, and the margins that answers are weighted to.

    An answer bears an invitation's number, not the customer's, so the register cannot lend them.
    """
    groups, survey = dict(study.instrument.ask), study.survey
    if survey is None:
        return groups
    for name, shares in survey.margins.items():
        if "/" not in name and len(shares) > 1:
            voices = [Language(code) for code in LANGUAGES]
            said = {each: {voice.code: voice.name(each) for voice in voices} for each in shares}
            groups.setdefault(name, GroupQuestion(answers=said))
    return groups


def _items(
    study: Study, survey: Survey, side: str, t: Say, about: Text, when: When
) -> Iterator[SurveyPage]:
    plan = study.instrument
    titles = {
        "expectation": t("What you expect"),
        "perception": t("What you experience"),
        "importance": t("What matters to you"),
    }
    told = {
        "expectation": t(
            "Think of an excellent company of this kind. How far should each statement hold there?"
        ),
        "perception": t(
            "Now think of {about}. How far does each statement hold, as you have experienced it?",
            about=about,
        ),
        "importance": t("How important is each of these to you?"),
    }
    least, most = t("disagree entirely"), t("agree entirely")
    if side == "importance":
        least, most = t("not important at all"), t("very important")
    checked, right = survey.own_check
    for at, ((low, high), items) in enumerate(survey.pages(side)):
        grades = _grades(low, high, least, most)
        questions = [
            SurveyQuestion(survey.columns.of(side, item), "scale", t(survey.items[item]), grades)
            for item in items
        ]
        if plan.attention and side == "perception" and at == checked:
            text = t("To show that you are reading, please mark {grade} on this line.", grade=right)
            check = SurveyQuestion(ATTENTION, "scale", text, grades, right=right)
            questions.insert(len(questions) // 2 + 1, check)
        yield SurveyPage(
            f"{side}_{at + 1}", side, titles[side], told[side], tuple(questions),
            matrix=True, random=plan.random, when=when,
        )  # fmt: skip


def _overall(
    study: Study, survey: Survey, t: Say, about: Text, named: Callable[[str], str], when: When
) -> Iterator[SurveyPage]:
    plan = study.instrument
    mapped = {*study.tables["survey"].columns} if "survey" in study.tables else set()
    stated = [c for c in ("csat", "csat5", "csat10") if c in survey.scales or c in mapped]
    column = next((c for c in stated if survey.scale_of(c)), "csat5")
    low, high = survey.scale_of(column) or (1, 5)
    questions = [
        SurveyQuestion(
            named(column), "scale",
            t("All in all, how satisfied are you with {about}?", about=about),
            _grades(low, high, t("very dissatisfied"), t("very satisfied")),
        )
    ]  # fmt: skip
    if plan.recommend:
        text = t("How likely are you to recommend {about} to friends or colleagues?", about=about)
        ends = survey.scale_of("recommend") or (0, 10)
        grades = _grades(*ends, t("not at all likely"), t("extremely likely"))
        questions.append(SurveyQuestion(named("recommend"), "scale", text, grades))
    usual = {"comment": t("What is the main reason for your answers? What should become better?")}
    asked = {name: t(wording) for name, wording in survey.open.items() if wording}
    for name, text in ((usual if plan.comment else {}) | asked).items():
        hint = t("Please name nobody, and leave out telephone numbers and addresses.")
        questions.append(SurveyQuestion(named(name), "text", text, hint=hint, long=True))
    yield SurveyPage("overall", "overall", t("All in all"), t(""), tuple(questions), when=when)


def _kano(
    study: Study, survey: Survey, t: Say, about: Text, named: Callable[[str], str], when: When
) -> Iterator[SurveyPage]:
    felt = (
        t("I would like it"), t("I expect it"), t("I do not mind"), t("I can live with it"),
        t("I would dislike it"),
    )  # fmt: skip
    grades = tuple((str(at), grade) for at, grade in enumerate(felt, start=1))
    for item in study.instrument.kano:
        wording = survey.items[item]
        pair = (
            SurveyQuestion(
                named(f"kano_f_{item}"), "choice",
                t("If this holds, what do you feel? “{item}”", item=wording), grades,
            ),
            SurveyQuestion(
                named(f"kano_d_{item}"), "choice",
                t("If this does not hold, what do you feel? “{item}”", item=wording), grades,
            ),
        )  # fmt: skip
        yield SurveyPage(
            f"kano_{item}", "kano", t("With and without"),
            t("Imagine that {about} offers this, and then that it does not.", about=about),
            pair, when=when,
        )  # fmt: skip
