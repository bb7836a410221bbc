"""How often forecasts of real logs come true: as of past days, each with what it knew by then.

    python -m benchmarks.forecasts_real [--log NAME=FILE.csv ...]

CDNOW's purchases and the baskets of the Complete Journey are cut at past days; model, season,
width and forecast are made anew from what lies before, and held against what came. Files given with
`--log` (customer_id, date, and amount where there is one) are logs that cannot be passed on.
Written into forecasts_real.md.
"""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from workbench import clv
from workbench.clv.ahead import LEVEL, Ahead, range_of
from workbench.clv.backtest import GROUPS, backtest
from workbench.data import open_tables
from workbench.study import load_study

HERE = Path(__file__).parent
SEED = 20261201
#: Weeks ahead, and the fewest weeks that a forecast may learn from.
HORIZONS, SHORTEST = (4, 13), 26
#: Aimed at: coverage, and the half width over the 90 % quantile of absolute relative errors.
HELD, WIDEST = (0.85, 0.95), 1.5


def known_logs(given: list[str]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Read the logs of the studies and those given."""
    for name, study, table in (
        ("CDNOW, all", "cdnow", "transactions"),
        ("CDNOW, the sample", "cdnow", "transactions_sample"),
        ("Complete Journey", "journey", "transactions"),
    ):
        yield name, open_tables(load_study(study)).bought(table)
    for each in given:
        name, _, path = each.partition("=")
        yield name, pd.read_csv(path, parse_dates=["date"])


def origins(log: pd.DataFrame, horizon: int) -> Iterator[pd.Timestamp]:
    """Days whose windows do not overlap, from the log's end back."""
    day = pd.to_datetime(log["date"])
    end = day.max().normalize()
    while True:
        end -= pd.Timedelta(weeks=horizon)
        if (end - day.min()).days < 7 * SHORTEST:
            return
        yield end


def forecasts(name: str, log: pd.DataFrame) -> Iterator[dict[str, object]]:
    """Forecast as of each day, and see what came."""
    log = log.assign(date=pd.to_datetime(log["date"]).dt.normalize())
    valued = "amount" in log
    days = {(origin, horizon) for horizon in HORIZONS for origin in origins(log, horizon)}
    for origin in sorted({origin for origin, _ in days}):
        rng = np.random.default_rng([SEED, origin.toordinal()])
        seen = clv.buying_days(log[log["date"] <= origin], as_of=origin)
        customers = seen.summary(0, 7.0)
        customers.attrs["time_unit"] = "week"
        rhythm = clv.rhythm(seen, as_of=origin, unit="week")
        choice = clv.choose(customers, rhythm=rhythm)
        pace = clv.calendar(seen, as_of=origin, unit="week", model=choice.model)
        bought = choice.refit(customers, pace=pace)
        spent = clv.model_spend(customers) if valued else None
        asked = [horizon for horizon in HORIZONS if (origin, horizon) in days]
        past = backtest(
            seen, choice.model, as_of=origin, unit="week", horizon=max(asked), rng=rng, seen=pace,
            most=300,
        )  # fmt: skip
        whole = clv.buying_days(log, as_of=origin + pd.Timedelta(weeks=max(asked)))
        for horizon in asked:
            if horizon < max(asked):
                past = backtest(
                    seen, choice.model, as_of=origin, unit="week", horizon=horizon, rng=rng,
                    seen=pace, most=300,
                )  # fmt: skip
            ahead = Ahead(bought, spent, horizon=horizon, rng=rng, pace=pace)
            # days are counted from the end of the log that is looked at
            begin = -7 * max(asked)
            count, amount = whole.came(customers.index, begin, begin + 7 * horizon)
            rank = np.empty(len(customers))
            rank[np.argsort(-ahead.expected, kind="stable")] = np.arange(len(customers)) + 0.5
            group = np.searchsorted(GROUPS, rank / len(customers))
            for what, came in (("purchases", count), ("spend", amount))[: 1 + valued]:
                of = ahead.purchases_of if what == "purchases" else ahead.spend_of
                for part in ("all", *range(len(GROUPS))):
                    inside = np.ones(len(group), bool) if part == "all" else group == part
                    width = past.width(what, total=part == "all")  # type: ignore[arg-type]
                    point, draws = of(inside)
                    low, high = range_of(point, draws, width.factor)
                    own = range_of(point, draws)
                    actual = float(came[inside].sum())
                    yield {
                        "log": name, "origin": origin, "horizon": horizon, "what": what,
                        "level": "total" if part == "all" else "group", "basis": width.basis,
                        "held": low <= actual <= high, "own": own[0] <= actual <= own[1],
                        "half": (high - low) / 2 / point, "error": abs(actual / point - 1),
                        "factor": width.factor, "model": choice.model.title,
                    }  # fmt: skip


def table(rows: pd.DataFrame) -> str:
    """Markdown: by horizon and level, pooled over logs, origins and groups; then each log."""
    lines = [
        "| weeks ahead | of | forecasts | held, % | model's own, % | half width | 90 % of errors |"
        " width / error | as aimed at |",
        "|---:|:---|---:|---:|---:|---:|---:|---:|:---|",
    ]
    for (horizon, what, level), own in rows.groupby(["horizon", "what", "level"], sort=False):
        held, half = own["held"].mean(), own["half"].median()
        error = own["error"].quantile(LEVEL)
        # groups of one day and log share its luck: they count as one
        n = len(own[["log", "origin"]].drop_duplicates())
        low, high = (
            b + s * 2 * (b * (1 - b) / n) ** 0.5 for b, s in zip(HELD, (-1, 1), strict=True)
        )
        good = low <= held <= high and half / error <= WIDEST
        lines.append(
            f"| {horizon} | {what}, {level} | {len(own)} | {100 * held:.0f} |"
            f" {100 * own['own'].mean():.0f} | {100 * half:.0f} % | {100 * error:.0f} % |"
            f" {half / error:.2f} | {'yes' if good else 'no'} |"
        )
    lines += ["", "| log | weeks ahead | days | models | held, % | model's own, % | widened |",
              "|:---|---:|---:|:---|---:|---:|---:|"]  # fmt: skip
    for (log, horizon), own in rows.groupby(["log", "horizon"], sort=False):
        models = ", ".join(sorted(set(own["model"])))
        lines.append(
            f"| {log} | {horizon} | {own['origin'].nunique()} | {models} |"
            f" {100 * own['held'].mean():.0f} | {100 * own['own'].mean():.0f} |"
            f" {own['factor'].median():.1f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--log", action="append", default=[], metavar="NAME=FILE")
    found: list[dict[str, object]] = []
    for name, log in known_logs(parser.parse_args().log):
        found += forecasts(name, log)
        print(name, len(found), flush=True)
    text = table(pd.DataFrame(found))
    (HERE / "forecasts_real.md").write_text(
        "# Forecasts of real logs, made again as of past days\n\n"
        f"`python -m benchmarks.forecasts_real`, {dt.date.today()}. Each forecast knew what lay"
        " before its day alone: model, season, spend and the width of its range. Windows of one"
        f" length do not overlap; at least {SHORTEST} weeks lie before each. Aimed at are 85 to"
        " 95 % held (give or take two standard errors, days of a log counting as one draw each)"
        " and half a range at most 1.5 times the error that nine of ten forecasts kept within."
        f" Groups are the first 5 %, the next 15 % and the other 80 %.\n\n{text}\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
