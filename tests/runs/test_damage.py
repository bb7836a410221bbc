"""One damaged file harms one thing: what stands beside it goes on, and says so."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from workbench.results import Estimate
from workbench.runs import (
    RunRecord,
    UnrecordedRunError,
    changes,
    damaged,
    last_complete,
    last_run,
    list_runs,
    lost_numbers,
    metric_history,
    runner,
)
from workbench.runs.execution.progress import Follower, emit
from workbench.runs.execution.task import Execution
from workbench.runs.records.handover import Handover, RunError, read_headlines
from workbench.runs.records.record import (
    StepRecord,
    begin,
    finish,
    finished_steps,
    keep_step,
    next_number,
    run_folders,
    write_json,
)
from workbench.trace import TARGET

OLD, FUTURE, NOW = "20260101T000000Z-aaaaaa", "20300101T000000Z-bbbbbb", "20260102T000000Z-cccccc"


def make(folder: Path, run: str, *, number: int | None = None, value: float = 1.0) -> RunRecord:
    """Put a finished run there, as a run does; number 0 is one from before the counter."""
    aside = begin(folder, run)
    results = aside / "results" / "clv"
    results.mkdir()
    row = {"name": "mean", **Estimate(value).to_json()}
    (results / "estimates.json").write_text(json.dumps([row]))
    step = StepRecord("clv", "clv", "done")
    counted = next_number(folder) if number is None else number
    return finish(
        aside,
        RunRecord("tiny", run, "2026-01-01", "2026-01-01", "done", {"clv": step}, number=counted),
    )


# --- order ------------------------------------------------------------------------------------


def test_runs_are_in_the_order_of_their_numbers_whatever_the_clock_said(tmp_path: Path) -> None:
    first = make(tmp_path, FUTURE, value=1)
    second = make(tmp_path, NOW, value=4)
    assert (first.number, second.number) == (1, 2)
    assert [run.run for run in list_runs(tmp_path)] == [NOW, FUTURE]
    newest = last_run(tmp_path)
    assert newest is not None and newest.run == NOW
    assert last_complete(tmp_path) == second.folder
    assert last_complete(tmp_path, before=NOW) == first.folder
    assert metric_history(tmp_path, "mean")["value"].tolist() == [1, 4]
    assert changes(tmp_path)["change"].tolist() == [3]


def test_runs_from_before_the_counter_come_first_even_if_dated_ahead(tmp_path: Path) -> None:
    for run in (FUTURE, OLD):
        record = make(tmp_path, run, number=0)
        content = json.loads((record.folder / "run.json").read_text())
        del content["number"]
        (record.folder / "run.json").write_text(json.dumps(content))
    assert [each.name for each in run_folders(tmp_path)] == [FUTURE, OLD]
    counted = make(tmp_path, NOW)
    assert counted.number == 3, "their number counts on from how many there are"
    assert [each.name for each in run_folders(tmp_path)] == [NOW, FUTURE, OLD]


@pytest.mark.parametrize("counter", [None, "", "eleven", "\0\0"])
def test_a_number_is_never_given_twice(tmp_path: Path, counter: str | None) -> None:
    kept = make(tmp_path, OLD)
    gone = make(tmp_path, NOW)
    shutil.rmtree(gone.folder)
    assert make(tmp_path, FUTURE).number == gone.number + 1, "a deleted run keeps its number"
    path = tmp_path / ".counter"
    path.unlink() if counter is None else path.write_text(counter)
    assert next_number(tmp_path) == kept.number + 3, "without the counter the runs tell"
    shutil.rmtree(tmp_path / OLD)
    shutil.rmtree(tmp_path / FUTURE)
    assert next_number(tmp_path) == kept.number + 4


# --- damage -----------------------------------------------------------------------------------


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:120])


def folder_instead(path: Path) -> None:
    path.unlink()
    path.mkdir()


def other_json(path: Path) -> None:
    path.write_text('["no record"]')


def lacking(path: Path) -> None:
    path.write_text(json.dumps({"number": 2, "run": NOW, "notebooks": {"clv": {}}}))


def not_text(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\x00" * 40)


def gone(path: Path) -> None:
    path.unlink()


HARM = [cut_off, folder_instead, other_json, lacking, not_text, gone]


@pytest.mark.parametrize("harm", HARM)
def test_a_run_that_cannot_be_read_is_left_out_and_named(
    tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    make(tmp_path, OLD, value=1)
    bad = make(tmp_path, NOW, value=2)
    make(tmp_path, FUTURE, value=5)
    harm(bad.folder / "run.json")
    assert [run.run for run in list_runs(tmp_path)] == [FUTURE, OLD]
    (said,) = damaged(tmp_path)
    assert str(bad.folder / "run.json") in said and "cannot be read and is left out" in said
    assert last_complete(tmp_path, before=FUTURE) == tmp_path / OLD
    assert changes(tmp_path)["change"].tolist() == [4]
    assert {place for place, _ in finished_steps(tmp_path)} == {tmp_path / OLD, tmp_path / FUTURE}
    assert next_number(tmp_path) == 4


def test_what_a_newer_version_wrote_besides_is_passed_over(tmp_path: Path) -> None:
    record = make(tmp_path, OLD)
    path = record.folder / "run.json"
    content = json.loads(path.read_text())
    content |= {"weather": "fair", "folder": "/elsewhere"}
    content["notebooks"]["clv"]["mood"] = "good"
    path.write_text(json.dumps(content))
    assert list_runs(tmp_path) == [record] and damaged(tmp_path) == []


@pytest.mark.parametrize("harm", [*HARM[:4], not_text])
def test_numbers_that_cannot_be_read_are_lost_alone_and_named(
    tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    history = tmp_path / "runs" / "tiny"
    bad = make(history, OLD, value=1)
    make(history, NOW, value=2)
    path = bad.folder / "results" / "clv" / "estimates.json"
    path.write_text(path.read_text() + " " * 120)
    harm(path)
    if harm is cut_off:
        path.write_bytes(path.read_bytes()[:30])
    assert metric_history(history)["value"].tolist() == [2]
    (said,) = lost_numbers(history)
    assert str(path) in said and "cannot be read" in said
    assert damaged(history) == [] and len(list_runs(history)) == 2
    shutil.rmtree(history / NOW)
    now = Handover(tmp_path / "now", root=tmp_path, study="tiny", notebook="clv")
    with pytest.warns(UserWarning, match="cannot be read"):
        assert now.previous() == {}
    with pytest.raises(RunError, match="cannot be read"):
        read_headlines([path.parent])


def test_a_finished_step_that_cannot_be_read_is_executed_again(tmp_path: Path) -> None:
    aside = begin(tmp_path, OLD)
    for key in ("a", "b"):
        keep_step(aside, StepRecord(key, key, "done"))
    cut_off(aside / ".finished" / "a.json")
    (aside / ".finished" / "a.json").write_text("{")
    assert [step.key for _, step in finished_steps(tmp_path)] == ["b"]


# --- a full disk ------------------------------------------------------------------------------

FULL = OSError(errno.ENOSPC, "No space left on device", "/full/file")


def full(*arguments: Any, **options: Any) -> Any:
    raise FULL


def test_events_that_cannot_be_kept_stop_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    emit(tmp_path, "first")
    with (tmp_path / "events.jsonl").open("ab") as file:
        file.write(b'{"at": "2026\n[]\n')  # as a full disk cuts a line off
    with monkeypatch.context() as patch:
        patch.setattr("os.write", full)
        emit(tmp_path, "lost")
    emit(tmp_path / "nowhere", "lost, too")
    emit(tmp_path, "last")
    assert [event["event"] for event in Follower(tmp_path).new()] == ["first", "last"]


class Pool:
    """Runs nothing: one notebook's process meets a full disk, the others end well."""

    def submit(self, task: Any, *, ahead: int) -> Future[Execution]:
        future: Future[Execution] = Future()
        if task.key == "good":
            future.set_exception(FULL)
            return future
        (task.folder / "notebooks" / f"{task.key}.ipynb").write_text("{}")
        notes = {"used": {}, "beyond": [], "modules": []}
        write_json(Path(task.environment[TARGET]), notes)
        future.set_result(Execution(task.key, 0.1))
        return future


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def opened(jobs: int) -> Any:
        yield Pool()

    monkeypatch.setattr(runner, "open_pool", opened)


@pytest.mark.usefixtures("quick")
def test_what_befalls_one_notebook_is_its_failure(project: Callable[..., Any]) -> None:
    made = project(good={}, typed={}, reader={"needs": ["good"]}, where={})
    (made.root / "notebooks" / "where.ipynb").write_text("{")
    record = made.run()
    assert {key: step.status for key, step in record.notebooks.items()} == {
        "good": "failed",
        "typed": "done",
        "reader": "skipped",
        "where": "failed",
    }
    assert record.notebooks["good"].reason == (
        "notebook good: there is no room left to write (/full/file)"
    )
    assert "not a notebook" in record.notebooks["where"].reason


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("when", ["next_number", "begin", "finish"])
def test_a_run_that_cannot_be_recorded_says_so_and_the_next_one_goes_on(
    project: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    made = project(typed={})
    with monkeypatch.context() as patch:
        patch.setattr(runner, when, full)
        with pytest.raises(UnrecordedRunError, match="there is no room left to write") as error:
            made.run()
    assert str(made.runs) in str(error.value) and "make room" in str(error.value)
    assert list_runs(made.runs) == []
    record = made.run()
    assert record.status == "done"
    expected = "cached" if when == "finish" else "done"
    assert record.notebooks["typed"].status == expected, "what had finished is kept"
    assert list_runs(made.runs) == [replace(record, folder=made.runs / record.run)]


@pytest.mark.usefixtures("quick")
def test_a_page_that_cannot_be_carried_over_is_made_again(project: Callable[..., Any]) -> None:
    made = project(typed={})
    first = made.run()
    assert made.run().notebooks["typed"].status == "cached"
    for run in list_runs(made.runs):
        (run.folder / "results" / "typed" / "said.parquet").mkdir()
    assert made.run().notebooks["typed"].status == "done"
    assert first.number == 1 and made.run().number == 4
