"""The command `python -m tools.simulate`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tools.simulate.write import SEED, write_study
from workbench.errors import WorkbenchError


def main(arguments: list[str] | None = None) -> int:
    """Write the study's tables and truth; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.simulate",
        description="Make the tables and the truth of the simulated study Harbour Mobile.",
    )
    parser.add_argument("--out", type=Path, default=Path("data/harbour"), help="folder to write to")
    parser.add_argument("--seed", type=int, default=SEED, help="same seed, same bytes")
    options = parser.parse_args(arguments)
    if options.seed < 0:
        parser.error(f"the seed is {options.seed}; give a whole number from 0 on")
    try:
        written = write_study(options.out, options.seed)
    except (WorkbenchError, OSError) as problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    for path in written:
        sys.stdout.write(f"{path}  {path.stat().st_size / 1e6:.2f} MB\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
