"""Plans: closed forms agree with published numbers, with peers and with simulated studies."""

from __future__ import annotations

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from statsmodels.stats.power import TTestIndPower, TTestPower

from workbench.impact import (
    CaseError,
    difference_in_differences,
    interrupted_series,
    plan_panel,
    plan_series,
    plan_units,
    same_baseline,
    units_needed,
)
from workbench.impact.power import (
    ADJUSTED,
    AFTER,
    CHANGE,
    OWN_CHANGE,
    detectable,
    power_of,
)


def test_a_lot_among_customers_needs_what_cohen_printed() -> None:
    # Cohen (1988), table 2.4.1: d = .5, power .80, two-sided .05: 64 a group
    assert units_needed(0.5, AFTER, sd=1.0) == pytest.approx(128, abs=2)


@pytest.mark.parametrize(("n", "d"), [(20, 0.8), (64, 0.5), (400, 0.1)])
def test_the_chance_is_that_of_statsmodels(n: int, d: float) -> None:
    own = plan_units(AFTER, sd=1.0, n_treated=n, n_other=n)
    assert own.chance(d) == pytest.approx(TTestIndPower().power(d, n, 0.05), abs=1e-6)
    paired = plan_units(OWN_CHANGE, sd=1.0, n_treated=n)
    assert paired.chance(d * np.sqrt(2)) == pytest.approx(TTestPower().power(d, n, 0.05), abs=1e-6)


def test_the_detectable_effect_is_seen_with_the_chance_asked_for() -> None:
    for df in (4.0, 30.0, 5000.0):
        found = detectable(0.3, df, power=0.9)
        assert power_of(found, 0.3, df) == pytest.approx(0.9, abs=1e-8)


def test_the_baseline_helps_as_frison_and_pocock_say() -> None:
    # one before, one after, correlation .7: change .6, covariance .51 of the variance of the
    # time after alone
    plans = {
        each: plan_units(each, sd=1, n_treated=50, n_other=50, correlation=0.7).se ** 2
        for each in (AFTER, CHANGE, ADJUSTED)
    }
    alone = plans[AFTER]
    assert plans[CHANGE] / alone == pytest.approx(0.6)
    assert plans[ADJUSTED] / alone == pytest.approx(0.51)


def test_clusters_cost_their_design_effect() -> None:
    options = {"sd": 1.0, "n_treated": 12, "n_other": 12}
    one = plan_units(AFTER, cluster=50, icc=0.0, **options).se
    many = plan_units(AFTER, cluster=50, icc=0.05, **options).se
    assert (many / one) ** 2 == pytest.approx(1 + 49 * 0.05)


@pytest.mark.parametrize("compared", [CHANGE, ADJUSTED])
def test_simulated_comparisons_are_seen_as_often_as_planned(compared: str, make_panel) -> None:
    estimate = {CHANGE: difference_in_differences, ADJUSTED: same_baseline}[compared]
    rng = np.random.default_rng(8)
    plans, seen = [], 0
    effect = 0.9
    for _ in range(50):
        panel = make_panel(rng, units=60, treated=30, periods=12, effect=effect, phi=0.0)
        plans.append(plan_panel(panel)[compared].chance(effect))
        seen += estimate(panel).clear
    # planned from 6 periods before, of which 3 stand for the 6 after: the plan is on the safe side
    assert 0.3 < np.mean(plans) < 0.999
    assert np.mean(plans) - 0.15 <= seen / 50


def test_simulated_comparisons_match_the_closed_form(make_panel) -> None:
    # units of spread 3, noise 1 a period: correlation 9/10, sd sqrt(10)
    rng = np.random.default_rng(9)
    plan = plan_units(
        CHANGE, sd=np.sqrt(10), correlation=0.9, before=6, after=6,
        n_treated=20, n_other=20,
    )  # fmt: skip
    effect = plan.detectable
    seen = sum(
        difference_in_differences(
            make_panel(rng, units=40, treated=20, periods=12, effect=effect, phi=0.0)
        ).clear
        for _ in range(100)
    )
    assert seen / 100 == pytest.approx(0.8, abs=0.12), "three standard errors"


@pytest.mark.parametrize("phi", [0.0, 0.5])
def test_simulated_series_are_seen_as_often_as_planned(phi: float) -> None:
    rng = np.random.default_rng(4)
    chances, seen, n = [], 0, 48
    effect = 2.0
    for _ in range(60):
        e = np.zeros(n)
        e[0] = rng.normal() / np.sqrt(1 - phi**2)
        for k in range(1, n):
            e[k] = phi * e[k - 1] + rng.normal()
        after = np.arange(n) >= 24
        chances.append(plan_series(e[:24], after=24).chance(effect))
        seen += interrupted_series(e + effect * after, after=after).clear
    assert np.mean(chances) == pytest.approx(seen / 60, abs=0.17)


def test_a_longer_wait_sees_smaller_effects() -> None:
    y = np.random.default_rng(2).normal(10, 1, 36)
    mde = [plan_series(y, after=n).detectable for n in (8, 12, 24)]
    assert mde[0] > mde[1] > mde[2]


def test_a_claim_that_could_not_be_seen_is_told() -> None:
    plan = plan_units(AFTER, sd=40, n_treated=30, n_other=30, base=20.0)
    assert plan.chance_of_claim(0.2) < 0.1
    assert plan.relative > 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"sd": 0.0, "n_treated": 5, "n_other": 5}, "leaves nothing to plan"),
        ({"sd": 1.0, "n_treated": 1, "n_other": 5}, "cannot be compared"),
        ({"sd": 1.0, "n_treated": 5, "n_other": 5, "correlation": 1.2}, "impossible"),
        ({"sd": 1.0, "n_treated": 5, "n_other": 5, "power": 1.0}, "cannot be planned"),
    ],
)
def test_plans_that_make_no_sense_are_refused(options: dict, said: str) -> None:
    with pytest.raises(CaseError, match=said):
        plan_units(AFTER, **options).detectable  # noqa: B018


def test_an_unknown_design_and_a_short_past_are_refused() -> None:
    with pytest.raises(CaseError, match="no comparison of units"):
        plan_units("wish", sd=1, n_treated=5, n_other=5)
    with pytest.raises(CaseError, match="16 are needed"):
        plan_series(np.arange(10.0), after=12)
    with pytest.raises(CaseError, match="too few for any judgement"):
        plan_series(np.random.default_rng(1).normal(size=40), after=5)


def test_the_picture_of_a_plan_rises_to_certainty() -> None:
    figure, ax = plt.subplots()
    plan_units(AFTER, sd=1, n_treated=50, n_other=50, base=4.0).plot(ax=ax)
    chance = ax.lines[0].get_ydata()
    assert chance[0] == pytest.approx(5, abs=0.1) and chance[-1] > 99
    plt.close(figure)
