"""What a notebook may be told: its parameters cell, read without running it, and values checked.

A parameter is declared as ``horizon: int = 52  # weeks to look ahead``. Its type is understood by
pydantic, strictly: a value is never made to fit. What is handed on is plain (JSON), for papermill
would inject everything else as a string, without a word.
"""

from __future__ import annotations

import ast
import io
import json
import math
import tokenize
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import PurePath
from typing import Annotated, Any, Literal, NamedTuple, Optional, TypeAlias

from pydantic import BeforeValidator, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError
from pydantic_core import PydanticCustomError

from workbench.errors import WorkbenchError, suggest
from workbench.study.reader import not_one_of

TAG = "parameters"
#: What papermill may see.
Plain: TypeAlias = "bool | int | float | str | list[Plain] | None"
SUPPORTED = (
    "int, float, str, bool, date, Literal[...], list[...], X | None, "
    "or a range of these such as Annotated[int, Field(ge=1)]"
)


class ParameterError(WorkbenchError):
    """A parameters cell, or a value for it, that cannot be used."""


class ValueRefusedError(ValueError):
    """A type that no parameter can have, or a value that is not of a parameter's type."""


# --- types ------------------------------------------------------------------------------------


def _as_day(value: Any) -> Any:
    if value != value:  # pandas' NaT calls itself a datetime
        return None
    if isinstance(value, datetime):
        if (value.hour, value.minute, value.second, value.microsecond) != (0, 0, 0, 0):
            raise PydanticCustomError("moment", "Input is a moment, not a date")
        return value.date()
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise PydanticCustomError("day", "Input is not a date written 2024-01-31") from None
    return value


def _as_text(value: Any) -> Any:
    if isinstance(value, PurePath):
        return value.as_posix()
    if isinstance(value, date) and value == value:
        return value.isoformat()  # YAML reads an unquoted 2024-01-31 as a date
    return value


#: The names that an annotation may use, and what they stand for here.
_NAMES: Mapping[str, Any] = {
    "int": int,
    "float": float,
    "bool": bool,
    "str": Annotated[str, BeforeValidator(_as_text)],
    "date": Annotated[date, BeforeValidator(_as_day)],
    "list": list,
    "List": list,
    "Optional": Optional,
    "Literal": Literal,
    "Annotated": Annotated,
    "Field": Field,
}


class ParameterType:
    """The type of a parameter, as its annotation is written.

    Parameters
    ----------
    annotation : ast.expr
        ``int``, ``str | None``, ``list[dt.date]``, ``Literal["a", "b"]``,
        ``Annotated[int, Field(ge=1)]``, or any of these in quotes.

    Raises
    ------
    ValueRefusedError
        If it is no type that a parameter can have.
    """

    def __init__(self, annotation: ast.expr) -> None:
        quoted = isinstance(annotation, ast.Constant) and isinstance(annotation.value, str)
        self._source = ast.literal_eval(annotation) if quoted else ast.unparse(annotation)
        try:
            tree = ast.parse(self._source, mode="eval")
            named = {_last_name(node): ast.unparse(node) for node in ast.walk(tree)}
            short = ast.fix_missing_locations(_LastNames().visit(tree))
            meant = eval(compile(short, "<annotation>", "eval"), {"__builtins__": {}, **_NAMES})
            meant = list[JsonValue] if meant is list else meant
            self._adapter = TypeAdapter[Any](meant, config=ConfigDict(strict=True))
        except (SyntaxError, NameError, TypeError, ValueError, PydanticUserError):
            raise ValueRefusedError(
                f"the type {self._source!r} is not one of {SUPPORTED}"
            ) from None
        # An annotation in quotes need not have its names imported: its dates stay text.
        self._date = "" if quoted else named.get("date", "")
        self._many = bool({"list", "List"} & named.keys())

    def __str__(self) -> str:
        return self._source

    def in_words(self) -> str:
        """Say what will do: ``a number above 0 and at most 10``."""
        return _in_words(self._adapter.json_schema())

    def check(self, value: Any) -> Plain:
        """Return the value in plain JSON types.

        Raises
        ------
        ValueRefusedError
            If it is not of this type.
        """
        return _plain(self._validated(_unwrapped(value)))

    def read(self, text: str) -> Plain:
        """Return the value that a piece of text stands for, as on the command line.

        A list is written ``1, 2, 3`` or in JSON, nothing as ``none``.
        """
        if text.strip().lower() in ("", "none", "null") and self._admits(None):
            return None
        pieces: Any = text
        if self._many and text.lstrip().startswith("["):
            try:
                return self.check(json.loads(text))
            except json.JSONDecodeError as error:
                raise ValueRefusedError(f"{text!r} is not a JSON list: {error}") from None
        elif self._many:
            pieces = [each.strip() for each in text.split(",") if each.strip()]
        numbers = [_number(each) for each in pieces] if self._many else _number(text)
        if self._admits(numbers):
            return self.check(numbers)
        return _plain(self._validated(pieces, strict=False))

    def code(self, value: Plain) -> str:
        """Write a checked value as Python source, readable in any script."""
        return self._code(self._validated(value))

    def _code(self, value: Any) -> str:
        if isinstance(value, list):
            return f"[{', '.join(map(self._code, value))}]"
        if isinstance(value, date) and self._date:
            return f"{self._date}.fromisoformat({value.isoformat()!r})"
        if isinstance(value, float) and not math.isfinite(value):
            return f'float("{value}")'
        value = _plain(value)
        return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)

    def _admits(self, value: Any) -> bool:
        try:
            self._validated(value)
        except ValueRefusedError:
            return False
        return True

    def _validated(self, value: Any, *, strict: bool | None = None) -> Any:
        try:
            return self._adapter.validate_python(value, strict=strict)
        except ValidationError as error:
            raise ValueRefusedError(_refusal(error)) from None


class _LastNames(ast.NodeTransformer):
    """Shortens ``dt.date`` to ``date``."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.Name:
        return ast.Name(node.attr, ast.Load())


def _last_name(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def _unwrapped(value: Any) -> Any:
    """Take values out of NumPy's and pandas' arrays and scalars, and out of tuples."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    return [_unwrapped(each) for each in value] if isinstance(value, list | tuple) else value


def _plain(value: Any) -> Plain:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    plain: Plain = value.isoformat() if isinstance(value, date) else value
    return plain


def _number(text: str) -> int | float | str:
    for as_number in (int, float):
        try:
            return as_number(text)
        except ValueError:
            continue
    return text


_KINDS = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "none",
    "string": "text",
    "array": "a list",
}
_BOUNDS = {
    "exclusiveMinimum": "above",
    "minimum": "at least",
    "exclusiveMaximum": "below",
    "maximum": "at most",
}


def _in_words(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(map(_in_words, schema["anyOf"]))
    if "enum" in schema:
        return " or ".join(map(repr, schema["enum"]))
    if "const" in schema:
        return repr(schema["const"])
    if schema.get("format") == "date":
        return "a date such as 2024-01-31"
    if schema.get("type") == "array" and schema.get("items"):
        return f"a list, each {_in_words(schema['items'])}"
    kind = _KINDS.get(str(schema.get("type")), "a value")
    bounds = [f"{words} {schema[name]:g}" for name, words in _BOUNDS.items() if name in schema]
    return " ".join([kind, " and ".join(bounds)]).strip()


def _refusal(error: ValidationError) -> str:
    """Say which item was refused, what it is, and what it should be."""
    problems = error.errors(include_url=False)
    first = problems[0]
    if first["type"] == "literal_error":
        return not_one_of(first)
    should = dict.fromkeys(
        each["msg"].removeprefix("Input ").partition(", unable to")[0] for each in problems
    )
    item = "".join(f"item {at + 1}: " for at in first["loc"] if isinstance(at, int))
    value = first["input"]
    # What was typed on the command line is text, whatever it stands for.
    kind = "" if isinstance(value, str) else f" ({type(value).__name__})"
    return f"{item}{value!r}{kind} {', or '.join(should)}"


# --- the cell ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Parameter:
    """One line of the parameters cell.

    Attributes
    ----------
    name : str
        Its name.
    type : ParameterType
        Its type.
    default : plain value
        The value it has when nothing is said; dates in ISO form.
    help : str
        The comment behind it.
    """

    name: str
    type: ParameterType
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
    parameters: dict[str, Parameter] = {}
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
        if name in parameters:
            raise ParameterError(f"{name!r} stands there twice", where=place, remedy="keep one")
        try:
            declared = ParameterType(node.annotation)
            default = declared.check(_literal(node.value))
        except ValueRefusedError as error:
            raise ParameterError(
                f"parameter {name!r}: {error}",
                where=place,
                remedy="make the type and its default agree",
            ) from None
        last = node.end_lineno or node.lineno
        parameters[name] = Parameter(name, declared, default, comments.get(last, ""))
    return parameters


def check_values(
    declared: Mapping[str, Parameter], values: Mapping[str, Any], *, where: str
) -> dict[str, Plain]:
    """Check values against the declaration, and turn them into plain JSON types.

    Parameters
    ----------
    declared : mapping
        From `read_parameters`.
    values : mapping
        Values by name: plain ones, or NumPy scalars, dates, paths, tuples.
    where : str
        Where the values come from, for errors.

    Raises
    ------
    ParameterError
        For an unknown name (with "did you mean") or a value of the wrong type.
    """
    checked: dict[str, Plain] = {}
    for name, value in values.items():
        parameter = declared.get(name)
        if parameter is None:
            raise unknown(name, declared, where=where)
        try:
            checked[name] = parameter.type.check(value)
        except ValueRefusedError as error:
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
        return parameter.type.read(text)
    except ValueRefusedError as error:
        raise _wrong_type(parameter, error, where) from None


def read_assignments(texts: Iterable[str]) -> list[Assignment]:
    """Split ``name=value`` and ``notebook.name=value``.

    Raises
    ------
    ParameterError
        If there is no ``=`` or no name.
    """
    assignments = []
    for text in texts:
        left, equals, value = text.partition("=")
        notebook, dot, name = left.strip().rpartition(".")
        if not equals or not name.isidentifier():
            raise ParameterError(
                f"{text!r} is not an assignment",
                where="-p",
                remedy="write -p name=value, or -p notebook.name=value",
            )
        assignments.append(Assignment(notebook if dot else None, name, value))
    return assignments


def injected_source(declared: Mapping[str, Parameter], values: Mapping[str, Plain]) -> str:
    """Write the cell that sets the values, after the cell that declares them.

    A date is injected as a date where the annotation is written as a name (which the cell must
    then have imported), and as ISO text where the annotation is in quotes or is ``str``.
    """
    lines = [f"{name} = {declared[name].type.code(value)}" for name, value in values.items()]
    return "\n".join(["# Parameters of this run", *lines])


def unknown(name: str, declared: Iterable[str], *, where: str) -> ParameterError:
    """Return the error for a parameter that nobody declares."""
    remedy = suggest(name, declared)
    return ParameterError(f"unknown parameter {name!r}", where=where, remedy=remedy)


def _wrong_type(parameter: Parameter, error: ValueRefusedError, where: str) -> ParameterError:
    return ParameterError(
        f"parameter {parameter.name!r}: {error}",
        where=where,
        remedy=f"it takes {parameter.type.in_words()}"
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
            raise ValueRefusedError(f"{ast.unparse(node)} is no date ({error})") from None
    try:
        return ast.literal_eval(node)
    except ValueError:
        raise ValueRefusedError(f"the default {ast.unparse(node)!r} is not a literal") from None


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {
        token.start[0]: token.string.lstrip("# ").strip()
        for token in tokens
        if token.type == tokenize.COMMENT
    }
