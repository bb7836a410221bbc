"""Weighted means and quantiles."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.errors import DataError
from workbench.stats import effective_size, weighted_mean, weighted_quantile


def test_weights_are_worth_fewer_answers_than_they_are() -> None:
    assert effective_size([1, 1, 1, 1]) == 4
    assert effective_size([3, 1]) == pytest.approx(1.6)


def test_weighted_quantiles_are_those_of_repeated_values() -> None:
    x, w, q = np.array([5.0, 1.0, 3.0]), np.array([2, 5, 3]), np.array([0.1, 0.5, 0.8, 0.9])
    expected = np.quantile(np.repeat(x, w), q, method="inverted_cdf")
    assert weighted_quantile(x, q, w) == pytest.approx(expected)


def test_missing_values_take_their_weight_with_them() -> None:
    assert weighted_mean([1.0, np.nan, 3.0], [1, 10, 1]) == 2.0


@pytest.mark.parametrize(
    ("weights", "told"), [([1.0], "1 weights for 2"), ([1, -1], "row 1"), ([0, 0], "all weights")]
)
def test_unusable_weights_say_what_is_wrong(weights: list[float], told: str) -> None:
    with pytest.raises(DataError, match=told):
        weighted_mean([1.0, 2.0], weights)
