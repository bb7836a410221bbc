"""Dates are written as far as they are known: days, months, quarters, years."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from workbench.runs.records.record import data_to
from workbench.site.words import say_day


@pytest.mark.parametrize(
    ("date", "english", "chinese"),
    [
        ("2025-12-31", "31 December 2025", "2025年12月31日"),
        ("1984-12", "December 1984", "1984年12月"),
        ("2010-Q4", "Q4 2010", "2010年第4季度"),
        ("1992", "1992", "1992年"),
        ("", "", ""),
    ],
)
def test_a_date_is_said_as_far_as_it_is_known(date: str, english: str, chinese: str) -> None:
    assert (say_day(date, "en"), say_day(date, "zh")) == (english, chinese)


def test_the_data_of_one_page_may_end_before_those_of_the_run(tmp_path: Path) -> None:
    for notebook, days in (("a", {"x": "1992"}), ("b", {"y": "2010", "z": "2009-12"})):
        (tmp_path / notebook).mkdir()
        (tmp_path / notebook / "data_to.json").write_text(json.dumps(days))
    assert data_to(tmp_path) == "2010"
    assert data_to(tmp_path, "a") == "1992"
    assert data_to(tmp_path, "c") == ""
