"""Rules that a row must pass: rows that fail are set aside with a reason, and none is lost."""
# ruff: noqa: PD003, PD004  (Ibis calls it isnull)

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any

import pandas as pd

from workbench.data import expressions as ibis
from workbench.data.clean.amounts import in_other_currency
from workbench.data.clean.parse import WORDS, parse, takes_parsing
from workbench.data.clean.questions import QuestionAnswers, lost_answers
from workbench.data.engine import Engine
from workbench.data.schemas import ALIASES, LOADED, Schema
from workbench.data.sources.layout import AGAIN
from workbench.data.sources.source import ROW, Source
from workbench.errors import DataError, did_you_mean
from workbench.study import Study, Table
from workbench.study.fields import NO_AMOUNTS
from workbench.study.survey import LOST

REASON = "_reason"
DETAIL = "_detail"

#: Systems write 1900-01-01 or 1970-01-01 where they have no date.
PLACEHOLDER = dt.date(1970, 1, 1)

#: What a reason means, in the order in which the rules are asked. A row has one reason: the first.
REASONS: Mapping[str, str] = {
    "malformed": "the line does not have as many fields as the header",
    "missing": "a required value is missing",
    "other currency": "an amount in another currency than the study's",
    "unreadable": "a required date or number cannot be read",
    "after as-of": "dated after the study's reporting date",
    "too early": "a placeholder date (1970 or before)",
    "end before start": "ends before it starts",
    "refund": "negative amount (a refund)",
    "netted": "a refund, taken off the purchase that it undoes",
    "cancelled": "a purchase that was refunded in full",
    "unmatched refund": "a refund of more than the customer had bought, or without a purchase",
    "zero amount": "amount of zero",
    "duplicate": "the same row again",
    "second record": "another row with the same key",
    "answered again": "an earlier answer of somebody who answered again (the last one counts)",
    "same person": "duplicate record of one person (linked)",
}

#: Reasons for which nothing is lost: the row is counted elsewhere, or nobody wanted it.
LEFT_OUT = frozenset(
    {
        "refund", "netted", "cancelled", "unmatched refund", "zero amount", "duplicate",
        "same person", "answered again",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Flagged:
    """A table with its standard columns and, for each row, why it is set aside (or null)."""

    expr: Any
    formats: Mapping[str, str] = field(default_factory=dict)
    checked: tuple[str, ...] = ()
    emptied: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    questions: tuple[QuestionAnswers, ...] = ()
    #: The engine's table behind `expr`.
    table: Any = None
    #: Rows of after the day as of which the study is seen.
    later: int = 0


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
    # the engine takes Phone and phone for one name
    if card.amount == NO_AMOUNTS:
        chosen.pop("amount", None)
    formula = card.formula if schema is not None and "amount" in schema.columns else None
    no_column = formula is not None or (schema is not None and card.amount == NO_AMOUNTS)
    small = {standard.casefold() for standard in [*chosen, *(["amount"] if no_column else [])]}
    for own in have:
        if own not in chosen.values() and own not in card.columns:
            chosen[own if own.casefold() not in small else f"{own}_of_file"] = own
    taken = {chosen[name] for name in chosen if name in card.columns}
    taken |= {own for own in have if schema is not None and own in schema.columns}
    problems += [
        f"column {own!r} appears twice in the header, and only one can be meant; rename one of them"
        " in the file"
        for own in sorted(taken)
        if own + AGAIN.format(n=2) in have
    ]
    if formula is not None:
        for name in formula.names:
            if name not in chosen and name not in have:
                meant = did_you_mean(name, [*chosen, *have]) or f"; the file has {', '.join(have)}"
                problems.append(f"column {name!r} (for the amount) is missing{meant}")
    if schema is not None:
        for standard, column in schema.columns.items():
            if not column.required or standard in chosen or standard in card.columns:
                continue
            if standard == "amount" and (formula is not None or card.amount == NO_AMOUNTS):
                continue
            called = next((name for name, own in card.columns.items() if own == standard), None)
            meant = (
                f"; the card calls it {called!r}, which nothing reads"
                if called
                else _suggest(standard, [c for c in have if c not in schema.columns])
            )
            if standard == "amount" and not called and "did you mean" not in meant:
                continue  # a log of visits, donations of kind, deals without value
            problems.append(f"column {standard!r} is missing{meant}")
    if problems:
        raise DataError(
            "; ".join(problems),
            where=source.where,
            remedy=f"map it in study.yml: tables.{source.name}.columns: {{standard: name in the"
            " file}" + (", or write `amount: none`" if "'amount'" in problems[-1] else ""),
        )
    order = list(schema.columns) if schema else []
    names = sorted(chosen, key=lambda n: order.index(n) if n in order else len(order))
    return {standard: source.expr[chosen[standard]] for standard in names}


def _suggest(standard: str, have: list[str]) -> str:
    plain = {re.sub(r"[\s-]+", "_", c.strip().casefold()): c for c in have}
    for alias in (standard, *ALIASES.get(standard, ())):
        if alias in plain:
            return f"; did you mean {plain[alias]!r}?"
    return did_you_mean(standard, have) or (f"; the file has {', '.join(have)}" if have else "")


def flag(
    engine: Engine,
    study: Study,
    source: Source,
    schema: Schema | None,
    columns: dict[str, Any],
    persons: Collection[str] = (),
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
    persons : collection of str
        Words that usually stand for nobody and are customers here.

    Returns
    -------
    Flagged
        Kept in the engine: every readable row of the source, once.
    """
    card = study.tables[source.name]
    if source.partial and card.duplicates == "auto":
        card = card.model_copy(update={"duplicates": "keep"})
    meanings = schema.columns if schema else {}
    cells = parse(engine, study, source, schema, columns, persons)
    values, texts = cells.values, cells.texts
    if engine.is_duckdb:
        # What stood there is looked at closely where it could not be read, and only there.
        texts = {
            raw: ibis.ifelse(values[name].isnull(), text, columns[name])
            if name in columns and columns[name].type() == text.type()
            else text
            for raw, text in texts.items()
            for name in [raw.removeprefix("_raw_")]
        }
    values, texts = ends_known(study, values, texts)
    place = {ROW: source.expr[ROW]} if ROW in source.expr.columns else {}
    parsed = source.expr.select(**values, **texts, **place)
    later = when_known(study, schema, parsed)
    n_later = 0
    notes = cells.notes
    if later is not None:
        n_later = int(engine.run(parsed.filter(later).count(), source.where))
        parsed = parsed.filter(~later)
    elif study.seen is not None:
        notes = (*notes, f"no column says when a row came: all count as known on {study.seen}")
    # The rules below use the parsed columns many times over: they are parsed once.
    dear = takes_parsing(columns, values, meanings) and not engine.is_duckdb
    parsed = engine.keep(parsed, source.where) if dear else engine.view(parsed)
    rules = (
        [] if schema is None else rules_of(engine, study, schema, parsed, card, cells.other_signs)
    )
    optional = [n for n in meanings if f"_raw_{n}" in texts and not meanings[n].required]
    bad = {n: parsed[f"_raw_{n}"].notnull() & parsed[n].isnull() for n in optional}
    lossy = [q.name for q in cells.questions if q.lost]
    lost = {LOST: lost_answers({n: bad[n] for n in lossy})} if lossy else {}
    typed = engine.keep(
        parsed.select(
            *values,
            *place,
            **{
                REASON: _first(rules, lambda r: ibis.literal(r[1])),
                DETAIL: _first(rules, lambda r: r[2]),
            },
            **lost,
            **{f"_bad_{n}": broken for n, broken in bad.items()},
        ),
        source.where,
    )
    if dear:
        engine.drop(parsed)
    if not place:
        typed = engine.numbered(typed, ROW, source.begins)
    if schema is not None:
        typed = _duplicates(engine, typed, schema, card, list(values), source.where)
    emptied = _emptied(engine, typed, optional, source.where)
    checked = {reason for _, reason, _ in rules}
    if schema is not None:
        checked |= {"duplicate"} if may_repeat_not(schema, card, list(values)) else set()
        again = "answered again" if schema.latest else "second record"
        checked |= {again} if schema.key else set()
    if source.delimiter:
        checked.add("malformed")
    flagged = typed.select(*values, *lost, ROW, REASON, DETAIL)
    order = tuple(r for r in REASONS if r in checked)
    return Flagged(flagged, cells.formats, order, emptied, notes, cells.questions, typed, n_later)


# --- as seen on an earlier day -------------------------------------------------------------------


def when_known(study: Study, schema: Schema | None, parsed: Any) -> Any | None:
    """Tell which rows came after the day as of which the study is seen; None where nothing tells.

    A row is known from the day on which it was loaded, where the table says it, and not before it
    happened.
    """
    if study.seen is None or schema is None:
        return None
    names = (schema.time, LOADED, "joined_on" if schema.name == "customers" else None)
    found = [parsed[name] for name in names if name is not None and name in parsed.columns]
    if not found:
        return None
    after = _day_after(study)
    return reduce(or_, (ibis.coalesce(when >= after, False) for when in found))


def ends_known(
    study: Study, values: dict[str, Any], texts: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Take ends after the day as of which the study is seen as not known."""
    if study.seen is None or "end" not in values:
        return values, texts
    later = ibis.coalesce(values["end"] >= _day_after(study), False)
    known = {**values, "end": ibis.ifelse(later, None, values["end"])}
    if "_raw_end" not in texts:
        return known, texts
    return known, {**texts, "_raw_end": ibis.ifelse(later, None, texts["_raw_end"])}


def _day_after(study: Study) -> Any:
    return ibis.literal(study.as_of + dt.timedelta(days=1)).cast("date")


# --- the rules -----------------------------------------------------------------------------------


def rules_of(
    engine: Engine,
    study: Study,
    schema: Schema,
    typed: Any,
    card: Table,
    other_signs: Sequence[str] = (),
) -> list[tuple[Any, str, Any]]:
    """Give (condition, reason, detail) in the order in which they are asked."""
    rules: list[tuple[Any, str, Any]] = []
    have = set(typed.columns)
    required = [n for n, c in schema.columns.items() if c.required and n in have]
    for name in required:
        given, shown = typed[name], ibis.literal(name)
        if f"_raw_{name}" in have and schema.columns[name].kind not in WORDS:
            given = typed[f"_raw_{name}"]
        elif f"_raw_{name}" in have:
            shown = ibis.coalesce(ibis.literal(f"{name}: ") + typed[f"_raw_{name}"], shown)
        rules.append((given.isnull(), "missing", shown))
    # A word that is there can be read; only dates and numbers may be there and say nothing.
    for name in (n for n in required if schema.columns[n].kind not in WORDS):
        shown = ibis.literal(f"{name}: ") + engine.text(typed[f"_raw_{name}"])
        if name == "amount" and other_signs:
            first = engine.text(typed._raw_amount).re_replace(";.*", "")
            other = typed.amount.isnull() & in_other_currency(first, other_signs)
            rules.append((other, "other currency", shown))
        rules.append((typed[name].isnull(), "unreadable", shown))
    if schema.time is not None and schema.time in have:
        when = typed[schema.time]
        after = _day_after(study)
        shown = ibis.literal(f"{schema.time}: ") + when.cast("date").cast("string")
        rules.append((when >= after, "after as-of", shown))
        if not schema.columns[schema.time].old:
            rules.append((when <= ibis.literal(PLACEHOLDER).cast("date"), "too early", shown))
    if {"start", "end"} <= have:
        shown = typed["start"].cast("string") + " > " + typed["end"].cast("string")
        rules.append((typed["end"] < typed["start"], "end before start", shown))
    if "amount" in have and schema.name == "transactions":
        shown = ibis.literal("amount: ") + typed.amount.cast("string")
        if card.refunds == "set_aside":
            rules.append((typed.amount < 0, "refund", shown))
        if card.zero_amounts == "set_aside":
            rules.append((typed.amount == 0, "zero amount", shown))
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
    good = typed.filter(typed[REASON].isnull())
    if may_repeat_not(schema, card, names) and engine.repeats(good.select(*names), where):
        typed = _mark(engine, typed, names, "duplicate", where)
        good = typed.filter(typed[REASON].isnull())
    key = [k for k in schema.key if k in names]
    if key and engine.repeats(good.select(*key), where):
        if schema.latest:
            when = schema.time if schema.time in names else None
            return _mark(engine, typed, key, "answered again", where, latest_by=when or ROW)
        typed = _mark(engine, typed, key, "second record", where)
    return typed


def may_repeat_not(schema: Schema, card: Table, names: list[str]) -> bool:
    """Tell whether a row that is there twice is one too many.

    A till that counts no pieces writes a line for each: two equal lines of one order are two. So
    are they beside a table of orders, whose totals hold both.
    """
    pieces = "product" in names and ("quantity" not in names or card.part_of is not None)
    keyed = bool(schema.key) or ("order_id" in names and not pieces)
    return card.duplicates == "set_aside" or (card.duplicates == "auto" and keyed)


def _mark(
    engine: Engine,
    typed: Any,
    names: list[str],
    reason: str,
    where: str,
    latest_by: str | None = None,
) -> Any:
    """Give a reason to all rows of a key but the first, or the latest by some column."""
    order = [typed[ROW]]
    if latest_by is not None:
        # a row without a date is older than one with it
        order = [typed[latest_by].isnull(), ibis.desc(typed[latest_by]), ibis.desc(typed[ROW])]
    window = ibis.window(
        group_by=[typed[n] for n in names] + [typed[REASON].isnull()], order_by=order
    )
    nth = ibis.row_number().over(window)
    again = typed[REASON].isnull() & (nth > 0)
    first = typed[ROW].first().over(window)
    marked = engine.keep(
        typed.mutate(
            **{
                REASON: ibis.ifelse(again, reason, typed[REASON]),
                DETAIL: ibis.ifelse(again, "row " + first.cast("string"), typed[DETAIL]),
            }
        ),
        where,
    )
    engine.drop(typed)
    return marked


def _emptied(engine: Engine, typed: Any, names: list[str], where: str) -> dict[str, int]:
    if not names:
        return {}
    kept = typed.filter(typed[REASON].isnull())
    counts = engine.run(kept.aggregate(**{n: kept[f"_bad_{n}"].sum() for n in names}), where).iloc[
        0
    ]
    return {n: int(counts[n]) for n in names if pd.notna(counts[n]) and counts[n]}
