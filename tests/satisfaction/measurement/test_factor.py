"""The factor model finds the loadings it was drawn from, holds its errors, and refuses nonsense."""

from __future__ import annotations

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.satisfaction import confirm, omega, validity
from workbench.satisfaction.measurement.factor_fit import Shape, information
from workbench.satisfaction.measurement.validity import htmt

FACTORS = {"a": ["a1", "a2", "a3", "a4"], "b": ["b1", "b2", "b3"]}
LOADINGS = np.array([0.8, 0.7, 0.6, 0.75, 0.85, 0.7, 0.65])
OF = np.array([0, 0, 0, 0, 1, 1, 1])
TOGETHER = 0.5


def draw(n: int, rng: np.random.Generator, *, skew: bool = False) -> pd.DataFrame:
    """Items of two factors that correlate .5; skewed ones have heavy tails on the right."""
    base = rng.normal if not skew else lambda size: (rng.chisquare(4, size) - 4) / np.sqrt(8)
    common, own = base(size=(n, 3)), base(size=(n, 7))
    factors = np.sqrt(TOGETHER) * common[:, [0]] + np.sqrt(1 - TOGETHER) * common[:, 1:]
    x = LOADINGS * factors[:, OF] + np.sqrt(1 - LOADINGS**2) * own
    return pd.DataFrame(x * [1, 2, 1, 3, 1, 1, 0.5], columns=[*FACTORS["a"], *FACTORS["b"]])


def test_a_large_sample_gives_back_the_model() -> None:
    found = confirm(draw(40_000, np.random.default_rng(1)), FACTORS)
    assert np.abs(found.loadings["estimate"] - LOADINGS).max() < 0.012
    assert found.correlations["estimate"].iloc[0] == pytest.approx(TOGETHER, abs=0.015)
    assert found.df == 13 and found.p > 0.001 and found.cfi > 0.999 and found.rmsea < 0.01
    assert found.fits and not found.improper


def test_the_slopes_are_those_of_the_implied_covariances() -> None:
    shape = Shape(OF, 2)
    theta = np.concatenate([LOADINGS, 1 - LOADINGS**2, [0.3]])
    for i in range(shape.size):
        step = np.zeros(shape.size)
        step[i] = 1e-6
        numeric = (shape.implied(theta + step) - shape.implied(theta - step)) / 2e-6
        assert shape.slopes(theta)[i] == pytest.approx(numeric, abs=1e-8)
    assert np.linalg.eigvalsh(information(shape.implied(theta), shape.slopes(theta)))[0] > 0


@pytest.mark.slow
@pytest.mark.parametrize("skew", [False, True])
def test_intervals_of_loadings_cover_also_where_answers_are_skewed(skew: bool) -> None:
    rng = np.random.default_rng(2)
    hits, normal, scaled, plain, total = 0, 0, 0, 0, 400
    for _ in range(total):
        frame = draw(300, rng, skew=skew)
        robust = confirm(frame, FACTORS)
        loading = robust.loadings
        hits += ((loading["low"] <= LOADINGS) & (loading["high"] >= LOADINGS)).mean()
        loading = confirm(frame, FACTORS, errors="expected").loadings
        normal += ((loading["low"] <= LOADINGS) & (loading["high"] >= LOADINGS)).mean()
        scaled += robust.p_scaled < 0.05
        plain += robust.p < 0.05
    assert 0.925 <= hits / total <= 0.98
    assert scaled / total < 0.10
    if skew:  # normal theory does not hold there, which is why it is not the default
        assert normal / total < hits / total


def test_a_wrong_structure_does_not_fit() -> None:
    frame = draw(500, np.random.default_rng(3))
    mixed = {"a": ["a1", "a2", "b1"], "b": ["a3", "a4", "b2", "b3"]}
    found = confirm(frame, mixed)
    assert not found.fits and found.p < 1e-6
    assert found.improper == ["a / b"] or found.correlations["estimate"].iloc[0] > 0.9


def test_turned_items_and_missing_answers_change_nothing_but_the_sign_and_the_count() -> None:
    frame = draw(400, np.random.default_rng(4))
    turned = frame.assign(a1=-frame["a1"])
    assert confirm(turned, FACTORS).chi2 == pytest.approx(confirm(frame, FACTORS).chi2, rel=1e-6)
    assert confirm(turned, FACTORS).loadings["estimate"].iloc[0] < 0
    frame.loc[:9, "b3"] = np.nan
    found = confirm(frame, FACTORS)
    assert (found.n, found.excluded) == (390, 10)


@pytest.mark.parametrize(
    ("change", "factors", "message"),
    [
        ({}, {"a": ["a1", "a2"]}, "fewer than 3 items"),
        ({}, {"a": ["a1", "a2"], "b": ["b1"]}, "factors b have fewer than 2 items"),
        ({}, {"a": ["a1", "a2", "a9"]}, "items a9 have no columns"),
        ({}, {"a": ["a1", "a2", "a3"], "b": ["a1", "b1"]}, "belongs to two factors"),
        ({"a1": 4.0}, FACTORS, "same answer to a1"),
        ({"a1": None}, FACTORS, "0 respondents answered all of the 7 items"),
    ],
)
def test_what_cannot_be_fitted_says_why(change: dict, factors: dict, message: str) -> None:
    frame = draw(100, np.random.default_rng(5)).assign(**change).astype(float)
    with pytest.raises(DataError, match=message):
        confirm(frame, factors)


def test_a_doubled_item_is_refused() -> None:
    frame = draw(100, np.random.default_rng(5))
    with pytest.raises(DataError, match="exactly what others together say"):
        confirm(frame.assign(a2=frame["a1"]), FACTORS)


def test_omega_is_the_share_of_the_sum_that_the_factor_explains() -> None:
    frame = draw(30_000, np.random.default_rng(6))
    found, _ = omega(frame[FACTORS["a"]])
    own = LOADINGS[:4]
    truth = own.sum() ** 2 / (own.sum() ** 2 + (1 - own**2).sum())
    assert truth in found and found.high - found.low < 0.02


@pytest.mark.slow
def test_the_interval_of_omega_covers() -> None:
    rng = np.random.default_rng(7)
    own = LOADINGS[:4]
    truth = own.sum() ** 2 / (own.sum() ** 2 + (1 - own**2).sum())
    hits = [truth in omega(draw(200, rng)[FACTORS["a"]])[0] for _ in range(300)]
    assert 0.925 <= np.mean(hits) <= 0.98


def test_distinct_dimensions_stand_apart_and_split_ones_do_not() -> None:
    frame = draw(600, np.random.default_rng(8))
    found = validity(frame, FACTORS, rng=np.random.default_rng(0))
    assert found.pairs["distinct"].all() and found.table["distinct"].all()
    assert found.not_distinct.empty
    pair = found.pairs.iloc[0]
    assert pair["low"] < TOGETHER < pair["high"]
    split = {"a": ["a1", "a2"], "c": ["a3", "a4"], "b": FACTORS["b"]}
    close = validity(frame, split, rng=np.random.default_rng(0))
    assert close.not_distinct[["one", "other"]].to_numpy().tolist() == [["a", "c"]]
    closest = close.table.set_index("dimension")["closest"]
    assert closest["a"] == "c" and not close.table.set_index("dimension").loc["a", "distinct"]


def test_htmt_by_hand() -> None:
    r = np.array([[1, 0.5, 0.3, 0.2], [0.5, 1, 0.1, 0.4], [0.3, 0.1, 1, 0.8], [0.2, 0.4, 0.8, 1]])
    assert htmt(r, [[0, 1], [2, 3]])[0] == pytest.approx(0.25 / np.sqrt(0.5 * 0.8))


def test_average_variance_and_composite_reliability_are_those_of_the_loadings() -> None:
    found = validity(draw(300, np.random.default_rng(9)), FACTORS, rng=np.random.default_rng(0))
    own = found.model.loadings.query("factor == 'b'")["estimate"].to_numpy()
    row = found.table.set_index("dimension").loc["b"]
    assert row["ave"] == pytest.approx((own**2).mean())
    assert row["cr"] == pytest.approx(own.sum() ** 2 / (own.sum() ** 2 + (1 - own**2).sum()))
    assert row["ave_low"] < row["ave"] < row["ave_high"] and row["cr_low"] < row["cr"]
    assert set(found.estimates()) == {"cr.a", "cr.b", "ave.a", "ave.b"}


def test_the_picture_names_every_item() -> None:
    figure, ax = plt.subplots()
    confirm(draw(200, np.random.default_rng(10)), FACTORS).plot(ax=ax)
    assert len([t for t in ax.get_yticklabels() if t.get_text()]) == 7
    plt.close(figure)
