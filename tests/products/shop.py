"""Shops whose truth is known: baskets of unequal size, customers unlike one another, pairs."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

NAMES = [f"item {i:02d}" for i in range(100)]


def baskets(
    rng: np.random.Generator,
    *,
    customers: int = 150,
    items: int = 20,
    orders: float = 8.0,
    lift: float = 1.0,
    size: float = 0.8,
    taste: float = 1.0,
) -> list[np.ndarray]:
    """Draw the baskets of each customer as tables of truth, one row a basket.

    An item lies in a basket with log odds that are its own, the customer's taste for it and the
    basket's size; items know nothing of one another, but for the first two: where the first one
    lies, the odds of the second are `lift` times those elsewhere.
    """
    base = rng.normal(-2.6, 0.8, items)
    base[:2] = -2.0
    found = []
    for n in 1 + rng.negative_binomial(1.2, 1.2 / (1.2 + orders), customers):
        own = base + rng.normal(0, taste, items)
        odds = np.exp(own + rng.normal(0, size, (n, 1)))
        lies = rng.random((n, items)) < odds / (1 + odds)
        second = odds[:, 1] * np.where(lies[:, 0], lift, 1.0)
        lies[:, 1] = rng.random(n) < second / (1 + second)
        found.append(lies[lies.any(axis=1)])
    return found


def counted(shop: list[np.ndarray], *, reach: int = 2) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Count pairs and items as `workbench.data.LineItems` does in the engine."""
    k = shop[0].shape[1]
    both, people, informative, variance = (np.zeros((k, k)) for _ in range(4))
    names = ("together", "apart", "together_2", "apart_2", "cross")
    sums = {name: np.zeros((k, k)) for name in names}
    for lies in shop:
        x = lies.astype(float)
        own = x.T @ x
        both += own
        people += own > 0
        t, f = np.zeros((k, k)), np.zeros((k, k))
        for step in range(1, reach + 1):
            odd = x[:-step] - x[step:]
            one, two = (odd > 0).astype(float), (odd < 0).astype(float)
            p, q = one.sum(axis=1), two.sum(axis=1)
            e = (p * (p - 1) + q * (q - 1)) / np.maximum((p + q) * (p + q - 1), 1)
            kept = (e > 0) & (e < 1)
            one, two, e = one[kept], two[kept], e[kept][:, None]
            t += one.T @ (one * (1 - e)) + two.T @ (two * (1 - e))
            cross = one.T @ (two * e)
            f += cross + cross.T
            every_odd, w = one + two, e * (1 - e)
            variance += every_odd.T @ (every_odd * w)
        informative += (t + f) > 0
        for name, value in zip(sums, (t, f, t**2, f**2, t * f), strict=True):
            sums[name] += value
    a, b = np.triu_indices(k, 1)
    pairs = pd.DataFrame({"a": [NAMES[i] for i in a], "b": [NAMES[i] for i in b]})
    every = {
        "both": both,
        "people": people,
        "informative": informative,
        "variance": variance,
        **sums,
    }
    pairs = pairs.assign(**{name: value[a, b] for name, value in every.items()})
    items = pd.DataFrame({"item": NAMES[:k], "baskets": both.diagonal()})
    return pairs, items


def counted_triples(shop: list[np.ndarray], *, reach: int = 2) -> pd.DataFrame:
    """Count triples of items as `workbench.data.LineItems` does in the engine."""
    k = shop[0].shape[1]
    sets = np.array(list(combinations(range(k), 3)))
    names = ("together", "apart", "variance", "together_2", "apart_2", "cross")
    sums = {f"{x}_{name}": np.zeros(len(sets)) for x in "abc" for name in names}
    both, people, informative = (np.zeros(len(sets)) for _ in range(3))
    for lies in shop:
        own = lies[:, sets].all(axis=2).sum(axis=0)
        both += own
        people += own > 0
        sides = [lies[:-step].astype(int) - lies[step:] for step in range(1, reach + 1)]
        odd = np.concatenate(sides)
        p, q = (odd > 0).sum(axis=1), (odd < 0).sum(axis=1)
        e2 = (p * (p - 1) + q * (q - 1)) / np.maximum((p + q) * (p + q - 1), 1)
        kept = (e2 > 0) & (e2 < 1) & (p + q > 2)
        odd, p, q = odd[kept], p[kept], q[kept]
        u = odd[:, sets]  # comparisons, sets, 3
        there = (u != 0).all(axis=2)
        informative += there.any(axis=0)
        for at, x in enumerate("abc"):
            y, z = (i for i in range(3) if i != at)
            size = np.where(u[:, :, y] > 0, p[:, None], q[:, None]) - 2
            e = size / (p + q - 2)[:, None]
            e = np.where(there & (u[:, :, y] == u[:, :, z]) & (e > 0) & (e < 1), e, 0.0)
            same = u[:, :, at] == u[:, :, y]
            t = np.where(same & (e > 0), 1 - e, 0.0).sum(axis=0)
            f = np.where(~same, e, 0.0).sum(axis=0)
            values = (t, f, (e * (1 - e)).sum(axis=0), t**2, f**2, t * f)
            for name, value in zip(names, values, strict=True):
                sums[f"{x}_{name}"] += value
    sides_of = {x: [NAMES[i] for i in sets[:, at]] for at, x in enumerate("abc")}
    return pd.DataFrame(
        {**sides_of, "both": both, "people": people, "informative": informative, **sums}
    )
