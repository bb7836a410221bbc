"""Studies in Postgres and Spark have the numbers that they have in DuckDB."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.databases import postgres_server, spark_server
from workbench.data import customer_summary, open_tables
from workbench.study import read_card

ROOT = Path(__file__).parents[1]
ROWS = """客户;Datum;Betrag;Menge;Kanal
A 1 ;03/01/2024;¥1,234.50;1;web
A 1;29/02/2024;(5.00);2;shop
B;30/02/2024;7.5;1;web
B;04/05/2024 ;1.2万;n/a;
;05/05/2024;3;1;web
C;2024;4;1;web
n/a;06/06/2024;USD 8;1;shop
C;07/07/2024;12 ;1;shop
C;07/07/2024;12 ;1;shop
"""
CARD = {
    "title": {"en": "Tiny"}, "simulated": True, "languages": ["en"], "as_of": "2024-12-31",
    "currency": "CNY", "time_zone": "Asia/Shanghai",
    "tables": {
        "transactions": {
            "path": "transactions.csv", "date_format": "%d/%m/%Y",
            "columns": {"customer_id": "客户", "date": "Datum", "amount": "Betrag",
                        "quantity": "Menge", "channel": "Kanal"},
        }
    },
}  # fmt: skip
#: The pages of Harbour that are run on a database: each table, the survey and money are in them.
HARBOUR = ("data_quality", "lifecycle_churn", "goals", "service", "satisfaction_gap")


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    with postgres_server() as address, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGUSER", "workbench")  # as a card's reader would set it, with PGPASSWORD
        yield address


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with spark_server(tmp_path_factory.mktemp("spark")) as address:
        yield address


def write_card(folder: Path, **parts: object) -> Path:
    folder.mkdir(parents=True)
    (folder / "transactions.csv").write_text(ROWS, encoding="utf-8")
    card = folder / "study.yml"
    card.write_text(yaml.safe_dump({**CARD, **parts}, allow_unicode=True), encoding="utf-8")
    return card


def rows_of(card: Path) -> pd.DataFrame:
    frame = open_tables(read_card(card), cache=False).frame("transactions")
    return frame.sort_values(list(frame.columns), ignore_index=True)


def test_a_small_study_in_postgres_is_read_as_in_duckdb(postgres: str, tmp_path: Path) -> None:
    here, there = (
        write_card(tmp_path / place / "tiny", **parts)
        for place, parts in (("here", {}), ("there", {"connection": postgres}))
    )
    tables, others = (open_tables(read_card(card), cache=False) for card in (here, there))
    mine, its = tables.report_of("transactions"), others.report_of("transactions")
    assert its.set_aside == mine.set_aside and its.kept == mine.kept == 4
    assert its.emptied == mine.emptied
    pd.testing.assert_frame_equal(rows_of(there), rows_of(here), check_dtype=False)
    frames = [customer_summary(each, "transactions").frame() for each in (tables, others)]
    pd.testing.assert_frame_equal(*frames, check_dtype=False)


def test_rows_of_a_database_keep_their_zone_decimals_and_truth_and_leave_nothing(
    postgres: str, tmp_path: Path
) -> None:
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as held:
        held.execute("DROP TABLE IF EXISTS sold")
        held.execute("CREATE TABLE sold (who text, at timestamptz, paid numeric(12, 4), web bool)")
        held.execute(
            "INSERT INTO sold VALUES ('A', '2024-01-31 17:30+00', 10.1250, true),"
            " ('A', '2024-02-01 02:00+08', 0.1, false), ('B', '2024-12-31 15:59Z', 3, null)"
        )
        query = "SELECT who AS customer_id, at AS date, paid AS amount, web AS channel FROM sold"
        card = write_card(
            tmp_path / "db" / "tiny", connection=postgres, tables={"transactions": {"sql": query}}
        )
        found = open_tables(read_card(card), cache=False)
        frame = found.frame("transactions").sort_values("amount", ignore_index=True)
        # 17:30 in Greenwich is the next day in Shanghai, and so is 15:59 not
        assert [day.date() for day in frame["date"]] == [
            dt.date(2024, 2, 1), dt.date(2024, 12, 31), dt.date(2024, 2, 1)
        ]  # fmt: skip
        assert frame["amount"].tolist() == [0.1, 3.0, 10.125]
        found.engine.close()
        # the server clears a session away after its client has gone, and not at once
        others = "SELECT 1 FROM pg_stat_activity WHERE backend_type = 'client backend'"
        mine = f"{others} AND datname = current_database() AND pid <> pg_backend_pid()"
        end = time.monotonic() + 10
        while held.execute(mine).fetchone() and time.monotonic() < end:
            time.sleep(0.02)
        left = held.execute(
            "SELECT relname FROM pg_class WHERE relname LIKE 'workbench%' OR relname LIKE 'ibis%'"
        ).fetchall()
        assert left == []


def run(root: Path, study: str, connection: str | None, *pages: str) -> Path:
    """Run a study of the repository in a project of its own; give the folder of the run."""
    for name in ("notebooks", "reports"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("studies", "_lab"))
    shutil.copytree(ROOT / "data" / study, root / "data" / study)
    for path in (*ROOT.glob("_quarto*.yml"), ROOT / "pyproject.toml", ROOT / "requirements.lock"):
        shutil.copy(path, root)
    card = root / "data" / study / "study.yml"
    if connection is not None:
        text = card.read_text(encoding="utf-8")
        card.write_text(f"connection: {connection}\n{text}", encoding="utf-8")
    asked = [part for page in pages for part in ("-n", page)]
    done = subprocess.run(
        [sys.executable, "-m", "workbench", "run", study, *asked],
        env={**os.environ, "WORKBENCH_ROOT": str(root)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    (found,) = (root / "runs" / study).glob("2*")
    return found


def numbers(run: Path) -> dict[tuple[str, str, str], float]:
    """Every headline number of a run with its interval."""
    found = {}
    for path in sorted(run.glob("results/*/estimates.json")):
        for row in json.loads(path.read_text(encoding="utf-8")):
            for part in ("value", "low", "high", "p"):
                if isinstance(row.get(part), int | float):
                    found[path.parent.name, row["name"], part] = float(row[part])
    return found


def hold_together(mine: Path, its: Path) -> None:
    """Two runs have the same numbers and tables to six digits."""
    assert numbers(its) == pytest.approx(numbers(mine), rel=1e-6, abs=1e-9)
    tables = sorted(path.relative_to(mine) for path in mine.glob("results/*/*.parquet"))
    assert tables and tables == sorted(p.relative_to(its) for p in its.glob("results/*/*.parquet"))
    for name in tables:
        pd.testing.assert_frame_equal(
            pd.read_parquet(mine / name), pd.read_parquet(its / name),
            check_dtype=False, rtol=1e-6, atol=1e-9, obj=str(name),
        )  # fmt: skip


@pytest.fixture(scope="module")
def cdnow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(tmp_path_factory.mktemp("duckdb") / "root", "cdnow", None)


@pytest.mark.postgres
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_cdnow_in_postgres_has_the_numbers_it_has_in_duckdb(
    postgres: str, cdnow: Path, tmp_path: Path
) -> None:
    its = run(tmp_path / "root", "cdnow", postgres)
    assert len(numbers(its)) >= 60
    hold_together(cdnow, its)


@pytest.mark.postgres
@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_harbour_in_postgres_has_the_numbers_it_has_in_duckdb(
    postgres: str, tmp_path: Path
) -> None:
    mine = run(tmp_path / "here", "harbour", None, *HARBOUR)
    its = run(tmp_path / "there", "harbour", postgres, *HARBOUR)
    hold_together(mine, its)


@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_cdnow_in_spark_has_the_numbers_it_has_in_duckdb(
    spark: str, cdnow: Path, tmp_path: Path
) -> None:
    its = run(tmp_path / "root", "cdnow", spark)
    hold_together(cdnow, its)
