"""Periods: how their labels are written, on pages, in figures and in errors."""

from __future__ import annotations

from typing import Any

import pandas as pd


def period_label(period: Any, every: str = "day") -> str:
    """Write a period: a day as long as the period, anything else as it is.

    Parameters
    ----------
    period : Timestamp or label
    every : str
        How long its periods are: ``year``, ``quarter`` and ``month`` are written by themselves,
        all others as the day on which they begin.
    """
    if not isinstance(period, pd.Timestamp):
        return str(period)
    if every == "quarter":
        return f"{period.year}-Q{period.quarter}"
    return {"year": f"{period:%Y}", "month": f"{period:%Y-%m}"}.get(every, f"{period:%Y-%m-%d}")
