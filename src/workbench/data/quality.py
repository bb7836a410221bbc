"""Rules that a row must pass: rows that fail are set aside with a reason, and none is lost."""
# ruff: noqa: PD003, PD004  (Ibis calls it isnull)

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import ibis
import pandas as pd

from workbench.card import did_you_mean
from workbench.data.dates import date_format
from workbench.data.engine import Engine
from workbench.data.schemas import ALIASES, Column, Schema
from workbench.data.sources import ROW, Source
from workbench.errors import DataError
from workbench.study import Study, Table

REASON = "_reason"
DETAIL = "_detail"

#: What a reason means, in the order in which the rules are asked. A row has one reason: the first.
REASONS: Mapping[str, str] = {
    "malformed": "the line does not have as many fields as the header",
    "missing": "a required value is missing",
    "unreadable": "a required date or number cannot be read",
    "after as-of": "dated after the study's as-of date",
    "too early": "dated before 1900",
    "end before start": "ends before it starts",
    "out of range": "a value lies outside its scale",
    "refund": "negative amount (a refund)",
    "zero amount": "amount of zero",
    "duplicate": "the same row again",
    "second record": "another row with the same key",
    "same person": "another record of a person already there (linked)",
}


@dataclass(frozen=True)
class Flagged:
    """A table with its standard columns and, for each row, why it is set aside (or null)."""

    expr: Any
    formats: Mapping[str, str] = field(default_factory=dict)
    emptied: Mapping[str, int] = field(default_factory=dict)


def standardise(source: Source, card: Table, schema: Schema | None) -> dict[str, Any]:
    """Give the source's columns their standard names.

    Returns
    -------
    dict
        Standard (or own) name -> the source's column.

    Raises
    ------
    DataError
        If a column that the card maps, or that the table cannot do without, is not there.
    """
    have = list(source.columns)
    problems: list[str] = []
    chosen: dict[str, str] = {}
    for standard, own in card.columns.items():
        if own in have:
            chosen[standard] = own
        else:
            meant = did_you_mean(own, have) or f"; the file has {', '.join(have)}"
            problems.append(f"column {own!r} (for {standard}) is missing{meant}")
    for own in have:
        if own not in chosen.values() and own not in card.columns:
            chosen[own] = own
    if schema is not None:
        for standard, column in schema.columns.items():
            if not column.required or standard in chosen or standard in card.columns:
                continue
            meant = _suggest(standard, [c for c in have if c not in schema.columns])
            problems.append(f"column {standard!r} is missing{meant}")
    if problems:
        raise DataError(
            "; ".join(problems),
            where=source.where,
            remedy=f"map it in study.yml: tables.{source.name}.columns: {{standard: name in the"
            " file}",
        )
    order = list(schema.columns) if schema else []
    names = sorted(chosen, key=lambda n: order.index(n) if n in order else len(order))
    return {standard: source.expr[chosen[standard]] for standard in names}


def _suggest(standard: str, have: list[str]) -> str:
    plain = {re.sub(r"[\s-]+", "_", c.strip().casefold()): c for c in have}
    for alias in (standard, *ALIASES.get(standard, ())):
        if alias in plain:
            return f"; did you mean {plain[alias]!r}?"
    return did_you_mean(standard, have) or f"; the file has {', '.join(have)}"


def flag(
    engine: Engine, study: Study, source: Source, schema: Schema | None, columns: dict[str, Any]
) -> Flagged:
    """Read every column as what it should hold, and give each row its reason.

    Parameters
    ----------
    engine, study, source
        Where, whose and which table.
    schema : Schema or None
        What the columns hold; None reads everything as it is.
    columns : dict
        Standard names and columns, from `standardise`.

    Returns
    -------
    Flagged
        Kept in the engine: every readable row of the source, once.
    """
    card = study.tables[source.name]
    raw = source.expr.select(
        **{f"_raw_{n}": c for n, c in columns.items()}, **{ROW: source.expr[ROW]}
    )
    values: dict[str, Any] = {}
    formats: dict[str, str] = {}
    for name in columns:
        text = raw[f"_raw_{name}"]
        if text.type().is_string():
            text = _blank_missing(engine.text(text), card.missing)
        column = schema.columns.get(name) if schema else None
        if column is not None and column.kind in ("date", "moment"):
            chosen = _format_of(engine, card, source, raw, name, text)
            if chosen:
                formats[name] = chosen
            values[name] = engine.moment(text, chosen)
            if column.kind == "date":
                values[name] = values[name].date()
        else:
            values[name] = _value(engine, text, column, card)
    if schema is None:
        reasons: list[tuple[Any, str, Any]] = []
    else:
        reasons = _rules(engine, study, source, schema, raw, values, card)
    typed = raw.select(
        **values,
        **{
            ROW: raw[ROW],
            REASON: _first(reasons, lambda r: ibis.literal(r[1])),
            DETAIL: _first(reasons, lambda r: r[2]),
        },
        **{f"_bad_{n}": _lost(raw, values, n) for n in _optional(schema, values)},
    )
    typed = engine.keep(typed, source.where)
    if schema is not None:
        typed = _duplicates(engine, typed, schema, card, list(values), source.where)
    emptied = _emptied(engine, typed, _optional(schema, values), source.where)
    flagged = typed.select(*values, ROW, REASON, DETAIL)
    return Flagged(flagged, formats, emptied)


def _blank_missing(text: Any, words: tuple[str, ...]) -> Any:
    return ibis.ifelse(text.isin(list(words)), ibis.null("string"), text) if words else text


def _value(engine: Engine, column: Any, meaning: Column | None, card: Table) -> Any:
    if meaning is None:
        return column
    if meaning.kind == "id":
        return normal_id(engine.text(column))
    if meaning.kind in ("category", "free_text", "personal"):
        return engine.text(column)
    if meaning.kind == "boolean":
        return engine.boolean(column)
    number = engine.number(column, card.decimal)
    if meaning.kind == "whole":
        number = ibis.ifelse(number == number.round(), number, ibis.null("float64")).cast("int64")
    if meaning.whole_row or (meaning.low is None and meaning.high is None):
        return number
    return ibis.ifelse(_outside(number, meaning), ibis.null(number.type()), number)


def _outside(number: Any, meaning: Column) -> Any:
    outside = ibis.literal(False)
    if meaning.low is not None:
        outside |= number < meaning.low
    if meaning.high is not None:
        outside |= number > meaning.high
    return outside


def normal_id(text: Any) -> Any:
    """Write an id as one would compare it: upper case, and without a spreadsheet's ``.0``."""
    return text.upper().re_replace(r"^([0-9]+)\.0+$", r"\1")


def _optional(schema: Schema | None, values: Mapping[str, Any]) -> list[str]:
    """Columns whose unreadable cells are emptied while the row stays."""
    if schema is None:
        return []
    kinds = ("date", "moment", "number", "whole", "boolean")
    return [
        n for n, c in schema.columns.items() if n in values and not c.required and c.kind in kinds
    ]


def _lost(raw: Any, values: Mapping[str, Any], name: str) -> Any:
    text = raw[f"_raw_{name}"]
    given = text.notnull()
    if text.type().is_string():
        given &= text.strip() != ""
    return given & values[name].isnull()


def _format_of(
    engine: Engine, card: Table, source: Source, raw: Any, name: str, text: Any
) -> str | None:
    if not text.type().is_string():
        # 20251231 as a number, from Parquet or SQL.
        return (card.date_format or "%Y%m%d") if text.type().is_integer() else None
    if card.date_format is not None:
        return card.date_format
    sample = raw.select(text=text).filter(lambda t: t.text.notnull()).limit(2000)
    texts = engine.run(sample.distinct(), source.where)["text"]
    found = date_format(texts)
    if found.rivals:
        raise DataError(
            f"column {name!r} can be read as {found.format} and as {', '.join(found.rivals)}"
            f" (such as {texts.iloc[0]!r})",
            where=source.where,
            remedy=f"write `date_format:` under tables.{source.name} in study.yml",
        )
    return found.format


# --- the rules -----------------------------------------------------------------------------------


def _rules(
    engine: Engine,
    study: Study,
    source: Source,
    schema: Schema,
    raw: Any,
    values: Mapping[str, Any],
    card: Table,
) -> list[tuple[Any, str, Any]]:
    """Give (condition, reason, detail) in the order in which they are asked."""
    rules: list[tuple[Any, str, Any]] = []
    required = [n for n, c in schema.columns.items() if c.required]
    for name in required:
        text = engine.text(raw[f"_raw_{name}"])
        rules.append((_blank_missing(text, card.missing).isnull(), "missing", ibis.literal(name)))
    for name in required:
        text = engine.text(raw[f"_raw_{name}"])
        rules.append((values[name].isnull(), "unreadable", name + ibis.literal(": ") + text))
    if schema.time in values:
        when = values[schema.time]
        as_of = ibis.literal(study.as_of + dt.timedelta(days=1)).cast("date")
        shown = schema.time + ibis.literal(": ") + when.cast("string")
        rules.append((when >= as_of, "after as-of", shown))
        rules.append((when < ibis.literal(dt.date(1900, 1, 1)).cast("date"), "too early", shown))
    if {"start", "end"} <= set(values):
        shown = values["start"].cast("string") + " > " + values["end"].cast("string")
        rules.append((values["end"] < values["start"], "end before start", shown))
    for name, column in schema.columns.items():
        if name not in values or not column.whole_row:
            continue
        outside = _outside(values[name], column)
        shown = name + ibis.literal(": ") + engine.text(raw[f"_raw_{name}"])
        rules.append((outside, "out of range", shown))
    if "amount" in values and schema.name == "transactions":
        shown = "amount: " + values["amount"].cast("string")
        if card.refunds == "set_aside":
            rules.append((values["amount"] < 0, "refund", shown))
        if card.zero_amounts == "set_aside":
            rules.append((values["amount"] == 0, "zero amount", shown))
    return rules


def _first(rules: list[tuple[Any, str, Any]], give: Any) -> Any:
    """Give something of the first rule that a row fails."""
    if not rules:
        return ibis.null("string")
    branches = [(ibis.coalesce(rule[0], False), give(rule)) for rule in rules]
    return ibis.cases(*branches, else_=ibis.null("string"))


def _duplicates(
    engine: Engine, typed: Any, schema: Schema, card: Table, names: list[str], where: str
) -> Any:
    """Set aside rows that repeat another one.

    A table with a key (or with order numbers) can hold a row once only. In a table without one
    two equal rows may be two true events, so they stay unless the card says otherwise.
    """
    keyed = bool(schema.key) or "order_id" in names
    wanted = card.duplicates == "set_aside" or (card.duplicates == "auto" and keyed)
    good = typed.filter(typed[REASON].isnull())
    if wanted and _repeated(engine, good, names, where):
        typed = _mark(engine, typed, names, "duplicate", where)
        good = typed.filter(typed[REASON].isnull())
    key = [k for k in schema.key if k in names]
    if key and _repeated(engine, good, key, where):
        typed = _mark(engine, typed, key, "second record", where)
    return typed


def _repeated(engine: Engine, good: Any, names: list[str], where: str) -> bool:
    distinct = good.select(*names).distinct()
    counts = engine.run(
        ibis.union(
            good.aggregate(n=good.count()), distinct.aggregate(n=distinct.count()), distinct=False
        ),
        where,
    )["n"]
    return bool(counts.iloc[0] != counts.iloc[1])


def _mark(engine: Engine, typed: Any, names: list[str], reason: str, where: str) -> Any:
    window = ibis.window(
        group_by=[typed[n] for n in names] + [typed[REASON].isnull()], order_by=typed[ROW]
    )
    nth = ibis.row_number().over(window)
    again = typed[REASON].isnull() & (nth > 0)
    first = typed[ROW].first().over(window)
    return engine.keep(
        typed.mutate(
            **{
                REASON: ibis.ifelse(again, reason, typed[REASON]),
                DETAIL: ibis.ifelse(again, "row " + first.cast("string"), typed[DETAIL]),
            }
        ),
        where,
    )


def _emptied(engine: Engine, typed: Any, names: list[str], where: str) -> dict[str, int]:
    if not names:
        return {}
    kept = typed.filter(typed[REASON].isnull())
    counts = engine.run(kept.aggregate(**{n: kept[f"_bad_{n}"].sum() for n in names}), where).iloc[
        0
    ]
    return {n: int(counts[n]) for n in names if pd.notna(counts[n]) and counts[n]}
