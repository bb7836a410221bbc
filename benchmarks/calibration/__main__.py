"""Measure the grid and write it into the methods pages: `make calibration`."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import time
from pathlib import Path

from benchmarks.calibration import cards, page, panels, series
from benchmarks.calibration.cells import holds, measure

RESULTS = Path(__file__).parent / "results.json"
# Each module has `cells()`; further families are added here.
MODULES = (panels, series, cards)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, help="simulated cases a cell, in place of its own")
    parser.add_argument("--family", action="append", help="measure these alone, keep the others")
    parser.add_argument("--page", action="store_true", help="write the pages from what is there")
    arguments = parser.parse_args()
    found = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    grid = [cell for module in MODULES for cell in module.cells()]
    wanted = (
        [] if arguments.page else arguments.family or list(dict.fromkeys(c.family for c in grid))
    )
    for family in wanted:
        rows = []
        for cell in (c for c in grid if c.family == family):
            begin = time.perf_counter()
            row = measure(cell, arguments.runs or cell.runs)
            rows.append(row)
            verdict = "as promised" if holds(row) else "NOT AS PROMISED"
            print(
                family,
                dict(cell.settings),
                row["coverage"],
                row["width"],
                row["found"],
                verdict,
                f"{time.perf_counter() - begin:.0f} s",
                flush=True,
            )
        found[family] = {"date": f"{dt.date.today()}", "cells": rows}
        RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    page.write(found)


if __name__ == "__main__":
    main()
