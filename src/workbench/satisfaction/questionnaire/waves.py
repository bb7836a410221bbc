"""The waves of a survey in order of time: by their days, the card, or what their names say."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

import pandas as pd

from workbench.satisfaction.questionnaire.answers import SurveyError

_MONTHS: Final = {
    name: i
    for i, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul",
         "august aug", "september sept sep", "october oct", "november nov", "december dec"), 1
    )
    for name in names.split()
}  # fmt: skip
#: Halves, seasons and the like that a year is parted into, in Chinese.
_PARTS: Final = {"上半年": "h1", "下半年": "h2"}
_BEFORE_AFTER: Final = (
    {"before", "pre", "baseline", "前测", "基线", "之前", "t0"},
    {"after", "post", "follow-up", "followup", "follow up", "endline", "后测", "随访", "之后"},
)
_HAN: Final = "零一二三四五六七八九"


def waves_in_order(
    labels: pd.Series, answered: pd.Series | None = None, declared: Sequence[str] = ()
) -> list[str]:
    """Put the waves of a survey in order of time.

    Their days decide where there are days; else the order of the card; else what the names say, if
    they are plainly numbered or dated.

    Parameters
    ----------
    labels : Series
        Wave of each answer.
    answered : Series, optional
        Day of each answer.
    declared : sequence of str
        The waves as the card lists them.

    Raises
    ------
    SurveyError
        A wave that the card does not list, or an order that nothing but the alphabet would decide.

    Examples
    --------
    >>> import pandas as pd
    >>> waves_in_order(pd.Series(["Wave 11", "Wave 8", "Wave 9"]))
    ['Wave 8', 'Wave 9', 'Wave 11']
    """
    text = labels.astype("string")
    found = sorted(text.dropna().unique())
    strange = [w for w in found if declared and w not in declared]
    if strange:
        raise SurveyError(
            f"waves {', '.join(strange)} are not in the card",
            where="survey.waves",
            remedy="list every wave in order of time, or leave the list out",
        )
    by_days = _by_days(text, answered)
    if len(found) < 2 or by_days:
        return by_days or found
    if declared:
        return [w for w in declared if w in found]
    by_name = _by_name(found)
    if by_name is None:
        shown = ", ".join(map(repr, found[:6]))
        raise SurveyError(
            f"nothing but the alphabet says in which order the waves {shown} came",
            where="survey.wave",
            remedy="list them in order of time under `waves:` of survey in study.yml, or map the"
            " day of each answer to `answered_on`",
        )
    return by_name


def contradicted(order: Sequence[str], declared: Sequence[str]) -> bool:
    """Tell whether the card lists the waves in another order than that of their days."""
    return bool(declared) and [w for w in declared if w in order] != list(order)


def _by_days(text: pd.Series, answered: pd.Series | None) -> list[str]:
    """Order the waves by the middle of their days; empty where one has none, or two the same."""
    if answered is None:
        return []
    days = pd.to_datetime(answered, errors="coerce").groupby(text)
    # a few stray days say nothing of a wave
    if not (days.count() * 2 >= days.size()).all():
        return []
    middle = days.median()
    if middle.isna().any() or middle.duplicated().any():
        return []
    return [str(w) for w in middle.sort_values().index]


def _by_name(found: Sequence[str]) -> list[str] | None:
    """Order waves that differ in numbers alone, or in a year and a part of it."""
    ranked = [_before_after(w) for w in found]
    if len(found) == 2 and set(ranked) == {0, 1}:
        return [w for _, w in sorted(zip(ranked, found, strict=True))]
    parsed = [_parsed(w) for w in found]
    frames = {frame for frame, *_ in parsed}
    keys = [(year, part, rest) for _, year, part, rest in parsed]
    if len(frames) > 1 or len(set(keys)) < len(keys) or not any(any(map(bool, k)) for k in keys):
        return None
    parts = sorted(part for _, part, _ in keys if part)
    dated = any(year for year, *_ in keys)
    if parts and not dated and parts[-1] - parts[0] != len(set(parts)) - 1:
        return None  # November, December, January: of which years?
    rests = {len(rest) for *_, rest in keys}
    if len(rests) > 1 or max(rests) > 1:
        return None  # 3/2025 has a part and a year; of two numbers more nobody knows which leads
    return [w for _, w in sorted(zip(keys, found, strict=True))]


def _before_after(label: str) -> int | None:
    bare = label.strip().casefold()
    return next((i for i, words in enumerate(_BEFORE_AFTER) if bare in words), None)


def _parsed(label: str) -> tuple[str, int, int, tuple[int, ...]]:
    """Part a wave's name: what is no number, its year, its part of the year, other numbers."""
    text = unicodedata.normalize("NFKC", label).casefold()
    for word, short in _PARTS.items():
        text = text.replace(word, f" {short} ")
    text = re.sub(f"[{_HAN}十两]+", _digits, text)
    years: list[int] = []
    parts: list[int] = []
    text = re.sub(r"(?<!\d)(19|20)\d{2}(?!\d)", lambda m: _took(years, m[0]), text)
    text = re.sub(
        rf"(?<![a-z])({'|'.join(_MONTHS)})(?![a-z])", lambda m: _took(parts, _MONTHS[m[1]]), text
    )
    text = re.sub(
        r"(?<![a-z\d])(?:q|h|s|w|cw|kw)\s?(\d{1,2})(?!\d)|第?(\d{1,2})(?:季度?|月|周)"
        r"|(?<!\d)(\d)(?:st|nd|rd|th)? (?:quarter|half)|(?:quarter|half) (\d)",
        lambda m: _took(parts, next(g for g in m.groups() if g)),
        text,
    )
    # '24 or 24 beside a month or a quarter is a year
    if parts and not years:
        text = re.sub(r"'?(?<!\d)(\d{2})(?!\d)", lambda m: _took(years, f"20{m[1]}"), text, count=1)
    rest = tuple(int(n) for n in re.findall(r"\d+", text))
    if years and not parts and len(rest) == 1 and 1 <= rest[0] <= 12:
        parts, rest = [rest[0]], ()
        text = re.sub(r"\d+", "", text)
    frame = " ".join(re.sub(r"\d+|[-/._,'()年第]", " ", text).split())
    if len(years) > 1 or len(parts) > 1:
        frame = label  # two years in one name are a span, or a riddle
    return frame, years[0] if years else 0, parts[0] if parts else 0, rest


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
