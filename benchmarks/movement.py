"""Does the page on the customer base name what moved sales: measured on simulated shops.

``python -m benchmarks.movement`` measures the grid and writes ``benchmarks/movement.md``. A shop
has twelve groups of customers of unequal size who buy three kinds of things in two periods. In a
null draw both periods are alike. In a planted one, one factor of one group moves so far that its
part is so many times the part's own standard error in that world, upwards or, where that takes less
than three tenths of its size, every other time downwards. How far that is, pilot draws tell
(``--sizes``; it is kept in ``movement.json``): a factor that moves by a half brings noise of its
own, so that standard errors of a world in which nothing moves would make causes smaller than said.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from workbench.customer_base import FACTORS, SalesMovement, why_sales_moved

PAGE: Final = Path(__file__).with_suffix(".md")
SIZES_OF: Final = Path(__file__).with_suffix(".json")
GROUPS: Final = 12
SIZES: Final = np.array([400, 300, 250, 200, 180, 150, 130, 120, 110, 100, 90, 80])
PRICES: Final = np.array([10.0, 20.0, 45.0])
BASE: Final = np.array([0.5, 0.35, 0.15])
SEED: Final = 20261130


@dataclass(frozen=True)
class Plant:
    """What moves in the later period: a factor of a group, by a part of itself."""

    factor: str
    group: int
    by: float


def shop(
    rng: np.random.Generator, plants: tuple[Plant, ...] = (), *, tail: float = 0.5
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw a shop: purchases by customer, group and period, and what they are of.

    `tail` is the standard deviation of the logarithm of what customers pay, within a kind.
    """
    group = np.repeat(np.arange(GROUPS), rng.poisson(SIZES))
    n = group.size
    rate, worth = rng.gamma(1.0, 1.5, n), np.exp(rng.normal(0, tail, n))
    often = rng.beta(2, 2, n)
    rows = []
    for side in (0, 1):
        own = {f: np.ones(GROUPS) for f in FACTORS}
        for plant in plants if side else ():
            own[plant.factor][plant.group] = 1 + plant.by
        active = rng.random(n) < often * np.minimum(own["customers"], 1)[group[:n]]
        who = np.flatnonzero(active)
        known = group[:n]
        # who comes beside: customers like those there are
        for g in np.flatnonzero(own["customers"] > 1):
            more = rng.poisson((own["customers"][g] - 1) * (active & (known == g)).sum())
            like = rng.choice(np.flatnonzero((known == g) & active), more)
            start = len(rate)
            rate, worth = np.r_[rate, rate[like]], np.r_[worth, worth[like]]
            group = np.r_[group, np.full(more, g)]
            who = np.r_[who, np.arange(start, start + more)]
        of = group[who]
        orders = 1 + rng.poisson(np.maximum((1 + rate[who]) * own["frequency"][of] - 1, 0))
        at = np.repeat(np.arange(who.size), orders)
        share = np.tile(BASE, (GROUPS, 1))
        for g in range(GROUPS):
            # to or from the dearest kind
            moved = (own["mix"][g] - 1) * (BASE @ PRICES) / (PRICES[2] - PRICES[0])
            share[g] = np.clip(BASE + np.array([-moved, 0.0, moved]), 0.0, 1.0)
        pick = rng.random(at.size)[:, None] > np.cumsum(share, axis=1)[of[at]][:, :2]
        item = pick.sum(axis=1)
        paid = PRICES[item] * worth[who[at]] * np.exp(rng.normal(0, 0.3, at.size))
        paid *= own["value"][of[at]]
        rows.append(pd.DataFrame({"customer_id": who[at], "group": of[at], "item": item,
                                  "side": side, "spend": paid, "orders": 1.0}))  # fmt: skip
    each = pd.concat(rows, ignore_index=True)
    keys = ["customer_id", "group", "side"]
    own_rows = each.groupby(keys, as_index=False)[["orders", "spend"]].sum()
    lines = each.groupby(["customer_id", "item", "side"], as_index=False)[["orders", "spend"]].sum()
    return own_rows, lines


def explained(
    seed: tuple[int, ...], plants: tuple[Plant, ...] = (), **world: float
) -> SalesMovement:
    """Draw a shop and divide its change of sales."""
    rng = np.random.default_rng([SEED, *seed])
    own, lines = shop(rng, plants, **world)
    return why_sales_moved(own, lines, rng=rng, by="group")


def scale(draws: int = 150, **world: float) -> pd.DataFrame:
    """Standard error of each part, and sales of each group, where nothing moves."""
    parts, sales = [], []
    for i in range(draws):
        rng = np.random.default_rng([SEED, 1, i])
        own, lines = shop(rng, **world)
        found = why_sales_moved(own, lines, rng=rng, by="group", draws=2)
        parts.append(found.table.set_index(["group", "factor"])["part"])
        sales.append(found.groups.set_index("group")["before"])
    se = pd.concat(parts, axis=1).std(axis=1).rename("se").reset_index()
    return se.assign(sales=se["group"].map(pd.concat(sales, axis=1).mean(axis=1)))


def planted(se: pd.DataFrame, at: int, times: float, sign: float) -> Plant:
    """Give what moves a part by so many of the standard errors that it has where nothing moves."""
    row = se.iloc[at % len(se)]
    by = float(times * row["se"] / row["sales"])
    return Plant(str(row["factor"]), int(row["group"]), by * (sign if by < 0.3 else 1.0))


def sized(
    plant: Plant, times: float, *, pilots: int = 12, rounds: int = 3, **world: float
) -> Plant:
    """Move a cause until its part is so many of its own standard errors, as pilots tell."""
    at, least = (str(plant.group), plant.factor), -0.95
    for step in range(rounds):
        rows = []
        for i in range(pilots):
            rng = np.random.default_rng([SEED, 6, step, i])
            own, lines = shop(rng, (plant,), **world)
            found = why_sales_moved(own, lines, rng=rng, by="group", draws=200)
            rows.append(found.table.set_index(["group", "factor"]).loc[at])
        told = pd.DataFrame(rows)
        spread = (told["part_high"] - told["part_low"]) / 3.92
        reached = abs(told["part"].mean()) / float(np.sqrt((spread**2).mean()))
        plant = replace(plant, by=float(np.clip(plant.by * times / reached, least, 4.0)))
    return plant


def sizes() -> None:
    """Write down causes of 5 standard errors, one a part."""
    se = scale()
    # every fifth part, so that neighbours differ in factor and group
    begin = [planted(se, i * 5, 5.0, 1.0 if i % 2 else -1.0) for i in range(len(se))]
    own = [sized(plant, 5.0) for plant in begin]
    text = [[plant.factor, plant.group, round(plant.by, 2)] for plant in own]
    SIZES_OF.write_text(json.dumps(text) + "\n", encoding="utf-8")


def causes(times: float = 5.0) -> list[Plant]:
    """Give the causes as they were written down; smaller ones in proportion."""
    known = json.loads(SIZES_OF.read_text(encoding="utf-8"))
    return [Plant(factor, group, by * times / 5) for factor, group, by in known]


def first(found: SalesMovement) -> tuple[str, str] | None:
    """Group and factor that are named first, if any are."""
    out = found.standing_out()
    return None if out.empty else (str(out["group"].iloc[0]), str(out["factor"].iloc[0]))


def named(own: list[Plant], n: int) -> dict[str, list[bool]]:
    """Whether each of n single causes is named first, by factor."""
    hits: dict[str, list[bool]] = {factor: [] for factor in FACTORS}
    for i in range(n):
        plant = own[i % len(own)]
        hits[plant.factor].append(
            first(explained((3, i), (plant,))) == (str(plant.group), plant.factor)
        )
    return hits


def rates(nulls: int, plants: int) -> Iterator[tuple[str, float, int, float, str]]:
    """Rates of what is said, each with its bound."""
    for tail, n in ((0.5, nulls), (1.0, nulls // 5)):
        quiet = sum(first(explained((2, i), tail=tail)) is None for i in range(n))
        yield f"nothing moves, tail {tail:g}: said to be noise", quiet / n, n, 0.95, ""
    se = scale()
    before = [planted(se, i * 5, 5.0, 1.0 if i % 2 else -1.0) for i in range(len(se))]
    for what, own, n, bound in (
        ("one cause of 5 standard errors of its own: named first", causes(), plants, 0.9),
        ("one of 3: named first", causes(3.0), plants // 5, np.nan),
        ("one of 5 that it has where nothing moves: named first", before, plants, np.nan),
    ):
        hits = named(own, n)
        note = ", ".join(f"{f} {sum(k)} of {len(k)}" for f, k in hits.items())
        yield what, sum(map(sum, hits.values())) / n, n, bound, note
    two, n, known = 0, plants // 5, causes()
    for i in range(n):
        pair = (known[i % len(known)], known[(i + 17) % len(known)])
        two += first(explained((4, i), pair)) in {(str(p.group), p.factor) for p in pair}
    yield "two causes of 5 standard errors: one of them first", two / n, n, 0.9, ""


def held(draws: int) -> tuple[float, int]:
    """How often the 95 % interval of a part holds its expected value, over all parts."""
    plant = Plant("frequency", 2, 0.3)
    runs = [explained((5, i), (plant,)).table for i in range(draws)]
    keyed = [t.set_index(["group", "factor"]) for t in runs]
    truth = pd.concat([t["part"] for t in keyed], axis=1).mean(axis=1)
    keyed = [t.reindex(truth.index) for t in keyed]
    inside = [((t["part_low"] <= truth) & (truth <= t["part_high"])).mean() for t in keyed]
    return float(np.mean(inside)), draws * len(truth)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nulls", type=int, default=500)
    parser.add_argument("--plants", type=int, default=500)
    parser.add_argument("--sizes", action="store_true", help="find how large causes are anew")
    asked = parser.parse_args()
    if asked.sizes:
        sizes()
    lines = [
        "# What moved sales: rates on simulated shops",
        "",
        f"Made by `python -m benchmarks.movement`, seed {SEED}. Twelve groups of 80 to 400"
        " customers, four factors, three kinds of things; 999 swaps a draw. *Tail* is the standard"
        " deviation of the logarithm of what customers pay.",
        "",
        "| what | rate | draws | bound | |",
        "|---|---|---|---|---|",
    ]
    for what, rate, n, bound, note in rates(asked.nulls, asked.plants):
        limit = "" if np.isnan(bound) else f"{bound:.2f}"
        lines.append(f"| {what} | {rate:.3f} | {n} | {limit} | {note} |")
        print(lines[-1], flush=True)
    cover, n = held(40)
    lines.append(f"| intervals of parts hold | {cover:.3f} | {n} parts | 0.95 | |")
    print(lines[-1], flush=True)
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
