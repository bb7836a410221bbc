"""The tables as the company's systems would export them, before anything has gone wrong."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tools.simulate.calendar import N_DAYS, WAVES, Days, dates
from tools.simulate.comments import Comments, write_comments
from tools.simulate.contracts import RUNNING
from tools.simulate.identity import Identities, as_typed, phone_styles
from tools.simulate.interactions import CHANNELS, KINDS
from tools.simulate.measures import MEASURES
from tools.simulate.population import (
    CITY_NAMES,
    FEES,
    INCOME_BANDS,
    LIFESTYLES,
    OCCUPATIONS,
    PLANS,
    REGIONS,
)
from tools.simulate.streams import stream
from tools.simulate.survey import N_ITEMS
from tools.simulate.world import Company, World

CATEGORIES = ("phones", "accessories", "audio", "wearables", "smart home", "gift cards")
ITEMS = [f"{j:02d}" for j in range(1, N_ITEMS + 1)]


def _iso(days: Days) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    return np.datetime_as_string(dates(days), unit="D")


def customers(company: Company, who: Identities) -> pd.DataFrame:
    """Give the customer master, one row a customer, standard column names, all cells text."""
    p = company.population
    styles = phone_styles(company.seed, p.n)
    frame = pd.DataFrame(
        {
            "customer_id": who.customer_id,
            "name": who.name,
            "phone": [as_typed(x, int(s)) for x, s in zip(who.phone, styles, strict=True)],
            "email": who.email,
            "address": who.address,
            "birth_year": p.birth_year.astype(str),
            "gender": np.array(["female", "male"])[p.gender],
            "region": np.array(REGIONS)[p.region],
            "city": np.array(CITY_NAMES)[p.city],
            "income_band": np.array(INCOME_BANDS)[p.income_band],
            "occupation": np.array(OCCUPATIONS)[p.occupation],
            "joined_on": np.char.replace(_iso(p.joined), "-", "/"),
        }
    )
    for j, habit in enumerate(LIFESTYLES):
        frame[f"lifestyle_{habit}"] = p.lifestyle[:, j].astype(int).astype(str)
    return frame


def transactions(company: Company, world: World, who: Identities) -> pd.DataFrame:
    """Shop purchases to the last day, one row an order, in order of time."""
    rng = stream(company.seed, "order details")
    o = world.orders
    category_of = rng.dirichlet([1.2, 2.6, 1.4, 1.0, 1.0, 0.8], size=company.population.n)
    u = rng.random(o.day.size)
    channel = rng.choice(3, size=o.day.size, p=[0.52, 0.30, 0.18])
    quantity = 1 + rng.poisson(0.35, o.day.size)
    category = (u[:, None] > np.cumsum(category_of, axis=1)[o.customer]).sum(axis=1)
    inside = o.day < N_DAYS
    order = np.lexsort((o.number[inside], o.customer[inside], o.day[inside]))
    ids = np.array(who.customer_id)
    frame = pd.DataFrame(
        {
            "order_id": [f"S{k}" for k in range(700_001, 700_001 + int(inside.sum()))],
            "customer_id": ids[o.customer[inside][order]],
            "date": np.char.replace(_iso(o.day[inside][order]), "-", ""),
            "amount": [f"{a:.2f}" for a in o.amount[inside][order]],
            "channel": np.array(["app", "web", "store"])[channel[inside][order]],
            "category": np.array(CATEGORIES)[np.minimum(category[inside][order], 5)],
            "quantity": quantity[inside][order].astype(str),
        }
    )
    return frame


def contracts(company: Company, world: World, who: Identities) -> pd.DataFrame:
    """Contracts, one row a contract; an empty end means that it still runs."""
    c = world.contracts
    order = np.lexsort((c.line, c.customer, c.start))
    end = c.end[order]
    over = end < RUNNING
    ended = np.full(end.size, "", dtype="U10")
    ended[over] = _iso(end[over])
    fee = np.array(FEES)[c.plan[order]] - 20 * c.line[order]
    return pd.DataFrame(
        {
            "contract_id": [f"K{k}" for k in range(300_001, 300_001 + end.size)],
            "customer_id": np.array(who.customer_id)[c.customer[order]],
            "start": _iso(c.start[order]),
            "end": ended,
            "plan": np.array(PLANS)[c.plan[order]],
            "monthly_fee": fee.astype(str),
        }
    )


def interactions(company: Company, world: World, who: Identities) -> pd.DataFrame:
    """Contacts in order of time."""
    i = world.interactions
    order = np.lexsort((i.customer, i.minute, i.day))
    clock = [f"{m // 60:02d}:{m % 60:02d}" for m in i.minute[order]]
    return pd.DataFrame(
        {
            "customer_id": np.array(who.customer_id)[i.customer[order]],
            "at": [f"{d} {t}" for d, t in zip(_iso(i.day[order]), clock, strict=True)],
            "channel": np.array(CHANNELS)[i.channel[order]],
            "kind": np.array(KINDS)[i.kind[order]],
            "response_hours": [f"{h:.1f}" for h in i.response_hours[order]],
            "resolved": i.resolved[order].astype(int).astype(str),
        }
    )


def survey(company: Company, world: World, who: Identities) -> tuple[pd.DataFrame, Comments]:
    """Answers of those who were asked, wave by wave, and what their comments were made of."""
    a = world.answers
    rng = stream(company.seed, "survey details")
    wave, customer = np.nonzero(company.asked.T)
    day = a.day[customer, wave]
    order = np.lexsort((customer, day))
    wave, customer, day = wave[order], customer[order], day[order]
    total = customer.size
    english = company.population.english[customer]
    extreme = np.abs(a.csat5[customer, wave] - 3) >= 2
    write = rng.random(total) < np.where(extreme, 0.68, 0.42)
    said = write_comments(company.seed, a.felt[customer, wave], english, write)
    columns: dict[str, object] = {
        "respondent_id": [f"R{k}" for k in range(20_001, 20_001 + total)],
        "wave": np.array(WAVES)[wave],
        "answered_on": _iso(day),
        "customer_id": np.array(who.customer_id)[customer],
    }
    for kind, answers in (("exp", a.expectation), ("per", a.perception)):
        for j, item in enumerate(ITEMS):
            columns[f"{kind}_{item}"] = answers[customer, wave, j].astype(str)
    columns["csat5"] = a.csat5[customer, wave].astype(str)
    columns["csat10"] = a.csat10[customer, wave].astype(str)
    columns["recommend"] = a.recommend[customer, wave].astype(str)
    columns["comment"] = said.text
    columns["language"] = np.where(english, "en", "zh")
    return pd.DataFrame(columns), said


def treatments(company: Company, who: Identities) -> pd.DataFrame:
    """Who was given which measure, from when; a measure for everybody is not listed."""
    p = company.population
    ids = np.array(who.customer_id)
    parts = []
    for name, mask in company.treated.items():
        if mask.all():
            continue
        treated = np.flatnonzero(mask)
        start = np.maximum(MEASURES[name].start, p.joined[treated])
        parts.append(
            pd.DataFrame({"case": name, "customer_id": ids[treated], "start": _iso(start)})
        )
    frame = pd.concat(parts, ignore_index=True)
    return frame.sort_values(["case", "start", "customer_id"], ignore_index=True)
