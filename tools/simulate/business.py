"""Business customers: accounts, people, purchases, a pipeline with its stages, leads, visits.

Streams of their own leave what private customers do as it is.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tools.simulate.population import REGIONS
from tools.simulate.streams import stream
from workbench.errors import WorkbenchError

Floats = NDArray[np.float64]

LAST: Final = pd.Timestamp("2025-12-31")
#: Days that the records reach back.
SPAN: Final = 1096
ACCOUNTS: Final = 260
#: One account in so many belongs to the one before it.
BELOW: Final = 8
INDUSTRIES: Final = ("Hospitals", "Retail", "Logistics", "Hotels", "Manufacturing")
SHARE: Final = (0.16, 0.26, 0.20, 0.14, 0.24)
#: Growth of purchases in 2025, as a factor, by industry.
GROWTH: Final = {"Hospitals": 1.35, "Retail": 0.85, "Logistics": 1.0, "Hotels": 1.0,
                 "Manufacturing": 1.0}  # fmt: skip
ROLES: Final = ("Key account manager", "Field sales", "Inside sales")
CATEGORIES: Final = ("mobile fleet", "fixed lines", "cloud", "devices")
#: Orders a year of a mean account, and by what factor their rate falls in the half year before
#: an account leaves for good; the chance of leaving in the second half of 2025.
ORDERS: Final = 7.5
FADES: Final = 0.35
LEAVES: Final = 0.16
#: Stages in order: mean days in each, and the chance of going on (the last: of being won).
STAGES: Final = ("Qualification", "Proposal", "Negotiation")
STAY: Final = (18.0, 32.0, 24.0)
ON: Final = (0.66, 0.58, 0.70)
DEALS: Final = 1_100
#: Log odds of going on in every stage, by source.
SOURCES: Final = {"Referral": 0.45, "Website": 0.0, "Trade fair": 0.0, "Cold call": -0.35}
REASONS: Final = {"Price": 0.44, "Competitor": 0.27, "No budget": 0.18, "Timing": 0.11}
TOLD: Final = 0.85
LEADS: Final = 900
#: Chance that a lead becomes a customer, and mean days until it does.
CONVERTS: Final = {"Referral": 0.34, "Website": 0.18, "Trade fair": 0.18, "Cold call": 0.10}
UNTIL: Final = 30.0
#: Visits a year of the account that buys least and most; what a visit brings: nothing.
VISITS: Final = (1.0, 10.0)
VISIT_BRINGS: Final = 0.0


def business(seed: int) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    """Make the tables of the business customers, all cells text, and the truth behind them."""
    rng = stream(seed, "accounts")
    n = ACCOUNTS
    ids = np.array([f"B{i}" for i in 4000 + rng.choice(5_000, n, replace=False)])
    industry = rng.choice(INDUSTRIES, n, p=SHARE)
    size = rng.lognormal(0.0, 0.8, n)
    below = (np.arange(n) % BELOW == BELOW - 1).astype(bool)
    parent = np.where(below, np.roll(ids, 1), "")
    # a quarter joins in the course of the three years, the others were there before
    joins = np.where(rng.random(n) < 0.25, rng.integers(0, SPAN - 240, n), 0)
    leaves = (rng.random(n) < LEAVES) & (joins < SPAN - 700)
    end = np.where(leaves, rng.integers(SPAN - 184, SPAN - 175, n), SPAN)
    sold = _sales(seed, ids, industry, size, joins, leaves, end)
    spent = _by_account(sold, ids, 365)
    role = np.where(size > 1.6, ROLES[0], np.where(size > 0.7, ROLES[1], ROLES[2]))
    told = rng.random(n) < 0.85
    potential = np.maximum(spent, 2_000) * rng.uniform(1.1, 3.0, n)
    accounts = pd.DataFrame(
        {
            "account_id": ids, "name": _names(seed, n), "parent": parent, "industry": industry,
            "employees": np.maximum(np.rint(60 * size**1.5), 3).astype(int).astype(str),
            "region": rng.choice(REGIONS, n), "owner_role": role,
            "potential": np.where(told, np.rint(potential).astype(int).astype(str), ""),
            "joined_on": _day(joins),
        }
    )  # fmt: skip
    accounts["health"], accounts["health_reason"], accounts["health_on"] = "", "", ""
    known = np.flatnonzero(~leaves & (joins == 0) & ~below)[[3, 40, 77]]
    accounts.loc[known, "health"] = ["15", "20", "90"]
    accounts.loc[known, "health_reason"] = [
        "Tender lost to a rival", "Merger announced", "Framework contract signed"
    ]  # fmt: skip
    accounts.loc[known, "health_on"] = ["2025-11-03", "2025-10-20", "2025-12-08"]
    deals, log, odds = _pipeline(seed, ids, size)
    tables = {
        "accounts": accounts, "contacts": _contacts(seed, ids, size), "business_sales": sold,
        "opportunities": deals, "stages": log, "leads": _leads(seed),
        "visits": _visits(seed, ids, _by_account(sold, ids, 1_200)),
    }  # fmt: skip
    truth = {
        "accounts": n, "on_top": int((~below).sum()), "growth_2025": GROWTH,
        "chance_of_leaving_in_half_a_year": LEAVES, "left": int(leaves.sum()),
        "orders_fade_to_before_leaving": FADES, "stages": dict(zip(STAGES, ON, strict=True)),
        "mean_days_in_stage": dict(zip(STAGES, STAY, strict=True)), "won_in_the_end": odds,
        "reasons_of_loss": REASONS, "leads_converted": CONVERTS,
        "a_visit_brings": VISIT_BRINGS,
    }  # fmt: skip
    return tables, truth


def _day(days: NDArray[Any]) -> NDArray[Any]:
    """Write days since the first one."""
    moments = LAST - pd.to_timedelta(SPAN - 1, "D") + pd.to_timedelta(days, "D")
    return np.asarray(moments.strftime("%Y-%m-%d"))


def _names(seed: int, n: int) -> list[str]:
    """Make up firms; the names are Faker's, and nobody's."""
    try:
        from faker import Faker
    except ModuleNotFoundError:
        raise WorkbenchError(
            "Faker is not installed, and the names come from it",
            where="tools.simulate",
            remedy='install "workbench[simulate]"',
        ) from None
    fake = Faker("zh_CN")
    fake.seed_instance(seed + 2)
    return [fake.company() for _ in range(n)]


def _by_account(sold: pd.DataFrame, ids: NDArray[Any], days: int) -> Floats:
    late = sold[pd.to_datetime(sold["date"]) > LAST - pd.Timedelta(days=days)]
    spent = late["amount"].astype(float).groupby(late["account_id"]).sum()
    return np.asarray(spent.reindex(ids, fill_value=0.0), dtype=float)


def _sales(
    seed: int, ids: NDArray[Any], industry: NDArray[Any], size: Floats, joins: NDArray[Any],
    leaves: NDArray[Any], end: NDArray[Any],
) -> pd.DataFrame:  # fmt: skip
    """Draw orders: those who leave order less in the half year before, and then not at all."""
    rng = stream(seed, "business orders")
    rate = ORDERS * rng.gamma(4, 1 / 4, ids.size)
    who = np.repeat(np.arange(ids.size), rng.poisson(rate * SPAN / 365.25))
    day = rng.integers(0, SPAN, who.size)
    fading = leaves[who] & (day >= end[who] - 182)
    kept = (day >= joins[who]) & (day < end[who]) & (~fading | (rng.random(who.size) < FADES))
    who, day = who[kept], day[kept]
    factor = np.array([GROWTH[name] for name in industry])[who]
    level = 1_200 * size[who] * np.where(day >= SPAN - 365, factor, 1.0)
    amount = (level * rng.lognormal(-0.125, 0.5, who.size)).round(2)
    own = rng.integers(0, len(CATEGORIES), ids.size)
    other = rng.integers(0, len(CATEGORIES), who.size)
    category = np.where(rng.random(who.size) < 0.6, own[who], other)
    order = np.lexsort((who, day))
    return pd.DataFrame(
        {
            "account_id": ids[who][order], "date": _day(day[order]),
            "amount": [f"{x:.2f}" for x in amount[order]],
            "category": np.array(CATEGORIES)[category[order]],
        }
    )  # fmt: skip


def _contacts(seed: int, ids: NDArray[Any], size: Floats) -> pd.DataFrame:
    rng = stream(seed, "contacts of accounts")
    who = np.repeat(np.arange(ids.size), 1 + rng.poisson(1.2 * size))
    roles = rng.choice(["Purchasing", "IT", "Finance", "Management"], who.size)
    heard = np.where(
        rng.random(who.size) < 0.9, _day(SPAN - 1 - rng.integers(0, 600, who.size)), ""
    )
    return pd.DataFrame(
        {"contact_id": [f"C{i}" for i in range(7_001, 7_001 + who.size)],
         "account_id": ids[who], "role": roles, "last_on": heard}
    )  # fmt: skip


def _pipeline(
    seed: int, ids: NDArray[Any], size: Floats
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, float]]:
    """Draw opportunities that go from stage to stage until they are won or lost."""
    rng = stream(seed, "pipeline")
    n = DEALS
    opened = np.sort(rng.integers(0, SPAN, n)).astype(float)
    who = rng.choice(ids.size, n, p=size / size.sum())
    source = rng.choice(list(SOURCES), n, p=[0.22, 0.36, 0.20, 0.22])
    shift = np.array([SOURCES[s] for s in source])
    when, alive, stage = opened.copy(), np.ones(n, dtype=bool), np.zeros(n, dtype=int)
    closed, won = np.full(n, np.inf), np.zeros(n, dtype=bool)
    rows = []
    for k, (stay, on) in enumerate(zip(STAY, ON, strict=True)):
        entered = alive & (when < SPAN)
        rows += [(f"D{20_001 + i}", STAGES[k], when[i]) for i in np.flatnonzero(entered)]
        stage[entered] = k
        when = np.where(alive, when + np.ceil(rng.exponential(stay, n)), when)
        odds = np.log(on / (1 - on)) + shift
        goes = rng.random(n) < 1 / (1 + np.exp(-odds))
        ends = alive & (~goes | (k == len(STAGES) - 1))
        closed[ends], won[ends] = when[ends], goes[ends]
        alive &= ~ends
    done = closed < SPAN
    why = rng.choice(list(REASONS), n, p=list(REASONS.values()))
    amount = (size[who] * rng.lognormal(8.6, 0.7, n)).round(-1)
    deals = pd.DataFrame(
        {
            "opportunity_id": [f"D{20_001 + i}" for i in range(n)], "account_id": ids[who],
            "stage": np.where(done, np.where(won, "Closed Won", "Closed Lost"),
                              np.array(STAGES)[stage]),
            "amount": [f"{x:.0f}" for x in amount], "opened": _day(opened),
            "closed": np.where(done, _day(np.where(done, closed, 0.0)), ""), "source": source,
            "reason": np.where(done & ~won & (rng.random(n) < TOLD), why, ""),
        }
    )  # fmt: skip
    log = pd.DataFrame(rows, columns=["opportunity_id", "stage", "entered"])
    log = log.sort_values(["entered", "opportunity_id"], kind="stable", ignore_index=True)
    log["entered"] = _day(log["entered"].to_numpy())
    chance = {
        s: round(float(np.prod([1 / (1 + np.exp(-np.log(on / (1 - on)) - b)) for on in ON])), 4)
        for s, b in SOURCES.items()
    }
    return deals, log, chance


def _leads(seed: int) -> pd.DataFrame:
    rng = stream(seed, "leads")
    n = LEADS
    created = np.sort(rng.integers(0, SPAN, n))
    source = rng.choice(list(CONVERTS), n)
    good = rng.random(n) < np.array([CONVERTS[s] for s in source])
    after = created + np.ceil(rng.exponential(UNTIL, n))
    good &= after < SPAN
    return pd.DataFrame(
        {
            "lead_id": [f"L{30_001 + i}" for i in range(n)], "created": _day(created),
            "source": source, "status": np.where(good, "Converted", "Open"),
            "converted_on": np.where(good, _day(np.where(good, after, 0)), ""),
        }
    )  # fmt: skip


def _visits(seed: int, ids: NDArray[Any], spent: Floats) -> pd.DataFrame:
    """Draw visits that follow what an account buys, and bring nothing."""
    rng = stream(seed, "visits")
    place = np.argsort(np.argsort(spent)) / (ids.size - 1)
    low, high = VISITS
    who = np.repeat(np.arange(ids.size), rng.poisson((low + (high - low) * place) * SPAN / 365.25))
    day = rng.integers(0, SPAN, who.size)
    order = np.lexsort((who, day))
    return pd.DataFrame({"account_id": ids[who][order], "date": _day(day[order])})
