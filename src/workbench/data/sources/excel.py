"""Sheets of Excel workbooks brought into the engine."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa

from workbench.data.engine import Engine
from workbench.data.sources.detect import checked_header, exists, refuse_disguise
from workbench.data.sources.source import ROW, Source, file_hash, refuse_empty
from workbench.errors import DataError, did_you_mean
from workbench.study import Table


def read_excel(engine: Engine, name: str, path: Path, card: Table) -> Source:
    """Read one sheet of a workbook, every value as the text that a CSV export would hold."""
    import openpyxl  # takes a while to import, and few studies need it

    exists(path)
    with path.open("rb") as file:
        head = file.read(512)
    where = str(path)
    if not head.startswith(b"PK\x03\x04"):
        refuse_disguise(path, b"" if head.startswith(b"PK") else head)
        raise DataError(
            "this is no Excel workbook, though it is named .xlsx",
            where=where,
            remedy="if it is a text table, name it .csv",
        )
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except Exception as error:
        raise DataError(
            f"not readable as an Excel workbook: {error}",
            where=where,
            remedy="open it in Excel and save it again as .xlsx",
        ) from error
    try:
        sheets = book.sheetnames
        wanted = card.sheet if card.sheet is not None else 0
        if isinstance(wanted, int) and wanted < len(sheets):
            wanted = sheets[wanted]
        if wanted not in sheets:
            raise DataError(
                f"there is no sheet {wanted!r}{did_you_mean(wanted, sheets)}",
                where=where,
                remedy=f"sheets: {', '.join(sheets)}",
            )
        rows = [
            tuple(_cell(v) for v in row) for row in book[str(wanted)].iter_rows(values_only=True)
        ]
    finally:
        book.close()
    where = f"{path}, sheet {wanted!r}"
    if not rows or not any(v for v in rows[0]):
        filled = next((i for i, row in enumerate(rows) if any(row)), None)
        raise DataError(
            "the sheet is empty"
            if filled is None
            else f"the first row is empty; the table seems to start in row {filled + 1}",
            where=where,
            remedy="put the columns' names into the first row",
        )
    width = max(i for i, v in enumerate(rows[0]) if v) + 1
    header = checked_header([str(v or "") for v in rows[0][:width]], where)
    numbered = [(i, row) for i, row in enumerate(rows[1:], start=2) if any(v for v in row)]
    refuse_empty(len(numbered), where)
    data = {
        column: pa.array([row[j] if j < len(row) else None for _, row in numbered], pa.string())
        for j, column in enumerate(header)
    }
    data[ROW] = pa.array([i for i, _ in numbered], pa.int64())
    return Source(name, engine.upload(name, pa.table(data)), where, header, file_hash(path))


def _cell(value: Any) -> str | None:
    """Write a cell of a sheet as the text that a CSV export would hold."""
    if value is None:
        return None
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
