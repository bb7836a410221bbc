"""Bring notebooks into the form in which they are committed: ``python -m workbench.runs.strip``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workbench.runs.notebook_file import read_notebook, settle, write_notebook

CHECKED = "NBVAL_CHECK_OUTPUT"
_KEPT_METADATA = ("kernelspec", "language_info")


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
        kept = CHECKED in cell.source
        if not kept:
            cell.outputs = []
        # nbval takes a cell with outputs and no count for one that was never run.
        cell.execution_count = 1 if kept and cell.outputs else None
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
