"""What customers have brought so far: all that can be said where no model can be fitted."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from workbench.errors import DataError
from workbench.results import Estimate, Finding, Result, labelled
from workbench.stats.intervals import mean_interval, proportion_interval

AGAIN = (
    "So far, {again} of {n} customers have bought again ({share}). That can be counted; nothing is "
    "foreseen of them here."
)
BROUGHT = "Together they have brought {total} up to {day}, {mean} a customer."


@dataclass(frozen=True)
class SoFar(Result):
    """Counts and sums of a log.

    Attributes
    ----------
    table : DataFrame
        One row a number of purchase days: purchases (label, the last one open-ended), n, share,
        low, high.
    again : Estimate
        Share of customers who have bought on a second day.
    day : Timestamp
        The last day looked at.
    total, mean : Estimate or None
        Amounts of all, and of a customer; None where the log has none.
    """

    table: pd.DataFrame
    again: Estimate
    day: pd.Timestamp
    total: Estimate | None = None
    mean: Estimate | None = None

    def estimates(self) -> dict[str, Estimate]:
        """Return the share who bought again, and what a customer brought."""
        found = {"again": self.again, "total_so_far": self.total, "mean_so_far": self.mean}
        return {name: each for name, each in found.items() if each is not None}

    def findings(self) -> list[Finding]:
        """Say how many have bought again, and what all have brought."""
        n = int(self.again.n)
        values = {"again": round(self.again.value * n), "n": n, "share": self.again}
        found = [Finding("so_far.again", AGAIN, values)]
        if self.total is not None:
            values = {"total": self.total, "day": self.day.date(), "mean": self.mean}
            found.append(Finding("so_far.brought", BROUGHT, values, money=self.total))
        return found


def so_far(
    log: pd.DataFrame, *, as_of: pd.Timestamp | str, currency: str = "", top: int = 4
) -> SoFar:
    """Count a log of purchases up to a day.

    Parameters
    ----------
    log : DataFrame
        customer_id and date; amount, where the log has amounts. A negative amount is no purchase.
    as_of : Timestamp or str
        Last day looked at.
    currency : str
        ISO 4217 code of the amounts.
    top : int
        Customers with at least this many purchase days share a row.

    Raises
    ------
    DataError
        There is no purchase up to that day.

    Examples
    --------
    >>> import pandas as pd
    >>> from workbench.clv import so_far
    >>> days = pd.to_datetime(["2025-01-02", "2025-01-05", "2025-02-01"])
    >>> log = pd.DataFrame({"customer_id": [*"aab"], "date": days, "amount": [5.0, 7.0, 9.0]})
    >>> found = so_far(log, as_of="2025-12-31")
    >>> found.again.value, found.total.value
    (0.5, 21.0)
    """
    day = pd.Timestamp(as_of).normalize()
    seen = log.assign(date=pd.to_datetime(log["date"]).dt.normalize())
    seen = seen[seen["date"] <= day]
    valued = "amount" in seen and bool(seen["amount"].notna().any())
    bought = seen[seen["amount"] >= 0] if valued else seen
    if bought.empty:
        raise DataError(f"there is no purchase to {day.date()}", remedy="look at as_of")
    days = (
        bought.drop_duplicates(["customer_id", "date"]).groupby("customer_id", observed=True).size()
    )
    n = len(days)
    counted = days.clip(upper=top).value_counts().sort_index()
    rows = [
        {
            "purchases": f"{k}+" if k == top else str(k),
            "n": int(people),
            **dict(zip(("share", "low", "high"), proportion_interval(int(people), n), strict=True)),
        }
        for k, people in counted.items()
    ]
    table = labelled(
        pd.DataFrame(rows), purchases="Purchase days", n="Customers", share=("Share", "percent:1")
    )
    again = proportion_interval(int((days > 1).sum()), n).named(
        "Customers who have bought again",
        kind="percent",
        better="up",
        fact="customers.bought_again",
    )
    if not valued:
        return SoFar(table, again, day)
    about = {"kind": "money", "unit": currency, "better": "up"}
    brought = (
        seen.groupby("customer_id", observed=True)["amount"]
        .sum()
        .reindex(days.index)
        .to_numpy(dtype=float)
    )
    mean = mean_interval(brought).named("Brought per customer so far", **about)
    total = Estimate(float(brought.sum()), n=float(n)).named("Brought by all so far", **about)
    return SoFar(table, again, day, total, mean)
