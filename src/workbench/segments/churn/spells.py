"""From contracts to what survival analysis needs: how long each ran, whether it ended, of whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from workbench.errors import DataError
from workbench.segments.churn.snapshots import usable_attributes
from workbench.segments.purchase_days import day_number
from workbench.stats.survival import rows_of

#: Days in a month, on the average.
MONTH = 365.25 / 12


@dataclass(frozen=True)
class Spells:
    """Contracts as they ran.

    Attributes
    ----------
    duration : Series
        Months from the start to the end, or to the last day observed.
    ended : Series of bool
        Whether it ended.
    drivers : DataFrame
        What was known at the start, one row a contract.
    customer : Series
        Whose contract it is.
    protected : tuple of str
        Drivers that the law or fairness protects.
    """

    duration: pd.Series
    ended: pd.Series
    drivers: pd.DataFrame
    customer: pd.Series
    protected: tuple[str, ...]


def contract_spells(
    contracts: pd.DataFrame,
    *,
    as_of: object,
    customers: pd.DataFrame | None = None,
    attributes: Sequence[str] | None = None,
    use_protected: bool = False,
) -> Spells:
    """Say how long contracts ran.

    Parameters
    ----------
    contracts : DataFrame
        customer_id, start, end (missing, or after `as_of`: still running), and if there is: plan.
        Contracts that start after `as_of` are left out.
    as_of : date
        The last day observed.
    customers : DataFrame, optional
        Their attributes become drivers, those of words with few levels and numbers.
    attributes : sequence of str, optional
        The attributes to use; all that can be, by default.
    use_protected : bool
        Whether age, gender and the like may be used.

    Raises
    ------
    DataError
        A column is missing, a start is missing, an end lies before its start, nothing is left.
    """
    lacking = [c for c in ("customer_id", "start", "end") if c not in contracts]
    if lacking:
        raise DataError(
            f"the contracts have no column {', '.join(lacking)}",
            remedy="give customer_id, start and end, one row a contract",
        )
    start, end = pd.to_datetime(contracts["start"]), pd.to_datetime(contracts["end"])
    for wrong, what in (
        (start.isna(), "a contract has no start"),
        (end < start, "a contract ends before it starts"),
    ):
        if wrong.any():
            raise DataError(
                what,
                where=rows_of(contracts.index[wrong]),
                remedy="mend these rows or leave them out",
            )
    day = pd.Timestamp(day_number(as_of), unit="D")
    begun = start <= day
    if not begun.any():
        raise DataError(f"no contract starts by {day.date()}", remedy="look at as_of and the dates")
    mine, start, end = contracts[begun], start[begun], end[begun]
    ended = end.notna() & (end <= day)
    drivers = pd.DataFrame(index=mine.index)
    if "plan" in mine:
        drivers["plan"] = mine["plan"]
    order = start.sort_values(kind="stable").index
    drivers["further contract"] = (
        mine.loc[order].groupby("customer_id", observed=True).cumcount().reindex(mine.index) > 0
    ).astype(float)
    protected: tuple[str, ...] = ()
    if customers is not None:
        people, protected = usable_attributes(customers, attributes, use_protected=use_protected)
        added = people.reindex(mine["customer_id"].to_numpy())
        for name in people:
            drivers[str(name)] = added[name].to_numpy()
    varied = [c for c in drivers if len(drivers[c].dropna().unique()) > 1]
    return Spells(
        ((end.where(ended, day) - start).dt.days / MONTH).rename("duration"),
        ended.rename("ended"),
        drivers[varied],
        mine["customer_id"],
        tuple(p for p in protected if p in varied),
    )
