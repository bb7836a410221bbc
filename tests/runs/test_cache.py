"""A notebook runs again when something it depends on has changed, and only then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nbformat
import pytest

from workbench.runs import plan_study, read_assignments
from workbench.runs.notebook_file import read_notebook
from workbench.runs.reuse.cache import InputError, look_at_inputs, step_key

Make = Callable[..., Any]


def key(project: Any, *assignments: str) -> str:
    """The key of `reader`, which needs `good`."""
    plan = plan_study(project.study, project.root, assignments=read_assignments(assignments))
    step = {step.key: step for step in plan.steps}["reader"]
    return step_key(step, read_notebook(step.path))


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


def change_own_parameter(project: Any) -> None:
    project.write_card(parameters={"reader": {"seed": 9}})


def change_promise(project: Any) -> None:
    path = project.root / "notebooks" / "pipeline.yml"
    path.write_text("good: {}\nreader: {needs: [good], gives: {read: [people]}}\n")


@pytest.mark.parametrize(
    "change",
    [
        change_code,
        change_default,
        change_own_parameter,
        change_promise,
    ],
)
def test_each_thing_it_depends_on_changes_the_key(made: Any, change: Callable[[Any], None]) -> None:
    before = key(made)
    change(made)
    assert key(made) != before


def test_parameters_change_the_key(made: Any) -> None:
    before = key(made)
    assert key(made, "reader.seed=8") != before
    assert key(made, "reader.seed=7") == before, "the default, said aloud, is the default"


def test_what_it_does_not_depend_on_leaves_the_key(made: Any) -> None:
    before = key(made)
    edit(made, "title", "# Another title")
    made.write_card(parameters={"good": {"seed": 3}})
    (made.card.parent / "notes.txt").write_text("not a table")
    assert key(made) == before


def test_a_missing_file_is_bad_input(made: Any) -> None:
    (made.card.parent / "transactions.csv").unlink()
    with pytest.raises(InputError, match=r"table 'transactions' has no file transactions\.csv"):
        made.run()
    assert not list(made.runs.glob("*20*"))


def test_tables_of_a_database_cannot_be_told_to_be_unchanged(made: Any) -> None:
    made.write_card(tables={"transactions": {"sql": "select 1"}})
    seen = look_at_inputs(made.study)
    assert seen.tables == {"transactions": None}
    assert set(seen.files) == {"study.yml"}


def test_a_run_carries_over_what_holds(project: Make) -> None:
    made = project(good={}, gathers={"after": ["good"]}, kernel_dies={"tables": ["survey"]})
    made.run()  # the second is the first that has an earlier one to compare with
    first = made.run()
    second = made.run()
    assert {k: s.status for k, s in second.notebooks.items()} == {
        "good": "cached",
        "gathers": "cached",
        "kernel_dies": "skipped",
    }
    for name in ("notebooks/good.ipynb", "results/good/people.parquet"):
        old, new = first.folder / name, second.folder / name
        assert old.read_bytes() == new.read_bytes() and not new.samefile(old), "an edit stays there"
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
