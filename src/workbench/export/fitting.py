"""Will a text fit its box? Lines are counted by letters' widths, of which a Chinese one has two."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from unicodedata import east_asian_width

_NARROW, _CAPITAL, _WIDE = 0.54, 0.68, 1.03
_LATIN_LINE, _CJK_LINE = 1.22, 1.45
_GAP = 0.35
_TOKEN = re.compile(r"\s+|[^\s]+")
_ENDS = re.compile(r"(?<=[.!?])\s+(?=\S)|(?<=[。！？])\s*(?=\S)")


def wide(text: str) -> bool:
    """Say whether a text has letters as wide as they are high."""
    return any(east_asian_width(letter) in "WF" for letter in text)


def width(text: str, size: float) -> float:
    """Estimate the width of a text in points, rather too wide than too narrow."""
    return size * sum(
        _WIDE if east_asian_width(x) in "WF" else _CAPITAL if x.isupper() or x in "%@—" else _NARROW
        for x in text
    )


def lines(text: str, across: float, size: float) -> int:
    """Count the lines of a text in a box that is so many points wide."""
    return sum(_wrapped(paragraph, across, size) for paragraph in text.split("\n"))


def _wrapped(text: str, across: float, size: float) -> int:
    count, used = 1, 0.0
    for token in _TOKEN.findall(text):
        # between Chinese letters a line may end; within a word only where it is wider than the box
        pieces = list(token) if wide(token) or width(token, size) > across else [token]
        for piece in pieces:
            long = width(piece, size)
            if used + long > across and used and not piece.isspace():
                count, used = count + 1, 0.0
            used += long
    return count


def height(texts: Iterable[str], across: float, size: float) -> float:
    """Estimate the height of paragraphs in points."""
    total = 0.0
    for text in texts:
        line = _CJK_LINE if wide(text) else _LATIN_LINE
        total += lines(text, across, size) * line * size + _GAP * size
    return total


def largest(
    texts: Sequence[str], across: float, high: float, sizes: Sequence[float]
) -> float | None:
    """Choose the first of some sizes at which paragraphs fit; None where they do at none."""
    return next((size for size in sizes if height(texts, across, size) <= high), None)


def shares(texts: Sequence[str], across: float, high: float, size: float) -> list[list[str]]:
    """Divide paragraphs among boxes of one size; one that is too long is divided at a sentence."""
    boxes: list[list[str]] = [[]]
    for text in texts:
        whole = height([text], across, size) <= high
        for piece in [text] if whole else _pieces(text, across, high, size):
            if boxes[-1] and height([*boxes[-1], piece], across, size) > high:
                boxes.append([])
            boxes[-1].append(piece)
    return [box for box in boxes if box]


def beginning(text: str, across: float, high: float, size: float) -> tuple[str, str]:
    """Part a text: the sentences that fit, and the rest; a long first one ends in an ellipsis."""
    said, parts = "", sentences(text)
    for at, part in enumerate(parts):
        longer = f"{said}{'' if not said or wide(said[-1]) else ' '}{part}"
        if height([longer], across, size) > high:
            if said:
                return said, " ".join(parts[at:])
            break
        said = longer
    else:
        return said, ""
    cut = text
    while cut and height([f"{cut} …"], across, size) > high:
        shorter = cut.rpartition(" ")[0]
        cut = shorter if shorter and not wide(cut[-12:]) else cut[:-1]
    return f"{cut.rstrip(' ,;:，；：')} …", text


def sentences(text: str) -> list[str]:
    """Part a text into sentences."""
    return _ENDS.split(text)


def _pieces(text: str, across: float, high: float, size: float) -> list[str]:
    found: list[str] = []
    for part in sentences(text):
        while height([part], across, size) > high:  # one sentence fills a slide
            fits = len(part)
            while fits > 1 and height([part[:fits]], across, size) > high:
                fits = fits * 9 // 10
            space = part.rfind(" ", fits // 2, fits)
            found.append(part[: space if space > 0 else fits].strip())
            part = part[space if space > 0 else fits :].strip()
        found.append(part)
    return found


def columns(
    rows: Sequence[Sequence[str]], count: int, across: float, *, size: float = 12
) -> list[float]:
    """Share a table's width out by what stands in its columns, none so narrow that words break.

    Parameters
    ----------
    rows : sequence of sequence of str
        Cells, those of the head among them.
    count : int
        Columns.
    across : float
        The width, in points.
    size : float
        Of the letters, in points.
    """
    pad, widest, narrowest = 1.3 * size, 22 * size, 9 * size
    wants = [min(max(width(row[at], size) for row in rows), widest) + pad for at in range(count)]
    least = [  # a head is bold
        min(
            max(width(x, 1.13 * size) for row in rows for x in (*row[at].split()[:8], "")),
            narrowest,
        )
        + pad
        for at in range(count)
    ]
    total = sum(wants)
    if total <= across:
        return [x * min(across / total, 1.6) for x in wants]
    spare = max(across - sum(least), 0)
    over = [max(want - need, 0.0) for want, need in zip(wants, least, strict=True)]
    shared = [need + spare * x / (sum(over) or 1) for need, x in zip(least, over, strict=True)]
    return [x * across / sum(shared) for x in shared]
