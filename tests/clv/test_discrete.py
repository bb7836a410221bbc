"""BG/BB: customers who can buy once a period."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.clv import (
    BetaGeometric,
    BetaGeometricBetaBinomial,
    GammaGamma,
    bootstrap_parameters,
    customer_value,
)
from workbench.clv.models.beta_binomial import BetaBinomial
from workbench.errors import DataError

TRUE = np.array([1.2, 0.75, 0.66, 2.78])


def drawn(seed: int, customers: int, theta: np.ndarray = TRUE) -> BetaGeometricBetaBinomial:
    rng = np.random.default_rng(seed)
    n = rng.integers(4, 11, customers).astype(float)
    return BetaGeometricBetaBinomial(*BetaGeometricBetaBinomial.draw(theta, n, rng), n, unit="year")


@pytest.fixture(scope="module")
def model() -> BetaGeometricBetaBinomial:
    return drawn(3, 20_000)


@pytest.mark.parametrize("law", [BetaGeometricBetaBinomial, BetaBinomial])
def test_gradient_and_hessian_are_those_of_the_likelihood(
    law: type[BetaGeometricBetaBinomial], model: BetaGeometricBetaBinomial
) -> None:
    evaluate = law.likelihood(model.rows)
    theta = 1.3 * TRUE[: len(law.names)]
    _, gradient, hessian = evaluate(theta)
    for k in range(theta.size):
        step = np.zeros(theta.size)
        step[k] = 1e-5
        up, down = evaluate(theta + step), evaluate(theta - step)
        assert gradient[k] == pytest.approx((up[0] - down[0]) / 2e-5, rel=1e-6, abs=1e-3)
        assert hessian[k] == pytest.approx((up[1] - down[1]) / 2e-5, rel=1e-5, abs=1e-2)


def test_the_likelihood_of_all_histories_sums_to_one() -> None:
    n = 5
    rows = BetaGeometricBetaBinomial(
        *np.array([[bin(h).count("1"), h.bit_length(), n] for h in range(2**n)], dtype=float).T
    ).rows
    total = 0.0
    for i in range(rows.x.size):
        one = BetaGeometricBetaBinomial([rows.x[i]], [rows.t_x[i]], [rows.T[i]])
        total += rows.n[i] * np.exp(BetaGeometricBetaBinomial.likelihood(one.rows)(TRUE)[0])
    assert total == pytest.approx(1.0)


def test_known_parameters_are_found(model: BetaGeometricBetaBinomial) -> None:
    fit = model.fit()
    limits = fit.conf_int(0.999).to_numpy()
    assert fit.verdict == "converged"
    assert ((limits[:, 0] < TRUE) & (limits[:, 1] > TRUE)).all()


def study(replications: int) -> tuple[np.ndarray, np.ndarray]:
    """Ratios of estimate to truth at 2,000 customers, and whether the intervals cover."""
    covered, ratio = np.zeros((replications, 4)), np.zeros((replications, 4))
    for i in range(replications):
        fit = drawn(5000 + i, 2000).fit()
        limits = fit.conf_int().to_numpy()
        covered[i] = (limits[:, 0] <= TRUE) & (limits[:, 1] >= TRUE)
        ratio[i] = fit.params / TRUE
    return ratio, covered


@pytest.mark.long
def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    ratio, covered = study(100)
    # three standard errors of a share of 100 about 95 percent
    assert (covered.mean(axis=0) > 0.88).all()
    assert np.median(ratio, axis=0) == pytest.approx(np.ones(4), abs=0.05)


@pytest.mark.slow
def test_bias_is_below_two_percent_and_coverage_is_nominal_at_two_thousand_customers() -> None:
    ratio, covered = study(400)
    assert np.median(ratio, axis=0) == pytest.approx(np.ones(4), abs=0.02)
    assert ((covered.mean(axis=0) >= 0.925) & (covered.mean(axis=0) <= 0.98)).all()


def test_predictions_are_what_simulated_customers_do() -> None:
    rng = np.random.default_rng(8)
    p, leave = rng.beta(*TRUE[:2], 400_000), rng.beta(*TRUE[2:], 400_000)
    lasts = rng.geometric(leave) - 1  # periods in which one is still there
    bought = (rng.random((400_000, 10)) < p[:, None]) & (np.arange(10) < lasts[:, None])
    past, future = bought[:, :6], bought[:, 6:]
    last = np.where(past.any(axis=1), 6 - np.argmax(past[:, ::-1], axis=1), 0)
    fit = drawn(3, 500).fit()
    fit.phi = np.log(TRUE)
    for x, t_x in ((0, 0), (2, 3), (3, 4), (5, 6)):
        alike = (past.sum(axis=1) == x) & (last == t_x)
        share = 4 / np.sqrt(alike.sum())
        assert fit.p_alive(x, t_x, 6).estimate[0] == pytest.approx(
            (lasts[alike] > 6).mean(), abs=0.5 * share
        )
        came = future[alike].sum(axis=1)
        assert fit.expected_purchases(4, x, t_x, 6).estimate[0] == pytest.approx(
            came.mean(), abs=1.6 * share
        )
        assert fit.probability_none(4, x, t_x, 6).estimate[0] == pytest.approx(
            (came == 0).mean(), abs=0.5 * share
        )


def test_a_customers_prediction_does_not_hang_on_who_stands_beside_it() -> None:
    fit = drawn(3, 500).fit()
    x, t_x, n = np.array([[0, 0, 6], [2, 3, 6], [5, 6, 6], [1, 1, 9]]).T
    for predict in (fit.p_alive, lambda *row: fit.expected_purchases(4, *row)):
        alone = [predict(*row).estimate[0] for row in zip(x, t_x, n, strict=True)]
        assert predict(x, t_x, n).estimate == pytest.approx(alone)


def test_the_mass_function_sums_to_one_and_to_the_expectation(
    model: BetaGeometricBetaBinomial,
) -> None:
    k = np.arange(13)
    for fit in (model.fit(), BetaBinomial(*_columns(model)).fit()):
        for customer in ((0, 0, 0), (2, 3, 6), (6, 6, 6)):
            mass = fit.pmf(k, 12, *customer).estimate
            assert mass.sum() == pytest.approx(1)
            assert mass @ k == pytest.approx(fit.expected_purchases(12, *customer).estimate[0])
            none = fit.probability_none(12, *customer).estimate[0]
            assert mass[0] == pytest.approx(none)


def _columns(model: BetaGeometricBetaBinomial) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return tuple(c[model.rows.inverse] for c in (model.rows.x, model.rows.t_x, model.rows.T))


def test_discounting_is_a_sum_over_periods(model: BetaGeometricBetaBinomial) -> None:
    fit = model.fit()
    path = fit.expected_purchases(np.arange(0.0, 400.0), 3, 4, 6).estimate
    by_sum = (np.diff(path) / 1.1 ** np.arange(1, 400)).sum()
    assert fit.dert(0.10, 3, 4, 6).estimate[0] == pytest.approx(by_sum, rel=1e-9)
    three = (np.diff(path)[:3] / 1.1 ** np.arange(1, 4)).sum()
    assert fit.dert(0.10, 3, 4, 6, horizon=3).estimate[0] == pytest.approx(three)


def test_no_dropout_falls_back_to_the_beta_binomial() -> None:
    fit = drawn(5, 3000, np.array([2.0, 3.0, 1e-6, 1.0])).fit()
    if fit.verdict == "no_dropout":
        assert (fit.p_alive().estimate == 1).all()
    else:
        assert fit.finding.values["p"] > 0.05
    always = BetaGeometricBetaBinomial([4.0, 2, 3, 1] * 50, [5.0] * 200, [5.0] * 200, unit="year")
    fit = always.fit()
    assert fit.verdict == "no_dropout" and not fit.trusted
    assert np.isfinite(fit.dert(0.1).estimate).all()


def test_value_carries_through_with_the_bootstrap() -> None:
    model = drawn(6, 1500)
    x, _, _ = _columns(model)
    spend = GammaGamma(x, np.random.default_rng(1).gamma(5, 4, x.size)).fit()
    fit = model.fit()
    draws = bootstrap_parameters(fit, spend, rng=np.random.default_rng(2), draws=20)
    value = customer_value(fit, spend, discount_rate=0.1, horizon=5, draws=draws)
    assert value.total.low < value.total.value < value.total.high


def test_what_is_no_count_of_periods_is_refused() -> None:
    with pytest.raises(DataError, match="row 1: recency is not a whole number"):
        BetaGeometricBetaBinomial([1, 1], [2, 2.5], [6, 6])
    with pytest.raises(DataError, match="row 0: age is not a whole number"):
        BetaGeometricBetaBinomial([1, 1], [2, 2], [6.5, 6])
    with pytest.raises(DataError, match="row 1: frequency is greater than recency"):
        BetaGeometricBetaBinomial([1, 3], [2, 2], [6, 6])
    fit = drawn(3, 500).fit()
    with pytest.raises(DataError, match="t is not a whole number"):
        fit.expected_purchases(1.5)
    with pytest.raises(DataError, match="recency is not a whole number"):
        fit.p_alive(1, 1.5, 6)


def test_a_frame_may_call_its_periods_opportunities() -> None:
    frame = pd.DataFrame(
        {"frequency": [0, 1, 2], "recency": [0, 2, 3], "opportunities": [4, 4, 4], "n": [5, 2, 3]}
    )
    assert BetaGeometricBetaBinomial.from_frame(frame).rows.customers == 10
    with pytest.raises(DataError, match="no column age"):
        BetaGeometric.from_frame(frame)
