"""No card harms the machine: each attack of the list is refused in words, or read as data."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.data.card_attacks import ATTACKS, BOMBS, SECRET, Attack, Outcome, attack, in_a_table

TABLE = Path(__file__).parents[2] / "benchmarks/card_attacks.md"
TOKEN = "TOKEN-VALUE"


def held(one: Attack, root: Path) -> Outcome:
    outcome = attack(one, root)
    assert SECRET not in outcome.said and TOKEN not in outcome.said
    assert "root:x:" not in outcome.said and os.environ["HOME"] not in outcome.said
    assert outcome.changed == ()
    assert not [path for path in root.rglob("*") if path.name.startswith("evil")]
    assert outcome.refused == bool(one.said), outcome.said
    assert re.search(one.said, outcome.said, re.DOTALL), outcome.said
    return outcome


def test_every_attack_is_refused_at_its_place_and_the_table_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", TOKEN)
    monkeypatch.setenv("HOME", "/home/somebody-else")
    monkeypatch.chdir(tmp_path)
    found = [(one, held(one, tmp_path / "project")) for one in ATTACKS]
    made = in_a_table(found)
    if os.environ.get("WRITE_TABLES"):
        TABLE.write_text(made, encoding="utf-8")
    assert TABLE.read_text(encoding="utf-8") == made


@pytest.mark.slow
@pytest.mark.parametrize("one", BOMBS, ids=lambda one: one.entry["path"])
def test_an_archive_made_to_fill_the_disk_is_refused(one: Attack, tmp_path: Path) -> None:
    held(one, tmp_path / "project")
