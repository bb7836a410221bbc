"""A log of purchases in a DataFrame is summarised as that of a study is."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from workbench.clv import BetaGeometric
from workbench.data import customer_summary, open_tables, summary
from workbench.errors import DataError
from workbench.study import StudyError, load_study


def test_a_frame_gives_what_its_study_gives() -> None:
    study = load_study("cdnow")
    tables = open_tables(study)
    expected = customer_summary(tables, "transactions_sample", calibration_end=dt.date(1997, 9, 30))
    card = study.tables["transactions_sample"]
    raw = pd.read_csv(study.folder / str(card.path), dtype=str)
    own = {k: card.columns.get(k, k) for k in ("customer_id", "date", "amount")}
    found = summary(
        raw,
        customer=own["customer_id"],
        date=own["date"],
        amount=own["amount"],
        calibration_end="1997-09-30",
        as_of=study.as_of,
        time_unit="week",
    )
    key = ["frequency", "recency", "age", "mean_spend", "holdout_frequency"]
    a, b = (f[key].sort_values(key, ignore_index=True) for f in (found, expected.frame()))
    pd.testing.assert_frame_equal(a, b, rtol=1e-12)
    assert set(found["customer_id"]) <= set(raw[own["customer_id"]].str.strip()), "its own ids"
    fit = BetaGeometric(found["frequency"], found["recency"], found["age"]).fit()
    assert fit.params["r"] == pytest.approx(0.2426, abs=5e-4), "as Fader, Hardie and Lee print it"


def test_texts_times_and_categories_are_read_and_what_fell_out_is_counted() -> None:
    log = pd.DataFrame(
        {
            "who": pd.Categorical(["7", "7", "8", None]),
            "when": pd.to_datetime(
                ["2025-01-01 23:30", "2025-01-15 00:00", "2025-01-08 00:00", "2025-01-09 00:00"]
            ).tz_localize("America/New_York"),
            "paid": ["5.00", "1,007.00", "3", "4"],
        }
    )
    found = summary(
        log, customer="who", date="when", amount="paid", time_unit="day",
        time_zone="America/New_York",
    )  # fmt: skip
    assert found[["frequency", "recency", "age"]].to_numpy().tolist() == [[1, 14, 14], [0, 0, 7]]
    assert found["mean_spend"][0] == 1007.0
    assert found.attrs["as_of"] == dt.date(2025, 1, 15)
    assert (found.attrs["counts"].set_aside, found.attrs["counts"].rows) == (1, 3)


def test_days_that_can_be_read_in_two_ways_are_asked_about() -> None:
    log = pd.DataFrame({"c": ["a", "a"], "d": ["01/02/2025", "03/04/2025"], "v": [1.0, 2.0]})
    with pytest.raises(DataError, match="date_format='%d/%m/%Y'"):
        summary(log, customer="c", date="d", amount="v")
    found = summary(
        log, customer="c", date="d", amount="v", date_format="%d/%m/%Y", time_unit="day"
    )
    assert found["recency"].tolist() == [61]


def test_wrong_arguments_are_told_apart() -> None:
    log = pd.DataFrame({"cust": ["a"], "day": ["2025-01-01"], "v": [1.0]})
    with pytest.raises(DataError, match="did you mean 'cust'"):
        summary(log, customer="custt", date="day", amount="v")
    with pytest.raises(DataError, match="no rows"):
        summary(log.iloc[:0], customer="cust", date="day", amount="v")
    with pytest.raises(StudyError):
        summary(log, customer="cust", date="day", amount="v", refunds="perhaps")
    with pytest.raises(DataError) as caught:
        summary(log.assign(day="soon"), customer="cust", date="day", amount="v")
    assert "study.yml" not in str(caught.value) and "parquet" not in str(caught.value)
    assert np.isnan(summary(log, customer="cust", date="day", amount="v")["mean_spend"][0])


def test_a_log_of_visits_needs_no_amounts() -> None:
    log = pd.DataFrame(
        {
            "who": ["a", "a", "b", "a"],
            "day": ["2025-01-01", "2025-01-15", "2025-01-08", "2025-02-01"],
        }
    )
    found = summary(log, customer="who", date="day", time_unit="day")
    assert found["customer_id"].tolist() == ["a", "b"]
    assert found["frequency"].tolist() == [2, 0]
    assert found["mean_spend"].isna().all()


@pytest.mark.parametrize(
    ("frame", "keys", "said"),
    [
        ([{"who": "a"}], {}, "a list is no DataFrame"),
        (pd.DataFrame([["a", "b", "2025-01-01"]], columns=["who", "who", "day"]), {}, "several"),
        (
            pd.DataFrame({"who": ["a"], "day": ["2025-01-01"]}),
            {"as_of": "soon"},
            "'soon' is no day",
        ),
    ],
)
def test_what_is_no_log_is_refused_in_words(frame: Any, keys: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        summary(frame, customer="who", date="day", **keys)
