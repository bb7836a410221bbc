"""Latent classes: kinds of answers are found where there are some, and convergence is told."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score
from stepmix.stepmix import StepMix

from workbench.errors import DataError
from workbench.segments import latent_classes
from workbench.segments.clusters import latent_classes as classes
from workbench.segments.clusters.answer_mixture import fit_mixture


def kinds(
    rng: np.random.Generator, n: int = 500, columns: int = 6
) -> tuple[pd.DataFrame, np.ndarray]:
    """Three kinds of customers; each prefers another answer to each question."""
    truth = rng.integers(3, size=n)
    chance = np.array([[0.85, 0.1, 0.05], [0.05, 0.85, 0.1], [0.1, 0.05, 0.85]])
    return pd.DataFrame(
        {
            f"q{j}": [rng.choice(list("xyz"), p=np.roll(chance[t], j)) for t in truth]
            for j in range(columns)
        }
    ), truth


def test_kinds_that_are_there_are_found_with_answers_missing() -> None:
    rng = np.random.default_rng(1)
    data, truth = kinds(rng)
    data = data.mask(rng.random(data.shape) < 0.1)
    data.iloc[0] = None
    found = latent_classes(data, rng=rng, k=(1, 2, 3))
    assert found.clear and "3 kinds of customers" in found.reason.text
    assert found.excluded == 1 and pd.isna(found.labels.iloc[0])
    assert adjusted_rand_score(truth[1:], found.labels.iloc[1:].astype(str)) > 0.85
    assert found.table["n"].sum() == 499 and found.table["n"].is_monotonic_decreasing
    assert found.evidence["converged"].all()
    assert found.evidence["parameters"].tolist() == [12, 25, 38]
    d = found.differences
    assert d["p"].lt(0.001).any() and (d["low"] <= d["effect"]).all()
    assert found.sure.iloc[1:].between(1 / 3, 1).all() and found.estimates()["entropy"].value > 0.8
    found.plot()


def test_answers_by_chance_show_no_kinds() -> None:
    rng = np.random.default_rng(2)
    data = pd.DataFrame({c: rng.integers(1, 4, size=300) for c in "abc"})
    found = latent_classes(data, rng=rng, k=(1, 2), starts=2)
    assert not found.clear and "no kinds of customers" in found.reason.text
    assert set(found.labels) == {"Class A"} and found.differences.empty


@pytest.mark.slow
def test_answers_by_chance_show_no_kinds_in_at_least_95_of_100_samples() -> None:
    rng = np.random.default_rng(3)
    wrong = sum(
        latent_classes(
            pd.DataFrame({c: rng.integers(1, 5, size=400) for c in "abcd"}), rng=rng, k=(1, 2)
        ).clear
        for _ in range(60)
    )
    assert wrong <= 3


def test_answers_along_one_scale_are_told_from_kinds() -> None:
    rng = np.random.default_rng(4)
    mood = rng.choice([-1.6, 0.0, 1.6], size=600)[:, None]
    data = pd.DataFrame(
        np.clip(np.round(3 + mood + 0.6 * rng.normal(size=(600, 5))), 1, 5), columns=list("abcde")
    )
    found = latent_classes(data, rng=rng, k=(1, 2, 3))
    assert found.clear and "by degree rather than kind" in found.reason.text


def test_numbers_and_categories_go_together() -> None:
    rng = np.random.default_rng(5)
    truth = rng.integers(2, size=400)
    data = pd.DataFrame(
        {
            "age": 30 + 25 * truth + rng.normal(size=400) * 4,
            "plan": np.where(rng.random(400) < 0.9, truth, 1 - truth).astype(str),
            "region": rng.choice(list("abcde"), size=400),
        }
    )
    data.loc[:20, "age"] = np.nan
    found = latent_classes(data, rng=rng, k=(1, 2), numeric=["age"], starts=2)
    assert found.clear and len(found.table) == 2
    assert adjusted_rand_score(truth, found.labels.astype(str)) > 0.9
    # two free shares of plan and eight of region, a mean and a variance of age for each class
    assert found.evidence["parameters"].tolist()[:2] == [7, 15]


def test_a_fit_that_does_not_come_to_rest_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    data, _ = kinds(np.random.default_rng(6), 200, 3)
    monkeypatch.setattr(classes, "STEPS", 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = latent_classes(data, rng=np.random.default_rng(7), k=(2, 3))
    assert not found.clear and "No fit converged within 500 steps" not in found.reason.text
    assert "converged within" in found.reason.text and not found.evidence["converged"].any()


def best_of(fit: Callable[[int], float], tries: int = 6) -> float:
    return max(fit(seed) for seed in range(tries))


def test_the_likelihood_is_that_of_an_independent_package() -> None:
    rng = np.random.default_rng(9)
    data, truth = kinds(rng, 400, 4)
    coded = data.apply(lambda column: column.map(list("xyz").index)).to_numpy(dtype=float)
    X = np.column_stack([coded, 2.0 * truth + rng.normal(size=400), rng.normal(size=400)])
    X[rng.random(X.shape) < 0.1] = np.nan
    sizes = (3, 3, 3, 3, None, None)
    measurement = {
        "a": {"model": "categorical_nan", "n_columns": 4},
        "b": {"model": "gaussian_diag_nan", "n_columns": 2},
    }

    def theirs(seed: int) -> float:
        model = StepMix(
            3, measurement=measurement, n_init=1, max_iter=500, abs_tol=1e-9, progress_bar=0,
            random_state=seed,
        )  # fmt: skip
        return float(model.fit(X).lower_bound_)

    fits = [
        fit_mixture(X, sizes, 3, rng=np.random.default_rng(seed), still=1e-9) for seed in range(6)
    ]
    best = max(fits, key=lambda fit: fit.mean_log_likelihood)
    assert best.mean_log_likelihood == pytest.approx(best_of(theirs), abs=1e-6)
    chances = best.probabilities(X)
    assert chances.sum(axis=1) == pytest.approx(1) and chances.shape == (400, 3)
    # the shares of the classes are the mean chances: a fit at rest repeats itself
    assert chances.mean(axis=0) == pytest.approx(best.weights, abs=1e-4)


def test_rows_may_stand_for_several_customers() -> None:
    data, _ = kinds(np.random.default_rng(10), 200, 3)
    X = data.apply(lambda column: column.map(list("xyz").index)).to_numpy(dtype=float)
    rows, counts = np.unique(X, axis=0, return_counts=True)
    one = max(
        fit_mixture(X, (3, 3, 3), 2, rng=np.random.default_rng(i)).mean_log_likelihood
        for i in range(4)
    )
    other = max(
        fit_mixture(
            rows, (3, 3, 3), 2, rng=np.random.default_rng(i), counts=counts
        ).mean_log_likelihood
        for i in range(4)
    )
    assert one == pytest.approx(other, abs=2e-4)


def test_rare_levels_are_pooled() -> None:
    rng = np.random.default_rng(8)
    data = pd.DataFrame(
        {
            "city": [f"c{int(i)}" for i in rng.geometric(0.2, size=300)],
            "b": rng.integers(2, size=300),
        }
    )
    found = latent_classes(data, rng=rng, k=(1,), levels=4)
    assert found.evidence["parameters"].tolist() == [3 + 1]


@pytest.mark.parametrize(
    ("frame", "options", "told"),
    [
        (pd.DataFrame({"a": [], "b": []}), {}, "there is no answer"),
        (pd.DataFrame({"a": [1, 2] * 50}), {}, "there is one column"),
        (pd.DataFrame({"a": [1, 2] * 50, "b": 1}), {}, "b is the same for all"),
        (pd.DataFrame({"a": [1, 2] * 5, "b": [1, 2] * 5}), {}, "10 customers with an answer for 5"),
        (
            pd.DataFrame({"a": [1, 2] * 50, "b": list("xy") * 50}),
            {"numeric": ["b"]},
            "b holds text",
        ),
        (pd.DataFrame({"a": [1, 2] * 50, "b": list("xy") * 50}), {"numeric": ["c"]}, "no column c"),
        (pd.DataFrame({"a": [1, 2] * 50, "b": list("xy") * 50}), {"k": (0, 1)}, "for 1 classes"),
    ],
)
def test_unusable_answers_are_refused(frame: pd.DataFrame, options: dict, told: str) -> None:
    with pytest.raises(DataError, match=told):
        latent_classes(frame, rng=np.random.default_rng(), **options)


def test_one_order_of_the_classes_is_sought_among_scales_of_three_and_more_levels() -> None:
    codes = np.array([0, 0, 1, 1, 2, 2])
    up, down = np.array([1.0, 1, 2, 2, 3, 3]), np.array([3.0, 3, 2, 2, 1, 1])
    assert classes._ordered(np.c_[up, up + 1], [3, None], codes) is True
    assert classes._ordered(np.c_[up, down], [3, 3], codes) is False
    # the column of two levels has no order of its own, and one scale has nothing to agree with
    assert classes._ordered(np.c_[up, up, down], [3, 3, 2], codes) is True
    assert classes._ordered(np.c_[up, up], [3, 2], codes) is False
