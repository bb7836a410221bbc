"""Texts that were finished before anybody knew the language: found again by their templates.

Only for figures and results that take no ``language`` yet; what draws or speaks in the reader's
language needs none of this.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from functools import cache

from workbench.languages.catalogs import catalog, placeholders

Find = Callable[[str], str | None]

_LETTER = re.compile(r"[A-Za-z]{2}")


def match(text: str, find: Find, language: str) -> str | None:
    """Say a finished text, such as a label in a figure; None where there are no words.

    Tried in turn: the text as it is; a template that it fits (``"1,204 customers"`` fits
    ``"{n} customers"``); its lines and the two sides of a colon, each by itself.
    """
    exact = find(text)
    if exact is not None:
        return exact
    bare = text.strip()
    if bare != text:
        found = match(bare, find, language)
        return None if found is None else text.replace(bare, found)

    def inner(part: str) -> str:
        return match(part, find, language) or part if _LETTER.search(part) else part

    for pattern, translated in _templates(language):
        fits = pattern.fullmatch(text)
        if fits:
            return translated.format(**{n: inner(part) for n, part in fits.groupdict().items()})
    for separator, joined in (("\n", "\n"), (": ", "：")):
        if separator in text:
            parts = [inner(part) for part in text.split(separator)]
            if any(part != old for part, old in zip(parts, text.split(separator), strict=True)):
                return joined.join(parts)
    return None


@cache
def _templates(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    # The template with the most words of its own wins: "{n} customers of {m}" before "{n} {unit}".
    found = []
    for message, translated in catalog(language).items():
        if not placeholders(message):
            continue
        literal = "".join(part for part, *_ in string.Formatter().parse(message))
        if _LETTER.search(literal):
            found.append((len(literal), message, _pattern(message), translated))
    found.sort(key=lambda entry: (-entry[0], entry[1]))
    return tuple((pattern, translated) for _, _, pattern, translated in found)


def _pattern(message: str) -> re.Pattern[str]:
    pieces, seen = [], set()
    for literal, name, _, _ in string.Formatter().parse(message):
        pieces.append(re.escape(literal))
        if name:
            pieces.append(f"(?P={name})" if name in seen else f"(?P<{name}>.+?)")
            seen.add(name)
    return re.compile("".join(pieces), re.DOTALL)
