"""Counts by quasi-Poisson: the regression of statsmodels where errors are independent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm

from workbench.impact import CaseError, interrupted_counts
from workbench.impact.designs.series.error_models import noise_of

AFTER = np.arange(60) >= 30


def drawn(rng: np.random.Generator, shift: float = -0.3, spread: float = 0.0) -> np.ndarray:
    mean = np.exp(3.5 + 0.004 * np.arange(60) + shift * AFTER)
    heavier = rng.gamma(1 / spread, spread, 60) if spread else 1.0
    return rng.poisson(mean * heavier).astype(float)


def test_independent_errors_give_the_quasi_poisson_of_statsmodels(monkeypatch) -> None:
    y = drawn(np.random.default_rng(1), spread=0.05)
    of = np.linspace(900, 1500, 60)
    found = {}

    def independent(time, size):
        noise = noise_of(time, size)
        only = (noise.phi == 0) & (noise.drift == 0)
        return replace(
            noise,
            phi=noise.phi[only],
            drift=noise.drift[only],
            log_det=noise.log_det[only],
            spread=noise.spread[:, only],
            carried=noise.carried[:, only],
            gain=noise.gain[:, :, only],
        )

    monkeypatch.setattr("workbench.impact.designs.series.interrupted_series.noise_of", independent)
    own = interrupted_counts(y, after=AFTER, exposure=of, errors="ar1")
    x = np.column_stack([np.ones(60), np.arange(60), AFTER]).astype(float)
    peer = sm.GLM(y, x, family=sm.families.Poisson(), offset=np.log(of)).fit(scale="X2")
    found["shift"] = np.log1p(own.relative)
    assert found["shift"] == pytest.approx(peer.params[2], abs=1e-6)
    half = (np.log1p(own.relative_high) - np.log1p(own.relative_low)) / 2
    # Student's t with 57 degrees of freedom in place of the normal
    assert half == pytest.approx(2.0024655 * peer.bse[2], rel=1e-5)


def test_intervals_hold_overdispersed_and_autocorrelated_counts() -> None:
    rng = np.random.default_rng(2)
    hits = 0
    for _ in range(24):
        e = np.zeros(60)
        for t in range(1, 60):
            e[t] = 0.6 * e[t - 1] + 0.12 * rng.normal()
        y = rng.poisson(np.exp(4 + e - 0.25 * AFTER))
        found = interrupted_counts(y, after=AFTER)
        hits += found.relative_low <= np.expm1(-0.25) <= found.relative_high
    assert hits >= 20, "95 % less three standard errors"


def test_the_effect_is_given_per_unit_of_exposure() -> None:
    y, of = drawn(np.random.default_rng(3)), np.full(60, 200.0)
    found = interrupted_counts(y, after=AFTER, exposure=of)
    assert found.counterfactual + found.effect == pytest.approx(y[AFTER].mean() / 200)
    assert found.effect == pytest.approx(found.relative * found.counterfactual)


def test_impossible_counts_are_refused() -> None:
    y = drawn(np.random.default_rng(3))
    with pytest.raises(CaseError, match="1 counts are below zero"):
        interrupted_counts(np.r_[-1, y[1:]], after=AFTER)
    with pytest.raises(CaseError, match="1 periods have counts but no exposure"):
        interrupted_counts(y, after=AFTER, exposure=np.r_[0, np.ones(59)])
    with pytest.raises(CaseError, match="60 counts and 59 exposures"):
        interrupted_counts(y, after=AFTER, exposure=np.ones(59))
