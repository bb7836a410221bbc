"""The measured calibration: each cell as promised, and the pages show what was measured."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

calibration = pytest.importorskip(
    "benchmarks.calibration.__main__", reason="run from the root of the project"
)
from benchmarks.calibration import cards, page, panels, series  # noqa: E402
from benchmarks.calibration.cells import holds, measure  # noqa: E402
from benchmarks.calibration.many import intervals  # noqa: E402
from workbench.impact import interrupted_series  # noqa: E402

MEASURED = json.loads(Path(calibration.RESULTS).read_text(encoding="utf-8"))
ROWS = [row for block in MEASURED.values() for row in block["cells"]]


def test_every_cell_of_the_grid_was_measured_often_enough() -> None:
    wanted = {(c.family, str(dict(c.settings))) for m in calibration.MODULES for c in m.cells()}
    assert wanted == {(row["family"], str(row["settings"])) for row in ROWS}
    assert min(row["runs"] for row in ROWS if not row["silent"]) >= 1000
    assert min(row["runs"] for row in ROWS) >= 400


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['family']} {row['settings']}")
def test_every_cell_holds_what_it_promises(row) -> None:
    assert holds(row)


def test_a_cell_that_fails_is_not_called_held() -> None:
    good = next(row for row in ROWS if row["coverage"] is not None)
    assert not holds({**good, "coverage": 0.88})
    assert not holds({**good, "width": 1.6})
    assert not holds({**good, "found": 0.2})
    refused = next(row for row in ROWS if row["refusal"])
    assert not holds({**refused, "refused": refused["runs"] - 1})


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_methods_page_shows_what_was_measured(language: str) -> None:
    text = page.PAGES[language].read_text(encoding="utf-8")
    shown = text.partition(page.BEGIN)[2].partition(page.END)[0].strip()
    assert shown == page.tables(MEASURED, language)


def test_the_same_seed_gives_the_same_cell() -> None:
    cell = panels.cells()[0]
    assert measure(cell, 6) == measure(cell, 6)


@pytest.mark.parametrize(
    ("points", "phi", "moves"),
    [(24, 0.3, "season"), (48, 0.0, "drifting level"), (104, 0.8, "AR(1)")],
)
def test_series_judged_at_once_get_the_intervals_of_the_estimator(points, phi, moves) -> None:
    rng = np.random.default_rng(points)
    y, after, season = series.drawn(rng, np.array([0.0, 0.7]), points=points, phi=phi, moves=moves)
    low, high = intervals(y, after, season)
    for j in range(2):
        own = interrupted_series(y[:, j], after=after, season=season)
        assert (low[j], high[j]) == pytest.approx((own.low, own.high), abs=5e-4)


def test_a_silent_cell_counts_false_alarms_alone() -> None:
    cell = next(c for c in cards.cells() if c.settings.get("measure for") == "customers, the worst")
    row = measure(cell, 3)
    assert row["coverage"] is None and row["found"] in (0, 1 / 3, 2 / 3, 1)
    assert holds({**row, "found": 0.07}) and not holds({**row, "found": 0.071})


@pytest.mark.slow
@pytest.mark.parametrize("cell", panels.cells(), ids=lambda cell: str(dict(cell.settings)))
def test_a_cell_measured_anew_holds(cell) -> None:
    assert holds(measure(cell, 200), by_chance=True)
