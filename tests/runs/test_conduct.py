"""A run executes what can run, records all of it, and hands results and numbers on."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest

from workbench.runs import changes, last_good, last_run, list_runs, metric_history
from workbench.runs.records.record import BusyError, lock

PIPELINE = {
    "good": {"tables": ["transactions"], "gives": {"people": ["customer_id", "spend"]}},
    "by_case": {"for_each": "cases", "gives": {"effects": ["effect"]}},
    "reader": {"needs": ["good", "by_case"], "gives": {"read": []}},
    "typed": {"gives": {"said": ["name", "type"]}},
    "where": {},
    "gathers": {"after": ["*"], "gives": {"gathered": ["notebooks"]}},
    "hangs": {"tables": ["survey"]},
}
CARD = {
    "count": 3,
    "since": "2024-01-31",
    "until": "2025-06-30",
    "levels": [0.5, 2],
    "nothing": None,
}


@pytest.fixture(scope="module")
def ran(shared: Callable[..., Any]) -> Iterator[tuple[Any, Any, list[Any]]]:
    """One run of everything that goes well, watched, from another folder."""
    project = shared(**PIPELINE)
    project.write_card(parameters={"typed": CARD})
    events: list[Any] = []
    patch = pytest.MonkeyPatch()
    patch.setenv("MPLBACKEND", "agg")
    patch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    patch.chdir(project.root.parent)
    try:
        record = project.run('label=分店 "北京"', watch=events.append)
        assert Path.cwd() == project.root.parent
        yield project, record, events
    finally:
        patch.undo()


def saved(record: Any, key: str, name: str) -> pd.DataFrame:
    return pd.read_parquet(record.folder / "results" / key / f"{name}.parquet")


def printed(record: Any, key: str) -> dict[str, str]:
    book = nbformat.read(record.notebook_path(key), as_version=4)
    lines = [
        line
        for cell in book.cells
        for output in cell.get("outputs", [])
        if output.output_type == "stream"
        for line in output.text.splitlines()
    ]
    return dict(line.split(maxsplit=1) for line in lines)


def test_everything_ran_and_what_could_not_says_why(ran: Any) -> None:
    _, record, _ = ran
    assert record.status == "done"
    assert {key: step.status for key, step in record.notebooks.items()} == {
        "good": "done",
        "by_case-first": "done",
        "by_case-second": "done",
        "reader": "done",
        "typed": "done",
        "where": "done",
        "gathers": "done",
        "hangs": "skipped",
    }
    assert record.notebooks["hangs"].reason == "the study has no table survey"


def test_values_arrive_with_their_types_and_chinese_stays_readable(ran: Any) -> None:
    _, record, _ = ran
    said = saved(record, "typed", "said").set_index("name")
    assert said["value"].to_dict() == {
        "count": "3",
        "share": "0.5",
        "label": "'分店 \"北京\"'",
        "flag": "False",
        "since": "datetime.date(2024, 1, 31)",
        "until": "'2025-06-30'",
        "levels": "[0.5, 2.0]",
        "size": "'small'",
        "nothing": "None",
    }
    book = nbformat.read(record.notebook_path("typed"), as_version=4)
    (injected,) = [c for c in book.cells if "injected-parameters" in c.metadata.get("tags", [])]
    assert 'label = "分店 \\"北京\\""' in injected.source
    assert "\\u" not in injected.source


def test_a_notebook_reads_what_it_needs_and_cases_come_as_one_table(ran: Any) -> None:
    _, record, _ = ran
    (read,) = saved(record, "reader", "read").to_dict("records")
    assert read == {"people": 2, "cases": "first second", "numbers": "effect effect good.mean"}
    (gathered,) = saved(record, "gathers", "gathered").to_dict("records")
    assert gathered == {"notebooks": "by_case-first by_case-second good", "before": 0}


def test_kernels_work_in_the_notebooks_folder_each_in_a_process_of_its_own(ran: Any) -> None:
    project, record, _ = ran
    said = printed(record, "where")
    assert said["WD"] == str(project.root / "notebooks")
    assert int(said["PARENT"]) != os.getpid()
    assert said["PYTHON"] == sys.executable


def test_what_would_spoil_figures_or_slow_kernels_down_is_taken_out(ran: Any) -> None:
    _, record, _ = ran
    said = printed(record, "where")
    assert "inline" in said["BACKEND"]
    assert said["BYTECODE"] == "None"


def test_an_executed_notebook_holds_nothing_that_differs_next_time(ran: Any) -> None:
    project, record, _ = ran
    for path in (record.folder / "notebooks").iterdir():
        book = nbformat.read(path, as_version=4)
        nbformat.validate(book)
        text = path.read_text(encoding="utf-8")
        assert "papermill" not in text and "iopub" not in text
        assert str(project.runs) not in text
        ids = [cell.id for cell in book.cells]
        assert ids[1:3] == ["parameters", "injected-parameters"]


def test_executing_again_gives_the_same_files(ran: Any, tmp_path: Path) -> None:
    project, record, _ = ran
    again = project.run('label=分店 "北京"', notebooks=["typed", "good"], force=True)
    assert again.notebooks["good"].status == "done"
    assert again.notebooks["reader"].status == "cached"
    for key in ("typed", "good"):
        assert again.notebook_path(key).read_bytes() == record.notebook_path(key).read_bytes()
        assert again.notebooks[key].results == record.notebooks[key].results


def test_run_json_tells_what_went_in_and_where_it_ran(ran: Any) -> None:
    project, record, _ = ran
    told = json.loads((record.folder / "run.json").read_text(encoding="utf-8"))
    assert record.run.startswith("20260131T0815")
    assert record.folder == project.runs / record.run
    assert told["started"].startswith("2026-01-31T08:15")
    assert set(told["inputs"]) == {"transactions.csv", "study.yml"}
    assert all(len(digest) == 64 for digest in told["inputs"].values())
    assert told["versions"]["papermill"].startswith("2.")
    assert (told["as_of"], told["data_to"]) == ("2025-12-31", "2025-11-30")
    assert told["languages"] == ["en", "zh"]
    step = told["notebooks"]["by_case-second"]
    assert step["parameters"] == {"study": "tiny", "seed": 7, "case": "second"}
    assert (step["notebook"], step["case"]) == ("by_case", "second")


def test_events_tell_the_run_cell_by_cell(ran: Any) -> None:
    _, record, events = ran
    lines = (record.folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) | {"study": "tiny"} for line in lines] == events
    assert [e["event"] for e in (events[0], events[-1])] == ["run-started", "run-finished"]
    good = [e for e in events if e.get("notebook") == "good"]
    assert [e["event"] for e in good] == [
        "notebook-started",
        *["cell-started"] * good[0]["cells"],
        "notebook-finished",
    ]
    assert [e["number"] for e in good[1:-1]] == list(range(1, good[0]["cells"] + 1))


def test_nothing_aside_is_left_where_runs_lie(ran: Any) -> None:
    project, record, _ = ran
    names = {path.name for path in project.runs.iterdir()} - {".counter", ".lock"}
    assert names == {r.run for r in list_runs(project.runs)}
    inside = {path.name for path in record.folder.iterdir()}
    assert inside == {"run.json", "events.jsonl", "results", "notebooks", "used"}


def test_history_is_read_from_the_files(ran: Any) -> None:
    project, record, _ = ran
    project.run('label=分店 "北京"', notebooks=["good", "typed"])
    newest = last_run(project.runs)
    assert newest is not None and newest.run > record.run
    assert newest.data_to == "2025-11-30"
    good = last_good(list_runs(project.runs), "good")
    assert good is not None and good.run == newest.run
    assert last_good(list_runs(project.runs), "hangs") is None
    history = metric_history(project.runs, "good.mean")
    assert history["run"].iloc[0] == record.run
    assert set(history["value"]) == {2.0} and set(history["low"]) == {1.5}
    assert list(changes(project.runs)["name"]) == ["effect", "effect", "good.mean"]
    assert metric_history(project.root / "nothing").empty


def test_two_runs_of_one_study_do_not_collide(ran: Any) -> None:
    project, _, _ = ran
    with lock(project.runs), pytest.raises(BusyError, match="another run of this study"):
        project.run()
    assert not list(project.runs.glob(".unfinished-*"))
