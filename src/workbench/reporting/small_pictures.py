"""Small pictures for pages that summarise: marks, the course of an indicator, ranges in a row.

They are SVG in the page itself: sharp at any size, in the colour of the text around them, on paper
and in the dark. What a picture shows is said in words beside it, too, and to who cannot see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import isfinite
from typing import Final, Literal, TypeAlias

Tone: TypeAlias = Literal["good", "fair", "warn", "bad", "open"]

#: How each status of a goal and verdict on a measure is marked. A mark has a shape of its own:
#: nobody needs its colour.
TONES: Final[dict[str, tuple[Tone, str]]] = {
    "met": ("good", "tick"),
    "on course": ("good", "rising"),
    "at risk": ("warn", "triangle"),
    "missed": ("bad", "cross"),
    "cannot tell": ("open", "question"),
    "met or on course": ("good", "tick"),
    "at risk or missed": ("warn", "triangle"),
    "shown and pays": ("good", "tick"),
    "shown, pay-off open": ("fair", "half"),
    "shown, money not known": ("fair", "half"),
    "shown, does not pay": ("warn", "triangle"),
    "harmful": ("bad", "cross"),
    "not shown": ("open", "dash"),
    "cannot be told": ("open", "question"),
}
_SHAPES: Final = {
    "tick": '<path d="M3 8.5 6.5 12 13 4.5" fill="none" stroke-width="2.4"/>',
    "rising": '<path d="M3 12.5 12.5 3.5M6.5 3.5h6v6" fill="none" stroke-width="2.2"/>',
    "triangle": '<path d="M8 2.5 14.5 13.5h-13z" fill="currentColor" stroke-width="1"/>',
    "cross": '<path d="M3.5 3.5l9 9M12.5 3.5l-9 9" fill="none" stroke-width="2.4"/>',
    "question": (
        '<path d="M4.8 5.6a3.2 3.2 0 1 1 4.7 2.8C8.4 9 8 9.5 8 10.5M8 12.6v1.6" fill="none"'
        ' stroke-width="2"/>'
    ),
    "dash": '<circle cx="8" cy="8" r="5.6" fill="none" stroke-width="2"/>',
    "half": (
        '<circle cx="8" cy="8" r="5.6" fill="none" stroke-width="2"/>'
        '<path d="M8 2.4a5.6 5.6 0 0 1 0 11.2z" fill="currentColor" stroke="none"/>'
    ),
}
WIDTH, HEIGHT = 168, 44
_PAD = 4.0


@dataclass(frozen=True)
class Range:
    """One row of a picture of ranges: a name, a number with its ends, and how it is written."""

    name: str
    value: float
    low: float
    high: float
    text: str


def tone(status: str) -> str:
    """Name the class of a status or verdict: ``wb-good``, ``wb-warn``, ..."""
    return f"wb-{TONES.get(status, ('open', ''))[0]}"


def mark(status: str) -> str:
    """Draw the mark of a status or verdict; the word beside it says the same."""
    shape = _SHAPES[TONES.get(status, ("open", "question"))[1]]
    return (
        '<svg class="wb-mark" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"'
        ' stroke="currentColor" stroke-linecap="round" stroke-linejoin="round">'
        f"{shape}</svg>"
    )


def sparkline(
    value: Sequence[float],
    level: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    target: float,
    *,
    label: str,
) -> str:
    """Draw what was measured, the level beneath it with its band, on to the deadline, and a target.

    Parameters
    ----------
    value : sequence of float
        What was measured in each period; NaN where nothing was, as in the time ahead.
    level, low, high : sequence of float
        The level and the ends of its interval; NaN where there is no forecast.
    target : float
    label : str
        What the picture shows, in words.
    """
    known = [x for x in (*value, *level, target) if isfinite(x)]
    if len(value) < 2 or not known:
        return ""
    bottom, top = min(known), max(known)
    room = 0.12 * (top - bottom or abs(top) or 1.0)
    bottom, top = bottom - room, top + room
    step = (WIDTH - 2 * _PAD) / (len(value) - 1)

    def at(place: int, x: float) -> str:
        y = HEIGHT - (min(max(x, bottom), top) - bottom) / (top - bottom) * HEIGHT
        return f"{_PAD + step * place:.1f},{y:.1f}"

    def line(numbers: Sequence[float], style: str, first: int = 0) -> str:
        dots = [at(k, x) for k, x in enumerate(numbers) if k >= first and isfinite(x)]
        return f'<polyline points="{" ".join(dots)}" {style}/>' if len(dots) > 1 else ""

    last = max((k for k, x in enumerate(value) if isfinite(x)), default=0)
    band = [
        k for k, (a, b) in enumerate(zip(low, high, strict=True)) if isfinite(a) and isfinite(b)
    ]
    parts = []
    if len(band) > 1:
        edge = [at(k, high[k]) for k in band] + [at(k, low[k]) for k in reversed(band)]
        parts.append(f'<polygon class="wb-band" points="{" ".join(edge)}" stroke="none"/>')
    goal = at(0, target).partition(",")[2]
    parts += [
        f'<line class="wb-target" x1="0" x2="{WIDTH}" y1="{goal}" y2="{goal}"/>',
        line(value, 'class="wb-record"'),
        line(level[: last + 1], 'class="wb-level"'),
        line(level, 'class="wb-ahead"', last),
    ]
    if isfinite(value[last]):
        x, _, y = at(last, value[last]).partition(",")
        parts.append(f'<circle class="wb-last" cx="{x}" cy="{y}" r="2.6"/>')
    return (
        f'<svg class="wb-course" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
        f' role="img" aria-label="{escape(label, quote=True)}" fill="none" stroke="currentColor">'
        f"{''.join(parts)}</svg>"
    )


def span(row: Range, bottom: float, top: float, *, bar: bool = False) -> str:
    """Draw a number with its interval on a scale from `bottom` to `top`, zero marked.

    With `bar` it grows from zero, as shares and amounts do. What reaches beyond the scale ends at
    its edge.
    """

    def at(x: float) -> str:
        share = (min(max(x, bottom), top) - bottom) / ((top - bottom) or 1.0)
        return f"{3 + 94 * share:.2f}%"

    parts = []
    if bottom <= 0 <= top:
        zero = at(0.0)
        parts.append(f'<line class="wb-zero" x1="{zero}" x2="{zero}" y1="0" y2="16"/>')
        if bar:
            low, high = sorted((float(zero[:-1]), float(at(row.value)[:-1])))
            parts.append(
                f'<rect class="wb-size" x="{low:.2f}%" width="{high - low:.2f}%" y="3" height="10"'
                ' stroke="none"/>'
            )
    if isfinite(row.low) and isfinite(row.high):
        ends = f'x1="{at(row.low)}" x2="{at(row.high)}"'
        parts.append(f'<line class="wb-interval" {ends} y1="8" y2="8"/>')
    if not bar:
        parts.append(f'<circle class="wb-dot" cx="{at(row.value)}" cy="8" r="4"/>')
    label = escape(f"{row.name}: {row.text}", quote=True)
    return (
        '<svg class="wb-span" width="100%" height="16" role="img" stroke="currentColor"'
        f' fill="currentColor" aria-label="{label}">{"".join(parts)}</svg>'
    )


def ranges(rows: Sequence[Range], *, share: bool = False) -> str:
    """Draw numbers below one another on one scale, each with its name and its text.

    Parameters
    ----------
    rows : sequence of Range
    share : bool
        Whether they are shares of a whole, whose scale ends at 100 %.
    """
    numbers = [x for row in rows for x in (row.value, row.low, row.high) if isfinite(x)]
    if not numbers:
        return ""
    bottom, top = min(0.0, *numbers), max(0.0, *numbers)
    top = 1.0 if share and bottom >= 0 and top <= 1 else top
    bar = bottom >= 0
    items = "".join(
        f'<li><span class="wb-range-name">{escape(row.name)}</span> '
        f'<span class="wb-range-value">{escape(row.text)}</span>'
        f"{span(row, bottom, top, bar=bar)}</li>"
        for row in rows
    )
    return f'<ul class="wb-ranges">{items}</ul>'


def proportions(counts: Sequence[tuple[str, int]], *, label: str) -> str:
    """Draw how many of each status there are: one block each, side by side."""
    total = sum(n for _, n in counts)
    if not total:
        return ""
    blocks, place = [], 0.0
    for status, n in counts:
        width = 100 * n / total
        if n:
            shown = max(width - 0.7, 0.7)
            blocks.append(
                f'<rect class="{tone(status)}" x="{place:.2f}%" width="{shown:.2f}%" y="0"'
                ' height="10" fill="currentColor"/>'
            )
        place += width
    return (
        '<svg class="wb-shares" width="100%" height="10" role="img"'
        f' aria-label="{escape(label, quote=True)}">{"".join(blocks)}</svg>'
    )
