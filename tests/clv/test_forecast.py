"""Forecasts: their ranges hold as often as they say, and say what they rest on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import invgamma, norm

from tests.clv.examples import CUSTOMERS, bought, kept, log, past, spent, value
from workbench import clv
from workbench.clv.ahead import Ahead
from workbench.clv.backtest import FEWEST, Backtest
from workbench.clv.past_errors import CONFORMAL, ODDS, OWN, Window, size_of
from workbench.errors import DataError
from workbench.stats.intervals import normal_quantile

COLUMNS = ["horizon", "origin", "group", "what", "forecast", "low", "high", "actual", "score",
           "known"]  # fmt: skip


def made(**scores: list[float]) -> Backtest:
    """A test of the past with these scores of the total, by horizon (``h4=[...]``)."""
    rows = [
        (float(name[1:]), pd.Timestamp("2025-01-01") + pd.Timedelta(weeks=i), "all", "purchases",
         100.0, 90.0, 110.0, 100.0 + 5 * s, s, 1.0)
        for name, values in scores.items()
        for i, s in enumerate(values)
    ]  # fmt: skip
    people = pd.DataFrame(columns=["horizon", "origin", "what", "level"])
    return Backtest(pd.DataFrame(rows, columns=COLUMNS), people, 4.0, "week")


def test_from_nine_windows_on_the_rank_of_past_errors_sets_the_width() -> None:
    scores = [0.1, -0.5, 1.0, 2.0, -3.0, 0.2, 0.3, 0.4, 6.0]
    width = made(h4=scores).width()
    assert (width.basis, width.windows) == ("conformal", CONFORMAL)
    assert width.factor == pytest.approx(6.0 / normal_quantile(0.9))
    # one more window: the last but one
    assert made(h4=[*scores, 0.1]).width().factor == pytest.approx(6.0 / normal_quantile(0.9))
    longer = made(h4=[*scores, *[0.1] * 10]).width().factor
    assert longer == pytest.approx(3.0 / normal_quantile(0.9))


def test_of_three_to_eight_windows_a_t_interval_is_made_with_the_model_s_own_spread() -> None:
    width = made(h4=[1.0, -1.0, 1.0]).width()
    assert width.basis == "t"
    # three windows as the model says: hardly any reason to doubt it, hardly any widening
    assert 1.0 < width.factor < 1.05
    # errors four times the model's own are believed, and not put down to chance
    far = made(h4=[4.0, -4.0, 4.0, 4.0]).width()
    spread = np.sqrt((OWN + 4 * 16) / (OWN + 4))
    assert far.factor == pytest.approx(1.812 / normal_quantile(0.9) * spread, abs=2e-3)


def test_a_model_is_doubted_by_the_probability_of_its_scores() -> None:
    """Both densities, integrated: of scores of unit variance, and of one that is not known."""
    scores = np.array([1.8, -1.2, 0.7, 2.1])
    v = np.linspace(1e-4, 60, 400_000)
    step = v[1] - v[0]
    prior = invgamma.pdf(v, OWN / 2, scale=OWN / 2)
    likely = np.prod([norm.pdf(s, scale=np.sqrt(v)) for s in scores], axis=0)
    other = float((prior * likely).sum() * step)
    doubted = 1 / (1 + np.prod(norm.pdf(scores)) / other / ODDS)
    variance = (OWN + float(scores @ scores)) / (OWN + 4)
    size, limit, basis = size_of([Window(np.array([s])) for s in scores])
    assert basis == "t"
    assert size == pytest.approx(np.sqrt(1 - doubted + doubted * variance), rel=1e-4)
    assert limit == pytest.approx(1 + doubted * (1.8125 / normal_quantile(0.9) - 1), rel=1e-3)


def test_who_had_little_to_learn_from_tells_little() -> None:
    near = [Window(np.array([s]), 0.6) for s in (0.8, -1.0, 0.5)]
    early = Window(np.array([-4.0]), 0.05)
    assert size_of([*near, early])[0] < 1.15
    assert size_of([*near, early._replace(weight=1.0)])[0] > 1.4


def test_of_groups_all_scores_count_and_not_the_means_of_windows() -> None:
    rng = np.random.default_rng(1)
    factors = []
    for _ in range(40):
        rows = made(h4=rng.standard_normal(36).tolist()).windows
        rows["group"] = np.tile(["0", "1", "2"], 12)
        rows["origin"] = np.repeat(rows["origin"].unique()[:12], 3)
        past = Backtest(rows, pd.DataFrame(columns=["what"]), 4.0, "week")
        factors.append(past.width(total=False).factor)
    # scores as the model says ask for no widening; the mean square of three would narrow
    assert 0.95 < np.median(factors) < 1.2


def test_a_shorter_horizon_goes_by_its_own_windows() -> None:
    both = made(h4=[1.0] * 9, h8=[5.0] * 9)
    assert both.width().horizon == 4.0
    assert both.width().factor == pytest.approx(1.0 / normal_quantile(0.9))


def test_of_fewer_the_range_is_the_model_s_own_and_said_to_be_untested() -> None:
    few = made(h4=[3.0] * (FEWEST - 1))
    assert few.width().basis == "own"
    assert few.width().factor == 1.0
    assert few.findings()[0].verdict == "untested"


def test_a_longer_horizon_than_was_tested_widens_by_the_growth_of_errors() -> None:
    grown = made(h1=[1.0] * 9, h2=[2.0] * 9).width()
    assert grown.basis == "grown"
    # errors doubled with the horizon, and the horizon asked for is twice the longest tested: what
    # was beyond the model's own range grows so
    beyond = (2.0 / normal_quantile(0.9)) ** 2 - 1
    assert grown.factor == pytest.approx(np.sqrt(1 + 4 * beyond), rel=1e-6)
    # what holds at shorter horizons is not narrowed at longer ones
    assert made(h1=[0.2] * 9, h2=[0.1] * 9).width().factor == 1.0


def test_a_forecast_is_wider_than_the_expectation_and_never_below_zero() -> None:
    found = clv.forecast(value(), rng=np.random.default_rng(1))
    expected, coming = value().total, found.total
    assert coming.value == pytest.approx(expected.value)
    assert coming.low < expected.value < coming.high
    table = found.table
    assert (table["low"] >= 0).all()
    assert (table["low"] <= table["high"]).all()
    # what a single customer brings is far less certain than what is expected of them
    wide = (table["high"] - table["low"]).sum()
    assert wide > 3 * (table["expected_high"] - table["expected_low"]).sum()


def test_groups_add_up_to_the_whole() -> None:
    found = clv.forecast(value(), past(), rng=np.random.default_rng(1))
    tiers = np.where(CUSTOMERS["frequency"] > 2, "top", "rest")
    by = found.by(tiers)
    assert by["forecast"].sum() == pytest.approx(found.total.value)
    assert ((by["forecast_low"] <= by["forecast"]) & (by["forecast"] <= by["forecast_high"])).all()


def test_contracts_are_added_beside_purchases() -> None:
    fees = clv.contract_value(
        kept(), np.arange(40) % 5, pd.Series(np.full(40, 120.0)), discount_rate=0.1, currency="EUR"
    )
    found = clv.forecast(value(), rng=np.random.default_rng(1))
    together = found.with_contracts(fees)
    assert together is not None
    assert together.money is not None
    assert together.money.value == pytest.approx(found.total.value + fees.total.value)
    assert found.with_contracts(None) is None


def test_the_summary_of_a_past_day_is_that_of_the_log_cut_there() -> None:
    whole = log()
    end = pd.Timestamp("2025-01-01") + pd.Timedelta(weeks=38)
    windows = clv.backtest(
        whole, clv.BetaGeometric, as_of=end, unit="week", horizon=8, rng=np.random.default_rng(2)
    ).windows
    # what came after each day is what the log says
    for (origin, horizon), rows in windows[windows["what"] == "purchases"].groupby(
        ["origin", "horizon"]
    ):
        until = origin + pd.Timedelta(weeks=horizon)
        early = set(whole.loc[whole["date"] <= origin, "customer_id"])
        came = whole[(whole["date"] > origin) & (whole["date"] <= until)]
        assert (
            rows.loc[rows["group"] == "all", "actual"].iloc[0]
            == came["customer_id"].isin(early).sum()
        )
        assert rows.loc[rows["group"] != "all", "actual"].sum() == pytest.approx(
            rows.loc[rows["group"] == "all", "actual"].iloc[0]
        )


def test_ranges_hold_what_comes_of_simulated_customers() -> None:
    """A tenth of what `python -m benchmarks.forecasts` measures, its bounds widened."""
    rng = np.random.default_rng(20261130)
    theta, held, own = np.array([0.6, 10.0, 0.6, 12.0]), [], []
    for _ in range(12):
        age = rng.uniform(20, 104, 400)
        x, t_x = clv.ParetoNBD.draw(theta, age + 0.0, rng)
        fit = clv.ParetoNBD(x, t_x, age, unit="week").fit()
        expected = fit.expected_purchases(26)
        ahead = Ahead(fit, horizon=26, rng=rng)
        alive = rng.random(age.size) < fit.process.alive(theta, x, t_x, age)
        came = fit.process.draw_ahead(theta, 26, x[alive], t_x[alive], age[alive], rng).sum()
        point, draws = ahead.purchases_of(np.ones(age.size, dtype=bool))
        low, high = np.quantile(draws, [0.05, 0.95])
        held.append(low <= came <= high)
        total = expected.total()
        own.append(total.low <= came <= total.high)
    assert np.mean(held) >= 0.7  # .9 less two standard errors of twelve
    assert point == pytest.approx(float(expected.estimate.sum()), rel=1e-6)
    assert np.mean(own) <= np.mean(held)


def test_a_forecast_needs_an_end() -> None:
    endless = clv.customer_value(bought(), spent(), discount_rate=0.1, horizon=np.inf)
    with pytest.raises(DataError, match="infinite horizon"):
        clv.forecast(endless, rng=np.random.default_rng(1))
