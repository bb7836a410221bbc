"""Indicators of service, from the log of contacts: median response, promises kept, what is open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from workbench.data.indicators.cells import withhold_cells
from workbench.data.indicators.periods import PANDAS
from workbench.data.indicators.request import Request
from workbench.data.summaries.contact_log import contact_log
from workbench.errors import DataError


def response_median(request: Request) -> pd.DataFrame:
    """Give the hours within which half of the contacts of a period are answered.

    Who still waits, or gave up, waits longer than all others; contacts that began too late to have
    waited for half of them are left out.
    """
    rows = _rows(request, "response", "answered", lacks="answered_at (or response_hours)")
    waited = rows["response"].astype(float).where(rows["answered"].astype(bool), np.inf)
    if "abandoned" in rows:
        waited = waited.mask(rows["abandoned"], np.inf)
    told = []
    least = request.tables.study.privacy.min_cell
    for keys, own in _groups(rows.assign(waited=waited), request.keys):
        half, error, n = _median(own, least)
        if np.isfinite(half):
            told.append({**keys, "n": n, "estimate": half, "sd": error * n**0.5})
    columns = [*request.keys, "n", "estimate", "sd"]
    return _safe(request, pd.DataFrame(told, columns=columns), rows)


def _safe(request: Request, told: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Withhold what too few customers stand behind."""
    columns = [*request.keys, *(["customer_id"] if "customer_id" in rows else [])]
    if told.empty or not columns:
        return told
    people = pa.Table.from_pandas(rows[columns], preserve_index=False)
    return withhold_cells(request, told, request.tables.engine.upload("contacts", people))


def _median(own: pd.DataFrame, least: int) -> tuple[float, float, int]:
    """Give the median, its standard error (order statistics, by day) and the contacts behind it.

    The median is the mean of the `least` values in the middle, so that it is nobody's own.
    """
    followed = own["followed"].to_numpy(dtype=float)
    waited, half, due = own["waited"].to_numpy(dtype=float), 0.0, np.ones(len(own), dtype=bool)
    for _ in range(20):
        due = followed >= half
        if not due.any():
            return np.nan, np.nan, 0
        ordered = np.sort(waited[due])
        now = float(ordered[(ordered.size - 1) // 2] + ordered[ordered.size // 2]) / 2
        if now == half:
            break
        half = now
    if not np.isfinite(half):
        return np.nan, np.nan, 0
    ordered, n = np.sort(waited[due]), int(due.sum())
    early = (waited[due] <= half) - 0.5
    by_day = pd.Series(early).groupby(own["day"].to_numpy()[due]).sum()
    # contacts of one day go together: so many times wider than of lone ones
    wider = max(float((by_day**2).sum() / (early**2).sum()), 1.0) ** 0.5
    reach = 0.98 * n**0.5 * wider
    low = ordered[max(int(np.floor(n / 2 - reach)) - 1, 0)]
    high = ordered[min(int(np.ceil(n / 2 + 1 + reach)) - 1, n - 1)]
    wide = max(least, 2 - n % 2)
    start = max((n - wide + 1) // 2, 0)
    middle = ordered[start : start + wide]
    half = float(middle[np.isfinite(middle)].mean())
    return half, float(high - low) / (2 * 1.96) if np.isfinite(high) else np.nan, n


def within_promise(request: Request) -> pd.DataFrame:
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
    return _safe(request, pd.DataFrame(told), rows)


def repeat_contacts(request: Request) -> pd.DataFrame:
    """Give the share of contacts whose customer came back, of those followed for long enough."""
    rows = _rows(request, "customer_id", "again", lacks="customer_id")
    told = []
    for keys, own in _groups(rows, request.keys):
        back = own["again"].astype(float)
        told.append(
            {**keys, "n": len(own), "estimate": back.mean(), "sd": back.std(),
             "numerator": int(back.sum()), "denominator": len(own)}
        )  # fmt: skip
    columns = [*request.keys, "n", "estimate", "sd", "numerator", "denominator"]
    return _safe(request, pd.DataFrame(told, columns=columns), rows)


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
