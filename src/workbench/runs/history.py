"""What earlier runs found: the headline numbers of every run, read from the files themselves."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.runs.handover import case_of, read_headlines

if TYPE_CHECKING:
    import pandas as pd

HISTORY_COLUMNS = ("run", "started", "notebook", "case", "name", "value", "low", "high", "unit")


def metric_history(folder: Path, name: str | None = None) -> pd.DataFrame:
    """Read the headline numbers of all runs of a study.

    Parameters
    ----------
    folder : Path
        ``runs/<study>``.
    name : str, optional
        One number; all by default.

    Returns
    -------
    DataFrame
        Columns run, started (UTC), notebook, case, name, value, low, high, unit; by name, case
        and run. Dates among the headlines are missing here: history is for numbers.
    """
    import pandas as pd

    rows = [row for row in _rows(folder) if name in (None, row["name"])]
    frame = pd.DataFrame(rows, columns=list(HISTORY_COLUMNS))
    frame["started"] = pd.to_datetime(frame["started"], utc=True).dt.tz_localize(None)
    frame = frame.sort_values(["name", "case", "run"], na_position="first", kind="stable")
    return frame.reset_index(drop=True)


def changes(folder: Path) -> pd.DataFrame:
    """Return each headline number of the newest run beside the one before.

    Returns
    -------
    DataFrame
        Columns notebook, case, name, value, before, change, unit; numbers of which there is no
        earlier value are left out.
    """
    history = metric_history(folder)
    keys = ["notebook", "case", "name"]
    before = history.groupby(keys, dropna=False)["value"].shift(1)
    newest = history["run"] == history["run"].max()
    frame: pd.DataFrame = history.assign(before=before, change=history["value"] - before)[newest]
    columns = [*keys, "value", "before", "change", "unit"]
    frame = frame.dropna(subset=["change"])[columns]
    return frame.reset_index(drop=True)


def _rows(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.glob("[0-9]*/run.json")):
        run = json.loads(path.read_text(encoding="utf-8"))
        for page, named in read_headlines(sorted(path.parent.glob("results/*/"))).items():
            for name, each in named.items():
                number = each.kind != "date"
                yield {
                    "run": path.parent.name,
                    "started": run["started"],
                    "notebook": page,
                    "case": case_of(page),
                    "name": name,
                    "value": each.value if number else math.nan,
                    "low": each.low,
                    "high": each.high,
                    "unit": each.unit,
                }
