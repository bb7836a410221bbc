"""Proposes the time zone in which the days of a study's moments are counted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from workbench.data.text.notation import heading_zone, moment_zone
from workbench.new.columns.profile import ColumnProfile
from workbench.new.columns.proposal import Proposal

#: Standard columns that may tell times of day.
_TIMES: Final = ("date", "at", "answered_on", "start")
#: Zones that are proposed for an offset, the first one first that had it on the days told.
_ZONES: Final = (
    "Asia/Shanghai", "Europe/London", "Europe/Berlin", "America/New_York", "America/Chicago",
    "America/Denver", "America/Los_Angeles", "Asia/Tokyo", "Asia/Kolkata", "Europe/Helsinki",
    "Europe/Istanbul", "Asia/Dubai", "Asia/Karachi", "Asia/Dhaka", "Asia/Bangkok",
    "America/Sao_Paulo", "Australia/Sydney", "Australia/Brisbane", "Australia/Adelaide",
    "Pacific/Auckland", "America/Bogota", "America/Mexico_City", "America/Phoenix",
    "America/Halifax", "America/Puerto_Rico", "Africa/Johannesburg", "Africa/Lagos", "Asia/Tehran",
    "Asia/Kathmandu", "Asia/Yangon", "Asia/Kabul", "Asia/Jerusalem", "Pacific/Honolulu",
)  # fmt: skip
#: Share of the moments at which a zone must have had the offset that they are written with.
_NEARLY_ALL: Final = 0.98
_LOOK: Final = 200


def time_zone(proposals: Sequence[Proposal]) -> tuple[str, str]:
    """Propose a zone, and say what it is for; it is to be looked at where the tables tell times.

    Parameters
    ----------
    proposals : sequence of Proposal
        What the tables were taken for.
    """
    asked, timed = "CHECK: of the moments in the tables, such as Asia/Shanghai", False
    for proposal in proposals:
        for p in filter(None, map(proposal.column, _TIMES)):
            if moments := list(_moments(p)):
                said = ", ".join(map(_written, sorted({ahead for _, ahead in moments})[:4]))
                why = f"{p.name!r} is written with an offset ({said}), the day is that of this zone"
                return _zone_of(moments), f"{asked}; {why}"
            few = p.texts.head(_LOOK)
            timed |= bool(p.unix or few.str.contains(r"\d:\d|\d[时時点點]", regex=True).any())
    alone = "of moments, such as Asia/Shanghai; the tables hold days alone"
    return "UTC", asked if timed else alone


def _moments(p: ColumnProfile) -> Iterator[tuple[datetime | None, int]]:
    """Give days of a column, and how many minutes their zone is ahead of UTC."""
    if not len(p.texts) or p.unix:
        return
    spread = np.unique(np.linspace(0, len(p.texts) - 1, _LOOK).astype(int))  # all seasons
    texts = p.texts.iloc[spread]
    named = heading_zone(p.name)
    for text, day in zip(texts, p.days.reindex(texts.index), strict=True):
        ahead = moment_zone(str(text))
        if ahead is None and re.search(r"\d:\d", str(text)):
            ahead = named
        if ahead is None:
            continue
        yield (None if day != day else day.to_pydatetime()), ahead


def _zone_of(moments: Sequence[tuple[datetime | None, int]]) -> str:
    """Find a zone that had the offsets on these days; UTC where there is none."""
    if all(ahead == 0 for _, ahead in moments):
        return "UTC"
    for name in _ZONES:
        zone = ZoneInfo(name)
        had = [
            (offset := (day or datetime(2025, 1, 15)).replace(tzinfo=zone).utcoffset()) is not None
            and offset.total_seconds() == ahead * 60
            for day, ahead in moments
        ]
        if sum(had) >= _NEARLY_ALL * len(had):
            return name
    return "UTC"


def _written(ahead: int) -> str:
    return f"{'-' if ahead < 0 else '+'}{abs(ahead) // 60:02d}:{abs(ahead) % 60:02d}"
