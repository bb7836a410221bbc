"""The door to the library that writes queries: what the room uses of it stands here, by name.

Another library in its place has to give these, the methods of tables and columns that come of
them, and what `workbench.data.engine` and `workbench.data.dialects` ask of a backend.
"""

from ibis import (
    _,
    array,
    cases,
    coalesce,
    cumulative_window,
    desc,
    greatest,
    ifelse,
    interval,
    least,
    literal,
    memtable,
    null,
    row_number,
    struct,
    union,
    window,
)
from ibis.expr import datatypes as kinds
from ibis.util import gen_name

__all__ = [
    "_",
    "array",
    "cases",
    "coalesce",
    "cumulative_window",
    "desc",
    "gen_name",
    "greatest",
    "ifelse",
    "interval",
    "kinds",
    "least",
    "literal",
    "memtable",
    "null",
    "row_number",
    "struct",
    "union",
    "window",
]
