"""Text tables (CSV, TSV) brought into the engine, with the lines that do not fit their header."""

from __future__ import annotations

import csv
import gzip
import io
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from workbench.data import expressions as ibis
from workbench.data.engine import Engine
from workbench.data.sources.detect import TextFile, look_at
from workbench.data.sources.layout import footer_notes
from workbench.data.sources.source import ROW, Source, file_hash, quoted, refuse_empty
from workbench.errors import DataError
from workbench.study import Table

#: How a line that is no row begins.
_COMMENT = ("#", "//", "--")
_TAIL = 1 << 16


@dataclass(frozen=True)
class Rejected:
    """Lines that do not have the header's number of fields.

    Attributes
    ----------
    malformed : tuple of (int, str)
        Line and complaint.
    comments : int
        Lines that begin with a comment's mark: no rows, and none lost.
    """

    malformed: tuple[tuple[int, str], ...]
    comments: int = 0

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know."""
        return (f"{self.comments} lines are comments",) if self.comments else ()


def read_text(engine: Engine, name: str, path: Path, card: Table) -> Source:
    """Read a text table, every value as text; lines that do not fit the header are kept apart."""
    detected, readable, scratch = plain_text(path, card)
    reader = engine.connection.con if engine.is_duckdb else duckdb.connect()
    table = ibis.gen_name("raw")
    rejected = _load_csv(reader, table, readable, detected)
    if engine.is_duckdb:
        expr = engine.connection.table(table)
    else:
        expr = engine.upload(name, reader.sql(f"SELECT * FROM {table}").to_arrow_table())
    rows = int(reader.sql(f"SELECT count(*) FROM {table}").fetchall()[0][0])
    refuse_empty(rows + len(rejected.malformed), str(path))
    return Source(
        name,
        expr,
        str(path),
        detected.header,
        file_hash(path),
        encoding=detected.encoding.replace("utf-8-sig", "utf-8"),
        delimiter=detected.delimiter,
        malformed=rejected.malformed,
        notes=(*detected.notes, *rejected.notes),
        held=(f"{table}_rows",) if engine.is_duckdb else (),
        scratch=scratch,
    )


def plain_text(path: Path, card: Table) -> tuple[TextFile, Path, Any]:
    """Find out how a text table is written; give it as the engine reads it.

    Returns
    -------
    found : TextFile
    readable : Path
        The file itself, or a copy in UTF-8 without what stands above and below the rows.
    scratch : object or None
        What holds a copy.
    """
    found = look_at(path, card.encoding, card.delimiter, card.header)
    in_utf8 = found.encoding.lower().replace("_", "-") in ("utf-8", "utf-8-sig", "ascii")
    if (
        in_utf8
        and found.last == 1
        and not card.footer
        and found.line_ends != "mixed"
        and not card.group_rows
    ):
        return found, path, None
    scratch = tempfile.TemporaryDirectory(prefix="workbench-")
    copy = _copied(found, Path(scratch.name) / "table.csv")
    if card.footer:
        below = next(csv.reader([_cut_end(copy, card.footer)], delimiter=found.delimiter), [])
        more = footer_notes(below, card.footer, len(found.header))
        found = replace(found, notes=(*found.notes, *more))
    if card.group_rows:
        _pad(copy, found)
    return found, copy, scratch


def csv_call(table: str, path: Path, detected: TextFile) -> str:
    """Write the call that reads a text table as text; rejected rows are noted beside `table`."""
    columns = ", ".join(f"{quoted(c)}: 'VARCHAR'" for c in detected.header)
    options = (
        f"auto_detect=false, header={path == detected.path}, quote='\"', escape='\"',"
        " strict_mode=true,"
        f" compression={'gzip' if detected.gzipped and path == detected.path else 'none'!r},"
        f" delim={quoted(detected.delimiter)}, columns={{{columns}}}, max_line_size=10000000,"
        # by itself the engine would take sixteen times the longest line
        " buffer_size=20000000,"
        f" store_rejects=true, rejects_table='{table}_errors', rejects_scan='{table}_scans'"
    )
    return f"read_csv({quoted(str(path))}, {options})"


def _load_csv(
    reader: duckdb.DuckDBPyConnection, table: str, path: Path, detected: TextFile
) -> Rejected:
    """Load a text table as text, and give the rows that do not have the header's fields."""
    try:
        reader.execute(
            f"CREATE TEMP TABLE {table}_rows AS SELECT * FROM {csv_call(table, path, detected)}"
        )
        # where a row lies in the table tells its place; counting while reading takes twice as long
        reader.execute(
            f"CREATE TEMP VIEW {table} AS"
            f" SELECT *, rowid + {detected.last + 1} AS {ROW} FROM {table}_rows"
        )
    except duckdb.Error as error:
        raise _unreadable(detected, error) from error
    return rejected_lines(reader, table, path, detected)


def _unreadable(detected: TextFile, error: Exception) -> DataError:
    return DataError(
        f"not readable as a text table: {str(error).splitlines()[0]}",
        where=str(detected.path),
        remedy="open it in a text editor and look at that line",
    )


def rejected_lines(
    reader: duckdb.DuckDBPyConnection, table: str, path: Path, detected: TextFile
) -> Rejected:
    """Give the lines that were rejected while reading, and refuse a quotation mark left open."""
    where = str(detected.path)
    try:
        rejected = reader.execute(
            f"SELECT line, any_value(csv_line), any_value(error_message) FROM {table}_errors"
            " GROUP BY line ORDER BY line"
        ).fetchall()
    except duckdb.Error as error:
        raise _unreadable(detected, error) from error
    above = detected.cut if path != detected.path else 0
    rows, comments = [], 0
    for line, text, message in rejected:
        if "unterminated quote" in str(message):
            raise DataError(
                "a quotation mark opens a field and never closes",
                where=f"{where}, line {line + above}",
                remedy="close or remove it; inside a field, write it twice",
            )
        bare = str(text or "").strip()
        if bare.startswith(_COMMENT):
            comments += 1
        elif bare:
            fields = next(
                csv.reader(io.StringIO(str(text).strip("\r\n")), delimiter=detected.delimiter), []
            )
            complaint = f"{len(fields)} fields, the header has {len(detected.header)}"
            rows.append((int(line) + above, complaint))
    return Rejected(tuple(rows), comments)


def _copied(detected: TextFile, target: Path) -> Path:
    """Copy the rows in UTF-8, with line ends of one kind; the copy has no header."""
    binary = gzip.open if detected.gzipped else open
    with (
        binary(detected.path, "rb") as packed,
        io.TextIOWrapper(packed, encoding=detected.encoding) as text,
        target.open("w", encoding="utf-8", newline="") as file,
    ):
        for _ in range(detected.cut):
            text.readline()
        shutil.copyfileobj(text, file, 1 << 20)
    return target


def _pad(path: Path, found: TextFile) -> None:
    """Give rows with fewer fields than there are columns empty ones: the name of a group alone."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter=found.delimiter))
    width = len(found.header)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=found.delimiter)
        writer.writerows([*row, *[""] * (width - len(row))] for row in rows if row)


def _cut_end(path: Path, lines: int) -> str:
    """Cut so many lines that hold something off the end of a file; give the first of them."""
    first = b""
    with path.open("r+b") as file:
        end = file.seek(0, io.SEEK_END)
        tail = b""
        while end and sum(bool(line.strip()) for line in tail.split(b"\n")[1:]) < lines:
            size = min(_TAIL, end)
            end = file.seek(end - size)
            tail = file.read(size) + tail
        kept = tail.split(b"\n")
        while kept and lines:
            line = kept.pop().strip()
            first, lines = line or first, lines - bool(line)
        file.truncate(end + len(b"\n".join(kept)))
    return first.decode("utf-8", errors="replace")


__all__ = ["Rejected", "csv_call", "plain_text", "read_text", "rejected_lines"]
