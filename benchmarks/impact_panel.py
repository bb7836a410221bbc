"""Comparisons between units: a million rows of difference-in-differences, Prop 99 with nested V."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
ROOT = HERE.parent
RESULTS = HERE / "impact_panel.md"
PEERS = ROOT / ".cache" / "peers-panel"
PEER_PACKAGES = ("pyfixest==0.60.0", "linearmodels==7.1", "pysyncon==1.7.0")
CASE = ROOT / "tests" / "data_files" / "prop99" / "states.csv"


def peer_python() -> Path:
    """The interpreter of the peers' environment, made when it is not there."""
    python = PEERS / "bin" / "python"
    if not python.exists():
        uv = str(ROOT / ".cache" / "uv" / "bin" / "uv")
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, PEERS], check=True)
        subprocess.run(
            [uv, "pip", "install", "--quiet", "--python", python, *PEER_PACKAGES], check=True
        )
    return python


def run(python: Path, task: str, package: str, path: Path) -> list[dict]:
    """One task in a process of its own."""
    command = [python, HERE / "peers" / "panel.py", task, package, path]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def million(units: int = 50_000, periods: int = 20) -> dict[str, np.ndarray]:
    """A balanced panel; 40 % of the units are treated from the middle on."""
    rng = np.random.default_rng(20251231)
    treated, after = np.arange(units) < 0.4 * units, np.arange(periods) >= periods // 2
    y = rng.normal(size=(units, periods)) + rng.normal(size=(units, 1))
    return {"y": y + 0.05 * np.outer(treated, after), "treated": treated, "after": after}


def measure(*, peers: bool = True) -> str:
    """Measure all tasks; Markdown tables."""
    own = Path(sys.executable)
    parts = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "panel.npz"
        np.savez(path, **million())
        lines = [
            "| 1,000,000 rows | first call, CPU s | second call, CPU s | MB | effect | error |",
            "|---|---:|---:|---:|---:|---:|",
        ]
        for name in ("workbench", "pyfixest", "linearmodels")[: 3 if peers else 1]:
            python = own if name == "workbench" else peer_python()
            first, second = run(python, "difference", name, path)
            effect, error = second["answer"]
            lines.append(
                f"| {name} | {first['seconds']:.2f} | {second['seconds']:.2f}"
                f" | {second['megabytes']:.0f} | {effect:.6f} | {error:.6f} |"
            )
        parts.append("\n".join(lines))
    if CASE.exists():
        lines = [
            "| Prop 99, nested V | CPU, s | error before (RMSPE) | effect |",
            "|---|---:|---:|---:|",
        ]
        for name in ("workbench", "pysyncon")[: 2 if peers else 1]:
            python = own if name == "workbench" else peer_python()
            (cost,) = run(python, "california", name, CASE)
            effect, error = cost["answer"]
            lines.append(f"| {name} | {cost['seconds']:.2f} | {error:.4f} | {effect:.2f} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def main() -> None:
    """Measure, and keep the tables."""
    text = (
        "# Comparisons between units, measured side by side\n\n"
        f"{dt.date.today():%Y-%m-%d}, {os.cpu_count()} cores, {platform.machine()}, "
        f"Python {platform.python_version()}, load {os.getloadavg()[0]:.1f} at the start. "
        "Each task in a process of its own; the clock starts with the table in memory (imports "
        "count in the first call); memory is the peak of the process.\n\n"
        f"{measure()}\n"
    )
    RESULTS.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
