"""One small result of each class of the room, for the contract that all results keep."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from tests.products import shop
from workbench import products as room


@cache
def purchases(n: int = 300) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What customers bought of three items in two halves; the second item falls."""
    rng = np.random.default_rng(1)
    rows = []
    for who in range(n):
        for half, chances in enumerate(((0.8, 0.6, 0.3, 0.1), (0.8, 0.3, 0.35, 0.1))):
            for item, chance in zip(("tea", "cups", "pots", None), chances, strict=True):
                if rng.random() < chance:
                    orders = int(rng.integers(1, 4))
                    spend = float(rng.gamma(2, 10))
                    rows.append((f"c{who:03d}", item, half, orders, spend))
    own = pd.DataFrame(rows, columns=["customer_id", "item", "half", "orders", "spend"])
    whole = own.groupby(["customer_id", "half"], as_index=False)[["orders", "spend"]].sum()
    return own, whole


def reach() -> room.Penetration:
    return room.penetration(*purchases())


def by_segment() -> room.SegmentPenetration:
    own, _ = purchases()
    people = pd.Index(own["customer_id"].unique())
    segment = pd.Series(np.where(np.arange(len(people)) % 3, "Champions", "Lost"), people)
    return room.penetration_by_segment(own, segment)


def pairs() -> room.ItemPairs:
    drawn = shop.baskets(np.random.default_rng(1), customers=300, items=12, orders=15, lift=4.0)
    counts, items = shop.counted(drawn)
    return room.item_pairs(counts, items, baskets=sum(len(x) for x in drawn))


def first() -> room.FirstOrders:
    rng = np.random.default_rng(2)
    item = rng.choice(["tea", "cups", "pots"], 600)
    later = rng.binomial(1, np.where(item == "tea", 0.6, 0.3))
    frame = pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in range(600)], "item": item, "later": later,
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 700, 600), "D"),
            "spend": later * rng.gamma(2, 10, 600),
        }
    )  # fmt: skip
    return room.first_orders(frame, days=90, first="2024-01-01", last="2025-12-31")


def tastes(seed: int = 3, *, groups: bool = True) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Histories of customers of two tastes (or of none), each with items of their own."""
    rng = np.random.default_rng(seed)
    n, k = 400, 16
    side = rng.integers(0, 2, n)[:, None] if groups else np.zeros((n, 1), dtype=int)
    own = (np.arange(k) % 2 == side) if groups else np.ones((n, k), dtype=bool)
    chance = np.where(own, np.linspace(0.5, 0.15, k), 0.03)
    rows = []
    for name in ("known", "later"):
        who, item = np.nonzero(rng.random((n, k)) < chance)
        rows.append(pd.DataFrame({"customer_id": who, "item": item, "when": name}))
    seen = pd.concat(rows)
    seen = pd.crosstab([seen["customer_id"], seen["item"]], seen["when"])
    history = seen.reset_index().rename_axis(columns=None)
    history = history.assign(
        customer_id="c" + history["customer_id"].astype(str),
        item=history["item"].map(lambda i: f"item {i:02d}"),
    )
    orders = history.groupby("item", as_index=False)[["known", "later"]].sum()
    items = orders.assign(orders=orders["known"] + orders["later"])
    return history, items.assign(spend=10.0 * items["orders"])[["item", "orders", "spend"]]


def offers() -> room.NextOffers:
    return room.next_offers(*tastes(), rng=np.random.default_rng(1))


def trial() -> room.TrialRepeat:
    """Two new items; of those who try the first half come back soon, of the others few."""
    rng = np.random.default_rng(4)
    rows = []
    for item, chance in (("kettle", 0.6), ("sieve", 0.1), ("tea", 0.5)):
        began = 0 if item == "tea" else 200
        day = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(began, 600, 150), "D")
        later = day + pd.to_timedelta(rng.integers(1, 80, 150), "D")
        again = pd.Series(later).where(rng.random(150) < chance)
        again = again.where(again <= pd.Timestamp("2025-12-31"))
        rows.append(pd.DataFrame({"item": item, "first": day, "again": again}))
    history = pd.concat(rows, ignore_index=True)
    history["customer_id"] = "c" + history.index.astype(str)
    return room.trial_repeat(history, customers=900, first="2024-01-01", last="2025-12-31")


def priced(
    rng: np.random.Generator,
    slope: float,
    *,
    products: int = 15,
    weeks: int = 60,
    moves: float = 0.1,
) -> pd.DataFrame:
    """Weekly sales of products whose prices move by themselves, in a shop with seasons."""
    level, season = rng.normal(3, 0.6, products), rng.normal(0, 0.3, weeks)
    price = rng.normal(1, 0.4, products)[:, None] + rng.normal(0, moves, (products, weeks))
    noise = rng.normal(0, 0.2, (products, weeks)) + rng.normal(0, 0.1, (products, 1))
    # errors of a product go together over the weeks
    noise += 0.1 * np.cumsum(rng.normal(0, 0.3, (products, weeks)), axis=1)
    pieces = np.exp(level[:, None] + season + slope * price + noise)
    at = np.indices((products, weeks))
    return pd.DataFrame(
        {
            "product": [f"p{i}" for i in at[0].ravel()], "category": "tea", "week": at[1].ravel(),
            "pieces": pieces.ravel(), "spend": (pieces * np.exp(price)).ravel(),
        }
    )  # fmt: skip


def prices() -> room.Elasticity:
    rng = np.random.default_rng(5)
    still = priced(rng, 0.0, moves=0.0).assign(category="cups")
    return room.elasticity(pd.concat([priced(rng, -1.5), still]))


EXAMPLES = {
    "TrialRepeat": trial, "Elasticity": prices,
    "Penetration": reach, "SegmentPenetration": by_segment, "ItemPairs": pairs,
    "FirstOrders": first, "NextOffers": offers,
}  # fmt: skip
