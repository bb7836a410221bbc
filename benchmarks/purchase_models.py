"""Purchase and spend models on simulated customers: the workbench and lifetimes, same files."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
ROOT = HERE.parent
PEERS = ROOT / ".cache" / "peers"
# lifetimes breaks on pandas 3 and numpy 2: its own environment.
PEER_PACKAGES = ("lifetimes==0.11.3", "pandas<3", "numpy<2")


def customers(n: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw BG/NBD customers, purchases on whole days, in weeks."""
    age = rng.integers(140, 274, n) / 7
    rate = rng.gamma(0.24, 1 / 4.4, n)
    dropout = rng.beta(0.8, 2.4, n)
    frequency = np.zeros(n)
    recency = np.zeros(n)
    clock = np.zeros(n)
    going = np.arange(n)
    while going.size:
        clock[going] += rng.exponential(1 / np.maximum(rate[going], 1e-12))
        going = going[clock[going] <= age[going]]
        frequency[going] += 1
        recency[going] = np.ceil(clock[going] * 7) / 7
        going = going[rng.random(going.size) >= dropout[going]]
    orders = np.maximum(frequency, 1)
    mean_spend = rng.gamma(6.25 * orders, 1 / rng.gamma(3.74, 1 / 15.44, n)) / orders
    return {
        "frequency": frequency,
        "recency": np.minimum(recency, age),
        "age": age,
        "mean_spend": mean_spend,
    }


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


def run(python: Path, model: str, package: str, rows: Path) -> dict:
    """One fit in a process of its own."""
    command = [python, HERE / "peers" / "fit.py", model, package, rows]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def measure(model: str, *, largest: int, peers_to: int) -> str:
    """Measure both, and give a Markdown table; lifetimes only up to `peers_to` customers."""
    lines = [
        "| customers | workbench, s | MB | lifetimes, s | MB | ratio | largest difference |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        for n in (size for size in (10_000, 100_000, 1_000_000) if size <= largest):
            rows = Path(folder) / f"{n}.npz"
            np.savez(rows, **customers(n, np.random.default_rng(20251231)))
            own = run(Path(sys.executable), model, "workbench", rows)
            line = f"| {n:,} | {own['seconds']:.3f} | {own['megabytes']:.0f} "
            if n <= peers_to:
                other = run(peer_python(), model, "lifetimes", rows)
                gap = max(
                    abs(a / b - 1) for a, b in zip(own["params"], other["params"], strict=True)
                )
                ratio = other["seconds"] / own["seconds"]
                line += f"| {other['seconds']:.2f} | {other['megabytes']:.0f} "
                line += f"| {ratio:.0f} | {gap:.1e} |"
            else:
                line += "| not run | | | |"
            lines.append(line)
    return "\n".join(lines)
