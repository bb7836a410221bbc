"""Cramer's V: bounds, and intervals that hold where the association is none, weak and strong."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.errors import DataError
from workbench.stats import cramers_v


def mixed(rows: int, columns: int, strength: float) -> np.ndarray:
    """Cell probabilities between independence and a diagonal."""
    diagonal = np.zeros((rows, columns))
    diagonal[np.arange(rows), np.arange(rows) % columns] = 1 / rows
    return (1 - strength) / (rows * columns) + strength * diagonal


def of_population(p: np.ndarray) -> float:
    expected = p.sum(axis=1, keepdims=True) * p.sum(axis=0, keepdims=True)
    return float(np.sqrt(((p - expected) ** 2 / expected).sum() / (min(p.shape) - 1)))


@pytest.mark.parametrize("strength", [0.0, 0.1, 0.3, 0.6])
def test_the_interval_covers_and_the_estimate_is_not_biased(strength: float) -> None:
    rng = np.random.default_rng(1)
    p = mixed(5, 4, strength)
    truth = of_population(p)
    found = [cramers_v(rng.multinomial(800, p.ravel()).reshape(5, 4)).v for _ in range(300)]
    covered = np.mean([v.low <= truth + 1e-12 and truth <= v.high for v in found])
    assert covered >= 0.915  # three standard errors below 95 % are 91.2 %
    # at zero the estimate cannot fall below: it lies a little above
    bias = np.mean([v.value for v in found]) - truth
    assert -0.01 < bias < (0.02 if strength == 0 else 0.01)


def test_complete_and_absent_associations_are_one_and_zero() -> None:
    same = cramers_v(np.diag([50, 50, 50]))
    assert same.v.value == pytest.approx(1) and same.v.high == 1 and same.df == 4
    none = cramers_v(np.full((3, 3), 20))
    assert none.v.value == 0 and none.v.low == 0 and none.p_value == pytest.approx(1)
    assert 0 < none.v.high < 0.3
    assert np.isnan(cramers_v([[5, 5]]).v.value)
    assert cramers_v([[5, 5, 0], [5, 5, 0]]).df == 1


@pytest.mark.parametrize("counts", [[1, 2, 3], [[1, -1], [2, 2]], [[1, np.nan], [2, 2]]])
def test_what_is_no_table_of_counts_is_refused(counts: list) -> None:
    with pytest.raises(DataError, match="the counts are no table"):
        cramers_v(counts)
