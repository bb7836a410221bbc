"""JSON and JSON Lines brought into the engine: an object a row, objects within it as columns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb

from workbench.data import expressions as ibis
from workbench.data.engine import Engine
from workbench.data.sources.detect import exists
from workbench.data.sources.layout import checked_header
from workbench.data.sources.source import ROW, Source, file_hash, quoted, refuse_empty
from workbench.errors import DataError

#: What files of objects are called, by how their names end (with or without .gz).
KINDS = (".json", ".jsonl", ".ndjson")
#: Bytes that one object (or one file of a list of objects) may take.
_LARGEST = 1 << 30


def read_documents(engine: Engine, name: str, path: Path) -> Source:
    """Read a list of objects, or one object a line; every value as the text that stands there.

    An object within an object gives columns such as ``customer.id``; a list of texts or numbers is
    written ``a|b``, any other one stays the text that it is. Where the file is one object around a
    list of objects, at whatever depth, that list is the table.

    Raises
    ------
    DataError
        If it is damaged, or holds no objects.
    """
    exists(path)
    where = str(path)
    reader = engine.connection.con if engine.is_duckdb else duckdb.connect()
    try:
        rows, inside = _objects(reader, path)
        fields = dict.fromkeys(_leaves(inside))
        if not fields:
            raise DataError(
                "there are no objects in it",
                where=where,
                remedy="give a list of objects, one a row, or one object a line",
            )
        names = checked_header([".".join(field) for field in fields], where)
        columns = ", ".join(
            f"{_value(rows[1], field, inside)} AS {_named(column)}"
            for field, column in zip(fields, names, strict=True)
        )
        table = ibis.gen_name("raw")
        reader.execute(
            f"CREATE TEMP TABLE {table} AS SELECT {columns}, row_number() OVER () + 1 AS {ROW}"
            f" FROM {rows[0]}"
        )
        n = int(reader.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])
    except duckdb.Error as error:
        raise DataError(
            f"not readable as JSON: {str(error).splitlines()[0]}",
            where=where,
            remedy="export it again, or give a CSV file",
        ) from error
    refuse_empty(n, where)
    if engine.is_duckdb:
        expr = engine.connection.table(table)
    else:
        expr = engine.upload(name, reader.sql(f"SELECT * FROM {table}").to_arrow_table())
    return Source(name, expr, where, names, file_hash(path))


def _objects(reader: duckdb.DuckDBPyConnection, path: Path) -> tuple[tuple[str, str], Any]:
    """Give where the objects are (a relation and its column), and how they are built."""
    call = f"read_json_objects({quoted(str(path))}, format='auto', maximum_object_size={_LARGEST})"
    shape = _structure(reader, f"{call} AS t", "t.json")
    if isinstance(shape, list):
        # DuckDB gives a list as a whole where it is the value of a line
        relation = f"(SELECT unnest(from_json(json, '[\"JSON\"]')) AS o FROM {call})"
        return (relation, "o"), shape[0] if shape else {}
    lists = _tables(shape)
    n = int(reader.execute(f"SELECT count(*) FROM {call}").fetchall()[0][0])
    if n == 1 and len(lists) == 1:
        inside = f"json -> {quoted(_pointer(lists[0]))}"
        relation = f"(SELECT unnest(from_json({inside}, '[\"JSON\"]')) AS o FROM {call})"
        for key in lists[0]:
            shape = shape[key]
        return (relation, "o"), shape[0]
    return (call, "json"), shape


def _structure(reader: duckdb.DuckDBPyConnection, relation: str, column: str) -> Any:
    found = reader.execute(f"SELECT json_group_structure({column}) FROM {relation}").fetchall()
    return json.loads(found[0][0] or "{}")


def _tables(shape: Any, above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Name the lists of objects within an object: ``data.orders`` in what an interface answers."""
    if isinstance(shape, list) and shape and isinstance(shape[0], dict):
        return [above]
    inside = shape.items() if isinstance(shape, dict) else ()
    return [found for key, value in inside for found in _tables(value, (*above, key))]


def _leaves(shape: Any, above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Name the values of an object, those of objects within it too."""
    if not isinstance(shape, dict):
        return [above] if above else []
    return [leaf for key, value in shape.items() for leaf in _leaves(value, (*above, key))]


def _pointer(field: tuple[str, ...]) -> str:
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in field)


def _value(column: str, field: tuple[str, ...], shape: Any) -> str:
    """Write what gives a field's text; a list of plain values is joined as choices are."""
    for key in field:
        shape = shape[key]
    at = quoted(_pointer(field))
    if isinstance(shape, list) and shape and isinstance(shape[0], str):
        return f"array_to_string(from_json({column} -> {at}, '[\"VARCHAR\"]'), '|')"
    return f"{column} ->> {at}"


def _named(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'
