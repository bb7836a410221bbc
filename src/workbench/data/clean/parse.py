"""Reads a source's columns as what they should hold: dates, numbers, ids, words."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from workbench.data import expressions as ibis
from workbench.data.clean.amounts import in_other_currency, odd_amounts, other_signs
from workbench.data.clean.questions import QuestionAnswers, read_questions
from workbench.data.clean.selection import chosen_rows
from workbench.data.engine import Engine
from workbench.data.people.keys import read_key
from workbench.data.schemas import ColumnRule, Schema
from workbench.data.sources.source import Source
from workbench.data.text.notation import (
    MULTIPLES,
    DateFormat,
    Decimal,
    date_format,
    decimal_mark,
    heading_zone,
    other_calendar,
)  # fmt: skip
from workbench.data.text.zone_names import with_offsets, zone_names
from workbench.errors import DataError
from workbench.study import Study, Table
from workbench.study.fields import AMOUNT_UNITS, FEE_MONTHS, RESPONSE_UNITS
from workbench.study.formula import Formula
from workbench.study.survey import Survey

#: Rows by which a column's way of writing is found out.
_SAMPLE = 2000
#: Digits that are none of ours: Arabic ones, full-width ones.
_OTHER_DIGITS = re.compile(r"[^\x00-\x7f\D]")
#: Kinds of columns whose texts are the values.
WORDS = ("id", "category", "free_text", "personal")


@dataclass(frozen=True)
class Parsed:
    """A source's columns, read as what they should hold; what cannot be read is null.

    Attributes
    ----------
    values : dict
        Column -> its values.
    texts : dict
        Of dates and numbers, as ``_raw_`` columns: what stood there. Of ids: what stood there
        and is none.
    formats : dict
        Of dates in another form than ISO 8601: the format.
    notes : tuple of str
        What was guessed and may be otherwise.
    questions : tuple of QuestionAnswers
        Of a survey: what became of the answers.
    other_signs : tuple of str
        Signs of currencies that are not the study's, where amounts in both stand in one column.
    """

    values: dict[str, Any]
    texts: dict[str, Any]
    formats: dict[str, str]
    notes: tuple[str, ...] = ()
    questions: tuple[QuestionAnswers, ...] = ()
    other_signs: tuple[str, ...] = ()


def parse(
    engine: Engine,
    study: Study,
    source: Source,
    schema: Schema | None,
    columns: dict[str, Any],
    persons: Collection[str] = (),
) -> Parsed:
    """Read every column as what it should hold.

    Of the words that stand for nobody, `persons` are customers here.
    """
    card = study.tables[source.name]
    meanings = schema.columns if schema else {}
    formula = card.formula if "amount" in meanings else None
    named = formula.names if formula else ()
    parts = {name: columns[name] if name in columns else source.expr[name] for name in named}
    seen, whole = _sample(engine, card, source, meanings, columns, parts)
    if card.decimal is not None or card.thousands is not None:
        money = {"amount", *named} if "amount" in meanings else set()
        _refuse_mark(source, card, seen, money)
    marks = {
        name: _mark(card, texts)
        for name, texts in seen.items()
        if name not in meanings or meanings[name].kind not in ("date", "moment")
    }
    texts: dict[str, Any] = {}
    values: dict[str, Any] = {}
    formats: dict[str, str] = {}
    answered, stood, questions = _answers(engine, study, source, meanings, columns)
    values |= answered
    texts |= stood
    for name, given in columns.items():
        if name in answered:
            continue
        meaning = meanings.get(name)
        worded = given.type().is_string()
        words = card.missing_in(name)
        text = _blank_missing(engine.text(given), words) if worded else given
        # what is read anyhow need not be looked at for blanks before
        bare = given if worded and engine.is_duckdb and not words else text
        if meaning is not None and meaning.kind in ("date", "moment"):
            if worded and any(map(_OTHER_DIGITS.search, seen.get(name, ()))):
                bare = engine.plain(bare)  # ٢٠٢٤-٠١-٠٣
            if worded and (zones := zone_names(seen.get(name, ()))):
                bare = text = with_offsets(text, zones, study.time_zone)
            chosen = _format_of(engine, card, source, name, text, seen.get(name))
            if chosen:
                formats[name] = chosen
            values[name] = engine.moment(bare, chosen, heading_zone(given.get_name()))
            if meaning.kind == "date":
                values[name] = values[name].date()
        elif meaning is not None and meaning.kind == "id":
            values[name], texts[f"_raw_{name}"] = read_key(
                engine, name, given, text, guess=not card.lists_missing(name),
                but=persons if name == "customer_id" else (),
            )  # fmt: skip
        elif name == "amount" and formula is not None:
            continue
        else:
            mark = marks.get(name, Decimal(card.decimal or "."))
            scale = RESPONSE_UNITS[card.response_unit] if name == "response_hours" else 1.0
            if name == "monthly_fee":
                scale = AMOUNT_UNITS[card.amount_unit] / FEE_MONTHS[card.fee_per]
            values[name] = _value(
                engine, bare if meaning is not None else text, meaning, card, mark,
                name=name, scale=scale,
            )  # fmt: skip
            if name == "response_hours" and given.type().is_string():
                values[name] = ibis.coalesce(values[name], _clock_hours(engine, text))
        if meaning is not None and meaning.kind not in WORDS:
            texts[f"_raw_{name}"] = text
    if formula is not None:
        values["amount"], texts["_raw_amount"] = _computed(engine, card, formula, parts, marks)
    first = named[0] if formula is not None else "amount"
    signs: tuple[str, ...] = ()
    if "amount" in values and first in seen:
        given = parts[first] if first in parts else columns[first]
        written = engine.text(given)
        # the one amount in euros may stand far below the rows that were looked at
        odd = seen[first] if whole else odd_amounts(engine, source, given)
        signs = other_signs(odd, study.currency, bare=_mostly_bare(seen[first]))
    if signs:
        other = ibis.coalesce(in_other_currency(written, signs), False)
        values["amount"] = ibis.ifelse(other, ibis.null("float64"), values["amount"])
    if card.amount_unit != "one" and "amount" in values:
        values["amount"] = _in_units(engine, card, values["amount"], texts["_raw_amount"])
    if card.refund_rows and "amount" in values:
        back = chosen_rows(engine, card, source, card.refund_rows, "refund_rows")
        values["amount"] = ibis.ifelse(back, -values["amount"].abs(), values["amount"])
    numeric = _numbers(engine, source, values, meanings, columns, card)
    for name in numeric:
        bare = card.decimal in (None, ".")
        values[name] = (
            engine.bare_number(values[name]) if bare else engine.number(values[name], ",")
        )
    order = [*(n for n in meanings if n in values), *(n for n in values if n not in meanings)]
    values = {name: values[name] for name in order}
    notes = _doubts(source, card, marks)
    notes += tuple(
        f"{name!r}: the dates are months; each counts as its first day"
        for name, format in formats.items()
        if "%" in format and not re.search("%[dj]", format)
    )
    return Parsed(values, texts, formats, notes, questions, signs)


def _answers(
    engine: Engine,
    study: Study,
    source: Source,
    meanings: Mapping[str, ColumnRule],
    columns: Mapping[str, Any],
) -> tuple[dict[str, Any], dict[str, Any], tuple[QuestionAnswers, ...]]:
    """Read the answers to a survey's questions: the numbers, and what stood there."""
    asked = {n: c for n, c in columns.items() if n in meanings and meanings[n].kind == "answer"}
    card = study.tables[source.name]
    missing = {}
    for name, column in asked.items():
        names = dict.fromkeys((name, source.heading(column.get_name()), Survey.item_of(name)))
        missing[name] = {word for each in names for word in card.missing_in(each)}
    numbers, stood, questions = read_questions(
        engine, source, study.survey or Survey(), asked, missing
    )
    return numbers, {f"_raw_{name}": text for name, text in stood.items()}, questions


def _sample(
    engine: Engine,
    card: Table,
    source: Source,
    meanings: Mapping[str, ColumnRule],
    columns: Mapping[str, Any],
    parts: Mapping[str, Any],
) -> tuple[dict[str, list[str]], bool]:
    """Give the first texts of each column whose way of writing must be found out.

    And whether these are the texts of all rows.
    """
    wanted = {}
    for name, column in columns.items():
        kind = meanings[name].kind if name in meanings else None
        told = card.format_of(name) if kind in ("date", "moment") else None
        days = kind in ("date", "moment") and (told is None or "%M" in told)
        counted = column.type().is_numeric() and days
        numeric = kind in ("number", "whole", "times")
        if (column.type().is_string() and (days or numeric)) or counted:
            wanted[name] = column
    wanted |= {name: column for name, column in parts.items() if column.type().is_string()}
    if not wanted:
        return {}, True
    words = {name: set(card.missing_in(name)) for name in wanted}
    rows = engine.run(
        source.expr.select(**{n: c.cast("string") for n, c in wanted.items()}).limit(_SAMPLE),
        source.where,
    )
    texts = {name: sorted(set(rows[name].dropna()) - {""} - words[name]) for name in wanted}
    return texts, len(rows) < _SAMPLE


def _mostly_bare(texts: Collection[str]) -> bool:
    """Tell whether most amounts are digits alone: these are in the study's currency."""
    bare = sum(text.lstrip(" -+")[:1].isdigit() and text.rstrip()[-1:].isdigit() for text in texts)
    return bare * 2 > len(texts)


def _mark(card: Table, texts: list[str]) -> Decimal:
    if card.decimal is not None or card.thousands is not None:
        return Decimal(card.decimal_mark)
    return decimal_mark(texts)


def _refuse_mark(
    source: Source, card: Table, seen: Mapping[str, list[str]], names: set[str]
) -> None:
    """Refuse a mark of the card's that the numbers contradict: 23.85 has no thousands.

    Raises
    ------
    DataError
        Naming a column and a number of it.
    """
    for name in names & set(seen):
        found = decimal_mark(seen[name])
        own = card.decimal_mark
        marked = [text for text in seen[name] if found.mark in text]
        if not found.doubt and found.mark != own and len(marked) * 2 > len(seen[name]):
            key = "decimal" if card.decimal is not None else "thousands"
            raise DataError(
                f"{name!r}: {marked[0]!r} contradicts `{key}: {getattr(card, key)!r}` of the card",
                where=source.where,
                remedy=f"mend or take out `{key}` under tables.{source.name}",
            )


def _doubts(source: Source, card: Table, marks: Mapping[str, Decimal]) -> tuple[str, ...]:
    """Say which marks are guesses: a comma before decimals, and a mark that may be either.

    Raises
    ------
    DataError
        If a dot may group thousands or stand before decimals.
    """
    notes = []
    for name, found in marks.items():
        if found.doubt and name in ("amount", *(card.formula.names if card.formula else ())):
            groups = {".": ",", ",": "."}[found.mark] in found.doubt
            if not groups:
                raise DataError(
                    f"{name!r}: {found.doubt!r} may be a thousand or one and a bit, and no other"
                    " number of the column tells",
                    where=source.where,
                    remedy=f'write `thousands: "."` or `decimal: "."` under tables.{source.name}',
                )
            meant = "a thousand"
            notes.append(
                f'{name!r}: {found.doubt!r} is read as {meant}; write `decimal` ("." or ",")'
                f" under tables.{source.name} if that is wrong, and if it is right"
            )
        elif found.mark == "," and card.decimal is None and card.thousands is None:
            notes.append(f"{name!r}: the comma is read as the decimal point")
    return tuple(notes)


#: What systems write into a cell that holds no number.
_NOTHING = ("null", "\\n", "nan", "n/a", "na", "none", "-", "--", "#n/a")


def _computed(
    engine: Engine,
    card: Table,
    formula: Formula,
    parts: Mapping[str, Any],
    marks: Mapping[str, Decimal],
) -> tuple[Any, Any]:
    """Compute the amounts; give what stood in the cells, too, or null where one is empty.

    A term after the first may be blank: no discount is a discount of nothing.
    """
    texts, numbers = {}, {}
    for name, column in parts.items():
        text = engine.text(column)
        texts[name] = _blank_missing(text, card.missing_in(name))
        if name not in formula.terms[0].names and column.type().is_string():
            texts[name] = ibis.ifelse(
                texts[name].lower().isin(_NOTHING), ibis.null("string"), texts[name]
            )
        mark = marks.get(name, Decimal(card.decimal or ".")).mark
        numbers[name] = engine.number(column if column.type().is_numeric() else texts[name], mark,
                                      card.thousands)  # fmt: skip
    first, *others = formula.terms
    amount = first.sign * first.value(numbers)
    for term in others:
        empty = ibis.literal(True)
        # of `quantity * price * (1 - rate / 100)` the rate alone may be blank
        for name in [n for n in term.names if n not in first.names] or term.names:
            empty &= texts[name].isnull()
        amount += term.sign * (
            ibis.ifelse(empty, 0.0, term.value(numbers)) if term.names else term.value(numbers)
        )
    amount = ibis.ifelse(amount.isnan() | amount.isinf(), ibis.null("float64"), amount).round(6)
    # of nulls the engine's sum of texts is null; where the first term is a number, one of the
    # others has to be there: `0 + debit - credit`
    needed = [texts[name] for name in first.names] or [ibis.coalesce(*texts.values())]
    stood = needed[0]
    for text in needed[1:]:
        stood += ibis.literal("; ") + text
    for name in formula.names:
        if name not in first.names:
            stood += ibis.literal("; ") + ibis.coalesce(texts[name], "")
    return amount, stood


def _in_units(engine: Engine, card: Table, amount: Any, text: Any) -> Any:
    """Bring amounts into the study's currency, but for a cell that names its own unit."""
    unit = AMOUNT_UNITS[card.amount_unit]
    scaled = (amount / 100 if card.amount_unit == "cent" else amount * unit).round(6)
    if not text.type().is_string() or not engine.is_duckdb:
        return scaled
    return ibis.ifelse(text.re_search("|".join(MULTIPLES)), amount, scaled)


def takes_parsing(
    given: Mapping[str, Any], values: Mapping[str, Any], meanings: Mapping[str, ColumnRule]
) -> bool:
    """Tell whether dates or numbers come as texts; from Parquet they mostly come as what they are.

    Ids and words do not count: the rules look at them once.
    """
    return any(
        given[name].type().is_string()
        for name in values
        if name not in meanings or meanings[name].kind not in WORDS
    )


def _numbers(
    engine: Engine,
    source: Source,
    values: Mapping[str, Any],
    meanings: Mapping[str, ColumnRule],
    columns: Mapping[str, Any],
    card: Table,
) -> list[str]:
    """Find the columns of the study's own that hold nothing but numbers (in a text file)."""
    own = [n for n in values if n not in meanings and values[n].type().is_string()]
    # as the file has them, but for words that the card calls missing
    given = {n: columns[n] if n in columns and not card.missing_in(n) else values[n] for n in own}
    # A leading zero says that it is a code.
    looks = r"^-?(0|[1-9]\d{0,14})(\.\d+)?$"
    return engine.alike(source.expr.select(**given), own, looks, source.where) if own else []


def _blank_missing(text: Any, words: tuple[str, ...]) -> Any:
    return ibis.ifelse(text.isin(list(words)), ibis.null("string"), text) if words else text


def _value(
    engine: Engine,
    column: Any,
    meaning: ColumnRule | None,
    card: Table,
    mark: Decimal,
    *,
    name: str,
    scale: float = 1,
) -> Any:
    if meaning is None:
        return column
    if meaning.kind in ("category", "free_text", "personal"):
        return engine.text(column)
    if meaning.kind == "boolean":
        if name == "resolved" and card.resolved and column.type().is_string():
            return engine.text(column).lower().isin([word.lower() for word in card.resolved])
        return engine.boolean(column)
    if meaning.kind == "duration":
        return _seconds(engine, column)
    number = engine.number(column, mark.mark, card.thousands)
    if meaning.kind == "times":
        yes = engine.boolean(column).cast("float64")
        number = ibis.coalesce(ibis.ifelse(number < 0, ibis.null("float64"), number), yes)
    if scale != 1:
        number = number * scale
    if meaning.kind == "whole":
        number = ibis.ifelse(number == number.round(), number, ibis.null("float64")).cast("int64")
    if meaning.low is None and meaning.high is None:
        return number
    return engine.bound(
        number,
        lambda number: ibis.ifelse(_outside(number, meaning), ibis.null(number.type()), number),
    )


#: "60秒", "1小时2分", "5 min 12 s", "1:05", "00:01:05"
_SPELT = (
    r"^(?:(\d+) ?(?:小时|小時|时|時|hours?|hrs?|h))? ?(?:(\d+) ?(?:分钟|分鐘|分|minutes?|mins?|m))?"
    r" ?(?:(\d+(?:\.\d+)?) ?(?:秒钟|秒|seconds?|secs?|s))?$"
)
_CLOCK = r"^(?:(\d{1,3}):)?(\d{1,2}):(\d{2}(?:\.\d+)?)$"


def _clock_hours(engine: Engine, text: Any) -> Any:
    """Read 01:48:39 as hours; 1:48 alone may be minutes, and is none."""
    clock = r"^(\d{1,3}):(\d{2}):(\d{2})(?:\.\d+)?$"

    def hours(text: Any) -> Any:
        parts = (engine.bare_number(text.re_extract(clock, n).nullif("")) for n in (1, 2, 3))
        return sum(part / span for part, span in zip(parts, (1, 60, 3600), strict=True))

    return engine.bound(text, hours)


def _seconds(engine: Engine, column: Any) -> Any:
    """Read how long something took, in seconds."""
    number = engine.number(column)
    if not column.type().is_string():
        return ibis.ifelse(number < 0, ibis.null("float64"), number)
    text = engine.plain(engine.text(column)).lower()
    total = ibis.null("float64")
    for pattern in (_SPELT, _CLOCK):
        parts = [engine.number(text.re_extract(pattern, i)) for i in (1, 2, 3)]
        hours, minutes, seconds = (ibis.coalesce(part, 0.0) for part in parts)
        written = hours * 3600 + minutes * 60 + seconds
        total = ibis.coalesce(total, ibis.ifelse(text.re_search(pattern), written, total))
    value = ibis.coalesce(number, total)
    return ibis.ifelse(value < 0, ibis.null("float64"), value)


def _outside(number: Any, meaning: ColumnRule) -> Any:
    """Tell whether a number lies outside its column's range."""
    beyond = ibis.literal(False)
    if meaning.low is not None:
        beyond |= number < meaning.low
    if meaning.high is not None:
        beyond |= number > meaning.high
    return beyond


def _format_of(
    engine: Engine, card: Table, source: Source, name: str, text: Any, seen: list[str] | None
) -> str | None:
    """Give the format of a column of dates: the card's, or the one that its texts fit."""
    if (told := card.format_of(name)) is not None or not seen:
        return told
    if (other := other_calendar(seen)) is not None:
        example, calendar, year = other
        raise DataError(
            f"column {name!r}: {example!r} counts years by {calendar} ({year})",
            where=source.where,
            remedy="bring the dates with years of the common calendar, such as 2024-03-05",
        )
    found = date_format(seen)
    if found.rivals and text.type().is_string():
        found = _by_all_rows(engine, source, text, found)
    if found.rivals:
        raise DataError(
            f"column {name!r} can be read as {found.format} and as {', '.join(found.rivals)}"
            f" (such as {seen[0]!r})",
            where=source.where,
            remedy=f"write `date_format:` under tables.{source.name} in study.yml",
        )
    return found.format


def _by_all_rows(engine: Engine, source: Source, text: Any, found: DateFormat) -> DateFormat:
    """Ask the whole column which of the formats reads most; its first rows cannot tell."""
    formats = [f for f in (found.format, *found.rivals) if f]
    rows = source.expr.select(text=text)
    asked = {f"n_{i}": engine.moment(rows.text, f).count() for i, f in enumerate(formats)}
    row = engine.run(rows.aggregate(**asked), source.where).iloc[0]
    read = {f: int(row[f"n_{i}"]) for i, f in enumerate(formats)}
    most = max(read.values())
    best = [f for f in formats if read[f] == most]
    return DateFormat(best[0], tuple(best[1:]))
