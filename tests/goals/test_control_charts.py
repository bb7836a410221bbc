"""Charts of values, shares and rates by hand; the rate of false alarms of every rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from pydantic import ValidationError
from scipy.stats import binom, norm

from workbench.goals import GoalError, p_chart, u_chart, xmr
from workbench.goals.control_charts import RULES, in_phases
from workbench.study import Goal


def test_limits_by_hand_widen_where_the_size_is_small() -> None:
    chart = p_chart([10, 8, 12, 9, 11, 5], [100, 100, 100, 100, 100, 25], base=5)
    assert chart.mean == pytest.approx(0.1)
    assert chart.table["upper_limit"].tolist()[0] == pytest.approx(0.1 + 3 * 0.03)
    assert chart.table["upper_limit"].tolist()[5] == pytest.approx(0.1 + 3 * 0.06)
    assert chart.table["lower_limit"].tolist()[5] == 0.0
    assert chart.signals.empty, "5 of 25 is no signal at that size"
    large = p_chart([10, 8, 12, 9, 11, 40], [100, 100, 100, 100, 100, 200], base=5)
    assert large.table["signal"].tolist()[5] == RULES["outside"]


def test_a_chart_is_drawn_where_it_is_asked_for() -> None:
    ax = Figure().subplots()
    assert u_chart([4, 6, 5, 3, 7, 3], [10] * 6, base=5).plot(ax) is ax
    assert ax.has_data()


def test_rates_by_hand() -> None:
    chart = u_chart([4, 6, 5, 3, 7, 30], [10, 10, 10, 10, 10, 10], base=5)
    assert chart.mean == pytest.approx(0.5)
    assert chart.high == pytest.approx(0.5 + 3 * np.sqrt(0.05))
    assert chart.table["signal"].tolist()[5] == RULES["outside"]


def test_limits_widen_where_the_base_scatters_more_than_chance() -> None:
    rng = np.random.default_rng(2)
    share = np.clip(0.2 + rng.normal(0, 0.03, 200), 0.01, 0.99)
    size = np.full(200, 2000)
    count = rng.binomial(size, share)
    plain, wide = p_chart(count, size, base=100), p_chart(count, size, base=100, widen=True)
    assert plain.overdispersion == 1 and wide.overdispersion > 2
    assert len(plain.signals) > 60 > 10 > len(wide.signals)


def in_control(kind: str, rng: np.random.Generator) -> Any:
    """A chart of pure chance; its limits come from so many periods that they are nearly known."""
    if kind == "xmr":
        return xmr(rng.standard_normal(1000), base=800)
    size = rng.integers(2000, 4000, 1000)
    if kind == "p":
        return p_chart(rng.binomial(size, 0.3), size, base=800)
    return u_chart(rng.poisson(0.3 * size), size, base=800)


#: The rate of each rule on normal chance, by calculation.
RATES = {
    "outside": 2 * norm.sf(3),
    "run": 2 * 0.5**8,
    "near": 2 * norm.sf(1.5) * binom.sf(1, 3, norm.sf(1.5)),
    "range": 2 * norm.sf(3.268 * 2 / np.sqrt(np.pi) / np.sqrt(2)),
}


@pytest.mark.parametrize("kind", ["xmr", "p", "u"])
def test_false_alarms_come_at_the_published_rate(kind: str) -> None:
    """0.27 % beyond three sigma (Montgomery 2013, section 5.3), 1 in 128 for a run of eight."""
    rng = np.random.default_rng(9)
    found: Counter[str] = Counter()
    periods = 0
    for _ in range(120):
        table = in_control(kind, rng).table
        later = table[~table["base"]]
        found.update(later["signal"])
        periods += len(later)
    assert RATES["outside"] == pytest.approx(0.0027, abs=1e-4)
    for rule in ("outside", "run", "near"):
        rate = found[RULES[rule]] / periods
        # A rule is named only when none before it speaks; runs come in clusters.
        assert rate == pytest.approx(RATES[rule], rel=0.5 if rule == "near" else 0.35), rule
    if kind == "xmr":
        assert found[RULES["range"]] / periods == pytest.approx(RATES["range"], rel=0.25)


@pytest.mark.parametrize(
    ("counts", "sizes", "message"),
    [
        ([1, 2, 3], [9, 9, 9], "cannot set limits"),
        ([1, 2, 3, 4, 10], [9, 9, 9, 9, 9], "outside its size"),
        ([1, 2, 3, 4, 5], [9, 9, 9, 9, 0], "outside its size"),
        ([1, 2, 3, 4, np.nan], [9] * 5, "rows of numbers"),
    ],
)
def test_what_cannot_be_charted_is_refused(counts: Any, sizes: Any, message: str) -> None:
    with pytest.raises(GoalError, match=message):
        p_chart(counts, sizes)


@pytest.mark.parametrize("make", [p_chart, u_chart])
def test_the_picture_rings_the_signals(make: Callable[..., Any]) -> None:
    chart = make([10, 8, 12, 9, 11, 60], [100] * 6, base=5)
    ax = chart.plot(Figure().subplots())
    (ringed,) = [line for line in ax.get_lines() if line.get_fillstyle() == "none"]
    assert ringed.get_ydata().tolist() == [0.6]
    assert chart.estimates()["signals"].value == 1
    mean = chart.estimates()["mean"]
    assert (mean.value, mean.low, mean.high) == (chart.mean, chart.low, chart.high)


# --- values (XmR) ------------------------------------------------------------------------------


def test_limits_of_values_by_hand() -> None:
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


def test_three_of_four_are_counted_over_four_values_and_no_more() -> None:
    base = [100] * 20  # mean 1, a standard error of 0.1: 120 lies two of them above
    apart = u_chart([*base, 120, 100, 120, 100, 120], [100] * 25, base=20)
    close = u_chart([*base, 120, 120, 100, 120], [100] * 24, base=20)
    assert apart.signals.empty
    assert close.table["signal"].iloc[-1] == RULES["near"]


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


def test_the_picture_of_values_rings_the_signals() -> None:
    ax = xmr([10, 12, 11, 13, 9, 12, 19], base=6).plot(Figure().subplots())
    ringed = [line for line in ax.get_lines() if line.get_fillstyle() == "none"]
    assert len(ringed) == 1 and ringed[0].get_ydata().tolist() == [19]


def test_phases_have_limits_of_their_own_and_runs_do_not_reach_across() -> None:
    rng = np.random.default_rng(5)
    values = np.r_[rng.normal(10, 1, 20), rng.normal(16, 1, 20), rng.normal(12, 1, 3)]

    def chart(first: int, last: int, base: int):
        return xmr(values[first:last], list(range(first, last)), base=base)

    one = chart(0, 43, 20)
    assert len(one.signals) >= 18  # the new way of working is one long signal
    phased, short = in_phases(chart, [20, 40], 43, 20)
    assert short == [40] and len(phased.table) == 43
    assert phased.table["phase"].tolist() == [0] * 20 + [1] * 23
    second = phased.table[phased.table["phase"] == 1]
    assert second["mean"].iloc[0] == pytest.approx(values[20:32].mean())
    # what sets the limits of a phase is its first year; the last three have fallen below them
    assert second["base"].sum() == 12 and (second["signal"] != "").iloc[-3:].any()
    alike, none = in_phases(chart, [], 43, 20)
    assert none == [] and alike.table["signal"].tolist() == one.table["signal"].tolist()
    ax = phased.plot()
    assert len(ax.collections) == 2  # a band a phase


def test_a_goal_names_the_days_from_which_its_process_was_another() -> None:
    given = {"name": "fast", "title": "Fast", "indicator": "response_hours", "target": 10,
             "baseline": {"value": 20, "date": "2025-01-01"}, "deadline": "2026-01-01",
             "direction": "down"}  # fmt: skip
    assert len(Goal.model_validate({**given, "phases": ["2025-03-01", "2025-06-01"]}).phases) == 2
    for wrong in (["2024-12-01"], ["2025-06-01", "2025-03-01"]):
        with pytest.raises(ValidationError, match="one after another"):
            Goal.model_validate({**given, "phases": wrong})
