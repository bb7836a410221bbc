"""A log of purchases as arrays: who bought on which day, sorted, so that any day can be asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.arrays import Array, Mask
from workbench.errors import DataError, require_columns, rows_of

Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Returns:
    """What was taken off purchases.

    Attributes
    ----------
    customer, day : ndarray of int
        Of the purchase.
    on : ndarray of int
        The day of the refund.
    amount : ndarray
        Above zero.
    """

    customer: Codes
    day: Codes
    on: Codes
    amount: Array


@dataclass(frozen=True)
class PurchaseDays:
    """One entry a customer and day with a purchase, sorted by customer and day.

    Attributes
    ----------
    ids : Index
        Customers, sorted; `customer` counts into it.
    customer, day : ndarray of int
        `day` is the number of days since 1970.
    amount : ndarray
        Sum of the day's purchases.
    refunds : int
        Rows with a negative amount: no purchase.
    returned : Returns, optional
        What was taken off `amount`, and when: before that day it had not come back yet.
    valued : bool
        Whether the log has amounts: visits and the like have none, and every `amount` is zero.
    """

    ids: pd.Index
    customer: Codes
    day: Codes
    amount: Array
    refunds: int
    returned: Returns | None = None
    valued: bool = True

    @property
    def span(self) -> int:
        """Days from the first purchase of all to the last."""
        return int(self.day.max() - self.day.min()) if self.day.size else 0

    def until(self, day: int) -> PurchaseDays:
        """Give what was known on a day: a refund that came later is not taken off yet."""
        customer, days, amount = self.customer, self.day, self.amount
        if days.size and days.max() > day:
            known = days <= day
            customer, days, amount = customer[known], days[known], amount[known]
        back = self.returned
        if back is not None:
            still = (back.day <= day) & (back.on > day)
            if still.any():
                customer, days, amount = _by_day(
                    np.r_[customer, back.customer[still]],
                    np.r_[days, back.day[still]],
                    np.r_[amount, back.amount[still]],
                )
        return PurchaseDays(self.ids, customer, days, amount, self.refunds, valued=self.valued)

    def gaps(self) -> Codes:
        """Days between a customer's purchases, all customers together."""
        same = self.customer[1:] == self.customer[:-1]
        return np.asarray(np.diff(self.day)[same], dtype=np.int64)

    def count(self, after: int, until: int) -> Array:
        """Purchase days of each customer after one day and up to another."""
        inside = (self.day > after) & (self.day <= until)
        return np.bincount(self.customer[inside], minlength=len(self.ids)).astype(float)

    def spend(self, after: int, until: int) -> Array:
        """Spend of each customer after one day and up to another."""
        inside = (self.day > after) & (self.day <= until)
        spent = self.amount[inside]
        total = np.bincount(self.customer[inside], weights=spent, minlength=len(self.ids))
        return np.asarray(total, dtype=float)

    def first(self) -> Array:
        """First day of each customer; NaN for who has none."""
        return self._edge(np.r_[True, self.customer[1:] != self.customer[:-1]])

    def last(self) -> Array:
        """Last day of each customer; NaN for who has none."""
        return self._edge(np.r_[self.customer[1:] != self.customer[:-1], True])

    def _edge(self, at: Mask) -> Array:
        out = np.full(len(self.ids), np.nan)
        if self.customer.size:
            out[self.customer[at]] = self.day[at]
        return out


def day_number(day: object, name: str = "as_of") -> int:
    """Count the days since 1970, or name what was given."""
    when = pd.Timestamp(day)  # type: ignore[arg-type]
    if pd.isna(when):
        raise DataError(f"{name} is {day!r}", remedy="give a day such as 2025-12-31")
    return int(when.tz_localize(None).to_datetime64().astype("datetime64[D]").astype(int))


def as_purchase_days(transactions: pd.DataFrame | PurchaseDays) -> PurchaseDays:
    """Give a log as sorted days; one that is sorted already comes back as it is."""
    if isinstance(transactions, PurchaseDays):
        return transactions
    return purchase_days(transactions)


def purchase_days(transactions: pd.DataFrame, refunds: pd.DataFrame | None = None) -> PurchaseDays:
    """Sort a log of purchases by customer and day; one day is one purchase.

    Parameters
    ----------
    transactions : DataFrame
        Columns customer_id, date, and, where amounts are known, amount; one row a purchase.
    refunds : DataFrame, optional
        What has been taken off these purchases: customer_id, date (of the purchase), refunded_on,
        amount (above zero), such as `workbench.data.Tables.refunds` gives. Days before
        refunded_on are looked at as they were then.

    Raises
    ------
    DataError
        A column is missing, a value is missing or is no date or number, nothing is left.
    """
    require_columns(transactions, ("customer_id", "date"), "the log has")
    valued = "amount" in transactions
    days = _days(transactions, "date")
    amounts = _amounts(transactions) if valued else np.zeros(len(transactions))
    _refuse_gaps(transactions, ("customer_id", "date", *(["amount"] if valued else [])))
    bought = amounts >= 0
    if not bought.any():
        raise DataError("the log has no purchase", remedy="look at the amounts' sign")
    people = transactions["customer_id"]
    days, amounts = days[bought], amounts[bought]
    returned = None
    if refunds is None or refunds.empty:
        codes, ids = _codes(people)
        codes = codes[bought]
    else:
        require_columns(refunds, ("customer_id", "date", "refunded_on", "amount"), "refunds have")
        _refuse_gaps(refunds, ("customer_id", "date", "refunded_on", "amount"))
        of = people.to_numpy(dtype=object)[bought]
        both, names = pd.factorize(np.r_[of, refunds["customer_id"].to_numpy()], sort=True)
        ids = pd.Index(names)
        codes = both[: len(of)]
        returned = Returns(
            both[len(of) :].astype(np.int64), _days(refunds, "date"),
            _days(refunds, "refunded_on"), _amounts(refunds),
        )  # fmt: skip
    there = np.zeros(len(ids), dtype=bool)
    there[codes] = True
    if returned is not None:
        there[returned.customer] = True
    if not there.all():  # somebody whose only rows are refunds
        codes, ids = (np.cumsum(there) - 1)[codes], ids[there]
    customer, days, amounts = _by_day(codes, days, amounts)
    return PurchaseDays(
        pd.Index(ids, name="customer_id"), customer, days, amounts, int((~bought).sum()),
        returned, valued,
    )  # fmt: skip


def _by_day(customer: Codes, day: Codes, amount: Array) -> tuple[Codes, Codes, Array]:
    """Sort by customer and day, and add up what lies on one day."""
    first = int(day.min()) if day.size else 0
    days = int(day.max()) - first + 1 if day.size else 1
    key = customer.astype(np.int64) * days + (day - first)
    order = np.argsort(key, kind="stable")
    key = key[order]
    new = np.r_[True, key[1:] != key[:-1]]
    sums = np.add.reduceat(amount[order], np.flatnonzero(new))
    customer, day = customer[order][new], day[order][new]
    return customer.astype(np.int64), day, np.asarray(sums, dtype=float)


def _codes(people: pd.Series) -> tuple[Codes, pd.Index]:
    """Give customers numbers in their order; categories in order have theirs already."""
    kind = people.dtype
    if isinstance(kind, pd.CategoricalDtype) and kind.categories.is_monotonic_increasing:
        return np.asarray(people.cat.codes, dtype=np.int64), kind.categories
    codes, ids = pd.factorize(people, sort=True)
    return np.asarray(codes, dtype=np.int64), pd.Index(ids)


def _days(frame: pd.DataFrame, name: str) -> Codes:
    dates = frame[name]
    if not pd.api.types.is_datetime64_any_dtype(dates):
        try:
            dates = pd.to_datetime(dates, format="ISO8601")  # a guess could swap day and month
        except (ValueError, TypeError) as error:
            raise DataError(
                f"{name} holds something that is no date", where=str(error),
                remedy="mend these rows",
            ) from None  # fmt: skip
    if dates.dt.tz is not None:
        dates = dates.dt.tz_localize(None)
    return np.asarray(dates.to_numpy().astype("datetime64[D]").astype(np.int64))


def _amounts(frame: pd.DataFrame) -> Array:
    if not pd.api.types.is_numeric_dtype(frame["amount"]):
        raise DataError("amount holds text", remedy="convert the column to numbers first")
    return frame["amount"].to_numpy(dtype=float)


def _refuse_gaps(frame: pd.DataFrame, names: tuple[str, ...]) -> None:
    for name in names:
        if frame[name].isna().any():
            raise DataError(
                f"{name} is missing",
                where=rows_of(frame.index[frame[name].isna()]),
                remedy="leave these rows out",
            )
