"""Units of time: how long each is, how many make a year, and what an annual rate is in each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from math import isfinite, log1p

from workbench.errors import DataError

#: A month is a twelfth of 365.25 days.
DAYS_PER_UNIT: Mapping[str, float] = {
    "hour": 1 / 24,
    "day": 1.0,
    "week": 7.0,
    "month": 365.25 / 12,
    "quarter": 365.25 / 4,
    "year": 365.25,
}
#: A survey that comes in waves comes twice a year.
PERIODS_A_YEAR: Mapping[str, int] = {
    "day": 365,
    "week": 52,
    "month": 12,
    "quarter": 4,
    "half-year": 2,
    "year": 1,
    "wave": 2,
}
#: Units that are whole months, in months.
MONTHS: Mapping[str, int] = {"month": 1, "quarter": 3, "half-year": 6, "year": 12}


def month_after(start: dt.date, months: int) -> dt.date:
    """First day of the month that comes so many months after that of a day."""
    at = start.year * 12 + start.month - 1 + months
    return dt.date(at // 12, at % 12 + 1, 1)


def check_unit(unit: str) -> str:
    """Return the unit, or say which ones there are."""
    if unit not in DAYS_PER_UNIT:
        known = ", ".join(DAYS_PER_UNIT)
        raise DataError(f"unit of time is {unit!r}", remedy=f"choose one of {known}")
    return unit


def one_unit(*units: str | None, of: str) -> str | None:
    """Return the unit that all who name one agree on.

    Parameters
    ----------
    *units : str or None
        None says nothing.
    of : str
        What is being put together, for the message.
    """
    named = list(dict.fromkeys(check_unit(unit) for unit in units if unit is not None))
    if len(named) > 1:
        raise DataError(
            f"{of} are in {' and in '.join(f'{unit}s' for unit in named)}",
            remedy="use one unit of time; summarise the log again in the other one if need be",
        )
    return named[0] if named else None


def per_year(unit: str | None) -> float:
    """How many of the unit make a year of 365.25 days."""
    if unit is None:
        raise DataError(
            "the unit of time is unknown, so an annual rate cannot be applied",
            remedy="name it when making the model: unit='week'",
        )
    return DAYS_PER_UNIT["year"] / DAYS_PER_UNIT[check_unit(unit)]


def continuous_rate(annual_rate: float, unit: str | None) -> float:
    """Continuous discount rate per unit of time of an annual rate.

    Parameters
    ----------
    annual_rate : float
        0.10 is ten percent a year.
    unit : str
        hour, day, week, month, quarter or year.

    Returns
    -------
    float
        ln(1 + annual_rate) divided by the units in a year; 15 % a year is .0027 a week.
    """
    if not isfinite(annual_rate) or annual_rate < 0:
        raise DataError(
            f"discount rate is {annual_rate}",
            remedy="give it a year and as a fraction: 0.10 for ten percent",
        )
    if annual_rate > 1:
        raise DataError(
            f"discount rate is {annual_rate}, that is {annual_rate:.0%} a year",
            remedy="give a fraction: 0.10 for ten percent",
        )
    return float(log1p(annual_rate) / per_year(unit))


def whole(length: float) -> float | int:
    """Return a length of time as a whole number where it is one: 52 weeks, not 52.0."""
    return int(length) if isfinite(length) and length == round(length) else length
