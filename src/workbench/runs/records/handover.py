"""What the notebooks of a run hand on: tables, headline numbers and findings; and whether they did.

A notebook's results lie in ``results/<page>/``: its tables as ``<name>.parquet``, its headline
numbers in ``estimates.json`` and its findings in ``findings.json``.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from workbench import trace
from workbench.errors import DataError, WorkbenchError, closest, suggest
from workbench.results import Estimate, Finding, Result
from workbench.runs.records.record import history_of, last_complete, last_with, write_json

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")
ESTIMATES = "estimates.json"
FINDINGS = "findings.json"
#: How a kept table is called that says of whom a page told, for the next edition to keep to.
TOLD = "_told"
#: In what a notebook used: all numbers of the last complete run.
EVERYTHING = "*"


class RunError(WorkbenchError):
    """Something that the run cannot give to, or take from, a notebook."""


class AbsentError(RunError, DataError):
    """A table or a result that is not there; `workbench.results.attempt` goes on without it."""


class Handover:
    """Where one notebook of a run puts its results and finds those of others.

    Parameters
    ----------
    folder : Path
        The run's folder, or the lab's.
    root : Path
        The folder that holds ``runs/`` and ``notebooks/``.
    study : str
        Name of the study.
    notebook : str
        Key of this notebook's page in the run (``clv``, or ``case_evaluation-service_desk``).
    case : str, optional
        The case, for a notebook that runs once for each.
    reads : sequence of str, optional
        Keys of the notebooks whose results it may read; all when left out, as in the lab.
    seen : date, optional
        The day as of which the study is seen; what was seen later is no earlier run.
    """

    def __init__(
        self,
        folder: Path,
        *,
        root: Path,
        study: str,
        notebook: str,
        case: str | None = None,
        reads: Sequence[str] | None = None,
        seen: date | None = None,
    ) -> None:
        self.folder = folder
        self.notebook = notebook
        self._root = root
        self._history = history_of(root, study, seen)
        self._seen = seen
        self._case = case
        self._reads = None if reads is None else frozenset(reads)
        self._headlines: dict[str, Estimate] = {}
        self._findings: dict[str, Finding] = {}

    # --- tables -------------------------------------------------------------------------------

    def save(self, name: str, frame: pd.DataFrame | Result | None) -> None:
        """Keep a table for other notebooks and for the site (Parquet).

        Parameters
        ----------
        name : str
            Name of the result, letters, digits and underscores.
        frame : DataFrame, Result or None
            The table, or the result that has it. A named index becomes columns; an unnamed one is
            left out. Nothing is kept of an analysis that the data do not bear, which is None.
        """
        import pandas as pd

        if not name.isidentifier():
            raise RunError(
                f"{name!r} cannot name a result",
                where=f"notebook {self.notebook}",
                remedy="use letters, digits and underscores",
            )
        if frame is None:
            return
        if isinstance(frame, Result):
            frame = frame.table
        if not isinstance(frame, pd.DataFrame):
            raise RunError(
                f"result {name!r} is a {type(frame).__name__}, not a DataFrame",
                where=f"notebook {self.notebook}",
                remedy="save a DataFrame, or keep a number with run.headline",
            )
        if any(level is not None for level in frame.index.names):
            frame = frame.reset_index()
        path = self._own_folder() / f"{name}.parquet"
        aside = path.with_name(f".{path.name}.{os.getpid()}")
        frame.to_parquet(aside, index=False)
        aside.replace(path)

    def load(self, name: str) -> pd.DataFrame:
        """Read a result that a notebook of this run has saved.

        A result that several cases saved comes as one table, with a column ``case``.

        Raises
        ------
        RunError
            If nobody saved it; the error says which notebook gives it.
        """
        import pandas as pd

        files = self._result_files(name)
        if not files:
            raise self._missing(name)
        frames = []
        for path in files:
            frame = pd.read_parquet(path)
            case = case_of(path.parent.name)
            if len(files) > 1 and case and "case" not in frame.columns:
                frame.insert(0, "case", case)
            frames.append(frame)
        return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)

    def has_result(self, name: str) -> bool:
        """Whether `load` would find this result."""
        return bool(self._result_files(name))

    # --- headline numbers and findings --------------------------------------------------------

    def headline(self, name: str, estimate: Estimate) -> Estimate:
        """Keep a headline number for this page, the overview, the site and history.

        Parameters
        ----------
        name : str
            Dotted name, such as ``clv.mean``; a second call with the name replaces the first.
        estimate : Estimate
            The number with all that is known of it. Without a ``fact`` of its own it is the fact
            ``<page>.<name>``.

        Returns
        -------
        Estimate
            The estimate as it was stored.
        """
        if not isinstance(estimate, Estimate):
            raise RunError(
                f"headline {name!r} is a {type(estimate).__name__}, not an Estimate",
                where=f"notebook {self.notebook}",
                remedy="give Estimate(value, low, high, kind=..., label=...)",
            )
        stored = replace(
            estimate,
            label=estimate.label or name,
            fact=estimate.fact or f"{self.notebook}.{name}",
        )
        self._headlines[name] = stored
        about = {"notebook": self.notebook, "case": self._case}
        write_json(
            self._own_folder() / ESTIMATES,
            [{**about, "name": n, **e.to_json()} for n, e in self._headlines.items()],
        )
        return stored

    def finding(self, *things: Finding | Result | None) -> None:
        """Keep findings, the most important first, for every page that shows them.

        Results give all of theirs, None has none. A second finding of a key replaces the first.
        """
        found = (
            each
            for thing in things
            if thing is not None
            for each in (thing.findings() if hasattr(thing, "findings") else [thing])
        )
        for each in found:
            if not isinstance(each, Finding):
                raise RunError(
                    f"a {type(each).__name__} is no Finding",
                    where=f"notebook {self.notebook}",
                    remedy="give findings one by one: run.finding(*result.findings())",
                )
            self._findings[each.key] = replace(each, page=self.notebook)
        write_json(
            self._own_folder() / FINDINGS, [each.to_json() for each in self._findings.values()]
        )

    def headlines(self) -> dict[str, dict[str, Estimate]]:
        """Return the headline numbers so far, of the notebooks this one may read and its own.

        Returns
        -------
        dict of str to dict of str to Estimate
            By page (``clv``, ``case_evaluation-service_desk``), then by name.
        """
        trace.note("result", ESTIMATES)
        stored = read_headlines(self._folders_of_others())
        return stored | ({self.notebook: dict(self._headlines)} if self._headlines else {})

    def findings(self) -> dict[str, list[Finding]]:
        """Return the findings so far, of the notebooks this one may read and its own, by page."""
        trace.note("result", FINDINGS)
        stored = read_findings(self._folders_of_others())
        return stored | ({self.notebook: [*self._findings.values()]} if self._findings else {})

    def previous(
        self, numbers: Iterable[tuple[str, str]] | None = None
    ) -> dict[str, dict[str, Estimate]]:
        """Return the headline numbers of the last complete run of this study.

        Parameters
        ----------
        numbers : iterable of (str, str), optional
            Page and name of those that are wanted. Who takes them all is executed again whenever
            one of them is another.

        Returns
        -------
        dict of str to dict of str to Estimate
            As in `headlines`; empty when there was no complete run before. A page whose numbers
            cannot be read is left out, with a warning.
        """
        wanted = None if numbers is None else set(numbers)
        names = [EVERYTHING] if wanted is None else sorted(map(number_path, wanted))
        trace.note("previous", *names)
        last = last_complete(self._history, seen=self._seen)
        lost: list[str] = []
        headlines = read_headlines(sorted(last.glob("results/*/")), lost) if last else {}
        for each in lost:
            warnings.warn(each, stacklevel=2)
        if wanted is None:
            return headlines
        chosen = {
            page: {name: each for name, each in named.items() if (page, name) in wanted}
            for page, named in headlines.items()
        }
        return {page: named for page, named in chosen.items() if named}

    def earlier(self, name: str) -> pd.DataFrame | None:
        """Return a table as this notebook kept it in the last run that has it; None without one."""
        import pandas as pd

        file = f"{name}.parquet"
        trace.note("previous", number_path((self.notebook, file)))
        place = f"results/{self.notebook}/{file}"
        path = last_with(self._history, place, before=self.folder.name, seen=self._seen)
        return None if path is None else pd.read_parquet(path)

    # --- the folders behind it ----------------------------------------------------------------

    def _own_folder(self) -> Path:
        folder = self.folder / "results" / self.notebook
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(PermissionError):  # rows of persons lie there, in the lab, too
                self.folder.chmod(0o700)
        return folder

    def _readable_folders(self) -> list[Path]:
        """Folders of results this notebook may read, itself first.

        In a run these are the notebooks it waits for, so that what it reads depends neither on
        luck in the order nor escapes the cache. In the lab, everything: first what the lab has
        made, then what the last complete run left.
        """
        places = [self.folder / "results"]
        if self._reads is None:
            last = last_complete(self._history)
            if last is not None:
                places.append(last / "results")
        readable: dict[str, Path] = {self.notebook: places[0] / self.notebook}
        for place in places:
            for folder in sorted(place.glob("*/")):
                if self._reads is None or folder.name in self._reads:
                    readable.setdefault(folder.name, folder)
        return list(readable.values())

    def _folders_of_others(self) -> list[Path]:
        return [folder for folder in self._readable_folders() if folder.name != self.notebook]

    def _result_files(self, name: str) -> list[Path]:
        trace.note("result", f"{name}.parquet")
        files = [folder / f"{name}.parquet" for folder in self._readable_folders()]
        files = [path for path in files if path.is_file()]
        if files and files[0].parent.name == self.notebook:
            return files[:1]  # its own result comes before others of the same name
        givers = {notebook_of(path.parent.name) for path in files}
        if len(givers) > 1:
            raise RunError(
                f"result {name!r} was saved by several notebooks: {', '.join(sorted(givers))}",
                where=f"notebook {self.notebook}",
                remedy="give each its own name",
            )
        return files

    def _missing(self, name: str) -> AbsentError:
        where = f"notebook {self.notebook}"
        giver = _giver(self._root / "notebooks" / "pipeline.yml", name)
        saved = {p.stem for p in self.folder.glob("results/*/*.parquet")}
        if giver and self._reads is not None and giver not in map(notebook_of, self._reads):
            remedy = f"notebook {giver!r} gives it: list {giver} under `needs` in pipeline.yml"
        elif giver:
            remedy = f"notebook {giver!r} gives it: run that first"
        else:
            remedy = suggest(name, sorted(saved))
        return AbsentError(f"there is no result {name!r} in this run", where=where, remedy=remedy)


def number_path(number: tuple[str, str]) -> str:
    """Name a headline number by its page and its own name."""
    return "/".join(number)


# --- reading what was handed on ---------------------------------------------------------------

_ESTIMATE_FIELDS = frozenset(each.name for each in fields(Estimate))


def read_headlines(
    folders: Iterable[Path], lost: list[str] | None = None
) -> dict[str, dict[str, Estimate]]:
    """Read the headline numbers that notebooks stored.

    Parameters
    ----------
    folders : iterable of Path
        ``results/<page>`` of a run, one a page.
    lost : list of str, optional
        Gets a sentence about each page whose numbers cannot be read, which is then left out.

    Returns
    -------
    dict of str to dict of str to Estimate
        By page, then by name; pages without any are left out.

    Raises
    ------
    RunError
        Where numbers cannot be read and there is no `lost` to say it.
    """
    headlines = {}
    for folder in folders:
        rows = _stored(folder / ESTIMATES, _named_estimate, lost)
        if rows is not None:
            headlines[folder.name] = dict(rows)
    return headlines


def read_findings(
    folders: Iterable[Path], lost: list[str] | None = None
) -> dict[str, list[Finding]]:
    """Read the findings that notebooks stored, by page; as `read_headlines`."""
    findings = {}
    for folder in folders:
        rows = _stored(folder / FINDINGS, Finding.from_json, lost)
        if rows is not None:
            findings[folder.name] = rows
    return findings


def _named_estimate(row: Mapping[str, Any]) -> tuple[str, Estimate]:
    known = {key: value for key, value in row.items() if key in _ESTIMATE_FIELDS}
    return row["name"], Estimate.from_json(known)


def _stored(path: Path, made: Callable[[Any], T], lost: list[str] | None) -> list[T] | None:
    """Read what a page stored in a file; None where there is no such file, or it cannot be read."""
    if not path.exists():
        return None
    try:
        return [made(row) for row in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError, KeyError, AttributeError, WorkbenchError) as error:
        cause = error.strerror if isinstance(error, OSError) else error
        told = RunError(
            f"what this page stored cannot be read: {cause}",
            where=str(path),
            remedy="run the study again, or delete the folder of this run",
        )
        if lost is None:
            raise told from None
        lost.append(str(told))
        return None


def notebook_of(page: str) -> str:
    """Name the notebook that makes a page: of ``case_evaluation-desk``, ``case_evaluation``."""
    return page.partition("-")[0]


def case_of(page: str) -> str | None:
    """Name the case that a page is about, if it is about one."""
    return page.partition("-")[2] or None


# --- holding notebooks to what they promised --------------------------------------------------


def check_results(folder: Path, gives: Mapping[str, Sequence[str]]) -> list[str]:
    """Hold what a notebook saved against what pipeline.yml says that it gives.

    Parameters
    ----------
    folder : Path
        ``results/<page>`` of the run.
    gives : mapping of str to sequence of str
        Results and the columns they must have.

    Returns
    -------
    list of str
        What is wrong, one sentence a result; empty when everything is there.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    problems = []
    saved = sorted(path.stem for path in folder.glob("*.parquet"))
    for name, columns in gives.items():
        path = folder / f"{name}.parquet"
        if not path.is_file():
            meant = closest(name, saved)
            hint = f"; it saved {meant!r}" if meant else ""
            problems.append(f"the declared result {name!r} was not saved{hint}")
            continue
        try:
            file = pq.ParquetFile(path)
            rows, there = file.metadata.num_rows, file.schema_arrow.names
        except (OSError, pa.ArrowException) as error:
            problems.append(f"the result {name!r} cannot be read: {error}")
            continue
        missing = [column for column in columns if column not in there]
        if missing:
            problems.append(
                f"the result {name!r} has no column {', '.join(missing)}; it has {', '.join(there)}"
            )
        elif not rows:
            problems.append(f"the result {name!r} is empty")
    return problems


def digest_results(folder: Path) -> str:
    """Return a hash of everything a notebook saved; of nothing, if it saved nothing."""
    return joint_digest(
        {
            path.name: hashlib.sha256(path.read_bytes()).digest()
            for path in folder.glob("*")
            if path.is_file() and not path.name.startswith(".")
        }
    )


def joint_digest(hashes: Mapping[str, bytes]) -> str:
    """Return one hash of files that are known by their names and hashes."""
    digest = hashlib.sha256()
    for name in sorted(hashes):
        digest.update(name.encode() + b"\0" + hashes[name])
    return digest.hexdigest()


def _giver(pipeline: Path, result: str) -> str | None:
    if not pipeline.is_file():
        return None
    import yaml

    entries = yaml.safe_load(pipeline.read_text(encoding="utf-8")) or {}
    for notebook, entry in entries.items():
        if isinstance(entry, Mapping) and result in (entry.get("gives") or {}):
            return str(notebook)
    return None
