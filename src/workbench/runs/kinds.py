"""The types a notebook's parameter may have, and what counts as a value of each."""

from __future__ import annotations

import ast
import json
import math
import numbers
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import PurePath
from typing import Any, TypeAlias

#: What papermill may see: everything else it would inject as a string, without a word.
Plain: TypeAlias = "bool | int | float | str | list[Plain] | None"

SUPPORTED = "int, float, str, bool, date, Literal[...], list[...], and X | None of these"


class KindError(ValueError):
    """A value that is not of the kind asked for."""


@dataclass(frozen=True)
class Kind:
    """A type as an annotation gives it.

    Attributes
    ----------
    name : str
        ``int``, ``float``, ``str``, ``bool``, ``date``, ``none``, ``list``, ``literal``, ``union``.
    parts : tuple of Kind
        The kinds of a union, or the kind of a list's items.
    choices : tuple
        The values of a ``Literal``.
    spelling : str
        The source of the annotation, such as ``dt.date``; empty where it stood in quotes.
    """

    name: str
    parts: tuple[Kind, ...] = ()
    choices: tuple[Any, ...] = ()
    spelling: str = ""

    def __str__(self) -> str:
        if self.name == "none":
            return "None"
        if self.name == "union":
            return " | ".join(str(part) for part in self.parts)
        if self.name == "list":
            return f"list[{self.parts[0]}]" if self.parts else "list"
        if self.name == "literal":
            return f"one of {', '.join(repr(choice) for choice in self.choices)}"
        return self.name

    def check(self, value: Any) -> Plain:
        """Return the value in plain JSON types.

        Raises
        ------
        KindError
            If it is not of this kind.
        """
        return _CHECKS[self.name](self, _unwrap(value))

    def read(self, text: str) -> Plain:
        """Return the value that a piece of text stands for, as on the command line."""
        return _READERS[self.name](self, text)

    def code(self, value: Plain) -> str:
        """Write a checked value as Python source, readable in any script."""
        if value is None:
            return "None"
        if self.name == "union":
            return _member(self, value).code(value)
        if isinstance(value, list):
            item = self.parts[0] if self.name == "list" and self.parts else Kind("any")
            return f"[{', '.join(item.code(each) for each in value)}]"
        if self.name == "date" and self.spelling:
            return f"{self.spelling}.fromisoformat({value!r})"
        if isinstance(value, float) and not math.isfinite(value):
            return f'float("{value}")'
        if isinstance(value, str):
            return json.dumps(value, ensure_ascii=False)
        return repr(value)


def read_annotation(node: ast.expr) -> Kind:
    """Read an annotation.

    Parameters
    ----------
    node : ast.expr
        ``int``, ``str | None``, ``Optional[date]``, ``list[float]``, ``Literal["a", "b"]``, or
        any of these in quotes.

    Raises
    ------
    KindError
        If the annotation is of another type.
    """
    return _annotation(node, quoted=False)


def _annotation(node: ast.expr, *, quoted: bool) -> Kind:
    if isinstance(node, ast.Constant):
        if node.value is None:
            return Kind("none")
        if isinstance(node.value, str):
            return _annotation(ast.parse(node.value, mode="eval").body, quoted=True)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        sides = (_annotation(side, quoted=quoted) for side in (node.left, node.right))
        return _union([part for side in sides for part in (side.parts or (side,))])
    name = _last_name(node)
    if name in {"int", "float", "str", "bool", "list"}:
        return Kind(name)
    if name == "date":
        return Kind("date", spelling="" if quoted else ast.unparse(node))
    if isinstance(node, ast.Subscript):
        outer = _last_name(node.value)
        inner = node.slice
        if outer in {"list", "List"}:
            return Kind("list", parts=(_annotation(inner, quoted=quoted),))
        if outer == "Optional":
            return _union([_annotation(inner, quoted=quoted), Kind("none")])
        if outer == "Literal":
            given = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            return Kind("literal", choices=tuple(ast.literal_eval(each) for each in given))
    raise KindError(f"the type {ast.unparse(node)!r} is not one of {SUPPORTED}")


def _union(parts: Sequence[Kind]) -> Kind:
    return Kind("union", parts=tuple(dict.fromkeys(parts)))


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def _unwrap(value: Any) -> Any:
    """Take a value out of NumPy's and pandas' scalars; other values come back as they are."""
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
        return value.item()
    if not isinstance(value, bool | int) and isinstance(value, numbers.Integral):
        return int(value)
    return value


def _wrong(kind: Kind, value: Any) -> KindError:
    return KindError(f"{value!r} ({type(value).__name__}) is not {_article(kind)}")


def _article(kind: Kind) -> str:
    text = str(kind)
    if text.startswith("one of"):
        return text
    return f"an {text}" if text[0] in "aeiou" else f"a {text}"


def _check_bool(kind: Kind, value: Any) -> Plain:
    if isinstance(value, bool):
        return value
    raise _wrong(kind, value)


def _check_int(kind: Kind, value: Any) -> Plain:
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    raise _wrong(kind, value)


def _check_float(kind: Kind, value: Any) -> Plain:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise _wrong(kind, value)


def _check_str(kind: Kind, value: Any) -> Plain:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, PurePath):
        return value.as_posix()
    if isinstance(value, date) and not _is_missing(value):
        # YAML reads an unquoted 2024-01-31 as a date; the notebook asked for text.
        return value.isoformat()
    raise _wrong(kind, value)


def _is_missing(value: Any) -> bool:
    return isinstance(value, date) and value != value  # pandas' NaT calls itself a datetime


def _check_date(kind: Kind, value: Any) -> Plain:
    if _is_missing(value):
        raise _wrong(kind, value)
    if isinstance(value, datetime):
        if (value.hour, value.minute, value.second, value.microsecond) != (0, 0, 0, 0):
            raise KindError(f"{value!s} is a moment, not a date")
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError:
            raise KindError(f"{value!r} is not a date written 2024-01-31") from None
    raise _wrong(kind, value)


def _check_none(kind: Kind, value: Any) -> Plain:
    if value is None:
        return None
    raise _wrong(kind, value)


def _check_list(kind: Kind, value: Any) -> Plain:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if not isinstance(value, list | tuple):
        raise _wrong(kind, value)
    item = kind.parts[0] if kind.parts else Kind("any")
    checked: list[Plain] = []
    for place, each in enumerate(value, start=1):
        try:
            checked.append(item.check(each))
        except KindError as error:
            raise KindError(f"item {place}: {error}") from None
    return checked


def _check_literal(kind: Kind, value: Any) -> Plain:
    for choice in kind.choices:
        if value == choice and type(value) is type(choice):
            plain: Plain = choice
            return plain
    raise KindError(f"{value!r} is not {kind}")


def _check_union(kind: Kind, value: Any) -> Plain:
    for part in _strict_first(kind.parts):
        try:
            return part.check(value)
        except KindError:
            continue
    real = [part for part in kind.parts if part.name != "none"]
    if len(real) == 1:
        return real[0].check(value)  # raises, and says more
    raise _wrong(kind, value)


def _check_any(kind: Kind, value: Any) -> Plain:
    for name in ("none", "bool", "int", "float", "str", "list"):
        try:
            return Kind(name).check(value)
        except KindError:
            continue
    raise _wrong(kind, value)


def _strict_first(parts: Sequence[Kind]) -> list[Kind]:
    """Order a union so that 3 stays an int in ``float | int`` and text tries dates first."""
    order = ["none", "bool", "int", "literal", "date", "float", "list", "str"]
    return sorted(parts, key=lambda part: order.index(part.name))


def _member(kind: Kind, value: Plain) -> Kind:
    for part in _strict_first(kind.parts):
        try:
            part.check(value)
        except KindError:
            continue
        return part
    raise _wrong(kind, value)


_CHECKS: Mapping[str, Callable[[Kind, Any], Plain]] = {
    "bool": _check_bool,
    "int": _check_int,
    "float": _check_float,
    "str": _check_str,
    "date": _check_date,
    "none": _check_none,
    "list": _check_list,
    "literal": _check_literal,
    "union": _check_union,
    "any": _check_any,
}


# --- text, as on the command line -------------------------------------------------------------


def _read_bool(kind: Kind, text: str) -> Plain:
    known = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if text.strip().lower() in known:
        return known[text.strip().lower()]
    raise KindError(f"{text!r} is not a bool; write true or false")


def _read_number(kind: Kind, text: str) -> Plain:
    try:
        return int(text) if kind.name == "int" else float(text)
    except ValueError:
        raise KindError(f"{text!r} is not {_article(kind)}") from None


def _read_text(kind: Kind, text: str) -> Plain:
    return kind.check(text)


def _read_none(kind: Kind, text: str) -> Plain:
    if text.strip().lower() in {"none", "null", ""}:
        return None
    raise KindError(f"{text!r} is not None")


def _read_list(kind: Kind, text: str) -> Plain:
    if text.lstrip().startswith("["):
        try:
            return kind.check(json.loads(text))
        except json.JSONDecodeError as error:
            raise KindError(f"{text!r} is not a JSON list: {error}") from None
    item = kind.parts[0] if kind.parts else Kind("str")
    return [item.read(each.strip()) for each in text.split(",") if each.strip()]


def _read_literal(kind: Kind, text: str) -> Plain:
    for choice in kind.choices:
        if str(choice) == text:
            plain: Plain = choice
            return plain
    raise KindError(f"{text!r} is not {kind}")


def _read_union(kind: Kind, text: str) -> Plain:
    for part in _strict_first(kind.parts):
        try:
            return part.read(text)
        except KindError:
            continue
    raise KindError(f"{text!r} is not {_article(kind)}")


_READERS: Mapping[str, Callable[[Kind, str], Plain]] = {
    "bool": _read_bool,
    "int": _read_number,
    "float": _read_number,
    "str": _read_text,
    "date": _read_text,
    "none": _read_none,
    "list": _read_list,
    "literal": _read_literal,
    "union": _read_union,
    "any": _read_text,
}
