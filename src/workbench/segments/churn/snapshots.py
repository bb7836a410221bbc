"""What was known of customers on a day, and whether they left after it: what a model learns from.

Everything in `features` was there on the day; everything in `left` came after it. A model that is
to call customers tomorrow may see no more than that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from workbench.errors import DataError, require_columns, rows_of
from workbench.segments.profiles.fairness import PROTECTED as AGE_AND_GENDER
from workbench.segments.purchase_days import PurchaseDays, as_purchase_days, day_number

Who = Literal["buyers", "subscribers"]

#: Columns about a person that the law or fairness protects; models leave them out unless asked.
PROTECTED = (
    *AGE_AND_GENDER, "age_band", "sex", "female", "male", "marital_status",
    "ethnicity", "race", "nationality", "religion", "disability", "senior_citizen", "kids_count",
    "household_comp", "household_size", "partner", "dependents",
)  # fmt: skip


@dataclass(frozen=True)
class Snapshot:
    """Customers at risk on a day.

    Attributes
    ----------
    features : DataFrame
        One row a customer (index customer_id), one column a feature, known on the day.
    left : Series of bool or None
        Whether each left within the horizon after it; None where the horizon is not over.
    value : Series
        What each brought in the year up to the day, or brings in a year by contract.
    day, until : Timestamp
        The day, and the end of the horizon.
    protected : tuple of str
        Features that the law or fairness protects.
    who : {"buyers", "subscribers"}
        Whether they leave by falling silent, or when their last contract ends.
    """

    features: pd.DataFrame
    left: pd.Series | None
    value: pd.Series
    day: pd.Timestamp
    until: pd.Timestamp
    protected: tuple[str, ...] = ()
    who: Who = "buyers"


def purchase_snapshot(
    transactions: pd.DataFrame | PurchaseDays,
    day: object,
    *,
    horizon: int,
    active_within: int,
    as_of: object,
) -> Snapshot:
    """Describe who was active on a day; they leave by buying nothing for a stated time.

    Parameters
    ----------
    transactions : DataFrame or PurchaseDays
    day : date
        Only what was known on it is used.
    horizon : int
        Days after it; who buys nothing in them has left.
    active_within : int
        At risk is who bought within so many days before.
    as_of : date
        Where the log ends: a horizon that reaches beyond it has no outcome yet.

    Raises
    ------
    DataError
        Nobody was active, or the day lies after the end of the log.
    """
    log = as_purchase_days(transactions)
    on, end = day_number(day, "day"), day_number(as_of)
    if on > end:
        raise DataError("the day lies after the end of the log", remedy="choose an earlier day")
    if horizon < 1 or active_within < 1:
        raise DataError(
            f"horizon {horizon} and active_within {active_within} days",
            remedy="both must be at least one day",
        )
    known = log.until(on)
    first, last = known.first(), known.last()
    at_risk = on - last <= active_within  # NaN, who has not bought yet, compares as false
    if not at_risk.any():
        raise DataError(
            f"nobody bought in the {active_within} days before {pd.Timestamp(on, unit='D').date()}",
            remedy="look at the day, or widen active_within",
        )
    window = active_within
    now, before = known.count(on - window, on), known.count(on - 2 * window, on - window)
    orders = known.count(-(10**6), on)
    spend_now, spend_year = known.spend(on - window, on), known.spend(on - 365, on)
    total = known.spend(-(10**6), on)
    tenure, silent = on - first, on - last
    with np.errstate(invalid="ignore", divide="ignore"):
        # the usual gap; of who bought once, the time since
        gap = np.where(orders > 1, (last - first) / np.maximum(orders - 1, 1), silent)
        features = pd.DataFrame(
            {
                "days since the last purchase": silent,
                "time without a purchase, in usual gaps": silent / np.maximum(gap, 1),
                "orders (log)": np.log1p(orders),
                "orders lately (log)": np.log1p(now),
                "change in orders": (now - before) / np.maximum(now + before, 1),
                "spend lately (log)": np.log1p(spend_now),
                "spend per order (log)": np.log1p(total / np.maximum(orders, 1)),
                "days as a customer (log)": np.log1p(tenure),
            },
            index=log.ids,
        )[at_risk]
    if not log.valued:
        features = features.drop(columns=["spend lately (log)", "spend per order (log)"])
    left = None
    if on + horizon <= end:
        left = pd.Series(log.count(on, on + horizon)[at_risk] == 0, features.index, name="left")
    worth = spend_year[at_risk] if log.valued else np.nan
    value = pd.Series(worth, features.index, name="value", dtype=float)
    return Snapshot(features, left, value, *_stamps(on, on + horizon))


def contract_snapshot(
    contracts: pd.DataFrame, day: object, *, horizon: int, as_of: object
) -> Snapshot:
    """Describe who was under contract on a day; they leave when their last contract ends.

    Parameters
    ----------
    contracts : DataFrame
        customer_id, start, end (missing: still running), and if there are: plan, monthly_fee.
    day : date
        Only what was known on it is used: an end that came later is not.
    horizon : int
        Days after it; whose contracts have all ended by then has left.
    as_of : date
        Where the data end: a horizon that reaches beyond it has no outcome yet.

    Raises
    ------
    DataError
        A column is missing, an end before its start, or nobody was under contract.
    """
    require_columns(contracts, ("customer_id", "start", "end"), "the contracts have")
    begun, ended = pd.to_datetime(contracts["start"]), pd.to_datetime(contracts["end"])
    wrong = ended < begun
    if wrong.any():
        raise DataError(
            "a contract ends before it starts",
            where=rows_of(contracts.index[wrong]),
            remedy="mend these rows or leave them out",
        )
    on, until = _stamps(day_number(day, "day"), day_number(day, "day") + horizon)
    if horizon < 1:
        raise DataError(f"horizon is {horizon} days", remedy="give at least one day")
    running = (begun <= on) & (ended.isna() | (ended > on))
    if not running.any():
        raise DataError(f"nobody was under contract on {on.date()}", remedy="look at the day")
    mine = contracts[running].assign(
        tenure_=(on - begun[running]).dt.days,
        stays_=(ended[running].isna() | (ended[running] > until)),
    )
    by = mine.groupby("customer_id", sort=True, observed=True)
    features = pd.DataFrame(
        {
            "days under contract (log)": np.log1p(by["tenure_"].max().astype(float)),
            "contracts": by.size().astype(float),
        }
    )
    ever = contracts[begun <= on].groupby("customer_id", observed=True).size()
    features["contracts ended before"] = ever.reindex(features.index) - features["contracts"]
    value = pd.Series(np.nan, features.index)
    if "monthly_fee" in mine:
        fee = by["monthly_fee"].sum(min_count=1)
        features["monthly fee"], value = fee, fee * 12
    if "plan" in mine:
        features["plan"] = mine.sort_values("tenure_").groupby("customer_id")["plan"].last()
    left = None
    if until <= pd.Timestamp(day_number(as_of), unit="D"):
        left = ~by["stays_"].any().rename("left")
    return Snapshot(features, left, value.rename("value"), on, until, who="subscribers")


def with_contacts(snapshot: Snapshot, interactions: pd.DataFrame, *, within: int = 180) -> Snapshot:
    """Add what customers had asked and complained about before the day.

    Parameters
    ----------
    snapshot : Snapshot
    interactions : DataFrame
        customer_id, at, and if there are: kind, response_hours, resolved.
    within : int
        Days before the day that count.
    """
    require_columns(interactions, ("customer_id", "at"), "the contacts have")
    at = pd.to_datetime(interactions["at"])
    after, end = snapshot.day - pd.Timedelta(days=within), snapshot.day + pd.Timedelta(days=1)
    recent = interactions[(at >= after) & (at < end)]
    by = recent.groupby("customer_id", observed=True)
    found = {"contacts": by.size()}
    if "kind" in recent:
        complaints = recent[recent["kind"].astype(str).str.lower() == "complaint"]
        found["complaints"] = complaints.groupby("customer_id", observed=True).size()
    if "resolved" in recent:
        # left open: said to be so, not merely unknown
        open_ = recent[recent["resolved"].astype("boolean").eq(False).fillna(False).astype(bool)]
        found["matters left open"] = open_.groupby("customer_id", observed=True).size()
    if "response_hours" in recent:
        found["hours waited (log)"] = np.log1p(by["response_hours"].sum())
    added = pd.DataFrame(found).reindex(snapshot.features.index).fillna(0.0).astype(float)
    return replace(snapshot, features=snapshot.features.join(added))


def with_purchases(
    snapshot: Snapshot, transactions: pd.DataFrame | PurchaseDays, *, within: int = 180
) -> Snapshot:
    """Add to people under contract what they had bought before the day."""
    log = as_purchase_days(transactions).until(day_number(snapshot.day))
    on = day_number(snapshot.day)
    added = pd.DataFrame(
        {
            "shop orders (log)": np.log1p(log.count(on - within, on)),
            "shop spend (log)": np.log1p(log.spend(on - within, on)),
        },
        index=log.ids,
    )
    added = added.reindex(snapshot.features.index).fillna(0.0)
    return replace(snapshot, features=snapshot.features.join(added))


def with_attributes(
    snapshot: Snapshot,
    customers: pd.DataFrame,
    columns: Sequence[str] | None = None,
    *,
    use_protected: bool = False,
    most_levels: int = 12,
) -> Snapshot:
    """Add what the customer table says; protected attributes only where that is asked for.

    Parameters
    ----------
    snapshot : Snapshot
    customers : DataFrame
        customer_id and attributes. Those with more than `most_levels` words are left out, and
        dates: what does not repeat teaches nothing.
    columns : sequence of str, optional
        All that can be used, by default.
    use_protected : bool
        Whether age, gender and the like may be used; then `protected` names them.
    most_levels : int
    """
    people, protected = usable_attributes(
        customers, columns, use_protected=use_protected, most_levels=most_levels
    )
    added = people.reindex(snapshot.features.index)
    added = added.rename(columns={c: f"{c} (customer)" for c in added if c in snapshot.features})
    features = snapshot.features.join(added)
    return replace(snapshot, features=features, protected=(*snapshot.protected, *protected))


def usable_attributes(
    customers: pd.DataFrame,
    columns: Sequence[str] | None = None,
    *,
    use_protected: bool = False,
    most_levels: int = 12,
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Give the attributes that a model may use, by customer_id, and which of them are protected.

    Parameters
    ----------
    customers, columns, use_protected, most_levels
        See `with_attributes`.
    """
    require_columns(customers, ["customer_id"], "the customers have")
    if columns is not None and (unknown := [c for c in columns if c not in customers]):
        raise DataError(
            f"the customers have no column {unknown[0]!r}",
            remedy=f"columns: {', '.join(map(str, customers.columns))}",
        )
    people = customers.drop_duplicates("customer_id").set_index("customer_id")
    chosen, protected = [], []
    for name in columns if columns is not None else people.columns:
        values = people[name]
        number = pd.api.types.is_numeric_dtype(values)
        if pd.api.types.is_datetime64_any_dtype(values):
            continue
        if not number and values.nunique() > most_levels:
            continue
        if str(name).lower() in PROTECTED:
            if not use_protected:
                continue
            protected.append(_words(name))
        chosen.append(name)
    return people[chosen].rename(columns=_words), tuple(protected)


def _words(name: object) -> str:
    """Write a column's name as words, as a page shows it."""
    return str(name).replace("_", " ")


def _stamps(first: int, last: int) -> tuple[pd.Timestamp, pd.Timestamp]:
    return pd.Timestamp(first, unit="D"), pd.Timestamp(last, unit="D")
