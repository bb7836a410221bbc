"""What other programs need to start a report by the clock is text that they can read."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import yaml

from workbench.runs.schedule import KINDS, Job, Moment, ScheduleError, files_for

HARD = Path("/srv/our work/100% $HOME 'it'")


def job(at: str = "06:30", *studies: str, root: Path = Path("/srv/project")) -> Job:
    return Job(studies or ("harbour",), root, "/opt/wb/bin/workbench", Moment.read(at))


@pytest.mark.parametrize(
    ("said", "cron", "calendar"),
    [
        ("06:30", "30 6 * * *", "*-*-* 06:30:00"),
        ("mon 6:05", "5 6 * * 1", "Mon *-*-* 06:05:00"),
        ("Sun 23:59", "59 23 * * 0", "Sun *-*-* 23:59:00"),
        ("1 00:00", "0 0 1 * *", "*-*-1 00:00:00"),
    ],
)
def test_a_moment_is_the_same_in_cron_and_systemd(said: str, cron: str, calendar: str) -> None:
    moment = Moment.read(said)
    assert (moment.cron, moment.calendar) == (cron, calendar)
    if program := shutil.which("systemd-analyze"):
        told = subprocess.run([program, "calendar", calendar], capture_output=True, check=False)
        assert told.returncode == 0


@pytest.mark.parametrize("said", ["24:00", "6", "noon", "31 06:00", "0 06:00", "xyz 06:00", ""])
def test_a_time_that_cannot_be_is_refused(said: str) -> None:
    with pytest.raises(ScheduleError):
        Moment.read(said)


def test_systemd_understands_its_units(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    made = Job(("harbour",), tmp_path, sys.executable, Moment.read("mon 06:30"))
    files = files_for("systemd", made)
    assert sorted(files) == ["workbench-harbour.service", "workbench-harbour.timer"]
    service = files["workbench-harbour.service"]
    assert f"ExecStart={sys.executable} report harbour\n" in service
    assert "SuccessExitStatus=75" in service
    hard = files_for("systemd", job("06:30", "a b$c%", root=HARD))
    assert 'ExecStart=/opt/wb/bin/workbench report "a b$$c%%"' in next(iter(hard.values()))
    if program is None:
        return
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    paths = [str(tmp_path / name) for name in files]
    told = subprocess.run(
        [program, "verify", "--man=no", *paths], capture_output=True, text=True, check=False
    )
    assert told.returncode == 0 and "harbour" not in told.stderr, told.stderr


def test_a_cron_line_runs_what_it_says_in_the_project(tmp_path: Path) -> None:
    root = tmp_path / HARD.name
    (root / "runs").mkdir(parents=True)
    said = root / "say"
    said.write_text('#!/bin/sh\nprintf \'%s\\n\' "$PWD" "$@"\n')
    said.chmod(0o755)
    made = Job(("a b", "c%d"), root, str(said), Moment.read("06:30"))
    ((name, text),) = files_for("cron", made).items()
    line = text.splitlines()[-1]
    assert line.startswith("30 6 * * * cd ")
    command = line.removeprefix("30 6 * * * ").replace("\\%", "%")  # as cron reads it
    subprocess.run(["/bin/sh", "-c", command], check=True)
    log = root / "runs" / f"{Path(name).stem}.log"
    assert log.read_text().splitlines() == [str(root), "report", "a b", "c%d"]


def test_those_who_are_told_are_told_by_each_scheduler() -> None:
    told = replace(job(), addresses=("DIGEST_HEAD", "DIGEST_NORTH"))
    for kind in KINDS:
        said = "\n".join(files_for(kind, told).values())
        assert "report --digest harbour" in said, kind
        assert "--digest" not in "\n".join(files_for(kind, job()).values())
    (workflow,) = files_for("github", told).values()
    steps = yaml.safe_load(workflow)["jobs"]["report"]["steps"]
    last = next(step for step in steps if "--digest" in step.get("run", ""))
    assert last["env"]["DIGEST_NORTH"] == "${{ secrets.DIGEST_NORTH }}"
    service = files_for("systemd", told)["workbench-harbour.service"]
    assert "EnvironmentFile=-%h/.config/workbench-harbour.env" in service


def test_a_workflow_is_yaml_with_the_steps_it_needs() -> None:
    ((name, text),) = files_for("github", job("1 04:00", "harbour", "cdnow")).items()
    told = yaml.safe_load(text)
    assert name == "workbench-harbour-cdnow.yml"
    # YAML 1.1 reads a bare `on` as true; GitHub does not.
    assert told.get("on", told.get(True))["schedule"] == [{"cron": "0 4 1 * *"}]
    steps = told["jobs"]["report"]["steps"]
    assert [s["run"] for s in steps if "run" in s][-1] == "workbench report harbour cdnow"
    assert all(("uses" in step) != ("run" in step) for step in steps)
    assert (
        "${{ github.run_id }}" in text and told["concurrency"]["group"] == "workbench-harbour-cdnow"
    )


def test_a_dag_compiles_and_starts_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    ((name, text),) = files_for("airflow", job("mon 06:30", "it's", root=HARD)).items()
    made: list[Any] = []

    class DAG(SimpleNamespace):
        def __enter__(self) -> None:
            made.append(self)

        def __exit__(self, *arguments: object) -> None: ...

    airflow, bash = ModuleType("airflow"), ModuleType("airflow.operators.bash")
    airflow.DAG = DAG  # type: ignore[attr-defined]
    bash.BashOperator = lambda **about: made.append(SimpleNamespace(**about))  # type: ignore[attr-defined]
    for called, module in (("airflow", airflow), ("airflow.operators.bash", bash)):
        monkeypatch.setitem(sys.modules, called, module)
    monkeypatch.setitem(sys.modules, "airflow.operators", ModuleType("airflow.operators"))
    exec(compile(text, name, "exec"), {})
    dag, task = made
    assert (dag.schedule, dag.max_active_runs, dag.catchup) == ("30 6 * * 1", 1, False)
    assert shlex.split(task.bash_command) == [
        "cd", str(HARD), "&&", "/opt/wb/bin/workbench", "report", "it's",
    ]  # fmt: skip
    assert task.skip_on_exit_code == 75 and name.isascii() and Path(name).stem.isidentifier()


def test_names_are_plain_and_still_differ() -> None:
    assert job("06:30", "harbour").name == "workbench-harbour"
    chinese = [job("06:30", name).name for name in ("海港", "超市")]
    assert len(set(chinese)) == 2 and all(name.isascii() for name in chinese)
    assert set(KINDS) == {"systemd", "cron", "github", "airflow"}
