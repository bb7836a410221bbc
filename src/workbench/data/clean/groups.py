"""Reads reports in which a row with one cell alone says whose the rows below it are."""
# ruff: noqa: PD004  (Ibis calls it notnull)

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import pyarrow as pa

from workbench.data import expressions as ibis
from workbench.data.engine import Engine
from workbench.data.sources.source import ROW, Source
from workbench.errors import DataError

_WORDS = (
    r"totals?|summe|gesamt(?:summe)?|zwischensumme|somme|sous-total|suma|total general|subtotale"
    r"|totale|totaal|razem"
)
_ASIAN = r"合计|总计|小计|合計|小計|総計"
#: How a row of totals is headed: "Total", "Total for Acme", "Acme 小计".
TOTAL = (
    rf"(?i)^\s*(?:grand |sub-?|net )?(?:{_WORDS}|{_ASIAN})(?:\s*:?\s*$|[\s:：-])"
    rf"|(?:{_ASIAN}|\stotal)\s*:?\s*$"
)
_BEFORE = re.compile(
    rf"(?i)^\s*(?:grand |sub-?|net )?(?:{_WORDS}|{_ASIAN})\s*[:：-]?\s*"
    r"(?:(?:for|of|f[uü]r|von|de|di|pour)\s+)?"
)
#: "Total for Acme with sub-customers" is of Acme, too.
_WITHIN = re.compile(r"(?i)\s+(?:with|incl\w*|mit|inkl\w*)\s+sub\W?\w+$")
_BEHIND = re.compile(rf"(?i)\s*(?:{_ASIAN}|\stotal)\s*:?\s*$")


@dataclass(frozen=True)
class _Marker:
    """A row that begins a group, or that holds what the rows of one come to."""

    row: int
    label: str
    begins: bool

    @property
    def of(self) -> str:
        """The group that it begins, or whose total it is; "" for a total of none in particular."""
        named = self.label if self.begins else _BEHIND.sub("", _BEFORE.sub("", self.label))
        return _WITHIN.sub("", named).strip().casefold()


def ungrouped(engine: Engine, name: str, source: Source) -> tuple[Source, int]:
    """Give each row the name of its group in a column, and take the rows of names and totals out.

    Parameters
    ----------
    engine, source
        Where and which table.
    name : str
        What the new column is called. Of groups within groups it is the innermost, and a column
        called so with ``_group`` behind holds the outermost.

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
    marked = rows.filter(out).select(ROW, _label=rows._label, _alone=rows._alone).order_by(ROW)
    found = engine.run(marked, source.where)
    markers = [_Marker(int(r), str(t), bool(b)) for r, t, b in found.itertuples(index=False)]
    made = {name: group}
    inside = _within(markers)
    if inside is not None:
        rows = rows.mutate(_part=out.cast("int64").sum().over(above), _out=out).drop(name)
        parts = engine.upload("groups", pa.Table.from_pandas(inside, preserve_index=False))
        rows, out = rows.left_join(parts, rows._part == parts._nth), ibis._._out
        made = {name: rows._leaf, f"{name}_group": rows._top}
    kept: Any = rows.mutate(**made).filter(~out)
    note = (
        f"{int(counts.iloc[at]):,} rows say whose the rows below them are, which became the column"
        f" {name!r}"
    )
    return replace(
        source,
        expr=kept.select(*source.expr.columns, *made),
        columns=(*source.columns, *made),
        notes=(*source.notes, note),
    ), len(markers)


def _within(markers: Sequence[_Marker]) -> pd.DataFrame | None:
    """Tell after each marker which group, and which outermost one, the rows below are of.

    A group lasts until the last row of totals that names it; a name before that begins a group
    within. None where no group lies within another.
    """
    places: dict[tuple[bool, str], list[int]] = {}
    for i, marker in enumerate(markers):
        places.setdefault((marker.begins, marker.of), []).append(i)
    ends = [_end(i, marker, places) if marker.begins else -1 for i, marker in enumerate(markers)]
    found, nested = [], False
    stack: list[int] = []
    for i, marker in enumerate(markers):
        if marker.begins or marker.of:
            stack = [g for g in stack if ends[g] > i]
        if marker.begins:
            nested |= bool(stack)
            stack.append(i)
        leaf, top = (markers[stack[k]].label if stack else None for k in (-1, 0))
        found.append((i + 1, leaf, top))
    return pd.DataFrame(found, columns=["_nth", "_leaf", "_top"]) if nested else None


def _end(i: int, marker: _Marker, places: Mapping[tuple[bool, str], Sequence[int]]) -> int:
    """Find the last total of a group before another one of its name begins; -1 where is none."""
    own, totals = places[True, marker.of], places.get((False, marker.of), ())
    n = bisect(own, i)
    before = bisect(totals, own[n]) if n < len(own) else len(totals)
    return totals[before - 1] if before and totals[before - 1] > i else -1
