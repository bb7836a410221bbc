"""The pyramid, Lorenz and Gini."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.segments import gini, lorenz, share_of_top, tiers


def test_gini_of_a_few_by_hand() -> None:
    assert gini([1, 1, 1, 1]).value == pytest.approx(0)
    assert gini([0, 0, 0, 1]).value == pytest.approx(0.75)
    # mean absolute difference 10/8 over twice the mean 5
    assert gini([1, 2, 3, 4]).value == pytest.approx(0.25)


def test_gini_and_top_share_cover_their_truth() -> None:
    rng = np.random.default_rng(1)
    # lognormal with sigma 1: Gini erf(1/2), top fifth by the normal distribution
    truth_gini, truth_top = 0.5204999, 0.5630
    hits = np.zeros(2)
    for _ in range(300):
        y = rng.lognormal(0, 1, 1500)
        hits += [truth_gini in gini(y), truth_top in share_of_top(y, 0.2)]
    assert (hits / 300 >= 0.90).all() and (hits / 300 <= 0.985).all()


def test_tiers_hold_the_stated_shares_of_customers_and_all_of_the_value() -> None:
    value = pd.Series(np.arange(1.0, 1001.0), index=[f"c{i}" for i in range(1000)])
    found = tiers(value)
    assert found.table["n"].tolist() == [10, 40, 150, 800]
    assert found.table["share"].sum() == pytest.approx(1)
    assert found.tier["c999"] == "Top 1%" and found.tier["c0"] == "Remaining 80%"
    assert (
        (found.table["low"] < found.table["share"]) & (found.table["share"] < found.table["high"])
    ).all()
    assert set(found.metrics()) == {"gini", *found.table["tier"]}
    found.plot()


def test_customers_of_equal_value_share_the_higher_tier() -> None:
    found = tiers([5.0] * 30 + [1.0] * 70)
    assert found.table["n"].tolist() == [30, 0, 0, 70]
    assert found.table["mean"].iloc[0] == 5


def test_one_may_draw_ones_own_pyramid() -> None:
    found = tiers(np.arange(10.0), pyramid={"gold": 0.1, "rest": 1.0})
    assert found.table["n"].tolist() == [1, 9]
    with pytest.raises(DataError, match="do not rise to 1"):
        tiers([1.0, 2.0], pyramid={"gold": 0.5, "rest": 0.4})


def test_the_lorenz_curve_runs_from_nothing_to_everything() -> None:
    curve = lorenz([1.0, 3.0])
    assert curve["value"].tolist() == [0, 0.25, 1]
    assert tiers([1.0, 3.0]).plot_lorenz().get_ylabel() == "Share of value"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ([], "there is no customer"),
        ([1.0, np.nan], "row 1: value is missing or infinite"),
        ([1.0, -2.0], "row 1: value is negative"),
        ([0.0, 0.0], "every value is zero"),
        (["a"], "value holds text"),
    ],
)
def test_unusable_values_are_refused(value: list, told: str) -> None:
    with pytest.raises(DataError, match=told):
        tiers(value)
