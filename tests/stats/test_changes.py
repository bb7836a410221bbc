"""Changes of means: Welch's with nobody in both samples, the paired t with everybody."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from workbench.stats.changes import Sample, mean_shift


@pytest.fixture
def waves() -> tuple[np.ndarray, np.ndarray]:
    """Two waves of forty answers to two questions, related person by person."""
    rng = np.random.default_rng(1)
    before = rng.normal(5, 1, (40, 2))
    return before, 0.6 * before + rng.normal([2.5, 1.0], 0.8, (40, 2))


def test_with_nobody_in_both_it_is_welch(waves: tuple[np.ndarray, np.ndarray]) -> None:
    before, after = waves[0], waves[1][:25]
    found = mean_shift(Sample(before), Sample(after))
    welch = stats.ttest_ind(after, before, equal_var=False)
    assert found.estimate == pytest.approx(after.mean(axis=0) - before.mean(axis=0))
    assert found.estimate / np.sqrt(found.variance) == pytest.approx(welch.statistic)
    assert found.df == pytest.approx(welch.df)
    low, high = found.limits(0.95)
    interval = welch.confidence_interval(0.95)
    assert low == pytest.approx(interval.low) and high == pytest.approx(interval.high)
    apart = mean_shift(Sample(before, None, np.arange(40)), Sample(after, None, np.arange(40, 65)))
    assert apart.variance == pytest.approx(found.variance) and apart.both.tolist() == [0, 0]


def test_with_everybody_in_both_it_is_the_paired_t(waves: tuple[np.ndarray, np.ndarray]) -> None:
    before, after = waves
    people = np.arange(40)
    found = mean_shift(Sample(before, None, people), Sample(after[::-1], None, people[::-1]))
    paired = stats.ttest_rel(after, before)
    assert found.estimate / np.sqrt(found.variance) == pytest.approx(paired.statistic)
    assert found.both.tolist() == [40, 40]
    assert found.correlation == pytest.approx(
        [np.corrcoef(before[:, i], after[:, i])[0, 1] for i in range(2)]
    )


def test_with_some_in_both_their_covariance_is_taken_off(
    waves: tuple[np.ndarray, np.ndarray],
) -> None:
    before, after = waves[0][:30, 0], waves[1][10:, 0]  # twenty people are in both
    one, two = (
        Sample(before[:, None], None, np.arange(30)),
        Sample(after[:, None], None, np.arange(10, 40)),
    )
    found = mean_shift(one, two)
    u, v = ((x - x.mean()) / np.sqrt(30 * 29) for x in (before, after))
    covariance = u[10:] @ v[:20]
    apart = before.var(ddof=1) / 30 + after.var(ddof=1) / 30
    assert found.both.tolist() == [20]
    assert found.variance == pytest.approx([apart - 2 * covariance])
    # Satterthwaite over those only before, only after, and in both
    parts = (u[:10] @ u[:10], 10), (v[20:] @ v[20:], 10), (np.square(u[10:] - v[:20]).sum(), 20)
    assert sum(part for part, _ in parts) == pytest.approx(found.variance[0])
    below = sum(part**2 / (n - 1) for part, n in parts)
    assert found.df == pytest.approx([found.variance[0] ** 2 / below])


def test_means_without_spread_shift_by_their_difference_without_limits() -> None:
    people = np.arange(5)
    one, two = np.full((5, 1), 2.0), np.full((5, 1), 3.0)
    found = mean_shift(Sample(one, None, people), Sample(two, None, people))
    assert (found.estimate[0], found.df[0]) == (1, 5 + 5 - 2)
    assert (found.both[0], found.correlation[0]) == (5, 0)
    assert np.isnan(found.limits(0.95)).all(), "as of a mean that has no spread"
