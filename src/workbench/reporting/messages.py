"""The messages that a notebook says, read from its cells without running them."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

from workbench.errors import ReportingError

_SAID = {"say": 0, "heading": 0, "callout": 1}
"""Functions whose argument in that place is a message."""

_SHOWN = {"title": 1, "subtitle": 2}
_LABELLED = {"named": 0, "of_day": 1, "Estimate": 5}
"""What names an estimate, and the place of the label (an ``Estimate`` takes it by name alone)."""
_PLAIN = ("kind", "level")


def used(path: str | Path) -> list[str]:
    """List the messages of a notebook, in order, each once.

    Taken are the texts of ``say``, ``heading`` and ``callout`` and the words given to them as
    values, titles, subtitles and column headings of ``show``, and labels of estimates.

    Parameters
    ----------
    path : str or Path
        A notebook.

    Returns
    -------
    list of str
        English messages, to be looked up in the catalogs.

    Raises
    ------
    ReportingError
        When a code cell is not Python; names the cell.
    """
    notebook = json.loads(Path(path).read_text(encoding="utf-8"))
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
                where=f"{Path(path).name}, cell {cell.get('id', at)}, line {error.lineno}",
                remedy="mend it",
            ) from error
        for call in ast.walk(tree):
            if isinstance(call, ast.Call):
                found.update(dict.fromkeys(_messages(call)))
    return list(found)


def _messages(call: ast.Call) -> Iterator[str]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name in _SAID:
        place = _SAID[name]
        # a paragraph may be said in several messages
        said = call.args[place:] if name == "say" else call.args[place : place + 1]
        for argument in said:
            yield from _texts(argument)
        for keyword in call.keywords:
            if keyword.arg not in _PLAIN:
                yield from _texts(keyword.value)
    elif name == "show":
        for option, place in _SHOWN.items():
            yield from _texts(call.args[place] if len(call.args) > place else None)
            yield from _texts(_keyword(call, option))
        columns = _keyword(call, "columns")
        if isinstance(columns, ast.Dict):
            for value in columns.values:
                yield from _texts(value)
    elif name in _LABELLED:
        at = _LABELLED[name]
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
