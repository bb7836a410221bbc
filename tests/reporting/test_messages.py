"""What a notebook says can be read from its cells."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from workbench.errors import ReportingError
from workbench.reporting.messages import used


def notebook(tmp_path: Path, *cells: str) -> Path:
    path = tmp_path / "page.ipynb"
    content = [{"cell_type": "markdown", "source": ["# Title"]}]
    content += [
        {"cell_type": "code", "id": f"cell-{at}", "source": cell.splitlines(keepends=True)}
        for at, cell in enumerate(cells)
    ]
    path.write_text(json.dumps({"cells": content}), encoding="utf-8")
    return path


def test_messages_of_all_kinds_are_found_in_order_and_once(tmp_path: Path) -> None:
    path = notebook(
        tmp_path,
        "%matplotlib inline\n#| label: fig-x\nwb.heading('H {n}', n=3)\nwb.say('A' if x else 'B')",
        "wb.callout('note', 'C', group='loyal customers')\nwb.say('A', level=2)",
        "wb.show(r.plot, 'T', subtitle='S', columns={'a': 'Share'}, table=r.table)",
        "run.headline('clv.mean', Estimate(3, label='Mean value'))",
        "Estimate.of_day(last, 'Data to')",
        "top.named('Top')\nwb.show(f, title={1: 'X', 2: 'Y'}[k])",
        "print('not a message')\nrun.save('name', frame)\nwb.say(text)",
    )
    assert used(path) == [
        "H {n}", "A", "B", "C", "loyal customers", "T", "S", "Share",
        "Mean value", "Data to", "Top", "X", "Y",
    ]  # fmt: skip


def test_a_cell_that_is_no_python_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ReportingError, match=r"page\.ipynb, cell cell-1, line 1"):
        used(notebook(tmp_path, "x = 1", "wb.say('A'"))
