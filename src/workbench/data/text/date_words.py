"""Reads the words in dates - months, weekdays, ordinals - in the languages of exports."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache

_LANGUAGES = (
    "en", "de", "de_AT", "fr", "es", "it", "pt", "nl", "sv", "da", "nb", "fi", "pl", "cs", "sk",
    "hu", "ro", "ru", "uk", "bg", "el", "tr", "id", "ca", "et", "lv", "lt", "sl",
)  # fmt: skip
#: Ways of writing a month that calendars do not list.
_MORE = {
    "mrz": 3, "sept": 9, "set": 9, "fevr": 2, "aout": 8, "fev": 2, "agt": 8, "peb": 2, "jänner": 1,
}  # fmt: skip
#: Months as `read_words` writes them.
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
#: Words that join the parts of a date, and what follows a time.
_JOINING = r"(?:de|del|of|d'|den|um|à|a las|às|alle|ore|kl\.?|klo)"


def read_words(text: str) -> str:
    """Write a date with words as ``4 Mar 2024``, whatever its language; other texts nearly stay.

    Examples
    --------
    >>> [read_words(t) for t in ("4. März 2024", "15 de enero de 2024", "lundi 1er juillet 2024")]
    ['4 Mar 2024', '15 Jan 2024', '1 Jul 2024']
    """
    for shape, by in rewriting():
        text = re.sub(shape, by, text)
    return text.strip()


def plain_format(format: str) -> str:
    """Give the format of what `read_words` makes of dates that are written in a format.

    Examples
    --------
    >>> plain_format("%d. %B %Y"), plain_format("%d de %B de %Y %H:%M")
    ('%d %b %Y', '%d %b %Y %H:%M')
    """
    bare = re.sub(r"%[aA][.,]?\s*", "", format).replace("%B", "%b")
    bare = re.sub(rf"\s{_JOINING}\s", " ", re.sub(r"(?<=%[dbY])[.,]", " ", bare))
    return re.sub(r"\s+", " ", bare).strip()


@cache
def rewriting() -> tuple[tuple[str, str], ...]:
    """Give the regular expressions of `read_words`, and what each is replaced by."""
    left, right = r"(^|[\s\d.,/'-])", r"\.?($|[\s\d.,/-])"
    months = [
        (
            rf"(?i){left}(?:{'|'.join(sorted(words, key=lambda w: -len(w)))}){right}",
            rf"\1{name}\2",
        )
        for name, words in zip(MONTHS, _months(), strict=True)
    ]
    days = "|".join(sorted(_weekdays(), key=lambda w: -len(w)))
    return (
        (rf"(?i)^(?:{days})[.,]*\s+", ""),
        (r"(?i)^(?:(?:mo|di|mi|do|fr|sa|so)\.?,?|le|el|il|den)\s+(\d)", r"\1"),
        *months,
        (r"^(\d{1,2})\.?([A-Z][a-z]{2})", r"\1 \2"),
        (r"([A-Z][a-z]{2})(\d)", r"\1 \2"),
        (
            r"^[A-Z][a-z]{2}\.?\s+(\d{1,2}\s[A-Z][a-z]{2}\s)",
            r"\1",
        ),  # mar. 5 mars: a Tuesday
        (r"(?i)\s(?:г|р|года|року)\.?(\s|$)", r"\1"),
        (r"(?i)(\d)(?:st|nd|rd|th|er|º|ª|°)([\s.,]|$)", r"\1\2"),
        (rf"(?i)(^|\s){_JOINING}\s", " "),
        (r"(?i)(\d)\s?h\s?(\d\d)", r"\1:\2"),
        (r"(?i)(:\d\d)\s*(?:uhr|h|hs|hrs|horas?)\.?$", r"\1"),
        (r"([A-Z][a-z][a-z]|\d)[.,]+(\s|$)", r"\1 "),
        (r"\s+", " "),
    )


def has_words(texts: Iterable[str]) -> bool:
    """Tell whether any text holds a word of three letters or more, as a month's name is."""
    return any(re.search(r"[^\W\d_]{3}", text) for text in texts)


@cache
def _months() -> tuple[frozenset[str], ...]:
    """Give the names of each month; one that is two months in two languages is none."""
    found: dict[str, set[int]] = {word: {n} for word, n in _MORE.items()}
    for words in _calendars("months"):
        for n, word in words:
            found.setdefault(word, set()).add(n)
    sure = {word: ns.copy().pop() for word, ns in found.items() if len(ns) == 1}
    return tuple(
        frozenset(re.escape(word) for word, n in sure.items() if n == month)
        for month in range(1, 13)
    )


@cache
def _weekdays() -> frozenset[str]:
    months = {word for words in _calendars("months") for _, word in words}
    days = {word for words in _calendars("days") for _, word in words}
    return frozenset(re.escape(word) for word in days - months)


def _calendars(kind: str) -> Sequence[list[tuple[int, str]]]:
    from babel import Locale  # takes a while, and only dates with words need it

    found = []
    for language in _LANGUAGES:
        names = getattr(Locale.parse(language), kind)
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                named = names[context][width].items()
                words = [(n, str(word).casefold().strip(". ")) for n, word in named]
                found.append(
                    [(n, w) for n, w in words if len(w) > 2 and re.fullmatch(r"[^\W\d_]+", w)]
                )
    return found


__all__ = ["MONTHS", "has_words", "plain_format", "read_words", "rewriting"]
