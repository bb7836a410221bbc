"""What earlier runs found: the headline numbers of every run, and the last complete one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

HISTORY_COLUMNS = ("run", "started", "notebook", "case", "name", "value", "low", "high", "unit")

# Dates stand among the numbers as text, and become missing here: history is for numbers.
_QUERY = """
select
  r.run, r.started, m.notebook, m."case", m.name,
  try_cast(m.value as double) as value,
  try_cast(m.low as double) as low,
  try_cast(m.high as double) as high,
  m.unit
from read_json($runs, columns = {run: 'varchar', started: 'timestamp'}, format = 'unstructured') r
join read_json($metrics, filename = true, format = 'array', columns = {
  notebook: 'varchar', "case": 'varchar', name: 'varchar', value: 'varchar', low: 'varchar',
  high: 'varchar', unit: 'varchar'
}) m on regexp_extract(m.filename, '([^/\\\\]+)[/\\\\]results[/\\\\]', 1) = r.run
order by m.name, m."case" nulls first, r.run
"""


def last_complete(folder: Path) -> Path | None:
    """Return the folder of the last run of a study that was asked for all and failed in nothing.

    Parameters
    ----------
    folder : Path
        ``runs/<study>``. Run ids start with a UTC timestamp, so names sort by time.
    """
    for path in sorted(folder.glob("[0-9]*/run.json"), reverse=True):
        told = json.loads(path.read_text(encoding="utf-8"))
        if told.get("status") == "done" and not told.get("asked"):
            return path.parent
    return None


def metric_history(folder: Path, name: str | None = None) -> pd.DataFrame:
    """Read the headline numbers of all runs of a study, with DuckDB, from the files themselves.

    Parameters
    ----------
    folder : Path
        ``runs/<study>``.
    name : str, optional
        One metric; all by default.

    Returns
    -------
    DataFrame
        Columns run, started (UTC), notebook, case, name, value, low, high, unit; by name and run.
    """
    import duckdb
    import pandas as pd

    runs = [str(path) for path in sorted(folder.glob("[0-9]*/run.json"))]
    metrics = [str(path) for path in sorted(folder.glob("[0-9]*/results/*/metrics.json"))]
    if not runs or not metrics:
        return pd.DataFrame(columns=list(HISTORY_COLUMNS))
    with duckdb.connect() as connection:
        frame: pd.DataFrame = connection.execute(_QUERY, {"runs": runs, "metrics": metrics}).df()
    if name is not None:
        frame = frame[frame["name"] == name].reset_index(drop=True)
    return frame


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
