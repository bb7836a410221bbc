"""From the dates of contracts to the periods that they have run."""

from __future__ import annotations

import pandas as pd

from workbench.clv.models.rows import refuse
from workbench.clv.units import check_unit
from workbench.units import DAYS_PER_UNIT


def contract_periods(
    start: pd.Series, end: pd.Series, *, as_of: pd.Timestamp | str, unit: str = "month"
) -> pd.DataFrame:
    """Count the periods that contracts have run.

    Parameters
    ----------
    start, end : Series of dates
        An empty `end`, or one after `as_of`, means still running.
    as_of : Timestamp or str
        Day of observation; contracts that start later are left out.
    unit : str
        Length of a period; calendar months, quarters and years, otherwise fixed lengths.

    Returns
    -------
    DataFrame
        One row a contract, with the index of `start`. duration: the period in which the contract
        ended (1 = the first), or the whole periods completed so far; ended: bool. Who left in a
        period that is not over counts as there at its start: of those who stay, it is not known
        yet. running: bool, whether the contract has not ended by `as_of`.
    """
    check_unit(unit)
    began, over = pd.to_datetime(start), pd.to_datetime(end)
    day = pd.Timestamp(as_of)
    kept = began.notna() & (began <= day)
    began, over = began[kept], over[kept]
    refuse(
        "end",
        began.index,
        (over < began).to_numpy(dtype=bool),
        "lies before start",
        "mend these rows or leave them out",
    )
    seen = _whole_periods(began, pd.Series(day + pd.Timedelta(days=1), index=began.index), unit)
    ended = over.notna() & (over <= day)
    left_in = _whole_periods(began, over.where(ended, day), unit) + 1
    # a period that is not over yet has not shown who stays, so nobody can have left in it
    ended &= left_in <= seen
    duration = left_in.where(ended, seen).astype(float)
    running = over.isna() | (over > day)
    out = pd.DataFrame(
        {"duration": duration, "ended": ended.astype(bool), "running": running.astype(bool)},
        index=began.index,
    )
    # the columns carry it on, so that a model cannot take months for years
    out.attrs["time_unit"] = unit
    return out


def _whole_periods(began: pd.Series, until: pd.Series, unit: str) -> pd.Series:
    if unit not in ("month", "quarter", "year"):
        days = (until - began).dt.days
        return (days // DAYS_PER_UNIT[unit]).astype(int)
    months: pd.Series = (until.dt.year - began.dt.year) * 12
    months = months + until.dt.month - began.dt.month
    # a contract of the 31st renews on the last day of shorter months
    renewal = began.dt.day.clip(upper=until.dt.days_in_month)
    months = months - (until.dt.day < renewal).astype(int)
    return (months // {"month": 1, "quarter": 3, "year": 12}[unit]).astype(int)
