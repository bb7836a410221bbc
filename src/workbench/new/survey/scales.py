"""Tells on which scale the answers of a column are: by its numbers, its words and its heading."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from workbench.data.clean.answers import fitting_scales, is_coded, shown, without_strays, words_in
from workbench.data.text.answer_words import (
    CODES,
    USUAL_SCALES,
    is_no_answer,
    shortest_scale,
    without_codes,
)
from workbench.new.columns.profile import ColumnProfile
from workbench.new.survey.hints import ends_named

ENDS_SAID: Final = re.compile(r"(?<!\d)(-?\d{1,2})\s*(?:-|–|—|~|to|bis|à|至|到)\s*(\d{1,3})(?!\d)")
_NUMBERED: Final = re.compile(r"(?i)^(?:q|item|question|frage|题|第|exp_|per_|imp_)\s*_?\d")
#: Answers from which on numbers that nobody gave were not to be had.
_TELLING: Final = 30
#: Different answers in words that a scale may have.
MOST_WORDS: Final = 11
#: Words before a number that are those of a scale: "Stufe 3".
_STEPS: Final = re.compile(
    r"(?i)level|score|note|grade|stufe|punkte?|rating|stars?|points?|answer|选项"
)


@dataclass(frozen=True)
class ScaleColumn:
    """A column of answers on a scale.

    Attributes
    ----------
    column : ColumnProfile
    scale : tuple of int
    sure : bool
        Whether both ends were used, or words or the heading say the scale.
    codes : tuple of str
        Values that lie far off the scale and usually stand for no answer, as they are written.
    seen : tuple of float
        The lowest and the highest answer.
    turned : bool
        Whether the words beside the numbers say that the lowest is the best.
    """

    column: ColumnProfile
    scale: tuple[int, int]
    sure: bool
    codes: tuple[str, ...] = ()
    seen: tuple[float, float] = (0, 0)
    turned: bool = False

    def other_than(self, scale: tuple[int, int]) -> bool:
        """Tell whether the answers contradict a scale, or say another one."""
        text = self.column.said
        said = ENDS_SAID.search(text) is not None or ends_named(text) is not None
        outside = self.seen[0] < scale[0] or self.seen[1] > scale[1]
        return self.scale != scale and (said or outside)


def rating_of(p: ColumnProfile, *, kin: bool = False) -> ScaleColumn | None:
    """Tell on which scale a column's answers are; None where it holds no such answers.

    Two different numbers are enough for a column that is called as others are that are ratings.
    """
    if not len(p.texts) or p.when or p.mail > 0.5:
        return None
    counts = p.texts.value_counts()
    if len(counts) > 60:
        return _slider(p)
    if any(map(is_coded, map(str, counts.index))) and "[" not in p.name:
        return None  # A1 is an answer to a line of an array, and elsewhere a shelf
    numbers: Counter[float] = Counter()
    written: dict[float, str] = {}
    named = True
    strange: dict[str, int] = {}
    labels: dict[float, str] = {}
    for text, n in counts.items():
        if is_no_answer(str(text)):
            continue
        if (found := shown(str(text))) is not None:
            if found.label and is_no_answer(found.label):
                continue
            numbers[found.number] += int(n)
            written[found.number] = str(text)
            named &= bool(found.label)
            labels[found.number] = found.label
        else:
            strange[str(text)] = int(n)
    if words := without_strays(strange, sum(numbers.values())):
        return _in_words(p, words, numbers)
    if not numbers:  # nobody has answered
        return None
    alike = set(labels.values())
    if named and len(numbers) > 1 and len(alike) == 1 and not _STEPS.fullmatch(min(alike)):
        return None  # "Branch 3" counts branches
    said = ENDS_SAID.search(p.said)
    seen = without_codes(numbers)
    # -1 beside 0 is an answer on a scale around it, unless there is no such scale
    if min(seen) < 0 and not any(s[0] <= min(seen) and max(seen) <= s[1] for s in USUAL_SCALES):
        seen = {n for n in seen if n >= 0 or n not in CODES} or seen
    if said is None:
        seen -= _codes_beside(numbers, seen)
    codes = set(numbers) - seen
    if len(seen) < (2 if kin else 3) or any(n * 2 % 1 for n in seen):
        return None
    low, high = min(seen), max(seen)
    known = [(int(said[1]), int(said[2]))] if said else []
    if (named_ends := ends_named(p.said)) is not None:
        known.insert(0, named_ends[:2])
    known = [ends for ends in known if ends[0] <= low and high <= ends[1]]
    scale = shortest_scale(low, high, known or USUAL_SCALES)
    if scale is None:
        return _slider(p)
    # nobody asks on 1 to 4 or to 6 half as often as on 1 to 5 or to 7, unless each has a name
    unused = {} if named else {(1, 4): (1, 5), (1, 6): (1, 7)}
    scale = scale if known or low > 1 or scale not in unused else unused[scale]
    sure = bool(known) or (low, high) == scale
    given = tuple(written[n] for n in sorted(codes))
    return ScaleColumn(p, scale, sure, given, (low, high), _turned(labels))


def _turned(labels: Mapping[float, str]) -> bool:
    """Tell whether words beside numbers go from the best to the worst."""
    said = {n: words_in(label) for n, label in sorted(labels.items()) if label}
    fits = fitting_scales(said.values()) if len(said) > 1 else []
    places = [[scale.place(word) or 0 for word in said.values()] for scale in fits]
    return bool(places) and all(
        own == sorted(own, reverse=True) and own[0] != own[-1] for own in places
    )


def _slider(p: ColumnProfile) -> ScaleColumn | None:
    """Tell a question that was answered on a slider from 0 to 100."""
    named = _NUMBERED.match(p.said.strip()) or p.said.strip().endswith(("?", "？"))
    percent = p.percent > 0.9
    numbers = (p.numbers if percent else pd.to_numeric(p.texts, errors="coerce")).dropna()
    named = named or (percent and not (numbers % 1).any())
    if not (named or p.heading.has("satisfaction", "recommend")) or len(numbers) < len(p.texts):
        return None
    low, high = float(numbers.min()), float(numbers.max())
    if not (0 <= low <= 20 and 80 <= high <= 100):
        return None
    return ScaleColumn(p, (0, 100), (low, high) == (0, 100), seen=(low, high))


def _codes_beside(numbers: Mapping[float, int], seen: set[float]) -> set[float]:
    """Find 8 and 9 above a scale that ends well below them: with so many, somebody said 6 and 7.

    And 0 below a scale of five or seven: some tools write it where nobody answered.
    """
    zero = 0.0 in seen and max(seen) in (5, 6, 7) and len(seen) > 4
    if zero and sum(numbers.values()) >= _TELLING and numbers[0.0] < 0.15 * sum(numbers.values()):
        return {0.0}
    above = seen & {8.0, 9.0}
    rest = seen - above
    given = sum(numbers[n] for n in seen)
    if not above or len(rest) < 3 or not 0 <= min(rest) <= max(rest) < min(above) - 1:
        return set()
    few = sum(numbers[n] for n in above) < 0.3 * given
    return above if few and given >= _TELLING and max(rest) >= 4 else set()


def _in_words(
    p: ColumnProfile, words: Sequence[str], numbers: Counter[float]
) -> ScaleColumn | None:
    different = len(set(map(words_in, words)))
    steps = {len(scale.steps) for scale in fitting_scales(words)}
    if not steps or different + len(numbers) < 3:
        return None
    if numbers and max(numbers) > max(steps):
        return None
    best = 5 if 5 in steps else min(steps)
    return ScaleColumn(p, (1, best), len(steps) == 1 or different > best - 1, seen=(1, best))
