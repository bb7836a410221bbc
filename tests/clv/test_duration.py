"""The beta-discrete-Weibull model: a readiness to leave that changes with time."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.clv import BetaDiscreteWeibull, ShiftedBetaGeometric

HIGH_END = [1000, 869, 743, 653, 593, 551, 517, 491]
TRUE = np.array([0.8, 4.0, 1.5])


def drawn(customers: int, rng: np.random.Generator) -> BetaDiscreteWeibull:
    """Staggered starts: the discrete Weibull at rates of their own, by inversion."""
    p = rng.beta(TRUE[0], TRUE[1], customers)
    with np.errstate(divide="ignore"):
        waited = np.log(rng.random(customers)) / np.log1p(-p)
    leaves = np.ceil(waited ** (1 / TRUE[2]))
    followed = rng.integers(3, 16, customers)
    ended = leaves <= followed
    return BetaDiscreteWeibull(np.where(ended, leaves, followed), ended, unit="year")


def test_gradient_and_hessian_are_those_of_the_likelihood() -> None:
    evaluate = drawn(2000, np.random.default_rng(1)).likelihood()
    theta = np.array([0.9, 3.1, 1.2])
    _, gradient, hessian = evaluate(theta)
    for k in range(3):
        step = np.zeros(3)
        step[k] = 1e-6
        up, down = evaluate(theta + step), evaluate(theta - step)
        assert gradient[k] == pytest.approx((up[0] - down[0]) / 2e-6, rel=1e-5)
        assert hessian[k] == pytest.approx((up[1] - down[1]) / 2e-6, rel=1e-5)


def test_without_duration_dependence_it_is_the_shifted_beta_geometric_model() -> None:
    model, plain = (
        kind.from_cohort(HIGH_END) for kind in (BetaDiscreteWeibull, ShiftedBetaGeometric)
    )
    theta = np.array([0.668, 3.806])
    value, gradient, hessian = model.likelihood()(np.array([*theta, 1.0]))
    other = plain.likelihood()(theta)
    assert value == pytest.approx(other[0])
    assert gradient[:2] == pytest.approx(other[1])
    assert hessian[:2, :2] == pytest.approx(other[2])
    made = np.arange(4.0)
    assert model.residual(np.array([*theta, 1.0]), made, 0.1) == pytest.approx(
        plain.residual(theta, made, 0.1), rel=1e-9
    )


def study(replications: int, customers: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    ratio, covered = np.zeros((replications, 3)), np.zeros((replications, 3))
    for i in range(replications):
        fit = drawn(customers, rng).fit()
        limits = fit.conf_int().to_numpy()
        ratio[i] = fit.params / TRUE
        covered[i] = (limits[:, 0] <= TRUE) & (limits[:, 1] >= TRUE)
    return ratio, covered


def test_known_parameters_are_found_and_intervals_cover() -> None:
    ratio, covered = study(100, 2000, 2)
    assert (covered.mean(axis=0) > 0.88).all()
    assert np.median(ratio, axis=0) == pytest.approx(np.ones(3), abs=0.06)


@pytest.mark.slow
def test_bias_is_below_two_percent_and_coverage_is_nominal_at_two_thousand_customers() -> None:
    ratio, covered = study(1000, 2000, 3)
    assert np.median(ratio, axis=0) == pytest.approx(np.ones(3), abs=0.02)
    assert ((covered.mean(axis=0) >= 0.925) & (covered.mean(axis=0) <= 0.98)).all()


def test_retention_may_fall_before_it_rises() -> None:
    fit = BetaDiscreteWeibull.from_cohort(HIGH_END).fit()
    steps = fit.retention(np.arange(1, 13)).estimate
    assert steps[1] < steps[0] and steps[-1] > steps[2]
    assert fit.survival(np.arange(1, 13)).estimate == pytest.approx(np.cumprod(steps))


def test_residual_lifetime_is_the_discounted_sum_of_survival() -> None:
    fit = BetaDiscreteWeibull.from_cohort(HIGH_END, unit="year").fit()
    alive = fit.survival(np.arange(0, 2000)).estimate
    by_sum = (alive[4:] / alive[3] / 1.1 ** np.arange(alive.size - 4)).sum()
    assert fit.derl(0.10, 3).estimate[0] == pytest.approx(by_sum, rel=1e-9)
    whole = (alive / 1.1 ** np.arange(alive.size)).sum()
    assert fit.lifetime(0.10).estimate[0] == pytest.approx(whole, rel=1e-9)


def test_the_verdict_says_whether_time_matters() -> None:
    yes = BetaDiscreteWeibull.from_cohort(HIGH_END).fit().finding
    assert (
        yes.verdict == "converged"
        and yes.values["p"] < 0.05
        and "changes with the time" in yes.text
    )
    no = BetaDiscreteWeibull.from_cohort([1000, 631, 468, 382, 326]).fit().finding
    assert no.values["p"] > 0.05 and "no better than" in no.text
