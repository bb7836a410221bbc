"""When a notebook need not run again: what it used is as it was, and so is what it left."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench import trace
from workbench.errors import WorkbenchError
from workbench.runs.notebook_file import read_notebook, with_outputs, write_notebook
from workbench.runs.records.handover import digest_results
from workbench.runs.records.record import StepRecord, finished_steps
from workbench.runs.reuse.used import (
    FOLDER,
    Present,
    Surroundings,
    changed,
    content_digest,
    file_digest,
    read_used,
)
from workbench.study.packages import files_of

if TYPE_CHECKING:
    from workbench.runs.plan import Step
    from workbench.study import Study, Table

_CLONE = 0x40049409  # Linux: share the blocks of a file until one of the two is written to


class InputError(WorkbenchError):
    """An input of the study that is not there."""


@dataclass(frozen=True)
class Inputs:
    """The files of a study, as they are at one moment.

    Attributes
    ----------
    files : dict of str to str
        SHA-256 of each, by its path relative to the study.
    tables : dict of str to (str or None)
        Digest of each table's files; None for a table of a database or an address, of which
        nobody can tell whether it has changed.
    seen : dict
        What tells each file from one that may take its place, and its hash.
    """

    files: Mapping[str, str]
    tables: Mapping[str, str | None]
    seen: Mapping[Path, tuple[list[int] | None, str]] = field(default_factory=dict, repr=False)

    @property
    def digest(self) -> str:
        """One hash of them all."""
        return content_digest([self.files, self.tables])


def look_at_inputs(study: Study, before: Inputs | None = None) -> Inputs:
    """Hash the files of a study; of those known before, what has changed since.

    Raises
    ------
    InputError
        If a table's file is not there.
    """
    files: dict[str, str] = {}
    tables: dict[str, str | None] = {}
    seen: dict[Path, tuple[list[int] | None, str]] = {}

    def look(path: Path) -> str:
        # Before it is read: what is written meanwhile is then seen as a change.
        now = trace.signature(path)
        if before is not None and now is not None and path in before.seen:
            was, digest = before.seen[path]
            if was == now:
                seen[path] = now, digest
                return digest
        seen[path] = now, file_digest(path)
        return seen[path][1]

    for name, table in study.tables.items():
        paths = _files(study, name, table)
        hashes = {_called(study, table, path): look(path) for path in paths or ()}
        files |= hashes
        tables[name] = None if paths is None else content_digest(hashes)
    survey = study.survey
    if survey is not None and survey.codebook is not None:
        book = study.folder / survey.codebook
        if book.is_file():  # the notebook that reads it says what to do where it is not
            files[os.path.relpath(book, study.folder)] = look(book)
    files[study.path.name] = look(study.path)
    return Inputs(files, tables, seen)


def step_key(step: Step, notebook: Any) -> str:
    """Return the hash of what a step is: all that it depends on before it has begun.

    Parameters
    ----------
    step : Step
        Its parameters count, and what it promises.
    notebook : NotebookNode
        Its code cells count; its text does not (see `carry_over`).
    """
    return content_digest(
        {
            "code": [c["source"] for c in notebook["cells"] if c["cell_type"] == "code"],
            "parameters": dict(step.parameters),
            "gives": {name: list(columns) for name, columns in step.gives.items()},
        }
    )


def text_digest(notebook: Any) -> str:
    """Return the hash of a notebook's cells as they are written, text and tags included."""
    return content_digest(
        [[c["cell_type"], c["source"], c["metadata"], c.get("id")] for c in notebook["cells"]]
    )


class Earlier:
    """What earlier runs of a study left, and a killed one; to be used again where it holds.

    Parameters
    ----------
    *folders : Path
        ``runs/<study>``, and others whose runs may serve.
    """

    def __init__(self, *folders: Path) -> None:
        self._steps: dict[str, list[tuple[Path, StepRecord]]] = {}
        for folder in folders:
            for place, step in finished_steps(folder):
                self._steps.setdefault(step.key, []).append((place, step))

    def find(
        self, step: Step, digest: str, present: Present, about: Surroundings
    ) -> tuple[Path, StepRecord] | str:
        """Find an execution of a step that would come out the same.

        Parameters
        ----------
        step : Step
            The step.
        digest : str
            From `step_key`.
        present, about
            What it would use now.

        Returns
        -------
        tuple of Path and StepRecord, or str
            The run that has it and its record; or why there is none, told of the newest.
        """
        why = ""
        tried: set[tuple[str, str]] = set()
        for place, earlier in self._steps.get(step.key, ()):
            if earlier.hash != digest:
                why = why or "its code or its parameters have changed"
                continue
            used = read_used(place, step.key)
            if used is None:
                reason = "it is not known what it used"
            elif (earlier.executed, earlier.hash) in tried:
                continue  # the same execution, carried over from run to run
            else:
                reason = _reads_beyond(used.beyond) or changed(
                    used, present, replace(about, own=place / "results" / step.key)
                )
                tried |= {(earlier.executed, earlier.hash)} if reason else set()
                reason = reason or _damage(place, earlier)
            if not reason:
                return place, earlier
            why = why or reason
        return why


def _reads_beyond(sentences: Iterable[str]) -> str:
    told = "; ".join(sentences)
    return f"it reads beyond the record: {told}" if told else ""


def _damage(place: Path, step: StepRecord) -> str:
    """Say that what a run left is not what it made."""
    try:
        page = file_digest(place / "notebooks" / f"{step.key}.ipynb")
        if page != step.page:
            return "its page was changed by hand, or is gone"
        if digest_results(place / "results" / step.key) != step.results:
            return "its results were changed by hand, or are gone"
    except OSError as error:
        return f"what it left cannot be read ({error.strerror})"
    return ""


def carry_over(source: Path, target: Path, step: StepRecord, notebook: Any) -> None:
    """Take a finished step into a new run, as copies: nobody's edit shall reach two runs.

    When only the text of the notebook was edited, its outputs are set into the new text, so that
    a correction of a sentence shows without a kernel.

    Parameters
    ----------
    source, target : Path
        The folders of the earlier and of the new run.
    step : StepRecord
        The finished step.
    notebook : NotebookNode
        The notebook as it is written now.
    """
    results = target / "results" / step.key
    shutil.rmtree(results, ignore_errors=True)
    results.mkdir(parents=True)
    for path in sorted((source / "results" / step.key).iterdir()):
        copy_file(path, results / path.name)
    (target / FOLDER).mkdir(exist_ok=True)
    copy_file(*(each / FOLDER / f"{step.key}.json" for each in (source, target)))
    old = source / "notebooks" / f"{step.key}.ipynb"
    new = target / "notebooks" / f"{step.key}.ipynb"
    if step.text == text_digest(notebook):
        copy_file(old, new)
        return
    write_notebook(with_outputs(notebook, read_notebook(old)), new)


def copy_file(source: Path, target: Path) -> None:
    """Copy a file; where the file system can, the two share their blocks until one changes."""
    try:
        from fcntl import ioctl

        with source.open("rb") as old, target.open("wb") as new:
            ioctl(new.fileno(), _CLONE, old.fileno())
    except (ImportError, OSError):
        shutil.copyfile(source, target)


def _files(study: Study, name: str, table: Table) -> list[Path] | None:
    """Return the files of a table; None when it does not come from files."""
    if table.package is not None:
        where = f"{study.path}, tables.{name}.package"
        return list(files_of(table.package.name, table.package.table, where=where))
    if table.path is None or "://" in table.path:
        return None
    path = study.folder / table.path
    if path.is_dir():
        files = sorted(each for each in path.rglob("*") if each.is_file())
    elif any(sign in table.path for sign in "*?["):
        files = sorted(study.folder.glob(table.path))
    else:
        files = [path] if path.is_file() else []
    if not files:
        raise InputError(
            f"table {name!r} has no file {table.path}",
            where=f"{study.path}, tables.{name}.path",
            remedy="put the file there or correct the path",
        )
    return files


def _called(study: Study, table: Table, path: Path) -> str:
    """Name an input: a packaged file by its package, for where that is installed says nothing."""
    if table.package is not None:
        return f"{table.package.name}:{path.name}"
    return os.path.relpath(path, study.folder)
