"""Cells of comparisons between units: difference-in-differences, and the same baseline."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.calibration.cells import Answer, Cell
from workbench.impact import CaseError, Panel, difference_in_differences, same_baseline

PERIODS, PHI = 12, 0.5
UNITS, QUARTER = 200, 50


def _panel(y: np.ndarray, treated: np.ndarray, after: np.ndarray) -> Panel:
    names = pd.date_range("2024-01-01", periods=y.shape[1], freq="MS")
    return Panel(
        y,
        np.ones_like(y),
        pd.RangeIndex(len(y)),
        names,
        treated,
        after,
        np.ones(len(y), dtype=bool),
        names[int(np.argmax(after))],
    )


def clusters(
    rng: np.random.Generator, effect: float, *, units: int, treated: int, uneven: bool
) -> Answer:
    """Units with their own level, AR(.5) errors, half of twelve periods after the start."""
    e = np.zeros((units, PERIODS))
    e[:, 0] = rng.normal(size=units) / np.sqrt(1 - PHI**2)
    for t in range(1, PERIODS):
        e[:, t] = PHI * e[:, t - 1] + rng.normal(size=units)
    scale = np.exp(0.5 * rng.normal(size=units)) if uneven else np.ones(units)
    own = np.zeros(units, dtype=bool)
    own[rng.permutation(units)[:treated]] = True
    after = np.arange(PERIODS) >= PERIODS // 2
    y = 10 + e * scale[:, None] + 3 * rng.normal(size=(units, 1)) + 0.1 * np.arange(PERIODS)
    try:
        found = difference_in_differences(_panel(y + effect * np.outer(own, after), own, after))
    except CaseError:
        return None
    # the oracle knows the spread of each unit's change
    lag = np.abs(np.subtract.outer(np.arange(PERIODS), np.arange(PERIODS)))
    contrast = np.where(after, 1.0, -1.0) / (PERIODS / 2)
    one = contrast @ (PHI**lag / (1 - PHI**2)) @ contrast
    spread = one * (np.square(scale[own]).mean() / treated)
    spread += one * (np.square(scale[~own]).mean() / (units - treated))
    return found.low, found.high, 2 * 1.96 * float(np.sqrt(spread))


def baseline(rng: np.random.Generator, effect: float, *, reliability: float, worst: bool) -> Answer:
    """200 units seen once before and once after; a quarter treated, drawn or the worst before."""
    lasting = np.sqrt(reliability) * rng.normal(size=UNITS)
    noise = np.sqrt(1 - reliability)
    before = lasting + noise * rng.normal(size=UNITS)
    later = lasting + noise * rng.normal(size=UNITS)
    chosen = np.argsort(before)[:QUARTER] if worst else rng.permutation(UNITS)[:QUARTER]
    own = np.isin(np.arange(UNITS), chosen)
    y = np.column_stack([before, later + effect * own])
    try:
        found = same_baseline(_panel(y, own, np.array([False, True])))
    except CaseError:
        return None
    # the oracle knows the error of a straight line through the baseline
    x = np.column_stack([np.ones(UNITS), before, own])
    variance = (1 - reliability**2) * np.linalg.inv(x.T @ x)[2, 2]
    return found.low, found.high, 2 * 1.96 * float(np.sqrt(variance))


def cells() -> list[Cell]:
    """All cells of this module."""
    grid = []
    for units in (6, 10, 20, 40):
        for share in ("1", "2", "half"):
            for uneven in (False, True):
                if share == "1" and (units != 10 or uneven):
                    continue
                treated = units // 2 if share == "half" else int(share)
                grid.append(
                    Cell(
                        "difference in differences",
                        {
                            "units": units,
                            "treated": treated,
                            "spread": "uneven" if uneven else "even",
                        },
                        lambda rng, effect, u=units, k=treated, h=uneven: clusters(
                            rng, effect, units=u, treated=k, uneven=h
                        ),
                        refusal=share == "1",
                    )
                )
    return [
        *grid,
        *(
            Cell(
                "same baseline",
                {"reliability": reliability, "chosen": "worst quarter" if worst else "by lot"},
                lambda rng, effect, r=reliability, w=worst: baseline(
                    rng, effect, reliability=r, worst=w
                ),
            )
            for reliability in (0.5, 0.7, 0.9)
            for worst in (False, True)
        ),
    ]
