"""How long the periods are that are compared, and those by which customers are grouped."""

from __future__ import annotations

import datetime as dt
from typing import Final, Literal

from workbench.results import Finding
from workbench.units import MONTHS

Length = Literal["auto", "month", "quarter", "half-year", "year"]
#: Whether a season stands in the comparison: periods of other lengths begin at other times of year.
WHOLE_YEAR: Final = 12
#: Cohorts that a picture can tell apart.
MOST_PERIODS: Final = 16
LATEST: Final = {
    1: "The latest period is the month from {start} to {end}",
    3: "The latest period is the quarter from {start} to {end}",
    6: "The latest period is the half-year from {start} to {end}",
    12: "The latest period is the year from {start} to {end}",
}
UNFINISHED: Final = "{n} purchases of the month that is not over are left out"
NOT_OVER: Final = "No month of the log is over: what there is counts as one month"
SHORT: Final = "The log is too short to compare two periods: this page shows the latest one only"
SEASON: Final = (
    "Periods shorter than a year lie in different seasons: a change between them may be the season"
)


def period_lengths(
    months: int, compared: Length = "auto", cohorts: Length = "auto"
) -> tuple[int, int]:
    """Choose how many months the compared periods and those of the cohorts have.

    Parameters
    ----------
    months : int
        Whole months of the log.
    compared : {"auto", "month", "quarter", "half-year", "year"}
        Left to us, the longest of which the log holds two.
    cohorts : as `compared`
        Left to us, a quarter, but a month in logs of less than a year and a year in those of which
        quarters could not be told apart.

    Examples
    --------
    >>> from workbench.customer_base import period_lengths
    >>> period_lengths(36), period_lengths(18), period_lengths(5), period_lengths(1)
    ((12, 3), (6, 3), (1, 1), (1, 1))
    """
    long = [n for n in sorted(MONTHS.values(), reverse=True) if months // n >= 2]
    one = MONTHS[compared] if compared != "auto" else (long or [1])[0]
    if cohorts != "auto":
        return one, MONTHS[cohorts]
    if months < WHOLE_YEAR:
        return one, 1
    return one, 3 if months // 3 <= MOST_PERIODS else WHOLE_YEAR


def caveats(
    length: int, start: dt.date, end: dt.date, *, periods: int, unfinished: int = 0,
    whole: bool = True,
) -> list[Finding]:  # fmt: skip
    """Say which period is the latest, and what of the log does not count or misleads.

    Parameters
    ----------
    length : int
        Months of a period.
    start, end : date
        First and last day of the latest one.
    periods : int
        How many the log holds.
    unfinished : int
        Purchases of the month that is not over.
    whole : bool
        Whether a month is over.
    """
    key = "customer_base.period"
    said = [Finding(key, LATEST[length], {"start": start, "end": end})]
    if unfinished:
        said.append(Finding(f"{key}.unfinished", UNFINISHED, {"n": unfinished}))
    if not whole:
        said.append(Finding(f"{key}.whole", NOT_OVER))
    if periods < 2:
        said.append(Finding(f"{key}.short", SHORT))
    elif length < WHOLE_YEAR:
        said.append(Finding(f"{key}.season", SEASON))
    return said
