"""What the engine reads from texts, with or without blanks around them."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import ibis
import pandas as pd
import pytest

from workbench.data import Tables
from workbench.data.dialects import Postgres, Spark
from workbench.data.engine import Engine
from workbench.errors import WorkbenchError

OpenStudy = Callable[..., Tables]

NUMBERS = {
    "5": 5.0,
    " 5": 5.0,
    "5.50\t": 5.5,
    "\n-1e3 ": -1000.0,
    "1,234.5": 1234.5,
    " (1,234.50) ": -1234.5,
    "¥ 12": 12.0,
    "1,5": None,
    "nan": None,
    "inf": None,
    "-Infinity ": None,
    "twelve": None,
    "": None,
    "  ": None,
}
MOMENTS = {
    "2025-08-16": "2025-08-16",
    " 2025-08-16": "2025-08-16",
    "2025-08-16 ": "2025-08-16",
    "\t2025-08-16\n": "2025-08-16",
    "2025-08-16 10:30": "2025-08-16 10:30",
    " 2025-08-16 10:30:05 ": "2025-08-16 10:30:05",
    "2025-08-16T23:30:00Z": "2025-08-17 07:30",
    " 2025-08-16T23:30:00+01:00 ": "2025-08-17 06:30",
    "2025-02-30": None,
    "yesterday": None,
    "": None,
    " ": None,
}


@pytest.fixture
def tables(open_study: OpenStudy) -> Tables:
    return open_study(transactions=({}, "customer_id,date,amount\nA,2025-01-01,10\n"))


def test_numbers_are_read_with_blanks_and_signs_or_not_at_all(tables: Tables) -> None:
    given = ibis.memtable(pd.DataFrame({"text": list(NUMBERS)}))
    read = given.select("text", value=tables.engine.number(given.text))
    found = tables.engine.run(read, "test").set_index("text")["value"]
    assert {text: None if pd.isna(v) else v for text, v in found.items()} == NUMBERS


def test_days_and_instants_are_read_with_blanks_or_not_at_all(tables: Tables) -> None:
    # instants are told by the clock of the study's zone, eight hours ahead of UTC
    assert tables.study.time_zone == "Asia/Shanghai"
    given = ibis.memtable(pd.DataFrame({"text": list(MOMENTS)}))
    read = given.select("text", value=tables.engine.moment(given.text))
    found = tables.engine.run(read, "test").set_index("text")["value"]
    expected = {text: None if m is None else pd.Timestamp(m) for text, m in MOMENTS.items()}
    assert {text: None if pd.isna(v) else v for text, v in found.items()} == expected


def test_a_text_is_freed_of_blanks_once(tables: Tables) -> None:
    given = ibis.memtable(pd.DataFrame({"text": [" a ", "b", ""]}))
    once = tables.engine.text(given.text)
    assert tables.engine.text(once) is once
    found = tables.engine.run(given.select(bare=once), "test")["bare"]
    assert found.iloc[:2].tolist() == ["a", "b"] and pd.isna(found.iloc[2])


def test_a_study_of_usual_size_is_added_up_in_one_order(
    open_study: OpenStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two threads differ in the last digit from run to run: nineteen indicators of Harbour did."""

    def threads() -> int:
        con = open_study(customers="customer_id\nA\n").engine.connection.con
        return int(con.execute("SELECT current_setting('threads')").fetchone()[0])

    assert threads() == 1
    monkeypatch.setattr("workbench.study.card.LARGE", 0)
    assert threads() == duckdb.connect().execute("SELECT current_setting('threads')").fetchone()[0]


def test_postgres_makes_a_number_of_a_truth_value_and_tries_a_cast() -> None:
    table = ibis.table({"yes": "boolean", "amount": "int64", "text": "string"}, name="t")
    made = table.select(
        yes=table.yes.cast("float64"), small=table.yes.cast("int8"), n=table.amount.cast("float64"),
        tried=table.text.try_cast("float64"), day=table.text.try_cast("timestamp"),
    )  # fmt: skip
    text = " ".join(Postgres().to_sqlglot(made).sql("postgres").split())
    assert 'CAST(CAST("t0"."yes" AS INT) AS DOUBLE PRECISION)' in text
    assert 'CAST(CAST("t0"."yes" AS INT) AS SMALLINT)' in text
    assert 'CAST("t0"."amount" AS DOUBLE PRECISION)' in text
    assert text.count("CASE WHEN") == 1 and "TRY_CAST" not in text
    assert "pg_temp.workbench_moment(" in text.lower()


def test_patterns_in_either_case_are_written_out_for_postgres() -> None:
    table = ibis.table({"text": "string"}, name="t")
    made = table.select(found=table.text.re_search(r"^(?i:us(d|\$)|a)x$"))
    text = str(Postgres().to_sqlglot(made).sql("postgres"))
    assert r"^(?:[uU][sS]([dD]|\$)|[aA])x$" in text


def test_groups_are_named_as_java_names_them_for_spark() -> None:
    table = ibis.table({"text": "string"}, name="t")
    made = table.select(found=table.text.re_replace(r"(\d)a(\d)", r"\2-\1"))
    assert "'$2-$1'" in str(Spark().to_sqlglot(made).sql("spark"))


@pytest.mark.parametrize("address", ["postgres://me:secret@db/crm", "sc://db:15002/;token=secret"])
def test_a_card_holds_no_password(address: str) -> None:
    with pytest.raises(WorkbenchError, match="holds no password") as told:
        Engine(connection=address)
    assert "secret" not in str(told.value)
