"""Notebooks on the workers of a Dask scheduler: the same results, also when a worker is killed."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.runs.conftest import START
from workbench.runs import RunRecord, run_studies
from workbench.runs.execution.cluster import ClusterError, open_cluster
from workbench.runs.reuse.used import read_used

pytestmark = pytest.mark.cluster

MAKES = """
import workbench.notebook as wb
from workbench.results import Estimate
run = wb.open_run(study)
rows = run.table("transactions")
run.save("sums", rows.groupby("customer_id", as_index=False)["amount"].sum())
run.headline("rows", Estimate(float(len(rows))))
before = run.previous()
"""
TAKES = """
import workbench.notebook as wb
run = wb.open_run(study)
run.save("again", run.load("sums"))
print(run.headlines()["makes"]["rows"].value)
"""
WAITS = """
import os, time
from pathlib import Path
place = Path({place!r})
(place / f"began-{{os.getpid()}}").touch()
while not (place / "go").exists():
    time.sleep(0.05)
"""


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Any]:
    """Two workers with folders of their own, each one notebook at a time."""
    distributed = pytest.importorskip("distributed", reason="Dask is not installed")
    import dask

    with dask.config.set({"distributed.worker.daemon": False}):
        made = distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address=None,
            local_directory=str(tmp_path / "workers"),
        )
    with made:
        yield made


def pages(record: RunRecord) -> dict[str, bytes]:
    """Every file of a run that holds results or a page."""
    return {
        str(path.relative_to(record.folder)): path.read_bytes()
        for kind in ("results", "notebooks")
        for path in sorted((record.folder / kind).rglob("*"))
        if path.is_file()
    }


def run_on(project: Any, scheduler: str | None, **options: Any) -> RunRecord:
    (record,) = run_studies(
        [project.study],
        project.root,
        now=START + timedelta(seconds=next(project.ticks)),
        scheduler=scheduler,
        **options,
    )
    assert isinstance(record, RunRecord), record
    return record


@pytest.fixture
def linked(project: Callable[..., Any]) -> Any:
    made = project(makes={"gives": {"sums": ["customer_id"]}}, takes={"needs": ["makes"]})
    made.write("makes", MAKES)
    made.write("takes", TAKES)
    return made


def test_workers_give_what_this_machine_gives_and_it_is_reused(linked: Any, cluster: Any) -> None:
    here = run_on(linked, None)
    there = run_on(linked, cluster.scheduler_address, force=True)
    assert there.status == "done", there.failures()
    assert {key: step.status for key, step in there.notebooks.items()} == {
        "makes": "done", "takes": "done"
    }  # fmt: skip
    assert pages(there) == pages(here)
    # what a notebook used is known as well as if it had run here
    for key in ("makes", "takes"):
        mine, its = read_used(here.folder, key), read_used(there.folder, key)
        assert mine is not None and its is not None
        # but for the run before, which is another, and for what forked kernels ask ahead
        apart = ("previous", "variable", "package")
        assert {k: v for k, v in its.things.items() if k not in apart} == {
            k: v for k, v in mine.things.items() if k not in apart
        }
        assert its.beyond == mine.beyond == ()
    run_on(linked, None)  # sees the numbers of the run before it
    again = run_on(linked, None)
    assert {step.status for step in again.notebooks.values()} == {"cached"}
    # nothing that it was sent stays with a worker
    left = list(Path(cluster.workers[0].local_directory).parent.rglob("*.csv"))
    assert left == []


def test_a_worker_that_is_killed_midway_is_survived(
    project: Callable[..., Any], cluster: Any, tmp_path: Path
) -> None:
    made = project(one={}, two={})
    for name in ("one", "two"):
        made.write(name, WAITS.format(place=str(tmp_path)))

    def kill() -> None:
        end = time.monotonic() + 60
        while len([*tmp_path.glob("began-*")]) < 2 and time.monotonic() < end:
            time.sleep(0.05)
        os.kill(cluster.workers[0].pid, signal.SIGKILL)
        while len([*tmp_path.glob("began-*")]) < 3 and time.monotonic() < end:
            time.sleep(0.05)
        (tmp_path / "go").touch()

    killer = Thread(target=kill)
    killer.start()
    record = run_on(made, cluster.scheduler_address)
    killer.join()
    assert record.status == "done", record.failures()
    assert len([*tmp_path.glob("began-*")]) == 3  # one of the two began anew


def test_a_failure_on_a_worker_is_told_as_one_of_this_machine_is(
    project: Callable[..., Any], cluster: Any
) -> None:
    made = project(raises_midway={}, kernel_dies={}, good={})
    there = run_on(made, cluster.scheduler_address)
    here = run_on(made, None, force=True)
    told = {key: step.error for key, step in there.notebooks.items()}
    assert {key: error and error["message"] for key, error in told.items()} == {
        key: step.error and step.error["message"] for key, step in here.notebooks.items()
    }
    assert (there.folder / "failed/raises_midway.ipynb").is_file()
    events = (there.folder / "events.jsonl").read_text().splitlines()
    began = {json.loads(line)["notebook"] for line in events if "notebook-started" in line}
    assert began == {"raises_midway", "kernel_dies", "good"}


def test_an_address_that_is_none_or_does_not_answer_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="Dask is not installed")
    for address, words in (("localhost:8786", "no address"), ("tcp://127.0.0.1:9", "answers")):
        with pytest.raises(ClusterError, match=words), open_cluster(address, tmp_path):
            pass
