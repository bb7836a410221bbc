"""What the workbench says, and what of it has no Chinese: ``python -m tools.words`` lists it.

Read from the notebooks and the package without running them. What is put together only while a
page is made is seen there: see `workbench.reporting.display.emit`.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from workbench.errors import ReportingError
from workbench.languages.catalogs import catalog

ROOT = Path(__file__).parents[1]

#: Functions of a notebook whose argument in that place is a message.
SAID = {"say": 0, "heading": 0, "callout": 1}
SHOWN = {"title": 1, "subtitle": 2}
#: What a module makes or calls with a message in that place.
MADE = {"Finding": 1, "Advice": 0, "t": 0, "language": 0}
#: What names an estimate, and the place of the label (an ``Estimate`` takes it by name alone).
LABELLED = {"named": 0, "of_day": 1, "Estimate": 9, "named_estimates": 9}
LATIN = frozenset({"RMSEA", "CFI", "TLI", "SRMR"})
"""What Chinese pages write in Latin letters."""

_PLAIN = ("kind", "level")
_WORD = re.compile(r"[A-Za-z]{2}")


def in_notebook(path: Path) -> list[str]:
    """List the messages of a notebook, in order, each once.

    Taken are the texts of ``say``, ``heading`` and ``callout`` and the words given to them as
    values, titles, subtitles and column headings of ``show``, and labels of estimates.

    Raises
    ------
    ReportingError
        When a code cell is not Python; names the cell.
    """
    notebook = json.loads(path.read_text(encoding="utf-8"))
    found: dict[str, None] = {}
    for at, cell in enumerate(notebook["cells"], start=1):
        if cell["cell_type"] != "code":
            continue
        lines = "".join(cell["source"]).splitlines()
        source = "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in lines)
        try:
            tree = ast.parse(source)
        except SyntaxError as error:
            raise ReportingError(
                f"the cell is not Python: {error.msg}",
                where=f"{path.name}, cell {cell.get('id', at)}, line {error.lineno}",
                remedy="mend it",
            ) from error
        for call in ast.walk(tree):
            if isinstance(call, ast.Call):
                found.update(dict.fromkeys(_shown(call)))
    return list(found)


def in_module(path: Path) -> list[str]:
    """List the messages of a module, each once.

    Taken are those of findings and advice, labels of columns and estimates, and what is said in a
    reader's language, which the house calls ``t`` or ``language``.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return list(dict.fromkeys(text for call in calls for text in _made(call)))


def untranslated(messages: Sequence[str], language: str = "zh") -> list[str]:
    """List those of the messages that need words in a language and have none."""
    known = catalog(language)
    return [text for text in messages if _WORD.search(text) and not known.get(text, text in LATIN)]


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _shown(call: ast.Call) -> Iterator[str]:
    name = _name(call)
    if name in SAID:
        place = SAID[name]
        # a paragraph may be said in several messages
        said = call.args[place:] if name == "say" else call.args[place : place + 1]
        for argument in said:
            yield from _texts(argument)
        for keyword in call.keywords:
            if keyword.arg not in _PLAIN:
                yield from _texts(keyword.value)
    elif name == "show":
        for option, place in SHOWN.items():
            yield from _texts(call.args[place] if len(call.args) > place else None)
            yield from _texts(_keyword(call, option))
        columns = _keyword(call, "columns")
        if isinstance(columns, ast.Dict):
            for value in columns.values:
                yield from _texts(value)
    else:
        yield from _label(call)


def _made(call: ast.Call) -> Iterator[str]:
    name = _name(call)
    if name in MADE and len(call.args) > MADE[name]:
        yield from _texts(call.args[MADE[name]])
    if name == "Picture":
        for argument in call.args[1:3]:
            yield from _texts(argument)
    if name == "labelled":
        for keyword in call.keywords:
            value = keyword.value
            yield from _texts(value.elts[0] if isinstance(value, ast.Tuple) else value)
    if name in ("Finding", "Advice"):
        yield from _texts(_keyword(call, "message"))
    yield from _label(call)


def _label(call: ast.Call) -> Iterator[str]:
    at = LABELLED.get(_name(call))
    if at is not None:
        yield from _texts(call.args[at] if len(call.args) > at else _keyword(call, "label"))


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def _texts(node: ast.expr | None) -> Iterator[str]:
    # A message may be chosen by a result: "a" if x else "b".
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from _texts(value)
    elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Dict):
        for value in node.value.values:
            yield from _texts(value)


def main() -> int:
    """List each text without Chinese, with its file."""
    lacking = 0
    for path in sorted([*(ROOT / "notebooks").glob("*.ipynb"), *(ROOT / "src").rglob("*.py")]):
        read = in_notebook if path.suffix == ".ipynb" else in_module
        for text in untranslated(read(path)):
            print(f"{path.relative_to(ROOT)}: {text}")
            lacking += 1
    return min(lacking, 1)


if __name__ == "__main__":
    sys.exit(main())
