"""What a synthetic unit is matched on: predictors, and how well the mixture meets them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.arrays import Array
from workbench.impact.designs.synthetic.nested import Mixture
from workbench.impact.inputs.panel import CaseError, Panel


def predictor_means(
    frame: pd.DataFrame,
    periods: Mapping[str, Any],
    *,
    unit: str = "customer_id",
    period: str = "period",
) -> pd.DataFrame:
    """Average columns over periods, unit by unit, to serve as predictors.

    Parameters
    ----------
    frame : DataFrame
        One row a unit and period.
    periods : mapping
        Column -> periods to average over; `column@name` names a second average of a column.
    """
    parts = {}
    for name, chosen in periods.items():
        column = name.split("@")[0]
        rows = frame[frame[period].isin(list(chosen))]
        if rows.empty:
            raise CaseError(
                f"none of the periods of predictor {name!r} is in the data",
                where=f"column {period!r}",
                remedy="name periods as the table does",
            )
        parts[name] = rows.groupby(unit)[column].mean()
    return pd.DataFrame(parts)


def read_predictors(panel: Panel, given: pd.DataFrame | None) -> tuple[Array, list[str]]:
    """Check predictors and put them in the panel's order: shape (predictors, units), and names."""
    if given is None:
        return np.zeros((0, len(panel.units))), []
    absent = panel.units[~panel.units.isin(given.index)]
    table = given.reindex(panel.units)
    bad = table.columns[~np.isfinite(table.to_numpy(dtype=float)).all(axis=0)]
    if len(absent) or len(bad):
        who = f"unit {absent[0]} has no predictors" if len(absent) else ""
        raise CaseError(
            who or f"predictor {bad[0]!r} is missing for some unit",
            where="predictors",
            remedy="give each unit a value, or leave the predictor out",
        )
    return table.to_numpy(dtype=float).T, [str(c) for c in given.columns]


def balance(
    x: Array, names: list[str], own: int, donors: NDArray[np.int_], mix: Mixture
) -> pd.DataFrame:
    """Set the treated unit beside its mixture and the plain mean of the donors."""
    return pd.DataFrame(
        {
            "predictor": names,
            "treated": x[:, own],
            "synthetic": x[:, donors] @ mix.weights,
            "donors": x[:, donors].mean(axis=1),
            "importance": mix.importance,
        }
    )
