"""A run as it happens, one line a notebook; plain lines where there is no terminal."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from workbench.runs.events import Event

_WORDS = {"done": "done", "cached": "unchanged", "failed": "failed", "skipped": "skipped"}
_COLOURS = {"done": "green", "cached": "cyan", "failed": "red", "skipped": "yellow"}


class ProgressDisplay:
    """Shows the events of a run; a context manager, and callable with an event.

    Parameters
    ----------
    console : Console
        Where to.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
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
        key = str(event.get("notebook", ""))
        if event["event"] == "notebook-started":
            if key in self._tasks:  # a second attempt
                self._bars.remove_task(self._tasks[key])
            self._tasks[key] = self._bars.add_task(key, total=event["cells"])
        elif event["event"] == "cell-started" and key in self._tasks:
            self._bars.update(self._tasks[key], completed=event["number"])
        elif event["event"] == "notebook-finished":
            if key in self._tasks:
                self._bars.remove_task(self._tasks.pop(key))
            self._finished(event)

    def _finished(self, event: Event) -> None:
        status = str(event["status"])
        about = f"{event['seconds']:.1f} s" if status == "done" else str(event["reason"])
        # One print: between two, a terminal would draw its bars.
        word = f"{_WORDS[status]:<9}"
        line = Text.assemble((word, _COLOURS[status]), " ", str(event["notebook"]))
        line.append(f"  {about}", style="dim")
        self._console.print(line, soft_wrap=True)
