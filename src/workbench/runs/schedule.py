"""How other programs start a study's report by the clock: the text of a timer, line or workflow."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from workbench.errors import WorkbenchError
from workbench.study.service import WEEKDAYS

_TIME = re.compile(r"(?:(?P<day>[a-z]{3}|\d{1,2}) )?(?P<hour>\d{1,2}):(?P<minute>\d\d)")


class ScheduleError(WorkbenchError):
    """A time that cannot be understood."""


@dataclass(frozen=True)
class Moment:
    """When something is done again: each day, each week on a day, or each month on a date.

    Attributes
    ----------
    hour, minute : int
        The time of the day, in the zone of the machine.
    weekday : int or None
        From 0, a Monday.
    day : int or None
        Day of the month, 1 to 28, so that each month has it.
    """

    hour: int
    minute: int
    weekday: int | None = None
    day: int | None = None

    @classmethod
    def read(cls, text: str) -> Moment:
        """Read ``06:30``, ``mon 06:30`` or ``1 06:30``.

        Raises
        ------
        ScheduleError
            If it is none of these.
        """
        found = _TIME.fullmatch(text.strip().lower())
        remedy = "write 06:30 for each day, mon 06:30 for each week, 1 06:30 for each month"
        if not found or not (int(found["hour"]) < 24 and int(found["minute"]) < 60):
            raise ScheduleError(f"{text!r} is no time", where="--at", remedy=remedy)
        hour, minute, day = int(found["hour"]), int(found["minute"]), found["day"]
        if day is None:
            return cls(hour, minute)
        if day in WEEKDAYS:
            return cls(hour, minute, weekday=WEEKDAYS.index(day))
        if day.isdigit() and 1 <= int(day) <= 28:
            return cls(hour, minute, day=int(day))
        raise ScheduleError(
            f"{day!r} is no day that each week or month has",
            where="--at",
            remedy=f"one of {', '.join(WEEKDAYS)}, or 1 to 28",
        )

    @property
    def cron(self) -> str:
        """The five fields of a cron line."""
        week = "*" if self.weekday is None else str((self.weekday + 1) % 7)
        return f"{self.minute} {self.hour} {self.day or '*'} * {week}"

    @property
    def calendar(self) -> str:
        """The form of systemd's OnCalendar."""
        week = "" if self.weekday is None else f"{WEEKDAYS[self.weekday].capitalize()} "
        return f"{week}*-*-{self.day or '*'} {self.hour:02}:{self.minute:02}:00"


@dataclass(frozen=True)
class Job:
    """What is to be started, where and when.

    Attributes
    ----------
    studies : tuple of str
        Their names.
    root : Path
        The project.
    command : str
        The program, such as ``/opt/acme/.venv/bin/workbench``.
    moment : Moment
        When.
    addresses : tuple of str
        Environment variables with the addresses of those who are told what is new.
    """

    studies: tuple[str, ...]
    root: Path
    command: str
    moment: Moment
    addresses: tuple[str, ...] = ()

    @property
    def words(self) -> list[str]:
        """The command word by word."""
        return [self.command, "report", *(["--digest"] if self.addresses else []), *self.studies]

    @property
    def name(self) -> str:
        """A name that every scheduler takes."""
        said = "-".join(["workbench", *self.studies])
        plain = re.sub(r"[^A-Za-z0-9_-]+", "-", said).strip("-")
        # What had to be replaced must not make two names one.
        return plain if plain == said else f"{plain}-{sha256(said.encode()).hexdigest()[:6]}"

    @property
    def line(self) -> str:
        """The command as a shell reads it."""
        return shlex.join(self.words)


def files_for(kind: str, job: Job) -> dict[str, str]:
    """Write what a scheduler needs: its files by name.

    Parameters
    ----------
    kind : {"systemd", "cron", "github", "airflow"}
        Which scheduler.
    job : Job
        What is to be started.
    """
    return dict(KINDS[kind](job))


def _systemd(job: Job) -> Mapping[str, str]:
    # Systemd reads % and $ in its own way, and quotes as a shell does in double quotes.
    quoted = " ".join(_quoted(word) for word in job.words)
    return {
        f"{job.name}.service": (
            f"# Put it into ~/.config/systemd/user/, then:\n"
            f"#   systemctl --user enable --now {job.name}.timer\n"
            f"[Unit]\nDescription=Report of {' and '.join(job.studies)}\n\n"
            f"[Service]\nType=oneshot\nWorkingDirectory={str(job.root).replace('%', '%%')}\n"
            f"{_environment_file(job)}"
            f"ExecStart={quoted}\n"
            "# 75: another run is under way, which is no failure of this one.\n"
            "SuccessExitStatus=75\nTimeoutStopSec=60\n"
        ),
        f"{job.name}.timer": (
            f"[Unit]\nDescription=When {' and '.join(job.studies)} is reported\n\n"
            f"[Timer]\nOnCalendar={job.moment.calendar}\n"
            "# Made up for when the machine was off.\nPersistent=true\nRandomizedDelaySec=60\n\n"
            "[Install]\nWantedBy=timers.target\n"
        ),
    }


def _quoted(word: str) -> str:
    if re.fullmatch(r"[\w./@:+=-]+", word):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("%", "%%").replace("$", "$$") + '"'


def _cron(job: Job) -> Mapping[str, str]:
    log = shlex.quote(f"runs/{job.name}.log")
    line = f"cd {shlex.quote(str(job.root))} && {job.line} >> {log} 2>&1"
    # In a cron line a percent sign ends the command.
    escaped = line.replace("%", "\\%")
    return {
        f"{job.name}.cron": (
            f"# Add it with: (crontab -l; cat {job.name}.cron) | crontab -\n"
            f"{job.moment.cron} {escaped}\n"
        )
    }


def _github(job: Job) -> Mapping[str, str]:
    import yaml

    steps = [
        {"uses": "actions/checkout@v4"},
        {"uses": "actions/setup-python@v5", "with": {"python-version": "3.11", "cache": "pip"}},
        {"run": "pip install -r requirements.lock && pip install --no-deps ."},
        # What an earlier run found need not be computed again.
        {
            "uses": "actions/cache@v4",
            "with": {
                "path": "runs\n.cache",
                "key": f"{job.name}-${{{{ github.run_id }}}}",
                "restore-keys": f"{job.name}-",
            },
        },
        {"run": shlex.join(["workbench", *job.words[1:]]), **_secrets(job)},
        {
            "if": "always()",
            "uses": "actions/upload-artifact@v4",
            "with": {"name": "site", "path": "_site"},
        },
    ]
    workflow = {
        "name": job.name,
        "on": {"schedule": [{"cron": job.moment.cron}], "workflow_dispatch": {}},
        "concurrency": {"group": job.name},
        "permissions": {"contents": "read"},
        "jobs": {"report": {"runs-on": "ubuntu-latest", "timeout-minutes": 120, "steps": steps}},
    }
    text = yaml.safe_dump(workflow, sort_keys=False, allow_unicode=True, width=1000)
    head = "# Put it into .github/workflows/. GitHub's clock is UTC.\n"
    return {f"{job.name}.yml": head + text}


def _secrets(job: Job) -> dict[str, Any]:
    """Hand the addresses to a step of a workflow, from the secrets of the repository."""
    handed = {name: f"${{{{ secrets.{name} }}}}" for name in job.addresses}
    return {"env": handed} if handed else {}


def _environment_file(job: Job) -> str:
    if not job.addresses:
        return ""
    named = ", ".join(job.addresses)
    return f"# Holds {named}.\nEnvironmentFile=-%h/.config/{job.name}.env\n"


def _airflow(job: Job) -> Mapping[str, str]:
    where = shlex.quote(str(job.root))
    command = f"cd {where} && {job.line}"
    return {
        f"{job.name.replace('-', '_')}.py": (
            f'"""Report of {" and ".join(job.studies)}; put it into the folder of DAGs."""\n\n'
            "from datetime import datetime, timedelta\n\n"
            "from airflow import DAG\n\n"
            "try:\n"
            "    from airflow.providers.standard.operators.bash import BashOperator\n"
            "except ImportError:  # Airflow 2\n"
            "    from airflow.operators.bash import BashOperator\n\n"
            "with DAG(\n"
            f"    dag_id={job.name!r},\n"
            f"    schedule={job.moment.cron!r},\n"
            "    start_date=datetime(2024, 1, 1),\n"
            "    catchup=False,\n"
            "    max_active_runs=1,\n"
            ") as dag:\n"
            "    # 75: another run is under way, which is no failure of this one.\n"
            "    BashOperator(\n"
            '        task_id="report",\n'
            f"        bash_command={command!r},\n"
            "        skip_on_exit_code=75,\n"
            "        retries=1,\n"
            "        retry_delay=timedelta(minutes=10),\n"
            "        append_env=True,\n"
            "    )\n"
        )
    }


#: The schedulers for which there is a text.
KINDS: Mapping[str, Callable[[Job], Mapping[str, str]]] = {
    "systemd": _systemd,
    "cron": _cron,
    "github": _github,
    "airflow": _airflow,
}
