"""Computes the indicators that look across periods: trailing years, cohorts, growth, prospects."""
# ruff: noqa: PD004  (Ibis calls it isnull)

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from workbench.data import expressions as ibis
from workbench.data.indicators.cells import WITHHELD, withhold_cells
from workbench.data.indicators.library import QUIET, YEAR
from workbench.data.indicators.measures import (
    aggregate,
    at_risk_of,
    known_customers,
    sales,
    without_refunds,
)
from workbench.data.indicators.periods import Periods, period_table
from workbench.data.indicators.request import Request
from workbench.units import DAYS_PER_UNIT

#: Interest a year by which the contract formula discounts.
INTEREST: Final = 0.10


def _windows(request: Request) -> pa.Table:
    """List for each period the trailing year, and where its quiet part begins."""
    as_of = request.tables.study.as_of
    if request.every is None:
        ends, periods = [as_of + dt.timedelta(days=1)], None
    else:
        first = request.tables.report_of("transactions").first or as_of
        table = period_table(request.every, first, as_of)
        ends, periods = table.column("period_end").to_pylist(), table.column("period")
    columns = {
        "window_start": pa.array([e - dt.timedelta(days=YEAR) for e in ends], pa.date32()),
        "quiet_start": pa.array([e - dt.timedelta(days=QUIET) for e in ends], pa.date32()),
        "window_end": pa.array(ends, pa.date32()),
    }
    return pa.table(columns if periods is None else {"period": periods, **columns})


def _trailing(request: Request) -> tuple[Any, Any]:
    """Give the customers' spend in each trailing year, with the last day of it, and the windows."""
    rows = request.tables.expr("transactions")
    about_rows = {c: v for c, v in request.where.items() if c in rows.columns}
    rows = replace(request, where=about_rows).filtered(rows)
    rows = rows.select("customer_id", "amount", day=rows.date.cast("date"))
    windows = request.tables.engine.upload("windows", _windows(request))
    inside = rows.join(windows, [rows.day >= windows.window_start, rows.day < windows.window_end])
    keys = ["customer_id", "window_end", *(["period"] if request.every else [])]
    spent = inside.group_by([*keys, "quiet_start"]).aggregate(
        spend=inside.amount.sum(), last=inside.day.max(where=inside.amount >= 0)
    )
    return spent, windows


def customer_value(request: Request) -> pd.DataFrame:
    """Average the spend of a trailing year over those who were known before it."""
    spent, windows = _trailing(request)
    people = known_customers(request)
    people = people.join(windows, people.since <= windows.window_start)
    spent = spent.select("customer_id", "window_end", "spend")
    panel = people.left_join(spent, ["customer_id", "window_end"])
    return aggregate(request, panel, ibis.coalesce(panel.spend, 0.0))


def value_at_risk(request: Request) -> pd.DataFrame:
    """Give the part of a trailing year's spend that came from customers now quiet."""
    spent, _ = _trailing(request)
    people = known_customers(request).drop("since", "bought")
    panel = spent.inner_join(people, "customer_id")
    panel = panel.filter(panel.spend > 0)
    quiet = (panel["last"] < panel.quiet_start).cast("float64")
    if request.units:
        return aggregate(request, panel, quiet)
    sums = {
        "n": panel.count(),
        "spend": panel.spend.sum(),
        "quiet": (panel.spend * quiet).sum(),
        "squares": (panel.spend * panel.spend).sum(),
        "quiet_squares": (panel.spend * panel.spend * quiet).sum(),
    }
    keys = request.keys
    t = request.run(panel.group_by(keys).aggregate(**sums) if keys else panel.aggregate(**sums))
    share = t["quiet"] / t["spend"]
    # Residuals of a ratio: spend * (quiet - share), added up in squares.
    squares = t["quiet_squares"] * (1 - 2 * share) + share**2 * t["squares"]
    told = t.assign(estimate=share, sd=(squares.clip(lower=0) * t["n"]) ** 0.5 / t["spend"])
    return withhold_cells(request, told, panel, [panel.spend, panel.spend * quiet])


def sales_growth(request: Request) -> pd.DataFrame:
    """Compare a period's sales with those of a year before, where both were covered."""
    now = sales(replace(request, units=False))
    now["period"] = pd.to_datetime(now["period"])
    now["variance"] = now["sd"] ** 2 / now["n"]
    first = request.tables.report_of("transactions").first or request.tables.study.as_of
    span = Periods(str(request.every), first, request.tables.study.as_of)
    year = pd.Timedelta(days=364) if request.every == "week" else pd.DateOffset(years=1)
    before = now[span.covers(now["period"])].copy()
    before["period"] = before["period"] + year
    both = now.merge(before, on=request.keys, suffixes=("", "_before"))
    ratio = both["estimate"] / both["estimate_before"]
    relative = both["variance"] / both["estimate"] ** 2
    relative += both["variance_before"] / both["estimate_before"] ** 2
    error = ratio.abs() * relative**0.5
    both["estimate"], both["sd"] = ratio - 1, error * both["n"] ** 0.5
    return both.assign(withheld=both[WITHHELD] | both[f"{WITHHELD}_before"])


def contract_value(request: Request) -> pd.DataFrame:
    """Project the fees of a period: fee x retention / (1 + interest - retention).

    Gupta and Lehmann (2003), Customers as assets, Journal of Interactive Marketing 17(1), 9-24.
    """
    panel = at_risk_of(request)
    fee = ibis.coalesce(panel.fee.cast("float64"), 0.0) * _months(request)
    stays = panel.running.cast("float64")
    panel = panel.mutate(fee_=fee, stays=stays)
    sums = {
        "n": panel.count(),
        "fee": panel.fee_.mean(),
        "stays": panel.stays.mean(),
        "ff": (panel.fee_ * panel.fee_).mean(),
        "fs": (panel.fee_ * panel.stays).mean(),
    }
    t = request.run(panel.group_by(request.keys).aggregate(**sums))
    m, r = t["fee"].astype("float64"), t["stays"].astype("float64")
    interest = (1 + INTEREST) ** (_months(request) / 12) - 1
    by_fee = r / (1 + interest - r)
    by_stay = m * (1 + interest) / (1 + interest - r) ** 2
    variance = (
        by_fee**2 * (t["ff"] - m**2)
        + by_stay**2 * (r - r**2)
        + 2 * by_fee * by_stay * (t["fs"] - m * r)
    )
    told = t.assign(estimate=m * by_fee, sd=variance.clip(lower=0) ** 0.5)
    return withhold_cells(request, told, panel, [panel.fee_], spread=panel.fee_)


def new_customers(request: Request) -> pd.DataFrame:
    """Count the customers who join."""
    rows = request.rows()
    rows = request.with_period(rows.filter(rows.joined_on.notnull()), "joined_on")
    if request.units:
        return aggregate(request, rows, ibis.literal(1.0))
    n = rows.count()
    sums = {"n": n, "estimate": n.cast("float64"), "sd": n.cast("float64")}
    return request.run(rows.group_by(request.keys).aggregate(**sums) if request.keys else
                     rows.aggregate(**sums))  # fmt: skip


def conversion(request: Request) -> pd.DataFrame:
    """Give the share of new customers who buy within the days that `QUIET` allows."""
    rows = request.rows()
    limit = request.tables.study.as_of - dt.timedelta(days=QUIET)
    rows = rows.mutate(joined=rows.joined_on.cast("date"))
    # Those who joined later still have time.
    rows = rows.filter(rows.joined.notnull() & (rows.joined <= ibis.literal(limit)))
    bought = request.tables.expr("transactions")
    bought = without_refunds(bought)
    bought = bought.select("customer_id", day=bought.date.cast("date"))
    both = rows.select("customer_id", "joined").join(bought, "customer_id")
    both = both.filter(
        (both.day >= both.joined) & (both.day <= both.joined + ibis.interval(days=QUIET))
    )
    buyers = both.select("customer_id").distinct().mutate(buys=True)
    rows = request.with_period(rows.left_join(buyers, "customer_id"), "joined_on")
    return aggregate(request, rows, rows.buys.notnull(), share=True)


def _months(request: Request) -> float:
    """Length of a period in months."""
    return DAYS_PER_UNIT[str(request.every)] / DAYS_PER_UNIT["month"]
