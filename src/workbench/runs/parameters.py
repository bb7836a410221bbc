"""What a notebook may be told: its parameters cell, read without running it, and values checked."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from workbench.errors import WorkbenchError, suggest
from workbench.runs.kinds import Kind, KindError, Plain, read_annotation

TAG = "parameters"


class ParameterError(WorkbenchError):
    """A parameters cell, or a value for it, that cannot be used."""


@dataclass(frozen=True)
class Parameter:
    """One line of the parameters cell.

    Attributes
    ----------
    name : str
        Its name.
    kind : Kind
        Its type.
    default : plain value
        The value it has when nothing is said; dates in ISO form.
    help : str
        The comment behind it.
    """

    name: str
    kind: Kind
    default: Plain
    help: str = ""


class Assignment(NamedTuple):
    """``name=value`` or ``notebook.name=value`` from the command line."""

    notebook: str | None
    name: str
    text: str


def read_parameters(notebook: Mapping[str, Any], *, where: str) -> dict[str, Parameter]:
    """Read the parameters cell of a notebook.

    Parameters
    ----------
    notebook : NotebookNode or dict
        The notebook, nbformat 4.
    where : str
        Its name, for errors.

    Returns
    -------
    dict of str to Parameter
        In the order of the cell; empty when no cell is tagged ``parameters``.

    Raises
    ------
    ParameterError
        If there are several such cells, or a line is not ``name: type = literal``.
    """
    cells = [
        (number, cell)
        for number, cell in enumerate(notebook["cells"], start=1)
        if cell["cell_type"] == "code" and TAG in cell["metadata"].get("tags", [])
    ]
    if not cells:
        return {}
    if len(cells) > 1:
        raise ParameterError(
            f"{len(cells)} cells are tagged `parameters`",
            where=where,
            remedy="keep one",
        )
    number, cell = cells[0]
    return read_cell(cell["source"], where=f"{where}, cell {number}")


def read_cell(source: str, *, where: str) -> dict[str, Parameter]:
    """Read the source of a parameters cell; see `read_parameters`."""
    try:
        body = ast.parse(source).body
    except SyntaxError as error:
        raise ParameterError(
            f"not Python: {error.msg}", where=f"{where}, line {error.lineno}", remedy="mend it"
        ) from None
    comments = _comments(source)
    found: dict[str, Parameter] = {}
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            continue  # `from datetime import date`, for an annotation
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue  # a docstring
        place = f"{where}, line {node.lineno}"
        if not (isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)):
            raise ParameterError(
                f"`{ast.unparse(node).splitlines()[0]}` is not a typed parameter",
                where=place,
                remedy="write `name: type = value  # what it is`",
            )
        name = node.target.id
        if node.value is None:
            raise ParameterError(f"{name!r} has no default", where=place, remedy="give it one")
        if name in found:
            raise ParameterError(f"{name!r} stands there twice", where=place, remedy="keep one")
        try:
            kind = read_annotation(node.annotation)
            default = kind.check(_literal(node.value))
        except KindError as error:
            raise ParameterError(
                f"parameter {name!r}: {error}",
                where=place,
                remedy="make the type and its default agree",
            ) from None
        last = node.end_lineno or node.lineno
        found[name] = Parameter(name, kind, default, comments.get(last, ""))
    return found


def check_values(
    declared: Mapping[str, Parameter], given: Mapping[str, Any], *, where: str
) -> dict[str, Plain]:
    """Check values against the declaration, and turn them into plain JSON types.

    Parameters
    ----------
    declared : mapping
        From `read_parameters`.
    given : mapping
        Values by name: plain ones, or NumPy scalars, dates, paths, tuples.
    where : str
        Where the values come from, for errors.

    Raises
    ------
    ParameterError
        For an unknown name (with "did you mean") or a value of the wrong type.
    """
    checked: dict[str, Plain] = {}
    for name, value in given.items():
        parameter = declared.get(name)
        if parameter is None:
            raise unknown(name, declared, where=where)
        try:
            checked[name] = parameter.kind.check(value)
        except KindError as error:
            raise _wrong_type(parameter, error, where) from None
    return checked


def read_value(parameter: Parameter, text: str, *, where: str) -> Plain:
    """Return the value that text from the command line stands for, by the annotation.

    Raises
    ------
    ParameterError
        If the text is no such value.
    """
    try:
        return parameter.kind.read(text)
    except KindError as error:
        raise _wrong_type(parameter, error, where) from None


def read_assignments(texts: Iterable[str]) -> list[Assignment]:
    """Split ``name=value`` and ``notebook.name=value``.

    Raises
    ------
    ParameterError
        If there is no ``=`` or no name.
    """
    found = []
    for text in texts:
        left, equals, value = text.partition("=")
        notebook, dot, name = left.strip().rpartition(".")
        if not equals or not name.isidentifier():
            raise ParameterError(
                f"{text!r} is not an assignment",
                where="-p",
                remedy="write -p name=value, or -p notebook.name=value",
            )
        found.append(Assignment(notebook if dot else None, name, value))
    return found


def injected_source(declared: Mapping[str, Parameter], values: Mapping[str, Plain]) -> str:
    """Write the cell that sets the values, after the cell that declares them.

    A date is injected as a date where the annotation is written as a name (which the cell must
    then have imported), and as ISO text where the annotation is in quotes or is ``str``.
    """
    lines = [f"{name} = {declared[name].kind.code(value)}" for name, value in values.items()]
    return "\n".join(["# Parameters of this run", *lines])


def unknown(name: str, declared: Iterable[str], *, where: str) -> ParameterError:
    """Return the error for a parameter that nobody declares."""
    remedy = suggest(name, declared)
    return ParameterError(f"unknown parameter {name!r}", where=where, remedy=remedy)


def _wrong_type(parameter: Parameter, error: KindError, where: str) -> ParameterError:
    return ParameterError(
        f"parameter {parameter.name!r}: {error}",
        where=where,
        remedy=f"it is declared as {parameter.kind}"
        + (f" ({parameter.help})" if parameter.help else ""),
    )


def _literal(node: ast.expr) -> Any:
    """Evaluate a literal, or a date written ``date(2024, 1, 31)`` or ``date.fromisoformat``."""
    if isinstance(node, ast.Call) and not node.keywords:
        called = ast.unparse(node.func).split(".")
        arguments = [_literal(argument) for argument in node.args]
        try:
            if called[-1] == "date":
                return date(*arguments)
            if called[-2:] == ["date", "fromisoformat"]:
                return date.fromisoformat(*arguments)
        except (TypeError, ValueError) as error:
            raise KindError(f"{ast.unparse(node)} is no date ({error})") from None
    try:
        return ast.literal_eval(node)
    except ValueError:
        raise KindError(f"the default {ast.unparse(node)!r} is not a literal") from None


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {
        token.start[0]: token.string.lstrip("# ").strip()
        for token in tokens
        if token.type == tokenize.COMMENT
    }
