"""Indicators of service, from the log of contacts: median response, promises kept, what is open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from workbench.data.contact_log import contact_log
from workbench.data.indicators.measures import Request
from workbench.data.indicators.periods import PANDAS
from workbench.errors import DataError
from workbench.stats.survival import quantile_times


def response_median(request: Request) -> pd.DataFrame:
    """Give the hours within which half of the contacts of a period are answered.

    Contacts that are not answered yet count as waiting until the log ends (Kaplan-Meier).
    """
    rows = _rows(request, "response", "answered", lacks="answered_at (or response_hours)")
    told = []
    for keys, own in _groups(rows, request.keys):
        event = own["answered"].astype(bool)
        time = own["response"].astype(float)
        if "abandoned" in own:  # who gave up is never answered
            event, time = event & ~own["abandoned"], time.mask(own["abandoned"], own["followed"])
        found = quantile_times(
            time.to_numpy(), event.to_numpy(), [0.5], clusters=own["day"].to_numpy()
        )[0]
        error = (found.high - found.low) / (2 * 1.96)
        told.append({**keys, "n": len(own), "estimate": found.value, "sd": error * len(own) ** 0.5})
    return pd.DataFrame(told).dropna(subset=["estimate"])


def kept_promise(request: Request) -> pd.DataFrame:
    """Give the share of contacts answered within the promise, of those that are due."""
    promise = request.tables.study.service.response
    if promise is None:
        raise DataError(
            "the study promises no time to an answer",
            where=f"indicator {request.indicator.name}",
            remedy="say it in study.yml: service: {response: 8}, in hours",
        )
    rows = _rows(request, "response", "answered", lacks="answered_at (or response_hours)")
    rows = rows[rows["followed"] >= promise]
    kept = rows["answered"].astype(bool) & (rows["response"] <= promise)
    if "abandoned" in rows:
        kept &= ~rows["abandoned"]
    told = []
    for keys, own in _groups(rows.assign(kept=kept), request.keys):
        numerator, n = int(own["kept"].sum()), len(own)
        told.append(
            {**keys, "n": n, "estimate": numerator / n, "sd": own["kept"].astype(float).std(),
             "numerator": numerator, "denominator": n}
        )  # fmt: skip
    return pd.DataFrame(told)


def open_contacts(request: Request) -> pd.DataFrame:
    """Count the contacts that are open at the end of each period."""
    rows = _rows(request, "at", "solved", lacks="resolved_at")
    ended = rows["ended"]
    if "abandoned" in rows:  # who gave up waits no more
        ended = ended.mask(rows["abandoned"] & ended.isna(), rows["at"])
    freq = PANDAS[str(request.every)]
    last = pd.Timestamp(request.tables.study.as_of)
    told = []
    for keys, own in _groups(rows.assign(until=ended), list(request.by)):
        for period in pd.period_range(rows["at"].min(), last, freq=freq):
            stop = min(period.end_time, last + pd.Timedelta(days=1))
            count = int(((own["at"] <= stop) & ~(own["until"] <= stop)).sum())
            told.append({**keys, "period": period.start_time, "n": count,
                         "estimate": float(count), "sd": float(count)})  # fmt: skip
    return pd.DataFrame(told)


def _rows(request: Request, *columns: str, lacks: str) -> pd.DataFrame:
    """Give the contacts of which this is known, with their periods."""
    log = contact_log(request.tables, request.indicator.table, rows=request.rows())
    rows = log.rows
    if not set(columns) <= set(rows.columns) or rows[columns[-1]].notna().sum() == 0:
        raise DataError(
            f"indicator {request.indicator.name!r} needs {lacks} of {request.indicator.table!r}",
            where=str(request.tables.study.path),
            remedy="map it in study.yml",
        )
    rows = rows[rows[columns[-1]].notna()]
    if request.every is None:
        return rows
    return rows.assign(period=rows["at"].dt.to_period(PANDAS[request.every]).dt.start_time)


def _groups(rows: pd.DataFrame, keys: list[str]) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """Give each group with the names of its keys; all rows together without any."""
    if not keys:
        yield {}, rows
        return
    for values, own in rows.groupby(keys, sort=True, dropna=False):
        yield dict(zip(keys, values, strict=True)), own
