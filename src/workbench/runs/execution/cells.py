"""The cells of a notebook in a kernel: how each ends, and what is kept of its output.

What a peer leaves to luck is decided here: an error that is meant (tag ``raises-exception``) is
none, ``quit()`` is what ``sys.exit()`` is, and a flood of output fills neither memory nor disk.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

from workbench.runs.execution.failure import SkipNotebook

#: Characters that a cell may print; the rest is counted, left out, and said below the cell.
MOST_PRINTED = 1_000_000
#: Characters of everything that a notebook may show and print; more is a flood, which is stopped.
FLOOD = 100_000_000
#: Seconds to wait for the last of a cell's output once the cell itself has ended.
_LAST_OUTPUT = 60
_STARTUP = 300


class LeftNotebookError(Exception):
    """A cell ended the notebook with ``sys.exit`` or ``quit``; says with which."""


class SkippedItselfError(Exception):
    """A notebook ended itself, as it may, with `Run.skip`; says why."""


class FloodError(Exception):
    """A notebook shows more than can be kept."""


class CellsClient(NotebookClient):
    """Executes the cells of a notebook and bounds what is kept of their output.

    Parameters
    ----------
    notebook : NotebookNode
        Its outputs are set in place, those of a failed cell too.
    running : callable
        Is told the index of each cell that is about to run.
    **options
        Of nbclient's client.
    """

    def __init__(self, notebook: Any, *, running: Callable[[int], None], **options: Any) -> None:
        super().__init__(
            notebook,
            iopub_timeout=_LAST_OUTPUT,
            raise_on_iopub_timeout=True,
            startup_timeout=_STARTUP,
            on_cell_execute=lambda cell, cell_index: running(cell_index),
            on_cell_executed=self._executed,
            **options,
        )
        self.notes: list[str] = []
        self._received = 0
        self._printed = self._left_out = 0
        self._open: Any = None
        self._parts: list[str] = []
        self._ended: Exception | None = None

    def run(self, cwd: str) -> None:
        """Execute all cells, but those tagged ``skip-execution``.

        Raises
        ------
        CellExecutionError
            If a cell raised an error that was not meant.
        LeftNotebookError, SkippedItselfError
            If a cell ended the notebook.
        FloodError
            If the notebook shows too much.
        nbclient.exceptions.DeadKernelError, nbclient.exceptions.CellTimeoutError
            As they are named.
        """
        self.reset_execution_trackers()
        with self.setup_kernel(cwd=cwd):
            assert self.kc is not None
            info = self.wait_for_reply(self.kc.kernel_info())
            if info is not None:
                self.nb.metadata["language_info"] = info["content"]["language_info"]
            for index, cell in enumerate(self.nb.cells):
                self._run_cell(index, cell)
            self.set_widgets_metadata()

    def _run_cell(self, index: int, cell: Any) -> None:
        self._printed = self._left_out = 0
        try:
            self.execute_cell(cell, index)
        except CellExecutionError:
            if self._ended is None:
                raise
        except DeadKernelError:
            if self._received > FLOOD:
                raise FloodError from None
            raise
        finally:
            self._close()
            if self._left_out:
                self._say_what_is_left_out(cell)
        if self._ended is not None:
            raise self._ended
        if self._received > FLOOD:
            raise FloodError

    def _executed(self, cell: Any, cell_index: int, execute_reply: Any) -> None:
        content = execute_reply["content"]
        # `quit()` and `exit()` raise nothing: the kernel goes a moment later, in a later cell.
        if any(each.get("source") == "ask_exit" for each in content.get("payload") or ()):
            self._ended = LeftNotebookError("quit()")
        elif content.get("ename") == "SystemExit":
            self._ended = LeftNotebookError(f"sys.exit({content['evalue']})")
        elif content.get("ename") == SkipNotebook.__name__:
            self._ended = SkippedItselfError(content["evalue"])

    # --- output -------------------------------------------------------------------------------

    def output(self, outs: Any, msg: Any, display_id: str | None, cell_index: int) -> Any:
        """Keep an output, as far as there is room for it."""
        content = msg["content"]
        self._received += _size(content)
        if self._received > FLOOD:
            task = self.task_poll_for_reply
            if task is not None:
                task.cancel()  # the cell will not end by itself: it is given up
            return None
        kind = msg["msg_type"]
        if kind == "stream":
            text = content["text"][: max(MOST_PRINTED - self._printed, 0)]
            self._left_out += len(content["text"]) - len(text)
            self._printed += len(text)
            if not text:
                return None
            going_on = self._open is not None and outs and outs[-1] is self._open
            if (
                going_on
                and self._open["name"] == content["name"]
                and not self.clear_before_next_output
            ):
                self._parts.append(text)
                return self._open
            msg = {**msg, "content": {**content, "text": text}}
        elif kind == "error":
            msg = {**msg, "content": _cut(content)}
        self._close()
        kept = super().output(outs, msg, display_id, cell_index)
        if kind == "stream" and kept is not None:
            self._open, self._parts = kept, [kept["text"]]
        return kept

    def clear_output(self, outs: Any, msg: Any, cell_index: int) -> None:
        """Clear what a cell has shown so far, and what was counted of it."""
        self._printed = self._left_out = 0
        super().clear_output(outs, msg, cell_index)

    def _close(self) -> None:
        """Join what was printed in one go: how many messages it came in says nothing."""
        if self._open is not None:
            self._open["text"] = "".join(self._parts)
        self._open, self._parts = None, []

    def _say_what_is_left_out(self, cell: Any) -> None:
        said = (
            f"the first {MOST_PRINTED:,} characters that this cell printed are kept,"
            f" {self._left_out:,} more are left out"
        )
        self.notes.append(f"cell {cell.get('id', '')}: {said}")
        cell.outputs.append(
            nbformat.v4.new_output("stream", name="stderr", text=f"\n[{said}]\n")  # type: ignore[no-untyped-call]
        )


def _size(content: Any) -> int:
    """Count the characters of a message, roughly: what is long is text."""
    if isinstance(content, str):
        return len(content)
    if isinstance(content, dict):
        return sum(map(_size, content.values()))
    return sum(map(_size, content)) if isinstance(content, list | tuple) else 1


def _cut(content: Any) -> Any:
    """Shorten an error whose message is as long as a table."""
    if _size(content) <= MOST_PRINTED:
        return content
    return {
        **content,
        "evalue": content["evalue"][: MOST_PRINTED // 2],
        "traceback": [line[-MOST_PRINTED // 20 :] for line in content["traceback"][-10:]],
    }
