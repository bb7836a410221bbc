"""Arithmetic over columns, as a card writes it: ``quantity * unit_price - discount``."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
#: Signs that a Chinese keyboard or a word processor writes.
_SIGNS = str.maketrans({"×": "*", "÷": "/", "−": "-", "–": "-", "（": "(", "）": ")", "＋": "+",
                        "－": "-", "＊": "*", "／": "/"})  # fmt: skip


@dataclass(frozen=True)
class Term:
    """One term of a sum: what is added or taken off, and the columns that it needs."""

    sign: int
    names: tuple[str, ...]
    _tree: ast.expr
    _named: Mapping[str, str]

    def value(self, columns: Mapping[str, Any]) -> Any:
        """Compute the term, without its sign, of numbers or of columns that can calculate."""
        return _value(self._tree, columns, self._named)


@dataclass(frozen=True)
class Formula:
    """A sum of terms.

    Attributes
    ----------
    terms : tuple of Term
        The first is what is sold; the later ones (a discount, freight) may be blank in a row and
        then count nothing.
    """

    terms: tuple[Term, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that it needs, each once, in the order in which they are written."""
        return tuple(dict.fromkeys(name for term in self.terms for name in term.names))


@cache
def read_formula(text: str) -> Formula:
    """Read arithmetic over columns.

    Parameters
    ----------
    text : str
        Names of columns, numbers, ``+ - * /`` and brackets; a name that is no plain word stands in
        backticks.

    Raises
    ------
    ValueError
        Saying what cannot be read.

    Examples
    --------
    >>> formula = read_formula("quantity * `Unit price` - discount")
    >>> formula.names
    ('quantity', 'Unit price', 'discount')
    >>> columns = {"quantity": 3, "Unit price": 5.0, "discount": 1.5}
    >>> sum(term.sign * term.value(columns) for term in formula.terms)
    13.5
    """
    named: dict[str, str] = {}

    def placed(match: re.Match[str]) -> str:
        placeholder = f"column_{len(named)}_"
        named[placeholder] = match[1].strip()
        return f" {placeholder} "

    parts = re.split(r"(`[^`]*`)", text)
    plain = "".join(p if p.startswith("`") else p.translate(_SIGNS) for p in parts)
    code = re.sub(r"`([^`]+)`", placed, plain).strip()
    if "`" in code:
        raise ValueError("a backtick is never closed")
    try:
        tree = ast.parse(code, mode="eval").body
    except (SyntaxError, ValueError):
        raise ValueError(
            "it is no arithmetic over columns; names that are no plain word stand in backticks,"
            " such as `Unit price` * quantity"
        ) from None
    terms = tuple(_terms(tree, 1, named))
    if not any(term.names for term in terms):
        raise ValueError("it names no column")
    return Formula(terms)


def _terms(tree: ast.expr, sign: int, named: Mapping[str, str]) -> list[Term]:
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add | ast.Sub):
        turned = sign if isinstance(tree.op, ast.Add) else -sign
        return [*_terms(tree.left, sign, named), *_terms(tree.right, turned, named)]
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        return _terms(tree.operand, -sign, named)
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Mult | ast.Div):
        # out of brackets, so that each of their terms may be blank by itself
        left = _terms(tree.left, 1, named)
        whole = isinstance(tree.op, ast.Div)
        right = [Term(1, (), tree.right, named)] if whole else _terms(tree.right, 1, named)
        if len(left) * len(right) > 1:
            parts = [(a, b, ast.BinOp(a._tree, tree.op, b._tree)) for a in left for b in right]
            return [
                Term(sign * a.sign * b.sign, tuple(dict.fromkeys(_names(part, named))), part, named)
                for a, b, part in parts
            ]
    return [Term(sign, tuple(dict.fromkeys(_names(tree, named))), tree, named)]


def _names(tree: ast.expr, named: Mapping[str, str]) -> list[str]:
    if isinstance(tree, ast.BinOp) and type(tree.op) in _OPERATORS:
        return [*_names(tree.left, named), *_names(tree.right, named)]
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub | ast.UAdd):
        return _names(tree.operand, named)
    if isinstance(tree, ast.Name):
        return [named.get(tree.id, tree.id)]
    if isinstance(tree, ast.Constant) and type(tree.value) in (int, float):
        return []
    raise ValueError(f"only + - * /, brackets, numbers and columns; not {ast.unparse(tree)!r}")


def _value(tree: ast.expr, columns: Mapping[str, Any], named: Mapping[str, str]) -> Any:
    if isinstance(tree, ast.BinOp):
        left, right = _value(tree.left, columns, named), _value(tree.right, columns, named)
        return _OPERATORS[type(tree.op)](left, right)
    if isinstance(tree, ast.UnaryOp):
        value = _value(tree.operand, columns, named)
        return -value if isinstance(tree.op, ast.USub) else value
    if isinstance(tree, ast.Name):
        return columns[named.get(tree.id, tree.id)]
    assert isinstance(tree, ast.Constant)
    return tree.value


__all__ = ["Formula", "Term", "read_formula"]
