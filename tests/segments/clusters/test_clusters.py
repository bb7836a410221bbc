"""Clusters: the truth is found where there is one, and its absence is said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score, silhouette_score

from workbench.errors import DataError
from workbench.segments import clusters, varying
from workbench.segments.clusters.evidence import (
    draw_box,
    draw_gaussian,
    silhouette,
    stability,
    weigh,
)
from workbench.segments.clusters.methods import fit_groups


def mixture(
    rng: np.random.Generator, n: int = 600, gap: float = 6.0
) -> tuple[pd.DataFrame, np.ndarray]:
    truth = rng.integers(3, size=n)
    centres = np.array([[0, 0, 0], [gap, 0, gap], [0, gap, gap]])
    return pd.DataFrame(centres[truth] + rng.normal(size=(n, 3)), columns=list("abc")), truth


def noise(shape: str, rng: np.random.Generator, n: int = 600, columns: int = 4) -> pd.DataFrame:
    """Customers of one kind, in shapes that fool one criterion or another."""
    X = rng.normal(size=(n, columns))
    if shape == "uniform":
        X = rng.uniform(size=(n, columns))
    elif shape == "correlated":
        X = 0.8 * X[:, :1] + 0.6 * X
    elif shape == "lognormal":
        X = np.exp(X)
    elif shape == "heavy tails":
        X = rng.standard_t(5, size=(n, columns))
    return pd.DataFrame(X, columns=list("abcdef"[:columns]))


SHAPES = ["normal", "uniform", "correlated", "lognormal", "heavy tails"]


def test_groups_that_are_there_are_found() -> None:
    data, truth = mixture(np.random.default_rng(1))
    found = clusters(data, rng=np.random.default_rng(2))
    assert found.clear and len(found.table) == 3
    assert adjusted_rand_score(truth, found.labels) > 0.95
    assert found.table["share"].is_monotonic_decreasing
    assert found.table["n"].sum() == 600
    assert found.evidence.choices == {"silhouette": 3, "gap": 3, "bic": 3}
    assert "3 groups stand apart" in found.reason.text
    d = found.differences
    assert len(d) == 9 and (d["p"].between(0, 1) & (d["low"] < d["difference"])).all()
    # each group lies off the others by the distance that it was given: 6, in standard deviations
    spread = data["b"].std()
    far = d[d["feature"] == "B"]["difference"].max()
    assert far == pytest.approx(6 / spread, abs=0.1)
    found.plot()
    heading, reason, preferred = found.findings()
    assert heading.text == "The data show 3 natural clusters" and reason == found.reason
    assert preferred.text.startswith("The silhouette prefers 3 groups, the gap statistic 3, a")
    assert found.evidence.plot().get_xlabel() == "Number of groups"


def test_groups_of_different_shape_are_found_by_a_mixture() -> None:
    rng = np.random.default_rng(3)
    truth = rng.integers(2, size=600)
    # two long parallel groups, which k-means would cut across
    data = pd.DataFrame(
        {"x": 4 * rng.normal(size=600), "y": 3 * truth + 0.5 * rng.normal(size=600)}
    )
    found = clusters(data, rng=rng, method="mixture", k=(2, 3))
    assert found.clear and len(found.table) == 2
    assert adjusted_rand_score(truth, found.labels) > 0.95


@pytest.mark.parametrize("shape", ["uniform", "correlated", "lognormal"])
def test_noise_is_said_to_have_no_clusters(shape: str) -> None:
    rng = np.random.default_rng(4)
    data = noise(shape, rng, 400, 3)
    found = clusters(data, rng=rng, k=(2, 3))
    assert not found.clear and "no clear clusters" in found.reason.text
    assert set(found.labels) == {"Group A"} and found.differences.empty


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("method", "draws"), [("kmeans", 20), ("mixture", 8)])
def test_noise_has_no_clusters_in_at_least_95_of_100_samples(
    method: str, draws: int, shape: str
) -> None:
    rng = np.random.default_rng(5)
    wrong = sum(
        clusters(noise(shape, rng), rng=rng, method=method, k=(2, 3, 4, 5)).clear  # type: ignore[arg-type]
        for _ in range(draws)
    )
    assert wrong <= 0.05 * draws


@pytest.mark.slow
def test_mixtures_are_recovered_in_most_samples() -> None:
    rng = np.random.default_rng(6)
    agreement, right = [], 0
    for _ in range(20):
        data, truth = mixture(rng, gap=4.5)
        found = clusters(data, rng=rng, k=(2, 3, 4, 5))
        right += found.clear and len(found.table) == 3
        agreement.append(adjusted_rand_score(truth, found.labels))
    assert right >= 19 and np.mean(agreement) > 0.95


def test_the_same_generator_gives_the_same_groups() -> None:
    data, _ = mixture(np.random.default_rng(5), 300)
    one, two = (clusters(data, rng=np.random.default_rng(6), k=(2, 3)) for _ in range(2))
    assert (one.labels == two.labels).all() and one.reason == two.reason
    assert one.evidence.table.equals(two.evidence.table)


def test_the_silhouette_is_the_usual_one() -> None:
    X = np.random.default_rng(7).normal(size=(200, 3))
    codes = fit_groups(X, 3, np.random.default_rng(8)).predict(X)
    assert silhouette(X, codes, 3) == pytest.approx(silhouette_score(X, codes), abs=1e-9)


def test_the_gap_statistic_is_that_of_its_definition() -> None:
    """Tibshirani, Walther, Hastie (2001), equation 3: E log W of a box less log W of the data."""
    data, _ = mixture(np.random.default_rng(9), 400)
    X = ((data - data.mean()) / data.std(ddof=0)).to_numpy()
    table = weigh(
        X, (2, 3, 4), np.random.default_rng(10), method="kmeans", stable=0.75, margin=0.05
    ).table
    rng = np.random.default_rng(11)
    for k in (1, 3):
        own = np.log(fit_groups(X, k, rng).within)
        drawn = [np.log(fit_groups(draw_box(X, rng), k, rng).within) for _ in range(40)]
        row = table.set_index("k").loc[k]
        assert row["gap"] == pytest.approx(np.mean(drawn) - own, abs=3 * row["gap_se"])
    assert (table["gap_se"] > 0).all()


def test_data_without_groups_keep_the_shape_of_the_data() -> None:
    rng = np.random.default_rng(12)
    X = rng.normal(size=(4000, 2)) @ np.array([[2.0, 1.0], [0.0, 0.5]])
    X = X - X.mean(axis=0)
    assert np.cov(draw_gaussian(X, rng).T) == pytest.approx(np.cov(X.T), abs=0.25)
    box = draw_box(X, rng)
    axes = np.linalg.svd(X, full_matrices=False)[2]
    reach = np.abs(X @ axes.T).max(axis=0)
    assert (np.abs(box @ axes.T).max(axis=0) <= reach + 1e-9).all()
    # uniform: as many in the outer half of the range as in the inner one
    assert np.mean(np.abs((box @ axes.T)[:, 0]) > reach[0] / 2) > 0.4


def test_fits_to_resamples_agree_on_groups_and_not_on_noise() -> None:
    rng = np.random.default_rng(13)
    assert stability(mixture(rng)[0].to_numpy(), 3, rng) > 0.97
    assert stability(rng.normal(size=(600, 3)), 5, rng) < 0.75


def test_many_customers_are_fitted_by_way_of_a_part() -> None:
    data, truth = mixture(np.random.default_rng(14), 30_000)
    for method in ("kmeans", "mixture"):
        fit = fit_groups(data.to_numpy(), 3, np.random.default_rng(15), method=method)  # type: ignore[arg-type]
        assert fit.converged
        assert adjusted_rand_score(truth, fit.predict(data.to_numpy())) > 0.99


def test_customers_in_lumps_do_not_break_the_fits() -> None:
    """Half of a shop's customers bought once: a component without width."""
    rng = np.random.default_rng(16)
    orders = np.where(rng.random(300) < 0.5, 1, rng.geometric(0.3, 300))
    data = pd.DataFrame({"orders": orders, "days": rng.integers(0, 365, 300)})
    table = clusters(data, rng=rng, k=(2, 3)).evidence.table
    assert np.isfinite(table["bic"]).all()
    two = pd.DataFrame({"x": [0.0] * 30 + [1.0] * 30})
    lumps = clusters(two, rng=rng, k=(2, 3))
    assert lumps.clear and len(lumps.table) == 2


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        (pd.DataFrame({"a": []}), "there is no customer"),
        (pd.DataFrame({"a": [1.0, np.nan] * 20}), "rows 1, 3, 5, 7, 9 and 15 more"),
        (pd.DataFrame({"a": ["x"] * 40}), "which is no number"),
        (pd.DataFrame({"a": [2.0] * 40}), "a is the same for all"),
        (pd.DataFrame({"a": [1.0, 2.0, 3.0]}), "3 customers for 6 groups"),
        (pd.DataFrame({"a": [1.0]}), "a is the same for all"),
    ],
)
def test_unusable_features_are_refused(frame: pd.DataFrame, told: str) -> None:
    with pytest.raises(DataError, match=told):
        clusters(frame, rng=np.random.default_rng())


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"method": "ward"}, "method is 'ward'"),
        ({"log": ["b"]}, "log: there is no column b"),
        ({"log": ["a"]}, "a is negative"),
        ({"k": 1}, "50 customers for 1 groups"),
        ({"k": ()}, "50 customers for 0 groups"),
    ],
)
def test_unusable_options_are_refused(options: dict, told: str) -> None:
    frame = pd.DataFrame({"a": np.linspace(-1, 1, 50)})
    with pytest.raises(DataError, match=told):
        clusters(frame, rng=np.random.default_rng(), **options)


def test_columns_that_say_nothing_are_told_from_those_that_vary() -> None:
    frame = pd.DataFrame({"orders": [1, 1, 1], "spend": [1.0, 2.0, 1.0]})
    assert list(varying(frame)) == ["spend"] and varying(frame.head(1)).shape == (1, 0)
