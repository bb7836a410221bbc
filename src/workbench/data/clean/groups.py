"""Reads reports in which a row with one cell alone says whose the rows below it are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import ibis

from workbench.data.engine import Engine
from workbench.data.sources.source import ROW, Source
from workbench.errors import DataError

#: How a row of totals is headed; those of a group repeat its name.
TOTAL = (
    r"(?i)^\s*(?:grand |sub-?|net )?(?:totals?|summe|gesamt(?:summe)?|zwischensumme|somme"
    r"|sous-total|suma|total general|subtotale|totale|totaal|razem|合计|总计|小计|合計|小計"
    r"|総計)\s*:?\s*$"
)


def ungrouped(engine: Engine, name: str, source: Source) -> tuple[Source, int]:
    """Give each row the name of its group in a column, and take the rows of names and totals out.

    Parameters
    ----------
    engine, source
        Where and which table.
    name : str
        What the new column is called.

    Returns
    -------
    Source
        With the column.
    int
        Rows that were names or totals of groups.

    Raises
    ------
    DataError
        If the file has a column of that name, or no row holds one cell alone.
    """
    if name.casefold() in map(str.casefold, source.columns):
        raise DataError(
            f"there is a column {name!r} already",
            where=source.where,
            remedy="give `group_rows` another name: that of a column that it makes",
        )
    rows = source.expr
    cells = {column: engine.text(rows[column]).notnull() for column in source.columns}
    rows = rows.mutate(_filled=sum(there.cast("int64") for there in cells.values()))
    alone = rows._filled == 1
    counts = engine.run(
        rows.aggregate(
            **{f"n{i}": (alone & there).sum() for i, there in enumerate(cells.values())}
        ),
        source.where,
    ).iloc[0]
    at = max(range(len(cells)), key=lambda i: (int(counts.iloc[i] or 0), -i))
    if not int(counts.iloc[at] or 0):
        raise DataError(
            "no row holds one cell alone, so none says whose the rows below it are",
            where=source.where,
            remedy="take `group_rows` out of study.yml",
        )
    label = engine.text(rows[source.columns[at]])
    rows = rows.mutate(_alone=alone & label.notnull(), _label=label)
    above = ibis.cumulative_window(order_by=ROW)
    rows = rows.mutate(_group=rows._alone.cast("int64").sum().over(above))
    of_group = ibis.window(group_by="_group", order_by=ROW)
    rows = rows.mutate(**{name: rows._label.first().over(of_group)})
    group = ibis.ifelse(rows._group > 0, rows[name], ibis.null("string"))
    again = ibis.coalesce(rows._label.contains(group), False)
    total = ~rows._alone & (again | ibis.coalesce(rows._label.re_search(TOTAL), False))
    out = rows._alone | total
    n = int(engine.run(rows.aggregate(n=out.sum()), source.where)["n"].iloc[0] or 0)
    kept: Any = rows.mutate(**{name: group}).filter(~out)
    note = (
        f"{int(counts.iloc[at]):,} rows say whose the rows below them are, which became the column"
        f" {name!r}"
    )
    return replace(
        source,
        expr=kept.select(*source.expr.columns, name),
        columns=(*source.columns, name),
        notes=(*source.notes, note),
    ), n
