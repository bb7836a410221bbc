"""How often forecasts come true: what was measured stands on the methods pages."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

page = pytest.importorskip("benchmarks.forecasts_page", reason="run from the root of the project")

from benchmarks import forecasts, worlds  # noqa: E402
from benchmarks.calibration.page import PAGES  # noqa: E402

MEASURED = json.loads((Path(forecasts.HERE) / "forecasts.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_methods_pages_show_what_was_measured(language: str) -> None:
    assert page.table(MEASURED, language) in PAGES[language].read_text(encoding="utf-8")


def test_a_cell_is_judged_by_its_bounds_and_their_standard_errors() -> None:
    def row(held: float, width: float | None = 1.2) -> dict[str, object]:
        return {"held": held, "width": width}

    assert page.as_aimed([row(0.9), row(0.85, None)], 100)
    assert page.as_aimed([row(0.79)], 100)
    assert not page.as_aimed([row(0.77)], 100)
    assert not page.as_aimed([row(1.0)], 100)
    assert not page.as_aimed([row(0.9, 1.51)], 100)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["contractual", "regular", "seasonal"])
def test_the_oracle_s_distribution_is_that_of_the_future(kind: str) -> None:
    inside = []
    for draw in range(30):
        rng = np.random.default_rng([2, draw])
        world = worlds.World(worlds.KINDS[kind], rng, customers=150, weeks=52, ahead=13)
        customers = forecasts.summary(world.log)
        made = world._purchases(customers, 13, 60, rng)
        later = world.events[world.events["date"] > worlds.AS_OF]
        came = later.groupby(["customer_id", "date"]).size().groupby("customer_id").size()
        came = came.reindex(customers.index).fillna(0).sum()
        inside.append((made.sum(axis=0) < came).mean())
    # of a right distribution the place of what comes is uniform
    assert np.mean(inside) == pytest.approx(0.5, abs=0.17)
    assert 0.15 < np.std(inside) < 0.42


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["seasonal", "growing"])
def test_ranges_of_a_quarter_hold_on_logs_that_grow_and_follow_seasons(kind: str) -> None:
    rows = [row for draw in range(10) for row in forecasts.one(kind, draw, seed=5)]
    held = [row["held"] for row in rows if row["horizon"] == 13]
    assert np.mean(held) >= 0.75
