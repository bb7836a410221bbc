"""A run's progress is one line a notebook, on a terminal and in a log."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.text import Text

from workbench.runs import ProgressDisplay

EVENTS = [
    {"event": "run-started", "study": "tiny", "run": "r", "steps": 3},
    {"event": "notebook-started", "notebook": "clv", "cells": 3},
    {"event": "cell-started", "notebook": "clv", "cell": 2, "number": 2},
    {"event": "notebook-started", "notebook": "clv", "cells": 3},
    {
        "event": "notebook-finished",
        "notebook": "clv",
        "status": "done",
        "seconds": 4.21,
        "reason": "",
    },
    {
        "event": "notebook-finished",
        "notebook": "goals",
        "status": "failed",
        "seconds": 1.0,
        "reason": "notebook goals, cell 3: KeyError: '[red]'",
    },
    {
        "event": "notebook-finished",
        "notebook": "overview",
        "status": "skipped",
        "seconds": 0.0,
        "reason": "it needs goals, which failed",
    },
    {"event": "run-finished", "status": "failed"},
]


@pytest.mark.parametrize("terminal", [True, False])
def test_each_notebook_ends_in_one_whole_line(terminal: bool) -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=terminal, width=60)
    with ProgressDisplay(console) as display:
        for event in EVENTS:
            display(event)
    plain = Text.from_ansi(stream.getvalue()).plain
    for line in (
        "done      clv  4.2 s",
        "failed    goals  notebook goals, cell 3: KeyError: '[red]'",
        "skipped   overview  it needs goals, which failed",
    ):
        assert line in plain
