"""How a cell and a notebook end, and how much they may show, is the same every time, and told."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from workbench.runs.execution import cells
from workbench.runs.execution.execute import _Kernel, execute
from workbench.runs.execution.failure import failing_line
from workbench.runs.execution.task import Execution, Task, short_folder

MEANT = "raises-exception"
LEFT = "and the rest did not run; to end a notebook early and well, write run.skip"


@pytest.fixture
def ended(project: Callable[..., Any]) -> Callable[..., tuple[Execution, Any]]:
    """Execute cells in this process: how it ended, and the cells with what they show."""
    made = project(good={})
    folder = made.root / "run"
    (folder / "notebooks").mkdir(parents=True)

    def go(*cells: Any, timeout: float | None = None, **environment: str) -> tuple[Execution, Any]:
        made.write("good", *cells)
        path = made.root / "notebooks" / "good.ipynb"
        task = Task("good", path, folder, {"study": "tiny"}, ("study",), environment, timeout)
        execution = execute(task)
        kind = "failed" if execution.failure else "ended" if execution.skipped else "notebooks"
        book = nbformat.read(folder / kind / "good.ipynb", as_version=4)
        return execution, {cell.id: cell.get("outputs", []) for cell in book.cells}

    return go


def test_what_is_printed_is_kept_whole_up_to_a_limit_and_the_rest_counted(
    ended: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cells, "MOST_PRINTED", 20_000)
    execution, shown = ended(
        "import sys\nfor i in range(2000):\n    sys.stdout.write('0' * 9)\n    sys.stdout.flush()",
        "print('x' * 50_000)\nprint('e' * 7, file=sys.stderr)",
        ("1/0", MEANT),
        ("raise SystemExit", "skip-execution"),
        "print('end')",
    )
    assert execution.failure is None, "an error that is meant, a cell that is to be skipped"
    assert [each.text for each in shown["c0"]] == ["0" * 18_000]
    said = "the first 20,000 characters that this cell printed are kept, 30,009 more are left out"
    assert [len(each.text) for each in shown["c1"]] == [20_000, len(f"\n[{said}]\n")]
    assert execution.notes == (f"cell c1: {said}",) and said in shown["c1"][1].text
    assert shown["c2"][0].ename == "ZeroDivisionError"
    assert shown["c3"] == [] and shown["c4"][0].text == "end\n"


@pytest.mark.slow
def test_a_kernel_waits_for_who_reads_slowly_and_loses_nothing(
    ended: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, slept = cells.CellsClient.process_message, list[bool]()

    def slowly(self: Any, message: Any, cell: Any, cell_index: int) -> Any:
        if message["msg_type"] == "stream" and not slept:
            slept.append(True)
            time.sleep(15)  # meanwhile all of them are sent, were it not for this
        return real(self, message, cell, cell_index)

    monkeypatch.setattr(cells.CellsClient, "process_message", slowly)
    execution, shown = ended(
        "import sys\nfor i in range(4000):\n    sys.stdout.write('0' * 9)\n    sys.stdout.flush()"
    )
    assert execution.failure is None and execution.notes == ()
    assert [each.text for each in shown["c0"]] == ["0" * 36_000]


def test_a_flood_is_stopped_and_is_a_failure_of_its_cell(
    ended: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cells, "FLOOD", 3_000_000)
    execution, shown = ended("1", "while True:\n    print('x' * 1000)")
    assert (execution.failure.cause, execution.failure.cell_id) == ("flood", "c1")
    assert execution.failure.message.startswith("it shows more than")
    assert sum(len(each.text) for each in shown["c1"]) < 1_100_000
    assert execution.seconds < 60


@pytest.mark.parametrize(
    ("leaving", "words"),
    [
        ("quit()", "quit()"),
        ("exit()\nprint(2)", "quit()"),
        pytest.param("quit()\nimport time\ntime.sleep(1)", "quit()", marks=pytest.mark.slow),
        pytest.param("import sys\nsys.exit()", "sys.exit()", marks=pytest.mark.slow),
        pytest.param("raise SystemExit(3)", "sys.exit(3)", marks=pytest.mark.slow),
        (("import sys\nsys.exit(0)", MEANT), "sys.exit(0)"),
    ],
)
def test_leaving_is_the_same_failure_every_time(
    ended: Callable[..., Any], leaving: Any, words: str
) -> None:
    execution, _ = ended("1", leaving, "import time\ntime.sleep(1)")
    failure = execution.failure
    assert (failure.cause, failure.cell, failure.cell_id) == ("exit", 4, "c1")
    assert failure.message == f'the cell left with {words}, {LEFT}("why")'


def test_the_failing_cell_is_the_failing_cell(ended: Callable[..., Any]) -> None:
    execution, _ = ended(
        "def f():\n    try:\n        {}['a']\n    except KeyError as e:\n"
        "        raise ValueError('y' * 3_000_000) from e",
        ("{}['before']", MEANT),
        "x = 1\n\nf()",
        ("{}['behind']", MEANT),
    )
    failure = execution.failure
    assert (failure.cause, failure.cell, failure.cell_id) == ("error", 5, "c2")
    assert "-->   3 | f()" in failure.preview
    assert failure.message.startswith("ValueError: yyy") and len(failure.message) < 1_100
    assert len(failure.traceback) <= 20_000


def test_a_message_that_was_lost_is_not_taken_for_a_time_out(
    ended: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cells, "_LAST_OUTPUT", 1)
    real = cells.CellsClient.process_message

    def deaf(self: Any, message: Any, cell: Any, cell_index: int) -> Any:
        idle = message["content"].get("execution_state") == "idle"
        return None if idle and cell_index == 3 else real(self, message, cell, cell_index)

    monkeypatch.setattr(cells.CellsClient, "process_message", deaf)
    execution, _ = ended("print(1)", timeout=3600)
    assert (execution.failure.cause, execution.failure.cell_id) == ("lost output", "c0")
    assert "not all that it showed arrived" in execution.failure.message


def test_a_notebook_may_end_itself_well(project: Callable[..., Any]) -> None:
    made = project(ends={}, reader={"needs": ["ends"]})
    made.write(
        "ends",
        "import workbench as wb\nrun = wb.open_run(study)",
        ("try:\n    run.skip('no new data')\nexcept Exception:\n    pass", MEANT),
        "1 / 0",
    )
    record = made.run()
    step = record.notebooks["ends"]
    assert record.status == "done", "it is no failure"
    assert (step.status, step.reason) == ("skipped", "it skipped itself: no new data")
    assert step.ended_itself and not step.good and step.error is None
    assert not record.notebook_path("ends").exists()
    assert (record.folder / "ended" / "ends.ipynb").is_file()
    assert record.notebooks["reader"].reason == (
        "it needs ends, which is skipped: it skipped itself: no new data"
    )
    assert not record.notebooks["reader"].ended_itself


def test_kernels_find_a_place_for_their_sockets_or_do_without(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    long = tmp_path / ("x" * 120)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    place = short_folder()
    assert place is not None and len(place) <= 50 and os.access(place, os.W_OK)
    assert _Kernel(connection_file=f"{place}/wb-12345678/kernel.json").transport == "ipc"
    assert _Kernel(connection_file=str(long / "kernel.json")).transport == "tcp"
    monkeypatch.setattr("os.access", lambda *arguments: False)
    assert short_folder() is None


@pytest.mark.slow
def test_kernels_run_over_tcp_where_no_name_is_short_enough(
    ended: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.runs.execution.execute.SOCKET", 10)
    execution, shown = ended("print(1)")
    assert execution.failure is None and shown["c0"][0].text == "1\n"


def test_the_failing_line_is_that_of_the_cell_and_of_the_error_that_came_out() -> None:
    chained = (
        "KeyError  Traceback (most recent call last)\nCell In[3], line 4, in f()\n"
        "\nThe above exception was the direct cause of the following exception:\n\n"
        "ValueError  Traceback (most recent call last)\nCell In[5], line 2\n      1 x\n"
        "Cell In[3], line 6, in f()\n"
    )
    assert failing_line(chained, 5) == 2
    assert failing_line(chained) == 2
    assert failing_line("Cell In[7], line 9", 5) == 9
