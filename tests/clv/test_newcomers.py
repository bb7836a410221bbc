"""Customers who had bought before the log began are told from new ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench import clv

END = pd.Timestamp("2025-12-31")


def shop(before: float, *, boom: int = 0, weeks: int = 104, seed: int = 1) -> pd.DataFrame:
    """Customers who come evenly, from so many weeks before the log on; a boom of new ones."""
    rng = np.random.default_rng(seed)
    start = np.concatenate([rng.uniform(-before, weeks, 900), rng.uniform(0, 6, boom)])
    rate = rng.gamma(0.8, 1 / 10.0, (start.size, 1))
    gaps = rng.exponential(1 / rate, (start.size, 120))
    at = np.column_stack([start, start[:, None] + np.cumsum(gaps, axis=1)])
    who, place = np.nonzero((at >= 0) & (at < weeks))
    day = END - pd.to_timedelta(weeks * 7 - 1 - np.floor(at[who, place] * 7), unit="D")
    return pd.DataFrame({"customer_id": who, "date": day})


def verdict(log: pd.DataFrame) -> str:
    return clv.newcomers(log, as_of=END, unit="week").findings()[0].verdict


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_customers_of_before_are_seen(seed: int) -> None:
    log = shop(104, seed=seed)
    found = clv.newcomers(log, as_of=END, unit="week")
    said, effect = found.findings()
    assert said.verdict == "before"
    assert said.severity == effect.severity == "warning"
    assert found.times > 1.5
    assert found.again.value > found.later.value
    assert found.table["n"].sum() == found.customers == log["customer_id"].nunique()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_new_customers_are_not_whether_they_come_evenly_or_in_a_boom(seed: int) -> None:
    assert verdict(shop(0, seed=seed)) == "no_sign"
    assert verdict(shop(0, boom=400, seed=seed)) == "no_sign"


def test_of_a_cohort_nothing_is_told() -> None:
    log = shop(0, weeks=60)
    first = log.groupby("customer_id")["date"].transform("min")
    assert verdict(log[first < END - pd.Timedelta(weeks=48)]) == "cohort"


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_of_a_log_of_next_to_nothing_neither(rows: int) -> None:
    assert verdict(shop(0).head(rows)) == "cohort"
