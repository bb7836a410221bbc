"""Notebook files: read, written at once, rid of what differs between two executions.

``python -m workbench.runs.notebook_file notebooks/*.ipynb`` brings notebooks into the form in which
they are committed (``make format``).
"""

from __future__ import annotations

import copy
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat

from workbench.errors import WorkbenchError

INJECTED = "injected-parameters"
CHECKED = "NBVAL_CHECK_OUTPUT"
_KEPT_METADATA = ("kernelspec", "language_info")


class NotebookFileError(WorkbenchError):
    """A file that is no notebook."""


def read_notebook(path: Path) -> Any:
    """Read a notebook file, as nbformat 4.

    Raises
    ------
    NotebookFileError
        If it is no notebook.
    """
    try:
        notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
        for cell in notebook.cells:
            _ = cell.cell_type, cell.source, cell.metadata  # nbformat lets all of these be missing
        return notebook
    except Exception as error:
        said = error.strerror if isinstance(error, OSError) else f"not a notebook: {error}"
        raise NotebookFileError(
            (said or type(error).__name__).splitlines()[0][:200],
            where=str(path),
            remedy="open it in JupyterLab, or take it from version control again",
        ) from None


def write_notebook(notebook: Any, path: Path) -> None:
    """Write a notebook aside and rename it into place."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    text: str = nbformat.writes(notebook, version=4)  # type: ignore[no-untyped-call]
    aside.write_text(text + "\n", encoding="utf-8")
    aside.replace(path)


def tags(cell: Any) -> list[str]:
    """Return the tags of a cell."""
    names: list[str] = cell["metadata"].get("tags", [])
    return names


def is_code(cell: Any) -> bool:
    """Whether a cell holds code that runs."""
    return bool(cell["cell_type"] == "code" and cell["source"].strip())


def settle(notebook: Any) -> Any:
    """Strip an executed notebook of times, paths and random ids, in place.

    Two executions with the same outputs then give the same file.
    """
    notebook.metadata.pop("papermill", None)
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        for name in ("papermill", "execution"):
            cell.metadata.pop(name, None)
        if not cell.metadata.get("tags", True):
            del cell.metadata["tags"]  # papermill adds an empty list
        if INJECTED in tags(cell):
            cell["id"] = INJECTED
    return notebook


def with_outputs(written: Any, executed: Any) -> Any:
    """Set the outputs of an execution into the notebook as it is written now.

    Both must have the same code cells.
    """
    new = copy.deepcopy(written)
    code = [cell for cell in executed.cells if cell.cell_type == "code"]
    injected = [cell for cell in code if INJECTED in tags(cell)]
    ran = iter([cell for cell in code if INJECTED not in tags(cell)])
    cells = []
    for cell in new.cells:
        if cell.cell_type == "code":
            before = next(ran)
            cell.outputs, cell.execution_count = before.outputs, before.execution_count
        cells.append(cell)
        if cell.cell_type == "code" and "parameters" in tags(cell):
            cells += injected
    new.cells = cells
    new.metadata = executed.metadata
    return new


def strip(notebook: Any) -> Any:
    """Take out what an execution left behind, in place.

    Cells marked ``NBVAL_CHECK_OUTPUT`` keep their outputs, for nbval compares them.

    Parameters
    ----------
    notebook : NotebookNode
        As JupyterLab saved it.
    """
    settle(notebook)
    for name in set(notebook.metadata) - set(_KEPT_METADATA):
        del notebook.metadata[name]
    for cell in notebook.cells:
        for name in ("collapsed", "scrolled", "jupyter", "trusted"):
            cell.metadata.pop(name, None)
        if cell.cell_type != "code":
            continue
        keeps_outputs = CHECKED in cell.source
        if not keeps_outputs:
            cell.outputs = []
        # nbval takes a cell with outputs and no count for one that was never run.
        cell.execution_count = 1 if keeps_outputs and cell.outputs else None
    return notebook


def main(paths: Sequence[str]) -> None:
    """Strip files that are not yet in that form."""
    for name in paths:
        path = Path(name)
        before = path.read_bytes()
        write_notebook(strip(read_notebook(path)), path)
        if path.read_bytes() != before:
            sys.stdout.write(f"stripped {name}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
