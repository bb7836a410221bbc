"""What a point of retention or margin is worth; cohorts of contracts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from workbench.clv import (
    NBD,
    BetaDiscreteWeibull,
    BetaGeometric,
    ModifiedBetaGeometric,
    ParetoNBD,
    PurchaseModel,
    PurchaseResults,
    ShiftedBetaGeometric,
    bootstrap_parameters,
    by_cohort,
    contract_periods,
    customer_value,
    sensitivity,
)
from workbench.clv.models.gamma_gamma import GammaGammaResults
from workbench.errors import DataError

HIGH_END = [1000, 869, 743, 653, 593, 551, 517, 491]


@pytest.mark.parametrize("law", [BetaGeometric, ModifiedBetaGeometric, ParetoNBD])
def test_who_lasts_is_what_simulated_customers_do(law: type[PurchaseModel]) -> None:
    # of customers without a repeat purchase that are new: alive after t, by the same draws as x
    theta, n, t = np.array([0.8, 6.0, 1.2, 4.0]), 200_000, 30.0
    lasts = law.lasting(theta, t, np.zeros(1), np.zeros(1))[0]
    # P(alive at t) = E over histories up to t of P(alive | history), once first chances are past
    x, t_x = law.draw(theta, np.full(n, t), np.random.default_rng(1))
    alive = law.alive(theta, x, t_x, np.full(n, t))
    start = law.alive(theta, np.zeros(1), np.zeros(1), np.zeros(1))[0]
    assert lasts * start == pytest.approx(alive.mean(), abs=4 * alive.std() / np.sqrt(n))


@pytest.mark.parametrize("law", [BetaGeometric, ParetoNBD])
def test_a_factor_scales_every_expected_dropout(law: type[PurchaseModel]) -> None:
    theta, x, T = np.array([0.8, 6.0, 1.2, 4.0]), np.array([0.0, 3.0]), np.array([10.0, 20.0])
    soon = 1e-4
    left = 1 - law.lasting(theta, soon, x, T)
    fewer = 1 - law.lasting(law.with_dropout(theta, 0.9), soon, x, T)
    assert fewer == pytest.approx(0.9 * left, rel=1e-3)


@pytest.mark.long
def test_a_point_of_retention_and_of_margin_have_a_price(
    bg: PurchaseResults, spend: GammaGammaResults
) -> None:
    value = customer_value(bg, spend, discount_rate=0.1, horizon=104, margin=0.4)
    found = sensitivity(value)
    retention, margin = found.table.to_dict("records")
    assert margin["estimate"] == pytest.approx(value.total.value / 40)
    # by hand: make dropout a little smaller, and see what that does to value and retention
    better = bg.process.with_dropout(np.exp(bg.phi), 0.95)
    rows = bg.model.rows
    one = rows.inverse
    alive = bg.process.alive(np.exp(bg.phi), rows.x, rows.t_x, rows.T)[one]
    later = [
        bg.process.discounted(theta, 104.0, np.log(1.1) / (365.25 / 7), rows.x, rows.T)[one]
        for theta in (np.exp(bg.phi), better)
    ]
    gain = (alive * (later[1] - later[0]) * spend.expected_spend().estimate).sum() * 0.4
    stay = [
        alive @ bg.process.lasting(theta, 365.25 / 7, rows.x, rows.T)[one] / alive.sum()
        for theta in (np.exp(bg.phi), better)
    ]
    assert retention["estimate"] == pytest.approx(gain / (stay[1] - stay[0]) / 100)
    assert found.retention.value == pytest.approx(stay[0])
    assert retention["low"] < retention["estimate"] < retention["high"]
    draws = bootstrap_parameters(bg, spend, rng=np.random.default_rng(3), draws=60)
    robust = sensitivity(replace(value, draws=draws)).table
    assert robust["estimate"].tolist() == pytest.approx(found.table["estimate"].tolist())
    assert (robust["low"] < robust["estimate"]).all()
    assert set(found.estimates()) == {"retention_now", "retention", "margin"}


def test_without_dropout_there_is_no_retention_to_improve(
    cdnow: pd.DataFrame, spend: GammaGammaResults
) -> None:
    nbd = NBD.from_frame(cdnow, unit="week").fit()
    value = customer_value(nbd, spend, discount_rate=0.1, horizon=52)
    with pytest.raises(DataError, match="nobody leaves"):
        sensitivity(value)


@pytest.mark.parametrize("law", [ShiftedBetaGeometric, BetaDiscreteWeibull])
def test_a_point_of_contract_retention_is_the_gain_over_the_gain(
    law: type[ShiftedBetaGeometric],
) -> None:
    fit = law.from_cohort(HIGH_END, unit="year").fit()
    made, fees = np.array([1.0, 1, 2, 6]), np.array([10.0, 20, 30, 40])
    found = fit.value_of_a_point(0.1, made, fees).iloc[0]
    theta = fit.params.to_numpy()
    better = np.array([0.95 * theta[0], theta[1] + 0.05 * theta[0], *theta[2:]])
    gain = fees @ (law.residual(better, made, 0.1) - law.residual(theta, made, 0.1))
    stay = [
        np.exp(law.log_survival(p, made + 1) - law.log_survival(p, made)).mean()
        for p in (theta, better)
    ]
    assert found["estimate"] == pytest.approx(gain / (stay[1] - stay[0]) / 100)
    assert found["retention"] == pytest.approx(stay[0])
    assert found["low"] < found["estimate"] < found["high"]


def test_cohorts_are_fitted_one_by_one() -> None:
    rng = np.random.default_rng(4)
    start = pd.Series(
        pd.to_datetime("2022-01-01") + pd.to_timedelta(rng.integers(0, 1000, 6000), "D")
    )
    better = start.dt.year >= 2023
    months = rng.geometric(np.where(better, rng.beta(1, 30, 6000), rng.beta(1, 10, 6000)))
    end = start + pd.to_timedelta(np.minimum(months, 500) * 30.4, "D")
    held = contract_periods(start, end, as_of="2024-12-31", unit="month")
    found = by_cohort(held, start.dt.year.loc[held.index])
    assert found.table["cohort"].tolist() == ["2022", "2023", "2024"]
    assert found.table["n"].sum() == len(held)
    first, second = found.table["estimate"].iloc[:2]
    assert second > first + 0.1
    # the fit agrees with what was seen of the cohort
    seen = found.fits["2022"].observed()[12]
    assert found.table["estimate"].iloc[0] == pytest.approx(seen, abs=0.03)
    assert found.plot().get_ylabel() == "Share still customers"
    renewals = found.fits["2022"].renewal(24)
    assert (
        renewals["observed"].notna().sum() >= 12 and renewals["retention"].is_monotonic_increasing
    )
    with pytest.raises(DataError, match="no cohort"):
        by_cohort(held.assign(ended=False), start.dt.year.loc[held.index])
