"""Brings a study's source (text file, Parquet, Excel, SQL, data package) into the engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa

from workbench.data import expressions as ibis
from workbench.data.engine import Engine
from workbench.data.schemas import schema_of
from workbench.data.sources import documents, excel
from workbench.data.sources.detect import exists
from workbench.data.sources.labelled import KINDS, read_labelled
from workbench.data.sources.layout import checked_header
from workbench.data.sources.packaged import packaged_hash, read_packaged
from workbench.data.sources.packed import unpacked
from workbench.data.sources.source import ROW, Source, file_hash, quoted, refuse_empty
from workbench.data.sources.sql import read_sql
from workbench.data.sources.text import (
    Rejected,
    csv_call,
    plain_text,
    read_text,
    rejected_lines,
)
from workbench.errors import DataError
from workbench.study import Study
from workbench.study.fields import Packaged
from workbench.study.survey import SIDES


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
        return read_sql(engine, study, name, card.sql)
    if card.package is not None:
        return _packaged(engine, study, name, card.package)
    path = study.file_of(name)
    inner, scratch = unpacked(path)
    try:
        source = _of_file(engine, study, name, inner)
    except DataError as error:
        raise _outside(error, inner, path) from error
    if scratch is None:
        return source
    where = source.where.replace(str(inner), f"{path}, {inner.name}")
    return replace(source, where=where, sha256=file_hash(path), scratch=(scratch, source.scratch))


def _of_file(engine: Engine, study: Study, name: str, path: Path) -> Source:
    card = study.tables[name]
    kind = _kind(path)
    if kind in excel.KINDS:
        return excel.read_excel(engine, name, path, card)
    if kind in (".parquet", ".pq"):
        return _parquet(engine, name, path)
    if kind in documents.KINDS:
        return documents.read_documents(engine, name, path)
    if kind in KINDS:
        return _labelled(engine, study, name, path)
    return read_text(engine, name, path, card)


def _kind(path: Path) -> str:
    """Give how a file's name ends; .gz is how it is packed, not what it is."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    return next((suffix for suffix in reversed(suffixes) if suffix != ".gz"), "")


def _outside(error: DataError, inner: Path, path: Path) -> DataError:
    """Tell of the archive in place of the copy of what is in it."""
    if inner == path:
        return error
    where = error.where.replace(str(inner), f"{path}, {inner.name}")
    return DataError(error.what, where=where, remedy=error.remedy)


def stream_source(
    engine: Engine, study: Study, name: str
) -> tuple[Source, Callable[[], Rejected]] | None:
    """Open a large file without loading it: each question reads it again, as it is needed.

    Returns
    -------
    source : Source
        Without a hash, and of a text file without places of rows.
    rejected : callable
        Gives, once the file was read, the lines that do not have the header's fields.

    None for what cannot be streamed: sheets, SPSS and Stata files, databases, engines other than
    DuckDB.
    """
    card = study.tables[name]
    if card.path is None or not engine.is_duckdb:
        return None
    path = study.file_of(name)
    inner, unpacked_in = unpacked(path)
    kind = _kind(inner)
    if kind in (*excel.KINDS, *documents.KINDS, *KINDS):
        return None
    if kind in (".parquet", ".pq"):
        source = _parquet(engine, name, inner, hashed=False)
        return replace(source, scratch=unpacked_in), lambda: Rejected(())
    reader = engine.connection.con
    found, readable, scratch = plain_text(inner, card)
    view = ibis.gen_name("raw")
    reader.execute(f"CREATE TEMP VIEW {view} AS SELECT * FROM {csv_call(view, readable, found)}")
    source = Source(
        name, engine.connection.table(view), str(path), found.header, "",
        encoding=found.encoding.replace("utf-8-sig", "utf-8"), delimiter=found.delimiter,
        notes=found.notes, scratch=(scratch, unpacked_in), begins=found.last + 1,
    )  # fmt: skip
    return source, lambda: rejected_lines(reader, view, readable, found)


def _parquet(engine: Engine, name: str, path: Path, *, hashed: bool = True) -> Source:
    exists(path)
    where = str(path)
    reader = engine.connection.con if engine.is_duckdb else duckdb.connect()
    try:
        relation = (
            f"SELECT * EXCLUDE (file_row_number), file_row_number + 1 AS {ROW}"
            f" FROM read_parquet({quoted(where)}, file_row_number=true)"
        )
        columns = [c for c in reader.sql(relation).columns if c != ROW]
        rows = int(reader.sql(f"SELECT count(*) FROM ({relation})").fetchall()[0][0])
    except duckdb.Error as error:
        raise DataError(
            f"not readable as Parquet: {str(error).splitlines()[0]}",
            where=where,
            remedy="write it again, or give a CSV file",
        ) from error
    refuse_empty(rows, where)
    if engine.is_duckdb:
        # A view: large files stay on disk and are read as they are needed.
        view = ibis.gen_name("raw")
        reader.execute(f"CREATE TEMP VIEW {view} AS {relation}")
        expr = engine.connection.table(view)
    else:
        expr = engine.upload(name, reader.sql(relation).to_arrow_table())
    return Source(name, expr, where, tuple(columns), file_hash(path) if hashed else "")


def _labelled(engine: Engine, study: Study, name: str, path: Path) -> Source:
    exists(path)
    table, _ = read_labelled(path, codes=_codes(study, name), encoding=study.tables[name].encoding)
    where = str(path)
    refuse_empty(table.num_rows, where)
    header = checked_header(table.column_names, where)
    numbered = table.append_column(ROW, pa.array(range(2, table.num_rows + 2), pa.int64()))
    return Source(name, engine.upload(name, numbered), where, header, file_hash(path))


def _codes(study: Study, name: str) -> set[str]:
    """Name the columns of a labelled file that hold numbers and not names of groups."""
    asked = study.survey
    schema = schema_of(name, asked)
    if schema is None:
        return set()
    own = study.tables[name].columns
    kinds = ("number", "whole", "answer", "duration", "times")
    numbers = {own.get(c, c) for c, m in schema.columns.items() if m.kind in kinds}
    if asked is not None:
        numbers |= {asked.columns.of(side, item) for side in SIDES for item in asked.codes}
        numbers |= {asked.long.value} if asked.long else set()
    return numbers


def _packaged(engine: Engine, study: Study, name: str, card: Packaged) -> Source:
    where = f"{study.path}, tables.{name}.package"
    table = read_packaged(card.name, card.table, where=where)
    refuse_empty(table.num_rows, where)
    columns = tuple(table.column_names)
    table = table.append_column(ROW, pa.array(range(2, table.num_rows + 2), pa.int64()))
    digest = packaged_hash(card.name, card.table, where=where)
    return Source(
        name, engine.upload(name, table), f"{card.name}, table {card.table!r}", columns, digest
    )
