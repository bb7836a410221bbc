"""Purchase days of a log as arrays, and what was known of its customers on any past day."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.arrays import Array, Index


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
        days = pd.to_datetime(log["date"]).dt.normalize()
        seen = (days <= as_of).to_numpy()
        self.end = as_of
        self.valued = "amount" in log and bool(log["amount"].notna().any())
        amount = log["amount"].to_numpy(dtype=float) if self.valued else np.zeros(len(log))
        seen = seen & (amount >= 0)
        ago = (days - as_of).dt.days.to_numpy()
        frame = pd.DataFrame(
            {"id": log["customer_id"].to_numpy()[seen], "amount": amount[seen], "day": ago[seen]}
        ).groupby(["id", "day"], sort=True, as_index=False)["amount"].sum()  # fmt: skip
        self.code, self.ids = pd.factorize(frame["id"])
        self.day, self.amount = frame["day"].to_numpy(), frame["amount"].to_numpy(dtype=float)

    def summary(self, origin: int, per: float) -> pd.DataFrame:
        """Frequency, recency, age, mean_spend as of a day; rows are sorted by customer and day."""
        rows = np.flatnonzero(self.day <= origin)
        code, day, amount = self.code[rows], self.day[rows], self.amount[rows]
        who, start = np.unique(code, return_index=True)
        n = np.diff(np.append(start, code.size))
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
        _, start = np.unique(self.code, return_index=True)
        return -self.day[start].astype(float)

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
