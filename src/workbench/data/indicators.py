"""Indicators of customer management by period, computed inside the engine.

Every indicator gives, for a period and group, `n`, `estimate` and `sd` such that
``sd / sqrt(n)`` is the estimate's standard error with units taken as independent. Shares carry
`numerator` and `denominator` as well.
"""
# ruff: noqa: PD003, PD004  (Ibis calls it isnull)

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import ibis
import pandas as pd

from workbench.card import did_you_mean
from workbench.data.periods import EVERY, Periods, period_start, period_table
from workbench.data.schemas import SERVQUAL_ITEMS
from workbench.data.tables import Tables
from workbench.errors import DataError


@dataclass(frozen=True)
class Indicator:
    """One indicator: what it is called, what it measures, and of what it is made.

    Attributes
    ----------
    name : str
        As study.yml and `indicator` name it.
    title : str
        For readers.
    definition : str
        One sentence that says what is counted, of whom.
    table : str
        The standard table it needs.
    columns : tuple of str
        The columns of it that it needs.
    kind : str
        ``mean``, ``share``, ``points``, ``count`` or ``money``.
    better : str
        ``up`` or ``down``.
    """

    name: str
    title: str
    definition: str
    table: str
    columns: tuple[str, ...]
    kind: str
    better: str = "up"


_REGISTRY = (
    Indicator(
        "satisfaction", "Satisfaction (1 to 5)",
        "Mean answer to the satisfaction question on the scale from 1 to 5.",
        "survey", ("csat5",), "mean",
    ),
    Indicator(
        "satisfaction10", "Satisfaction (1 to 10)",
        "Mean answer to the satisfaction question on the scale from 1 to 10.",
        "survey", ("csat10",), "mean",
    ),
    Indicator(
        "nps", "Net Promoter Score",
        "Share of answers 9 or 10 minus share of answers 0 to 6 to the likelihood of"
        " recommending, in points from -100 to 100.",
        "survey", ("recommend",), "points",
    ),
    Indicator(
        "gap", "Service quality gap",
        "Mean over respondents of the mean difference of perception and expectation over the"
        " items that they answered for both.",
        "survey", (), "mean",
    ),
    Indicator(
        "churn", "Churn",
        "Share of the customers with a running contract at the start of the period who have none"
        " at its end.",
        "contracts", ("start", "end"), "share", "down",
    ),
    Indicator(
        "repeat_purchase", "Repeat purchase",
        "Share of the customers who had bought before the period who buy in it; over all time,"
        " share of the buyers who bought on two days or more.",
        "transactions", ("date", "amount"), "share",
    ),
    Indicator(
        "orders_per_customer", "Orders per customer",
        "Orders in the period for each customer known by its end, buyers or not.",
        "transactions", ("date", "amount"), "mean",
    ),
    Indicator(
        "sales", "Sales",
        "Sum of the amounts in the period, refunds taken off where they are kept.",
        "transactions", ("date", "amount"), "money",
    ),
    Indicator(
        "average_order", "Average order value",
        "Mean amount of an order.",
        "transactions", ("date", "amount"), "money",
    ),
    Indicator(
        "active_customers", "Active customers",
        "Number of customers who buy in the period.",
        "transactions", ("date", "amount"), "count",
    ),
    Indicator(
        "response_hours", "Response time (hours)",
        "Mean hours until a contact was answered.",
        "interactions", ("at", "response_hours"), "mean", "down",
    ),
    Indicator(
        "first_contact_resolution", "Resolved at first contact",
        "Share of the contacts that were resolved.",
        "interactions", ("at", "resolved"), "share",
    ),
    Indicator(
        "complaint_rate", "Complaints",
        "Share of the contacts that were complaints.",
        "interactions", ("at", "kind"), "share", "down",
    ),
)  # fmt: skip

#: The indicators that a study can name, by name.
INDICATORS: Mapping[str, Indicator] = {one.name: one for one in _REGISTRY}


def indicator(
    tables: Tables,
    name: str,
    every: str | None = "month",
    by: Sequence[str] = (),
    units: bool = False,
    where: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Compute an indicator of a study by period and group.

    Parameters
    ----------
    tables : Tables
        The study's tables.
    name : str
        A name of `INDICATORS`.
    every : str or None
        week, month, quarter, year, wave (surveys), or None for all time together.
    by : sequence of str
        Columns to group by: of the indicator's own table, or of the customer table.
    units : bool
        Give one row a customer and period instead. Purchase indicators then have a row, zeros
        included, for every customer from the period of joining on; churn for every customer at
        risk.
    where : mapping, optional
        Only rows with these values, such as ``{"region": "North"}`` or
        ``{"region": ["North", "East"]}``.

    Returns
    -------
    DataFrame
        period (first day as a Timestamp, or the wave's label; absent without `every`), the
        columns of `by`, n, estimate, sd, numerator and denominator (shares only), complete
        (whether the data cover the period). With `units`: customer_id, period, `by`, estimate, n
        (answers, contacts or orders behind the value).

    Raises
    ------
    DataError
        If the indicator is unknown, or its table or a column is missing.
    """
    chosen = find_indicator(name)
    problem = missing_for(tables, chosen, every, [*by, *(where or {})])
    if problem is not None:
        raise problem
    asked = _Asked(tables, chosen, every, tuple(by), dict(where or {}), units)
    frame = _MAKERS[chosen.name](asked)
    return _finished(frame, asked)


def find_indicator(name: str) -> Indicator:
    """Give the indicator of that name."""
    if name not in INDICATORS:
        raise DataError(
            f"there is no indicator {name!r}{did_you_mean(name, INDICATORS)}",
            where="indicators",
            remedy=f"use one of {', '.join(INDICATORS)}",
        )
    return INDICATORS[name]


def missing_for(
    tables: Tables, chosen: Indicator, every: str | None, columns: Sequence[str] = ()
) -> DataError | None:
    """Say what a study lacks for an indicator, or None if it can be computed."""
    where = str(tables.study.path)
    if every not in EVERY:
        return DataError(
            f"{every!r} is no period{did_you_mean(every, [e for e in EVERY if e])}",
            where=f"indicator {chosen.name}",
            remedy="use week, month, quarter, year, wave or None",
        )
    if chosen.table not in tables:
        return DataError(
            f"indicator {chosen.name!r} needs the table {chosen.table!r}, which the study lacks",
            where=where,
            remedy="add the table, or choose another indicator",
        )
    have = set(tables.expr(chosen.table).columns)
    needed = list(chosen.columns)
    if chosen.table == "survey" and every not in ("wave", None):
        needed.append("answered_on")
    lacking = [c for c in needed if c not in have]
    if chosen.name == "gap" and not _gap_items(have):
        lacking.append("exp_01, per_01, ...")
    if lacking:
        remedy = "map it in study.yml"
        if lacking == ["answered_on"]:
            remedy += ", or ask by wave"
        return DataError(
            f"indicator {chosen.name!r} needs column {', '.join(lacking)} of {chosen.table!r}",
            where=where,
            remedy=remedy,
        )
    if every == "wave" and chosen.table != "survey":
        return DataError(
            f"indicator {chosen.name!r} has no waves; it comes from {chosen.table!r}",
            where=f"indicator {chosen.name}",
            remedy="ask by month, quarter or year",
        )
    people = set(tables.expr("customers").columns) if "customers" in tables else set()
    for column in columns:
        if column not in have | people:
            meant = did_you_mean(column, have | people)
            return DataError(
                f"there is no column {column!r} to group or filter by{meant}",
                where=f"indicator {chosen.name}",
                remedy=f"columns: {', '.join(sorted(have | people))}",
            )
    return None


@dataclass(frozen=True)
class _Asked:
    """One call of `indicator`."""

    tables: Tables
    indicator: Indicator
    every: str | None
    by: tuple[str, ...]
    where: Mapping[str, Any]
    units: bool

    def run(self, expr: Any) -> pd.DataFrame:
        frame: pd.DataFrame = self.tables.engine.run(expr, f"indicator {self.indicator.name}")
        return frame

    def rows(self) -> Any:
        """Give the indicator's table with the columns to group by, filtered."""
        return self.filtered(self.described(self.tables.expr(self.indicator.table)))

    def described(self, table: Any) -> Any:
        """Join the customer's attributes that are asked for and that the table lacks."""
        lacking = [c for c in (*self.by, *self.where) if c not in table.columns]
        if not lacking:
            return table
        people = self.tables.expr("customers").select("customer_id", *dict.fromkeys(lacking))
        joined = table.left_join(people, "customer_id")
        return joined.drop(*[c for c in joined.columns if c.endswith("_right")])

    def filtered(self, table: Any) -> Any:
        """Keep the rows that `where` asks for."""
        for column, value in self.where.items():
            wanted = list(value) if isinstance(value, list | tuple | set) else [value]
            table = table.filter(table[column].isin(wanted))
        return table

    @property
    def keys(self) -> list[str]:
        """Columns that a row of the answer stands for."""
        return [*(["period"] if self.every else []), *self.by]

    def with_period(self, table: Any, when: str) -> Any:
        """Add the period that each row falls into."""
        if self.every is None:
            return table
        if self.every == "wave":
            return table.mutate(period=table.wave)
        return table.mutate(period=period_start(table[when], self.every))


def _finished(frame: pd.DataFrame, asked: _Asked) -> pd.DataFrame:
    keys = asked.keys
    first = ["customer_id", *keys] if asked.units else keys
    rest = ["n", "estimate"] if asked.units else ["n", "estimate", "sd", "numerator", "denominator"]
    frame = frame[[c for c in (*first, *rest) if c in frame]]
    for column in ("n", "numerator", "denominator"):
        if column in frame:
            frame[column] = frame[column].astype("int64")
    for column in ("estimate", "sd"):
        if column in frame:
            frame[column] = frame[column].astype("float64")
    if "period" in frame and asked.every != "wave":
        frame["period"] = pd.to_datetime(frame["period"]).astype("datetime64[ns]")
    if first:
        frame = frame.sort_values(first, ignore_index=True, kind="stable")
    if asked.every not in (None, "wave") and not asked.units:
        frame["complete"] = _span(asked).covers(frame["period"])
    return frame


def _span(asked: _Asked) -> Periods:
    table = asked.indicator.table
    report = asked.tables.report_of(table)
    first = report.first or asked.tables.study.as_of
    if table == "contracts":
        # The first contracts begin in the first period: nobody was at risk before.
        first = first.replace(day=1)
    return Periods(str(asked.every), first, asked.tables.study.as_of)


# --- answers and contacts: one value a row -----------------------------------------------------


def _aggregate(asked: _Asked, rows: Any, value: Any, share: bool = False) -> pd.DataFrame:
    """Average a column of rows by period and group (or by customer and period)."""
    rows = rows.mutate(value_=value.cast("float64"))
    rows = rows.filter(rows.value_.notnull())
    keys = ["customer_id", *asked.keys] if asked.units else asked.keys
    if asked.units:
        if "customer_id" not in rows.columns:
            raise DataError(
                f"{asked.indicator.table!r} has no customer_id, so there are no units",
                where=f"indicator {asked.indicator.name}",
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
    return asked.run(grouped)


def _answers(column: str) -> Callable[[_Asked], pd.DataFrame]:
    def compute(asked: _Asked) -> pd.DataFrame:
        rows = asked.with_period(asked.rows(), "answered_on")
        return _aggregate(asked, rows, rows[column])

    return compute


def _nps(asked: _Asked) -> pd.DataFrame:
    rows = asked.with_period(asked.rows(), "answered_on")
    points = ibis.cases(
        (rows.recommend >= 9, 100.0),
        (rows.recommend <= 6, -100.0),
        (rows.recommend.notnull(), 0.0),
        else_=ibis.null("float64"),
    )
    return _aggregate(asked, rows, points)


def _gap_items(columns: set[str]) -> list[str]:
    return [i for i in SERVQUAL_ITEMS if {f"exp_{i}", f"per_{i}"} <= columns]


def _gap(asked: _Asked) -> pd.DataFrame:
    rows = asked.with_period(asked.rows(), "answered_on")
    gaps = [rows[f"per_{i}"] - rows[f"exp_{i}"] for i in _gap_items(set(rows.columns))]
    total = sum((ibis.coalesce(g, 0.0) for g in gaps[1:]), ibis.coalesce(gaps[0], 0.0))
    answered = sum((g.notnull().cast("int64") for g in gaps[1:]), gaps[0].notnull().cast("int64"))
    return _aggregate(asked, rows, total / answered.nullif(0))


def _contacts(value: Callable[[Any], Any], share: bool) -> Callable[[_Asked], pd.DataFrame]:
    def compute(asked: _Asked) -> pd.DataFrame:
        rows = asked.with_period(asked.rows(), "at")
        return _aggregate(asked, rows, value(rows), share)

    return compute


# --- purchases ----------------------------------------------------------------------------------


def _purchases(asked: _Asked, refunds: bool = False) -> Any:
    rows = asked.rows()
    if not refunds:
        rows = rows.filter(rows.amount >= 0)
    return asked.with_period(rows, "date")


def _orders(rows: Any) -> Any:
    """Count orders: by order number where there is one, else a row is an order."""
    if "order_id" in rows.columns:
        return rows.order_id.nunique() + rows.order_id.isnull().sum()
    return rows.count()


def _average_order(asked: _Asked) -> pd.DataFrame:
    rows = _purchases(asked)
    if "order_id" in rows.columns:
        keys = [*asked.keys, "customer_id"]
        rows = rows.mutate(order_=ibis.coalesce(rows.order_id, ibis.row_number().cast("string")))
        rows = rows.group_by([*keys, "order_"]).aggregate(amount=rows.amount.sum())
    return _aggregate(asked, rows, rows.amount)


def _known_customers(asked: _Asked) -> Any:
    """Give every customer with the day since which the study knows them, and their groups."""
    bought = asked.tables.expr("transactions")
    people = bought.group_by("customer_id").aggregate(
        since=bought.date.cast("date").min(), bought=bought.date.cast("date").min()
    )
    if "customers" in asked.tables:
        table = asked.tables.expr("customers")
        if "joined_on" in table.columns:
            joined = table.select("customer_id", since=table.joined_on.cast("date"))
            joined = joined.filter(joined.since.notnull())
            joined = joined.mutate(bought=ibis.null("date"))
            both = people.select("customer_id", "since", "bought").union(joined)
            people = both.group_by("customer_id").aggregate(
                since=both.since.min(), bought=both.bought.min()
            )
    own = [c for c in asked.by if c in bought.columns]
    if own:
        raise DataError(
            f"{asked.indicator.name!r} counts customers, and {own[0]!r} is a column of purchases",
            where=f"indicator {asked.indicator.name}",
            remedy="group by a column of the customer table, or filter with where=",
        )
    about_people = {c: v for c, v in asked.where.items() if c not in bought.columns}
    narrowed = replace(asked, where=about_people)
    return narrowed.filtered(narrowed.described(people))


def _panel(asked: _Asked) -> Any:
    """Give one row a known customer and period, zeros included: orders, spend, bought before."""
    people = _known_customers(asked)
    rows = asked.tables.expr("transactions")
    about_rows = {c: v for c, v in asked.where.items() if c in rows.columns}
    rows = replace(asked, where=about_rows).filtered(rows)
    as_of = asked.tables.study.as_of
    buys = rows.filter(rows.amount >= 0)
    if asked.every is None:
        orders = buys.group_by("customer_id").aggregate(
            orders=_orders(buys), days=buys.date.nunique()
        )
        spend = rows.group_by("customer_id").aggregate(spend=rows.amount.sum())
        panel = people.left_join(orders, "customer_id").drop("customer_id_right")
        panel = panel.left_join(spend, "customer_id").drop("customer_id_right")
    else:
        first = asked.tables.report_of("transactions").first or as_of
        starts = period_table(asked.every, first, as_of)
        periods = asked.tables.engine.upload("periods", starts)
        panel = people.join(periods, people.since < periods.period_end)
        buys = buys.mutate(period=period_start(buys.date, asked.every))
        orders = buys.group_by(["customer_id", "period"]).aggregate(
            orders=_orders(buys), days=buys.date.nunique()
        )
        rows = rows.mutate(period=period_start(rows.date, asked.every))
        spend = rows.group_by(["customer_id", "period"]).aggregate(spend=rows.amount.sum())
        for part in (orders, spend):
            joined = panel.left_join(part, ["customer_id", "period"])
            panel = joined.drop("customer_id_right", "period_right")
    return panel.mutate(
        orders=ibis.coalesce(panel.orders, 0),
        days=ibis.coalesce(panel.days, 0),
        spend=ibis.coalesce(panel.spend, 0.0),
    )


def _repeat_purchase(asked: _Asked) -> pd.DataFrame:
    panel = _panel(asked)
    if asked.every is None:
        panel = panel.filter(panel.days > 0)
        value = panel.days >= 2
    else:
        panel = panel.filter(panel.bought < panel.period)
        value = panel.days > 0
    return _aggregate(asked, panel, value, share=True)


def _orders_per_customer(asked: _Asked) -> pd.DataFrame:
    panel = _panel(asked)
    return _aggregate(asked, panel, panel.orders)


def _sales(asked: _Asked) -> pd.DataFrame:
    if asked.units:
        panel = _panel(asked)
        return _aggregate(asked, panel, panel.spend)
    rows = _purchases(asked, refunds=True)
    # The number of purchases varies as well as their amounts: a compound Poisson sum has the
    # variance sum of the squared amounts.
    sums = {
        "n": rows.count(),
        "estimate": rows.amount.sum(),
        "sd": ((rows.amount * rows.amount).sum() * rows.count()).sqrt(),
    }
    grouped = rows.group_by(asked.keys).aggregate(**sums) if asked.keys else rows.aggregate(**sums)
    return asked.run(grouped)


def _active_customers(asked: _Asked) -> pd.DataFrame:
    if asked.units:
        panel = _panel(asked)
        return _aggregate(asked, panel, panel.days > 0)
    rows = _purchases(asked)
    n = rows.customer_id.nunique()
    # A count's standard error is its root (Poisson): sd / sqrt(n) with sd = n.
    sums = {"n": n, "estimate": n.cast("float64"), "sd": n.cast("float64")}
    grouped = rows.group_by(asked.keys).aggregate(**sums) if asked.keys else rows.aggregate(**sums)
    return asked.run(grouped)


# --- contracts ----------------------------------------------------------------------------------


def _churn(asked: _Asked) -> pd.DataFrame:
    rows = asked.rows()
    keep = ["customer_id", *dict.fromkeys((*asked.by, *asked.where))]
    as_of = asked.tables.study.as_of
    after = ibis.literal(as_of + dt.timedelta(days=1))
    rows = rows.mutate(
        start=rows.start.cast("date"),
        end=ibis.ifelse(
            rows["end"].cast("date") > after, ibis.null("date"), rows["end"].cast("date")
        ),
    )
    if asked.every is None:
        at_risk = rows.group_by(keep).aggregate(
            running=(rows["end"].isnull() | (rows["end"] >= after)).any()
        )
    else:
        first = asked.tables.report_of("contracts").first or as_of
        periods = asked.tables.engine.upload("periods", period_table(asked.every, first, as_of))
        pairs = rows.join(periods, rows.start < periods.period_end)
        open_at_start = (pairs.start < pairs.period) & (
            pairs["end"].isnull() | (pairs["end"] >= pairs.period)
        )
        open_at_end = pairs["end"].isnull() | (pairs["end"] >= pairs.period_end)
        at_risk = pairs.group_by([*keep, "period"]).aggregate(
            at_risk=open_at_start.any(), running=open_at_end.any()
        )
        at_risk = at_risk.filter(at_risk.at_risk)
    return _aggregate(asked, at_risk, ~at_risk.running, share=True)


_MAKERS: Mapping[str, Callable[[_Asked], pd.DataFrame]] = {
    "satisfaction": _answers("csat5"),
    "satisfaction10": _answers("csat10"),
    "nps": _nps,
    "gap": _gap,
    "churn": _churn,
    "repeat_purchase": _repeat_purchase,
    "orders_per_customer": _orders_per_customer,
    "sales": _sales,
    "average_order": _average_order,
    "active_customers": _active_customers,
    "response_hours": _contacts(lambda rows: rows.response_hours, share=False),
    "first_contact_resolution": _contacts(lambda rows: rows.resolved, share=True),
    "complaint_rate": _contacts(lambda rows: rows.kind.lower() == "complaint", share=True),
}
