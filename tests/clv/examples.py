"""One small result of each class of the room, for the contract that all results keep."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from workbench import clv
from workbench.results import Estimate

N = 300
FREQUENCY = np.array([2, 0, 1, 5, 0, 3] * (N // 6), dtype=float)
RECENCY = np.array([30.4, 0, 1.7, 29.4, 0, 22.0] * (N // 6))
AGE = np.full(N, 38.9)
SPEND = np.where(FREQUENCY > 0, np.array([22.4, 0, 11.8, 35.2, 0, 18.0] * (N // 6)), 0.0)
CUSTOMERS = pd.DataFrame(
    {"frequency": FREQUENCY, "recency": RECENCY, "age": AGE, "mean_spend": SPEND}
)


@cache
def bought() -> clv.PurchaseResults:
    return clv.BetaGeometric(FREQUENCY, RECENCY, AGE, unit="week").fit()


@cache
def spent() -> clv.GammaGammaResults:
    return clv.GammaGamma(FREQUENCY, SPEND).fit()


@cache
def value() -> clv.CustomerValue:
    return clv.customer_value(bought(), spent(), discount_rate=0.1, horizon=52)


@cache
def kept() -> clv.ShiftedBetaGeometricResults:
    ended, running = [369, 163, 86, 56, 37, 27, 21], 241
    return clv.ShiftedBetaGeometric(
        [*range(1, 8), 7], [True] * 7 + [False], [*ended, running], unit="year"
    ).fit()


def with_covariates() -> clv.CovariateResults:
    rng = np.random.default_rng(1)
    web = pd.DataFrame({"web": (rng.random(400) < 0.4).astype(float)})
    age = rng.integers(20 * 7, 80 * 7, 400) / 7
    x, t_x = clv.ParetoNBD.draw(np.array([0.8, 8.0, 0.8, 14.0]), age, rng)
    model = clv.ParetoNBD(x, t_x, age, unit="week")
    return clv.CovariateModel(model, purchase=web, dropout=web).fit()


def log() -> pd.DataFrame:
    """Purchases that are those of `CUSTOMERS`: the first, then evenly up to the last."""
    begin = pd.Timestamp("2025-01-01")
    rows = [
        (f"c{i:03d}", begin + pd.Timedelta(weeks=float(week)))
        for i, (x, t_x) in enumerate(zip(FREQUENCY, RECENCY, strict=True))
        for week in np.linspace(0, t_x, int(x) + 1)
    ]
    frame = pd.DataFrame(rows, columns=["customer_id", "date"])
    return frame.assign(date=frame["date"].dt.normalize(), amount=10.0)


def cohorts() -> clv.ContractCohorts:
    rng = np.random.default_rng(1)
    start = pd.Series(pd.to_datetime(rng.choice(["2022-02-01", "2023-02-01"], 600)))
    months = np.minimum(rng.geometric(rng.beta(0.9, 8.0, 600)), 60)
    end = start + pd.to_timedelta(pd.Series(months * 31), "D")
    held = clv.contract_periods(start, end, as_of="2024-12-31", unit="month")
    return clv.by_cohort(held, start.dt.year.loc[held.index])


@cache
def past() -> clv.Backtest:
    return clv.backtest(
        log(), clv.BetaGeometric, as_of=pd.Timestamp("2025-01-01") + pd.Timedelta(weeks=38.9),
        unit="week", horizon=4, rng=np.random.default_rng(1),
    )  # fmt: skip


def by_group() -> clv.ValueByGroup:
    coming = clv.forecast(value(), past(), rng=np.random.default_rng(1))
    people = pd.DataFrame(
        {"customer_id": np.arange(N), "channel": ["web", "shop", "shop"] * (N // 3)}
    )
    return clv.value_by(coming, people, ids=list(range(N)))


@cache
def effects() -> clv.CovariateEffects:
    ids = [f"c{i:03d}" for i in range(N)]
    plans = ["basic", "full", "full", "basic"] * (N // 4)
    return clv.covariate_effects(
        log(), ["plan"], people=pd.DataFrame({"customer_id": ids, "plan": plans}),
        as_of="2025-12-31", unit="week", horizon=26.0,
    )  # fmt: skip


EXAMPLES = {
    "AliveMap": lambda: clv.alive_map(bought(), top=5),
    "Backtest": past,
    "Calendar": lambda: clv.Calendar(
        728,
        pd.Timestamp("2025-12-31"),
        "week",
        900,
        season=np.array([0.3, 0.1]),
        season_covariance=np.eye(2) / 400,
        raw=Estimate(0.02, -0.05, 0.1, 900, kind="percent"),
        lean=np.zeros(3),
    ),
    "Choice": lambda: clv.choose(CUSTOMERS, FREQUENCY // 2, 20.0, unit="week"),
    "ContractCohorts": cohorts,
    "ContractCovariateResults": lambda: clv.ContractCovariates(
        [*range(1, 8), 7] * 2,
        ([True] * 7 + [False]) * 2,
        pd.DataFrame({"high_end": [0.0] * 8 + [1.0] * 8}),
        [369, 163, 86, 56, 37, 27, 21, 241, 131, 126, 90, 60, 42, 34, 26, 491],
    ).fit(),
    "ContractValue": lambda: clv.contract_value(
        kept(), np.arange(40) % 5, pd.Series(np.full(40, 120.0)), discount_rate=0.1, currency="EUR"
    ),
    "CovariateEffects": effects,
    "CovariateResults": with_covariates,
    "CustomerValue": value,
    "Forecast": lambda: clv.forecast(value(), past(), rng=np.random.default_rng(1)),
    "Fitted": lambda: clv.BetaDiscreteWeibull(
        [*range(1, 8), 7], [True] * 7 + [False], [369, 163, 86, 56, 37, 27, 21, 241], unit="year"
    ).fit(),
    "GammaGammaResults": spent,
    "GroupFits": lambda: clv.group_fits(
        bought(), ["web", "shop", "app"] * (N // 3), horizon=26.0, attribute="channel"
    ),
    "Holdout": lambda: clv.holdout_table(bought(), FREQUENCY // 2, 20.0, top=4),
    "Newcomers": lambda: clv.newcomers(log(), as_of="2025-12-31", unit="week"),
    "NextPurchase": lambda: clv.next_purchase(bought(), within=13),
    "ObservedSpendResults": lambda: clv.ObservedSpend(FREQUENCY, SPEND, currency="EUR").fit(),
    "Prediction": lambda: bought().expected_purchases(52),
    "PurchaseResults": bought,
    "Reproduction": lambda: clv.reproduce(
        {"r": 0.2, "alpha": 4.4, "a": 0.8, "b": 2.4}, CUSTOMERS, unit="week"
    ),
    "Rhythm": lambda: clv.rhythm(log(), as_of="2025-12-31", unit="week"),
    "ShiftedBetaGeometricResults": kept,
    "SoFar": lambda: clv.so_far(log(), as_of="2025-12-31", currency="EUR"),
    "Tracking": lambda: clv.tracking(bought(), log(), unit="week", calibration_end="2025-09-30"),
    "ValueByGroup": by_group,
    "ValueSensitivity": lambda: clv.sensitivity(value()),
    "VaryingResults": lambda: effects().fit,
}
