"""California's Proposition 99 as Abadie, Diamond and Hainmueller (2010) set it up, section 3.2."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from workbench.impact import Panel

TREATED, START, OUTCOME = "California", 1989, "cigsale"
LATE, BEER, LAGS = range(1980, 1989), range(1984, 1989), (1975, 1980, 1988)


def read(path: str | Path) -> pd.DataFrame:
    """Read the states' table: one row a state and year."""
    frame = pd.read_csv(path)
    return frame.assign(year=frame["year"].astype(int))


def panel_and_predictors(path: str | Path) -> tuple[Panel, pd.DataFrame]:
    """Arrange the table for the workbench: outcome by state and year, and the seven predictors."""
    from workbench.impact import predictor_means, read_panel

    frame, columns = read(path), {"unit": "state", "period": "year"}
    averaged = {"lnincome": LATE, "retprice": LATE, "age15to24": LATE, "beer": BEER}
    lagged = {f"{OUTCOME}@{year}": [year] for year in LAGS}
    panel = read_panel(frame, {TREATED: True}, start=f"{START}-01-01", outcome=OUTCOME, **columns)
    return panel, predictor_means(frame, averaged | lagged, **columns)
