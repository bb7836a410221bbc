"""Intervals with few clusters: the wild bootstrap against a plain one, and what suits when."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from workbench.impact import difference_in_differences
from workbench.impact.designs.differences.clusters import cut_by_unit, demean, panel_slope
from workbench.impact.designs.differences.difference_in_differences import _suited
from workbench.impact.designs.differences.randomisation import permutation, wild_bootstrap


def plain_bootstrap(panel, tau: float, samples: np.ndarray) -> float:
    """Fit every sample of restricted residuals anew, with CR1 t-statistics."""
    g = len(panel.units)
    row, d = np.arange(g), np.outer(panel.treated, panel.after).astype(float)
    w = panel.weight
    x = demean(d, w, row)

    def t(y):
        e = demean(y, w, row)
        beta = (w * x * e).sum() / (w * x * x).sum()
        scores = (w * x * (e - beta * x)).sum(axis=1)
        return beta, (beta - tau) / np.sqrt((scores**2).sum())

    seen = abs(t(np.nan_to_num(panel.outcome))[1])
    restricted = demean(np.nan_to_num(panel.outcome) - tau * d, w, row)
    found = []
    for v in samples:
        # what the fixed effects add cancels in the slope
        y = tau * d + v[:, None] * restricted
        found.append(abs(t(y)[1]) >= seen * (1 - 1e-9))
    return float(np.mean(found))


@pytest.mark.parametrize("holes", [False, True])
def test_the_wild_bootstrap_is_that_of_refitting_every_sample(make_panel, rng, holes) -> None:
    panel = make_panel(rng, units=6, treated=3, effect=1.0)
    if holes:
        gone = rng.random(panel.weight.shape) < 0.1
        panel.weight[gone], panel.outcome[gone] = 0, np.nan
    row = np.arange(6)
    clusters = cut_by_unit(panel_slope(panel, row), panel.weight, row)
    # two-point weights of six clusters: all 64 samples
    signs = np.array([[1 if i >> k & 1 else -1 for k in range(6)] for i in range(64)], dtype=float)
    _, _, p = wild_bootstrap(clusters, level=0.95, weights="rademacher")
    assert p == pytest.approx(plain_bootstrap(panel, 0.0, signs), abs=1e-12)
    low, high, _ = wild_bootstrap(clusters, level=0.9, weights="rademacher")
    for limit, inwards in ((low, 1), (high, -1)):
        assert plain_bootstrap(panel, limit + inwards * 1e-6, signs) > 0.1
        assert plain_bootstrap(panel, limit - inwards * 1e-6, signs) <= 0.1


def test_webb_weights_have_mean_zero_and_variance_one() -> None:
    from workbench.impact.designs.differences.randomisation import _weights

    v, listed = _weights(4, "webb", None)
    assert listed and len(v) == 6**4
    assert v.mean() == pytest.approx(0) and v.var() == pytest.approx(1)


def test_the_same_data_give_the_same_wild_interval(make_panel) -> None:
    panel = make_panel(np.random.default_rng(4), units=20, treated=8)
    one, two = (difference_in_differences(panel, inference="wild") for _ in range(2))
    assert (one.low, one.high, one.p) == (two.low, two.high, two.p)
    assert one.low < one.effect < one.high


def test_the_pooled_interval_is_the_two_sample_t_of_the_units_changes(make_panel, rng) -> None:
    from scipy.stats import ttest_ind

    panel = make_panel(rng, units=9, treated=3, effect=1.0)
    change = panel.outcome[:, panel.after].mean(axis=1) - panel.outcome[:, ~panel.after].mean(
        axis=1
    )
    for name, equal in (("pooled", True), ("sides", False)):
        test = ttest_ind(change[panel.treated], change[~panel.treated], equal_var=equal)
        low, high = test.confidence_interval(0.95)
        found = difference_in_differences(panel, inference=name)
        assert (found.low, found.high, found.p) == pytest.approx((low, high, test.pvalue))


def test_the_classical_interval_is_that_of_least_squares(make_panel, long, rng) -> None:
    import statsmodels.formula.api as smf

    panel = make_panel(rng, units=8, treated=3, effect=1.0)
    frame = long(panel).assign(month=lambda t: t["period"].astype(str))
    frame["d"] = (panel.treated[frame["customer_id"]] & (frame["period"] >= panel.start)).astype(
        float
    )
    fit = smf.ols("estimate ~ d + C(customer_id) + C(month)", frame).fit()
    found = difference_in_differences(panel, inference="classical")
    low, high = fit.conf_int().loc["d"]
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-6)


@pytest.mark.parametrize(
    ("units", "smaller", "suited"),
    [
        (6, 2, "pooled"),
        (10, 2, "permutation"),
        (10, 5, "cv3"),
        (5000, 2, "pooled"),
        (5000, 20, "sides"),
        (5000, 500, "cr1"),
    ],
)
def test_the_number_of_units_and_treated_chooses_the_interval(units, smaller, suited) -> None:
    assert _suited(units, smaller) == suited


def test_two_treated_among_many_units_keep_their_coverage(make_panel) -> None:
    # CR1 would cover about 70 %: its degrees of freedom count the comparison units
    rng = np.random.default_rng(3)
    hits, wrong = 0, 0
    for _ in range(150):
        panel = make_panel(rng, units=250, treated=2, effect=0.7, periods=4)
        found = difference_in_differences(panel)
        hits += found.low <= 0.7 <= found.high
        plain = difference_in_differences(panel, inference="cr1")
        wrong += plain.low <= 0.7 <= plain.high
    assert 0.89 <= hits / 150 <= 0.995
    assert wrong / 150 < 0.85


def test_leaving_units_out_of_a_full_panel_is_that_of_refitting(make_panel, rng) -> None:
    from workbench.impact.designs.differences.clusters import jackknife

    panel = make_panel(rng, units=11, treated=4, effect=1.0)
    row = np.arange(11)
    quick = jackknife(panel, row, panel_slope(panel, row))
    panel.weight[0, 0] += 1e-9  # no longer the same everywhere: fitted anew without each unit
    slow = jackknife(panel, row, panel_slope(panel, row))
    assert quick.covariance == pytest.approx(slow.covariance, rel=1e-6)


def test_an_interval_without_limits_has_no_relative_limits(make_panel, rng) -> None:
    # of four units, two treated: six assignments reject nothing at 5 %
    found = difference_in_differences(make_panel(rng, units=4, treated=2), inference="permutation")
    assert np.isinf([found.low, found.high]).all()
    assert np.isnan([found.relative_low, found.relative_high]).all()


@pytest.mark.parametrize("inference", ["cr1", "sides", "cv3", "pooled", "wild", "permutation"])
def test_each_interval_holds_the_one_estimate(make_panel, rng, inference) -> None:
    panel = make_panel(rng, units=10, treated=4, effect=1.0)
    own = difference_in_differences(panel)
    other = difference_in_differences(panel, fixed="unit", inference=inference)
    assert other.effect == pytest.approx(own.effect)
    assert other.low < other.effect < other.high
    assert (other.inference == own.inference) == (inference == "cv3")


def test_units_and_periods_without_records_do_not_spoil_the_others() -> None:
    rng = np.random.default_rng(5)
    x, weight = rng.normal(size=(6, 4)), np.ones((6, 4))
    weight[2], weight[:, 3] = 0, 0
    left = demean(x, weight, np.arange(6))
    whole = demean(np.delete(x, 2, 0)[:, :3], np.ones((5, 3)), np.arange(5))
    assert np.delete(left, 2, 0)[:, :3] == pytest.approx(whole)
    assert not left[2].any() and not left[:, 3].any()


def test_changes_without_any_spread_leave_no_p_value(make_panel, rng) -> None:
    panel = make_panel(rng, units=8, treated=4)
    flat = replace(panel, outcome=np.outer(np.arange(8), np.ones(12)))
    assert permutation(flat, level=0.95)[:2] == (0.0, 0.0)
    assert np.isnan(permutation(flat, level=0.95)[2])
