"""Clusters: the truth is found where there is one, and its absence is said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score, silhouette_score

from workbench.errors import DataError
from workbench.segments import clusters
from workbench.segments.clusters import _kmeans, _silhouette


def mixture(rng: np.random.Generator, n: int = 600) -> tuple[pd.DataFrame, np.ndarray]:
    truth = rng.integers(3, size=n)
    centres = np.array([[0, 0, 0], [6, 0, 6], [0, 6, 6]])
    return pd.DataFrame(centres[truth] + rng.normal(size=(n, 3)), columns=list("abc")), truth


def test_groups_that_are_there_are_found() -> None:
    data, truth = mixture(np.random.default_rng(1))
    found = clusters(data, rng=np.random.default_rng(2))
    assert found.clear and len(found.table) == 3
    assert adjusted_rand_score(truth, found.labels) > 0.95
    assert found.table["share"].is_monotonic_decreasing
    assert found.table["n"].sum() == 600
    d = found.differences
    assert (d["p"].between(0, 1) & (d["low"] < d["difference"])).all()
    assert "3 groups stand apart" in found.text
    found.plot()
    found.plot_evidence()


@pytest.mark.parametrize("shape", ["normal", "uniform", "correlated", "lognormal"])
def test_noise_is_said_to_have_no_clusters(shape: str) -> None:
    rng = np.random.default_rng(3)
    for _ in range(3):
        X = rng.normal(size=(500, 3))
        if shape == "uniform":
            X = rng.uniform(size=(500, 3))
        elif shape == "correlated":
            X = X @ np.array([[1, 0.8, 0.6], [0, 0.6, 0.5], [0, 0, 0.4]])
        elif shape == "lognormal":
            X = np.exp(X)
        found = clusters(pd.DataFrame(X, columns=list("abc")), rng=rng, k=(2, 3, 4))
        assert not found.clear and "no clear clusters" in found.text
        assert set(found.labels) == {"Group A"}


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["normal", "uniform", "lognormal"])
def test_noise_has_no_clusters_in_at_least_95_of_100_samples(shape: str) -> None:
    rng = np.random.default_rng(4)
    wrong = 0
    for _ in range(60):
        X = {"normal": rng.normal, "uniform": rng.uniform}.get(shape, rng.normal)(size=(600, 4))
        X = np.exp(X) if shape == "lognormal" else X
        wrong += clusters(pd.DataFrame(X, columns=list("abcd")), rng=rng).clear
    assert wrong <= 3


def test_the_same_generator_gives_the_same_groups() -> None:
    data, _ = mixture(np.random.default_rng(5), 300)
    one, two = (clusters(data, rng=np.random.default_rng(6)) for _ in range(2))
    assert (one.labels == two.labels).all() and one.text == two.text


def test_the_silhouette_is_the_usual_one() -> None:
    X = np.random.default_rng(7).normal(size=(200, 3))
    codes, _ = _kmeans(X, 3, np.random.default_rng(8))
    usual = silhouette_score(X, codes)
    assert _silhouette(X, 3, np.random.default_rng(8)) == pytest.approx(usual, abs=1e-9)


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        (pd.DataFrame({"a": []}), "there is no customer"),
        (pd.DataFrame({"a": [1.0, np.nan] * 20}), "rows 1, 3, 5, 7, 9 and 15 more"),
        (pd.DataFrame({"a": ["x"] * 40}), "which is no number"),
        (pd.DataFrame({"a": [2.0] * 40}), "a is the same for all"),
        (pd.DataFrame({"a": [1.0, 2.0, 3.0]}), "3 customers for 6 groups"),
    ],
)
def test_unusable_features_are_refused(frame: pd.DataFrame, told: str) -> None:
    with pytest.raises(DataError, match=told):
        clusters(frame, rng=np.random.default_rng())
