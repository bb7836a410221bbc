"""The rows that a card asks for: `where`, and one total an order; and columns that it names."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

from workbench import trace
from workbench.data import expressions as ibis
from workbench.data.clean.groups import ungrouped
from workbench.data.engine import Engine
from workbench.data.people.pseudonyms import personal_columns, values_say_who
from workbench.data.schemas import Schema
from workbench.data.sources.source import ROW, Source
from workbench.data.text.notation import plain
from workbench.errors import DataError, did_you_mean
from workbench.study import Study, Table
from workbench.study.fields import RowSelection

#: What a card leaves out: neither read nor set aside.
LEFT_OUT: Mapping[str, str] = {
    "where": "left out by `where`",
    "group": "names and totals of the groups of a report",
    "line": "further lines of an order whose total counts once",
    "later": "of after the day as of which the study is seen",
    "consent": "of people who have not consented",
}
#: Share of the orders with several totals from which on these are no totals of orders.
_MANY = 0.05
_SHOWN = 12
#: Likeness of a word to one that is there from which on it is that word, misspelt.
_SLIP = 0.88
#: Columns of the study's own from which on only those are read that the study names.
_WIDE = 250
#: Ends the note on what was left out.
UNNAMED = "columns are not read, for nothing in study.yml names them"
#: Rows by which amounts of money are told from other numbers, and how they are mostly written.
_LOOKED_AT = 200
_MONEY = re.compile(r"\D{0,4}-?\d[\d.,' ]*[.,]\d{2}\D{0,4}")


@dataclass(frozen=True)
class Selected:
    """What is left of a source.

    Attributes
    ----------
    source : Source
        Its rows that the card asks for, and notes on what was left out.
    left_out : dict
        Why rows are not among them -> their number.
    """

    source: Source
    left_out: Mapping[str, int] = field(default_factory=dict)


def select_rows(engine: Engine, card: Table, source: Source, *, count: bool = True) -> Selected:
    """Keep the rows that the card asks for.

    Parameters
    ----------
    engine, card, source
        Where, how and which table.
    count : bool
        Whether to count what `where` leaves out; it is held against the values anyhow.

    Raises
    ------
    DataError
        If a column or a value of `where` is not there, or the totals of orders are none.
    """
    left_out = {}
    if card.group_rows:
        source, left_out["group"] = ungrouped(engine, card.group_rows, source)
    _refuse_unknown_keys(card, source)
    if card.fill_down:
        source = _filled_down(engine, card, source, count=count)
    if card.where:
        if card.amount_per == "order":
            source = _with_totals(engine, card, source)
        source, left_out["where"] = _where(engine, card, source, count=count)
    if card.amount_per == "order":
        source, left_out["line"] = _one_an_order(engine, card, source)
    return Selected(source, {why: n for why, n in left_out.items() if n})


def select_columns(study: Study, source: Source, schema: Schema) -> Source:
    """Leave out, of a table of very many columns, those that nothing in the study names."""
    own = [column for column in source.columns if column not in schema.columns]
    if len(own) <= _WIDE:
        return source
    named = named_in(study)
    formula = study.tables[source.name].formula
    named |= set(formula.names) if formula else set()
    kept = tuple(c for c in source.columns if c in schema.columns or c in named)
    left = len(source.columns) - len(kept)
    note = f"{left:,} {UNNAMED}"
    return replace(source, columns=kept, notes=(*source.notes, note), partial=True)


def named_in(study: Study) -> set[str]:
    """Give every text of a card that may name a column."""
    with trace.quiet():  # `Tables` tells of tables of which some columns are not read
        return set(texts_in(study.model_dump(exclude={"title", "description", "origin"})))


def not_to_publish(
    study: Study, source: Source, schema: Schema | None, columns: Collection[str]
) -> list[str]:
    """Name the file's own columns that the card does not list under ``publish``, nor names.

    Raises
    ------
    DataError
        If the list has a column that is not there, or that says who somebody is.
    """
    listed = study.tables[source.name].publish
    if listed is None:
        return []
    where = f"{study.path}, tables.{source.name}.publish"
    # as the file calls them, though a survey's questions have been given their standard names
    of_file = [source.heading(column) for column in source.columns]
    for column in listed:
        if column not in of_file and column not in source.columns:
            raise DataError(
                f"there is no column {column!r}{did_you_mean(column, of_file)}",
                where=where,
                remedy=f"the file has {', '.join(of_file)}",
            )
        if personal_columns([column]):
            raise DataError(
                f"{column!r} says who somebody is, and no page may show it",
                where=where,
                remedy="take it off the list; a column that is called so and holds something else"
                " can be renamed in the file",
            )
    standard = set(schema.columns) if schema is not None else set()
    named = named_in(study) | set(study.tables[source.name].columns)
    return [c for c in columns if c not in standard and c not in named and c[:1] != "_"]


#: So many different values tell what a column holds.
_LOOKED_AT = 300


def nobody_in_published(
    engine: Engine, table: Any, study: Study, source: Source, known: Collection[str]
) -> None:
    """Refuse a listed column whose values are persons, whatever it is called.

    Parameters
    ----------
    engine : Engine
    table : ibis Table
        Before texts are masked.
    study : Study
    source : Source
    known : collection of str
        Standard columns, of which it is known what they hold.

    Raises
    ------
    DataError
    """
    listed = set(study.tables[source.name].publish or ())
    schema = table.schema()
    for column in table.columns:
        heading = source.heading(column) if column in source.columns else column
        if column in known or not listed & {column, heading} or not schema[column].is_string():
            continue
        held = engine.run(table.select(v=table[column]).distinct().limit(_LOOKED_AT), source.where)
        if values_say_who(held["v"]):
            raise DataError(
                f"the values of {heading!r} are names or contacts of persons, and no page may"
                " show them",
                where=f"{study.path}, tables.{source.name}.publish",
                remedy="take it off the list, or let the file hold roles or groups there",
            )


def without_amounts(
    engine: Engine, card: Table, source: Source, schema: Schema, columns: Mapping[str, Any]
) -> Source:
    """Note that a log has no amounts, and ask where a column looks like them.

    Raises
    ------
    DataError
        If a column that nothing names holds amounts of money.
    """
    if "amount" not in schema.columns or "amount" in columns or card.amount is not None:
        return source
    own = {n: c for n, c in columns.items() if n not in schema.columns}
    own = {
        n: c.cast("string")
        for n, c in own.items()
        if c.type().is_string() or c.type().is_floating()
    }
    rows = engine.run(source.expr.select(**own).limit(_LOOKED_AT), source.where) if own else {}
    for name in own:
        texts = [text for text in rows[name].dropna() if text.strip()]
        if sum(bool(_MONEY.fullmatch(text.strip())) for text in texts) * 5 > len(texts) * 4:
            raise DataError(
                f"column 'amount' is missing; did you mean {name!r}?",
                where=source.where,
                remedy=f"map it in study.yml: tables.{source.name}.columns: {{amount: {name}}}, or"
                " write `amount: none`",
            )
    note = (
        "it has no amounts, and nothing is said of what customers spend; write `amount: none` if"
        " that is right"
    )
    return replace(source, notes=(*source.notes, note))


def _whole(text: str) -> tuple[str, ...]:
    return (text,)


def texts_in(value: Any, of: Callable[[str], Iterable[str]] = _whole) -> Iterator[str]:
    """Give every key, and of every text what `of` makes of it, in a part of a card."""
    if isinstance(value, str):
        yield from of(value)
    elif isinstance(value, Mapping):
        for key, entry in value.items():
            yield str(key)
            yield from texts_in(entry, of)
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from texts_in(entry, of)


# --- rows by value --------------------------------------------------------------------------------


def _where(engine: Engine, card: Table, source: Source, *, count: bool) -> tuple[Source, int]:
    kept = chosen_rows(engine, card, source, card.where, "where")
    out = int(engine.run(source.expr.filter(~kept).count(), source.where)) if count else 0
    return replace(source, expr=source.expr.filter(kept)), out


def chosen_rows(
    engine: Engine, card: Table, source: Source, rows: Mapping[str, RowSelection], key: str
) -> Any:
    """Tell which rows have the values that a key of the card lists.

    Raises
    ------
    DataError
        If a column or a value is not there.
    """
    kept = ibis.literal(True)
    for name, chosen in rows.items():
        column = _column(card, source, name, key)
        matched = _matching(engine, column, chosen)
        _refuse_unknown(engine, source, name, column, chosen, matched, key)
        some = ibis.literal(False)
        for one in matched:
            some |= one
        kept &= ~some if chosen.excluded else some
    return kept


def _column(card: Table, source: Source, name: str, key: str) -> Any:
    """Find a column by its standard name or by the one that it has in the file."""
    own = card.columns.get(name, name)
    if own in source.columns:
        return source.expr[own]
    meant = did_you_mean(name, [*source.columns, *card.columns])
    raise DataError(
        f"there is no column {name!r} for `{key}`{meant}",
        where=source.where,
        remedy=f"mend it under tables.{source.name}; the file has {', '.join(source.columns)}",
    )


def _matching(engine: Engine, column: Any, chosen: RowSelection) -> list[Any]:
    """Tell for each value which rows have it; texts are compared without blanks around them."""
    text = engine.plain(engine.text(column))
    matched = []
    for value in chosen.values:
        if value == "":
            matched.append(text.isnull())
            continue
        # as the engine reads it: without the mark that some bills put before each value
        bare = unicodedata.normalize("NFKC", str(value)).removeprefix("`")
        same = text == plain(bare)
        if isinstance(value, bool):
            same |= engine.boolean(column) == value
        elif isinstance(value, int | float):
            same |= engine.number(column) == value
        elif isinstance(value, dt.date):
            same |= engine.moment(column).date() == ibis.literal(value)
        matched.append(ibis.coalesce(same, False))
    return matched


def _refuse_unknown(
    engine: Engine,
    source: Source,
    name: str,
    column: Any,
    chosen: RowSelection,
    matched: list[Any],
    key: str,
) -> None:
    """Refuse a filter that fits no row, and a value that is there in other letters."""
    asked = {f"n_{i}": one.sum() for i, one in enumerate(matched)}
    counts = engine.run(source.expr.aggregate(**asked), source.where).iloc[0]
    hits = [int(counts[name] or 0) for name in asked]
    absent = [v for v, n in zip(chosen.values, hits, strict=True) if not n and v != ""]
    if not chosen.excluded and not any(hits):
        absent = absent or list(chosen.values)
    if not absent:
        return
    text = engine.text(column)
    rows = source.expr.select(value=text)
    rows = rows.filter(rows.value.notnull())
    rows = rows.group_by("value").aggregate(n=rows.count())
    found = engine.run(rows.order_by(ibis.desc("n"), "value").limit(1000), source.where)["value"]
    known = {_folded(value): str(value) for value in found[::-1]}
    near = next((v for v in absent if _folded(v) in known), None)
    if near is None and (chosen.excluded or len(absent) < len(chosen.values)):
        # a word that nobody ever writes is harmless; one that is nearly written is a slip
        asked_for = {_folded(v) for v in chosen.values}
        others = [folded for folded in known if folded not in asked_for]
        slips = [v for v in absent if get_close_matches(_folded(v), others, n=1, cutoff=_SLIP)]
        if not slips:
            return
        absent = slips
    shown = ", ".join(repr(str(value)) for value in found[:_SHOWN])
    value = absent[0] if near is None else near
    meant = (
        did_you_mean(value, found) if near is None else f"; did you mean {known[_folded(near)]!r}?"
    )
    raise DataError(
        f"no row has {name} {str(value)!r}{meant}",
        where=source.where,
        remedy=f"mend `{key}` under tables.{source.name}; there are {shown}"
        + (", ..." if len(found) > _SHOWN else ""),
    )


def _folded(value: object) -> str:
    return "".join(unicodedata.normalize("NFKC", str(value)).casefold().split())


def _refuse_unknown_keys(card: Table, source: Source) -> None:
    """Refuse what a card says of a column that is not there: it would be heeded by nobody."""
    for key in ("missing", "date_format"):
        said = getattr(card, key)
        for name in said if isinstance(said, Mapping) else ():
            if card.columns.get(name, name) not in source.columns:
                known = [*source.columns, *card.columns]
                raise DataError(
                    f"there is no column {name!r} for `{key}`{did_you_mean(name, known)}",
                    where=source.where,
                    remedy=f"mend it under tables.{source.name}; the file has"
                    f" {', '.join(source.columns[:_WIDE])}",
                )


# --- what stands on the first line of an order alone ---------------------------------------------


def _filled_down(engine: Engine, card: Table, source: Source, *, count: bool) -> Source:
    """Write what an export says on the first line of an order alone on its other lines, too.

    Lines without a number of their own belong to the order above them, where the number is one of
    these columns; else the number tells the order, or in a table without one the first column.
    """
    columns = {card.columns.get(name, name): _column(card, source, name, "fill_down")
               for name in card.fill_down}  # fmt: skip
    order = card.columns.get("order_id", "order_id")
    first = order if order in columns else next(iter(columns))
    lines = source.expr.mutate(
        _begins=engine.text(columns[first]).notnull().cast("int64"),
        **{f"_{i}": engine.text(column).isnull() for i, column in enumerate(columns.values())},
    )
    above = ibis.cumulative_window(order_by=ROW)
    if order in source.columns and order not in columns:
        lines = lines.mutate(_order=engine.text(lines[order]))
    else:
        lines = lines.mutate(_order=lines._begins.sum().over(above))
    window = ibis.window(group_by="_order", order_by=ROW)
    filled = {}
    for i, name in enumerate(columns):
        blank = lines[f"_{i}"] & lines._order.notnull()
        filled[name] = ibis.ifelse(blank, lines[name].first().over(window), lines[name])
    rows = lines.mutate(**filled)
    notes = source.notes
    if count:
        some = ibis.literal(False)
        for i, name in enumerate(columns):
            some |= rows[f"_{i}"] & engine.text(rows[name]).notnull()
        n = int(engine.run(rows.filter(some).count(), source.where) or 0)
        listed = ", ".join(repr(name) for name in columns)
        notes += (f"{n:,} rows take {listed} from the first line of their order",)
    return replace(source, expr=rows.select(*source.expr.columns), notes=notes)


# --- one total an order ---------------------------------------------------------------------------


def _order_and_total(card: Table, source: Source) -> tuple[Any, str, Any]:
    """Find the column of order ids, and the name and the column of what an order comes to."""
    total = card.formula.names[0] if card.formula else "amount"
    order_id, written = (
        _column(card, source, name, "amount_per: order") for name in ("order_id", total)
    )
    return order_id, total, written


def _with_totals(engine: Engine, card: Table, source: Source) -> Source:
    """Write what an export says of an order on one line alone on each of its lines.

    That is its total, and what `where` asks for, unless it asks for blanks: else a line that is
    left out would take the total with it, or a line without a status pass for an order.
    """
    order_id, total, written = _order_and_total(card, source)
    once = {total: written}
    for name, chosen in card.where.items():
        if "" not in chosen.values:
            once[name] = _column(card, source, name, "where")
    lines = source.expr.mutate(
        _order=engine.text(order_id),
        **{f"_{i}": engine.text(column) for i, column in enumerate(once.values())},
    )
    window = ibis.window(group_by="_order", order_by=ROW)
    filled = {}
    for i, name in enumerate(once):
        own = lines[f"_{i}"]
        of_order = ibis.coalesce(own, own.first().over(window))
        filled[card.columns.get(name, name)] = ibis.ifelse(lines._order.isnull(), own, of_order)
    return replace(source, expr=lines.mutate(**filled).select(*source.expr.columns))


def _one_an_order(engine: Engine, card: Table, source: Source) -> tuple[Source, int]:
    """Keep one line of each order: the first that has its total; refunds count by themselves."""
    order_id, _, written = _order_and_total(card, source)
    lines = source.expr.mutate(
        _order=engine.text(order_id),
        _amount=engine.number(written, card.decimal_mark, card.thousands),
        # a total that cannot be read is one, too: it must not pass for a blank
        _stands=engine.text(written).notnull(),
    )
    back = lines._amount < 0
    if card.refund_rows:
        told = chosen_rows(
            engine, card, replace(source, expr=lines), card.refund_rows, "refund_rows"
        )
        back |= told
    lines = lines.mutate(_back=ibis.coalesce(back, False))
    order = ibis.window(group_by="_order")
    group = ibis.window(group_by=["_order", "_back"], order_by=[ibis.desc("_stands"), ROW])
    lines = lines.mutate(
        _nth=ibis.row_number().over(group),
        _any=lines._stands.sum().over(order) > 0,
    )
    kept = lines._order.isnull() | ((lines._nth == 0) & (lines._stands | ~lines._any))
    orders = lines.filter(lines._order.notnull() & lines._stands)
    orders = orders.group_by("_order", "_back").aggregate(
        lines=orders.count(), totals=orders._amount.nunique()
    )
    facts = engine.run(
        orders.aggregate(
            several=(orders.lines > 1).sum(),
            differing=(orders.totals > 1).sum(),
            example=orders._order.min(where=orders.totals > 1),
        ),
        source.where,
    ).iloc[0]
    differing = int(facts["differing"] or 0)
    if differing > _MANY * int(facts["several"] or 0):
        raise DataError(
            f"the lines of {differing:,} orders carry different amounts, such as those of"
            f" {facts['example']!r}",
            where=source.where,
            remedy="leave `amount_per: order` out: these are amounts of lines, or map the column"
            " with the order's total",
        )
    notes = source.notes
    if differing:
        notes += (f"{differing} orders carry several totals; the first was taken",)
    rows = engine.keep(lines.filter(kept).select(*source.expr.columns), source.where)
    asked = source.expr.count().as_scalar() - rows.count()
    out = int(engine.run(rows.aggregate(n=asked), source.where)["n"].iloc[0])
    return replace(source, expr=rows, notes=notes), out
