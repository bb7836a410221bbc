"""Gamma-Gamma: gradients, verdicts and the means it expects."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.clv import GammaGamma
from workbench.clv.models.gamma_gamma import GammaGammaResults


def draw(p: float, q: float, gamma: float, n: int, rng: np.random.Generator) -> tuple:
    x = rng.geometric(0.3, n).astype(float)
    rate = rng.gamma(q, 1 / gamma, n)
    return x, rng.gamma(p * x, 1 / rate) / x


def test_gradient_and_hessian_are_those_of_the_likelihood(cdnow: pd.DataFrame) -> None:
    evaluate = GammaGamma.from_frame(cdnow).likelihood(30.0)
    theta = np.array([5.0, 3.0, 0.6])
    _, gradient, hessian = evaluate(theta)
    for k in range(3):
        step = np.zeros(3)
        step[k] = 1e-5 * theta[k]
        up, down = evaluate(theta + step), evaluate(theta - step)
        assert gradient[k] == pytest.approx((up[0] - down[0]) / (2 * step[k]), rel=1e-5)
        assert hessian[k] == pytest.approx((up[1] - down[1]) / (2 * step[k]), rel=1e-5)


def test_the_currency_changes_nothing_but_the_scale(
    cdnow: pd.DataFrame, spend: GammaGammaResults
) -> None:
    cents = GammaGamma(cdnow["frequency"], cdnow["mean_spend"] * 100).fit()
    assert (cents.params / spend.params).tolist() == pytest.approx([1, 1, 100], rel=1e-6)
    assert cents.mean.value == pytest.approx(100 * spend.mean.value, rel=1e-7)


def test_known_parameters_are_found_again() -> None:
    x, z = draw(6.0, 4.0, 15.0, 20_000, np.random.default_rng(1))
    fit = GammaGamma(x, z).fit()
    limits = fit.conf_int(0.999)
    assert ((limits["low"] < [6, 4, 15]) & (limits["high"] > [6, 4, 15])).all()


def test_one_time_buyers_are_expected_to_spend_the_mean(
    cdnow: pd.DataFrame, spend: GammaGammaResults
) -> None:
    p, q, gamma = spend.params
    once = (cdnow["frequency"] == 0).to_numpy()
    assert spend.expected_spend().estimate[once] == pytest.approx(p * gamma / (q - 1))


def test_more_purchases_move_the_expectation_towards_the_own_mean(
    spend: GammaGammaResults,
) -> None:
    expected = spend.expected_spend([1, 5, 50, 5000], [80.0] * 4).estimate
    assert (np.diff(expected) > 0).all() and expected[-1] == pytest.approx(80, rel=1e-3)


def test_independent_spend_passes_and_dependent_spend_is_named() -> None:
    rng = np.random.default_rng(2)
    x, z = draw(6.0, 4.0, 15.0, 4000, rng)
    assert GammaGamma(x, z).fit().verdict == "converged"
    verdict = GammaGamma(x, z * np.sqrt(x)).fit().finding
    assert verdict.verdict == "dependent" and "biased" in verdict.text


def test_spend_without_a_mean_is_named() -> None:
    x, z = draw(2.0, 0.7, 15.0, 4000, np.random.default_rng(3))
    fit = GammaGamma(x, z).fit()
    assert fit.verdict == "heavy_tail" and "no finite mean" in fit.finding.text
    assert np.isinf(fit.mean.value)


def test_equal_spend_is_named() -> None:
    fit = GammaGamma(np.full(50, 3.0), np.full(50, 20.0)).fit()
    assert fit.verdict == "no_heterogeneity"
    assert fit.expected_spend().estimate == pytest.approx(20, rel=1e-3)
