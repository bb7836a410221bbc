"""Made-up panels whose true effect is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.impact import Panel


def _make_panel(
    rng: np.random.Generator,
    *,
    units: int = 10,
    treated: int = 5,
    periods: int = 12,
    effect: float = 0.0,
    phi: float = 0.5,
    uneven: bool = False,
) -> Panel:
    """Units with their own level, a common trend and AR(1) errors; treated in the second half."""
    e = np.zeros((units, periods))
    e[:, 0] = rng.normal(size=units) / np.sqrt(1 - phi**2)
    for t in range(1, periods):
        e[:, t] = phi * e[:, t - 1] + rng.normal(size=units)
    scale = np.exp(0.5 * rng.normal(size=units)) if uneven else np.ones(units)
    mine = np.zeros(units, dtype=bool)
    mine[rng.permutation(units)[:treated]] = True
    after = np.arange(periods) >= periods // 2
    y = e * scale[:, None] + 3 * rng.normal(size=(units, 1)) + 0.1 * np.arange(periods)
    y = y + 10 + effect * np.outer(mine, after)
    names = pd.date_range("2024-01-01", periods=periods, freq="MS")
    return Panel(
        y,
        np.ones_like(y),
        pd.RangeIndex(units),
        names,
        mine,
        after,
        np.ones(units, dtype=bool),
        names[periods // 2],
    )


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20251231)


def _long(panel: Panel) -> pd.DataFrame:
    """Write a panel as records."""
    i, t = np.nonzero(panel.weight > 0)
    return pd.DataFrame(
        {"customer_id": i, "period": panel.periods[t], "estimate": panel.outcome[i, t]}
    )


@pytest.fixture
def make_panel():
    return _make_panel


@pytest.fixture
def long():
    return _long
