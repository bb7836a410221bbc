"""How long the periods are that are compared, and those by which customers are grouped."""

from __future__ import annotations

from typing import Final, Literal

from workbench.units import MONTHS

Length = Literal["auto", "month", "quarter", "half-year", "year"]
#: Whether a season stands in the comparison: periods of other lengths begin at other times of year.
WHOLE_YEAR: Final = 12
#: Cohorts that a picture can tell apart.
MOST_PERIODS: Final = 16


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
