"""Every sentence that the room can say is known to the catalog, in both languages."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import workbench.impact as room
from workbench.impact import benefit, findings, known_designs
from workbench.impact import selection as selector
from workbench.impact.designs.staggered import staggered_effect
from workbench.impact.designs.synthetic import synthetic_control
from workbench.impact.evaluate import OUTCOMES
from workbench.languages import catalogs as languages

FOLDER = Path(room.__file__).parent
# The keys of these findings stand on no page; those of checks do.
_KEYS_UNSEEN = ("findings.py", "benefit.py", "staggered_effect.py", "synthetic_control.py")


def written() -> list[str]:
    """Messages of all `Finding(...)` in the source, and the keys of checks."""
    said = []
    for path in sorted(FOLDER.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Finding":
                shown = call.args[1:2] if path.name in _KEYS_UNSEEN else call.args[:2]
                said += [a.value for a in shown if isinstance(a, ast.Constant)]
    return said


def constants(module: object) -> list[str]:
    """Messages that a module keeps under names in capitals."""
    kept = [v for name, v in vars(module).items() if name.isupper() and isinstance(v, str)]
    return [text for text in kept if " " in text]


def said() -> list[str]:
    return [
        *findings.FOUND.values(),
        *findings.GLANCE.values(),
        *OUTCOMES.values(),
        *[heading for heading, _ in findings.HEADINGS.values()],
        *[advice.message for advice in findings.ADVICE.values()],
        *findings.FORESIGHT.values(),
        *findings.STAYING.values(),
        findings.STAYED,
        *VERDICTS,
        *constants(benefit),
        *constants(staggered_effect),
        *constants(synthetic_control),
        *staggered_effect.CONTROLS.values(),
        *staggered_effect.AVERAGES.values(),
        *[f"Effect on {o}" for o in OUTCOMES.values()],
        *[design.assumption for design in known_designs().values()],
        *selector.CHOSEN.values(),
        *known_designs(),
        *written(),
    ]


VERDICTS = [*findings.HEADINGS, "shown"]


def test_there_are_sentences_to_look_up() -> None:
    assert len(written()) > 20
    assert len(constants(benefit)) == 6 and len(constants(staggered_effect)) == 2


@pytest.mark.parametrize("text", sorted(set(said())))
def test_it_has_chinese_words(text: str) -> None:
    found = languages.catalog("zh").get(text)
    assert found and languages.placeholders(found) == languages.placeholders(text)
