"""Who is in which segment: shares of customers and value, and how attributes differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc

from workbench.errors import DataError
from workbench.stats.intervals import Interval, named_intervals, ratio_interval, wilson

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]


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

    def metrics(self) -> dict[str, Interval]:
        """Share of value of each segment."""
        return named_intervals(
            self.table, "segment", estimate="value", low="value_low", high="value_high"
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Paired bars: share of customers and share of value, with intervals of the value."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        ax = plt.gca() if ax is None else ax
        t = self.table[self.table["n"] > 0].iloc[::-1]
        at = np.arange(len(t))
        ax.barh(at - 0.19, t["value"], height=0.36, label="Share of value")
        ax.barh(at + 0.19, t["customers"], height=0.36, label="Share of customers", alpha=0.55)
        ax.errorbar(
            t["value"],
            at - 0.19,
            xerr=[t["value"] - t["value_low"], t["value_high"] - t["value"]],
            fmt="none",
            ecolor="0.35",
            elinewidth=1,
        )
        ax.set_yticks(at, t["segment"].astype(str))
        ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.set_xlim(left=0)
        ax.grid(visible=False, axis="y")
        handles, labels = ax.get_legend_handles_labels()
        ax.legend(handles[::-1], labels[::-1], frameon=False, loc="lower right")
        return ax


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
    names, codes = _coded(segment, order)
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
            else Interval(np.nan, np.nan, np.nan)
        )
        rows.append(
            {
                "segment": name,
                "n": int(n[code]),
                "customers": n[code] / codes.size,
                "customers_low": low[code],
                "customers_high": high[code],
                "total": total[code],
                "value": share.estimate,
                # a share cannot leave 0..1, whatever the approximation says
                "value_low": max(share.low, 0.0) if n[code] else 0.0,
                "value_high": min(share.high, 1.0) if n[code] else 0.0,
                "mean": total[code] / n[code] if n[code] else np.nan,
            }
        )
    return Profile(pd.DataFrame(rows))


@dataclass(frozen=True)
class AttributeProfile:
    """How an attribute is distributed over segments.

    Attributes
    ----------
    table : DataFrame
        One row a level of the attribute and a segment: level, segment, n (missing where
        withheld), share, low, high (of the level's customers, Wilson), withheld (bool).
    attribute : str
    cramers_v : float
        Strength of the association, 0 to 1, corrected for bias.
    p_value : float
        Of independence (chi-squared).
    unknown : int
        Customers whose attribute is not known; left out.
    min_cell : int
        Cells with fewer customers are withheld, and others with them where the difference
        would give them away.
    """

    table: pd.DataFrame
    attribute: str
    cramers_v: float
    p_value: float
    unknown: int
    min_cell: int

    def metrics(self) -> dict[str, Interval]:
        """Strength of the association."""
        nan = float("nan")
        return {"cramers_v": Interval(self.cramers_v, nan, nan)}

    def wide(self) -> pd.DataFrame:
        """Shares with one row a level and one column a segment; withheld ones are missing."""
        return self.table.pivot_table(
            index="level", columns="segment", values="share", sort=False, observed=False
        )

    def plot(self, ax: Axes | None = None, *, segment: str | None = None) -> Axes:
        """Dots with intervals: share of one segment (the largest by default) by level."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        ax = plt.gca() if ax is None else ax
        sizes = self.table.groupby("segment", sort=False, observed=True)["n"].sum()
        chosen = sizes.idxmax() if segment is None else segment
        t = self.table[(self.table["segment"] == chosen) & ~self.table["withheld"]].iloc[::-1]
        at = np.arange(len(t))
        ax.errorbar(t["share"], at, xerr=[t["share"] - t["low"], t["high"] - t["share"]], fmt="o")
        ax.set_yticks(at, t["level"].astype(str))
        ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.set_xlim(left=0)
        return ax


def by_attribute(
    segment: pd.Series | ArrayLike,
    attribute: pd.Series,
    *,
    min_cell: int = 5,
    order: list[str] | None = None,
    levels: int = 12,
) -> AttributeProfile:
    """Distribute each level of a customer attribute over the segments.

    Parameters
    ----------
    segment, attribute : shape (n,)
        One row a customer.
    min_cell : int
        Fewest customers a cell may show.
    order : list of str, optional
        Order of the segments.
    levels : int
        The most frequent levels shown; the others share the level "other".

    References
    ----------
    Bergsma (2013), A Bias-Correction for Cramer's V, Journal of the Korean Statistical
    Society 42(3), 323-328.
    """
    names, codes = _coded(segment, order)
    if len(attribute) != codes.size:
        raise DataError(
            f"{codes.size} segments for {len(attribute)} attributes",
            remedy="give one row a customer",
        )
    column = attribute.reset_index(drop=True)
    known = column.notna().to_numpy()
    if not known.any():
        raise DataError(
            f"attribute {attribute.name!r} is empty", remedy="choose one that is filled"
        )
    text = column[known].astype(str)
    frequent = text.value_counts().index[:levels]
    text = text.where(text.isin(frequent), "other")
    level_codes, level_names = pd.factorize(text, sort=True)
    counts = np.zeros((len(level_names), len(names)))
    np.add.at(counts, (level_codes, codes[known]), 1)
    v, p = _association(counts)
    hidden = _withhold(counts, min_cell)
    whole = counts.sum(axis=1)
    rows = []
    for i, level in enumerate(level_names):
        low, high = wilson(counts[i], whole[i])
        for j, name in enumerate(names):
            away = bool(hidden[i, j])
            rows.append(
                {
                    "level": level,
                    "segment": name,
                    "n": np.nan if away else counts[i, j],
                    "share": np.nan if away else counts[i, j] / whole[i],
                    "low": np.nan if away else low[j],
                    "high": np.nan if away else high[j],
                    "withheld": away,
                }
            )
    return AttributeProfile(
        pd.DataFrame(rows), str(attribute.name), v, p, int((~known).sum()), min_cell
    )


def _coded(
    segment: pd.Series | ArrayLike, order: list[str] | None
) -> tuple[list[str], NDArray[np.intp]]:
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
    placed = pd.Categorical(column.astype(str), categories=order)
    codes = np.asarray(placed.codes, dtype=np.intp)
    if (codes < 0).any():
        strange = column[codes < 0].iloc[0]
        raise DataError(
            f"segment {strange!r} is not in the order given", remedy="list all segments"
        )
    return list(order), codes


def _association(counts: Array) -> tuple[float, float]:
    """Bias-corrected Cramer's V and the p-value of independence."""
    table = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    rows, columns = table.shape
    n = table.sum()
    if rows < 2 or columns < 2:
        return float("nan"), float("nan")
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / n
    chi2 = float(((table - expected) ** 2 / expected).sum())
    df = (rows - 1) * (columns - 1)
    phi2 = max(chi2 / n - df / (n - 1), 0.0)
    r, c = rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)
    smaller = min(r, c) - 1
    v = float(np.sqrt(phi2 / smaller)) if smaller > 0 else float("nan")
    return v, float(chdtrc(df, chi2))


def _withhold(counts: Array, min_cell: int) -> NDArray[np.bool_]:
    """Cells to withhold: small ones, and more until none follows from a row or column total."""
    hidden = (counts > 0) & (counts < min_cell)
    for _ in range(counts.size):
        lonely = [(0, i) for i in np.flatnonzero(hidden.sum(axis=1) == 1)]
        lonely += [(1, j) for j in np.flatnonzero(hidden.sum(axis=0) == 1)]
        changed = False
        for axis, at in lonely:
            line = counts[at] if axis == 0 else counts[:, at]
            mask = hidden[at] if axis == 0 else hidden[:, at]
            open_cells = np.flatnonzero(~mask)
            if mask.sum() == 1 and open_cells.size:
                # the smallest cell gives away least; an empty one would hide nothing
                filled = open_cells[line[open_cells] > 0]
                pick = filled if filled.size else open_cells
                mask[pick[np.argmin(line[pick])]] = True
                changed = True
        if not changed:
            break
    return hidden
