"""Told to stop: Ctrl-C and SIGTERM end the command in one way, at whatever moment they come."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
#: Seconds for leaving in order. After them the process just ends: nothing it writes is left half
#: done, and its workers go when it does, with their kernels.
PATIENCE = 20.0

_told: list[int] = []


def listen() -> None:
    """Raise KeyboardInterrupt for the first of these signals, and end at once with the second.

    For a process of our own, from its first lines on; a Ctrl-C that whoever started it had
    switched off stays so.
    """
    for each in _SIGNALS:
        if signal.getsignal(each) is not signal.SIG_IGN:
            signal.signal(each, _tell)


def status() -> int | None:
    """Return the exit status that a signal asked for, 130 or 143; None when there was none."""
    return 128 + _told[0] if _told else None


@contextmanager
def raised() -> Iterator[None]:
    """Take SIGTERM for a Ctrl-C meanwhile, in a process that does not `listen`."""
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    ):
        yield
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def held() -> Iterator[None]:
    """Hold the signals back while a process is started, which inherits that until it `lets_go`."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def let_go() -> None:
    """Take signals again, in a process that was started while they were `held`."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


def _tell(number: int, frame: FrameType | None) -> None:
    if _told:
        os._exit(128 + _told[0])
    _told.append(number)
    # An interrupt can be swallowed, by code in C or where something is torn down.
    watch = threading.Timer(PATIENCE, os._exit, [128 + number])
    watch.daemon = True
    watch.start()
    raise KeyboardInterrupt
