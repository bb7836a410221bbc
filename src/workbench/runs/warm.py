"""Kernels forked from a process that has loaded, once, what most notebooks load first.

`kernels_for` starts that process, which belongs to the one that asks and ends with it. It forks a
kernel for each request of a worker (`execution.provisioner`), and tells how the kernel ended.
A kernel that would not be what a plain one is - other variables, a module of the study's that
stands in for one that is loaded, a thread that a fork would lose - is refused, and a plain one is
started in its place; so it is where nothing can be forked.

This module is loaded by that process too: it imports nothing that a bare kernel does not have.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, NoReturn

from workbench import stopping, trace

#: Set to `plain`, this variable has each kernel start by itself.
CHOICE = "WORKBENCH_KERNELS"
#: Packages that pages load first. None that starts a thread or opens a connection as it is loaded
#: (DuckDB does both), and none of the workbench: an edit there is an edit of what a notebook used.
PRELOADED = (
    "babel.dates", "babel.numbers", "babel.messages.pofile", "filelock", "ibis", "ibis.selectors",
    "ibis.backends.sql.compilers.duckdb", "ibis.expr.datatypes", "lxml.etree", "lxml.html",
    "matplotlib.pyplot", "matplotlib.backends.backend_svg", "numpy", "pandas", "pyarrow",
    "pyarrow.compute", "pydantic",
    "phonenumbers", "python_calamine", "rapidfuzz", "rich.console", "scipy.integrate",
    "scipy.interpolate", "scipy.optimize", "scipy.signal", "scipy.sparse", "scipy.special",
    "scipy.stats", "sklearn.cluster", "sklearn.ensemble", "sklearn.metrics", "sqlglot",
    "statsmodels.api", "stdnum", "yaml",
)  # fmt: skip
_START = "from workbench.runs.warm import serve; serve()"
#: Memory of these is given back by a thread of their own; not here, where none may be running.
_NO_THREADS = {"JE_ARROW_MALLOC_CONF": "background_thread:false"}
_BACKEND = {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}  # IPython's choice
#: Variables that may differ: read when a kernel begins or later, or set here.
_ASIDE = frozenset((
    "IPYTHONDIR", "JPY_PARENT_PID", "JPY_SESSION_NAME", "PYDEVD_DISABLE_FILE_VALIDATION", "PATH",
    "TMPDIR", "PWD", "OLDPWD", "SHLVL", "_", "COLUMNS", "LINES", "TERM", "MPLBACKEND",
    *_NO_THREADS,
))  # fmt: skip
_OF_THE_RUN = ("WORKBENCH_", "PYTEST_")
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_NOT_OF_A_KERNEL = ("workbench.runs.warm", "workbench.runs", "workbench.stopping")


# --- who starts it --------------------------------------------------------------------------------


class Kernels:
    """A process that forks kernels, as the one that started it holds it.

    Parameters
    ----------
    environment : mapping of str to str
        Variables that kernels get, but for those of a run.
    place : str or None
        A folder with a short name, for its socket.
    """

    def __init__(self, environment: Mapping[str, str], place: str | None) -> None:
        self.settled = settled(environment)
        self.folder = tempfile.TemporaryDirectory(
            prefix="wb-", dir=place, ignore_cleanup_errors=True
        )
        self.address = f"{self.folder.name}/kernels"
        self.loaded = False
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.address)
            listener.listen(64)
            self.process = subprocess.Popen(
                [sys.executable, "-c", _START, str(listener.fileno())],
                stdin=subprocess.PIPE,  # its end is the end of who holds it
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=self.folder.name,
                env={**environment, **_NO_THREADS, **_BACKEND},
                pass_fds=[listener.fileno()],
            )

    def serves(self, environment: Mapping[str, str]) -> bool:
        """Whether its kernels are what plain ones with this environment are."""
        return self.process.poll() is None and self.settled == settled(environment)

    def load(self) -> None:
        """Have it load what most pages need: worth it from the third kernel on."""
        if not self.loaded:
            self.loaded = True
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as asking:
                asking.connect(self.address)
                asking.sendall(b'{"load": true}\n')

    def close(self) -> None:
        """Let it go; kernels that still run go with it."""
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        self.folder.cleanup()


_kernels: Kernels | None = None
_owner = 0


def kernels_for(environment: Mapping[str, str], place: str | None) -> Kernels | None:
    """Give the process that forks kernels; None where kernels have to start by themselves.

    One serves all runs of this process, as long as the environment stays.
    """
    global _kernels, _owner
    if not can_fork() or environment.get(CHOICE) == "plain":
        return None
    if not all(map(os.path.isabs, filter(None, environment.get("PYTHONPATH", "").split(":")))):
        return None  # each process would find something else there
    if _kernels is not None and _owner != os.getpid():
        _kernels = None  # of the process that this one was forked from
    if _kernels is not None and not _kernels.serves(environment):
        _let_go()
    if _kernels is None:
        try:
            _kernels, _owner = Kernels(environment, place), os.getpid()
        except OSError:
            return None
        atexit.register(_let_go)
    return _kernels


def can_fork() -> bool:
    """Whether a process can be forked here once it has loaded compiled libraries.

    The system libraries of macOS cannot be.
    """
    return sys.platform == "linux" and hasattr(os, "fork") and hasattr(socket, "send_fds")


def settled(environment: Mapping[str, str]) -> dict[str, str]:
    """Give the variables that have to be the same from the start of a process to its end."""
    return {
        name: value
        for name, value in environment.items()
        if name not in _ASIDE and not name.startswith(_OF_THE_RUN)
    }


def _let_go() -> None:
    global _kernels
    atexit.unregister(_let_go)
    if _kernels is not None and _owner == os.getpid():
        _kernels.close()
    _kernels = None


# --- the process itself ---------------------------------------------------------------------------


def serve() -> None:
    """Fork kernels until nobody holds this process any more; returns when a kernel has ended."""
    if sys.path and sys.path[0] == "":
        del sys.path[0]
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # who holds this process decides
    server = _Server(socket.socket(fileno=int(sys.argv[1])))
    request, streams = server.wait_for_kernel()
    _become(request, streams)
    trace.kernel()


class _Server:
    """Listens, forks, and tells of each kernel how it ended."""

    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        self.kernels: dict[int, socket.socket] = {}
        self.settled = settled(os.environ)
        self.names: frozenset[str] | None = None
        self.unfit = ""
        import ipykernel.ipkernel
        import ipykernel.kernelapp
        import ipykernel.zmqshell  # noqa: F401

        # What this process runs of the workbench has to be what a plain kernel would find.
        files = [sys.modules[name].__file__ for name in ("workbench", "workbench.trace", __name__)]
        self.code = {file: trace.signature(file) for file in files if file}
        self.pipe = os.pipe()
        for end in self.pipe:
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self.pipe[1])
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def wait_for_kernel(self) -> tuple[dict[str, Any], list[int]]:
        """Serve; return only in a forked process, with what it is to be."""
        while True:
            heard: list[Any] = [0, self.listener, self.pipe[0], *self.kernels.values()]
            read, _, _ = select.select(heard, [], [])
            if 0 in read:
                self._leave()
            if self.pipe[0] in read:
                os.read(self.pipe[0], 4096)
            for pid, asking in [*self.kernels.items()]:
                if asking in read:  # nothing more is asked: who wanted it is gone
                    _kill(pid)
                self._reap(pid)
            if self.listener in read:
                asking, _ = self.listener.accept()
                request, streams = self._understand(asking)
                if request is None:
                    asking.close()
                elif self._fork(asking):
                    return request, streams
                for each in streams:
                    os.close(each)

    def _understand(self, asking: socket.socket) -> tuple[dict[str, Any] | None, list[int]]:
        """Read what is asked for; nothing where no kernel is, or none can be given."""
        asking.settimeout(10)
        streams: list[int] = []
        try:
            text, streams, _, _ = socket.recv_fds(asking, 1 << 16, 2)
            while not text.endswith(b"\n"):
                if not (more := asking.recv(1 << 16)):
                    return None, streams
                text += more
            request = json.loads(text)
            if request.get("load"):
                self._load()
            elif refused := self._refused(request):
                asking.sendall(_line(refused=refused))
            else:
                return request, streams
        except (OSError, ValueError):
            pass  # who asked is gone
        return None, streams

    def _refused(self, request: Mapping[str, Any]) -> str:
        """Say why a forked kernel would not be what a plain one is."""
        if self.unfit:
            return self.unfit
        if settled(request["environment"]) != self.settled:
            return "the environment is another one"
        if any(trace.signature(path) != before for path, before in self.code.items()):
            return "the workbench has changed"
        with os.scandir(request["folder"]) as entries:
            beside = {entry.name.partition(".")[0] for entry in entries}
        if taken := beside & (self.names or frozenset()):
            return f"{min(taken)} stands beside the notebook"
        if len(os.listdir("/proc/self/task")) > 1:  # noqa: PTH208
            return "a thread is running"
        return ""

    def _load(self) -> None:
        """Load what pages need, and note that as used by each kernel from now on."""
        if self.names is not None:
            return
        before = set(sys.modules)
        try:
            with trace.ahead():
                for name in PRELOADED:
                    with contextlib.suppress(ModuleNotFoundError):  # an extra that is not here
                        import_module(name)
        except Exception as error:  # a plain kernel tells of it where it can be seen
            self.unfit = f"{type(error).__name__}: {error}"
        loaded = sys.modules.keys() - before
        self.names = frozenset(name.partition(".")[0] for name in loaded)
        gc.collect()
        gc.freeze()  # what all share is copied when a collection touches it

    def _fork(self, asking: socket.socket) -> bool:
        """Fork; true in the new process, which has nothing of this one's open."""
        ready, tell = os.pipe()
        pid = os.fork()
        if pid:
            os.close(tell)
            os.read(ready, 1)
            os.close(ready)
            self.kernels[pid] = asking
            with contextlib.suppress(OSError):
                asking.sendall(_line(pid=pid))
            return False
        os.setsid()  # it leads a group of its own, which is killed as a whole
        os.write(tell, b".")
        signal.set_wakeup_fd(-1)
        for end in (ready, tell, *self.pipe):
            os.close(end)
        for each in (asking, self.listener, *self.kernels.values()):
            each.close()
        return True

    def _reap(self, pid: int) -> None:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            asking = self.kernels.pop(pid)
            with contextlib.suppress(OSError):
                asking.sendall(_line(status=os.waitstatus_to_exitcode(status)))
            asking.close()

    def _leave(self) -> NoReturn:
        for pid in self.kernels:
            _kill(pid)
        shutil.rmtree(os.getcwd(), ignore_errors=True)  # noqa: PTH109  (its folder, see `Kernels`)
        os._exit(0)


def _become(request: Mapping[str, Any], streams: Sequence[int]) -> None:
    """Turn a forked process into what a new one would be that was started for a notebook."""
    for number in (*_SIGNALS, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    stopping.let_go()
    nothing = os.open(os.devnull, os.O_RDONLY)
    for target, source in enumerate((nothing, *streams)):
        os.dup2(source, target)
        os.close(source)
    os.environ.clear()
    os.environ.update(request["environment"], JPY_PARENT_PID=str(os.getppid()))
    os.chdir(request["folder"])
    sys.argv = ["-c", *request["arguments"]]
    tempfile.tempdir = None
    if "numpy.random" in sys.modules:  # Python's own draws anew by itself
        sys.modules["numpy.random"].seed()
    for name in _NOT_OF_A_KERNEL:
        del sys.modules[name]
    for name in ("runs", "stopping"):
        delattr(sys.modules["workbench"], name)


def _kill(pid: int) -> None:
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)


def _line(**content: Any) -> bytes:
    return json.dumps(content).encode() + b"\n"
