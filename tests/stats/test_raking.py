"""Raked weights meet the margins, and say so when they cannot; weighted variances hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.stats import column_moments, effective_answers, mean_interval, rake

MARGINS = {"sex": {"f": 0.5, "m": 0.5}, "region": {"n": 0.3, "s": 0.7}}


def sample(n: int = 600, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {"sex": rng.choice(["f", "m"], n, p=[0.7, 0.3]), "region": rng.choice(["n", "s"], n)}
    )


def test_every_margin_is_met_and_the_mean_weight_is_one() -> None:
    found = rake(sample(), MARGINS)
    assert found.table["achieved"].to_numpy() == pytest.approx(found.table["target"].to_numpy())
    assert found.weights.mean() == pytest.approx(1) and found.trimmed == 0


def test_weights_are_products_of_one_factor_a_category() -> None:
    # what iterative fitting must end in: w = a(sex) b(region), Deming and Stephan's solution
    frame = sample()
    log = np.log(rake(frame, MARGINS).weights)
    cell = pd.Series(log).groupby([frame["sex"], frame["region"]]).first()
    assert cell["f", "n"] + cell["m", "s"] == pytest.approx(cell["f", "s"] + cell["m", "n"])


def test_one_margin_over_joint_cells_is_post_stratification() -> None:
    frame = sample()
    cells = {"f / n": 0.1, "f / s": 0.4, "m / n": 0.2, "m / s": 0.3}
    found = rake(frame, {"sex / region": cells})
    counts = (frame["sex"] + " / " + frame["region"]).value_counts()
    for cell, share in cells.items():
        here = (frame["sex"] + " / " + frame["region"] == cell).to_numpy()
        assert found.weights[here] == pytest.approx(share * 600 / counts[cell])
    assert found.rounds <= 2
    assert rake(frame, {"sex / region": cells}, most=1).rounds == 1


def test_kish_by_hand() -> None:
    frame = pd.DataFrame({"sex": ["f"] * 3 + ["m"]})
    found = rake(frame, {"sex": {"f": 0.5, "m": 0.5}})
    # weights 2/3, 2/3, 2/3, 2: (4)^2 / (3 * 4/9 + 4) = 3
    assert found.effective == pytest.approx(3) and found.design_effect == pytest.approx(4 / 3)


def test_unknown_categories_keep_their_weight_and_are_counted() -> None:
    frame = sample()
    frame.loc[:49, "region"] = None
    found = rake(frame, MARGINS)
    assert found.unknown == {"sex": 0, "region": 50}
    assert found.table["achieved"].to_numpy() == pytest.approx(found.table["target"].to_numpy())


def test_shares_that_are_all_zero_are_refused() -> None:
    with pytest.raises(DataError, match="a share is negative or no number"):
        rake(pd.DataFrame({"sex": ["f", "m"]}), {"sex": {"f": 0.0, "m": 0.0}})


def test_no_weight_exceeds_the_limit_and_the_margins_are_nearly_met() -> None:
    frame = pd.DataFrame({"sex": ["f"] * 190 + ["m"] * 10, "region": ["n", "s"] * 100})
    margins = {"sex": {"f": 0.8, "m": 0.2}, "region": {"n": 0.5, "s": 0.5}}
    free = rake(frame, margins)
    held = rake(frame, {**margins, "sex": {"f": 0.845, "m": 0.155}}, trim=3.0)
    assert free.weights.max() == pytest.approx(4)
    assert held.weights.max() <= 3.05 and held.trimmed == 10
    with pytest.raises(DataError, match=r"still .* percentage points off.*raise `trim`"):
        rake(frame, margins, trim=2.0)


def test_margins_that_contradict_each_other_are_refused() -> None:
    frame = pd.DataFrame({"a": list("xxyy"), "b": list("xxyy")})
    with pytest.raises(DataError, match="cannot be met together"):
        rake(frame, {"a": {"x": 0.5, "y": 0.5}, "b": {"x": 0.7, "y": 0.3}})


@pytest.mark.parametrize(
    ("margins", "message"),
    [
        ({"age": {"young": 1}}, "no column 'age'"),
        ({"sex": {"f": 1}}, "respondents are in 'm'"),
        ({"sex": {"f": 0.4, "m": 0.4, "x": 0.2}}, "nobody who answered is in 'x'"),
        ({"sex": {"f": -1, "m": 2}}, "negative"),
        ({}, "nothing to weight to"),
    ],
)
def test_margins_that_do_not_fit_the_sample_say_why(margins: dict, message: str) -> None:
    with pytest.raises(DataError, match=message):
        rake(sample(), margins)


def test_equal_weights_change_nothing() -> None:
    x = np.random.default_rng(0).normal(size=(50, 2))
    plain, equal = column_moments(x), column_moments(x, np.full(50, 3.0))
    for a, b in zip(plain, equal, strict=True):
        assert a == pytest.approx(b)
    assert plain.variance == pytest.approx(x.var(axis=0, ddof=1) / 50)
    assert effective_answers(x[:, 0], np.ones(50)) == pytest.approx(50)


def test_columns_agree_with_the_single_weighted_interval() -> None:
    rng = np.random.default_rng(2)
    x, w = rng.normal(size=80), rng.uniform(0.2, 3, 80)
    x[:5] = np.nan
    found, single = column_moments(x[:, None], w), mean_interval(x, weights=w)
    assert found.mean[0] == pytest.approx(single.value)
    assert found.effective[0] > 2
    half = (single.high - single.low) / 2
    assert np.sqrt(found.variance[0]) == pytest.approx(half / 2.0, rel=0.05)


def test_raking_removes_the_bias_of_a_lopsided_sample_and_its_interval_covers() -> None:
    # women answer twice as often and are more content: true mean .5 * 1 + .5 * 0
    rng = np.random.default_rng(3)
    hits, plain = 0, 0
    for _ in range(400):
        frame = pd.DataFrame({"sex": rng.choice(["f", "m"], 300, p=[2 / 3, 1 / 3])})
        y = (frame["sex"] == "f").to_numpy() + rng.normal(size=300)
        w = rake(frame, {"sex": {"f": 0.5, "m": 0.5}}).weights
        hits += 0.5 in mean_interval(y, weights=w)
        plain += 0.5 in mean_interval(y)
    # the margin explains part of y, so taking the weights as fixed errs on the safe side
    assert 0.93 <= hits / 400 <= 0.995 and plain / 400 < 0.5


def test_raked_weights_say_what_they_cost() -> None:
    frame = pd.DataFrame({"region": ["a"] * 3 + ["b"]})
    found = rake(frame, {"region": {"a": 0.5, "b": 0.5}})
    # weights 2/3 three times and 2: 16 / (4/3 + 4) = 3
    assert found.estimates()["n"].value == 4
    assert found.estimates()["n_effective"].value == pytest.approx(3)
    assert found.estimates()["design_effect"].value == pytest.approx(4 / 3)
