"""Finds where a table stands in a file or a sheet: titles above it, headings, rows below."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median_high

from workbench.errors import DataError

#: Rows in which the headings are looked for, and rows that tell how many cells a row has.
_SOUGHT = 40
#: What is put after a heading that stands again; the table asks which is meant where it matters.
AGAIN = " ({n})"
#: How a line that is no row begins; `#1001` is an order.
_COMMENT = ("# ", "// ", "-- ")
_NUMBER = re.compile(r"[-+]?[\d.,'’\s]*\d[\d.,'’\s]*%?")
_DATE = re.compile(r"\d{1,4}([-/.年])\d{1,2}([-/.月])\d{1,4}日?(\D.*)?", re.DOTALL)


@dataclass(frozen=True)
class Layout:
    """Where the headings stand.

    Attributes
    ----------
    first, last : int
        Their first and last row, counted from 1.
    names : tuple of str
        One a column; a column without a heading is called by its place.
    """

    first: int
    last: int
    names: tuple[str, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know: titles above the headings."""
        if self.first == 1:
            return ()
        return (f"the headings stand in row {self.first}; the rows above are titles",)


def lay_out(rows: Sequence[Sequence[str]], declared: tuple[int, ...], where: str) -> Layout:
    """Find the headings among the first rows of a table.

    Parameters
    ----------
    rows : sequence of sequences of str
        As they stand in the file, empty ones too.
    declared : tuple of int
        The rows that the card names; found where it names none.
    where : str
        The file, for errors.

    Raises
    ------
    DataError
        If there are no headings, or two are the same.
    """
    if declared and declared[-1] > len(rows):
        raise DataError(
            f"there is no row {declared[-1]}",
            where=where,
            remedy="mend `header` in study.yml: the rows of the headings, counted from 1",
        )
    first, last = (declared[0], declared[-1]) if declared else (_heading(rows),) * 2
    headings = [[" ".join(cell.split()) for cell in row] for row in rows[first - 1 : last]]
    names = checked_header(_joined(headings), where, row=first)
    return Layout(first, last, names)


def _heading(rows: Sequence[Sequence[str]]) -> int:
    """Find the first row that is filled like the table and holds words, no numbers and no days."""
    filled = [_cells(row) for row in rows]
    several = [len(cells) for cells in filled if len(cells) > 1]
    usual = median_high(several) if several else 1
    first = next((i for i, cells in enumerate(filled, start=1) if cells), 1)
    found = 0
    for i, cells in enumerate(filled[:_SOUGHT], start=1):
        if not cells or cells[0].startswith(_COMMENT) or (usual > 1 and len(cells) < 2):
            continue
        if words(cells) and len(cells) >= usual:
            return i if not found or len(cells) > len(filled[found - 1]) else found
        if words(cells) and len(cells) * 2 >= usual:
            found = found or i
        elif not words(cells) and len(cells) * 4 >= usual * 3:
            break  # below the first row of the table there are no headings
    return found or first


def _cells(row: Sequence[str]) -> list[str]:
    return [bare for cell in row if (bare := cell.strip())]


def words(cells: Sequence[str]) -> bool:
    """Tell whether a row holds neither numbers nor days, as headings do."""
    return not any(_NUMBER.fullmatch(cell) or _DATE.fullmatch(cell) for cell in cells)


def _joined(headings: Sequence[Sequence[str]]) -> list[str]:
    """Give each column the words of all its heading rows; a group's stand once for its columns."""
    width = max((len(row) for row in headings), default=0)
    rows = [[*row, *[""] * (width - len(row))] for row in headings]
    for upper, lower in pairwise(rows):
        for j in range(1, width):
            if not upper[j] and lower[j]:
                upper[j] = upper[j - 1]
    parts = [dict.fromkeys(row[j] for row in rows if row[j]) for j in range(width)]
    return [" ".join(words) for words in parts]


def checked_header(header: Sequence[str], where: str, row: int = 1) -> tuple[str, ...]:
    """Give each column a name of its own: nameless ones, and those whose heading stands twice."""
    place = "the first line" if row == 1 else f"row {row}"
    named = [cell or f"column_{i}" for i, cell in enumerate(header, start=1)]
    counts: Counter[str] = Counter()
    for i, cell in enumerate(named):
        counts[cell] += 1
        if counts[cell] > 1:
            again = f"{cell}{AGAIN.format(n=counts[cell])}"
            named[i] = again if again not in header else f"{again}_{i + 1}"
    number = next((c for c in header if c.replace(".", "", 1).lstrip("-").isdigit()), None)
    if number is not None:
        raise DataError(
            f"{place} is no header: it holds the number {number!r}",
            where=where,
            remedy="put the columns' names into the first line, or write `header:` with the row in"
            " which they stand",
        )
    return tuple(named)
