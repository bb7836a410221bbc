"""Profiles: shares with intervals, attributes with small cells withheld."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.segments import (
    age_band,
    associations,
    by_attribute,
    join_attributes,
    profile,
    readable,
    share_held,
)
from workbench.segments.profiles.attributes import level_order


def test_shares_of_customers_and_value_add_up() -> None:
    table = profile(["a", "b", "b", "b"], [70.0, 10.0, 10.0, 10.0]).table.set_index("segment")
    assert table.loc["a", ["customers", "value", "mean"]].tolist() == [0.25, 0.7, 70.0]
    assert table["customers"].sum() == table["value"].sum() == 1
    held = share_held([True] * 10 + [False] * 90, [90.0] * 10 + [10.0] * 90)
    assert held.value == 0.5 and 0 <= held.low < 0.5 < held.high <= 1


def test_an_empty_segment_is_listed_with_nobody() -> None:
    table = profile(["a", "a"], [1.0, 2.0], order=["a", "z"]).table
    assert table["n"].tolist() == [2, 0] and table["value"].tolist() == [1, 0]
    with pytest.raises(DataError, match="'a' is not in the order"):
        profile(["a"], [1.0], order=["z"])


def test_small_cells_are_withheld_with_others_that_would_give_them_away() -> None:
    counts = {
        ("x", "a"): 2,
        ("x", "b"): 40,
        ("y", "a"): 30,
        ("y", "b"): 50,
        ("z", "a"): 9,
        ("z", "b"): 20,
    }
    rows = [pair for pair, n in counts.items() for _ in range(n)]
    level, segment = (pd.Series(v) for v in zip(*rows, strict=True))
    found = by_attribute(segment, level.rename("letter"), min_cell=5)
    hidden = found.table.pivot_table(
        index="level", columns="segment", values="withheld", aggfunc="first"
    ).astype(bool)
    assert hidden.loc["x", "a"]
    assert (hidden.sum(axis=0) != 1).all() and (hidden.sum(axis=1) != 1).all()
    shown = found.table[~found.table["withheld"]]
    assert len(shown) and (shown["n"] >= 5).all()
    assert (
        found.table.loc[found.table["withheld"], ["n", "share", "low", "high"]]
        .isna()
        .all(axis=None)
    )
    assert np.isnan(found.wide().loc["x", "a"]) and found.wide().shape == (3, 2)


def test_a_segment_that_only_an_earlier_edition_told_comes_last() -> None:
    level = pd.Series(["x", "y"] * 30, name="letter")
    found = by_attribute(["b", "old", "a"] * 20, level, order=["b", "a"], min_cell=5)
    assert found.wide().columns.tolist() == ["b", "a", "old"]


def test_unrelated_attributes_have_no_strength_and_related_ones_have() -> None:
    rng = np.random.default_rng(1)
    segment = pd.Series(rng.choice(["a", "b", "c"], 3000))
    people = pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in range(3000)],
            "noise": rng.choice(["u", "v", "w"], 3000),
            "twin": segment.where(rng.random(3000) < 0.6, "a"),
            "constant": 1,
            "when": pd.Timestamp("2024-01-01"),
        }
    )
    found = associations(segment, people)
    assert found.table["column"].tolist() == ["twin", "noise"]
    assert found.strongest == "twin"
    twin, noise = found.estimates()["Twin"], found.estimates()["Noise"]
    assert twin.low > 0.3 and noise.value < 0.05 and noise.low == 0
    assert found.table["p"].iloc[1] > 0.05
    found.plot()


def test_perfect_association_is_one() -> None:
    segment = pd.Series(["a", "b"] * 500)
    found = associations(segment, pd.DataFrame({"same": segment}))
    assert found.table["cramers_v"].iloc[0] == pytest.approx(1, abs=0.002)


def test_years_of_birth_become_bands_and_impossible_ones_are_unknown() -> None:
    bands = age_band(pd.Series([1990, 1955, np.nan, 1890, 2030]), "2025-12-31")
    assert bands.tolist()[:2] == ["30-39", "70-79"] and bands[2:].isna().all()


def test_attributes_join_by_customer() -> None:
    scored = pd.DataFrame({"customer_id": ["a", "b"], "segment": ["x", "y"]})
    people = pd.DataFrame({"customer_id": ["b"], "birth_year": [1980], "region": ["North"]})
    joined = join_attributes(scored, people, as_of="2025-06-30")
    assert joined.loc[1, ["region", "age"]].tolist() == ["North", "40-49"]
    assert joined.loc[0, ["region", "age"]].isna().all()
    with pytest.raises(DataError, match="customer b is listed twice"):
        join_attributes(scored, pd.concat([people, people]), as_of="2025-06-30")


def test_levels_are_sorted_by_the_number_they_name() -> None:
    levels = ["10k-20k", "above 40k", "5k-10k", "below 5k", "20k-40k", "unknown"]
    assert level_order(levels) == [
        "below 5k",
        "5k-10k",
        "10k-20k",
        "20k-40k",
        "above 40k",
        "unknown",
    ]
    assert readable("income_band") == "Income band"


def test_an_attribute_nobody_has_is_refused() -> None:
    with pytest.raises(DataError, match="'region' is empty"):
        by_attribute(["a", "b"], pd.Series([None, None], name="region"))
