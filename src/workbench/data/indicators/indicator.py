"""Indicators of customer management by period, computed inside the engine.

Every indicator gives, for a period and group, `n`, `estimate` and `sd` such that
``sd / sqrt(n)`` is the estimate's standard error with units taken as independent. Shares carry
`numerator` and `denominator` as well.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from workbench.data.indicators import external as given
from workbench.data.indicators import measures, served, sold, windows
from workbench.data.indicators.cells import WITHHELD
from workbench.data.indicators.library import (
    DEFINITIONS,
    Indicator,
    own_column,
    own_name,
    own_rows,
    own_series,
)
from workbench.data.indicators.periods import EVERY, Periods
from workbench.data.indicators.request import Request, people_tables
from workbench.data.schemas import PEOPLE
from workbench.data.tables import Tables
from workbench.errors import DataError, did_you_mean

#: Computes an indicator: period, groups, n, estimate, sd (and numerator, denominator of shares).
Maker = Callable[[Request], pd.DataFrame]

_INDICATORS: dict[str, Indicator] = {one.name: one for one in DEFINITIONS}
#: The indicators that a study can name, by name; `register` adds to them.
INDICATORS: Mapping[str, Indicator] = MappingProxyType(_INDICATORS)


def register(definition: Indicator, maker: Maker) -> None:
    """Add an indicator of one's own, for this session.

    Parameters
    ----------
    definition : Indicator
        Its name must be free.
    maker : callable
        `rows_mean` and `rows_share` make one from an expression of the table's rows::

            register(
                Indicator("web_orders", "Orders on the web", "Share of purchases on the web.",
                          "transactions", ("channel",), "share"),
                rows_share(lambda rows: rows.channel == "web", when="date"),
            )

    Raises
    ------
    DataError
        If the name is taken, or the definition lacks words.

    Examples
    --------
    >>> from workbench.data import Indicator, find_indicator, register, rows_share
    >>> large = Indicator(
    ...     "large_orders", "Large orders", "Share of purchases of 100 or more.",
    ...     "transactions", ("date", "amount"), "share",
    ... )
    >>> register(large, rows_share(lambda rows: rows.amount >= 100, "date"))
    >>> find_indicator("large_orders").title
    'Large orders'
    """
    if definition.name in _INDICATORS:
        raise DataError(
            f"there is an indicator {definition.name!r} already",
            where="register",
            remedy="choose another name",
        )
    if not (definition.name.isidentifier() and definition.title and definition.definition):
        raise DataError(
            f"indicator {definition.name!r} lacks a plain name, a title or a definition",
            where="register",
            remedy="say what is counted, of whom",
        )
    _INDICATORS[definition.name] = definition
    _MAKERS[definition.name] = maker


def rows_mean(value: Callable[[Any], Any], when: str) -> Maker:
    """Make an indicator that averages something of each row, dated by the column `when`."""
    return measures.rows(value, when, share=False)


def rows_share(value: Callable[[Any], Any], when: str) -> Maker:
    """Make an indicator that counts the share of rows for which something holds."""
    return measures.rows(value, when, share=True)


def library() -> pd.DataFrame:
    """List the indicators that goals, cases and scorecards can name.

    Returns
    -------
    DataFrame
        name, title, definition, formula, unit, better, needs, interval.

    Examples
    --------
    >>> from workbench.data import library
    >>> known = library()
    >>> known.loc[known["name"] == "nps", "title"].item()
    'Net Promoter Score'
    """
    return pd.DataFrame(
        [
            {
                "name": one.name,
                "title": one.title,
                "definition": one.definition,
                "formula": one.formula,
                "unit": one.unit,
                "better": one.better,
                "needs": "; ".join([f"{one.table}: {', '.join(one.columns)}", *one.also]),
                "interval": one.interval,
            }
            for one in INDICATORS.values()
        ]
    )


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
        columns of `by`, n, estimate, sd, numerator and denominator (shares only), withheld (whether
        the estimate would tell one customer's, by the card's `privacy`, and is missing), complete
        (whether the data cover the period). With `units`: customer_id, period, `by`, estimate, n
        (answers, contacts or orders behind the value). Its ``attrs`` carry the indicator's title,
        kind, unit and better direction.

    Raises
    ------
    DataError
        If the indicator is unknown, or its table or a column is missing.

    Examples
    --------
    >>> from workbench.data import indicator, open_tables
    >>> from workbench.study import load_study
    >>> tables = open_tables(load_study("cdnow"))
    >>> yearly = indicator(tables, "sales", every="year")
    >>> yearly["estimate"].round().tolist()
    [2024161.0, 476154.0]
    """
    chosen = find_indicator(name)
    problem = missing_for(tables, chosen, every, [*by, *(where or {})])
    if problem is not None:
        raise problem
    if units and not chosen.units:
        raise DataError(
            f"indicator {name!r} has no value for one customer",
            where=f"indicator {name}",
            remedy="ask without units",
        )
    if every is None and chosen.periodic:
        raise DataError(
            f"indicator {name!r} compares or projects periods",
            where=f"indicator {name}",
            remedy="ask by month, quarter or year",
        )
    request = Request(tables, chosen, every, tuple(by), dict(where or {}), units)
    frame = _maker_of(chosen)(request)
    if where and WITHHELD in frame:
        frame = _without_rest(frame, _maker_of(chosen)(replace(request, outside=True)), request)
    finished = _finished(frame, request)
    finished.attrs["indicator"] = {
        "title": chosen.title, "kind": chosen.kind, "better": chosen.better, "unit": chosen.unit
    }  # fmt: skip
    return finished


def _maker_of(chosen: Indicator) -> Maker:
    if own_column(chosen.name) is not None:
        raise DataError(
            f"{chosen.name!r} was seen once and goes by no period",
            where=f"indicator {chosen.name}",
            remedy="name it as an outcome of a case among customers",
        )
    if own_name(chosen.name):
        return given.series
    if own_rows(chosen.name) is not None:
        return measures.rows_dated
    return _MAKERS[chosen.name]


def find_indicator(name: str) -> Indicator:
    """Give the indicator of that name; ``series.`` begins the name of a study's own series."""
    if (own := own_series(name) or own_rows(name) or own_column(name)) is not None:
        return own
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
    for other in chosen.also:
        if other not in tables:
            return DataError(
                f"indicator {chosen.name!r} needs the table {other!r} too, which the study lacks",
                where=where,
                remedy="add the table, or choose another indicator",
            )
    have = set(tables.expr(chosen.table).columns)
    needed = list(chosen.columns)
    if own_rows(chosen.name) is not None:
        problem = measures.without_dates(tables, chosen)
        if problem is not None:
            return problem
    if chosen.table == "survey" and every not in ("wave", None):
        needed.append("answered_on")
    lacking = [c for c in needed if c not in have]
    if wide := own_name(chosen.name):
        # long, with the name in a column, or wide, with a column of that name
        needed.append(wide if "indicator" not in have else "indicator")
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
    people = {c for name in people_tables(tables) for c in tables.expr(name).columns}
    for column in columns:
        if column == "agent":
            return DataError(
                "agents are counted and shown nowhere", where=f"indicator {chosen.name}",
                remedy="group by team",
            )  # fmt: skip
        if column not in have | people:
            meant = did_you_mean(column, have | people)
            return DataError(
                f"there is no column {column!r} to group or filter by{meant}",
                where=f"indicator {chosen.name}",
                remedy=f"columns: {', '.join(sorted(have | people))}",
            )
    return None


def _finished(frame: pd.DataFrame, request: Request) -> pd.DataFrame:
    keys = request.keys
    if not request.units and WITHHELD not in frame:
        frame = frame.assign(**{WITHHELD: False})  # counts, and what others measured
    first = ["customer_id", *keys] if request.units else keys
    rest = (
        ["n", "estimate"]
        if request.units
        else ["n", "estimate", "sd", "numerator", "denominator", WITHHELD]
    )
    frame = frame[[c for c in (*first, *rest) if c in frame]]
    for column in ("n", "numerator", "denominator"):
        if column in frame:
            frame[column] = frame[column].astype("Int64" if frame[column].hasnans else "int64")
    for column in ("estimate", "sd"):
        if column in frame:
            frame[column] = frame[column].astype("float64")
    if "period" in frame and request.every != "wave":
        frame["period"] = pd.to_datetime(frame["period"]).astype("datetime64[ns]")
    if first:
        frame = frame.sort_values(first, ignore_index=True, kind="stable")
    if request.every not in (None, "wave") and not request.units:
        frame["complete"] = _complete(frame["period"], request)
    return frame


def _without_rest(frame: pd.DataFrame, others: pd.DataFrame, request: Request) -> pd.DataFrame:
    """Withhold what the rows that were not asked for would follow from: all less these."""
    if WITHHELD not in others or not others[WITHHELD].any():
        return frame
    gone = others.loc[others[WITHHELD].astype(bool), [*request.keys, WITHHELD]]
    if not request.keys:
        hidden = np.ones(len(frame), dtype=bool)
    else:
        beside = frame[request.keys].merge(gone, on=request.keys, how="left")[WITHHELD]
        hidden = beside.notna().to_numpy() | frame[WITHHELD].to_numpy(dtype=bool)
    told = frame.assign(**{WITHHELD: hidden})
    for column in ("estimate", "sd", "numerator"):
        if column in told:
            told[column] = told[column].astype("float64").mask(hidden)
    return told


def _complete(starts: pd.Series, request: Request) -> pd.Series:
    """Tell whether the data cover each period, and what the indicator needs around it."""
    chosen, tables = request.indicator, request.tables
    last = tables.study.as_of - dt.timedelta(days=chosen.after)
    if chosen.table.startswith("series") or chosen.table in ("ratings", *PEOPLE):
        # Given period by period, or from the day on which the first customer joined.
        first = starts.min().date() if len(starts) else last
    else:
        first = tables.report_of(chosen.table).first or tables.study.as_of
    if chosen.table == "contracts":
        # The first contracts begin in the first period: nobody was at risk before.
        first = first.replace(day=1)
    whole = Periods(str(request.every), first, last).covers(starts)
    if chosen.before and len(starts):
        ends = Periods(str(request.every), first, last).ends(starts)
        week = pd.Timedelta(days=7)
        whole &= ends - pd.Timedelta(days=chosen.before) + week >= pd.Timestamp(first)
    return whole


_MAKERS: dict[str, Maker] = {
    "satisfaction": measures.answers("csat5"),
    "satisfaction10": measures.answers("csat10"),
    "satisfied": measures.rows(lambda rows: rows.csat5 >= 4, "answered_on", share=True),
    "nps": measures.nps,
    "gap": measures.gap,
    "churn": measures.churn,
    "retention": measures.retention,
    "clv": windows.contract_value,
    "repeat_purchase": measures.repeat_purchase,
    "orders_per_customer": measures.orders_per_customer,
    "purchase_frequency": measures.purchase_frequency,
    "sales": measures.sales,
    "sales_growth": windows.sales_growth,
    "average_order": measures.average_order,
    "categories_bought": measures.categories_bought,
    "active_customers": measures.active_customers,
    "customer_value": windows.customer_value,
    "value_at_risk": windows.value_at_risk,
    "new_customers": windows.new_customers,
    "new_customer_conversion": windows.conversion,
    "new_accounts": windows.new_customers,
    "win_rate": sold.win_rate,
    "won_sales": sold.won_sales,
    "sales_cycle": sold.sales_cycle,
    "open_pipeline": sold.open_pipeline,
    "lead_conversion": sold.lead_conversion,
    "response_hours": measures.rows(lambda rows: rows.response_hours, "at", share=False),
    "first_contact_resolution": measures.rows(measures.at_first_contact, "at", share=True),
    "response_median": served.response_median,
    "answered_within_promise": served.within_promise,
    "open_contacts": served.open_contacts,
    "complaint_rate": measures.rows(
        lambda rows: rows.kind.lower() == "complaint", "at", share=True
    ),
    "offers_answered": measures.rows(lambda rows: rows.answered, "at", share=True),
    "repeat_contacts": served.repeat_contacts,
    "reopened_contacts": measures.rows(lambda rows: rows.reopened > 0, "at", share=True),
    "transferred_contacts": measures.rows(lambda rows: rows.transferred > 0, "at", share=True),
    "abandoned_contacts": measures.rows(lambda rows: rows.abandoned, "at", share=True),
    "service_errors": measures.rows(lambda rows: rows.error, "at", share=True),
    "cost_per_contact": measures.rows(lambda rows: rows.cost, "at", share=False),
    "returned_orders": measures.returned_orders,
    "brand_awareness": given.series,
    "market_share": given.series,
    "share_of_wallet": given.series,
    "cost_to_serve": given.series,
    "campaign_return": given.series,
    "expert_score": given.expert_score,
}
