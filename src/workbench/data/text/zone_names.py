"""Reads the names of zones that stand after a time, as in "09:12 AM EST": what offset each is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

#: Minutes ahead of UTC. Of names that several countries have the one that most exports mean.
_AHEAD: Final[Mapping[str, int]] = {
    "EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360, "PST": -480,
    "PDT": -420, "AKST": -540, "AKDT": -480, "HST": -600, "AST": -240, "ADT": -180, "NST": -210,
    "BRT": -180, "ART": -180, "WET": 0, "WEST": 60, "BST": 60, "CET": 60, "CEST": 120, "MEZ": 60,
    "MESZ": 120, "EET": 120, "EEST": 180, "MSK": 180, "TRT": 180, "SAST": 120, "GST": 240,
    "PKT": 300, "IST": 330, "ICT": 420, "WIB": 420, "HKT": 480, "SGT": 480, "AWST": 480,
    "JST": 540, "KST": 540, "ACST": 570, "ACDT": 630, "AEST": 600, "AEDT": 660, "NZST": 720,
    "NZDT": 780,
}  # fmt: skip
_NAMED: Final = re.compile(
    r"(:\d{2}(?:\.\d+)?(?: ?(?:[AaPp]\.?[Mm]\.?))?) ?\(?(" + "|".join(_AHEAD) + r")\)?$"
)


def zone_names(texts: Iterable[str]) -> dict[str, int]:
    """Give the names of zones that stand after times, and how many minutes each is ahead of UTC.

    Examples
    --------
    >>> zone_names(["05-Jan-2025 09:12 AM EST", "05-Jul-2025 09:12 AM EDT", "2025-01-05 09:12"])
    {'EST': -300, 'EDT': -240}
    """
    found = filter(None, (_NAMED.search(text.strip()) for text in texts if ":" in text))
    return {match[2]: _AHEAD[match[2]] for match in found}


def named_zone(text: str) -> int | None:
    """Give the minutes that a zone named after a time is ahead of UTC; None where none is."""
    return next(iter(zone_names([text]).values()), None)


def without_zone_name(text: str) -> str:
    """Write a moment without the name of its zone."""
    return _NAMED.sub(r"\1", text)


def with_offsets(column: Any, names: Mapping[str, int], timezone: str) -> Any:
    """Write offsets in place of the names of zones; what the study's zone is called goes.

    Parameters
    ----------
    column : ibis.expr.types.StringValue
        Moments as texts.
    names : dict
        As `zone_names` gives them.
    timezone : str
        The study's. CST is China's time in a study of Asia/Shanghai.
    """
    zone = ZoneInfo(timezone)
    own = {datetime(2025, month, 1, tzinfo=zone).tzname() for month in (1, 7)}
    for name, ahead in names.items():
        sign, minutes = "-" if ahead < 0 else "+", abs(ahead)
        offset = "" if name in own else f"{sign}{minutes // 60:02d}{minutes % 60:02d}"
        column = column.re_replace(rf" ?\(?\b{name}\b\)?\s*$", offset and f" {offset}")
    return column
