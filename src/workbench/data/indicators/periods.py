"""Calendar periods: their first days, in the engine and here, and whether data cover them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

#: The periods that an indicator can be asked for.
EVERY = ("day", "week", "month", "quarter", "year", "wave", None)
_TRUNCATE = {"day": "D", "week": "W", "month": "M", "quarter": "Q", "year": "Y"}
PANDAS = {"day": "D", "week": "W-SUN", "month": "M", "quarter": "Q-DEC", "year": "Y-DEC"}


def period_start(column: Any, every: str) -> Any:
    """Give the first day of the period in which each date falls (weeks begin on Monday).

    Parameters
    ----------
    column : ibis Column
        Dates or timestamps.
    every : str
        day, week, month, quarter or year.
    """
    return column.cast("date").truncate(_TRUNCATE[every]).cast("date")


def period_table(every: str, first: dt.date, last: dt.date) -> pa.Table:
    """List the periods from the one of `first` to the one of `last`.

    Returns
    -------
    pyarrow Table
        period (first day) and period_end (first day of the next period).
    """
    periods = pd.period_range(first, last, freq=PANDAS[every])
    starts = [p.start_time.date() for p in periods]
    ends = [(p + 1).start_time.date() for p in periods]
    return pa.table(
        {"period": pa.array(starts, pa.date32()), "period_end": pa.array(ends, pa.date32())}
    )


@dataclass(frozen=True)
class Periods:
    """Calendar periods of a table whose data run from `first` to `last`."""

    every: str
    first: dt.date
    last: dt.date

    def ends(self, starts: pd.Series) -> pd.Series:
        """Give the first day after each period."""
        periods = pd.PeriodIndex(pd.to_datetime(starts), freq=PANDAS[self.every])
        return pd.Series((periods + 1).start_time, index=starts.index)

    def covers(self, starts: pd.Series) -> pd.Series:
        """Tell whether the data cover the whole of each period.

        A first row within the first tenth of a period counts as its beginning: nobody need have
        bought on New Year's Day.
        """
        periods = pd.PeriodIndex(pd.to_datetime(starts), freq=PANDAS[self.every])
        begin = periods.start_time
        end = periods.end_time.normalize()
        slack = (end - begin + pd.Timedelta(days=1)) / 10
        whole = (begin + slack >= pd.Timestamp(self.first)) & (end <= pd.Timestamp(self.last))
        return pd.Series(whole, index=starts.index, dtype=bool)
