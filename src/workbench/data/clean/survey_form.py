"""Brings a survey's file into the standard form: a row a respondent, columns exp_01, per_01."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from workbench.data import expressions as ibis
from workbench.data.clean.tool_headings import tool_headings
from workbench.data.engine import Engine
from workbench.data.schemas import ALIASES
from workbench.data.sources.source import ROW, Source
from workbench.errors import DataError, did_you_mean
from workbench.study import Study
from workbench.study.survey import BLANKS, LINES, PREFIXES, SCORES, LongForm, Survey

#: Of rows of a long table that are about something else.
NOT_NAMED = "which the card does not name: these answers are not read"
#: A survey that is done once has no waves; all its answers are of this one.
ONE_WAVE = "all"


def standard_form(engine: Engine, study: Study, source: Source) -> Source:
    """Turn long tables into wide ones and give the items' columns their standard names.

    A file without respondents' numbers gets its rows' numbers, one without waves a single one
    called ``all``. Reversed items are turned later, when their answers have been read.

    Raises
    ------
    DataError
        The long form's columns are missing, or none of its rows is about a known item.
    """
    card = study.survey
    if card is None:
        return source
    source = tool_headings(study, source)
    source = _choices_joined(engine, study, source)
    if card.long is not None:
        source = _wide(engine, card, card.long, source, study.tables[source.name].columns)
    names = _names(card, source, set(study.tables[source.name].columns.values()))
    expr = source.expr.select(
        **{names.get(c, c): source.expr[c] for c in source.columns}, **{ROW: source.expr[ROW]}
    )
    columns = [names.get(c, c) for c in source.columns]
    mapped = study.tables[source.name].columns
    for name, value in (
        ("respondent_id", expr[ROW].cast("string")),
        ("wave", ibis.literal(ONE_WAVE)),
    ):
        known = {name, *ALIASES.get(name, ())}
        # a column by another name is for the user to map, not to be written over
        others = set(columns) - set(mapped.values())
        if name not in mapped and not known & {c.strip().casefold() for c in others}:
            expr = expr.mutate(**{name: value})
            columns.append(name)
    renamed = dict(source.renamed)
    if card.long is not None:
        renamed |= dict.fromkeys(source.columns, card.long.value)
    renamed |= {standard: renamed.get(own, own) for own, standard in names.items()}
    return replace(source, expr=expr, columns=tuple(columns), renamed=renamed)


#: What a column of a choice holds where it was not ticked.
_NOT_TICKED = ("0", "0.0", "no", "n", "false", "f", "nein", "non", "off", "否", "未选", "未选中",
               "not selected", "not quoted", "unchecked", "not checked", "nicht gewählt", "n/a",
               "-")  # fmt: skip


def _choices_joined(engine: Engine, study: Study, source: Source) -> Source:
    """Write what was ticked of a question with a column for each choice into one column.

    Raises
    ------
    DataError
        A column that the file does not have, or has under the question's name already.
    """
    asked = study.survey.questions if study.survey is not None else {}
    made: dict[str, Any] = {}
    for name, question in asked.items():
        for column in question.columns.values():
            if column not in source.columns:
                raise DataError(
                    f"there is no column {column!r}{did_you_mean(column, list(source.columns))}",
                    where=source.where,
                    remedy=f"mend survey.questions.{name}.columns in study.yml",
                )
        if question.columns and name in source.columns and name not in question.columns.values():
            raise DataError(
                f"there is a column {name!r} already",
                where=source.where,
                remedy="call the question otherwise under survey.questions in study.yml",
            )
        ticked = ibis.literal("")
        for choice, column in question.columns.items():
            text = engine.text(source.expr[column])
            there = text.notnull() & ~text.lower().isin(_NOT_TICKED)
            ticked += ibis.ifelse(there, f"{choice}{question.several}", "")
        if question.columns:
            made[name] = ticked.nullif("")
        elif question.several == LINES and name in source.columns:
            made[name] = source.expr[name].cast("string").replace("\r", "").replace("\n", LINES)
        elif question.several == BLANKS and name in source.columns:
            made[name] = source.expr[name].cast("string").replace(" ", BLANKS)
    if not made:
        return source
    columns = [c for c in source.columns if c not in made]
    expr = source.expr.select(*columns, **made, **{ROW: source.expr[ROW]})
    return replace(source, expr=expr, columns=(*columns, *made))


def _names(card: Survey, source: Source, mapped: set[str]) -> dict[str, str]:
    """Give the file's item columns their standard names, unless the card maps them itself."""
    found = {}
    for side, prefix in PREFIXES.items():
        for item in card.codes:
            own = card.columns.of(side, item)
            if own in source.columns and own not in mapped:
                found[own] = prefix + item
    return found


def _wide(
    engine: Engine, card: Survey, form: LongForm, source: Source, mapped: Mapping[str, str]
) -> Source:
    """Pivot a table of one row an answer; a later row about the same item counts.

    The row number of a respondent is that of the first of the rows.
    """
    asked = [c for c in (form.item, form.side, form.value) if c is not None]
    for column in asked:
        if column not in source.columns:
            raise DataError(
                f"there is no column {column!r}{did_you_mean(column, list(source.columns))}",
                where=source.where,
                remedy="mend survey.long in study.yml",
            )
    t = source.expr
    keys = [c for c in source.columns if c not in asked]
    identity = [c for c in keys if _says_who(c, mapped)]
    if not identity:
        raise DataError(
            "nothing says who gave which answer",
            where=source.where,
            remedy="a long table needs a column respondent_id, or one that is mapped onto it",
        )
    item = engine.text(t[form.item])
    side = engine.text(t[form.side]) if form.side else None
    columns: dict[str, Any] = {}
    read = ibis.literal(False)
    for name, written in form.sides.items() if side is not None else {"perception": ""}.items():
        for code in card.codes:
            here = item.isin(sorted({code, code.lstrip("0") or code}))
            if side is not None:
                here &= side == written
            read |= here
            columns[PREFIXES[name] + code] = t[form.value].argmax(t[ROW], where=here)
    for name, about in _other_questions(card, mapped, source.columns).items():
        here = item == name
        read |= here
        columns[name] = (
            t[form.value].argmax(t[ROW], where=here)
            if about is None
            else engine.text(t[form.value]).group_concat(about, where=here, order_by=t[ROW])
        )
    rest = {c: t[c].argmax(t[ROW], where=t[c].notnull()) for c in keys if c not in identity}
    wide = t.group_by(identity).aggregate(**columns, **rest, **{ROW: t[ROW].min()})
    kept = engine.keep(wide, source.where)
    counts = engine.run(kept.aggregate(**{c: kept[c].count() for c in columns}), source.where).iloc[
        0
    ]
    there = [c for c in columns if counts[c] > 0]
    if not there:
        raise DataError(
            f"no row of {form.item!r} names an item of the card",
            where=source.where,
            remedy="write the items as the card does, and the sides under survey.long.sides",
        )
    kept = kept.drop(*(c for c in columns if c not in there))
    notes = (*source.notes, *_not_named(engine, source, form, read.fill_null(False)))
    return replace(
        source, expr=kept, columns=tuple(c for c in kept.columns if c != ROW), notes=notes
    )


def _other_questions(
    card: Survey, mapped: Mapping[str, str], columns: tuple[str, ...]
) -> dict[str, str | None]:
    """Name the questions besides the items that rows of a long table may be about.

    With what stands between the choices of those of which several could be ticked, a row each.
    """
    asked = [*SCORES, "comment", "language", *card.questions, *card.open, *card.attention]
    asked += [*card.groups, *(name for both in card.margins for name in both.split(" / "))]
    asked += [f"kano_{half}_{item}" for half in "fd" for item in card.codes]
    own = {mapped.get(name, name): name for name in asked}
    several = {name: about.several for name, about in card.questions.items()}
    return {name: several.get(standard) for name, standard in own.items() if name not in columns}


def _not_named(engine: Engine, source: Source, form: LongForm, read: Any) -> tuple[str, ...]:
    """Tell what rows are about that the card does not name: their answers are not read."""
    t = source.expr
    left = t.filter(~read & t[form.value].notnull())
    about = engine.text(left[form.item])
    if form.side is not None:
        about = about + ibis.literal(" ") + engine.text(left[form.side]).fill_null("")
    counted = left.group_by(about=about.fill_null("")).aggregate(n=left.count())
    found = engine.run(counted.order_by("about"), source.where)
    if not len(found):
        return ()
    names = [repr(str(name).strip()) for name in found["about"]]
    listed = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    return (
        f"{int(found['n'].sum()):,} rows are about {listed}, {NOT_NAMED}; map what they ask"
        " (columns: {recommend: ...}), name them under `items`, `questions` or `open`, or leave"
        " them out with `where`",
    )


def _says_who(column: str, mapped: Mapping[str, str]) -> bool:
    """Tell the columns that say whose answer, of which wave, a row is."""
    plain = column.strip().casefold()
    return any(
        column == mapped.get(name, name) or plain in ALIASES.get(name, ())
        for name in ("respondent_id", "wave")
    )
