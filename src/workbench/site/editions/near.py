"""Whether two editions of a study differ by so few customers that one could be told from them.

Who has both subtracts the one from the other. Where a group's sum rests on amounts that stayed as
they were (a contract's value, an age, a first order), but for a few customers who joined, left or
changed, what those few have is the difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from workbench.study import CellRule

#: A column of more words than this is no grouping that a page shows.
_MOST_GROUPS = 40
_WHO = "customer_id"


def too_near(
    before: Mapping[str, pd.DataFrame], after: Mapping[str, pd.DataFrame], rule: CellRule
) -> str:
    """Say by which group two runs differ by too few customers; nothing if by none.

    Parameters
    ----------
    before, after : mapping of str to DataFrame
        Their `rows_of_customers`.
    rule : CellRule
        What of the difference may be told: of how many customers, and how much of it one's.
    """
    for name in sorted(before.keys() & after.keys()):
        for what, apart in _differing(before[name], after[name]):
            if 0 < apart.size < rule.min_cell:
                return f"{name}, {what}: {apart.size} customers apart"
            if apart.size and rule.dominated(apart.sum(keepdims=True), apart[None, :])[0]:
                return f"{name}, {what}: nearly one customer's"
    return ""


def rows_of_customers(run: Path) -> dict[str, pd.DataFrame]:
    """Give the results in a run's folder that have a row a customer, by notebook and name."""
    found = {}
    for path in sorted(run.glob("results/*/*.parquet")):
        names = pq.read_schema(path).names
        if _WHO not in names:
            continue
        frame = pq.read_table(path).to_pandas()
        if not frame[_WHO].is_unique:  # a row a contract: what a customer has of each group
            groups = [c for c in frame if c != _WHO and _names_groups(frame[c])]
            frame = frame.groupby([_WHO, *groups], as_index=False).sum(numeric_only=True)
            frame.index = pd.Index(frame[[_WHO, *groups]].astype(str).agg("|".join, axis=1))
            frame = frame.drop(columns=_WHO)
        else:
            frame = frame.set_index(_WHO)
        found[f"{path.parent.name}/{path.stem}"] = frame
    return found


def _differing(old: pd.DataFrame, new: pd.DataFrame) -> Iterator[tuple[str, np.ndarray]]:
    """Give, by what the tables say of groups, what each customer makes of the difference."""
    everybody = old.index.union(new.index)
    old, new = old.reindex(everybody), new.reindex(everybody)
    amounts = [c for c in old if c in new and pd.api.types.is_float_dtype(new[c])]
    groups = [c for c in old if c in new and _names_groups(new[c])]
    inside: Mapping[str, tuple[np.ndarray, np.ndarray]] = {
        "all": (np.ones(len(old), bool), np.ones(len(new), bool)),
        **{
            f"{column} {one}": ((old[column] == one).to_numpy(), (new[column] == one).to_numpy())
            for column in groups
            for one in new[column].dropna().unique()
        },
    }
    for column in amounts:
        was, now = old[column].to_numpy(float), new[column].to_numpy(float)
        for name, (there, here) in inside.items():
            # missing is nothing: who was not there before adds nothing to the sum
            a, b = np.where(there, np.nan_to_num(was), 0), np.where(here, np.nan_to_num(now), 0)
            apart = np.abs(a - b)
            apart = apart[apart > 1e-9 * np.maximum(np.abs(a), np.abs(b))]
            yield f"{column} of {name}", np.sort(apart)[::-1]


def _names_groups(column: pd.Series) -> bool:
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        return False
    return 1 < column.nunique() <= _MOST_GROUPS
