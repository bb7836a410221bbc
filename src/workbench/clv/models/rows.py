"""Customers as the purchase models need them: checked, and identical rows counted once."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.fft import dct

from workbench.arrays import Array, Index
from workbench.errors import DataError
from workbench.units import check_unit

#: Ages of customers with the same number of purchases, from which on a series stands for them all;
#: its length, and the size of its last terms, as a share of the function's, at which it is good.
MANY_AGES, NODES, SETTLED = 96, 48, 1e-13


@dataclass(frozen=True)
class Purchases:
    """Distinct customers.

    Attributes
    ----------
    x, t_x, T : ndarray, shape (m,)
        Repeat purchases, time from the first to the last purchase, time from the first
        purchase to the end of observation.
    n : ndarray, shape (m,)
        Customers that share the row.
    inverse : ndarray of int
        For each row that was given, its distinct row.
    unit : str or None
        Unit of time.
    """

    x: Array
    t_x: Array
    T: Array
    n: Array
    inverse: Index
    unit: str | None

    @property
    def customers(self) -> float:
        """Number of customers."""
        return float(self.n.sum())

    @cached_property
    def margins(self) -> Margins:
        """Sums over customers with the same x and with the same T."""
        return Margins.of(self)

    def per(self, scale: float) -> Purchases:
        """Return the same customers with times in multiples of `scale`."""
        return replace(self, t_x=self.t_x / scale, T=self.T / scale)


@dataclass(frozen=True)
class Margins:
    """Sums over customers with the same x and with the same T, all that counting terms need."""

    xs: Array
    n_x: Array
    Ts: Array
    n_T: Array  # noqa: N815
    x_T: Array  # noqa: N815
    n: float

    @classmethod
    def of(cls, rows: Purchases) -> Margins:
        """Add up the rows."""
        xs, at_x = table_of(rows.x)
        Ts, at_T = table_of(rows.T)
        return cls(
            xs,
            add_up(at_x, rows.n),
            Ts,
            add_up(at_T, rows.n),
            add_up(at_T, rows.n * rows.x),
            rows.customers,
        )


def name_rows(labels: pd.Index | None, bad: NDArray[np.bool_]) -> str:
    """Say which rows are bad: the first five, and how many in all."""
    at = np.flatnonzero(bad)
    names: list[Hashable] = [labels[i] if labels is not None else int(i) for i in at[:5]]
    shown = ", ".join(str(name) for name in names)
    more = f" and {at.size - 5:,} more" if at.size > 5 else ""
    return f"row{'s' if at.size > 1 else ''} {shown}{more}"


def as_floats(name: str, values: ArrayLike) -> tuple[Array, pd.Index | None]:
    """Turn a column into floats, naming the rows that are no numbers or not finite."""
    labels = values.index if isinstance(values, pd.Series) else None
    try:
        out = np.atleast_1d(np.asarray(values, dtype=float))
    except (TypeError, ValueError):
        column = pd.Series(np.atleast_1d(np.asarray(values, dtype=object)))
        numbers = pd.to_numeric(column, errors="coerce")
        bad = (numbers.isna() & column.notna()).to_numpy()
        # text that reads as a number is refused as well: the column has the wrong type
        bad = bad if bad.any() else column.map(lambda v: isinstance(v, str)).to_numpy(dtype=bool)
        example = column[bad].iloc[0] if bad.any() else column.iloc[0]
        raise DataError(
            f"{name} holds {example!r}, which is no number",
            where=name_rows(labels, bad),
            remedy="convert the column to numbers first",
        ) from None
    if out.ndim != 1:
        raise DataError(f"{name} has {out.ndim} dimensions", remedy="give one column")
    refuse(name, labels, np.isnan(out), "is missing", "fill these rows or leave them out")
    refuse(name, labels, np.isinf(out), "is infinite", "mend these rows or leave them out")
    return out, labels


def refuse(
    name: str, labels: pd.Index | None, bad: NDArray[np.bool_], what: str, remedy: str
) -> None:
    """Raise a `DataError` that names the rows, if there are any."""
    if bad.any():
        raise DataError(f"{name} {what}", where=name_rows(labels, bad), remedy=remedy)


def check_rows(
    frequency: ArrayLike, recency: ArrayLike, age: ArrayLike
) -> tuple[Array, Array, Array]:
    """Check customers for use in a purchase model.

    Returns
    -------
    x, t_x, T : ndarray of float

    Raises
    ------
    DataError
        Naming the rows: empty, different lengths, text, missing, infinite, negative, fractional
        frequency, recency beyond age, recency without a repeat purchase or the reverse.
    """
    x, labels = as_floats("frequency", frequency)
    t_x, _ = as_floats("recency", recency)
    T, _ = as_floats("age", age)
    x, t_x, T = _same_length({"frequency": x, "recency": t_x, "age": T})
    if x.size == 0:
        raise DataError("there is no customer", remedy="check the filter and the dates of the log")
    for name, values in (("frequency", x), ("recency", t_x), ("age", T)):
        refuse(name, labels, values < 0, "is negative", "mend these rows or leave them out")
    refuse(
        "frequency",
        labels,
        x != np.round(x),
        "is not a whole number",
        "frequency counts repeat purchases",
    )
    # days divided by seven need not compare exactly
    late = t_x > T * (1 + 1e-9) + 1e-12
    refuse("recency", labels, late, "is greater than age", "check the end of observation")
    refuse(
        "recency",
        labels,
        (x == 0) & (t_x > 0),
        "is positive without a repeat purchase",
        "recency runs from the first to the last purchase; it is 0 for one-time buyers",
    )
    refuse(
        "recency",
        labels,
        (x > 0) & (t_x == 0),
        "is zero despite repeat purchases",
        "count purchases on one day as one",
    )
    return x, np.minimum(t_x, T), T


def _same_length(columns: dict[str, Array]) -> tuple[Array, ...]:
    sizes = {values.size for values in columns.values()} - {1}
    if len(sizes) > 1:
        told = ", ".join(f"{name} {values.size}" for name, values in columns.items())
        raise DataError(f"columns differ in length ({told})", remedy="give one row a customer")
    size = sizes.pop() if sizes else 1
    return tuple(
        values if values.size == size else np.full(size, values[0]) for values in columns.values()
    )


def check_counts(counts: ArrayLike | None, size: int) -> Array:
    """Check the number of customers that each row stands for."""
    if counts is None:
        return np.ones(size)
    n, labels = as_floats("counts", counts)
    if n.size != size:
        raise DataError(f"there are {n.size} counts for {size} rows", remedy="give one a row")
    refuse("counts", labels, n < 0, "is negative", "counts are numbers of customers")
    return n


def distinct(*columns: NDArray[Any]) -> tuple[Index, Index]:
    """Find distinct rows.

    Returns
    -------
    first : ndarray of int
        Where each distinct row occurs first.
    inverse : ndarray of int
        For each row, its distinct row.
    """
    key = np.zeros(columns[0].size, dtype=np.int64)
    for values in columns:
        codes, labels = pd.factorize(np.asarray(values))
        if key.size and float(key.max() + 1) * len(labels) >= 2**62:
            key = np.asarray(pd.factorize(key)[0], dtype=np.int64)
        key = key * len(labels) + codes
    found, labels = pd.factorize(key)
    inverse = np.asarray(found, dtype=np.intp)
    first = np.empty(len(labels), dtype=np.intp)
    first[inverse[::-1]] = np.arange(key.size)[::-1]
    return first, inverse


def by_age(x: Array, T: Array, function: Callable[[Array, Array], Array], scale: float) -> Array:
    """Evaluate what depends on x and T only once for each pair of them.

    Where customers with the same x have many ages, a function of log (scale + T) is read off its
    Chebyshev series, as far as its coefficients die away (Trefethen, 2013, Approximation Theory
    and Approximation Practice, chapter 8): all digits but the last few, from 48 ages instead of
    some thousand.
    """
    first, inverse = _pairs(x, T)
    if first.size > 0.7 * x.size:
        return _over_ages(x, T, function, scale)
    return _over_ages(x[first], T[first], function, scale)[inverse]


#: Distinct pairs of arrays that are still there, by what they are: each is asked for many times.
_KNOWN: dict[tuple[int, int], tuple[weakref.ref[Array], weakref.ref[Array], Index, Index]] = {}


def _pairs(x: Array, T: Array) -> tuple[Index, Index]:
    key = (id(x), id(T))
    known = _KNOWN.get(key)
    if known is not None and known[0]() is x and known[1]() is T:
        return known[2], known[3]
    first, inverse = distinct(x, T)

    def gone(_: object) -> None:
        _KNOWN.pop(key, None)

    _KNOWN[key] = weakref.ref(x, gone), weakref.ref(T, gone), first, inverse
    return first, inverse


def _over_ages(
    x: Array, T: Array, function: Callable[[Array, Array], Array], scale: float
) -> Array:
    """Evaluate distinct pairs of x and T, by a series in T for each x that has many."""
    values, at = table_of(x)
    many = np.bincount(at, minlength=values.size) > MANY_AGES
    if not many.any():
        return function(x, T)
    size, u = values.size, np.log(scale + T)
    low, high = np.full(size, np.inf), np.full(size, -np.inf)
    np.minimum.at(low, at, u)
    np.maximum.at(high, at, u)
    middle, half = (low + high) / 2, (high - low) / 2
    angle = np.pi * (np.arange(NODES) + 0.5) / NODES
    nodes = middle[many, None] + half[many, None] * np.cos(angle)
    some = np.repeat(values[many], NODES)
    known = function(some, np.maximum(np.exp(nodes) - scale, 0.0).ravel()).reshape(-1, NODES)
    series = dct(known, axis=1) / NODES
    series[:, 0] /= 2
    size_of = np.abs(known).max(axis=1)
    good = np.abs(series[:, -4:]).max(axis=1) <= SETTLED * size_of
    row = np.full(size, -1)
    row[np.flatnonzero(many)[good]] = np.flatnonzero(good)
    own = row[at]
    out, direct = np.empty(x.size), own < 0
    if direct.any():
        out[direct] = function(x[direct], T[direct])
    read = np.flatnonzero(~direct)
    of = at[read]
    place = np.clip((u[read] - middle[of]) / half[of], -1.0, 1.0)
    # Clenshaw's recurrence; transposed, each step reads one row
    terms = np.ascontiguousarray(series.T)
    of, after, last = own[read], np.zeros(read.size), np.zeros(read.size)
    for k in range(NODES - 1, 0, -1):
        after, last = terms[k][of] + 2 * place * after - last, after
    out[read] = terms[0][of] + place * after - last
    return out


def gather(
    frequency: ArrayLike,
    recency: ArrayLike,
    age: ArrayLike,
    counts: ArrayLike | None = None,
    *,
    unit: str | None = None,
    check: Callable[[ArrayLike, ArrayLike, ArrayLike], tuple[Array, Array, Array]] = check_rows,
) -> Purchases:
    """Check customers and count identical rows once."""
    x, t_x, T = check(frequency, recency, age)
    n = check_counts(counts, x.size)
    if unit is not None:
        check_unit(unit)
    first, inverse = distinct(x, t_x, T)
    total = add_up(inverse, n, first.size)
    return Purchases(x[first], t_x[first], T[first], total, inverse, unit)


def check_estimable(rows: Purchases) -> None:
    """Refuse to fit where there is nothing to learn from."""
    if rows.customers < 2:
        raise DataError(
            "there is one customer",
            remedy="a purchase model describes how customers differ; give it many",
        )
    if not (rows.x * rows.n).any():
        raise DataError(
            "no customer has bought a second time",
            remedy="observe longer, or report the repeat rate as zero; no model can be fitted",
        )


def add_up(codes: Index, weights: Array, size: int = 0) -> Array:
    """Sum of the weights for each code."""
    return np.asarray(np.bincount(codes, weights=weights, minlength=size), dtype=float)


def dot(a: Array, b: Array) -> float:
    """Sum of products, without BLAS: its threads wait busily, which costs more than the sum."""
    return float(np.einsum("i,i->", a, b))


def table_of(values: Array) -> tuple[Array, Index]:
    """Distinct values, and for each entry its place among them."""
    codes, labels = pd.factorize(values)
    return np.asarray(labels, dtype=float), np.asarray(codes, dtype=np.intp)


def thinned(rows: Purchases) -> Purchases:
    """Keep every k-th distinct repeat buyer, weighted up, and all one-time buyers."""
    repeat = np.flatnonzero(rows.x)
    # sorted by frequency a systematic sample is a stratified one
    repeat = repeat[np.argsort(rows.x[repeat], kind="stable")]
    every = max(repeat.size // 6000, 2)
    once = np.flatnonzero(rows.x == 0)[:: 1 if np.count_nonzero(rows.x == 0) < 6000 else every]
    kept = np.concatenate([once, repeat[every // 2 :: every]])
    n = rows.n[kept].copy()
    for group, whole in ((rows.x[kept] == 0, rows.x == 0), (rows.x[kept] > 0, rows.x > 0)):
        if n[group].sum() > 0:
            n[group] *= rows.n[whole].sum() / n[group].sum()
    return Purchases(rows.x[kept], rows.t_x[kept], rows.T[kept], n, np.arange(kept.size), rows.unit)
