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


EXAMPLES = {"Penetration": reach, "SegmentPenetration": by_segment, "ItemPairs": pairs}
