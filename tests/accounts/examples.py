"""One small result of each class of the room, for the contract that all results keep."""

from __future__ import annotations

import datetime as dt
from functools import cache

import numpy as np
import pandas as pd

from tests.accounts import firm
from workbench import accounts as room

AS_OF = dt.date(2025, 12, 31)


@cache
def pipeline() -> tuple[pd.DataFrame, pd.DataFrame]:
    return firm.pipeline(np.random.default_rng(1), n=500, larger=0.2)


@cache
def sales() -> tuple[pd.DataFrame, pd.DataFrame]:
    return firm.sales(np.random.default_rng(2))


def ends() -> room.Conversion:
    return room.conversion(*pipeline(), as_of=AS_OF, currency="CNY")


def forecast() -> room.PipelineForecast:
    deals, log = pipeline()
    rng = np.random.default_rng(3)
    return room.pipeline_forecast(deals, log, as_of=AS_OF, rng=rng, currency="CNY", tried=4,
                                  draws=500)  # fmt: skip


def by_source() -> room.Sources:
    return room.sources(pipeline()[0], as_of=AS_OF)


def reasons() -> room.LossReasons:
    return room.loss_reasons(pipeline()[0], currency="CNY")


def new() -> room.Acquisition:
    first = pd.Timestamp("2022-01-01") + pd.to_timedelta(
        np.random.default_rng(4).integers(0, 1460, 400), "D"
    )
    return room.acquisition(pd.Series(first), as_of=AS_OF, since=dt.date(2022, 1, 1))


def groups() -> room.KeyAccounts:
    return room.key_accounts(*sales(), as_of=AS_OF, currency="CNY")


def score() -> room.Health:
    return room.health(firm.leaving(np.random.default_rng(5)), as_of=AS_OF, currency="CNY")


def by_health() -> room.HealthGroups:
    found = score().scores
    rng = np.random.default_rng(7)
    about = firm.industries(rng, found)
    weak = found.loc[found["health"] == "Weak", "customer_id"]
    seen = pd.concat([weak.sample(frac=0.4, random_state=1), found["customer_id"].tail(80)])
    calls = pd.DataFrame({"customer_id": seen, "date": pd.Timestamp("2025-11-01")})
    return room.health_groups(found, about, as_of=AS_OF, visits=calls)


def visited() -> room.Visits:
    sold, _ = sales()
    return room.visit_effect(firm.visits(np.random.default_rng(6), sold), sold, as_of=AS_OF)


EXAMPLES = {
    "Conversion": ends, "PipelineForecast": forecast, "Sources": by_source, "LossReasons": reasons,
    "Acquisition": new, "KeyAccounts": groups, "Health": score, "HealthGroups": by_health,
    "Visits": visited,
}  # fmt: skip
