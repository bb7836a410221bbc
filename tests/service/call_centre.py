"""A call centre whose truth is known: calls by chance, exponential calls and patience, n agents."""

from __future__ import annotations

import heapq

import numpy as np
import pandas as pd


def served(
    at: np.ndarray, handling: np.ndarray, patience: np.ndarray, agents: int
) -> tuple[np.ndarray, np.ndarray]:
    """Serve calls in the order in which they come: hours waited, and whether they hung up."""
    free = [0.0] * agents
    wait, gone = np.empty(at.size), np.zeros(at.size, dtype=bool)
    for i, (moment, takes, endures) in enumerate(zip(at, handling, patience, strict=True)):
        first = free[0]
        wait[i] = max(first - moment, 0.0)
        if wait[i] > endures:
            wait[i], gone[i] = endures, True
        else:
            heapq.heapreplace(free, max(first, moment) + takes)
    return wait, gone


def calls(
    days: int = 60, rate: float = 60.0, minutes: float = 4.0, patience: float = 3.0,
    agents: int = 5, seed: int = 0, *, differ: float = 0.0, hours: tuple[int, int] = (9, 17),
    bursts: bool = False, shape: float = 1.0,
) -> pd.DataFrame:  # fmt: skip
    """Draw a log of calls: so many an hour, between two hours of the day, on weekdays.

    `differ` is by how much the rates of days scatter; with `bursts` calls come three at a time;
    `shape` is that of a Weibull patience, 1 for an exponential one.
    """
    rng = np.random.default_rng(seed)
    when = []
    first = pd.Timestamp("2025-01-06")
    workdays = [day for day in range(2 * days) if day % 7 < 5][:days]
    for day in workdays:
        own = rate * (rng.gamma(1 / differ**2, differ**2) if differ else 1.0)
        n = rng.poisson(own * (hours[1] - hours[0]) / (3 if bursts else 1))
        moments = np.sort(rng.uniform(*hours, n)) + 24 * day
        when.append(np.repeat(moments, 3) if bursts else moments)
    at = np.concatenate(when)
    takes = rng.exponential(minutes / 60, at.size)
    endures = patience / 60 * rng.weibull(shape, at.size)
    wait, gone = served(at, takes, endures, agents)
    return pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in rng.integers(0, at.size, at.size)],
            "at": first + pd.to_timedelta(np.round(at * 3600), unit="s"),
            "handling": np.where(gone, np.nan, takes), "patience": wait, "abandoned": gone,
        }
    )  # fmt: skip
