"""Reads the table of a web page, or of a workbook in XML, that a system exports as ``.xls``.

Many systems write HTML, or Excel 2003's XML, under the name of a workbook: Excel opens both. The
table is laid beside the file as comma-separated text.
"""

from __future__ import annotations

import csv
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workbench.errors import DataError

#: What such files are called, by how their names end.
KINDS = (".xls", ".xlsx", ".html", ".htm", ".xml")
_MARKUP = re.compile(rb"(?i)<(?:!doctype html|html|head|body|meta|table|style|\?xml)")
_SHEETS = "{urn:schemas-microsoft-com:office:spreadsheet}"
#: Cells that one cell may stand for.
_WIDEST = 1_000

_Row = list[str]


def is_markup(path: Path) -> bool:
    """Tell whether a file is a web page or XML, whatever it is called."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(512)
    plain = head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").replace(b"\x00", b"")
    return bool(_MARKUP.match(plain))


def as_text(path: Path) -> tuple[Path, Any]:
    """Write the table of a page as text; give its file, and the folder that holds it.

    Raises
    ------
    DataError
        If there is no table in it, or more than one sheet is filled.
    """
    rows = list(_rows(path))
    wide = max(map(len, rows), default=0)
    if wide < 2 or len(rows) < 2:
        raise _no_table(path, ", and holds no table")
    scratch = tempfile.TemporaryDirectory(prefix="workbench-")
    target = Path(scratch.name) / f"{path.stem}.csv"
    with target.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([*row, *[""] * (wide - len(row))] for row in rows)
    return target, scratch


def _rows(path: Path) -> Iterator[_Row]:
    from lxml import etree, html

    content = path.read_bytes()
    plain = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
    try:
        if _SHEETS.strip("{}").encode() in content[:4096] and b"<Workbook" in content[:4096]:
            yield from _sheet(etree.fromstring(content, plain), path)
            return
        page = html.fromstring(content)
    except (etree.LxmlError, ValueError) as error:
        raise _no_table(path, f": {error}") from None
    tables = [list(_cells(table)) for table in page.iter("table")]
    yield from max(tables, key=len, default=[])


def _no_table(path: Path, why: str) -> DataError:
    return DataError(
        f"this is a web page or XML file, though it is named {path.suffix}{why}",
        where=str(path),
        remedy="export the table itself, or save it as CSV (UTF-8)",
    )


def _cells(table: Any) -> Iterator[_Row]:
    """Give the rows of a page's table, cells over several rows or columns filled in."""
    over: dict[int, tuple[int, str]] = {}  # column: rows that are left, what stands there
    for line in table.iter("tr"):
        if next(line.iterancestors("table"), None) is not table:
            continue
        row: _Row = []
        for cell in line.iterchildren("td", "th"):
            _from_above(row, over)
            said = " ".join(cell.text_content().split())
            for at in range(_span(cell, "colspan")):
                if (down := _span(cell, "rowspan")) > 1:
                    over[len(row)] = (down - 1, said)
                # what stands over several columns is a title
                row.append(said if not at else "")
        _from_above(row, over)
        yield row


def _from_above(row: _Row, over: dict[int, tuple[int, str]]) -> None:
    while len(row) in over:
        left, said = over.pop(len(row))
        if left > 1:
            over[len(row)] = (left - 1, said)
        row.append(said)


def _span(cell: Any, way: str) -> int:
    told = re.fullmatch(r"\s*(\d+)\s*", cell.get(way) or "")
    return min(max(int(told[1]), 1), _WIDEST) if told else 1


def _sheet(book: Any, path: Path) -> Iterator[_Row]:
    sheets = {
        str(sheet.get(f"{_SHEETS}Name")): list(_sheet_rows(sheet))
        for sheet in book.iter(f"{_SHEETS}Worksheet")
    }
    filled = {name: rows for name, rows in sheets.items() if len(rows) > 1}
    if len(filled) > 1:
        raise DataError(
            f"this workbook of XML holds {len(filled)} sheets: {', '.join(filled)}",
            where=str(path),
            remedy="save it as .xlsx, and name the one that holds this table as `sheet`",
        )
    for rows in filled.values():
        yield from rows


def _sheet_rows(sheet: Any) -> Iterator[_Row]:
    for line in sheet.iter(f"{_SHEETS}Row"):
        row: _Row = []
        for cell in line.iterchildren(f"{_SHEETS}Cell"):
            at = int(cell.get(f"{_SHEETS}Index") or len(row) + 1)
            row += [""] * (at - 1 - len(row))
            data = cell.find(f"{_SHEETS}Data")
            said = "" if data is None else "".join(data.itertext()).strip()
            if data is not None and data.get(f"{_SHEETS}Type") == "DateTime":
                said = re.sub(r"T00:00:00(?:\.0+)?$|\.0+$", "", said).replace("T", " ")
            row.append(said)
            row += [""] * int(cell.get(f"{_SHEETS}MergeAcross") or 0)
        yield row
