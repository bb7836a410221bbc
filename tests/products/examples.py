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


def cuts(
    rng: np.random.Generator,
    *,
    lift: float = 0.5,
    dip: tuple[float, ...] = (-0.15, -0.1, 0.0, 0.0),
    products: int = 15,
    weeks: int = 60,
) -> pd.DataFrame:
    """Weekly sales with price cuts of 22%: `lift` in their week and `dip` in those after (logs)."""
    sold = priced(rng, 0.0, products=products, weeks=weeks, moves=0.02)
    code, t = pd.factorize(sold["product"])[0], sold["week"].to_numpy()
    cut = rng.random((products, weeks)) < 0.1
    q = np.log(sold["pieces"].to_numpy()) + lift * cut[code, t]
    for j, less in enumerate(dip, 1):
        q += less * cut[code, t - j] * (t >= j)
    price = np.log(sold["spend"] / sold["pieces"]) - 0.25 * cut[code, t]
    return sold.assign(pieces=np.exp(q), spend=np.exp(q + price))


def shelves(
    rng: np.random.Generator, *, cross: float = 0.8, weeks: int = 104, products: int = 6
) -> pd.DataFrame:
    """Four categories with prices of their own; the first sells more where the second is dear."""
    season, own = np.cumsum(rng.normal(0, 0.1, weeks)), rng.normal(0, 0.06, (4, weeks))
    rows = []
    for c in range(4):
        demand, e = np.zeros(weeks), rng.normal(0, 0.08, weeks)
        for i in range(1, weeks):
            demand[i] = 0.4 * demand[i - 1] + e[i]
        for p in range(products):
            price = 1 + own[c] + rng.normal(0, 0.02, weeks)
            q = 3 + season - 1.2 * price + demand + rng.normal(0, 0.05, weeks)
            q = q + (cross * own[1] if c == 0 else 0.0)
            rows.append(
                pd.DataFrame({"product": f"{c}{p}", "category": f"c{c}", "week": range(weeks),
                              "pieces": np.exp(q), "spend": np.exp(q + price)})
            )  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def offered(
    rng: np.random.Generator, *, n: int = 8000, k: int = 12, rate: float = 0.03
) -> tuple[pd.DataFrame, pd.DataFrame, float, float]:
    """Offers of one rule, another rule, what that one would get, and how much more."""
    one, two = (np.exp(rng.normal(0, 0.8, k)) for _ in range(2))
    one, two = one / one.sum(), two / two.sum()
    answers = rate * np.exp(rng.normal(0, 0.5, k))
    item = rng.choice(k, n, p=one)
    log = pd.DataFrame(
        {"item": item, "answered": (rng.random(n) < answers[item]).astype(int), "chance": one[item]}
    )
    rules = pd.DataFrame({"rule": "new", "item": range(k), "chance": two})
    return log, rules, float(two @ answers), float((two - one) @ answers)


def triers(
    rng: np.random.Generator, *, size: int = 400, shape: float = 0.8, rate: float = 120.0
) -> np.ndarray:
    """Days on which the customers of a region try a new item, in order."""
    return np.sort(np.ceil(rng.exponential(1 / rng.gamma(shape, 1 / rate, size))))


def launched() -> room.Launches:
    """One new item in two regions; an old one stands for the rest of the shop."""
    rng = np.random.default_rng(6)
    began = pd.Timestamp("2024-07-01")
    rows = []
    for region, rate in (("North", 100.0), ("South", 800.0)):
        time = triers(rng, rate=rate)
        who = [f"{region}{i}" for i in range(len(time))]
        day = began + pd.to_timedelta(np.minimum(time, 9000), "D")
        rows.append(pd.DataFrame({"customer_id": who, "item": "kettle", "first": day}))
        rows.append(
            pd.DataFrame({"customer_id": who, "item": "tea", "first": pd.Timestamp("2024-01-01")})
        )
    history = pd.concat(rows, ignore_index=True)
    history = history[history["first"] <= pd.Timestamp("2024-12-31")]
    people = pd.Index(history["customer_id"].unique())
    region = pd.Series(people.str[:5], index=people)
    return room.launches(
        history, region, customers=people, first="2024-01-01", last="2024-12-31",
        rng=np.random.default_rng(1),
    )  # fmt: skip


def purses(seed: int = 7, n: int = 300) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Spending, potential and group of customers: of B's potential less is spent here."""
    rng = np.random.default_rng(seed)
    names = pd.Index([f"c{i:03d}" for i in range(n)])
    group = pd.Series(np.where(rng.random(n) < 2 / 3, "A", "B"), names)
    potential = pd.Series(rng.gamma(3, 100, n), names)
    share = np.where(group == "A", rng.beta(6, 4, n), rng.beta(2, 8, n))
    return potential * share, potential, group


def triples() -> room.ItemTriples:
    rng = np.random.default_rng(8)
    lies = shop.baskets(rng, customers=200, items=8, orders=10)
    for own in lies:  # where the first lies, the next two lie with it in half of the cases
        both = own[:, 0] & (rng.random(len(own)) < 0.5)
        own[both, 1] = own[both, 2] = True
    return judged_triples(lies)


def judged_triples(lies: list[np.ndarray]) -> room.ItemTriples:
    counts = shop.counted_triples(lies)
    items = shop.counted(lies)[1]
    return room.item_triples(counts, items, baskets=sum(map(len, lies)))


def ordered(seed: int = 9, *, customers: int = 300, true: bool = True) -> room.ItemSequences:
    """Baskets of one item each, in any order; tea before cups where an order is true."""
    rng = np.random.default_rng([9, seed])
    rows, times = [], []
    for _ in range(customers):
        bag = rng.permutation(np.repeat([0, 1, 2], 1 + rng.poisson([3, 1, 2])))
        if true and rng.random() < 0.5:
            bag = np.array([0, *np.delete(bag, np.flatnonzero(bag == 0)[0])])
        first = [int(np.flatnonzero(bag == i)[0]) for i in range(3)]
        size = np.bincount(bag, minlength=3)
        for a, b in ((0, 1), (0, 2), (1, 2)):
            n = size[a] + size[b]
            lean = (size[a] - size[b]) / n
            rows.append((a, b, 1, first[a] < first[b], first[b] < first[a], lean, 1 - lean**2))
            x, y = (a, b) if first[a] < first[b] else (b, a)
            times.append((x, y, 7 * abs(first[a] - first[b]), 1))
    names = ["tea", "cups", "pots"]
    counts = pd.DataFrame(
        rows, columns=["a", "b", "n", "first", "later", "expected", "variance"]
    ).astype(float)
    counts = counts.groupby(["a", "b"], as_index=False).sum()
    when = pd.DataFrame(times, columns=["a", "b", "days", "n"])
    when = when.groupby(["a", "b", "days"], as_index=False).sum()
    for frame in (counts, when):
        for side in "ab":
            frame[side] = [names[int(i)] for i in frame[side]]
    return room.item_sequences(counts, when)


def policies() -> room.OffPolicy:
    log, rules, _, _ = offered(np.random.default_rng(1), rate=0.08)
    return room.off_policy(log, rules)


EXAMPLES = {
    "ItemTriples": triples, "ItemSequences": ordered, "Launches": launched, "OffPolicy": policies,
    "Wallet": lambda: room.wallet(*purses()),
    "Promotions": lambda: room.promotions(cuts(np.random.default_rng(5))),
    "CrossElasticity": lambda: room.cross_elasticity(shelves(np.random.default_rng(5))),
    "TrialRepeat": trial, "Elasticity": prices,
    "Penetration": reach, "SegmentPenetration": by_segment, "ItemPairs": pairs,
    "FirstOrders": first, "NextOffers": offers,
}  # fmt: skip
