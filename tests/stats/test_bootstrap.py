"""Bootstrap by weights."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from workbench.errors import DataError
from workbench.stats import bootstrap, bootstrap_weights


@pytest.mark.parametrize("kind", ["multinomial", "poisson", "exponential"])
def test_every_kind_of_weights_gives_the_spread_of_a_mean(kind: str) -> None:
    rng = np.random.default_rng(1)
    x = rng.exponential(size=200)
    found = bootstrap(lambda w: np.average(x, weights=w), 200, rng=rng, draws=1500, kind=kind)
    assert found.se[0] == pytest.approx(x.std(ddof=1) / np.sqrt(200), rel=0.08)


@pytest.mark.parametrize("kind", ["multinomial", "exponential"])
def test_weights_of_a_draw_sum_to_the_rows(kind: str) -> None:
    drawn = bootstrap_weights(3, 5, rng=np.random.default_rng(1), kind=kind, counts=[7, 2, 1])
    assert [w.sum() for w in drawn] == pytest.approx([10.0] * 5)


def test_distinct_rows_with_counts_equal_the_long_table() -> None:
    values, counts = np.array([1.0, 5.0]), np.array([30, 10])
    rng = np.random.default_rng(2)
    found = bootstrap(
        lambda w: np.average(values, weights=w), 2, rng=rng, draws=4000, counts=counts
    )
    assert found.se[0] == pytest.approx(4 * np.sqrt(0.25 * 0.75 / 40), rel=0.06)


def test_rows_of_a_cluster_share_their_weight() -> None:
    rng = np.random.default_rng(3)
    for weights in bootstrap_weights(4, 20, rng=rng, clusters=["a", "b", "a", "b"]):
        assert weights[0] == weights[2] and weights[1] == weights[3]


def test_the_same_generator_gives_the_same_interval() -> None:
    x = np.arange(30.0)
    one, two = (
        bootstrap(lambda w: np.average(x, weights=w), 30, rng=np.random.default_rng(4))
        for _ in range(2)
    )
    assert (one.low[0], one.high[0]) == (two.low[0], two.high[0])
    assert one.low[0] < one.estimate[0] < one.high[0]


def test_bca_leans_towards_the_long_tail() -> None:
    x = np.random.default_rng(5).lognormal(sigma=1.2, size=60)
    plain, corrected = (
        bootstrap(
            lambda w: np.average(x, weights=w), 60, rng=np.random.default_rng(6), method=method
        )
        for method in ("percentile", "bca")
    )
    assert corrected.low[0] > plain.low[0] and corrected.high[0] > plain.high[0]


def test_bca_gives_the_limits_of_scipys() -> None:
    x = np.random.default_rng(5).lognormal(sigma=1.2, size=60)
    found = bootstrap(
        lambda w: np.average(x, weights=w), 60, rng=np.random.default_rng(6), draws=6000,
        method="bca",
    )  # fmt: skip
    theirs = stats.bootstrap(
        (x,), np.mean, n_resamples=6000, method="BCa", random_state=np.random.default_rng(7)
    ).confidence_interval
    assert (found.low[0], found.high[0]) == pytest.approx(tuple(theirs), abs=0.1 * found.se[0])


def test_a_statistic_that_mostly_fails_is_an_error() -> None:
    with pytest.raises(DataError, match="give no number"):
        bootstrap(
            lambda w: np.nan if w[0] == 0 else 1.0, 5, rng=np.random.default_rng(7), draws=200
        )


def test_an_unknown_kind_or_method_is_named() -> None:
    with pytest.raises(DataError, match="'jack'"):
        next(bootstrap_weights(3, 1, rng=np.random.default_rng(), kind="jack"))  # type: ignore[arg-type]
    with pytest.raises(DataError, match="'abc'"):
        bootstrap(lambda w: 1.0, 3, rng=np.random.default_rng(), method="abc")  # type: ignore[arg-type]
