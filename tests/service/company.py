"""A small company that keeps tickets, a hotline and the steps of its tickets."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.notebooks.small_company import Company
from tests.service.call_centre import calls
from tests.service.desk import contacts

TICKETS = (
    "ticket_id", "customer_id", "at", "answered_at", "resolved_at", "channel", "kind", "team",
    "agent", "reopened",
)  # fmt: skip
CALLS = ("customer_id", "at", "handling_seconds", "response_hours", "abandoned")


def service_desk(own: Company) -> Company:
    """Give the company tickets with all that a desk may say, calls, and steps; nothing else."""
    tickets, rng = contacts(70, 12, seed=2), np.random.default_rng(2)
    ids = own.tables["customers"]["customer_id"].to_numpy()
    answered = tickets["at"] + pd.to_timedelta(tickets["response"], unit="h")
    tickets = tickets.assign(
        ticket_id=[f"T{i}" for i in range(len(tickets))],
        customer_id=rng.choice(ids, len(tickets)), agent=rng.integers(1, 40, len(tickets)),
        answered_at=answered.where(tickets["answered"].astype(bool)), resolved_at=tickets["ended"],
    )  # fmt: skip
    hotline = calls(days=30, seed=2, hours=(9, 12))
    hotline = hotline.assign(
        customer_id=rng.choice(ids, len(hotline)), handling_seconds=3600 * hotline["handling"],
        response_hours=hotline["patience"],
    )  # fmt: skip
    steps = tickets.melt("ticket_id", ["at", "answered_at", "resolved_at"], "activity", "moment")
    steps = steps.dropna().rename(columns={"moment": "at"})
    steps["activity"] = steps["activity"].replace(
        {"at": "opened", "answered_at": "answered", "resolved_at": "solved"}
    )
    bare = own.without("contracts", "interactions", "ratings", "survey", "transactions")
    card = {"response": 4, "resolution": 24}
    bare = bare.with_card(cases=None, goals=None, service=card)
    for name, frame in (
        ("interactions", tickets[[*TICKETS]]), ("interactions_calls", hotline[[*CALLS]]),
        ("steps", steps),
    ):  # fmt: skip
        bare = bare.with_table(name, frame)
    return bare
