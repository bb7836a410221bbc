"""How many days a unit of time has: one table for study cards, summaries and models."""

from __future__ import annotations

from collections.abc import Mapping

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
PERIODS_A_YEAR: Mapping[str, int] = {"week": 52, "month": 12, "quarter": 4, "year": 1, "wave": 2}
