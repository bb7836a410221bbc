"""Contracts with covariates: published cohorts as one fit, recovery, predictions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.clv import BetaDiscreteWeibull, ContractCovariates, ShiftedBetaGeometric
from workbench.errors import DataError

YEARS, GONE = [*range(1, 8), 7], [True] * 7 + [False]
REGULAR = [369, 163, 86, 56, 37, 27, 21, 241]
HIGH_END = [131, 126, 90, 60, 42, 34, 26, 491]


def both(changing: bool = False) -> ContractCovariates:
    z = pd.DataFrame({"high_end": [0.0] * 8 + [1.0] * 8})
    return ContractCovariates(YEARS * 2, GONE * 2, z, REGULAR + HIGH_END, changing=changing)


def test_two_published_cohorts_are_one_fit_with_a_covariate() -> None:
    """Fader, Hardie (2007): Regular .704, 1.182, High End .668, 3.806; -1680.265 and -1611.158."""
    fit = both().fit()
    alpha, beta, on_alpha, on_beta = fit.params
    assert [alpha, beta] == pytest.approx([0.704, 1.182], abs=5e-4)
    assert [alpha * np.exp(on_alpha), beta * np.exp(on_beta)] == pytest.approx(
        [0.668, 3.806], abs=2e-3
    )
    assert fit.llf == pytest.approx(-1680.265 - 1611.158, abs=2e-3)
    assert fit.verdict == "converged" and "tell customers apart" in fit.finding.text
    ends = fit.survival(pd.DataFrame({"high_end": [0.0, 1.0]}), 12).estimate
    for share, cohort in zip(ends, (REGULAR, HIGH_END), strict=True):
        own = ShiftedBetaGeometric(YEARS, GONE, cohort).fit()
        theta = own.params.to_numpy()
        alone = np.exp(BetaDiscreteWeibull.log_survival([*theta, 1.0], np.array([12.0])))
        assert share == pytest.approx(alone[0], rel=1e-4)


def test_standard_errors_are_those_of_cohorts_by_themselves() -> None:
    fit = both().fit()
    own = ShiftedBetaGeometric(YEARS, GONE, REGULAR).fit()
    assert fit.bse.iloc[:2].tolist() == pytest.approx(own.bse.tolist(), rel=1e-3)


def test_slopes_are_those_of_the_likelihood() -> None:
    for changing in (False, True):
        model = both(changing)
        phi = np.array([-0.3, 0.4, *([0.2] if changing else []), 0.3, 0.8])
        _, slope = model.by_customer(phi)
        for k, step in enumerate(np.eye(phi.size) * 1e-6):
            up, down = (model.by_customer(phi + side * step)[0] for side in (1, -1))
            assert slope[k] == pytest.approx((up - down) / 2e-6, rel=1e-5, abs=1e-7)


def test_change_with_time_is_that_of_the_model_without_covariates() -> None:
    z = pd.DataFrame({"noise": np.resize([0.0, 1.0], 16)})
    twice = [n / 2 for n in REGULAR for _ in (0, 1)]
    years, gone = np.repeat(YEARS, 2), np.repeat(GONE, 2)
    fit = ContractCovariates(years, gone, z, twice, changing=True).fit()
    plain = BetaDiscreteWeibull(YEARS, GONE, REGULAR).fit()
    assert fit.llf == pytest.approx(plain.llf, abs=1e-3)
    assert fit.params.iloc[3:].abs().max() < 0.02
    assert "no more than chance" in fit.finding.text


def test_planted_effects_of_plan_and_cohort_are_found() -> None:
    rng = np.random.default_rng(3)
    n = 6000
    z = pd.DataFrame({"basic": rng.random(n) < 0.4, "came_2025": rng.random(n) < 0.5}).astype(float)
    truth = np.array([np.log(0.8), np.log(4.0), 0.6, 0.0, 0.0, -0.5])
    a = 0.8 * np.exp(0.6 * z["basic"].to_numpy())
    b = 4.0 * np.exp(-0.5 * z["came_2025"].to_numpy())
    lasts = rng.geometric(rng.beta(a, b))
    seen = rng.integers(1, 25, n)
    fit = ContractCovariates(np.minimum(lasts, seen), lasts <= seen, z, unit="month").fit()
    off = (fit.phi - truth) / np.sqrt(np.diag(fit.covariance))
    assert np.abs(off).max() < 3.3
    # of those still there: what they will bring, against their own future
    there = lasts > seen
    ahead = fit.renewals_ahead(z[there], 12, seen[there]).total()
    came = np.minimum(lasts[there] - 1 - seen[there], 12).sum()
    assert came == pytest.approx(ahead.value, rel=0.03)


def test_what_cannot_be_fitted_is_refused_in_words() -> None:
    z = pd.DataFrame({"same": [1.0] * 8})
    with pytest.raises(DataError, match="same cannot be told apart"):
        ContractCovariates(YEARS, GONE, z, REGULAR)
    with pytest.raises(DataError, match="8 rows of covariates for 7 contracts"):
        ContractCovariates(YEARS[:7], GONE[:7], z, REGULAR[:7])
    with pytest.raises(DataError, match="lack high_end"):
        both().fit().survival(z, 3)
