"""One language of a report: its words for a message, its way of writing numbers and dates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workbench.languages.catalogs import SOURCE, catalog
from workbench.languages.numbers import as_value, day, locale_of, money, num, pct, points

_LETTER = re.compile(r"[A-Za-z]{2}")
_CJK = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True)
class Language:
    """What a result needs to draw or to speak in a language.

    Attributes
    ----------
    code : str
        ``en``, ``zh``.
    words : mapping
        Texts that a study brings with it (titles of its goals, labels of its outcomes), by their
        English words.
    currency : str
        ISO 4217 code of amounts that name none.
    proper : frozenset of str
        Names that are the same in every language, such as sources of published numbers.
    missing : list of str
        Messages and labels for which no words were found; the English stands there instead.
    names : list of str
        Names from the data without words, which stand there as they are and may be meant so.

    Examples
    --------
    >>> from workbench.languages import Language
    >>> Language("en")("{n} of {total} customers", n=3, total=1200)
    '3 of 1,200 customers'
    """

    code: str
    words: Mapping[str, str] = field(default_factory=dict)
    currency: str = ""
    proper: frozenset[str] = frozenset()
    missing: list[str] = field(default_factory=list, compare=False, repr=False)
    names: list[str] = field(default_factory=list, compare=False, repr=False)

    @property
    def tag(self) -> str:
        """The language's tag in HTML."""
        return {"zh": "zh-CN"}.get(self.code, self.code)

    @property
    def locale(self) -> str:
        """The locale whose numbers, dates and lists it writes."""
        return locale_of(self.code)

    def __call__(self, message: str, /, **values: Any) -> str:
        """Say a message, its placeholders filled with numbers, dates and names as written here.

        Without values it is a label, or a word that was chosen by a result.
        """
        said = self.known(message)
        if said is None:
            self._note(message, self.missing)
            said = message
        if not values:
            return said
        return said.format(**{name: self.write(value) for name, value in values.items()})

    def name(self, text: object) -> str:
        """Say a name that comes from the data; one without words here is the same everywhere.

        ``A → B`` and ``A · B`` are two names, and so is ``A, B`` where both are known.
        """
        said = self.known(str(text))
        for between in (" → ", " · "):
            if said is None and between in str(text):
                return between.join(map(self.name, str(text).split(between)))
        if said is None and ", " in str(text):
            known = [self.known(part) for part in str(text).split(", ")]
            if None not in known:  # groups that were put together
                return ("、" if self.code == "zh" else ", ").join(map(str, known))
        if said is None:
            self._note(str(text), self.names)
            return str(text)
        return said

    def write(self, value: Any) -> str:
        """Write a number, a date, an estimate or a name."""
        if isinstance(value, str):
            return self.name(value)
        number = as_value(value)
        return self.name(value) if number is None else number.text(self)

    def number(self, x: Any, digits: int | None = None) -> str:
        """Write a plain number."""
        return num(x, digits=digits).text(self)

    def percent(self, share: Any, digits: int | None = None) -> str:
        """Write a share as a percentage."""
        return pct(share, digits=digits).text(self)

    def points(self, x: Any, digits: int | None = None) -> str:
        """Write points on a scale."""
        return points(x, digits=digits).text(self)

    def money(self, x: Any, currency: str = "", digits: int | None = None) -> str:
        """Write a sum of money."""
        return money(x, currency=currency, digits=digits).text(self)

    def date(self, date: Any) -> str:
        """Write a day."""
        return day(date).text(self)

    def known(self, text: str) -> str | None:
        """Give the words for a text; None where there are none."""
        if self.code == SOURCE or not text:
            return text
        return self.words.get(text) or catalog(self.code).get(text)

    def _note(self, text: str, without: list[str]) -> None:
        if _LETTER.search(text) and not _CJK.search(text) and text not in self.proper:
            without.append(text)


def speak(language: str | Language = SOURCE) -> Language:
    """Give the language of that code; a `Language` as it is."""
    return language if isinstance(language, Language) else Language(language)
