"""Records are put on a regular grid, whatever their periods are called."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from workbench.goals import GoalError, read_record


def frame(periods: list, **columns: list) -> pd.DataFrame:
    return pd.DataFrame({"period": periods, "estimate": np.arange(len(periods)) + 1.0, **columns})


def test_labels_of_half_years_are_read_in_order_and_gaps_are_kept() -> None:
    record = read_record(frame(["2025-H1", "2024-H1", "2026-H1"]))
    assert record.kind == "half-year"
    assert record.step.tolist() == [0, 2, 4]
    assert record.value.tolist() == [2.0, 1.0, 3.0]
    assert record.day_of(1) == dt.date(2024, 7, 1)


@pytest.mark.parametrize(
    ("periods", "kind"),
    [
        (["2024-Q3", "2024-Q4"], "quarter"),
        (["2024-05", "2024-06"], "month"),
        (["2023", "2024"], "year"),
        (list(pd.date_range("2024-01-01", periods=5, freq="QS")), "quarter"),
        (list(pd.date_range("2024-01-01", periods=5, freq="MS")), "month"),
        (list(pd.date_range("2024-01-01", periods=5, freq="W-MON")), "week"),
    ],
)
def test_the_kind_of_period_is_told_from_its_dates_or_labels(periods: list, kind: str) -> None:
    assert read_record(frame(periods)).kind == kind


def test_a_deadline_on_the_last_day_of_a_period_counts_that_period() -> None:
    record = read_record(frame(list(pd.date_range("2024-01-01", periods=4, freq="MS"))))
    assert record.step_of(dt.date(2024, 3, 31)) == 2
    assert record.step_of(dt.date(2024, 3, 30)) == 1
    weekly = read_record(frame(list(pd.date_range("2024-01-01", periods=4, freq="W-MON"))))
    assert weekly.step_of(dt.date(2024, 1, 14)) == 1
    assert weekly.step_of(dt.date(2024, 1, 13)) == 0


def test_the_first_day_of_a_period_lies_as_many_periods_on() -> None:
    weekly = read_record(frame(list(pd.date_range("2024-02-26", periods=4, freq="W-MON"))))
    assert [weekly.day_of(k) for k in (0, 1, 45)] == [
        dt.date(2024, 2, 26), dt.date(2024, 3, 4), dt.date(2025, 1, 6),
    ]  # fmt: skip
    monthly = read_record(frame(["2024-11", "2024-12"]))
    assert monthly.day_of(2) == dt.date(2025, 1, 1)


def test_standard_errors_come_from_deviation_and_count() -> None:
    record = read_record(frame(["2024-01", "2024-02"], sd=[2.0, 0.0], n=[16, 9]))
    assert record.se[0] == 0.5
    assert np.isnan(record.se[1]), "no spread at all is no known error"


def test_incomplete_periods_and_missing_values_are_left_out() -> None:
    rows = frame(["2024-01", "2024-02", "2024-03"], complete=[True, True, False])
    rows.loc[0, "estimate"] = np.nan
    assert read_record(rows).value.tolist() == [2.0]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (pd.DataFrame({"when": [1], "estimate": [1.0]}), "column 'period' is missing"),
        (frame(["2024-01", "2024-01"]), "appears twice"),
        (frame(["spring"]), "'spring' cannot be read"),
        (frame(["2024-Q5"]), "'2024-Q5' cannot be read"),
        (frame(["2024-Q1", "2024-H2"]), "several kinds"),
        (frame([]), "no measured value"),
    ],
)
def test_a_bad_record_is_refused_with_its_name(rows: pd.DataFrame, words: str) -> None:
    with pytest.raises(GoalError, match=words) as caught:
        read_record(rows, name="churn_down")
    assert "churn_down" in str(caught.value)
