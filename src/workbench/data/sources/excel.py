"""Sheets of workbooks (Excel's and LibreOffice's) brought into the engine."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa

from workbench.data.engine import Engine
from workbench.data.sources.detect import exists, refuse_bomb, refuse_disguise
from workbench.data.sources.layout import Layout, footer_notes, lay_out
from workbench.data.sources.sheet_format import Block, sheet_format
from workbench.data.sources.source import ROW, Source, file_hash, refuse_empty
from workbench.errors import DataError, did_you_mean
from workbench.study import Table

#: What workbooks are called, by how their names end.
KINDS = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
_ZIPPED = b"PK\x03\x04"
_COMPOUND = b"\xd0\xcf\x11\xe0"
#: What Excel calls the part of a file that it has locked.
_LOCKED = "EncryptedPackage".encode("utf-16-le")
_FIRST = 100

_Rows: TypeAlias = list[list[str]]


def read_excel(engine: Engine, name: str, path: Path, card: Table) -> Source:
    """Read one sheet of a workbook, every value as the text that a CSV export would hold.

    Merged cells are filled with what they hold, but for amounts: these count once. Rows that are
    hidden are read.
    """
    exists(path)
    _refuse_other(path)
    sheet, rows, blocks, others = _sheet(path, card.sheet)
    shown = sheet_format(path, sheet)
    blocks = blocks or list(shown.merged)
    where = f"{path}, sheet {sheet!r}"
    if not any(any(row) for row in rows):
        raise DataError("the sheet is empty", where=where, remedy=_other_sheets(others))
    # one more row than the headings' may be needed to see that they are not there
    top = rows[: max(_FIRST, *card.header, 0)]
    if len(card.header) > 1:
        _fill(top, blocks, last=card.header[-1])
    layout = lay_out(top, card.header, where)
    once = {card.columns.get("amount", "amount")}
    filled = _fill(rows, blocks, first=layout.last, names=layout.names, spared=once)
    table, kept, below = _table(rows, layout, card.footer)
    refuse_empty(table.num_rows, where)
    notes = [
        *layout.notes,
        *footer_notes(below, card.footer, len(layout.names)),
        *([f"{filled} merged cells were filled"] if filled else []),
    ]
    if hidden := shown.hidden & set(kept):
        notes.append(f"{len(hidden)} rows are hidden in the sheet, and were read")
    if card.sheet is None and others:
        notes.append(f"the sheet {sheet!r} was read; the workbook also holds {', '.join(others)}")
    return Source(
        name, engine.upload(name, table), where, tuple(table.column_names[:-1]), file_hash(path),
        notes=tuple(notes),
    )  # fmt: skip


def sheets(path: Path) -> list[str]:
    """Name the sheets of a workbook that hold something and are not hidden, in their order."""
    exists(path)
    _refuse_other(path)
    first, _, _, others = _sheet(path, None)
    return [first, *others]


def _refuse_other(path: Path) -> None:
    """Refuse what only has a workbook's name, and what is locked."""
    with path.open("rb") as file:
        head = file.read(512)
        locked = head.startswith(_COMPOUND) and _LOCKED in head + file.read()
    if locked:
        _refuse_locked(path)
    if not head.startswith((_ZIPPED, _COMPOUND)):
        refuse_disguise(path, head)
        raise DataError(
            f"this is no Excel workbook, though it is named {path.suffix}",
            where=str(path),
            remedy="if it is a text table, name it .csv",
        )
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as book:
            refuse_bomb(path, sum(entry.file_size for entry in book.infolist()))


def _refuse_locked(path: Path) -> None:
    raise DataError(
        "the workbook is locked with a password",
        where=str(path),
        remedy="open it, take the password off, save it, and try again; or export the sheet as CSV",
    ) from None


def _sheet(path: Path, wanted: str | int | None) -> tuple[str, _Rows, list[Block], list[str]]:
    """Give the name, the cells and the merged blocks of a sheet, and the others that are filled."""
    import python_calamine as calamine  # few studies need it

    try:
        # by what the file is: an .xlsx is often called .xls
        with calamine.load_workbook(io.BytesIO(path.read_bytes())) as book:
            hidden = {s.name for s in book.sheets_metadata if "Visible" not in str(s.visible)}
            sheets = book.sheet_names
            if isinstance(wanted, int) and 0 <= wanted < len(sheets):
                wanted = sheets[wanted]
            if wanted is not None and wanted not in sheets:
                raise DataError(
                    f"there is no sheet {wanted!r}{did_you_mean(wanted, sheets)}",
                    where=str(path),
                    remedy=f"sheets: {', '.join(sheets)}",
                )
            shown = [name for name in sheets if name not in hidden] or sheets
            full = [name for name in shown if book.get_sheet_by_name(name).height]
            chosen = str(wanted) if wanted is not None else (full or shown)[0]
            sheet = book.get_sheet_by_name(chosen)
            rows = [[_cell(v) for v in row] for row in sheet.to_python(skip_empty_area=False)]
            blocks = list(sheet.merged_cell_ranges or ())
    except calamine.PasswordError:
        _refuse_locked(path)
    except calamine.CalamineError as error:
        raise DataError(
            f"not readable as a workbook: {error}",
            where=str(path),
            remedy="open it in Excel and save it again as .xlsx",
        ) from error
    return chosen, rows, blocks, [name for name in full if name != chosen]


def _other_sheets(others: Sequence[str]) -> str:
    return (
        f"name another one in `sheet`: {', '.join(others)}"
        if others
        else "export it again, or take the table out of study.yml until there is data"
    )


def _fill(
    rows: _Rows,
    blocks: Sequence[Block],
    *,
    first: int = 0,
    last: int | None = None,
    names: Sequence[str] = (),
    spared: Collection[str] = (),
) -> int:
    """Write what a merged block holds into all its cells; give the number of cells filled.

    Parameters
    ----------
    rows : list of lists
        Changed in place.
    first, last : int
        Blocks that begin in these rows only, counted from 0; `last` is no longer one of them.
    names, spared
        The columns' names, and those whose blocks hold a value once.
    """
    filled = 0
    for (top, left), (bottom, right) in blocks:
        if not first <= top < (len(rows) if last is None else min(last, len(rows))):
            continue
        value = rows[top][left] if left < len(rows[top]) else ""
        if not value or (left < len(names) and names[left] in spared):
            continue
        for i in range(top, min(bottom + 1, len(rows))):
            for j in range(left, min(right + 1, len(rows[i]))):
                if not rows[i][j]:
                    rows[i][j] = value
                    filled += 1
    return filled


def _table(rows: _Rows, layout: Layout, footer: int) -> tuple[pa.Table, list[int], list[str]]:
    """Give the rows below the headings as text with their places, these, and the first left out."""
    numbered = [(i, row) for i, row in enumerate(rows[layout.last :], layout.last + 1) if any(row)]
    end = len(numbered) - footer
    below = numbered[end][1] if footer and end >= 0 else []
    numbered = numbered[: max(end, 0)]
    places = [i for i, _ in numbered]
    columns = {}
    for j, column in enumerate(layout.names):
        cells = [row[j] if j < len(row) else "" for _, row in numbered]
        # a column without a heading and without a value is none
        if column != f"column_{j + 1}" or any(cells):
            columns[column] = pa.array(cells, pa.string())
    columns[ROW] = pa.array(places, pa.int64())
    return pa.table(columns), places, below


def _cell(value: Any) -> str:
    """Write a cell of a sheet as the text that a CSV export would hold."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return "" if value is None else str(value)
