"""Pairs among 10,000,000 line items, and the page on products: CPU seconds and memory.

`python -m benchmarks.line_items` writes a till's log (100,000 customers, 20 baskets each of five
lines, 200 categories, 5,000 products), reads it as a study does, groups it and counts its pairs,
in a process of its own, and says what each step took. `--rows` makes it smaller.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import duckdb

CARD = """\
title: A till
simulated: true
as_of: 2025-12-31
tables:
  transactions: {path: lines.parquet}
"""
#: Lines a basket, and baskets a customer.
LINES, BASKETS = 5, 20


def write_lines(folder: Path, rows: int) -> None:
    """Write a log of line items: some categories sell far better than others."""
    folder.mkdir(parents=True, exist_ok=True)
    each = LINES * BASKETS
    duckdb.connect().execute(
        f"COPY (SELECT 'C' || i // {each} AS customer_id, i // {LINES} AS order_id,"
        f" DATE '2025-01-01' + (17 * (i // {LINES} % {BASKETS}) + i // {each} % 20)::int AS date,"
        " 'product ' || (item * 25 + hash(i) % 25) AS product, 'category ' || item AS category,"
        " 1 + hash(i + 3) % 3 AS quantity, (1 + hash(i + 5) % 900) / 100.0 AS amount"
        " FROM (SELECT i, floor(200 * power((hash(i + 11) % 1000003) / 1000003.0, 2))::int AS item"
        f" FROM range({rows}) t(i)))"
        f" TO '{folder}/lines.parquet' (FORMAT parquet)"
    )
    (folder / "study.yml").write_text(CARD, encoding="utf-8")


class Meter:
    """Prints CPU seconds and the peak of resident memory since it was last asked."""

    def __init__(self) -> None:
        self.peak, self.before = 0, time.process_time()
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while True:
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            self.peak = max(self.peak, pages * os.sysconf("SC_PAGE_SIZE") // 1_000_000)
            time.sleep(0.02)

    def tell(self, step: str) -> None:
        now = time.process_time()
        print(f"{step:24s} {now - self.before:6.1f} CPU s, peak {self.peak:5d} MB", flush=True)
        self.peak, self.before = 0, now


def measure(folder: Path) -> None:
    """Read, group and pair the lines in this process."""
    meter = Meter()
    from workbench.data import line_items, open_tables
    from workbench.study import load_study

    meter.tell("imports")
    tables = open_tables(load_study(folder), cache=False)
    tables.expr("transactions")
    meter.tell("read and cleaned")
    log = line_items(tables)
    meter.tell("grouped")
    pairs = log.pairs()
    meter.tell(f"{len(pairs):,} pairs")
    log.by_customer()
    meter.tell("by customer")
    log.triples()
    meter.tell("threes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.measure)
        return
    with tempfile.TemporaryDirectory() as room:
        folder = Path(room) / "till"
        write_lines(folder, arguments.rows)
        print(f"{arguments.rows:,} lines, load {os.getloadavg()[0]:.1f}")
        command = [sys.executable, "-m", "benchmarks.line_items", "--measure", str(folder)]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
