"""Told to stop or killed at whatever moment, a run leaves no half of anything and no process."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workbench.runs import list_runs
from workbench.runs.records.record import lock

STATUS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}
#: Longer than a socket's name may be.
LONG = "a folder for temporary files with a name that is longer than that of a socket " * 2


def start(project: Any, *arguments: str) -> subprocess.Popen[str]:
    temporary = project.root.parent / LONG
    temporary.mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-m", "workbench", "run", "tiny", *arguments],
        env={**os.environ, "WORKBENCH_ROOT": str(project.root), "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Under a runner that works in the background, Ctrl-C is ignored by whoever inherits that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def processes_of(project: Any) -> list[str]:
    """Find who works for a project: the runner, its workers and their kernels."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            ours = str(project.root).encode() in (place / "environ").read_bytes()
            dead = (place / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            continue
        if ours and not dead and int(place.name) != os.getpid():
            found.append(place.name)
    return found


def until(condition: Callable[[], Any], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)


def listens(pid: int) -> bool:
    """Whether a process takes SIGTERM itself, as the command does from its first lines on."""
    status = Path(f"/proc/{pid}/status")
    mask = re.search(r"^SigCgt:\s*(\w+)", status.read_text() if status.exists() else "", re.M)
    return mask is None or bool(int(mask[1], 16) >> (signal.SIGTERM - 1) & 1)


def kill(project: Any, number: signal.Signals, *, group: bool, when: Callable[[], Any]) -> str:
    runner = start(project)
    # until then Python itself answers; how long that takes is the machine's affair
    until(lambda: listens(runner.pid), 30)
    when()
    assert runner.poll() is None, runner.communicate()
    (os.killpg if group else os.kill)(runner.pid, number)
    _, errors = runner.communicate(timeout=90)
    assert runner.returncode == STATUS[number]
    assert "Traceback" not in errors
    until(lambda: not processes_of(project), 20)
    there = list(project.runs.iterdir()) if project.runs.is_dir() else []
    assert not [path.name for path in there if not path.name.startswith(".")], "no half of a run"
    assert list_runs(project.runs) == []
    return errors


def told(project: Any, event: str) -> Callable[[], None]:
    """Wait until a run under way has written an event."""

    def in_files() -> bool:
        files = project.runs.glob(".unfinished-*/events.jsonl")
        return any(event in path.read_text() for path in files)

    return lambda: until(in_files)


def test_a_run_that_is_told_to_stop_leaves_nothing_and_the_next_one_goes_on(
    project: Callable[..., Any],
) -> None:
    made = project(good={})
    made.write("good", "import time\ntime.sleep(1)")
    said = kill(made, signal.SIGINT, group=True, when=lambda: time.sleep(0.4))
    assert said == "" or "interrupted" in said
    said = kill(made, signal.SIGTERM, group=True, when=told(made, "notebook-started"))
    assert "the run was interrupted; notebooks that had finished are kept" in said
    kill(made, signal.SIGKILL, group=False, when=told(made, "cell-started"))
    last = start(made, "--jobs", "1")
    output, errors = last.communicate(timeout=90)
    assert last.returncode == 0 and "Traceback" not in errors
    assert "done      good" in output
    (record,) = list_runs(made.runs)
    assert record.status == "done" and not list(made.runs.glob(".unfinished-*"))


def test_a_study_that_is_busy_has_a_status_of_its_own(project: Callable[..., Any]) -> None:
    made = project(good={})
    with lock(made.runs):
        runner = start(made)
        _, errors = runner.communicate(timeout=60)
    assert runner.returncode == 75
    assert "another run of this study is under way" in errors


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_kills_at_random_moments(project: Callable[..., Any], seed: int) -> None:
    draw = random.Random(seed)
    made = project(good={}, typed={}, where={}, by_case={"for_each": "cases"})
    number = [signal.SIGINT, signal.SIGTERM, signal.SIGKILL][seed % 3]
    moment = draw.uniform(0.3, 9)
    group = number != signal.SIGKILL and draw.random() < 0.6
    kill(made, number, group=group, when=lambda: time.sleep(moment))
    assert made.run().status == "done"
