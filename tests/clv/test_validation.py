"""Holdout, tracking, comparison, the map of P(alive), and published fits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from workbench.clv import (
    NBD,
    BetaGeometric,
    PurchaseResults,
    alive_map,
    calibration_split,
    compare,
    holdout_table,
    reproduce,
    tracking,
)
from workbench.errors import DataError


def test_the_holdout_table_adds_up(bg: PurchaseResults, cdnow: pd.DataFrame) -> None:
    found = holdout_table(bg, cdnow["holdout"], 39, top=5)
    t = found.table
    assert t["frequency"].tolist() == ["0", "1", "2", "3", "4", "5+"]
    assert t["n"].sum() == 2357
    assert (t["n"] * t["actual"]).sum() == pytest.approx(1882)
    assert (t["n"] * t["expected"]).sum() == pytest.approx(found.total["expected"].iloc[0])
    bias = found.errors["bias"]
    assert bias.value == pytest.approx(found.total["expected"].iloc[0] / 1882 - 1)
    assert found.plot().get_xlabel() == "Repeat purchases before"


def test_a_holdout_of_other_customers_is_refused(bg: PurchaseResults) -> None:
    with pytest.raises(DataError, match="2 holdout counts for 2357"):
        holdout_table(bg, [1, 2], 39)


def test_tracking_counts_every_repeat_purchase_once(bg: PurchaseResults, log: pd.DataFrame) -> None:
    path = tracking(bg, log, unit="week", calibration_end="1997-09-30")
    t = path.table
    assert t["cumulative_actual"].iloc[-1] == 2457 + 1882
    assert len(t) == 78 and t["calibration"].sum() == 39
    assert t["cumulative_actual"][t["calibration"]].iloc[-1] == 2457
    # the model was fitted to this: it must be close within calibration
    inside = t[t["calibration"]].iloc[-1]
    assert inside["cumulative_expected"] == pytest.approx(2457, rel=0.05)
    assert t["expected"].sum() == pytest.approx(t["cumulative_expected"].iloc[-1])
    path.plot()


def test_each_period_of_tracking_has_an_interval_of_its_own(
    bg: PurchaseResults, log: pd.DataFrame
) -> None:
    path = tracking(bg, log, unit="week", calibration_end="1997-09-30")
    t = path.table
    assert (t["expected_low"] < t["expected"]).all()
    assert (t["expected"] < t["expected_high"]).all()
    # by hand, of the last week: 39 more weeks of everyone's time, at shifted parameters
    width = np.log(t["expected_high"] / t["expected_low"]) / (2 * 1.959964)
    end = np.datetime64("1998-06-30")
    first = pd.to_datetime(log.groupby("customer_id")["date"].min())
    age = ((end - first.to_numpy()) / np.timedelta64(7, "D")).astype(float)

    def week(phi: np.ndarray) -> float:
        grown = [bg.expected_purchases_new(a).at(phi).sum() for a in (age, age - 1)]
        return float(np.log(grown[0] - grown[1]))

    assert week(bg.phi) == pytest.approx(np.log(t["expected"].iloc[-1]))
    slope = np.array([(week(bg.phi + d) - week(bg.phi - d)) / 2e-4 for d in 1e-4 * np.eye(4)])
    assert width.iloc[-1] == pytest.approx(np.sqrt(slope @ bg.covariance @ slope), rel=1e-3)
    assert len(path.plot_periods(Figure().subplots()).collections) == 1


def test_a_period_that_has_only_begun_is_left_out(bg: PurchaseResults, log: pd.DataFrame) -> None:
    path = tracking(bg, log, unit="week", calibration_end="1997-09-30", until="1998-06-26")
    assert len(path.table) == 77
    assert path.table["end"].iloc[-1] == pd.Timestamp("1998-06-23")


def test_tracking_refuses_another_unit(bg: PurchaseResults, log: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="fitted in weeks, tracking is asked for in days"):
        tracking(bg, log, unit="day", calibration_end="1997-09-30")


def test_models_are_compared_by_bic_and_by_what_they_foresaw(
    bg: PurchaseResults, cdnow: pd.DataFrame
) -> None:
    nbd = NBD.from_frame(cdnow, unit="week").fit()
    table = compare([nbd, bg], cdnow["holdout"], 39)
    assert table["model"].tolist() == ["BG/NBD", "NBD"]
    assert table["bias"].abs().is_monotonic_increasing
    assert ((table["mae_low"] < table["mae"]) & (table["mae"] < table["mae_high"])).all()


def test_models_of_different_customers_are_not_compared(
    bg: PurchaseResults, cdnow: pd.DataFrame
) -> None:
    other = BetaGeometric.from_frame(cdnow.iloc[:500]).fit()
    with pytest.raises(DataError, match="different customers"):
        compare([bg, other])


def test_calibration_takes_two_thirds_unless_told() -> None:
    dates = pd.Series(pd.date_range("2024-01-01", "2024-12-31"))
    assert calibration_split(dates) == pd.Timestamp("2024-08-31")
    assert calibration_split(dates, "2024-06-30") == pd.Timestamp("2024-06-30")
    with pytest.raises(DataError, match="does not lie within the log"):
        calibration_split(dates, "2025-06-30")
    with pytest.raises(DataError, match="write it like"):
        calibration_split(dates, "last summer")


def test_the_map_falls_with_silence(bg: PurchaseResults) -> None:
    found = alive_map(bg, top=6)
    grid = found.table.pivot_table(index="frequency", columns="silence", values="p_alive")
    assert (np.diff(grid.to_numpy(), axis=1) < 0).all()
    assert set(found.coarse()["frequency"]) <= set(range(1, 7))
    odds = found.estimates()
    assert odds["even_odds_6"].value < odds["even_odds_2"].value
    assert odds["even_odds_6"].low < odds["even_odds_6"].value < odds["even_odds_6"].high
    found.plot()


def test_a_published_fit_is_found_by_its_parameters(cdnow: pd.DataFrame) -> None:
    printed = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426, "log_likelihood": -9582.4}
    assert reproduce(printed, cdnow, unit="week").agrees
    wrong = reproduce(printed | {"r": 0.25}, cdnow, unit="week")
    assert not wrong.agrees and wrong.table["agrees"].tolist() == [False, True, True, True, True]
    with pytest.raises(DataError, match="no model has the parameters x"):
        reproduce({"x": 1.0}, cdnow)
