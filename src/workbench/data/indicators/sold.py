"""Indicators of a pipeline: what was won, how often, how fast, what is open; and of leads."""
# ruff: noqa: PD004  (Ibis calls it isnull)

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd
import pyarrow as pa

from workbench.data import expressions as ibis
from workbench.data.indicators.library import QUIET
from workbench.data.indicators.measures import aggregate, total
from workbench.data.indicators.periods import PANDAS, period_start
from workbench.data.indicators.request import Request
from workbench.data.summaries.pipeline import leads, pipeline

#: Names of the columns by which `aggregate` groups, beside those of the request.
_ROWS = "pipeline"


def win_rate(request: Request) -> pd.DataFrame:
    """Give the share won of what ended, by the day of its end."""
    rows = _ended(request)
    return aggregate(request, rows, rows.outcome == "won", share=True)


def won_sales(request: Request) -> pd.DataFrame:
    """Add up what was won, by the day on which it was."""
    rows = _ended(request)
    rows = rows.filter((rows.outcome == "won") & rows.amount.notnull())
    return total(request, rows)


def sales_cycle(request: Request) -> pd.DataFrame:
    """Average the days from opening to winning."""
    rows = _ended(request)
    rows = rows.filter(rows.outcome == "won")
    return aggregate(request, rows, rows.took)


def open_pipeline(request: Request) -> pd.DataFrame:
    """Add up what is open at the end of each period, as far as its amounts are known today."""
    deals = _deals(request)
    last = pd.Timestamp(request.tables.study.as_of)
    parts = []
    for period in pd.period_range(deals["opened"].min(), last, freq=PANDAS[str(request.every)]):
        stop = min(period.end_time, last + pd.Timedelta(days=1))
        # who ended on a day that nobody knows cannot be said to be open
        here = (deals["opened"] <= stop) & ~(deals["closed"] <= stop)
        here &= (deals["outcome"] == "open") | deals["closed"].notna()
        parts.append(deals[here & deals["amount"].notna()].assign(period=period.start_time))
    return total(request, _upload(request, pd.concat(parts, ignore_index=True)))


def lead_conversion(request: Request) -> pd.DataFrame:
    """Give the share of leads that became customers in time, of those followed for so long."""
    told = leads(request.tables, request.indicator.table)
    soon = told["converted_on"] <= told["created"] + pd.Timedelta(days=QUIET)
    # converted on a day that nobody knows counts as soon
    good = told["converted"].fillna(False).astype(bool)
    soon = good & (soon | told["converted_on"].isna())
    limit = request.tables.study.as_of - dt.timedelta(days=QUIET)
    marks = pa.table({"lead_id": told["lead_id"].tolist(), "soon_": soon.tolist()})
    rows = request.rows()
    rows = rows.filter(rows.created.cast("date") <= ibis.literal(limit))
    rows = rows.left_join(request.tables.engine.upload("leads", marks), "lead_id")
    return aggregate(request, request.with_period(rows, "created"), rows.soon_, share=True)


def _deals(request: Request) -> pd.DataFrame:
    """Give the opportunities with their ends, and the columns to group by, filtered."""
    found = pipeline(request.tables, request.indicator.table).frame
    own = list(dict.fromkeys(["opportunity_id", *request.by]))
    asked = request.run(request.rows().select(*own))
    lost = [c for c in found.columns if c in request.by]
    return asked.merge(found.drop(columns=lost), on="opportunity_id")


def _upload(request: Request, deals: pd.DataFrame) -> Any:
    """Take opportunities back into the engine, where they are added up as other rows are."""
    who = deals["customer_id"].astype("string")
    deals = deals.assign(customer_id=who.fillna(deals["opportunity_id"].astype("string")))
    return request.tables.engine.upload(_ROWS, pa.Table.from_pandas(deals, preserve_index=False))


def _ended(request: Request) -> Any:
    """Give the opportunities that ended on a known day, with the period of it."""
    deals = _deals(request)
    deals = deals[(deals["outcome"] != "open") & deals["closed"].notna()]
    took = (deals["closed"] - deals["opened"]).dt.days.astype(float)
    rows = _upload(request, deals.assign(took=took))
    if request.every is None:
        return rows
    return rows.mutate(period=period_start(rows.closed, request.every))
