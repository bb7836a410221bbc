"""When a notebook need not run again: the key of everything it depends on, and carrying it over."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import WorkbenchError
from workbench.runs.notebook_file import read_notebook, with_outputs, write_notebook
from workbench.runs.record import StepRecord, finished_steps
from workbench.study.packages import files_of

if TYPE_CHECKING:
    from workbench.runs.plan import Step
    from workbench.study import Study, Table

# Rooms that no notebook imports: a change in them leaves every page as it is.
_OUTSIDE = ("site", "new", "cli.py", "__pycache__")


class InputError(WorkbenchError):
    """An input of the study that is not there."""


@dataclass(frozen=True)
class SharedInputs:
    """What all notebooks of a run depend on.

    Attributes
    ----------
    inputs : dict of str to str
        SHA-256 of each input file, by its path relative to the study.
    known : bool
        False when a table comes from a database or an address: then nobody can tell whether it
        has changed, and nothing is carried over.
    digest : str
        Hash of the inputs, the study's card, the sources and the lock file.
    """

    inputs: Mapping[str, str]
    known: bool
    digest: str


def hash_inputs(study: Study, root: Path) -> SharedInputs:
    """Hash what all notebooks of a run depend on.

    Every notebook depends on all tables, not only on those it asks for: cleaning links people
    across tables, so that a row of one can change another.

    Raises
    ------
    InputError
        If a table's file is not there.
    """
    inputs: dict[str, str] = {}
    known = True
    for name, table in study.tables.items():
        files = _files(study, name, table)
        known = known and files is not None
        for path in files or ():
            inputs[_called(study, table, path)] = _sha256(path)
    survey = study.survey
    if survey is not None and survey.codebook is not None:
        book = study.folder / survey.codebook
        if book.is_file():  # the notebook that reads it says what to do where it is not
            inputs[os.path.relpath(book, study.folder)] = _sha256(book)
    inputs[study.path.name] = _sha256(study.path)
    # Parameters are hashed with the notebook that takes them; a new one must not wake the others.
    card = study.model_dump(mode="json", exclude={"parameters", "folder"})
    tables = {name: digest for name, digest in inputs.items() if name != study.path.name}
    parts = {
        "card": card,
        "inputs": tables,
        "sources": _sources_digest(),
        "lock": _sha256(root / "requirements.lock") if _has_lock(root) else "",
        "python": platform.python_version(),
        # The key of the pseudonyms decides how customers are called: pages of two keys must
        # not be mixed. (A study's first run makes the key file, so its second runs all anew.)
        "privacy": os.environ.get(study.privacy.key_env, "") or _key_file(study, root),
    }
    return SharedInputs(inputs, known, _digest(parts))


def step_key(step: Step, notebook: Any, shared: SharedInputs, results: Mapping[str, str]) -> str:
    """Return the hash of everything a step depends on.

    Parameters
    ----------
    step : Step
        Its parameters count, and what it promises.
    notebook : NotebookNode
        Its code cells count; its text does not (see `carry_over`).
    shared : SharedInputs
        Inputs, card, sources, lock file.
    results : mapping of str to str
        Hashes of the results of the steps before it that succeeded.
    """
    return _digest(
        {
            "code": [c["source"] for c in notebook["cells"] if c["cell_type"] == "code"],
            "parameters": dict(step.parameters),
            "gives": {name: list(columns) for name, columns in step.gives.items()},
            "results": {key: results[key] for key in step.reads if key in results},
            "shared": shared.digest,
        }
    )


def text_digest(notebook: Any) -> str:
    """Return the hash of a notebook's cells as they are written, text and tags included."""
    return _digest(
        [[c["cell_type"], c["source"], c["metadata"], c.get("id")] for c in notebook["cells"]]
    )


def find_finished(folder: Path, key: str, digest: str) -> tuple[Path, StepRecord] | None:
    """Find an execution of a step with the same key, in earlier runs or what a killed one left.

    Parameters
    ----------
    folder : Path
        ``runs/<study>``.
    key, digest : str
        The step, and the hash from `step_key`.
    """
    for place, step in finished_steps(folder):
        if step.key == key and step.hash == digest:
            there = (place / "notebooks" / f"{key}.ipynb").is_file()
            # An empty folder may be missing; a folder that had results may not.
            if there and (place / "results" / key).is_dir():
                return place, step
    return None


def carry_over(source: Path, target: Path, step: StepRecord, notebook: Any) -> None:
    """Take a finished step into a new run: hard links where the file system has them.

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
        _link(path, results / path.name)
    old = source / "notebooks" / f"{step.key}.ipynb"
    new = target / "notebooks" / f"{step.key}.ipynb"
    if step.text == text_digest(notebook):
        _link(old, new)
        return
    write_notebook(with_outputs(notebook, read_notebook(old)), new)


def _link(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:
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


def _sources_digest(room: Path = Path(__file__).parents[1]) -> str:
    files = sorted(
        path
        for path in room.rglob("*")
        if path.is_file()
        and path.relative_to(room).parts[0] not in _OUTSIDE
        and "__pycache__" not in path.parts
    )
    return _digest([[str(path.relative_to(room)), _sha256(path)] for path in files])


def _key_file(study: Study, root: Path) -> str:
    path = root / ".cache" / "pseudonym.key"
    if study.simulated or study.privacy.public or not path.is_file():
        return ""
    return _sha256(path)


def _has_lock(root: Path) -> bool:
    return (root / "requirements.lock").is_file()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest(content: Mapping[str, Any] | Iterable[Any]) -> str:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
