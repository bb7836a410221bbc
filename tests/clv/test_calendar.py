"""Growth, decline and season of purchases: found where they are, and nowhere else."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench import clv
from workbench.clv.backtest import Backtest
from workbench.clv.calendar import Calendar
from workbench.clv.days import BuyingDays
from workbench.clv.spans import MONTHS, Spans, waves

END = pd.Timestamp("2025-12-31")


def shop(
    pace, *, customers: int = 500, weeks: int = 104, seed: int = 1, leaves: float = 0.0
) -> pd.DataFrame:
    """Customers who come evenly and buy at their own rates times a pace of the week."""
    rng = np.random.default_rng(seed)
    grid = np.linspace(0, weeks, 4001)
    run = np.concatenate([[0.0], np.cumsum(pace(grid[1:]) * np.diff(grid))])
    start = rng.uniform(0, weeks, customers)
    stays = rng.exponential(1 / leaves, customers) if leaves else np.full(customers, np.inf)
    rate = rng.gamma(0.8, 1 / 8.0, (customers, 1))
    gone = np.interp(start, grid, run)[:, None] + np.cumsum(
        rng.exponential(1 / rate, (customers, 200)), axis=1
    )
    later = np.interp(gone, run, grid, right=np.inf)
    at = np.column_stack([start, np.where(later < (start + stays)[:, None], later, np.inf)])
    who, place = np.nonzero(at < weeks)
    log = pd.DataFrame({"customer_id": who, "day": np.floor(at[who, place] * 7)})
    date = END - pd.to_timedelta(weeks * 7 - 1 - log["day"], unit="D")
    return log.assign(date=date, amount=10.0).drop(columns="day")


def seen(log: pd.DataFrame, **about) -> Calendar:
    return clv.calendar(log, as_of=END, unit="week", **about)


def verdicts(found: Calendar) -> list[str]:
    return [finding.verdict for finding in found.findings()]


@pytest.mark.parametrize("leaves", [0.0, 0.02])
def test_customers_who_leave_are_no_decline_and_an_even_pace_has_no_season(leaves: float) -> None:
    found = seen(shop(lambda t: np.ones_like(t), leaves=leaves))
    assert verdicts(found) == ["steady", "none"]
    assert not found.moves
    assert 0 in found.raw
    # nothing is moved where nothing is found: not a digit
    customers = pd.DataFrame({"frequency": [1.0], "recency": [3.1], "age": [10.3]})
    assert found.stretched(customers) is customers
    assert found.stretch(52) == 1.0
    assert (found.deviations(52, 5, np.random.default_rng(1)) == 1.0).all()


@pytest.mark.parametrize(("yearly", "verdict"), [(0.5, "grows"), (-0.4, "declines")])
def test_growth_and_decline_are_measured_beside_customers_who_leave(
    yearly: float, verdict: str
) -> None:
    log = shop(lambda t: np.exp(np.log1p(yearly) * t / 52), customers=800, leaves=0.01)
    found = seen(log, model=clv.BetaGeometric)
    assert verdicts(found)[0] == verdict
    truth = np.log1p(yearly)
    assert found.drift == pytest.approx(truth, abs=3 * np.sqrt(found.drift_variance))
    # all purchases tell more than those in between
    limits = np.log1p([found.raw.low, found.raw.high])
    assert 2 * 1.96 * np.sqrt(found.drift_variance) < np.diff(limits)[0]
    # carried on, ever more slowly
    year = found.stretch(52)
    whole = np.expm1(truth) / truth
    assert (1 < year < whole * 1.1) if yearly > 0 else (whole * 0.9 < year < 1)
    assert found.deviations(52, 400, np.random.default_rng(1)).std() > 0.02


def test_a_season_is_found_and_a_forecast_of_a_quarter_follows_it() -> None:
    def pace(t):
        return 1 + 0.5 * np.sin(2 * np.pi * t / 52)

    found = seen(shop(pace, customers=800))
    assert verdicts(found) == ["steady", "season"]
    # the log ends where a year ends: its first quarter is the high one
    assert found.stretch(13) == pytest.approx(1 + 0.5 * 2 / np.pi, abs=0.1)
    assert found.stretch(52) == pytest.approx(1.0, abs=0.03)
    pace_by_month = found.table.set_index("month")["index"]
    assert pace_by_month[["March", "April"]].min() > 1.2
    assert pace_by_month[["September", "October"]].max() < 0.8
    assert pace_by_month.mean() == pytest.approx(1.0, abs=0.02)
    said = found.findings()[1]
    assert said.values["high"]["zh"] in ("3月", "4月")
    told = found.plot(language="zh")
    assert told.get_ylabel()
    assert "3月" in [label.get_text() for label in told.get_xticklabels()]


def test_one_month_that_stands_out_is_a_season_by_months() -> None:
    start = END - pd.Timedelta(days=3 * 364 - 1)

    def pace(t):
        month = (start + pd.to_timedelta(np.floor(t * 7), unit="D")).month
        return np.where(month == 11, 2.0, 1.0)

    found = seen(shop(pace, customers=800, weeks=156))
    assert found.season.size == MONTHS
    assert found.table["index"].idxmax() == 10
    assert found.table["index"].iloc[10] == pytest.approx(24 / 13, abs=0.25)


def test_of_less_than_two_years_a_movement_is_said_and_widens() -> None:
    found = seen(shop(lambda t: np.exp(1.2 * t / 52), weeks=70, customers=800))
    assert verdicts(found) == ["moved"]
    assert found.findings()[0].severity == "warning"
    # forecasts go by the mean pace: the clock is even
    assert found.stretch(13) == 1.0
    assert found.deviations(13, 400, np.random.default_rng(1)).std() > 0.1
    quiet = seen(shop(lambda t: np.ones_like(t), weeks=70, seed=3))
    assert verdicts(quiet) == ["short"]
    assert quiet.deviations(13, 4, np.random.default_rng(1)).std() == 0


def test_a_handful_of_purchases_tells_nothing() -> None:
    found = seen(shop(lambda t: np.ones_like(t), customers=12))
    assert verdicts(found) == ["too_few"]
    assert not found.moves


def test_days_by_the_clock_are_days_where_nothing_moves_and_add_up() -> None:
    found = Calendar(728, END, "week", 1000, season=np.array([0.3, 0.1]))
    customers = pd.DataFrame({"frequency": [2.0, 0.0], "recency": [40.0, 0.0], "age": [52.0, 52.0]})
    customers.attrs["time_unit"] = "week"
    by_clock = found.stretched(customers)
    assert by_clock.attrs == customers.attrs
    assert by_clock["recency"].iloc[1] == 0
    assert (by_clock["recency"] <= by_clock["age"]).all()
    # a whole year is a year, whatever the season
    assert by_clock["age"].iloc[0] == pytest.approx(52.0, rel=0.01)
    assert by_clock["recency"].iloc[0] != pytest.approx(40.0, rel=0.01)


def test_purchases_in_between_are_counted_from_the_day_looked_at() -> None:
    log = pd.DataFrame(
        {"customer_id": ["a"] * 4 + ["b"] * 2,
         "date": pd.to_datetime(["2025-01-01", "2025-02-01", "2025-03-01", "2025-12-31",
                                 "2025-05-01", "2025-12-01"]), "amount": 1.0}
    )  # fmt: skip
    known = BuyingDays(log, END)
    assert Spans(known).events == 2
    assert Spans(known, origin=-60).events == 1
    assert waves(END, np.array([0.0, 31.0]), MONTHS).sum(axis=1).tolist() == [-11.0, 1.0]


def test_forecasts_of_the_past_go_by_the_growth_that_was_known_then() -> None:
    log = shop(lambda t: np.exp(0.4 * t / 52), customers=300)
    found = seen(log)
    about = {"as_of": END, "unit": "week", "horizon": 13, "most": 60}
    rng = np.random.default_rng(3)
    with_it = clv.backtest(log, clv.NBD, seen=found, rng=rng, **about)
    without = clv.backtest(log, clv.NBD, rng=rng, **about)

    def off(past: Backtest) -> float:
        rows = past.windows[
            (past.windows["group"] == "all") & (past.windows["what"] == "purchases")
        ]
        recent = rows[(rows["horizon"] == 13) & (rows["origin"] > END - pd.Timedelta(weeks=40))]
        return float(np.log(recent["actual"].sum() / recent["forecast"].sum()))

    assert off(without) > 0.1
    assert abs(off(with_it)) < 0.7 * off(without)
    assert with_it.width().factor < without.width().factor


def test_values_and_forecasts_follow_the_pace() -> None:
    log = shop(lambda t: np.exp(0.5 * t / 52), customers=300)
    days = BuyingDays(log, END)
    customers = days.summary(0, 7.0)
    customers.attrs["time_unit"] = "week"
    choice = clv.choose(customers, models=(clv.NBD,))
    found = seen(log, model=choice.model)
    rng, terms = np.random.default_rng(1), {"discount_rate": 0.1, "horizon": 52.0}
    even = choice.value(customers, rng=rng, **terms)
    paced = choice.value(customers, rng=rng, pace=found, **terms)
    assert paced.horizon == even.horizon == 52
    assert paced.terms[0] == pytest.approx(52 * found.stretch(52))
    # a year costs as much interest by either clock
    reach, rate = paced.terms
    assert (1 + rate) ** reach == pytest.approx(1.1**52)
    assert paced.expected.value > 1.1 * even.expected.value
    coming = clv.forecast(paced, rng=rng)
    assert coming.purchases.value == pytest.approx(paced.expected.value)
    assert (coming.purchases.high - coming.purchases.low) / coming.purchases.value > 0.1
