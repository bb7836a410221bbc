"""The tool that changes one operator at a time finds the places, and changes that place alone."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tools.mutants import Place, Reach, _merged, attempt, places, room_tests, rooms, sources_of

ROOT = Path(__file__).parents[1]
SOURCE = '''"""Ünder 3."""

LIMIT: Literal[1] = 2


def enough(n: int, most: int = 0) -> bool:
    """Say whether 1 + 1 is enough."""
    if not n or n == most and f"{n + 1}":
        return True
    return (n + 1) * 2 < LIMIT
'''


def test_each_kind_of_change_is_found_where_it_stands() -> None:
    found = [(p.line, p.before, p.after) for p in places("a.py", SOURCE, numbers=True)]
    assert ("2", "(1)") in {(b, a) for line, b, a in found if line == 3}
    assert (6, "0", "(1)") in found and (6, "0", "(-1)") in found
    assert (8, "not n", "(n)") in found and (8, "n == most", "(n != most)") in found
    assert (9, "return True", "return None") in found
    assert (10, "n + 1", "(n - 1)") in found
    assert (10, "(n + 1) * 2 < LIMIT", "((n + 1) * 2 <= LIMIT)") in found
    without = [place.before for place in places("a.py", SOURCE)]
    assert "n + 1" in without and "0" not in without
    # neither annotations nor texts
    assert not [each for each in found if each[0] in (1, 7) or (each[1] == "1" and each[0] != 10)]


def test_a_change_changes_its_place_and_leaves_python() -> None:
    raw = SOURCE.encode()
    for place in places("a.py", SOURCE, numbers=True):
        assert raw[place.start : place.end].decode() == place.before
        changed = raw[: place.start] + place.after.encode() + raw[place.end :]
        assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(raw))


def test_tests_that_reach_a_line_come_fastest_first_and_shared_fixtures_count_for_all() -> None:
    merged = _merged(
        [
            {
                "seconds": {"t::slow": 3.0, "t::quick": 0.1, "t::other": 0.2},
                "fixtures": {"t::slow": ["site"], "t::quick": ["site"], "t::other": []},
                "reached": {"a.py": {"10": ["fixture site"], "9": ["t::other"]}},
            }
        ]
    )
    by_line = {"a.py": {int(n): frozenset(x) for n, x in merged["reached"]["a.py"].items()}}
    reach = Reach(merged["seconds"], by_line)

    def at(*lines: int) -> Place:
        return Place("a.py", lines[0], lines, "", "", 0, 0)

    assert reach.of(at(10)) == (["t::quick", "t::slow"], True)
    assert reach.of(at(9, 10)) == (["t::quick", "t::other", "t::slow"], True)
    # a line that runs at import goes with its file, a file that none reaches with all
    assert reach.of(at(3)) == (["t::quick", "t::other", "t::slow"], False)
    by_line["b.py"] = {5: frozenset({"t::other"})}
    assert reach.of(Place("b.py", 1, (1,), "", "", 0, 0)) == (["t::other"], False)
    assert reach.of(Place("c.py", 1, (1,), "", "", 0, 0))[0] == ["t::quick", "t::other", "t::slow"]


@pytest.mark.parametrize(("claim", "told"), [("f(2) == 3", "failed"), ("f(2) > 0", "survived")])
def test_a_change_is_tried_in_the_tree_and_taken_back(
    tmp_path: Path, claim: str, told: str
) -> None:
    (tmp_path / "src").mkdir()
    source = "def f(x):\n    return x + 1\n"
    (tmp_path / "src/tried_mutant.py").write_text(source)
    test = f"from tried_mutant import f\n\n\ndef test_f():\n    assert {claim}\n"
    (tmp_path / "test_f.py").write_text(test)
    (place,) = (p for p in places("src/tried_mutant.py", source) if p.after == "(x - 1)")
    assert attempt(place, ["test_f.py::test_f"], tmp_path, limit=120) == told
    assert (tmp_path / "src/tried_mutant.py").read_text() == source


def test_every_room_has_sources_and_tests() -> None:
    for room in rooms():
        assert sources_of(room) and all((ROOT / path).exists() for path in room_tests(room))
