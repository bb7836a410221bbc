"""How the runs of a study stand: what ran, when, what failed, how old the data are."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from workbench.runs.records.record import (
    broken_off,
    damaged,
    last_complete,
    last_data_days,
    last_run,
    under_way,
)

_SPAN = re.compile(
    r"(?P<year>\d{4})(?:-(?:Q(?P<quarter>[1-4])|(?P<month>\d\d)(?:-(?P<day>\d\d))?))?"
)
#: Clocks of two machines may differ by as much.
_SLACK = timedelta(minutes=5)


@dataclass(frozen=True)
class StudyStatus:
    """How the runs of one study stand.

    Attributes
    ----------
    study : str
        Its name.
    run, started, finished, status : str
        The newest run that can be read: its id, when it began and ended (UTC), ``done`` or
        ``failed``; empty when there is none.
    failed : tuple of str
        A sentence about each notebook that failed in it.
    skipped : tuple of str
        A sentence about each that skipped itself or was left out.
    last_good : str
        The last run that was asked for all and failed in nothing.
    data_to : str
        How far its data reach: a day, month, quarter or year.
    hours, data_days : float, int or None
        How long ago it ended, and how many days have gone since the last day of its data.
    running : str
        Who holds the study just now, such as ``process 4711``.
    interrupted : int
        Runs that were broken off since.
    damaged : tuple of str
        A sentence about each run that cannot be read.
    wrong : tuple of str
        What a monitor should raise an alarm about; empty when all is well.
    """

    study: str
    run: str = ""
    started: str = ""
    finished: str = ""
    status: str = ""
    failed: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    last_good: str = ""
    data_to: str = ""
    hours: float | None = None
    data_days: int | None = None
    running: str = ""
    interrupted: int = 0
    damaged: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [f"{self.study}: {'all is well' if not self.wrong else 'something is wrong'}"]
        if self.run:
            ago = "" if self.hours is None else f", ended {self.hours:.1f} hours ago"
            lines.append(f"  newest run {self.run}: {self.status}{ago}")
            old = "" if self.data_days is None else f", {self.data_days} days ago"
            lines.append(f"  data to {self.data_to or 'an unknown day'}{old}")
        if self.last_good not in ("", self.run):
            lines.append(f"  last complete run without a failure: {self.last_good}")
        lines += [f"  wrong: {each}" for each in self.wrong]
        lines += [f"  skipped: {each}" for each in self.skipped]
        if self.running:
            lines.append(f"  under way: {self.running}")
        if self.interrupted:
            lines.append(f"  broken off since: {self.interrupted}; the next run goes on from there")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """Give it in plain values."""
        return asdict(self)


def study_status(
    folder: Path,
    now: datetime,
    *,
    within: timedelta | None = None,
    data_within: timedelta | None = None,
    tables_within: Mapping[str, int] | None = None,
) -> StudyStatus:
    """Look at the runs of a study.

    Parameters
    ----------
    folder : Path
        ``runs/<study>``.
    now : datetime
        The present moment, with a time zone.
    within, data_within : timedelta, optional
        How long ago the newest run and the last day of its data may be.
    tables_within : mapping of str to int, optional
        Table -> how many days ago its last row may be.
    """
    run, lost = last_run(folder), damaged(folder)
    running, interrupted = under_way(folder), len(broken_off(folder))
    if run is None:
        return StudyStatus(
            folder.name,
            running=running,
            interrupted=interrupted,
            damaged=tuple(lost),
            wrong=("there is no finished run", *lost),
        )
    complete = last_complete(folder)
    ago, last = now - datetime.fromisoformat(run.finished), last_day(run.data_to)
    old = None if last is None else (now.date() - last).days
    failed = [step.reason for step in run.failures()]
    return StudyStatus(
        study=folder.name,
        run=run.run,
        started=run.started,
        finished=run.finished,
        status=run.status,
        failed=tuple(failed),
        skipped=tuple(
            f"notebook {step.key}: {step.reason}"
            for step in run.notebooks.values()
            if step.status == "skipped"
        ),
        last_good=complete.name if complete else "",
        data_to=run.data_to,
        hours=round(ago.total_seconds() / 3600, 2),
        data_days=old,
        running=running,
        interrupted=interrupted,
        damaged=tuple(lost),
        wrong=(
            *_wrong(failed, lost, ago, within, old, data_within),
            *map(str, stale_tables(run.folder / "results", now, tables_within or {})),
        ),
    )


@dataclass(frozen=True)
class StaleTable:
    """A table whose data are older than they may be.

    Attributes
    ----------
    table : str
    last : date or None
        The last day of its data; None where no page has said it.
    days : int or None
        How long ago that is.
    limit : int
        How many days ago it may be.
    """

    table: str
    last: date | None
    days: int | None
    limit: int

    def __str__(self) -> str:
        if self.last is None:
            return f"the run does not say how far the table {self.table} reaches"
        return (
            f"the table {self.table} ends on {self.last}, {self.days} days ago, and should within"
            f" {self.limit}"
        )


def stale_tables(results: Path, now: datetime, allowed: Mapping[str, int]) -> list[StaleTable]:
    """Find the tables of a run whose data are older than they may be.

    Parameters
    ----------
    results : Path
        ``results`` of a run.
    now : datetime
        The present moment, with a time zone.
    allowed : mapping of str to int
        Table -> how many days ago its last row may be.
    """
    reach = last_data_days(results)
    found = []
    for table, limit in allowed.items():
        last = last_day(reach.get(table, ""))
        days = None if last is None else (now.date() - last).days
        if days is None or days > limit:
            found.append(StaleTable(table, last, days, limit))
    return found


def _wrong(
    failed: Iterable[str],
    lost: Iterable[str],
    ago: timedelta,
    within: timedelta | None,
    old: int | None,
    data_within: timedelta | None,
) -> Iterable[str]:
    yield from failed
    yield from lost
    if within is not None and not -_SLACK <= ago <= within:
        said = f"{_hours(-ago)} from now" if ago < timedelta(0) else f"{_hours(ago)} ago"
        yield f"the newest run ended {said}, and should have within {_hours(within)}"
    if data_within is not None and old is None:
        yield "the newest run does not say how far its data reach"
    elif data_within is not None and old is not None and old > data_within.days:
        yield f"the data end {old} days ago, and should within {data_within.days}"


def _hours(span: timedelta) -> str:
    return f"{span.total_seconds() / 3600:.1f} hours"


def last_day(span: str) -> date | None:
    """Return the last day of a day, month, quarter or year as a run notes it (``1984-Q4``)."""
    found = _SPAN.fullmatch(span)
    if not found:
        return None
    year, quarter, month, day = (found[name] for name in ("year", "quarter", "month", "day"))
    ends = int(month) if month else 3 * int(quarter) if quarter else 12
    try:
        return date(int(year), ends, int(day) if day else calendar.monthrange(int(year), ends)[1])
    except ValueError:
        return None
