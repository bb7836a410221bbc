"""Masks the names, phones, e-mail and postal addresses that people write into free texts."""
# ruff: noqa: PD004  (Ibis calls it isnull)

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

from workbench.data import expressions as ibis
from workbench.data.engine import Engine
from workbench.data.schemas import Schema
from workbench.data.sources.source import ROW
from workbench.privacy import identifiers
from workbench.privacy.names import mask_names

#: What the engine looks for to find texts worth masking.
SUSPECT = r"[@＠]|wxid_|\d{6}|\d[\d\s().\-–]{5,}\d|\d\s*(?:号|弄|栋|幢|室)|\d[A-Za-z]?\s+[A-Z][a-z]"


def mask(text: str, names: Iterable[str] = (), *, free: bool = True) -> str:
    """Replace what points at a person in a free text by [name], [phone], [e-mail], [address], ...

    Parameters
    ----------
    text : str
        A comment.
    names : iterable of str
        Names to look for besides those that a title or an introduction gives away.
    free : bool
        Whether somebody wrote freely. A column that only may hold texts may hold codes as well,
        which stay: there, contacts, addresses and what a checksum tells are masked.
    """
    found = identifiers.find(text)
    if not free:
        found = [one for one in found if one.sure or one.mark in _CONTACTS]
    return _named(identifiers.replaced(text, found), names)


_CONTACTS = frozenset({"[phone]", "[e-mail]", "[address]"})


def _named(masked: str, names: Iterable[str]) -> str:
    for name in sorted(set(names), key=len, reverse=True):
        if re.fullmatch(r"[\u4e00-\u9fff·]+", name):
            masked = masked.replace(name, "[name]")
        else:
            masked = re.sub(rf"\b{re.escape(name)}\b", "[name]", masked, flags=re.IGNORECASE)
    return mask_names(masked)


#: Words that stand in for a date or a number, or are part of one, and name nobody.
_HARMLESS = frozenset(
    re.findall(
        r"\w+",
        "nan inf n a na null none am pm utc gmt cst eur usd cny rmb t z e x nat true false yes"
        " no jan feb mar apr may jun jul aug sep sept oct nov dec january february march april"
        " june july august september october november december mon tue wed thu fri sat sun"
        " 年 月 日 时 分 秒 点 元 上午 下午 年月 月日 无 空 未知 unknown",
    )
)
_WORD = re.compile(rf"{identifiers.MARK.pattern}|[A-Za-z'’]+|[^\W\d_A-Za-z]+")


# Digits from which on a telephone number may stand among them, as beside a day.
_A_NUMBER = 11


def mask_value(text: str) -> str:
    """Mask the words in what was to be a date or a number.

    In a row whose columns have shifted a person's name may stand there, or a phone: of digits that
    may be one the shape is shown, which is what one needs to know of a date.

    Parameters
    ----------
    text : str
        Such as ``date: 2025-02-30``; what stands before the colon is the column, and stays.
    """
    column, colon, value = text.partition(": ")
    if not colon:
        return text
    found = identifiers.find(value)
    many = sum(c.isdigit() for c in value) >= _A_NUMBER
    if many or any(one.mark in ("[phone]", "[number]") for one in found):
        value = re.sub(r"\d", "9", value)
    kept = [one for one in found if one.mark not in ("[phone]", "[number]")]
    masked = _WORD.sub(
        lambda m: m[0] if m[0][0] == "[" or m[0].casefold() in _HARMLESS else "[text]",
        _named(identifiers.replaced(value, kept), ()),
    )
    masked = re.sub(r"\[text\](\W*\[text\])+", "[text]", masked)
    return f"{column}: {masked}"


class NameBook:
    """The names of a study's customers, to find them in free texts.

    Chinese names of two characters are often ordinary words, so they are looked for only in
    their bearer's own texts; longer ones, and Latin names of two words, everywhere.
    """

    def __init__(self, names: dict[str, str]) -> None:
        self.own = names
        self._everywhere: dict[str, set[str]] = {}
        for name in set(names.values()):
            if re.fullmatch(r"[\u4e00-\u9fff·]{3,}", name):
                self._everywhere.setdefault(name[:2], set()).add(name)
            elif len(words := name.split()) >= 2 and name.isascii():
                self._everywhere.setdefault(words[0].casefold(), set()).add(name)

    def in_text(self, text: str, customer: str | None) -> set[str]:
        """Give the names to mask in one text."""
        found: set[str] = set()
        if customer is not None and (name := self.own.get(customer)):
            found |= {name, *(word for word in name.split() if len(word) > 2)}
            if re.fullmatch(r"[\u4e00-\u9fff]{3,}", name):
                found.add(name[-2:])
        folded = text.casefold()
        for word in set(re.findall(r"[a-z'’-]+", folded)):
            found |= {n for n in self._everywhere.get(word, ()) if n.casefold() in folded}
        for i in range(len(text) - 1):
            found |= {n for n in self._everywhere.get(text[i : i + 2], ()) if n in text}
        return found


def free_texts(table: Any, schema: Schema | None, other: Collection[str]) -> dict[str, bool]:
    """Find the columns that may hold free text.

    Parameters
    ----------
    table : ibis Table
        The table.
    schema : Schema or None
        What its standard columns hold.
    other : collection of str
        Columns that do not count.

    Returns
    -------
    dict
        Column -> whether it is free text for certain; the study's own texts only may be.
    """
    found: dict[str, bool] = {}
    for column, kind in table.schema().items():
        meaning = schema.columns.get(column) if schema else None
        free = meaning is not None and meaning.kind == "free_text"
        if kind.is_string() and column not in other and (free or meaning is None):
            found[column] = free
    return found


def mask_texts(
    engine: Engine, table: Any, texts: Mapping[str, bool], names: NameBook, where: str
) -> tuple[Any, int]:
    """Mask people in the free texts of a table; only texts that change travel.

    Parameters
    ----------
    engine : Engine
        Where the table lies.
    table : ibis Table
        With `_row` and, where known, customer_id.
    texts : mapping
        From `free_texts`.
    names : NameBook
        The customers' names, by the table's customer ids.
    where : str
        For errors.

    Returns
    -------
    tuple
        The table, and the number of texts in which something was masked.
    """
    masked = 0
    # In columns that only may be free text the engine looks for digits and @ first.
    doubtful = [column for column, free in texts.items() if not free]
    suspect = engine.matching(table, doubtful, SUSPECT, where)
    for column, free in texts.items():
        if not free and column not in suspect:
            continue
        if free:
            some = table.filter(table[column].notnull())
        else:
            some = table.filter(table[column].re_search(SUSPECT).fill_null(False))
        owner = ["customer_id"] if "customer_id" in table.columns else []
        found = engine.run(some.select(ROW, column, *owner), where)
        owners = found["customer_id"] if owner else [None] * len(found)
        changed: dict[int, str] = {}
        for row, text, person in zip(found[ROW], found[column], owners, strict=True):
            known = names.in_text(text, None if pd.isna(person) else str(person)) if free else ()
            if (hidden := mask(text, known, free=free)) != text:
                changed[int(row)] = hidden
        if changed:
            table = _overwrite(engine, table, column, changed)
            masked += len(changed)
    return table, masked


def _overwrite(engine: Engine, table: Any, column: str, values: Mapping[int, str]) -> Any:
    rows = pa.array(list(values), pa.int64())
    mapping = engine.upload("masked", pa.table({"key_": rows, "value_": list(values.values())}))
    joined = table.left_join(mapping, table[ROW] == mapping.key_)
    names = {c: joined[c] for c in table.columns}
    return joined.select(**{**names, column: ibis.coalesce(joined.value_, names[column])})
