"""Distributions averaged over models."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm, t

from workbench.stats.mixtures import Mixture, mixture_limits

WEIGHT, MEAN, SD = np.array([0.3, 0.7]), np.array([-1.0, 2.0]), np.array([0.5, 1.5])


def test_a_mixture_has_the_mean_the_chance_and_the_quantiles_of_its_parts() -> None:
    found = Mixture(WEIGHT, MEAN, SD)
    assert found.centre == pytest.approx(1.1)
    below = float(WEIGHT @ norm.cdf(1.5, MEAN, SD))
    assert found.above(1.5) == pytest.approx(1 - below)
    assert found.quantile(below) == pytest.approx(1.5, abs=1e-9)
    low, high = found.interval(0.9)
    assert found.above(low) == pytest.approx(0.95) and found.above(high) == pytest.approx(0.05)
    assert Mixture(np.ones(1), MEAN[:1], SD[:1]).interval() == pytest.approx(
        norm.interval(0.95, -1, 0.5)
    )


@pytest.mark.parametrize("df", [7.0, 5000.0])
def test_limits_of_many_at_once_cut_off_equal_tails(df: float) -> None:
    # Newton's steps take the t density: one that is wrong at many degrees of freedom stops short
    centre, se = np.array([[-1.0, 2.0], [0.0, 40.0]]), np.array([[0.5, 1.5], [1.0, 0.1]])
    low, high = mixture_limits(WEIGHT, centre, se, df, 0.9)
    for k in range(2):
        for end, tail in ((low[k], 0.05), (high[k], 0.95)):
            assert WEIGHT @ t.cdf((end - centre[k]) / se[k], df) == pytest.approx(tail, abs=1e-6)


def test_models_without_weight_do_not_count() -> None:
    weight = np.array([1.0 - 1e-9, 1e-9])
    low, high = mixture_limits(weight, np.array([[0.0, 1e6]]), np.ones((1, 2)), 5.0, 0.95)
    assert (low[0], high[0]) == pytest.approx(t.interval(0.95, 5), abs=1e-6)
