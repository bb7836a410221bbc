"""Five service experts who score recorded talks by a rubric, once a quarter."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from tools.simulate.streams import stream

RATERS: Final = ("E1", "E2", "E3", "E4", "E5")
ITEMS: Final = ("clarity", "competence", "goodwill", "follow-up")
DAYS: Final = tuple(f"{year}-{month:02d}-20" for year in (2024, 2025) for month in (3, 6, 9, 12))
#: True mean score of the talks, 1 to 10, in the first and the last quarter.
FIRST, LAST = 5.0, 6.2
_SEVERITY, _ITEM, _CHANCE = 0.3, 0.25, 0.6  # standard deviations


def ratings(seed: int) -> pd.DataFrame:
    """Give the scores, one row a quarter, rater and item, all cells text."""
    rng = stream(seed, "expert ratings")
    level = np.linspace(FIRST, LAST, len(DAYS))[:, None, None]
    severity = rng.normal(0, _SEVERITY, (1, len(RATERS), 1))
    hardness = rng.normal(0, _ITEM, (1, 1, len(ITEMS)))
    chance = rng.normal(0, _CHANCE, (len(DAYS), len(RATERS), len(ITEMS)))
    # Raters and items differ, and their mean is the scale: centred, so that the truth is the level.
    drawn = level + (severity - severity.mean()) + (hardness - hardness.mean()) + chance
    score = np.clip(np.rint(drawn), 1, 10).astype(int)
    keys = [(day, rater, item) for day in DAYS for rater in RATERS for item in ITEMS]
    frame = pd.DataFrame(keys, columns=["date", "rater", "item"])
    return frame.assign(score=score.ravel().astype(str))
