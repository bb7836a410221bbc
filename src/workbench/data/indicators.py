"""Indicators of customer management by period, computed inside the engine.

Every indicator gives, for a period and group, `n`, `estimate` and `sd` such that
``sd / sqrt(n)`` is the estimate's standard error with units taken as independent. Shares carry
`numerator` and `denominator` as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from workbench.card import did_you_mean
from workbench.data import measures
from workbench.data.measures import Asked
from workbench.data.periods import EVERY, Periods
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
    asked = Asked(tables, chosen, every, tuple(by), dict(where or {}), units)
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
    if chosen.name == "gap" and not measures.gap_items(have):
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


def _finished(frame: pd.DataFrame, asked: Asked) -> pd.DataFrame:
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


def _span(asked: Asked) -> Periods:
    table = asked.indicator.table
    report = asked.tables.report_of(table)
    first = report.first or asked.tables.study.as_of
    if table == "contracts":
        # The first contracts begin in the first period: nobody was at risk before.
        first = first.replace(day=1)
    return Periods(str(asked.every), first, asked.tables.study.as_of)


_MAKERS: Mapping[str, Callable[[Asked], pd.DataFrame]] = {
    "satisfaction": measures.answers("csat5"),
    "satisfaction10": measures.answers("csat10"),
    "nps": measures.nps,
    "gap": measures.gap,
    "churn": measures.churn,
    "repeat_purchase": measures.repeat_purchase,
    "orders_per_customer": measures.orders_per_customer,
    "sales": measures.sales,
    "average_order": measures.average_order,
    "active_customers": measures.active_customers,
    "response_hours": measures.contacts(lambda rows: rows.response_hours, share=False),
    "first_contact_resolution": measures.contacts(lambda rows: rows.resolved, share=True),
    "complaint_rate": measures.contacts(lambda rows: rows.kind.lower() == "complaint", share=True),
}
