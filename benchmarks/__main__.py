"""Run every benchmark in one go and write benchmarks/results.md: `make bench`."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
from pathlib import Path

from benchmarks import purchase_models, segments

RESULTS = Path(__file__).parent / "results.md"
TITLES = {"BetaGeometric": "BG/NBD", "ParetoNBD": "Pareto/NBD", "GammaGamma": "Gamma-Gamma"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--largest", type=int, default=1_000_000, help="most customers to fit")
    parser.add_argument(
        "--pareto", type=int, default=100_000, help="most customers to fit Pareto/NBD by lifetimes"
    )
    parser.add_argument("--no-peers", action="store_true", help="measure the workbench alone")
    arguments = parser.parse_args()
    # lifetimes needs minutes for Pareto/NBD on a million customers
    peers_to = {"BetaGeometric": 1_000_000, "ParetoNBD": arguments.pareto, "GammaGamma": 1_000_000}
    text = (
        "# Measured side by side\n\n"
        f"{dt.date.today():%Y-%m-%d}, {os.cpu_count()} cores, {platform.machine()}, "
        f"Python {platform.python_version()}, load {os.getloadavg()[0]:.1f} at the start. "
        "Read the ratios: times move with the machine and with what else it does.\n\n"
        "Simulated customers (r .24, alpha 4.4, a .8, b 2.4; observed 20 to 39 weeks; spend p "
        "6.25, q 3.74, gamma 15.44), the same file for each package; CPU seconds of the fit "
        "alone, peak memory of the process.\n"
    )
    for model, title in TITLES.items():
        upto = 0 if arguments.no_peers else peers_to[model]
        table = purchase_models.measure(model, largest=arguments.largest, peers_to=upto)
        text += f"\n## Fitting {title}\n\n{table}\n"
    text += (
        f"\n## Segmenting\n\nPeak memory is that of the whole process.\n\n"
        f"{segments.measure(arguments.largest)}\n"
    )
    RESULTS.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
