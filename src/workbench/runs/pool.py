"""Spawned processes that execute one notebook at a time, and never outlive their runner."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from workbench import stopping
from workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from workbench.runs.execute import Execution, Task


class InterruptedRunError(WorkbenchError):
    """A run that was broken off; what had finished serves the next one."""


class Pool:
    """Spawned processes that can be started anew when one of them was killed.

    Parameters
    ----------
    jobs : int
        How many at a time.
    """

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs
        self.executor: ProcessPoolExecutor | None = None

    def submit(self, task: Task) -> Future[Execution]:
        """Hand a notebook to the next free process."""
        from workbench.runs.execute import execute, prepare_worker, short_folder

        if self.executor is None:
            # Only this process holds the other end: when it dies, by whatever signal, the
            # workers see the pipe break and leave.
            reading, self.lifeline = multiprocessing.Pipe(duplex=False)
            self.scratch = TemporaryDirectory(
                prefix="wb-", dir=short_folder(), ignore_cleanup_errors=True
            )
            self.executor = ProcessPoolExecutor(
                self.jobs,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=prepare_worker,
                initargs=(reading, self.scratch.name),
            )
        with stopping.held():  # a Ctrl-C reaches the runner alone, and not in the middle of this
            return self.executor.submit(execute, task)

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
