"""What earlier runs found: the headline numbers of every run, read from the files themselves."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.runs.records.handover import case_of, read_headlines
from workbench.runs.records.record import last_run, list_runs

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
        and order of the runs. Dates among the headlines are missing here: history is for numbers.
        What cannot be read is left out; `lost_numbers` says what that is.
    """
    import pandas as pd

    rows = [row for row in _rows(folder, []) if name in (None, row["name"])]
    frame = pd.DataFrame(rows, columns=list(HISTORY_COLUMNS))
    frame["started"] = pd.to_datetime(frame["started"], utc=True, errors="coerce").dt.tz_localize(
        None
    )
    # The rows come in the order of the runs, which their names need not have.
    frame = frame.sort_values(["name", "case"], na_position="first", kind="stable")
    return frame.reset_index(drop=True)


def lost_numbers(folder: Path) -> list[str]:
    """Say of which notebooks of which runs the headline numbers cannot be read, and why.

    Parameters
    ----------
    folder : Path
        ``runs/<study>``. Runs that cannot be read at all are `records.record.damaged`.
    """
    lost: list[str] = []
    for _ in _rows(folder, lost):
        pass
    return lost


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
    last = last_run(folder)
    newest = history["run"] == (last.run if last else "")
    frame: pd.DataFrame = history.assign(before=before, change=history["value"] - before)[newest]
    columns = [*keys, "value", "before", "change", "unit"]
    frame = frame.dropna(subset=["change"])[columns]
    return frame.reset_index(drop=True)


def _rows(folder: Path, lost: list[str]) -> Iterator[dict[str, Any]]:
    """Yield each number of each run, the oldest first; what cannot be read goes to `lost`."""
    for run in reversed(list_runs(folder)):
        for results in sorted(run.folder.glob("results/*/")):
            for name, each in read_headlines([results], lost).get(results.name, {}).items():
                number = each.kind != "date"
                yield {
                    "run": run.run,
                    "started": run.started,
                    "notebook": results.name,
                    "case": case_of(results.name),
                    "name": name,
                    "value": each.value if number else math.nan,
                    "low": each.low,
                    "high": each.high,
                    "unit": each.unit,
                }
