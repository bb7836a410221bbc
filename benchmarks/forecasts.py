"""How often forecasts come true: ranges of totals and groups on simulated logs of several kinds.

    python -m benchmarks.forecasts --draws 100

Each draw is a log of two years of 2,000 customers and one fresh future. Written into forecasts.json
and forecasts.md: the share of futures within the 90 % ranges, and the median width of the total's
range over that of the true predictive distribution given the same history, where that is known.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
import pandas as pd

from workbench import clv
from workbench.clv.ahead import Ahead, range_of
from workbench.clv.backtest import GROUPS, backtest

HERE = Path(__file__).parent
CUSTOMERS, WEEKS, SEED = 2000, 104, 20251231
HORIZONS = (13, 52)
AS_OF = pd.Timestamp("2025-12-31")


@dataclass(frozen=True)
class Kind:
    """How customers buy, leave and spend.

    rate: gamma shape and scale of purchases a week; leaves: never, after a purchase (beta) or at
    any time (gamma); season: the year's swing; growth a year; regular: Erlang order; tail: q.
    """

    rate: tuple[float, float] = (0.8, 10.0)
    coin: tuple[float, float] | None = None
    first: bool = False
    clock: tuple[float, float] | None = None
    season: float = 0.0
    growth: float = 0.0
    regular: int = 1
    tail: float = 4.0


KINDS = {
    "NBD": Kind(),
    "BG/NBD": Kind(coin=(0.8, 5.0)),
    "MBG/NBD": Kind(coin=(0.8, 5.0), first=True),
    "Pareto/NBD": Kind(clock=(0.7, 20.0)),
    "seasonal": Kind(season=0.4),
    "growing": Kind(growth=0.25),
    "regular": Kind(clock=(0.7, 20.0), regular=2),
    "heavy spend": Kind(clock=(0.7, 20.0), tail=1.5),
}


class World:
    """A log, its future, and what an oracle knows of it."""

    def __init__(self, kind: Kind, rng: np.random.Generator) -> None:
        n, end = CUSTOMERS, WEEKS + max(HORIZONS)
        self.kind, self.start = kind, rng.uniform(0, WEEKS, n)
        self.rate = rng.gamma(kind.rate[0], 1 / kind.rate[1], n)
        stays = np.full(n, np.inf)
        if kind.clock is not None:
            stays = rng.exponential(1 / rng.gamma(kind.clock[0], 1 / kind.clock[1], n))
        p = rng.beta(*kind.coin, n) if kind.coin is not None else np.zeros(n)
        per_buy = 1 / rng.gamma(kind.tail, 1 / (15.0 * max(kind.tail - 1, 0.5)), n)
        rows = []
        for i in range(n):
            # time in units of the customer's own intensity, which seasons and growth stretch
            late = self.clock_of(end) - self.clock_of(self.start[i])
            gaps = rng.gamma(kind.regular, 1 / (self.rate[i] * kind.regular), 4 + int(
                3 * self.rate[i] * late + 6 * np.sqrt(self.rate[i] * late + 1)))  # fmt: skip
            at = self.time_of(self.clock_of(self.start[i]) + np.cumsum(gaps))
            at = at[at < min(self.start[i] + stays[i], end)]
            at = np.concatenate([[self.start[i]], at])
            if kind.coin is not None:
                tossed = rng.random(at.size) < p[i]
                tossed[0] &= kind.first
                at = at[: int(np.argmax(tossed)) + 1] if tossed.any() else at
            amount = rng.gamma(6.0, per_buy[i] / 6.0, at.size)
            rows.append((np.full(at.size, i), np.floor(at * 7), amount))
        who, day, amount = (np.concatenate(c) for c in zip(*rows, strict=True))
        dates = AS_OF - pd.to_timedelta(WEEKS * 7 - 1 - day, unit="D")
        self.events = pd.DataFrame({"customer_id": who, "date": dates, "amount": amount})
        self.log = self.events[self.events["date"] <= AS_OF]

    def clock_of(self, t: float | np.ndarray) -> np.ndarray:
        """Integral of the intensity from 0 to t."""
        k, year = self.kind, 2 * np.pi / 52
        t = np.asarray(t, dtype=float)
        return t + k.growth * t**2 / 104 + k.season * (1 - np.cos(year * t)) / year

    def time_of(self, clock: np.ndarray) -> np.ndarray:
        """Inverse of `clock_of`, on a grid."""
        grid = np.linspace(0, 400, 8001)
        return np.asarray(np.interp(clock, self.clock_of(grid), grid), dtype=float)

    def oracle(self, customers: pd.DataFrame, horizon: int, rng: np.random.Generator) -> float:
        """Width of the central 90 % of the true predictive distribution of all purchases."""
        k, x = self.kind, customers["frequency"].to_numpy(dtype=float)
        if k.regular > 1:
            return float("nan")
        T, t_x = customers["age"].to_numpy(), customers["recency"].to_numpy()
        r, alpha = k.rate
        draws = np.zeros(300)
        if k.coin is None and k.clock is None:
            began = WEEKS - T
            done = self.clock_of(WEEKS) - self.clock_of(began)
            ahead = float(self.clock_of(WEEKS + horizon) - self.clock_of(WEEKS))
            for b in range(draws.size):
                draws[b] = rng.poisson(rng.gamma(r + x) / (alpha + done) * ahead).sum()
        else:
            law: type[clv.PurchaseModel] = clv.ParetoNBD
            if k.coin is not None:
                law = clv.ModifiedBetaGeometric if k.first else clv.BetaGeometric
            theta = np.array([r, alpha, *(k.clock or k.coin or ())])
            alive = law.alive(theta, x, t_x, T)
            for b in range(draws.size):
                there = rng.random(x.size) < alive
                draws[b] = law.draw_ahead(theta, horizon, x[there], T[there], rng).sum()
        low, high = np.quantile(draws, [0.05, 0.95])
        return float(high - low)


def one(kind: str, draw: int) -> list[dict[str, object]]:
    """Forecast one log at each horizon, and see what comes."""
    rng = np.random.default_rng([SEED, crc32(kind.encode()), draw])
    world = World(KINDS[kind], rng)
    daily = world.log.groupby(["customer_id", "date"], as_index=False)["amount"].sum()
    grouped = daily.groupby("customer_id")
    first, last, n = grouped["date"].min(), grouped["date"].max(), grouped.size()
    spend = grouped["amount"].sum() - grouped["amount"].first()
    customers = pd.DataFrame(
        {"frequency": n - 1, "recency": (last - first).dt.days / 7,
         "age": (AS_OF - first).dt.days / 7, "mean_spend": spend / (n - 1).where(n > 1)}
    )  # fmt: skip
    customers.attrs["time_unit"] = "week"
    choice = clv.choose(customers)
    bought, spent = choice.refit(customers), clv.model_spend(customers)
    rows: list[dict[str, object]] = []
    for horizon in HORIZONS:
        past = backtest(world.log, choice.model, as_of=AS_OF, unit="week", horizon=horizon, rng=rng)
        ahead = Ahead(bought, spent, horizon=horizon, rng=rng, most=4000)
        later = world.events[
            (world.events["date"] > AS_OF)
            & (world.events["date"] <= AS_OF + pd.Timedelta(weeks=horizon))
        ]
        came = later.groupby(["customer_id", "date"])["amount"].sum().groupby("customer_id")
        count = came.size().reindex(customers.index).fillna(0).to_numpy()
        amount = came.sum().reindex(customers.index).fillna(0).to_numpy()
        rank = np.empty(len(customers))
        rank[np.argsort(-ahead.expected, kind="stable")] = np.arange(len(customers)) + 0.5
        group = np.searchsorted(GROUPS, rank / len(customers))
        oracle = world.oracle(customers, horizon, rng)
        for what, actual in (("purchases", count), ("spend", amount)):
            for name in ("all", *range(len(GROUPS))):
                inside = np.ones(len(group), dtype=bool) if name == "all" else group == name
                of = ahead.purchases_of if what == "purchases" else ahead.spend_of
                point, draws = of(inside)
                width = past.width(what, total=name == "all")  # type: ignore[arg-type]
                own = range_of(point, draws)
                low, high = range_of(point, draws, width.factor)
                y = float(actual[inside].sum())
                rows.append(
                    {"kind": kind, "horizon": horizon, "what": what,
                     "level": "total" if name == "all" else "group", "draw": draw,
                     "held": low <= y <= high, "own": own[0] <= y <= own[1],
                     "basis": width.basis, "windows": width.windows,
                     "width": (high - low) / oracle
                     if name == "all" and what == "purchases" else float("nan"),
                     "relative": (high - low) / point, "error": y / point - 1}
                )  # fmt: skip
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--kind", action="append", choices=list(KINDS))
    arguments = parser.parse_args()
    kept = HERE / "forecasts.json"
    known = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    for kind in arguments.kind or KINDS:
        begin = time.process_time()
        rows = pd.DataFrame([r for d in range(arguments.draws) for r in one(kind, d)])
        by = rows.groupby(["horizon", "what", "level"], sort=False)
        table = by.agg(
            held=("held", "mean"), own=("own", "mean"), width=("width", "median"),
            relative=("relative", "median"), windows=("windows", "median"),
        ).round(3).reset_index()  # fmt: skip
        records = table.astype(object).where(table.notna(), None).to_dict("records")
        known[kind] = {"draws": arguments.draws, "cells": records}
        print(kind, f"{time.process_time() - begin:.0f} CPU s")
        print(table.to_string(), flush=True)
        kept.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    (HERE / "forecasts.md").write_text(page(known), encoding="utf-8")


def page(known: dict[str, dict]) -> str:  # type: ignore[type-arg]
    """Write the table."""
    head = ["Kind", "Draws", "Weeks ahead", "Of", "What", "Held, 90 %", "Model's own",
            "Width over the true one", "Width over the forecast"]  # fmt: skip
    lines = [
        "# How often forecasts come true",
        "",
        (__doc__ or "").split("\n\n", 2)[2].strip(),
        "",
        f"Seed {SEED}, {CUSTOMERS} customers who come over {WEEKS} weeks. Groups are the first 5 %,"
        " the next 15 % and the other 80 % by expected purchases.",
        "",
        "| " + " | ".join(head) + " |",
        "|" + "---|" * len(head),
    ]
    for kind, about in known.items():
        for cell in about["cells"]:
            cells = [kind, about["draws"], cell["horizon"], cell["level"], cell["what"],
                     cell["held"], cell["own"], cell["width"] or "", cell["relative"]]  # fmt: skip
            lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
