"""Files as systems write them: whatever stands around a table, the same rows come out."""

from __future__ import annotations

import bz2
import datetime as dt
import gzip
import io
import json
import lzma
import re
import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from tests.data.test_sources import CSV, EXPECTED, amounts
from workbench.data import Tables
from workbench.data.sources.sheet_format import SheetFormat, sheet_format
from workbench.errors import DataError

OpenStudy = Callable[..., Tables]
ROOT = Path(__file__).parents[1]
LINES = CSV.splitlines()
OBJECTS = [
    {"customer_id": "C1", "date": "2025-01-05", "amount": 12.5},
    {"customer_id": "C2", "date": "2025-01-06", "amount": "8.0"},
]


def zipped(files: dict[str, str | bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return held.getvalue()


def by_name(value: object) -> str:
    """Name a case by its file: what archives hold differs from second to second."""
    return value if isinstance(value, str) and len(value) < 12 else "held"


def notes(tables: Tables) -> str:
    return "\n".join(tables.report_of("transactions").notes)


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("cr.csv", CSV.replace("\n", "\r")),
        ("mixed.csv", "\r\n".join(LINES[:2]) + "\n" + LINES[2] + "\r\n"),
        ("mixed.csv", "\n".join(LINES[:2]) + "\r\n" + LINES[2]),
        ("sep.csv", "sep=;\r\n" + CSV.replace(",", ";").replace("\n", "\r\n")),
        ("sep.csv", ('"sep=;"\n' + CSV.replace(",", ";")).encode("utf-16")),
        ("comment.csv", "# made by the shop, 2025\n# do not edit\n" + CSV),
        ("comment.csv", CSV.replace("C2", "# a note, of the clerk\nC2")),
        ("title.csv", "Sales of the year,,\n,,\n" + CSV),
        ("title.csv", "Sales of the year\n\n" + CSV),
        ("title.csv", 'Report,"Sales, of ""us"""\nFrom,2025-01-01\n\n' + CSV),
        ("t.csv.bz2", bz2.compress(CSV.encode())),
        ("t.csv.xz", lzma.compress(CSV.encode("gb18030"))),
        ("t.csv.gz", gzip.compress(("Title\n" + CSV).encode("utf-16"))),
        ("t.csv.zip", zipped({"out/t.csv": CSV, "__MACOSX/._t.csv": b"\0"})),
        ("t.zip", zipped({"t.jsonl": "\n".join(map(json.dumps, OBJECTS))})),
        ("t.json", json.dumps(OBJECTS, indent=1)),
        ("t.json", json.dumps({"count": 2, "orders": OBJECTS})),
        ("t.json", json.dumps({"data": {"orders": OBJECTS}, "next": {"page": 2}})),
        ("t.jsonl", "\n".join(map(json.dumps, OBJECTS))),
        ("t.ndjson.gz", gzip.compress("\n".join(map(json.dumps, OBJECTS)).encode())),
    ],
    ids=by_name,
)
def test_what_stands_around_a_table_does_no_harm(
    open_study: OpenStudy, path: str, content: str | bytes
) -> None:
    assert amounts(open_study(transactions=({"path": path}, content))) == EXPECTED


def test_titles_and_comments_are_said_and_places_are_those_of_the_file(
    open_study: OpenStudy,
) -> None:
    text = "Sales,,\n\n" + CSV.replace("8.0", "much") + "# fin, 1\nC3,2025-01-07\n"
    tables = open_study(transactions=({"path": "t.csv"}, text))
    assert tables.set_aside("transactions").values.tolist() == [
        [5, "unreadable", "amount: [text]"],
        [7, "malformed", "2 fields, the header has 3"],
    ]
    assert "the headings stand in row 3" in notes(tables) and "1 lines are comments" in notes(
        tables
    )


def test_an_order_number_that_begins_like_a_comment_is_none(open_study: OpenStudy) -> None:
    text = "order_id," + CSV.replace("C1,", "#1001,C1,").replace("C2,", "#1002,C2,")
    tables = open_study(transactions=text)
    assert amounts(tables) == EXPECTED and notes(tables) == ""


def test_headings_and_footers_stand_where_the_card_says(open_study: OpenStudy) -> None:
    text = (
        "1,2,3\nWho,What,\n,When,How much\nC1,2025-01-05,12.5\nC2,2025-01-06,8.0\n"
        "C3,2025-01-07,1\n\nsum,,20.5\n\n"
    )
    card = {
        "header": [2, 3],
        "footer": 2,
        "columns": {"customer_id": "Who", "date": "What When", "amount": "What How much"},
    }
    for end in ("\n", "\r\n"):
        content = text.replace("\n", end)
        assert amounts(open_study(transactions=(card, content))) == EXPECTED
    with pytest.raises(DataError, match=r"row 4 is no header: it holds the number '12\.5'"):
        open_study(transactions=({**card, "header": 4}, text)).expr("transactions")
    with pytest.raises(DataError, match="there is no row 40"):
        open_study(transactions=({**card, "header": 40}, text)).expr("transactions")


@pytest.mark.parametrize(
    ("path", "content", "message"),
    [
        ("t.csv.gz", gzip.compress(CSV.encode() * 500)[:-40], "damaged or was cut off"),
        ("t.csv.bz2", bz2.compress(CSV.encode() * 500)[:-9], "damaged or was cut off"),
        ("t.zip", zipped({"t.csv": CSV})[:-30], "damaged or was cut off"),
        ("t.zip", zipped({"a.csv": CSV, "b.csv": CSV}), "holds 2 files: a.csv, b.csv; unpack it"),
        ("t.zip", zipped({}), "the archive is empty"),
        ("t.json", '[{"customer_id": "C1",', "not readable as JSON"),
        ("t.json", "[]", "there are no objects in it"),
        ("t.zip", zipped({"t.csv": "a,b\n1,2\n"}), r"t\.zip, t\.csv: column 'customer_id'"),
        ("t.xls", CSV, r"no Excel workbook, though it is named \.xls; .* name it \.csv"),
    ],
    ids=by_name,
)
def test_what_cannot_be_read_says_why(
    open_study: OpenStudy, path: str, content: str | bytes, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        open_study(transactions=({"path": path}, content)).expr("transactions")


def test_objects_within_objects_are_columns(open_study: OpenStudy) -> None:
    objects = [
        {"id": 1, "customer": {"id": "C1"}, "at": "2025-01-05", "total": {"net": "12.50"}},
        {"id": 2, "customer": {"id": "C2"}, "at": "2025-01-06", "total": {"net": 8}, "tags": ["a"]},
        {"id": 3, "customer": None, "at": "2025-01-07", "total": {"net": 1}},
    ]
    card = {"columns": {"customer_id": "customer.id", "date": "at", "amount": "total.net"}}
    tables = open_study(transactions=({"path": "t.json", **card}, json.dumps(objects)))
    assert amounts(tables) == EXPECTED
    assert tables.report_of("transactions").set_aside == {"missing": 1}


# --- workbooks ------------------------------------------------------------------------------------


def test_an_old_workbook_is_read(open_study: OpenStudy, tmp_path: Path) -> None:
    shutil.copy(ROOT / "data_files" / "sales.xls", tmp_path / "t.xls")
    assert amounts(open_study(transactions=({"path": "t.xls", "sheet": "Sales"}, None))) == EXPECTED


def test_a_binary_workbook_is_read(open_study: OpenStudy) -> None:
    assert amounts(open_study(transactions=({"path": "t.xlsb"}, xlsb()))) == EXPECTED


def test_a_libreoffice_workbook_is_read(open_study: OpenStudy) -> None:
    assert amounts(open_study(transactions=({"path": "t.ods"}, ods()))) == EXPECTED


def test_a_locked_workbook_asks_for_one_without_a_password(open_study: OpenStudy) -> None:
    locked = b"\xd0\xcf\x11\xe0" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 90
    with pytest.raises(DataError, match="locked with a password; open it, take the password off"):
        open_study(transactions=({"path": "t.xlsx"}, locked)).expr("transactions")


def test_titles_merged_cells_and_hidden_rows_of_a_sheet_are_told(
    open_study: OpenStudy, tmp_path: Path
) -> None:
    book = openpyxl.Workbook()
    book.active.title = "Notes"
    sheet = book.create_sheet("Sales")
    for row in (
        ["Sales of the year"],
        [],
        ["order_id", "customer_id", "date", "amount", "category"],
        ["O1", "C1", dt.date(2025, 1, 5), 12.5, "tea"],
        ["", "", "", "", "cup"],
        ["O2", "C2", dt.date(2025, 1, 6), 8.0, "tea"],
    ):
        sheet.append(row)
    for merged in ("A1:E1", "A4:A5", "B4:B5", "C4:C5", "D4:D5"):
        sheet.merge_cells(merged)
    sheet.row_dimensions[6].hidden = True
    book.save(tmp_path / "t.xlsx")
    tables = open_study(transactions=({"path": "t.xlsx"}, None))
    # the total of the order is there once; its second line has none of its own
    assert amounts(tables) == EXPECTED
    assert tables.report_of("transactions").set_aside == {"missing": 1}
    assert "the headings stand in row 3" in notes(tables)
    assert "3 merged cells were filled" in notes(tables)
    assert "1 rows are hidden in the sheet" in notes(tables)
    once = open_study(transactions=({"path": "t.xlsx", "amount_per": "order"}, None))
    assert amounts(once) == EXPECTED and not once.report_of("transactions").set_aside


def test_merged_cells_and_hidden_rows_of_other_workbooks_are_told_too(
    open_study: OpenStudy,
) -> None:
    for path, content in (("t.ods", ods(marked=True)), ("t.xlsb", xlsb(marked=True))):
        tables = open_study(transactions=({"path": path}, content))
        assert tables.frame("transactions")["amount"].tolist() == [12.5, 8.0]
        assert tables.report_of("transactions").customers == 1, path
        assert "1 merged cells were filled" in notes(tables)
        assert "1 rows are hidden in the sheet" in notes(tables)
    # a stream of its own (over 4,096 bytes), as Excel 97 wrote it: row 2 of the second sheet
    assert sheet_format(ROOT / "data_files" / "sales.xls", "Sales") == SheetFormat()
    assert sheet_format(ROOT / "data_files" / "hidden.xls", "Лист 2").hidden == {18, 251}
    assert not sheet_format(ROOT / "data_files" / "hidden.xls", "Первый").hidden
    assert sheet_format(ROOT / "data_files" / "hidden_small.xls", "Ventas").hidden == {7}


def test_a_workbook_is_read_by_what_it_is(open_study: OpenStudy) -> None:
    for path, content in (("t.xls", ods()), ("t.xlsx", xlsb())):
        assert amounts(open_study(transactions=({"path": path}, content))) == EXPECTED


def test_a_footer_that_takes_a_row_of_the_table_is_told(open_study: OpenStudy) -> None:
    text = CSV + "\nTotal,,20.5\nprinted on 2025-03-01\n"
    fits = open_study(transactions=({"footer": 2}, text))
    assert amounts(fits) == EXPECTED and not notes(fits)
    many = open_study(transactions=({"footer": 3}, text))
    assert "`footer: 3` leaves out a row that is filled like those of the table" in notes(many)


def ods(*, marked: bool = False) -> bytes:
    """Write the two purchases as LibreOffice does; of one customer, whose second row is hidden."""
    cells = "".join(f"<c t:v='string'><p>{h}</p></c>" for h in LINES[0].split(","))
    rows = [f"<r>{cells}</r>"]
    for who, day, amount in (line.split(",") for line in LINES[1:]):
        rows.append(
            f"<r><c t:v='string'><p>{who}</p></c>"
            f"<c t:v='date' o:date-value='{day}'><p>{day}</p></c>"
            f"<c t:v='float' o:value='{amount}'><p>{amount}</p></c></r>"
        )
    if marked:
        rows[1] = rows[1].replace("<r><c ", "<r><c table:number-rows-spanned='2' ", 1)
        empty = "<table:covered-table-cell/>"
        rows[2] = re.sub("<r><c .*?</c>", f"<r table:visibility='collapse'>{empty}", rows[2])
    body = (
        "".join(rows)
        .replace("<r ", "<table:table-row ")
        .replace("<r>", "<table:table-row>")
        .replace("</r>", "</table:table-row>")
    )
    body = body.replace("<c ", "<table:table-cell ").replace("</c>", "</table:table-cell>")
    body = body.replace("<p>", "<text:p>").replace("</p>", "</text:p>")
    body = body.replace("t:v=", "office:value-type=").replace("o:", "office:")
    space = "urn:oasis:names:tc:opendocument:xmlns:"
    names = " ".join(f'xmlns:{n}="{space}{n}:1.0"' for n in ("office", "table", "text"))
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {names}><office:body>'
        f'<office:spreadsheet><table:table table:name="Sales">{body}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = f'<manifest xmlns="{space}manifest:1.0"/>'
    return zipped({"mimetype": kind, "content.xml": content, "META-INF/manifest.xml": manifest})


def xlsb(*, marked: bool = False) -> bytes:
    """Write the two purchases as Excel's binary workbook, with days as serial numbers."""

    def record(kind: int, data: bytes = b"") -> bytes:
        number = bytes([kind]) if kind < 128 else bytes([kind & 127 | 128, kind >> 7])
        return number + bytes([len(data)]) + data

    def wide(text: str) -> bytes:
        return struct.pack("<I", len(text)) + text.encode("utf-16-le")

    def cell(column: int, value: str | float) -> bytes:
        at = struct.pack("<II", column, 0)
        if isinstance(value, str):
            return record(6, at + wide(value))
        return record(5, at + struct.pack("<d", value))

    start = dt.date(1899, 12, 30)
    table: list[list[str | float]] = [[*LINES[0].split(",")]]
    for who, day, amount in (line.split(",") for line in LINES[1:]):
        table.append([who, float((dt.date.fromisoformat(day) - start).days), float(amount)])
    sheet = record(129) + record(148, struct.pack("<IIII", 0, len(table) - 1, 0, 2)) + record(145)
    for i, row in enumerate(table):
        hidden = marked and i == 2
        flags = bytes([0x10 if hidden else 0])
        sheet += record(0, struct.pack("<I", i) + b"\0" * 7 + flags + b"\0" * 13)
        sheet += b"".join(cell(j, value) for j, value in enumerate(row) if j or not hidden)
    sheet += record(146)
    if marked:
        merged = record(176, struct.pack("<IIII", 1, 2, 0, 0))
        sheet += record(177, struct.pack("<I", 1)) + merged + record(178)
    sheet += record(130)
    held = struct.pack("<II", 0, 1) + wide("rId1") + wide("Sales")
    book = record(131) + record(143) + record(156, held) + record(144) + record(132)
    relations = "http://schemas.openxmlformats.org/package/2006/relationships"
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"
    links = (
        f'<Relationships xmlns="{relations}"><Relationship Id="rId1" Type="{kind}"'
        ' Target="worksheets/sheet1.bin"/></Relationships>'
    )
    held_in = {
        "xl/workbook.bin": book,
        "xl/_rels/workbook.bin.rels": links,
        "xl/worksheets/sheet1.bin": sheet,
    }
    return zipped(held_in)
