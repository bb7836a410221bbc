"""The hotline's last five weeks and the steps of repairs, both with a known truth."""

from __future__ import annotations

import heapq
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tools.simulate.identity import Identities
from tools.simulate.streams import stream

#: Weekdays of the five weeks before the last of 2025.
DAYS: Final = pd.bdate_range("2025-11-24", "2025-12-26")
#: Calls an hour by hour of the day, on a mean day; days differ by this part of it.
CALLS: Final = {9: 24, 10: 34, 11: 32, 12: 18, 13: 20, 14: 28, 15: 30, 16: 26, 17: 18}
DAYS_DIFFER: Final = 0.15
#: Minutes that a call takes, and after which a customer who is not answered hangs up: means of
#: exponential times. Agents at work, all day.
HANDLING: Final = 4.0
PATIENCE: Final = 2.5
AGENTS: Final = 3
#: Repairs; the share of them that need parts, and mean hours between steps.
REPAIRS: Final = 600
PARTS: Final = 0.25
HOURS: Final = {"assigned": 5.0, "visited": 26.0, "parts ordered": 1.5, "visited again": 70.0,
                "repaired": 1.0, "confirmed": 12.0}  # fmt: skip


def calls(seed: int, who: Identities) -> pd.DataFrame:
    """Give the calls of the hotline, one row a call, all cells text."""
    rng = stream(seed, "hotline")
    at: list[NDArray[np.float64]] = []
    for day in range(len(DAYS)):
        busy = rng.gamma(1 / DAYS_DIFFER**2, DAYS_DIFFER**2)
        for hour, rate in CALLS.items():
            moments = np.sort(rng.uniform(0, 1, rng.poisson(rate * busy)))
            at.append(24.0 * day + hour + moments)
    hours = np.concatenate(at)
    takes = rng.exponential(HANDLING / 60, hours.size)
    endures = rng.exponential(PATIENCE / 60, hours.size)
    free, wait, gone = [0.0] * AGENTS, np.empty(hours.size), np.zeros(hours.size, dtype=bool)
    for i, moment in enumerate(hours):
        wait[i] = max(free[0] - moment, 0.0)
        if wait[i] > endures[i]:
            wait[i], gone[i] = endures[i], True
        else:
            heapq.heapreplace(free, max(free[0], moment) + takes[i])
    came = DAYS[(hours // 24).astype(int)] + pd.to_timedelta(np.floor(hours % 24 * 3600), unit="s")
    talk = np.maximum(np.rint(takes * 3600), 1).astype(int).astype(str)
    caller = rng.integers(0, len(who.customer_id), hours.size)
    return pd.DataFrame(
        {
            "customer_id": np.array(who.customer_id)[caller],
            "at": came.strftime("%Y-%m-%d %H:%M:%S"),
            "wait": np.rint(wait * 3600).astype(int).astype(str),
            "talk": np.where(gone, "", talk),
            "hung_up": gone.astype(int).astype(str),
        }
    )  # fmt: skip


def steps(seed: int) -> pd.DataFrame:
    """Give the steps of repairs, one row a step, in order of time, all cells text."""
    rng = stream(seed, "steps of repairs")
    begun = np.sort(rng.uniform(0, 24 * 330, REPAIRS))
    rows: list[tuple[str, str, pd.Timestamp]] = []
    for i, hour in enumerate(begun):
        ticket, now = f"R{10_001 + i}", pd.Timestamp("2025-01-06") + pd.Timedelta(hours=hour)
        rows.append((ticket, "reported", now))
        path = ["assigned", "visited"]
        path += ["parts ordered", "visited again"] if rng.random() < PARTS else []
        for name in [*path, "repaired", "confirmed"]:
            now += pd.Timedelta(hours=float(rng.exponential(HOURS[name])) + 0.1)
            rows.append((ticket, name.removesuffix(" again"), now))
    frame = pd.DataFrame(rows, columns=["ticket_id", "activity", "at"])
    frame = frame[frame["at"] < pd.Timestamp("2026-01-01")].sort_values(["at", "ticket_id"])
    return frame.assign(at=frame["at"].dt.strftime("%Y-%m-%d %H:%M"))
