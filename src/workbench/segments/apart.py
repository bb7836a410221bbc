"""What sets each segment apart from all other customers, with the number of looks allowed for.

References
----------
Cohen (1988), Statistical Power Analysis, chapters 2 (d) and 6 (h); Newcombe (1998), Statistics in
Medicine 17, 873-890 (differences of shares); Holm (1979), Scandinavian Journal of Statistics 6(2).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, stdtr

from workbench.errors import DataError
from workbench.segments.profile import coded
from workbench.stats.intervals import mean_difference, wilson
from workbench.stats.multiplicity import holm

Array = NDArray[np.float64]

COLUMNS = (
    "segment", "attribute", "level", "inside", "outside", "effect", "low", "high", "p", "n",
)  # fmt: skip


def set_apart(
    segment: pd.Series | ArrayLike,
    attributes: pd.DataFrame,
    *,
    min_cell: int = 5,
    levels: int = 12,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Compare each segment with all other customers, attribute by attribute.

    Numeric attributes are compared by their standardised difference (of logarithms, 1 + value,
    where the distribution leans to the right), categories by the share of each level.

    Parameters
    ----------
    segment : shape (n,)
        One entry a customer.
    attributes : DataFrame, shape (n, k)
        Missing values are left out, attribute by attribute. Columns with dates, with one value or
        (categories) with more than `levels` values are skipped.
    min_cell : int
        Levels that fewer customers (but some) of the segment, or of the others, have or lack are
        left out.
    levels : int
        Most levels of a category.
    confidence : float
        Of all intervals together (Bonferroni).

    Returns
    -------
    DataFrame
        One row a segment and attribute (and level): segment, attribute, level (missing for
        numbers), inside, outside (mean or share), effect, low, high (standardised
        difference; for shares the difference in shares), p (Holm over all rows), n (customers of
        the segment behind it).

    Raises
    ------
    DataError
        Rows do not match; no customer; a confidence outside 0 to 1.
    """
    names, codes = coded(segment, None)
    if len(attributes) != codes.size:
        raise DataError(
            f"{codes.size} segments for {len(attributes)} customers",
            remedy="give one row a customer",
        )
    numbers, shares = [], []
    for name in attributes.columns:
        column = attributes[name]
        if column.dtype.kind == "M" or column.nunique() < 2:
            continue
        if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
            numbers.append((str(name), *_scaled(column)))
        elif column.nunique() <= levels:
            known = column.notna().to_numpy()
            text = column.astype(str).to_numpy()
            shares += [(str(name), level, text == level, known) for level in _sorted(text[known])]
    looks = len(names) * (len(numbers) + len(shares))
    rows: list[tuple[object, ...]] = []
    counted: list[tuple[object, ...]] = []
    for code, segment_name in enumerate(names):
        inside = codes == code
        if not inside.any() or inside.all():
            continue
        for name, raw, scaled in numbers:
            known = np.isfinite(raw)
            row = _of_means(raw, scaled, inside & known, ~inside & known, 1 - confidence, looks)
            rows.append((segment_name, name, None, *row))
        for name, level, has, known in shares:
            a, b = has[inside & known], has[~inside & known]
            cells = (a.sum(), a.size - a.sum(), b.sum(), b.size - b.sum())
            if all(cell == 0 or cell >= min_cell for cell in cells):
                counted.append((segment_name, name, level, a.sum(), a.size, b.sum(), b.size))
    if counted:
        rows += _of_shares(counted, 1 - (1 - confidence) / looks)
    out = pd.DataFrame(rows, columns=list(COLUMNS))
    if len(out):
        # segment by segment, in the order of the attributes
        place = {name: i for i, name in enumerate(attributes.columns.astype(str))}
        out = out.assign(
            s=pd.Index(names).get_indexer(pd.Index(out["segment"])), a=out["attribute"].map(place)
        )
        out = out.sort_values(["s", "a"], kind="stable", ignore_index=True).drop(columns=["s", "a"])
    out["p"] = holm(out["p"].to_numpy(dtype=float)) if len(out) else out["p"]
    return out


def _sorted(text: NDArray[np.object_]) -> list[str]:
    return sorted({str(t) for t in text})


def _scaled(column: pd.Series) -> tuple[Array, Array]:
    """Give the values, and the values in standard deviations (of logarithms where they lean)."""
    raw = column.to_numpy(dtype=float, na_value=np.nan)
    raw = np.where(np.isfinite(raw), raw, np.nan)
    seen = raw[~np.isnan(raw)]
    if (seen >= 0).all() and np.mean(((seen - seen.mean()) / seen.std()) ** 3) > 1:
        scaled = np.log1p(raw)
        return raw, scaled / np.nanstd(scaled)
    return raw, raw / seen.std()


def _of_means(
    raw: Array, scaled: Array, here: NDArray[np.bool_], rest: NDArray[np.bool_], alpha: float,
    looks: int,
) -> tuple[float, ...]:  # fmt: skip
    n = int(here.sum())
    if n < 2 or rest.sum() < 2:
        return (np.nan, np.nan, np.nan, np.nan, np.nan, np.nan, n)
    gap = mean_difference(scaled[here], scaled[rest], level=1 - alpha / looks)
    va, vb = scaled[here].var(ddof=1) / n, scaled[rest].var(ddof=1) / rest.sum()
    se = float(np.sqrt(va + vb))
    if se == 0:
        p = 1.0 if gap.estimate == 0 else 0.0
    else:
        df = (va + vb) ** 2 / (va**2 / (n - 1) + vb**2 / (rest.sum() - 1))
        p = float(2 * stdtr(df, -abs(gap.estimate) / se))
    return (float(raw[here].mean()), float(raw[rest].mean()), *gap, p, n)


def _of_shares(counted: list[tuple[object, ...]], level: float) -> list[tuple[object, ...]]:
    """Newcombe's intervals (method 10) of many differences of shares at once."""
    a, n, b, m = np.array([row[3:] for row in counted], dtype=float).T
    inside, outside = a / n, b / m
    gap = inside - outside
    (low_a, high_a), (low_b, high_b) = wilson(a, n, level=level), wilson(b, m, level=level)
    low = gap - np.hypot(inside - low_a, high_b - outside)
    high = gap + np.hypot(high_a - inside, outside - low_b)
    pooled = (a + b) / (n + m)
    p = 2 * ndtr(-np.abs(gap) / np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m)))
    found = zip(inside, outside, gap, low, high, p, n.astype(int), strict=True)
    return [(*row[:3], *numbers) for row, numbers in zip(counted, found, strict=True)]
