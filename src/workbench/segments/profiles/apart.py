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
from scipy.special import ndtr, stdtrit

from workbench.arrays import Array
from workbench.errors import DataError
from workbench.segments.profiles.profile import coded
from workbench.stats.intervals import satterthwaite, two_sided, wilson
from workbench.stats.multiplicity import holm

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
    size = np.bincount(codes, minlength=len(names))
    shown = [i for i in range(len(names)) if 0 < size[i] < codes.size]
    numbers: list[tuple[str, Array, Array]] = []
    shares: list[tuple[str, list[str], Array]] = []
    for name in attributes.columns:
        column = attributes[name]
        found = column.nunique()
        if column.dtype.kind == "M" or found < 2:
            continue
        if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
            numbers.append((str(name), *_scaled(column)))
        elif found <= levels:
            shares.append((str(name), *_counted(column, codes, len(names))))
    looks = len(names) * (len(numbers) + sum(len(known) for _, known, _ in shares))
    level = 1 - (1 - confidence) / max(looks, 1)
    rows: list[tuple[object, ...]] = []
    for name, raw, scaled in numbers:
        rows += [
            (names[i], name, None, *row) for i, row in _of_means(raw, scaled, codes, shown, level)
        ]
    counted: list[tuple[object, ...]] = []
    for name, known, counts in shares:
        whole = counts.sum(axis=1)
        for i in shown:
            for j, word in enumerate(known):
                a, n = counts[i, j], whole[i]
                b, m = counts[:, j].sum() - a, whole.sum() - n
                cells = (a, n - a, b, m - b)
                if n and m and all(cell == 0 or cell >= min_cell for cell in cells):
                    counted.append((names[i], name, word, a, n, b, m))
    if counted:
        rows += _of_shares(counted, level)
    out = pd.DataFrame(rows, columns=list(COLUMNS))
    out["p"] = holm(out["p"].to_numpy(dtype=float)) if len(out) else out["p"]
    # segment by segment, in the order of the attributes
    place = {name: i for i, name in enumerate(attributes.columns.astype(str))}
    turn = {name: i for i, name in enumerate(names)}
    order = out.assign(s=out["segment"].map(turn), a=out["attribute"].map(place))
    order = order.sort_values(["s", "a"], kind="stable", ignore_index=True)
    return order.drop(columns=["s", "a"])


def _counted(column: pd.Series, codes: NDArray[np.intp], segments: int) -> tuple[list[str], Array]:
    """Count the customers of each segment (rows) at each level (columns)."""
    found, words = pd.factorize(column, sort=False)
    text = [str(word) for word in words]
    order = np.argsort(np.array(text, dtype=object), kind="stable")
    known = found >= 0
    cells = codes[known] * len(text) + found[known]
    counts = np.bincount(cells, minlength=segments * len(text)).reshape(segments, len(text))
    return [text[i] for i in order], counts[:, order].astype(float)


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
    raw: Array, scaled: Array, codes: NDArray[np.intp], shown: list[int], level: float
) -> list[tuple[int, tuple[float, ...]]]:
    """Compare each segment's mean with that of the others: Welch (1947), Biometrika 34, 28-35."""
    known = np.isfinite(raw)
    codes, raw, scaled = codes[known], raw[known], scaled[known]
    middle = scaled.mean()
    n, first = np.bincount(codes), np.bincount(codes, weights=raw)
    one = np.bincount(codes, weights=scaled - middle)
    two = np.bincount(codes, weights=(scaled - middle) ** 2)
    found: list[tuple[int, tuple[float, ...]]] = []
    for i in shown:
        a = n[i] if i < n.size else 0
        b = codes.size - a
        if a < 2 or b < 2:
            found.append((i, (np.nan,) * 6 + (int(a),)))
            continue
        inside, outside = one[i] / a, (one.sum() - one[i]) / b
        va = max(two[i] - a * inside**2, 0.0) / (a - 1) / a
        vb = max(two.sum() - two[i] - b * outside**2, 0.0) / (b - 1) / b
        gap, (se, df) = inside - outside, satterthwaite(va, a, vb, b)
        half = float(stdtrit(df, 0.5 + level / 2)) * se
        p = two_sided(gap, se, df)
        means = (first[i] / a, (first.sum() - first[i]) / b)
        found.append((i, (*means, gap, gap - half, gap + half, p, int(a))))
    return found


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
