"""What the workbench costs beside a DuckDB query that gives the same rows.

    python -m benchmarks.by_hand --rows 5000000

A log with refunds that name their order, rows that came twice, guests, a time in UTC beside a shop
elsewhere, and ties is summarised and scored in processes of their own: by `summary.sql` and
`rfm.sql`, and by `customer_summary` and `rfm_scores`. The rows must be the same; CPU seconds
and peak memory go into by_hand.md.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from string import Template

import duckdb
import numpy as np
import pandas as pd

from workbench.data import customer_summary, open_tables, rfm_scores
from workbench.study import read_card

HERE = Path(__file__).parent
ZONE, AS_OF = "Europe/Berlin", "2025-12-31"
CARD = """\
title: A shop by hand
simulated: true
as_of: {as_of}
time_unit: week
time_zone: {zone}
privacy: {{public: true}}
tables:
  transactions: {{path: transactions.{kind}}}
"""
WAYS, TASKS, KINDS = ("query", "workbench"), ("summary", "rfm"), ("parquet", "csv")
SAID = """\
A log with refunds that name their order, rows that came twice, guests, times in UTC of a shop
elsewhere, and ties in what is scored: summarised for the purchase models, and scored by recency,
frequency and spend, from the raw file, by a DuckDB query written for this one log
([summary.sql](by_hand/summary.sql), [rfm.sql](by_hand/rfm.sql)) and by the workbench, each in a
process of its own. The rows are the same, under pseudonyms. The workbench judges every
row beside (what is no date, no amount, no customer), tells refunds by order or by amount, and lets
what does not fit into memory go through the disk. CPU seconds are those of all threads without
imports (`python -m benchmarks.by_hand`); memory is the peak of the process."""
#: Rows of which refunds, doubles and guests are so many parts.
REFUNDS, TWICE, GUESTS = 40, 1000, 500


def write_shop(folder: Path, rows: int, kind: str) -> None:
    """Write the log as CSV or Parquet, and its card."""
    folder.mkdir(parents=True)
    form = "FORMAT parquet" if kind == "parquet" else "FORMAT csv, HEADER"
    shop = duckdb.connect()
    shop.execute("SET TimeZone='UTC'; SELECT setseed(0.3)")
    shop.execute(
        f"CREATE TABLE bought AS SELECT i, CASE WHEN i % {GUESTS} = 7 THEN 'guest' ELSE 'C' ||"
        f" lpad(floor(power(random(), 2) * {rows // 8})::int::varchar, 7, '0') END AS customer_id,"
        f" TIMESTAMPTZ '2022-02-01 00:00:00+00' + to_minutes((random() * 1430 * 1440)::int)"
        f" AS date, round(exp(random() * 3 + 2), 2) AS amount, 'O' || i::varchar AS order_id"
        f" FROM range({rows}) t(i)"
    )
    back = (
        f"SELECT i, customer_id, date + to_minutes((60 + random() * 20 * 1440)::int), CASE WHEN"
        f" i % 3 = 0 THEN -amount ELSE round(-amount * random(), 2) - 0.01 END, order_id"
        f" FROM bought WHERE i % {REFUNDS} = 3 AND amount > 1 AND date < '2025-11-30'"
    )
    as_text = "" if kind == "parquet" else "strftime(date, '%Y-%m-%dT%H:%M:%SZ') AS "
    shop.execute(
        f"COPY (SELECT customer_id, {as_text}date, amount, order_id FROM (SELECT * FROM bought"
        f" UNION ALL SELECT * FROM bought WHERE i % {TWICE} = 5 UNION ALL {back}) ORDER BY"
        f" hash(i, amount)) TO '{folder}/transactions.{kind}' ({form})"
    )
    card = CARD.format(as_of=AS_OF, zone=ZONE, kind=kind)
    (folder / "study.yml").write_text(card, encoding="utf-8")


def by_query(folder: Path, task: str, kind: str) -> tuple[pd.DataFrame, float]:
    """Run the query that was written by hand, and tell its CPU seconds."""
    engine = duckdb.connect()
    engine.execute("SET TimeZone='UTC'")
    log = f"'{folder}/transactions.{kind}'"
    query = Template((HERE / f"{task}.sql").read_text(encoding="utf-8"))
    key = open_tables(read_card(folder / "study.yml"), cache=False)._cleaner.key
    pads = {
        name: bytes(b ^ by for b in key.ljust(64, b"\0")).hex()
        for name, by in (("inner", 0x36), ("outer", 0x5C))
    }
    text = query.substitute(log=log, zone=ZONE, as_of=AS_OF, **pads)
    begin = time.process_time()
    rows = engine.execute(text).df()
    return rows, time.process_time() - begin


def by_workbench(folder: Path, task: str) -> tuple[pd.DataFrame, float]:
    """Take the way of a notebook, from the raw file, and tell its CPU seconds."""
    begin = time.process_time()
    tables = open_tables(read_card(folder / "study.yml"), cache=False)
    rows = customer_summary(tables).frame() if task == "summary" else rfm_scores(tables).frame()
    return rows, time.process_time() - begin


def one(folder: Path, way: str, task: str, kind: str) -> None:
    """Measure one way in this process, what is loaded once apart, and keep its rows."""
    if way == "workbench":
        by_workbench(folder.parent / "few", task)
    rows, spent = by_query(folder, task, kind) if way == "query" else by_workbench(folder, task)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows.attrs = {}
    rows.to_parquet(folder / f"{way}_{task}.parquet")
    print(json.dumps({"seconds": round(spent, 2), "megabytes": round(peak), "rows": len(rows)}))


def same(folder: Path, task: str) -> None:
    """Refuse rows that differ, sums but for the order in which they were added."""
    query, own = (pd.read_parquet(folder / f"{way}_{task}.parquet") for way in WAYS)
    if list(query["customer_id"]) != list(own["customer_id"]):
        raise SystemExit(f"{task}: other customers ({len(query):,} and {len(own):,})")
    for column in query.columns.drop("customer_id"):
        a, b = (frame[column].to_numpy(dtype=float) for frame in (query, own))
        if not np.allclose(a, b, rtol=1e-9, atol=1e-6, equal_nan=True):
            apart = np.flatnonzero(~np.isclose(a, b, rtol=1e-9, atol=1e-6, equal_nan=True))
            raise SystemExit(
                f"{task}: {column} differs for {apart.size:,} customers, such as "
                f"{query['customer_id'].iloc[apart[0]]} ({a[apart[0]]} and {b[apart[0]]})"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--one", nargs=4, metavar=("FOLDER", "WAY", "TASK", "KIND"))
    arguments = parser.parse_args()
    if arguments.one:
        folder, way, task, kind = arguments.one
        one(Path(folder), way, task, kind)
        return
    lines, began = [], os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as home:
        write_shop(Path(home) / "few", 10_000, "parquet")
        for kind in KINDS:
            folder = Path(home) / kind
            # in a process of its own: a child inherits the peak of memory of who starts it
            asked = (folder, arguments.rows, kind)
            with ProcessPoolExecutor(1) as writer:
                writer.submit(write_shop, *asked).result()
            for task in TASKS:
                cost = {}
                for way in WAYS:
                    command = [sys.executable, "-m", "benchmarks.by_hand", "--one"]
                    done = subprocess.run(
                        [*command, folder, way, task, kind], capture_output=True, text=True,
                        cwd=HERE.parents[1],
                    )  # fmt: skip
                    if done.returncode:
                        raise SystemExit(done.stderr[-2000:])
                    cost[way] = json.loads(done.stdout.splitlines()[-1])
                    print(kind, task, way, cost[way], flush=True)
                same(folder, task)
                q, w = (cost[way] for way in WAYS)
                lines.append(
                    f"| {task}, {kind} | {q['seconds']:.1f} | {w['seconds']:.1f} |"
                    f" {w['seconds'] / q['seconds']:.1f} | {q['megabytes']:,} |"
                    f" {w['megabytes']:,} |"
                )
                told(lines, arguments.rows, began)


def told(lines: list[str], rows: int, began: float) -> None:
    """Write what was measured so far."""
    load = " to ".join(f"{v:.0f}" for v in sorted((began, os.getloadavg()[0])))
    (HERE.parent / "by_hand.md").write_text(
        f"# Beside a query written by hand\n\n{SAID}\n\n{dt.date.today()}, {os.cpu_count()} cores,"
        f" load {load}, {rows:,} purchases.\n\n| | query, CPU s | workbench, CPU s |"
        " times | query, MB | workbench, MB |\n|:---|---:|---:|---:|---:|---:|\n"
        + "\n".join(lines) + "\n", encoding="utf-8",
    )  # fmt: skip


if __name__ == "__main__":
    main()
