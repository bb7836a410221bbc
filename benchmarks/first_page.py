"""From an export to its published page, as a new user goes: `new`, `check`, `run`, `publish`.

`python -m benchmarks.first_page` does it for four exports, each in a project of its own, and writes
`benchmarks/first_page.md`; `python -m benchmarks.first_page shopify` does it for one and prints it.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import random
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.check import cost_of

PAGE = Path(__file__).parent / "first_page.md"
ROOT = Path(__file__).parents[1]
EXPORTS = ROOT / "tests" / "data_files" / "exports"
LIMIT = 300.0
STEPS = ("new", "check", "run", "publish")


def with_a_title(folder: Path) -> Path:
    """Write 500 purchases below a title, as a German spreadsheet saves them."""
    draw = random.Random(7)
    rows = ["Umsätze der Filiale Nord;;;", ";;;", "Kundennr.;Belegdatum;Belegnr.;Betrag"]
    for number in range(500):
        day = dt.date(2024, 1, 2) + dt.timedelta(days=draw.randrange(540))
        cents = draw.randrange(300, 40_000)
        rows.append(
            f"K{draw.randrange(140):03d};{day:%d.%m.%Y};B{number};{cents // 100},{cents % 100:02d}"
        )
    path = folder / "umsatz.csv"
    path.write_text("\n".join(rows) + "\n", encoding="cp1252")
    return path


FILES: Mapping[str, Callable[[Path], Path]] = {
    "shopify": lambda _: EXPORTS / "shopify_orders.csv",
    "fxiaoke": lambda _: EXPORTS / "fxiaoke_成交客户.xlsx",
    "online_retail": lambda _: EXPORTS / "online_retail.csv",
    "title": with_a_title,
}
TITLES = {
    "shopify": "Shopify, orders",
    "fxiaoke": "纷享销客, 成交客户",
    "online_retail": "UCI Online Retail",
    "title": "CSV with a title row",
}


def measured(name: str) -> dict[str, tuple[float, float]]:
    """Go the way once; give CPU seconds and seconds by the clock of each step.

    Raises
    ------
    SystemExit
        If a step fails.
    """
    workbench = (sys.executable, "-m", "workbench")
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        export = FILES[name](home)
        cost_of(*workbench, "init", str(home / "project"))
        os.chdir(home / "project")
        steps = {
            "new": ("new", "acme", "--yes", "--from", str(export)),
            "check": ("check", "acme"),
            "run": ("run", "acme"),
            "publish": ("publish",),
        }
        found = {}
        for step in STEPS:
            cpu, _, seconds = cost_of(*workbench, *steps[step])
            found[step] = (cpu, seconds)
        os.chdir(ROOT)
    return found


def row_of(name: str) -> str:
    """Measure one export, and write its row."""
    found = measured(name)
    cells = [f"{found[step][0]:.0f}" for step in STEPS]
    cpu, seconds = (sum(each[i] for each in found.values()) for i in (0, 1))
    kept = "yes" if seconds < LIMIT else "no"
    return f"| {TITLES[name]} | {' | '.join(cells)} | {cpu:.0f} | {seconds:.0f} | {kept} |"


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*FILES, []], help="exports; all by default")
    names = parser.parse_args().names
    load = os.getloadavg()[0]
    rows = [row_of(name) for name in names or FILES]
    head = (
        "| export | new | check | run | publish | CPU seconds | seconds | under five minutes |\n"
        "|:---|---:|---:|---:|---:|---:|---:|:---|\n"
    )
    table = head + "\n".join(rows) + "\n"
    if names:
        print(f"load {load:.1f}\n{table}", end="")
        return
    PAGE.write_text(
        "# From an export to its page\n\n"
        f"{dt.date.today():%Y-%m-%d}, `python -m benchmarks.first_page`, {os.cpu_count()} cores,"
        f" load {load:.1f} at the start. CPU seconds of each command, kernels with them, and the"
        f" clock's seconds of all four.\n\n{table}",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
