"""What every purchase model must do, whatever its parameters."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from workbench.clv import (
    NBD,
    BetaGeometric,
    ModifiedBetaGeometric,
    ParetoNBD,
    PurchaseModel,
    PurchaseResults,
)
from workbench.clv.models.prediction import limits
from workbench.errors import DataError

MODELS = [BetaGeometric, ModifiedBetaGeometric, ParetoNBD, NBD]
THETA = {
    BetaGeometric: [0.24, 4.4, 0.8, 2.4],
    ModifiedBetaGeometric: [0.52, 6.2, 0.9, 1.6],
    ParetoNBD: [0.55, 10.6, 0.6, 11.7],
    NBD: [0.4, 12.0],
}
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda m: m.__name__)


@pytest.fixture(scope="module")
def fits(cdnow: pd.DataFrame) -> dict[type[PurchaseModel], PurchaseResults]:
    return {model: model.from_frame(cdnow, unit="week").fit() for model in MODELS}


@every_model
@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_gradient_and_hessian_are_those_of_the_likelihood(
    model: type[PurchaseModel], factor: float, cdnow: pd.DataFrame
) -> None:
    evaluate = model.likelihood(model.from_frame(cdnow).rows)
    theta = factor * np.array(THETA[model])
    _, gradient, hessian = evaluate(theta)
    step = 1e-5 * np.diag(theta)
    up, down = [evaluate(theta + h) for h in step], [evaluate(theta - h) for h in step]
    slopes = [(u[0] - d[0]) / (2e-5 * t) for u, d, t in zip(up, down, theta, strict=True)]
    bends = [(u[1] - d[1]) / (2e-5 * t) for u, d, t in zip(up, down, theta, strict=True)]
    size = np.abs(hessian).max()
    assert gradient == pytest.approx(slopes, rel=1e-5, abs=1e-5 * np.abs(gradient).max())
    assert hessian == pytest.approx(np.array(bends), rel=1e-5, abs=1e-6 * size)
    assert hessian == pytest.approx(hessian.T)


@every_model
@pytest.mark.parametrize("per_unit", [24 * 7.0, 7.0, 7 / 30.4375, 7 / 365.25])
def test_the_unit_of_time_changes_nothing_but_the_unit(
    model: type[PurchaseModel],
    per_unit: float,
    cdnow: pd.DataFrame,
    fits: dict[type[PurchaseModel], PurchaseResults],
) -> None:
    weeks = fits[model]
    other = model(cdnow["frequency"], cdnow["recency"] * per_unit, cdnow["age"] * per_unit).fit()
    scale = np.where(np.array(model.timed) == 1, per_unit, 1.0)
    assert (other.params / scale).tolist() == pytest.approx(weeks.params.tolist(), rel=1e-6)
    assert (other.bse / scale).tolist() == pytest.approx(weeks.bse.tolist(), rel=1e-4)
    assert other.llf + np.log(per_unit) * cdnow["frequency"].sum() == pytest.approx(weeks.llf)
    assert other.expected_purchases(39 * per_unit).total().value == pytest.approx(
        weeks.expected_purchases(39).total().value, rel=1e-6
    )


@every_model
def test_the_mass_function_sums_to_one_and_to_the_expectation(
    model: type[PurchaseModel], fits: dict[type[PurchaseModel], PurchaseResults]
) -> None:
    fit, k = fits[model], np.arange(700)
    for customer in ((0, 0, 0), (3, 20.0, 35.0), (20, 30.0, 31.0)):
        p = fit.pmf(k, 39, *customer).estimate
        assert (p >= 0).all() and p.sum() == pytest.approx(1, abs=1e-8)
        expected = fit.expected_purchases(39, *customer).estimate[0]
        assert p @ k == pytest.approx(expected, rel=1e-6)
        assert p[0] == pytest.approx(fit.probability_none(39, *customer).estimate[0], rel=1e-8)


@pytest.mark.parametrize("model", [BetaGeometric, ModifiedBetaGeometric, ParetoNBD])
def test_who_bought_lately_is_more_likely_to_be_alive(
    model: type[PurchaseModel], fits: dict[type[PurchaseModel], PurchaseResults]
) -> None:
    t_x = np.linspace(1, 38, 30)
    for x in (1, 4, 25):
        alive = fits[model].p_alive(np.full(30, x), t_x, np.full(30, 38.0)).estimate
        assert (np.diff(alive) > 0).all() and alive[0] > 0 and alive[-1] <= 1


@every_model
def test_more_time_means_more_purchases(
    model: type[PurchaseModel], fits: dict[type[PurchaseModel], PurchaseResults]
) -> None:
    t = np.array([0.0, 1.0, 10.0, 52.0, 520.0])
    expected = fits[model].expected_purchases(t, 2, 20.0, 30.0).estimate
    assert expected[0] == 0 and (np.diff(expected) > 0).all()


@every_model
def test_discounting_is_the_integral_over_the_expected_purchases(
    model: type[PurchaseModel],
) -> None:
    theta, rate = np.array(THETA[model]), 0.002
    x, T = np.array([4.0]), np.array([30.0])

    def expected(t: float) -> float:
        return float(model.expected(theta, np.array([t]), x, T)[0])

    for horizon in (52.0, 1500.0):
        # by parts: e^(-rate t) dE = [e^(-rate t) E] + rate * integral of e^(-rate t) E
        inner = quad(lambda t: np.exp(-rate * t) * expected(t), 0, horizon, epsrel=1e-10, limit=200)
        by_parts = np.exp(-rate * horizon) * expected(horizon) + rate * inner[0]
        assert model.discounted(theta, horizon, rate, x, T)[0] == pytest.approx(by_parts, rel=1e-7)


@pytest.mark.parametrize("model", [BetaGeometric, ModifiedBetaGeometric])
@pytest.mark.parametrize("a", [0.05, 0.999999, 1.0, 7.0, 3000.0])
def test_expected_purchases_hold_for_any_dropout(model: type[PurchaseModel], a: float) -> None:
    r, alpha, b, x, T, t = 0.3, 4.0, 2.0, 5.0, 30.0, 39.0
    found = model.expected(np.array([r, alpha, a, b]), np.array([t]), np.array([x]), np.array([T]))[
        0
    ]
    draws = np.random.default_rng(1).beta(a, b + x + model.first, 400_000)
    values = -np.expm1(-(r + x) * np.log1p(draws * t / (alpha + T))) / draws
    assert found == pytest.approx(values.mean(), abs=4 * values.std() / np.sqrt(4e5) + 1e-9)


@settings(max_examples=60, deadline=None)
@given(st.floats(-6, 6), st.floats(-6, 6), st.floats(-6, 6), st.floats(-6, 6), st.integers(0, 2000))
def test_no_parameters_and_no_customer_make_a_number_fail(
    r: float, alpha: float, s: float, beta: float, x: int
) -> None:
    theta = np.exp([r, alpha, s, beta])
    t_x = np.array([0.0, 0.0]) if x == 0 else np.array([1e-3, 29.999])
    frequency, T = np.full(2, float(x)), np.full(2, 30.0)
    for model in (BetaGeometric, ModifiedBetaGeometric, ParetoNBD):
        rows = model(frequency, t_x, T).rows
        value, gradient, hessian = model.likelihood(rows)(theta)
        assert np.isfinite(value) and np.isfinite(gradient).all() and np.isfinite(hessian).all()
        alive = model.alive(theta, frequency, t_x, T)
        assert ((alive >= 0) & (alive <= 1)).all()
        expected = model.expected(theta, np.full(2, 52.0), frequency, T)
        assert np.isfinite(expected).all() and (expected >= -1e-9).all()
        none = model.none(theta, np.full(2, 52.0), frequency, T)
        assert ((none >= 0) & (none <= 1 + 1e-9)).all()


@pytest.mark.parametrize("model", [BetaGeometric, ModifiedBetaGeometric, ParetoNBD])
def test_a_log_without_attrition_is_said_to_have_none(model: type[PurchaseModel]) -> None:
    rng = np.random.default_rng(5)
    T = rng.uniform(30, 80, 1500)
    x, t_x = NBD.draw(np.array([2.0, 6.0]), T, rng)
    fit = model(x, t_x, T, unit="week").fit()
    if fit.verdict == "converged":
        # an inner maximum that gains nothing is no sign of dropout either
        assert fit.finding.values["p"] > 0.05
    else:
        assert fit.verdict == "no_dropout"
        assert (fit.p_alive().estimate == 1).all()
        assert fit.params.iloc[2] == 0 and np.isnan(fit.params.iloc[3])
        nbd = NBD(x, t_x, T, unit="week").fit()
        assert fit.expected_purchases(52).total().value == pytest.approx(
            nbd.expected_purchases(52).total().value
        )


def test_no_dropout_at_all_always_falls_back_to_the_nbd() -> None:
    # everyone has bought on the very last day
    x, T = np.array([1.0, 3, 7, 12, 5, 2] * 50), np.full(300, 40.0)
    fit = BetaGeometric(x, T, T, unit="week").fit()
    assert fit.verdict == "no_dropout" and not fit.trusted
    assert "NBD" in fit.finding.text
    assert np.isfinite(fit.dert(0.1).estimate).all()


def test_equal_customers_are_said_not_to_differ() -> None:
    x, T = np.full(200, 4.0), np.full(200, 40.0)
    fit = NBD(x, T, T).fit()
    assert fit.verdict == "no_heterogeneity"
    assert fit.expected_purchases(10).estimate[0] == pytest.approx(1.0, rel=1e-3)
    assert fit.bse.isna().any()


def test_heavy_buyers_over_years_of_hours_are_no_trouble() -> None:
    rng = np.random.default_rng(6)
    T = rng.uniform(5_000, 26_000, 800)
    x, t_x = ParetoNBD.draw(np.array([0.6, 30.0, 0.6, 9000.0]), T, rng)
    assert x.max() > 1000
    for model in (BetaGeometric, ParetoNBD):
        fit = model(x, t_x, T, unit="hour").fit()
        assert fit.verdict == "converged"
        assert np.isfinite(fit.expected_purchases(8766).estimate).all()


def test_an_annual_rate_needs_a_unit_and_a_fraction(bg: PurchaseResults) -> None:
    nameless = BetaGeometric([1, 0, 3], [2.0, 0, 9.0], [9.0, 9.0, 9.0])
    with pytest.raises(DataError, match="unit of time is unknown"):
        nameless.fit().dert(0.1)
    with pytest.raises(DataError, match="fraction"):
        bg.dert(10)
    with pytest.raises(DataError, match="infinite horizon"):
        bg.dert(0.0)


def test_a_history_must_be_whole(bg: PurchaseResults) -> None:
    with pytest.raises(DataError, match="only part"):
        bg.p_alive(x=2)
    with pytest.raises(DataError, match="t is negative"):
        bg.expected_purchases(-1)


def test_results_read_like_those_of_statsmodels(bg: PurchaseResults) -> None:
    text = str(bg.summary())
    assert "BG/NBD" in text and "week" in text and "-9582.4292" in text
    assert list(bg.params.index) == ["r", "alpha", "a", "b"]
    assert bg.aic == pytest.approx(2 * 4 - 2 * bg.llf)
    assert bg.bic == pytest.approx(4 * np.log(2357) - 2 * bg.llf)
    limits = bg.conf_int()
    assert (limits["low"] < bg.params).all() and (bg.params < limits["high"]).all()
    assert np.sqrt(np.diag(bg.cov_params())) == pytest.approx(bg.bse.to_numpy())


def test_predictions_come_in_the_order_of_the_customers(
    bg: PurchaseResults, cdnow: pd.DataFrame
) -> None:
    own = bg.p_alive()
    given = bg.p_alive(cdnow["frequency"], cdnow["recency"], cdnow["age"])
    assert own.estimate == pytest.approx(given.estimate)
    assert given.table.index.equals(cdnow.index)


def test_a_thinned_start_ends_where_the_full_search_does(monkeypatch: pytest.MonkeyPatch) -> None:
    from workbench.clv.models import purchase

    rng = np.random.default_rng(7)
    T = rng.uniform(5, 60, 9000)
    x, t_x = ParetoNBD.draw(np.array([0.8, 8.0, 0.6, 11.0]), T, rng)
    direct = ParetoNBD(x, t_x, T).fit()
    monkeypatch.setattr(purchase, "SAMPLE_ABOVE", 1000)
    thinned = ParetoNBD(x, t_x, T).fit()
    assert thinned.params.tolist() == pytest.approx(direct.params.tolist(), rel=1e-5)


def test_limits_stay_in_the_range_and_have_no_width_on_its_edge() -> None:
    estimate, se = np.array([0.0, 1.0, 0.2]), np.full(3, 0.1)
    low, high = limits(estimate, se, 1.96, "logit")
    assert low[:2].tolist() == high[:2].tolist() == [0.0, 1.0]
    odds, half = np.log(0.2 / 0.8), 1.96 * 0.1 / (0.2 * 0.8)
    assert low[2] == pytest.approx(1 / (1 + np.exp(half - odds)))
    assert high[2] == pytest.approx(1 / (1 + np.exp(-half - odds)))
    low, high = limits(np.array([0.0, 2.0]), se[:2], 1.96, "log")
    assert (low[0], high[0]) == (0.0, 0.0)
    assert low[1] * high[1] == pytest.approx(4) and high[1] == pytest.approx(2 * np.exp(0.098))
