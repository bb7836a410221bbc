"""Reads one answer as the number that it shows: "5 - Excellent", "9分", "★★★★", "7,5"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from workbench.data.text.answer_words import WordScale, folded, word_scales
from workbench.data.text.notation import plain

_DIGITS: Final = r"[+-]?\d{1,4}(?:[.,]\d{1,6})?"
_UNIT: Final = r"(?:分|点|點|星级|星|级|級|stars?|points?|pts?\.?)"
_PLAIN: Final = re.compile(rf"({_DIGITS})\s*(?:{_UNIT}|%)?", re.IGNORECASE)
#: "4/5", "4 out of 5", "4 of 5", "4 von 5"
_OUT_OF: Final = re.compile(
    rf"({_DIGITS})\s*{_UNIT}?\s*(?:/|out of|of|von|sur|de)\s*{_DIGITS}\s*{_UNIT}?", re.IGNORECASE
)
#: What stands between a number and its words.
_BETWEEN: Final = r"\s*[-–—:=.)\]|,;/]\s*|\s*(?=[(\[])|\s+"
_BEFORE: Final = re.compile(
    rf"[(\[]?({_DIGITS})\s*(?:{_UNIT})?(?:{_BETWEEN}|(?=[^\W\d_a-zA-Z]))(\D*)",
    re.IGNORECASE | re.DOTALL,
)
_AFTER: Final = re.compile(
    rf"(\D*?[^\s\d(\[=:,|+-])(?:\s*[(\[=:,|]\s*|\s+[-–—]\s*|\s+|(?<=[\u4e00-\u9fff]))({_DIGITS})"
    rf"\s*{_UNIT}?\s*[)\]]?",
    re.IGNORECASE | re.DOTALL,
)
_STARS: Final = re.compile(r"([★⭐🌟]\ufe0f?\s*)+([☆✩]\s*)*")
_HAN: Final = {c: n for n, c in enumerate("零一二三四五六七八九十")} | {"两": 2, "〇": 0}
#: As LimeSurvey and others number the answers of a list: A1, AO03.
_CODED: Final = re.compile(r"AO?0{0,3}(\d{1,2})")
_LETTERED: Final = re.compile(r"[(]?[A-Za-z][.、):]\s*(?=\S)|[①-⑩]\s*")

#: Share of the answers to a question that must be read for the others to be slips.
_READABLE: Final = 0.95


@dataclass(frozen=True)
class Shown:
    """What an answer shows: its number, and the words beside it."""

    number: float
    label: str = ""


def shown(text: str) -> Shown | None:
    """Read the number that an answer shows, or None where it shows none, or several.

    Examples
    --------
    >>> [shown(text).number for text in ("5 - Excellent", "满意（9分）", "★★★★☆", "７,5", "4/5")]
    [5.0, 9.0, 4.0, 7.5, 4.0]
    >>> shown("2 or 3")
    """
    if _STARS.fullmatch(text.strip()):
        return Shown(float(sum(text.count(star) for star in "★⭐🌟")))
    bare = " ".join(plain(text).split()).rstrip("、,;. ")
    if found := _PLAIN.fullmatch(bare) or _OUT_OF.fullmatch(bare):
        return Shown(_number(found[1]))
    written = re.fullmatch(rf"([{''.join(_HAN)}])\s*{_UNIT}", bare)
    if written:
        return Shown(float(_HAN[written[1]]))
    if found := _BEFORE.fullmatch(bare):
        return Shown(_number(found[1]), folded(found[2]))
    if found := _AFTER.fullmatch(bare):
        return Shown(_number(found[2]), folded(found[1]))
    if found := _CODED.fullmatch(bare):
        return Shown(float(found[1]))
    return None


def is_coded(text: str) -> bool:
    """Tell an answer that is the code of one in a list: A1, AO03."""
    return _CODED.fullmatch(text.strip()) is not None


def words_in(text: str) -> str:
    """Give an answer in words so that ways to write the same are one: "A. Very good!"."""
    return folded(_LETTERED.sub("", plain(text), count=1))


def fitting_scales(texts: Iterable[str]) -> list[WordScale]:
    """Give the scales of words that have all of some answers in words."""
    words = list(dict.fromkeys(map(words_in, texts)))
    return [scale for scale in word_scales() if scale.fits(words)] if words else []


def without_strays(words: Mapping[str, int], others: int = 0) -> list[str]:
    """Leave out words that stand in no scale, where nearly all of a question's answers do.

    Parameters
    ----------
    words : mapping
        Answers in words -> how many gave them.
    others : int
        Answers that show numbers.

    Returns
    -------
    list of str
        All words where too many are strange: then it is no question of these scales.
    """
    known = [text for text in words if words_in(text) in _known_words()]
    strange = sum(words.values()) - sum(words[text] for text in known)
    given = sum(words.values()) + others
    return known if 0 < strange <= (1 - _READABLE) * given else list(words)


@cache
def _known_words() -> frozenset[str]:
    return frozenset(word for scale in word_scales() for step in scale.steps for word in step)


def _number(digits: str) -> float:
    return float(digits.replace(",", "."))
