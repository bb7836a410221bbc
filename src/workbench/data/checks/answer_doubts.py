"""Tells where a survey's answers contradict its card, or too many are lost, and the cure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from workbench.data.clean.questions import QuestionAnswers
from workbench.data.clean.report import TableReport
from workbench.data.clean.survey_form import NOT_NAMED
from workbench.data.text.answer_words import CODES, USUAL_SCALES, shortest_scale, without_codes
from workbench.study import Study
from workbench.study.survey import PREFIXES, Survey

#: Share of the answers to a question from which on those that are lost may change its result.
FEW_LOST = 0.03
#: Lost answers that may be slips, whatever their share.
_SLIPS = 2
#: Answers from which on a scale whose upper end nobody uses was probably another one.
_ENOUGH = 30
#: Of these scales one that fits what was answered is proposed.
_SCALES = (*USUAL_SCALES, (-5, 5), (0, 100))
_NAMED = 6


@dataclass
class AnswerDoubts:
    """What is to be mended, to be looked at, and to be known of a survey's answers."""

    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Group:
    """Questions on one scale, whose cure is the same key of the card, with {} for its ends."""

    questions: Sequence[QuestionAnswers]
    key: str

    @property
    def scale(self) -> tuple[int, int] | None:
        return self.questions[0].scale

    @property
    def said(self) -> str:
        low, high = self.scale or (0, 0)
        return f"{low} to {high}"

    def pooled(self, part: str) -> Counter[float]:
        counts: Counter[float] = Counter()
        for question in self.questions:
            counts.update(getattr(question, part))
        return counts

    @property
    def answers(self) -> int:
        return sum(q.answered for q in self.questions)

    def names(self, which: Callable[[QuestionAnswers], object] = bool) -> str:
        own = [repr(q.column) for q in self.questions if which(q)]
        more = f" and {len(own) - _NAMED} more" if len(own) > _NAMED else ""
        return ", ".join(own[:_NAMED]) + more

    def cure(self, low: float, high: float) -> str:
        """Say how the card would write another scale."""
        return f"write `{self.key.format(f'[{low:g}, {high:g}]')}` under survey"


def answer_doubts(study: Study, report: TableReport) -> AnswerDoubts:
    """Hold the answers of a survey against what its card says of them.

    Parameters
    ----------
    study : Study
        The card.
    report : TableReport
        Of the survey.
    """
    found = AnswerDoubts()
    name, asked = report.name, study.survey or Survey()
    found.warnings += [f"{name}: {note}" for note in report.notes if NOT_NAMED in note]
    for group in _groups(study, report.questions):
        if group.scale is None:
            _without_scale(found, name, group)
            continue
        _off_scale(found, name, group)
        _unread(found, name, group)
        _unused(found, name, group)
        turned = group.names(lambda q: q.turned and not asked.is_reversed(q.name))
        if turned:
            found.problems.append(
                f"{name}: the words beside the numbers of {turned} say that"
                f" {group.scale[0]} is the best answer; list the item under `reversed`, or turn the"
                " numbers round with `answers`"
            )
    for question in report.questions:
        if question.name == "recommend" and question.scale and question.scale != (0, 10):
            brought = "brought to 0 to 10" if question.brought else "taken as they are"
            low, high = question.scale
            found.notes.append(
                f"{name}: recommending was asked on {low} to {high}; the answers are {brought}, and"
                " their net promoter score is not to be held against one asked on 0 to 10"
                if (low, high) != (1, 11)
                else f"{name}: recommending is coded 1 to 11 and read as 0 to 10"
            )
        if question.declined:
            every = question.answered + question.declined
            found.notes.append(
                f"{name}: {question.declined:,} of {every:,} answers to"
                f" {question.column!r} are none (don't know, not applicable); they are missing"
            )
    return found


def _groups(study: Study, questions: Iterable[QuestionAnswers]) -> list[_Group]:
    """Put the questions together whose scale stands under one key of the card."""
    asked = study.survey
    groups: dict[str, list[QuestionAnswers]] = {}
    for question in questions:
        item = asked.item_of(question.name) if asked is not None else ""
        own = asked is not None and {question.name, item} & set(asked.scales)
        if not item or own:
            key = f"scales: {{{{{item or question.name}: {{}}}}}}"
        elif question.name.startswith(PREFIXES["importance"]):
            key = "importance_scale: {}"
        else:
            key = "scale: {}"
        groups.setdefault(key, []).append(question)
    return [_Group(members, key) for key, members in groups.items()]


def _without_scale(found: AnswerDoubts, name: str, group: _Group) -> None:
    seen = group.pooled("read")
    if not seen:
        return
    low, high = _proposed(seen)
    found.problems.append(
        f"{name}: the card does not say on which scale {group.names()} was asked; the answers run"
        f" from {min(seen):g} to {max(seen):g}: {group.cure(low, high)}, if that was it"
    )


def _off_scale(found: AnswerDoubts, name: str, group: _Group) -> None:
    """Tell codes for "no answer" from another scale, and both from a slip."""
    off, read = group.pooled("off"), group.pooled("read")
    if not off:
        return
    n, of = sum(off.values()), group.answers
    where = group.names(lambda q: q.off)
    worst = max(sum(q.off.values()) / q.answered for q in group.questions if q.off)
    listed = ", ".join(f"{number:g}" for number in sorted(off)[:_NAMED])
    lost = f"{n:,} of {of:,} answers to {where}"
    grave = worst > FEW_LOST and n > _SLIPS
    low, high = group.scale or (0, 0)
    if set(off) <= CODES:
        codes = f"[{listed}]"
        which = ", ".join(f"{q.column}: {codes}" for q in group.questions if q.off)
        other = ""
        if {low - 1, high + 1} & set(off):
            other = f"; if these are answers, {group.cure(min(read + off), max(read + off))}"
        (found.problems if grave else found.warnings).append(
            f"{name}: {lost} are {listed}, and the scale is {group.said}; if that stands for no"
            f" answer, write `missing: {{{which}}}` under tables.{name}{other}"
        )
    elif grave:
        ends = _proposed(read + off)
        stated = "the card says" if group.questions[0].stated else "the card says nothing else than"
        found.problems.append(
            f"{name}: {lost} lie off the scale and are lost: they run from"
            f" {min(read + off):g} to {max(read + off):g}, and {stated} {group.said};"
            f" {group.cure(*ends)}, if that was the scale"
        )
    else:
        found.notes.append(
            f"{name}: {lost} lie off the scale {group.said} ({listed}) and were emptied"
        )


def _unread(found: AnswerDoubts, name: str, group: _Group) -> None:
    low, high = group.scale or (0, 0)
    for q in group.questions:
        if not q.unread_count:
            continue
        share = q.unread_count / q.answered
        ends = [end for end in (low, high) if not q.read.get(end)]
        texts = ", ".join(repr(text) for text in list(q.unread)[:4])
        said = (
            f"{name}: {q.unread_count:,} of {q.answered:,} answers to {q.column!r} cannot be read"
        )
        if q.steps and q.steps != high - low + 1:
            found.problems.append(
                f"{said} ({texts}): these are words of {q.steps} steps, and the card says"
                f" {group.said}; {group.cure(1, q.steps)}, or say under survey what each stands"
                f" for: `answers: {{{_key(q)}: {{{_example(q)}}}}}`"
            )
        elif share > FEW_LOST or (ends and q.unread_count > _SLIPS):
            end = ""
            if ends and q.read:
                end = f", and nobody's answer is read as {' or '.join(f'{e:g}' for e in ends)}"
            found.problems.append(
                f"{said} ({texts}){end}; say under survey what they stand for:"
                f" `answers: {{{_key(q)}: {{{_example(q)}}}}}`, or list them under `missing`"
            )
        else:
            found.notes.append(f"{said} ({texts}) and were emptied")


def _unused(found: AnswerDoubts, name: str, group: _Group) -> None:
    """Doubt a scale of which nobody uses the upper end, where another one would be used up."""
    seen = group.pooled("read")
    low, high = group.scale or (0, 0)
    n = sum(seen.values())
    if n < _ENOUGH or group.pooled("off") or any(q.unread_count for q in group.questions):
        return
    top, bottom = max(seen), min(seen)
    ends = next((s for s in _SCALES if s[1] == top and s[0] <= bottom and s != (low, high)), None)
    if top > high - 2 or ends is None or len(seen) < 3 or bottom > ends[0] + 1:
        return
    stated = group.questions[0].stated
    said = (
        f"{name}: no answer to {group.names()} is above {top:g} ({n:,} answers), and the scale is"
        f" {'said' if stated else 'taken'} to be {group.said}; "
    )
    if stated:
        found.warnings.append(f"{said}look whether it was {ends[0]} to {ends[1]}")
    else:
        found.problems.append(f"{said}{group.cure(*ends)}, or what it was")


def _proposed(counts: Counter[float]) -> tuple[int, int]:
    """Give the shortest usual scale that has all numbers seen, codes for no answer apart."""
    seen = without_codes(counts)
    low, high = math.floor(min(seen)), math.ceil(max(seen))
    return shortest_scale(low, high, _SCALES) or (low, high)


def _key(question: QuestionAnswers) -> str:
    return Survey.item_of(question.name) or question.name


def _example(question: QuestionAnswers) -> str:
    first = next(iter(question.unread), "...")
    return f"{first}: ..."
