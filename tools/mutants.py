"""Change one operator at a time and see whether the tests notice: ``make mutants ROOM=site N=50``.

Of all comparisons, sums, products, ``and``/``or``, ``not`` and returned values of a room (with
``--numbers`` of all numbers, too, among them sizes of marks and most steps of searches, which make
no difference) some are picked at random, by a seed. For each the change is made in a temporary
copy of the tree, never in the tree itself, and the tests that reach its line are run, the fastest
first, until one fails. What survives is a place where the tests would not see a mistake (or a
change that makes no difference, which somebody has to judge).

Which tests reach a line is recorded once a room, with coverage's contexts, and kept in ``.cache``
until the room or its tests change. Lines that run at import are tried with the tests that reach
their file; files that only other processes run (kernels) with all tests of the room. This file is
also the pytest plugin that records.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = Path("src/workbench")
MARKS = "not slow and not spark and not cluster and not browser and not quarto"
#: Imported once, before the copies of this process that run the tests begin.
HEAVY = (
    "babel.numbers", "bs4", "duckdb", "ibis", "lxml.html", "matplotlib.pyplot", "nbformat",
    "numpy", "pandas", "pyarrow.parquet", "pydantic", "pytest", "scipy.optimize", "scipy.stats",
    "sklearn.linear_model", "statsmodels.api", "yaml",
)  # fmt: skip
#: What tests the small rooms that have no tests of their own (results, languages, units, errors).
GROUND_FLOOR_TESTS = ("tests/reporting", "tests/test_notebook.py", "tests/test_cli.py")
_OTHER: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.Add: ast.Sub, ast.Sub: ast.Add,
    ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Div, ast.Mod: ast.Mult,
    ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
    ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """A place where one operator can be changed.

    Attributes
    ----------
    file : str
        Relative to the root.
    line : int
        Where the changed expression or statement begins.
    lines : tuple of int
        All lines of it: which of them a statement is counted at depends on the interpreter.
    before, after : str
        The source of the place, as it is and changed.
    start, end : int
        Where it stands in the file, in bytes.
    """

    file: str
    line: int
    lines: tuple[int, ...]
    before: str
    after: str
    start: int
    end: int

    def __str__(self) -> str:
        was, now = (" ".join(text.split()) for text in (self.before, self.after))
        return f"{self.file}:{self.line}  {was[:60]}  ->  {now[:60]}"


# --- what can be changed ----------------------------------------------------------------------


def places(file: str, source: str, *, numbers: bool = False) -> list[Place]:
    """Find every one-operator change of a file.

    Parameters
    ----------
    file : str
        Its path, for the report.
    source : str
        Its text.
    numbers : bool
        Whether numbers are changed, too: by one, up and down.
    """
    starts = [0]
    for line in source.encode().split(b"\n"):
        starts.append(starts[-1] + len(line) + 1)
    raw = source.encode()
    found = []
    for node in _running(ast.parse(source)):
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[node.end_lineno - 1] + node.end_col_offset
        before = raw[start:end].decode()
        for changed in _changes(node, numbers):
            after = ast.unparse(changed)
            found.append(
                Place(
                    file,
                    node.lineno,
                    tuple(range(node.lineno, node.end_lineno + 1)),
                    before,
                    after if isinstance(changed, ast.stmt) else f"({after})",
                    start,
                    end,
                )
            )
    return found


def _running(node: ast.AST) -> Iterator[Any]:
    """Yield the nodes that do something: no annotations, docstrings or imports for types alone."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "type_comment"):
            continue
        for child in value if isinstance(value, list) else [value]:
            # In f-strings Python 3.11 does not tell where an expression stands.
            if not isinstance(child, ast.AST) or isinstance(child, ast.JoinedStr):
                continue
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
                continue
            if isinstance(child, ast.AnnAssign) and "TypeAlias" in ast.dump(child.annotation):
                continue
            if hasattr(child, "lineno"):
                yield child
            yield from _running(child)


def _changes(node: Any, numbers: bool) -> Iterator[ast.AST]:
    changed: Any
    if isinstance(node, ast.Compare):
        for at, operator in enumerate(node.ops):
            changed = deepcopy(node)
            changed.ops[at] = _OTHER[type(operator)]()
            yield changed
    elif isinstance(node, ast.BinOp | ast.BoolOp | ast.AugAssign) and type(node.op) in _OTHER:
        changed = deepcopy(node)
        changed.op = _OTHER[type(node.op)]()
        yield changed
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.operand
    elif (
        numbers and isinstance(node, ast.Constant) and isinstance(value := node.value, int | float)
    ):
        for shifted in () if isinstance(value, bool) else (value + 1, value - 1):
            yield ast.Constant(shifted)
    elif isinstance(node, ast.Return) and ast.unparse(node) not in ("return", "return None"):
        yield ast.Return(ast.Constant(None))


# --- rooms and their tests --------------------------------------------------------------------


def rooms(root: Path = ROOT) -> list[str]:
    """Name the rooms: folders and modules of the package that hold code."""
    found = [p.name for p in (root / PACKAGE).iterdir() if any(p.glob("*.py"))]
    return sorted([*found, *(p.stem for p in (root / PACKAGE).glob("[a-z]*.py"))])


def sources_of(room: str, root: Path = ROOT) -> list[str]:
    """List a room's files, relative to the root."""
    folder = root / PACKAGE / room
    paths = folder.rglob("*.py") if folder.is_dir() else [folder.with_suffix(".py")]
    return sorted(path.relative_to(root).as_posix() for path in paths)


def room_tests(room: str, root: Path = ROOT) -> list[str]:
    """List where a room's tests are, relative to the root; those of its neighbours, without."""
    tests = root / "tests"
    found = [p for p in (tests / room, *sorted(tests.glob(f"test_{room}*.py"))) if p.exists()]
    found += sorted((tests / "reference").glob(f"test_{room}*.py"))
    return [p.relative_to(root).as_posix() for p in found] or list(GROUND_FLOOR_TESTS)


# --- recording which tests reach a line (pytest plugin) ---------------------------------------

_ROOM, _OUT = "MUTANTS_ROOM", "MUTANTS_OUT"


class Recorder:
    """Records for each line of some files the tests, and the shared fixtures, that reach it."""

    def __init__(self, files: Sequence[str], out: Path) -> None:
        import coverage

        self.out = out
        self.seconds: dict[str, float] = defaultdict(float)
        self.fixtures: dict[str, list[str]] = {}
        self.contexts = [""]
        self.coverage = coverage.Coverage(data_file=None, config_file=False, include=files)
        self.coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: Any) -> Iterator[None]:
        """Count what runs from here on towards this test."""
        self.fixtures[item.nodeid] = list(item.fixturenames)
        with self._context(item.nodeid):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[None]:
        """Count what a shared fixture runs towards every test that takes it, not the first."""
        shared = fixturedef.scope != "function"
        with self._context(f"fixture {fixturedef.argname}" if shared else self.contexts[-1]):
            return (yield)

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Note how long a test takes."""
        self.seconds[report.nodeid] += report.duration

    def pytest_sessionfinish(self) -> None:
        """Write what was recorded, one file a process."""
        self.coverage.stop()
        data = self.coverage.get_data()
        reached = {
            os.path.relpath(file): {
                line: [c for c in contexts if c]
                for line, contexts in data.contexts_by_lineno(file).items()
            }
            for file in data.measured_files()
        }
        record = {"seconds": self.seconds, "fixtures": self.fixtures, "reached": reached}
        (self.out / f"{os.getpid()}.json").write_text(json.dumps(record))

    @contextmanager
    def _context(self, name: str) -> Iterator[None]:
        self.contexts.append(name)
        self.coverage.switch_context(name)
        yield
        self.contexts.pop()
        self.coverage.switch_context(self.contexts[-1])


def pytest_configure(config: pytest.Config) -> None:
    """Record, where this module was loaded to do so."""
    if _RECORDER is not None:
        config.pluginmanager.register(_RECORDER, "mutants-recorder")


# Before any module of the package is imported, so that what imports run is seen, too.
_RECORDER = (
    Recorder(json.loads(os.environ[_ROOM]), Path(os.environ[_OUT])) if _OUT in os.environ else None
)


@dataclass(frozen=True)
class Reach:
    """Which tests reach a line of a room, and how long each takes."""

    seconds: dict[str, float]
    by_line: dict[str, dict[int, frozenset[str]]]

    def of(self, place: Place) -> tuple[list[str], bool]:
        """List the tests that reach a place, the fastest first, and whether any is known to.

        Where none is, these are the tests that reach its file (lines that run at import), or all
        of the room (files that only kernels run).
        """
        lines = self.by_line.get(place.file, {})
        here = set().union(*(lines.get(line, ()) for line in place.lines)) & set(self.seconds)
        near = here or set().union(*lines.values()) & set(self.seconds)
        tests = sorted(near or self.seconds, key=lambda test: (self.seconds[test], test))
        return tests, bool(here)


def record(room: str, root: Path, jobs: int) -> Reach:
    """Run a room's tests once and record which of them reach which line; read it when kept."""
    files, tests = sources_of(room, root), room_tests(room, root)
    digest = hashlib.sha256()
    for path in [root / file for file in files] + [
        p for t in tests for p in _python_files(root / t)
    ]:
        digest.update(path.read_bytes())
    kept = ROOT / ".cache/mutants" / f"{room}-{digest.hexdigest()[:16]}.json"
    if not kept.is_file():
        with tempfile.TemporaryDirectory() as out:
            chosen = json.dumps([str(root / file) for file in files])
            subprocess.run(
                [sys.executable, "-m", "pytest", "-q", "-p", "tools.mutants", "-m", MARKS,
                 "-p", "no:cacheprovider", "-n", str(jobs), "--dist", "loadfile", *tests],
                cwd=root, env=_environment(root) | {_ROOM: chosen, _OUT: out},
                stdout=subprocess.DEVNULL, check=False,
            )  # fmt: skip
            parts = [json.loads(path.read_text()) for path in Path(out).glob("*.json")]
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(_merged(parts)))
    stored = json.loads(kept.read_text())
    by_line = {
        file: {int(line): frozenset(tests) for line, tests in lines.items()}
        for file, lines in stored["reached"].items()
    }
    return Reach(stored["seconds"], by_line)


def _python_files(path: Path) -> list[Path]:
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]


def _merged(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    takers: dict[str, set[str]] = defaultdict(set)
    seconds: dict[str, float] = {}
    reached: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for part in parts:
        seconds |= part["seconds"]
        for test, fixtures in part["fixtures"].items():
            for fixture in fixtures:
                takers[f"fixture {fixture}"].add(test)
    for part in parts:
        for file, lines in part["reached"].items():
            for line, contexts in lines.items():
                for context in contexts:
                    reached[file][line] |= takers.get(context, {context})
    return {
        "seconds": seconds,
        "reached": {f: {n: sorted(x) for n, x in lines.items()} for f, lines in reached.items()},
    }


# --- trying a change --------------------------------------------------------------------------


class _Only:
    """Pytest plugin: only these tests, file by file, the fastest first."""

    def __init__(self, tests: Sequence[str]) -> None:
        self.rank = {test: rank for rank, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        kept = [item for item in items if item.nodeid in self.rank]
        first: dict[str, int] = {}
        for item in kept:
            file = item.nodeid.partition("::")[0]
            first[file] = min(first.get(file, len(self.rank)), self.rank[item.nodeid])
        items[:] = sorted(
            kept, key=lambda i: (first[i.nodeid.partition("::")[0]], self.rank[i.nodeid])
        )


def attempt(place: Place, tests: Sequence[str], tree: Path, limit: float) -> str:
    """Make a change in a tree, run tests, and take it back.

    Returns
    -------
    str
        ``survived``, or how it was caught: ``failed``, ``hung`` (past the limit).
    """
    path = tree / place.file
    raw = path.read_bytes()
    path.write_bytes(raw[: place.start] + place.after.encode() + raw[place.end :])
    try:
        child = os.fork()
        if child == 0:
            _run_tests(tests, tree)
        end = time.monotonic() + limit
        while time.monotonic() < end:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return "survived" if os.waitstatus_to_exitcode(status) == 0 else "failed"
            time.sleep(0.02)
        os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return "hung"
    finally:
        path.write_bytes(raw)


def _run_tests(tests: Sequence[str], tree: Path) -> None:
    # In a copy of this process, which has the heavy packages but nothing of the workbench.
    os.setsid()
    silent = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silent, stream)
    os.chdir(tree)
    os.environ.update(_environment(tree))
    sys.path[:0] = [str(tree / "src"), str(tree)]
    sys.dont_write_bytecode = True
    files = list(dict.fromkeys(test.partition("::")[0] for test in tests))
    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", MARKS]
    code = 1
    try:
        code = int(pytest.main([*options, *files], plugins=[_Only(tests)]))
    finally:
        os._exit(code)


def _environment(tree: Path) -> dict[str, str]:
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    path = os.pathsep.join([str(tree / "src"), str(tree)])
    return {**os.environ, **one, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


def _copy(target: Path) -> Path:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


def _share(work: Sequence[tuple[Place, Reach]], tree: Path, out: Path) -> None:
    for place, reach in work:
        tests, known = reach.of(place)
        expected = sum(reach.seconds[test] for test in tests)
        began = time.monotonic()
        result = attempt(place, tests, tree, limit=60 + 4 * expected)
        with out.open("a") as file:
            near = f"{len(tests)} tests" if known else f"no test is known to, tried {len(tests)}"
            seconds = round(time.monotonic() - began, 1)
            file.write(json.dumps([result, str(place), near, seconds]) + "\n")
        # at once: a probe that is stopped early has told what it found
        print(f"{result:9} {place}  ({near}, {seconds} s)", flush=True)


def main() -> None:
    """Pick places, try each, report."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--room", default="", help="a room of the package; all when left out")
    parser.add_argument("--n", type=int, default=50, help="places to try")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--numbers", action="store_true", help="change numbers, too")
    options = parser.parse_args()
    if options.room and options.room not in rooms():
        parser.error(f"there is no room {options.room!r}; there are {', '.join(rooms())}")
    began = time.monotonic()
    chosen = [options.room] if options.room else rooms()
    every = [
        (room, place)
        for room in chosen
        for file in sources_of(room)
        for place in places(
            file, (ROOT / file).read_text(encoding="utf-8"), numbers=options.numbers
        )
    ]
    picked = random.Random(options.seed).sample(every, min(options.n, len(every)))
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        trees = [_copy(Path(folder) / str(number)) for number in range(options.jobs)]
        reach = {
            room: record(room, trees[0], options.jobs) for room in sorted({r for r, _ in picked})
        }
        seconds = time.monotonic() - began
        print(
            f"{len(picked)} of {len(every)} places; lines recorded in {seconds:.0f} s", flush=True
        )
        for name in HEAVY:
            import_module(name)
        out = Path(folder) / "results.jsonl"
        out.touch()
        workers = []
        for number, tree in enumerate(trees):
            worker = os.fork()
            if worker == 0:
                try:
                    _share([(p, reach[r]) for r, p in picked[number :: len(trees)]], tree, out)
                finally:
                    os._exit(0)
            workers.append(worker)
        for worker in workers:
            os.waitpid(worker, 0)
        results = [json.loads(line) for line in out.read_text().splitlines()]
    print("--- survived")
    for result, place, near, _ in sorted(results, key=lambda r: (r[0], r[1])):
        if result == "survived":
            print(f"{place}  ({near})")
    caught = sum(result != "survived" for result, *_ in results)
    print(f"{caught} of {len(results)} caught, in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
