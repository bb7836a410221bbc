"""Segmentation of many simulated customers: scores, k-means, and the whole notebook."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
CARD = """\
title: Many customers
simulated: true
as_of: 2025-12-31
currency: EUR
privacy: {public: true}
tables:
  transactions: {path: transactions.parquet}
  customers: {path: customers.parquet}
"""
#: Measured in a process of its own each, so that one's memory is not the other's.
PARTS = ("rfm", "engine", "kmeans", "notebook")


def simulate(folder: Path, customers: int, rng: np.random.Generator) -> None:
    """Write a study: a log of three purchases a customer on average, and who they are."""
    orders = rng.geometric(1 / 3, customers)
    who = np.repeat(np.arange(customers), orders)
    numbers = np.array([f"C{i:08d}" for i in range(customers)])
    day = np.datetime64("2025-12-31") - rng.integers(0, 1000, who.size).astype("timedelta64[D]")
    amount = np.exp(rng.normal(3.5, 0.6, customers)[who] + rng.normal(0, 0.4, who.size))
    pd.DataFrame({"customer_id": numbers[who], "date": day, "amount": amount.round(2)}).to_parquet(
        folder / "transactions.parquet"
    )
    pd.DataFrame(
        {
            "customer_id": numbers,
            "birth_year": rng.integers(1940, 2006, customers),
            "gender": rng.choice(["female", "male"], customers),
            "region": rng.choice(["North", "South", "East", "West"], customers),
            "income_band": rng.choice(["below 5k", "5k-10k", "10k-20k", "above 20k"], customers),
            **{
                f"lifestyle_{c}": rng.integers(1, 6, customers)
                for c in ("online", "price", "brand")
            },
        }
    ).to_parquet(folder / "customers.parquet")
    (folder / "study.yml").write_text(CARD, encoding="utf-8")


def measure(customers: int) -> str:
    """Measure the parts, and give a Markdown table."""
    lines = ["| on | seconds | CPU seconds | MB |", "|:---|---:|---:|---:|"]
    names = {
        "rfm": "RFM scores of {n} customers, in memory",
        "engine": "RFM scores from the log of {n} customers, in DuckDB",
        "kmeans": "k-means, 5 groups of {n} x 3",
        "notebook": "the whole notebook, {n} customers with six attributes, tables cleaned",
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "many"
        folder.mkdir()
        simulate(folder, customers, np.random.default_rng(20251231))
        for part in PARTS:
            command = [sys.executable, HERE / "segment_once.py", part, folder]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            own = json.loads(done.stdout.splitlines()[-1])
            title = names[part].format(n=f"{customers:,}")
            lines.append(
                f"| {title} | {own['seconds']:.2f} | {own['cpu']:.2f} | {own['megabytes']:.0f} |"
            )
    return "\n".join(lines)
