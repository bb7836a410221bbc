"""Computes the indicators that look across periods: trailing years, cohorts, growth, prospects."""
# ruff: noqa: PD004  (Ibis calls it isnull)

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any, Final

import ibis
import pandas as pd
import pyarrow as pa

from workbench.data.indicators.library import QUIET, YEAR
from workbench.data.indicators.measures import (
    Asked,
    aggregate,
    at_risk_of,
    known_customers,
    sales,
)
from workbench.data.indicators.periods import Periods, period_table
from workbench.units import DAYS_PER_UNIT

#: Interest a year by which the contract formula discounts.
INTEREST: Final = 0.10


def _windows(asked: Asked) -> pa.Table:
    """List for each period the trailing year, and where its quiet part begins."""
    as_of = asked.tables.study.as_of
    if asked.every is None:
        ends, periods = [as_of + dt.timedelta(days=1)], None
    else:
        first = asked.tables.report_of("transactions").first or as_of
        table = period_table(asked.every, first, as_of)
        ends, periods = table.column("period_end").to_pylist(), table.column("period")
    columns = {
        "window_start": pa.array([e - dt.timedelta(days=YEAR) for e in ends], pa.date32()),
        "quiet_start": pa.array([e - dt.timedelta(days=QUIET) for e in ends], pa.date32()),
        "window_end": pa.array(ends, pa.date32()),
    }
    return pa.table(columns if periods is None else {"period": periods, **columns})


def _trailing(asked: Asked) -> tuple[Any, Any]:
    """Give the customers' spend in each trailing year, with the last day of it, and the windows."""
    rows = asked.tables.expr("transactions")
    about_rows = {c: v for c, v in asked.where.items() if c in rows.columns}
    rows = replace(asked, where=about_rows).filtered(rows)
    rows = rows.select("customer_id", "amount", day=rows.date.cast("date"))
    windows = asked.tables.engine.upload("windows", _windows(asked))
    inside = rows.join(windows, [rows.day >= windows.window_start, rows.day < windows.window_end])
    keys = ["customer_id", "window_end", *(["period"] if asked.every else [])]
    spent = inside.group_by([*keys, "quiet_start"]).aggregate(
        spend=inside.amount.sum(), last=inside.day.max(where=inside.amount >= 0)
    )
    return spent, windows


def customer_value(asked: Asked) -> pd.DataFrame:
    """Average the spend of a trailing year over those who were known before it."""
    spent, windows = _trailing(asked)
    people = known_customers(asked)
    people = people.join(windows, people.since <= windows.window_start)
    spent = spent.select("customer_id", "window_end", "spend")
    panel = people.left_join(spent, ["customer_id", "window_end"])
    return aggregate(asked, panel, ibis.coalesce(panel.spend, 0.0))


def value_at_risk(asked: Asked) -> pd.DataFrame:
    """Give the part of a trailing year's spend that came from customers now quiet."""
    spent, _ = _trailing(asked)
    people = known_customers(asked).drop("since", "bought")
    panel = spent.inner_join(people, "customer_id")
    panel = panel.filter(panel.spend > 0)
    quiet = (panel["last"] < panel.quiet_start).cast("float64")
    if asked.units:
        return aggregate(asked, panel, quiet)
    sums = {
        "n": panel.count(),
        "spend": panel.spend.sum(),
        "quiet": (panel.spend * quiet).sum(),
        "squares": (panel.spend * panel.spend).sum(),
        "quiet_squares": (panel.spend * panel.spend * quiet).sum(),
    }
    keys = asked.keys
    t = asked.run(panel.group_by(keys).aggregate(**sums) if keys else panel.aggregate(**sums))
    share = t["quiet"] / t["spend"]
    # Residuals of a ratio: spend * (quiet - share), added up in squares.
    squares = t["quiet_squares"] * (1 - 2 * share) + share**2 * t["squares"]
    return t.assign(estimate=share, sd=(squares.clip(lower=0) * t["n"]) ** 0.5 / t["spend"])


def sales_growth(asked: Asked) -> pd.DataFrame:
    """Compare a period's sales with those of a year before, where both were covered."""
    now = sales(replace(asked, units=False))
    now["period"] = pd.to_datetime(now["period"])
    now["variance"] = now["sd"] ** 2 / now["n"]
    first = asked.tables.report_of("transactions").first or asked.tables.study.as_of
    span = Periods(str(asked.every), first, asked.tables.study.as_of)
    year = pd.Timedelta(days=364) if asked.every == "week" else pd.DateOffset(years=1)
    before = now[span.covers(now["period"])].copy()
    before["period"] = before["period"] + year
    both = now.merge(before, on=asked.keys, suffixes=("", "_before"))
    ratio = both["estimate"] / both["estimate_before"]
    relative = both["variance"] / both["estimate"] ** 2
    relative += both["variance_before"] / both["estimate_before"] ** 2
    error = ratio.abs() * relative**0.5
    both["estimate"], both["sd"] = ratio - 1, error * both["n"] ** 0.5
    return both


def contract_value(asked: Asked) -> pd.DataFrame:
    """Project the fees of a period: fee x retention / (1 + interest - retention).

    Gupta and Lehmann (2003), Customers as assets, Journal of Interactive Marketing 17(1), 9-24.
    """
    panel = at_risk_of(asked)
    fee = ibis.coalesce(panel.fee.cast("float64"), 0.0) * _months(asked)
    stays = panel.running.cast("float64")
    panel = panel.mutate(fee_=fee, stays=stays)
    sums = {
        "n": panel.count(),
        "fee": panel.fee_.mean(),
        "stays": panel.stays.mean(),
        "ff": (panel.fee_ * panel.fee_).mean(),
        "fs": (panel.fee_ * panel.stays).mean(),
    }
    t = asked.run(panel.group_by(asked.keys).aggregate(**sums))
    m, r = t["fee"].astype("float64"), t["stays"].astype("float64")
    interest = (1 + INTEREST) ** (_months(asked) / 12) - 1
    by_fee = r / (1 + interest - r)
    by_stay = m * (1 + interest) / (1 + interest - r) ** 2
    variance = (
        by_fee**2 * (t["ff"] - m**2)
        + by_stay**2 * (r - r**2)
        + 2 * by_fee * by_stay * (t["fs"] - m * r)
    )
    return t.assign(estimate=m * by_fee, sd=variance.clip(lower=0) ** 0.5)


def new_customers(asked: Asked) -> pd.DataFrame:
    """Count the customers who join."""
    rows = asked.rows()
    rows = asked.with_period(rows.filter(rows.joined_on.notnull()), "joined_on")
    if asked.units:
        return aggregate(asked, rows, ibis.literal(1.0))
    n = rows.count()
    sums = {"n": n, "estimate": n.cast("float64"), "sd": n.cast("float64")}
    return asked.run(rows.group_by(asked.keys).aggregate(**sums) if asked.keys else
                     rows.aggregate(**sums))  # fmt: skip


def conversion(asked: Asked) -> pd.DataFrame:
    """Give the share of new customers who buy within the days that `QUIET` allows."""
    rows = asked.rows()
    limit = asked.tables.study.as_of - dt.timedelta(days=QUIET)
    rows = rows.mutate(joined=rows.joined_on.cast("date"))
    # Those who joined later still have time.
    rows = rows.filter(rows.joined.notnull() & (rows.joined <= ibis.literal(limit)))
    bought = asked.tables.expr("transactions")
    bought = bought.filter(bought.amount >= 0)
    bought = bought.select("customer_id", day=bought.date.cast("date"))
    both = rows.select("customer_id", "joined").join(bought, "customer_id")
    both = both.filter(
        (both.day >= both.joined) & (both.day <= both.joined + ibis.interval(days=QUIET))
    )
    buyers = both.select("customer_id").distinct().mutate(buys=True)
    rows = asked.with_period(rows.left_join(buyers, "customer_id"), "joined_on")
    return aggregate(asked, rows, rows.buys.notnull(), share=True)


def _months(asked: Asked) -> float:
    """Length of a period in months."""
    return DAYS_PER_UNIT[str(asked.every)] / DAYS_PER_UNIT["month"]
