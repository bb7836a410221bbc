"""A run's folder is complete or absent, whatever happens to the runner."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from workbench.runs import list_runs
from workbench.runs.notebook_file import write_notebook
from workbench.runs.records.record import RunRecord, begin, finish, run_id, write_json

RUNNER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from workbench.runs import run_study
from workbench.study import read_card

if __name__ == "__main__":
    root = Path(sys.argv[1])
    study = read_card(root / "data" / "tiny" / "study.yml")
    run_study(study, root, now=datetime(2026, 1, 30, 12, tzinfo=UTC), jobs=2)
"""


def test_a_run_is_named_by_its_utc_moment_and_a_short_hash() -> None:
    noon = datetime(2026, 1, 31, 12, tzinfo=timezone(timedelta(hours=8)))
    assert run_id(noon, "a").startswith("20260131T040000Z-")
    assert run_id(noon, "a") == run_id(noon.astimezone(UTC), "a")
    assert run_id(noon, "a") != run_id(noon, "b")
    assert run_id(noon, "a") != run_id(noon + timedelta(microseconds=1), "a")
    with pytest.raises(ValueError, match="time zone"):
        run_id(datetime(2026, 1, 31))


def record(run: str) -> RunRecord:
    return RunRecord("tiny", run, "2026-01-31T12:00:00", "2026-01-31T12:01:00", "done", {})


def test_a_run_appears_at_once_and_sweeps_up_what_killed_runs_left(tmp_path: Path) -> None:
    left = begin(tmp_path, "20260130T120000Z-aaaaaa")
    aside = begin(tmp_path, "20260131T120000Z-bbbbbb")
    assert list_runs(tmp_path) == []
    done = finish(aside, record("20260131T120000Z-bbbbbb"))
    assert [r.run for r in list_runs(tmp_path)] == ["20260131T120000Z-bbbbbb"]
    assert list_runs(tmp_path)[0] == done
    assert not left.exists() and not aside.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_its_owner_looks_into_a_run(tmp_path: Path) -> None:
    history = tmp_path / "tiny"
    aside = begin(history, "20260131T120000Z-bbbbbb")
    assert history.stat().st_mode & 0o777 == 0o700  # while it is put together, too
    (aside / "results/page").mkdir()
    (aside / "results/page/rows.parquet").write_bytes(b"x")
    folder = finish(aside, record("20260131T120000Z-bbbbbb")).folder
    modes = {path.stat().st_mode & 0o777 for path in [folder, *folder.rglob("*")]}
    assert modes == {0o700, 0o600}


def test_a_run_that_cannot_be_written_does_not_appear(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aside = begin(tmp_path, "20260131T120000Z-bbbbbb")

    def full(*arguments: Any, **options: Any) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="no space"):
        finish(aside, record("20260131T120000Z-bbbbbb"))
    assert list_runs(tmp_path) == []


@pytest.mark.parametrize("write", [write_json, lambda path, x: write_notebook(x, path)])
def test_a_write_that_breaks_off_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path, Any], None]
) -> None:
    path = tmp_path / "file.json"
    path.write_text("old")
    new = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}

    def breaks_off(self: Path, text: str, **options: Any) -> None:
        with self.open("w") as file:
            file.write(text[:5])
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", breaks_off)
        with pytest.raises(OSError, match="no space"):
            import nbformat

            write(path, nbformat.from_dict(new))
    assert path.read_text() == "old"


# --- a runner that is killed ------------------------------------------------------------------


def until(condition: Callable[[], Any], seconds: float = 120) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come to pass")


def alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.fixture(scope="module")
def killed(shared: Callable[..., Any]) -> Iterator[tuple[Any, list[int], set[str]]]:
    """A run whose runner is killed while one notebook has finished and another still works."""
    project = shared(good={}, waits={})
    script = project.root / "runner.py"
    script.write_text(RUNNER)
    runner = subprocess.Popen([sys.executable, script, project.root])
    pid = project.root / "notebooks" / "kernel.pid"
    try:
        until(lambda: pid.exists() and pid.read_text().count(" "))
        until(lambda: list(project.runs.glob(".unfinished-*/.finished/good.json")))
    finally:
        runner.send_signal(signal.SIGKILL)
        runner.wait()
    kernel, worker = map(int, pid.read_text().split())
    yield project, [kernel, worker], {path.name for path in project.runs.iterdir()}


def test_a_killed_run_leaves_no_run(killed: Any) -> None:
    project, _, names = killed
    assert list_runs(project.runs) == []
    assert not [name for name in names if not name.startswith(".")]


def test_a_killed_runner_takes_its_processes_and_kernels_along(killed: Any) -> None:
    _, processes, _ = killed
    until(lambda: not any(alive(process) for process in processes), 20)


def test_the_next_run_goes_on_from_where_the_killed_one_was(killed: Any) -> None:
    project, _, _ = killed
    (project.root / "notebooks" / "go").touch()
    time.sleep(1.1)  # moments are kept to the second, and the next run's is to be a later one
    record = project.run()
    assert {key: step.status for key, step in record.notebooks.items()} == {
        "good": "cached",
        "waits": "done",
    }
    assert {path.name for path in project.runs.iterdir()} == {".counter", ".lock", record.run}
    told = json.loads((record.folder / "run.json").read_text())
    assert told["notebooks"]["good"]["executed"] < told["notebooks"]["waits"]["executed"]
