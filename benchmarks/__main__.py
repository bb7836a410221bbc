"""Run every benchmark in one go, and write the page of the site that shows them: `make bench`."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import impact_panel, impact_series, purchase_models, segments, summary
from benchmarks.page import RESULTS, write_pages

SEGMENTS = Path(__file__).parent / "results.md"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--largest", type=int, default=1_000_000, help="most customers to fit")
    parser.add_argument(
        "--slow-peers", type=int, default=1_000_000, help="most customers for fits of minutes"
    )
    parser.add_argument("--rows", type=int, default=10_000_000, help="rows of the raw log")
    arguments = parser.parse_args()
    found: dict[str, Any] = {
        "about": {
            "date": f"{dt.date.today():%Y-%m-%d}",
            "cores": os.cpu_count(),
            "machine": platform.machine(),
            "python": platform.python_version(),
            "load": f"{os.getloadavg()[0]:.1f}",
        },
        "fits": [],
        "summaries": [],
    }

    def keep(kind: str, record: dict[str, Any]) -> None:
        # after each, so that a run that is stopped leaves what it has measured
        found[kind].append(record)
        RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        told = {key: value for key, value in record.items() if key != "params"}
        print(json.dumps(told), flush=True)

    about, table = found["about"], segments.measure(arguments.largest)
    SEGMENTS.write_text(
        f"# Segmenting, measured side by side\n\n{about['date']}, {about['cores']} cores, load "
        f"{about['load']} at the start. Peak memory is that of the whole process; fits of purchase "
        f"models stand in results.json.\n\n{table}\n",
        encoding="utf-8",
    )
    with tempfile.TemporaryDirectory() as folder:
        # what takes minutes comes last
        for slow in (False, True):
            for record in purchase_models.measure(
                Path(folder),
                largest=arguments.largest,
                slow=slow,
                slow_to=arguments.slow_peers,
            ):
                keep("fits", record)
            if not slow:
                for record in summary.measure(Path(folder), rows=arguments.rows):
                    keep("summaries", record)
    write_pages()
    impact_series.main()
    impact_panel.main()


if __name__ == "__main__":
    main()
