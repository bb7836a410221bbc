"""A small made-up company with every table a study can have; tests run pages on parts of it."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

AS_OF = "2025-12-31"
ITEMS = [f"{i:02d}" for i in range(1, 7)]
TOWNS = ("Ashby", "Bexley", "Corby", "Derby", "Epsom", "Frome", "Goole", "Hythe")
SAYINGS = {
    "en": ("The line was dropped again", "Waited an hour on the phone", "Friendly and quick"),
    "zh": ("信号又断了", "电话等了一个小时", "服务态度很好，处理很快"),
}


@dataclass
class Company:
    """Tables by name, and the card."""

    tables: dict[str, pd.DataFrame]
    card: dict[str, Any]
    files: dict[str, str] = field(default_factory=dict)

    def without(self, *names: str) -> Company:
        """Leave out tables, and what the card builds on them."""
        tables = {name: frame for name, frame in self.tables.items() if name not in names}
        card = copy.deepcopy(self.card)
        if "survey" not in tables:
            card.pop("survey", None)
        needs = {
            "satisfaction": "survey", "sales": "transactions", "repeat_purchase": "transactions",
            "churn": "contracts", "response_hours": "interactions",
        }  # fmt: skip
        there = lambda indicator: needs[indicator] in tables  # noqa: E731
        card["goals"] = [g for g in card.get("goals", []) if there(g["indicator"])]
        card["cases"] = [
            c for c in card.get("cases", []) if all(there(o["indicator"]) for o in c["outcomes"])
        ]
        return Company(tables, {k: v for k, v in card.items() if v != []})

    def with_table(self, name: str, frame: pd.DataFrame) -> Company:
        """Put another table in place of one."""
        return Company(self.tables | {name: frame}, copy.deepcopy(self.card))

    def with_card(self, **parts: Any) -> Company:
        """Change parts of the card; None takes one away."""
        card = copy.deepcopy(self.card) | parts
        return Company(self.tables, {k: v for k, v in card.items() if v is not None})

    def people(self, n: int) -> Company:
        """Keep the first customers only, in every table."""
        keep = set(self.tables["customers"]["customer_id"].iloc[:n])
        tables = {
            name: frame[frame["customer_id"].isin(keep)] if "customer_id" in frame else frame
            for name, frame in self.tables.items()
        }
        return Company(tables, copy.deepcopy(self.card))

    def write(self, folder: Path) -> Path:
        """Write the study; return its folder."""
        folder.mkdir(parents=True)
        card = self.card | {"tables": {name: {"path": f"{name}.csv"} for name in self.tables}}
        for name, frame in self.tables.items():
            frame.to_csv(folder / f"{name}.csv", index=False)
        text = yaml.safe_dump(card, allow_unicode=True, sort_keys=False)
        (folder / "study.yml").write_text(text, encoding="utf-8")
        return folder


def company(n: int = 160, seed: int = 7) -> Company:
    """Draw the company: two years of purchases, contracts, contacts, two waves of a survey."""
    rng = np.random.default_rng(seed)
    ids = [f"K{i:04d}" for i in range(n)]
    town = rng.choice(TOWNS, n)
    start, end = pd.Timestamp("2024-01-01"), pd.Timestamp(AS_OF)
    days = (end - start).days
    customers = pd.DataFrame(
        {
            "customer_id": ids,
            "region": np.where(np.isin(town, TOWNS[:4]), "North", "South"),
            "city": town,
            "gender": rng.choice(["female", "male"], n),
        }
    )
    rows = []
    for customer, rate in zip(ids, rng.gamma(1.2, 6.0, n), strict=True):
        joined = int(rng.integers(0, days - 200))
        gone = joined + int(rng.exponential(400)) + 5
        on = np.unique(rng.integers(joined, days, 1 + rng.poisson(rate)))
        spent = rng.lognormal(3.5, 0.6, on.size).round(2)
        rows += [
            (customer, start + pd.Timedelta(days=int(day)), amount)
            for day, amount in zip(on, spent, strict=True)
            if day <= gone
        ]
    transactions = pd.DataFrame(rows, columns=["customer_id", "date", "amount"])
    transactions = transactions.sort_values("date", ignore_index=True)
    begun = start + pd.to_timedelta(rng.integers(0, days - 100, n), unit="D")
    lasted = pd.to_timedelta(np.ceil(rng.exponential(500, n)) + 20, unit="D")
    ended = pd.Series(begun + lasted)
    contracts = pd.DataFrame(
        {
            "contract_id": [f"V{i:04d}" for i in range(n)],
            "customer_id": ids,
            "start": begun,
            "end": ended.where(ended <= end),
            "plan": rng.choice(["Basic", "Plus"], n),
            "monthly_fee": rng.choice([29.0, 59.0], n),
        }
    )
    contacts = 900
    interactions = pd.DataFrame(
        {
            "customer_id": rng.choice(ids, contacts),
            "at": start + pd.to_timedelta(rng.integers(0, days * 24, contacts), unit="h"),
            "channel": rng.choice(["phone", "chat"], contacts),
            "kind": rng.choice(["enquiry", "complaint"], contacts, p=[0.8, 0.2]),
            "response_hours": rng.gamma(2.0, 3.0, contacts).round(1),
            "resolved": rng.integers(0, 2, contacts),
        }
    )
    answered = 2 * n
    person = rng.normal(size=answered)
    survey = pd.DataFrame(
        {
            "respondent_id": [f"R{i:04d}" for i in range(answered)],
            "customer_id": ids * 2,
            "wave": ["2025-H1"] * n + ["2025-H2"] * n,
            "answered_on": ["2025-05-15"] * n + ["2025-11-15"] * n,
            "csat5": np.clip(np.round(3.4 + person), 1, 5).astype(int),
            "recommend": np.clip(np.round(7 + 2 * person), 0, 10).astype(int),
        }
    )
    for item in ITEMS:
        survey[f"exp_{item}"] = np.clip(np.round(6 + rng.normal(0, 0.8, answered)), 1, 7)
        survey[f"per_{item}"] = np.clip(np.round(4.5 + person + rng.normal(0, 1, answered)), 1, 7)
    tongue = rng.choice(["en", "zh"], answered)
    survey["comment"] = [
        SAYINGS[code][2 if mood > 0.3 else int(rng.integers(2))] if rng.random() < 0.7 else ""
        for code, mood in zip(tongue, person, strict=True)
    ]
    survey["language"] = tongue
    # every third says by phone and by the app
    survey["reached"] = np.where(np.arange(answered) % 3 == 0, "phone; app", "app")
    rows = [
        (f"{year}-{month:02d}-15", rater, item, int(rng.integers(4, 9)))
        for year in (2024, 2025)
        for month in (3, 6, 9, 12)
        for rater in ("E1", "E2", "E3")
        for item in ("clarity", "courtesy")
    ]
    ratings = pd.DataFrame(rows, columns=["date", "rater", "item", "score"])
    card = {
        "title": {"en": "A small company", "zh": "一家小公司"},
        "simulated": True,
        "languages": ["en"],
        "as_of": pd.Timestamp(AS_OF).date(),
        "currency": "EUR",
        "time_unit": "week",
        "survey": {
            "dimensions": {"tangibles": ITEMS[:3], "empathy": ITEMS[3:]},
            "groups": ["region"],
            "questions": {"reached": {"label": "How do you reach us?", "several": ";"}},
        },
        "goals": [
            _goal("happier", "satisfaction", "wave", 3.4, 3.8, "up"),
            _goal("more_sales", "sales", "month", 4000, 5000, "up"),
            _goal("fewer_leave", "churn", "month", 0.05, 0.03, "down"),
        ],
        "cases": [
            {
                "name": "app",
                "title": {"en": "The new app", "zh": "新应用"},
                "what": {"en": "An app for four towns.", "zh": "面向四座城市的应用。"},
                "start": pd.Timestamp("2025-04-01").date(),
                "chosen": "random",
                "unit": "region",
                "treated": {"city": list(TOWNS[::2])},
                "outcomes": [{"indicator": "repeat_purchase", "direction": "up"}],
                "period": "month",
            }
        ],
    }
    tables = {
        "customers": customers, "transactions": transactions, "contracts": contracts,
        "interactions": interactions, "survey": survey, "ratings": ratings,
    }  # fmt: skip
    return Company(tables, card)


def _goal(
    name: str, indicator: str, every: str, was: float, target: float, direction: str
) -> dict[str, Any]:
    return {
        "name": name, "title": name.replace("_", " ").capitalize(), "indicator": indicator,
        "every": every, "direction": direction, "target": target,
        "baseline": {"value": was, "date": pd.Timestamp("2024-12-31").date()},
        "deadline": pd.Timestamp("2026-06-30").date(),
        "owner": "Head of service", "why": "It pays.",
    }  # fmt: skip
