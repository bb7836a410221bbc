"""Days to learn from, a day to test on, and today: the snapshots that a churn model needs.

The outcomes of all days learnt from are known on the day of the test, and those of the test on the
last day of the data. Nothing of what came after a day is used for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from workbench.errors import DataError
from workbench.segments.churn.snapshots import (
    Snapshot,
    contract_snapshot,
    purchase_snapshot,
    with_attributes,
    with_contacts,
    with_purchases,
)
from workbench.segments.purchase_days import PurchaseDays, as_purchase_days, day_number


@dataclass(frozen=True)
class Timeline:
    """Snapshots in the order of time.

    Attributes
    ----------
    learn : tuple of Snapshot
        The latest first; none where the data are too short.
    test, now : Snapshot
        With its outcome, and without one yet.
    horizon : int
        Days after a snapshot in which customers leave or stay.
    """

    learn: tuple[Snapshot, ...]
    test: Snapshot
    now: Snapshot
    horizon: int


def purchase_timeline(
    transactions: pd.DataFrame | PurchaseDays,
    *,
    as_of: object,
    horizon: int,
    active_within: int | None = None,
    days: int = 4,
    interactions: pd.DataFrame | None = None,
    customers: pd.DataFrame | None = None,
    use_protected: bool = False,
) -> Timeline:
    """Lay out the days for customers without a contract, who leave by falling silent.

    Parameters
    ----------
    transactions : DataFrame or PurchaseDays
    as_of : date
        Today, and the end of the data.
    horizon : int
        Days without a purchase that count as having left.
    active_within : int, optional
        At risk is who bought within so many days; the horizon by default.
    days : int
        At most so many days to learn from, a horizon apart.
    interactions, customers : DataFrame, optional
        What else is known of them (see `with_contacts` and `with_attributes`).
    use_protected : bool
        Whether age, gender and the like may be used.

    Raises
    ------
    DataError
        If the log does not reach back for the test.
    """
    log = as_purchase_days(transactions)
    within = horizon if active_within is None else active_within
    first = int(log.day.min()) + within
    return _timeline(
        [
            _widened(
                purchase_snapshot(log, day, horizon=horizon, active_within=within, as_of=as_of),
                interactions, None, customers, use_protected,
            )
            for day in _days(as_of, first, horizon, days, "log")
        ],
        horizon,
    )  # fmt: skip


def contract_timeline(
    contracts: pd.DataFrame,
    *,
    as_of: object,
    horizon: int = 90,
    days: int = 6,
    interactions: pd.DataFrame | None = None,
    transactions: pd.DataFrame | PurchaseDays | None = None,
    customers: pd.DataFrame | None = None,
    use_protected: bool = False,
) -> Timeline:
    """Lay out the days for customers under contract, who leave when their last contract ends.

    Parameters
    ----------
    contracts : DataFrame
        customer_id, start, end, and if there are: plan, monthly_fee.
    as_of, horizon, days, interactions, customers, use_protected
        See `purchase_timeline`.
    transactions : DataFrame or PurchaseDays, optional
        What they buy besides.

    Raises
    ------
    DataError
        If the contracts do not reach back for the test.
    """
    if "start" not in contracts or contracts["start"].isna().all():
        raise DataError("the contracts have no start", remedy="give customer_id, start and end")
    first = day_number(pd.to_datetime(contracts["start"]).min(), "start") + horizon
    log = None if transactions is None else as_purchase_days(transactions)
    return _timeline(
        [
            _widened(
                contract_snapshot(contracts, day, horizon=horizon, as_of=as_of),
                interactions, log, customers, use_protected,
            )
            for day in _days(as_of, first, horizon, days, "contracts")
        ],
        horizon,
    )  # fmt: skip


def _days(as_of: object, first: int, horizon: int, most: int, what: str) -> list[pd.Timestamp]:
    last = day_number(as_of)
    if horizon < 1:
        raise DataError(f"horizon is {horizon} days", remedy="give at least one day")
    if last - horizon < first:
        raise DataError(
            f"the {what} reach back for no test: it needs two horizons of {horizon} days",
            remedy="take a shorter horizon, or wait",
        )
    count = min(most + 1, (last - first) // horizon)
    return [pd.Timestamp(last - horizon * k, unit="D") for k in range(count + 1)]


def _widened(
    snapshot: Snapshot,
    interactions: pd.DataFrame | None,
    log: PurchaseDays | None,
    customers: pd.DataFrame | None,
    use_protected: bool,
) -> Snapshot:
    if interactions is not None:
        snapshot = with_contacts(snapshot, interactions)
    if log is not None:
        snapshot = with_purchases(snapshot, log)
    if customers is not None:
        snapshot = with_attributes(snapshot, customers, use_protected=use_protected)
    return snapshot


def _timeline(snapshots: list[Snapshot], horizon: int) -> Timeline:
    now, test, *learn = snapshots
    return Timeline(tuple(learn), test, now, horizon)
