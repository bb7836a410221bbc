"""Alpha's intervals hold their 95 % for answers that are normal, on a scale, or piled up."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from workbench.errors import DataError
from workbench.satisfaction import cronbach_alpha, distribution_free_limits
from workbench.satisfaction.measurement.alpha import (
    alpha_from_covariance,
    jackknife_limits,
    piles_up,
)

K = 5


def draw(rng: np.random.Generator, reps: int, n: int, kind: str) -> np.ndarray:
    """Answers to five items: normal, on a scale of 1 to 7, or with most at its top."""
    x = rng.normal(size=(reps, n, 1)) + rng.normal(size=(reps, n, K))
    if kind == "normal":
        return x
    return np.clip(np.round((4.2 if kind == "Likert" else 6.7) + 1.1 * x), 1, 7)


def truth(kind: str) -> float:
    many = draw(np.random.default_rng(99), 1, 400_000, kind)[0]
    return alpha_from_covariance(np.cov(many, rowvar=False))


@pytest.mark.parametrize(("kind", "n"), [("normal", 50), ("Likert", 100), ("ceiling", 300)])
def test_the_chosen_interval_covers(kind: str, n: int) -> None:
    true, names = truth(kind), [f"q{i}" for i in range(K)]
    hits, kinds = 0, set()
    for sample in draw(np.random.default_rng(3), 400, n, kind):
        found = cronbach_alpha(pd.DataFrame(sample, columns=names))
        hits += found.low <= true <= found.high
        kinds.add(found.interval)
    assert 0.925 <= hits / 400 <= 0.98
    assert kinds == {"distribution-free" if kind == "ceiling" else "Feldt"}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["normal", "Likert", "ceiling"])
@pytest.mark.parametrize("n", [100, 300])
def test_the_distribution_free_interval_covers_and_feldts_fails_at_a_ceiling(
    kind: str, n: int
) -> None:
    true, names = truth(kind), [f"q{i}" for i in range(K)]
    free, feldt, reps = 0, 0, 3000
    for sample in draw(np.random.default_rng(n), reps, n, kind):
        low, high = distribution_free_limits(sample)
        free += low <= true <= high
        found = cronbach_alpha(pd.DataFrame(sample, columns=names), interval="Feldt")
        feldt += found.low <= true <= found.high
    assert 0.925 <= free / reps <= 0.98
    assert (feldt / reps < 0.935) == (kind == "ceiling")


def test_the_distribution_free_variance_is_that_of_the_fourth_moments() -> None:
    # the formula of Maydeu-Olivares and others written out: delta' Gamma delta / n
    sample = draw(np.random.default_rng(4), 1, 80, "Likert")[0]
    n = len(sample)
    away = sample - sample.mean(axis=0)
    covariance = away.T @ away / (n - 1)
    total, trace = covariance.sum(), np.trace(covariance)
    rows, columns = np.tril_indices(K)
    slope = np.where(
        rows == columns,
        -K / (K - 1) * (total - trace) / total**2,
        2 * K / (K - 1) * trace / total**2,
    )
    products = away[:, rows] * away[:, columns]
    gamma = np.cov(products, rowvar=False)
    low, high = distribution_free_limits(sample)
    assert (high - low) / 2 == pytest.approx(1.959964 * np.sqrt(slope @ gamma @ slope / n))


def test_a_quarter_at_the_top_calls_for_the_distribution_free_interval() -> None:
    assert piles_up(np.repeat([7.0, 6, 5, 4], 50)[:, None])
    assert not piles_up(np.repeat([7.0, 6, 5, 4], [40, 60, 60, 40])[:, None])


@pytest.mark.parametrize("n", [20, 50])
def test_few_answers_at_a_ceiling_have_an_interval_that_holds(n: int) -> None:
    rng, ends = np.random.default_rng(3), [-2, -1.4, -0.8, 0.2]

    def drawn(size: int) -> np.ndarray:
        felt = 0.8 * rng.standard_normal((size, 1)) + 0.6 * rng.standard_normal((size, 4))
        return np.digitize(felt, ends).astype(float)

    true = alpha_from_covariance(np.cov(drawn(100_000), rowvar=False))
    held = []
    for _ in range(120):
        found = cronbach_alpha(pd.DataFrame(drawn(n)), by_item=False)
        held.append(found.low <= true <= found.high)
        assert found.interval == "jackknife"
    # .949 and .951 of 1,500; two standard errors of 120 are 4 %
    assert np.mean(held) >= 0.91


def test_the_jackknife_of_equal_weights_is_the_plain_one() -> None:
    rng = np.random.default_rng(3)
    values = np.digitize(rng.normal(0.8, 1, (40, 1)) + rng.normal(0, 0.7, (40, 3)), [0, 1, 2.0])
    plain = jackknife_limits(values.astype(float))
    assert jackknife_limits(values.astype(float), weights=np.full(40, 2.0)) == pytest.approx(plain)
    by_hand = [
        np.log(1 - alpha_from_covariance(np.cov(np.delete(values, i, 0), rowvar=False)))
        for i in range(40)
    ]
    se = np.sqrt(39 / 40 * np.square(by_hand - np.mean(by_hand)).sum())
    alpha = alpha_from_covariance(np.cov(values, rowvar=False))
    assert plain[0] <= 1 - (1 - alpha) * np.exp(t.ppf(0.975, 39) * se) + 1e-9


def test_pairwise_covariances_have_feldts_interval_only() -> None:
    frame = pd.DataFrame(draw(np.random.default_rng(5), 1, 200, "ceiling")[0])
    assert cronbach_alpha(frame, missing="pairwise").interval == "Feldt"
    with pytest.raises(DataError, match="needs complete answers"):
        cronbach_alpha(frame, missing="pairwise", interval="distribution-free")


@pytest.mark.parametrize(("kind", "n"), [("normal", 50), ("Likert", 100), ("ceiling", 300)])
def test_the_intervals_of_item_rest_correlations_cover(kind: str, n: int) -> None:
    # Fisher's interval alone covers about 90 % at a ceiling
    many = draw(np.random.default_rng(99), 1, 400_000, kind)[0]
    true = np.corrcoef(many[:, 0], many[:, 1:].sum(axis=1))[0, 1]
    hits = np.zeros(K)
    for sample in draw(np.random.default_rng(5), 400, n, kind):
        table = cronbach_alpha(pd.DataFrame(sample, columns=list("abcde"))).items
        hits += ((table["item_rest_low"] <= true) & (true <= table["item_rest_high"])).to_numpy()
    # five items a sample stand for 2,000 correlations
    assert 0.925 <= hits.mean() / 400 <= 0.98, hits
