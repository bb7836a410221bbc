"""Triples and sequences are counted in the engine as one would by hand."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, pairwise

import pandas as pd
import pytest

from tests.data.test_line_items import drawn
from workbench.data import Tables, line_items
from workbench.products import item_sequences, item_triples


def orders_of(log: pd.DataFrame) -> dict[str, list[tuple[str, set[str]]]]:
    """Each customer's orders in time, as their day and what is in them."""
    known = log[log["category"] != ""]
    found: dict[str, list[tuple[str, set[str]]]] = {}
    for (who, day, _), own in known.groupby(["customer_id", "date", "order_id"], sort=True):
        found.setdefault(who, []).append((day, set(own["category"])))
    return found


def test_counts_are_those_made_by_hand(open_study: Callable[..., Tables]) -> None:
    log = drawn(3, 200)
    lines = line_items(open_study(transactions=({"duplicates": "keep"}, log.to_csv(index=False))))
    table = lines.triples().set_index(["a", "b", "c"])
    assert item_triples(lines.triples(), lines.counts(), baskets=lines.baskets).table is not None
    counts, times = lines.sequences()
    counts = counts.set_index(["a", "b"])
    orders = orders_of(log)
    a, b, c = table.index[4]
    together = apart = 0.0
    for own in orders.values():
        sets = [items for _, items in own]
        for one, two in [*pairwise(sets), *zip(sets, sets[2:], strict=False)]:
            left, right = one - two, two - one
            p, q = len(left), len(right)
            n = p + q
            e = (p * (p - 1) + q * (q - 1)) / (n * (n - 1)) if n > 1 else 0
            odd = left | right
            if not 0 < e < 1 or not {a, b, c} <= odd:
                continue
            side = left if b in left else right
            if c not in side or n < 3:
                continue
            chance = (len(side) - 2) / (n - 2)
            if 0 < chance < 1:
                together += (1 - chance) * (a in side)
                apart += chance * (a not in side)
    row = table.loc[(a, b, c)]
    assert (row["a_together"], row["a_apart"]) == pytest.approx((together, apart))
    both = sum({a, b, c} <= items for own in orders.values() for _, items in own)
    assert row["both"] == both
    for x, y in combinations("abcd", 2):
        key = (x, y) if (x, y) in counts.index else (y, x)
        x, y = key
        first = later = people = 0
        expected = 0.0
        days: list[int] = []
        for own in orders.values():
            has = [(i, day, x in s, y in s) for i, (day, s) in enumerate(own) if s & {x, y}]
            n, k, m = len(has), sum(h[2] for h in has), sum(h[3] for h in has)
            if not k or not m or k + m - n == n:
                continue
            z = k + m - n
            variance = (k + m - 2 * z) / n - ((k - m) / n) ** 2
            if variance <= 1e-9:
                continue
            people += 1
            expected += (k - m) / n
            s, t = (next(h for h in has if h[side]) for side in (2, 3))
            first, later = first + (s[0] < t[0]), later + (t[0] < s[0])
            if s[0] < t[0]:
                days.append((pd.Timestamp(t[1]) - pd.Timestamp(s[1])).days)
        told = counts.loc[key]
        assert (told["n"], told["first"], told["later"]) == (people, first, later)
        assert told["expected"] == pytest.approx(expected)
        seen = times[(times["a"] == x) & (times["b"] == y)]
        assert (seen["days"] * seen["n"]).sum() == sum(days)
    assert item_sequences(*lines.sequences()).tested >= 0
