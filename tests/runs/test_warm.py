"""A forked kernel is what a plain one is: the same bits, the same record, the same surroundings."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from workbench.runs import RunRecord, warm
from workbench.runs.execution import pool
from workbench.runs.execution.task import short_folder
from workbench.runs.reuse.used import read_used

pytestmark = pytest.mark.skipif(not warm.can_fork(), reason="no process is forked here")
HERE = (
    "import os, signal, sys, tempfile, threading, warnings\n"
    "own = ('JPY_PARENT_PID', 'IPYTHONDIR', 'WORKBENCH_USED', 'WORKBENCH_RUN', 'WORKBENCH_KERNELS',"
    " 'PYTEST_CURRENT_TEST')\n"
    "print({k: v for k, v in sorted(os.environ.items()) if k not in own})\n"
    "print(os.getcwd(), sys.path, sys.argv[0], sys.flags, hash('word'), sys.stdin.read())\n"
    "print([signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)])\n"
    "print(os.getsid(0) == os.getpid() == os.getpgrp(), tempfile.gettempdir())\n"
    "print(sorted(t.name for t in threading.enumerate()), 'workbench.runs' in sys.modules)"
)
WORK = (
    "import numpy as np, pandas as pd, matplotlib as mpl, matplotlib.pyplot as plt\n"
    "from scipy import stats\n"
    "draws = np.random.default_rng(7).normal(size=500)\n"
    "print(repr(stats.gamma.fit(abs(draws))), pd.Series(draws).ewm(3).mean().sum().hex())\n"
    "print(mpl.rcParams['backend'], sorted(mpl.units.registry, key=str))\n"
    "pd.Series(draws, pd.date_range('2025-01-01', periods=500)).plot();"
)
RANDOM = "import random\nimport numpy as np\nprint(random.random(), np.random.random())"


@pytest.fixture(scope="module")
def both(shared: Callable[..., Any]) -> Iterator[dict[str, RunRecord]]:
    """The same notebooks by plain kernels, and by some that have pandas and all loaded."""
    made = shared(good={}, place={})
    made.write("good", WORK, RANDOM)
    made.write("place", HERE, RANDOM)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool, "_MANY", 1)
        runs = {"warm": made.run()}
        patch.setenv(warm.CHOICE, "plain")
        runs["reused"] = made.run()
        runs["plain"] = made.run(force=True)
        patch.delenv(warm.CHOICE)
        runs["reused too"] = made.run()
    yield runs


def shown(run: RunRecord, notebook: str = "good") -> dict[str, list[Any]]:
    book = nbformat.read(run.notebook_path(notebook), as_version=4)
    return {cell.id: cell.get("outputs", []) for cell in book.cells}


def test_a_forked_kernel_finds_what_a_plain_one_finds(both: dict[str, RunRecord]) -> None:
    assert {run.status for run in both.values()} == {"done"}
    plain, forked = (shown(both[name], "place")["c0"] for name in ("plain", "warm"))
    assert forked[0]["text"].splitlines() == plain[0]["text"].splitlines()


def test_it_gives_the_same_bits_and_draws_anew(both: dict[str, RunRecord]) -> None:
    plain, forked = (shown(both[name]) for name in ("plain", "warm"))
    assert forked["c0"] == plain["c0"], "numbers and the picture"
    draws = [
        shown(both[name], notebook)["c1"][0]["text"].split()
        for name in ("plain", "warm")
        for notebook in ("good", "place")
    ]
    assert len({draw for pair in draws for draw in pair}) == 8


def test_it_records_what_was_loaded_for_it_and_reuse_is_the_same(
    both: dict[str, RunRecord],
) -> None:
    plain, forked = (read_used(both[name].folder, "good") for name in ("plain", "warm"))
    assert plain is not None and forked is not None
    assert plain.beyond == forked.beyond == ()
    assert plain.things.keys() == forked.things.keys()
    for kind, names in plain.things.items():
        more = {*forked.things[kind]} - {*names}
        assert {*names} <= {*forked.things[kind]}, kind
        assert not more or kind in ("package", "variable", "file"), (kind, more)
        if kind != "variable":  # which are hashed with a salt
            assert names.items() <= forked.things[kind].items()
    assert forked.things["package"].keys() >= {"numpy", "scipy", "ibis-framework", "lxml"}
    assert both["warm"].notebooks["good"].hash == both["plain"].notebooks["good"].hash
    for name in ("reused", "reused too"):
        assert both[name].notebooks["good"].status == "cached"


def ask(kernels: warm.Kernels, folder: Path, **environment: str) -> dict[str, Any]:
    """Ask for a kernel, and leave at once, so that one that was given ends."""
    request = {
        "arguments": ["-f", str(folder / "none.json")],
        "environment": {**os.environ, **environment},
        "folder": str(folder),
    }
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(60)
        asking.connect(kernels.address)
        socket.send_fds(asking, [json.dumps(request).encode() + b"\n"], [1, 2])
        told: dict[str, Any] = json.loads(asking.recv(4096))
    return told


def test_a_kernel_that_would_not_be_a_plain_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warm, "PRELOADED", ("yaml",))
    kernels = warm.Kernels(os.environ, short_folder())
    try:
        kernels.load()
        assert "pid" in ask(kernels, tmp_path)
        assert ask(kernels, tmp_path, TZ="Asia/Tokyo") == {
            "refused": "the environment is another one"
        }
        assert "pid" in ask(kernels, tmp_path, WORKBENCH_RUN="another", COLUMNS="7")
        (tmp_path / "helper.py").touch()
        assert "pid" in ask(kernels, tmp_path)
        (tmp_path / "scipy.py").touch()
        assert ask(kernels, tmp_path) == {"refused": "scipy stands beside the notebook"}
        place = Path(kernels.folder.name)
    finally:
        kernels.close()
    assert kernels.process.returncode == 0 and not place.exists()


def test_kernels_start_by_themselves_where_nothing_can_be_forked(
    monkeypatch: pytest.MonkeyPatch, project: Callable[..., Any]
) -> None:
    assert warm.kernels_for({**os.environ, warm.CHOICE: "plain"}, None) is None
    assert warm.kernels_for({**os.environ, "PYTHONPATH": "src"}, None) is None
    monkeypatch.setattr(warm.sys, "platform", "darwin")
    monkeypatch.setattr(pool, "can_fork", warm.can_fork)
    assert warm.kernels_for(os.environ, None) is None
    assert pool._method("/tmp") == "spawn"
