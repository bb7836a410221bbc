"""What notebooks and modules say can be read from them, and all of it has its Chinese."""

from __future__ import annotations

import json
import os
import re
import warnings
from pathlib import Path

import pytest

from tools import words
from tools.words import in_module, in_notebook, untranslated
from workbench.errors import ReportingError


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
    assert in_notebook(path) == [
        "H {n}", "A", "B", "C", "loyal customers", "T", "S", "Share",
        "Mean value", "Data to", "Top", "X", "Y",
    ]  # fmt: skip


def test_a_cell_that_is_no_python_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ReportingError, match=r"page\.ipynb, cell cell-1, line 1"):
        in_notebook(notebook(tmp_path, "x = 1", "wb.say('A'"))


def test_messages_of_a_module_are_found_once(tmp_path: Path) -> None:
    path = tmp_path / "room.py"
    path.write_text(
        "found = Finding('key', 'F {n}' if x else 'G', {'n': n}, advice=Advice('Do it'))\n"
        "again = Finding(key='other', message='F {n}')\n"
        "labelled(table, share=('Share', 'percent'), n='Count')\n"
        "Estimate(1, label='Mean'), few.named('Few'), say('no message of a module')\n"
        "ax.set_xlabel(t('Axis')); ax.set_ylabel(language('Other axis'))\n",
        encoding="utf-8",
    )
    assert sorted(in_module(path)) == [
        "Axis", "Count", "Do it", "F {n}", "Few", "G", "Mean", "Other axis", "Share",
    ]  # fmt: skip


def test_what_lacks_words_is_told_from_what_needs_none() -> None:
    assert untranslated(["Share of customers", "Frobnicated", "1", "RMSEA"]) == ["Frobnicated"]


def hold(lacking: list[str]) -> None:
    """Fail where Chinese is required; warn who is still working."""
    if os.environ.get("WORKBENCH_WORDS") == "required":
        assert not lacking, f"no Chinese for {lacking}"
    elif lacking:
        warnings.warn(f"no Chinese for {lacking}", stacklevel=2)


def test_a_sentence_without_chinese_warns_and_fails_where_it_is_required(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("WORKBENCH_WORDS", raising=False)
    with pytest.warns(UserWarning, match="Frobnicated"):
        hold(["Frobnicated"])
    monkeypatch.setenv("WORKBENCH_WORDS", "required")
    with pytest.raises(AssertionError, match="Frobnicated"):
        hold(["Frobnicated"])
    hold([])


def test_continuous_integration_requires_chinese() -> None:
    script = (words.ROOT / ".ci/run").read_text(encoding="utf-8")
    required = re.search(r"^export WORKBENCH_WORDS=required$", script, re.MULTILINE)
    assert required and required.end() < script.index("make test")


@pytest.mark.parametrize("path", sorted((words.ROOT / "notebooks").glob("*.ipynb")), ids=str)
def test_every_message_of_the_notebook_has_chinese(path: Path) -> None:
    said = in_notebook(path)
    assert said or path.stem == "overview"
    hold(untranslated(said))


def test_every_message_of_the_package_has_chinese() -> None:
    said = [m for path in (words.ROOT / "src").rglob("*.py") for m in in_module(path)]
    assert len(said) > 500
    hold(untranslated(said))
