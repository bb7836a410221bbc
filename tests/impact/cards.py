"""Cases made of plain values, for tests that bring their own records."""

from __future__ import annotations

from typing import Any

import pandas as pd

from workbench.study import Case


def case_of(
    name: str, start: Any, chosen: str = "everybody", *, outcome: str = "sales", **part: Any
) -> Case:
    """Make a case of one outcome; the parts are those of the card."""
    return Case.model_validate(
        {
            "name": name,
            "title": name,
            "start": pd.Timestamp(start).date(),
            "chosen": chosen,
            "outcomes": [{"indicator": outcome}],
            **part,
        }
    )
