"""Persona cards: what they hold is true of the segment, and small segments are not told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.segments import default_rules, nearest_advice, personas, pool_small


def a_company(n: int = 900) -> tuple[pd.Series, pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(1)
    segment = pd.Series(rng.choice(["Champions", "Lost", "At risk"], size=n))
    spend = np.where(segment == "Champions", 300.0, 50.0) + rng.normal(size=n)
    behaviour = pd.DataFrame({"orders": rng.integers(1, 9, size=n), "spend": spend})
    people = pd.DataFrame(
        {
            "region": rng.choice(["North", "South"], size=n),
            "plan": np.where((segment == "Champions") & (rng.random(n) < 0.6), "gold", "plain"),
        }
    )
    return segment, behaviour, people


def test_a_card_says_what_is_true_of_its_segment() -> None:
    segment, behaviour, people = a_company()
    found = personas(
        segment, behaviour["spend"], behaviour, attributes=people, advice=default_rules()
    )
    assert found.cards[0].name == "Champions" and found.pooled == 0
    card = found.cards[0]
    inside = segment == "Champions"
    assert card.n == inside.sum()
    assert card.customers.low < inside.mean() < card.customers.high
    share = behaviour.loc[inside, "spend"].sum() / behaviour["spend"].sum()
    assert card.value.value == pytest.approx(share)
    typical = card.typical.set_index("measure")
    assert typical.loc["Spend", "median"] == pytest.approx(300, abs=1)
    assert typical.loc["Spend", "low"] < 300 < typical.loc["Spend", "high"]
    assert typical.loc["Orders", "everyone"] == behaviour["orders"].median()
    # the plan sets champions apart, the region nobody
    assert card.traits[["attribute", "level"]].to_numpy().tolist() == [["Plan", "gold"]]
    assert card.traits["inside"].iloc[0] == pytest.approx(0.6, abs=0.08)
    assert "recognised" in card.need and "referrals" in card.action
    assert sum(found.estimates()[c.name].value for c in found.cards) == pytest.approx(1)
    assert found.table["customers"].sum() == pytest.approx(1)


def test_small_segments_are_put_together_and_told_as_one() -> None:
    segment, behaviour, people = a_company()
    segment.iloc[:3] = "Tiny"
    segment.iloc[3:5] = "Smaller"
    found = personas(segment, behaviour["spend"], behaviour, attributes=people, min_cell=5)
    names = [card.name for card in found.cards]
    assert "Tiny" not in names and "Smaller" not in names and found.pooled == 5
    other = found.cards[names.index("Other segments")]
    assert other.n == 5
    # quartiles of five customers would be customers' own values
    assert other.typical["median"].notna().all() and other.typical["low"].isna().all()


def test_one_small_segment_takes_the_next_along_so_that_it_cannot_be_worked_out() -> None:
    segment = pd.Series(["A"] * 50 + ["B"] * 20 + ["C"] * 2)
    pooled = pool_small(segment, 5)
    assert pooled.value_counts().to_dict() == {"A": 50, "Other segments": 22}
    assert pool_small(segment, 2).value_counts().to_dict() == {"A": 50, "B": 20, "C": 2}
    assert pool_small(pd.Series(["A"] * 3), 5).unique().tolist() == ["Other segments"]


def test_groups_borrow_the_advice_of_the_rule_most_of_them_follow() -> None:
    groups = pd.Series(["Group A"] * 10 + ["Group B"] * 10)
    rules = pd.Series(["Lost"] * 8 + ["Champions"] * 12)
    lent = nearest_advice(groups, rules, default_rules()).set_index("segment")
    assert lent.loc["Group A", ["like", "share"]].tolist() == ["Lost", 0.8]
    assert lent.loc["Group B", "need"].startswith("To be recognised")
    bare = nearest_advice(groups, rules, default_rules().drop(columns=["need", "action"]))
    assert bare["need"].eq("").all()


def test_what_does_not_fit_is_refused() -> None:
    segment, behaviour, _ = a_company(20)
    with pytest.raises(DataError, match="20 segments for 3 rows of values"):
        personas(segment, behaviour["spend"].head(3), behaviour)
    with pytest.raises(DataError, match="behaviour town is no number"):
        personas(segment, behaviour["spend"], pd.DataFrame({"town": list("ab") * 10}))
    with pytest.raises(DataError, match="there is no customer"):
        personas(segment.head(0), behaviour["spend"].head(0), behaviour.head(0))
