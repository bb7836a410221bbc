"""Records become a panel, or an error that says what is wrong; nothing is dropped in silence."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.impact import CaseError, read_panel
from workbench.impact.inputs.panel import calendar_gaps, period_start, split_periods

START = "2024-04-01"


def records(customers: int = 6) -> pd.DataFrame:
    months = pd.date_range("2024-01-01", periods=6, freq="MS")
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "customer_id": np.repeat(np.arange(customers), 6),
            "period": np.tile(months, customers),
            "estimate": rng.normal(size=6 * customers),
        }
    )


def test_records_become_units_by_periods() -> None:
    panel = read_panel(records(), {0: True, 1: True}, start=START)
    assert panel.outcome.shape == (6, 6)
    assert panel.after.tolist() == [False] * 3 + [True] * 3
    assert panel.treated.tolist() == [True, True] + [False] * 4


def test_an_unbalanced_panel_keeps_its_holes() -> None:
    panel = read_panel(records().drop(index=[3, 14]), {0: True}, start=START)
    assert (panel.weight == 0).sum() == 2 and np.isnan(panel.outcome[0, 3])


def test_groups_average_their_customers() -> None:
    frame = records().assign(city=lambda d: np.where(d["customer_id"] < 3, "A", "B"))
    panel = read_panel(frame, {"A": True}, start=START, unit="city")
    assert panel.weight[0, 0] == 3
    first = frame[(frame["city"] == "A") & (frame["period"] == "2024-01-01")]["estimate"]
    assert panel.outcome[0, 0] == pytest.approx(first.mean())


def test_missing_values_are_counted() -> None:
    frame = records()
    frame.loc[[0, 5], "estimate"] = [np.nan, np.inf]
    panel = read_panel(frame, {0: True}, start=START)
    assert panel.exclusions.to_numpy().tolist() == [["no value", "records", 2]]


def test_a_period_that_contains_the_start_is_left_out_and_counted() -> None:
    panel = read_panel(records(), {0: True}, start="2024-03-15")
    assert len(panel.periods) == 5
    assert "the period contains the start" in set(panel.exclusions["reason"])


def test_a_gap_in_the_dates_does_not_swallow_the_last_period_before() -> None:
    frame = records()
    panel = read_panel(frame[frame["period"] != "2024-04-01"], {0: True}, start="2024-04-20")
    assert panel.after.tolist() == [False] * 3 + [True] * 2


@pytest.mark.parametrize(
    ("start", "words"), [("2023-01-01", "before the data"), ("2025-01-01", "after the data")]
)
def test_a_start_outside_the_data_is_an_error(start: str, words: str) -> None:
    with pytest.raises(CaseError, match=words):
        read_panel(records(), {0: True}, start=start)


def test_treated_units_that_do_not_occur_are_an_error() -> None:
    with pytest.raises(CaseError, match="none of the 1 treated units occurs"):
        read_panel(records(), {"nobody": True}, start=START)


def test_nobody_treated_is_an_error() -> None:
    with pytest.raises(CaseError, match="nobody was treated"):
        read_panel(records(), {}, start=START)


def test_treated_never_observed_before_is_an_error() -> None:
    frame = records()
    frame = frame[~((frame["customer_id"] == 0) & (frame["period"] < START))]
    with pytest.raises(CaseError, match="observed before the start"):
        read_panel(frame, {0: True}, start=START)


def test_a_constant_outcome_is_an_error() -> None:
    with pytest.raises(CaseError, match="the outcome is 3 everywhere"):
        read_panel(records().assign(estimate=3.0), {0: True}, start=START)


def test_only_missing_values_are_an_error() -> None:
    with pytest.raises(CaseError, match="no outcome to compare"):
        read_panel(records().assign(estimate=np.nan), {0: True}, start=START)


def test_starts_that_differ_are_an_error() -> None:
    with pytest.raises(CaseError, match="treated later than"):
        read_panel(records(), {0: START, 1: "2024-05-01"}, start=START)


def test_a_treatment_before_the_start_of_the_case_is_an_error() -> None:
    with pytest.raises(CaseError, match="were treated from 2024-02-01"):
        read_panel(records(), {0: "2024-02-01"}, start=START)


def test_those_who_joined_later_may_start_later() -> None:
    frame = records()
    frame = frame[~((frame["customer_id"] == 1) & (frame["period"] < "2024-05-01"))]
    panel = read_panel(frame, {0: START, 1: "2024-05-01"}, start=START)
    assert panel.n_treated == 2


def test_a_missing_column_names_what_there_is() -> None:
    with pytest.raises(CaseError, match="its columns are customer_id, period"):
        read_panel(records().drop(columns="estimate"), {0: True}, start=START)


def test_the_same_customer_twice_in_a_period_is_an_error() -> None:
    frame = pd.concat([records(), records().iloc[[0]]])
    with pytest.raises(CaseError, match="1 customers and periods occur more than once"):
        read_panel(frame, {0: True}, start=START)


@pytest.mark.parametrize(
    ("label", "day"),
    [
        ("2024-H2", "2024-07-01"),
        ("2024Q3", "2024-07-01"),
        ("2024-05", "2024-05-01"),
        ("2024", "2024-01-01"),
        (pd.Timestamp("2024-02-03"), "2024-02-03"),
    ],
)
def test_period_labels_are_read(label: object, day: str) -> None:
    assert period_start(label) == pd.Timestamp(day)


def test_a_label_that_names_no_date_is_an_error() -> None:
    with pytest.raises(CaseError, match="names no date"):
        period_start("third wave")


def test_waves_split_at_the_start() -> None:
    before, after = split_periods(
        pd.Index(["2024-H1", "2024-H2", "2025-H1"]), pd.Timestamp("2025-01-01")
    )
    assert before.tolist() == [True, True, False] and after.tolist() == [False, False, True]


def test_the_same_unit_twice_in_a_period_is_an_error_where_rows_are_no_customers() -> None:
    frame = records().rename(columns={"customer_id": "city"})
    frame = pd.concat([frame, frame.iloc[[0]]])
    with pytest.raises(CaseError, match=r"1 units and periods .* first 0 in 2024-01-01"):
        read_panel(frame, {0: True}, start=START, unit="city")


def test_periods_that_the_calendar_lacks_are_counted() -> None:
    frame = records()
    panel = read_panel(frame[frame["period"] != "2024-05-01"], {0: True}, start=START)
    assert panel.exclusions.to_numpy().tolist() == [["missing from the calendar", "periods", 1]]


@pytest.mark.parametrize(
    ("labels", "missing"),
    [
        (["2024-H1", "2024-H2", "2025-H2"], ["2025-01-01"]),
        (["2020", "2021", "2023", "2024"], ["2022-01-01"]),
        (list(pd.date_range("2024-01-01", periods=5, freq="7D").delete(2)), ["2024-01-15"]),
        (list(pd.date_range("2024-01-31", periods=4, freq="ME")), []),
    ],
)
def test_gaps_are_found_in_any_calendar(labels: list, missing: list[str]) -> None:
    assert calendar_gaps(pd.Index(labels)) == missing


def test_a_weight_that_is_not_a_number_is_counted() -> None:
    frame = records().assign(n=2.0)
    frame.loc[4, "n"] = np.nan
    panel = read_panel(frame, {0: True}, start=START, weight="n")
    assert panel.exclusions["n"].tolist() == [1] and panel.weight[0, 4] == 0
