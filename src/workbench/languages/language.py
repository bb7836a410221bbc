"""One language of a report: its words for a message, its way of writing numbers and dates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workbench.languages.catalogs import SOURCE, Missing, catalog, translate
from workbench.languages.numbers import Value, as_value, day, money, num, pct, points


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
    absent : list of Missing
        Texts for which no words were found, in the order met; the English stands there instead.

    Examples
    --------
    >>> from workbench.languages import Language
    >>> Language("en")("{n} of {total} customers", n=3, total=1200)
    '3 of 1,200 customers'
    """

    code: str
    words: Mapping[str, str] = field(default_factory=dict)
    currency: str = ""
    absent: list[Missing] = field(default_factory=list, compare=False, repr=False)

    def __call__(self, message: str, /, **values: Any) -> str:
        """Say a message, its placeholders filled with numbers, dates and names as written here."""
        said = self.words.get(message) or translate(message, self.code)
        if not values:
            return said
        return said.format(**{name: self.write(value) for name, value in values.items()})

    def name(self, text: object) -> str:
        """Say a name that comes from the data; one without words here is the same everywhere."""
        said = str(text)
        if self.code == SOURCE:
            return said
        return self.words.get(said) or catalog(self.code).get(said, said)

    def write(self, value: Any) -> str:
        """Write a number, a date, an estimate or a name."""
        if isinstance(value, str):
            return self.name(value)
        number = as_value(value)
        return self.name(value) if number is None else number.text(self.code)

    def number(self, x: float, digits: int | None = None) -> str:
        """Write a plain number."""
        return num(x, digits=digits).text(self.code)

    def percent(self, share: float, digits: int | None = None) -> str:
        """Write a share as a percentage."""
        return pct(share, digits=digits).text(self.code)

    def points(self, x: float, digits: int | None = None) -> str:
        """Write points on a scale."""
        return points(x, digits=digits).text(self.code)

    def money(self, x: float, currency: str = "", digits: int | None = None) -> str:
        """Write a sum of money."""
        return money(x, currency=currency or self.currency or None, digits=digits).text(self.code)

    def date(self, date: Any) -> str:
        """Write a day."""
        return day(date).text(self.code)


def speak(language: str | Language = SOURCE) -> Language:
    """Give the language of that code; a `Language` as it is."""
    return language if isinstance(language, Language) else Language(language)


__all__ = ["Language", "Value", "speak"]
