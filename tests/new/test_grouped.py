"""Reports that name a customer in a row alone, above the customer's rows, are read as tables."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from tests.new.test_totals import ORDERS
from workbench.new.study import start_study
from workbench.new.tables.opening import open_file

SALES = [(c, d, o, item, q, round(q * p, 2)) for o, c, d, lines in ORDERS for item, q, p in lines]
MONEY = round(sum(r[-1] for r in SALES), 2)
WHO = sorted({r[0] for r in SALES})


def report(
    heads: Sequence[str], total: str, *, own_column: bool = True, ragged: bool = False
) -> list[list[object]]:
    """Write rows by customer: in a column of their own, or in the first one of the table."""
    width = len(heads)
    rows: list[list[object]] = [list(heads)]
    for who in WHO:
        name = f"{who} & Sons"
        rows.append([name] if ragged else [name] + [""] * (width - 1))
        own = [r for r in SALES if r[0] == who]
        for _, day, order, item, q, money in own:
            rows.append([*([""] if own_column else []), day, order, item, q, f"{money:.2f}"])
        blank = [""] * (width - 2)
        rows.append([total.format(name), *blank, f"{sum(r[-1] for r in own):.2f}"])
    rows.append(["TOTAL", *[""] * (width - 2), f"{MONEY:.2f}"])
    return rows


def text(rows: Sequence[Sequence[object]], above: str = "") -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return above + out.getvalue()


HEADS = ["", "Date", "Num", "Product/Service", "Qty", "Amount"]
TITLES = "Acme Store,,,,,\nSales by Customer Detail,,,,,\n2024,,,,,\n"
LAYOUTS = [
    (report(HEADS, "Total for {}"), TITLES),
    (report(HEADS, "Total {}", ragged=True), TITLES),
    (report(HEADS[1:], "Total {}", own_column=False), ""),
    (report(["Datum", "Beleg", "Artikel", "Menge", "Betrag"], "Summe {}", own_column=False), ""),
    (report(["客户", "日期", "单号", "商品", "数量", "金额"], "{} 小计"), "销售明细表,,,,,\n"),
    (report(["Customer", "Date", "Invoice", "Item", "Qty", "Total"], "Subtotal"), ""),
]


@pytest.mark.parametrize("n", range(len(LAYOUTS)))
def test_the_rows_take_the_name_above_them_and_totals_are_left_out(tmp_path: Path, n: int) -> None:
    rows, above = LAYOUTS[n]
    path = tmp_path / "report.csv"
    path.write_text(text(rows, above), encoding="utf-8")
    (upload,) = open_file(path)
    name = upload.keys["group_rows"]
    assert name.startswith("customer")
    frame = upload.frame
    assert len(frame) == len(SALES)
    assert frame[name].tolist() == [f"{w} & Sons" for w in WHO for r in SALES if r[0] == w]
    money = frame.columns[[*frame.columns].index(name) - 1]
    assert frame[money].astype(float).sum() == pytest.approx(MONEY)


def test_a_report_of_a_workbook_becomes_a_study(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    book = openpyxl.Workbook()
    for row in ([["Acme"], ["Receivable invoices"], []], LAYOUTS[2][0]):
        for cells in row:
            book.active.append([float(c) if str(c).replace(".", "").isdigit() else c or None
                                for c in cells])  # fmt: skip
    book.save(tmp_path / "report.xlsx")
    found = start_study(tmp_path, "acme", [tmp_path / "report.xlsx"], today=date(2026, 1, 1))
    shown = found.previews[0]
    assert (shown.kept, shown.customers, shown.lost) == (len(SALES), len(WHO), 0)
    assert shown.total == pytest.approx(MONEY)
    assert any("a guess: the names of its groups" in n for n in found.proposals[0].upload.notes)


#: Firms, of which some have jobs: what each job bought, and what the firm bought itself.
NESTED = {
    "Acme": {"": [10, 20], "Acme North": [5.5], "Acme South": [7, 8]},
    "Bert": {"": [30]},
    "Cole": {"Repairs": [1, 2], "Roof": [3]},
    "Dora": {"": [40, 4]},
    "Eve": {"Repairs": [6]},
}


def nested(own_column: bool, again: str) -> list[list[object]]:
    """Write jobs below their firms, with totals of both."""
    blank = [""] if own_column else []
    heads = [*blank, "Date", "Num", "Item", "Amount"]
    rows: list[list[object]] = [heads]
    n = 0

    def group(name: str, sums: Sequence[float]) -> None:
        nonlocal n
        for money in sums:
            n += 1
            rows.append([*blank, f"2024-0{1 + n % 9}-15", f"R{n}", "Lawn", f"{money:.2f}"])

    for firm, jobs in NESTED.items():
        rows.append([firm, *[""] * (len(heads) - 1)])
        group(firm, jobs.get("", []))
        for job, sums in jobs.items():
            if job:
                rows.append([job, *[""] * (len(heads) - 1)])
                group(job, sums)
                rows.append([f"Total for {job}", *[""] * (len(heads) - 2), f"{sum(sums):.2f}"])
        whole = f"{sum(map(sum, jobs.values())):.2f}"
        end = again if set(jobs) - {""} else ""
        rows.append([f"Total for {firm}{end}", *[""] * (len(heads) - 2), whole])
    rows.append(["TOTAL", *[""] * (len(heads) - 2), "136.50"])
    rows.append([""] * len(heads))
    rows.append(["", "Friday, Jan 03, 2025 10:00 - Accrual Basis", *[""] * (len(heads) - 2)])
    return rows


@pytest.mark.parametrize("own_column", [True, False])
@pytest.mark.parametrize("again", ["", " with sub-customers"])
def test_groups_within_groups_are_taken_apart(tmp_path: Path, own_column: bool, again: str) -> None:
    path = tmp_path / "report.csv"
    path.write_text(text(nested(own_column, again)), encoding="utf-8")
    (upload,) = open_file(path)
    name = upload.keys["group_rows"]
    frame = upload.frame
    expected = [(job or firm, firm, f"{m:.2f}") for firm, jobs in NESTED.items()
                for job, sums in jobs.items() for m in sums]  # fmt: skip
    columns = [name, f"{name}_group", "Amount"]
    assert [*frame[columns].itertuples(index=False, name=None)] == expected


def test_of_groups_within_groups_the_outer_ones_are_customers_or_asked(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    path = tmp_path / "report.csv"
    path.write_text(text(nested(True, " with sub-customers")), encoding="utf-8")
    found = start_study(tmp_path, "acme", [path], today=date(2026, 1, 1))
    shown = found.previews[0]
    assert (shown.kept, shown.customers, shown.lost) == (12, 5, 0)
    assert shown.total == pytest.approx(136.5)
    assert "columns.customer_id" in [q.key for q in found.proposals[0].questions]


def test_what_is_no_report_of_groups_stays(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    # an order of which only the item is known, here and there, and notes at the end
    rows = [["", "", "", "Mug", "", ""] if i % 9 == 8 else ["x", *r[1:]]
            for i, r in enumerate(SALES)]  # fmt: skip
    path.write_text(text([HEADS, *rows, ["seen"], ["by"], ["Anna"]]), encoding="utf-8")
    (upload,) = open_file(path)
    assert "group_rows" not in upload.keys
