"""Brings a study's source (text file, Parquet, Excel, SQL, data package) into the engine."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import hashlib
import io
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import ibis
import pyarrow as pa

from workbench.card import did_you_mean
from workbench.data.engine import Engine
from workbench.data.files import TextFile, checked_header, exists, look_at, refuse_disguise
from workbench.data.labelled import KINDS, read_labelled
from workbench.data.packaged import packaged_hash, read_packaged
from workbench.data.schemas import schema_of
from workbench.errors import DataError
from workbench.study import Study, Table
from workbench.study_parts import Packaged
from workbench.study_survey import SIDES

#: The column that holds a row's place in its source: 2 is the first row below the header.
ROW = "_row"


@dataclass(frozen=True)
class Source:
    """One table as it came in.

    Attributes
    ----------
    expr : ibis Table
        All rows that could be read, with the source's own column names and `_row`.
    malformed : tuple of (int, str)
        Line and complaint of rows that do not have the header's number of fields.
    """

    name: str
    expr: Any
    where: str
    columns: tuple[str, ...]
    sha256: str
    encoding: str = ""
    delimiter: str = ""
    malformed: tuple[tuple[int, str], ...] = ()
    scratch: Any = field(default=None, repr=False, compare=False)


def read_source(engine: Engine, study: Study, name: str) -> Source:
    """Read one table of a study.

    Parameters
    ----------
    engine : Engine
        Where to.
    study : Study
        Whose table.
    name : str
        Which one.

    Raises
    ------
    DataError
        If it is missing, empty, or not what it is named; the remedy says what to do.
    """
    card = study.tables[name]
    if card.sql is not None:
        return _sql(engine, study, name, card.sql)
    if card.package is not None:
        return _packaged(engine, study, name, card.package)
    path = study.folder / Path(str(card.path)).expanduser()
    suffixes = [s.lower() for s in path.suffixes]
    if suffixes and suffixes[-1] in (".xlsx", ".xlsm"):
        return _excel(engine, name, path, card)
    if suffixes and suffixes[-1] in (".parquet", ".pq"):
        return _parquet(engine, name, path)
    if suffixes and suffixes[-1] in KINDS:
        return _labelled(engine, study, name, path)
    return _text(engine, name, path, card)


def stream_source(
    engine: Engine, study: Study, name: str
) -> tuple[Source, Callable[[], tuple[tuple[int, str], ...]]] | None:
    """Open a large file without loading it: each question reads it again, as it is needed.

    Returns
    -------
    source : Source
        Without places of rows and without a hash.
    malformed : callable
        Gives, once the file was read, the lines that do not have the header's fields.

    None for what cannot be streamed: sheets, SPSS and Stata files, databases, engines other than
    DuckDB.
    """
    card = study.tables[name]
    if card.path is None or not engine.is_duckdb:
        return None
    path = study.folder / Path(str(card.path)).expanduser()
    suffixes = [s.lower() for s in path.suffixes]
    if suffixes and suffixes[-1] in (".xlsx", ".xlsm", *KINDS):
        return None
    if suffixes and suffixes[-1] in (".parquet", ".pq"):
        return _parquet(engine, name, path, hashed=False), lambda: ()
    reader = engine.connection.con
    found, readable, scratch = _in_utf8(path, card)
    view = ibis.util.gen_name("raw")
    reader.execute(f"CREATE TEMP VIEW {view} AS SELECT * FROM {_csv(view, readable, found)}")
    source = Source(name, engine.connection.table(view), str(path), found.header, "",
                    delimiter=found.delimiter, scratch=scratch)  # fmt: skip
    return source, lambda: _malformed(reader, view, found)


def file_hash(path: Path) -> str:
    """SHA-256 of a file, as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _refuse_empty(rows: int, where: str) -> None:
    if rows == 0:
        raise DataError(
            "there is a header and not one row",
            where=where,
            remedy="export it again, or take the table out of study.yml until there is data",
        )


def _text(engine: Engine, name: str, path: Path, card: Table) -> Source:
    found, readable, scratch = _in_utf8(path, card)
    reader = engine.connection.con if engine.is_duckdb else duckdb.connect()
    table = ibis.util.gen_name("raw")
    malformed = _load_csv(reader, table, readable, found)
    if engine.is_duckdb:
        expr = engine.connection.table(table)
    else:
        expr = engine.upload(name, reader.sql(f"SELECT * FROM {table}").to_arrow_table())
    rows = int(reader.sql(f"SELECT count(*) FROM {table}").fetchall()[0][0])
    _refuse_empty(rows + len(malformed), str(path))
    return Source(
        name,
        expr,
        str(path),
        found.header,
        file_hash(path),
        encoding=found.encoding.replace("utf-8-sig", "utf-8"),
        delimiter=found.delimiter,
        malformed=malformed,
        scratch=scratch,
    )


def _in_utf8(path: Path, card: Table) -> tuple[TextFile, Path, Any]:
    """Find out how a text table is written; give it in UTF-8, and what holds a copy, if any."""
    found = look_at(path, card.encoding, card.delimiter)
    if found.encoding.lower().replace("_", "-") in ("utf-8", "utf-8-sig", "ascii"):
        return found, path, None
    scratch = tempfile.TemporaryDirectory(prefix="workbench-")
    return found, _as_utf8(found, Path(scratch.name) / "table.csv"), scratch


def _csv(table: str, path: Path, found: TextFile) -> str:
    """Write the call that reads a text table as text; rejected rows are noted beside `table`."""
    columns = ", ".join(f"{_quoted(c)}: 'VARCHAR'" for c in found.header)
    options = (
        "auto_detect=false, header=true, quote='\"', escape='\"', strict_mode=true,"
        f" compression={'gzip' if found.gzipped and path == found.path else 'none'!r},"
        f" delim={_quoted(found.delimiter)}, columns={{{columns}}}, max_line_size=10000000,"
        # by itself the engine would take sixteen times the longest line
        " buffer_size=20000000,"
        f" store_rejects=true, rejects_table='{table}_errors', rejects_scan='{table}_scans'"
    )
    return f"read_csv({_quoted(str(path))}, {options})"


def _load_csv(
    reader: duckdb.DuckDBPyConnection, table: str, path: Path, found: TextFile
) -> tuple[tuple[int, str], ...]:
    """Load a text table as text, and give the rows that do not have the header's fields."""
    try:
        reader.execute(
            f"CREATE TEMP TABLE {table} AS SELECT *, row_number() OVER () + 1 AS {ROW}"
            f" FROM {_csv(table, path, found)}"
        )
    except duckdb.Error as error:
        raise _unreadable(found, error) from error
    return _malformed(reader, table, found)


def _unreadable(found: TextFile, error: Exception) -> DataError:
    return DataError(
        f"not readable as a text table: {str(error).splitlines()[0]}",
        where=str(found.path),
        remedy="open it in a text editor and look at that line",
    )


def _malformed(
    reader: duckdb.DuckDBPyConnection, table: str, found: TextFile
) -> tuple[tuple[int, str], ...]:
    """Give the lines that were rejected while reading, and refuse a quotation mark left open."""
    where = str(found.path)
    try:
        rejected = reader.execute(
            f"SELECT line, any_value(csv_line), any_value(error_message) FROM {table}_errors"
            " GROUP BY line ORDER BY line"
        ).fetchall()
    except duckdb.Error as error:
        raise _unreadable(found, error) from error
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
                csv.reader(io.StringIO(str(text).strip("\r\n")), delimiter=found.delimiter), []
            )
            rows.append((int(line), f"{len(fields)} fields, the header has {len(found.header)}"))
    return tuple(rows)


def _as_utf8(found: TextFile, target: Path) -> Path:
    binary = gzip.open if found.gzipped else open
    with (
        binary(found.path, "rb") as packed,
        io.TextIOWrapper(packed, encoding=found.encoding, newline="") as text,
        target.open("w", encoding="utf-8", newline="") as file,
    ):
        shutil.copyfileobj(text, file, 1 << 20)
    return target


def _parquet(engine: Engine, name: str, path: Path, *, hashed: bool = True) -> Source:
    exists(path)
    where = str(path)
    reader = engine.connection.con if engine.is_duckdb else duckdb.connect()
    try:
        relation = (
            f"SELECT * EXCLUDE (file_row_number), file_row_number + 1 AS {ROW}"
            f" FROM read_parquet({_quoted(where)}, file_row_number=true)"
        )
        columns = [c for c in reader.sql(relation).columns if c != ROW]
        rows = int(reader.sql(f"SELECT count(*) FROM ({relation})").fetchall()[0][0])
    except duckdb.Error as error:
        raise DataError(
            f"not readable as Parquet: {str(error).splitlines()[0]}",
            where=where,
            remedy="write it again, or give a CSV file",
        ) from error
    _refuse_empty(rows, where)
    if engine.is_duckdb:
        # A view: large files stay on disk and are read as they are needed.
        view = ibis.util.gen_name("raw")
        reader.execute(f"CREATE TEMP VIEW {view} AS {relation}")
        expr = engine.connection.table(view)
    else:
        expr = engine.upload(name, reader.sql(relation).to_arrow_table())
    return Source(name, expr, where, tuple(columns), file_hash(path) if hashed else "")


def _labelled(engine: Engine, study: Study, name: str, path: Path) -> Source:
    exists(path)
    table, _ = read_labelled(path, codes=_codes(study, name), encoding=study.tables[name].encoding)
    where = str(path)
    _refuse_empty(table.num_rows, where)
    header = checked_header(table.column_names, where)
    numbered = table.append_column(ROW, pa.array(range(2, table.num_rows + 2), pa.int64()))
    return Source(name, engine.upload(name, numbered), where, header, file_hash(path))


def _codes(study: Study, name: str) -> set[str]:
    """Name the columns of a labelled file that hold numbers and not names of groups."""
    asked = study.survey
    schema = schema_of(name, asked.scale, asked.codes) if asked else schema_of(name)
    if schema is None:
        return set()
    own = study.tables[name].columns
    numbers = {own.get(c, c) for c, m in schema.columns.items() if m.kind in ("number", "whole")}
    if asked is not None:
        numbers |= {asked.columns.of(side, item) for side in SIDES for item in asked.codes}
        numbers |= {asked.long.value} if asked.long else set()
    return numbers


def _excel(engine: Engine, name: str, path: Path, card: Table) -> Source:
    import openpyxl  # takes a while to import, and few studies need it

    exists(path)
    with path.open("rb") as file:
        head = file.read(512)
    where = str(path)
    if not head.startswith(b"PK\x03\x04"):
        refuse_disguise(path, b"" if head.startswith(b"PK") else head)
        raise DataError(
            "this is no Excel workbook, though it is named .xlsx",
            where=where,
            remedy="if it is a text table, name it .csv",
        )
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except Exception as error:
        raise DataError(
            f"not readable as an Excel workbook: {error}",
            where=where,
            remedy="open it in Excel and save it again as .xlsx",
        ) from error
    try:
        sheets = book.sheetnames
        wanted = card.sheet if card.sheet is not None else 0
        if isinstance(wanted, int) and wanted < len(sheets):
            wanted = sheets[wanted]
        if wanted not in sheets:
            raise DataError(
                f"there is no sheet {wanted!r}{did_you_mean(wanted, sheets)}",
                where=where,
                remedy=f"sheets: {', '.join(sheets)}",
            )
        rows = [
            tuple(_cell(v) for v in row) for row in book[str(wanted)].iter_rows(values_only=True)
        ]
    finally:
        book.close()
    where = f"{path}, sheet {wanted!r}"
    if not rows or not any(v for v in rows[0]):
        filled = next((i for i, row in enumerate(rows) if any(row)), None)
        raise DataError(
            "the sheet is empty"
            if filled is None
            else f"the first row is empty; the table seems to start in row {filled + 1}",
            where=where,
            remedy="put the columns' names into the first row",
        )
    width = max(i for i, v in enumerate(rows[0]) if v) + 1
    header = checked_header([str(v or "") for v in rows[0][:width]], where)
    numbered = [(i, row) for i, row in enumerate(rows[1:], start=2) if any(v for v in row)]
    _refuse_empty(len(numbered), where)
    data = {
        column: pa.array([row[j] if j < len(row) else None for _, row in numbered], pa.string())
        for j, column in enumerate(header)
    }
    data[ROW] = pa.array([i for i, _ in numbered], pa.int64())
    return Source(name, engine.upload(name, pa.table(data)), where, header, file_hash(path))


def _cell(value: Any) -> str | None:
    """Write a cell of a sheet as the text that a CSV export would hold."""
    if value is None:
        return None
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _packaged(engine: Engine, study: Study, name: str, card: Packaged) -> Source:
    where = f"{study.path}, tables.{name}.package"
    table = read_packaged(card.name, card.table, where=where)
    _refuse_empty(table.num_rows, where)
    columns = tuple(table.column_names)
    table = table.append_column(ROW, pa.array(range(2, table.num_rows + 2), pa.int64()))
    digest = packaged_hash(card.name, card.table, where=where)
    return Source(
        name, engine.upload(name, table), f"{card.name}, table {card.table!r}", columns, digest
    )


def _sql(engine: Engine, study: Study, name: str, query: str) -> Source:
    where = f"{study.path}, tables.{name}.sql"
    try:
        expr = engine.connection.sql(query)
        columns = tuple(expr.columns)
        order = [expr[c] for c in columns]
        expr = expr.mutate(**{ROW: ibis.row_number().over(ibis.window(order_by=order)) + 2})
        expr = engine.keep(expr, where)
        rows = int(engine.run(expr.count(), where))
    except DataError:
        raise
    except Exception as error:
        raise DataError(
            f"the query failed: {str(error).strip().splitlines()[0]}",
            where=where,
            remedy="try it in the database's own client",
        ) from error
    _refuse_empty(rows, where)
    return Source(name, expr, where, columns, _content_hash(engine, expr, query, where))


def _content_hash(engine: Engine, expr: Any, query: str, where: str) -> str:
    """Hash a query's result inside the engine, so that new rows in a database are noticed."""
    texts = [ibis.coalesce(expr[c].cast("string"), "\x1e") for c in expr.columns if c != ROW]
    row = ibis.literal("\x1f").join(texts) if len(texts) > 1 else texts[0]
    try:
        digest = engine.connection.execute(
            expr.aggregate(
                # Equal rows cancel out of the exclusive or, so a sum goes with it.
                n=expr.count(),
                h=row.hash().bit_xor(),
                s=(row.hash() % 1_000_003).sum(),
            )
        )
        content = ":".join(str(digest[c].iloc[0]) for c in ("n", "h", "s"))
    except Exception:
        # An engine without a row hash: the count at least.
        content = str(engine.run(expr.count(), where))
    return hashlib.sha256(f"{query}\n{content}".encode()).hexdigest()
