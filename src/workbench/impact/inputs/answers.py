"""Customers drawn by lot whose outcome was seen after the start alone: one answer each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.arrays import Array, Mask
from workbench.impact.inputs.panel import CaseError, period_start
from workbench.study import Case


@dataclass(frozen=True)
class OneAnswer:
    """One answer a customer.

    Attributes
    ----------
    outcome : ndarray, shape (n,)
        Mean after the start.
    treated : ndarray of bool, shape (n,)
    units : Index
    start : Timestamp
    covariates : DataFrame
        Known before the lot; no column where the card names none.
    n_after : int
        Periods.
    """

    outcome: Array
    treated: Mask
    units: pd.Index
    start: pd.Timestamp
    covariates: pd.DataFrame
    n_after: int


def seen_after_alone(case: Case, records: pd.DataFrame) -> bool:
    """Whether a lot among customers has an outcome that nobody has seen before the start."""
    if case.chosen != "random" or case.group is not None or "customer_id" not in records:
        return False
    start = pd.Timestamp(case.start)
    return bool(len(records)) and all(period_start(p) >= start for p in records["period"].unique())


def read_answers(
    case: Case, records: pd.DataFrame, treated: pd.Index, units: pd.DataFrame | None
) -> OneAnswer:
    """Average each customer's outcome after the start.

    Raises
    ------
    CaseError
        The customers' table does not have what the card adjusts for.
    """
    value = pd.to_numeric(records["estimate"], errors="coerce")
    mean = value.groupby(records["customer_id"]).mean().dropna()
    return OneAnswer(
        mean.to_numpy(dtype=float),
        np.asarray(mean.index.isin(treated)),
        mean.index,
        pd.Timestamp(case.start),
        columns_of(units, list(case.adjust), mean.index),
        records["period"].nunique(),
    )


def columns_of(units: pd.DataFrame | None, names: list[str], people: pd.Index) -> pd.DataFrame:
    """Columns of the customers' table that the card names, a row a customer.

    Raises
    ------
    CaseError
        There is no such column.
    """
    table = pd.DataFrame() if units is None else units
    if absent := [name for name in names if name not in table]:
        raise CaseError(
            "the customers' table has no column {name}",
            where="customers",
            remedy="its columns are {names}",
            name=repr(absent[0]),
            names=", ".join(map(str, table.columns)),
        )
    if not names:
        return pd.DataFrame(index=people)
    return table.drop_duplicates("customer_id").set_index("customer_id")[names].reindex(people)
