"""Exports of many systems are understood: known ones by their preset, others by the evidence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.new.layouts import CASES, KNOWN, OTHER, Case
from workbench.new.proposal import Proposal
from workbench.new.study import understood


def read(case: Case, folder: Path, presets: bool = True) -> list[Proposal]:
    paths = []
    for name, content in case.files.items():
        (folder / name).write_bytes(content)
        paths.append(folder / name)
    return understood(paths)


def wrong(case: Case, found: Proposal) -> list[str]:
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


@pytest.mark.parametrize("name", KNOWN)
def test_a_known_systems_export_is_recognised(name: str, tmp_path: Path) -> None:
    (found,) = read(CASES[name](), tmp_path)
    assert found.system
    assert wrong(CASES[name](), found) == []


@pytest.mark.parametrize("name", OTHER)
def test_another_systems_export_is_understood_by_the_evidence(name: str, tmp_path: Path) -> None:
    (found,) = read(CASES[name](), tmp_path)
    assert not found.system
    assert wrong(CASES[name](), found) == []
