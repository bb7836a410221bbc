"""RFM: names by rules without gaps, whatever the levels; who is worth much and has gone quiet."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.segments import RFM, default_rules, name_customers, value_of
from workbench.segments.rfm import MEASURES, SCORES, lookup, rescale


def scored(levels: int = 5, **columns: object) -> pd.DataFrame:
    """Give every combination of scores once, or the scores given, with measures that fit them."""
    if columns:
        frame = pd.DataFrame(columns)
    else:
        frame = pd.DataFrame(list(product(range(1, levels + 1), repeat=3)), columns=list(SCORES))
    return frame.assign(
        days_since_last=100 - 10 * frame["recency_score"],
        orders=frame["frequency_score"],
        spend=10.0 * frame["spend_score"],
    )


def named(frame: pd.DataFrame, levels: int | Mapping[str, int] = 5, **options: object) -> RFM:
    count = dict.fromkeys(MEASURES, levels) if isinstance(levels, int) else levels
    return name_customers(frame, levels=count, **options)


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
    found = named(scored(levels), levels)
    assert found.customers["segment"].notna().all()
    if levels >= 3:
        assert found.customers["segment"].iloc[-1] == "Champions"
    assert found.grid().to_numpy().sum() == levels**3


def test_valuable_customers_gone_quiet_are_told_by_their_scores() -> None:
    found = named(scored(), min_cell=0)
    names = found.customers["segment"][found.at_risk].astype(str)
    assert set(names) == {"At risk", "Can't lose them"}
    assert found.at_risk.sum() == found.customers["segment"].isin(set(names)).sum()
    spend = found.customers["spend"]
    share = found.estimates()["at_risk"]
    assert share.value == pytest.approx(spend[found.at_risk].sum() / spend.sum())
    best, quiet = found.findings()
    assert best.text == "At risk are 0.256 of the customers and 0.272 of the spend"
    assert dict(quiet.values)["n"] == found.at_risk.sum() and quiet.advice is not None
    here = named(scored(recency_score=[5, 4], frequency_score=[5, 5], spend_score=[5, 5]))
    assert here.findings()[1].advice is None
    assert here.findings()[1].text == "No valuable customer has stopped buying."


def test_advice_needs_a_share_clearly_above_a_twentieth() -> None:
    # one of forty is quiet and holds a little more than 5 %: the interval reaches below it
    many = scored(recency_score=[1] + [5] * 39, frequency_score=[5] * 40, spend_score=[5] * 40)
    many["spend"] = [2.2] + [1.0] * 39
    quiet = named(many, min_cell=0).findings()[1]
    assert quiet.estimates["share"].value > 0.05 > quiet.estimates["share"].low
    assert quiet.advice is None


def test_scores_stand_side_by_side() -> None:
    two = scored(recency_score=[2, 1], frequency_score=[2, 1], spend_score=[2, 2])
    assert named(two, 2).customers["score"].tolist() == ["222", "112"]
    assert named(two, 10).customers["score"].tolist() == ["2-2-2", "1-1-2"]
    assert named(two, 9).customers["score"].tolist() == ["222", "112"]


def test_weights_decide_between_frequency_and_spend() -> None:
    frame = scored(
        recency_score=[1] * 5, frequency_score=[1, 2, 3, 4, 5], spend_score=[5, 4, 3, 2, 1]
    )
    assert named(frame, weights=(0, 1)).customers["value_score"].tolist() == [5, 4, 3, 2, 1]
    assert named(frame, weights=(1, 0)).customers["value_score"].tolist() == [1, 2, 3, 4, 5]
    assert named(frame).customers["value_score"].eq(3).all()
    # 2.5 is rounded up; 1 x 1 + 3 x 2 over 4 is 1.75
    half = scored(recency_score=[1, 1], frequency_score=[2, 1], spend_score=[3, 2])
    assert named(half).customers["value_score"].tolist() == [3, 2]
    assert named(half, weights=(1, 3)).customers["value_score"].tolist() == [3, 2]
    for weights in ((0, 0), (-1, 2), (1, np.nan)):
        with pytest.raises(DataError, match="weights are"):
            named(half, weights=weights)


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
    some = scored(
        recency_score=[5, 4, 3, 2, 1], frequency_score=[1] * 5, spend_score=[1, 1, 1, 1, 1]
    )
    found = named(some, rules=two)
    assert found.customers["segment"].tolist() == ["Lately", "Lately", "Rest", "Rest", "Rest"]
    assert "action" not in found.actions()
    with pytest.raises(DataError, match="no rule covers recency 1 with value 1"):
        named(some, rules=two.iloc[:1])
    with pytest.raises(DataError, match="no column segment"):
        lookup(two.drop(columns="segment"))
    with pytest.raises(DataError, match="a bound is no number"):
        lookup(two.assign(value_low=["1", "1"]))


@pytest.mark.parametrize(
    ("levels", "onto"), [(3, [1, 3, 5]), (5, [1, 2, 3, 4, 5]), (10, [1, 1, 2, 2, 3, 3, 4, 4, 5, 5])]
)
def test_any_number_of_levels_finds_its_place_on_the_rules_scale(
    levels: int, onto: list[int]
) -> None:
    assert rescale(np.arange(1, levels + 1), levels).tolist() == onto


def test_shares_and_actions_cover_all_customers() -> None:
    found = named(pd.concat([scored()] * 8, ignore_index=True))
    shares = found.table
    assert shares["n"].sum() == 1000 and shares["value"].sum() == pytest.approx(1)
    inside = (shares["value_low"] <= shares["value"]) & (shares["value"] <= shares["value_high"])
    assert inside.all()
    actions = found.actions()
    assert actions["n"].sum() == 1000 and actions["action"].str.len().gt(10).all()
    champions = actions.set_index("segment").loc["Champions"]
    assert champions["days_since_last"] == 50 and champions["n"] == 10 * 8
    assert set(found.estimates()) == {
        "customers",
        "top20",
        "at_risk",
        *default_rules()["segment"],
    }
    assert found.estimates()["Champions"].value == pytest.approx(10 / 125)


def test_the_map_names_its_axes_and_segments_in_the_readers_language() -> None:
    import matplotlib.pyplot as plt

    found = named(scored(), min_cell=5)
    ax = found.plot(plt.figure().subplots())
    assert ax.get_ylabel() == "Frequency and spend score"
    texts = [text.get_text() for text in ax.texts]
    # 10 of 125 Champions; each name stands above its share
    assert texts[texts.index("Champions") + 1] == "8.0%"
    ax = found.plot(plt.figure().subplots(), language="zh")
    assert ax.get_ylabel() == "频次与金额得分"
    assert "Champions" not in {text.get_text() for text in ax.texts}


def test_the_share_of_a_small_segment_is_not_written() -> None:
    import matplotlib.pyplot as plt

    recency = [5] * 4 + [1] * 5 + [3] * 11
    few = scored(recency_score=recency, frequency_score=[5] * 20, spend_score=[5] * 20)
    texts = [t.get_text() for t in named(few, min_cell=5).plot(plt.figure().subplots()).texts]
    assert texts[texts.index("Champions") + 1] == "–"
    # the next smallest goes with it: it would follow from the whole
    assert texts[texts.index("Can't lose them") + 1] == "–"
    assert texts[texts.index("Loyal customers") + 1] == "55%"
    assert texts[texts.index("Lost") + 1] == "0.0%"


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        (scored().iloc[:0], "there is no customer"),
        (scored().drop(columns="orders"), "no column orders"),
        (scored().assign(spend_score=6), "spend_score lies outside 1 to 5"),
        (scored().assign(recency_score=0), "recency_score lies outside 1 to 5"),
    ],
)
def test_unusable_scores_are_refused(frame: pd.DataFrame, told: str) -> None:
    with pytest.raises(DataError, match=told):
        named(frame)


def test_without_amounts_customers_are_named_by_recency_and_frequency_alone() -> None:
    frame = scored().drop(columns=["spend", "spend_score"])
    found = named(frame)
    alike = named(scored().assign(spend_score=lambda t: t["frequency_score"]))
    assert (found.customers["segment"] == alike.customers["segment"]).all()
    assert not found.valued and "spend" not in found.customers
    best, quiet = found.findings()
    held = found.customers.groupby("segment", observed=True)["orders"].sum()
    assert best.values["segment"] == held.idxmax()
    assert best.values["value"].value == pytest.approx(held.max() / held.sum())
    orders = found.customers["orders"]
    share = orders[found.at_risk].sum() / orders.sum()
    assert quiet.values["share"].value == pytest.approx(share)
    assert not [f for f in (best, quiet) if "spen" in f.message]
    with pytest.raises(DataError, match="the log has no amounts"):
        value_of(found.customers)
