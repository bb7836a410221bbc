"""A customer summary from a raw log, by the way that every notebook takes, in its own process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

HERE = Path(__file__).parent
CARD = """\
title: A large log
simulated: true
as_of: 2025-12-31
time_unit: week
tables:
  transactions: {path: transactions.%s}
"""


def write_log(folder: Path, rows: int, kind: str) -> None:
    """Write a study with one table: customers who buy unequally often, order numbers, a channel."""
    folder.mkdir(parents=True)
    form = "FORMAT parquet" if kind == "parquet" else "FORMAT csv, HEADER"
    log = duckdb.connect()
    log.execute("SELECT setseed(0.3)")
    log.execute(
        f"COPY (SELECT 'C' || lpad(cast(floor(power(random(), 2) * {rows // 8}) AS int)::varchar,"
        f" 7, '0') AS customer_id, DATE '2022-01-01' + cast(floor(random() * 1400) AS int) AS date,"
        f" round(exp(random() * 3 + 2), 2) AS amount, 'O' || i::varchar AS order_id,"
        f" ['web', 'shop', 'app'][1 + cast(floor(random() * 3) AS int) % 3] AS channel"
        f" FROM range({rows}) t(i)) TO '{folder}/transactions.{kind}' ({form})"
    )
    (folder / "study.yml").write_text(CARD % kind, encoding="utf-8")


def measure(folder: Path, *, rows: int) -> Iterator[dict[str, Any]]:
    """Summarise the same log from Parquet and from CSV; one record each."""
    for kind in ("parquet", "csv"):
        home = folder / kind
        write_log(home, rows, kind)
        done = subprocess.run(
            [sys.executable, HERE / "peers" / "summary.py", home],
            check=True,
            capture_output=True,
            text=True,
        )
        yield {"transactions": rows, "source": kind, **json.loads(done.stdout.splitlines()[-1])}
