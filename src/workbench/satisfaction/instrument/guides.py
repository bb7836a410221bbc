"""Guides and forms for people: interviews, focus groups, mystery visits, ratings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from workbench.languages import Language
from workbench.satisfaction.instrument.printed import Part, Printed, bullets, fields, form, heading
from workbench.study import Study, Text
from workbench.study.instrument import Rating

#: Topics that an hour and a half leaves time for.
#: What stands between what is looked at.
_LISTED = {"zh": "；"}
_TOPICS = 5


@dataclass(frozen=True)
class KnownSoFar:
    """What the last run of a study found, from which a guide asks why.

    Attributes
    ----------
    gaps : DataFrame or None
        `item`, `label`, `estimate`, `low`, `high`: experience minus expectation.
    findings : tuple of str
        Sentences, in the guide's language.
    run : str
    """

    gaps: pd.DataFrame | None = None
    findings: tuple[str, ...] = ()
    run: str = ""


def about_of(study: Study, code: str) -> str:
    """Say in a language whom or what the customers judge."""
    return study.text(study.instrument.about or study.title, code)


def interview_guide(study: Study, code: str, known: KnownSoFar, *, group: bool) -> Printed:
    """Make the guide of an interview, or of a focus group.

    Parameters
    ----------
    study : Study
        Its goals, and its survey's items and dimensions.
    code : str
        The language.
    known : KnownSoFar
        Without gaps each dimension is a topic.
    group : bool
        Whether for six to eight people at a table, in place of one.
    """
    t = Language(code)
    about = about_of(study, code)
    title = t("Focus group: {about}") if group else t("Interview: {about}")
    topics = _topics(study, code, known, t)
    parts = [
        *_before(t, group),
        *_opening(t, about, group),
        heading(t("Topics")),
        Part("note", t("Ask openly first, and prompt only then. Do not defend or explain.")),
    ]
    for number, (topic, questions) in enumerate(topics, start=1):
        parts.append(heading(f"{number}. {topic}", 2))
        parts.append(bullets(*questions))
        if group and number == 1:
            parts.append(Part("note", t("Let everybody write an answer on a card first.")))
        parts.append(Part("lines", count=4))
    goals = _goals(study, code, t)
    if goals:
        parts += [heading(t("What we want to reach")), *goals]
    if known.findings:
        parts.append(heading(t("What the numbers say so far")))
        parts.append(Part("note", t("For you only: do not read these out before the topics.")))
        parts.append(bullets(*known.findings))
    parts += _closing(t, group)
    footer = t("From the findings of {run}").format(run=known.run) if known.run else ""
    return Printed(title.format(about=about), code, tuple(parts), footer)


def _before(t: Language, group: bool) -> list[Part]:
    who = (
        t("Six to eight customers who do not know one another; two to guide, one of them writes")
        if group
        else t("One customer; a quiet room, no colleague of those who served the customer")
    )
    lasts = t("90 minutes") if group else t("45 minutes")
    return [
        heading(t("Before you begin")),
        bullets(
            who,
            lasts,
            t("Choose people who differ: content and discontent, long-standing and new"),
            t("Have consent signed; record only with consent, and delete the recording afterwards"),
            t("Write down no names; number the speakers"),
        ),
        fields(t("Date and place"), t("Guided by"), t("Numbers of those present")),
    ]


def _opening(t: Language, about: str, group: bool) -> list[Part]:
    opening = [
        t("Thank you for coming. We want to learn from you; there are no right or wrong answers."),
        t("What you say is reported without names. You may leave out any question."),
    ]
    if group:
        opening.append(t("Please speak one at a time; other views are as welcome as yours."))
    asked = [
        t("How did you come to be a customer of {about}?").format(about=about),
        t("Tell me of the last time you dealt with {about}, from beginning to end.").format(
            about=about
        ),
        t("What went well? Where did you have to wait, ask again or give up?"),
    ]
    return [
        heading(t("Opening")),
        *(Part("text", sentence) for sentence in opening),
        heading(t("Warming up"), 2),
        bullets(*asked),
        Part("lines", count=3),
    ]


def _topics(
    study: Study, code: str, known: KnownSoFar, t: Language
) -> list[tuple[str, tuple[str, ...]]]:
    """Ask why the widest gaps are there; without a run, ask about each dimension."""
    survey = study.survey
    if survey is None:
        return []
    if known.gaps is not None and len(known.gaps):
        rows = known.gaps.sort_values("estimate", kind="stable")
        short = rows[rows["estimate"] < 0].head(_TOPICS)
        best = rows[rows["high"] >= 0].tail(1) if len(short) < len(rows) else rows.tail(1)
        topics = []
        for at, row in enumerate(short.to_dict("records")):
            wording = _wording(study, str(row["item"]), str(row["label"]), code)
            # the first of them is the widest, and is asked about as such
            why = t("Why is this the widest gap?") if at == 0 else t("Why is there a gap?")
            size = t("Experience falls {gap} scale points short of what customers expect.").format(
                gap=t.number(-row["estimate"], 1)
            )
            topics.append((wording, (size, why, *_probes(t))))
        for row in best.to_dict("records"):
            wording = _wording(study, str(row["item"]), str(row["label"]), code)
            kept = t("Here expectations are met best. What do we do right, and must keep?")
            topics.append((wording, (kept, t("When did you last notice it?"))))
        return topics
    topics = []
    for dimension, items in survey.dimensions.items():
        words = [_wording(study, item, item, code) for item in items]
        asked = t("How do you experience this? Which of these matters most to you?")
        topics.append((_capital(t.name(dimension)), (asked, *words, *_probes(t)[:2])))
    return topics


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def _probes(t: Language) -> tuple[str, ...]:
    return (
        t("When did you last experience it? What happened, step by step?"),
        t("What did you expect, and where does that expectation come from?"),
        t("What did it lead to: did you complain, tell others, buy elsewhere?"),
        t("What would have to change first for you to notice it?"),
    )


def _wording(study: Study, item: str, label: str, code: str) -> str:
    survey = study.survey
    text = survey.items.get(item) if survey is not None else None
    return study.text(text, code) if text else label


def _goals(study: Study, code: str, t: Language) -> list[Part]:
    if not study.goals:
        return []
    titles = []
    for goal in study.goals:
        why = f" – {study.text(goal.why, code)}" if goal.why else ""
        titles.append(study.text(goal.title, code) + why)
    asked = t("Which of these matter to customers, and what would bring us closer to them?")
    return [Part("text", asked), bullets(*titles), Part("lines", count=3)]


def _closing(t: Language, group: bool) -> list[Part]:
    last = t("If you were in charge for a day, what would you change first?")
    ranking = (
        [t("Put the cards in order: what should be mended first? Agree on three.")] if group else []
    )
    return [
        heading(t("Closing")),
        bullets(*ranking, last, t("What did we forget to ask?")),
        Part("lines", count=4),
        heading(t("Right after"), 2),
        bullets(
            t("Three things that were said and surprised you"),
            t("A sentence word for word for each topic, with the speaker's number"),
            t("What would have to be counted to know how common it is"),
        ),
        Part("lines", count=5),
    ]


# --- mystery visits -----------------------------------------------------------------------------


def visit_form(study: Study, code: str) -> Printed:
    """Make the form of a mystery visit: what was seen, before what it is worth."""
    t = Language(code)
    about = about_of(study, code)
    survey = study.survey
    parts = [
        Part(
            "note",
            t(
                "Behave as an ordinary customer. Fill in this form within an hour after the visit,"
                " out of sight. Write what you saw and heard; judge only afterwards. Name no staff."
            ),
        ),
        fields(
            t("Visitor's code"), t("Place, or number called"), t("Date"), t("What you asked for"),
            t("Arrived, or began to wait (time)"), t("Served (time)"), t("Left (time)"),
            t("People waiting before you"),
        ),
    ]  # fmt: skip
    number = 0
    if survey is not None:
        low, high = survey.scale
        head = (
            t("What to look at"), t("Yes"), t("No"), t("Not seen"),
            f"{low}–{high}", t("What you saw and heard"),
        )  # fmt: skip
        for dimension, items in survey.dimensions.items():
            rows = [head]
            for item in items:
                number += 1
                wording = _wording(study, item, item, code)
                rows.append((f"{number}. {wording} [{item}]", "☐", "☐", "☐", "", ""))
            parts += [
                heading(_capital(t.name(dimension))),
                form(rows, 0.36, 0.08, 0.08, 0.1, 0.08, 0.3),
            ]
        scale = t("In the column of numbers: {low} does not hold at all, {high} holds entirely.")
        parts.insert(2, Part("note", scale.format(low=low, high=high)))
    parts += [
        heading(t("All in all")),
        fields(
            t("Was the matter settled? (yes, in part, no)"),
            t("What was promised, and until when"),
            t("Would you come again? Why?"),
        ),
        Part("text", t("The best and the worst moment of the visit")),
        Part("lines", count=4),
    ]
    title = t("Mystery visit: {about}").format(about=about)
    return Printed(title, code, tuple(parts))


# --- ratings by several raters ------------------------------------------------------------------


def rating_of(study: Study) -> Rating:
    """Give what raters score: the card's criteria, or else the survey's dimensions."""
    if study.instrument.rating is not None:
        return study.instrument.rating
    survey = study.survey
    assert survey is not None, "a questionnaire has been made of it"
    criteria: dict[str, Text] = {}
    for dimension, items in survey.dimensions.items():
        wordings = [survey.items[item] for item in items if item in survey.items]
        codes = sorted({code for text in wordings for code in text})
        criteria[dimension] = {
            code: _LISTED.get(code, "; ").join(text[code] for text in wordings if code in text)
            for code in codes
        }
    return Rating(criteria=criteria, scale=survey.scale)


def anchors_of(rating: Rating, study: Study, code: str) -> list[tuple[int, str]]:
    """Say what each score means; between two anchors, that it lies between them."""
    t = Language(code)
    low, high = rating.scale
    middle = (low + high) // 2
    told = {
        low: t("Hardly anything of what is looked at is there; the customer is worse off"),
        middle: t("About half of it is there; the customer gets by"),
        high: t("All of it is there, without being asked for; nothing could be better"),
    }
    if rating.anchors:
        told = {score: study.text(text, code) for score, text in rating.anchors.items()}
    between = t("Between {low} and {high}")
    lines: list[tuple[int, str]] = []
    for score in range(low, high + 1):
        below = max((each for each in told if each < score), default=None)
        above = min((each for each in told if each > score), default=None)
        if score in told:
            lines.append((score, told[score]))
        elif below is not None and above is not None:
            lines.append((score, between.format(low=below, high=above)))
        else:
            near = below if below is not None else above
            side = t("Above {score}") if below is not None else t("Below {score}")
            lines.append((score, side.format(score=near)))
    return lines


def criteria_of(rating: Rating, study: Study, code: str) -> Sequence[tuple[str, str]]:
    """Give each criterion and what is looked at."""
    return [(name, study.text(text, code)) for name, text in rating.criteria.items()]
