"""Units of time travel with the data, and two of them are never mixed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.clv import (
    NBD,
    BetaGeometric,
    PurchaseResults,
    ShiftedBetaGeometric,
    alive_map,
    compare,
    continuous_rate,
    contract_periods,
    tracking,
)
from workbench.errors import DataError


def noted(customers: pd.DataFrame, unit: str) -> pd.DataFrame:
    """The data room notes the unit of a summary's times with its rows."""
    customers = customers.copy()
    customers.attrs["time_unit"] = unit
    return customers


def test_the_unit_of_a_summary_is_that_of_the_model(cdnow: pd.DataFrame) -> None:
    fit = BetaGeometric.from_frame(noted(cdnow, "week")).fit()
    assert fit.unit == "week"
    assert fit.p_alive().table.index.equals(cdnow.index)
    rate, rows = continuous_rate(0.15, "week"), fit.model.rows
    theta, horizon = np.exp(fit.phi), float("inf")
    ahead = fit.process.alive(theta, rows.x, rows.t_x, rows.T) * fit.process.discounted(
        theta, horizon, rate, rows.x, rows.T
    )
    assert fit.dert(0.15).total().value == pytest.approx(rows.n @ ahead)


def test_two_units_are_refused_wherever_they_meet(
    bg: PurchaseResults, cdnow: pd.DataFrame, log: pd.DataFrame
) -> None:
    weekly = noted(cdnow, "week")
    with pytest.raises(DataError, match="in weeks and in months"):
        NBD.from_frame(weekly, unit="month")
    days = NBD(cdnow["frequency"], cdnow["recency"] * 7, cdnow["age"] * 7, unit="day").fit()
    with pytest.raises(DataError, match="the models are in weeks and in days"):
        compare([bg, days])
    with pytest.raises(DataError, match="fitted in weeks, tracking is asked for in days"):
        tracking(bg, log, unit="day", calibration_end="1997-09-30")


def test_months_of_contracts_are_not_taken_for_years() -> None:
    start = pd.Series(pd.to_datetime(["2023-01-05"] * 8))
    end = pd.Series(pd.to_datetime(["2023-02-20", "2023-04-20", None, None] * 2))
    held = contract_periods(start, end, as_of="2024-01-01", unit="month")
    assert ShiftedBetaGeometric(held["duration"], held["ended"]).unit == "month"
    with pytest.raises(DataError, match="the durations and the model are in months and in years"):
        ShiftedBetaGeometric(held["duration"], held["ended"], unit="year")
    assert ShiftedBetaGeometric.from_cohort([100, 80, 70]).unit == "year"


def test_a_map_without_a_unit_names_none(cdnow: pd.DataFrame, bg: PurchaseResults) -> None:
    import matplotlib.pyplot as plt

    nameless = BetaGeometric.from_frame(cdnow).fit()
    figure, axes = plt.subplots(1, 2)
    assert alive_map(nameless, top=5).plot(axes[0]).get_xlabel() == "Time since the last purchase"
    assert alive_map(bg, top=5).plot(axes[1]).get_xlabel() == "Time since the last purchase (weeks)"
    plt.close(figure)
