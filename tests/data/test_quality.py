"""Rows that fail a rule are set aside with one reason, and no row is lost."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import hypothesis.strategies as st
import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from workbench.data import Tables, open_tables
from workbench.errors import DataError
from workbench.study import load_study

OpenStudy = Callable[..., Tables]
HEAD = "customer_id,date,amount\n"
GOOD = "C1,2025-01-05,12.5\n"


@pytest.mark.parametrize(
    ("row", "reason", "found"),
    [
        (",2025-01-05,12.5", "missing", "customer_id"),
        ("  ,2025-01-05,12.5", "missing", "customer_id"),
        ("C2,,12.5", "missing", "date"),
        ("C2,2025-02-30,12.5", "unreadable", "date: 2025-02-30"),
        ("C2,2025-01-05,twelve", "unreadable", "amount: [text]"),
        ("C2,2025-01-05,nan", "unreadable", "amount: nan"),
        ("C2,2025-01-05,inf", "unreadable", "amount: inf"),
        ("C2,2026-01-01,12.5", "after as-of", "date: 2026-01-01"),
        ("C2,1900-01-01,12.5", "too early", "date: 1900-01-01"),
        ("C2,1970-01-01,12.5", "too early", "date: 1970-01-01"),
        ("C2,2025-01-05,-12.5", "unmatched refund", "amount: -12.5"),
        ("C2,2025-01-05,(12.50)", "unmatched refund", "amount: -12.5"),
        ("C2,2025-01-05", "malformed", "2 fields, the header has 3"),
    ],
)
def test_a_bad_purchase_is_set_aside_with_its_reason(
    open_study: OpenStudy, row: str, reason: str, found: str
) -> None:
    tables = open_study(transactions=HEAD + GOOD + row + "\n")
    report = tables.report["transactions"]
    assert (report.read, report.kept) == (2, 1)
    assert report.set_aside == {reason: 1}
    assert report.examples[reason] == (3, found)
    aside = tables.set_aside("transactions")
    assert aside.to_dict("records") == [{"row": 3, "reason": reason, "found": found}]


def test_a_purchase_on_the_as_of_day_itself_counts(open_study: OpenStudy) -> None:
    tables = open_study(transactions=HEAD + "C1,2025-12-31 23:59:59,1\n")
    assert tables.report["transactions"].kept == 1


def test_refunds_and_zero_amounts_follow_the_cards_rule(open_study: OpenStudy) -> None:
    text = HEAD + GOOD + "C1,2025-01-06,-2\nC1,2025-01-07,0\n"
    assert open_study(transactions=text).report["transactions"].set_aside == {"netted": 1}
    aside = open_study(transactions=({"refunds": "set_aside"}, text)).report["transactions"]
    assert aside.set_aside == {"refund": 1}
    kept = open_study(transactions=({"refunds": "keep"}, text)).report["transactions"]
    assert (kept.set_aside, kept.zero_amounts) == ({}, 1)
    both = open_study(transactions=({"zero_amounts": "set_aside"}, text)).report["transactions"]
    assert both.set_aside == {"netted": 1, "zero amount": 1}


def test_equal_rows_are_duplicates_only_where_rows_are_numbered(open_study: OpenStudy) -> None:
    plain = open_study(transactions=HEAD + GOOD * 3).report["transactions"]
    assert (plain.kept, plain.repeated) == (3, 2)
    numbered = "customer_id,date,amount,order_id\n" + "C1,2025-01-05,12.5,A1\n" * 3
    tables = open_study(transactions=numbered)
    assert tables.report["transactions"].set_aside == {"duplicate": 2}
    assert tables.set_aside("transactions")["found"].tolist() == ["row 2", "row 2"]
    told = open_study(transactions=({"duplicates": "set_aside"}, HEAD + GOOD * 3))
    assert told.report["transactions"].set_aside == {"duplicate": 2}
    kept = open_study(transactions=({"duplicates": "keep"}, numbered))
    assert kept.report["transactions"].kept == 3


def test_two_lines_of_one_order_are_no_duplicates(open_study: OpenStudy) -> None:
    text = "customer_id,date,amount,order_id\nC1,2025-01-05,12.5,A1\nC1,2025-01-05,3,A1\n"
    assert open_study(transactions=text).report["transactions"].kept == 2


def test_a_line_a_piece_is_no_duplicate_where_nobody_counts_pieces(open_study: OpenStudy) -> None:
    """A till prints two equal lines for two equal things; with a quantity it would print one."""
    lines = "customer_id,date,amount,order_id,product\n" + "C1,2025-01-05,2,A1,tea\n" * 2
    report = open_study(transactions=lines).report["transactions"]
    assert (report.kept, report.repeated) == (2, 1)
    counted = lines.replace("product", "product,quantity").replace("tea", "tea,1")
    assert open_study(transactions=counted).report["transactions"].set_aside == {"duplicate": 1}
    told = open_study(transactions=({"duplicates": "set_aside"}, lines)).report["transactions"]
    assert told.set_aside == {"duplicate": 1}


def test_what_a_line_is_of_is_a_word_and_its_price_a_number(open_study: OpenStudy) -> None:
    text = (
        "customer_id,date,amount,order_id,product,category,quantity,price\n"
        'C1,2025-01-05,5.00,A1,0012,Tea,2,"2.50 €"\nC1,2025-01-05,9,A1,0013,Tea,1,free\n'
        "C1,2025-01-06,9,A2,,Tea,1,-4\n"
    )
    tables = open_study(transactions=text)
    frame = tables.frame("transactions").sort_values("amount", kind="stable")
    assert frame["product"].tolist()[:2] == ["0012", "0013"]
    assert frame["price"].iloc[0] == 2.5 and frame["price"].isna().sum() == 2
    report = tables.report["transactions"]
    assert (report.kept, report.emptied["price"]) == (3, 2)


def test_a_second_record_with_the_same_key_is_set_aside(open_study: OpenStudy) -> None:
    text = "customer_id,contract_id,start,end\nC1,K1,2024-01-01,\nC1,K1,2024-02-01,\n"
    tables = open_study(contracts=text)
    assert tables.report["contracts"].set_aside == {"second record": 1}
    assert tables.frame("contracts")["start"].dt.month.tolist() == [1]


def test_a_contract_that_ends_before_it_starts_is_set_aside(open_study: OpenStudy) -> None:
    text = "customer_id,contract_id,start,end\nC1,K1,2024-01-01,2023-12-01\nC2,K2,2024-01-01,\n"
    report = open_study(contracts=text).report["contracts"]
    assert report.set_aside == {"end before start": 1}
    assert report.examples["end before start"] == (2, "2024-01-01 > 2023-12-01")


def test_an_answer_off_its_scale_empties_its_cell_alone(open_study: OpenStudy) -> None:
    text = "respondent_id,wave,exp_01,per_01,csat5,recommend\n"
    text += "R1,2025-H1,7,1,5,10\nR2,2025-H1,8,1,5,10\nR3,2025-H1,7,1,0,10\nR4,2025-H1,7,,5,11\n"
    report = open_study(survey=text).report["survey"]
    assert (report.kept, report.set_aside) == (4, {})
    assert report.emptied == {"exp_01": 1, "csat5": 1, "recommend": 1}
    five = open_study({"survey": {"scale": [1, 8]}}, survey=text).report["survey"]
    assert five.emptied == {"csat5": 1, "recommend": 1}


def test_codes_for_no_answer_are_missing_values(open_study: OpenStudy) -> None:
    text = "respondent_id,wave,exp_01,csat5\nR1,2025-H1,99,5\nR2,2025-H1,NA,4\n"
    tables = open_study(survey=({"missing": [99, "NA"]}, text))
    assert tables.report["survey"].kept == 2
    assert tables.frame("survey")["exp_01"].isna().all()
    assert not tables.report["survey"].emptied


def test_a_value_that_cannot_be_is_emptied_and_its_row_kept(open_study: OpenStudy) -> None:
    text = "customer_id,at,response_hours,resolved\nC1,2025-01-05 10:00,-1,maybe\n"
    text += "C1,2025-01-06 10:00,9999,yes\nC1,2025-01-07 10:00,abc,是\nC1,2025-01-08 10:00,2,0\n"
    tables = open_study(interactions=text)
    report = tables.report["interactions"]
    assert report.kept == 4
    assert report.emptied == {"response_hours": 3, "resolved": 1}
    frame = tables.frame("interactions")
    assert frame["response_hours"].dropna().tolist() == [2.0]
    assert frame["resolved"].dropna().tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("decimal", "text", "value"),
    [
        (".", '"1,234.50"', 1234.5),
        (".", "¥99", 99.0),
        (".", "1e3", 1000.0),
        (",", '"12,50"', 12.5),
        (",", '"1.234,50"', 1234.5),
    ],
)
def test_amounts_are_read_as_people_write_them(
    open_study: OpenStudy, decimal: str, text: str, value: float
) -> None:
    tables = open_study(transactions=({"decimal": decimal}, f"{HEAD}C1,2025-01-05,{text}\n"))
    assert tables.frame("transactions")["amount"].tolist() == [value]


def test_a_decimal_comma_is_never_taken_for_thousands(open_study: OpenStudy) -> None:
    tables = open_study(transactions=HEAD + GOOD + 'C1,2025-01-05,"1,5"\n')
    assert tables.report["transactions"].set_aside == {"unreadable": 1}


def test_an_instant_falls_on_the_day_of_the_studys_time_zone(open_study: OpenStudy) -> None:
    text = HEAD + "C1,2025-01-05T20:00:00Z,1\nC2,2025-01-05 20:00:00,2\n"
    shanghai = open_study(transactions=text).frame("transactions")
    assert shanghai["date"].dt.day.tolist() == [6, 5]
    new_york = open_study({"time_zone": "America/New_York"}, transactions=text)
    assert new_york.frame("transactions")["date"].dt.day.tolist() == [5, 5]


def test_dates_that_could_be_day_or_month_first_must_be_declared(open_study: OpenStudy) -> None:
    text = HEAD + "C1,05/01/2025,1\nC1,06/02/2025,1\n"
    with pytest.raises(DataError, match="column 'date' can be read as"):
        open_study(transactions=text).expr("transactions")
    told = open_study(transactions=({"date_format": "%d/%m/%Y"}, text))
    assert told.frame("transactions")["date"].dt.month.tolist() == [1, 2]


def test_when_nothing_is_left_the_error_says_why(open_study: OpenStudy) -> None:
    with pytest.raises(DataError) as caught:
        open_study(transactions=({"date_format": "%d.%m.%Y"}, HEAD + GOOD * 2)).expr("transactions")
    assert "not one of 2 rows can be used; mostly: a required date" in str(caught.value)
    assert "row 2: date: 2025-01-05" in str(caught.value)
    assert "date_format" in caught.value.remedy


def test_missing_columns_are_named_together_with_suggestions(open_study: OpenStudy) -> None:
    with pytest.raises(DataError) as caught:
        open_study(transactions="客户编号,交易日期,amout\n1,2,3\n").expr("transactions")
    text = str(caught.value)
    assert "transactions.csv" in text
    assert "column 'customer_id' is missing; did you mean '客户编号'?" in text
    assert "column 'date' is missing; did you mean '交易日期'?" in text
    assert "column 'amount' is missing; did you mean 'amout'?" in text
    assert "tables.transactions.columns" in text


def test_a_required_column_that_the_card_gives_another_name_is_said_so(
    open_study: OpenStudy,
) -> None:
    table = ({"columns": {"client": "customer_id"}}, "customer_id,date,amount\n1,2025-01-01,3\n")
    said = "column 'customer_id' is missing; the card calls it 'client', which nothing reads"
    with pytest.raises(DataError, match=said):
        open_study(transactions=table).expr("transactions")


def test_a_mapped_column_that_is_not_there_suggests_the_right_one(open_study: OpenStudy) -> None:
    table = ({"columns": {"customer_id": "cust_nr"}}, "cust_no,date,amount\n1,2025-01-01,3\n")
    with pytest.raises(DataError, match=r"'cust_nr' \(for customer_id\).*did you mean 'cust_no'"):
        open_study(transactions=table).expr("transactions")


def test_own_columns_of_numbers_come_as_numbers_and_codes_as_texts(open_study: OpenStudy) -> None:
    text = "customer_id,lifestyle_online,branch\nC1,4,007\nC2,,010\nC3,2.5,100\n"
    frame = open_study(customers=text).frame("customers")
    assert frame["lifestyle_online"].dropna().tolist() == [4.0, 2.5]
    assert frame["branch"].tolist() == ["007", "010", "100"]


def test_a_table_that_is_not_standard_is_read_as_it_is(open_study: OpenStudy) -> None:
    frame = open_study(weather="day,rain\n2025-01-01,3.5\n").frame("weather")
    assert frame.to_dict("records") == [{"day": "2025-01-01", "rain": 3.5}]


_IDS = st.sampled_from(["C1", "c1", "C2", "", " ", "12.0"])
_DATES = st.sampled_from(["2025-01-05", "2025-02-30", "", "1900-01-01", "2031-01-01", "soon"])
_AMOUNTS = st.sampled_from(["1", "-1", "0", "", "abc", "1,5", "1e400", "12.50"])
_ORDERS = st.sampled_from(["A1", "A2", ""])


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(st.tuples(_IDS, _DATES, _AMOUNTS, _ORDERS), max_size=12),
    broken=st.integers(0, 3),
    card=st.fixed_dictionaries(
        {
            "refunds": st.sampled_from(["net", "keep", "set_aside"]),
            "zero_amounts": st.sampled_from(["keep", "set_aside"]),
            "duplicates": st.sampled_from(["auto", "keep", "set_aside"]),
        }
    ),
)
def test_every_row_is_either_kept_or_set_aside(
    tmp_path: Path, rows: list[tuple[str, ...]], broken: int, card: dict[str, str]
) -> None:
    lines = ["customer_id,date,amount,order_id", "C9,2025-03-01,5,Z9"]
    lines += [",".join(f'"{cell}"' for cell in row) for row in rows] + ["a,b"] * broken
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    study = {
        "title": "T", "simulated": True, "as_of": dt.date(2025, 12, 31),
        "tables": {"transactions": {"path": "t.csv", "date_format": "%Y-%m-%d", **card}},
    }  # fmt: skip
    (tmp_path / "study.yml").write_text(yaml.safe_dump(study))
    tables = open_tables(load_study(tmp_path))
    report = tables.report["transactions"]
    assert report.read == 1 + len(rows) + broken
    assert report.kept == len(tables.frame("transactions"))
    assert report.read == report.kept + sum(report.set_aside.values())
    aside = tables.set_aside("transactions")
    assert aside["reason"].value_counts().to_dict() == report.set_aside
    assert aside["row"].is_unique
