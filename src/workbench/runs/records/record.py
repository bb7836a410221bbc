"""A run on disk: a folder that is complete or absent, its run.json, and the lock of a study."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from workbench.errors import WorkbenchError

Status = Literal["done", "cached", "failed", "skipped"]
#: A run under way, or one that was killed: hidden, and never mistaken for a run.
UNFINISHED = ".unfinished-"
#: Below ``runs/<study>``: the runs that see the study on an earlier day.
SEEN_RUNS = "as_of"
#: And those that try a notebook with several values of its parameters.
SWEEPS = "sweeps"
#: Where runs lie that are never taken for the present.
BESIDE = (SEEN_RUNS, SWEEPS)
#: A run whose removal was broken off, which the next run sweeps up.
REMOVED = f"{UNFINISHED}removed-"
#: The file that tells of a run, in its folder.
RECORD = "run.json"
_FINISHED_STEPS = ".finished"
_LOCK = ".lock"
#: Who holds it; beside it, since a lock may not be readable while it is held.
_HOLDER = ".holder"
_COUNTER = ".counter"
_NUMBER = re.compile(r'^\s*\{\s*"number":\s*(\d+)')


class BusyError(WorkbenchError):
    """Another run of the study is under way."""


class UnreadableRunError(WorkbenchError):
    """A run whose run.json cannot be read; the other runs of the study can."""


class UnrecordedRunError(WorkbenchError):
    """A run that could not be written down, for want of room or of a right to write."""


@dataclass(frozen=True)
class StepRecord:
    """What became of one notebook.

    Attributes
    ----------
    key, notebook, case : str
        Which execution of which notebook.
    status : {"done", "cached", "failed", "skipped"}
        ``cached``: carried over from an earlier run, since nothing it depends on has changed.
    reason : str
        Why it was skipped or skipped itself, or where it was carried over from, or the failure in
        a sentence.
    seconds : float
        How long it took when it was last executed.
    executed : str
        When it was last executed (UTC); for a cached one, in the earlier run.
    parameters : dict
        All values.
    hash, text, results, page : str
        The cache key, the hash of the notebook's text, of what it saved, of the executed notebook.
    error : dict or None
        The failure (`workbench.runs.execution.failure.Failure`).
    notes : tuple of str
        What of its output is left out.
    """

    key: str
    notebook: str
    status: Status
    case: str | None = None
    reason: str = ""
    seconds: float = 0.0
    executed: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    hash: str = ""
    text: str = ""
    results: str = ""
    page: str = ""
    error: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()

    @property
    def ended_itself(self) -> bool:
        """Whether it ran and then ended itself with `Run.skip`."""
        return self.status == "skipped" and bool(self.executed)

    @property
    def good(self) -> bool:
        """Whether there is a page to show."""
        return self.status in ("done", "cached")


@dataclass(frozen=True)
class RunRecord:
    """One run, as run.json keeps it.

    Attributes
    ----------
    study, run : str
        The study's name and the run's id.
    started, finished : str
        UTC, ISO form.
    status : {"done", "failed"}
        ``done`` when nothing failed.
    notebooks : dict of str to StepRecord
        By key, in the order of the pipeline.
    inputs : dict of str to str
        SHA-256 of each input file.
    versions : dict of str to str
        Python and packages.
    commit : str
        Git commit, with ``+`` when the tree had changes; empty outside git.
    as_of : str
        The study's as-of date.
    data_to : str
        Last day that the notebooks met in the study's tables; empty when none said so.
    languages : tuple of str
        The study's languages.
    asked : tuple of str
        Notebooks asked for; empty for all.
    number : int
        Its place among the runs of the study, counted up from 1 and never given twice: a clock may
        be wrong. 0 in runs from before there was a counter, which come first, by their names.
    folder : Path
        Where it lies (not in run.json).
    """

    study: str
    run: str
    started: str
    finished: str
    status: Literal["done", "failed"]
    notebooks: Mapping[str, StepRecord]
    inputs: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    commit: str = ""
    as_of: str = ""
    data_to: str = ""
    languages: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    number: int = 0
    folder: Path = Path()

    def notebook_path(self, key: str) -> Path:
        """Return the executed notebook of a step."""
        return self.folder / "notebooks" / f"{key}.ipynb"

    def failures(self) -> list[StepRecord]:
        """Return the steps that failed."""
        return [step for step in self.notebooks.values() if step.status == "failed"]


def history_of(root: Path, study: str, seen: date | None = None) -> Path:
    """Give the folder of a study's runs; of those that see it on an earlier day, one of their own.

    So they are never taken for the present: neither by the site, nor by who looks for the last run.
    """
    own = root / "runs" / study
    return own if seen is None else own / SEEN_RUNS


def histories(folder: Path) -> list[Path]:
    """Give the folders in which a study has runs, its own first, then those beside the present.

    Parameters
    ----------
    folder : Path
        ``runs/<study>``.
    """
    return [place for place in (folder, *(folder / name for name in BESIDE)) if place.is_dir()]


def run_id(now: datetime, *ingredients: str) -> str:
    """Name a run: UTC timestamp and a short hash, such as ``20260131T081500Z-3f9a2c``.

    Parameters
    ----------
    now : datetime
        When the run starts, with a time zone.
    *ingredients : str
        What sets this run apart from others of the same second.
    """
    if now.tzinfo is None:
        raise ValueError("`now` needs a time zone")
    utc = now.astimezone(UTC)
    digest = hashlib.sha256("\0".join([utc.isoformat(), *ingredients]).encode()).hexdigest()
    return f"{utc:%Y%m%dT%H%M%SZ}-{digest[:6]}"


# --- writing ----------------------------------------------------------------------------------


@contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Hold a study's lock; the system releases it even when the process is killed.

    Parameters
    ----------
    folder : Path
        ``runs/<study>``.

    Raises
    ------
    BusyError
        If another run of the study holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    held, holder = FileLock(folder / _LOCK), folder / _HOLDER
    try:
        held.acquire(timeout=0)
    except Timeout:
        raise BusyError(
            f"another run of this study is under way ({_said(holder) or 'starting'})",
            where=str(folder),
            remedy="wait until it has ended",
        ) from None
    try:
        holder.write_text(f"process {os.getpid()}", encoding="utf-8")
        yield
    finally:
        with suppress(OSError):
            holder.unlink()
        held.release()


def under_way(folder: Path) -> str:
    """Say who holds a study's lock, such as ``process 4711``; nothing when nobody does.

    Parameters
    ----------
    folder : Path
        ``runs/<study>``.
    """
    said = _said(folder / _HOLDER)
    if not said:
        return ""  # without trying the lock, which would be in the way of a run that starts
    try:
        with FileLock(folder / _LOCK).acquire(timeout=0):
            return ""  # whoever held it was killed
    except Timeout:
        return said
    except OSError:
        return ""


def _said(holder: Path) -> str:
    try:
        return holder.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def next_number(folder: Path) -> int:
    """Count one run further, for who holds the study's lock.

    Parameters
    ----------
    folder : Path
        ``runs/<study>``. The counter lies there, so that a number is not given again when its run
        is deleted; should the counter be lost or damaged, the runs tell how far it was.
    """
    path = folder / _COUNTER
    try:
        counted = int(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        counted = 0
    there = [_number(each) for each in folder.glob("[0-9]*/")]
    number = max([counted, len(there), *there]) + 1
    aside = path.with_name(f"{_COUNTER}.{os.getpid()}")
    aside.write_text(f"{number}\n", encoding="utf-8")
    aside.replace(path)
    return number


def begin(folder: Path, run: str) -> Path:
    """Make the folder in which a run is put together, beside where it will lie.

    Runs hold rows of persons: only whoever runs the study may look into them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with suppress(PermissionError):  # it is somebody else's, who let us write
        folder.chmod(0o700)
    aside = folder / f"{UNFINISHED}{run}"
    for name in ("notebooks", "results", _FINISHED_STEPS):
        (aside / name).mkdir(parents=True)
    return aside


def keep_step(aside: Path, step: StepRecord) -> None:
    """Note that a step has ended well, so that the next run can use it if this one is killed."""
    write_json(aside / _FINISHED_STEPS / f"{step.key}.json", asdict(step))


def finish(aside: Path, record: RunRecord) -> RunRecord:
    """Write run.json and put the run into its place, all at once.

    Unfinished runs of the study, which this one had the chance to take over from, go.
    """
    failed = aside / "failed"
    if failed.is_dir() and not any(failed.iterdir()):
        failed.rmdir()
    # The number stands first, so that runs can be put in order by the heads of their files.
    content = {"number": record.number, **asdict(record)}
    del content["folder"]
    content["notebooks"] = {
        key: {name: value for name, value in step.items() if name != "key"}
        for key, step in content["notebooks"].items()
    }
    write_json(aside / RECORD, content)
    for path in aside.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o700 if path.is_dir() else 0o600)
    aside.chmod(0o700)
    folder = aside.with_name(record.run)
    aside.rename(folder)
    # Only now: where run.json could not be written, the next run takes the steps over.
    shutil.rmtree(folder / _FINISHED_STEPS, ignore_errors=True)
    for left in unfinished(folder.parent):
        shutil.rmtree(left, ignore_errors=True)
    return replace(record, folder=folder)


def write_json(path: Path, content: Any) -> None:
    """Write JSON aside and rename it into place; who might read the old file may read the new."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_text(
        json.dumps(content, ensure_ascii=False, indent=1, default=str) + "\n", encoding="utf-8"
    )
    with suppress(FileNotFoundError):
        aside.chmod(path.stat().st_mode & 0o777)
    aside.replace(path)


# --- reading ----------------------------------------------------------------------------------


def run_folders(folder: Path) -> list[Path]:
    """Return the folders of a study's runs, newest first by their numbers, readable or not.

    Parameters
    ----------
    folder : Path
        ``runs/<study>``.
    """
    numbered = ((_number(each), each.name, each) for each in folder.glob("[0-9]*/"))
    return [each for *_, each in sorted(numbered, reverse=True)]


def list_runs(folder: Path) -> list[RunRecord]:
    """Return the runs of a study that can be read, newest first; `damaged` tells of the others.

    Parameters
    ----------
    folder : Path
        ``runs/<study>``.
    """
    return read_runs(folder)[0]


def damaged(folder: Path) -> list[str]:
    """Say of each run of a study that cannot be read why not: it is left out of everything else.

    Parameters
    ----------
    folder : Path
        ``runs/<study>``.
    """
    return read_runs(folder)[1]


def read_runs(folder: Path) -> tuple[list[RunRecord], list[str]]:
    """Read all runs of a study at once: what `list_runs` gives, and what `damaged` says.

    Parameters
    ----------
    folder : Path
        ``runs/<study>``.
    """
    lost: list[str] = []
    return list(_readable(run_folders(folder), lost)), lost


def last_run(folder: Path) -> RunRecord | None:
    """Return the newest run of a study that can be read, or None when there is none."""
    return next(_readable(run_folders(folder)), None)


def last_complete(folder: Path, *, before: str = "", seen: date | None = None) -> Path | None:
    """Return the folder of the last run of a study that was asked for all and failed in nothing.

    Parameters
    ----------
    folder : Path
        ``runs/<study>``.
    before : str, optional
        Id of a run: only those before it count.
    seen : date, optional
        Only runs that see the study on an earlier day count, the latest such day first.
    """
    runs = _runs_before(folder, before, seen)
    return next((run.folder for run in runs if run.status == "done" and not run.asked), None)


def last_with(
    folder: Path, file: str, *, before: str = "", seen: date | None = None
) -> Path | None:
    """Return a file as the last run that has it kept it, whatever that run was asked for.

    A run of one notebook, or one in which another failed, may have been published as well.

    Parameters
    ----------
    folder : Path
        ``runs/<study>``.
    file : str
        The file's place within a run.
    before, seen
        As of `last_complete`.
    """
    places = (run.folder / file for run in _runs_before(folder, before, seen))
    return next((path for path in places if path.is_file()), None)


def _runs_before(folder: Path, before: str, seen: date | None) -> Iterator[RunRecord]:
    folders = run_folders(folder)
    names = [each.name for each in folders]
    earlier = _readable(folders[names.index(before) + 1 :] if before in names else folders)
    if seen is None:
        return earlier
    past = [run for run in earlier if run.as_of < seen.isoformat()]
    return iter(sorted(past, key=lambda run: run.as_of, reverse=True))


def last_good(runs: Sequence[RunRecord], key: str) -> RunRecord | None:
    """Return the newest run that has a good page of a notebook: what a failed one falls back on.

    Parameters
    ----------
    runs : sequence of RunRecord
        Newest first, as `list_runs` gives them.
    key : str
        The notebook's key.
    """
    for run in runs:
        step = run.notebooks.get(key)
        if step is not None and step.good and run.notebook_path(key).is_file():
            return run
    return None


def read_run(folder: Path) -> RunRecord:
    """Read a run's run.json; what a newer version wrote there besides is passed over.

    Raises
    ------
    UnreadableRunError
        If it is not there, is cut off, or lacks what a run must have.
    """
    path = folder / RECORD
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        steps = {
            key: StepRecord(
                **{**_known(StepRecord, step), "key": key, "notes": tuple(step.get("notes", ()))}
            )
            for key, step in content["notebooks"].items()
        }
        for name in ("languages", "asked"):
            content[name] = tuple(content.get(name, ()))
        own = {"notebooks": steps, "folder": folder}
        return RunRecord(**{**_known(RunRecord, content), **own})
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        cause = error.strerror if isinstance(error, OSError) else str(error)
        raise UnreadableRunError(
            f"this run cannot be read and is left out: {cause or type(error).__name__}",
            where=str(path),
            remedy="restore the file, or delete the folder of this run",
        ) from None


def _readable(folders: Iterable[Path], lost: list[str] | None = None) -> Iterator[RunRecord]:
    """Yield the runs that can be read, one by one; `lost` gets why the others cannot."""
    for each in folders:
        try:
            yield read_run(each)
        except UnreadableRunError as error:
            if lost is not None:
                lost.append(str(error))


def _known(kind: type[RunRecord | StepRecord], content: Mapping[str, Any]) -> dict[str, Any]:
    names = {each.name for each in fields(kind)}
    return {name: value for name, value in content.items() if name in names}


def _number(folder: Path) -> int:
    """Read a run's number from the head of its file, without the rest, which is long."""
    try:
        with (folder / RECORD).open(encoding="utf-8", errors="replace") as file:
            found = _NUMBER.match(file.read(200))
    except OSError:
        return 0
    return int(found.group(1)) if found else 0


def unfinished(folder: Path) -> list[Path]:
    """Return what killed runs of a study have left, newest first."""
    return sorted(folder.glob(f"{UNFINISHED}*/"), reverse=True)


def broken_off(folder: Path) -> list[str]:
    """Name the runs of a study that were broken off, newest first; while one is under way, none.

    Parameters
    ----------
    folder : Path
        ``runs/<study>``.
    """
    if under_way(folder):
        return []
    return [each.name for each in unfinished(folder) if not each.name.startswith(REMOVED)]


def finished_steps(folder: Path) -> Iterator[tuple[Path, StepRecord]]:
    """Yield every step that ended well and is still on disk, newest run first.

    A killed run leaves its finished notebooks in its hidden folder: they count as well.
    """
    for aside in unfinished(folder):
        for path in sorted((aside / _FINISHED_STEPS).glob("*.json")):
            try:
                step = json.loads(path.read_text(encoding="utf-8"))
                yield aside, StepRecord(**_known(StepRecord, step))
            except (OSError, ValueError, TypeError, AttributeError):
                continue  # what cannot be read is executed again
    for record in _readable(run_folders(folder)):
        for step in record.notebooks.values():
            if step.good:
                yield record.folder, step


def data_to(results: Path, notebook: str = "*") -> str:
    """Return the last day that a run's notebooks (or one) met in the tables, as they noted it.

    A day, or a whole month (``1984-12``), quarter (``1984-Q4``) or year (``1992``).
    """
    return max(last_data_days(results, notebook).values(), default="")


def last_data_days(results: Path, notebook: str = "*") -> dict[str, str]:
    """Return for each table the last day that a run's notebooks (or one) met in it."""
    reach: dict[str, str] = {}
    for path in results.glob(f"{notebook}/data_to.json"):
        try:
            noted = json.loads(path.read_text(encoding="utf-8")).items()
        except (OSError, ValueError, AttributeError):
            continue
        for table, day in noted:
            reach[table] = max(reach.get(table, ""), str(day))
    return reach
