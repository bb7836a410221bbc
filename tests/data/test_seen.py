"""A study as it would have been seen on an earlier day: as if its files had ended there."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.data.conftest import written
from workbench.data import Tables, customer_summary, open_tables
from workbench.study import Study, StudyError, seen_on

DAY = dt.date(2025, 6, 30)
CUT = pd.Timestamp("2025-07-01")
TIMES = {
    "customers": "joined_on",
    "transactions": "date",
    "contracts": "start",
    "interactions": "at",
    "survey": "answered_on",
    "treatments": "start",
}
SURVEY = {"survey": {"scale": [1, 5], "dimensions": {"quality": [1]}}}


def _frames(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Make a year of every standard table."""
    days = pd.Series(pd.date_range("2025-01-01", "2025-12-30", freq="D"))

    def when(n: int) -> pd.Series:
        return days.sample(n, replace=True, random_state=rng.integers(1 << 30), ignore_index=True)

    def who(n: int) -> np.ndarray:
        return np.array([f"c{i:02d}" for i in rng.integers(0, 30, n)])

    bought = pd.DataFrame({"customer_id": who(300), "date": when(300)})
    bought["amount"] = rng.integers(5, 90, 300).astype(float)
    back = bought.sample(20, random_state=3).assign(amount=lambda d: -d["amount"])
    back["date"] += pd.to_timedelta(rng.integers(1, 60, 20), unit="D")
    begun = when(40)
    contracts = pd.DataFrame({"customer_id": who(40), "contract_id": range(40), "start": begun})
    contracts["end"] = (begun + pd.to_timedelta(rng.integers(20, 200, 40), unit="D")).where(
        rng.random(40) < 0.7
    )
    contracts.loc[contracts["end"] > days.iloc[-1], "end"] = pd.NaT
    contracts["monthly_fee"] = 9.5
    survey = pd.DataFrame({"respondent_id": range(60), "wave": "one", "answered_on": when(60)})
    survey["per_01"] = rng.integers(1, 6, 60)
    treated = pd.DataFrame({"case": "offer", "customer_id": who(12), "start": when(12)})
    return {
        "customers": pd.DataFrame(
            {"customer_id": [f"c{i:02d}" for i in range(30)], "region": "N", "joined_on": when(30)}
        ),
        "transactions": pd.concat([bought, back[back["date"] <= days.iloc[-1]]]),
        "contracts": contracts,
        "interactions": pd.DataFrame({"customer_id": who(80), "at": when(80), "kind": "call"}),
        "survey": survey,
        "treatments": treated.drop_duplicates("customer_id"),
    }


def _written(folder: Path, frames: dict[str, pd.DataFrame], as_of: str) -> Study:
    texts = {name: frame.to_csv(index=False) for name, frame in frames.items()}
    return written(folder, {"as_of": as_of, **SURVEY}, **texts)


@pytest.fixture(scope="module")
def two_ways(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tables, Tables]:
    """Give the whole study seen on a day, and a study whose files were cut on it by hand."""
    frames = _frames(np.random.default_rng(7))
    cut = {name: frame[frame[TIMES[name]] < CUT].copy() for name, frame in frames.items()}
    ends = cut["contracts"]["end"]
    cut["contracts"]["end"] = ends.where(ends < CUT)
    whole = _written(tmp_path_factory.mktemp("whole"), frames, "2025-12-31")
    by_hand = _written(tmp_path_factory.mktemp("cut"), cut, DAY.isoformat())
    return open_tables(seen_on(whole, DAY), cache=False), open_tables(by_hand, cache=False)


@pytest.mark.parametrize("name", TIMES)
def test_a_table_seen_on_a_day_is_the_table_cut_on_that_day(
    two_ways: tuple[Tables, Tables], name: str
) -> None:
    seen, cut = two_ways
    # pseudonyms are each study's own
    columns = [c for c in seen.frame(name) if not c.endswith("_id")]
    pd.testing.assert_frame_equal(
        seen.frame(name)[columns].reset_index(drop=True),
        cut.frame(name)[columns].reset_index(drop=True),
    )
    report, plain = seen.report_of(name), cut.report_of(name)
    assert (report.read, report.kept, report.set_aside) == (
        plain.read,
        plain.kept,
        plain.set_aside,
    )
    assert report.left_out["later"] > 0
    assert plain.left_out == {}


def test_the_summary_of_a_log_seen_on_a_day_is_that_of_the_log_cut_on_it(
    two_ways: tuple[Tables, Tables],
) -> None:
    found = [customer_summary(tables).grouped() for tables in two_ways]
    pd.testing.assert_frame_equal(*found)


def test_a_row_is_known_from_the_day_it_was_loaded(tmp_path: Path) -> None:
    log = (
        "customer_id,date,amount,stamp\na,2025-06-01,10,2025-06-02\na,2025-06-20,20,2025-07-09\n"
        "b,2025-06-28,30,\nb,2025-07-02,40,2025-07-02\n"
    )
    study = written(tmp_path, transactions=({"columns": {"loaded_on": "stamp"}}, log))
    tables = open_tables(seen_on(study, DAY), cache=False)
    assert sorted(tables.frame("transactions")["amount"]) == [10, 30]
    assert tables.report_of("transactions").left_out == {"later": 2}


def test_a_table_without_days_is_said_to_be_taken_whole(tmp_path: Path) -> None:
    study = written(
        tmp_path,
        customers="customer_id,region\na,N\nb,S\n",
        transactions="customer_id,date,amount\na,2025-01-01,1\nb,2025-02-01,1\n",
    )
    tables = open_tables(seen_on(study, DAY), cache=False)
    assert any("no column says when" in note for note in tables.report_of("customers").notes)
    assert not tables.report_of("transactions").notes


def test_nobody_sees_a_day_that_has_not_come(tmp_path: Path) -> None:
    study = written(tmp_path, transactions="customer_id,date,amount\na,2025-01-01,1\n")
    with pytest.raises(StudyError, match=r"2026-01-31 lies after as_of 2025-12-31"):
        seen_on(study, dt.date(2026, 1, 31))
