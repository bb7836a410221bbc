"""The three years of Harbour Mobile on a grid of days, months and survey waves."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Days = NDArray[np.int64]

FIRST: Final = np.datetime64("2023-01-01")
LAST: Final = np.datetime64("2025-12-31")
N_DAYS: Final = int((LAST - FIRST).astype(int)) + 1
N_MONTHS: Final = 36
# The shop's future is drawn too, one year on, so that lifetime value has a truth to be held to.
N_DAYS_AHEAD: Final = 365

WAVES: Final = ("2024-H1", "2024-H2", "2025-H1", "2025-H2")
WAVE_STARTS: Final = ("2024-01-01", "2024-07-01", "2025-01-01", "2025-07-01", "2026-01-01")


def day_of(date: str) -> int:
    """Return the day number of an ISO date (2023-01-01 is day 0)."""
    return int((np.datetime64(date) - FIRST).astype(int))


def dates(days: Days) -> NDArray[np.datetime64]:
    """Turn day numbers into dates."""
    return np.asarray(FIRST + days.astype("timedelta64[D]"))


def month_starts(n_months: int = N_MONTHS) -> Days:
    """Day numbers of the first of each month from 2023-01 on, and of the month after the last."""
    months = np.arange(n_months + 1).astype("timedelta64[M]") + FIRST.astype("datetime64[M]")
    return np.asarray(months.astype("datetime64[D]") - FIRST, dtype=np.int64)


def month_of(days: Days) -> Days:
    """Month numbers (2023-01 is month 0) of day numbers."""
    starts = FIRST.astype("datetime64[M]")
    return np.asarray(dates(days).astype("datetime64[M]") - starts, dtype=np.int64)


def wave_bounds() -> Days:
    """Day numbers at which the four waves begin, and of the day after the last wave."""
    return np.array([day_of(d) for d in WAVE_STARTS], dtype=np.int64)
