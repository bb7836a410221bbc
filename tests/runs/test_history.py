"""History is read from the files of earlier runs: every number, and how it moved."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workbench.results import Estimate
from workbench.runs import RunRecord, changes, metric_history

FIRST, SECOND = "20260101T000000Z-aaaaaa", "20260102T000000Z-bbbbbb"


def store(folder: Path, run: str, page: str, **numbers: Estimate) -> None:
    results = folder / run / "results" / page
    results.mkdir(parents=True)
    rows = [{"name": name, **each.to_json()} for name, each in numbers.items()]
    (results / "estimates.json").write_text(json.dumps(rows))
    started = f"{run[:4]}-{run[4:6]}-{run[6:8]}T08:00:00+00:00"
    record = RunRecord("tiny", run, started, started, "done", {})
    (folder / run / "run.json").write_text(json.dumps(asdict(record), default=str))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    store(tmp_path, SECOND, "clv", mean=Estimate(5.0, 4, 6, unit="CNY"), total=Estimate(9.0))
    store(tmp_path, FIRST, "clv", mean=Estimate(3.0, 2, 4, unit="CNY"), last=Estimate(1.0))
    day = Estimate.of_day(date(2026, 1, 1))
    store(tmp_path, FIRST, "case_evaluation-desk", effect=Estimate(1.0), day=day)
    store(tmp_path, SECOND, "case_evaluation-desk", effect=Estimate(0.5), day=day)
    store(tmp_path, SECOND, "case_evaluation-offer", effect=Estimate(7.0))
    (tmp_path / ".unfinished-x").mkdir()
    return tmp_path


def test_each_number_of_each_run_is_one_row_by_name_case_and_run(folder: Path) -> None:
    history = metric_history(folder)
    rows = history[["name", "case", "run"]].astype(object).where(history.notna(), None)
    assert rows.to_numpy().tolist() == [
        ["day", "desk", FIRST],
        ["day", "desk", SECOND],
        ["effect", "desk", FIRST],
        ["effect", "desk", SECOND],
        ["effect", "offer", SECOND],
        ["last", None, FIRST],
        ["mean", None, FIRST],
        ["mean", None, SECOND],
        ["total", None, SECOND],
    ]
    assert history["value"].isna().tolist() == [True, True] + [False] * 7, "days are no numbers"
    assert list(history.index) == list(range(9))


def test_one_number_can_be_followed_with_its_interval_and_time(folder: Path) -> None:
    history = metric_history(folder, "mean")
    assert history["value"].tolist() == [3.0, 5.0]
    assert history["low"].tolist() == [2.0, 4.0] and history["high"].tolist() == [4.0, 6.0]
    assert set(history["unit"]) == {"CNY"} and set(history["notebook"]) == {"clv"}
    assert history["started"].tolist() == [
        pd.Timestamp("2026-01-01 08:00"),
        pd.Timestamp("2026-01-02 08:00"),
    ]


def test_a_change_is_the_newest_run_less_the_one_before_case_by_case(folder: Path) -> None:
    moved = changes(folder).set_index("name")
    assert list(moved.index) == ["effect", "mean"], "what has no earlier value has not changed"
    assert moved.loc["mean", ["before", "value", "change"]].tolist() == [3.0, 5.0, 2.0]
    assert moved.loc["effect", ["before", "value", "change"]].tolist() == [1.0, 0.5, -0.5]
    assert moved["case"].tolist()[0] == "desk" and moved.loc["mean", "unit"] == "CNY"


def test_nothing_has_no_history(tmp_path: Path) -> None:
    assert metric_history(tmp_path / "nothing").empty
    assert changes(tmp_path / "nothing").empty
    store(tmp_path, FIRST, "clv", mean=Estimate(np.nan))
    assert changes(tmp_path).empty
