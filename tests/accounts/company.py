"""A made-up supplier of hospitals: accounts with parents, a pipeline with stages, leads, visits."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.accounts import firm
from tests.notebooks.small_company import Company

AS_OF = pd.Timestamp("2025-12-31")


def business(own: Company, seed: int = 8) -> Company:
    """Put business customers in place of a company's people."""
    rng = np.random.default_rng(seed)
    sold, about = firm.sales(rng, n=150)
    ids = about["customer_id"].to_numpy()
    parent = np.where(np.arange(len(ids)) % 10 == 3, np.roll(ids, 3), "")
    accounts = about.assign(
        parent_id=parent, name=[f"Hospital No. {i}" for i in range(len(ids))],
        owner_role=rng.choice(["Key account manager", "Field force"], len(ids)),
    )  # fmt: skip
    deals, log = firm.pipeline(rng, n=500, accounts=150)
    n = 300
    created = AS_OF - pd.to_timedelta(rng.integers(0, 900, n), "D")
    good = rng.random(n) < 0.25
    after = pd.Series(created + pd.to_timedelta(rng.integers(5, 100, n), "D"))
    leads = pd.DataFrame(
        {
            "lead_id": [f"L{i:03d}" for i in range(n)], "created": created,
            "source": rng.choice(["Web", "Fair"], n),
            "converted_on": after.where(good & (after <= AS_OF).to_numpy()),
        }
    )  # fmt: skip
    level = sold.groupby("customer_id")["amount"].sum().reindex(ids).fillna(0)
    often = rng.poisson(4 + 20 * level.rank(pct=True))
    visits = pd.DataFrame({"customer_id": np.repeat(ids, often)})
    visits["date"] = AS_OF - pd.to_timedelta(rng.integers(0, 1000, len(visits)), "D")
    contacts = pd.DataFrame(
        {
            "contact_id": [f"P{i:03d}" for i in range(400)], "customer_id": rng.choice(ids, 400),
            "role": rng.choice(["Head physician", "Buyer"], 400),
            "last_on": AS_OF - pd.to_timedelta(rng.integers(0, 700, 400), "D"),
        }
    )  # fmt: skip
    category = rng.choice(["Implants", "Dressings", "Devices"], len(sold))
    tables = {
        "accounts": accounts, "contacts": contacts, "opportunities": deals, "stages": log,
        "leads": leads, "visits": visits, "transactions": sold.assign(category=category),
    }  # fmt: skip
    kept = ("title", "simulated", "languages", "as_of", "currency", "time_unit", "privacy")
    return Company(tables, {k: own.card[k] for k in kept if k in own.card})
