"""Tests that `make test` leaves to `make test-all` are there, and some of their cases stay."""

from __future__ import annotations

import ast

import pytest

from tests.conftest import SLOW, listed_as_slow

LISTED = listed_as_slow(SLOW.read_text(encoding="utf-8"))


def test_a_line_names_a_test_and_how_many_cases_stay() -> None:
    text = "# a remark\n\na/test_b.py::test_c 3  # three stay\na/test_b.py::test_d\n"
    assert listed_as_slow(text) == {"a/test_b.py::test_c": 3, "a/test_b.py::test_d": 0}


@pytest.mark.parametrize("file", sorted({name.partition("::")[0] for name in LISTED}))
def test_what_is_listed_is_there(file: str) -> None:
    tree = ast.parse((SLOW.parent / file).read_text(encoding="utf-8"))
    there = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    listed = {name.rpartition("::")[2] for name in LISTED if name.startswith(f"{file}::")}
    assert listed <= there
