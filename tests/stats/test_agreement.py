"""Agreement of raters beyond chance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from workbench.errors import DataError
from workbench.stats import cohen_kappa, krippendorff, rating_table

X = np.nan


def rng() -> np.random.Generator:
    return np.random.default_rng(11)


def test_alpha_of_a_table_checked_by_hand() -> None:
    # units (a, a), (a, b), (b, b): one of six ordered pairs in three differs twice;
    # observed 2/6, expected 2 * 3 * 3 / (6 * 5)
    found = krippendorff(np.array([["a", "a"], ["a", "b"], ["b", "b"]]), rng=rng())
    assert found.estimate == pytest.approx(1 - (2 / 6) / (18 / 30))
    assert (found.units, found.raters, found.judgements, found.lone) == (3, 2, 6, 0)


def test_alpha_on_an_interval_scale_is_the_mean_square_ratio() -> None:
    """With all values there, 1 - alpha is the mean square within units over the total one."""
    y = np.random.default_rng(3).normal(size=(9, 4)).cumsum(axis=0)
    within = y.var(axis=1, ddof=1).mean()
    assert krippendorff(y, scale="interval", rng=rng()).estimate == pytest.approx(
        1 - within / y.ravel().var(ddof=1)
    )


def test_order_matters_to_an_ordinal_scale_and_distance_does_not() -> None:
    y = np.array([[1, 2], [2, 2], [3, 4], [4, 3], [1, 1]])
    stretched = np.array([0, 1, 2, 50, 900])[y]
    one, other = (krippendorff(v, scale="ordinal", rng=rng()).estimate for v in (y, stretched))
    assert one == pytest.approx(other)
    words = np.array(["", "low", "fair", "good", "best"])[y]
    named = krippendorff(
        words, scale="ordinal", order=["low", "fair", "good", "best"], rng=rng()
    ).estimate
    assert named == pytest.approx(one)
    assert krippendorff(stretched, scale="interval", rng=rng()).estimate != pytest.approx(one)


def test_random_ratings_agree_as_by_chance() -> None:
    y = np.random.default_rng(5).integers(1, 6, size=(400, 3))
    found = krippendorff(y, scale="nominal", rng=rng(), draws=200)
    assert found.low < 0 < found.high and found.verdict == "unreliable"


def test_a_unit_judged_once_says_nothing() -> None:
    y = np.array([[1, 1], [2, 3], [3, 3]], dtype=float)
    more = np.vstack([y, [2, X], [X, 1], [X, X]])
    found = krippendorff(more, scale="interval", rng=rng())
    assert found.estimate == krippendorff(y, scale="interval", rng=rng()).estimate
    assert (found.units, found.judgements, found.lone) == (3, 6, 2)


def test_raters_who_agree_everywhere_show_no_error() -> None:
    found = krippendorff(np.array([[1, 1], [2, 2], [5, 5]]), scale="interval", rng=rng())
    assert found.estimate == 1 and np.isnan([found.low, found.high]).all()
    kappa = cohen_kappa(["a", "b", "b"], ["a", "b", "b"])
    assert kappa.estimate == 1 and np.isnan([kappa.low, kappa.high]).all()


def test_the_interval_of_alpha_covers_what_simulation_put_in() -> None:
    """Values whose variance is to .7 the unit's: alpha on an interval scale is then .7."""
    draw, runs = np.random.default_rng(8), 100
    found = [
        krippendorff(
            draw.normal(0, 0.7**0.5, (40, 1)) + draw.normal(0, 0.3**0.5, (40, 3)),
            scale="interval", rng=draw, draws=200,
        )
        for _ in range(runs)
    ]  # fmt: skip
    # three standard errors of a share of 100 below 95 %
    assert sum(f.low <= 0.7 <= f.high for f in found) / runs >= 0.885
    assert np.mean([f.estimate for f in found]) == pytest.approx(0.7, abs=0.03)


@pytest.mark.parametrize("weights", ["none", "linear", "quadratic"])
def test_kappa_agrees_with_scikit_learn(weights: str) -> None:
    draw = np.random.default_rng(2)
    a = draw.integers(1, 6, 80)
    b = np.clip(a + draw.integers(-1, 2, 80), 1, 5)
    peer = cohen_kappa_score(a, b, weights=None if weights == "none" else weights)
    found = cohen_kappa(a, b, weights=weights)  # type: ignore[arg-type]
    assert found.estimate == pytest.approx(peer) and found.low < peer < found.high


def test_a_pair_with_a_missing_judgement_is_left_out_of_kappa_and_counted() -> None:
    found = cohen_kappa(["a", "b", None, "a", "b"], ["a", "a", "b", "a", "b"])
    assert (found.units, found.judgements, found.lone) == (4, 8, 1)
    assert found.estimate == pytest.approx(0.5)


def test_judgements_become_units_by_raters() -> None:
    rows = pd.DataFrame(
        {"day": [1, 1, 2, 2], "item": ["x"] * 4, "who": ["A", "B", "A", "B"], "score": [3, 4, 5, X]}
    )
    found = rating_table(rows, unit=["day", "item"], rater="who", value="score")
    assert found.index.tolist() == [(1, "x"), (2, "x")]
    assert np.array_equal(found.to_numpy(), [[3, 4], [5, X]], equal_nan=True)


def test_a_rating_table_that_cannot_be_read_says_why() -> None:
    rows = pd.DataFrame({"item": ["x", "x"], "who": ["A", "A"], "score": [1, 2]})
    with pytest.raises(DataError, match=r"row 1: who 'A' judged x twice"):
        rating_table(rows, unit=["item"], rater="who", value="score")
    with pytest.raises(DataError, match="there is no column 'thing'"):
        rating_table(rows, unit=["thing"], rater="who", value="score")


@pytest.mark.parametrize(
    ("ratings", "scale", "order", "message"),
    [
        (np.array([[1], [2]]), "nominal", None, "1 raters cannot agree"),
        (np.array([[1, X], [X, 2], [1, 1]]), "nominal", None, "1 units were judged by two"),
        (np.array([[3, 3], [3, 3]]), "nominal", None, "all judgements are"),
        (np.array([["low", "low"], ["high", "low"]]), "ordinal", None, "'low' is no number on an"),
        (np.array([["low", "low"], ["high", "x"]]), "ordinal", ["low", "high"], "'x' is not one"),
        (np.array([[1, 2], [np.inf, 2]]), "interval", None, "inf.* is no number"),
        (np.array([[1, 2], [2, 2]]), "ratio", None, "scale is 'ratio'"),
    ],
)
def test_ratings_that_cannot_be_used_are_refused(
    ratings: np.ndarray, scale: str, order: list[str] | None, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        krippendorff(ratings, scale=scale, order=order, rng=rng())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("first", "second", "weights", "message"),
    [
        ([1, 2], [1, 2, 3], "none", "one rater judged 2 units, the other 3"),
        ([1, X], [1, 2], "none", "1 units were judged by both"),
        ([1, 1], [1, 1], "none", "all judgements are"),
        ([1, 2], [1, 2], "cubic", "weights are 'cubic'"),
        (["a", "b"], ["a", "b"], "linear", "'a' is no number"),
    ],
)
def test_pairs_that_cannot_be_used_are_refused(
    first: list[float], second: list[float], weights: str, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        cohen_kappa(first, second, weights=weights)  # type: ignore[arg-type]


def test_the_table_of_an_agreement_is_its_one_row() -> None:
    found = cohen_kappa(["a", "b", None, "a", "b"], ["a", "a", "b", "a", "b"])
    (row,) = found.table.to_dict("records")
    assert (row["measure"], row["scale"], row["verdict"]) == ("kappa", "none", "unreliable")
    # four pairs, three alike; the raters say a in two and in three of four: half agree by chance
    assert [row[name] for name in ("n", "raters", "judgements", "lone")] == [4, 2, 8, 1]
    assert row["estimate"] == pytest.approx((0.75 - 0.5) / (1 - 0.5))
    assert (row["low"], row["high"]) == (found.low, found.high)
