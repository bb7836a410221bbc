"""How often forecasts come true: ranges of totals and groups on simulated logs of several kinds.

    python -m benchmarks.forecasts --draws 100

Each draw is a log of two years of 600 customers and one fresh future. Written into forecasts.json
and the methods pages: the share of futures within the 90 % ranges, and their median width over that
of the true predictive distribution given the same history, by one who knows all parameters.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import time
from dataclasses import replace
from pathlib import Path
from zlib import crc32

import numpy as np
import pandas as pd

from benchmarks import forecasts_page as page
from benchmarks.worlds import AS_OF, KINDS, World
from workbench import clv
from workbench.clv.ahead import Ahead, range_of
from workbench.clv.backtest import GROUPS, backtest

HERE = Path(__file__).parent
CUSTOMERS, WEEKS = 600, 104
#: Of what is reported; while rules were chosen others were looked at.
SEED = 20261130
HORIZONS = (13, 52)
ROUND = 10


def one(kind: str, draw: int, seed: int = SEED) -> list[dict[str, object]]:
    """Forecast one log at each horizon, and see what comes."""
    rng = np.random.default_rng([seed, crc32(kind.encode()), draw])
    world = World(KINDS[kind], rng, customers=CUSTOMERS, weeks=WEEKS, ahead=max(HORIZONS))
    customers = summary(world.log)
    rhythm = clv.rhythm(world.log, as_of=AS_OF, unit="week")
    choice = clv.choose(customers, rhythm=rhythm)
    pace = clv.calendar(world.log, as_of=AS_OF, unit="week", model=choice.model)
    bought = choice.refit(customers, pace=pace)
    spent = clv.model_spend(customers)
    # the windows of the shorter horizon are among those of the longer
    all_past = backtest(
        world.log, choice.model, as_of=AS_OF, unit="week", horizon=max(HORIZONS), rng=rng,
        seen=pace, most=300,
    )  # fmt: skip
    rows: list[dict[str, object]] = []
    for horizon in HORIZONS:
        past = replace(all_past, horizon=horizon)
        ahead = Ahead(bought, spent, horizon=horizon, rng=rng, pace=pace)
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
        true = world.oracle(customers, horizon, group, rng)
        for what, actual in (("purchases", count), ("spend", amount)):
            widths = {total: past.width(what, total=total) for total in (True, False)}  # type: ignore[arg-type]
            for name in ("all", *range(len(GROUPS))):
                inside = np.ones(len(group), dtype=bool) if name == "all" else group == name
                of = ahead.purchases_of if what == "purchases" else ahead.spend_of
                point, draws = of(inside)
                width = widths[name == "all"]
                own = range_of(point, draws)
                low, high = range_of(point, draws, width.factor)
                y = float(actual[inside].sum())
                per = true[what, str(name)] if true else float("nan")
                rows.append(
                    {"kind": kind, "horizon": horizon, "what": what,
                     "level": "total" if name == "all" else "group", "draw": draw,
                     "held": low <= y <= high, "own": own[0] <= y <= own[1],
                     "basis": width.basis, "windows": width.windows, "model": choice.model.title,
                     "width": (high - low) / per, "own_width": (own[1] - own[0]) / per,
                     "relative": (high - low) / point, "error": y / point - 1,
                     "rhythm": rhythm.verdict, "likely": pace.likely,
                     "season": pace.season.size // 2}
                )  # fmt: skip
    return rows


def summary(log: pd.DataFrame) -> pd.DataFrame:
    """Customers of a log, with what the oracle needs beside."""
    daily = log.groupby(["customer_id", "date"], as_index=False)["amount"].sum()
    grouped = daily.groupby("customer_id")
    first, last, n = grouped["date"].min(), grouped["date"].max(), grouped.size()
    total = grouped["amount"].sum()
    gaps = np.log(grouped["date"].diff().dt.days / 7).groupby(daily["customer_id"]).sum()
    customers = pd.DataFrame(
        {"frequency": n - 1, "recency": (last - first).dt.days / 7,
         "age": (AS_OF - first).dt.days / 7, "total": total, "log_gaps": gaps,
         "mean_spend": (total - grouped["amount"].first()) / (n - 1).where(n > 1)}
    )  # fmt: skip
    customers.attrs["time_unit"] = "week"
    return customers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--kind", action="append", choices=list(KINDS))
    parser.add_argument("--page", action="store_true", help="write the pages from what is there")
    arguments = parser.parse_args()
    kept = HERE / "forecasts.json"
    known = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    kinds = [] if arguments.page else arguments.kind or list(KINDS)
    rows: dict[str, list[dict[str, object]]] = {kind: [] for kind in kinds}
    # in rounds, so that a run that is stopped has something of every kind
    for begin in range(0, arguments.draws, ROUND):
        for kind in kinds:
            start = time.process_time()
            for draw in range(begin, min(begin + ROUND, arguments.draws)):
                rows[kind] += one(kind, draw)
            known[kind] = {"date": f"{dt.date.today()}", **cells(pd.DataFrame(rows[kind]))}
            kept.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
            print(
                kind, known[kind]["draws"], f"{time.process_time() - start:.0f} CPU s", flush=True
            )
    page.write(known)


def cells(rows: pd.DataFrame) -> dict[str, object]:
    """Add up the draws of a kind."""
    table = rows.groupby(["horizon", "what", "level"], sort=False).agg(
        held=("held", "mean"), own=("own", "mean"), width=("width", "median"),
        own_width=("own_width", "median"), relative=("relative", "median"),
        error=("error", "mean"), windows=("windows", "median"),
    ).round(3).reset_index()  # fmt: skip
    records = table.astype(object).where(table.notna(), None).to_dict("records")
    each = rows.drop_duplicates("draw")
    return {
        "draws": len(each),
        "changing": round(float((each["likely"] >= 0.5).mean()), 3),
        "seasonal": round(float((each["season"] > 0).mean()), 3),
        "cells": records,
    }


if __name__ == "__main__":
    main()
