"""The return to the mean: known in size, taken out, and named in the glance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from tests.impact.cards import case_of
from workbench.impact import (
    CaseError,
    Situation,
    before_after,
    corrected_before_after,
    panel_without_return,
    reliability,
)
from workbench.impact.designs.return_to_mean import RETURN_TO_MEAN, Return, return_check


def measured(rng, n: int, rho: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Three measurements of reliability rho, without any change."""
    lasting = np.sqrt(rho) * rng.normal(size=n)
    return tuple(lasting + np.sqrt(1 - rho) * rng.normal(size=n) for _ in range(3))


@pytest.mark.parametrize("rho", [0.5, 0.7, 0.9])
@pytest.mark.parametrize("worst", [False, True])
def test_the_corrected_change_holds_its_interval(rho: float, worst: bool) -> None:
    # the grid of pre/post cells: reliability .5, .7, .9, no selection or the bottom quarter
    rng = np.random.default_rng(int(10 * rho) + worst)
    hits, fooled = 0, 0
    for _ in range(300):
        first, second, third = measured(rng, 200, rho)
        chosen = second <= np.quantile(second, 0.25) if worst else rng.random(200) < 0.25
        found = corrected_before_after(
            second[chosen], third[chosen] + 0.5, reliability(first, second), chosen=chosen
        )
        hits += found.low <= 0.5 <= found.high
        change = third[chosen] + 0.5 - second[chosen]
        half = 2.01 * change.std(ddof=1) / np.sqrt(chosen.sum())
        fooled += abs(change.mean() - 0.5) > half
    assert 0.91 <= hits / 300 <= 0.985
    assert bool(fooled > 60) is worst, "the plain paired t fails where the worst were chosen"


def test_the_error_of_the_return_goes_with_that_of_the_chosen() -> None:
    # Where values last, a unit that was low by accident before is low in both: its error enters
    # the reliability and the mean of the chosen alike. The interval must be that of both together.
    rng = np.random.default_rng(31)
    errors, joint, apart = [], [], []
    for _ in range(1500):
        first, second, third = measured(rng, 200, 0.9)
        chosen = second <= np.quantile(second, 0.25)
        returning = reliability(first, second)
        found = corrected_before_after(second[chosen], third[chosen], returning, chosen=chosen)
        errors.append(found.effect)
        joint.append(found.high - found.low)
        loose = corrected_before_after(second[chosen], third[chosen], returning)
        apart.append(loose.high - loose.low)
    true = 2 * 2.01 * np.std(errors)  # t with 49 degrees of freedom
    assert np.mean(joint) == pytest.approx(true, rel=0.05)
    assert np.mean(apart) < 0.96 * true, "as if apart, too short"


def test_marks_that_do_not_fit_the_chosen_are_refused() -> None:
    first, second, third = measured(np.random.default_rng(3), 40, 0.7)
    with pytest.raises(CaseError, match="39 of 40 units are marked as chosen, for 10 values"):
        corrected_before_after(
            second[:10], third[:10], reliability(first, second), chosen=np.arange(40) > 0
        )


def test_the_expected_return_is_that_of_the_bivariate_normal() -> None:
    # Barnett, van der Pols, Dobson (2005), equation 1: below a cut-off at z, the return is
    # sd (1 - rho) phi(z) / Phi(z)
    rng = np.random.default_rng(1)
    first, second, _ = measured(rng, 200_000, 0.6)
    returning = reliability(first, second)
    chosen = second <= np.quantile(second, 0.25)
    z = -0.6745
    density = np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
    assert returning.expected(second[chosen]).mean() == pytest.approx(
        0.4 * density / 0.25, abs=0.01
    )
    assert returning.reliability == pytest.approx(0.6, abs=4 * returning.se)


def test_the_reliability_is_the_slope_of_one_time_on_the_other_wherever_the_mean_lies() -> None:
    rng = np.random.default_rng(6)
    first, second, _ = measured(rng, 60, 0.6)
    first, second = 50 + first, 70 + second
    first[[3, 8]], second[20] = np.nan, np.nan
    seen = np.isfinite(first + second)
    fit = sm.OLS(second[seen], sm.add_constant(first[seen])).fit(cov_type="HC1")
    found = reliability(first, second)
    assert found.reliability == pytest.approx(fit.params[1])
    assert found.se == pytest.approx(fit.bse[1])
    assert found.mean == pytest.approx(second[seen].mean()) and found.n == 57


@pytest.mark.parametrize(
    ("treated", "other", "selected_on", "reason"),
    [
        (2, 8, "sales", ""),
        (2, 7, "sales", "too few units to learn how far values return"),
        (1, 9, "sales", "too few units to learn how far values return"),
        (2, 8, "nps", "not chosen by its own level"),
    ],
)
def test_it_serves_those_chosen_by_their_own_level_where_ten_were_seen_twice(
    treated: int, other: int, selected_on: str, reason: str
) -> None:
    case = case_of("c", "2025-01-01", "worst", selected_on=selected_on)
    situation = Situation(case, "sales", n_treated=treated, n_other=other)
    assert RETURN_TO_MEAN.lacks(situation) == reason


def test_the_share_of_the_glance_is_told() -> None:
    rng = np.random.default_rng(2)
    first, second, third = measured(rng, 400, 0.5)
    chosen = second <= np.quantile(second, 0.25)
    found = corrected_before_after(second[chosen], third[chosen], reliability(first, second))
    assert found.checks[0].severity == "note" and "by itself" in found.checks[0].text
    calm = corrected_before_after(second, third + 1, reliability(first, second))
    assert calm.checks[0].severity == "ok"


def test_a_panel_of_the_worst_is_corrected(make_panel) -> None:
    # two years of 6 periods before, one after; each year has a part of its own that does not last
    rng = np.random.default_rng(3)
    hits, glances = 0, 0
    for _ in range(100):
        panel = make_panel(rng, units=120, treated=30, periods=12, phi=0.0)
        y = 10 + 3 * rng.normal(size=(120, 1)) + rng.normal(size=(120, 18))
        y += 3 * np.repeat(rng.normal(size=(120, 3)), 6, axis=1)
        worst = np.argsort(y[:, 6:12].mean(axis=1))[:30]
        chosen = type(panel)(
            y, np.ones_like(y), panel.units, pd.date_range("2024-01-01", periods=18, freq="MS"),
            np.isin(np.arange(120), worst), np.arange(18) >= 12, panel.eligible, panel.start,
        )  # fmt: skip
        found = panel_without_return(chosen, year=6)
        hits += found.low <= 0 <= found.high
        glances += before_after(chosen, window=6).clear
    assert hits >= 88, "95 % less three standard errors"
    assert glances > 75, "a glance is fooled"
    assert len(found.series) == 18


def test_what_cannot_be_known_is_refused(make_panel) -> None:
    with pytest.raises(CaseError, match="3 units were seen at two times"):
        reliability([1, 2, 3], [2, 1, 3])
    with pytest.raises(CaseError, match="all units had the same value"):
        reliability(np.ones(20), np.arange(20.0))
    with pytest.raises(CaseError, match="1 chosen units"):
        corrected_before_after([1.0], [2.0], reliability(np.arange(20.0), np.arange(20.0)))
    with pytest.raises(CaseError, match="2 periods before the start"):
        panel_without_return(make_panel(np.random.default_rng(1), periods=4), year=12)


@pytest.mark.parametrize(
    ("after", "said"),
    [
        # half of the distance from the mean of 10 comes back by itself: 3 from 4
        (8.0, "about {share} percent would have come by itself"),
        (6.9, "The whole before/after change would have come by itself"),
        (20.0, "Little of the before/after change"),
    ],
)
def test_the_share_that_comes_by_itself_is_said_as_far_as_it_is_one(
    after: float, said: str
) -> None:
    found = return_check(np.array([4.0]), np.array([after]), Return(0.5, 0.1, 10.0, 50))
    assert said in found.message
    assert found.values.get("share", 75) == 75
