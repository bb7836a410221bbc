"""Cost and yield of tiers, and the few who hold the value: by hand and by closed form."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr, ndtri

from workbench.errors import DataError
from workbench.segments import holders, key_accounts, tier_accounts, tiers, value_of


def test_accounts_are_those_worked_by_hand() -> None:
    tier = pd.Series(["top"] * 5 + ["base"] * 5)
    revenue = [100.0, 120, 80, 110, 90, 10, 20, 0, 30, 40]
    found = tier_accounts(tier, revenue, {"top": 10, "base": 12}, margin=0.5)
    table = found.table.set_index("tier")
    # half of 100 less 10; half of 20 less 12
    assert table["net"].to_dict() == {"base": -2.0, "top": 40.0}
    assert table["total"].to_dict() == {"base": -10.0, "top": 200.0}
    # standard error of half of the revenue: sqrt(62.5 / 5), t(4) = 2.776
    assert table.loc["top", "high"] - 40 == pytest.approx(2.776 * np.sqrt(62.5 / 5), abs=0.01)
    assert found.losing == [] and found.estimates()["top"].value == 40.0
    assert tier_accounts(tier, revenue, {"top": 10, "base": 40}).losing == ["base"]
    assert tier_accounts(tier, revenue, {"top": 1, "base": 1}, min_cell=6).table.empty
    found.plot()


@pytest.mark.parametrize(
    ("revenue", "costs", "options", "told"),
    [
        ([1.0, 2.0], {"a": 1}, {}, "tiers without a cost: b"),
        ([1.0, 2.0], {"a": 1, "b": 1, "c": 1}, {}, "costs without a tier: c"),
        ([1.0, 2.0], {"a": 1, "b": -1}, {}, "the cost of b is -1"),
        ([1.0, np.nan], {"a": 1, "b": 1}, {}, "a revenue is missing or negative"),
        ([1.0, -2.0], {"a": 1, "b": 1}, {}, "a revenue is missing or negative"),
        ([1.0], {"a": 1, "b": 1}, {}, "2 tiers for 1 revenues"),
        ([1.0, 2.0], {"a": 1, "b": 1}, {"margin": 0}, "margin is 0"),
    ],
)
def test_unusable_accounts_are_refused(
    revenue: list[float], costs: dict[str, float], options: dict, told: str
) -> None:
    with pytest.raises(DataError, match=told):
        tier_accounts(pd.Series(["a", "b"]), revenue, costs, **options)


def test_half_of_the_value_lies_with_the_fewest_who_hold_it() -> None:
    value = pd.Series([1.0, 5, 2, 2])
    assert holders(value).value == 0.25
    keys = key_accounts(pd.Series(list("abcd")), value, 0.6)
    assert keys["customer_id"].tolist() == ["b", "c"]
    assert keys["cumulative"].tolist() == [0.5, 0.7]


def test_the_share_who_hold_half_covers_its_truth() -> None:
    """Lognormal spend: the best p hold Phi(s - z), with p = 1 - Phi(z); half at z = s."""
    rng, s = np.random.default_rng(2), 1.2
    truth = 1 - ndtr(s)
    assert ndtr(s - ndtri(1 - truth)) == pytest.approx(0.5)
    found = [holders(rng.lognormal(0, s, size=1500)) for _ in range(200)]
    assert np.mean([f.value for f in found]) == pytest.approx(truth, abs=0.003)
    assert np.mean([truth in f for f in found]) > 0.91


@pytest.mark.parametrize(
    ("value", "share", "told"),
    [
        ([1.0, 2.0], 0, "share is 0"),
        ([], 0.5, "there is no customer"),
        ([1.0, np.nan], 0.5, "value is missing"),
        ([0.0, 0.0], 0.5, "every value is zero"),
        ([1.0, -1.0], 0.5, "value is negative"),
    ],
)
def test_unusable_values_are_refused(value: list[float], share: float, told: str) -> None:
    with pytest.raises(DataError, match=told):
        holders(value, share)


def test_one_customer_and_all_alike_have_an_answer() -> None:
    assert holders([3.0]).value == 1.0
    assert holders([3.0] * 10).value == 0.5


def test_worth_is_the_expected_value_where_all_customers_have_one() -> None:
    customers = pd.DataFrame({"customer_id": ["a", "b"], "spend": [10.0, 20.0]})
    expected = pd.DataFrame({"customer_id": ["b", "a"], "clv": [5.0, 7.0]})
    assert value_of(customers, expected).value.tolist() == [7.0, 5.0]
    alone = value_of(customers)
    assert alone.value.tolist() == [10.0, 20.0] and not alone.expected
    lacking = value_of(customers, expected.head(1))
    assert (lacking.expected, lacking.unmatched) == (False, 1)
    with pytest.raises(DataError, match="a customer is listed twice"):
        value_of(customers, pd.concat([expected, expected]))
    with pytest.raises(DataError, match="no column clv"):
        value_of(customers, customers)


def test_the_value_of_a_tier_of_few_is_withheld_with_the_next() -> None:
    shown = tiers(np.arange(1.0, 101.0), min_cell=5).table.set_index("tier")
    # the top 1 % is one customer; the next tier would give it away
    assert shown["share"].isna().tolist() == [True, True, False, False]
    assert tiers(np.arange(1.0, 1001.0), min_cell=5).table["share"].notna().all()


def test_tiers_of_one_customer_can_be_drawn_with_nothing_to_show() -> None:
    ax = tiers([3.0], min_cell=5).plot(plt.figure().subplots())
    assert ax.get_xlim() == (0, 1) and not ax.texts
