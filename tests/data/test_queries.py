"""A card is data: its queries read, its paths stay where the user lets them, and nothing else."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.data.conftest import MakeStudy, OpenStudy
from workbench.data import open_tables
from workbench.data.engine import Engine
from workbench.errors import WorkbenchError
from workbench.study import StudyError, load_study

CSV = "customer_id,date,amount\nC1,2025-01-05,12.5\nC2,2025-01-06,8\n"
ROWS = "(values ('C1', date '2025-01-05', 12.5)) as t(customer_id, date, amount)"


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        (f"select * from {ROWS}", 1),
        (f"with x as (select * from {ROWS}) select * from x -- ; drop table x", 1),
        (f"(select * from {ROWS}) union all (select * from {ROWS});", 2),
        ("select * from 'raw.csv'", 2),
        ('from "raw.csv"', 2),
        ("select * from read_csv(['raw.csv'], header = true, all_varchar = true)", 2),
        ("select * from read_csv_auto('r*.csv') where customer_id <> 'glob(*)'", 2),
        ("select 'C' || i as customer_id, date '2025-01-05' as date, 1 as amount"
         " from range(3) as r(i)", 3),
    ],
)  # fmt: skip
def test_a_query_that_reads_is_read(
    open_study: OpenStudy, tmp_path: Path, query: str, rows: int
) -> None:
    (tmp_path / "raw.csv").write_text(CSV)
    tables = open_study({"privacy": {"public": True}}, transactions=({"sql": query}, None))
    assert len(tables.frame("transactions")) == rows


def test_the_engine_itself_reads_and_writes_nowhere_else(make_study: MakeStudy) -> None:
    engine = Engine(make_study(transactions=({"sql": "select 1"}, None)))
    for statement in (
        "select * from read_text('/etc/passwd')",
        "attach '/var/evil.db'",
        "install httpfs",
        "copy (select 1) to '/var/evil.csv'",
        "set enable_external_access = true",
        "set lock_configuration = false",
    ):
        with pytest.raises(duckdb.Error):
            engine.connection.con.execute(statement)
    # what would be set for large tables is left alone, and computes all the same
    with engine.within("500MB"):
        assert engine.connection.con.execute("select 1").fetchall() == [(1,)]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("../{name}/../outside.csv", "lies outside"),
        ("/etc/passwd", "lies outside"),
        ("~/orders.csv", "lies outside"),
        ("link.csv", "lies outside"),
        ("folder/orders.csv", "lies outside"),
        (".hidden.csv", "is hidden"),
    ],
)
def test_a_path_out_of_the_study_is_refused_before_it_is_opened(
    make_study: MakeStudy, tmp_path: Path, path: str, said: str
) -> None:
    (tmp_path / "link.csv").symlink_to("/etc/passwd")
    (tmp_path / "folder").symlink_to("/etc")
    with pytest.raises(StudyError, match=rf"tables\.transactions\.path: .*{said}"):
        make_study(transactions=({"path": path.format(name=tmp_path.name)}, None))


def test_the_user_names_folders_that_cards_may_read_from(
    make_study: MakeStudy, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path_factory.mktemp("shared")
    (shared / "orders.csv").write_text(CSV)
    card = {"path": str(shared / "orders.csv")}
    with pytest.raises(StudyError, match="WORKBENCH_DATA"):
        make_study({"privacy": {"public": True}}, transactions=(card, None))
    monkeypatch.setenv("WORKBENCH_DATA", f"{shared}")
    study = make_study({"privacy": {"public": True}}, transactions=(card, None))
    assert len(open_tables(study).frame("transactions")) == 2
    query = f"select * from read_csv('{shared}/orders.csv')"
    asked = make_study({"privacy": {"public": True}}, transactions=({"sql": query}, None))
    assert len(open_tables(asked).frame("transactions")) == 2


def test_a_codebook_lies_in_the_study_too(make_study: MakeStudy) -> None:
    survey = "respondent_id,wave,exp_01,per_01\nr1,a,5,4\n"
    with pytest.raises(StudyError, match=r"survey\.codebook: \.\./words\.yml lies outside"):
        make_study({"survey": {"items": {"01": "One"}, "codebook": "../words.yml"}}, survey=survey)


@pytest.mark.parametrize(
    ("connection", "said"),
    [
        ("duckdb:///etc/x.db", "lies outside"),
        ("duckdb://../x.db", "lies outside"),
        ("duckdb://?allow_unsigned_extensions=true", "read_only=1 alone"),
        ("sqlite:///etc/x.db", "the workbench speaks duckdb"),
        ("/etc/passwd", "the workbench speaks duckdb"),
    ],
)
def test_a_connection_is_to_a_database_of_the_study_or_a_server(
    make_study: MakeStudy, connection: str, said: str
) -> None:
    with pytest.raises(WorkbenchError, match=f"cannot connect to .*{said}"):
        open_tables(make_study({"connection": connection}, transactions=CSV))


def test_a_database_file_in_the_study_is_asked(make_study: MakeStudy, tmp_path: Path) -> None:
    with duckdb.connect(tmp_path / "shop.duckdb") as shop:
        shop.execute(f"create table orders as select * from {ROWS}")
    query = "select * from orders"
    study = make_study(
        {"connection": "duckdb://shop.duckdb?read_only=1", "privacy": {"public": True}},
        transactions=({"sql": query}, None),
    )
    assert load_study(study.folder).connection.endswith("read_only=1")
    assert len(open_tables(study).frame("transactions")) == 1
