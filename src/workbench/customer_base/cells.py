"""What the lenses have in common: sums over customers with what the rules and intervals need."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.arrays import Array, Mask
from workbench.errors import require_columns
from workbench.stats.disclosure import Sums
from workbench.stats.intervals import normal_quantile

CELL: Final = ("n", "orders", "spend", "orders_2", "spend_2", "cross")
Z: Final = normal_quantile(0.95)


def sides_of(customers: pd.DataFrame) -> list[int]:
    """Give the numbers of the periods that a table of customers has, in order."""
    return sorted(int(str(c)[7:]) for c in customers if str(c).startswith("orders_"))


def require_cells(cells: pd.DataFrame, *keys: str) -> None:
    """Refuse a table that lacks the sums of cells."""
    require_columns(cells, (*keys, *CELL), "the cells have")


def sums_of(cells: pd.DataFrame, *, valued: bool = True) -> Sums:
    """Give what the rules need of each cell; without amounts its customers are counted."""
    if not valued:
        return Sums.counted(cells["n"].to_numpy())
    top = [c for c in cells if str(c).startswith("top_")]
    largest = cells[top].fillna(0.0).to_numpy(dtype=float)
    n, total = cells["n"].to_numpy(dtype=np.intp), cells["spend"].to_numpy(dtype=float)
    return Sums(n, total, largest)


def mean_of_sums(
    total: npt.ArrayLike, squares: npt.ArrayLike, n: npt.ArrayLike
) -> tuple[Array, Array, Array]:
    """Mean over customers and its limits, from a sum and a sum of squares."""
    total, squares, n = (np.asarray(x, dtype=float) for x in (total, squares, n))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / n
        variance = np.clip(squares / n - mean**2, 0, None) / (n - 1)
        half = np.where(n > 1, Z * np.sqrt(variance), np.nan)
    return mean, np.maximum(mean - half, 0.0), mean + half


def ratio_of_sums(
    top: npt.ArrayLike,
    below: npt.ArrayLike,
    top_2: npt.ArrayLike,
    below_2: npt.ArrayLike,
    cross: npt.ArrayLike,
) -> tuple[Array, Array, Array]:
    """Ratio of two sums over the same customers, with limits by the delta method."""
    top, below, top_2, below_2, cross = (
        np.asarray(x, dtype=float) for x in (top, below, top_2, below_2, cross)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = top / below
        spread = np.sqrt(np.clip(top_2 - 2 * ratio * cross + ratio**2 * below_2, 0, None)) / below
        half = np.where(spread > 0, Z * spread, np.nan)
    return ratio, ratio - half, ratio + half


def put(
    table: pd.DataFrame,
    name: str,
    numbers: tuple[Array, Array, Array],
    hidden: Mask | None = None,
    unsure: Mask | None = None,
) -> None:
    """Put a number and its limits into a table, but for those that are hidden or unsure."""
    for end, x, gone in zip(("", "_low", "_high"), numbers, (hidden, unsure, unsure), strict=True):
        table[name + end] = x if gone is None else np.where(gone, np.nan, x)
