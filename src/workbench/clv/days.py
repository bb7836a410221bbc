"""Purchase days of a log as arrays, and what was known of its customers on any past day."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.arrays import Array, Index
from workbench.errors import DataError
from workbench.units import DAYS_PER_UNIT, check_unit


def summarise(log: pd.DataFrame, *, as_of: pd.Timestamp | str, unit: str) -> pd.DataFrame:
    """Summarise a log of purchases held in memory, one row a customer.

    Parameters
    ----------
    log : DataFrame
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
    missing = [c for c in ("customer_id", "date") if c not in log]
    if missing:
        raise DataError(
            f"the log has no column {', '.join(missing)}",
            remedy="give customer_id and date, one row a purchase",
        )
    per = DAYS_PER_UNIT[check_unit(unit)]
    known = BuyingDays(log, pd.Timestamp(as_of).normalize())
    if not known.day.size:
        raise DataError(f"there is no purchase to {as_of}", remedy="look at as_of and the dates")
    code, gap = known.gaps()
    out = known.summary(0, per)
    logs = np.bincount(code, weights=np.log(gap / per), minlength=len(out))
    out = out.assign(log_gaps=logs).rename_axis("customer_id")
    out.attrs["time_unit"] = unit
    return out


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
        return np.asarray(-self.day[start], dtype=float)

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
