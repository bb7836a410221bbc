"""Cox's regression, its residuals and the test of proportional hazards."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.duration.hazard_regression import PHReg

from workbench.stats.cox import (
    by_rank,
    by_survival,
    fit_cox,
    proportionality,
    schoenfeld_residuals,
)


def drawn(seed: int, fading: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give ties and censoring; the first effect fades with time if asked."""
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.integers(0, 2, 400), rng.normal(0, 1, 400)]).astype(float)
    early = rng.exponential(1 / np.exp(0.8 * x[:, 0] + 0.3 * x[:, 1]))
    late = rng.exponential(1 / np.exp(0.8 * (1 - fading) * x[:, 0] + 0.3 * x[:, 1]))
    time = np.where(early < 0.7, early, 0.7 + late)
    return np.ceil(10 * np.minimum(time, 2)), time < 2, x


def test_the_fit_is_that_of_statsmodels_with_ties() -> None:
    time, event, x = drawn(1)
    found, oracle = fit_cox(time, event, x), PHReg(time, x, status=event, ties="efron").fit()
    assert found is not None
    assert found.beta == pytest.approx(oracle.params, abs=1e-7)
    assert np.sqrt(np.diag(found.covariance)) == pytest.approx(oracle.bse, abs=1e-7)


def test_residuals_are_what_leavers_have_more_than_those_at_risk() -> None:
    time, event, x = drawn(2)
    time = time + np.arange(time.size) * 1e-6  # without ties the sums are plain
    fit = fit_cox(time, event, x)
    assert fit is not None
    risk = np.exp(x @ fit.beta)
    plain = [
        x[i] - np.average(x[time >= time[i]], axis=0, weights=risk[time >= time[i]])
        for i in np.flatnonzero(event)
    ]
    assert fit.schoenfeld == pytest.approx(np.array(plain), abs=1e-9)
    again = schoenfeld_residuals(time, event, x, fit.beta)
    assert again == pytest.approx(fit.schoenfeld, abs=1e-8)
    assert again.sum(axis=0) == pytest.approx(0, abs=1e-6)


def test_tied_leavers_are_taken_out_one_part_after_the_other() -> None:
    time, event = np.array([1.0, 1.0, 2.0]), np.array([True, True, False])
    x = np.array([[1.0], [0.0], [0.0]])
    found = schoenfeld_residuals(time, event, x, np.zeros(1))
    # Efron's means of those at risk: 1/3, then (1 - 1/2) / (3 - 1)
    expected = (1 / 3 + 0.25) / 2
    assert found.ravel() == pytest.approx([1 - expected, -expected])


@pytest.mark.parametrize("place", [by_rank, by_survival])
def test_an_effect_that_fades_is_seen_and_a_steady_one_is_not(place) -> None:
    for fading, low, high in ((0.0, 0.05, 1.0), (1.5, 0.0, 0.01)):
        time, event, x = drawn(3, fading)
        fit = fit_cox(time, event, x)
        assert fit is not None
        found = proportionality(fit.schoenfeld, fit.covariance, place(time, event))
        assert low <= found.p[0] <= high and found.p[1] > 0.05
        assert (found.rho[0] < -0.1) == (fading > 0)
        # one term alone is a test with one degree of freedom, both together have two
        assert found.statistic_all == pytest.approx(found.statistic.sum(), rel=0.2)


def test_time_is_placed_by_rank_or_by_how_many_left_before() -> None:
    time, event = np.array([3.0, 1, 1, 4, 2]), np.array([True, True, True, True, False])
    assert by_rank(time, event).tolist() == [3, 1.5, 1.5, 4]
    assert by_survival(time, event) == pytest.approx([0.4, 0, 0, 1 - 0.6 / 2])


def test_events_all_at_once_tell_nothing_of_time() -> None:
    found = proportionality(np.ones((3, 1)), np.eye(1), np.ones(3))
    assert np.isnan(found.p).all() and np.isnan(found.p_all)
