"""Summarises purchases per customer inside the engine, as the purchase models need them.

The terms are those of Fader, Hardie and Lee (2005), "Counting Your Customers" the Easy Way,
Marketing Science 24(2), 275-284: x repeat purchases, the last of them at t_x, observed for T.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from workbench.data import expressions as ibis
from workbench.data.engine import Engine
from workbench.data.tables import Tables
from workbench.errors import DataError, did_you_mean
from workbench.units import DAYS_PER_UNIT

#: What the engine may take while it adds up; larger logs go through the disk.
MEMORY = "540MB"


@dataclass(frozen=True)
class PurchaseCounts:
    """What went into a customer summary, and what did not.

    Attributes
    ----------
    rows : int
        Rows of the table.
    refunds : int
        Rows with a negative amount that the card keeps: no purchase, and not taken off. (By
        default refunds are taken off the purchases before; the table's report tells how.)
    zero_amounts : int
        Rows with an amount of zero: purchases (a gift, a full discount), and they count as such.
    after_end : int
        Purchases after the last day looked at.
    purchases : int
        Rows that count, to the end of the calibration period.
    same_day : int
        Of these, rows of a day on which the customer had bought already: one day, one purchase.
    holdout : int
        Purchase days in the holdout period, of customers known at its start.
    too_new : int
        Customers who first bought after the calibration period; they are left out.
    set_aside : int
        Rows of the source that the cleaning set aside; the table's report gives the reasons.
    """

    rows: int
    refunds: int
    zero_amounts: int
    after_end: int
    purchases: int
    same_day: int
    holdout: int
    too_new: int
    set_aside: int = 0


@dataclass(frozen=True)
class CustomerSummary:
    """One row a customer, kept in the engine until it is asked for.

    Attributes
    ----------
    time_unit : str
        The unit of `recency` and `age`.
    as_of : date
        The last day of observation: the end of the calibration period where there is one.
    holdout_end : date or None
        The last day of the holdout period.
    holdout_length : float
        Its length in time units (0 without a holdout).
    customers : int
        Number of customers.
    counts : PurchaseCounts
        What was counted, by which rule.
    """

    expr: Any = field(repr=False)
    engine: Engine = field(repr=False)
    time_unit: str
    as_of: dt.date
    holdout_end: dt.date | None
    holdout_length: float
    customers: int
    counts: PurchaseCounts

    def frame(self) -> pd.DataFrame:
        """Give one row a customer.

        Returns
        -------
        DataFrame
            customer_id; frequency (repeat purchase days); recency (time from first to last
            purchase); age (time from first purchase to `as_of`); mean_spend (mean value of a
            repeat purchase day, missing for one-time buyers); holdout_frequency, where there is
            a holdout. Times are in `time_unit`, which the frame carries in its ``attrs``, with
            the ``holdout_length``.
        """
        columns = ["customer_id", "frequency", "recency", "age", "mean_spend"]
        if self.holdout_end is not None:
            columns.append("holdout_frequency")
        table = self.expr.select(*columns).order_by("customer_id")
        frame = _typed(self.engine.run(table, "customer summary"))
        frame.attrs |= {"time_unit": self.time_unit, "holdout_length": self.holdout_length}
        return frame

    def grouped(self) -> pd.DataFrame:
        """Give the distinct (frequency, recency, age) with their number of customers ``n``.

        This is all that the likelihood of a purchase model needs, and far fewer rows.
        """
        columns = ["frequency", "recency", "age"]
        table = self.expr.group_by(columns).aggregate(n=self.expr.count()).order_by(columns)
        frame = _typed(self.engine.run(table, "customer summary"))
        frame.attrs["time_unit"] = self.time_unit
        return frame

    @property
    def holdout(self) -> pd.DataFrame | None:
        """Give what each customer did in the holdout period, or None if there is none.

        Returns
        -------
        DataFrame or None
            customer_id, holdout_frequency (purchase days), holdout_spend; the rows of `frame`.
        """
        if self.holdout_end is None:
            return None
        columns = ["customer_id", "holdout_frequency", "holdout_spend"]
        table = self.expr.select(*columns).order_by("customer_id")
        return _typed(self.engine.run(table, "customer summary"))


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    for column in frame:
        if column in ("frequency", "n", "holdout_frequency"):
            frame[column] = frame[column].astype("int64")
        elif column != "customer_id":
            frame[column] = frame[column].astype("float64")
    return frame


def customer_summary(
    tables: Tables,
    table: str = "transactions",
    *,
    as_of: dt.date | None = None,
    calibration_end: dt.date | None = None,
    time_unit: str | None = None,
) -> CustomerSummary:
    """Summarise the purchases of a study's table; see `summarise_purchases`.

    Parameters
    ----------
    tables : Tables
        The study's tables.
    table : str
        ``transactions`` or a variant of it.
    as_of : date, optional
        The last day looked at; the study's by default.
    calibration_end : date, optional
        The last day that models may see; what follows, to `as_of`, is the holdout period.
    time_unit : str, optional
        hour, day, week, month, quarter or year; the study's by default.

    Examples
    --------
    >>> from workbench.data import customer_summary, open_tables
    >>> from workbench.study import load_study
    >>> tables = open_tables(load_study("cdnow"))
    >>> summary = customer_summary(tables, "transactions_sample")
    >>> summary.customers, summary.time_unit
    (2357, 'week')
    """
    tables.require_purchases(table)
    with tables.engine.within(MEMORY):
        log = tables.purchases(table, known=_day(calibration_end or as_of or tables.study.as_of))
        summary = summarise_purchases(
            tables.engine,
            log.expr,
            as_of=as_of or tables.study.as_of,
            calibration_end=calibration_end,
            time_unit=time_unit or tables.study.time_unit,
            read=log.read,
            mask=log.mask,
        )
        for scratch in log.scratch:
            tables.engine.drop(scratch)
    return summary


def summarise_purchases(
    engine: Engine,
    purchases: Any,
    *,
    as_of: dt.date,
    calibration_end: dt.date | None = None,
    time_unit: str = "day",
    read: int | None = None,
    mask: Callable[[Any], Any] | None = None,
) -> CustomerSummary:
    """Summarise a log of purchases per customer, inside the engine.

    The grain is the day: all purchases of a customer on one day are one purchase, and their
    amounts are added. Time is the number of days divided by the days of the unit. A negative
    amount is a refund and no purchase; an amount of zero is a purchase.

    Parameters
    ----------
    engine : Engine
        Where the log lies.
    purchases : ibis Table
        customer_id, date, amount; one row a purchase. Without amounts every row is a purchase,
        and what customers spend is missing.
    as_of : date
        The last day looked at, inclusive.
    calibration_end : date, optional
        The last day of calibration, inclusive; the days after it, to `as_of`, are the holdout.
    time_unit : str
        hour, day, week, month, quarter or year.
    read : int, optional
        Rows of the source, before any was set aside.
    mask : callable, optional
        Turns a column of customer ids into pseudonyms.

    Raises
    ------
    DataError
        If the dates or the unit make no sense, or no purchase is left.
    """
    if time_unit not in DAYS_PER_UNIT:
        raise DataError(
            f"{time_unit!r} is no time unit{did_you_mean(time_unit, DAYS_PER_UNIT)}",
            where="customer summary",
            remedy=f"use one of {', '.join(DAYS_PER_UNIT)}",
        )
    as_of = _day(as_of)
    end = _day(calibration_end) if calibration_end is not None else as_of
    if end > as_of:
        raise DataError(
            f"calibration_end {end} lies after as_of {as_of}",
            where="customer summary",
            remedy="end the calibration before the data end",
        )
    days = DAYS_PER_UNIT[time_unit]
    valued = "amount" in purchases.columns
    if not valued:
        purchases = purchases.mutate(amount=ibis.literal(0.0))
    log = purchases.select("customer_id", "date", "amount")
    log = log.mutate(
        date=log.date.cast("date"), buys=log.amount >= 0, seen=log.date.cast("date") <= as_of
    )
    daily = (
        log.filter(log.buys & log.seen)
        .group_by("customer_id", "date")
        .aggregate(spend=lambda t: t.amount.sum())
    )
    # without a holdout nothing need be told apart, which halves the work
    before = daily.date <= ibis.literal(end) if end < as_of else None
    sums = {
        "first": daily.date.min(),
        "last": daily.date.max(where=before),
        "days": daily.count(where=before),
        "spend": daily.spend.sum(where=before),
        "first_spend": daily.spend.argmin(daily.date),
    }
    if before is not None:
        sums["later_days"] = daily.count(where=~before)
        sums["later_spend"] = daily.spend.sum(where=~before)
    per_customer = daily.group_by("customer_id").aggregate(**sums)
    if before is None:
        nothing = {"later_days": ibis.literal(0), "later_spend": ibis.literal(0.0)}
        per_customer = per_customer.mutate(**nothing)
    kept = engine.keep(per_customer, "customer summary")
    counts = _counts(engine, log, kept, end, read)
    if not valued:
        counts = replace(counts, zero_amounts=0)
    known = kept.filter(kept["first"] <= ibis.literal(end))
    frequency = known.days - 1
    summary = known.select(
        # computed when it is asked for: the grouped rows name nobody
        customer_id=mask(known.customer_id) if mask is not None else known.customer_id,
        frequency=frequency.cast("int64"),
        recency=known["last"].delta(known["first"], unit="day") / days,
        age=ibis.literal(end).delta(known["first"], unit="day") / days,
        mean_spend=(known.spend - known.first_spend) / frequency.nullif(0)
        if valued
        else ibis.null("float64"),
        holdout_frequency=known.later_days.cast("int64"),
        holdout_spend=ibis.coalesce(known.later_spend, 0.0),
    )
    customers = int(engine.run(known.count(), "customer summary"))
    if customers == 0:
        raise DataError(
            f"there is no purchase to {end}",
            where="customer summary",
            remedy="look at as_of, calibration_end and the dates of the table",
        )
    return CustomerSummary(
        summary,
        engine,
        time_unit,
        end,
        as_of if end < as_of else None,
        (as_of - end).days / days,
        customers,
        counts,
    )


def _day(value: Any) -> dt.date:
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, str):
        return dt.date.fromisoformat(value)
    if isinstance(value, dt.date):
        return value
    return pd.Timestamp(value).date()


def _counts(engine: Engine, log: Any, kept: Any, end: dt.date, read: int | None) -> PurchaseCounts:
    of_log = engine.run(
        log.aggregate(
            rows=log.count(),
            refunds=(~log.buys).sum(),
            zero_amounts=(log.amount == 0).sum(),
            after_end=(log.buys & ~log.seen).sum(),
            purchases=(log.buys & (log.date <= ibis.literal(end))).sum(),
        ),
        "customer summary",
    ).iloc[0]
    known = kept["first"] <= ibis.literal(end)
    of_customers = engine.run(
        kept.aggregate(
            days=kept.days.sum(),
            holdout=kept.later_days.sum(where=known),
            too_new=(~known).sum(),
        ),
        "customer summary",
    ).iloc[0]
    n = {k: 0 if pd.isna(v) else int(v) for k, v in {**of_log, **of_customers}.items()}
    return PurchaseCounts(
        rows=n["rows"],
        refunds=n["refunds"],
        zero_amounts=n["zero_amounts"],
        after_end=n["after_end"],
        purchases=n["purchases"],
        same_day=n["purchases"] - n["days"],
        holdout=n["holdout"],
        too_new=n["too_new"],
        set_aside=read - n["rows"] if read is not None else 0,
    )
