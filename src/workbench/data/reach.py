"""Says how far a table reaches: to a day, or to the month, quarter or year of its last row."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from workbench.data.tables import Tables

#: What a row may sum up -> the name of such periods in pandas.
SPANS = {"month": "M", "quarter": "Q-DEC", "year": "Y-DEC"}


def reach(tables: Tables, name: str) -> str:
    """Give the day, month, quarter or year to which a table's data reach.

    A ready-made series dates its rows by the first day of what they sum up: a row of 1 December
    1984 is the whole month when all rows are of first days of a month.

    Returns
    -------
    str
        ``2025-12-31``, ``1984-12``, ``1984-Q4`` or ``1992``; empty for a table without dates.
    """
    last = tables.report_of(name).last
    if last is None:
        return ""
    span = span_of(tables, name)
    if span == "quarter":
        return f"{last.year}-Q{(last.month + 2) // 3}"
    return {"year": f"{last:%Y}", "month": f"{last:%Y-%m}"}.get(span, last.isoformat())


def last_day(tables: Tables, name: str) -> dt.date | None:
    """Give the last day that a table's data cover."""
    last, span = tables.report_of(name).last, span_of(tables, name)
    if last is None or not span:
        return last
    day: dt.date = pd.Period(last, freq=SPANS[span]).end_time.date()
    return min(day, max(tables.study.as_of, last))


def last_of_all(tables: Tables) -> dt.date | None:
    """Give the last day that any table's data cover."""
    return max((day for name in tables.names if (day := last_day(tables, name))), default=None)


def span_of(tables: Tables, name: str) -> str:
    """Give what a row of a ready-made series sums up; empty for other tables, and for days."""
    if not name.startswith("series"):
        return ""
    dates = tables.engine.run(tables.expr(name).select("date").distinct(), name)["date"]
    days = pd.DatetimeIndex(pd.to_datetime(dates).dropna())
    if len(days) < 2 or (days.day != 1).any():
        return ""
    months = set(days.month)
    if months == {1}:
        return "year"
    return "quarter" if months <= {1, 4, 7, 10} else "month"
