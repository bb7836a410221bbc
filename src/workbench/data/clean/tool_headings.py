"""Knows the columns of a survey again under the headings that survey tools export."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from workbench.data.schemas import schema_of
from workbench.data.sources.source import ROW, Source
from workbench.study import Study
from workbench.study.instrument import ASKED, settle_headings
from workbench.study.survey import SIDES


def tool_headings(study: Study, source: Source) -> Source:
    """Take off what a survey tool puts around the names of the card's columns."""
    names = settle_headings(source.columns, _expected(study, source.name))
    if not names:
        return source
    expr = source.expr.select(
        **{names.get(c, c): source.expr[c] for c in source.columns}, **{ROW: source.expr[ROW]}
    )
    columns = tuple(names.get(c, c) for c in source.columns)
    renamed = dict(source.renamed) | {column: heading for heading, column in names.items()}
    return replace(source, expr=expr, columns=columns, renamed=renamed)


def _expected(study: Study, name: str) -> Iterator[str]:
    """Name all that the card lets a survey ask, as the study's file calls it."""
    survey, mapped = study.survey, study.tables[name].columns
    yield from mapped.values()
    schema = schema_of(name, survey)
    if schema is not None:
        yield from (column for column in schema.columns if column not in mapped)
    if survey is None:
        return
    for item in survey.codes:
        yield from (survey.columns.of(side, item) for side in SIDES)
        yield from (f"kano_{half}_{item}" for half in "fd")
    yield from dict.fromkeys([*survey.groups, *study.instrument.ask, *survey.margins, *ASKED])
