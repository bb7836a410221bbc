"""Several studies share the processes of one run, and one that fails harms only itself."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.runs.conftest import START
from workbench.errors import WorkbenchError
from workbench.runs import RunRecord, list_runs, run_studies
from workbench.runs.records.record import lock
from workbench.study import read_card

SLEEPS = """
import json, os, time
from pathlib import Path
begun = time.time()
time.sleep(0.8)
place = Path(os.environ["WORKBENCH_ROOT"]) / "spans"
place.mkdir(exist_ok=True)
(place / f"{study}-{os.environ['WORKBENCH_NOTEBOOK']}").write_text(json.dumps([begun, time.time()]))
"""


def with_another(project: Any, name: str) -> Any:
    folder = project.root / "data" / name
    shutil.copytree(project.card.parent, folder)
    return read_card(folder / "study.yml")


def spans(root: Path) -> dict[str, list[float]]:
    import json

    return {path.name: json.loads(path.read_text()) for path in (root / "spans").iterdir()}


def most_at_once(found: dict[str, list[float]]) -> int:
    moments = [(begun, 1) for begun, _ in found.values()] + [(e, -1) for _, e in found.values()]
    count, most = 0, 0
    for _, step in sorted(moments):
        count += step
        most = max(most, count)
    return most


@pytest.mark.long
def test_two_studies_share_the_notebooks_at_a_time_and_each_has_a_run_of_its_own(
    project: Callable[..., Any],
) -> None:
    made = project(one={}, two={"needs": ["one"]})
    made.write("one", SLEEPS)
    made.write("two", SLEEPS)
    other = with_another(made, "other")
    heard: list[Any] = []
    records = run_studies(
        [made.study, other], made.root, now=START, jobs=2, watch=heard.append
    )  # fmt: skip
    assert [record.study for record in records if isinstance(record, RunRecord)] == [
        "tiny", "other"
    ]  # fmt: skip
    for record in records:
        assert isinstance(record, RunRecord) and record.status == "done", record
        assert list_runs(made.root / "runs" / record.study)[0].run == record.run
    found = spans(made.root)
    assert sorted(found) == ["other-one", "other-two", "tiny-one", "tiny-two"]
    # the first notebooks of both ran side by side, and never three at once
    assert most_at_once(found) == 2
    assert max(found["tiny-one"][0], found["other-one"][0]) < min(
        found["tiny-one"][1], found["other-one"][1]
    )
    ended = [(e["study"], e["notebook"]) for e in heard if e["event"] == "notebook-finished"]
    assert sorted(ended) == [("other", "one"), ("other", "two"), ("tiny", "one"), ("tiny", "two")]


@pytest.mark.long
def test_what_is_wrong_with_one_study_harms_no_other(project: Callable[..., Any]) -> None:
    made = project(good={})
    gone, held, full = (with_another(made, name) for name in ("gone", "held", "full"))
    (made.root / "data/gone/transactions.csv").unlink()
    (made.root / "runs").mkdir()
    (made.root / "runs/full").write_text("no folder can be made here")
    with lock(made.root / "runs" / "held"):
        outcomes = run_studies([gone, held, full, made.study], made.root, now=START, jobs=1)
    lost, busy, unrecorded, record = outcomes
    assert isinstance(record, RunRecord) and record.status == "done"
    assert [isinstance(each, WorkbenchError) for each in outcomes] == [True, True, True, False]
    assert "transactions.csv" in str(lost)
    assert "under way" in str(busy)
    assert "could not be recorded" in str(unrecorded)


@pytest.mark.long
def test_the_command_tells_of_each_study_by_its_name(project: Callable[..., Any]) -> None:
    made = project(good={}, raises_midway={})
    with_another(made, "other")
    (made.root / "data/broken").mkdir()
    (made.root / "data/broken/study.yml").write_text("title: Broken\n")
    ended = subprocess.run(
        [sys.executable, "-m", "workbench", "run", "tiny", "broken", "other", "--jobs", "2"],
        env={**os.environ, "WORKBENCH_ROOT": str(made.root), "COLUMNS": "60"},
        capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    assert ended.returncode == 2  # the worst of them: a card that cannot be read
    lines = ended.stdout.splitlines()
    assert lines[0] == "tiny, other"
    for study in ("tiny", "other"):
        assert any(re.match(rf"done +{study}  good  ", line) for line in lines), ended.stdout
        assert any(re.match(rf"failed +{study}  raises_midway  ", line) for line in lines)
        assert any(re.match(rf"{study}, run \S+: runs/{study}/", line) or study in line
                   for line in lines[-2:])  # fmt: skip
        assert f"\n{study}\n" in ended.stderr  # above what failed in it
    assert "broken/study.yml" in ended.stderr


def test_runs_of_one_moment_are_told_apart(project: Callable[..., Any]) -> None:
    made = project(good={})
    assert isinstance(START, datetime)
    records = run_studies([made.study, with_another(made, "other")], made.root, now=START, jobs=2)
    assert len({record.folder for record in records if isinstance(record, RunRecord)}) == 2
