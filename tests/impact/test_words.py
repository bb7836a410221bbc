"""Every sentence that the room can say is known to the catalog, in both languages."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import workbench.impact as room
from workbench.impact import benefit, findings, known_designs, material
from workbench.impact import selection as selector
from workbench.impact.designs.staggered import staggered_effect
from workbench.impact.designs.synthetic import synthetic_control
from workbench.impact.evaluate import OUTCOMES
from workbench.languages import catalogs as languages

FOLDER = Path(room.__file__).parent
# The keys of these findings stand on no page; those of checks do.
_KEYS_UNSEEN = (
    "findings.py", "benefit.py", "staggered_effect.py", "synthetic_control.py", "arms.py",
    "whom.py", "planning.py",
)  # fmt: skip


def written() -> list[str]:
    """Messages of all `Finding(...)` in the source, and the keys of checks."""
    said = []
    for path in sorted(FOLDER.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Finding":
                shown = call.args[1:2] if path.name in _KEYS_UNSEEN else call.args[:2]
                said += [a.value for a in shown if isinstance(a, ast.Constant)]
    return said


def refusals() -> list[tuple[str, str | None]]:
    """What errors of the room say: where, and the message; None where it is put together."""
    found: list[tuple[str, str | None]] = []
    for path in sorted(FOLDER.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(call.func, "id", "") if isinstance(call, ast.Call) else ""
            if name in ("CaseError", "SeveralStartsError", "DataError"):
                parts = [call.args[0], *[k.value for k in call.keywords if k.arg == "remedy"]]
            elif name == "check_logs":  # it refuses with the remedy of who calls it
                parts = [call.args[2]]
            else:
                continue
            where = f"{path.name}:{call.lineno}"
            found += [(where, text) for part in parts for text in messages(part)]
    return found


def messages(part: ast.expr) -> list[str | None]:
    """Texts that a part of an error may be."""
    if isinstance(part, ast.IfExp):
        return [*messages(part.body), *messages(part.orelse)]
    if isinstance(part, ast.Subscript) and getattr(part.value, "attr", "") == "messages":
        return []  # of another error, passed on
    if isinstance(part, ast.Name) and part.id == "remedy":
        return []
    return [part.value if isinstance(part, ast.Constant) else None]


def reasons() -> list[tuple[str, str]]:
    """Why a design may not be admitted, as `lacks` and what it asks of a situation say it."""
    found: list[tuple[str, str]] = []
    for path in sorted((FOLDER / "designs").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        functions = [each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)]
        named = {each.name: each for each in functions if ast.dump(each.args).count("Situation")}
        situation = [each for each in ast.walk(tree) if getattr(each, "name", "") == "Situation"]
        asked: list[ast.AST] = [
            named.get(getattr(call.value, "id", ""), call.value)
            for call in ast.walk(tree)
            if isinstance(call, ast.keyword) and call.arg == "lacks"
        ]
        asked += [each for each in functions if situation and each in ast.walk(situation[0])]
        asked += [each for name, each in named.items() if name == "too_short"]
        for node in asked:
            told = [each for each in ast.walk(node) if isinstance(each, ast.Return | ast.Lambda)]
            for each in told:
                value = each.value if isinstance(each, ast.Return) else each.body
                texts = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
                found += [
                    (f"{path.name}:{text.lineno}", text.value)
                    for text in texts
                    if isinstance(text, ast.Constant) and " " in str(text.value)
                ]
    return sorted(set(found))


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
        *findings.STAYED.values(),
        *VERDICTS,
        *constants(benefit),
        *benefit.BREAKS_EVEN.values(),
        *constants(staggered_effect),
        *constants(synthetic_control),
        *material.SAID.values(),
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
    assert len(constants(benefit)) == 5 and len(constants(staggered_effect)) == 2


@pytest.mark.parametrize("text", sorted(set(said())))
def test_it_has_chinese_words(text: str) -> None:
    found = languages.catalog("zh").get(text)
    assert found and languages.placeholders(found) == languages.placeholders(text)


@pytest.mark.parametrize(("where", "text"), refusals())
def test_a_refusal_is_a_message_of_the_catalog(where: str, text: str | None) -> None:
    assert text is not None, f"{where}: give what changes as placeholders, not as an f-string"
    found = languages.catalog("zh").get(text)
    assert found is not None, f"{where}: no Chinese for {text!r}"
    assert languages.placeholders(found) == languages.placeholders(text)


@pytest.mark.parametrize(("where", "text"), reasons())
def test_a_reason_against_a_design_has_chinese_words(where: str, text: str) -> None:
    assert text in languages.catalog("zh"), f"{where}: no Chinese for {text!r}"


def test_refusals_are_found_with_all_that_they_may_say() -> None:
    part = ast.parse('f(a if b else "c", f"{d} units", error.messages[0])', mode="eval").body
    assert [messages(each) for each in part.args] == [[None, "c"], [None], []]
    assert len(refusals()) > 150
    assert len(reasons()) > 10 and "no volunteers" in {text for _, text in reasons()}
