"""Segments by size and value: how many customers, how much of the total, how surely."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from workbench.errors import DataError
from workbench.results.estimate import Estimate, named_estimates
from workbench.stats.intervals import ratio_interval, wilson

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Profile:
    """Segments by size and value.

    Attributes
    ----------
    table : DataFrame
        One row a segment: segment, n, customers, customers_low, customers_high (share of
        customers, Wilson), total, value, value_low, value_high (share of the total, Fieller over
        customers), mean (value a customer).
    """

    table: pd.DataFrame

    def metrics(self) -> dict[str, Estimate]:
        """Share of value of each segment."""
        return named_estimates(
            self.table, "segment", estimate="value", low="value_low", high="value_high"
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Paired bars: share of customers and share of value, with intervals of the value."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        ax = plt.gca() if ax is None else ax
        t = self.table[self.table["n"] > 0].iloc[::-1]
        at = np.arange(len(t))
        ax.barh(at - 0.19, t["value"], height=0.36, label="Share of value", alpha=0.85)
        ax.barh(at + 0.19, t["customers"], height=0.36, label="Share of customers", alpha=0.55)
        ax.errorbar(
            t["value"],
            at - 0.19,
            xerr=[t["value"] - t["value_low"], t["value_high"] - t["value"]],
            fmt="none",
            ecolor=plt.rcParams["text.color"],
            elinewidth=1,
        )
        ax.set_yticks(at, t["segment"].astype(str))
        ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.set_xlim(left=0)
        ax.grid(visible=False, axis="y")
        handles, labels = ax.get_legend_handles_labels()
        ax.legend(handles[::-1], labels[::-1], frameon=False, loc="lower right")
        return ax


def share_held(inside: ArrayLike, value: ArrayLike) -> Estimate:
    """Share of the value that some of the customers hold, with Fieller's interval.

    Parameters
    ----------
    inside : array_like of bool, shape (n,)
    value : array_like, shape (n,)
    """
    worth = np.asarray(value, dtype=float)
    held = ratio_interval(np.where(np.asarray(inside, dtype=bool), worth, 0.0), worth)
    return Estimate(held.value, max(held.low, 0.0), min(held.high, 1.0), held.n)


def profile(
    segment: pd.Series | ArrayLike,
    value: pd.Series | ArrayLike,
    *,
    order: list[str] | None = None,
) -> Profile:
    """Share of customers and of value by segment.

    Parameters
    ----------
    segment, value : array_like, shape (n,)
        One row a customer.
    order : list of str, optional
        Order of the segments; empty ones are listed with zero customers.
    """
    names, codes = coded(segment, order)
    worth = np.asarray(value, dtype=float)
    if worth.shape != codes.shape:
        raise DataError(
            f"{codes.size} segments for {worth.size} values", remedy="give one row a customer"
        )
    if not np.isfinite(worth).all():
        raise DataError("a value is missing or infinite", remedy="fill it or leave it out")
    n = np.bincount(codes, minlength=len(names))
    total = np.bincount(codes, weights=worth, minlength=len(names))
    low, high = wilson(n, codes.size)
    rows = []
    for code, name in enumerate(names):
        share = (
            ratio_interval(np.where(codes == code, worth, 0.0), worth)
            if worth.sum() > 0
            else Estimate(np.nan, np.nan, np.nan)
        )
        rows.append(
            {
                "segment": name,
                "n": int(n[code]),
                "customers": n[code] / codes.size,
                "customers_low": low[code],
                "customers_high": high[code],
                "total": total[code],
                "value": share.value,
                # a share cannot leave 0..1, whatever the approximation says
                "value_low": max(share.low, 0.0) if n[code] else 0.0,
                "value_high": min(share.high, 1.0) if n[code] else 0.0,
                "mean": total[code] / n[code] if n[code] else np.nan,
            }
        )
    return Profile(pd.DataFrame(rows))


def pool_small(segment: pd.Series, min_cell: int, *, name: str = "Other segments") -> pd.Series:
    """Put segments with fewer than `min_cell` customers together, so that none can be told.

    When they are too few even together, the next smallest segment joins them: its size would
    otherwise follow from the total.

    Parameters
    ----------
    segment : Series, shape (n,)
    min_cell : int
        Fewest customers a segment may show.

    Returns
    -------
    Series
        Categorical, in the order of the segments; `name` comes last.
    """
    names, codes = coded(segment, None)
    n = np.bincount(codes, minlength=len(names))
    order = [i for i in np.argsort(n, kind="stable") if n[i]]
    small = [i for i in order if n[i] < min_cell]
    while small and n[small].sum() < min_cell and len(small) < len(order):
        small.append(order[len(small)])
    kept = [i for i in range(len(names)) if i not in small]
    place = np.full(len(names), len(kept))
    place[kept] = np.arange(len(kept))
    labels = [names[i] for i in kept] + ([name] if small else [])
    return pd.Series(
        pd.Categorical.from_codes(place[codes], pd.Index(labels)),
        index=segment.index,
        name="segment",
    )


def coded(
    segment: pd.Series | ArrayLike, order: list[str] | None
) -> tuple[list[str], NDArray[np.intp]]:
    """Names of the segments in order, and the place of each customer's among them."""
    column = pd.Series(segment).reset_index(drop=True)
    if column.isna().any():
        raise DataError(
            "a customer has no segment",
            where=f"row {column.index[column.isna()][0]}",
            remedy="give every customer one",
        )
    if len(column) == 0:
        raise DataError("there is no customer", remedy="check the filter")
    if order is None:
        order = (
            [str(c) for c in column.cat.categories]
            if isinstance(column.dtype, pd.CategoricalDtype)
            else sorted(column.astype(str).unique())
        )
    if isinstance(column.dtype, pd.CategoricalDtype):
        # look up the few names, not the many customers
        places = pd.Index(order).get_indexer(pd.Index(column.cat.categories.astype(str)))
        codes = np.asarray(places[column.cat.codes.to_numpy()], dtype=np.intp)
    else:
        codes = np.asarray(pd.Index(order).get_indexer(pd.Index(column.astype(str))), dtype=np.intp)
    if (codes < 0).any():
        strange = column[codes < 0].iloc[0]
        raise DataError(
            f"segment {strange!r} is not in the order given", remedy="list all segments"
        )
    return list(order), codes
