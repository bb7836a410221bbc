"""Days on which trade is another: public holidays of a country, and days without any."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from workbench.arrays import Array, Mask
from workbench.impact.inputs.panel import CaseError

HOLIDAYS = "public holidays"
# Periods up to which a holiday makes a difference, and days that many must be open of otherwise.
_LONGEST_PERIOD, _MOSTLY_OPEN, _FEWEST_CLOSED = 31, 0.95, 3


@lru_cache(maxsize=16)
def holidays_of(country: str, first: int, last: int) -> frozenset[pd.Timestamp]:
    """Public holidays of a country (``DE``) or a part of it (``DE-BY``), by the package holidays.

    Raises
    ------
    CaseError
        Not a code of ISO 3166 such as ``CN``, ``DE`` or ``DE-BY``.
    """
    from holidays import country_holidays

    code, _, part = country.partition("-")
    try:
        days = country_holidays(code, subdiv=part or None, years=range(first, last + 1))
    except (NotImplementedError, KeyError, ValueError):
        raise CaseError(
            "no public holidays are known of {country}",
            where="study.country",
            remedy="write a country's code of two letters, such as CN or DE, or one of its parts,"
            " DE-BY",
            country=repr(country),
        ) from None
    return frozenset(pd.Timestamp(day) for day in days)


def holiday_share(periods: pd.Index, country: str) -> Array | None:
    """Share of each period's days that are public holidays; None where that tells nothing.

    Easter or the Chinese New Year lie in another week or month each year, so that no season takes
    them up; where one lies after the start alone it would pass for an effect.
    """
    if not country or not isinstance(periods, pd.DatetimeIndex) or len(periods) < 2:
        return None
    length = int(np.diff(periods.to_numpy()).min() / np.timedelta64(1, "D"))
    if length > _LONGEST_PERIOD:
        return None
    known = pd.DatetimeIndex(sorted(holidays_of(country, periods[0].year, periods[-1].year + 1)))
    # a month is as long as it is; the last period as the one before
    steps = np.diff(periods.to_numpy()) / np.timedelta64(1, "D")
    days = np.append(steps, steps[-1]) if length >= 28 else np.full(len(periods), float(length))
    days = np.maximum(days, 1.0)
    starts = periods.to_numpy()
    ends = starts + days.astype("timedelta64[D]")
    inside = known.searchsorted(ends) - known.searchsorted(starts)
    return np.asarray(inside / days) if np.ptp(inside) > 0 else None


def without_trade(value: Array, periods: pd.Index, country: str) -> Mask:
    """Days on which nothing was to be had: weekdays that are always closed, closed holidays.

    A zero there is no low day but none; elsewhere it is what it is. Where zeros are common on other
    days, too, none is taken for a closed day.
    """
    closed = np.zeros(len(value), dtype=bool)
    if not isinstance(periods, pd.DatetimeIndex):
        return closed
    zero, seen = value == 0, np.isfinite(value)
    weekday = periods.day_of_week.to_numpy()
    for day in range(7):
        own = seen & (weekday == day)
        if own.sum() >= _FEWEST_CLOSED and zero[own].mean() >= _MOSTLY_OPEN:
            closed |= own & zero
    if country:
        known = holidays_of(country, periods[0].year, periods[-1].year)
        closed |= zero & np.array([day in known for day in periods.normalize()])
    rest = seen & ~closed
    return closed if rest.any() and (value[rest] > 0).mean() >= _MOSTLY_OPEN else closed & False
