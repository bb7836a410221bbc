"""Reads a YAML file into a pydantic model, with errors that name line, key and remedy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeAlias, Union, get_args, get_origin

import yaml
from pydantic import BaseModel

from workbench.errors import WorkbenchError, did_you_mean

#: The place of a value in a card: keys, and positions in lists.
Loc: TypeAlias = tuple[str | int, ...]
#: A problem: its line (0 if unknown) and its text.
Problem: TypeAlias = tuple[int, str]
#: Values of a file, and lists within lists: more no person writes.
MOST_VALUES = 200_000
MOST_DEEP = 100
#: Problems that one error lists.
_MOST_SAID = 50


class StudyError(WorkbenchError):
    """A study that cannot be found, or a study card that cannot be used."""


def read_yaml(
    path: Path, error: type[WorkbenchError]
) -> tuple[dict[str, Any], dict[Loc, int], list[Problem]]:
    """Read a YAML file of keys.

    Parameters
    ----------
    path : Path
        The file.
    error : type
        The error to raise.

    Returns
    -------
    tuple
        The raw values, the line of each of them, and the keys that were given twice.

    Raises
    ------
    WorkbenchError
        Of the kind `error`, if the file is not UTF-8, not YAML, or not a mapping.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as bad:
        raise error(
            f"the file is not UTF-8 (byte {bad.start})",
            where=str(path),
            remedy="save it as UTF-8",
        ) from None
    raw, root = parse_yaml(text, str(path), error)
    if not isinstance(raw, dict):
        raise error(
            "the file is empty" if raw is None else "the file does not hold `key: value` pairs",
            where=str(path),
            remedy="write `key: value` lines",
        )
    lines: dict[Loc, int] = {}
    problems: list[Problem] = []
    _walk(root, (), lines, problems)
    return {str(key): value for key, value in raw.items()}, lines, problems


def parse_yaml(text: str, where: str, error: type[WorkbenchError]) -> tuple[Any, Any]:
    """Read YAML that somebody else wrote.

    Parameters
    ----------
    text : str
        What was written.
    where : str
        Its place, for errors.
    error : type
        The error to raise.

    Returns
    -------
    tuple
        The values, and the nodes that they stand in.

    Raises
    ------
    WorkbenchError
        Of the kind `error`, if it is no YAML, or its aliases or its nesting make of it more than a
        person could have written.
    """
    loader = None
    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        if root is not None and _size(root, {}) > MOST_VALUES:
            raise error(
                f"its aliases (*name) make more than {MOST_VALUES:,} values of it",
                where=where,
                remedy="write out what is meant",
            )
        raw = None if root is None else loader.construct_document(root)
        repr(raw)  # a number of more digits than Python writes is found here
    except RecursionError:
        raise error(
            "it is nested too deeply, or holds itself by an alias (*name)",
            where=where,
            remedy="write out what is meant",
        ) from None
    except (yaml.YAMLError, ValueError, ArithmeticError, KeyError, AttributeError) as bad:
        # The others: PyYAML meets an impossible date such as 2025-02-30, a number with too many
        # digits, or what does not fit the type that a tag (!!bool) says.
        mark = getattr(bad, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark else ""
        what = getattr(bad, "problem", None) or str(bad)
        if isinstance(bad, KeyError | AttributeError):
            what = f"what a tag (!!) says does not fit its value ({what})"
        raise error(
            f"not readable as YAML: {what}",
            where=f"{where}{place}",
            remedy="mend it; indent with spaces, and quote texts that contain ': '",
        ) from None
    finally:
        if loader is not None:
            loader.dispose()
    return raw, root


def _size(node: Any, known: dict[int, int], depth: int = 0) -> int:
    """Count the values that a node stands for, those of its aliases as often as they are named."""
    if depth > MOST_DEEP:
        raise RecursionError
    if id(node) not in known:
        inner = (
            [part for pair in node.value for part in pair]
            if isinstance(node, yaml.MappingNode)
            else node.value
            if isinstance(node, yaml.SequenceNode)
            else ()
        )
        known[id(node)] = 1 + sum(_size(part, known, depth + 1) for part in inner)
    return known[id(node)]


def _walk(node: Any, at: Loc, lines: dict[Loc, int], problems: list[Problem]) -> None:
    if isinstance(node, yaml.MappingNode):
        here: set[Loc] = set()
        for key_node, value_node in node.value:
            loc = (*at, str(key_node.value))
            line = key_node.start_mark.line + 1
            if loc in here:
                problems.append((line, f"{dotted(loc)}: given twice; keep one"))
            here.add(loc)
            lines[loc] = line
            _walk(value_node, loc, lines, problems)
    elif isinstance(node, yaml.SequenceNode):
        for i, child in enumerate(node.value):
            lines[(*at, i)] = child.start_mark.line + 1
            _walk(child, (*at, i), lines, problems)


def dotted(loc: Loc) -> str:
    """Write a place as ``goals[0].baseline.date``."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def line_of(loc: Loc, lines: Mapping[Loc, int]) -> int:
    """Give the line of a place, or of the nearest key above it."""
    return next((lines[loc[:i]] for i in range(len(loc), 0, -1) if loc[:i] in lines), 0)


_REMEDIES = {
    "missing": "required key is missing",
    "bool_parsing": "write true or false",
    "bool_type": "write true or false",
    "date_from_datetime_parsing": "write a date as 2025-12-31",
    "date_from_datetime_inexact": "write a date as 2025-12-31, without a time",
    "date_parsing": "write a date as 2025-12-31",
    "date_type": "write a date as 2025-12-31",
    "int_parsing": "write a whole number",
    "int_type": "write a whole number",
    "float_parsing": "write a number",
    "float_type": "write a number",
    "string_type": "write a text; quote it if YAML takes it for something else",
    "dict_type": "write `key: value` pairs here",
    "tuple_type": "write a list, such as [a, b]",
    "model_type": "write `key: value` pairs here",
    "too_short": "give at least one entry",
}


def explain(
    problem: Any, model: type[BaseModel], lines: Mapping[Loc, int], hidden: Iterable[str] = ()
) -> Problem:
    """Word one of pydantic's errors for the author of the card.

    Parameters
    ----------
    problem : ErrorDetails
        One entry of ``ValidationError.errors()``.
    model : type
        The card's model.
    lines : mapping
        The line of each place.
    hidden : iterable of str
        Keys of `model` that a card cannot give.
    """
    loc: Loc = tuple(part for part in problem["loc"] if part != "[key]")
    line = line_of(loc, lines)
    kind = str(problem["type"])
    if kind == "extra_forbidden":
        owner = _model_at(model, loc[:-1])
        known = [] if owner is None else [k for k in owner.model_fields if k not in hidden]
        if owner is not None and owner is not model:
            known = list(owner.model_fields)
        meant = did_you_mean(loc[-1], known) or f"; known keys: {', '.join(known)}"
        return line, f"{dotted(loc)}: unknown key{meant}"
    if kind == "literal_error":
        return line, f"{dotted(loc)}: {not_one_of(problem)}"
    if kind in _REMEDIES:
        shown = (
            "" if kind in ("missing", "too_short") else f"{_short(problem['input'])} does not fit; "
        )
        return line, f"{dotted(loc)}: {shown}{_REMEDIES[kind]}"
    return line, f"{dotted(loc)}: {problem['msg']}"


def not_one_of(problem: Any) -> str:
    """Word pydantic's error for a value that is none of a ``Literal``: which there are, and meant.

    Parameters
    ----------
    problem : ErrorDetails
        An entry of ``ValidationError.errors()`` of type ``literal_error``.
    """
    expected = str(problem["ctx"]["expected"])
    meant = did_you_mean(problem["input"], re.findall(r"'([^']*)'", expected))
    return f"{problem['input']!r} is not one of {expected}{meant}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _model_at(model: type[BaseModel], loc: Loc) -> type[BaseModel] | None:
    """Find the model that owns the key at `loc`, to suggest its other keys."""
    at: Any = model
    for part in loc:
        if isinstance(at, type) and issubclass(at, BaseModel):
            field = at.model_fields.get(str(part))
            at = _without_none(field.annotation) if field else None
        elif get_origin(at) is dict:
            at = _without_none(get_args(at)[1])
        elif get_origin(at) in (list, tuple):
            at = _without_none(get_args(at)[0])
        else:
            return None
    return at if isinstance(at, type) and issubclass(at, BaseModel) else None


def _without_none(annotation: Any) -> Any:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _without_none(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return next((_without_none(a) for a in get_args(annotation) if a is not type(None)), None)
    return annotation


def gathered(
    path: Path | str, problems: Iterable[Problem], error: type[WorkbenchError]
) -> WorkbenchError:
    """Put all problems of one card into one error, in the order of its lines."""
    shown = [
        f"line {line}, {text}" if line else text
        for line, text in sorted(problems, key=lambda p: p[0])
    ]
    if len(shown) == 1:
        return error(shown[0], where=str(path))
    listed = "\n".join(f"  {text}" for text in shown[:_MOST_SAID])
    more = f"\n  and {len(shown) - _MOST_SAID} more" if len(shown) > _MOST_SAID else ""
    return error(f"{len(shown)} problems\n{listed}{more}", where=str(path))
