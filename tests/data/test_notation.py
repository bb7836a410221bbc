"""Numbers, days and times are read as people and systems write them, or not at all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from workbench.data import Tables
from workbench.data.engine import Engine
from workbench.data.text.notation import DateFormat, date_format, decimal_mark, heading_zone
from workbench.errors import DataError

OpenStudy = Callable[..., Tables]

NUMBERS = {
    "12.50-": -12.5, "−5.00": -5.0, "5.00−": -5.0, "US$ 5": 5.0, "US$-1,234.50": -1234.5,
    "CHF 12.50": 12.5, "12.50 CHF": 12.5, "HK$8": 8.0, "Rs. 1,00,000.00": 100000.0, "5 kr": 5.0,
    "1'234.50": 1234.5, "1’234.50": 1234.5, "1 234.50": 1234.5, "1\u00a0234.50": 1234.5,
    "１２.５": 12.5, "１，２３４．５０": 1234.5, "￥1,234.00元": 1234.0, "人民币8": 8.0,
    "1.2万": 12000.0, "1.1万元": 11000.0, "3.5亿": 350000000.0, "2千": 2000.0, "1.5k": 1500.0,
    "(5.00)": -5.0, "($5.00)": -5.0, "$(5.00)": -5.0, "-$5.00": -5.0, "$-5.00": -5.0,
    "12.-": 12.0, "+5": 5.0, "- 5": -5.0,
    '="0012"': 12.0, "'12.5": 12.5, "١٢٫٥": 12.5, "1e3": 1000.0,
    # none of these is a number
    "INV 123": None, "12 34": None, "1,2,3": None, "1,5": None, "12%": None, "--5": None,
    "5-3": None, "(5": None, "12:30": None, "1.234.567": None, "nan": None, "USD": None,
}  # fmt: skip
WITH_COMMA = {
    "7,5": 7.5, "-7,5": -7.5, "1.234,50": 1234.5, "1 234,50 €": 1234.5, "1.234": 1234.0,
    "5,-": 5.0, "12.50": None, "1'234,50-": -1234.5, "(7,5)": -7.5, "7,5万": 75000.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine()


def read(engine: Engine, texts: list[str], how: Callable[[Any], Any]) -> list[Any]:
    table = engine.upload("t", pa.table({"row": range(len(texts)), "text": texts}))
    found = engine.run(table.select("row", value=how(table.text)).order_by("row"), "test")
    return [None if value != value else value for value in found["value"]]


def test_numbers_are_read_as_people_write_them(engine: Engine) -> None:
    read_with_point = read(engine, list(NUMBERS), engine.number)
    assert dict(zip(NUMBERS, read_with_point, strict=True)) == NUMBERS
    found = read(engine, list(WITH_COMMA), lambda c: engine.number(c, ","))
    assert dict(zip(WITH_COMMA, found, strict=True)) == WITH_COMMA
    only = read(engine, ["1.234", "1 234"], lambda c: engine.number(c, ",", "."))
    assert only == [1234.0, None]


@pytest.mark.parametrize(
    ("texts", "mark", "doubt"),
    [
        (["1,234", "12,500", "3,999"], ".", "1,234"),
        (["1.234", "12.500"], ".", "1.234"),
        (["1.905", "957", "12"], ",", "1.905"),
        (["1,905", "957"], ".", "1,905"),
        (["1.905", "1957"], ".", "1.905"),
        (["1.905", "957.5"], ".", ""),
        (["1,234", "12,5"], ",", ""),
        (["1,234", "12.5"], ".", ""),
        (["0,125"], ",", ""),
        (["1.234.567"], ",", ""),
        (["1 200,50", "12 300,00", "300"], ",", ""),
        (["1'234.50"], ".", ""),
        (["12 345 678"], ".", ""),
        (["5", "12", "x", "2025-01-05"], ".", ""),
    ],
)
def test_the_decimal_mark_is_found_or_doubted(texts: list[str], mark: str, doubt: str) -> None:
    found = decimal_mark(texts)
    assert (found.mark, found.doubt) == (mark, doubt)


def test_a_thousand_is_never_one_and_a_bit_and_the_doubt_is_said(open_study: OpenStudy) -> None:
    text = 'customer_id,date,amount\nC1,2025-01-05,"1,234"\nC2,2025-01-05,"12,500"\n'
    tables = open_study(transactions=text)
    assert tables.frame("transactions")["amount"].tolist() == [1234, 12500]
    (note,) = tables.report_of("transactions").notes
    assert "'1,234' is read as a thousand; write `decimal`" in note
    told = open_study(transactions=({"thousands": ","}, text))
    assert told.report_of("transactions").notes == ()
    small = open_study(transactions=({"decimal": ","}, text))
    assert small.frame("transactions")["amount"].tolist() == [1.234, 12.5]


def test_dots_before_three_digits_are_thousands_or_refused(open_study: OpenStudy) -> None:
    def written(*amounts: str) -> str:
        return "customer_id,date,amount\n" + "".join(f"C1,2025-01-05,{a}\n" for a in amounts)

    told = open_study(transactions=written("1.905", "957", "12.500"))
    assert told.frame("transactions")["amount"].sum() == 1905 + 957 + 12500
    with pytest.raises(DataError, match=r"'1.905' may be a thousand or one and a bit"):
        open_study(transactions=written("1.905", "12.500")).frame("transactions")
    text = written("1.905", "12.500")
    small = open_study(transactions=({"decimal": "."}, text)).frame("transactions")
    assert small["amount"].tolist() == [1.905, 12.5]
    large = open_study(transactions=({"thousands": "."}, text)).frame("transactions")
    assert large["amount"].tolist() == [1905, 12500]


# --- days and times -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "days"),
    [
        (["4. März 2024", "14. April 2024", "1. Mai 2024"], ["03-04", "04-14", "05-01"]),
        (["15 de enero de 2024", "2 de mayo de 2024"], ["01-15", "05-02"]),
        (["4 mars 2024", "1er août 2024", "lundi 5 février 2024"], ["03-04", "08-01", "02-05"]),
        (["4 mai 2024 14h30", "12 juin 2024 09h05"], ["05-04", "06-12"]),
        (["12 lipca 2024", "3 grudnia 2024"], ["07-12", "12-03"]),
        (["5 марта 2024 г.", "7 мая 2024 г."], ["03-05", "05-07"]),
        (["4 de março de 2024", "9 de outubro de 2024"], ["03-04", "10-09"]),
        (["March 15th, 2024", "May 1st, 2024"], ["03-15", "05-01"]),
        (["Montag, 4. März 2024", "Dienstag, 7. Mai 2024"], ["03-04", "05-07"]),
        (["04MAR2024", "15DEC2024"], ["03-04", "12-15"]),
        (["März 2024", "Dezember 2024"], ["03-01", "12-01"]),
        (["202403", "202412"], ["03-01", "12-01"]),
        (["12. července 2024", "3. ledna 2024"], ["07-12", "01-03"]),
    ],
)
def test_days_are_read_in_the_words_of_many_languages(
    open_study: OpenStudy, texts: list[str], days: list[str]
) -> None:
    rows = "".join(f'C1,"{t}",5\n' for t in texts)
    read = open_study(transactions=f"customer_id,date,amount\n{rows}").frame("transactions")
    assert sorted(f"{day:%Y-%m-%d}" for day in read["date"]) == sorted(f"2024-{d}" for d in days)


def test_a_declared_format_reads_the_words_of_its_language(open_study: OpenStudy) -> None:
    text = "customer_id,date,amount\nC1,4. März 2024,5\nC1,14. April 2024,5\n"
    read = open_study(transactions=({"date_format": "%d. %B %Y"}, text)).frame("transactions")
    assert sorted(read["date"].dt.strftime("%m-%d")) == ["03-04", "04-14"]


@pytest.mark.parametrize(
    ("text", "calendar"),
    [
        ("令和6年3月5日", "an emperor's era"),
        ("R6.3.5", "an emperor's era"),
        ("民國113年3月5日", "the Republic of China"),
        ("113/03/05", "the Republic of China"),
        ("2567-01-07", "the Buddhist calendar"),
        ("07/01/2567", "the Buddhist calendar"),
        ("1445-08-25", "another calendar"),
    ],
)
def test_years_of_other_calendars_are_refused_by_name(
    open_study: OpenStudy, text: str, calendar: str
) -> None:
    with pytest.raises(DataError, match=rf"column 'date': '{text}' counts years by {calendar}"):
        open_study(transactions=f"customer_id,date,amount\nC1,{text},5\n").frame("transactions")


@pytest.mark.parametrize(
    ("text", "format"),
    [
        ("13/1/2025 9:44 PM", "%d/%m/%Y %I:%M %p"),
        ("2025/03/01 9:05:07 AM GMT+8", "%Y/%m/%d %I:%M:%S %p"),
        ("2025年3月1日 下午9:44", "%Y年%m月%d日 %p %I:%M"),
        ("Mar 2, 2025 at 9:44 p.m.", "%b %d, %Y at %I:%M %p"),
        ("Sunday, March 2, 2025", "%A, %B %d, %Y"),
        ("02-Mar-25", "%d-%b-%y"),
        ("20250105103000", "%Y%m%d%H%M%S"),
        ("45662.5", "excel"),
        ("1709341200", "unix"),
        ("1709341200123", "unix_ms"),
        ("2025-01-05T10:00:00.000Z", None),
        ("2024-03-02 10:00:00 -0500", None),
    ],
)
def test_the_format_of_a_moment_is_found(text: str, format: str | None) -> None:
    assert date_format([text]) == DateFormat(format)


def test_times_written_in_two_ways_are_both_read(open_study: OpenStudy) -> None:
    text = "customer_id,at\nC1,13/1/2025 10:30\nC2,14/1/2025\nC3,15/1/2025 9:05:30 PM\n"
    found = open_study(interactions=text).frame("interactions")["at"]
    assert [str(at) for at in found] == [
        "2025-01-13 10:30:00", "2025-01-14 00:00:00", "2025-01-15 21:05:30",
    ]  # fmt: skip


NEW_YORK = {"time_zone": "America/New_York"}


@pytest.mark.parametrize("format", [None, "%Y-%m-%d %H:%M:%S %z", "%Y-%m-%d %H:%M:%S"])
def test_the_evening_in_new_york_stays_that_day(open_study: OpenStudy, format: str | None) -> None:
    text = "customer_id,date,amount\nC1,2024-03-02 23:30:00 -0500,1\nC2,2024-03-03 03:30:00 Z,1\n"
    card = {"date_format": format} if format else {}
    days = open_study(NEW_YORK, transactions=(card, text)).frame("transactions")["date"]
    assert [str(day.date()) for day in days] == ["2024-03-02", "2024-03-02"]


def test_moments_counted_since_1970_and_days_since_1899(open_study: OpenStudy) -> None:
    instant = dt.datetime(2024, 3, 3, 4, 30, tzinfo=dt.UTC)  # 23:30 of the 2nd in New York
    seconds = int(instant.timestamp())
    serial = (dt.date(2024, 3, 2) - dt.date(1899, 12, 30)).days
    for written in (seconds, f"{seconds}123", f"{seconds}.5", serial, f"{serial}.979166667"):
        text = f"customer_id,date,amount\nC1,{written},1\n"
        days = open_study(NEW_YORK, transactions=text).frame("transactions")["date"]
        assert [str(day.date()) for day in days] == ["2024-03-02"], written


def test_a_heading_may_name_the_zone_of_its_times(open_study: OpenStudy) -> None:
    assert (heading_zone("Created (UTC)"), heading_zone("时间（GMT+8）")) == (0, 480)
    assert heading_zone("Total (USD)") is None
    text = "customer_id,Created (UTC),amount\nC1,2024-03-03 04:30,1\nC2,2024-03-03,1\n"
    card = {"columns": {"date": "Created (UTC)"}}
    days = open_study(NEW_YORK, transactions=(card, text)).frame("transactions")["date"]
    assert [str(day.date()) for day in days] == ["2024-03-02", "2024-03-03"]


def test_a_later_row_tells_days_from_months(open_study: OpenStudy) -> None:
    months = [f"{month}/{day}/2025" for month in range(1, 13) for day in range(1, 13)]
    # more rows that may be either than are looked at first
    dates = months * 15 + [f"1/{day}/2025" for day in range(13, 28)]
    text = "customer_id,date,amount\n" + "".join(f"C1,{day},1\n" for day in dates)
    tables = open_study(transactions=text)
    found = tables.frame("transactions")["date"]
    assert len(found) == len(dates) and tables.report_of("transactions").read == len(dates)
    assert found.max() == dt.datetime(2025, 12, 12)
    with pytest.raises(DataError, match=r"can be read as %d/%m/%Y and as %m/%d/%Y"):
        short = "customer_id,date,amount\n" + "".join(f"C1,{day},1\n" for day in months)
        open_study(transactions=short).expr("transactions")


def test_thousands_of_columns_that_nothing_names_are_left_alone(open_study: OpenStudy) -> None:
    more = [f"extra {i}" for i in range(5000)]
    lines = [["customer_id", "date", "amount", "order_id", *more]]
    lines += [["C1", "2025-01-05", "1", "O1", *["x"] * 4999, last] for last in ("y", "z")]
    text = "\n".join(",".join(line) for line in lines)
    card = {"where": {"extra 0": "x"}}
    tables = open_study(transactions=(card, text))
    # two lines of an order that differ in a column that is not read are two lines
    columns = ["customer_id", "date", "amount", "order_id", "extra 0"]
    assert tables.frame("transactions").columns.tolist() == columns
    assert tables.report_of("transactions").kept == 2
    assert "4,999 columns are not read" in tables.report_of("transactions").notes[0]
