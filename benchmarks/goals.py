"""How often goals come true of which that was said: simulated indicators of several kinds.

    python -m benchmarks.goals

Each study is a monthly indicator of one to three years with eight goals, drawn as `simulated` says;
what is said is the averaged forecast's probability, as the page on goals gives it. Beside it
stands a forecaster who knows exactly how the records were drawn, and only not which kind is before
it: what nobody can do better. Written into the methods pages.
"""

from __future__ import annotations

import argparse
import datetime as dt
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from scipy.special import logsumexp, ndtr

from benchmarks.calibration.page import put_between, written_day
from workbench.goals import LevelModel, fit_level, read_record

BEGIN, END = "<!-- goals: begin -->", "<!-- goals: end -->"
SEED, STUDIES = 20261201, 2000
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
) -> list[tuple[float, float, float, bool]]:
    """Give (stated, naive, ideal, met) of goals whose baselines were measured, as in practice."""
    y = study.measured
    weight, mean, sd = forecasts(y)
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
        best = float(weight @ ndtr((mean[:, ahead] - target) / sd[:, ahead]))
        said = (stated, naive, best, met)
        found.append(said if sign > 0 else (1 - stated, 1 - naive, 1 - best, not met))
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
    found = pd.DataFrame(
        rows, columns=["study", "kind", "looks", "stated", "naive", "ideal", "met"]
    )
    return found.astype({"met": float})


def brier(found: pd.DataFrame, column: str) -> float:
    return float(((found[column] - found["met"]) ** 2).mean())


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


#: How the kinds are called on the pages.
SAID_OF = {
    "flat": ("stands still", "持平"), "wander": ("wanders", "随机游走"),
    "drift": ("drifts", "持续漂移"), "damped": ("trend that fades", "衰减趋势"),
    "shift": ("jumps once", "一次跳变"), "season": ("follows a season", "有季节性"),
}  # fmt: skip
WORDS = {
    "en": (
        "Measured on {date} (`python -m benchmarks.goals`): {n:,} simulated monthly records of one"
        " to three years, eight goals each. Of the goals given 60 to 80 %, on average {stated:.0f}"
        " %, **{met:.0f} %** were met. By the kind of record, which the forecast does not know,"
        " beside a forecaster who knows how all of them were drawn and not which one it is; one"
        " standard error is {least:.0f} to {most:.0f} points.",
        "| the level | goals | met, % | of those whom the ideal gives 60 to 80 %, % |", "all",
    ),
    "zh": (
        "{date}实测（`python -m benchmarks.goals`）：模拟{n:,}份一至三年的月度记录，每份八个目标。"
        "在给出60%至80%（平均{stated:.0f}%）的目标中，{met:.0f}%得以达成。下表按记录类型列出"
        "（预测并不知道类型），并与一位知道所有记录如何生成、但不知道眼前属于哪一类的理想预测者对照；"
        "标准误为{least:.0f}至{most:.0f}个百分点。",
        "| 水平 | 目标数 | 达成，% | 理想预测者给出60%至80%者中达成，% |", "全部",
    ),
}  # fmt: skip


def page(found: pd.DataFrame, language: str, date: dt.date) -> str:
    """Markdown of the rates by kind."""
    text, head, everything = WORDS[language]
    near = found[found["stated"].between(0.6, 0.8)]
    best = found[found["ideal"].between(0.6, 0.8)]
    by = near.groupby("kind")["met"].agg(["size", "mean"])
    ideals = best.groupby("kind")["met"].mean()
    se = 100 * np.sqrt(by["mean"] * (1 - by["mean"]) / by["size"])
    lines = [
        text.format(date=written_day(date, language), n=found["study"].nunique(),
                    stated=100 * near["stated"].mean(), met=100 * near["met"].mean(),
                    least=se.min(), most=se.max()),
        "", head, "|---|---:|---:|---:|",
    ]  # fmt: skip
    for kind, names in SAID_OF.items():
        size, met = by.loc[kind, "size"], by.loc[kind, "mean"]
        name = names[language == "zh"]
        lines.append(f"| {name} | {size:.0f} | {100 * met:.0f} | {100 * ideals[kind]:.0f} |")
    lines.append(
        f"| {everything} | {len(near)} | {100 * near['met'].mean():.0f} |"
        f" {100 * best['met'].mean():.0f} |"
    )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--studies", type=int, default=STUDIES)
    found = table(parser.parse_args().studies, SEED)
    today = dt.date.today()
    near = found[found["stated"].between(0.6, 0.8)]
    print(near.groupby("kind")["met"].agg(["size", "mean"]), near["met"].mean())
    put_between(BEGIN, END, lambda language: page(found, language, today))


if __name__ == "__main__":
    main()
