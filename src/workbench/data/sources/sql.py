"""Queries of databases: one SELECT that reads, kept in the engine and hashed there."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from glob import glob
from pathlib import PurePath
from typing import Any

import sqlglot
from sqlglot import exp

from workbench.data import expressions as ibis
from workbench.data.engine import Engine
from workbench.data.sources.source import ROW, Source, refuse_empty
from workbench.errors import DataError
from workbench.study import Study, StudyError

#: What changes something, or reads what is not said, wherever in a query it stands.
_NO_READING = (exp.DML, exp.DDL, exp.Command, exp.Copy, exp.Into, exp.Lock, exp.Set, exp.Pragma,
               exp.Summarize, exp.Describe, exp.Show)  # fmt: skip
#: Functions that give a table and read no file.
_TABLES = {"generate_series", "range", "unnest", "explode", "posexplode", "values", "json_each",
           "flatten", "inline", "stack", "lateral"}  # fmt: skip
#: Functions of DuckDB that give the table in a file named in the query.
_FILES = {"read_csv", "read_csv_auto", "read_parquet", "parquet_scan", "read_json",
          "read_json_auto", "read_ndjson", "read_ndjson_auto"}  # fmt: skip
#: Functions that reach beyond tables: files, other servers, settings, programs, other queries.
_BEYOND = re.compile(
    r"(read_|write_|pg_|lo_|dblink|query|xpath_table|table_to_xml|database_to_xml|schema_to_xml"
    r"|cursor_to_xml|getenv|current_setting|set_config|set_bit|nextval|setval|reflect|java_method"
    r"|try_reflect|load_|install|copy_|glob|sniff_|sys_|xp_|sleep|system|shell|which_secret"
    r"|duckdb_|.*_scan$|.*_query$|.*_attach$|ai_query|http_|ogr_|st_read)"
)
_FILE_NAME = re.compile(r"\.\w{1,8}$|[/\\*]")


def read_sql(engine: Engine, study: Study, name: str, query: str) -> Source:
    """Keep the result of a query in the engine, its rows in the order of its columns."""
    where = f"{study.path}, tables.{name}.sql"
    reads = _reading(engine, study, query, where)
    try:
        expr = engine.connection.sql(reads)
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
    refuse_empty(rows, where)
    return Source(name, expr, where, columns, _content_hash(engine, expr, query, where))


def _reading(engine: Engine, study: Study, query: str, where: str) -> str:
    """Give a query in which files stand with their whole paths, if it reads and does no more.

    Raises
    ------
    DataError
        If it is not one SELECT, changes something, or reaches beyond tables and the study's files.
    """
    dialect = {"pyspark": "spark"}.get(engine.name, engine.name)
    try:
        parsed = [part for part in sqlglot.parse(query, dialect=dialect) if part is not None]
    except sqlglot.errors.SqlglotError as error:
        raise DataError(
            f"the query cannot be read: {_plain(error)}",
            where=where,
            remedy="try it in the database's own client; what only that database understands,"
            " put into a view there",
        ) from None
    if len(parsed) != 1 or not isinstance(parsed[0], exp.Query):
        found = _kind_of(parsed[0]) if len(parsed) == 1 else f"{len(parsed)} statements"
        raise DataError(
            f"a query of a card is one SELECT; this is {found}",
            where=where,
            remedy="keep the SELECT; what prepares it belongs into the database",
        )
    tree = parsed[0]
    for node in tree.walk():
        if isinstance(node, _NO_READING):
            raise DataError(
                f"a query of a card only reads; {_kind_of(node)} does more",
                where=where,
                remedy="take it out; what changes a database belongs into the database",
            )
    named = _functions(tree, where)
    if not engine.is_duckdb:
        _refuse_paths(tree, where)
        return query
    files = [*named, *_named_as_tables(tree)]
    for node in files:
        text = str(node.this)
        node.set("this", str(_file(study, text, where)))
    return tree.sql(dialect="duckdb") if files else query


def _functions(tree: exp.Expr, where: str) -> list[exp.Expr]:
    """Give the texts that name files; refuse functions that are not known to read tables alone."""
    files: list[exp.Expr] = []
    for node in tree.find_all(exp.Func):
        name = (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()
        gives_table = isinstance(node.parent, exp.Table | exp.Lateral)
        if gives_table and name in _FILES:
            files += _texts(node, name, where)
        elif (gives_table and name not in _TABLES) or (
            isinstance(node, exp.Anonymous | exp.ReadCSV | exp.ReadParquet) and _BEYOND.match(name)
        ):
            raise DataError(
                f"{name} is no function that a card may call: it can reach beyond the tables",
                where=where,
                remedy="read files by `path`, or by read_csv, read_parquet or read_json with the"
                " file's name; make a view in the database of what it gives",
            )
    return files


def _texts(call: exp.Func, name: str, where: str) -> list[exp.Expr]:
    """Give the texts in the first argument of a function that reads files."""
    first = call.this if isinstance(call.this, exp.Expr) else None
    first = first or next(iter(call.expressions), None)
    held = first.expressions if isinstance(first, exp.Array) else [first]
    if not held or not all(isinstance(each, exp.Literal) and each.is_string for each in held):
        raise DataError(
            f"{name} must be given the file's name itself, or a list of names",
            where=where,
            remedy=f"write {name}('orders.csv')",
        )
    return list(held)


def _named_as_tables(tree: exp.Expr) -> Iterator[exp.Expr]:
    """Yield the names of tables that are names of files."""
    for table in tree.find_all(exp.Table):
        held = table.this
        if isinstance(held, exp.Identifier) and held.quoted and _FILE_NAME.search(held.name):
            yield held


def _refuse_paths(tree: exp.Expr, where: str) -> None:
    """Refuse a path in place of a table: Spark would read any file of its machines."""
    for table in tree.find_all(exp.Table):
        if any("/" in part.name or ":" in part.name for part in table.parts):
            raise DataError(
                f"{table.name!r} is a path and no table",
                where=where,
                remedy="make a table or a view of it in the database",
            )


def _file(study: Study, text: str, where: str) -> PurePath:
    try:
        path = study.inside(text)
        # what a pattern finds is asked for one by one: it may be a link
        for found in glob(str(path), recursive=True, include_hidden=True):  # noqa: PTH207
            study.inside(found)
        return path
    except StudyError as error:
        raise DataError(error.what, where=where, remedy=error.remedy) from None


def _kind_of(node: exp.Expr) -> str:
    return "a locking read" if isinstance(node, exp.Lock) else node.key.upper()


def _plain(error: Exception) -> str:
    """Take the marks for terminals off a parser's message."""
    return re.sub(r"\x1b\[\d*m", "", str(error)).splitlines()[0].rstrip(".")


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
