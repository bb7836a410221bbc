"""Actions, proposals and the indicator tree: what follows from goals, by stated rules."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from workbench.goals import (
    GoalError,
    GoalReport,
    IndicatorRecord,
    changes,
    judge,
    progress,
    propose,
    read_goals,
    read_record,
    xmr,
)
from workbench.goals.changes import BETTER, BOTH, NOISE, WORSE, _verdict, without_season
from workbench.languages.numbers import as_value

mpl.use("agg")
TODAY = dt.date(2025, 12, 31)


def card(name: str, **given: Any) -> dict[str, Any]:
    plain = {"name": name, "title": name.title(), "indicator": "nps", "baseline": 10.0,
             "baseline_date": "2024-12-31", "target": 20.0, "deadline": "2025-12-31"}  # fmt: skip
    return plain | given


def path(values: Any, se: float = 0.5) -> pd.DataFrame:
    periods = pd.date_range("2024-01-01", periods=len(values), freq="MS")
    return pd.DataFrame({"period": periods, "estimate": np.asarray(values, float), "se": se})


RISE = [10.0] * 12 + list(np.linspace(11, 22, 12))
FLAT = [10.0, 10.4, 9.7] * 8


def report_of(cards: list[dict[str, Any]], **paths: Any) -> GoalReport:
    goals = read_goals(cards)
    return judge(goals, {n: path(p) for n, p in paths.items()}, as_of=TODAY)


# --- progress in words ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "words"),
    [(1.2, "target reached"), (0.8, "most of the way"),
     (0.5, "about half of the way"), (0.0, "where it started"),
     (-2.11, "further away than at the start"), (math.nan, "")],
)  # fmt: skip
def test_progress_is_said_in_words(share: float, words: str) -> None:
    assert progress(share) == words


def test_what_chance_may_have_moved_has_not_clearly_moved() -> None:
    assert progress(-0.3, -1.0, 0.4) == "not clearly away from where it started"
    assert progress(1.1, -0.2, 2.0) == "around the target"
    assert progress(1.4, 1.1, 2.0) == "target reached"


# --- proposals ------------------------------------------------------------------------------------


def test_a_goal_that_is_met_gets_a_better_target_a_year_on() -> None:
    report = report_of([card("met")], met=RISE)
    (row,) = propose(report).table.to_dict("records")
    assert row["proposal"] == "set the next target" and row["proposed"] > 20
    assert row["until"] == pd.Timestamp("2026-12-31") and "required probability" in row["reason"]
    level = report.models["met"].level(35)
    assert level.above(row["proposed"]) == pytest.approx(0.7, abs=0.01)


def test_a_goal_at_risk_gets_a_later_deadline_or_a_lower_target() -> None:
    slow = [10.0] * 8 + list(np.linspace(10.2, 14, 16))
    cards = [card("later", target=14.0, deadline="2026-01-31"),
             card("never", target=40.0, deadline="2026-06-30")]  # fmt: skip
    report = report_of(cards, later=slow, never=FLAT)
    found = propose(report).table.set_index("goal")
    assert found.loc["later", "proposal"] == "move the deadline"
    assert pd.Timestamp("2026-01-31") < found.loc["later", "until"] <= pd.Timestamp("2028-01-31")
    assert math.isnan(found.loc["later", "proposed"])
    assert found.loc["never", "proposal"] == "decide on a measure first"
    part = report_of([card("part", target=40.0, deadline="2026-06-30")], part=RISE)
    (row,) = propose(part).table.to_dict("records")
    assert row["proposal"] == "ease the target" and 20 < row["proposed"] < 40
    assert propose(part).summary()["now"].iloc[0].value == 40


def test_less_is_better_turns_the_proposal_round() -> None:
    falling = [20.0] * 12 + list(np.linspace(19, 8, 12))
    report = report_of([card("down", baseline=20.0, target=10.0, direction="down")], down=falling)
    assert propose(report).table["proposed"].iloc[0] < 10


def test_a_new_usual_level_renews_the_limits() -> None:
    rng = np.random.default_rng(3)
    shifted = np.r_[rng.normal(10, 0.5, 12), rng.normal(13, 0.5, 12)]
    report = report_of([card("moved", target=30.0)], moved=shifted)
    found = propose(report, changes(report)).table
    renewed = found[found["proposal"] == "renew the limits"].iloc[0]
    assert 10 < renewed["low"] < 13 < renewed["high"] < 16
    with pytest.raises(GoalError, match=r"likely is 0\.2"):
        propose(report, likely=0.2)


def test_the_history_of_a_target_is_kept() -> None:
    old = {"changed": "2025-06-30", "target": 25.0, "deadline": None, "why": {"en": "out of reach"}}
    report = report_of([card("g", history=[old])], g=FLAT)
    (shown,) = propose(report).earlier().to_dict("records")
    assert shown["target"].value == old["target"] and shown["warn_below"] is None
    (row,) = propose(report).history.to_dict("records")
    assert (row["target"], row["why"]) == (25.0, "out of reach") and pd.isna(row["deadline"])


def record_of(values: np.ndarray) -> IndicatorRecord:
    periods = pd.date_range("2023-01-01", periods=len(values), freq="MS")
    return read_record(pd.DataFrame({"period": periods, "estimate": values, "se": 1.0}))


def test_shares_get_a_p_chart_whose_limits_follow_the_size() -> None:
    rng = np.random.default_rng(7)
    size = rng.integers(200, 2000, 24)
    rows = path(rng.binomial(size, 0.2) / size, se=0.01).assign(n=size)
    goal = card("share", baseline=0.2, target=0.3, indicator="repeat_purchase")
    rows.attrs["indicator"] = {"kind": "share"}
    report = judge(read_goals([goal]), {"share": rows}, as_of=TODAY)
    found = changes(report)
    assert found.table["chart"].tolist() == ["p chart"]
    assert found.chart("share").table["upper_limit"].nunique() > 10
    rows.attrs.clear()
    plain = judge(read_goals([goal]), {"share": rows}, as_of=TODAY)
    assert changes(plain).table["chart"].tolist() == ["XmR"]


@pytest.mark.parametrize(
    ("signals", "up", "down"),
    [
        ([11.0, 12.0], BETTER, WORSE),
        ([9.0], WORSE, BETTER),
        ([9.0, 12.0], BOTH, BOTH),
        # back from far off: the jump is a signal, the place is not
        ([10.0], BOTH, BOTH),
        ([10.0, 12.0], BOTH, BOTH),
        ([], NOISE, NOISE),
    ],
)
def test_the_side_of_the_mean_tells_whether_a_signal_is_good(
    signals: list[float], up: str, down: str
) -> None:
    since = pd.DataFrame({"value": np.array(signals, float)})
    assert (_verdict(since, 10.0, "up"), _verdict(since, 10.0, "down")) == (up, down)


def test_a_season_is_taken_off_before_the_chart_is_drawn() -> None:
    """A wave rings the same months each year; off, false alarms are those of pure chance."""
    rng = np.random.default_rng(12)
    month, rung, plain, chance = np.arange(36), [], [], []
    for _ in range(150):
        noise = rng.standard_normal(36)
        values = noise + 2.5 * np.sin(2 * np.pi * month / 12)
        off = without_season(record_of(values), 24)
        plain.append(len(xmr(values, base=24).signals))
        rung.append(len(xmr(off, base=24).signals))
        chance.append(len(xmr(noise, base=24).signals))
    assert np.mean(plain) > 3 * np.mean(rung)
    assert np.mean(rung) < np.mean(chance) + 0.8
    untouched = [record_of(rng.standard_normal(36)) for _ in range(200)]
    seen = np.mean([without_season(r, 24) is not r.value for r in untouched])
    assert seen < 0.04, "pure chance seldom looks like a season"
    assert without_season(untouched[0], 12) is untouched[0].value, "one year shows none"


# --- fixed thresholds -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "words", "threshold"),
    [
        ({"warn_below": 8.0}, "within", 8.0),
        ({"warn_below": 9.9}, "beyond, may be chance", 9.9),
        ({"warn_below": 11.0}, "beyond", 11.0),
        ({"warn_below": 5.0, "warn_above": 21.0}, "within", 5.0),
        ({}, "", math.nan),
    ],
)
def test_a_fixed_threshold_warns_and_says_whether_it_may_be_chance(
    given: dict[str, float], words: str, threshold: float
) -> None:
    report = report_of([card("g", **given)], g=FLAT)  # the last value is 9.7, the level 10
    found = changes(report)
    row = found.table.iloc[0]
    assert row["warning"] == words and row["latest"] == 9.7
    assert row["threshold"] == pytest.approx(threshold, nan_ok=True)
    assert len(found.warned) == words.startswith("beyond")
    assert found.estimates()["warned"].value == len(found.warned)
    warnings = [each for each in found.findings() if each.key == "goals.warned"]
    assert len(warnings) == (words != "")
    for warning in warnings:
        assert (warning.advice is not None) == words.startswith("beyond")
        assert (warning.values["n"], warning.values["total"]) == (len(found.warned), 1)
        assert (found.findings()[0] == warning) == words.startswith("beyond")


def test_without_a_forecast_the_error_of_the_measurement_says_whether_it_may_be_chance() -> None:
    goal = card("g", baseline_date="2023-12-31", warn_below=11.0)
    near = judge(read_goals([goal]), {"g": path([10.4], se=0.5)}, as_of=TODAY)
    far = judge(read_goals([goal]), {"g": path([9.0], se=0.5)}, as_of=TODAY)
    assert changes(near).table["warning"].tolist() == ["beyond, may be chance"]
    assert changes(far).table["warning"].tolist() == ["beyond"]


def test_a_threshold_within_the_usual_scatter_is_to_be_moved_out() -> None:
    report = report_of([card("g", warn_below=9.8), card("far", warn_below=1.0)], g=FLAT, far=FLAT)
    signals = changes(report)
    found = propose(report, signals)
    moved = found.table[found.table["proposal"] == "move the warning threshold"]
    (row,) = moved.to_dict("records")
    assert row["goal"] == "g" and row["low"] == pytest.approx(signals.chart("g").low)
    assert math.isnan(row["high"])
    assert found.summary().loc[moved.index[0], "now"].value == 9.8
    shown = found.summary().loc[moved.index[0], "to"]
    assert shown.value == pytest.approx(signals.chart("g").low, rel=0.01)


def test_an_earlier_threshold_is_kept() -> None:
    old = {"changed": "2025-06-30", "warn_below": 9.0, "why": "too many false alarms"}
    (row,) = propose(report_of([card("g", history=[old])], g=FLAT)).history.to_dict("records")
    assert row["warn_below"] == 9.0 and math.isnan(row["target"])


def test_values_are_written_in_the_units_of_their_indicators() -> None:
    record = report_of([card("g")], g=RISE).records["g"]
    said = {
        ("percent", 0.0177, False): ("1.77%", "1.77%"),
        ("percent", 0.8, True): ("80%", "80%"),
        ("money", 180_000.0, True): ("¥180,000", "18万"),
        ("money", 185_500.0, True): ("¥185,500", "185,500"),
        ("money", 203_456.0, False): ("¥203,000", "20.3万"),
    }
    for (form, x, as_set), words in said.items():
        shown = replace(record, form=form).quantity(x, as_set=as_set)
        value = replace(as_value(shown), currency="CNY" if form == "money" else "")
        assert all(word in value.text(code) for word, code in zip(words, ("en", "zh"), strict=True))
    assert record.quantity(math.nan) is None
