"""Every sentence that the room can say is known to the catalog, in both languages."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import workbench.impact as room
from workbench.impact import known_designs, report, verdict
from workbench.impact import selection as selector
from workbench.languages import catalogs as languages

FOLDER = Path(room.__file__).parent


def checks() -> list[str]:
    """Messages of all `Finding(...)` in the source."""
    found = []
    for path in sorted(FOLDER.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Finding":
                found += [
                    a.value for a in (call.args[0], call.args[1]) if isinstance(a, ast.Constant)
                ]
    return found


def said() -> list[str]:
    words = import_verdict()
    return [
        *words.FOUND.values(),
        *words.GLANCE.values(),
        *words.OUTCOMES.values(),
        *words.BENEFIT.values(),
        *words.FORESIGHT.values(),
        words.STAYING,
        *[f"Effect on {o}" for o in words.OUTCOMES.values()],
        *[design.assumption for design in known_designs().values()],
        *selector.CHOSEN.values(),
        *known_designs(),
        *report.HEADINGS.values(),
        *checks(),
    ]


def import_verdict():
    # the package's name `verdict` is the function
    import sys

    assert callable(verdict)
    return sys.modules["workbench.impact.findings"]


def test_there_are_sentences_to_look_up() -> None:
    assert len(checks()) > 20


@pytest.mark.parametrize("text", sorted(set(said())))
def test_it_has_chinese_words(text: str) -> None:
    found = languages.catalog("zh").get(text)
    assert found and languages.placeholders(found) == languages.placeholders(text)
