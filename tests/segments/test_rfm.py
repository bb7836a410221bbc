"""RFM: scores that survive ties, rules without gaps, bad input by name."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.segments import behaviour, default_rules, rfm, score_customers
from workbench.segments.rules import lookup, rescale

LOG = pd.DataFrame(
    {
        "customer_id": ["a", "a", "a", "b", "c", "c", "d"],
        "date": pd.to_datetime(
            [
                "2024-01-01",
                "2024-03-01",
                "2024-03-01",
                "2024-02-01",
                "2024-01-05",
                "2024-03-30",
                "2024-06-01",
            ]
        ),
        "amount": [10.0, 20.0, 5.0, 7.0, 30.0, -4.0, 99.0],
    }
)


def customers(**columns: list[float]) -> pd.DataFrame:
    size = len(next(iter(columns.values())))
    base = {m: [1.0] * size for m in ("days_since_last", "orders", "spend")}
    return pd.DataFrame(base | columns)


def test_a_log_becomes_days_orders_and_spend() -> None:
    seen = behaviour(LOG, as_of="2024-03-31")
    assert seen.table.set_index("customer_id").loc["a"].tolist() == [30, 2, 35.0, 90]
    # the refund of c is no purchase, and d comes later
    assert seen.table.set_index("customer_id").loc["c"].tolist() == [86, 1, 30.0, 86]
    assert list(seen.table["customer_id"]) == ["a", "b", "c"]
    assert (seen.refunds, seen.later) == (1, 1)


def test_every_combination_of_scores_has_exactly_one_segment() -> None:
    rules = default_rules()
    for recency, value in product(range(1, 6), repeat=2):
        fits = (
            rules["recency_low"].le(recency)
            & rules["recency_high"].ge(recency)
            & rules["value_low"].le(value)
            & rules["value_high"].ge(value)
        )
        assert fits.sum() == 1, (recency, value)
    assert set(np.unique(lookup(rules))) == set(range(11))


@pytest.mark.parametrize("levels", [1, 2, 3, 4, 5, 7, 10])
def test_every_customer_falls_in_one_segment_whatever_the_levels(levels: int) -> None:
    scores = pd.DataFrame(
        list(product(range(levels), repeat=3)), columns=["days_since_last", "orders", "spend"]
    )
    cuts = {m: [i + 0.5 for i in range(levels - 1)] for m in scores}
    found = score_customers(scores, cuts=cuts)
    assert found.table["segment"].notna().all()
    assert (found.table["recency_score"] == levels - scores["days_since_last"]).all()
    assert (found.table["frequency_score"] == scores["orders"] + 1).all()
    best = scores.assign(days_since_last=-scores["days_since_last"]).sum(axis=1).idxmax()
    if levels >= 3:
        assert found.table["segment"].iloc[best] == "Champions"
    assert found.grid().to_numpy().sum() == levels**3


def test_customers_who_are_alike_score_alike() -> None:
    rng = np.random.default_rng(1)
    orders = rng.choice([1, 1, 1, 1, 1, 1, 2, 3, 9], size=500)
    table = score_customers(customers(orders=orders.tolist())).table
    assert table.groupby("orders")["frequency_score"].nunique().eq(1).all()
    assert table.groupby("orders")["frequency_score"].first().is_monotonic_increasing
    assert table.loc[table["orders"] == 1, "frequency_score"].eq(1).all()


def test_distinct_values_are_cut_into_equal_fifths() -> None:
    table = score_customers(customers(spend=list(np.arange(100.0)))).table
    assert table["spend_score"].value_counts().eq(20).all()


def test_cuts_of_the_user_are_upper_ends() -> None:
    found = score_customers(
        customers(orders=[1, 2, 3, 4, 5, 10, 11]), cuts={"orders": [1, 2, 4, 10]}
    )
    assert found.table["frequency_score"].tolist() == [1, 2, 3, 3, 4, 4, 5]
    assert found.levels["orders"] == 5


def test_scores_stand_side_by_side() -> None:
    table = score_customers(
        customers(days_since_last=[1, 2], orders=[3, 1], spend=[9, 1]), levels=2
    ).table
    assert table["score"].tolist() == ["222", "111"]
    wide = score_customers(customers(spend=list(range(24))), levels=12).table
    assert wide["score"].iloc[-1].count("-") == 2


def test_weights_decide_between_frequency_and_spend() -> None:
    frame = customers(orders=[1, 2, 3, 4, 5], spend=[5, 4, 3, 2, 1])
    by_spend = score_customers(frame, weights=(0, 1)).table["value_score"]
    assert by_spend.tolist() == [5, 4, 3, 2, 1]
    assert score_customers(frame).table["value_score"].eq(3).all()


def test_edited_rules_are_used_and_gaps_are_named() -> None:
    two = pd.DataFrame(
        {
            "segment": ["Lately", "Rest"],
            "recency_low": [4, 1],
            "recency_high": [5, 5],
            "value_low": [1, 1],
            "value_high": [5, 5],
        }
    )
    found = score_customers(customers(days_since_last=[1, 2, 3, 4, 5]), rules=two)
    assert found.table["segment"].tolist() == ["Lately", "Lately", "Rest", "Rest", "Rest"]
    assert "action" not in found.actions()
    with pytest.raises(DataError, match="no rule covers recency 1 with value 1"):
        score_customers(customers(spend=[1, 2]), rules=two.iloc[:1])
    with pytest.raises(DataError, match="no column segment"):
        lookup(two.drop(columns="segment"))


@pytest.mark.parametrize(
    ("levels", "onto"), [(3, [1, 3, 5]), (5, [1, 2, 3, 4, 5]), (10, [1, 1, 2, 2, 3, 3, 4, 4, 5, 5])]
)
def test_any_number_of_levels_finds_its_place_on_the_rules_scale(
    levels: int, onto: list[int]
) -> None:
    assert rescale(np.arange(1, levels + 1), levels).tolist() == onto


def test_shares_and_actions_cover_all_customers() -> None:
    rng = np.random.default_rng(2)
    found = score_customers(
        pd.DataFrame(
            {
                "days_since_last": rng.integers(0, 500, 800),
                "orders": rng.geometric(0.4, 800),
                "spend": rng.lognormal(3, 1, 800),
            }
        )
    )
    shares = found.profile().table
    assert shares["n"].sum() == 800 and shares["value"].sum() == pytest.approx(1)
    assert (
        (shares["value_low"] <= shares["value"]) & (shares["value"] <= shares["value_high"])
    ).all()
    actions = found.actions()
    assert actions["n"].sum() == 800 and actions["action"].str.len().gt(10).all()
    assert set(found.metrics()) == set(default_rules()["segment"])
    assert found.plot().get_ylabel() == "Frequency and spend score"


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        (customers(spend=[]), "there is no customer"),
        (customers(spend=[1.0, np.nan]), "row 1: spend is missing or infinite"),
        (customers(days_since_last=[3, -1, 2]), "row 1: days_since_last is negative"),
        (customers(orders=["one", "two"]), "orders holds 'one', which is no number"),
        (customers(spend=[1.0]).drop(columns="orders"), "no column orders"),
    ],
)
def test_unusable_customers_are_refused_by_row(frame: pd.DataFrame, told: str) -> None:
    with pytest.raises(DataError, match=told):
        score_customers(frame)


def test_one_customer_gets_a_segment() -> None:
    assert score_customers(customers(spend=[5.0])).table["segment"].notna().all()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"date": ["2024-01-01"] * 6 + ["soon"]}, "no date"),
        ({"amount": ["1"] * 7}, "amount holds text"),
        ({"amount": [1.0] * 6 + [np.nan]}, "row 6: amount is missing"),
        ({"customer_id": ["a"] * 6 + [None]}, "row 6: customer_id is missing"),
    ],
)
def test_unusable_logs_are_refused_by_row(change: dict[str, list], told: str) -> None:
    with pytest.raises(DataError, match=told):
        rfm(LOG.assign(**change), as_of="2024-12-31")


def test_a_log_without_purchases_to_the_day_is_refused() -> None:
    with pytest.raises(DataError, match="no purchase to 2023-01-01"):
        rfm(LOG, as_of="2023-01-01")


def test_cuts_that_do_not_increase_are_refused() -> None:
    with pytest.raises(DataError, match="do not increase"):
        score_customers(customers(spend=[1, 2]), cuts={"spend": [5, 5]})
    with pytest.raises(DataError, match="no measure money"):
        score_customers(customers(spend=[1, 2]), cuts={"money": [5]})
