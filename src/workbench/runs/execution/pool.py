"""Processes that execute one notebook at a time, and never outlive their runner."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from workbench import stopping
from workbench.errors import WorkbenchError
from workbench.runs.execution.task import short_folder
from workbench.runs.reuse.used import UNSET
from workbench.runs.warm import can_fork, kernels_for

if TYPE_CHECKING:
    from workbench.runs.execution.task import Execution, Task

#: Kernels from which on it is worth it to load, once for all, what pages need.
_MANY = 3
_asked = 0


class InterruptedRunError(WorkbenchError):
    """A run that was broken off; what had finished serves the next one."""


class Pool:
    """Processes that can be started anew when one of them was killed.

    Where processes can be forked, those of all pools of a runner are forked from one that has
    papermill loaded, and kernels from another (`workbench.runs.warm`).

    Parameters
    ----------
    jobs : int
        How many at a time.
    """

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs
        self.executor: ProcessPoolExecutor | None = None

    def submit(self, task: Task, *, ahead: int = 1) -> Future[Execution]:
        """Hand a notebook to the next free process; `ahead` are those still to come, with it."""
        if os.name == "posix":  # elsewhere Python has none, and to ask for it is an error
            resource_tracker.ensure_running()  # as it starts, it lets signals through again
        with stopping.held():  # a Ctrl-C reaches the runner alone, and not in the middle of this
            if self.executor is None:
                self.executor = self._start(task.environment)
            global _asked
            _asked += 1
            if self.kernels is not None and max(_asked, ahead) >= _MANY:
                self.kernels.load()
            return self.executor.submit(_execute, task)

    def _start(self, environment: Mapping[str, str]) -> ProcessPoolExecutor:
        # Only this process holds the other end: when it dies, by whatever signal, the
        # workers see the pipe break and leave.
        reading, self.lifeline = multiprocessing.Pipe(duplex=False)
        place = short_folder()
        self.scratch = tempfile.TemporaryDirectory(
            prefix="wb-", dir=place, ignore_cleanup_errors=True
        )
        given = {name: v for name, v in os.environ.items() if name not in UNSET}
        self.kernels = kernels_for(given | dict(environment), place)
        address = None if self.kernels is None else self.kernels.address
        return ProcessPoolExecutor(
            self.jobs,
            mp_context=multiprocessing.get_context(_method(place)),
            initializer=partial(_prepare, reading, self.scratch.name, dict(os.environ), address),
        )

    def renew(self) -> None:
        """Let the processes go; the next notebook starts new ones."""
        self.close()
        self.executor = None

    def close(self, *, at_once: bool = False) -> None:
        """Let the processes end what they do, or leave at once with their kernels."""
        if self.executor is None:
            return
        if at_once:
            self.lifeline.close()
        self.executor.shutdown(wait=True, cancel_futures=True)
        self.lifeline.close()
        self.scratch.cleanup()


def _execute(task: Task) -> Execution:
    from workbench.runs.execution.execute import execute  # papermill, which the runner does without

    return execute(task)


def _prepare(
    lifeline: Connection, scratch: str, environment: Mapping[str, str], kernels: str | None
) -> None:
    from workbench.runs.execution.execute import prepare_worker

    prepare_worker(lifeline, scratch, environment, kernels)


def _method(place: str | None) -> str:
    """Name how processes are started; have the one running that they are forked from."""
    if not can_fork() or place is None:
        return "spawn"
    multiprocessing.set_forkserver_preload(["workbench.runs.execution.execute"])
    usual, tempfile.tempdir = tempfile.tempdir, place  # its socket too needs a short name
    try:
        forkserver.ensure_running()
    finally:
        tempfile.tempdir = usual
    return "forkserver"


@contextmanager
def open_pool(jobs: int) -> Iterator[Pool]:
    """Open a pool; on the way out nothing of it is left running.

    Raises
    ------
    InterruptedRunError
        In place of KeyboardInterrupt.
    """
    pool = Pool(jobs)
    try:
        with stopping.raised():
            yield pool
    except KeyboardInterrupt:
        pool.close(at_once=True)
        raise InterruptedRunError(
            "the run was interrupted; notebooks that had finished are kept",
            remedy="run it again: it goes on from there",
        ) from None
    except BaseException:
        pool.close(at_once=True)
        raise
    else:
        pool.close()
