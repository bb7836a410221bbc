"""What earlier runs found: the headline numbers of every run, and the last complete one."""

from __future__ import annotations

import json
from pathlib import Path


def last_complete(folder: Path) -> Path | None:
    """Return the folder of the last run of a study in which nothing failed.

    Parameters
    ----------
    folder : Path
        ``runs/<study>``. Run ids start with a UTC timestamp, so names sort by time.
    """
    for path in sorted(folder.glob("[0-9]*/run.json"), reverse=True):
        if json.loads(path.read_text(encoding="utf-8")).get("status") == "done":
            return path.parent
    return None
