"""Segments by size and value, and what sets each apart from all other customers.

References
----------
Cohen (1988), Statistical Power Analysis, chapters 2 (d) and 6 (h); Newcombe (1998), Statistics in
Medicine 17, 873-890 (differences of shares); Holm (1979), Scandinavian Journal of Statistics 6(2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import ndtr, stdtrit

from workbench.arrays import Array, Index
from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled, named_estimates
from workbench.stats.disclosure import (
    Sums,
    Withheld,
    interval_sensitive,
    pool_smallest,
    rule_of,
    told_withheld,
    withhold,
)
from workbench.stats.intervals import ratio_interval, satterthwaite, two_sided, wilson
from workbench.stats.multiplicity import holm
from workbench.study import CellRule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

APART = (
    "segment", "attribute", "level", "inside", "outside", "effect", "low", "high", "p", "n",
)  # fmt: skip


#: What a share of spend is called.
SPEND = "Share of spend"


@dataclass(frozen=True)
class Profile(Result):
    """Segments by size and value.

    Attributes
    ----------
    table : DataFrame
        One row a segment: segment, n, customers, customers_low, customers_high (share of
        customers, Wilson), total, value, value_low, value_high (share of the total, Fieller over
        customers), mean (value a customer).
    of : str
        What the share of value is a share of, as a page says it.
    withheld : tuple of Finding
        Which segments are not shown by themselves, and why.
    """

    table: pd.DataFrame
    of: str = "Share of value"
    withheld: tuple[Finding, ...] = ()

    def findings(self) -> list[Finding]:
        """Which segments are not shown by themselves."""
        return [*self.withheld]

    def estimates(self) -> dict[str, Estimate]:
        """Share of value of each segment."""
        return named_estimates(
            self.table, "segment", estimate="value", low="value_low", high="value_high",
            kind="percent",
        )  # fmt: skip

    def picture(self) -> Picture:
        """Shares of customers and of value."""
        if self.of != SPEND:
            return Picture(self.plot, table=self.table)
        return Picture(
            self.plot,
            "How large each segment is, and what it spends",
            "Share of customers and of spend to date",
            self.table,
        )

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Paired bars: share of customers and share of value, with intervals of the value."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import PercentFormatter

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.table[self.table["n"] > 0].iloc[::-1]
        at = np.arange(len(t))
        ax.barh(at - 0.19, t["value"], height=0.36, label=say(self.of), alpha=0.85)
        ax.barh(at + 0.19, t["customers"], height=0.36, label=say("Share of customers"), alpha=0.55)
        ax.errorbar(
            t["value"],
            at - 0.19,
            xerr=[t["value"] - t["value_low"], t["value_high"] - t["value"]],
            fmt="none",
            ecolor=plt.rcParams["text.color"],
            elinewidth=1,
        )
        ax.set_yticks(at, [say.name(s) for s in t["segment"]])
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
    if not worth.sum() > 0:
        return Estimate(np.nan, n=float(worth.size))
    held = ratio_interval(np.where(np.asarray(inside, dtype=bool), worth, 0.0), worth)
    # a share cannot leave 0..1, whatever the approximation says
    return Estimate(held.value, max(held.low, 0.0), min(held.high, 1.0), held.n, kind="percent")


def profile(
    segment: pd.Series | ArrayLike,
    value: pd.Series | ArrayLike,
    *,
    order: list[str] | None = None,
    min_cell: CellRule | int = 0,
) -> Profile:
    """Share of customers and of value by segment.

    Parameters
    ----------
    segment, value : array_like, shape (n,)
        One row a customer.
    order : list of str, optional
        Order of the segments; empty ones are listed with zero customers.
    min_cell : CellRule or int
        The value of segments with fewer customers, or of which one holds nearly all, is missing,
        and with it that of others from which it would follow. 0 withholds nothing.
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
        share = share_held(codes == code, worth)
        rows.append(
            {
                "segment": name,
                "n": int(n[code]),
                "customers": n[code] / codes.size,
                "customers_low": low[code],
                "customers_high": high[code],
                "total": total[code],
                "value": share.value,
                "value_low": share.low if n[code] else 0.0,
                "value_high": share.high if n[code] else 0.0,
                "mean": total[code] / n[code] if n[code] else np.nan,
            }
        )
    rule, table = rule_of(min_cell), pd.DataFrame(rows)
    found = withhold(Sums.of(codes, worth, len(names)), rule)
    table.loc[found.cells, ["total", "mean"]] = np.nan
    # that one segment has all of it tells nothing
    partly = found.cells & (table["value"] < 1).to_numpy()
    table.loc[partly, ["value", "value_low", "value_high"]] = np.nan
    unsure = interval_sensitive(codes, worth, len(names), rule)
    table.loc[unsure, ["value_low", "value_high"]] = np.nan
    return Profile(labelled(
        table, segment="Segment", n="Customers",
        customers=("Share of customers", "percent"), value=("Share of value", "percent"),
        mean=("Value per customer", "money"),
    ), withheld=tuple(told_withheld(found, names, "segments.withheld")))  # fmt: skip


def pool_small(
    segment: pd.Series,
    min_cell: CellRule | int,
    *,
    value: pd.Series | None = None,
    name: str = "Other segments",
) -> pd.Series:
    """Put segments with fewer than `min_cell` customers together, so that none can be told.

    When they are too few even together, the next smallest segment joins them: its size would
    otherwise follow from the total. So do segments of whose value one customer holds nearly all.

    Parameters
    ----------
    segment : Series, shape (n,)
    min_cell : CellRule or int
        Fewest customers a segment may show; or the card's rule.
    value : Series, shape (n,), optional
        What is to be told of the segments; without it only customers are counted.

    Returns
    -------
    Series
        Categorical, in the order of the segments; `name` comes last.
    """
    names, codes = coded(segment, None)
    rule = rule_of(min_cell)
    n = np.bincount(codes, minlength=len(names))
    sums = Sums.counted(n) if value is None else Sums.of(codes, value, len(names))
    small = np.flatnonzero(pool_smallest(sums, rule))
    kept = [i for i in range(len(names)) if i not in small]
    place = np.full(len(names), len(kept))
    place[kept] = np.arange(len(kept))
    labels = [names[i] for i in kept] + ([name] if small.size else [])
    return pd.Series(
        pd.Categorical.from_codes(place[codes], pd.Index(labels)),
        index=segment.index,
        name="segment",
    )


def told_pooled(
    segment: pd.Series, shown: pd.Series, value: pd.Series, min_cell: CellRule | int
) -> list[Finding]:
    """Say which segments `pool_small` has put together, and why."""
    names, codes = coded(segment, None)
    left = {str(name) for name in shown.cat.categories}
    sums = Sums.of(codes, value, len(names))
    primary = sums.sensitive(rule_of(min_cell))
    hidden = np.array([name not in left for name in names]) & (sums.n > 0)
    filled = [name for name, n in zip(names, sums.n, strict=True) if n]
    found = Withheld(primary[sums.n > 0], (hidden & ~primary)[sums.n > 0])
    return told_withheld(found, filled, "segments.withheld")


def coded(segment: pd.Series | ArrayLike, order: list[str] | None) -> tuple[list[str], Index]:
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


def readable(name: str) -> str:
    """Turn the name of a column into words: ``income_band`` into "Income band"."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def distinguishing(
    segment: pd.Series | ArrayLike,
    attributes: pd.DataFrame,
    *,
    min_cell: CellRule | int = 5,
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
    min_cell : CellRule or int
        Levels that fewer customers (but some) of the segment, or of the others, have or lack are
        left out; of a number that one customer nearly makes nothing is told.
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
    rule = rule_of(min_cell)
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
            (names[i], name, None, *row)
            for i, row in _of_means(raw, scaled, codes, shown, level, rule)
        ]
    counted: list[tuple[object, ...]] = []
    for name, known, counts in shares:
        whole = counts.sum(axis=1)
        for i in shown:
            for j, word in enumerate(known):
                a, n = counts[i, j], whole[i]
                b, m = counts[:, j].sum() - a, whole.sum() - n
                cells = (a, n - a, b, m - b)
                if n and m and all(cell == 0 or cell >= rule.min_cell for cell in cells):
                    counted.append((names[i], name, word, a, n, b, m))
    if counted:
        rows += _of_shares(counted, level)
    out = pd.DataFrame(rows, columns=list(APART))
    out["p"] = holm(out["p"].to_numpy(dtype=float)) if len(out) else out["p"]
    # segment by segment, in the order of the attributes
    place = {name: i for i, name in enumerate(attributes.columns.astype(str))}
    turn = {name: i for i, name in enumerate(names)}
    order = out.assign(s=out["segment"].map(turn), a=out["attribute"].map(place))
    order = order.sort_values(["s", "a"], kind="stable", ignore_index=True)
    return order.drop(columns=["s", "a"])


def _counted(column: pd.Series, codes: Index, segments: int) -> tuple[list[str], Array]:
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
    raw: Array, scaled: Array, codes: Index, shown: list[int], level: float, rule: CellRule
) -> list[tuple[int, tuple[float, ...]]]:
    """Compare each segment's mean with that of the others: Welch (1947), Biometrika 34, 28-35."""
    known = np.isfinite(raw)
    codes, raw, scaled = codes[known], raw[known], scaled[known]
    middle = scaled.mean()
    n, first = np.bincount(codes), np.bincount(codes, weights=raw)
    one = np.bincount(codes, weights=scaled - middle)
    two = np.bincount(codes, weights=(scaled - middle) ** 2)
    sums = Sums.of(codes, raw, n.size)
    few, places = sums.sensitive(rule), np.arange(n.size)
    found: list[tuple[int, tuple[float, ...]]] = []
    for i in shown:
        a = n[i] if i < n.size else 0
        b = codes.size - a
        if a < 2 or b < 2 or few[i] or not sums.may_join(places != i, rule):
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
