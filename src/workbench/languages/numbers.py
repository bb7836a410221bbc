"""Numbers with their intervals, dates and sums of money, written as each language writes them."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any, Protocol, runtime_checkable

from workbench.errors import ReportingError
from workbench.languages.catalogs import catalog

KINDS = ("number", "percent", "points", "money", "date")
DASH = "–"
MINUS = "−"

PERCENT = "%"
"""Unit of points that are percentage points."""


#: How many decimals more than the interval's width asks for are written so that an end that is
#: not zero does not read as zero.
_MORE_PLACES = 5
_SCALE = re.compile(r"1 to (\d+)")
_LOCALES = {"en": "en_GB", "zh": "zh_Hans_CN"}


class Speaker(Protocol):
    """What writing a number takes of a language (`workbench.languages.Language`)."""

    @property
    def code(self) -> str:
        """``en``, ``zh``."""
        ...

    @property
    def currency(self) -> str:
        """ISO 4217 code of amounts that name none."""
        ...

    def __call__(self, message: str, /) -> str:
        """Say a message."""
        ...


@dataclass(frozen=True)
class _Bare:
    code: str
    currency: str = ""

    def __call__(self, message: str, /) -> str:
        return catalog(self.code).get(message, message)


def _speaker(language: str | Speaker) -> Speaker:
    return _Bare(language) if isinstance(language, str) else language


def locale_of(code: str) -> str:
    """Name the locale whose numbers, dates and lists a language writes."""
    return _LOCALES.get(code, code)


@runtime_checkable
class Measured(Protocol):
    """A number with its interval that says what it is: an estimate of an analysis."""

    value: float
    low: float
    high: float
    kind: str
    unit: str
    fact: str
    digits: int | None
    signed: bool


@dataclass(frozen=True)
class Value:
    """A number that knows what it is, so that each language can write it.

    Attributes
    ----------
    kind : {"number", "percent", "points", "money", "date"}
        What it is. A percentage is kept as a share (0.63), a difference of percentages too.
    x, low, high : float or None
        The estimate and the ends of its 95 % interval; both ends or none.
    digits : int, optional
        Decimals to print; from the interval's width when left out.
    currency : str
        ISO 4217 code, for money.
    signed : bool
        Print a plus sign, as changes need.
    percentage : bool
        For points: percentage points, kept as a difference of shares.
    date : datetime.date, optional
        The day, for dates.
    fact : str
        Name of the fact that it states, where it comes from an estimate that has one.
    """

    kind: str
    x: float | None
    low: float | None = None
    high: float | None = None
    digits: int | None = None
    currency: str = ""
    signed: bool = False
    percentage: bool = False
    date: dt.date | None = None
    fact: str = ""

    @property
    def known(self) -> bool:
        """Whether there is a value at all."""
        return self.x is not None or self.date is not None

    def text(self, language: str | Speaker) -> str:
        """Write estimate and interval, such as ``63% (60 to 66)`` or ``63%（60%至66%）``."""
        main = self.estimate(language)
        interval = self.interval(language)
        if not interval:
            return main
        brackets = "（{}）" if _speaker(language).code == "zh" else " ({})"
        return main + brackets.format(interval)

    def estimate(self, language: str | Speaker) -> str:
        """Write the value without its interval; a dash when it is not known."""
        if self.date is not None:
            return _day(self.date, _speaker(language), "long")
        return self._write(self.x, _speaker(language), unit=True)

    def short(self, language: str | Speaker) -> str:
        """Write the estimate where there is little room: a date with its month cut short."""
        if self.date is None:
            return self.estimate(language)
        short = "y-MM-dd" if _speaker(language).code == "zh" else "d MMM y"
        return _day(self.date, _speaker(language), short)

    def interval(self, language: str | Speaker, *, whole: bool = False) -> str:
        """Write the two ends, such as ``60 to 66`` or ``60%至66%``; empty when there are none.

        With `whole` they have their unit, as they need away from their estimate: ``60% to 66%``.
        """
        if self.x is None or self.low is None or self.high is None:
            return ""
        language = _speaker(language)
        chinese = language.code == "zh"
        unit = self.kind == "money" or ((chinese or whole) and self.kind == "percent")
        last = unit or (whole and self.kind == "points")
        ends = [
            self._write(self.low, language, unit=unit),
            self._write(self.high, language, unit=last),
        ]
        return ("至" if chinese else " to ").join(ends)

    def decimals(self) -> int:
        """Return the decimals in which value and ends are printed; negative: tens, hundreds, ..."""
        return _decimals(self) if self.digits is None else self.digits

    def size(self) -> Value:
        """Return how large it is: no sign, no interval, and no digits that would seem exact.

        It keeps the digits that its interval bears, and three where it has none.
        """
        x = abs(self.x or 0.0)
        digits = self.decimals()
        if self.low is None and x >= 1:
            digits = min(digits, 0, 2 - math.floor(math.log10(x)))
        return replace(self, x=x, low=None, high=None, signed=False, digits=digits)

    def _write(self, x: float | None, language: Speaker, *, unit: bool) -> str:
        if x is None:
            return DASH
        scaled = 100 * x if self.kind == "percent" or self.percentage else x
        places = self.decimals()
        if self.low is not None or self.digits is None:
            places = _honest(scaled, places, self.kind)
        if self.kind == "money":
            # value and ends in one unit, that of the value: a range in yuan and in units of ten
            # thousand cannot be compared at a glance
            size = abs(self.x or 0.0)
            rough = places < 0 or (self.digits is None and self.low is None)
            large = 1e4 if language.code == "zh" and rough else 1e6
            unit_of = size if places <= 0 and size >= large else None
            currency = self.currency or language.currency
            return _money(scaled, places, currency, language.code, self.signed, unit_of)
        largest = max(abs(end) for end in (self.x, self.low, self.high) if end is not None)
        compact = self.kind == "number" and self.digits is None and largest >= 1e6
        text = number_text(
            scaled, places, language.code, signed=self.signed, unit_of=largest if compact else None
        )
        if not unit:
            return text
        if self.kind == "percent":
            return f"{text}%"
        if self.kind == "points":
            return _with_points(text, language, percentage=self.percentage)
        return text

    def __str__(self) -> str:
        return self.text("en")


def num(
    x: Any, low: Any = None, high: Any = None, digits: int | None = None, *, signed: bool = False
) -> Value:
    """Make a plain number (a count, a mean, a ratio), with its interval.

    The first argument may be an estimate, here and in the functions below, which then has the
    interval with it: ``num(estimate, digits=1)``.
    """
    return _value("number", x, low, high, digits=digits, signed=signed)


def pct(
    share: Any,
    low: Any = None,
    high: Any = None,
    digits: int | None = None,
    *,
    signed: bool = False,
) -> Value:
    """Make a percentage from a share: ``pct(0.63)`` is 63%."""
    return _value("percent", share, low, high, digits=digits, signed=signed)


def points(
    x: Any,
    low: Any = None,
    high: Any = None,
    digits: int | None = None,
    *,
    signed: bool = False,
    percentage: bool = False,
) -> Value:
    """Points on a scale (a gap, an NPS), the unit written with them: ``-0.62 points``.

    With ``percentage=True`` a difference of two shares: ``points(0.032, percentage=True)`` is
    3.2 percentage points.
    """
    return _value("points", x, low, high, digits=digits, signed=signed, percentage=percentage)


def money(
    x: Any,
    low: Any = None,
    high: Any = None,
    currency: str | None = None,
    digits: int | None = None,
    *,
    signed: bool = False,
) -> Value:
    """Make a sum of money; ``currency`` is an ISO 4217 code, the study's when left out."""
    return _value("money", x, low, high, digits=digits, currency=currency or "", signed=signed)


def day(date: Any) -> Value:
    """Make a date from anything that pandas reads as one; a dash when there is none."""
    import pandas as pd

    stamp = pd.Timestamp(date) if date is not None else pd.NaT
    return Value("date", None, date=None if pd.isna(stamp) else stamp.date())


def as_value(thing: Any) -> Value | None:
    """Take an estimate, a plain number or a date for a :class:`Value`; None for anything else."""
    import numbers

    if isinstance(thing, Value):
        return thing
    if thing is None:
        return Value("number", None)
    if isinstance(thing, bool):
        return None
    if isinstance(thing, numbers.Real) or hasattr(thing, "dtype"):
        kind = getattr(getattr(thing, "dtype", None), "kind", "f")
        if getattr(thing, "ndim", 0) == 0:
            if kind in "iuf":
                return num(thing)
            if kind == "M":
                return day(thing)
        return None
    if isinstance(thing, dt.date):
        return day(thing)
    return _measured(thing) if isinstance(thing, Measured) else None


def _measured(estimate: Measured) -> Value:
    if estimate.kind == "date":
        return replace(day(estimate.value), fact=estimate.fact)
    points_of_percentage = estimate.kind == "points" and estimate.unit == PERCENT
    options: dict[str, Any] = {"digits": estimate.digits, "signed": estimate.signed}
    if estimate.kind == "money":
        options["currency"] = estimate.unit
    return _value(estimate.kind, estimate, None, None, percentage=points_of_percentage, **options)


def _value(kind: str, x: Any, low: Any, high: Any, **options: Any) -> Value:
    if isinstance(x, Measured):
        if kind == "money":
            options["currency"] = options["currency"] or x.unit
        options["fact"] = x.fact
        if options["digits"] is None:
            options["digits"] = x.digits
        x, low, high = x.value, x.low, x.high
        if not (math.isfinite(low) and math.isfinite(high)):
            low = high = None
            x = int(x) if kind == "number" and float(x).is_integer() else x  # a count
    if (low is None) != (high is None):
        raise ReportingError(
            "an interval needs both ends",
            where=f"{kind} {x!r}",
            remedy="give low and high, or neither",
        )
    whole = _is_whole(x) and low is None
    if whole and kind in ("number", "points") and options.get("digits") is None:
        # Millions are said in words, which needs the digits left open.
        options["digits"] = 0 if abs(int(x)) < 1_000_000 else None
    ends = (_finite(low), _finite(high))
    if None in ends:
        ends = (None, None)
    return Value(kind, _finite(x), *ends, **options)


def _is_whole(x: Any) -> bool:
    import numbers

    return isinstance(x, numbers.Integral) and not isinstance(x, bool)


def _finite(x: Any) -> float | None:
    if x is None:
        return None
    try:
        number = float(x)
    except (TypeError, ValueError) as error:
        if str(x) in ("<NA>", "NaT"):  # a row of days and nothing else has no other missing
            return None
        raise ReportingError(
            f"{x!r} is not a number", remedy="give a number, or None when it is not known"
        ) from error
    return number if math.isfinite(number) else None


def _decimals(value: Value) -> int:
    x = value.x
    if x is None:
        return 0
    scale = 100 if value.kind == "percent" or value.percentage else 1
    if value.low is not None and value.high is not None and value.high > value.low:
        # The first digit of the half-width is where knowledge ends; one more when it is a 1.
        half = scale * (value.high - value.low) / 2
        places = -math.floor(math.log10(half) + 1e-9)
        if half * 10.0**places < 2 - 1e-9:
            places += 1
    else:
        places = _places_alone(abs(scale * x), value.kind)
    if value.kind == "percent":
        places = min(max(places, 0), 3)
    if value.kind == "points":
        places = max(places, 0)  # a score of 13 is never "10": readers know it in whole points
    if value.kind == "money" and places > 0:
        places = 2
    return min(places, 6)


def _honest(x: float, places: int, kind: str) -> int:
    """Give a number the decimals with which it is not zero, or a share all, unless it is."""
    edges = (0.0, 100.0) if kind == "percent" else (0.0,)
    for more in range(places, places + _MORE_PLACES):
        if all(edge == x or round(x, more) != edge for edge in edges):
            return 2 if kind == "money" and more > 0 else more
    return places  # next to nothing, which no reader tells from nothing


def _places_alone(size: float, kind: str) -> int:
    if kind == "money":
        return 0 if size >= 100 or size == 0 else 2  # of nothing no cents are counted
    if size == 0 or not math.isfinite(size):
        return 0
    magnitude = math.floor(math.log10(size))
    if kind == "percent":
        if 99 < size < 100:
            return 1
        return 0 if size >= 10 else min(1 - magnitude, 3)
    return max((1 if kind == "points" else 2) - magnitude, 0)


def number_text(
    x: float, places: int, language: str, *, signed: bool = False, unit_of: float | None = None
) -> str:
    """Write a number with a language's separators and a true minus sign.

    ``places`` are decimals (negative: tens, hundreds); ``unit_of`` is the number whose millions are
    said in words, this one or the value of the range that it ends.
    """
    suffix = ""
    if unit_of:
        power, suffix = _compact(abs(unit_of), language)
        x = round(x, min(places, 0))  # hundreds of thousands are no whole ten thousands
        fine = max(places + power, 0)
        # the value alone needs three digits; an end that is small beside it needs its own
        x, places = x / 10**power, min(fine, _three_digits(max(abs(x), 1.0) / 10**power))
    x = round(x, places) + 0.0
    digits = _digits(abs(x), max(places, 0), language)
    sign = MINUS if x < 0 else "+" if signed and x > 0 else ""
    return f"{sign}{digits}{suffix}"


@cache
def _pattern(places: int, language: str) -> tuple[Any, Any]:
    from babel import Locale
    from babel.numbers import parse_pattern

    return parse_pattern("#,##0" + ("." + "0" * places if places else "")), Locale.parse(
        locale_of(language)
    )


# figures and tables write the same numbers again and again
@lru_cache(maxsize=20_000)
def _digits(size: float, places: int, language: str) -> str:
    pattern, locale = _pattern(places, language)
    return str(pattern.apply(size, locale))


def _compact(size: float, language: str) -> tuple[int, str]:
    if language == "zh":
        return (8, "亿") if size >= 1e8 else (4, "万")
    if size >= 1e9:
        return 9, " billion"
    return 6, " million"


def _three_digits(size: float) -> int:
    return max(2 - math.floor(math.log10(size)), 0) if size > 0 else 0


def _money(
    x: float, places: int, currency: str, language: str, signed: bool, unit_of: float | None
) -> str:
    amount = number_text(abs(x), places, language, unit_of=unit_of)
    sign = MINUS if round(x, places) < 0 else "+" if signed and round(x, places) > 0 else ""
    if language == "zh":
        return f"{sign}{amount}{_currency_name(currency)}"
    return f"{sign}{_symbol(currency)}{amount}"


@cache
def _currency_name(currency: str) -> str:
    """Name a currency as it follows an amount in Chinese: 元, 美元, 欧元."""
    from babel.numbers import get_currency_name

    if currency == "CNY":
        return "元"  # in a report of a Chinese firm nobody says 人民币
    return str(get_currency_name(currency, locale=_LOCALES["zh"])) if currency else ""


def _symbol(currency: str) -> str:
    from babel.numbers import get_currency_symbol

    if not currency:
        return ""
    # "en", not "en_GB": a study in dollars reads "$", one in yuan "CN¥".
    symbol = str(get_currency_symbol(currency, locale="en"))
    return symbol if not symbol.isalpha() else f"{symbol} "


def with_unit(text: str, unit: str, language: Speaker) -> str:
    """Write a number's unit behind it: ``4.5 hours``, ``4.07 of 5``; nothing where there is none.

    A unit such as ``of 5`` names the top of a scale.
    """
    if scale := _SCALE.fullmatch(unit):
        return language("{value} of {top}").format(value=text, top=scale[1])
    if not unit:
        return text
    return f"{text}{'' if language.code == 'zh' else ' '}{language(unit)}"


def digits_as_set(x: float, kind: str) -> int:
    """Give the decimals that write a number as somebody set it: 80%, 1.4%, 180,000."""
    scaled = x * (100 if kind == "percent" else 1)
    places = next((d for d in range(6) if round(scaled, d) == round(scaled, 9)), 6)
    if kind == "money" and not places and scaled:
        # of few digits that are not zero, so that a language may say them in its larger unit
        zeros = len(text := str(abs(round(scaled)))) - len(text.rstrip("0"))
        return -zeros if len(text) - zeros <= 3 else 0
    return places


def _with_points(text: str, language: Speaker, *, percentage: bool) -> str:
    one = text.lstrip(MINUS + "+") == "1"
    if percentage:
        template = "{n} percentage point" if one else "{n} percentage points"
    else:
        template = "{n} point" if one else "{n} points"
    return language(template).format(n=text)


def _day(date: dt.date, language: Speaker, form: str) -> str:
    from babel.dates import format_date

    return str(format_date(date, form, locale=locale_of(language.code)))
