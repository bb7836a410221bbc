"""What is handed to a process that executes a notebook, and what it hands back."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from workbench.runs.execution.failure import Failure
from workbench.runs.parameters import Plain

#: Letters that the name of a socket may have, roughly.
SOCKET = 100


@dataclass(frozen=True)
class Task:
    """One execution, in plain values, so that it can be handed to another process or machine.

    Attributes
    ----------
    key : str
        Name of the step.
    path : Path
        The notebook.
    folder : Path
        The run's folder (under its temporary name).
    parameters : dict
        All values, plain, for the record.
    injected : tuple of str
        The names among them to inject.
    environment : dict of str to str
        Variables for the kernel.
    timeout : float or None
        Seconds for the whole notebook.
    """

    key: str
    path: Path
    folder: Path
    parameters: Mapping[str, Plain]
    injected: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout: float | None = None


@dataclass(frozen=True)
class Execution:
    """How an execution ended.

    Attributes
    ----------
    key : str
        Name of the step.
    seconds : float
        How long it took.
    failure : Failure or None
        None when every cell ran without an error, or the notebook ended itself.
    skipped : str
        Why the notebook ended itself, if it did.
    notes : tuple of str
        What of its output is left out.
    """

    key: str
    seconds: float
    failure: Failure | None = None
    skipped: str = ""
    notes: tuple[str, ...] = ()


class LostKernelError(Exception):
    """The process that a kernel was forked from was killed, and took the kernel along."""


def short_folder() -> str | None:
    """Find a folder for sockets, whose names must be short; None for the usual, if there is none.

    Neither the run's folder nor what TMPDIR names need be short.
    """
    for place in (tempfile.gettempdir(), "/tmp", "/var/tmp", "/dev/shm"):
        if len(os.fsencode(place)) <= SOCKET // 2 and os.access(place, os.W_OK | os.X_OK):
            return place
    return None
