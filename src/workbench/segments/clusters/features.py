"""Behaviour made comparable: checked, logged where it leans, standardised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.arrays import Array
from workbench.errors import DataError


@dataclass(frozen=True)
class Features:
    """Standardised features.

    Attributes
    ----------
    matrix : ndarray, shape (n, features)
        Mean zero, standard deviation one.
    names : list of str
    logged : list of str
        Those whose logarithm (1 + value) was taken first.
    """

    matrix: Array
    names: list[str]
    logged: list[str]


def prepare(features: pd.DataFrame, log: Sequence[str] | bool = True) -> Features:
    """Check, transform and standardise numeric columns.

    Parameters
    ----------
    features : DataFrame
        One row a customer.
    log : bool or list of str
        Columns to take the logarithm of (1 + value); True takes those without negative values
        whose distribution leans to the right (skewness above 1).

    Raises
    ------
    DataError
        No rows or columns; text, missing or infinite values (naming the rows); a constant column;
        a name in `log` that is no column; the logarithm of a negative value.
    """
    if features.empty:
        raise DataError("there is no customer", remedy="check the filter and the dates of the log")
    strange = [] if isinstance(log, bool) else [c for c in log if c not in features]
    if strange:
        raise DataError(
            f"there is no column {', '.join(strange)}",
            where="log",
            remedy=f"choose among {', '.join(map(str, features.columns))}",
        )
    columns, logged = [], []
    for name in features.columns:
        values = _numbers(features[name], str(name))
        wanted = name in log if not isinstance(log, bool) else log and _leans(values)
        if wanted:
            if (values < 0).any():
                raise DataError(f"{name} is negative", remedy="take it out of `log`")
            values = np.log1p(values)
            logged.append(str(name))
        spread = values.std()
        if spread == 0:
            raise DataError(f"{name} is the same for all", remedy="leave this column out")
        columns.append((values - values.mean()) / spread)
    return Features(np.column_stack(columns), [str(c) for c in features.columns], logged)


def varying(features: pd.DataFrame) -> pd.DataFrame:
    """Keep the columns in which customers differ: where all bought once, orders say nothing."""
    low, high = features.min(), features.max()
    return features.loc[:, (low != high).to_numpy()]


def _numbers(column: pd.Series, name: str) -> Array:
    if not pd.api.types.is_numeric_dtype(column):
        raise DataError(
            f"{name} holds {column.iloc[0]!r}, which is no number",
            remedy="cluster numbers only; give categories to `latent_classes`",
        )
    values = column.to_numpy(dtype=float, na_value=np.nan)
    bad = ~np.isfinite(values)
    if bad.any():
        rows = ", ".join(str(i) for i in column.index[bad][:5])
        raise DataError(
            f"{name} is missing or infinite",
            where=f"rows {rows}" + (f" and {bad.sum() - 5:,} more" if bad.sum() > 5 else ""),
            remedy="fill these or leave the customers out",
        )
    return values


def _leans(values: Array) -> bool:
    if (values < 0).any() or values.std() == 0:
        return False
    z = (values - values.mean()) / values.std()
    return bool(np.mean(z**3) > 1)
