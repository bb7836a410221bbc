"""Queries of databases, kept in the engine and hashed there."""

from __future__ import annotations

import hashlib
from typing import Any

import ibis

from workbench.data.engine import Engine
from workbench.data.sources.source import ROW, Source, refuse_empty
from workbench.errors import DataError
from workbench.study import Study


def read_sql(engine: Engine, study: Study, name: str, query: str) -> Source:
    """Keep the result of a query in the engine, its rows in the order of its columns."""
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
    refuse_empty(rows, where)
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
