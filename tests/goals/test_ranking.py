"""Weights by hand and their errors; rankings, and how they move with weights and samples."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from workbench.errors import DataError
from workbench.goals import GoalError, ahp, critic, entropy, equal, rank_units, stated
from workbench.goals.ranking import _reversal
from workbench.goals.weights import scale

MATRIX = pd.DataFrame(
    {"nps": [10.0, 30.0, 20.0], "churn": [0.05, 0.02, 0.03]}, index=["N", "S", "W"]
)
DOWN = {"churn": "down"}


def test_a_consistent_comparison_gives_its_own_weights() -> None:
    found = ahp({"a / b": 2, "a / c": 4, "b / c": 2})
    assert found.array == pytest.approx([4 / 7, 2 / 7, 1 / 7])
    assert found.consistency == pytest.approx(0, abs=1e-9)
    assert ahp({"a/b": 3}).array == pytest.approx([0.75, 0.25])


def test_contradictions_are_refused_and_the_worst_pair_is_named() -> None:
    pairs = {"a / b": 2, "a / c": 4, "a / d": 8, "b / c": 2, "b / d": 4, "c / d": 1 / 9}
    with pytest.raises(
        DataError, match=r"contradict.*look at c / d first: 0.111 is said"
    ) as caught:
        ahp(pairs)
    assert "would fit the rest" in str(caught.value)
    assert ahp(pairs, gate=None).consistency > 0.1


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ({"a / b": 2, "b / c": 2}, "a and c are not compared"),
        ({"a / b": 2, "b / a": 2}, "compared twice"),
        ({"a": 2}, "names no pair"),
        ({"a / b": 0}, "not positive"),
        ({"a / b": 12}, "a / b is 12, beyond Saaty's scale"),
        ({"a / b": 0.05}, "beyond Saaty's scale"),
    ],
)
def test_incomplete_comparisons_name_what_is_missing(pairs: dict[str, float], message: str) -> None:
    with pytest.raises(DataError, match=message):
        ahp(pairs)


def test_a_matrix_that_is_not_reciprocal_is_refused() -> None:
    matrix = pd.DataFrame([[1.0, 3.0], [0.5, 1.0]], index=["a", "b"], columns=["a", "b"])
    with pytest.raises(DataError, match=r"a / b is 3, but the other way round 0\.5"):
        ahp(matrix)


def test_weights_that_do_not_sum_are_refused_with_the_remedy() -> None:
    with pytest.raises(DataError, match=r"sum to 0.8.*divide them by their sum: a 0.625, b 0.375"):
        stated({"a": 0.5, "b": 0.3})
    with pytest.raises(DataError, match=r"weight of 'b' is -0\.5"):
        stated({"a": 1.5, "b": -0.5})
    assert stated({"a": 0.6, "b": 0.4}).array.sum() == 1
    assert equal(["a", "b", "c", "d"]).array.tolist() == [0.25] * 4


def test_entropy_by_hand() -> None:
    found = entropy(pd.DataFrame({"same": [2.0, 2.0], "apart": [1.0, 3.0]}))
    assert found.array == pytest.approx([0, 1])
    with pytest.raises(GoalError, match="'x' has values of zero or less"):
        entropy(pd.DataFrame({"x": [0.0, 1.0], "y": [1.0, 2.0]}))


@pytest.mark.parametrize("bare", [MATRIX.head(1), MATRIX.replace(20.0, np.nan), MATRIX.head(0)])
def test_a_matrix_with_a_gap_or_of_one_unit_gives_no_weights(bare: pd.DataFrame) -> None:
    for weigh in (entropy, critic, scale):
        with pytest.raises(GoalError, match="has gaps or fewer than two units"):
            weigh(bare)
    assert entropy(MATRIX.head(2)).array.sum() == pytest.approx(1), "two are enough"


def test_critic_knows_the_direction_of_an_indicator() -> None:
    rng = np.random.default_rng(1)
    good = rng.normal(size=30)
    other = rng.normal(size=30)
    matrix = pd.DataFrame({"sales": good, "loss": -good, "else": other})
    # Loss is the mirror of sales: with its direction known the two say the same, and share.
    knows = critic(matrix, {"loss": "down"})
    mirrored = critic(matrix.assign(loss=good))
    assert knows.array == pytest.approx(mirrored.array)
    blind = critic(matrix)
    assert blind.table["weight"][1] > knows.table["weight"][1] + 0.05
    with pytest.raises(GoalError, match="direction of 'profit'"):
        critic(matrix, {"profit": "down"})


def test_the_weighted_mean_by_hand() -> None:
    found = rank_units(MATRIX, stated({"nps": 0.4, "churn": 0.6}), directions=DOWN, method="mean")
    score = found.table.set_index("unit")["score"]
    assert score["S"] == 1 and score["N"] == 0
    assert score["W"] == pytest.approx(0.4 * 0.5 + 0.6 * 2 / 3)
    assert found.table["unit"].tolist() == ["S", "W", "N"]


def test_a_unit_best_in_all_is_first_and_worst_in_all_is_last() -> None:
    for method in ("mean", "topsis"):
        found = rank_units(MATRIX, equal(["nps", "churn"]), directions=DOWN, method=method)
        assert found.table["rank"].tolist() == [1, 2, 3]
        assert found.table["score"].iloc[[0, 2]].tolist() == pytest.approx([1, 0])


def test_weights_and_columns_must_match() -> None:
    with pytest.raises(GoalError, match="do not match: churn, sales"):
        rank_units(MATRIX, equal(["nps", "sales"]))


def test_sampling_error_moves_a_close_ranking_and_not_a_clear_one() -> None:
    rng = np.random.default_rng(4)
    weights = equal(["nps", "churn"])
    ranking = rank_units(MATRIX, weights, directions=DOWN, method="mean")
    sharp = MATRIX * 0 + [0.01, 1e-6]
    blunt = MATRIX * 0 + [15.0, 0.02]
    clear = ranking.sensitivity(rng=rng, errors=sharp, draws=400)
    assert clear.certain and clear.table["by_sampling"].max() == 0
    assert (clear.table["low"] == clear.table["high"]).all()
    shaky = ranking.sensitivity(rng=rng, errors=blunt, draws=400)
    assert not shaky.certain and shaky.table["by_sampling"].min() > 0.1
    assert shaky.table["first"].sum() == pytest.approx(1, abs=0.01)
    assert ranking.plot(Figure().subplots())
    ax = clear.plot(Figure().subplots())
    assert ax.get_xlabel()
    assert ax.get_xticks().tolist() == [1, 2, 3], "a mark for each place"
    assert [t.get_text() for t in ax.get_yticklabels()] == clear.table["unit"].tolist()[::-1]


@pytest.mark.parametrize("method", ["mean", "topsis"])
def test_an_indicator_that_is_zero_everywhere_moves_nobody(method: str) -> None:
    plain = rank_units(MATRIX, equal(["nps", "churn"]), directions=DOWN, method=method)
    columns = MATRIX.assign(complaints=0.0)
    zero = rank_units(columns, equal(list(columns)), directions=DOWN, method=method)
    assert zero.table["score"].notna().all()
    assert zero.table["unit"].tolist() == plain.table["unit"].tolist()


def test_a_value_without_sampling_error_may_be_ranked() -> None:
    ranking = rank_units(MATRIX, equal(["nps", "churn"]), directions=DOWN)
    found = ranking.sensitivity(rng=np.random.default_rng(1), errors=MATRIX * 0, draws=50)
    assert found.table["by_sampling"].tolist() == [0, 0, 0]


def test_weights_move_units_that_trade_one_indicator_for_another() -> None:
    trade = pd.DataFrame({"a": [1.0, 0.0, 0.5], "b": [0.0, 1.0, 0.45]}, index=["x", "y", "z"])
    ranking = rank_units(trade, stated({"a": 0.52, "b": 0.48}), method="mean")
    found = ranking.sensitivity(rng=np.random.default_rng(6), draws=500).table.set_index("unit")
    assert found.loc["x", "by_weights"] > 0.2
    assert found["by_sampling"].isna().all()
    with pytest.raises(GoalError, match="standard error is missing"):
        ranking.sensitivity(rng=np.random.default_rng(1), errors=trade * np.nan)


def test_indicators_run_from_the_worst_unit_to_the_best_whichever_way_is_good() -> None:
    measured = pd.DataFrame({"sales": [10.0, 20.0, 30.0], "churn": [0.1, 0.2, 0.4], "same": 7.0})
    scaled = scale(measured, {"sales": "up", "churn": "down", "same": "up"})
    assert scaled["sales"].tolist() == pytest.approx([0, 0.5, 1])
    assert scaled["churn"].tolist() == pytest.approx([1, 2 / 3, 0])
    assert scaled["same"].tolist() == [0.5] * 3


def test_a_rank_reversal_is_said_with_whom_it_hangs_on() -> None:
    # scaled from the worst to the best of those ranked: an outlier squeezes all others
    matrix = pd.DataFrame({"a": [1.0, 0.0, 0.4], "b": [0.0, 0.6, 10.0]}, index=["x", "y", "z"])
    ranking = rank_units(matrix, equal(["a", "b"]), method="mean")
    found = ranking.reversals()
    by_hand = [
        (left, p, q)
        for left in matrix.index
        for p in matrix.index
        for q in matrix.index
        if len({left, p, q}) == 3 and _before(matrix.drop(left), p, q)
        and _before(matrix, q, p)
    ]  # fmt: skip
    assert sorted(found) == sorted(by_hand)
    apart = pd.DataFrame({"a": [3.0, 2.0, 1.0], "b": [3.0, 2.0, 1.0]}, index=["x", "y", "z"])
    for method in ("mean", "topsis"):
        assert rank_units(apart, equal(["a", "b"]), method=method).reversals() == []
    said = _reversal(rank_units(REVERSED, equal(["a", "b"]), method="topsis"))
    assert said.severity == "warning" and "would come before" in said.text


#: Units of which one decides the order of two others.
REVERSED = pd.DataFrame({"a": [4.0, 6.0, 2.0], "b": [5.0, 4.0, 9.0]}, index=["x", "y", "z"])


def _before(matrix: pd.DataFrame, one: str, other: str) -> bool:
    score = rank_units(matrix, equal(["a", "b"]), method="mean").table.set_index("unit")["score"]
    return score[one] > score[other] + 1e-9
