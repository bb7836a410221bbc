"""Run every benchmark in one go and write benchmarks/results.md: `make bench`."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
from pathlib import Path

from benchmarks import purchase_models

RESULTS = Path(__file__).parent / "results.md"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--largest", type=int, default=1_000_000, help="most customers to fit")
    parser.add_argument("--no-peers", action="store_true", help="measure the workbench alone")
    arguments = parser.parse_args()
    table = purchase_models.measure(largest=arguments.largest, peers=not arguments.no_peers)
    text = (
        "# Measured side by side\n\n"
        f"{dt.date.today():%Y-%m-%d}, {os.cpu_count()} cores, {platform.machine()}, "
        f"Python {platform.python_version()}. Read the ratios: times move with the machine.\n\n"
        "## Fitting BG/NBD\n\n"
        "Simulated customers (r .24, alpha 4.4, a .8, b 2.4; observed 20 to 39 weeks), the same "
        "file for each package; CPU seconds of the fit alone, peak memory of the process.\n\n"
        f"{table}\n"
    )
    RESULTS.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
