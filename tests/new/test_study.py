"""A study starts from a user's own tables: what they are is guessed, and what is not is asked."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest
from typer.testing import CliRunner, Result

from tests.conftest import widen_consoles
from workbench import cli
from workbench.new.columns.proposal import Proposal, StarterError
from workbench.new.study import start_study, understood
from workbench.study import read_card


def guess(path: Path) -> Proposal:
    (found,) = understood([path])
    return found


def workbench(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, list(arguments))


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workbench without a study, and consoles wide enough not to wrap."""
    folder = tmp_path / "root"
    for name in ("data", "notebooks"):
        (folder / name).mkdir(parents=True)
    (folder / "_quarto.yml").touch()
    (folder / "notebooks/pipeline.yml").write_text("clv: {tables: [transactions]}\n")
    (folder / "notebooks/clv.ipynb").write_text(
        '{"cells": [{"cell_type": "code", "execution_count": null, "id": "p", "metadata":'
        ' {"tags": ["parameters"]}, "outputs": [], "source": "study: str = \'x\'"}],'
        ' "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
    )
    monkeypatch.setenv("WORKBENCH_ROOT", str(folder))
    monkeypatch.setenv("COLUMNS", "200")
    widen_consoles(monkeypatch)
    return folder


def test_a_users_table_becomes_a_study_that_checks_out(root: Path, tmp_path: Path) -> None:
    orders = tmp_path / "orders.csv"
    rows = "Kunde;Filiale;Datum;Betrag\n17;Nord;03.01.2025;12,50\n17;Nord;05.02.2025;3,20\n"
    orders.write_text(rows + "18;Süd;25.02.2025;1.009,99\n", encoding="utf-8")
    told = workbench("new", "acme", "--from", str(orders))
    assert told.exit_code == 0, told.output
    assert "orders.csv -> table transactions" in told.stdout
    card = read_card(root / "data" / "acme" / "study.yml")
    table = card.tables["transactions"]
    assert table.columns == {"customer_id": "Kunde", "date": "Datum", "amount": "Betrag"}
    assert (table.decimal, table.date_format) == (",", "%d.%m.%Y")
    assert str(card.as_of) == "2025-02-25"
    assert (root / "data/acme/orders.csv").read_bytes() == orders.read_bytes()
    checked = workbench("check", "acme")
    assert checked.exit_code == 0, checked.output
    assert "3 rows read, 3 kept" in checked.stdout


def test_chinese_column_names_and_encodings_are_understood(root: Path, tmp_path: Path) -> None:
    orders = tmp_path / "订单.csv"
    text = "会员号,购买日期,消费金额\n1,2025/1/3,3.5\n1,2025/2/3,4.5\n2,2025/3/1,9\n"
    orders.write_bytes(text.encode("gb18030"))
    assert workbench("new", "dian", "--from", str(orders)).exit_code == 0
    card = read_card(root / "data" / "dian" / "study.yml")
    assert card.tables["transactions"].columns == {
        "customer_id": "会员号",
        "date": "购买日期",
        "amount": "消费金额",
    }
    assert "gb18030" in card.path.read_text(encoding="utf-8").lower()
    assert workbench("check", "dian").exit_code == 0


def test_several_tables_are_told_apart_by_name_or_columns(tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text("cust_id,mobile,region,city\n1,123,North,A\n2,124,South,B\n")
    assert guess(people).table == "customers"
    contracts = tmp_path / "contracts.csv"
    contracts.write_text("client,contract_no,start_date,end_date\n1,7,2024-01-01,\n")
    found = guess(contracts)
    assert found.table == "contracts" and not found.missing
    assert found.columns["end"] == "end_date"


def test_columns_without_telling_names_are_known_by_what_they_hold(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    rows = "k,z,t,p,s\nx,17,2025-01-03,2,12.50\nx,17,2025-02-03,4,3.20\nx,18,2025-02-25,1,9.99\n"
    log.write_text(rows)
    found = guess(log)
    assert found.columns == {"customer_id": "z", "date": "t", "amount": "s"}
    assert (found.table, found.missing) == ("transactions", ())


def test_two_files_that_look_like_one_table_are_refused(root: Path, tmp_path: Path) -> None:
    files = [tmp_path / "orders.csv", tmp_path / "sales.csv"]
    for path in files:
        path.write_text("customer_id,date,amount\n1,2025-01-03,2.5\n")
    words = "orders.csv and sales.csv both look like the table 'transactions'"
    with pytest.raises(StarterError, match=words):
        start_study(root, "acme", files, today=date(2026, 1, 1))
    assert not (root / "data/acme").exists()


def test_a_survey_of_spss_starts_a_study(root: Path, tmp_path: Path) -> None:
    source = tmp_path / "survey.sav"
    answers = pd.DataFrame(
        {
            "respondent": [f"a{i}" for i in range(40)],
            "wave": "1",
            "csat5": [4.0, 5.0, 3.0, 1.0] * 10,
        }
    )
    pyreadstat.write_sav(answers, source, variable_value_labels={"csat5": {5: "very satisfied"}})
    told = workbench("new", "wenjuan", "--from", str(source))
    assert told.exit_code == 0, told.output
    card = read_card(root / "data" / "wenjuan" / "study.yml")
    assert card.tables["survey"].columns == {"respondent_id": "respondent"}
    assert "\nsurvey:" in card.path.read_text(encoding="utf-8")
    assert workbench("check", "wenjuan").exit_code == 0


def test_what_cannot_be_guessed_is_asked_for_in_the_card(root: Path, tmp_path: Path) -> None:
    odd = tmp_path / "odd.csv"
    odd.write_text("who,what\nann,tea\nann,milk\nbob,tea\n")
    told = workbench("new", "odd", "--from", str(odd))
    assert told.exit_code == 0
    assert "none of the standard tables fits" in told.stdout
    lacking = tmp_path / "orders.csv"
    lacking.write_text("order_no,order_date,total\n1,2025-01-03,2.5\n2,2025-01-04,3.5\n")
    told = workbench("new", "lacking", "--from", str(lacking))
    assert "customer_id: not found" in told.stdout
    text = (root / "data/lacking/study.yml").read_text()
    needed = r"# customer_id: \.\.\.   # NEEDED: which of order_no, order_date, total\?"
    assert re.search(needed, text)
    assert read_card(root / "data/lacking/study.yml").name == "lacking"


def test_a_study_cannot_be_started_from_nothing_or_under_a_bad_name(
    root: Path, tmp_path: Path
) -> None:
    for name, source in (("my study", "x.csv"), ("acme", "absent.csv")):
        told = workbench("new", name, "--from", str(tmp_path / source))
        assert told.exit_code == 2
        assert not (root / "data" / name).exists()
    with pytest.raises(StarterError, match="no table was given"):
        start_study(root, "acme", [], today=date(2026, 1, 1))


def test_what_is_unsure_is_asked_in_the_terminal_or_marked_in_the_card(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = tmp_path / "orders.csv"
    days = [f"{1 + i % 12:02d}/{1 + i * 7 % 12:02d}/2025" for i in range(60)]
    rows = [f"K{i % 9},{day},{5 + i}.50,{4 + i}.20" for i, day in enumerate(days)]
    orders.write_text("\n".join(["customer,date,gross,net", *rows]) + "\n")
    told = workbench("new", "open", "--from", str(orders), "--yes")
    assert told.exit_code == 0, told.output
    assert "2 lines say CHECK" in told.stdout and "nothing is taken" in told.stdout
    text = (root / "data/open/study.yml").read_text()
    assert re.search(r"# CHECK date_format: .*month first", text)
    assert re.search(r'# CHECK amount: .*\n(.*\n)*?\s+amount: "gross"', text)
    assert read_card(root / "data/open/study.yml").tables["transactions"].date_format is None
    assert workbench("check", "open").exit_code == 2, "the reader asks again"

    monkeypatch.setattr(cli.studies, "_at_a_terminal", lambda: True)
    told = CliRunner().invoke(cli.app, ["new", "told", "--from", str(orders)], input="2\n9\n2\n1\n")
    assert told.exit_code == 0, told.output
    assert "one of 1, 2, please" in told.output and "CHECK" not in told.output
    card = read_card(root / "data/told/study.yml").tables["transactions"]
    assert (card.columns["amount"], card.date_format) == ("net", "%m/%d/%Y")
    assert workbench("check", "told").exit_code == 0
