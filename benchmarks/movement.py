"""Does the page on the customer base name what moved sales: measured on simulated shops.

``python -m benchmarks.movement`` measures the grid and writes ``benchmarks/movement.md``. A shop
has twelve groups of customers of unequal size who buy three kinds of things in two periods. In a
null draw both periods are alike. In a planted one, one factor of one group moves so far that its
part is so many times its standard error (which 150 null draws tell), upwards or, where that is less
than three tenths of its size, every other time downwards.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from workbench.customer_base import FACTORS, SalesMovement, why_sales_moved

PAGE: Final = Path(__file__).with_suffix(".md")
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
    """Give what moves a part by so many of its standard errors."""
    row = se.iloc[at % len(se)]
    by = float(times * row["se"] / row["sales"])
    return Plant(str(row["factor"]), int(row["group"]), by * (sign if by < 0.3 else 1.0))


def first(found: SalesMovement) -> tuple[str, str] | None:
    """Group and factor that are named first, if any are."""
    out = found.standing_out()
    return None if out.empty else (str(out["group"].iloc[0]), str(out["factor"].iloc[0]))


def rates(nulls: int, plants: int, tail: float) -> list[tuple[str, float, int, float, str]]:
    """Rates of what is said, each with its bound."""
    world = {"tail": tail}
    se = scale(**world)
    rows = []
    quiet = sum(first(explained((2, i), **world)) is None for i in range(nulls))
    rows.append(("nothing moves: said to be noise", quiet / nulls, nulls, 0.95, ""))
    for times, n in ((5.0, plants), (3.0, plants // 5)):
        right, by = 0, dict.fromkeys(FACTORS, 0)
        for i in range(n):
            # every fifth part, so that neighbours in seed differ in factor and group
            plant = planted(se, i * 5, times, 1.0 if i % 2 else -1.0)
            hit = first(explained((3, i), (plant,), **world)) == (str(plant.group), plant.factor)
            right, by[plant.factor] = right + hit, by[plant.factor] + hit
        note = ", ".join(f"{f} {by[f]}" for f in FACTORS)
        bound = 0.9 if times == 5 else float("nan")
        rows.append(
            (f"one cause of {times:.0f} standard errors: named first", right / n, n, bound, note)
        )
    two = 0
    n = plants // 5
    for i in range(n):
        pair = (planted(se, i * 5, 5.0, 1.0), planted(se, i * 5 + 17, 5.0, 1.0))
        named = first(explained((4, i), pair, **world))
        two += named in {(str(p.group), p.factor) for p in pair}
    rows.append(("two causes of 5 standard errors: one of them first", two / n, n, 0.9, ""))
    return rows


def held(draws: int, tail: float) -> tuple[float, int]:
    """How often the 95 % interval of a part holds its expected value, over all parts."""
    plant = Plant("frequency", 2, 0.3)
    runs = [explained((5, i), (plant,), tail=tail).table for i in range(draws)]
    keyed = [t.set_index(["group", "factor"]) for t in runs]
    truth = pd.concat([t["part"] for t in keyed], axis=1).mean(axis=1)
    inside = [((t["part_low"] <= truth) & (truth <= t["part_high"])).mean() for t in keyed]
    return float(np.mean(inside)), draws * len(truth)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nulls", type=int, default=500)
    parser.add_argument("--plants", type=int, default=500)
    asked = parser.parse_args()
    lines = [
        "# What moved sales: rates on simulated shops",
        "",
        f"Made by `python -m benchmarks.movement`, seed {SEED}. Twelve groups of 80 to 400"
        " customers, four factors, three kinds of things; 999 swaps a draw. *Tail* is the standard"
        " deviation of the logarithm of what customers pay.",
        "",
        "| tail | what | rate | draws | bound | |",
        "|---|---|---|---|---|---|",
    ]
    for tail in (0.5, 1.0):
        part = 1 if tail == 0.5 else 5
        for what, rate, n, bound, note in rates(asked.nulls // part, asked.plants // part, tail):
            limit = "" if np.isnan(bound) else f"{bound:.2f}"
            lines.append(f"| {tail} | {what} | {rate:.3f} | {n} | {limit} | {note} |")
            print(lines[-1], flush=True)
        cover, n = held(40, tail)
        lines.append(f"| {tail} | intervals of parts hold | {cover:.3f} | {n} parts | 0.95 | |")
        print(lines[-1], flush=True)
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
