"""Notebooks executed by the workers of a Dask scheduler, each in a folder of its own.

No folder is shared: a worker gets the project's notebooks, the study's files and the results that
a notebook may read, executes it in a process of its own as a run on this machine does, and sends
back what came of it. Dask gives the notebook to another worker when the one that had it is lost.
"""

from __future__ import annotations

import io
import json
import os
import pickle
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Lock, Semaphore, Thread
from typing import Any

from workbench import stopping, trace
from workbench.errors import WorkbenchError
from workbench.runs.execution.pool import InterruptedRunError
from workbench.runs.execution.progress import FILE as EVENTS
from workbench.runs.execution.task import Execution, Task, short_folder
from workbench.runs.records.handover import ESTIMATES, FINDINGS
from workbench.runs.records.provenance import versions
from workbench.runs.records.record import RECORD
from workbench.runs.reuse.used import FOLDER, raw_notes
from workbench.study import read_card
from workbench.study.card import PSEUDONYM_KEY

#: Seconds for a scheduler to answer, and for a worker to be there.
_PATIENCE = 30
#: Folders of a study that stay on this machine.
_STAY = ("private", ".cache", "__pycache__")
_OF_PATHS = ("code", "file", "folder", "tree", "presence")
#: Variables of this machine that decide what comes of a notebook.
_SENT = ("OPENBLAS_CORETYPE", "MKL_NUM_THREADS", "TZ", "WORKBENCH_LANGUAGE", "WORKBENCH_WORDS")


class ClusterError(WorkbenchError):
    """A cluster that cannot be reached, or cannot execute what it is handed."""


@dataclass(frozen=True)
class _Errand:
    """A task, and what a worker needs for it beside the project."""

    task: Task
    root: str
    run: str
    results: bytes


@dataclass(frozen=True)
class _Brought:
    """What a worker sends back."""

    execution: Execution
    files: Mapping[str, bytes]
    variables: Mapping[str, str]


class Cluster:
    """The workers of a Dask scheduler, as a run hands notebooks to them.

    Parameters
    ----------
    client : distributed.Client
        Connected to the scheduler.
    root : Path
        The project.
    jobs : int, optional
        Notebooks at a time; by default as many as the workers take.
    """

    def __init__(self, client: Any, root: Path, jobs: int | None) -> None:
        self.client, self.root, self.jobs = client, root, jobs
        self.parcels: dict[str, tuple[Any, dict[str, str]]] = {}
        self.free = Semaphore(jobs) if jobs is not None else nullcontext()

    def submit(self, task: Task, *, ahead: int = 1) -> Future[Execution]:
        """Hand a notebook to the scheduler; `ahead` is for pools that warm up."""
        folder = task.folder.relative_to(self.root)
        study = folder.parts[1]
        if study not in self.parcels:
            self.parcels[study] = self._parcel(study)
        project, secrets = self.parcels[study]
        sent = {name: os.environ[name] for name in _SENT if name in os.environ}
        task = replace(task, environment={**sent, **secrets, **task.environment})
        reads = json.loads(task.environment["WORKBENCH_READS"])
        errand = _Errand(task, str(self.root), folder.as_posix(), self._results(task, reads))
        told: Future[Execution] = Future()
        told.set_running_or_notify_cancel()
        Thread(target=self._send, args=(errand, project, told), daemon=True).start()
        return told

    def _send(self, errand: _Errand, project: Any, told: Future[Execution]) -> None:
        with self.free:
            try:
                # Dask shall not take one notebook for another that it has executed
                asked = self.client.submit(run_errand, errand, project, pure=False)
                told.set_result(_unpacked(asked.result(), errand.task))
            except BaseException as error:  # it is told where the future is asked
                told.set_exception(error)

    def _parcel(self, study: str) -> tuple[Any, dict[str, str]]:
        """Pack the project's notebooks and a study's files, and give the key of its pseudonyms."""
        folder = self.root / "data" / study
        if not (folder / "study.yml").is_file():
            raise ClusterError(
                f"{study} lies outside the project, and cannot be sent to the workers",
                where=str(self.root / "data"),
                remedy="move its folder below data/, or run it without --scheduler",
            )
        privacy, secrets = (card := read_card(folder / "study.yml")).privacy, {}
        key = os.environ.get(privacy.key_env, "")
        if not key and not (card.simulated or privacy.public):
            path = self.root / PSEUDONYM_KEY
            key = path.read_text(encoding="utf-8").strip() if path.is_file() else ""
            if not key:
                raise ClusterError(
                    "each worker would make up pseudonyms of its own",
                    where=str(card.path),
                    remedy=f"give all of them one key, in the variable {privacy.key_env}, or run"
                    " the study here once",
                )
        if key:
            secrets = {privacy.key_env: key}
        files = [*self.root.glob("_quarto*.yml"), *_files(self.root / "notebooks"), *_files(folder)]
        files += [self.root / name for name in ("pyproject.toml", "requirements.lock")]
        packed = _packed(self.root, (path for path in files if path.is_file()))
        # as one piece, which workers hand on to one another
        return self.client.scatter(packed, hash=True), secrets

    def _results(self, task: Task, reads: Iterable[str]) -> bytes:
        """Pack the results that a notebook may read, and the numbers of earlier runs."""
        files = [p for key in reads for p in _files(task.folder / "results" / key)]
        history = self.root / "runs" / task.folder.relative_to(self.root).parts[1]
        for place in {history, task.folder.parent}:
            for pattern in (RECORD, f"results/*/{ESTIMATES}", f"results/*/{FINDINGS}"):
                files += [
                    path
                    for path in place.glob(f"*/{pattern}")
                    if not path.relative_to(place).parts[0].startswith(".")
                ]
        return _packed(self.root, files)

    def renew(self) -> None:
        """Do nothing: a worker that was lost is none of this process's."""

    def close(self, *, at_once: bool = False) -> None:
        """Let the workers clear up; at once, end what they execute."""
        with suppress(Exception):  # who is gone has nothing left to clear
            self.client.run(_clear, str(self.root), at_once)
        self.client.close()


@contextmanager
def open_cluster(address: str, root: Path, jobs: int | None = None) -> Iterator[Cluster]:
    """Connect to a Dask scheduler whose workers have the same packages as this machine.

    Parameters
    ----------
    address : str
        ``tcp://host:8786``, or ``tls://`` with what Dask's own configuration says of certificates.
    root : Path
        The project.
    jobs : int, optional
        Notebooks at a time.

    Raises
    ------
    ClusterError
        If it cannot be reached, has no workers, or they have other versions.
    InterruptedRunError
        In place of KeyboardInterrupt.
    """
    client = _connected(address)
    cluster = Cluster(client, root, jobs)
    try:
        _refuse_other_versions(client, address)
        with stopping.raised():
            yield cluster
    except KeyboardInterrupt:
        cluster.close(at_once=True)
        raise InterruptedRunError(
            "the run was interrupted; notebooks that had finished are kept",
            remedy="run it again: it goes on from there",
        ) from None
    except BaseException:
        cluster.close(at_once=True)
        raise
    else:
        cluster.close()


def _connected(address: str) -> Any:
    if not address.startswith(("tcp://", "tls://")):
        raise ClusterError(
            f"{address!r} is no address of a Dask scheduler",
            where="--scheduler",
            remedy="give it as tcp://host:8786",
        )
    try:
        from distributed import Client
    except ImportError:
        raise ClusterError(
            "Dask is not installed",
            where="--scheduler",
            remedy='pip install "customer-workbench[cluster]"',
        ) from None
    try:
        client = Client(  # type: ignore[no-untyped-call]
            address, timeout=_PATIENCE, set_as_default=False
        )
        client.wait_for_workers(1, timeout=_PATIENCE)
    except (OSError, TimeoutError, ValueError) as error:
        raise ClusterError(
            f"no scheduler with a worker answers: {str(error).splitlines()[0]}",
            where=f"--scheduler {address}",
            remedy="start one with `dask scheduler`, and a `dask worker --nthreads 1` for each"
            " notebook that shall run at a time",
        ) from None
    return client


def _refuse_other_versions(client: Any, address: str) -> None:
    here = versions()
    try:
        there = client.run(versions)
    except Exception as error:
        raise ClusterError(
            f"the workers cannot load the workbench: {str(error).splitlines()[0]}",
            where=f"--scheduler {address}",
            remedy="install it there from the same lock",
        ) from None
    for worker, found in there.items():
        other = sorted(name for name in here | found if here.get(name) != found.get(name))
        if other:
            name = other[0]
            raise ClusterError(
                f"{worker} has {name} {found.get(name, 'not at all')}, this machine"
                f" {here.get(name, 'not at all')}: their numbers need not agree",
                where=f"--scheduler {address}",
                remedy="install the same lock on all machines",
            )


def _files(folder: Path) -> list[Path]:
    """List what of a folder travels."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not {*path.relative_to(folder).parts} & {*_STAY}
    ]


def _packed(root: Path, files: Iterable[Path]) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        for path in files:
            about = tarfile.TarInfo(path.relative_to(root).as_posix())
            content = path.read_bytes()  # links are followed: a worker has nothing to link to
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
    return held.getvalue()


def _unpacked(brought: _Brought, task: Task) -> Execution:
    """Put what a worker sent where the notebook would have put it here."""
    for name, content in brought.files.items():
        path = task.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name == EVENTS:
            with path.open("ab") as file:
                file.write(content)
        else:
            path.write_bytes(content)
    notes = raw_notes(task.folder, task.key)
    if notes.is_file():
        used = json.loads(notes.read_text(encoding="utf-8"))
        for place in used["used"].get("package", {}).values():
            if place[1] is None:  # unchanged there, while it ran
                place[1] = trace.signature(Path(place[0])) or []
        given = {**os.environ, **task.environment}
        used["beyond"] += [
            f"the variable {name} is another one on the machine that ran it"
            for name, digest in brought.variables.items()
            if digest != _hashed(given.get(name))
        ]
        notes.write_text(json.dumps(used), encoding="utf-8")
    return brought.execution


def _hashed(value: str | None) -> str:
    return "" if value is None else sha256(value.encode()).hexdigest()


# --- on the worker --------------------------------------------------------------------------------

_turn = Lock()
_working: set[subprocess.Popen[bytes]] = set()


def run_errand(errand: _Errand, project: bytes) -> _Brought:
    """Execute a notebook in a folder of this worker's own."""
    task, run = errand.task, errand.run
    root = _home(errand.root) / sha256(project + run.encode()).hexdigest()[:16]
    with _turn:
        if not root.is_dir():
            _home(errand.root).mkdir(parents=True, exist_ok=True)
            aside = Path(tempfile.mkdtemp(prefix=".aside-", dir=_home(errand.root)))
            _extract(project, aside)
            aside.rename(root)
        _extract(errand.results, root)
        shutil.rmtree(root / run / "results" / task.key, ignore_errors=True)  # of a first try
        for name in ("results", FOLDER):
            (root / run / name).mkdir(parents=True, exist_ok=True)

    def here(text: str) -> str:
        return str(root) + text[len(errand.root) :] if text.startswith(errand.root) else text

    environment = {name: here(value) for name, value in task.environment.items()}
    own = replace(task, path=Path(here(str(task.path))), folder=root / run, environment=environment)
    execution = _in_a_process(own)
    return _collected(own, execution, errand.root, str(root))


def _home(root: str, worker: Any = None) -> Path:
    """Give the folder in which a worker keeps what a project sent it."""
    if worker is None:
        from distributed import get_worker

        worker = get_worker()
    name = f"workbench-{sha256(root.encode()).hexdigest()[:8]}"
    return Path(worker.local_directory).resolve() / name


def _extract(packed: bytes, root: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(root, filter="data")


def _in_a_process(task: Task) -> Execution:
    """Execute a task as a run does: in a process that can be ended, and ends with this one."""
    with tempfile.TemporaryDirectory(prefix="wb-", dir=short_folder()) as scratch:
        answer, said = Path(scratch) / "answer", Path(scratch) / "said"
        with said.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-c", "from workbench.runs.execution.cluster import work; work()"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        _working.add(process)
        try:
            assert process.stdin is not None
            process.stdin.write(pickle.dumps((task, scratch, str(answer))))
            process.stdin.flush()
            process.wait()
        finally:
            _working.discard(process)
            process.kill()
        if not answer.is_file():
            words = said.read_text(encoding="utf-8", errors="replace").splitlines()[-1:]
            raise ClusterError(" ".join(["the process that ran it was killed", *words]))
        execution: Execution = pickle.loads(answer.read_bytes())
        return execution


def work() -> None:
    """Execute the one task that stands on standard input, and write down what came of it."""
    from workbench.runs.execution.execute import execute, prepare_worker

    task, scratch, answer = pickle.load(sys.stdin.buffer)
    # When the worker goes, by whatever signal, standard input ends, and this process leaves.
    lifeline = Connection(os.dup(0), writable=False)
    prepare_worker(lifeline, scratch, dict(os.environ), None)
    aside = Path(f"{answer}.aside")
    aside.write_bytes(pickle.dumps(execute(task)))
    aside.rename(answer)


def _collected(task: Task, execution: Execution, root: str, here: str) -> _Brought:
    """Take along what a notebook left, with the names that its files have at home."""
    key, folder = task.key, task.folder
    pages = [folder / kind / f"{key}.ipynb" for kind in ("notebooks", "failed", "ended")]
    left = [*pages, folder / "failed" / f"{key}.log", *_files(folder / "results" / key)]
    files = {p.relative_to(folder).as_posix(): p.read_bytes() for p in left if p.is_file()}
    with suppress(OSError):
        lines = (folder / EVENTS).read_bytes().splitlines(keepends=True)
        files[EVENTS] = b"".join(line for line in lines if json.loads(line).get("notebook") == key)
    variables: dict[str, str] = {}
    notes = raw_notes(folder, key)
    if notes.is_file():
        used = json.loads(notes.read_text(encoding="utf-8"))
        noted = used["used"]
        for kind in _OF_PATHS:
            # None: as it was when it was first looked at, and so not to be looked at again
            noted[kind] = {
                name.replace(here, root, 1): None if before == _now(name) else before
                for name, before in noted.get(kind, {}).items()
            }
        for place in noted.get("package", {}).values():
            place[1] = None if place[1] == _now(place[0]) else place[1]
        given = {**os.environ, **task.environment}
        variables = {name: _hashed(given.get(name)) for name in noted.get("variable", {})}
        files[notes.relative_to(folder).as_posix()] = json.dumps(used).encode()
    return _Brought(execution, files, variables)


def _now(name: str) -> list[int]:
    return trace.signature(Path(name)) or []


def _clear(root: str, at_once: bool, dask_worker: Any = None) -> None:
    """Remove what a project sent this worker; at once, with what is executed here."""
    for process in [*_working] if at_once else ():
        process.kill()
    shutil.rmtree(_home(root, dask_worker), ignore_errors=True)
