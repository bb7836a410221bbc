"""Stated probabilities are kept on simulated studies, and beat those of a naive forecast."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.goals import table


def brier(found: pd.DataFrame, column: str) -> float:
    return float(((found[column] - found["met"]) ** 2).mean())


#: What a user who knows the kind of record would state, and how its level behaves.
STATED = {
    "flat": "steady", "wander": "wandering", "drift": "trend", "damped": "damped",
    "season": "wandering",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("seed", [101, 202])
def test_of_goals_given_70_percent_63_to_77_percent_are_met(seed: int) -> None:
    """1,000 studies with eight goals each; two seeds that were not used to set the weights."""
    found = table(1000, seed)
    near = found[found["stated"].between(0.6, 0.8)]
    assert len(near) > 400
    assert near["stated"].mean() == pytest.approx(0.70, abs=0.015)
    assert 0.63 <= near["met"].mean() <= 0.77
    assert brier(found, "stated") < 0.8 * brier(found, "naive")
    # The whole scale is kept within eight points.
    for low in np.arange(0.0, 1.0, 0.1):
        part = found[found["stated"].between(low, low + 0.1)]
        assert abs(part["stated"].mean() - part["met"].mean()) < 0.08, low
    # What a reader sees of a record: what it looks like. Some 100 goals each, so within 12 points.
    looks = near.groupby("looks")["met"].agg(["size", "mean"])
    looks = looks[looks["size"] >= 60]
    assert len(looks) >= 4 and looks["mean"].between(0.58, 0.82).all(), looks


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(STATED))
def test_the_band_holds_for_each_kind_of_record_that_is_stated(kind: str) -> None:
    """1,000 studies of one kind, with the forecast that the card states for it."""
    found = table(1000, 303, (kind,), STATED[kind])
    near = found[found["stated"].between(0.6, 0.8)]
    assert len(near) > 100
    assert 0.63 <= near["met"].mean() <= 0.77
    assert brier(found, "stated") < 0.85 * brier(found, "naive")


def test_stated_probabilities_are_kept_in_a_hundred_studies() -> None:
    found = table(100, 5)
    upper = found[found["stated"].between(0.5, 0.9)]
    assert abs(upper["stated"].mean() - upper["met"].mean()) < 0.12
    assert brier(found, "stated") < 0.85 * brier(found, "naive")


@pytest.mark.slow
def test_each_kind_is_within_twelve_points_as_far_as_anybody_can() -> None:
    """Bounds of 58 and 82 % with two standard errors; the ideal forecaster is near them, too."""
    found = table(2000, 404)
    near = found[found["stated"].between(0.6, 0.8)]
    assert 0.65 <= near["met"].mean() <= 0.75
    for kind, met in near.groupby("kind")["met"]:
        off = 2 * np.sqrt(0.82 * 0.18 / len(met))
        assert 0.58 - off <= met.mean() <= 0.82 + off, (kind, met.mean(), len(met))
    best = found[found["ideal"].between(0.6, 0.8)]
    assert 0.66 <= best["met"].mean() <= 0.74
    by_kind = best.groupby("kind")["met"].mean()
    assert by_kind["drift"] > 0.78 and by_kind["wander"] < 0.70
    assert brier(found, "ideal") < brier(found, "stated")
