"""Computes the indicators: answers, contacts, purchases and contracts by period and group."""
# ruff: noqa: PD003, PD004  (Ibis calls it isnull)

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd

from workbench.data import expressions as ibis
from workbench.data.indicators.cells import withhold_cells
from workbench.data.indicators.library import QUIET, Indicator, own_rows
from workbench.data.indicators.periods import period_start, period_table
from workbench.data.indicators.request import Request, people_tables
from workbench.data.schemas import schema_of
from workbench.data.tables import Tables
from workbench.errors import DataError

# --- answers and contacts: one value a row -----------------------------------------------------


def aggregate(request: Request, rows: Any, value: Any, share: bool = False) -> pd.DataFrame:
    """Average a column of rows by period and group (or by customer and period)."""
    rows = rows.mutate(value_=value.cast("float64"))
    rows = rows.filter(rows.value_.notnull())
    keys = ["customer_id", *request.keys] if request.units else request.keys
    if request.units:
        if "customer_id" not in rows.columns:
            raise DataError(
                f"{request.indicator.table!r} has no customer_id, so there are no units",
                where=f"indicator {request.indicator.name}",
                remedy="map customer_id in study.yml, or ask without units",
            )
        rows = rows.filter(rows.customer_id.notnull())
    sums = {
        "n": rows.count(),
        "estimate": rows.value_.mean(),
        "sd": rows.value_.std(how="sample"),
    }
    if share:
        sums |= {"numerator": rows.value_.sum(), "denominator": rows.count()}
    grouped = rows.group_by(keys).aggregate(**sums) if keys else rows.aggregate(**sums)
    frame = request.run(grouped)
    if not request.told or own_rows(request.indicator.name) is not None:
        return frame
    if share or request.indicator.kind == "points" or request.indicator.table == "survey":
        return withhold_cells(request, frame, rows)  # of few possible values: nobody's amount
    return withhold_cells(request, frame, rows, [rows.value_], spread=rows.value_)


def answers(column: str) -> Callable[[Request], pd.DataFrame]:
    """Average a column of the survey."""

    def compute(request: Request) -> pd.DataFrame:
        rows = request.with_period(request.rows(), "answered_on")
        return aggregate(request, rows, rows[column])

    return compute


def nps(request: Request) -> pd.DataFrame:
    """Average 100 for promoters, -100 for detractors and 0 for the others."""
    rows = request.with_period(request.rows(), "answered_on")
    points = ibis.cases(
        (rows.recommend >= 9, 100.0),
        (rows.recommend <= 6, -100.0),
        (rows.recommend.notnull(), 0.0),
        else_=ibis.null("float64"),
    )
    return aggregate(request, rows, points)


def gap_items(columns: set[str]) -> list[str]:
    """Give the items that have both an expectation and a perception."""
    wished = (c.removeprefix("exp_") for c in sorted(columns) if c.startswith("exp_"))
    return [item for item in wished if f"per_{item}" in columns]


def gap(request: Request) -> pd.DataFrame:
    """Average each respondent's mean difference of perception and expectation."""
    rows = request.with_period(request.rows(), "answered_on")
    gaps = [rows[f"per_{i}"] - rows[f"exp_{i}"] for i in gap_items(set(rows.columns))]
    total = sum((ibis.coalesce(g, 0.0) for g in gaps[1:]), ibis.coalesce(gaps[0], 0.0))
    answered = sum((g.notnull().cast("int64") for g in gaps[1:]), gaps[0].notnull().cast("int64"))
    return aggregate(request, rows, total / answered.nullif(0))


def rows(value: Callable[[Any], Any], when: str, share: bool) -> Callable[[Request], pd.DataFrame]:
    """Average something of each row of the indicator's table, dated by the column `when`."""

    def compute(request: Request) -> pd.DataFrame:
        table = request.with_period(request.rows(), when)
        return aggregate(request, table, value(table), share)

    return compute


# --- the rows themselves --------------------------------------------------------------------------


def date_column(tables: Tables, name: str) -> str | None:
    """Give the column that says when a row of a table happened; None where it has none."""
    schema, have = schema_of(name), tables.expr(name).schema()
    stated = schema.time if schema is not None else None
    dated = [column for column, kind in have.items() if kind.is_temporal()]
    return stated if stated in have else next(iter(dated), None)


def without_dates(tables: Tables, chosen: Indicator) -> DataError | None:
    """Say that the rows of a table have no dates, so that they are of no period."""
    if date_column(tables, chosen.table) is not None:
        return None
    return DataError(
        f"the table {chosen.table!r} has no column of dates, so its rows are of no period",
        where=f"indicator {chosen.name}",
        remedy="map one in study.yml, or watch another table",
    )


def rows_dated(request: Request) -> pd.DataFrame:
    """Count the rows of a table by when they happened, or those that lack a column.

    A period without one row is there with 0.
    """
    when = str(date_column(request.tables, request.indicator.table))
    rows = request.with_period(request.rows(), when)
    if request.indicator.kind == "share":
        lacks = rows[request.indicator.columns[0]].isnull()
        return aggregate(request, rows, lacks, share=True)
    keys = request.keys
    counted = (
        rows.group_by(keys).aggregate(n=rows.count()) if keys else rows.aggregate(n=rows.count())
    )
    frame = request.run(counted)
    if "period" in keys and len(frame):
        frame = _every_period(frame.dropna(subset=["period"]), request)
    count = frame["n"].astype("float64")
    return frame.assign(estimate=count, sd=count)


def _every_period(frame: pd.DataFrame, request: Request) -> pd.DataFrame:
    """Put in the periods in which a group has no row, up to the study's day."""
    first = pd.to_datetime(frame["period"]).min().date()
    last = request.tables.study.as_of
    starts = pd.to_datetime(
        period_table(str(request.every), first, max(first, last))["period"].to_pandas()
    )
    frame = frame.assign(period=pd.to_datetime(frame["period"]))
    wanted = pd.DataFrame({"period": starts})
    if request.by:
        wanted = frame[list(request.by)].drop_duplicates().merge(wanted, how="cross")
    return wanted.merge(frame, how="left").fillna({"n": 0})


def at_first_contact(rows: Any) -> Any:
    """Tell which contacts were resolved, neither reopened nor passed on where that is known."""
    resolved = rows.resolved
    for name in ("reopened", "transferred"):
        if name in rows.columns:
            resolved = resolved & ~(ibis.coalesce(rows[name], 0.0) > 0)
    return resolved


# --- purchases ----------------------------------------------------------------------------------


def purchases(request: Request, refunds: bool = False) -> Any:
    """Give the purchases with their period; refunds stay out unless asked for."""
    rows = request.rows()
    return request.with_period(rows if refunds else without_refunds(rows), "date")


def without_refunds(rows: Any) -> Any:
    """Leave out refunds; a log without amounts has none."""
    return rows.filter(rows.amount >= 0) if "amount" in rows.columns else rows


def count_orders(rows: Any) -> Any:
    """Count orders: by order number where there is one, else a row is an order."""
    if "order_id" in rows.columns:
        return rows.order_id.nunique() + rows.order_id.isnull().sum()
    return rows.count()


def average_order(request: Request) -> pd.DataFrame:
    """Average the amounts of orders, their lines added up."""
    rows = purchases(request)
    if "order_id" in rows.columns:
        keys = [*request.keys, "customer_id"]
        rows = rows.mutate(order_=ibis.coalesce(rows.order_id, ibis.row_number().cast("string")))
        rows = rows.group_by([*keys, "order_"]).aggregate(amount=rows.amount.sum())
    return aggregate(request, rows, rows.amount)


def categories_bought(request: Request) -> pd.DataFrame:
    """Average the different categories that buyers bought of."""
    rows = purchases(request)
    named = rows.category.cast("string").strip().nullif("")
    rows = rows.mutate(category_=named).filter(named.notnull())
    rows = rows.group_by(list(dict.fromkeys(["customer_id", *request.keys]))).aggregate(
        kinds_=rows.category_.nunique()
    )
    return aggregate(request, rows, rows.kinds_)


def known_customers(request: Request) -> Any:
    """Give every customer with the day since which the study knows them, and their groups."""
    bought = request.tables.expr("transactions")
    people = bought.group_by("customer_id").aggregate(
        since=bought.date.cast("date").min(), bought=bought.date.cast("date").min()
    )
    for name in people_tables(request.tables)[:1]:
        table = request.tables.expr(name)
        if "joined_on" in table.columns:
            joined = table.select("customer_id", since=table.joined_on.cast("date"))
            joined = joined.filter(joined.since.notnull())
            joined = joined.mutate(bought=ibis.null("date"))
            both = people.select("customer_id", "since", "bought").union(joined)
            people = both.group_by("customer_id").aggregate(
                since=both.since.min(), bought=both.bought.min()
            )
    own = [c for c in request.by if c in bought.columns]
    if own:
        raise DataError(
            f"{request.indicator.name!r} counts customers, and {own[0]!r} is a column of purchases",
            where=f"indicator {request.indicator.name}",
            remedy="group by a column of the customer table, or filter with where=",
        )
    about_people = {c: v for c, v in request.where.items() if c not in bought.columns}
    narrowed = replace(request, where=about_people)
    return narrowed.filtered(narrowed.described(people))


def panel_of(request: Request) -> Any:
    """Give one row a known customer and period, zeros included: orders, spend, bought before."""
    people = known_customers(request)
    rows = request.tables.expr("transactions")
    about_rows = {c: v for c, v in request.where.items() if c in rows.columns}
    rows = replace(request, where=about_rows).filtered(rows)
    as_of = request.tables.study.as_of
    buys = without_refunds(rows)
    if "amount" not in rows.columns:
        rows = rows.mutate(amount=ibis.literal(0.0))
    if request.every is None:
        orders = buys.group_by("customer_id").aggregate(
            orders=count_orders(buys), days=buys.date.nunique()
        )
        spend = rows.group_by("customer_id").aggregate(spend=rows.amount.sum())
        panel = people.left_join(orders, "customer_id").drop("customer_id_right")
        panel = panel.left_join(spend, "customer_id").drop("customer_id_right")
    else:
        first = request.tables.report_of("transactions").first or as_of
        starts = period_table(request.every, first, as_of)
        periods = request.tables.engine.upload("periods", starts)
        panel = people.join(periods, people.since < periods.period_end)
        buys = buys.mutate(period=period_start(buys.date, request.every))
        orders = buys.group_by(["customer_id", "period"]).aggregate(
            orders=count_orders(buys), days=buys.date.nunique()
        )
        rows = rows.mutate(period=period_start(rows.date, request.every))
        spend = rows.group_by(["customer_id", "period"]).aggregate(spend=rows.amount.sum())
        for part in (orders, spend):
            joined = panel.left_join(part, ["customer_id", "period"])
            panel = joined.drop("customer_id_right", "period_right")
    return panel.mutate(
        orders=ibis.coalesce(panel.orders, 0),
        days=ibis.coalesce(panel.days, 0),
        spend=ibis.coalesce(panel.spend, 0.0),
    )


def repeat_purchase(request: Request) -> pd.DataFrame:
    """Give the share of earlier buyers who buy again."""
    panel = panel_of(request)
    if request.every is None:
        panel = panel.filter(panel.days > 0)
        value = panel.days >= 2
    else:
        panel = panel.filter(panel.bought < panel.period)
        value = panel.days > 0
    return aggregate(request, panel, value, share=True)


def orders_per_customer(request: Request) -> pd.DataFrame:
    """Average the orders of the customers on file, zeros included."""
    panel = panel_of(request)
    return aggregate(request, panel, panel.orders)


def purchase_frequency(request: Request) -> pd.DataFrame:
    """Average the orders of the customers who buy."""
    panel = panel_of(request)
    panel = panel.filter(panel.orders > 0)
    return aggregate(request, panel, panel.orders)


def sales(request: Request) -> pd.DataFrame:
    """Add up the amounts, refunds taken off."""
    if request.units:
        panel = panel_of(request)
        return aggregate(request, panel, panel.spend)
    return total(request, purchases(request, refunds=True))


def total(request: Request, rows: Any) -> pd.DataFrame:
    """Add up the amounts of rows."""
    # The number of purchases varies as well as their amounts: a compound Poisson sum has the
    # variance sum of the squared amounts.
    sums = {
        "n": rows.count(),
        "estimate": rows.amount.sum(),
        "sd": ((rows.amount * rows.amount).sum() * rows.count()).sqrt(),
    }
    grouped = (
        rows.group_by(request.keys).aggregate(**sums) if request.keys else rows.aggregate(**sums)
    )
    return withhold_cells(request, request.run(grouped), rows, [rows.amount], spread=rows.amount)


def returned_orders(request: Request) -> pd.DataFrame:
    """Give the share of purchases of which something was given back within `QUIET` days."""
    whole = request.tables.with_returns(request.indicator.table)
    rows = request.filtered(request.described(whole))
    day = rows.date.cast("date")
    limit = request.tables.study.as_of - dt.timedelta(days=QUIET)
    rows = request.with_period(rows.filter(day <= ibis.literal(limit)), "date")
    back = rows.refunded_on <= rows.date.cast("date") + ibis.interval(days=QUIET)
    return aggregate(request, rows, ibis.coalesce(back, False), share=True)


def active_customers(request: Request) -> pd.DataFrame:
    """Count the customers who buy."""
    if request.units:
        panel = panel_of(request)
        return aggregate(request, panel, panel.days > 0)
    rows = purchases(request)
    n = rows.customer_id.nunique()
    # A count's standard error is its root (Poisson): sd / sqrt(n) with sd = n.
    sums = {"n": n, "estimate": n.cast("float64"), "sd": n.cast("float64")}
    grouped = (
        rows.group_by(request.keys).aggregate(**sums) if request.keys else rows.aggregate(**sums)
    )
    return request.run(grouped)


# --- contracts ----------------------------------------------------------------------------------


def churn(request: Request) -> pd.DataFrame:
    """Give the share of customers with a contract at the start who have none at the end."""
    at_risk = at_risk_of(request)
    return aggregate(request, at_risk, ~at_risk.running, share=True)


def retention(request: Request) -> pd.DataFrame:
    """Give the share of customers with a contract at the start who have one at the end."""
    at_risk = at_risk_of(request)
    return aggregate(request, at_risk, at_risk.running, share=True)


def at_risk_of(request: Request) -> Any:
    """Give one row a customer with a running contract at a period's start: running, fee.

    `running` says whether one of the contracts still runs at its end; `fee` is what the contracts
    that run at its start cost a month (null without the column).
    """
    rows = request.rows()
    keep = ["customer_id", *dict.fromkeys((*request.by, *request.where))]
    as_of = request.tables.study.as_of
    after = ibis.literal(as_of + dt.timedelta(days=1))
    rows = rows.mutate(
        start=rows.start.cast("date"),
        end=ibis.ifelse(
            rows["end"].cast("date") > after, ibis.null("date"), rows["end"].cast("date")
        ),
    )
    if request.every is None:
        return rows.group_by(keep).aggregate(
            running=(rows["end"].isnull() | (rows["end"] >= after)).any()
        )
    first = request.tables.report_of("contracts").first or as_of
    periods = request.tables.engine.upload("periods", period_table(request.every, first, as_of))
    pairs = rows.join(periods, rows.start < periods.period_end)
    open_at_start = (pairs.start < pairs.period) & (
        pairs["end"].isnull() | (pairs["end"] >= pairs.period)
    )
    open_at_end = pairs["end"].isnull() | (pairs["end"] >= pairs.period_end)
    fees = pairs.monthly_fee if "monthly_fee" in pairs.columns else ibis.null("float64")
    at_risk = pairs.group_by([*keep, "period"]).aggregate(
        at_risk=open_at_start.any(),
        running=open_at_end.any(),
        fee=ibis.ifelse(open_at_start, fees, ibis.null("float64")).sum(),
    )
    return at_risk.filter(at_risk.at_risk)
