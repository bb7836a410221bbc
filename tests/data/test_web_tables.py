"""Web pages and workbooks of XML, that systems call .xls, are read as the tables that they hold."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from workbench.data import open_tables
from workbench.errors import DataError
from workbench.new.study import start_study

ROWS = [(f"C{i % 7}", f"2024-0{1 + i % 9}-05", 10.5 + i, i + 1) for i in range(40)]
WORTH = sum(amount for _, _, amount, _ in ROWS)


def page() -> str:
    lines = "".join(
        f"<tr><td>{i}</td><td>{who}</td><td>{day}</td><td>{amount:.2f}</td></tr>"
        for who, day, amount, i in ROWS
    )
    head = "".join(f"<th>{h}</th>" for h in ("Order No", "Customer Code", "Order Date", "Amount"))
    return (
        "<html xmlns:x='urn:schemas-microsoft-com:office:excel'><body>"
        "<table><tr><td>Menu</td></tr></table>"
        f"<table><tr><td colspan=4>Orders of 2024</td></tr><tr>{head}</tr>{lines}</table>"
        "</body></html>"
    )


def sheet(name: str = "Orders") -> str:
    def cell(value: object, kind: str = "String", more: str = "") -> str:
        return f'<Cell{more}><Data ss:Type="{kind}">{value}</Data></Cell>'

    lines = "".join(
        "<Row>" + cell(i, "Number") + cell(who) + cell(f"{day}T00:00:00.000", "DateTime")
        + cell(amount, "Number", ' ss:Index="5"') + "</Row>"
        for who, day, amount, i in ROWS
    )  # fmt: skip
    head = "".join(map(cell, ("Order No", "Customer Code", "Order Date", "Note", "Amount")))
    return f'<Worksheet ss:Name="{name}"><Table><Row>{head}</Row>{lines}</Table></Worksheet>'


def book(*sheets: str) -> str:
    return (
        '<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>'
        '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"'
        f' xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">{"".join(sheets)}</Workbook>'
    )


@pytest.mark.parametrize(
    "content",
    [page().encode(), page().encode("utf-16"), book(sheet()).encode()],
    ids=["HTML", "UTF-16", "XML"],
)
def test_what_is_called_a_workbook_is_read_as_the_table_that_it_holds(
    content: bytes, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "orders.xls").write_bytes(content)
    started = start_study(tmp_path, "acme", [tmp_path / "orders.xls"], today=date(2026, 1, 1))
    (shown,) = started.previews
    assert (shown.kept, shown.customers, shown.orders) == (40, 7, 40)
    assert shown.total == pytest.approx(WORTH, abs=0.005)
    # the file stays what it is
    assert (started.folder / "orders.xls").read_bytes() == content
    assert open_tables(started.study, cache=False).report_of("transactions").kept == 40


def test_cells_over_several_rows_are_filled(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    lines = "".join(
        f"<tr><td rowspan=2>C{i}</td><td>2024-01-{1 + i:02d}</td><td>{i}.50</td></tr>"
        f"<tr><td>2024-02-{1 + i:02d}</td><td>{i}.75</td></tr>"
        for i in range(20)
    )
    head = "<tr><th>Customer ID</th><th>Order date</th><th>Amount</th></tr>"
    (tmp_path / "orders.html").write_text(f"<table>{head}{lines}</table>")
    started = start_study(tmp_path, "acme", [tmp_path / "orders.html"], today=date(2026, 1, 1))
    (shown,) = started.previews
    assert (shown.kept, shown.customers) == (40, 20)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("<html><body><p>Please sign in</p></body></html>", "holds no table"),
        (book(sheet("A"), sheet("B")), "holds 2 sheets: A, B"),
        ('<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
         "holds no table"),
    ],
)  # fmt: skip
def test_pages_without_a_table_are_refused(content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "orders.xls").write_text(content)
    with pytest.raises(DataError, match=said):
        start_study(tmp_path, "acme", [tmp_path / "orders.xls"], today=date(2026, 1, 1))
