"""Intervals of means, proportions, ratios and correlations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats

from workbench.errors import DataError
from workbench.results.estimate import named_estimates
from workbench.stats import (
    against_others,
    correlation_interval,
    mean_difference,
    mean_interval,
    proportion_difference,
    proportion_interval,
    ratio_interval,
    satterthwaite,
    share_interval,
    wilson,
)


def test_the_interval_of_a_mean_is_students() -> None:
    values = np.array([4.0, 7.0, 1.0, 9.0, 5.0])
    low, high = scipy_stats.t.interval(0.95, 4, values.mean(), scipy_stats.sem(values))
    assert tuple(mean_interval(values)) == pytest.approx((5.2, low, high))


def test_missing_values_are_left_out_and_equal_weights_change_nothing() -> None:
    values = np.array([4.0, np.nan, 1.0, 9.0])
    plain, weighted = mean_interval(values), mean_interval(values, weights=np.full(4, 3.0))
    assert plain.n == 3
    assert tuple(plain) == pytest.approx(tuple(weighted))


def test_one_value_has_a_mean_and_no_interval() -> None:
    found = mean_interval([3.0])
    assert found.value == 3 and np.isnan(found.low) and np.isnan(found.high)


def test_no_value_at_all_is_an_error() -> None:
    with pytest.raises(DataError, match="no value"):
        mean_interval([np.nan])


def test_the_difference_of_means_is_welchs() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(1, 1, 20), rng.normal(0, 3, 50)
    expected = scipy_stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    found = mean_difference(a, b)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize(("count", "low", "high"), [(0, 0.0, 0.2775), (10, 0.7225, 1.0)])
def test_wilson_stays_inside_0_and_1_at_the_ends(count: int, low: float, high: float) -> None:
    found = proportion_interval(count, 10)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-4)


def test_wilson_takes_many_at_once_and_knows_nothing_of_no_trials() -> None:
    low, high = wilson([0, 81], [0, 263])
    assert np.isnan(low[0]) and np.isnan(high[0])
    # Newcombe (1998), Statistics in Medicine 17, 857-872, table I: 81 of 263
    assert (low[1], high[1]) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_more_successes_than_trials_are_refused_with_their_row() -> None:
    with pytest.raises(DataError, match="row 1: 5 out of 4"):
        wilson([1, 5], [2, 4])


def test_the_difference_of_proportions_is_newcombes_printed_example() -> None:
    # Newcombe (1998), Statistics in Medicine 17, 873-890, table II (a), method 10
    found = proportion_difference(56, 70, 48, 80)
    assert tuple(found) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


@pytest.mark.parametrize("counts", [(0, 0, 3, 10), (3, 10, 0, 0), (0, 0, 0, 0)])
def test_a_share_of_nobody_differs_from_none_by_an_unknown_amount(counts: tuple) -> None:
    found = proportion_difference(*counts)
    assert np.isnan(tuple(found)).all() and found.n == counts[1] + counts[3]


def test_each_group_is_held_against_all_others_by_the_score_test() -> None:
    from statsmodels.stats.proportion import proportions_ztest

    count, n = [12, 30, 0], [40, 60, 25]
    for found, k, m in zip(against_others(count, n), count, n, strict=True):
        assert found == proportion_difference(k, m, 42 - k, 125 - m).named(p=found.p)
        assert found.p == pytest.approx(proportions_ztest([k, 42 - k], [m, 125 - m])[1])
    assert np.isnan(against_others([3], [9])[0].p)
    assert against_others([4, 6], [4, 6])[0].p == 1


def test_a_ratio_of_sums_covers_its_truth() -> None:
    rng = np.random.default_rng(2)
    hits = 0
    for _ in range(400):
        orders = rng.poisson(3, 80) + 1.0
        hits += 4.0 in ratio_interval(orders * 4 + rng.normal(0, 3, 80), orders)
    assert 0.925 <= hits / 400 <= 0.98


def test_the_ends_of_a_ratio_are_where_its_t_test_just_fails() -> None:
    rng = np.random.default_rng(3)
    orders = rng.poisson(5, 30) + 1.0
    sales = 4 * orders + rng.normal(0, 3, 30)
    found = ratio_interval(sales, orders)
    for end in (found.low, found.high):
        off = sales - end * orders
        t = off.mean() / (off.std(ddof=1) / np.sqrt(30))
        assert abs(t) == pytest.approx(scipy_stats.t.ppf(0.975, 29))
    assert found.low < found.value < found.high


def test_pairs_of_which_one_half_is_missing_have_no_part_in_a_correlation() -> None:
    x, y = np.array([1.0, 2, 3, 4, np.nan, 6]), np.array([2.0, 1, 4, 3, 9, np.nan])
    full = correlation_interval(x[:4], y[:4], weights=[1, 2, 1, 1])
    found = correlation_interval(x, y, weights=[1, 2, 1, 1, 1, 1])
    assert tuple(found) == pytest.approx(tuple(full)) and found.n == full.n == 5


def test_a_ratio_over_what_may_be_zero_has_no_interval() -> None:
    found = ratio_interval([1.0, 2.0, 3.0], [5.0, -4.0, 0.5])
    assert np.isnan(found.low) and np.isnan(found.high)


def test_a_correlation_of_skewed_values_covers_its_truth() -> None:
    rng = np.random.default_rng(3)
    hits = 0
    for _ in range(300):
        x, noise = rng.exponential(size=(2, 300))
        hits += 1 / np.sqrt(2) in correlation_interval(x, x + noise)
    assert hits / 300 >= 0.90


def test_a_correlation_is_as_unsure_as_the_jackknife_says() -> None:
    rng = np.random.default_rng(9)
    x = rng.beta(1, 3, size=600)
    y = x + rng.uniform(-0.5, 0.5, size=600) * (0.2 + x)
    found = correlation_interval(x, y, level=0.9)
    rest = np.array([np.corrcoef(np.delete(x, i), np.delete(y, i))[0, 1] for i in range(600)])
    z = np.arctanh(rest)
    se = np.sqrt(599 / 600 * np.square(z - z.mean()).sum())
    assert found.value == pytest.approx(np.corrcoef(x, y)[0, 1])
    width = np.arctanh(found.high) - np.arctanh(found.low)
    assert width / 2 == pytest.approx(scipy_stats.norm.ppf(0.95) * se, rel=0.02)
    assert np.arctanh([found.low, found.high]).mean() == pytest.approx(np.arctanh(found.value))
    assert tuple(correlation_interval(y, x, level=0.9)) == pytest.approx(tuple(found))


def test_a_correlation_of_too_little_or_of_no_spread_is_unknown_and_a_perfect_one_sure() -> None:
    for x, y in (([1, 2], [3, 5]), ([1, 1, 1], [1, 2, 3]), ([1, 2, 3], [4, 4, 4])):
        found = correlation_interval(x, y)
        assert np.isnan(tuple(found)).all() and found.n == len(x)
    assert tuple(correlation_interval([1, 2, 4], [-2, -4, -8])) == pytest.approx((-1, -1, -1))
    assert not np.isnan(correlation_interval([1, 2, 4], [1, 3, 2]).low), "three pairs will do"
    with pytest.raises(DataError, match="x has 3 rows, y 2"):
        correlation_interval([1, 2, 3], [1, 2])


def test_a_ratio_leaves_out_units_without_weight_or_value_and_needs_two() -> None:
    sales, orders = [10.0, 30.0, 5.0, np.nan, 80.0], [2.0, 3.0, np.nan, 4.0, 5.0]
    found = ratio_interval(sales, orders, weights=[1, 1, 1, 1, 0])
    assert found.value == pytest.approx(40 / 5) and found.n == 2
    once = ratio_interval([10.0], [2.0])
    assert once.value == 5 and np.isnan(once.low) and np.isnan(once.high)
    heavy = ratio_interval([10.0, 30.0], [2.0, 3.0], weights=[3, 1])
    assert heavy.value == pytest.approx((30 + 30) / (6 + 3))
    with pytest.raises(DataError, match="the denominator sums to zero"):
        ratio_interval([1.0, 2.0], [1.0, -1.0])
    with pytest.raises(DataError, match="numerator has 2 rows, denominator 1"):
        ratio_interval([1.0, 2.0], [1.0])


def test_counts_stand_for_repeated_rows_in_a_correlation() -> None:
    x, y, n = np.array([1.0, 2, 4, 7]), np.array([2.0, 1, 5, 5]), np.array([3, 1, 4, 2])
    short = correlation_interval(x, y, weights=n)
    long = correlation_interval(np.repeat(x, n), np.repeat(y, n))
    assert tuple(short) == pytest.approx(tuple(long))


def test_rows_of_a_table_become_named_intervals() -> None:
    table = pd.DataFrame({"who": ["a"], "estimate": [1], "low": [0], "high": [2], "n": [9]})
    assert named_estimates(table, "who")["a"].row() == {
        "n": 9.0,
        "estimate": 1.0,
        "low": 0.0,
        "high": 2.0,
    }


def test_an_interval_can_be_scaled_by_a_negative_number() -> None:
    found = mean_interval([1.0, 2.0, 3.0]).scaled(-10)
    assert found.low < found.value == -20 < found.high


def test_a_share_of_zeros_and_ones_has_wilsons_interval_and_chances_one_that_covers() -> None:
    x = np.repeat([1.0, 0.0], [12, 28])
    assert tuple(share_interval(x)) == pytest.approx(tuple(proportion_interval(12, 40)))
    assert tuple(share_interval(np.ones(9)))[1:] == pytest.approx(
        tuple(proportion_interval(9, 9))[1:]
    )
    # chances vary less than zeros and ones: Wilson's own interval would cover them always
    rng = np.random.default_rng(4)
    for centre, n in ((0.5, 30), (0.5, 100), (2.5, 100)):
        many, samples = (
            1 / (1 + np.exp(-centre - 1.5 * rng.normal(size=size))) for size in (10**6, (1000, n))
        )
        hits = np.mean([many.mean() in share_interval(v) for v in samples])
        assert 0.925 <= hits <= 0.98, (centre, n, hits)


def test_people_counted_twice_widen_means_and_shares() -> None:
    rng = np.random.default_rng(5)
    x = rng.random(60)
    who = np.tile(np.arange(60), 2)
    for interval in (share_interval, mean_interval):
        once, twice = interval(x), interval(np.tile(x, 2), clusters=who)
        assert twice.high - twice.low == pytest.approx(once.high - once.low, rel=0.02)
        apart = interval(np.tile(x, 2))
        assert apart.high - apart.low < 0.75 * (once.high - once.low)


def test_a_difference_of_means_has_the_p_value_of_welch_or_of_student() -> None:
    rng = np.random.default_rng(8)
    a, b = rng.normal(1, 1, 30), rng.normal(0, 3, 12)
    for equal in (False, True):
        oracle = scipy_stats.ttest_ind(a, b, equal_var=equal)
        found = mean_difference(a, b, equal_variances=equal)
        assert found.p == pytest.approx(oracle.pvalue)
        limits = oracle.confidence_interval()
        assert (found.low, found.high) == (pytest.approx(limits.low), pytest.approx(limits.high))


def test_means_without_spread_differ_surely_or_not_at_all() -> None:
    assert mean_difference([1, 1], [1, 1]).p == 1
    apart = mean_difference([2, 2], [1, 1])
    assert (apart.p, apart.low, apart.high) == (0, 1, 1)
    assert np.isnan(mean_difference([1], [2, 3]).p)
    assert satterthwaite(0.0, 3, 0.0, 4) == (0.0, 5)
    assert satterthwaite(2.0, 3, 1.0, 4) == (pytest.approx(3**0.5), pytest.approx(9 / (2 + 1 / 3)))
