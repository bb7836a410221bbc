"""What only POSIX has is used where it is there, and nothing needs it."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import workbench
from workbench.runs.execution import pool
from workbench.runs.execution.task import Task

SOURCES = Path(workbench.__file__).parent
#: Hides from the workbench and from its locks what Windows lacks.
HIDDEN = """
import builtins, os, signal, sys
POSIX = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "termios", "tty", "_posixsubprocess"}
find = builtins.__import__
def hide(name, globals=None, locals=None, fromlist=(), level=0):
    asks = (globals or {}).get("__name__", "")
    if asks.startswith(("workbench", "filelock")) and name.partition(".")[0] in POSIX:
        raise ImportError(f"no module named {name!r} on this desk")
    return find(name, globals, locals, fromlist, level)
builtins.__import__ = hide
for name in ("SIGKILL", "SIGHUP", "SIGUSR1", "pthread_sigmask", "SIG_BLOCK"):
    delattr(signal, name)
"""
RUN = """
import threading
from pathlib import Path
from workbench import stopping
from workbench.runs.reuse.cache import copy_file
from workbench.runs.records.record import BusyError, lock, under_way
from workbench.site.publish import _alone
from workbench.errors import SiteError
from workbench.data.store import cache as store
import workbench.cli, workbench.runs.runner

folder = Path(sys.argv[1])
with lock(folder):
    assert under_way(folder) == f"process {os.getpid()}", under_way(folder)
    try:
        with lock(folder):
            raise SystemExit("two at once")
    except BusyError as error:
        assert f"process {os.getpid()}" in str(error)
assert under_way(folder) == ""
with lock(folder):
    pass
with _alone(folder / "site"):
    try:
        with _alone(folder / "site"):
            raise SystemExit("two publications at once")
    except SiteError:
        pass
state = folder / "state"
state.mkdir()
(state / "in-use").touch()
first, second = store._held(state), store._held(state)
assert store._is_read(state)
store._let_go(first)
assert store._is_read(state)
store._let_go(second)
assert not store._is_read(state)
(folder / "a").write_text("same", encoding="utf-8")
copy_file(folder / "a", folder / "b")
assert (folder / "b").read_text(encoding="utf-8") == "same"
with stopping.held():
    stopping.let_go()
del os.killpg
from workbench.runs.execution.execute import _kill
import types
child = __import__("subprocess").Popen([sys.executable, "-c", "import time; time.sleep(60)"])
_kill(types.SimpleNamespace(provisioner=types.SimpleNamespace(pid=child.pid)))
assert child.wait(20) != 0
print("any desk")
"""


@pytest.mark.long
def test_a_run_can_be_held_recorded_and_ended_without_posix(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", HIDDEN + RUN, str(tmp_path)],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert ended.stdout.endswith("any desk\n"), ended.stderr[-3000:]


def test_a_notebook_is_handed_over_where_python_has_no_tracker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    handed = []

    class Executor:
        def submit(self, function: Any, task: Task) -> Future[Any]:
            handed.append((function, task))
            return Future()

    def absent() -> None:
        raise AttributeError("module '_posixsubprocess' has no attribute 'fork_exec'")

    monkeypatch.setattr(pool, "os", SimpleNamespace(name="nt"))
    monkeypatch.setattr(pool.resource_tracker, "ensure_running", absent)
    processes = pool.Pool(1)
    processes.executor, processes.kernels = Executor(), None  # type: ignore[assignment]
    task = Task("clv", Path("clv.ipynb"), Path("run"), {}, ())
    processes.submit(task)
    assert handed == [(pool._execute, task)]


def test_no_module_forks_or_asks_for_posix_at_import() -> None:
    for path in SOURCES.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        said = [line for line in text.splitlines() if line.startswith(("import ", "from "))]
        asks = [line for line in said if line.split()[1].partition(".")[0] in
                ("fcntl", "grp", "pwd", "pty", "resource", "termios", "tty")]  # fmt: skip
        assert not asks, f"{path.name}: {asks}"
        assert 'get_context("fork")' not in text, path.name
        if path.name != "warm.py":  # where kernels start by themselves unless a process can fork
            assert "os.fork(" not in text, path.name
