"""Contracts: periods, the shifted beta-geometric model, what is left of a customer's time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from workbench.clv import ShiftedBetaGeometric, contract_periods, contract_value
from workbench.errors import DataError

REGULAR = [1000, 631, 468, 382, 326, 289, 262, 241]


def test_gradient_and_hessian_are_those_of_the_likelihood() -> None:
    evaluate = ShiftedBetaGeometric.from_cohort(REGULAR).likelihood()
    theta = np.array([0.9, 1.7])
    _, gradient, hessian = evaluate(theta)
    for k in range(2):
        step = np.zeros(2)
        step[k] = 1e-6
        up, down = evaluate(theta + step), evaluate(theta - step)
        assert gradient[k] == pytest.approx((up[0] - down[0]) / 2e-6, rel=1e-6)
        assert hessian[k] == pytest.approx((up[1] - down[1]) / 2e-6, rel=1e-6)


def test_a_cohort_and_its_contracts_give_the_same_fit() -> None:
    lost = -np.diff(REGULAR)
    duration = np.concatenate([np.repeat(np.arange(1, 8), lost), np.full(241, 7)])
    ended = np.concatenate([np.ones(lost.sum(), bool), np.zeros(241, bool)])
    one = ShiftedBetaGeometric.from_cohort(REGULAR).fit()
    two = ShiftedBetaGeometric(duration, ended).fit()
    assert two.params.tolist() == pytest.approx(one.params.tolist())
    assert two.observed() == pytest.approx(np.array(REGULAR) / 1000)


def test_known_parameters_are_found_from_staggered_starts() -> None:
    rng = np.random.default_rng(1)
    leaves_in = rng.geometric(rng.beta(0.9, 8.0, 20_000))
    followed = rng.integers(3, 36, 20_000)
    ended = leaves_in <= followed
    fit = ShiftedBetaGeometric(np.where(ended, leaves_in, followed), ended, unit="month").fit()
    limits = fit.conf_int(0.999)
    assert ((limits["low"] < [0.9, 8.0]) & (limits["high"] > [0.9, 8.0])).all()


def test_survival_is_the_product_of_retention() -> None:
    fit = ShiftedBetaGeometric.from_cohort(REGULAR).fit()
    steps = fit.retention(np.arange(1, 11)).estimate
    assert fit.survival(np.arange(1, 11)).estimate == pytest.approx(np.cumprod(steps))
    assert (np.diff(steps) > 0).all()


def test_residual_lifetime_is_the_discounted_sum_of_survival() -> None:
    fit = ShiftedBetaGeometric.from_cohort(REGULAR, unit="year").fit()
    alive = fit.survival(np.arange(0, 4000)).estimate
    made = 3
    by_sum = (alive[made + 1 :] / alive[made] / 1.1 ** np.arange(alive.size - made - 1)).sum()
    assert fit.derl(0.10, made).estimate[0] == pytest.approx(by_sum, rel=1e-6)
    whole = (alive / 1.1 ** np.arange(alive.size)).sum()
    assert fit.lifetime(0.10).estimate[0] == pytest.approx(whole, rel=1e-6)


def test_contracts_are_counted_in_calendar_months() -> None:
    start = pd.Series(pd.to_datetime(["2024-01-31", "2024-01-31", "2024-02-10", "2024-03-05"]))
    end = pd.Series(pd.to_datetime(["2024-02-28", None, "2024-02-20", None]))
    found = contract_periods(start, end, as_of="2024-04-30", unit="month")
    assert found["duration"].tolist() == [1, 3, 1, 1]
    assert found["ended"].tolist() == [True, False, True, False]


def test_who_left_in_a_period_that_is_not_over_is_no_evidence_yet() -> None:
    start = pd.Series(pd.to_datetime(["2024-01-10", "2024-01-10"]))
    end = pd.Series(pd.to_datetime(["2024-04-15", "2024-03-15"]))
    found = contract_periods(start, end, as_of="2024-04-30", unit="month")
    assert found["ended"].tolist() == [False, True]
    assert found["duration"].tolist() == [3, 3]
    assert found["running"].tolist() == [False, False]


def test_unusable_contracts_are_refused() -> None:
    day = pd.Timestamp("2024-01-01")
    with pytest.raises(DataError, match="row 0: end lies before start"):
        contract_periods(
            pd.Series([day]), pd.Series([day - pd.Timedelta(days=1)]), as_of="2024-05-01"
        )
    with pytest.raises(DataError, match="no contract has ended"):
        ShiftedBetaGeometric([3, 4], [False, False]).fit()
    with pytest.raises(DataError, match="one period only"):
        ShiftedBetaGeometric([1, 1], [True, False]).fit()
    with pytest.raises(DataError, match="row 2: survivors rises"):
        ShiftedBetaGeometric.from_cohort([100, 80, 90])
    with pytest.raises(DataError, match="row 0: duration is zero for a customer who left"):
        ShiftedBetaGeometric([0, 1], [True, False])


def test_the_curve_stops_where_few_are_followed() -> None:
    fit = ShiftedBetaGeometric.from_cohort(REGULAR).fit()
    curve = fit.curve(12)
    assert curve["observed"].notna().sum() == 8
    assert fit.plot().get_ylabel() == "Share still customers"


def test_what_was_observed_has_intervals_too() -> None:
    fit = ShiftedBetaGeometric.from_cohort(REGULAR).fit()
    curve, steps = fit.curve(9), fit.renewal(9)
    # without censoring Greenwood's variance is that of a share: .631 of 1,000
    z = 1.959964 * np.sqrt(0.631 * 0.369 / 1000) / (0.631 * np.log(0.631))
    limits = sorted(0.631 ** np.exp([z, -z]))
    assert curve.loc[1, ["observed_low", "observed_high"]].tolist() == pytest.approx(limits)
    assert curve.loc[0, ["observed_low", "observed", "observed_high"]].tolist() == [1, 1, 1]
    assert curve["observed_low"].isna().sum() == curve["observed"].isna().sum() == 2
    assert (curve["retention_low"] < curve["retention"])[1:].all()
    known = steps.dropna()
    assert len(known) == 7 and (known["observed_low"] < known["observed"]).all()
    # 382 of 468 renewed a third time: Wilson's limits
    n, p, q = 468, 382 / 468, 1.959964**2
    half = np.sqrt(q * (p * (1 - p) / n + q / (4 * n**2))) / (1 + q / n)
    assert steps.loc[2, "observed_low"] == pytest.approx((p + q / (2 * n)) / (1 + q / n) - half)


def test_shares_of_contracts_and_the_year_to_come_have_intervals() -> None:
    fit = ShiftedBetaGeometric.from_cohort(REGULAR, unit="year").fit()
    point = fit.value_of_a_point(0.1, [0, 1, 2], [10.0, 10.0, 20.0]).iloc[0]
    assert point["retention_low"] < point["retention"] < point["retention_high"]
    made, fees = np.array([0, 1, 2, 5]), np.array([10.0, 10.0, 20.0, 5.0])
    shares = contract_value(fit, made, fees, discount_rate=0.1).by(["a", "a", "b", "c"])
    assert shares["share"].sum() == pytest.approx(1)
    assert (
        (shares["share_low"] < shares["share"]) & (shares["share"] < shares["share_high"])
    ).all()
    free = contract_value(fit, made, 0 * fees, discount_rate=0.1).by(["a", "a", "b", "c"])
    assert free["share"].isna().all()


def test_the_curve_of_retention_goes_as_far_again_as_was_seen() -> None:
    fit = ShiftedBetaGeometric.from_cohort(REGULAR, unit="year").fit()
    for asked, periods in ((None, 14), (5, 5)):
        ax = fit.plot_retention(Figure().subplots(), periods=asked)
        expected, seen = ax.get_lines()
        assert expected.get_xdata().tolist() == list(range(1, periods + 1))
        assert expected.get_ydata() == pytest.approx(
            fit.retention(np.arange(1, periods + 1)).estimate
        )
        observed = np.array(REGULAR[1:]) / REGULAR[:-1]
        assert seen.get_ydata()[:7] == pytest.approx(observed[:periods])
