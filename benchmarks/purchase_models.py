"""Purchase and spend models on the same customers: the workbench, lifetimes and clvkit."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
ROOT = HERE.parent
# Each peer needs another pandas than the workbench or the other one: environments of their own.
PEERS = {
    "lifetimes": ("lifetimes==0.11.3", "pandas<3", "numpy<2"),
    "clvkit": ("clvkit==0.2.0",),
}
#: Which peer has which model.
HAS = {
    "BetaGeometric": ("lifetimes", "clvkit"),
    "ParetoNBD": ("lifetimes",),
    "GammaGamma": ("lifetimes", "clvkit"),
}
#: Fits that take minutes at a million customers.
SLOW = {("ParetoNBD", "lifetimes"), ("BetaGeometric", "clvkit")}
MODELS = ("BetaGeometric", "ParetoNBD", "GammaGamma")


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


def cdnow() -> dict[str, np.ndarray]:
    """Give the 2,357 customers of the papers, to 30 September 1997."""
    import datetime as dt

    from workbench.data import customer_summary, open_tables
    from workbench.study import load_study

    tables = open_tables(load_study("cdnow"))
    end = dt.date(1997, 9, 30)
    frame = customer_summary(tables, "transactions_sample", calibration_end=end).frame()
    names = ("frequency", "recency", "age", "mean_spend")
    return {name: frame[name].fillna(0.0).to_numpy(dtype=float) for name in names}


def peer_python(package: str) -> Path:
    """The interpreter of a peer's environment, made when it is not there."""
    home = ROOT / ".cache" / "peers" / package
    python = home / "bin" / "python"
    if not python.exists():
        uv = str(ROOT / ".cache" / "uv" / "bin" / "uv")
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, home], check=True)
        subprocess.run(
            [uv, "pip", "install", "--quiet", "--python", python, *PEERS[package]], check=True
        )
    return python


def cost(python: Path, model: str, package: str, rows: Path) -> dict[str, Any]:
    """One fit in a process of its own."""
    command = [python, HERE / "peers" / "fit.py", model, package, rows]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def measure(folder: Path, *, largest: int, slow: bool, slow_to: int) -> Iterator[dict[str, Any]]:
    """Measure the models on each size, in the workbench and in the peers that are not slow.

    Parameters
    ----------
    slow : bool
        Measure the slow peers instead, up to `slow_to` customers, beside what was measured before.
    """
    for n in (0, *(size for size in (100_000, 1_000_000) if size <= largest)):
        rows = folder / f"{n}.npz"
        if not rows.exists():
            data = customers(n, np.random.default_rng(20251231)) if n else cdnow()
            np.savez(rows, **data)
        size = np.load(rows)["age"].size
        for model in MODELS:
            own = cost(Path(sys.executable), model, "workbench", rows)
            about = {"customers": size, "data": "simulated" if n else "CDNOW", "model": model}
            if not slow:
                yield {**about, "package": "workbench", **own}
            for package in HAS[model]:
                if slow != ((model, package) in SLOW) or (slow and size > slow_to):
                    continue
                other = cost(peer_python(package), model, package, rows)
                pairs = zip(own["params"], other["params"], strict=True)
                gap = max(abs(a / b - 1) for a, b in pairs)
                yield {**about, "package": package, **other, "difference": gap}
