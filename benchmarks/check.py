"""The first `workbench check` of a study, in a process of its own: CPU seconds, memory, wall time.

`python -m benchmarks.check` writes a log of 10,000,000 purchases and tables of many columns, checks
each with nothing kept from before, and writes `benchmarks/check.md`.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb

from benchmarks.summary import write_log

PAGE = Path(__file__).parent / "check.md"
ROOT = Path(__file__).parents[1]
CARD = """\
title: Many columns
simulated: true
as_of: 2025-12-31
tables:
  transactions: {path: transactions.csv}
"""
PASSES = """\
What each pass over a large text file is for (a table of the card without `where`, `amount_per` and
the like; with them, and below 50 MB, the texts are loaded once and judged from there):

1. its bytes: the hash by which a later run knows the file again;
2. the first 2,000 rows: how dates, decimals and numbers are written;
3. the amounts alone: whether any bears another currency's sign;
4. a log with columns of its own: which of them hold nothing but numbers;
5. all columns: each row is read, judged, and kept as what it is, without a copy of its texts.

Of the rows kept by then, in the engine: reasons for which rows are set aside; rows that are there
twice (by a hash); first and last day; customers, with the largest share of rows and of money;
different orders. `data_quality` and other pages that need the cleaned table make it when they run.
"""


def write_wide(folder: Path, columns: int, rows: int) -> None:
    """Write a log whose own columns nothing reads, numbers and words in turn."""
    folder.mkdir(parents=True)
    own = ", ".join(
        f'i % {3 + n % 40} AS "field {n}"' if n % 3 else f"'w' || i % 7 AS \"field {n}\""
        for n in range(columns - 3)
    )
    duckdb.connect().execute(
        f"COPY (SELECT 'C' || i % 400 AS customer_id, DATE '2025-01-01' + i::int % 300 AS date,"
        f" i % 90 + 1.5 AS amount, {own} FROM range({rows}) t(i))"
        f" TO '{folder}/transactions.csv' (FORMAT csv, HEADER)"
    )
    (folder / "study.yml").write_text(CARD, encoding="utf-8")


def cost_of(*command: str) -> tuple[float, float, float]:
    """Run a command; give its CPU seconds, its peak of resident memory in MB, and its seconds."""
    start = time.perf_counter()
    child = os.posix_spawn(
        command[0],
        command,
        os.environ,
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, used = os.wait4(child, 0)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{' '.join(command)} failed")
    seconds = time.perf_counter() - start
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, seconds


def measured(rows: int) -> Iterator[tuple[str, tuple[float, float, float]]]:
    """Check each study once."""
    yield "a bare interpreter", cost_of(sys.executable, "-c", "pass")
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        write_log(home / "log", rows, "csv")
        for columns, many in ((5, 1), (240, 1), (240, 2_000), (5_000, 200)):
            write_wide(home / f"wide{columns}_{many}", columns, many)
        # what is measured is the command, not the state of the file system's cache
        for study, told in (
            ("wide5_1", "5 columns, 1 row"),
            ("wide240_1", "240 columns, 1 row"),
            ("wide240_2000", "240 columns, 2,000 rows"),
            ("wide5000_200", "5,000 columns, 200 rows"),
            ("log", f"{rows:,} transactions, CSV, 5 columns"),
        ):
            command = (sys.executable, "-m", "workbench", "check", str(home / study))
            yield told, cost_of(*command)


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000, help="rows of the log")
    arguments = parser.parse_args()
    os.chdir(ROOT)
    load = os.getloadavg()[0]
    lines = [
        f"| {told} | {cpu:.1f} | {memory:,.0f} | {seconds:.1f} |"
        for told, (cpu, memory, seconds) in measured(arguments.rows)
    ]
    text = (
        "# The first check of a study\n\n"
        f"{dt.date.today():%Y-%m-%d}, `python -m benchmarks.check`, {os.cpu_count()} cores, load"
        f" {load:.1f} at the start. CPU seconds are those of the whole command, the interpreter's"
        " start and its imports with them; memory is the peak of the process.\n\n"
        "| study | CPU seconds | MB | seconds |\n|:---|---:|---:|---:|\n" + "\n".join(lines)
    )
    PAGE.write_text(f"{text}\n\n{PASSES}", encoding="utf-8")
    print(PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
