"""How a card sorts customers: rules without gaps, tiers that end at all, costs for all or none."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from workbench.data import score_measures
from workbench.segments import name_customers
from workbench.study import Study, StudyError, load_study

CARD = """
title: Shop
as_of: 2025-12-31
tables:
  transactions: {path: t.csv}
segments:
"""

RULES = """
  rules:
    - {segment: {en: Active, zh: 活跃}, recency: [4, 5], need: {en: News, zh: 新品}}
    - {segment: {en: Quiet, zh: 沉寂}, recency: [1, 3]}
  cuts: {orders: [1, 3]}
  weights: [2, 1]
"""


def read(folder: Path, text: str) -> Study:
    (folder / "study.yml").write_text(CARD + text, encoding="utf-8")
    (folder / "t.csv").write_text("customer_id,date,amount\n", encoding="utf-8")
    return load_study(folder)


def test_the_rules_of_a_card_name_the_segments(tmp_path: Path) -> None:
    card = read(tmp_path, RULES).segments
    rules = card.rule_table()
    assert rules is not None and rules["segment"].tolist() == ["Active", "Quiet"]
    people = pd.DataFrame({"days_since_last": [1, 2, 3], "orders": [1, 2, 9], "spend": [1, 2, 3]})
    people = people.loc[[0] * 5 + [1] * 5 + [2] * 5].assign(customer_id=list("abcdefghijklmno"))
    assert card.cuts == {"orders": (1, 3)}
    scored = score_measures(people, cuts=card.cuts, levels=3)
    found = name_customers(scored.frame(), levels=scored.levels, rules=rules, weights=card.weights)
    assert found.customers["segment"].tolist() == ["Active"] * 5 + ["Quiet"] * 10
    assert found.customers["frequency_score"].tolist() == [1] * 5 + [2] * 5 + [3] * 5
    assert found.actions()["need"].tolist() == ["News", ""]


def test_a_card_that_says_nothing_takes_what_is_usual(tmp_path: Path) -> None:
    card = read(tmp_path, "  margin: 0.4").segments
    assert card.rule_table() is None and card.pyramid() is None and card.costs() is None
    assert card.protected == ("age", "birth_year", "gender")


def test_tiers_and_costs_are_read(tmp_path: Path) -> None:
    card = read(tmp_path, "  tiers: [{tier: Top, to: 0.1, cost: 9}, {tier: Rest, to: 1, cost: 1}]")
    assert card.segments.pyramid() == {"Top": 0.1, "Rest": 1.0}
    assert card.segments.costs() == {"Top": 9.0, "Rest": 1.0}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("  rules: [{segment: A, recency: [4, 5]}]", "no rule covers recency 1 with value 1"),
        ("  rules: [{segment: A, recency: [5, 4]}]", "5 to 4 holds no score"),
        ("  rules: [{segment: A, recency: [0, 5]}]", "greater than or equal to 1"),
        ("  rules: [{segmnt: A}]", "segmnt"),
        ("  cuts: {orders: [3, 2]}", "the cuts of orders do not increase"),
        ("  cuts: {order: [3]}", "orders"),
        ("  weights: [0, 0]", "both weights are zero"),
        ("  tiers: [{tier: A, to: 0.5}]", "let them rise to 1"),
        ("  tiers: [{tier: A, to: 0.5}, {tier: B, to: 0.2}, {tier: C, to: 1}]", "let them rise"),
        ("  tiers: [{tier: A, to: 0.5, cost: 1}, {tier: B, to: 1}]", "some tiers have no cost"),
        ("  tiers: [{tier: A, to: 1, cost: -1}]", "greater than or equal to 0"),
        ("  margin: 0", "greater than 0"),
    ],
)
def test_a_card_that_cannot_be_right_is_refused(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(StudyError, match=told):
        read(tmp_path, text)
