"""Every way in which a notebook can fail is a failure, told with cell, parameters and cause."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from typing import Any

import nbformat
import pytest

from workbench.runs.execution.failure import Failure, NotebookError, failing_line, preview

PIPELINE = {
    "exits_quietly": {},
    "kernel_dies": {},
    "raises_midway": {},
    "is_interrupted": {},
    "breaks_promises": {
        "gives": {"empty": [], "narrow": ["customer_id"], "people": [], "absent": []}
    },
    "tolerates": {},
    "good": {},
    "by_case": {"for_each": "cases"},
    "reader": {"needs": ["good", "raises_midway"]},
    "gathers": {"after": ["*"]},
}


@pytest.fixture(scope="module")
def failed(shared: Callable[..., Any]) -> Any:
    """One run with every failure, and one notebook that does well."""
    project = shared(**PIPELINE)
    project.write_card(parameters={"raises_midway": {"seed": 3}})
    return project, project.run()


def failure(failed: Any, key: str) -> Failure:
    step = failed[1].notebooks[key]
    assert step.status == "failed"
    return Failure(**step.error)


def test_what_does_not_depend_on_a_failure_still_runs(failed: Any) -> None:
    _, record = failed
    assert record.status == "failed"
    assert record.notebooks["good"].status == "done"
    assert record.notebooks["gathers"].status == "done"
    assert record.notebooks["reader"].status == "skipped"
    assert record.notebooks["reader"].reason == "it needs raises_midway, which failed"
    assert {step.key for step in record.failures()} == set(list(PIPELINE)[:5])


def test_an_error_names_notebook_cell_parameters_and_cause_and_shows_the_line(failed: Any) -> None:
    told = failure(failed, "raises_midway")
    assert told.cause == "error"
    assert told.cell == 5 and told.cell_id == "divide"
    assert told.paragraph() == (
        "notebook raises_midway, cell 5 (divide): ZeroDivisionError: division by zero\n"
        "parameters: study='tiny', seed=3\n"
        "      1 | total = 0\n"
        "      2 | for row in rows:\n"
        "-->   3 |     total += 1 / row\n"
        "      4 | total"
    )
    assert "ZeroDivisionError" in told.traceback and "\x1b" not in told.traceback


def test_leaving_with_status_0_is_no_success(failed: Any) -> None:
    told = failure(failed, "exits_quietly")
    assert (told.cause, told.cell_id) == ("exit", "leave")
    assert told.message.startswith("the cell left with sys.exit(0), and the rest did not run")


def test_a_kernel_that_dies_is_a_failure_of_the_cell_that_ran(failed: Any) -> None:
    told = failure(failed, "kernel_dies")
    assert (told.cause, told.cell, told.cell_id) == ("dead kernel", 3, "die")
    assert "the kernel died" in told.message


def test_an_interrupt_is_a_failure(failed: Any) -> None:
    told = failure(failed, "is_interrupted")
    assert (told.cause, told.cell_id) == ("interrupt", "interrupt")


def test_an_error_that_is_meant_is_none(failed: Any) -> None:
    _, record = failed
    assert record.notebooks["tolerates"].status == "done"
    book = nbformat.read(record.notebook_path("tolerates"), as_version=4)
    assert "papermill-error" not in str(book.cells), "no marker is left in it"


def test_promised_results_that_are_missing_empty_or_other_are_failures(failed: Any) -> None:
    told = failure(failed, "breaks_promises")
    assert told.cause == "results"
    assert set(told.message.split("; ")) == {
        "the result 'empty' is empty",
        "the result 'narrow' has no column customer_id",
        "it has customer",
        "the declared result 'people' was not saved",
        "it saved 'peoples'",
        "the declared result 'absent' was not saved",
    }


def test_a_failed_notebook_is_kept_apart_and_nobody_reads_its_results(failed: Any) -> None:
    _, record = failed
    for key in list(PIPELINE)[:5]:
        assert not record.notebook_path(key).exists()
        assert not list((record.folder / "results" / key).iterdir())
        nbformat.validate(nbformat.read(record.folder / "failed" / f"{key}.ipynb", as_version=4))
    book = nbformat.read(record.folder / "failed" / "raises_midway.ipynb", as_version=4)
    assert [cell.id for cell in book.cells][:3] == ["title", "parameters", "injected-parameters"]
    assert book.cells[5].outputs[0].ename == "ZeroDivisionError"


def test_a_failure_is_told_again_in_run_json_and_in_the_events(failed: Any) -> None:
    _, record = failed
    told = json.loads((record.folder / "run.json").read_text(encoding="utf-8"))
    assert told["notebooks"]["kernel_dies"]["error"]["cause"] == "dead kernel"
    events = (record.folder / "events.jsonl").read_text(encoding="utf-8")
    assert '"notebook": "kernel_dies", "status": "failed"' in events


def test_the_next_run_repeats_what_failed_and_only_that(failed: Any) -> None:
    project, _ = failed
    path = project.root / "notebooks" / "raises_midway.ipynb"
    path.write_text(path.read_text(encoding="utf-8").replace("[1, 2, 0]", "[1, 2]"))
    again = project.run(notebooks=["raises_midway", "good"])
    assert again.notebooks["raises_midway"].status == "done"
    assert again.notebooks["good"].status == "cached"
    assert again.notebooks["kernel_dies"].status == "skipped"
    assert "not asked for" in again.notebooks["kernel_dies"].reason


def test_a_notebook_that_hangs_is_stopped_after_its_time(project: Callable[..., Any]) -> None:
    record = project(hangs={}).run(timeout=1)
    told = Failure(**record.notebooks["hangs"].error)
    assert (told.cause, told.cell_id) == ("time-out", "hang")
    assert told.message == "not finished after 1 s; allow more with --timeout"
    assert record.notebooks["hangs"].seconds < 30


def test_a_notebook_whose_process_is_killed_twice_fails_alone(
    project: Callable[..., Any],
) -> None:
    made = project(waits={}, good={})
    path = made.root / "notebooks" / "waits.ipynb"
    book = nbformat.read(path, as_version=4)
    book.cells[3].source = "os.kill(os.getppid(), 9)\ntime.sleep(5)"
    nbformat.write(book, path)
    record = made.run(jobs=1)
    assert record.notebooks["good"].status == "done"
    assert Failure(**record.notebooks["waits"].error).cause == "crash"
    assert "was killed, twice" in record.notebooks["waits"].reason


def test_errors_cross_processes_with_all_they_know() -> None:
    told = Failure("clv", "error", "ValueError: no", 3, "fit", "1 | x", {"seed": 1}, "trace")
    error = NotebookError.of(told)
    back = pickle.loads(pickle.dumps(error))
    assert str(back) == str(error) == "notebook clv, cell 3 (fit): ValueError: no"
    assert back.failure == told


def test_a_preview_of_a_long_cell_stays_short_and_holds_the_line() -> None:
    source = "\n".join(f"step({i})" for i in range(1, 41))
    shown = preview(source, 30).splitlines()
    assert len(shown) == 9
    assert [line for line in shown if line.startswith("-->")] == ["-->  30 | step(30)"]
    assert shown[0] == "     26 | step(26)", "as much before the line as behind it"
    assert preview("a\nb").splitlines() == ["      1 | a", "      2 | b"]
    assert preview("a\nb", 2).splitlines() == ["      1 | a", "-->   2 | b"]
    assert preview(source).splitlines()[0] == "      1 | step(1)"


def test_the_failing_line_is_read_from_a_coloured_traceback() -> None:
    assert failing_line("\x1b[0;32mCell In[3], line 12\x1b[0m\n") == 12
    assert failing_line("nothing") is None
