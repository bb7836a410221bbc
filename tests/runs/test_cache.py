"""A notebook runs again when something it depends on has changed, and only then."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from workbench.runs import plan_study, read_assignments
from workbench.runs.cache import InputError, _sources_digest, hash_inputs, step_key
from workbench.runs.notebook_file import read_notebook

Make = Callable[..., Any]


def key(project: Any, *assignments: str, results: str = "r1") -> str:
    """The key of `reader`, which needs `good`."""
    plan = plan_study(project.study, project.root, assignments=read_assignments(assignments))
    step = {step.key: step for step in plan.steps}["reader"]
    around = hash_inputs(project.study, project.root)
    return step_key(step, read_notebook(step.path), around, {"good": results, "stranger": "s"})


def edit(project: Any, cell_id: str, source: str) -> None:
    path = project.root / "notebooks" / "reader.ipynb"
    book = nbformat.read(path, as_version=4)
    (cell,) = [cell for cell in book.cells if cell.id == cell_id]
    cell.source = source
    nbformat.write(book, path)


@pytest.fixture
def made(project: Make) -> Any:
    return project(good={}, reader={"needs": ["good"]})


def test_the_same_things_give_the_same_key(made: Any) -> None:
    assert key(made) == key(made)


def change_code(project: Any) -> None:
    edit(project, "people", "people = run.load('people').head()")


def change_default(project: Any) -> None:
    edit(project, "parameters", 'study: str = "tiny"\nseed: int = 8')


def change_input(project: Any) -> None:
    path = project.card.parent / "transactions.csv"
    path.write_text(path.read_text() + "c,2025-03-01,2\n")


def change_card(project: Any) -> None:
    project.write_card(as_of="2025-12-30")


def change_own_parameter(project: Any) -> None:
    project.write_card(parameters={"reader": {"seed": 9}})


def change_lock(project: Any) -> None:
    (project.root / "requirements.lock").write_text("numpy==2.5\n")


def change_promise(project: Any) -> None:
    path = project.root / "notebooks" / "pipeline.yml"
    path.write_text("good: {}\nreader: {needs: [good], gives: {read: [people]}}\n")


@pytest.mark.parametrize(
    "change",
    [
        change_code,
        change_default,
        change_input,
        change_card,
        change_own_parameter,
        change_lock,
        change_promise,
    ],
)
def test_each_thing_it_depends_on_changes_the_key(made: Any, change: Callable[[Any], None]) -> None:
    before = key(made)
    change(made)
    assert key(made) != before


def test_parameters_results_and_sources_change_the_key(
    made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = key(made)
    assert key(made, "reader.seed=8") != before
    assert key(made, "reader.seed=7") == before, "the default, said aloud, is the default"
    assert key(made, results="r2") != before
    monkeypatch.setenv("WORKBENCH_KEY", "another key of pseudonyms")
    assert key(made) != before
    monkeypatch.delenv("WORKBENCH_KEY")
    monkeypatch.setattr("workbench.runs.cache._sources_digest", lambda: "other sources")
    assert key(made) != before


def test_what_it_does_not_depend_on_leaves_the_key(made: Any) -> None:
    before = key(made)
    edit(made, "title", "# Another title")
    made.write_card(parameters={"good": {"seed": 3}})
    (made.card.parent / "notes.txt").write_text("not a table")
    assert key(made) == before


def test_sources_count_but_not_the_rooms_that_no_notebook_uses(tmp_path: Path) -> None:
    for name in ("clv/model.py", "site/stage.py", "cli.py", "reporting/zh.po"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1")
    before = _sources_digest(tmp_path)
    (tmp_path / "site/stage.py").write_text("2")
    (tmp_path / "cli.py").write_text("2")
    (tmp_path / "clv/__pycache__").mkdir()
    (tmp_path / "clv/__pycache__/model.pyc").write_text("2")
    assert _sources_digest(tmp_path) == before
    (tmp_path / "reporting/zh.po").write_text("2")
    assert _sources_digest(tmp_path) != before


def test_a_missing_file_is_bad_input(made: Any) -> None:
    (made.card.parent / "transactions.csv").unlink()
    with pytest.raises(InputError, match=r"table 'transactions' has no file transactions\.csv"):
        made.run()
    assert not list(made.runs.glob("*20*"))


def test_tables_of_a_database_cannot_be_told_to_be_unchanged(made: Any) -> None:
    made.write_card(tables={"transactions": {"sql": "select 1"}})
    around = hash_inputs(made.study, made.root)
    assert not around.known
    assert set(around.inputs) == {"study.yml"}


def test_a_run_carries_over_what_holds(project: Make) -> None:
    made = project(good={}, gathers={"after": ["good"]}, kernel_dies={"tables": ["survey"]})
    first = made.run()
    second = made.run()
    assert {k: s.status for k, s in second.notebooks.items()} == {
        "good": "cached",
        "gathers": "cached",
        "kernel_dies": "skipped",
    }
    for name in ("notebooks/good.ipynb", "results/good/people.parquet"):
        assert (second.folder / name).samefile(first.folder / name), "a link, not a second copy"
    assert second.notebooks["good"].executed == first.notebooks["good"].executed

    # A sentence is corrected: it shows, with the outputs there were, and no kernel starts.
    path = made.root / "notebooks" / "good.ipynb"
    book = nbformat.read(path, as_version=4)
    book.cells[0].source = "# A better title"
    nbformat.write(book, path)
    third = made.run()
    assert third.notebooks["good"].status == "cached"
    page = nbformat.read(third.notebook_path("good"), as_version=4)
    old = nbformat.read(first.notebook_path("good"), as_version=4)
    assert page.cells[0].source == "# A better title"
    assert [c.get("outputs") for c in page.cells] == [c.get("outputs") for c in old.cells]
    assert [c.id for c in page.cells] == [c.id for c in old.cells]
    nbformat.validate(page)

    # Its code changes, but not what it saves: what reads it is left alone.
    book.cells[-1].source += "  # a comment"
    nbformat.write(book, path)
    fourth = made.run()
    statuses = [fourth.notebooks[name].status for name in ("good", "gathers")]
    assert statuses == ["done", "cached"]
    assert "not asked" not in fourth.notebooks["kernel_dies"].reason


def test_a_page_that_was_deleted_is_made_again(project: Make) -> None:
    made = project(where={})
    made.run().notebook_path("where").unlink()
    assert made.run().notebooks["where"].status == "done"
