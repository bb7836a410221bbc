"""Estimates without the bias of maximum likelihood: where they lie, and where they are refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from workbench.clv import (
    NBD,
    BetaDiscreteWeibull,
    BetaGeometric,
    BetaGeometricBetaBinomial,
    CovariateModel,
    GammaGamma,
    ModifiedBetaGeometric,
    ParetoNBD,
    PurchaseResults,
    ShiftedBetaGeometric,
)
from workbench.clv.models.beta_binomial import BetaBinomial
from workbench.clv.models.bias import AT_THE_EDGE, OUT_OF_REACH, TAKEN_OUT
from workbench.clv.models.fitted import Fitted

SURVIVORS = [500, 400, 340, 300, 275, 255, 240]


def spending(seed: int) -> GammaGamma:
    rng = np.random.default_rng(seed)
    x = rng.geometric(0.4, 300).astype(float)
    return GammaGamma(x, rng.gamma(6 * x, 1 / rng.gamma(4, 1 / 15, 300)) / x)


def fits(cdnow: pd.DataFrame) -> dict[str, Fitted]:
    """Give one fit of each kind."""
    rng = np.random.default_rng(4)
    some = cdnow.iloc[::2]
    bought = BetaGeometricBetaBinomial.draw(
        np.array([1.2, 0.75, 0.66, 2.78]), np.full(900, 8.0), rng
    )
    known = {
        "purchase": pd.DataFrame({"half": np.arange(len(some)) % 2}).astype(float),
        "dropout": pd.DataFrame({"third": np.arange(len(some)) % 3}).astype(float),
    }
    return {
        **{
            law.title: law.from_frame(some, unit="week").fit()
            for law in (BetaGeometric, ModifiedBetaGeometric, ParetoNBD, NBD)
        },
        "BG/BB": BetaGeometricBetaBinomial(*bought, np.full(900, 8.0)).fit(),
        "Beta-binomial": BetaBinomial(*bought, np.full(900, 8.0)).fit(),
        "sBG": ShiftedBetaGeometric.from_cohort(SURVIVORS).fit(),
        "BdW": BetaDiscreteWeibull.from_cohort(SURVIVORS).fit(),
        "Gamma-Gamma": spending(5).fit(),
        "covariates": CovariateModel(ParetoNBD.from_frame(some), **known).fit(),
    }


@pytest.fixture(scope="module")
def fitted(cdnow: pd.DataFrame) -> dict[str, Fitted]:
    return fits(cdnow)


NAMES = (
    "BG/NBD",
    "MBG/NBD",
    "Pareto/NBD",
    "NBD",
    "BG/BB",
    "Beta-binomial",
    "sBG",
    "BdW",
    "Gamma-Gamma",
    "covariates",
)


def slope(of: Callable[[np.ndarray], float], at: np.ndarray) -> np.ndarray:
    steps = 1e-5 * np.eye(at.size)
    return np.array([(of(at + d) - of(at - d)) / 2e-5 for d in steps])


@pytest.mark.parametrize("name", NAMES)
def test_the_corrected_estimate_solves_the_adjusted_equation(
    fitted: dict[str, Fitted], name: str
) -> None:
    fit = fitted[name]
    corrected, scoring = fit.bias_corrected(), fit.scoring()
    assert corrected.bias.message == TAKEN_OUT
    # the maximum of the penalised likelihood, by differences of its value alone
    gradient = slope(lambda phi: scoring.evaluate(phi)[0] + scoring.penalty(phi), corrected.phi)
    size = np.sqrt(np.diag(scoring.information(fit.phi)[1]))
    assert np.abs(gradient / size).max() < 2e-3
    assert (np.abs(slope(lambda phi: scoring.penalty(phi), fit.phi) / size)).max() > 2e-3


@pytest.mark.parametrize("name", NAMES)
def test_scores_are_those_of_the_likelihood(fitted: dict[str, Fitted], name: str) -> None:
    # where the model holds, their outer products sum to about the information
    scoring = fitted[name].scoring()
    phi = fitted[name].phi
    products, information = scoring.score_products(phi), scoring.information(phi)[1]
    share = np.diag(products) / np.diag(information)
    assert ((share > 0.4) & (share < 2.5)).all()
    assert np.linalg.eigvalsh(products)[0] > 0


def test_the_result_is_of_the_same_kind_and_says_what_was_done(bg: PurchaseResults) -> None:
    corrected = bg.bias_corrected()
    assert isinstance(corrected, PurchaseResults)
    # the parameters of dropout come down, and the published fit stays what it was
    assert (corrected.params < bg.params).all()
    assert corrected.params["b"] == pytest.approx(2.3103, abs=1e-3)
    assert bg.params["b"] == pytest.approx(2.4259, abs=1e-4)
    assert bg.llf - 0.1 < corrected.llf < bg.llf
    assert (corrected.bse / corrected.params).tolist() == pytest.approx(
        (bg.bse / bg.params).tolist()
    )
    limits = corrected.conf_int()
    assert ((limits["low"] < corrected.params) & (corrected.params < limits["high"])).all()
    assert "bias" in corrected.bias.text and "0.168" in corrected.bias.text
    assert "bias" in str(corrected.summary()) and "bias" not in str(bg.summary())
    purchases = corrected.expected_purchases(39).total()
    assert purchases.value == pytest.approx(bg.expected_purchases(39).total().value, rel=0.02)
    assert purchases.value != bg.expected_purchases(39).total().value


def test_counts_are_so_many_customers() -> None:
    rng = np.random.default_rng(8)
    T = rng.integers(20, 60, 400).astype(float)
    x, t_x = BetaGeometric.draw(np.array([0.8, 6.0, 1.2, 4.0]), T, rng)
    one = BetaGeometric(x, t_x, T, np.full(400, 3.0)).fit().bias_corrected()
    many = BetaGeometric(*(np.repeat(v, 3) for v in (x, t_x, T))).fit().bias_corrected()
    assert one.params.tolist() == pytest.approx(many.params.tolist(), rel=1e-5)
    # with three times the customers about a third of the correction is left
    alone = BetaGeometric(x, t_x, T).fit()
    moved = np.abs(alone.bias_corrected().phi - alone.phi).max()
    assert 0.2 * moved < np.abs(one.phi - alone.phi).max() < 0.6 * moved


def test_the_unit_of_time_changes_nothing(cdnow: pd.DataFrame) -> None:
    weeks = BetaGeometric.from_frame(cdnow, unit="week").fit().bias_corrected()
    days = cdnow.assign(recency=7 * cdnow["recency"], age=7 * cdnow["age"])
    found = BetaGeometric.from_frame(days, unit="day").fit().bias_corrected()
    assert (found.params / weeks.params).tolist() == pytest.approx([1, 7, 1, 1], rel=1e-4)


def test_without_dropout_nothing_is_corrected_and_it_says_so() -> None:
    rng = np.random.default_rng(2)
    T = rng.integers(20, 60, 600).astype(float)
    x, t_x = NBD.draw(np.array([2.0, 4.0]), T, rng)
    for law in (BetaGeometric, ParetoNBD):
        fit = law(x, t_x, T).fit()
        assert fit.verdict == "no_dropout"
        corrected = fit.bias_corrected()
        assert corrected.bias.message == AT_THE_EDGE
        assert corrected.verdict == "no_dropout"
        assert corrected.phi.tolist() == fit.phi.tolist()
        assert (corrected.p_alive().estimate == 1).all()


@pytest.mark.long
def test_a_handful_of_customers_never_breaks_it() -> None:
    notes = set()
    for seed in range(12):
        rng = np.random.default_rng(seed)
        T = rng.integers(10, 40, 40).astype(float)
        x, t_x = BetaGeometric.draw(np.array([0.8, 6.0, 1.2, 4.0]), T, rng)
        fit = BetaGeometric(x, t_x, T).fit()
        corrected = fit.bias_corrected()
        notes.add(corrected.bias.message)
        assert np.isfinite(corrected.params.dropna()).all()
        if corrected.bias.message != TAKEN_OUT:
            assert corrected.phi.tolist() == fit.phi.tolist()
    assert notes <= {TAKEN_OUT, AT_THE_EDGE, OUT_OF_REACH} and len(notes) > 1
