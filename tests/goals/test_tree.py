"""The indicator tree: weights by level, beside those of the data, and the table it is used on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.goals import GoalError, compare_weights, indicator_tree, latest_matrix

TREE = {"service": ["speed", "quality"], "business": ["churn", "sales", "nps"]}


def test_weights_multiply_down_the_tree() -> None:
    found = indicator_tree(
        TREE, comparisons={"service / business": 3, "speed / quality": 1},
        stated={"churn": 0.5, "sales": 0.3, "nps": 0.2},
    )  # fmt: skip
    weight = found.table.set_index("indicator")["weight"]
    assert weight.to_dict() == pytest.approx(
        {"speed": 0.375, "quality": 0.375, "churn": 0.125, "sales": 0.075, "nps": 0.05}
    )
    assert found.table["method"].tolist() == ["AHP"] * 2 + ["stated"] * 3
    assert found.findings() and found.estimates()["speed"].value == 0.375
    assert indicator_tree(TREE).findings() == []
    assert indicator_tree(TREE).weights.array.tolist() == pytest.approx([0.25] * 2 + [1 / 6] * 3)


def test_weights_of_the_tree_stand_beside_those_of_the_data() -> None:
    rng = np.random.default_rng(2)
    names = [leaf for leaves in TREE.values() for leaf in leaves]
    matrix = pd.DataFrame(rng.uniform(1, 2, (6, 5)), columns=names)
    found = compare_weights(indicator_tree(TREE), matrix, {"churn": "down"})
    assert found[["weight", "equal", "entropy", "critic"]].sum().tolist() == pytest.approx([1] * 4)
    assert compare_weights(indicator_tree(TREE), matrix - 1.5)["entropy"].isna().all()
    named = compare_weights(indicator_tree(TREE), matrix, titles={"service": "Service"})
    assert named["branch"].tolist()[:3] == ["Service", "Service", "business"]
    assert named["indicator"].tolist() == names


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"comparisons": {"speed / churn": 2}}, "belongs to no level"),
        ({"stated": {"churn": 0.5, "sales": 0.3}}, "sum to 0.8"),
        ({"comparisons": {"churn / sales": 2}}, "nps is not compared"),
        ({"comparisons": {"churn / sales": 5, "sales / nps": 5, "churn / nps": 0.2}}, "contradict"),
    ],
)
def test_a_bad_tree_is_named(given: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        indicator_tree(TREE, **given)
    with pytest.raises(DataError, match="stands twice"):
        indicator_tree({"a": ["x"], "b": ["x"]})


def test_the_matrix_holds_the_last_complete_period() -> None:
    frame = pd.DataFrame({"period": [2024, 2024, 2025, 2025], "region": ["N", "S", "N", "S"],
                          "n": [4, 4, 4, 4], "estimate": [1.0, 2.0, 3.0, 4.0],
                          "sd": [2.0] * 4, "complete": [True, True, False, False]})  # fmt: skip
    matrix, se = latest_matrix({"nps": frame}, "region")
    assert matrix["nps"].to_dict() == {"N": 1.0, "S": 2.0} and se["nps"].tolist() == [1.0, 1.0]
    with pytest.raises(GoalError, match="no complete period"):
        latest_matrix({"nps": frame.tail(2)}, "region")
