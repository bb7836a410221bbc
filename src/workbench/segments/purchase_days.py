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
    """

    ids: pd.Index
    customer: Codes
    day: Codes
    amount: Array
    refunds: int

    @property
    def span(self) -> int:
        """Days from the first purchase of all to the last."""
        return int(self.day.max() - self.day.min()) if self.day.size else 0

    def until(self, day: int) -> PurchaseDays:
        """Give what was known on a day."""
        known = self.day <= day
        return PurchaseDays(
            self.ids, self.customer[known], self.day[known], self.amount[known], self.refunds
        )

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


def purchase_days(transactions: pd.DataFrame) -> PurchaseDays:
    """Sort a log of purchases by customer and day; one day is one purchase.

    Parameters
    ----------
    transactions : DataFrame
        Columns customer_id, date, amount; one row a purchase.

    Raises
    ------
    DataError
        A column is missing, a value is missing or is no date or number, nothing is left.
    """
    require_columns(transactions, ("customer_id", "date", "amount"), "the log has")
    dates = transactions["date"]
    if not pd.api.types.is_datetime64_any_dtype(dates):
        try:
            dates = pd.to_datetime(dates, format="ISO8601")  # a guess could swap day and month
        except (ValueError, TypeError) as error:
            raise DataError(
                "date holds something that is no date", where=str(error), remedy="mend these rows"
            ) from None
    if not pd.api.types.is_numeric_dtype(transactions["amount"]):
        raise DataError("amount holds text", remedy="convert the column to numbers first")
    for name, column in (
        ("customer_id", transactions["customer_id"]),
        ("date", dates),
        ("amount", transactions["amount"]),
    ):
        if column.isna().any():
            raise DataError(
                f"{name} is missing",
                where=rows_of(transactions.index[column.isna()]),
                remedy="leave these rows out",
            )
    amounts = transactions["amount"].to_numpy(dtype=float)
    bought = amounts >= 0
    if not bought.any():
        raise DataError("the log has no purchase", remedy="look at the amounts' sign")
    if dates.dt.tz is not None:
        dates = dates.dt.tz_localize(None)
    days = dates.to_numpy().astype("datetime64[D]").astype(np.int64)[bought]
    codes, ids = pd.factorize(transactions["customer_id"].to_numpy()[bought], sort=True)
    order = np.lexsort((days, codes))
    codes, days, amounts = codes[order], days[order], amounts[bought][order]
    new = np.r_[True, (codes[1:] != codes[:-1]) | (days[1:] != days[:-1])]
    return PurchaseDays(
        pd.Index(ids, name="customer_id"),
        codes[new].astype(np.int64),
        days[new],
        np.add.reduceat(amounts, np.flatnonzero(new)),
        int((~bought).sum()),
    )
