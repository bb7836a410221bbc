"""What a workbook says of a sheet beside its cells: hidden rows, and cells that were merged.

The reader of the cells tells neither of OpenDocument sheets and binary ones, nor rows hidden in old
ones. Sources: ECMA-376 part 1; OpenDocument 1.3 part 3; [MS-XLSB] 2.4.741 and 2.4.677; [MS-XLS]
2.4.28 and 2.4.221; [MS-CFB].
"""

from __future__ import annotations

import re
import struct
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

#: First and last cell of a merged block: (row, column), counted from 0.
Block: TypeAlias = tuple[tuple[int, int], tuple[int, int]]

#: OpenDocument sheets end with a row that is repeated to the end of the sheet.
_MOST_ROWS = 1 << 20
_ROW_HEADER, _MERGED = 0, 176  # records of a binary sheet
_SHEET, _ROW, _END = 0x85, 0x208, 0x0A  # records of an old one
_FREE = 0xFFFFFFFA  # sectors from here on are marks
_SMALL = 4096  # bytes from which on a stream has sectors of its own


@dataclass(frozen=True)
class SheetFormat:
    """What a sheet says beside its cells.

    Attributes
    ----------
    hidden : frozenset of int
        Rows that are not shown, counted from 1.
    merged : tuple of Block
        As far as the reader of the cells does not tell them.
    """

    hidden: frozenset[int] = frozenset()
    merged: tuple[Block, ...] = ()


def sheet_format(path: Path, sheet: str) -> SheetFormat:
    """Find the hidden rows and merged cells of a sheet; none where the file says it otherwise."""
    try:
        if not zipfile.is_zipfile(path):
            return SheetFormat(frozenset(_old_hidden(_stream(path.read_bytes()), sheet)))
        with zipfile.ZipFile(path) as book:
            names = set(book.namelist())
            if "content.xml" in names:
                return _open_document(book, sheet)
            if "xl/workbook.bin" in names:
                return _binary(book, sheet)
            return SheetFormat(frozenset(_hidden(book, sheet)))
    except (zipfile.BadZipFile, KeyError, IndexError, ValueError, struct.error):
        return SheetFormat()


# --- Excel's own ----------------------------------------------------------------------------------


def _hidden(book: zipfile.ZipFile, sheet: str) -> Iterator[int]:
    from lxml import etree

    links = [
        str(link)
        for entry in etree.fromstring(book.read("xl/workbook.xml")).iter("{*}sheet")
        for key, link in entry.attrib.items()
        if entry.get("name") == sheet and str(key).endswith("}id")
    ]
    target = _target(book, "workbook.xml", links[0]) if links else ""
    content = book.read(target) if target else b""
    for row in re.findall(rb"<row\b[^>]*>", content) if b'hidden="' in content else []:
        number = re.search(rb'\sr="(\d+)"', row)
        if number and re.search(rb'\shidden="(1|true)"', row):
            yield int(number[1])


def _target(book: zipfile.ZipFile, workbook: str, link: str) -> str:
    """Name the part that a link of the workbook leads to."""
    from lxml import etree

    links = etree.fromstring(book.read(f"xl/_rels/{workbook}.rels"))
    target = next((str(e.get("Target")) for e in links if e.get("Id") == link), "")
    return target.lstrip("/") if target.startswith("/") or not target else f"xl/{target}"


def _binary(book: zipfile.ZipFile, sheet: str) -> SheetFormat:
    for kind, data in _records(book.read("xl/workbook.bin")):
        if kind == 156:  # a sheet: its state, its number, its link, its name
            link, end = _wide(data, 8)
            if _wide(data, end)[0] == sheet:
                return _binary_sheet(book.read(_target(book, "workbook.bin", link)))
    return SheetFormat()


def _binary_sheet(content: bytes) -> SheetFormat:
    hidden, merged = set(), []
    for kind, data in _records(content):
        if kind == _ROW_HEADER and data[11] & 0x10:
            hidden.add(struct.unpack_from("<I", data)[0] + 1)
        elif kind == _MERGED:
            top, bottom, left, right = struct.unpack_from("<IIII", data)
            merged.append(((top, left), (bottom, right)))
    return SheetFormat(frozenset(hidden), tuple(merged))


def _records(content: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(content):
        kind, at = content[at], at + 1
        if kind & 128:
            kind, at = (kind & 127) | content[at] << 7, at + 1
        size = shift = 0
        while True:
            part, at = content[at], at + 1
            size, shift = size | (part & 127) << shift, shift + 7
            if not part & 128 or shift == 28:
                break
        yield kind, content[at : at + size]
        at += size


def _wide(data: bytes, at: int) -> tuple[str, int]:
    length = struct.unpack_from("<I", data, at)[0]
    end = at + 4 + 2 * length
    return data[at + 4 : end].decode("utf-16-le"), end


# --- OpenDocument ---------------------------------------------------------------------------------


def _open_document(book: zipfile.ZipFile, sheet: str) -> SheetFormat:
    from lxml import etree

    space = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
    hidden: set[int] = set()
    merged: list[Block] = []
    with book.open("content.xml") as content:
        within, row = False, 0
        for event, node in etree.iterparse(
            content, events=("start", "end"), tag=(f"{space}table", f"{space}table-row")
        ):
            if node.tag == f"{space}table":
                if event == "start" and not within:
                    within, row = node.get(f"{space}name") == sheet, 0
                elif event == "end" and within:
                    break
                continue
            if event == "start" or not within:
                continue
            times = int(node.get(f"{space}number-rows-repeated", 1))
            shut = node.get(f"{space}visibility", "visible") != "visible"
            if shut and row + times < _MOST_ROWS:
                hidden |= {*range(row + 1, row + times + 1)}
            column = 0
            for cell in node:
                down, along = (
                    int(cell.get(f"{space}number-{way}-spanned", 1)) for way in ("rows", "columns")
                )
                if down > 1 or along > 1:
                    merged.append(((row, column), (row + down - 1, column + along - 1)))
                column += int(cell.get(f"{space}number-columns-repeated", 1))
            row += times
            node.clear()
    return SheetFormat(frozenset(hidden), tuple(merged))


# --- old workbooks --------------------------------------------------------------------------------


def _old_hidden(stream: bytes, sheet: str) -> Iterator[int]:
    start = None
    for kind, data in _old_records(stream, 0):
        if kind == _SHEET:
            wide, name = data[7] & 1, data[8:]
            if name.decode("utf-16-le" if wide else "latin-1")[: data[6]] == sheet:
                start = struct.unpack_from("<I", data)[0]
    for kind, data in _old_records(stream, start) if start is not None else ():
        if kind == _ROW and data[12] & 0x20:
            yield struct.unpack_from("<H", data)[0] + 1


def _old_records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        yield kind, stream[at + 4 : at + 4 + size]
        if kind == _END:
            return
        at += 4 + size


def _stream(file: bytes) -> bytes:
    """Give the stream of a compound file that holds the workbook."""
    shift, first = struct.unpack_from("<H", file, 30)[0], struct.unpack_from("<I", file, 48)[0]
    size = 1 << shift
    heads = [s for s in struct.unpack_from("<109I", file, 76) if s < _FREE]
    more = struct.unpack_from("<I", file, 68)[0]
    while more < _FREE:  # of large files the list goes on elsewhere
        *listed, more = struct.unpack_from(f"<{size // 4}I", file, (more + 1) << shift)
        heads += [s for s in listed if s < _FREE]
    table = b"".join(file[(head + 1) << shift : (head + 2) << shift] for head in heads)
    next_ = struct.unpack(f"<{len(table) // 4}I", table)

    def chain(sector: int, links: Sequence[int], shift: int, held: bytes) -> bytes:
        parts: list[bytes] = []
        while sector < _FREE and len(parts) <= len(links):
            parts.append(held[sector << shift : (sector + 1) << shift])
            sector = links[sector]
        return b"".join(parts)

    sectors = file[size:]
    entries = chain(first, next_, shift, sectors)
    for at in range(0, len(entries), 128):
        length = struct.unpack_from("<H", entries, at + 64)[0]
        name = entries[at : at + max(length - 2, 0)].decode("utf-16-le")
        begins, holds = struct.unpack_from("<II", entries, at + 116)
        if at == 0:  # the root holds the sectors of small streams
            small = chain(begins, next_, shift, sectors)
        if name in ("Workbook", "Book"):
            if holds >= _SMALL:
                return chain(begins, next_, shift, sectors)[:holds]
            of_small = chain(struct.unpack_from("<I", file, 60)[0], next_, shift, sectors)
            links = struct.unpack(f"<{len(of_small) // 4}I", of_small)
            return chain(begins, links, 6, small)[:holds]
    return b""


__all__ = ["Block", "SheetFormat", "sheet_format"]
