"""A glance is computed as a glance would, and labelled as such."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from workbench.impact import CaseError, before_after, series_glance


def test_pairs_have_the_paired_t_interval(make_panel, rng) -> None:
    panel = make_panel(rng, units=30, treated=15, effect=1.0)
    pre = panel.outcome[panel.treated][:, ~panel.after].mean(axis=1)
    post = panel.outcome[panel.treated][:, panel.after].mean(axis=1)
    test = stats.ttest_rel(post, pre)
    found = before_after(panel)
    assert (found.low, found.high) == pytest.approx(tuple(test.confidence_interval()))
    assert found.p == pytest.approx(test.pvalue)


def test_two_samples_have_welchs_interval(make_panel, rng) -> None:
    panel = make_panel(rng, units=30, treated=15)
    pre = panel.outcome[panel.treated][:, ~panel.after].mean(axis=1)
    post = panel.outcome[panel.treated][:, panel.after].mean(axis=1)
    test = stats.ttest_ind(post, pre, equal_var=False)
    found = before_after(panel, pairs="unpaired")
    assert (found.low, found.high) == pytest.approx(tuple(test.confidence_interval()))


def test_only_as_many_periods_before_as_asked_for_count(make_panel, rng) -> None:
    panel = make_panel(rng)
    panel.outcome[:, 0] += 100
    assert before_after(panel, window=3).effect == pytest.approx(
        before_after(panel, window=5).effect, abs=2
    )
    assert before_after(panel, window=6).effect < -10


def test_a_trend_fools_the_glance(make_panel, rng) -> None:
    panel = make_panel(rng, units=200, treated=100)
    panel.outcome[:] += 0.5 * np.arange(12)
    found = before_after(panel)
    assert found.low > 2, "there is no effect at all"


def test_one_treated_unit_cannot_be_paired(make_panel, rng) -> None:
    with pytest.raises(CaseError, match="1 treated units"):
        before_after(make_panel(rng, treated=1), pairs="paired")


def test_a_series_is_compared_with_as_many_points_as_asked_for() -> None:
    values = np.r_[np.zeros(12), np.ones(6)] + np.tile([0.1, -0.1], 9)
    found = series_glance(values, np.arange(18) >= 12, window=12)
    assert found.effect == pytest.approx(1) and found.n_before == 12


def test_a_unit_with_few_records_on_either_side_counts_for_little(make_panel, rng) -> None:
    panel = make_panel(rng, units=20, treated=10, effect=1.0)
    weight = np.where(panel.after, 1.0, rng.integers(1, 9, size=(20, 1)))
    uneven = replace(panel, weight=weight)
    own = panel.treated
    change = panel.outcome[own][:, panel.after].mean(axis=1)
    change = change - panel.outcome[own][:, ~panel.after].mean(axis=1)
    before, after = weight[own][:, ~panel.after].sum(axis=1), 6.0
    share = 1 / (1 / before + 1 / after)
    found = before_after(uneven)
    assert found.effect == pytest.approx(np.average(change, weights=share))
    share = share / share.sum()
    se = np.sqrt(10 / 9 * share**2 @ (change - found.effect) ** 2)
    assert found.high - found.effect == pytest.approx(stats.t.ppf(0.975, 9) * se)


def test_units_seen_at_both_times_are_paired_where_they_are_most(make_panel, rng) -> None:
    panel = make_panel(rng, units=20, treated=10)
    for unseen, words in ((4, "paired t"), (5, "Welch's t")):
        weight = panel.weight.copy()
        gone = np.flatnonzero(panel.treated)[:unseen]
        weight[gone, 6:] = 0
        found = before_after(replace(panel, weight=weight))
        assert found.inference == words, f"{unseen} of 10 were not seen after"
