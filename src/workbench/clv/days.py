"""Purchase days of a log as arrays, and what was known of its customers on any past day."""

from __future__ import annotations

from copy import copy

import numpy as np
import pandas as pd

from workbench.arrays import Array, Index, Mask
from workbench.errors import DataError
from workbench.units import DAYS_PER_UNIT, check_unit


def summarise(
    log: pd.DataFrame | BuyingDays, *, as_of: pd.Timestamp | str, unit: str
) -> pd.DataFrame:
    """Summarise a log of purchases held in memory, one row a customer.

    Parameters
    ----------
    log : DataFrame or BuyingDays
        customer_id, date; amount where the log has amounts. Purchases of a customer on one day are
        one; a negative amount is none.
    as_of : Timestamp or str
        Last day looked at.
    unit : str
        Unit of time: hour, day, week, month, quarter or year.

    Returns
    -------
    DataFrame
        frequency, recency, age, mean_spend and log_gaps by customer, as all models take them.

    Examples
    --------
    A model from a log in three lines:

    >>> import pandas as pd
    >>> from workbench import clv
    >>> days = pd.to_datetime(["2025-01-02", "2025-02-10", "2025-03-01", "2025-05-20"] * 30)
    >>> log = pd.DataFrame({"customer_id": [*"abac"] * 30, "date": days, "amount": 9.0})
    >>> log["customer_id"] += (log.index // 4).astype(str)
    >>> customers = clv.summarise(log, as_of="2025-12-31", unit="week")
    >>> fit = clv.ModifiedBetaGeometric.from_frame(customers).fit()
    >>> fit.expected_purchases(52).total().n
    90.0
    """
    columns = log.columns if isinstance(log, pd.DataFrame) else ("customer_id", "date")
    missing = [c for c in ("customer_id", "date") if c not in columns]
    if missing:
        raise DataError(
            f"the log has no column {', '.join(missing)}",
            remedy="give customer_id and date, one row a purchase",
        )
    per = DAYS_PER_UNIT[check_unit(unit)]
    known = buying_days(log, as_of=as_of)
    if not known.day.size:
        raise DataError(f"there is no purchase to {as_of}", remedy="look at as_of and the dates")
    code, gap = known.gaps()
    out = known.summary(0, per)
    logs = np.bincount(code, weights=np.log(gap / per), minlength=len(out))
    out = out.assign(log_gaps=logs).rename_axis("customer_id")
    out.attrs["time_unit"] = unit
    return out


def buying_days(log: pd.DataFrame | BuyingDays, *, as_of: pd.Timestamp | str) -> BuyingDays:
    """Sort a log of purchases once for all that asks for it.

    Parameters
    ----------
    log : DataFrame or BuyingDays
        customer_id, date; amount where the log has amounts. What is sorted comes back as it is,
        or to an earlier day.
    as_of : Timestamp or str
        Last day looked at.
    """
    end = pd.Timestamp(as_of).normalize()
    if not isinstance(log, BuyingDays):
        return BuyingDays(log, end)
    if end > log.end:
        raise DataError(
            f"the log was sorted to {log.end.date()}, and {end.date()} is asked for",
            remedy="sort it to the later day",
        )
    return log if end == log.end else log.until(end)


def codes_of(ids: pd.Series) -> tuple[Index, pd.Index]:
    """Give customers numbers in their order, -1 for nobody; categories have theirs already."""
    if isinstance(ids.dtype, pd.CategoricalDtype) and ids.cat.categories.is_monotonic_increasing:
        return np.asarray(ids.cat.codes, dtype=np.intp), ids.cat.categories
    codes, names = pd.factorize(ids, sort=True)
    return np.asarray(codes, dtype=np.intp), pd.Index(names)


def by_day(code: Index, day: Index, days: int) -> tuple[Index, Mask]:
    """Sort by customer and day: the order, and where another customer or day begins."""
    key = code.astype(np.int64) * days + day
    order = np.argsort(key, kind="stable")
    key = key[order]
    return order, np.concatenate([np.ones(min(key.size, 1), dtype=bool), key[1:] != key[:-1]])


def _those_seen(code: Index, names: pd.Index) -> tuple[Index, pd.Index]:
    """Give those who are left numbers anew; codes are sorted."""
    new = np.concatenate([np.ones(min(code.size, 1), dtype=bool), code[1:] != code[:-1]])
    return (np.cumsum(new) - 1).astype(np.int32), names[code[new]]


def starts(code: Index) -> Index:
    """Where each customer begins; codes are sorted."""
    return np.flatnonzero(np.diff(code, prepend=-1))


class BuyingDays:
    """Days on which customers bought, counted back from the last day of the log.

    Parameters
    ----------
    log : DataFrame
        customer_id, date; amount where the log has amounts. Purchases of a customer on one day
        are one.
    as_of : Timestamp
        Last day.
    """

    def __init__(self, log: pd.DataFrame, as_of: pd.Timestamp) -> None:
        days = pd.to_datetime(log["date"]).to_numpy().astype("datetime64[D]")
        seen = days <= as_of.to_datetime64()
        self.end = as_of
        self.valued = "amount" in log and bool(log["amount"].notna().any())
        if self.valued:
            seen &= log["amount"].to_numpy(dtype=float) >= 0
        code, names = codes_of(log["customer_id"])
        seen &= code >= 0
        code = code[seen]
        day = (days[seen] - as_of.to_datetime64().astype("datetime64[D]")).astype(np.int64)
        first = int(day.min()) if day.size else 0
        order, new = by_day(code, day - first, 1 - first)
        self.day, code = day[order][new].astype(np.int32), code[order][new]
        self.amount = np.zeros(code.size)
        if self.valued and code.size:
            spent = log["amount"].to_numpy(dtype=float)[seen][order]
            self.amount = np.add.reduceat(spent, np.flatnonzero(new))
        self.code, self.ids = _those_seen(code, names)

    def until(self, end: pd.Timestamp) -> BuyingDays:
        """Give the log to an earlier day; only right where no refund came later."""
        out = copy(self)
        seen = self.day <= (end - self.end).days
        out.end, out.day, out.amount = end, self.day[seen], self.amount[seen]
        out.day = out.day - np.int32((end - self.end).days)
        out.code, out.ids = _those_seen(self.code[seen], self.ids)
        return out

    @property
    def dates(self) -> pd.Series:
        """Days with a purchase."""
        days = self.end.to_datetime64().astype("datetime64[D]") + np.unique(self.day)
        return pd.Series(days.astype("datetime64[s]"))

    def summary(self, origin: int, per: float) -> pd.DataFrame:
        """Frequency, recency, age, mean_spend as of a day; rows are sorted by customer and day."""
        rows = np.flatnonzero(self.day <= origin)
        code, day, amount = self.code[rows], self.day[rows], self.amount[rows]
        start = starts(code)
        who, n = code[start], np.diff(np.append(start, code.size))
        first, last = day[start], day[np.append(start[1:], code.size) - 1]
        total = np.add.reduceat(amount, start) if start.size else np.zeros(0)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.where(n > 1, (total - amount[start]) / (n - 1), np.nan)
        return pd.DataFrame(
            {"frequency": n - 1, "recency": (last - first) / per, "age": (origin - first) / per,
             "mean_spend": mean}, index=self.ids[who],
        )  # fmt: skip

    def gaps(self) -> tuple[Index, Array]:
        """Give customers and lengths in days of all gaps between two purchases of one customer."""
        same = self.code[1:] == self.code[:-1]
        return self.code[1:][same], np.diff(self.day)[same].astype(float)

    def ages(self) -> Array:
        """Days since the first purchase of each customer."""
        return np.asarray(-self.day[starts(self.code)], dtype=float)

    def came(self, ids: pd.Index, after: int, to: int) -> tuple[Array, Array]:
        """Purchase days and amounts of customers after a day, up to another."""
        rows = (self.day > after) & (self.day <= to)
        place = ids.get_indexer(self.ids[self.code[rows]])
        known = place >= 0
        size = len(ids)
        return (
            np.bincount(place[known], minlength=size).astype(float),
            np.bincount(place[known], self.amount[rows][known], size).astype(float),
        )
