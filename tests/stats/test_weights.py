"""Weighted means, and what the weights are worth."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.errors import DataError
from workbench.stats import column_moments, effective_size


def test_weights_are_worth_fewer_answers_than_they_are() -> None:
    assert effective_size([1, 1, 1, 1]) == 4
    assert effective_size([3, 1]) == pytest.approx(1.6)


def test_missing_values_take_their_weight_with_them() -> None:
    found = column_moments(np.array([[1.0], [np.nan], [3.0]]), [1, 10, 1])
    assert (found.mean[0], found.n[0]) == (2.0, 2)


@pytest.mark.parametrize(
    ("weights", "told"), [([1.0], "1 weights for 2"), ([1, -1], "row 1"), ([0, 0], "all weights")]
)
def test_unusable_weights_say_what_is_wrong(weights: list[float], told: str) -> None:
    with pytest.raises(DataError, match=told):
        column_moments(np.array([[1.0], [2.0]]), weights)
