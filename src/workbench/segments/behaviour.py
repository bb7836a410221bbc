"""What a customer's log says about them: when last, how often, how much."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from workbench.errors import DataError


@dataclass(frozen=True)
class Behaviour:
    """Purchases per customer up to a day.

    Attributes
    ----------
    table : DataFrame
        One row a customer: customer_id, days_since_last (days since the last purchase),
        orders (days with a purchase), spend (sum of purchases), tenure (days since the first).
    as_of : Timestamp
        The day from which is counted.
    refunds : int
        Rows with a negative amount: no purchase, and not taken off `spend`.
    later : int
        Rows after `as_of`, left out.
    """

    table: pd.DataFrame
    as_of: pd.Timestamp
    refunds: int
    later: int


def behaviour(transactions: pd.DataFrame, *, as_of: object) -> Behaviour:
    """Summarise a log of purchases per customer.

    Purchases of a customer on one day count as one order.

    Parameters
    ----------
    transactions : DataFrame
        Columns customer_id, date, amount; one row a purchase.
    as_of : date
        The day from which is counted; what lies after it is left out.

    Raises
    ------
    DataError
        A column is missing, a date or amount is missing or not one, nothing is left.
    """
    missing = [c for c in ("customer_id", "date", "amount") if c not in transactions]
    if missing:
        raise DataError(
            f"the log has no column {', '.join(missing)}",
            remedy="give customer_id, date and amount, one row a purchase",
        )
    day = pd.Timestamp(as_of).normalize()  # type: ignore[arg-type]
    if pd.isna(day):
        raise DataError(f"as_of is {as_of!r}", remedy="give the day from which to count")
    log = transactions[["customer_id", "date", "amount"]]
    if log["customer_id"].isna().any():
        raise DataError(
            "customer_id is missing", where=_rows(log, "customer_id"), remedy="leave these rows out"
        )
    if not pd.api.types.is_datetime64_any_dtype(log["date"]):
        try:
            log = log.assign(date=pd.to_datetime(log["date"]))
        except (ValueError, TypeError) as error:
            raise DataError(
                "date holds something that is no date", where=str(error), remedy="mend these rows"
            ) from None
    if not pd.api.types.is_numeric_dtype(log["amount"]):
        raise DataError("amount holds text", remedy="convert the column to numbers first")
    for column in ("date", "amount"):
        if log[column].isna().any():
            raise DataError(
                f"{column} is missing", where=_rows(log, column), remedy="leave these rows out"
            )
    if log["date"].dt.tz is not None:
        log = log.assign(date=log["date"].dt.tz_localize(None))
    log = log.assign(date=log["date"].dt.normalize())
    later = log["date"] > day
    refunds = log["amount"] < 0
    log = log[~later & ~refunds]
    if log.empty:
        raise DataError(
            f"there is no purchase to {day.date()}", remedy="look at as_of and the dates"
        )
    by_day = log.groupby(["customer_id", "date"], sort=True, observed=True)["amount"].sum()
    by_customer = by_day.reset_index().groupby("customer_id", sort=True, observed=True)
    table = by_customer.agg(
        last=("date", "max"),
        first=("date", "min"),
        orders=("date", "size"),
        spend=("amount", "sum"),
    ).reset_index()
    # the sum of one customer's amounts must not depend on their order: alike, they score alike
    table["spend"] = table["spend"].round(6)
    table.insert(1, "days_since_last", (day - table["last"]).dt.days)
    table["tenure"] = (day - table["first"]).dt.days
    return Behaviour(
        table.drop(columns=["last", "first"]), day, int(refunds.sum()), int(later.sum())
    )


def _rows(log: pd.DataFrame, column: str) -> str:
    bad = log.index[log[column].isna()]
    more = f" and {len(bad) - 5:,} more" if len(bad) > 5 else ""
    return f"row{'s' if len(bad) > 1 else ''} {', '.join(map(str, bad[:5]))}{more}"
