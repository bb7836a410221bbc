"""Exports of many systems are understood: known ones by their preset, others by the evidence.

Each goes the whole way: from the file to the cleaned table, whose rows, customers and sum are held
against those of the purchases that it was written from.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.new.layouts import CASES, KNOWN, OTHER, Case
from workbench.new.columns.proposal import Proposal
from workbench.new.study import Started, start_study


def start(case: Case, root: Path) -> Started:
    (root / "data").mkdir()
    paths = []
    for name, content in case.files.items():
        (root / name).write_bytes(content)
        paths.append(root / name)
    return start_study(root, "acme", paths, today=date(2026, 1, 1))


def misread(case: Case, found: Proposal) -> list[str]:
    """Say what a proposal has otherwise than is right."""
    said = [] if found.standard == case.table else [f"table {found.standard}"]
    said += [
        f"{standard} is {found.columns.get(standard)!r}, not {own!r}"
        for standard, own in case.columns.items()
        if found.columns.get(standard) != own
    ]
    said += [
        f"{key}: {found.keys.get(key)!r}, not {value!r}"
        for key, value in case.keys.items()
        if found.keys.get(key) != value
    ]
    asked = {question.key for question in found.questions}
    if asked != set(case.asks):
        said.append(f"asks {sorted(asked)}, not {sorted(case.asks)}")
    return said


def miscounted(case: Case, started: Started) -> list[str]:
    """Say where the cleaned table differs from the purchases that the file was written from."""
    if not started.previews:
        return started.unread
    shown = started.previews[0]
    said = []
    if shown.kept != case.rows:
        said.append(f"{shown.kept} rows, not {case.rows}: {shown.reasons}")
    if shown.customers != case.customers:
        said.append(f"{shown.customers} customers, not {case.customers}")
    if case.total is not None and shown.total != pytest.approx(case.total, abs=0.005):
        said.append(f"sum {shown.total}, not {case.total}")
    return said


@pytest.mark.parametrize("name", KNOWN)
def test_a_known_systems_export_is_recognised(name: str, tmp_path: Path) -> None:
    case = CASES[name]()
    started = start(case, tmp_path)
    assert started.proposals[0].system
    assert misread(case, started.proposals[0]) == []
    assert miscounted(case, started) == []


@pytest.mark.parametrize("name", OTHER)
def test_another_systems_export_is_understood_by_the_evidence(name: str, tmp_path: Path) -> None:
    case = CASES[name]()
    started = start(case, tmp_path)
    assert not started.proposals[0].system
    assert misread(case, started.proposals[0]) == []
    assert miscounted(case, started) == []
