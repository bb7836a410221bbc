"""Stated probabilities are kept on simulated studies, and beat those of a naive forecast."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
import pytest
from scipy.special import logsumexp, ndtr

from workbench.goals import LevelModel, fit_level, read_record

KINDS = ("flat", "wander", "drift", "damped", "shift", "season")
GOALS = 8


@dataclass(frozen=True)
class Studied:
    """A simulated indicator: its true level, also ahead, and what was measured of it."""

    kind: str
    level: np.ndarray
    measured: np.ndarray


def simulated(rng: np.random.Generator, kind: str) -> Studied:
    """One to three years of months, measured with a standard error of 1, and a year ahead."""
    n = int(rng.integers(12, 37))
    t = np.arange(n + 12)
    wander = {"wander": rng.uniform(0.1, 0.6), "drift": 0.1, "season": 0.2}.get(kind, 0.0)
    level = np.cumsum(np.r_[0.0, rng.normal(0, 1, t.size - 1)]) * wander
    if kind == "drift":
        level = level + rng.normal(0, 0.12) * t
    elif kind == "damped":
        slope = [rng.normal(0, 0.4)]
        for _ in t[1:]:
            slope.append(0.85 * slope[-1] + rng.normal(0, 0.1))
        level = np.cumsum(slope)
    elif kind == "shift":
        level = np.where(t >= rng.integers(4, n), rng.normal(0, 2), 0.0)
    season = rng.uniform(0.5, 2) * np.sin(2 * np.pi * (t + rng.integers(12)) / 12)
    # in two of five, chance is larger than the sampling error says
    beyond = 0.7 if rng.random() < 0.4 else 0.0
    chance = rng.normal(0, np.hypot(1, beyond), t.size)
    shown = level + (season if kind == "season" else 0.0) + chance
    return Studied(kind, level, shown[:n])


def fitted(values: np.ndarray, forecast: str = "averaged") -> LevelModel:
    periods = pd.date_range("2021-01-01", periods=len(values), freq="MS")
    frame = pd.DataFrame({"period": periods, "estimate": values, "se": 1.0})
    return fit_level(read_record(frame), forecast=forecast, backtest=False)


def goals_of(
    study: Studied, model: LevelModel, rng: np.random.Generator
) -> list[tuple[float, float, bool]]:
    """Give (stated, naive, met) of goals whose baselines were measured, as in practice."""
    y = study.measured
    found = []
    for _ in range(GOALS):
        base = int(rng.integers(4, y.size))
        sign = 1.0 if rng.random() < 0.5 else -1.0
        target = y[max(0, base - 5) : base + 1].mean() + sign * rng.gamma(2, 0.5)
        ahead = int(rng.integers(1, 13))
        end = y.size - 1 + ahead
        stated = model.level(end).above(target)
        walk = np.diff(y).std() * np.sqrt(ahead)
        naive = float(ndtr((y[-1] - target) / walk))
        met = bool(study.level[end] >= target)
        found.append((stated, naive, met) if sign > 0 else (1 - stated, 1 - naive, not met))
    return found


def table(
    studies: int, seed: int, kinds: tuple[str, ...] = KINDS, forecast: str = "averaged"
) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = []
    for k in range(studies):
        study = simulated(rng, kinds[k % len(kinds)])
        model = fitted(study.measured, forecast)
        looks = "season" if model.season_weight > 0.5 else model.looks
        rows += [(k, study.kind, looks, *goal) for goal in goals_of(study, model, rng)]
    found = pd.DataFrame(rows, columns=["study", "kind", "looks", "stated", "naive", "met"])
    return found.astype({"met": float})


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


# --- what no forecaster can do --------------------------------------------------------------------
# The ideal forecaster knows exactly how `simulated` draws records, and only not which kind it has
# before it. It is right on average, and still its "70 %" is met more often where the level drifts
# and less often where it wanders. That bounds what the averaged forecast can reach for each kind,
# and is why a card may state the kind.

AHEAD = 12
Explained = tuple[float, np.ndarray, np.ndarray, np.ndarray]


def worlds(n: int) -> list[tuple[float, np.ndarray, np.ndarray]]:
    """Every way to draw a record of n months: log prior, covariance of level, and of values."""
    t = np.arange(n + AHEAD)
    walk, line = np.minimum(t[:, None], t), np.outer(t, t)
    fading = np.tril(0.85 ** (t[:, None] - t))
    slopes = 0.16 * np.outer(fading[:, 0], fading[:, 0]) + 0.01 * fading[:, 1:] @ fading[:, 1:].T
    total = np.tril(np.ones((t.size, t.size)))
    kinds = {
        "flat": [0.0 * walk],
        "wander": [w**2 * walk for w in np.linspace(0.15, 0.55, 5)],
        "drift": [0.01 * walk + 0.12**2 * line],
        "damped": [total @ slopes @ total.T],
        "shift": [4.0 * np.outer(t >= s, t >= s) for s in range(4, n)],
        "season": [0.04 * walk] * 3,
    }
    wave = np.cos(2 * np.pi * (t[:, None] - t) / 12)
    found = []
    for kind in KINDS:
        for k, level in enumerate(kinds[kind]):
            season = (0.75, 1.25, 1.75)[k] ** 2 / 2 * wave if kind == "season" else 0.0
            for extra, share in ((0.0, 0.6), (0.7, 0.4)):
                prior = np.log(share / len(KINDS) / len(kinds[kind]))
                values = level + season + np.eye(t.size) * (1 + extra**2)
                found.append((prior, level, values))
    return found


@lru_cache(maxsize=32)
def explained(n: int) -> list[Explained]:
    found = []
    for prior, level, values in worlds(n):
        root = np.linalg.cholesky(values[:n, :n])
        half = np.linalg.solve(root, level[:n, n - 1 :])
        left = np.diag(level)[n - 1 :] - (half**2).sum(axis=0)
        weight = prior - np.log(np.diag(root)).sum()
        found.append((float(weight), root, half, np.sqrt(np.maximum(left, 1e-9))))
    return found


def forecasts(y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weight of each world, and mean and deviation of the level 0 to 12 months ahead in it."""
    weight, mean, sd = [], [], []
    for prior, root, half, deviation in explained(y.size):
        white = np.linalg.solve(root, y)
        weight.append(prior - 0.5 * white @ white)
        mean.append(half.T @ white)
        sd.append(deviation)
    logs = np.array(weight)
    return np.exp(logs - logsumexp(logs)), np.array(mean), np.array(sd)


@pytest.mark.slow
def test_even_the_ideal_forecaster_is_right_on_average_only() -> None:
    rng, rows = np.random.default_rng(404), []
    for k in range(3000):
        study = simulated(rng, KINDS[k % len(KINDS)])
        y = study.measured
        weight, mean, sd = forecasts(y)
        for _ in range(GOALS):
            base = int(rng.integers(4, y.size))
            sign = 1.0 if rng.random() < 0.5 else -1.0
            target = y[max(0, base - 5) : base + 1].mean() + sign * rng.gamma(2, 0.5)
            ahead = int(rng.integers(1, 13))
            stated = float(weight @ ndtr(sign * (mean[:, ahead] - target) / sd[:, ahead]))
            level = study.level[y.size - 1 + ahead]
            rows.append((study.kind, stated, float(sign * (level - target) >= 0)))
    found = pd.DataFrame(rows, columns=["kind", "stated", "met"])
    near = found[found["stated"].between(0.6, 0.8)]
    assert 0.66 <= near["met"].mean() <= 0.74
    by_kind = near.groupby("kind")["met"].mean()
    assert by_kind["drift"] > 0.80 and by_kind["wander"] < 0.70
    assert by_kind["drift"] - by_kind["wander"] > 0.12
