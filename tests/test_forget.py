"""A person who is erased comes back nowhere, and what still holds them is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from workbench.data import holdings, open_tables
from workbench.data.clean.erasures import PLACE, read_erasures
from workbench.data.people.pseudonyms import pseudonym, study_key
from workbench.data.store.cache import home_of
from workbench.errors import DataError
from workbench.forget import REGISTER, forget
from workbench.runs.records.handover import digest_results
from workbench.runs.records.record import RunRecord, StepRecord, begin, finish, history_of, read_run
from workbench.study import Study, read_card

NOW = datetime(2026, 3, 1, tzinfo=UTC)
FILES = {
    # 0007 and 0031 are one person, by name, phone and e-mail
    "customers": "customer_id,name,phone,email,region\n"
    "0007,Zhang Weiming,13905716248,zhang.weiming@mail.example,North\n"
    "0008,Li Na,13887654321,li.na@mail.example,South\n"
    "0009,Wang Fang,13711112222,wang.fang@mail.example,South\n"
    "0031,Zhang Weiming,13905716248,zhang.weiming@mail.example,North\n",
    # a spreadsheet took the zeros away
    "transactions": "customer_id,date,amount\n7,2025-01-03,10\n7,2025-02-03,20\n8,2025-01-05,5\n"
    "9,2025-03-05,7\n31,2025-04-01,40\n",
    "interactions": "customer_id,at,kind\n0007,2025-05-01,complaint\n0008,2025-05-03,enquiry\n",
    "survey": "respondent_id,wave,answered_on,customer_id,phone,csat5\n"
    "R1,2025,2025-05-01,,139-0571-6248,3\nR2,2025,2025-05-02,0008,,4\nR3,2025,2025-05-03,,,5\n",
}


def write(root: Path, files: dict[str, str] = FILES, **card: Any) -> Study:
    folder = root / "data" / "shop"
    folder.mkdir(parents=True, exist_ok=True)
    (root / "_quarto.yml").touch()
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text)
    tables = {name: {"path": f"{name}.csv"} for name in files}
    for name, more in card.pop("more", {}).items():
        tables[name] |= more
    about = {"title": "Shop", "as_of": date(2025, 12, 31), "time_zone": "Asia/Shanghai"}
    (folder / "study.yml").write_text(yaml.safe_dump(about | {"tables": tables} | card))
    return read_card(folder / "study.yml")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WORKBENCH_ROOT", str(tmp_path))
    monkeypatch.setenv("WORKBENCH_KEY", "a key that is long enough")
    return tmp_path


def amounts(study: Study) -> list[float]:
    return sorted(open_tables(study, cache=False).frame("transactions")["amount"])


def streamed(study: Study) -> list[float]:
    tables = open_tables(study, cache=False)
    log = tables.purchases("transactions")
    return sorted(tables.engine.run(log.expr, "the log")["amount"])


READERS: dict[str, Callable[[Study], Any]] = {
    "frame": amounts,
    "kept tables": lambda s: sorted(open_tables(s).frame("transactions")["amount"]),
    "streamed purchases": streamed,
    "first rows": lambda s: sorted(open_tables(s, cache=False).head("transactions", 9)["amount"]),
}


def test_no_reader_gives_a_row_of_the_erased_under_any_of_their_ids(root: Path) -> None:
    study = write(root)
    assert amounts(study) == [5, 7, 10, 20, 40]
    assert len(open_tables(study, cache=False).frame("survey")) == 3
    open_tables(study).frame("transactions")  # kept on disk
    done = forget(study, root, "0031", now=NOW)
    assert done.listed and done.ids >= 3
    assert not home_of(study).exists()
    for name in ("frame", "kept tables", "streamed purchases", "first rows"):
        assert READERS[name](study) == [5, 7], name
    tables = open_tables(study, cache=False)
    assert len(tables.frame("customers")) == 2
    assert tables.frame("interactions")["kind"].tolist() == ["enquiry"]
    # who answered without a number is known by the phone
    assert sorted(tables.frame("survey")["csat5"]) == [4, 5]
    with pytest.raises(DataError, match="no customer"):
        tables.find_customer("0007")


def test_a_file_of_before_and_an_earlier_day_do_not_bring_them_back(root: Path) -> None:
    study = write(root)
    forget(study, root, "0007", now=NOW)
    backfill = FILES | {
        "transactions": FILES["transactions"] + "0007,2024-01-03,99\n7,2024-02-01,1\n"
    }
    assert amounts(write(root, backfill)) == [5, 7]
    earlier = write(root, backfill).model_copy(update={"as_of": date(2025, 2, 15)})
    assert amounts(earlier) == [5]


def test_the_list_holds_nobody(root: Path) -> None:
    study = write(root)
    forget(study, root, "0007", now=NOW)
    text = (study.folder / PLACE).read_text()
    for word in (
        "0007",
        "Zhang",
        "13905716248",
        "mail.example",
        pseudonym("0007", study_key(study)),
    ):
        assert word not in text
    assert read_erasures(study).people == 1 and read_erasures(study).last == NOW.date()


def test_another_key_is_refused_since_nobody_would_be_known(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = write(root)
    forget(study, root, "0007", now=NOW)
    monkeypatch.setenv("WORKBENCH_KEY", "another key, long enough")
    with pytest.raises(DataError, match="another key") as told:
        amounts(study)
    assert "WORKBENCH_KEY" in str(told.value)


@pytest.mark.parametrize("broken", ["erased: 7", "erased: [{on: 2026-01-01}]", "{{", "- a"])
def test_a_list_that_cannot_be_read_stops_every_reader(root: Path, broken: str) -> None:
    study = write(root)
    (study.folder / PLACE).write_text(broken)
    with pytest.raises(DataError, match="cannot be read"):
        amounts(study)


def test_an_id_that_no_file_has_is_refused_unless_it_is_meant(root: Path) -> None:
    study = write(root)
    with pytest.raises(DataError, match="no table of shop has the id '0070'") as told:
        forget(study, root, "0070", now=NOW)
    assert "--absent" in str(told.value)
    assert forget(study, root, "0070", now=NOW, absent=True).listed
    later = FILES | {"transactions": FILES["transactions"] + "0070,2025-06-01,66\n"}
    assert amounts(write(root, later)) == [5, 7, 10, 20, 40]


def test_twice_is_once(root: Path) -> None:
    study = write(root)
    assert forget(study, root, "0007", now=NOW).listed
    assert not forget(study, root, "0007", now=NOW).listed
    assert read_erasures(study).people == 1


def test_somebody_whose_id_differs_in_zeros_alone_stays(root: Path) -> None:
    files = {
        "transactions": "customer_id,date,amount\n007,2025-01-03,1\n07,2025-01-04,2\n"
        "A,2025-01-05,3\na,2025-01-06,4\n"
    }
    study = write(root, files)
    forget(study, root, "007", now=NOW)
    forget(study, root, "a", now=NOW)
    assert amounts(study) == [2, 3]


def a_run(history: Path, name: str, ids: list[str], *, shows: str = "") -> tuple[Path, StepRecord]:
    """Record a run with a result of people, and perhaps a notebook that shows one of them."""
    aside = begin(history, name)
    results = aside / "results" / "clv"
    results.mkdir()
    values = pd.DataFrame({"customer_id": ids, "value": [1.0, 2.0]})
    values.to_parquet(results / "customer_value.parquet", index=False)
    if shows:
        pd.DataFrame({"segment": ["a"], "n": [2]}).to_parquet(
            results / "totals.parquet", index=False
        )
        (aside / "notebooks" / "clv.ipynb").write_text(json.dumps({"cells": [shows]}))
    step = StepRecord("clv", "clv", "done", results=digest_results(results))
    record = RunRecord("shop", name, "", "", "done", {"clv": step}, number=1)
    return finish(aside, record).folder, step


def test_results_are_written_anew_with_their_digests_and_the_rest_is_named(root: Path) -> None:
    study = write(root)
    key = study_key(study)
    mine, other = pseudonym("0007", key), pseudonym("0008", key)
    history = root / "runs" / "shop"
    run, step = a_run(history, "20260201T000000Z-abcdef", [mine, other], shows=mine)
    for path in run.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    done = forget(study, root, "0007", now=NOW)
    assert not [p for p in run.rglob("*") if p.is_file() and p.stat().st_mode & 0o077]
    left = pd.read_parquet(run / "results/clv/customer_value.parquet")
    assert left["customer_id"].tolist() == [other]
    kept = read_run(run).notebooks["clv"]
    assert kept.results == digest_results(run / "results/clv") != step.results
    entries = [json.loads(x) for x in (root / "runs/shop" / REGISTER).read_text().splitlines()]
    assert entries[0]["result"] == "clv/customer_value.parquet" and entries[0]["rows"] == 1
    assert entries[0]["sha256"] != entries[0]["sha256_before"] and entries[-1]["people"] == 1
    assert done.aggregates == ["run 20260201T000000Z-abcdef, and clv.ipynb shows the pseudonym"]
    assert "customers.csv: 2 rows (2, 5)" in str(done)
    assert "transactions.csv: 3 rows (2, 3, 6)" in str(done)
    assert mine not in (root / "runs/shop" / REGISTER).read_text()


def test_runs_of_earlier_days_lose_them_too(root: Path) -> None:
    study = write(root)
    key = study_key(study)
    mine, other = pseudonym("0007", key), pseudonym("0008", key)
    place = history_of(root, "shop", seen=date(2025, 2, 28))
    run, step = a_run(place, "20260202T000000Z-abcdef", [mine, other])
    done = forget(study, root, "0007", now=NOW)
    left = pd.read_parquet(run / "results/clv/customer_value.parquet")
    assert left["customer_id"].tolist() == [other]
    kept = read_run(run).notebooks["clv"]
    assert kept.results == digest_results(run / "results/clv") != step.results
    assert done.aggregates == ["run 20260202T000000Z-abcdef"]


# --- consent ----------------------------------------------------------------------------------


def agreeing(root: Path, **said: Any) -> Study:
    people = "customer_id,region,同意\n1,N,是\n2,N,否\n3,S,\n4,S,是\n"
    sold = (
        "customer_id,date,amount\n1,2025-01-01,1\n2,2025-01-02,2\n3,2025-01-03,3\n5,2025-01-05,5\n"
    )
    files = {"customers": people, "transactions": sold}
    return write(root, files, more={"customers": {"consent": said or {"同意": "是"}}})


def test_who_did_not_consent_is_left_out_of_every_table_and_counted(root: Path) -> None:
    study = agreeing(root)
    assert amounts(study) == [1, 5]  # of 5 nothing is known
    tables = open_tables(study)
    assert sorted(tables.frame("transactions")["amount"]) == [1, 5]
    assert len(tables.frame("customers")) == 2
    noted = tables.report.notable
    words = "rows of people who have not consented, left out"
    found = noted[noted["finding"] == words].set_index("table")["number"]
    assert dict(found) == {"customers": 2, "transactions": 2}


def test_a_value_of_consent_that_the_file_does_not_have_is_refused(root: Path) -> None:
    with pytest.raises(DataError, match="agreed"):
        amounts(agreeing(root, 同意="agreed"))


# --- the register -----------------------------------------------------------------------------


def test_the_register_says_what_is_held_why_and_until_when(root: Path) -> None:
    said = {"purpose": "Billing", "keep_until": date(2025, 6, 30)}
    later = {"purpose": "Service", "keep_until": date(2027, 1, 1)}
    study = write(root, more={"transactions": said, "interactions": later})
    forget(study, root, "0009", now=NOW)
    held = holdings(open_tables(study, cache=False))
    rows = held.table.set_index("table")
    assert rows.loc["transactions", "purpose"]["en"] == "Billing"
    assert rows.loc["customers", "identifying"] == "name, phone, email"
    kept = {"customers": 2, "transactions": 4, "interactions": 2, "survey": 3}
    assert rows["rows"].to_dict() == kept
    found = {each.key: each for each in held.findings()}
    assert found["held_too_long"].values["tables"] == ["transactions"]
    assert found["held_unsaid"].values["tables"] == ["customers", "survey"]
    assert found["erased"].text.startswith("People erased on their request: 1")
    assert found["held"].text.startswith(
        "Tables with rows of people: 4; those with a stated purpose"
    )


def test_published_data_ask_nobody(root: Path) -> None:
    study = write(root, privacy={"public": True})
    keys = [each.key for each in holdings(open_tables(study, cache=False)).findings()]
    assert keys == ["held", "held_public"]


def test_what_became_of_their_opportunities_goes_with_them(root: Path) -> None:
    """The stages say of which opportunity they are, and not whose that is."""
    study = write(
        root,
        {
            "opportunities": "opportunity_id,customer_id,stage,opened\nO1,17,won,2025-01-01\n"
            "O2,17,open,2025-02-01\nO3,18,won,2025-03-01\n",
            "stages": "opportunity_id,stage,entered\nO1,lead,2025-01-01\nO1,won,2025-01-09\n"
            "O2,lead,2025-02-01\nO3,lead,2025-03-01\n",
        },
    )
    assert len(open_tables(study, cache=False).frame("stages")) == 4
    forget(study, root, "17", now=NOW)
    tables = open_tables(study, cache=False)
    assert tables.frame("stages")["entered"].astype(str).tolist() == ["2025-03-01"]
    assert set(tables.frame("stages")["opportunity_id"]) == set(
        tables.frame("opportunities")["opportunity_id"]
    )


def test_earlier_editions_are_named_and_taken_off_when_asked(root: Path) -> None:
    study = write(root)
    pages = {"r1": "studies/shop", "r2": "zh/studies/shop", "r3": "studies/other"}
    for run, folder in pages.items():
        (root / "_site/archive" / run / folder).mkdir(parents=True)
    told = forget(study, root, "0008", now=NOW)
    assert not told.withdrawn and sum("--withdraw" in each for each in told.aggregates) == 2
    gone = forget(study, root, "0008", now=NOW, withdraw=True)
    assert gone.withdrawn == ["archive/r1", "archive/r2"]
    assert [each.name for each in (root / "_site/archive").iterdir()] == ["r3"]
    assert "earlier editions taken off the site" in str(gone)
    assert not any("edition" in each for each in gone.aggregates)
