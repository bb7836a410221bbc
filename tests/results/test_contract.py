"""Every class of results keeps the contract; the rules themselves stand in ``contract.py``."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.results.contract import faults, result_classes

TESTS = Path(__file__).parents[1]
CLASSES = {each.__name__: each for each in result_classes().values()}

#: Estimates whose interval need not hold them, and why.
OUTSIDE: dict[str, frozenset[str]] = {}

#: Rooms of which not every class has an example yet.
UNFINISHED: tuple[str, ...] = ()


def examples() -> dict[str, Callable[[], Any]]:
    """Collect the example of each class from the rooms."""
    found: dict[str, Callable[[], Any]] = {}
    for path in sorted(TESTS.glob("*/examples.py")):
        made = import_module(f"tests.{path.parent.name}.examples").EXAMPLES
        assert not found.keys() & made.keys(), path
        found |= made
    return found


EXAMPLES = examples()


def test_every_class_of_results_has_an_example_and_every_example_a_class() -> None:
    done = {n for n, each in CLASSES.items() if not each.__module__.startswith(UNFINISHED)}
    assert sorted(done - set(EXAMPLES)) == []
    assert sorted(set(EXAMPLES) - set(CLASSES)) == []


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_a_result_keeps_the_contract(name: str) -> None:
    result = EXAMPLES[name]()
    assert isinstance(result, CLASSES[name])
    assert faults(result, OUTSIDE.get(name, frozenset())) == []
