"""Whatever a table is kept in, the same rows come out."""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from workbench.data import Tables, open_tables
from workbench.errors import DataError, WorkbenchError
from workbench.study import Study, StudyError

MakeStudy = Callable[..., Study]
OpenStudy = Callable[..., Tables]

ROWS = [("C1", dt.date(2025, 1, 5), 12.5), ("C2", dt.date(2025, 1, 6), 8.0)]
CSV = "customer_id,date,amount\nC1,2025-01-05,12.5\nC2,2025-01-06,8.0\n"


def frame() -> pd.DataFrame:
    return pd.DataFrame(ROWS, columns=["customer_id", "date", "amount"])


def amounts(tables: object) -> list[tuple[str, float]]:
    found = tables.frame("transactions")  # type: ignore[attr-defined]
    return list(zip(found["date"].dt.date.astype(str), found["amount"], strict=True))


EXPECTED = [("2025-01-05", 12.5), ("2025-01-06", 8.0)]


def test_csv_tsv_and_compressed_files_are_read_alike(open_study: OpenStudy) -> None:
    assert amounts(open_study(transactions=CSV)) == EXPECTED
    tsv = ({"path": "t.tsv"}, CSV.replace(",", "\t"))
    assert amounts(open_study(transactions=tsv)) == EXPECTED
    packed = ({"path": "t.csv.gz"}, gzip.compress(CSV.encode()))
    assert amounts(open_study(transactions=packed)) == EXPECTED
    chinese = ({"path": "g.csv.gz"}, gzip.compress(CSV.replace("C2", "丙").encode("gb18030")))
    assert amounts(open_study(transactions=chinese)) == EXPECTED


def test_windows_line_ends_and_a_byte_order_mark_do_no_harm(open_study: OpenStudy) -> None:
    content = b"\xef\xbb\xbf" + CSV.replace("\n", "\r\n").encode()
    assert amounts(open_study(transactions=content)) == EXPECTED


def test_parquet_keeps_its_types(open_study: OpenStudy, tmp_path: Path) -> None:
    frame().to_parquet(tmp_path / "t.parquet")
    assert amounts(open_study(transactions=({"path": "t.parquet"}, None))) == EXPECTED


def test_a_sheet_of_a_workbook_is_read(open_study: OpenStudy, tmp_path: Path) -> None:
    with pd.ExcelWriter(tmp_path / "t.xlsx") as book:
        pd.DataFrame({"x": [1]}).to_excel(book, sheet_name="Notes", index=False)
        frame().to_excel(book, sheet_name="Sales", index=False)
    table = ({"path": "t.xlsx", "sheet": "Sales"}, None)
    assert amounts(open_study(transactions=table)) == EXPECTED


def test_a_misspelt_sheet_suggests_the_right_one(open_study: OpenStudy, tmp_path: Path) -> None:
    frame().to_excel(tmp_path / "t.xlsx", sheet_name="Sales 2025", index=False)
    tables = open_study(transactions=({"path": "t.xlsx", "sheet": "Sale 2025"}, None))
    with pytest.raises(DataError, match="did you mean 'Sales 2025'"):
        tables.expr("transactions")


def test_a_workbook_named_csv_is_refused(open_study: OpenStudy, tmp_path: Path) -> None:
    frame().to_excel(tmp_path / "t.xlsx", index=False)
    content = (tmp_path / "t.xlsx").read_bytes()
    with pytest.raises(DataError, match=r"an Excel workbook.*rename it to \.xlsx"):
        open_study(transactions=content).expr("transactions")


def test_a_text_named_xlsx_is_refused(open_study: OpenStudy) -> None:
    with pytest.raises(DataError, match=r"no Excel workbook.*name it \.csv"):
        open_study(transactions=({"path": "t.xlsx"}, CSV)).expr("transactions")


def test_sql_is_read_from_the_studys_connection(open_study: OpenStudy) -> None:
    query = (
        "select * from (values ('C1', date '2025-01-05', 12.5), ('C2', date '2025-01-06', 8.0))"
        " as t(customer_id, date, amount)"
    )
    assert amounts(open_study(transactions=({"sql": query}, None))) == EXPECTED


def test_sql_finds_files_beside_the_card(open_study: OpenStudy, tmp_path: Path) -> None:
    (tmp_path / "raw.csv").write_text(CSV)
    query = "select * from read_csv('raw.csv')"
    assert amounts(open_study(transactions=({"sql": query}, None))) == EXPECTED


def test_a_failing_query_names_its_place(open_study: OpenStudy) -> None:
    with pytest.raises(DataError, match=r"tables\.transactions\.sql: the query failed"):
        open_study(transactions=({"sql": "select * from nowhere"}, None)).expr("transactions")


def test_new_rows_behind_a_query_change_its_hash(make_study: MakeStudy, tmp_path: Path) -> None:
    study = make_study(transactions=({"sql": "select * from read_csv('raw.csv')"}, None))
    (tmp_path / "raw.csv").write_text(CSV)
    first = open_tables(study).hashes["transactions"]
    assert open_tables(study).hashes["transactions"] == first
    (tmp_path / "raw.csv").write_text(CSV.replace("8.0", "9.0"))
    assert open_tables(study).hashes["transactions"] != first


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.xlsx"])
def test_a_header_without_rows_is_refused(open_study: OpenStudy, tmp_path: Path, name: str) -> None:
    empty = frame().head(0)
    if name.endswith("csv"):
        empty.to_csv(tmp_path / name, index=False)
    elif name.endswith("xlsx"):
        empty.to_excel(tmp_path / name, index=False)
    else:
        empty.to_parquet(tmp_path / name)
    with pytest.raises(DataError, match="there is a header and not one row"):
        open_study(transactions=({"path": name}, None)).expr("transactions")


def test_lines_with_too_few_or_too_many_fields_are_counted(open_study: OpenStudy) -> None:
    tables = open_study(transactions=CSV + "C3,2025-01-07\n\nC4,2025-01-08,1,2\nC5,2025-01-09,3\n")
    report = tables.report["transactions"]
    assert report.read == 5
    assert report.kept == 3
    assert report.set_aside == {"malformed": 2}
    aside = tables.set_aside("transactions")
    assert aside["row"].tolist() == [4, 6]
    assert aside["found"].tolist() == ["2 fields, the header has 3", "4 fields, the header has 3"]


def test_a_quotation_mark_that_never_closes_is_named(open_study: OpenStudy) -> None:
    with pytest.raises(DataError, match=r"line 4: a quotation mark opens a field"):
        open_study(transactions=CSV + 'C3,"2025-01-07,3\nC4,2025-01-08,4\n').expr("transactions")


def test_a_field_may_hold_commas_quotes_and_line_breaks(open_study: OpenStudy) -> None:
    text = 'respondent_id,wave,comment\nR1,2025-H1,"good, ""very"" good\nindeed"\n'
    comment = open_study(survey=text).frame("survey")["comment"].iloc[0]
    assert comment == 'good, "very" good\nindeed'


def test_raw_files_are_never_changed(open_study: OpenStudy, tmp_path: Path) -> None:
    tables = open_study(transactions=CSV.replace("C2", "丙").encode("gb18030"))
    path = tmp_path / "transactions.csv"
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    tables.frame("transactions")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    assert tables.hashes == {"transactions": before}
    assert tables.report["transactions"].encoding == "gb18030"


def test_an_engine_that_is_not_there_says_so(make_study: MakeStudy) -> None:
    study = make_study({"connection": "nosuch://somewhere"}, transactions=CSV)
    with pytest.raises(WorkbenchError, match=r"cannot connect.*built-in DuckDB"):
        open_tables(study)


def test_a_table_the_study_lacks_suggests_one_it_has(open_study: OpenStudy) -> None:
    with pytest.raises(DataError, match="did you mean 'transactions'"):
        open_study(transactions=CSV).expr("transaction")


def test_a_heading_that_stands_twice_is_refused_only_where_it_is_needed(
    open_study: OpenStudy,
) -> None:
    text = "customer_id,date,amount,note,note\nC1,2025-01-05,5,a,b\n"
    assert list(open_study(transactions=text).frame("transactions")["note (2)"]) == ["b"]
    with pytest.raises(DataError, match="'amount' appears twice in the header"):
        open_study(transactions=text.replace("note,note", "amount,note")).expr("transactions")
    card = {"columns": {"customer_id": "note"}}
    with pytest.raises(DataError, match="'note' appears twice"):
        open_study(transactions=(card, text)).expr("transactions")


@pytest.mark.parametrize(
    ("card", "said"),
    [
        ({"date_format": "%Q"}, "'%Q' is no format"),
        ({"date_format": "dd.mm.yyyy"}, "'dd.mm.yyyy' is no format"),
        ({"header": True}, "row of the headings.*not true"),
    ],
)
def test_keys_of_a_card_that_mean_nothing_are_refused(
    make_study: MakeStudy, card: dict[str, object], said: str
) -> None:
    with pytest.raises(StudyError, match=said):
        make_study(transactions=(card, CSV))


@pytest.mark.parametrize(
    ("card", "text", "said"),
    [
        ({"thousands": "."}, CSV.replace("8.0", "23.85"), "contradicts `thousands: '.'`"),
        ({"decimal": ","}, CSV.replace("8.0", "23.85"), "contradicts `decimal: ','`"),
        ({"encoding": "utf-16"}, CSV, "is not utf-16"),
        ({}, CSV.replace("C1", "1.23E+11").replace("C2", "1.24E+11"), "lost their last digits"),
    ],
)
def test_what_the_card_says_against_the_file_is_refused(
    open_study: OpenStudy, card: dict[str, object], text: str, said: str
) -> None:
    with pytest.raises(DataError, match=said):
        open_study(transactions=(card, text)).expr("transactions")
