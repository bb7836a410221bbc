"""Gamma-Gompertz/NBD: the likelihood by other means, its limit, recovery, predictions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import gammaln

from workbench.clv import GammaGompertzNBD, ParetoNBD, load_fit, save_fit

TRUE = np.array([0.8, 8.0, 1.5, 300.0, 0.06])
PLAIN = np.array([0.55, 10.6, 0.6, 11.7])
EACH = (np.array([2.0, 0, 7, 0]), np.array([30.4, 0, 20, 0]), np.full(4, 38.9))


@pytest.mark.parametrize("seed", range(6))
def test_a_customer_is_as_integrated_by_other_means(seed: int) -> None:
    rng = np.random.default_rng(seed)
    r, s = rng.uniform(0.2, 2), rng.uniform(0.2, 3)
    alpha, beta, b = np.exp(rng.uniform([-1, -2, -7], [3, 5, 0.3]))
    age, x = rng.uniform(1, 60), float(rng.integers(0, 60))
    last = rng.uniform(0, age) if x else 0.0

    def left(u: float) -> float:
        density = s * np.exp(b * u) / beta * (1 + np.expm1(b * u) / b / beta) ** -(s + 1)
        return float(np.exp(-(r + x) * np.log((alpha + u) / (alpha + last))) * density)

    points = [last + (age - last) * 10.0**-k for k in range(1, 7)]
    gone = quad(left, last, age, points=points, limit=2000, epsabs=0, epsrel=1e-11)[0]
    stays = (beta / (beta + np.expm1(b * age) / b)) ** s
    stays *= np.exp(-(r + x) * np.log((alpha + age) / (alpha + last)))
    value = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - (r + x) * np.log(alpha + last)
    theta = np.array([r, alpha, s, beta, b])[:, None]
    one = [np.array([v]) for v in (x, last, age)]
    own, slope = GammaGompertzNBD.slopes(theta, *one)
    assert own[0] == pytest.approx(value + np.log(stays + gone), abs=1e-7)
    for k in range(5):
        step = np.ones((5, 1))
        step[k] = 1 + 1e-5
        up = GammaGompertzNBD.slopes(theta * step, *one)[0][0]
        down = GammaGompertzNBD.slopes(theta / step, *one)[0][0]
        by = float(theta[k, 0] * (step[k, 0] - 1 / step[k, 0]))
        assert slope[k, 0] == pytest.approx((up - down) / by, rel=1e-3, abs=1e-4)


def test_without_change_it_is_pareto() -> None:
    x, _, T = EACH
    flat = np.append(PLAIN, 1e-7)
    own = GammaGompertzNBD.slopes(np.repeat(flat[:, None], 4, axis=1), *EACH)[0]
    plain = ParetoNBD.by_row(np.repeat(PLAIN[:, None], 4, axis=1), *EACH)[0]
    assert own == pytest.approx(plain, abs=2e-6)
    t, k = np.full(4, 20.0), np.full(4, 2.0)
    for name, known in (
        ("alive", EACH), ("expected", (t, x, T)), ("none", (t, x, T)), ("mass", (k, t, x, T)),
        ("lasting", (20.0, x, T)), ("discounted", (np.inf, 0.002, x, T)),
    ):  # fmt: skip
        own = getattr(GammaGompertzNBD, name)(flat, *known)
        assert own == pytest.approx(getattr(ParetoNBD, name)(PLAIN, *known), rel=2e-5), name


def test_leaving_that_quickens_is_found_and_foreseen() -> None:
    rng = np.random.default_rng(3)
    T = rng.uniform(20, 104, 1200)
    x, t_x = GammaGompertzNBD.draw(TRUE, T, rng)
    fit = GammaGompertzNBD(x, t_x, T, unit="week").fit()
    assert fit.verdict == "converged"
    off = (fit.phi - np.log(TRUE)) / np.sqrt(np.diag(fit.covariance))
    assert np.abs(off).max() < 3.3
    plain = ParetoNBD(x, t_x, T, unit="week").fit()
    assert fit.bic < plain.bic - 20
    # histories drawn anew, and what of them came after: the same customers to the true end
    drawn = np.zeros(60)
    theta, alive = np.exp(fit.phi), fit.p_alive().estimate
    for i in range(60):
        there = rng.random(T.size) < alive
        known = (x[there], t_x[there], T[there])
        drawn[i] = GammaGompertzNBD.draw_ahead(theta, 26.0, *known, rng).sum()
    expected = fit.expected_purchases(26).total().value
    assert drawn.mean() == pytest.approx(expected, abs=4 * drawn.std() / np.sqrt(60))
    assert plain.expected_purchases(26).total().value > 1.15 * expected


def test_where_leaving_does_not_quicken_the_fit_says_so() -> None:
    rng = np.random.default_rng(1)
    T = rng.uniform(20, 104, 800)
    x, t_x = ParetoNBD.draw(PLAIN, T, rng)
    fit = GammaGompertzNBD(x, t_x, T, unit="week").fit()
    plain = ParetoNBD(x, t_x, T, unit="week").fit()
    assert fit.llf == pytest.approx(plain.llf, abs=2)
    assert fit.bic > plain.bic
    if fit.verdict == "boundary":
        assert "does not change with the time" in fit.finding.text


def test_a_fit_is_kept(tmp_path) -> None:  # type: ignore[no-untyped-def]
    T = np.full(60, 50.0)
    x, t_x = GammaGompertzNBD.draw(TRUE, T, np.random.default_rng(2))
    fit = GammaGompertzNBD(x, t_x, T, unit="week").fit()
    again = load_fit(save_fit(fit, tmp_path / "fit.json"))
    assert again.expected_purchases(9, 2, 30, 39).estimate == pytest.approx(
        fit.expected_purchases(9, 2, 30, 39).estimate
    )
