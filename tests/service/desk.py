"""A service desk whose waiting is known: answers and solutions of so many hours, day by day."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import norm

#: Of the logarithm of the hours to an answer: its mean, spread within a day and between days.
MEAN, WITHIN, BETWEEN = 1.0, 0.9, 0.4
END = pd.Timestamp("2025-12-31")


def truth(share: float) -> float:
    """Hours within which this share of the contacts is answered, over all days."""
    return float(np.exp(MEAN + np.hypot(WITHIN, BETWEEN) * norm.ppf(share)))


def share_within(hours: float) -> float:
    """Share of the contacts that are answered within so many hours."""
    return float(norm.cdf((np.log(hours) - MEAN) / np.hypot(WITHIN, BETWEEN)))


def contacts(
    days: int = 60, a_day: float = 20, seed: int = 0, *, seen: float = 1.0
) -> pd.DataFrame:
    """Draw a log that ends while some wait: one row a contact, as `contact_log` gives it.

    `seen` shortens the time for which contacts are followed, so that many wait still.
    """
    rng = np.random.default_rng(seed)
    day = np.repeat(np.arange(days), rng.poisson(a_day, days))
    n = day.size
    at = END - pd.to_timedelta((days - day - rng.random(n)) * 24, unit="h")
    waits = np.exp(MEAN + BETWEEN * rng.normal(size=days)[day] + WITHIN * rng.normal(size=n))
    followed = (END - at).total_seconds().to_numpy() / 3600 * seen
    solution = waits + rng.exponential(12, n)
    resolved = solution <= followed
    rows = pd.DataFrame(
        {
            "customer_id": [f"c{i:04d}" for i in rng.integers(0, n, n)],
            "at": at, "day": at.normalize(), "hour": at.hour, "weekday": at.day_of_week,
            "channel": rng.choice(["phone", "chat", "email"], n, p=[0.6, 0.3, 0.1]),
            "kind": rng.choice(["enquiry", "complaint"], n, p=[0.8, 0.2]),
            "team": rng.choice(["North", "South", "Night"], n, p=[0.6, 0.35, 0.05]),
            "followed": followed, "answered": pd.array(waits <= followed, dtype="boolean"),
            "response": np.minimum(waits, followed),
            "resolved": pd.array(resolved, dtype="boolean"),
            "solved": pd.array(resolved, dtype="boolean"),
            "solution": np.minimum(solution, followed), "reopened": rng.random(n) < 0.05,
        }
    )  # fmt: skip
    rows["ended"] = (rows["at"] + pd.to_timedelta(solution, unit="h")).where(resolved)
    return rows.sort_values("at", ignore_index=True)
