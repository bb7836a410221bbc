"""Why a notebook failed: which cell, with what parameters, from what cause."""

from __future__ import annotations

import errno
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from workbench.errors import WorkbenchError

Cause = Literal[
    "error",
    "exit",
    "interrupt",
    "dead kernel",
    "time-out",
    "flood",
    "lost output",
    "results",
    "inputs",
    "crash",
]

_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_LINE = re.compile(
    r"(?:Cell In\[(?P<cell>\d+)\], line |<ipython-input[^>]*>.*?line |^-+> )(?P<line>\d+)"
)
_CHAIN = re.compile(
    r"\nThe above exception was the direct cause of the following exception:\n"
    r"|\nDuring handling of the above exception, another exception occurred:\n"
)
_PREVIEW_LINES = 9


@dataclass(frozen=True)
class Failure:
    """Why a notebook failed, in plain values.

    Attributes
    ----------
    notebook : str
        Key of the step.
    cause : str
        ``error`` (a cell raised), ``exit`` (it left with sys.exit), ``interrupt``,
        ``dead kernel``, ``time-out``, ``flood`` (of output), ``lost output``, ``results``
        (declared results are wrong), ``inputs`` (what it read changed while it ran),
        ``crash``.
    message : str
        The cause in a sentence, such as ``ValueError: no rows``.
    cell : int or None
        Number of the cell, counted from 1 as they stand in the notebook's file.
    cell_id : str
        The cell's id.
    preview : str
        A few lines of its source, with an arrow at the line that failed where it is known.
    parameters : dict
        All values.
    traceback : str
        The traceback without colours; for a dead kernel, its last words.
    """

    notebook: str
    cause: Cause
    message: str
    cell: int | None = None
    cell_id: str = ""
    preview: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    traceback: str = ""

    @property
    def where(self) -> str:
        """Notebook and cell, such as ``notebook clv, cell 7 (value-by-tier)``."""
        place = f"notebook {self.notebook}"
        if self.cell is not None:
            place += f", cell {self.cell}" + (f" ({self.cell_id})" if self.cell_id else "")
        return place

    def sentence(self) -> str:
        """Say it in one line."""
        return f"{self.where}: {self.message}"

    def paragraph(self) -> str:
        """Say it with the parameters and the source around it."""
        values = ", ".join(f"{name}={value!r}" for name, value in self.parameters.items())
        parts = [self.sentence(), f"parameters: {values}" if values else "", self.preview]
        return "\n".join(part for part in parts if part)


class SkipNotebook(BaseException):
    """Ends a notebook before its last cell, and well; `Run.skip` raises it.

    It is no Exception, so that what catches those lets it through.
    """

    def _render_traceback_(self) -> list[str]:
        # What IPython shows in its place, in the lab.
        return [f"This notebook ends here: {self}"]


class NotebookError(WorkbenchError):
    """A notebook that failed; `failure` holds the details."""

    def __init__(
        self, what: str, *, where: str = "", remedy: str = "", failure: Failure | None = None
    ) -> None:
        self.failure = failure
        super().__init__(what, where=where, remedy=remedy)

    @classmethod
    def of(cls, failure: Failure) -> NotebookError:
        """Make the error for a failure."""
        return cls(failure.message, where=failure.where, failure=failure)

    def __reduce__(self) -> tuple[Any, ...]:
        failure = None if self.failure is None else asdict(self.failure)
        return _rebuild, (self.what, self.where, self.remedy, failure)


def _rebuild(
    what: str, where: str, remedy: str, failure: Mapping[str, Any] | None
) -> NotebookError:
    return NotebookError(
        what,
        where=where,
        remedy=remedy,
        failure=None if failure is None else Failure(**failure),
    )


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def in_words(error: BaseException) -> str:
    """Say what a system's error means: which file, and that there is no room, if that is it."""
    if not isinstance(error, OSError) or error.strerror is None:
        first = str(error).strip().splitlines()[:1] or [""]
        return f"{type(error).__name__}: {first[0]}".removesuffix(": ")
    said = "there is no room left to write" if error.errno in _NO_ROOM else error.strerror
    return f"{said} ({error.filename})" if error.filename else said


def plain_text(traceback: str) -> str:
    """Strip the colours of a traceback."""
    return _ANSI.sub("", traceback)


def failing_line(traceback: str, count: int | None = None) -> int | None:
    """Find the line of the cell in which a traceback begins.

    Parameters
    ----------
    traceback : str
        As IPython writes it.
    count : int, optional
        The cell's execution count: of causes, and of functions that other cells defined, the
        lines are others.
    """
    # The last of several errors, each raised while another was handled, is the one that came out.
    last = _CHAIN.split(plain_text(traceback))[-1]
    found = [(int(m["cell"] or -1), int(m["line"])) for m in _LINE.finditer(last)]
    own = [line for cell, line in found if cell == count] or [line for _, line in found]
    return own[0] if own else None


def preview(source: str, line: int | None = None) -> str:
    """Show a few lines of a cell, numbered, with an arrow at one of them.

    Parameters
    ----------
    source : str
        The cell's source.
    line : int, optional
        The line to point at, counted from 1.
    """
    lines = source.splitlines()
    first = 0
    if line is not None and len(lines) > _PREVIEW_LINES:
        first = min(max(line - 1 - _PREVIEW_LINES // 2, 0), len(lines) - _PREVIEW_LINES)
    shown = lines[first : first + _PREVIEW_LINES]
    return "\n".join(
        f"{'-->' if number == line else '   '} {number:>3} | {text}"
        for number, text in enumerate(shown, start=first + 1)
    )
