"""The picture of a process: where it waits and what is done again come out as they were made."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.service.examples import moves_of
from workbench.errors import DataError
from workbench.service import process_map


def test_the_longest_wait_and_the_loop_are_named() -> None:
    moves, activities = moves_of()
    found = process_map(moves, activities, 200, min_cell=5)
    waits, twice = found.findings()
    assert (waits.values["source"], waits.values["target"]) == ("looked at", "solved")
    assert waits.values["share"].value == pytest.approx(0.6) and waits.values["unit"] == "hours"
    assert twice.values["activity"] == "looked at" and twice.values["n"] == 60
    assert found.rare == 1 and "odd" not in set(found.activities["activity"])
    assert twice.values["share"].low > 0.2


def test_rare_moves_alone_are_no_process() -> None:
    moves, activities = moves_of()
    with pytest.raises(DataError, match="no step follows another"):
        process_map(moves.tail(1), activities, 200)
    assert isinstance(process_map(moves, activities, 200, min_cell=1).table, pd.DataFrame)
