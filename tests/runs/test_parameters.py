"""The parameters cell is read without running it; mistakes are told before a kernel starts."""

from __future__ import annotations

import nbformat
import numpy as np
import pytest

from workbench.runs.parameters import (
    ParameterError,
    check_values,
    injected_source,
    read_assignments,
    read_cell,
    read_parameters,
    read_value,
)

CELL = """\
study: str = "harbour"  # the study
horizon: int = 52  # weeks to look ahead
rate: float = 0.1
until: date | None = date(2024, 1, 31)  # last day
levels: list[int] = [
    1,  # low
    2,
]  # several
"""


def test_names_types_defaults_and_help_are_read() -> None:
    declared = read_cell(CELL, where="x")
    assert list(declared) == ["study", "horizon", "rate", "until", "levels"]
    assert declared["horizon"].default == 52
    assert declared["horizon"].help == "weeks to look ahead"
    assert str(declared["until"].type) == "date | None"
    assert declared["until"].default == "2024-01-31"
    assert declared["levels"].default == [1, 2]
    assert declared["levels"].help == "several"


@pytest.mark.parametrize("day", ["date(2024, 1, 31)", "dt.date.fromisoformat('2024-01-31')"])
def test_a_default_may_be_a_day_however_it_is_written(day: str) -> None:
    assert read_cell(f"until: date = {day}", where="x")["until"].default == "2024-01-31"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("horizon = 52", "`horizon = 52` is not a typed parameter"),
        ("horizon: int", "'horizon' has no default"),
        ("horizon: int = 'x'", "'x' should be a valid integer"),
        ("horizon: int = len('x')", "\"len('x')\" is not a literal"),
        ("horizon: complex = 1", "the type 'complex' is not one of"),
        ("a: int = 1\na: int = 2", "'a' stands there twice"),
        ("a: int = (", "not Python"),
        ("until: date = date(2024, 13, 1)", "is no date"),
    ],
)
def test_a_cell_that_is_no_list_of_typed_parameters_is_refused(source: str, words: str) -> None:
    with pytest.raises(ParameterError) as error:
        read_cell(source, where="clv.ipynb, cell 3")
    assert words in str(error.value)
    assert "clv.ipynb, cell 3, line" in str(error.value)


def test_two_parameters_cells_are_refused_and_none_means_no_parameters() -> None:
    two = [nbformat.v4.new_code_cell("a: int = 1", metadata={"tags": ["parameters"]}) for _ in "ab"]
    book = nbformat.v4.new_notebook(cells=two)
    with pytest.raises(ParameterError, match="2 cells are tagged"):
        read_parameters(book, where="x")
    assert read_parameters(nbformat.v4.new_notebook(), where="x") == {}


def test_cells_are_counted_from_1_text_included() -> None:
    cell = nbformat.v4.new_code_cell("a = 1", metadata={"tags": ["parameters"]})
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Title"), cell])
    with pytest.raises(ParameterError, match=r"^clv\.ipynb, cell 2, line 1: "):
        read_parameters(book, where="clv.ipynb")


def test_an_unknown_name_is_refused_with_the_one_that_was_meant() -> None:
    declared = read_cell(CELL, where="x")
    with pytest.raises(ParameterError) as error:
        check_values(declared, {"horizn": 3}, where="study.yml, parameters.clv")
    assert str(error.value) == (
        "study.yml, parameters.clv: unknown parameter 'horizn'; did you mean 'horizon'?"
    )


def test_a_wrong_type_says_which_parameter_and_what_it_is() -> None:
    declared = read_cell(CELL, where="x")
    with pytest.raises(ParameterError) as error:
        check_values(declared, {"horizon": "a year"}, where="study.yml")
    assert str(error.value) == (
        "study.yml: parameter 'horizon': 'a year' should be a valid integer; "
        "it takes a whole number (weeks to look ahead)"
    )


def test_numpy_values_reach_papermill_as_plain_ones() -> None:
    declared = read_cell(CELL, where="x")
    values = check_values(declared, {"horizon": np.int64(3), "rate": np.float32(0.5)}, where="x")
    assert injected_source(declared, values).splitlines()[1:] == ["horizon = 3", "rate = 0.5"]


def test_the_command_line_is_read_by_the_annotation() -> None:
    declared = read_cell(CELL, where="x")
    assert read_value(declared["horizon"], "26", where="-p") == 26
    assert read_value(declared["until"], "none", where="-p") is None
    with pytest.raises(ParameterError, match="'soon' should be a valid integer; it takes a whole"):
        read_value(declared["horizon"], "soon", where="-p horizon=soon")


def test_assignments_may_name_a_notebook_and_hold_equals_signs() -> None:
    assert read_assignments(["a=b=c", "clv.horizon= 3"]) == [
        (None, "a", "b=c"),
        ("clv", "horizon", " 3"),
    ]
    for wrong in ("horizon", "=3", "a b=3"):
        with pytest.raises(ParameterError, match="is not an assignment"):
            read_assignments([wrong])
