"""What is bought at Harbour's counters, and what is offered there, is found as it was made."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from workbench import products
from workbench.data import LineItems, Tables, line_items, open_tables
from workbench.products.off_policy import AS_MADE
from workbench.study import load_study

HARBOUR = Path(__file__).parents[2] / "data" / "harbour"


@pytest.fixture(scope="module", autouse=True)
def key() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_KEY", "0123456789abcdef")
        yield


@cache
def opened() -> tuple[Tables, LineItems]:
    tables = open_tables(load_study("harbour"), cache=False)
    return tables, line_items(tables, "transactions_counter")


@cache
def true() -> dict[str, Any]:
    return json.loads((HARBOUR / "truth.json").read_text("utf-8"))["counters"]


def test_the_planted_pair_is_the_clearest_and_no_three_is_named() -> None:
    _, log = opened()
    pairs = products.item_pairs(log.pairs(), log.counts(), baskets=log.baskets).table
    together = pairs[pairs["verdict"] == "together"]
    assert list(together.iloc[0][["a", "b"]]) == sorted(true()["together"])
    assert len(together) <= 2
    three = products.item_triples(log.triples(), log.counts(), baskets=log.baskets)
    assert three.together.empty


def test_what_opens_the_way_to_another_comes_first() -> None:
    _, log = opened()
    order = products.item_sequences(*log.sequences()).ordered.iloc[0]
    assert [order["a"], order["b"]] == true()["in_order"]


def test_the_beginning_that_brings_customers_back_is_named() -> None:
    _, log = opened()
    first = products.first_orders(log.first_orders(90), days=90, first=log.first, last=log.last)
    named = first.findings()[0]
    assert named.values["item"]["en"] == true()["brings_back"]["category"]


def test_prices_sell_as_they_were_made_to() -> None:
    _, log = opened()
    weeks = log.weeks()
    found = products.elasticity(weeks).table.set_index("category")
    for category, slope in true()["elasticity"].items():
        row = found.loc[category]
        assert row["elasticity_low"] < slope < row["elasticity_high"]
    cuts = products.promotions(weeks).table.set_index("category").loc["drinks"]
    made = true()["price_cuts"]
    assert cuts["uplift_low"] < made["sells"] - 1 < cuts["uplift_high"]


def test_the_new_item_and_its_day_are_found() -> None:
    _, log = opened()
    whole = log.histories()
    new = products.trial_repeat(
        whole, customers=whole["customer_id"].nunique(), first=log.first, last=log.last
    ).table
    made = true()["launch"]
    assert list(new["item"]) == [made["category"]]
    after = pd.Timestamp(new["launched"].iloc[0]) - pd.Timestamp(made["on"])
    assert 0 <= after.days <= 7
    # half of those who try would buy again, in their own time
    assert new["repeat_high"].iloc[0] < made["buy_again"] + 0.05


def test_rules_for_offers_are_worth_what_they_were_made_to_be() -> None:
    tables, _ = opened()
    judged = products.off_policy(tables.frame("offers"), rules=tables.frame("rules"))
    table = judged.table.set_index("rule")
    in_use = table.loc[AS_MADE]
    assert in_use["value_low"] < true()["offers_answered"] < in_use["value_high"]
    for rule, rate in true()["offers_answered_by_rule"].items():
        assert table.loc[rule, "value_low"] < rate < table.loc[rule, "value_high"]
    best = max(true()["offers_answered_by_rule"], key=true()["offers_answered_by_rule"].get)
    assert judged.findings()[0].verdict == "better" and best in judged.findings()[0].text
