"""Made-up pipelines and accounts whose truth is known."""

from __future__ import annotations

import numpy as np
import pandas as pd

STAGES = ("Qualification", "Proposal", "Negotiation")
#: Mean days in a stage; chance of going on from it (the last: of being won).
STAY, ON = (20.0, 30.0, 25.0), (0.7, 0.7, 0.6)


def pipeline(
    rng: np.random.Generator,
    *,
    n: int = 600,
    accounts: int = 120,
    years: float = 3.0,
    stay: tuple[float, ...] = STAY,
    on: tuple[float, ...] = ON,
    as_of: str = "2025-12-31",
    larger: float = 0.0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw opportunities that pass through stages of exponential length.

    `larger` makes larger ones be won less often (log odds a unit of log amount).
    """
    today = pd.Timestamp(as_of)
    opened = np.sort(rng.uniform(0, 365.25 * years, n))
    amount = rng.lognormal(9, 0.8, n)
    shift = -larger * (np.log(amount) - 9)
    when, alive = opened.copy(), np.ones(n, dtype=bool)
    rows, outcome, closed = [], np.zeros(n, dtype=int), np.full(n, np.inf)
    stage = np.zeros(n, dtype=int)
    horizon = 365.25 * years
    for k in range(len(stay)):
        rows.append((np.flatnonzero(alive), np.full(alive.sum(), k), when[alive]))
        stage[alive & (when <= horizon)] = k
        when = np.where(alive, when + rng.exponential(stay[k], n), when)
        odds = on[k] / (1 - on[k]) * np.exp(shift)
        goes = rng.random(n) < odds / (1 + odds)
        ends = alive & (~goes | (k == len(stay) - 1))
        closed[ends] = when[ends]
        outcome[ends] = np.where(goes[ends], 1, 2)
        alive &= ~ends
    start = today - pd.Timedelta(days=int(horizon))
    day = lambda x: start + pd.to_timedelta(np.floor(np.minimum(x, 1e5)), unit="D")  # noqa: E731
    known = np.floor(closed) <= np.floor(horizon)
    deals = pd.DataFrame(
        {
            "opportunity_id": [f"O{i:05d}" for i in range(n)],
            "customer_id": [f"A{i:03d}" for i in rng.integers(0, accounts, n)],
            "opened": day(opened),
            "closed": pd.Series(day(np.minimum(closed, 1e5))).where(known),
            "outcome": np.where(known, np.array(["", "won", "lost"])[outcome], "open"),
            "stage": np.where(known, np.array(["", "Closed Won", "Closed Lost"])[outcome],
                              np.array(STAGES[: len(stay)])[stage]),
            "amount": amount.round(2),
            "source": rng.choice(["Web", "Fair", "Referral"], n),
        }
    )  # fmt: skip
    deals["reason"] = np.where(
        deals["outcome"] == "lost", rng.choice(["Price", "Timing", "Rival"], n, p=[0.6, 0.3, 0.1]),
        None,
    )  # fmt: skip
    who, which, at = (np.concatenate(each) for each in zip(*rows, strict=True))
    log = pd.DataFrame(
        {
            "opportunity_id": deals["opportunity_id"].to_numpy()[who],
            "stage": np.array(STAGES[: len(stay)])[which], "entered": day(at),
        }
    )  # fmt: skip
    return deals, log[log["entered"] <= today].sort_values("entered", ignore_index=True)


def seen_on(
    deals: pd.DataFrame, log: pd.DataFrame, day: str, days: int
) -> tuple[pd.DataFrame, pd.DataFrame, float]:
    """Give a pipeline as known on a day, and what was won of what was open within `days` after."""
    when = pd.Timestamp(day)
    known = deals[deals["opened"] <= when].copy()
    later = ~(known["closed"] <= when)
    won = later & (known["outcome"] == "won")
    won &= known["closed"] <= when + pd.Timedelta(days=days)
    came = float(known.loc[won, "amount"].sum())
    known["closed"] = known["closed"].mask(later)
    known["outcome"] = known["outcome"].mask(later, "open")
    return known, log[log["entered"] <= when], came


def sales(
    rng: np.random.Generator, *, n: int = 120, growth: float = 0.0, as_of: str = "2025-12-31"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw accounts of unequal size that order for three years; one in twelve stops a year ago."""
    today = pd.Timestamp(as_of)
    size = rng.lognormal(8, 1.0, n)
    ids = np.array([f"A{i:03d}" for i in range(n)])
    industry = rng.choice(["Hospital", "Pharmacy", "Clinic"], n, p=[0.3, 0.5, 0.2])
    stops = rng.random(n) < 1 / 12
    who = np.repeat(np.arange(n), rng.poisson(36, n) + 1)
    days = rng.integers(0, 1095, who.size)  # before today
    kept = ~(stops[who] & (days < 365))
    who, days = who[kept], days[kept]
    level = size[who] / 12 * np.exp(growth * (days < 365)) * rng.lognormal(0, 0.4, who.size)
    sold = pd.DataFrame(
        {"customer_id": ids[who], "date": today - pd.to_timedelta(days, "D"),
         "amount": level.round(2)}
    )  # fmt: skip
    about = pd.DataFrame(
        {"customer_id": ids, "industry": industry, "size": rng.integers(1, 2000, n).astype(str),
         "potential": np.where(rng.random(n) < 0.8, size * rng.uniform(1, 3, n), np.nan).round(2)}
    )  # fmt: skip
    return sold, about


def leaving(
    rng: np.random.Generator, *, n: int = 300, foreseen: bool = True, as_of: str = "2025-12-31"
) -> pd.DataFrame:
    """Draw accounts of which some stop half a year ago: the rare ones more often, or any alike."""
    today = pd.Timestamp(as_of)
    rate = rng.gamma(4, 6, n)
    chance = 0.6 / (1 + (rate / 15) ** 3) if foreseen else np.full(n, 0.25)
    stops = rng.random(n) < chance
    who = np.repeat(np.arange(n), rng.poisson(2.5 * rate) + 1)
    days = rng.integers(0, 912, who.size)
    kept = ~(stops[who] & (days < 180))
    return pd.DataFrame(
        {"customer_id": np.array([f"A{i:03d}" for i in range(n)])[who[kept]],
         "date": today - pd.to_timedelta(days[kept], "D"),
         "amount": rng.lognormal(5, 0.5, int(kept.sum())).round(2)}
    )  # fmt: skip


def visits(
    rng: np.random.Generator, sold: pd.DataFrame, *, follow: bool = True, as_of: str = "2025-12-31"
) -> pd.DataFrame:
    """Draw visits that bring nothing: they follow what was bought before, or nothing at all."""
    ids = np.sort(sold["customer_id"].unique())
    level = sold.groupby("customer_id")["amount"].sum().reindex(ids).rank(pct=True).to_numpy()
    often = rng.poisson(4 + 24 * level if follow else np.full(ids.size, 12.0))
    who = np.repeat(ids, often)
    days = pd.to_timedelta(rng.integers(0, 1000, who.size), "D")
    return pd.DataFrame({"customer_id": who, "date": pd.Timestamp(as_of) - days})


def industries(rng: np.random.Generator, scores: pd.DataFrame) -> pd.DataFrame:
    """Put accounts into industries: the weak are twice as often in hotels, and never in two."""
    weak = (scores["health"] == "Weak").to_numpy()
    hotel = rng.random(len(scores)) < np.where(weak, 0.5, 0.2)
    other = rng.choice(["Retail", "Logistics"], len(scores))
    industry = np.where(hotel, "Hotels", other).astype(object)
    industry[:2], industry[2:6] = "Shipping", "Ports"
    return pd.DataFrame({"customer_id": scores["customer_id"], "industry": industry})
