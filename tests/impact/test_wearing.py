"""On and off, after its end, wearing out: planted courses in units and in a series."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from tests.impact.cards import case_of
from workbench.impact import evaluate, read_panel
from workbench.impact.designs.differences.difference_in_differences import RANDOMISED
from workbench.impact.inputs.panel import CaseError
from workbench.impact.inputs.series import read_series
from workbench.impact.wearing import OFF, wear_out

MONTHS = pd.date_range("2024-01-01", periods=18, freq="MS")
START = MONTHS[6]


def cities(rng, course):
    """Twenty cities, ten treated; `course` is the effect by month after the start."""
    y = 20 + rng.normal(size=(20, 1)) + rng.normal(size=18) + 0.5 * rng.normal(size=(20, 18))
    y[:10, 6:] += course
    records = pd.DataFrame({
        "city": np.repeat([f"c{k:02d}" for k in range(20)], 18), "period": np.tile(MONTHS, 20),
        "estimate": y.ravel(), "n": 50,
    })  # fmt: skip
    return records


def card(**part):
    return case_of("desk", START, "random", unit="city",
                   treated={"city": [f"c{k:02d}" for k in range(10)]}, **part)  # fmt: skip


def test_what_was_off_is_set_aside_and_told_by_itself() -> None:
    course = np.full(12, 3.0)
    course[[4, 5, 9, 10, 11]] = 1.0
    records = cities(np.random.default_rng(1), course)
    pauses = [{"start": MONTHS[10].date(), "end": MONTHS[11].date()}]
    on_off = card(pauses=pauses, end=dt.date(2025, 3, 31))
    found = evaluate(records, on_off, outcome="sales")
    assert found.effect.n_after == 7 and found.effect.low < 3 < found.effect.high
    assert found.effect.low > 2
    left = found.answers.set_index("design").loc[OFF]
    assert left["after"] == 5 and left["low"] < 1 < left["high"] and left["low"] > 0
    said = next(check for check in found.checks if check.key == "after its end")
    assert "something of the effect lasts" in said.text and said.values["change"].value > 0.5
    # one that is taken for on throughout is diluted
    assert evaluate(records, card(), outcome="sales").effect.effect < 2.6


def test_nothing_left_and_too_little_time_are_said() -> None:
    course = np.r_[np.full(9, 3.0), np.zeros(3)]
    records = cities(np.random.default_rng(2), course)
    found = evaluate(records, card(end=dt.date(2025, 3, 31)), outcome="sales")
    said = next(check for check in found.checks if check.key == "after its end")
    assert "no effect is shown" in said.text
    assert not any(
        c.key == "after its end" for c in evaluate(records, card(), outcome="sales").checks
    )
    months = pd.date_range("2020-01-01", periods=52, freq="MS")
    everybody = case_of("desk", months[30], "everybody", end=months[46].date())
    rng = np.random.default_rng(3)
    series = pd.DataFrame({"period": months, "estimate": 10 + rng.normal(size=52), "n": 50})
    short = evaluate(series, everybody, outcome="sales")
    said = next(check for check in short.checks if check.key == "after its end")
    assert "cannot be told: fewer than eight periods" in said.text


@pytest.mark.parametrize(
    ("course", "word"),
    [(np.linspace(4, 0, 12), "wears out"), (np.linspace(0, 4, 12), "grows"),
     (np.full(12, 2.0), "is not shown")],
)  # fmt: skip
def test_an_effect_that_wears_out_or_grows_is_said_to(course, word) -> None:
    found = evaluate(cities(np.random.default_rng(4), course), card(), outcome="sales")
    said = next(check for check in found.checks if check.key == "over time")
    assert word in said.text


def test_constant_effects_hardly_ever_wear_out() -> None:
    rng, alarms = np.random.default_rng(5), 0
    treated = dict.fromkeys([f"c{k:02d}" for k in range(10)], True)
    effect = type("Answered", (), {"design": RANDOMISED.name})()
    for _ in range(60):
        records = cities(rng, np.full(12, 2.0))
        panel = read_panel(records, treated, start=START, unit="city")
        change, _ = wear_out(panel, effect, card(), 0.95)
        alarms += not change.low <= 0 <= change.high
    assert alarms <= 8


def test_a_series_has_a_slope_from_the_start_on() -> None:
    months = pd.date_range("2019-01-01", periods=84, freq="MS")
    rng = np.random.default_rng(6)
    effect = type("Answered", (), {"design": "interrupted time series"})()
    everybody = case_of("desk", months[48], "everybody")
    found = []
    for fade in (0.0, -6.0):
        y = 50 + rng.normal(size=84)
        y[48:] += 8 + fade * np.linspace(-0.5, 0.5, 36)
        records = pd.DataFrame({"period": months, "estimate": y, "n": 50})
        found.append(wear_out(read_series(records, everybody, 5), effect, everybody, 0.95)[0])
    assert found[0].low < 0 < found[0].high
    assert found[1].high < 0 and found[1].low < -6 < found[1].high


def test_pauses_lie_within_the_measure() -> None:
    with pytest.raises(ValidationError, match="a pause lies between"):
        card(pauses=[{"start": dt.date(2024, 1, 1), "end": dt.date(2024, 2, 1)}])
    with pytest.raises(ValidationError, match="before its `start`"):
        card(pauses=[{"start": dt.date(2024, 12, 1), "end": dt.date(2024, 11, 1)}])
    records = cities(np.random.default_rng(7), np.zeros(12))
    off = card(pauses=[{"start": MONTHS[7].date(), "end": dt.date(2026, 1, 1)}], transition=1)
    with pytest.raises(CaseError, match="transition"):
        evaluate(records, off, outcome="sales")
