"""Reads the answers to the questions of a survey, each on its own scale, and counts what is lost.

Every question is looked at by its different answers, so that what is said of it is said of all
rows. An answer that cannot be read, or lies off the scale, empties its cell; nobody loses the rest
of what he said.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from workbench.data import expressions as ibis
from workbench.data.clean.answers import Shown, fitting_scales, shown, without_strays, words_in
from workbench.data.engine import Engine
from workbench.data.sources.source import Source
from workbench.data.text.answer_words import WordScale, is_no_answer, word_scales
from workbench.data.text.notation import plain
from workbench.errors import DataError
from workbench.study.survey import Survey

#: Recommending is brought to this scale, whose cuts the net promoter score goes by; one from 1 to
#: 10 has the same cuts.
_RECOMMEND: Final = (0, 10)
#: More different answers than this are no answers to a question with a scale.
_MANY: Final = 2000
#: Different answers of which a reader is told.
_SHOWN: Final = 12
_LONGEST: Final = 40


@dataclass(frozen=True)
class QuestionAnswers:
    """What became of the answers to one question.

    Attributes
    ----------
    name, column : str
        What the study's tables call it, and what the file does.
    scale : tuple of int, optional
        Lowest and highest answer; None where the card says none.
    stated : bool
        Whether the card, or the question's name, says the scale.
    read : dict
        Number -> answers, as they were given; all of them lie on the scale.
    off : dict
        Number off the scale -> answers.
    unread : dict
        Text that cannot be read -> answers, the most frequent ones; `unread_count` has all.
    declined : int
        Answers that give none: "don't know", 不适用.
    words : str
        By which words it was read, such as "satisfaction, 5 steps"; empty for numbers.
    steps : int
        Steps of the words, where these are not as many as the scale's, and nothing could be read.
    turned : bool
        Whether the words beside the numbers say that the lowest number is the best.
    brought : tuple of int, optional
        The scale that the answers were brought to, where that is another one.
    """

    name: str
    column: str
    scale: tuple[int, int] | None = None
    stated: bool = True
    read: Mapping[float, int] = field(default_factory=dict)
    off: Mapping[float, int] = field(default_factory=dict)
    unread: Mapping[str, int] = field(default_factory=dict)
    unread_count: int = 0
    declined: int = 0
    words: str = ""
    steps: int = 0
    turned: bool = False
    brought: tuple[int, int] | None = None

    @property
    def lost(self) -> int:
        """Answers that were given and cannot be used."""
        return self.unread_count + sum(self.off.values())

    @property
    def answered(self) -> int:
        """Answers that were given, lost ones too."""
        return self.lost + sum(self.read.values())

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> QuestionAnswers:
        """Read what `dataclasses.asdict` wrote and JSON kept."""
        numbers = {k: {float(n): c for n, c in given[k].items()} for k in ("read", "off")}
        scales = {k: tuple(given[k]) if given[k] else None for k in ("scale", "brought")}
        return cls(**{**given, **numbers, **scales})


def read_questions(
    engine: Engine,
    source: Source,
    asked: Survey,
    columns: Mapping[str, Any],
    missing: Mapping[str, Collection[str]],
) -> tuple[dict[str, Any], dict[str, Any], tuple[QuestionAnswers, ...]]:
    """Read the answers to all questions.

    Parameters
    ----------
    engine, source, asked
        Where, which table, and what the card says of the survey.
    columns : mapping
        Question -> its column, as the file has it.
    missing : mapping
        Question -> texts that the card lists as missing.

    Returns
    -------
    values, texts : dict
        Question -> the numbers; and what was given, null where no answer was given.
    questions : tuple of QuestionAnswers
    """
    if not columns:
        return {}, {}, ()
    given = _answers(engine, source, columns)
    readers = {
        name: _Reader(name, source.heading(column.get_name()), asked, missing.get(name, ()))
        for name, column in columns.items()
    }
    usual = _usual_scales(readers.values(), given)
    values, texts, found = {}, {}, []
    for name, column in columns.items():
        text = engine.text(column)
        question, numbers, none = readers[name].read(given[name], usual)
        texts[name] = ibis.ifelse(text.isin(none), ibis.null("string"), text) if none else text
        number = _looked_up(text, numbers)
        values[name] = _brought(number, question, turned=asked.is_reversed(name))
        found.append(question)
    return values, texts, tuple(found)


def lost_answers(bad: Mapping[str, Any]) -> Any:
    """Name the questions of a row whose answer is lost, parted by blanks; null where none is."""
    named = ibis.literal("")
    for name, lost in bad.items():
        named += ibis.ifelse(ibis.coalesce(lost, False), f"{name} ", "")
    return named.strip().nullif("")


def _answers(
    engine: Engine, source: Source, columns: Mapping[str, Any]
) -> dict[str, dict[str, int]]:
    """Count the different answers to each question."""
    texts = source.expr.select(
        **{f"q_{i}": engine.text(column) for i, column in enumerate(columns.values())}
    )
    names = {f"q_{i}": name for i, name in enumerate(columns)}
    found: dict[str, dict[str, int]] = {name: {} for name in columns}
    for place, text, n in engine.tally(texts, source.where):
        found[names[place]][text] = n
    for name, answers in found.items():
        if len(answers) > _MANY:
            raise DataError(
                f"{columns[name].get_name()!r} holds {len(answers):,} different answers, such as"
                f" {min(answers)!r}: that is no question with a scale",
                where=source.where,
                remedy=f"mend what `{name}` is mapped to, or leave it out",
            )
    return found


def _looked_up(text: Any, numbers: Mapping[str, float]) -> Any:
    if not numbers:
        return ibis.null("float64")
    branches = [(text == written, ibis.literal(n)) for written, n in numbers.items()]
    return ibis.cases(*branches, else_=ibis.null("float64"))


def _brought(number: Any, question: QuestionAnswers, *, turned: bool) -> Any:
    """Bring the answers to the scale that the study's tables hold."""
    own, wanted = question.scale, question.brought
    if own is None:
        return number
    if wanted is not None:
        low, high = own
        share = (wanted[1] - wanted[0]) / (high - low)
        number = ((number - low) * share + wanted[0]).round(6)
    if turned:
        number = ibis.literal(float(sum(wanted or own))) - number
    return number


class _Reader:
    """Reads the different answers to one question."""

    def __init__(self, name: str, column: str, asked: Survey, missing: Collection[str]) -> None:
        self.name, self.column = name, column
        self.scale = asked.scale_of(name)
        self.stated = asked.declares_scale(name)
        self.own = {words_in(word): float(n) for word, n in asked.words_of(name).items()}
        self.missing = {plain(str(word)) for word in missing}
        self.missing_numbers = {s.number for w in self.missing if (s := _bare(w)) is not None}
        self.brought = self._wanted(asked)

    def _wanted(self, asked: Survey) -> tuple[int, int] | None:
        """Give the scale that the answers are brought to, where it is not their own."""
        if self.scale is None:
            return None
        if self.name == "recommend":
            return _RECOMMEND if self.scale not in (_RECOMMEND, (1, 10)) else None
        item = asked.item_of(self.name)
        if item and not self.name.startswith("imp_") and self.scale != asked.scale:
            return asked.scale
        return None

    def sorted(self, answers: Mapping[str, int]) -> tuple[dict[str, Shown], list[str], list[str]]:
        """Part the answers: those that show numbers, those in words, and those that are none."""
        numbers: dict[str, Shown] = {}
        words: list[str] = []
        none: list[str] = []
        for text in answers:
            if plain(text) in self.missing:
                none.append(text)
                continue
            own = self.own.get(words_in(text))
            show = Shown(own) if own is not None else shown(text)
            if own is None and (
                is_no_answer(text) or (show is not None and show.number in self.missing_numbers)
            ):
                none.append(text)
            elif own is None and show is not None and show.label and is_no_answer(show.label):
                none.append(text)  # 9 = don't know
            elif show is not None:
                numbers[text] = show
            else:
                words.append(text)
        return numbers, words, none

    def read(
        self, answers: Mapping[str, int], usual: Collection[WordScale]
    ) -> tuple[QuestionAnswers, dict[str, float], list[str]]:
        """Give what became of the answers, text -> number, and the texts that are no answers."""
        shows, words, none = self.sorted(answers)
        numbers = {text: show.number for text, show in shows.items()}
        found = QuestionAnswers(
            self.name, self.column, self.scale, self.stated, brought=self.brought
        )
        told = without_strays({t: answers[t] for t in words}, sum(answers[t] for t in shows))
        worded, scale, steps = self._by_words(told, usual)
        numbers |= worded
        if scale is not None and worded:
            found = replace(found, words=f"{scale.family}, {len(scale.steps)} steps")
        off = {t: n for t, n in numbers.items() if not self._inside(n)}
        kept = {t: n for t, n in numbers.items() if t not in off}
        unread = sorted((t for t in words if t not in worded), key=lambda t: (-answers[t], t))
        found = replace(
            found,
            read=_counted(kept, answers),
            off=_counted(off, answers),
            unread={t[:_LONGEST]: answers[t] for t in unread[:_SHOWN]},
            unread_count=sum(answers[t] for t in unread),
            declined=sum(answers[t] for t in none if plain(t) not in self.missing),
            steps=steps,
            turned=self._turned(shows),
        )
        return found, kept, none

    def _inside(self, number: float) -> bool:
        return self.scale is None or self.scale[0] <= number <= self.scale[1]

    def _by_words(
        self, words: list[str], usual: Collection[WordScale]
    ) -> tuple[dict[str, float], WordScale | None, int]:
        """Read answers in words by the scale that has them all and as many steps as the card's."""
        if self.scale is None or not (fitting := fitting_scales(words)):
            return {}, None, 0
        low, high = self.scale
        steps = high - low + 1
        right = [scale for scale in fitting if len(scale.steps) == steps]
        right = [scale for scale in right if scale in usual] or right
        read = [{t: float(low + (scale.place(words_in(t)) or 0)) for t in words} for scale in right]
        if not read:
            return {}, None, min((len(s.steps) for s in fitting), key=lambda n: abs(n - 5))
        if any(other != read[0] for other in read):
            return {}, None, 0
        return read[0], right[0], 0

    def _turned(self, shows: Mapping[str, Shown]) -> bool:
        """Tell whether the words beside the numbers say that the lowest is the best."""
        ends = {show.label: show.number for show in shows.values() if show.label}
        if not ends or self.scale is None:
            return False
        said = []
        middle = sum(self.scale) / 2
        for scale in word_scales():
            for label, number in ends.items():
                place = scale.place(label)
                if place is None or number == middle:
                    continue
                best = place / (len(scale.steps) - 1)
                if best in (0.0, 1.0):
                    said.append((best == 1.0) != (number > middle))
        return bool(said) and all(said)


def _bare(text: str) -> Shown | None:
    found = shown(text)
    return found if found is not None and not found.label else None


def _counted(numbers: Mapping[str, float], answers: Mapping[str, int]) -> dict[float, int]:
    counts: dict[float, int] = {}
    for text, number in numbers.items():
        counts[number] = counts.get(number, 0) + answers[text]
    return dict(sorted(counts.items()))


def _usual_scales(
    readers: Iterable[_Reader], given: Mapping[str, Mapping[str, int]]
) -> set[WordScale]:
    """Give the scales of words that some question leaves no doubt of: others are read by them."""
    found = set()
    for reader in readers:
        if reader.scale is None:
            continue
        steps = reader.scale[1] - reader.scale[0] + 1
        answers = given[reader.name]
        numbers, words, _ = reader.sorted(answers)
        told = without_strays({t: answers[t] for t in words}, sum(answers[t] for t in numbers))
        fitting = [s for s in fitting_scales(told) if len(s.steps) == steps]
        if len(fitting) == 1:
            found.add(fitting[0])
    return found
