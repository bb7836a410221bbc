"""One small result of each class of the room, for the contract that all results keep."""

from __future__ import annotations

import pandas as pd

from workbench import stats as room

RATINGS = pd.DataFrame({"a": [1, 2, 3, 3, 2, 1, 4], "b": [1, 2, 3, 3, 2, 2, 4]})
SAMPLE = pd.DataFrame({"region": ["North"] * 30 + ["South"] * 10})

EXAMPLES = {
    "Agreement": lambda: room.cohen_kappa(RATINGS["a"], RATINGS["b"]),
    "Raked": lambda: room.rake(SAMPLE, {"region": {"North": 0.5, "South": 0.5}}),
}
