"""Limits of the XmR chart by hand, its rules one by one, and its false alarms."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from workbench.goals import GoalError, xmr


def test_limits_by_hand() -> None:
    # mean 67 / 6; moving ranges 2 1 2 4 3, mean 2.4; 2.66 * 2.4 = 6.384; 3.268 * 2.4 = 7.8432
    chart = xmr([10, 12, 11, 13, 9, 12])
    assert chart.mean == pytest.approx(67 / 6)
    assert chart.range_mean == pytest.approx(2.4)
    assert chart.low == pytest.approx(67 / 6 - 6.384)
    assert chart.high == pytest.approx(67 / 6 + 6.384)
    assert chart.range_limit == pytest.approx(7.8432)
    assert chart.signals.empty


def test_a_value_outside_the_limits_of_the_base_is_a_signal() -> None:
    chart = xmr([10, 12, 11, 13, 9, 12, 19], base=6)
    assert chart.table["signal"].iloc[-1] == "outside the limits"
    assert chart.mean == pytest.approx(67 / 6), "the new value does not move the limits"


def test_eight_in_a_row_on_one_side_are_a_signal() -> None:
    base = [10, 12, 11, 13, 9, 12, 8, 14]
    chart = xmr([*base, 11.6, 12, 11.5, 12, 11.4, 12, 11.6, 12], base=8)
    signals = chart.table["signal"].tolist()
    assert signals[-1] == "eight in a row on one side of the mean"
    assert not any(signals[:-2])


def test_three_of_four_near_a_limit_are_a_signal() -> None:
    base = [10, 12, 11, 13, 9, 12]
    chart = xmr([*base, 15, 11, 15, 15.5], base=6)
    assert chart.table["signal"].iloc[-1] == "three of four nearer to a limit than to the mean"


def test_a_jump_beyond_the_range_limit_is_a_signal() -> None:
    chart = xmr([10, 12, 11, 13, 9, 12, 7, 16], base=6)
    assert chart.table["signal"].iloc[-1] == "a jump beyond the range limit"


def test_points_outside_are_rare_on_pure_chance() -> None:
    """Three sigma limits: about 0.3 % of normal values; estimated limits give more."""
    rng = np.random.default_rng(17)
    tables = [xmr(rng.standard_normal(60)).table for _ in range(200)]
    outside = np.mean([(t["signal"] == "outside the limits").mean() for t in tables])
    assert 0.001 < outside < 0.008


def test_too_few_values_or_gaps_are_refused() -> None:
    with pytest.raises(GoalError, match="at least five"):
        xmr([1, 2, 3])
    with pytest.raises(GoalError, match="9 of 6 values"):
        xmr([1, 2, 3, 4, 5, 6], base=9)
    with pytest.raises(GoalError, match="leave gaps out"):
        xmr([1, 2, np.nan, 4, 5])


def test_the_picture_rings_the_signals() -> None:
    ax = xmr([10, 12, 11, 13, 9, 12, 19], base=6).plot(Figure().subplots())
    ringed = [line for line in ax.get_lines() if line.get_fillstyle() == "none"]
    assert len(ringed) == 1 and ringed[0].get_ydata().tolist() == [19]
