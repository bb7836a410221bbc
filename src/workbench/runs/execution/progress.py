"""A run as it happens: JSON lines that several processes write and one follows, and their display.

Where there is a terminal it shows a line a notebook; elsewhere plain lines.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

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
    try:
        descriptor = os.open(folder / FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    except OSError:
        return  # an event that cannot be kept is no reason to stop: the record tells of the run
    try:
        os.write(descriptor, line.encode())
    except OSError:
        return
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
        return [event for line in whole.splitlines() if (event := _event(line)) is not None]


def _event(line: bytes) -> Event | None:
    """Read a line; one that a full disk cut off tells nothing."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


_WORDS = {"done": "done", "cached": "unchanged", "failed": "failed", "skipped": "skipped"}
_COLOURS = {"done": "green", "cached": "cyan", "failed": "red", "skipped": "yellow"}


class ProgressDisplay:
    """Shows the events of a run; a context manager, and callable with an event.

    Parameters
    ----------
    console : Console
        Where to.
    named : bool
        Whether each notebook is shown with its study: where there are several.
    """

    def __init__(self, console: Console, *, named: bool = False) -> None:
        # The processes that run notebooks write events and never show them.
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        self._console = console
        self._named = named
        self._tasks: dict[str, TaskID] = {}
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("cell {task.completed:.0f} of {task.total:.0f}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> ProgressDisplay:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def __call__(self, event: Event) -> None:
        """Show an event."""
        key = self._called(event, str(event.get("notebook", "")))
        if event["event"] == "run-started":
            for note in event.get("notes", ()):
                note = self._called(event, note)
                self._console.print(note, style="dim", markup=False, soft_wrap=True)
        elif event["event"] == "notebook-started":
            if key in self._tasks:  # a second attempt
                self._bars.remove_task(self._tasks[key])
            self._tasks[key] = self._bars.add_task(key, total=event["cells"])
        elif event["event"] == "cell-started" and key in self._tasks:
            self._bars.update(self._tasks[key], completed=event["number"])
        elif event["event"] == "notebook-finished":
            if key in self._tasks:
                self._bars.remove_task(self._tasks.pop(key))
            self._finished(event)

    def _called(self, event: Event, what: str) -> str:
        return f"{event['study']}  {what}" if self._named else what

    def _finished(self, event: Event) -> None:
        status = str(event["status"])
        about = f"{event['seconds']:.1f} s" if status == "done" else str(event["reason"])
        from rich.text import Text

        # One print: between two, a terminal would draw its bars.
        word = f"{_WORDS[status]:<9}"
        line = Text.assemble(
            (word, _COLOURS[status]), " ", self._called(event, str(event["notebook"]))
        )
        line.append(f"  {about}", style="dim")
        self._console.print(line, soft_wrap=True)
