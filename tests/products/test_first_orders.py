"""First orders: by hand, without false alarms, and found where one item brings customers back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.products.examples import first
from workbench.errors import DataError
from workbench.products import first_orders
from workbench.products.first_orders import OTHERS
from workbench.stats import wilson

DAY = pd.Timestamp("2024-01-01")


def drawn(rng: np.random.Generator, n: int, chance: dict[str, float]) -> pd.DataFrame:
    item = rng.choice([*chance], n)
    later = rng.binomial(1, [chance[i] for i in item])
    return pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in range(n)], "item": item, "later": later,
            "day": DAY + pd.to_timedelta(rng.integers(100, 600, n), "D"),
            "spend": later * 10.0,
        }
    )  # fmt: skip


def test_customers_are_followed_for_the_same_time_and_counted() -> None:
    rng = np.random.default_rng(1)
    frame = drawn(rng, 60, {"tea": 0.5})
    frame.loc[:9, "day"] = DAY + pd.Timedelta(days=5)  # may have bought before the log began
    frame.loc[10:19, "day"] = DAY + pd.Timedelta(days=720)  # not seen for 90 days
    frame.loc[20:24, "item"] = None
    found = first_orders(frame, days=90, first=DAY, last=DAY + pd.Timedelta(days=730))
    assert (found.early, found.late, found.unnamed, found.customers) == (10, 10, 5, 35)
    row = found.table.iloc[0]
    k = frame.loc[25:, "later"].sum()
    assert (row["n"], row["repeat"], row["spend"]) == (35, k / 35, pytest.approx(10 * k / 35))
    low, high = wilson(k, 35)
    assert (row["repeat_low"], row["repeat_high"]) == (float(low), float(high))


def test_the_item_that_brings_customers_back_is_named_with_a_test_to_make() -> None:
    said = first().findings()
    assert said[0].values["item"] == {"en": "tea"} and "control group" in said[0].next_step.text  # type: ignore[union-attr]
    gap = said[0].values["gap"]
    assert gap.low <= 0.3 <= gap.high


def test_equal_items_are_rarely_told_apart() -> None:
    """60 draws; 5 % and two standard errors allow 10.6 %."""
    named = 0
    for seed in range(60):
        frame = drawn(np.random.default_rng([3, seed]), 500, dict.fromkeys("abcd", 0.4))
        found = first_orders(frame, days=60, first=DAY, last=DAY + pd.Timedelta(days=700))
        named += any("most often" in f.text or "least often" in f.text for f in found.findings())
    assert named / 60 <= 0.106


def test_rare_beginnings_are_put_together_and_too_few_refused() -> None:
    frame = drawn(np.random.default_rng(1), 100, {"tea": 0.5, "cups": 0.5})
    frame.loc[:2, "item"] = "yacht"
    frame.loc[3:8, "item"] = "pots"
    table = first_orders(
        frame, days=60, first=DAY, last=DAY + pd.Timedelta(days=700), min_cell=5
    ).table
    assert "yacht" not in set(table["item"]) and OTHERS in set(table["item"])
    assert table["n"].sum() == 100 and table["n"].min() >= 5
    with pytest.raises(DataError, match="can be followed for 500 days"):
        first_orders(frame, days=500, first=DAY, last=DAY + pd.Timedelta(days=700))
    with pytest.raises(DataError, match="days is 0"):
        first_orders(frame, days=0, first=DAY, last=DAY)
