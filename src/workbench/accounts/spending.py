"""What each account bought within a time."""

from __future__ import annotations

import pandas as pd


def bought_within(sales: pd.DataFrame, since: pd.Timestamp, until: pd.Timestamp) -> pd.Series:
    """Sum what each account bought after one day, up to another; who bought nothing is not in it.

    Parameters
    ----------
    sales : DataFrame
        customer_id, date, amount.
    since, until : Timestamp
        Purchases of `since` do not count, those of `until` do.
    """
    own = sales[(sales["date"] > since) & (sales["date"] <= until)]
    return own.groupby("customer_id")["amount"].sum()
