"""Logs that are honest and hard: what is said where a model does not hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.clv import (
    MODELS,
    NBD,
    BetaGeometric,
    GammaGamma,
    GammaGammaResults,
    ObservedSpend,
    ObservedSpendResults,
    PurchaseModel,
    bootstrap_parameters,
    choose,
    customer_value,
    model_spend,
    so_far,
)
from workbench.errors import DataError


def spending(q: float, n: int, seed: int = 0) -> pd.DataFrame:
    """Repeat buyers whose mean spend has a tail of the power q."""
    rng = np.random.default_rng(seed)
    x = rng.geometric(0.3, n).astype(float)
    mean = rng.gamma(6 * x, 1 / (rng.gamma(q, 1 / 15, n) * x))
    return pd.DataFrame({"frequency": x, "recency": x, "age": x + 10.0, "mean_spend": mean})


@pytest.mark.parametrize(
    ("q", "n", "verdict", "kind"),
    [
        (0.8, 600, "heavy_tail", ObservedSpendResults),
        (1.14, 300, "heavy_tail", ObservedSpendResults),
        (1.5, 3000, "wide_tail", GammaGammaResults),
        (4.0, 600, "converged", GammaGammaResults),
    ],
)
def test_spend_without_a_usable_mean_is_taken_as_observed(
    q: float, n: int, verdict: str, kind: type
) -> None:
    frame = spending(q, n)
    fit = GammaGamma.from_frame(frame).fit()
    assert fit.verdict == verdict
    assert fit.finding.severity == ("ok" if verdict == "converged" else "warning")
    taken = model_spend(frame, currency="EUR")
    assert isinstance(taken, kind)
    expected = taken.expected_spend().estimate
    assert np.isfinite(expected).all() and expected.max() <= frame["mean_spend"].max()


def test_a_shape_that_runs_off_to_infinity_is_no_failure_of_the_search() -> None:
    # the means of few purchases vary less than those of many: nobody's spend varies at all
    rng = np.random.default_rng(4)
    x = np.repeat([2.0, 40.0], 150)
    spend = np.exp(rng.normal(3.0, np.where(x == 2, 0.5, 0.6)))
    fit = GammaGamma(x, spend).fit()
    assert fit.verdict == "no_heterogeneity"
    assert fit.expected_spend().estimate == pytest.approx(spend, rel=0.01)


def test_observed_means_are_drawn_towards_the_mean_of_all() -> None:
    # two kinds of customers, 10 and 30; what one spends varies by +-8 with 1 purchase, +-2 with 16
    x = np.repeat([1.0, 16.0], 400)
    kind, sign = np.tile([10.0, 30.0], 400), np.tile([1.0, 1.0, -1.0, -1.0], 200)
    spend = kind + sign * np.where(x == 1, 8.0, 2.0)
    fit = ObservedSpend([*x, 0.0], [*spend, np.nan], cut=1.0).fit()
    mean, k = np.exp(fit.phi)
    # between 100, within 64
    assert mean == pytest.approx(20) and k == pytest.approx(0.64)
    got = fit.expected_spend().estimate
    assert got[0] == pytest.approx((18 + 0.64 * 20) / 1.64)
    assert got[-1] == pytest.approx(20)
    assert fit.verdict == "observed" and "cut" not in fit.finding.text


def test_the_cut_is_stated_with_what_it_leaves_out() -> None:
    fit = ObservedSpend(np.ones(200), [*np.full(198, 10.0), 1e9, 3e9]).fit()
    assert fit.mean.value == pytest.approx(10.0, rel=1e-6)
    assert fit.finding.values["cut"] == 2
    assert fit.finding.values["lost"].value == pytest.approx(1.0, abs=1e-5)


def test_the_value_of_a_log_with_a_heavy_tail_is_no_total_of_billions() -> None:
    frame = spending(0.6, 500, seed=2)
    rng = np.random.default_rng(3)
    T = np.full(500, 60.0)
    x, t_x = NBD.draw(np.array([1.5, 12.0]), T, rng)
    bought = NBD(x, t_x, T, unit="week").fit()
    spend = frame["mean_spend"].where(x > 0)
    spent = model_spend(pd.DataFrame({"frequency": x, "mean_spend": spend}))
    draws = bootstrap_parameters(bought, spent, rng=rng, draws=40)
    value = customer_value(bought, spent, discount_rate=0.1, horizon=52, draws=draws)
    assert value.total.value < 1.2 * float((x * spend.fillna(0)).sum())
    assert value.total.low < value.total.value < value.total.high
    assert "p_alive" not in value.table and not value.leaves
    assert [f.verdict for f in value.reservations()] == ["observed"]


def test_no_repeat_buyer_who_paid_is_said_so() -> None:
    with pytest.raises(DataError, match="no repeat buyer has spent anything"):
        model_spend(pd.DataFrame({"frequency": [2, 0, 1], "mean_spend": [0.0, np.nan, 0.0]}))


def without_leaving(seed: int, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    T = np.full(n, 52.0)
    return *NBD.draw(np.array([0.8, 20.0]), T, np.random.default_rng(seed)), T


def assert_nobody_leaves(model: type[PurchaseModel], seed: int, n: int = 4000) -> None:
    x, t_x, T = without_leaving(seed, n)
    fit, nbd = model(x, t_x, T, unit="week").fit(), NBD(x, t_x, T, unit="week").fit()
    assert fit.verdict in ("no_dropout", "no_better"), (seed, fit.verdict, fit.finding.values)
    assert not fit.leaves and fit.llf == pytest.approx(nbd.llf)
    assert fit.params.iloc[:2].tolist() == pytest.approx(nbd.params.tolist())
    ahead = fit.expected_purchases(52).total()
    assert ahead.value == pytest.approx(nbd.expected_purchases(52).total().value)


# logs on which the search ran along the edge, ended there, or found a chance gain
@pytest.mark.parametrize("seed", [2, 3, 5, 6])
@pytest.mark.parametrize("model", MODELS[:3])
def test_a_log_without_leaving_ends_in_the_numbers_of_the_nbd(
    model: type[PurchaseModel], seed: int
) -> None:
    assert_nobody_leaves(model, seed)


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS[:3])
def test_two_hundred_logs_without_leaving_end_in_the_numbers_of_the_nbd(
    model: type[PurchaseModel],
) -> None:
    for seed in range(200):
        assert_nobody_leaves(model, seed)


def test_leaving_that_is_there_is_still_seen() -> None:
    T = np.full(1000, 52.0)
    x, t_x = BetaGeometric.draw(np.array([0.8, 10.0, 0.8, 5.0]), T, np.random.default_rng(1))
    fit = BetaGeometric(x, t_x, T, unit="week").fit()
    assert fit.verdict == "converged" and fit.leaves


def test_the_horizon_is_no_longer_than_the_log() -> None:
    T = np.full(300, 17.0)
    x, t_x = NBD.draw(np.array([1.0, 6.0]), T, np.random.default_rng(4))
    frame = pd.DataFrame({"frequency": x, "recency": t_x, "age": T})
    rng = np.random.default_rng(5)
    mean = rng.gamma(6 * np.maximum(x, 1), 1 / (rng.gamma(4.0, 1 / 15, 300) * np.maximum(x, 1)))
    frame["mean_spend"] = np.where(x > 0, mean, np.nan)
    frame.attrs["time_unit"] = "week"
    choice = choose(frame)
    terms = {"rng": np.random.default_rng(5), "discount_rate": 0.1}
    value = choice.value(frame, horizon=52.0, **terms)
    assert (value.horizon, value.asked) == (17.0, 52.0)
    assert "Asked for 52 weeks ahead, this page gives 17" in value.reservations()[0].text
    assert choice.value(frame, horizon=13.0, **terms).reservations() == []


def test_what_was_brought_so_far_adds_up() -> None:
    days = pd.to_datetime(["2025-01-02", "2025-01-02", "2025-01-05", "2025-02-01", "2026-02-01"])
    log = pd.DataFrame({"customer_id": [*"aaabb"], "date": days, "amount": [5.0, 7.0, -2.0, 9, 4]})
    found = so_far(log, as_of="2025-12-31", currency="EUR")
    assert found.again.value == 0 and found.again.high > 0.5  # the refund is no purchase
    assert found.total is not None and found.total.value == 19
    assert found.table["n"].tolist() == [2]
    assert so_far(log.drop(columns="amount"), as_of="2026-12-31").total is None
    with pytest.raises(DataError, match="no purchase to 2024"):
        so_far(log, as_of="2024-12-31")
