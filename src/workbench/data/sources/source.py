"""A table as it came in, whatever brought it: its rows, columns, place and hash."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.errors import DataError

#: The column that holds a row's place in its source: 2 is the first row below the header.
ROW = "_row"


@dataclass(frozen=True)
class Source:
    """One table as it came in.

    Attributes
    ----------
    expr : ibis Table
        All rows that could be read, with the source's own column names and `_row` (see `begins`).
    malformed : tuple of (int, str)
        Line and complaint of rows that do not have the header's number of fields.
    notes : tuple of str
        What a reader should know of how it was read.
    partial : bool
        Whether columns are not read: rows that look alike then need not be.
    renamed : dict
        Of a survey: column -> what the file calls it.
    """

    name: str
    expr: Any
    where: str
    columns: tuple[str, ...]
    sha256: str
    encoding: str = ""
    delimiter: str = ""
    malformed: tuple[tuple[int, str], ...] = ()
    notes: tuple[str, ...] = ()
    partial: bool = False
    renamed: Mapping[str, str] = field(default_factory=dict)
    #: The engine's tables behind `expr`, of no use once its rows are judged.
    held: tuple[str, ...] = ()
    #: Place of the first row, where `expr` has no `_row`: the others follow in the file's order.
    begins: int = 0
    scratch: Any = field(default=None, repr=False, compare=False)

    def heading(self, column: str) -> str:
        """Give what the file calls a column."""
        return self.renamed.get(column, column)


def file_hash(path: Path) -> str:
    """SHA-256 of a file, as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def quoted(text: str) -> str:
    """Quote a text for SQL."""
    return "'" + text.replace("'", "''") + "'"


def refuse_empty(rows: int, where: str) -> None:
    """Refuse a table that has a header alone."""
    if rows == 0:
        raise DataError(
            "there is a header and not one row",
            where=where,
            remedy="export it again, or take the table out of study.yml until there is data",
        )
