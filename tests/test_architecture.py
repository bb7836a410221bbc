"""ARCHITECTURE.md names the rooms and the arrows between them that there are, and no others."""

from __future__ import annotations

import re
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
PACKAGE = ROOT / "src/workbench"
_ROW = re.compile(r"^\| \d \| (?P<rooms>[^|]+) \| [^|]+ \|(?P<uses>[^|]*)\|$", re.MULTILINE)


def named(cell: str) -> list[str]:
    return re.findall(r"`([a-z_]+)`", cell)


def told() -> dict[str, set[str]]:
    """Rooms of the page's table, each with the rooms that it says they use."""
    return {
        room: set(named(row["uses"])) for row in _ROW.finditer(PAGE) for room in named(row["rooms"])
    }


@pytest.fixture(scope="module")
def drawn() -> dict[str, set[str]]:
    """Rooms of the package, each with the rooms that its modules import."""
    graph = grimp.build_graph("workbench", cache_dir=None)
    arrows: dict[str, set[str]] = {}
    for module in graph.modules - {"workbench"}:
        room = module.split(".")[1]
        for used in graph.find_modules_directly_imported_by(module) - {"workbench"}:
            arrows.setdefault(room, set()).add(used.split(".")[1])
    return {room: uses - {room} for room, uses in arrows.items()}


def test_every_room_is_told_and_every_told_room_is_there() -> None:
    modules = {path.stem for path in PACKAGE.glob("*.py")}
    there = modules | {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert set(told()) == there - {"__init__", "__main__"}


def test_the_arrows_are_those_of_the_code(drawn: dict[str, set[str]]) -> None:
    for room, uses in told().items():
        assert uses == drawn.get(room, set()), f"what {room} uses"


def test_no_room_uses_one_on_its_own_floor_or_above() -> None:
    floors = {room: int(row[0][2]) for row in _ROW.finditer(PAGE) for room in named(row["rooms"])}
    beside = {("notebook", "site"), ("site", "notebook")}
    for room, uses in told().items():
        for used in uses:
            assert floors[used] < floors[room] or (room, used) in beside, f"{room} uses {used}"


def test_the_paths_of_the_page_are_there() -> None:
    for path in re.findall(r"`((?:src|notebooks|reports|tests|tools|benchmarks)/[^`*<>]*)`", PAGE):
        assert (ROOT / path).exists(), path
