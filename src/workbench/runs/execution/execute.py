"""One notebook, executed by papermill in a process of its own; nothing else imports papermill."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import threading
import time
import uuid
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, ClassVar

import papermill
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from papermill.engines import Engine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from papermill.models import Parameter as PapermillParameter
from papermill.translators import PythonTranslator, papermill_translators
from traitlets import default
from traitlets.config import Config

from workbench import stopping
from workbench.runs.execution.cells import (
    FLOOD,
    CellsClient,
    FloodError,
    LeftNotebookError,
    SkippedItselfError,
)
from workbench.runs.execution.failure import (
    Cause,
    Failure,
    failing_line,
    in_words,
    plain_text,
    preview,
)
from workbench.runs.execution.progress import emit
from workbench.runs.execution.provisioner import WarmProvisioner
from workbench.runs.execution.task import SOCKET, Execution, LostKernelError, Task, short_folder
from workbench.runs.notebook_file import (
    INJECTED,
    is_code,
    read_notebook,
    settle,
    tags,
    write_notebook,
)
from workbench.runs.parameters import Parameter, Plain, injected_source, read_parameters
from workbench.runs.reuse.used import UNSET

_ERROR_MARKER = "papermill-error-cell-tag"
# A kernel that notes what its notebook uses.
_START = "from workbench.trace import kernel; kernel()"
# A kernel that prints faster than is read waits, where by itself it would drop messages, the one
# that says that a cell has ended among them. It costs a line that runs before the first cell.
_LOSE_NOTHING = (
    "__import__('ipykernel.kernelapp').kernelapp.IPKernelApp.instance()"
    ".iopub_thread.socket.setsockopt(__import__('zmq').XPUB_NODROP, 1)"
)
_WAITING = 100
_LAST_WORDS = 12
# Characters that a record keeps of an error: a message can be as long as a table.
_MESSAGE, _TRACEBACK = 1_000, 20_000


def execute(task: Task) -> Execution:
    """Execute a notebook; a failure is returned, not raised.

    The kernel works in the notebook's folder, as it does in JupyterLab and under nbval. The
    executed notebook is written at once, to ``notebooks/<key>.ipynb``, or with the outputs so far
    to ``failed/<key>.ipynb`` when it failed and ``ended/<key>.ipynb`` when it ended itself.

    Parameters
    ----------
    task : Task
        What to execute.

    Returns
    -------
    Execution
    """
    begun = time.monotonic()
    execution = _NotebookPass(task)
    log = task.folder / "failed" / f"{task.key}.log"
    failure: Failure | None = None
    try:
        with _printed_to(log):
            failure = execution.run(log)
        if failure is None or not log.stat().st_size:
            log.unlink()
        kind = "failed" if failure else "ended" if execution.skipped else "notebooks"
        if execution.notebook is not None:
            target = task.folder / kind / f"{task.key}.ipynb"
            target.parent.mkdir(exist_ok=True)
            write_notebook(settle(execution.notebook), target)
    except OSError as error:
        execution.running = None  # no cell of the notebook did it
        # What came before it is the better reason.
        failure = failure or execution.failed(
            "crash", f"its page cannot be written: {in_words(error)}"
        )
    seconds = time.monotonic() - begun
    return Execution(task.key, seconds, failure, execution.skipped, tuple(execution.notes))


class _NotebookPass:
    """One pass of a notebook through papermill, and what is known when it breaks off."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.notebook: Any = None
        self.running: int | None = None
        self.deadline: float | None = None
        self.skipped = ""
        self.notes: list[str] = []
        self.kernel: Any = None

    def run(self, log: Path) -> Failure | None:
        source = read_notebook(self.task.path)
        declared = read_parameters(source, where=self.task.path.name)
        # One execution at a time in a process: the registries are this notebook's alone.
        papermill_translators.register("python3", _Translator(declared))
        papermill_engines.register("workbench", _Cells)
        cells = sum(is_code(cell) for cell in source.cells) + 1
        emit(self.task.folder, "notebook-started", notebook=self.task.key, cells=cells)
        try:
            with _kernel_environment(self.task.environment) as scratch:
                papermill.execute_notebook(
                    source,
                    None,
                    {name: self.task.parameters[name] for name in self.task.injected},
                    engine_name="workbench",
                    kernel_name="python3",
                    language="python",
                    progress_bar=False,
                    cwd=self.task.path.parent,
                    run=lambda notebook: self._run_cells(notebook, scratch),
                )
        except PapermillExecutionError:
            # Every error that was not meant has been raised before papermill counts errors.
            self._drop_markers()
        except SkippedItselfError as reason:
            self.skipped = str(reason) or "it gave no reason"
        except CellExecutionError as error:
            return self._cell_failed(error)
        except LeftNotebookError as words:
            return self.failed(
                "exit",
                f"the cell left with {words}, and the rest did not run; to end a notebook early"
                ' and well, write run.skip("why")',
            )
        except FloodError:
            return self.failed(
                "flood",
                f"it shows more than {FLOOD:,} characters and was stopped; print less",
            )
        except DeadKernelError:
            self._tell_if_lost()
            return self._died(
                log, "the kernel died (killed for want of memory, or a crash in compiled code)"
            )
        except CellTimeoutError:
            if self.deadline is None or time.monotonic() < self.deadline:
                return self.failed(
                    "lost output",
                    "the cell ended, but not all that it showed arrived: it printed faster than"
                    " can be read; print less",
                )
            return self.failed(
                "time-out",
                f"not finished after {self.task.timeout:g} s; allow more with --timeout",
            )
        except RuntimeError as error:
            self._tell_if_lost()
            if self.notebook is None:
                return self._died(log, f"the kernel did not start: {in_words(error)}")
            return self.failed("crash", in_words(error))
        except Exception as error:
            return self.failed("crash", in_words(error))
        return None

    def _run_cells(self, notebook: Any, scratch: str) -> None:
        client = CellsClient(
            notebook,
            running=self._on_cell,
            kernel_name="python3",
            kernel_manager_class=_Kernel,
            config=Config(KernelManager={"connection_file": f"{scratch}/kernel.json"}),
            timeout_func=self._seconds_left,
            on_notebook_start=self._on_start,
        )
        self.notes = client.notes
        self.kernel = client.create_kernel_manager()
        client.run(str(self.task.path.parent))

    # --- hooks --------------------------------------------------------------------------------

    def _on_start(self, notebook: Any) -> None:
        self.notebook = notebook
        # Counted from here: a busy machine that starts kernels slowly is no fault of a notebook.
        self.deadline = time.monotonic() + self.task.timeout if self.task.timeout else None

    def _on_cell(self, cell_index: int) -> None:
        self.running = cell_index
        done = sum(is_code(each) for each in self.notebook.cells[:cell_index])
        emit(
            self.task.folder,
            "cell-started",
            notebook=self.task.key,
            cell=self._number(cell_index),
            number=done + 1,
        )

    def _seconds_left(self, cell: Any) -> float | None:
        if self.deadline is None:
            return None
        return max(self.deadline - time.monotonic(), 0.1)

    # --- failures -----------------------------------------------------------------------------

    def _cell_failed(self, error: CellExecutionError) -> Failure:
        cause: Cause = "error"
        message = f"{error.ename}: {error.evalue}" if error.evalue else str(error.ename)
        if error.ename == "KeyboardInterrupt":
            cause, message = "interrupt", "the cell was interrupted (KeyboardInterrupt)"
        return self.failed(cause, message, traceback=error.traceback)

    def _tell_if_lost(self) -> None:
        """Leave the notebook to who can start it anew: it is none of its doing."""
        if self.kernel is not None and self.kernel.provisioner.lost:
            raise LostKernelError(self.task.key)

    def _died(self, log: Path, message: str) -> Failure:
        words = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LAST_WORDS:]
        return self.failed("dead kernel", message, traceback="\n".join(words))

    def failed(self, cause: Cause, message: str, *, traceback: str = "") -> Failure:
        """Make the failure of the cell that ran last."""
        number, cell = None, None
        if self.notebook is not None and self.running is not None:
            number, cell = self._number(self.running), self.notebook.cells[self.running]
        line = failing_line(traceback, cell and cell.get("execution_count"))
        return Failure(
            notebook=self.task.key,
            cause=cause,
            message=_shortened(message),
            cell=number,
            cell_id="" if cell is None else str(cell.get("id", "")),
            preview="" if cell is None else preview(cell.source, line),
            parameters=dict(self.task.parameters),
            traceback=plain_text(traceback)[-_TRACEBACK:],
        )

    def _number(self, index: int) -> int:
        """Count a cell from 1 in the notebook's file, which has no injected cell."""
        return sum(INJECTED not in tags(cell) for cell in self.notebook.cells[: index + 1])

    def _drop_markers(self) -> None:
        self.notebook.cells = [c for c in self.notebook.cells if _ERROR_MARKER not in tags(c)]


class _Cells(Engine):  # type: ignore[misc]
    """Lets papermill prepare a notebook, and the client of this room execute it."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, *, run: Callable[[Any], None], **unused: Any
    ) -> None:
        run(nb_man.nb)


class _Translator(PythonTranslator):  # type: ignore[misc]
    """Writes the injected cell by the annotations, where papermill guesses by the value."""

    def __init__(self, declared: Mapping[str, Parameter]) -> None:
        self.declared = declared

    def codify(self, parameters: Mapping[str, Plain], comment: str = "") -> str:
        return injected_source(self.declared, parameters)

    def inspect(self, parameters_cell: Any) -> list[PapermillParameter]:
        return [
            PapermillParameter(name, str(p.type), repr(p.default), p.help)
            for name, p in self.declared.items()
        ]


class _OwnInterpreter(KernelSpecManager):
    """Finds the kernel of this interpreter, whatever kernels a user has installed."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        return KernelSpec(
            argv=[
                *(sys.executable, "-c", _START, "-f", "{connection_file}"),
                f"--IPKernelApp.exec_lines={_LOSE_NOTHING}",
            ],
            display_name="Python 3 (ipykernel)",
            language="python",
            metadata={"debugger": False},
        )


class _Kernel(AsyncKernelManager):
    """A kernel that speaks over local sockets, and is not waited for long when it should go."""

    alive: ClassVar[weakref.WeakSet[_Kernel]] = weakref.WeakSet()

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.context.rcvhwm = _WAITING
        self.kernel_id = str(uuid.uuid4())
        self.provisioner = WarmProvisioner(
            kernel_id=self.kernel_id, kernel_spec=self.kernel_spec, parent=self
        )
        self.provisioner.address = _worker.kernels
        _Kernel.alive.add(self)

    @default("transport")
    def _local_sockets(self) -> str:
        # Names of sockets may have about a hundred letters. Where there is no such place: TCP.
        name = f"{Path(self.connection_file).with_suffix('')}-ipc-5"
        return "ipc" if os.name == "posix" and len(os.fsencode(name)) < SOCKET else "tcp"

    @default("shutdown_wait_time")
    def _short_wait(self) -> float:
        return 0.6

    @default("kernel_spec_manager")
    def _own_interpreter(self) -> KernelSpecManager:
        return _OwnInterpreter()


def _shortened(message: str) -> str:
    return message if len(message) <= _MESSAGE else f"{message[:_MESSAGE]} ..."


@contextmanager
def _kernel_environment(environment: Mapping[str, str]) -> Iterator[str]:
    """Set the kernel's environment; yield a folder for its connection, with a short name.

    The process executes one notebook at a time, so its own environment can be the kernel's.
    """
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(
        prefix="wb-", dir=_worker.scratch or short_folder(), ignore_cleanup_errors=True
    ) as scratch:
        for name in UNSET:
            os.environ.pop(name, None)
        # A user's IPython start-up files have no part in a run.
        os.environ.update(environment, IPYTHONDIR=f"{scratch}/ipython")
        os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
        try:
            yield scratch
        finally:
            os.environ.clear()
            os.environ.update(before)


@contextmanager
def _printed_to(path: Path) -> Iterator[None]:
    """Send what this process and its kernel print to a file."""
    path.parent.mkdir(exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    originals = os.dup(1), os.dup(2)
    with path.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        for descriptor, original in zip((1, 2), originals, strict=True):
            os.dup2(original, descriptor)
            os.close(original)


# --- the worker's life ------------------------------------------------------------------------


@dataclass
class _Worker:
    """What this process was told when it was spawned."""

    scratch: str | None = None
    kernels: str | None = None


_worker = _Worker()


def prepare_worker(
    lifeline: Connection, scratch: str, environment: Mapping[str, str], kernels: str | None
) -> None:
    """Set up a process for notebooks: it leaves, with its kernel, when the runner does.

    Parameters
    ----------
    lifeline : Connection
        Reading end of a pipe whose other end only the runner holds. It breaks when the runner
        closes it or dies, even by SIGKILL, which no handler could tell.
    scratch : str
        Folder for the sockets of kernels; the runner removes it, or who outlives the runner.
    environment : mapping of str to str
        The runner's: the process that this one was forked from may be older.
    kernels : str or None
        Address of the process that forks kernels (`workbench.runs.warm`).
    """
    _worker.scratch, _worker.kernels = scratch, kernels
    os.environ.clear()
    os.environ.update(environment)
    # Ctrl-C reaches all processes of a terminal; the runner decides what becomes of the workers.
    # A handler, since an ignored signal would stay ignored in the kernel.
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: _leave(os._exit))
    stopping.let_go()
    threading.Thread(target=_leave_with, args=(lifeline, os._exit), daemon=True).start()


def _leave_with(lifeline: Connection, leave: Callable[[int], object]) -> None:
    try:
        lifeline.recv()
    except (EOFError, OSError):
        _leave(leave)


def _leave(leave: Callable[[int], object]) -> None:
    for kernel in list(_Kernel.alive):
        _kill(kernel)
    if _worker.scratch:
        shutil.rmtree(_worker.scratch, ignore_errors=True)
    leave(1)


def _kill(kernel: _Kernel) -> None:
    process = getattr(kernel.provisioner, "pid", None)
    if process:
        try:
            if hasattr(os, "killpg"):
                os.killpg(process, signal.SIGKILL)  # kernels lead a session of their own
            else:
                os.kill(process, signal.SIGTERM)  # which ends it at once where there are no groups
        except OSError:
            return
