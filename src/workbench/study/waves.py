"""Reads the names of a survey's waves: numbers, years, and the parts of a year, seasons too."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

#: Seasons as quarters of their year. Winter is the first or the last of them: nobody knows.
_SEASONS: Final = (
    (1, "spring", "frühjahr", "frühling", "printemps", "primavera", "lente", "voorjaar", "春季",
     "春天", "春", "봄"),
    (2, "summer", "sommersemester", "sommer", "sose", "ss", "été", "verano", "estate", "verão",
     "zomer", "夏季", "夏天", "夏", "여름"),
    (3, "autumn", "fall", "herbst", "automne", "otoño", "autunno", "outono", "herfst", "najaar",
     "秋季", "秋天", "秋", "가을"),
    (4, "winter", "wintersemester", "wise", "ws", "hiver", "invierno", "inverno", "冬季", "冬天",
     "冬", "겨울"),
)  # fmt: skip
_WINTER: Final = 4
#: Languages whose months are known by name.
_LANGUAGES: Final = ("en", "de", "fr", "es", "it", "pt", "nl")
#: Halves of a year, in Chinese.
_PARTS: Final = {"上半年": "h1", "下半年": "h2"}
_BEFORE_AFTER: Final = (
    {"before", "pre", "baseline", "前测", "基线", "之前", "t0"},
    {"after", "post", "follow-up", "followup", "follow up", "endline", "后测", "随访", "之后"},
)
_HAN: Final = "零一二三四五六七八九"
#: 2023/24, 2023-2024: a year that runs over the turn of another.
_SPAN: Final = re.compile(r"(?<!\d)(20\d\d)\s?[/–-]\s?(?:20)?(\d\d)(?!\d)")
#: A wave that is called after its first day.
_DAY: Final = re.compile(r"((?:19|20)\d\d)-(\d\d)-(\d\d)(?:[ T]00:00(?::00)?)?")


@dataclass(frozen=True)
class _Name:
    """A wave's name taken apart: what is no number, its year, its part of the year, the rest."""

    frame: str
    year: int = 0
    part: int = 0
    rest: tuple[int, ...] = ()
    season: bool = False


def order_of_names(found: Sequence[str]) -> list[str] | None:
    """Put waves in order of time by their names, where these are plainly numbered or dated.

    Parameters
    ----------
    found : sequence of str
        The names, each once.

    Returns
    -------
    list of str or None
        None where nothing but the alphabet would decide.

    Examples
    --------
    >>> order_of_names(["Fall '24", "Spring '24", "Spring '25"])
    ["Spring '24", "Fall '24", "Spring '25"]
    >>> order_of_names(["Winter 2024", "Spring 2024"])
    """
    days = [_DAY.fullmatch(w.strip()) for w in found]
    if all(days):
        return [
            w for _, w in sorted((d.groups(), w) for d, w in zip(days, found, strict=True) if d)
        ]
    ranked = [_before_after(w) for w in found]
    if len(found) == 2 and set(ranked) == {0, 1}:
        return [w for _, w in sorted(zip(ranked, found, strict=True))]
    names = [_parsed(w) for w in found]
    keys = [(n.year, n.part, n.rest) for n in names]
    if len({n.frame for n in names}) > 1 or len({(n.season, bool(n.part)) for n in names}) > 1:
        return None
    if len(set(keys)) < len(keys) or not any(any(map(bool, k)) for k in keys):
        return None
    parts = sorted(part for _, part, _ in keys if part)
    dated = any(year for year, *_ in keys)
    if parts and not dated and parts[-1] - parts[0] != len(set(parts)) - 1:
        return None  # November, December, January: of which years?
    rests = {len(rest) for *_, rest in keys}
    if len(rests) > 1 or max(rests) > 1:
        return None  # 3/2025 has a part and a year; of two numbers more nobody knows which leads
    order = _sorted(found, keys)
    if names[0].season and any(part == _WINTER for part in parts):
        # January of that year, or December: both have to come to the same order
        early = [(y, 0 if p == _WINTER else p, r) for y, p, r in keys]
        if _sorted(found, early) != order:
            return None
    return order


def _sorted(found: Sequence[str], keys: Sequence[tuple[int, int, tuple[int, ...]]]) -> list[str]:
    return [w for _, w in sorted(zip(keys, found, strict=True))]


def _before_after(label: str) -> int | None:
    bare = label.strip().casefold()
    return next((i for i, words in enumerate(_BEFORE_AFTER) if bare in words), None)


@cache
def _months() -> Mapping[str, int]:
    from babel import Locale  # takes a while, and few surveys have waves called after months

    found: dict[str, int] = {"sept": 9}
    for language in _LANGUAGES:
        for width in ("wide", "abbreviated"):
            for month, name in Locale(language).months["format"][width].items():
                found.setdefault(str(name).casefold().strip("."), int(month))
    return found


def _parsed(label: str) -> _Name:
    text = unicodedata.normalize("NFKC", label).casefold()
    for word, short in _PARTS.items():
        text = text.replace(word, f" {short} ")
    text = re.sub(f"[{_HAN}十两]+", _digits, text)
    years: list[int] = []
    parts: list[int] = []
    text, season = _season(text, parts)
    span = _SPAN.search(text)
    if span is not None and int(span[2]) == (int(span[1]) + 1) % 100:
        # the autumn and the winter of 2023/24 begin in 2023, its spring is that of 2024
        later = season and parts[0] < 3
        years.append(int(span[1]) + later)
        parts = [_WINTER + 1 if part == _WINTER else part for part in parts]
        text = text.replace(span[0], " " if season else " span ")
    text = re.sub(r"(?<!\d)(19|20)\d{2}(?!\d)", lambda m: _took(years, m[0]), text)
    if any(month in text for month in _months()):
        known = "|".join(sorted(map(re.escape, _months()), key=len, reverse=True))
        text = re.sub(
            rf"(?<![^\W\d_])({known})(?![^\W\d_])\.?", lambda m: _took(parts, _months()[m[1]]), text
        )
    text = re.sub(
        r"(?<![a-z\d])(?:q|h|s|w|cw|kw)\s?(\d{1,2})(?!\d)|第?(\d{1,2})(?:季度?|月|周)"
        r"|(?<!\d)(\d)(?:st|nd|rd|th|\.)? (?:quarter|half|quartal|halbjahr|trimestre|semestre)"
        r"|(?:quarter|half|quartal) (\d)|(?<!\d)([1-4])[hq](?![a-z])",
        lambda m: _took(parts, next(g for g in m.groups() if g)),
        text,
    )
    # '24 or 24 beside a month, a season or a quarter is a year
    if parts and not years:
        text = re.sub(r"'?(?<!\d)(\d{2})(?!\d)", lambda m: _took(years, f"20{m[1]}"), text, count=1)
    rest = tuple(int(n) for n in re.findall(r"\d+", text))
    if years and not parts and len(rest) == 1 and 1 <= rest[0] <= 12:
        parts, rest = [rest[0]], ()
        text = re.sub(r"\d+", "", text)
    frame = " ".join(re.sub(r"\d+|[-/._,'’()年第]", " ", text).split())
    if len(years) > 1 or len(parts) > 1:
        frame = label  # two years in one name are a riddle
    return _Name(frame, years[0] if years else 0, parts[0] if parts else 0, rest, season)


def _season(text: str, parts: list[int]) -> tuple[str, bool]:
    for number, *words in _SEASONS:
        for word in words:
            latin = word.isascii() or word[0] < "\u0400"
            shape = rf"(?<![^\W\d_]){word}(?![^\W\d_])" if latin else re.escape(word)
            if re.search(shape, text):
                parts.append(number)
                return re.sub(shape, " ", text, count=1), True
    return text, False


def _took(into: list[int], number: object) -> str:
    into.append(int(str(number)))
    return " "


def _digits(match: re.Match[str]) -> str:
    """Write a Chinese number below a hundred in digits."""
    written = match[0].replace("两", "二")
    tens, ten, ones = written.partition("十")
    if not ten:
        return "".join(str(_HAN.index(c)) for c in written)
    high = _HAN.index(tens) if tens else 1
    return str(10 * high + (_HAN.index(ones) if ones else 0))
