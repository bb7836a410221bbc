"""Before means of groups are compared: does the questionnaire measure alike in them?"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.satisfaction import invariance, read_answers
from workbench.satisfaction.measurement.invariance import compare_models
from workbench.study import Survey

FACTORS = {"visual": ["x1", "x2", "x3"], "text": ["x4", "x5", "x6"], "speed": ["x7", "x8", "x9"]}
CARD = Survey(dimensions={"a": ("01", "02", "03"), "b": ("04", "05", "06")}, scale=(1, 7))


def test_holzinger_and_swineford_by_school() -> None:
    # lavaan's tutorial on multiple groups: chi2, df, CFI, RMSEA of the three models
    data = pytest.importorskip("semopy.examples.holzinger39").get_data()
    names = [name for members in FACTORS.values() for name in members]
    groups = [rows[names].to_numpy(dtype=float) for _, rows in data.groupby("school")]
    table, worst = compare_models(groups, FACTORS)
    assert table["chi2"].round(3).tolist() == [115.851, 124.044, 164.103]
    assert table["df"].tolist() == [48, 54, 60]
    assert table["cfi"].round(3).tolist() == [0.923, 0.921, 0.882]
    assert table["rmsea"].round(3).tolist() == [0.097, 0.093, 0.107]
    assert table["p"].round(3).tolist()[1:] == [0.224, 0.0]
    assert table["holds"].tolist() == [True, True, False]
    # the two items whose intercepts are freed in the tutorial
    assert {names[i] for i in worst} == {"x3", "x7"}


def survey(
    n: int, rng: np.random.Generator, *, level: float = 0.0, load: float = 1.0, better: float = 0.0
) -> pd.DataFrame:
    """Six items, two dimensions, two regions: an item may sit higher or mean less in one."""
    east = np.arange(n) % 2 == 1
    felt = rng.multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]], n) + better * east[:, None]
    frame = pd.DataFrame({"respondent_id": range(n), "region": np.where(east, "East", "West")})
    for i in range(6):
        slope = np.where(east & (i == 1), load, 1.0)
        own = 4 + slope * felt[:, i // 3] + level * (east & (i in (2, 5))) + rng.normal(0, 0.8, n)
        frame[f"per_0{i + 1}"] = np.clip(np.round(own), 1, 7)
    return frame


def reached(n: int, seed: int, **made: float) -> str:
    frame = survey(n, np.random.default_rng(seed), **made)
    return invariance(read_answers(frame, CARD), "region").reached


def test_a_real_difference_is_not_taken_for_one_of_the_questionnaire() -> None:
    assert [reached(400, seed, better=0.5) for seed in range(12)].count("scalar") >= 11


def test_items_that_sit_higher_in_one_region_are_named() -> None:
    assert [reached(400, seed, level=0.8) for seed in range(12)].count("metric") >= 11
    frame = survey(600, np.random.default_rng(1), level=0.8, better=0.3)
    found = invariance(read_answers(frame, CARD, labels={"03": "Queues", "06": "Bills"}), "region")
    assert set(found.items) == {"Queues", "Bills"}
    head, detail = found.findings()
    assert head.severity == "warning" and head.verdict == "metric"
    assert "may lie in the wording" in detail.message


def test_an_item_that_means_less_in_one_region_is_seen() -> None:
    assert [reached(600, seed, load=0.2) for seed in range(8)].count("configural") >= 7


def test_small_groups_are_left_out_and_one_group_is_refused() -> None:
    frame = survey(400, np.random.default_rng(1))
    frame.loc[:30, "region"] = "North"
    found = invariance(read_answers(frame, CARD), "region")
    assert found.groups == ("East", "West")
    with pytest.raises(DataError, match="fewer than two groups of 'region'"):
        invariance(read_answers(frame[frame["region"] == "East"], CARD), "region")
    with pytest.raises(DataError, match="no column 'land'"):
        invariance(read_answers(frame, CARD), "land")


def test_equal_weights_change_nothing() -> None:
    answers = read_answers(survey(300, np.random.default_rng(2)), CARD)
    twice = answers.with_background(weight=np.full(len(answers), 2.0))
    one, other = invariance(answers, "region"), invariance(twice, "region")
    pd.testing.assert_frame_equal(one.table, other.table)
