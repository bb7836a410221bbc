"""Reads a source's columns as what they should hold: dates, numbers, ids, words."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import ibis

from workbench.data.engine import Engine
from workbench.data.schemas import ColumnRule, Schema
from workbench.data.sources.source import Source
from workbench.errors import DataError
from workbench.study import Study, Table

#: Ids that `normal_id` leaves as they are: printable ASCII without blanks, points, small letters.
_PLAIN_ID = r"^[!-\-/-`{-~]+$"
#: Kinds of columns whose texts are the values.
WORDS = ("id", "category", "free_text", "personal")


def parse(
    engine: Engine, study: Study, source: Source, schema: Schema | None, columns: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
    """Read every column as what it should hold; what cannot be read becomes null.

    Returns
    -------
    values, texts, formats : dict
        Of each column its values; of dates and numbers, as ``_raw_`` columns, what stood there;
        of dates in another form than ISO 8601 the format.
    """
    card = study.tables[source.name]
    meanings = schema.columns if schema else {}
    texts: dict[str, Any] = {}
    values: dict[str, Any] = {}
    formats: dict[str, str] = {}
    for name, given in columns.items():
        meaning = meanings.get(name)
        worded = given.type().is_string()
        words = card.missing_in(name)
        text = _blank_missing(engine.text(given), words) if worded else given
        # what is read anyhow need not be looked at for blanks before
        seen = given if worded and engine.is_duckdb and not words else text
        if meaning is not None and meaning.kind in ("date", "moment"):
            chosen = _format_of(engine, card, source, name, text)
            if chosen:
                formats[name] = chosen
            values[name] = engine.moment(seen, chosen)
            if meaning.kind == "date":
                values[name] = values[name].date()
        elif meaning is not None and meaning.kind == "id":
            bare = normal_id(engine.text(text))
            # Most ids are as they should be; one look is cheaper than writing them anew.
            plain = worded and not words and engine.is_duckdb
            values[name] = ibis.ifelse(given.re_search(_PLAIN_ID), given, bare) if plain else bare
        else:
            values[name] = _value(engine, seen if meaning is not None else text, meaning, card)
        if meaning is not None and meaning.kind not in WORDS:
            texts[f"_raw_{name}"] = text
    numeric = _numbers(engine, source, values, meanings)
    for name in numeric:
        values[name] = engine.number(values[name], card.decimal or ".")
    return values, texts, formats


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
    engine: Engine, source: Source, values: Mapping[str, Any], meanings: Mapping[str, ColumnRule]
) -> list[str]:
    """Find the columns of the study's own that hold nothing but numbers (in a text file)."""
    own = [n for n in values if n not in meanings and values[n].type().is_string()]
    if not own:
        return []
    plain = source.expr.select(**{n: engine.text(values[n]) for n in own})
    # A leading zero says that it is a code.
    looks = r"^-?(0|[1-9]\d{0,14})(\.\d+)?$"
    asked = {f"bad_{i}": (~plain[n].re_search(looks)).sum() for i, n in enumerate(own)}
    asked |= {f"n_{i}": plain[n].count() for i, n in enumerate(own)}
    row = engine.run(plain.aggregate(**asked), source.where).iloc[0]
    return [n for i, n in enumerate(own) if row[f"n_{i}"] > 0 and row[f"bad_{i}"] == 0]


def _blank_missing(text: Any, words: tuple[str, ...]) -> Any:
    return ibis.ifelse(text.isin(list(words)), ibis.null("string"), text) if words else text


def _value(engine: Engine, column: Any, meaning: ColumnRule | None, card: Table) -> Any:
    if meaning is None:
        return column
    if meaning.kind in ("category", "free_text", "personal"):
        return engine.text(column)
    if meaning.kind == "boolean":
        return engine.boolean(column)
    number = engine.number(column, card.decimal or ".")
    if meaning.kind == "whole":
        number = ibis.ifelse(number == number.round(), number, ibis.null("float64")).cast("int64")
    if meaning.turned and meaning.low is not None and meaning.high is not None:
        number = ibis.literal(meaning.low + meaning.high) - number
    if meaning.whole_row or (meaning.low is None and meaning.high is None):
        return number
    return ibis.ifelse(outside(number, meaning), ibis.null(number.type()), number)


def outside(number: Any, meaning: ColumnRule) -> Any:
    """Tell whether a number lies outside its column's range."""
    beyond = ibis.literal(False)
    if meaning.low is not None:
        beyond |= number < meaning.low
    if meaning.high is not None:
        beyond |= number > meaning.high
    return beyond


def normal_id(text: Any) -> Any:
    """Write an id as one would compare it: upper case, and without a spreadsheet's ``.0``."""
    bare = text.re_replace(r"^([0-9]+)\.0+$", r"\1")
    # A regular expression costs ten times a search for one character.
    return ibis.ifelse(text.contains("."), bare, text).upper()


def _format_of(engine: Engine, card: Table, source: Source, name: str, text: Any) -> str | None:
    if not text.type().is_string():
        # 20251231 as a number, from Parquet or SQL.
        return (card.format_of(name) or "%Y%m%d") if text.type().is_integer() else None
    if (told := card.format_of(name)) is not None:
        return told
    sample = source.expr.select(text=text)
    sample = sample.filter(sample.text.notnull()).limit(2000).distinct()
    texts = engine.run(sample, source.where)["text"].sort_values()
    found = date_format(texts)
    if found.rivals:
        raise DataError(
            f"column {name!r} can be read as {found.format} and as {', '.join(found.rivals)}"
            f" (such as {texts.iloc[0]!r})",
            where=source.where,
            remedy=f"write `date_format:` under tables.{source.name} in study.yml",
        )
    return found.format


# --- how a column of texts writes its dates ---------------------------------------------------

_DAYS = (
    "%Y%m%d", "%Y年%m月%d日", "%Y.%m.%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y",
    "%m-%d-%Y", "%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d/%m/%y", "%m/%d/%y",
)  # fmt: skip
_TIMES = ("", " %H:%M", " %H:%M:%S")
_FORMATS = tuple(day + time for day in _DAYS for time in _TIMES)
#: What the engine reads without being told: 2025-12-31, 2025/12/31, with or without a time.
_ISO = re.compile(r"\d{4}([-/])\d{1,2}\1\d{1,2}([ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?.*)?")


@dataclass(frozen=True)
class DateFormat:
    """How a column writes dates.

    Attributes
    ----------
    format : str or None
        A strptime format, or None for ISO 8601.
    rivals : tuple of str
        Formats that fit as well and mean other days (day first or month first).
    """

    format: str | None = None
    rivals: tuple[str, ...] = ()


def date_format(texts: Iterable[str]) -> DateFormat:
    """Find the format that reads most of the texts.

    Parameters
    ----------
    texts : iterable of str
        A sample of the column.

    Returns
    -------
    DateFormat
        ISO 8601 wherever that reads most of them.
    """
    sample = [text.strip() for text in texts if text and text.strip()]
    iso = sum(bool(_ISO.fullmatch(text)) for text in sample)
    if not sample or iso * 2 >= len(sample):
        return DateFormat()
    read = {f: [_parsed(text, f) for text in sample] for f in _FORMATS}
    counts = {f: sum(d is not None for d in days) for f, days in read.items()}
    best = max(counts, key=lambda f: counts[f])
    if counts[best] <= iso:
        return DateFormat()
    rivals = [f for f in _FORMATS if counts[f] == counts[best] and read[f] != read[best]]
    return DateFormat(best, tuple(rivals))


def _parsed(text: str, format: str) -> dt.datetime | None:
    try:
        return dt.datetime.strptime(text, format)
    except ValueError:
        return None
