"""Public holidays that move, and days without trade, in the series of a measure."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.impact.cards import case_of
from workbench.impact import CaseError, evaluate, interrupted_series
from workbench.impact.inputs.series import read_series
from workbench.impact.inputs.trading_days import holiday_share, holidays_of, without_trade


def days(first: str, n: int) -> pd.DatetimeIndex:
    return pd.date_range(first, periods=n, freq="D")


def test_holidays_are_those_of_the_country_and_its_parts() -> None:
    new_year = {pd.Timestamp("2024-02-10"), pd.Timestamp("2025-01-29")}  # Chinese New Year's days
    assert new_year <= holidays_of("CN", 2024, 2025)
    epiphany = pd.Timestamp("2025-01-06")
    assert epiphany in holidays_of("DE-BY", 2025, 2025)
    assert epiphany not in holidays_of("DE", 2025, 2025)
    with pytest.raises(CaseError, match="no public holidays are known of 'XQ'"):
        holidays_of("XQ", 2025, 2025)


def test_a_period_has_the_share_of_its_days_that_are_holidays() -> None:
    months = pd.date_range("2024-01-01", periods=14, freq="MS")
    share = holiday_share(months, "DE")
    # Good Friday was on 29 March, Easter Monday on 1 April; Labour, Ascension, Whit Monday in May
    assert share[2:5] == pytest.approx([1 / 31, 1 / 30, 3 / 31])
    weeks = pd.date_range("2024-03-25", periods=4, freq="7D")
    assert holiday_share(weeks, "DE") == pytest.approx([1 / 7, 1 / 7, 0, 0])
    assert holiday_share(pd.date_range("2010", periods=9, freq="YS"), "DE") is None
    assert holiday_share(months, "") is None


def test_closed_days_are_none_and_other_zeros_stay() -> None:
    index = days("2024-01-01", 140)
    value = np.where(index.day_of_week == 6, 0.0, 5.0)
    value[100] = 0.0  # a Wednesday on which nobody came
    value[index.get_loc("2024-05-01")] = 0.0
    closed = without_trade(value, index, "DE")
    assert closed[index.day_of_week == 6].all() and closed[index.get_loc("2024-05-01")]
    assert closed.sum() == (index.day_of_week == 6).sum() + 1
    # where zeros are common, none is a closed day
    assert not without_trade(np.where(np.arange(140) % 2, 5.0, 0.0), index, "DE").any()


def trade(rng, n=560, start=420, effect=0.0):
    """Daily sales of a shop that is closed on Sundays, and slow on holidays."""
    index = days("2023-01-02", n)
    y = 50 + 5 * np.cos(2 * np.pi * index.day_of_year / 365) + 4 * (index.day_of_week == 5)
    y = np.asarray(y) + 2 * rng.normal(size=n)
    off = np.isin(index, list(holidays_of("CN", 2023, 2025)))
    y[off] -= 25
    y[start:] += effect
    y[index.day_of_week == 6] = 0.0
    return pd.DataFrame({"period": index, "estimate": y, "n": 100}), index[start]


def test_a_shop_closed_on_sundays_is_judged_by_its_open_days() -> None:
    records, start = trade(np.random.default_rng(1), effect=6.0)
    card = case_of("app", start, "everybody", period="day")
    series = read_series(records, card, 5, country="CN")
    assert np.isnan(series.value[series.periods.day_of_week == 6]).all()
    assert "no trade" in set(series.exclusions["reason"])
    found = evaluate(records, card, outcome="sales", country="CN")
    assert found.effect.low < 6 < found.effect.high and found.effect.clear
    assert any(check.key == "holidays" for check in found.checks)
    without = evaluate(records, card, outcome="sales")
    width = found.effect.high - found.effect.low
    assert width < 0.8 * (without.effect.high - without.effect.low)


def test_a_holiday_that_lies_after_the_start_alone_is_no_effect() -> None:
    rng, clear = np.random.default_rng(2), {"CN": 0, "": 0}
    weeks = pd.date_range("2022-03-07", periods=110, freq="7D")
    share = holiday_share(weeks, "CN")
    later = np.asarray(weeks >= "2024-01-22")  # New Year lies in this short time after the start
    for _ in range(20):
        y = 100 - 60 * share + 3 * rng.normal(size=110)
        for country in clear:
            found = interrupted_series(y, weeks, after=later, season=52, country=country, peaks=())
            clear[country] += found.clear
    assert clear["CN"] <= 3, clear
