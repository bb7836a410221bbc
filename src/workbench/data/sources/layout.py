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
#: How a line that is no row begins; `#1001` is an order, and `# of items` in a full row a heading.
_COMMENT = ("# ", "// ", "-- ")
_NUMBER = re.compile(r"[-+]?[\d.,'’\s]*\d[\d.,'’\s]*%?")
#: Names that systems give to columns; how many make a table that may have two rows of headings.
_MACHINE = re.compile(r"[A-Za-z][\w.]{0,30}")
_FEW = 4
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
    told : bool
        Whether the card says which rows these are.
    """

    first: int
    last: int
    names: tuple[str, ...]
    told: bool = False

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know: titles above the headings."""
        above = "; the rows above are titles" if self.first > 1 else ""
        if self.last > self.first and not self.told:
            rows = [*range(self.first, self.last + 1)]
            return (
                f"the headings seem to be rows {self.first} to {self.last}{above}; write"
                f" `header: {rows}` if so, or `header: {self.first}` if not",
            )
        return (f"the headings stand in row {self.first}{above}",) if above else ()


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
    first = declared[0] if declared else _heading(rows)
    last = declared[-1] if declared else _last_heading(rows, first)
    headings = [[" ".join(cell.split()) for cell in row] for row in rows[first - 1 : last]]
    if len(headings) > 1 and _is_import_row(headings[-1]):
        headings = headings[:1]  # ids of the questions, their wording, ids for machines
    names = checked_header(_joined(headings), where, row=first)
    return Layout(first, last, names, bool(declared))


def _last_heading(rows: Sequence[Sequence[str]], first: int) -> int:
    """Find the last row of headings: survey tools write two (groups above items), or three."""
    for i in (first + 1, first + 2):
        if i <= len(rows) and _is_import_row(rows[i - 1]):
            return i
    below = _goes_on_below(rows, first) or _worded_below(rows, first)
    return first + 1 if below else first


def _recurs(name: str, cells: Sequence[str]) -> bool:
    """Tell whether a name is an answer further down; what was ticked bears its column's name."""
    return name in cells and any(cell not in ("", name) for cell in cells)


def _worded_below(rows: Sequence[Sequence[str]], first: int) -> bool:
    """Tell whether the row below machines' names (Q1_1, endTime) has their wording for readers.

    Both have a name for every column, none of the wording is an answer further down, and below it
    many columns hold nothing but numbers and days.
    """
    if len(rows) < first + 3:
        return False
    upper, lower, *below = rows[first - 1 :]
    below = [row for row in below if len(_cells(row)) > 1]
    names, wording = _cells(upper), _cells(lower)
    if len(names) < _FEW or len(names) != len(wording) or not words(wording) or len(below) < 2:
        return False
    plain = all(_MACHINE.fullmatch(name) for name in names)
    if not plain or all(_MACHINE.fullmatch(text) for text in wording):
        return False
    counted = 0
    for j, text in enumerate(lower):
        cells = [row[j].strip() for row in below if j < len(row) and row[j].strip()]
        if text.strip() in cells:
            return False
        counted += bool(cells) and all(not words([cell]) for cell in cells)
    return counted * 3 >= len(names)


def _is_import_row(row: Sequence[str]) -> bool:
    """Tell the row in which Qualtrics names its questions to machines."""
    cells = _cells(row)
    marked = sum(re.match(r'\{"{1,2}ImportId"{1,2}', cell) is not None for cell in cells)
    return bool(cells) and marked * 2 > len(cells)


def _goes_on_below(rows: Sequence[Sequence[str]], first: int) -> bool:
    """Tell whether the row below the headings names the columns that these leave open.

    It does if it holds words alone, which nobody answers further down, has a name for (nearly)
    every column without one, and says nothing in some column that is filled in every row of the
    table: of the number of a row, or the day of an answer.
    """
    if len(rows) < first + 3:
        return False
    width = len(rows[first - 1])
    upper, lower, *below = ([*row, *[""] * (width - len(row))] for row in rows[first - 1 :])
    below = [row for row in below if len(_cells(row)) > 1]
    open_ = [j for j in range(width) if not upper[j].strip()]
    # one cell alone is no row of headings: it says whose the rows below are
    if not open_ or not words(_cells(lower)) or not below or len(_cells(lower)) < 2:
        return False
    named = [j for j in open_ if lower[j].strip()]
    again = any(_recurs(lower[j].strip(), [row[j].strip() for row in below]) for j in named)
    full = any(
        not lower[j].strip() and all(row[j].strip() for row in below)
        for j in range(width)
        if upper[j].strip()
    )
    return len(named) >= 0.8 * len(open_) and full and not again


def _heading(rows: Sequence[Sequence[str]]) -> int:
    """Find the first row that is filled like the table and holds words, no numbers and no days."""
    filled = [_cells(row) for row in rows]
    several = [len(cells) for cells in filled if len(cells) > 1]
    usual = median_high(several) if several else 1
    first = next((i for i, cells in enumerate(filled, start=1) if cells), 1)
    found = 0
    for i, cells in enumerate(filled[:_SOUGHT], start=1):
        remark = cells and cells[0].startswith(_COMMENT) and len(cells) < max(usual, 2)
        if not cells or remark or (usual > 1 and len(cells) < 2):
            continue
        if words(cells) and len(cells) >= usual:
            i = _below_sentence(filled, i, usual)
            return i if not found or len(cells) > len(filled[found - 1]) else found
        if words(cells) and len(cells) * 2 >= usual:
            found = found or i
        elif not words(cells) and len(cells) * 4 >= usual * 3:
            # below the first row of the table there are no headings, but below one for machines
            return found or (_below_machines(filled, usual) if i == first else 0) or first
    return found or first


def _below_machines(filled: Sequence[Sequence[str]], usual: int) -> int:
    """Find headings below a first line for machines: the one row of words, and a full one."""
    full = [i for i, cells in enumerate(filled, start=1) if words(cells) and len(cells) >= usual]
    apart = len(full) == 1 and len({*filled[full[0] - 1]}) == len(filled[full[0] - 1])
    return full[0] if apart and full[0] <= _FEW and len(filled) > 2 * _FEW else 0


def _below_sentence(filled: Sequence[Sequence[str]], first: int, usual: int) -> int:
    """Find headings further down where a sentence with commas is as wide as the table by chance.

    Other lines that are no rows part it from them, and below them most rows hold numbers or days.
    """
    parted = False
    for i, cells in enumerate(filled[first:_SOUGHT], start=first + 1):
        full = len(cells) >= usual > 1
        if full and not (parted and words(cells)):
            break
        if full:
            below = [words(row) for row in filled[i:] if len(row) >= usual]
            return i if below and not any(below[:1]) and sum(below) * 5 <= len(below) else first
        parted = parted or len(cells) * 2 < usual
    return first


def _cells(row: Sequence[str]) -> list[str]:
    return [bare for cell in row if (bare := cell.strip())]


def words(cells: Sequence[str]) -> bool:
    """Tell whether a row holds neither numbers nor days, as headings do."""
    return not any(_NUMBER.fullmatch(cell) or _DATE.fullmatch(cell) for cell in cells)


def footer_notes(cells: Sequence[str], footer: int, width: int) -> tuple[str, ...]:
    """Note where the first row that `footer` leaves out is filled like one of the table."""
    if sum(bool(cell.strip()) for cell in cells) < max(width, 2):
        return ()
    return (
        f"`footer: {footer}` leaves out a row that is filled like those of the table; rows that"
        " hold nothing do not count",
    )


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
