"""Values are checked by the annotation and turned into what papermill injects unharmed."""

from __future__ import annotations

import ast
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.runs.parameters import ParameterType, ValueRefusedError


def declared(annotation: str) -> ParameterType:
    return ParameterType(ast.parse(annotation, mode="eval").body)


@pytest.mark.parametrize(
    ("annotation", "value", "plain"),
    [
        ("int", np.int64(3), 3),
        ("int", np.array(3), 3),
        ("float", np.float64(0.25), 0.25),
        ("float", 3, 3.0),
        ("bool", np.bool_(True), True),
        ("str", Path("a") / "b", "a/b"),
        ("str", date(2024, 1, 31), "2024-01-31"),
        ("str", np.str_("门店"), "门店"),
        ("date", date(2024, 1, 31), "2024-01-31"),
        ("date", datetime(2024, 1, 31), "2024-01-31"),
        ("date", pd.Timestamp("2024-01-31"), "2024-01-31"),
        ("date", "2024-01-31", "2024-01-31"),
        ("int | None", None, None),
        ("Optional[int]", np.int32(4), 4),
        ("list[int]", (1, np.int64(2)), [1, 2]),
        ("list[float]", np.array([1.0, 2.5]), [1.0, 2.5]),
        ("list[date]", [date(2024, 1, 31)], ["2024-01-31"]),
        ("list", [1, "a", None], [1, "a", None]),
        ('Literal["a", 2]', 2, 2),
        ("Annotated[int, Field(ge=1)]", 1, 1),
        ("typing.Annotated[float, pydantic.Field(ge=0, le=1)]", np.float64(1), 1.0),
        ("'int | None'", 5, 5),
        ("float | int", 3, 3),
    ],
)
def test_values_become_plain(annotation: str, value: Any, plain: Any) -> None:
    result = declared(annotation).check(value)
    assert result == plain
    assert type(result) is type(plain)


@pytest.mark.parametrize(
    ("annotation", "value", "words"),
    [
        ("int", True, "True (bool) should be a valid integer"),
        ("int", 3.0, "3.0 (float) should be a valid integer"),
        ("int", "3", "'3' should be a valid integer"),
        ("float", "high", "'high' should be a valid number"),
        ("bool", 1, "1 (int) should be a valid boolean"),
        ("str", 3, "3 (int) should be a valid string"),
        ("date", "31.01.2024", "not a date written 2024-01-31"),
        ("date", datetime(2024, 1, 31, 8), "is a moment, not a date"),
        ("int", None, "None (NoneType) should be a valid integer"),
        ("int | None", "x", "'x' should be a valid integer"),
        ("list[int]", [1, "x"], "item 2: 'x' should be a valid integer"),
        ("list[int]", "1, 2", "'1, 2' should be a valid list"),
        ('Literal["a", "b"]', "c", "'c' is not one of 'a' or 'b'"),
        ("Annotated[int, Field(ge=1, le=5)]", 6, "6 (int) should be less than or equal to 5"),
        ("Annotated[float, Field(gt=0)] | None", 0, "0 (int) should be greater than 0"),
        ("int | str", 1.5, "1.5 (float) should be a valid integer, or should be a valid string"),
        ("str", pd.NaT, "NaT (NaTType) should be a valid string"),
        ("date", pd.NaT, "None (NoneType) should be a valid date"),
    ],
)
def test_other_values_are_refused(annotation: str, value: Any, words: str) -> None:
    with pytest.raises(ValueRefusedError) as error:
        declared(annotation).check(value)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("annotation", "text", "plain"),
    [
        ("int", "12", 12),
        ("float", "1e3", 1000.0),
        ("bool", "no", False),
        ("bool", "True", True),
        ("str", "12", "12"),
        ("str", "", ""),
        ("date", "2024-01-31", "2024-01-31"),
        ("int | None", "none", None),
        ("int | None", "4", 4),
        ("date | None", "", None),
        ("list[int]", "1, 2,3", [1, 2, 3]),
        ("list[str]", '["a,b", "c"]', ["a,b", "c"]),
        ("list[str]", "北京,上海", ["北京", "上海"]),
        ('Literal["a", 2]', "2", 2),
        ("int | str", "4", 4),
        ("int | str", "four", "four"),
        ("str | None", "None", None),
        ("str", "none", "none"),
        ("list", "1, a", [1, "a"]),
        ("list[Literal[1, 2]]", "2,1", [2, 1]),
        ("list[str]", "1,2", ["1", "2"]),
        ("Annotated[int, Field(ge=1)] | None", "1", 1),
    ],
)
def test_text_is_read_by_the_annotation(annotation: str, text: str, plain: Any) -> None:
    assert declared(annotation).read(text) == plain


@pytest.mark.parametrize(
    ("annotation", "text", "words"),
    [
        ("int", "1.5", "'1.5' should be a valid integer"),
        ("bool", "maybe", "'maybe' should be a valid boolean"),
        ("date", "tomorrow", "'tomorrow' is not a date written 2024-01-31"),
        ("list[int]", "[1,", "'[1,' is not a JSON list: "),
        ("list[int]", "1, x", "item 2: 'x' should be a valid integer"),
        ("float", "", "'' should be a valid number"),
        ('Literal["a", "b"]', "c", "'c' is not one of 'a' or 'b'"),
        ("Annotated[int, Field(ge=1)]", "0", "'0' should be greater than or equal to 1"),
    ],
)
def test_other_text_is_refused_and_told_what_it_should_be(
    annotation: str, text: str, words: str
) -> None:
    with pytest.raises(ValueRefusedError) as error:
        declared(annotation).read(text)
    assert str(error.value).startswith(words)


@pytest.mark.parametrize(
    "annotation", ["pd.DataFrame", "dict[str, int]", "int + 1", "print(1)", "'int |'"]
)
def test_a_type_that_cannot_be_injected_is_refused(annotation: str) -> None:
    with pytest.raises(ValueRefusedError) as error:
        declared(annotation)
    shown = annotation.strip("'")
    assert str(error.value).startswith(f"the type {shown!r} is not one of int, float, str,")


@pytest.mark.parametrize(
    ("annotation", "value", "code"),
    [
        ("str", '北京 "x"\n', '"北京 \\"x\\"\\n"'),
        ("dt.date", "2024-01-31", "dt.date.fromisoformat('2024-01-31')"),
        ("date | None", None, "None"),
        ("date | None", "2024-01-31", "date.fromisoformat('2024-01-31')"),
        ("'date | None'", "2024-01-31", '"2024-01-31"'),
        ("list[date]", ["2024-01-31"], "[date.fromisoformat('2024-01-31')]"),
        ("float", float("inf"), 'float("inf")'),
        ("bool", False, "False"),
    ],
)
def test_code_is_readable_and_keeps_the_type(annotation: str, value: Any, code: str) -> None:
    assert declared(annotation).code(value) == code


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner, max_size=4),
        max_leaves=8,
    )
)
def test_code_gives_the_value_back(value: Any) -> None:
    code = declared("list").code([value])
    assert eval(code, {"float": float}) == [value]
