"""One small result of each class of the room, for the contract that all results keep."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from workbench import segments as room
from workbench.segments.clusters.clusters import Clusters

AS_OF = pd.Timestamp("2025-12-31")


@cache
def people(n: int = 600) -> pd.DataFrame:
    """Customers in three segments, which differ by spend and plan."""
    rng = np.random.default_rng(1)
    segment = rng.choice(["Champions", "Lost", "At risk"], n)
    best = segment == "Champions"
    return pd.DataFrame(
        {
            "segment": segment,
            "spend": np.where(best, 300.0, 50.0) + rng.gamma(2, 20, n),
            "orders": rng.integers(1, 9, n),
            "region": rng.choice(["North", "South"], n),
            "gender": rng.choice(["female", "male"], n),
            "plan": np.where(best & (rng.random(n) < 0.6), "gold", "plain"),
        }
    )


@cache
def log() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    who = rng.integers(0, 150, 900)
    day = AS_OF - pd.to_timedelta(rng.integers(0, 700, 900), "D")
    return pd.DataFrame(
        {"customer_id": [f"c{i}" for i in who], "date": day, "amount": rng.gamma(2, 10, 900)}
    )


@cache
def durations(n: int = 300) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"plan": rng.choice(["Basic", "Plus"], n), "score": rng.normal(size=n)})
    months = rng.exponential(np.where(frame["plan"] == "Plus", 20, 10))
    return frame, np.minimum(months, 24), months < 24


@cache
def groups() -> Clusters:
    rng = np.random.default_rng(1)
    few, many = rng.poisson(2, 60), rng.poisson(20, 60)
    spend = np.r_[rng.normal(20, 3, 60), rng.normal(80, 5, 60)]
    features = pd.DataFrame({"orders": np.r_[few, many] + 1, "spend": spend})
    return room.clusters(features, rng=rng, k=(2, 3))


def classes() -> room.LatentClasses:
    rng = np.random.default_rng(1)
    truth = rng.integers(2, size=300)
    chance = np.array([[0.9, 0.1], [0.1, 0.9]])
    answers = pd.DataFrame(
        {f"q{j}": [rng.choice(["yes", "no"], p=chance[t]) for t in truth] for j in range(5)}
    )
    return room.latent_classes(answers, rng=rng, k=(1, 2), starts=2)


def snapshot(day: str, n: int, rng: np.random.Generator, *, known: bool = True) -> room.Snapshot:
    features = pd.DataFrame(
        {"signal": rng.normal(size=n), "plan": rng.choice(["plus", "basic"], n)},
        index=pd.Index([f"{day}-{i}" for i in range(n)], name="customer_id"),
    )
    p = 1 / (1 + np.exp(1.5 - 1.2 * features["signal"].to_numpy()))
    left = pd.Series(rng.random(n) < p, features.index, name="left")
    value = pd.Series(rng.gamma(2, 100, n), features.index, name="value")
    begin = pd.Timestamp(day)
    return room.Snapshot(
        features, left if known else None, value, begin, begin + pd.Timedelta(days=90)
    )


@cache
def churn() -> room.ChurnModel:
    rng = np.random.default_rng(1)
    early = [snapshot(day, 300, rng) for day in ("2024-10-01", "2025-01-01")]
    return room.churn_model(early, snapshot("2025-04-01", 400, rng), rng=rng, repeats=2)


def plan() -> room.OfferPlan:
    fresh = snapshot("2025-07-01", 300, np.random.default_rng(9), known=False)
    return room.offer_plan(
        churn(), churn().score(fresh), fresh.value, room.Offer(6, 0.3, 5, 0.2), currency="EUR"
    )


def contracts() -> room.ContractSurvival:
    rng = np.random.default_rng(1)
    start = AS_OF - pd.to_timedelta(rng.integers(30, 1200, 200), "D")
    end = start + pd.to_timedelta(rng.exponential(700, 200).astype(int) + 1, "D")
    deals = pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in range(200)],
            "start": start,
            "end": pd.Series(end).where(pd.Series(end) <= AS_OF),
            "plan": rng.choice(["basic", "plus"], 200),
        }
    )
    return room.contract_survival(room.contract_spells(deals, as_of=AS_OF))


def named() -> room.RFM:
    rng = np.random.default_rng(1)
    scores = {f"{name}_score": rng.integers(1, 6, 200) for name in ("recency", "frequency")}
    frame = pd.DataFrame(scores | {"spend_score": rng.integers(1, 6, 200)})
    frame = frame.assign(
        days_since_last=100 - 10 * frame["recency_score"],
        orders=frame["frequency_score"],
        spend=10.0 * frame["spend_score"],
    )
    return room.name_customers(
        frame, levels=dict.fromkeys(("days_since_last", "orders", "spend"), 5)
    )


def moves() -> room.Transitions:
    rng = np.random.default_rng(3)
    stages = {k: rng.choice(["active", "quiet", "gone"], 200) for k in ("2024", "2025")}
    return room.transitions(pd.DataFrame(stages))


def accounts() -> room.TierAccounts:
    tier = pd.Series(["top"] * 5 + ["base"] * 5)
    revenue = [100.0, 120, 80, 110, 90, 10, 20, 0, 30, 40]
    return room.tier_accounts(tier, revenue, {"top": 10, "base": 40}, margin=0.5, min_cell=2)


def cards() -> room.Personas:
    told = people()[["region", "plan"]]
    measured = people()[["orders", "spend"]]
    return room.personas(
        people()["segment"], measured["spend"], measured, attributes=told,
        advice=room.default_rules(),
    )  # fmt: skip


EXAMPLES = {
    "Associations": lambda: room.associations(people()["segment"], people()[["region", "plan"]]),
    "AttributeProfile": lambda: room.by_attribute(people()["segment"], people()["plan"]),
    "Breakdown": lambda: room.break_down(
        people()[["segment", "region"]],
        orders=people()["orders"],
        spend=people()["spend"],
        by=["segment", ("region", "segment")],
        min_cell=5,
    ),
    "ChurnModel": churn,
    "Clusters": groups,
    "ContractSurvival": contracts,
    "Evidence": lambda: groups().evidence,
    "Fairness": lambda: room.fairness(
        people()["segment"], people()[["gender", "plan"]], used=["gender"]
    ),
    "Hazards": lambda: room.hazards(*durations()),
    "LatentClasses": classes,
    "Lifecycle": lambda: room.lifecycle(log(), as_of=AS_OF),
    "OfferPlan": plan,
    "Personas": cards,
    "Profile": lambda: room.profile(people()["segment"], people()["spend"]),
    "PurchaseCohorts": lambda: room.purchase_cohorts(log(), as_of=AS_OF),
    "RFM": named,
    "Survival": lambda: room.survival(*durations()[1:], durations()[0]["plan"]),
    "TierAccounts": accounts,
    "Tiers": lambda: room.tiers(people()["spend"]),
    "Transitions": moves,
}
