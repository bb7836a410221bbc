"""What every effect holds: p and interval agree; picture and sizes are those of the data."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from workbench.impact import (
    Adoption,
    CaseError,
    Effect,
    Panel,
    before_after,
    difference_in_differences,
    plain_difference,
    same_baseline,
    staggered_adoption,
    synthetic_difference,
    two_way_fixed_effects,
)
from workbench.impact.effect import gap_table, picture, relative_to_known, t_test

OF_PANELS: dict[str, Callable[..., Effect]] = {
    "cv3": difference_in_differences,
    **{
        how: partial(difference_in_differences, fixed="unit", inference=how)
        for how in ("cr1", "sides", "pooled", "classical")
    },
    "same baseline": same_baseline,
    "paired": partial(before_after, pairs="paired"),
    "unpaired": partial(before_after, pairs="unpaired"),
    "jackknife": partial(synthetic_difference, variance="jackknife"),
    "placebo": partial(synthetic_difference, variance="placebo"),
}
BESIDE_OTHERS = [name for name in OF_PANELS if name not in ("paired", "unpaired")]


@pytest.fixture
def panel(make_panel) -> Panel:
    return make_panel(np.random.default_rng(11), units=24, treated=6, effect=0.5)


def adoption(panel: Panel) -> Adoption:
    """Half of the treated start two periods later."""
    place = int(np.argmax(panel.after))
    late = np.cumsum(panel.treated) % 2 == 0
    first = np.where(panel.treated, place + 2 * late, len(panel.periods))
    ones = np.ones(len(panel.units))
    bare = np.zeros((len(ones), 0))
    return Adoption(panel.outcome, panel.weight, panel.units, panel.periods, first, bare, ones)


def at_the_edge(answer: Callable[..., Effect]) -> float:
    """Nearer end of the interval at the level of one less p, in units of the effect."""
    found = answer(level=0.95)
    assert 1e-4 < found.p < 1
    edge = answer(level=1 - found.p)
    return min(abs(edge.low), abs(edge.high)) / abs(found.effect)


@pytest.mark.parametrize("name", OF_PANELS)
def test_an_interval_at_the_level_of_one_less_p_ends_at_no_effect(panel: Panel, name: str) -> None:
    assert at_the_edge(partial(OF_PANELS[name], panel)) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("answer", [staggered_adoption, two_way_fixed_effects])
def test_that_holds_for_several_starts_too(panel: Panel, answer) -> None:
    assert at_the_edge(partial(answer, adoption(panel))) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("name", OF_PANELS)
def test_what_would_have_been_is_what_was_less_the_effect(panel: Panel, name: str) -> None:
    found = OF_PANELS[name](panel)
    after, own = panel.after, panel.outcome[panel.treated]
    assert found.counterfactual == pytest.approx(own[:, after].mean() - found.effect)
    assert found.relative == pytest.approx(found.effect / found.counterfactual)
    assert found.relative_low < found.relative < found.relative_high
    assert found.n_treated == 6 or name == "unpaired"
    assert (found.n_before, found.n_after, found.start) == (6, 6, panel.start)
    assert found.series["observed"].to_numpy() == pytest.approx(own.mean(axis=0))
    assert found.series["after"].tolist() == after.tolist()
    assert found.series["period"].tolist() == panel.periods.tolist()


@pytest.mark.parametrize("name", BESIDE_OTHERS)
def test_the_picture_averages_to_the_effect_and_has_a_band_after_the_start(
    panel: Panel, name: str
) -> None:
    found = OF_PANELS[name](panel)
    s, g, after = found.series, found.gaps, panel.after
    assert found.n_units == 24
    gap = (s["observed"] - s["counterfactual"])[after]
    assert gap.mean() == pytest.approx(found.effect)
    assert s.loc[~after, ["low", "high"]].isna().all(axis=None)
    band = s.loc[after]
    assert (band["low"] < band["counterfactual"]).all()
    assert (band["high"] - band["counterfactual"]).to_numpy() == pytest.approx(
        (band["counterfactual"] - band["low"]).to_numpy()
    )
    assert (g["low"] <= g["estimate"])[after].all() and (g["high"] >= g["estimate"])[after].all()


def test_a_plain_difference_of_one_is_that_of_all_others(make_panel) -> None:
    panel = make_panel(np.random.default_rng(12), units=30, treated=1, effect=1.0)
    found = plain_difference(panel)
    change = panel.outcome[:, panel.after].mean(axis=1) - panel.outcome[:, ~panel.after].mean(
        axis=1
    )
    own = panel.treated
    assert found.effect == pytest.approx(float(change[own][0] - change[~own].mean()))
    assert found.counterfactual == pytest.approx(
        float(panel.outcome[own][:, panel.after].mean()) - found.effect
    )
    assert (found.n_units, found.n_treated, found.n_before, found.n_after) == (30, 1, 6, 6)
    assert found.gaps["estimate"][panel.after].mean() == pytest.approx(found.effect)
    assert found.gaps["low"].isna().tolist() == (~panel.after).tolist()


def test_a_picture_has_its_band_from_the_start_on() -> None:
    after = np.array([False, True, True])
    periods = pd.Index(["a", "b", "c"])
    drawn = picture(periods, after, np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.5, 2.0]), 0.25)
    assert drawn["low"].tolist()[1:] == [1.25, 1.75] and drawn["high"].tolist()[1:] == [1.75, 2.25]
    assert np.isnan(drawn["low"][0]) and np.isnan(drawn["high"][0])
    table = gap_table(periods, after, np.array([0.0, 0.5, 1.0]), 0.25)
    assert table["low"].tolist()[1:] == [0.25, 0.75] and table["high"].tolist()[1:] == [0.75, 1.25]
    assert np.isnan(table["low"][0]) and np.isnan(table["high"][0])


def test_students_t_of_an_effect() -> None:
    assert t_test(-2.0, 1.0, 7) == pytest.approx(2 * stats.t.sf(2, 7))
    assert t_test(2.0, 1.0, np.inf) == pytest.approx(2 * stats.norm.sf(2))
    assert np.isnan(t_test(1.0, 0.0, 7))


def test_relative_limits_take_what_was_seen_as_known() -> None:
    assert relative_to_known(-2.0, -5.0, 1.0, 8.0) == pytest.approx((-0.2, -5 / 13, 1 / 7))
    # what cannot be negative loses less than all of it, however wide the interval
    low = relative_to_known(-2.0, -1e6, 1.0, 8.0)[1]
    assert -1 < low < -0.999
    # a limit beyond what was seen would be over a base below zero
    assert np.isnan(relative_to_known(2.0, -1.0, 9.0, 8.0)).all(), "a share without an end is none"
    assert np.isnan(relative_to_known(8.0, 7.0, 9.0, 8.0)).all(), "there was nothing before"
    assert np.isnan(relative_to_known(8.0 - 1e-15, 7.0, 9.0, 8.0)).all(), "and rounding is nothing"


@pytest.mark.parametrize("ends", [(2.0, 2.0), (2.0 - 1e-13, 2.0 + 1e-13), (np.nan, 3.0)])
def test_zero_variance_is_no_certainty(ends) -> None:
    with pytest.raises(CaseError, match=r"varies by chance|so few data"):
        Effect.of("d", 2.0, *ends, 0.0, mean=5.0, relative=(0.4, 0.4, 0.4))
