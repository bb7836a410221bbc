"""What a notebook uses while it runs, noted as it is used, for the run to file and to check.

Three sources, since none sees all: Python's audit hook (files opened, folders listed, modules
loaded, programs and connections started), the rooms that hand paths to an engine and tell what
they handed over, and an environment that notes which variables are asked for. A notebook's kernel
notes from its first cell on (`kernel`); anywhere else every call here does nothing.

Only what is used is noted here, by kind and name; what it was, `runs.reuse.used` finds out.
"""
# ruff: noqa: PTH100, PTH118, PTH119, PTH206  (texts: the hook hears of every file that is opened)

from __future__ import annotations

import importlib.util
import json
import os
import stat
import sys
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, Literal

#: What can be used. `code`: a module's file; `package`: an installed one, by the name by which it
#: is imported, `distribution`: by the one by which it is installed; `presence`: whether a path is
#: there; `tree`: a folder with all below it; `card`: a part of the study's card; `text`: words of
#: the card, by the English ones; `result`: a file of earlier notebooks; `previous`: the numbers of
#: the last complete run.
Kind = Literal[
    "code", "package", "distribution", "file", "folder", "tree", "presence", "variable",
    "card", "text", "table", "result", "previous",
]  # fmt: skip

HOME = Path(__file__).parent
#: Where the kernel's notes go; the run sets it.
TARGET = "WORKBENCH_USED"
#: Variables that say which run this is and where it lies, and nothing of its numbers.
_OF_THE_RUN = (
    "WORKBENCH_RUN", "WORKBENCH_NOTEBOOK", "WORKBENCH_CASE", "WORKBENCH_ROOT", "WORKBENCH_READS",
    TARGET, "IPYTHONDIR", "PYTEST_CURRENT_TEST", "JPY_SESSION_NAME", "JPY_PARENT_PID",
)  # fmt: skip
#: Variables of the session in which a run was started. A library that asks for them does so to
#: dress its output for a terminal, or to find its own files, and these are noted when opened.
_OF_THE_SESSION = frozenset((
    "HOME", "PATH", "PWD", "OLDPWD", "TERM", "TERM_PROGRAM", "COLORTERM", "COLUMNS", "LINES",
    "SHELL", "SHLVL", "USER", "USERNAME", "LOGNAME", "HOSTNAME", "DISPLAY", "WAYLAND_DISPLAY",
    "TMPDIR", "TEMP", "TMP", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "PAGER",
    "EDITOR", "VISUAL", "NO_COLOR", "FORCE_COLOR", "LS_COLORS", "LANG", "LANGUAGE", "LC_ALL",
    "LC_CTYPE", "LC_MESSAGES", "PYTHONPATH", "VIRTUAL_ENV", "CONDA_PREFIX", "CI", "_",
))  # fmt: skip
_SEPARATE = ("/proc/", "/sys/", "/dev/")
#: Libraries that start programs to ask for a machine's fonts and cores; nothing of a number.
_HARMLESS = frozenset(("matplotlib", "joblib", "threadpoolctl", "IPython", "ipykernel", "psutil"))
#: Libraries that give a path that is a folder to compiled readers, which open what lies below.
_READ_FOLDERS = frozenset(("pandas", "pyarrow"))


def _libraries() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    places = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    for prefix in (sys.prefix, sys.base_prefix):
        places |= {os.path.join(prefix, name) for name in ("lib", "lib64", "share", "etc")}
    for entry in sys.path:
        if os.path.basename(entry) in ("site-packages", "dist-packages"):
            places.add(os.path.abspath(entry))
    return tuple(sorted(os.path.join(place, "") for place in places))


def signature(
    path: Path | str, look: Callable[[Path | str], os.stat_result] = os.stat
) -> list[int] | None:
    """Tell a file from what may stand in its place later, unread; None where there is none.

    `look` is the system's own, taken before `begin` has it watched: to ask here is no use.
    """
    try:
        found = look(path)
    except (OSError, ValueError):
        return None
    return [found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino]


class _Tracer:
    """The notes of one kernel."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.used: dict[str, dict[str, Any]] = {}
        self.beyond: dict[str, None] = {}
        self.own: set[str] = set()
        self.set_here: set[str] = set()
        self.quiet = 0
        self.changed = True
        self.bare = frozenset(sys.modules)
        self.seen: set[str] = set()
        self.libraries = _libraries()
        self.home = os.path.join(str(HOME), "")
        self.tellers: tuple[str, ...] = tuple(
            os.path.join(self.home, room, "") for room in ("data", "runs")
        )
        self.run = os.environ.get("WORKBENCH_RUN", "")

    def take(self, earlier: _Tracer) -> None:
        """Take over what was noted before the process was forked."""
        # Of the workbench itself that process had only what a kernel is started with.
        self.used = {kind: dict(n) for kind, n in earlier.used.items() if kind != "code"}
        self.beyond = dict(earlier.beyond)
        self.bare -= earlier.seen - earlier.bare
        self.seen = {name for name in earlier.seen if not name.startswith("workbench")}

    # --- notes --------------------------------------------------------------------------------

    def note(self, kind: str, name: str, about: Any = None) -> None:
        names = self.used.setdefault(kind, {})
        if name not in names:
            names[name] = about
            self.changed = True

    def write(self) -> None:
        self.quiet += 1
        try:
            self._note_modules()
            if self.changed:
                self.changed = False
                loaded = sorted(name for name in self.seen if name not in self.bare)
                content = {"used": self.used, "beyond": list(self.beyond), "modules": loaded}
                aside = self.target.with_name(f".{self.target.name}.{os.getpid()}")
                aside.parent.mkdir(parents=True, exist_ok=True)
                aside.write_text(json.dumps(content), encoding="utf-8")
                aside.replace(self.target)
        finally:
            self.quiet -= 1

    def _note_modules(self) -> None:
        """Note the modules that are loaded and that a kernel without a notebook does not have."""
        for name in [*sys.modules]:
            if name in self.seen:
                continue
            self.seen.add(name)
            path = getattr(sys.modules.get(name), "__file__", None)
            if isinstance(path, str) and (name not in self.bare or name.startswith("workbench.")):
                self.module(path)

    def module(self, path: str) -> None:
        """Note a module by its file: an installed one by the package it belongs to."""
        path = os.path.abspath(path)
        if path.endswith(".pyc"):
            with suppress(ValueError):
                path = importlib.util.source_from_cache(path)
        if path.startswith(self.home) or not path.startswith(self.libraries):
            self.note("code", path, signature(path) or [])
        elif (package := _package_of(path)) is not None:
            self.note("package", package, [path, signature(path) or []])
            if path.endswith((".so", ".pyd", ".dylib")):
                self.note("compiled", package)

    # --- who asks -----------------------------------------------------------------------------

    def whose(self, frame: FrameType | None) -> tuple[str, str]:
        """Name the library that asks ('' for none), and the file of ours that it asks for.

        A file of ours is a cell, a module of the study's people, or a room of the workbench.
        """
        library = ""
        while frame is not None:
            file = frame.f_code.co_filename
            if not file.startswith(("<frozen", "<string>")) and file != __file__:
                if file.startswith(self.home) or not file.startswith(self.libraries):
                    return library, file
                library = library or _package_of(file) or ""
            frame = frame.f_back
        return library, ""

    def told_elsewhere(self, file: str) -> bool:
        """Whether the room that asks tells by itself what it reads: tables, results."""
        return file.startswith(self.tellers)

    def aside(self, path: str) -> bool:
        """Whether a path says nothing of a number: the machine's own, a library's, written here."""
        if path in self.own or path.startswith(_SEPARATE):
            return True
        return path.startswith(self.libraries) and not path.startswith(self.home)

    # --- what the hook hears ------------------------------------------------------------------

    def opened(self, args: tuple[Any, ...]) -> None:
        path, mode, flags = args
        if isinstance(path, int):
            return
        path = os.path.abspath(os.fsdecode(path))
        frame = sys._getframe(2)
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            if path.endswith((".py", ".pyc")):
                self.module(path)
            return
        if self.quiet or path == str(self.target):
            return
        if _writes(mode, flags):
            if path not in self.used.get("file", {}):
                self.own.add(path)
            return
        if self.aside(path):
            return
        inside = path.startswith(self.home)
        _, file = self.whose(frame)
        if not inside and self.told_elsewhere(file):
            return
        if self.run and path.startswith(os.path.join(self.run, "")):
            self.say(f"it opens {os.path.basename(path)} in the run's own folder")
            return
        self.note("file", path, signature(path) or [])

    def listed(self, args: tuple[Any, ...]) -> None:
        frame = sys._getframe(2)
        if self.quiet or frame.f_code.co_filename.startswith("<frozen importlib"):
            return
        if not args or isinstance(args[0], int):
            return
        path = os.path.abspath(os.fsdecode(args[0] if args[0] is not None else "."))
        if self.aside(os.path.join(path, "")):
            return
        library, file = self.whose(frame)
        if file and not library and not self.told_elsewhere(file):
            self.note("folder", path)

    def looked(self, path: Any, there: os.stat_result | None) -> None:
        if self.quiet or isinstance(path, int):
            return
        library, file = self.whose(sys._getframe(2))
        if not file or self.told_elsewhere(file):
            return
        path = os.path.abspath(os.fsdecode(path))
        if self.aside(path) or (self.run and path.startswith(self.run)):
            return
        if library in _READ_FOLDERS:
            if there is not None and stat.S_ISDIR(there.st_mode):
                self.note("tree", path)
        elif not library:
            self.note("presence", path)

    def started(self, what: str) -> None:
        library, file = self.whose(sys._getframe(2))
        if library not in _HARMLESS and not (self.quiet and not file):
            self.say(f"it starts a program ({what})")

    def connected(self, what: str) -> None:
        self.say(f"it connects to {what}")

    def say(self, sentence: str) -> None:
        if sentence not in self.beyond:
            self.beyond[sentence] = None
            self.changed = True


_tracer: _Tracer | None = None
_ahead: _Tracer | None = None


# --- what rooms call ------------------------------------------------------------------------------


def is_on() -> bool:
    """Whether this process notes what it uses."""
    return _tracer is not None


def note(kind: Kind, *names: str) -> None:
    """Note what is used and what the hook cannot see."""
    if _tracer is not None and not _tracer.quiet:
        for name in names:
            _tracer.note(kind, name)


def note_modules(*rooms: str) -> None:
    """Note all code of these rooms, some of which may have run in another process."""
    if _tracer is not None and not _tracer.quiet:
        for room in rooms:
            for path in sorted((HOME / room).rglob("*.py")):
                _tracer.module(str(path))


def beyond(sentence: str) -> None:
    """Say why nobody can tell later whether what is read has changed."""
    if _tracer is not None and not _tracer.quiet:
        _tracer.say(sentence)


@contextmanager
def quiet() -> Iterator[None]:
    """Note nothing of what is read meanwhile: the caller tells what counts of it."""
    if _tracer is None:
        yield
        return
    _tracer.quiet += 1
    try:
        yield
    finally:
        _tracer.quiet -= 1


# --- the three sources ----------------------------------------------------------------------------


def begin(target: Path) -> None:
    """Note from now on what this process uses, and what it had loaded `ahead`."""
    global _tracer
    tracer = _Tracer(target)
    if _ahead is None:
        sys.addaudithook(_hear)
        os.environ.__class__ = _Environment
        _watch_stat()
    else:
        tracer.take(_ahead)
    _tracer = tracer


@contextmanager
def ahead() -> Iterator[None]:
    """Note what is loaded meanwhile as used by each process that is forked from this one."""
    global _ahead, _tracer
    begin(Path(os.devnull))
    assert _tracer is not None
    _tracer.tellers = ()  # nobody tells what a library reads as it is loaded
    try:
        yield
    finally:
        _tracer._note_modules()
        _ahead, _tracer = _tracer, None


def write() -> None:
    """File what was noted so far."""
    if _tracer is not None:
        _tracer.write()


def kernel() -> None:
    """Start IPython's kernel for one notebook, and note what that uses."""
    from ipykernel.kernelapp import IPKernelApp

    if sys.path and sys.path[0] == "":
        del sys.path[0]  # the kernel puts it where it belongs
    # Who was forked for this kernel knows its parent only now.
    app = IPKernelApp.instance(parent_handle=int(os.environ.get("JPY_PARENT_PID") or 0))
    app.initialize()  # type: ignore[no-untyped-call]
    if (target := os.environ.get(TARGET)) and app.shell is not None:
        begin(Path(target))
        app.shell.events.register("post_run_cell", lambda *_: write())
    app.start()  # type: ignore[no-untyped-call]


def _hear(event: str, args: tuple[Any, ...]) -> None:
    heard = _EVENTS.get(event)
    if heard is None or _tracer is None:
        return
    try:
        heard(_tracer, args)
    except Exception as error:  # a note must never break what it is of
        _tracer.say(f"what it used could not be noted ({event}: {type(error).__name__}: {error})")


def _socket(tracer: _Tracer, args: tuple[Any, ...]) -> None:
    address = args[1]
    if isinstance(address, tuple):
        tracer.connected(str(address[0]))


def _database(tracer: _Tracer, args: tuple[Any, ...]) -> None:
    if os.path.basename(str(args[0])) not in ("history.sqlite", ":memory:"):
        tracer.connected(f"the database {os.path.basename(str(args[0]))}")


def _library(tracer: _Tracer, args: tuple[Any, ...]) -> None:
    library, file = tracer.whose(sys._getframe(2))
    if file and not library and not tracer.told_elsewhere(file) and args and args[0]:
        tracer.say(f"it loads compiled code ({os.path.basename(str(args[0]))})")


_EVENTS: dict[str, Callable[[_Tracer, tuple[Any, ...]], None]] = {
    "open": _Tracer.opened,
    "os.listdir": _Tracer.listed,
    "os.scandir": _Tracer.listed,
    "sqlite3.connect": _database,
    "socket.connect": _socket,
    "urllib.Request": lambda tracer, args: tracer.connected(str(args[0]).split("?")[0]),
    "ctypes.dlopen": _library,
    "subprocess.Popen": lambda tracer, args: tracer.started(os.path.basename(str(args[0]))),
    "os.system": lambda tracer, args: tracer.started("os.system"),
    "os.posix_spawn": lambda tracer, args: tracer.started(os.path.basename(str(args[0]))),
    "os.exec": lambda tracer, args: tracer.started(os.path.basename(str(args[0]))),
    "os.fork": lambda tracer, args: tracer.started("os.fork"),
    "os.forkpty": lambda tracer, args: tracer.started("os.forkpty"),
}


class _Environment(os._Environ):  # type: ignore[type-arg]
    """An environment that notes which variables are asked for."""

    def __getitem__(self, key: str) -> str:
        _asked(key)
        return super().__getitem__(key)  # type: ignore[no-any-return]

    def __setitem__(self, key: str, value: str) -> None:
        if _tracer is not None and key not in _tracer.used.get("variable", {}):
            _tracer.set_here.add(key)
        super().__setitem__(key, value)

    def __delitem__(self, key: str) -> None:
        _asked(key)
        super().__delitem__(key)


def _asked(name: Any) -> None:
    tracer = _tracer
    if tracer is None or tracer.quiet or not isinstance(name, str):
        return
    if name in tracer.set_here or name in tracer.used.get("variable", {}) or name in _OF_THE_RUN:
        return
    if name in _OF_THE_SESSION:
        library, file = tracer.whose(sys._getframe(2))
        if library or not file:
            return
    tracer.note("variable", name)


def _watch_stat() -> None:
    """Note where it is asked whether a path is there: no event tells of that."""
    real = os.stat

    def noted(path: Any, *args: Any, **options: Any) -> os.stat_result:
        try:
            there = real(path, *args, **options)
        except OSError:
            if _tracer is not None:
                _tracer.looked(path, None)
            raise
        if _tracer is not None:
            _tracer.looked(path, there)
        return there

    os.stat = noted
    for known in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks):
        if real in known:
            known.add(noted)


def _writes(mode: str | None, flags: int | None) -> bool:
    if isinstance(mode, str):
        return any(sign in mode for sign in "wxa")
    return bool((flags or 0) & (os.O_WRONLY | os.O_CREAT | os.O_TRUNC))


def _package_of(path: str) -> str | None:
    """Name the installed module that a file belongs to; None for the standard library."""
    for place in ("site-packages", "dist-packages"):
        _, found, rest = path.rpartition(f"{os.sep}{place}{os.sep}")
        if found:
            return rest.split(os.sep)[0].split(".")[0]
    return None
