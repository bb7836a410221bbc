"""One treated unit: plain differences beside a mixture, and what could have been seen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.impact import (
    CaseError,
    Panel,
    plain_difference,
    plan_one,
    read_panel,
    synthetic_control,
)

YEARS = pd.date_range("1990-01-01", periods=24, freq="YS")


def made(rng: np.random.Generator, *, effect: float = 0.0, units: int = 25, after: int = 4):
    """Units with loads on two common courses; the first is treated in the last years."""
    common = np.cumsum(rng.normal(size=(2, 24)), axis=1)
    y = 50 + rng.dirichlet([1, 1, 1], units)[:, :2] @ common + 0.5 * rng.normal(size=(units, 24))
    later = np.arange(24) >= 24 - after
    y[0, later] += effect
    treated = np.arange(units) == 0
    return Panel(
        y, np.ones_like(y), pd.Index([f"C{i}" for i in range(units)]), YEARS, treated, later,
        np.ones(units, dtype=bool), YEARS[24 - after],
    )  # fmt: skip


def test_the_effect_is_the_change_less_the_mean_change_of_the_others() -> None:
    panel = made(np.random.default_rng(1), effect=3.0)
    y, after = panel.outcome, panel.after
    change = y[:, after].mean(axis=1) - y[:, ~after].mean(axis=1)
    found = plain_difference(panel)
    assert found.effect == pytest.approx(change[0] - change[1:].mean())
    assert found.low < found.effect < found.high
    assert found.relative == pytest.approx(found.effect / (y[0, after].mean() - found.effect))


def test_on_null_data_its_interval_excludes_zero_as_rarely_as_it_says() -> None:
    # nominal 5 %; 100 worlds: at most eleven with the chance .99
    clear = [plain_difference(made(np.random.default_rng(seed))).clear for seed in range(100)]
    assert sum(clear) <= 11


def test_two_treated_or_too_few_others_are_refused() -> None:
    few = made(np.random.default_rng(1), units=12)
    with pytest.raises(CaseError, match="only 11 comparison units"):
        plain_difference(few)
    panel = made(np.random.default_rng(1))
    with pytest.raises(CaseError, match="2 treated units were seen"):
        plain_difference(Panel(**(vars(panel) | {"treated": np.arange(25) < 2})))


def test_the_plan_sees_effects_of_its_size_in_four_worlds_of_five() -> None:
    # the plan of each world is held against the same world with such an effect put in
    seen, se, error = [], [], []
    for seed in range(60):
        panel = made(np.random.default_rng(100 + seed))
        (plan,) = plan_one(panel).values()
        se.append(plan.se)
        y = panel.outcome.copy()
        y[0, panel.after] += plan.detectable
        found = synthetic_control(Panel(**(vars(panel) | {"outcome": y})))
        error.append(found.effect - plan.detectable)
        seen.append(found.clear)
    assert 0.6 <= np.mean(seen) <= 0.95
    assert np.mean(se) == pytest.approx(np.std(error), rel=0.4)


def test_the_plan_does_not_look_at_the_time_after_the_start() -> None:
    panel = made(np.random.default_rng(3))
    wild = panel.outcome.copy()
    wild[:, panel.after] *= 100
    other = Panel(**(vars(panel) | {"outcome": wild}))
    assert plan_one(panel)["synthetic control"] == plan_one(other)["synthetic control"]
    assert plan_one(made(np.random.default_rng(3), units=6)) == {}


def test_one_of_seventeen_on_trending_series_has_an_interval_around_its_estimate() -> None:
    # one of 17 on trending series, as West Germany among the OECD: it falls behind its own course
    rng = np.random.default_rng(4)
    n, t, later = 17, 30, np.arange(30) >= 18
    slope = np.linspace(0.8, 1.6, n)
    slope[0] = 1.3
    y = 10 + np.outer(slope, np.arange(t) * 1.04 ** np.arange(t)) + 0.1 * rng.normal(size=(n, t))
    y[0] -= np.where(later, 1.5 * (np.arange(t) - 17), 0)
    years = pd.date_range("1960-01-01", periods=t, freq="YS")
    panel = Panel(
        y, np.ones_like(y), pd.Index([f"C{i}" for i in range(n)]), years, np.arange(n) == 0, later,
        np.ones(n, dtype=bool), years[18],
    )  # fmt: skip
    found = synthetic_control(panel)
    assert found.low < found.effect < found.high < 0
    assert found.rank_p == pytest.approx(1 / 17)
    # asked for, other times of the series: they do not stand for one another where units trend
    other = synthetic_control(panel, inference="conformal")
    assert other.low <= other.effect <= other.high
    if np.isinf(other.low):
        assert other.p >= 1 / 17 and np.isnan([other.relative_low, other.relative_high]).all()
    else:
        assert other.inference.startswith("conformal")


def test_years_that_a_gap_made_decimals_are_years() -> None:
    frame = pd.DataFrame(
        [(u, float(y), 1.0 * y + u) for u in range(3) for y in range(2000, 2006)],
        columns=["unit", "period", "estimate"],
    )
    panel = read_panel(frame, {0: True}, start="2003-01-01", unit="unit")
    assert (panel.n_before, panel.n_after) == (3, 3)
