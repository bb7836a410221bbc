"""What there is to tell of a study's newest run: as its pages stored it, and how the run stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from workbench.results import Advice, Finding
from workbench.runs.records.handover import read_findings
from workbench.runs.records.record import RunRecord, broken_off
from workbench.runs.status import StaleTable, stale_tables
from workbench.study import Study
from workbench.study.alerts import Topic

#: How the keys of findings begin that are told, and what they are about.
FINDINGS: dict[str, Topic] = {"alerts.moved.": "moves", "alerts.contract.": "data"}


@dataclass(frozen=True)
class Notice:
    """One thing to tell.

    Attributes
    ----------
    key : str
        Told again only when it has been gone in between.
    topic : {"moves", "data", "failures"}
    finding : Finding
    by, of : str
        The group that it is about; empty where it is about all.
    """

    key: str
    topic: Topic
    finding: Finding
    by: str = ""
    of: str = ""


def notices_of(study: Study, run: RunRecord, now: datetime) -> list[Notice]:
    """Collect what a run has to tell, failures first.

    Parameters
    ----------
    study : Study
    run : RunRecord
        Its newest run.
    now : datetime
        With a time zone; the data grow old while nobody runs anything.
    """
    return [*_failures(run), *_stale(study, run, now), *_findings(run)]


def topic_of(key: str) -> Topic | None:
    """Say what the key of a finding, or of its notice, is about; None where it is not told."""
    return next((topic for begins, topic in FINDINGS.items() if key.startswith(begins)), None)


def unknown_topics(run: RunRecord) -> set[Topic]:
    """Name what nothing is known of, since the notebook that would tell has not ended well."""
    step = run.notebooks.get("alerts")
    return set() if step is not None and step.good else set(FINDINGS.values())


def _failures(run: RunRecord) -> Iterator[Notice]:
    failed = [step.key for step in run.failures()]
    if failed:
        text = "Pages failed in the run of {day} and stand as an earlier run left them: {pages}"
        values = {"day": _day(run.started), "pages": failed}
        yield _failure(f"failed.{run.run}", Finding("run.failed", text, values))
    broken = broken_off(run.folder.parent)
    if broken:
        text = "A run that began after that of {day} was broken off"
        finding = Finding("run.broken", text, {"day": _day(run.started)})
        yield _failure(f"broken.{broken[0]}", finding)


def _failure(key: str, finding: Finding) -> Notice:
    advice = Advice("Look at why, and run the study again.", 0)
    told = Finding(finding.key, finding.message, finding.values, severity="warning", advice=advice)
    return Notice(key, "failures", told)


def _stale(study: Study, run: RunRecord, now: datetime) -> Iterator[Notice]:
    days = {} if study.alerts is None else study.alerts.days
    for each in stale_tables(run.folder / "results", now, days):
        yield Notice(f"stale.{each.table}", "data", _too_old(each))


def _too_old(each: StaleTable) -> Finding:
    advice = Advice("Ask why nothing newer has come in.", 0)
    if each.last is None:
        text = "It is not known how far the table {table} reaches; it may end {limit} days ago"
        values = {"table": each.table, "limit": each.limit}
    else:
        text = "The table {table} ends on {day}, {days} days ago; {limit} are allowed"
        values = {
            "table": each.table, "day": each.last, "days": each.days, "limit": each.limit,
        }  # fmt: skip
    return Finding(f"alerts.stale.{each.table}", text, values, severity="warning", advice=advice)


def _findings(run: RunRecord) -> Iterator[Notice]:
    good = [run.folder / "results" / key for key, step in run.notebooks.items() if step.good]
    for found in read_findings(good, []).values():
        for each in found:
            topic = topic_of(each.key)
            if topic is not None and each.severity != "ok":
                by, of = (str(each.values.get(name, "")) for name in ("by", "of"))
                yield Notice(f"{each.key} {each.verdict}", topic, each, by, of if by else "")


def _day(moment: str) -> object:
    return datetime.fromisoformat(moment).date()
