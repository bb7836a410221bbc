"""Text tables (CSV, TSV) brought into the engine, with the lines that do not fit their header."""

from __future__ import annotations

import csv
import gzip
import io
import shutil
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import ibis

from workbench.data.engine import Engine
from workbench.data.sources.detect import TextFile, look_at
from workbench.data.sources.source import ROW, Source, file_hash, quoted, refuse_empty
from workbench.errors import DataError
from workbench.study import Table


def read_text(engine: Engine, name: str, path: Path, card: Table) -> Source:
    """Read a text table, every value as text; lines that do not fit the header are kept apart."""
    detected, readable, scratch = in_utf8(path, card)
    reader = engine.connection.con if engine.is_duckdb else duckdb.connect()
    table = ibis.util.gen_name("raw")
    malformed = _load_csv(reader, table, readable, detected)
    if engine.is_duckdb:
        expr = engine.connection.table(table)
    else:
        expr = engine.upload(name, reader.sql(f"SELECT * FROM {table}").to_arrow_table())
    rows = int(reader.sql(f"SELECT count(*) FROM {table}").fetchall()[0][0])
    refuse_empty(rows + len(malformed), str(path))
    return Source(
        name,
        expr,
        str(path),
        detected.header,
        file_hash(path),
        encoding=detected.encoding.replace("utf-8-sig", "utf-8"),
        delimiter=detected.delimiter,
        malformed=malformed,
        scratch=scratch,
    )


def in_utf8(path: Path, card: Table) -> tuple[TextFile, Path, Any]:
    """Find out how a text table is written; give it in UTF-8, and what holds a copy, if any."""
    detected = look_at(path, card.encoding, card.delimiter)
    if detected.encoding.lower().replace("_", "-") in ("utf-8", "utf-8-sig", "ascii"):
        return detected, path, None
    scratch = tempfile.TemporaryDirectory(prefix="workbench-")
    return detected, _as_utf8(detected, Path(scratch.name) / "table.csv"), scratch


def csv_call(table: str, path: Path, detected: TextFile) -> str:
    """Write the call that reads a text table as text; rejected rows are noted beside `table`."""
    columns = ", ".join(f"{quoted(c)}: 'VARCHAR'" for c in detected.header)
    options = (
        "auto_detect=false, header=true, quote='\"', escape='\"', strict_mode=true,"
        f" compression={'gzip' if detected.gzipped and path == detected.path else 'none'!r},"
        f" delim={quoted(detected.delimiter)}, columns={{{columns}}}, max_line_size=10000000,"
        # by itself the engine would take sixteen times the longest line
        " buffer_size=20000000,"
        f" store_rejects=true, rejects_table='{table}_errors', rejects_scan='{table}_scans'"
    )
    return f"read_csv({quoted(str(path))}, {options})"


def _load_csv(
    reader: duckdb.DuckDBPyConnection, table: str, path: Path, detected: TextFile
) -> tuple[tuple[int, str], ...]:
    """Load a text table as text, and give the rows that do not have the header's fields."""
    try:
        reader.execute(
            f"CREATE TEMP TABLE {table} AS SELECT *, row_number() OVER () + 1 AS {ROW}"
            f" FROM {csv_call(table, path, detected)}"
        )
    except duckdb.Error as error:
        raise _unreadable(detected, error) from error
    return malformed_lines(reader, table, detected)


def _unreadable(detected: TextFile, error: Exception) -> DataError:
    return DataError(
        f"not readable as a text table: {str(error).splitlines()[0]}",
        where=str(detected.path),
        remedy="open it in a text editor and look at that line",
    )


def malformed_lines(
    reader: duckdb.DuckDBPyConnection, table: str, detected: TextFile
) -> tuple[tuple[int, str], ...]:
    """Give the lines that were rejected while reading, and refuse a quotation mark left open."""
    where = str(detected.path)
    try:
        rejected = reader.execute(
            f"SELECT line, any_value(csv_line), any_value(error_message) FROM {table}_errors"
            " GROUP BY line ORDER BY line"
        ).fetchall()
    except duckdb.Error as error:
        raise _unreadable(detected, error) from error
    rows = []
    for line, text, message in rejected:
        if "unterminated quote" in str(message):
            raise DataError(
                "a quotation mark opens a field and never closes",
                where=f"{where}, line {line}",
                remedy="close or remove it; inside a field, write it twice",
            )
        if str(text or "").strip():
            fields = next(
                csv.reader(io.StringIO(str(text).strip("\r\n")), delimiter=detected.delimiter), []
            )
            rows.append((int(line), f"{len(fields)} fields, the header has {len(detected.header)}"))
    return tuple(rows)


def _as_utf8(detected: TextFile, target: Path) -> Path:
    binary = gzip.open if detected.gzipped else open
    with (
        binary(detected.path, "rb") as packed,
        io.TextIOWrapper(packed, encoding=detected.encoding, newline="") as text,
        target.open("w", encoding="utf-8", newline="") as file,
    ):
        shutil.copyfileobj(text, file, 1 << 20)
    return target
