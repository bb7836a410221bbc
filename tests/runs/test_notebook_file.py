"""Notebooks are committed without what an execution left, but for the cells nbval compares."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from workbench.runs.notebook_file import main


def executed(path: Path) -> None:
    said = [new_output("stream", text="1.0\n")]
    cells = [
        new_markdown_cell("# A question", id="title"),
        new_code_cell("x = 1", id="work", outputs=said, execution_count=7),
        new_code_cell(
            "# NBVAL_CHECK_OUTPUT\nprint(x)", id="check", outputs=said, execution_count=9
        ),
    ]
    cells[1].metadata = {"scrolled": True, "execution": {"iopub.status.busy": "2025"}}
    kernel = {"name": "python3", "display_name": "Python 3"}
    notebook = new_notebook(cells=cells, metadata={"kernelspec": kernel, "toc": {}})
    nbformat.write(notebook, path)


def test_outputs_go_and_the_checked_ones_stay(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    executed(path)
    main([str(path)])
    notebook = nbformat.read(path, as_version=4)
    _, work, check = notebook.cells
    assert work.outputs == [] and work.execution_count is None and work.metadata == {}
    assert check.outputs[0].text == "1.0\n" and check.execution_count == 1
    assert set(notebook.metadata) == {"kernelspec"}


def test_a_notebook_in_form_is_left_as_it_is(tmp_path: Path, capsys) -> None:
    path = tmp_path / "a.ipynb"
    executed(path)
    main([str(path)])
    assert "stripped" in capsys.readouterr().out
    before = path.read_bytes()
    main([str(path)])
    assert path.read_bytes() == before
    assert capsys.readouterr().out == ""
