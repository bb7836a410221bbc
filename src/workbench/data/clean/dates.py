"""Finds out how a column of texts writes its dates."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass

_DAYS = (
    "%Y%m%d", "%Y年%m月%d日", "%Y.%m.%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y",
    "%m-%d-%Y", "%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d/%m/%y", "%m/%d/%y",
)  # fmt: skip
_TIMES = ("", " %H:%M", " %H:%M:%S")
_FORMATS = tuple(day + time for day in _DAYS for time in _TIMES)
#: What the engine reads without being told: 2025-12-31, 2025/12/31, with or without a time.
_ISO = re.compile(r"\d{4}([-/])\d{1,2}\1\d{1,2}([ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?.*)?")


@dataclass(frozen=True)
class DateFormat:
    """How a column writes dates.

    Attributes
    ----------
    format : str or None
        A strptime format, or None for ISO 8601.
    rivals : tuple of str
        Formats that fit as well and mean other days (day first or month first).
    """

    format: str | None = None
    rivals: tuple[str, ...] = ()


def date_format(texts: Iterable[str]) -> DateFormat:
    """Find the format that reads most of the texts.

    Parameters
    ----------
    texts : iterable of str
        A sample of the column.

    Returns
    -------
    DateFormat
        ISO 8601 wherever that reads most of them.
    """
    sample = [text.strip() for text in texts if text and text.strip()]
    iso = sum(bool(_ISO.fullmatch(text)) for text in sample)
    if not sample or iso * 2 >= len(sample):
        return DateFormat()
    read = {f: [_parsed(text, f) for text in sample] for f in _FORMATS}
    counts = {f: sum(d is not None for d in days) for f, days in read.items()}
    best = max(counts, key=lambda f: counts[f])
    if counts[best] <= iso:
        return DateFormat()
    rivals = [f for f in _FORMATS if counts[f] == counts[best] and read[f] != read[best]]
    return DateFormat(best, tuple(rivals))


def _parsed(text: str, format: str) -> dt.datetime | None:
    try:
        return dt.datetime.strptime(text, format)
    except ValueError:
        return None
