"""What happens during a run, as JSON lines that several processes write and one follows."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

FILE = "events.jsonl"
Event: TypeAlias = Mapping[str, Any]


def emit(folder: Path, event: str, **details: Any) -> None:
    """Append an event to a run's file.

    Parameters
    ----------
    folder : Path
        The run's folder.
    event : str
        ``run-started``, ``notebook-started``, ``cell-started``, ``notebook-finished``,
        ``run-finished``.
    **details
        Plain values.
    """
    moment = datetime.now(UTC).isoformat(timespec="milliseconds")
    line = json.dumps({"at": moment, "event": event, **details}, ensure_ascii=False) + "\n"
    # One write to a file opened for appending: lines of several processes do not mix.
    descriptor = os.open(folder / FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


class Follower:
    """Reads a run's events as they come.

    Parameters
    ----------
    folder : Path
        The run's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._offset = 0

    def new(self) -> list[Event]:
        """Return the events since the last call."""
        if not self._path.is_file():
            return []
        with self._path.open("rb") as file:
            file.seek(self._offset)
            content = file.read()
        whole = content[: content.rfind(b"\n") + 1]
        self._offset += len(whole)
        return [json.loads(line) for line in whole.splitlines()]
