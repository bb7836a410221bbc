"""A run from beginning to end: what can be carried over is, the rest goes to spawned processes."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench import trace
from workbench.errors import WorkbenchError
from workbench.runs.execution.cluster import Cluster, open_cluster
from workbench.runs.execution.failure import Failure, in_words
from workbench.runs.execution.pool import InterruptedRunError, Pool, open_pool
from workbench.runs.execution.progress import Event, Follower, emit
from workbench.runs.execution.task import Execution, LostKernelError, Task
from workbench.runs.notebook_file import read_notebook
from workbench.runs.parameters import Assignment, ParameterError
from workbench.runs.pipeline import load_pipeline
from workbench.runs.plan import Groups, RunPlan, Step, make_plan
from workbench.runs.records.handover import check_results, digest_results
from workbench.runs.records.provenance import git_commit, versions
from workbench.runs.records.record import (
    SWEEPS,
    RunRecord,
    StepRecord,
    UnrecordedRunError,
    begin,
    data_to,
    finish,
    history_of,
    keep_step,
    lock,
    next_number,
    run_id,
)
from workbench.runs.reuse.cache import (
    Earlier,
    Inputs,
    carry_over,
    look_at_inputs,
    step_key,
    text_digest,
)
from workbench.runs.reuse.used import (
    UNSET,
    Present,
    Surroundings,
    Used,
    file_digest,
    file_used,
    forget_raw,
)
from workbench.runs.sweep import sweep_of, sweep_plan
from workbench.study import read_card, seen_on
from workbench.study.seen import AS_OF

if TYPE_CHECKING:
    from workbench.study import Study

#: Seconds that a notebook may take when nothing is said: long enough for any report, so that a
#: notebook that hangs is found by the next morning.
TIMEOUT = 3600.0
_PEEK = 0.2
_MOST_JOBS = 4


def plan_study(
    study: Study,
    root: Path,
    *,
    assignments: Sequence[Assignment] = (),
    notebooks: Iterable[str] | None = None,
    groups: Groups | None = None,
) -> RunPlan:
    """Lay out a run without running it: what will run, what will be skipped, and why.

    Parameters
    ----------
    study : Study
        The study's card.
    root : Path
        The folder that holds ``notebooks/`` and ``runs/``.
    assignments : sequence of Assignment
        Parameters from the command line.
    notebooks : iterable of str, optional
        Notebooks, or single keys, asked for; all by default.
    groups : callable, optional
        See `workbench.runs.plan.make_plan`.
    """
    return make_plan(
        load_pipeline(root / "notebooks"),
        study,
        assignments=assignments,
        only=notebooks,
        study_parameter=_study_parameter(study, root),
        groups=groups,
    )


def _study_parameter(study: Study, root: Path) -> str:
    """Give what notebooks are told of where the study is."""
    inside = study.folder.resolve() == (root / "data" / study.name).resolve()
    return study.name if inside else str(study.folder)


def run_study(study: Study, root: Path, **options: Any) -> RunRecord:
    """Run a study's notebooks and record the run under ``runs/<study>/<run id>/``.

    Several values of a parameter make a sweep (`workbench.runs.sweep`), which lies below
    ``runs/<study>/sweeps/``.

    Parameters
    ----------
    study : Study
        The study's card.
    root : Path
        The folder that holds ``notebooks/`` and ``runs/``.
    **options
        As `run_studies` takes them.

    Returns
    -------
    RunRecord
        A notebook that fails is recorded, not raised; `RunRecord.status` tells.

    Raises
    ------
    WorkbenchError
        For bad input, before any kernel starts, and when another run of the study is under way.
    InterruptedRunError
        When interrupted. Nothing half done is left where runs lie.
    """
    (outcome,) = run_studies([study], root, **options)
    if isinstance(outcome, WorkbenchError):
        raise outcome
    return outcome


def run_studies(
    studies: Sequence[Study],
    root: Path,
    *,
    now: datetime,
    assignments: Sequence[Assignment] = (),
    notebooks: Iterable[str] | None = None,
    jobs: int | None = None,
    scheduler: str | None = None,
    timeout: float | None = TIMEOUT,
    force: bool = False,
    watch: Callable[[Event], None] | None = None,
    groups: Groups | None = None,
) -> list[RunRecord | WorkbenchError]:
    """Run the notebooks of several studies in one pool of processes, each study a run of its own.

    Parameters
    ----------
    studies : sequence of Study
        The cards. Their notebooks are handed out in this order as far as they are ready.
    root : Path
        The folder that holds ``notebooks/`` and ``runs/``.
    now : datetime
        When the runs start, with a time zone; names them.
    assignments : sequence of Assignment
        Parameters from the command line.
    notebooks : iterable of str, optional
        Notebooks, or single keys, asked for, with what they need. The others are carried over
        when nothing they depend on has changed.
    jobs : int, optional
        Notebooks at a time, of all studies together; by default one a core, four at most.
    scheduler : str, optional
        Address of a Dask scheduler, whose workers execute the notebooks in place of this machine.
    timeout : float or None
        Seconds for one notebook.
    force : bool
        Execute even what has not changed.
    watch : callable, optional
        Gets each event of the runs, with the name of its study.
    groups : callable, optional
        See `workbench.runs.plan.make_plan`.

    Returns
    -------
    list of (RunRecord or WorkbenchError)
        What came of each study, in their order. One that cannot be run, or not be written down,
        keeps no other from it.

    Raises
    ------
    InterruptedRunError
        When interrupted. Nothing half done is left where runs lie.
    """
    asked = None if notebooks is None else tuple(notebooks)
    outcomes: dict[int, RunRecord | WorkbenchError] = {}
    active: dict[int, _RunUnderWay] = {}
    with ExitStack() as held:
        for place, study in enumerate(studies):
            with _told(outcomes, place):
                active[place] = held.enter_context(
                    _begun(study, root, now, assignments, asked, timeout, force, watch, groups)
                )
        if not active:
            return [outcomes[place] for place in range(len(studies))]
        steps = sum(len(each.plan.steps) for each in active.values())
        pool: Pool | Cluster
        if scheduler is None:
            pool = held.enter_context(open_pool(jobs or _default_jobs(steps)))
        else:
            pool = held.enter_context(open_cluster(scheduler, root, jobs))
        running: dict[Future[Execution], tuple[int, str]] = {}
        while active:
            for place, run in [*active.items()]:
                with _told(outcomes, place), _recorded_or_told(run.folder.parent):
                    for key in run.ready():
                        ahead = sum(each.ahead for each in active.values())
                        future = pool.submit(run.task(run.steps[key]), ahead=ahead)
                        running[future] = place, key
                    if run.ended:
                        outcomes[place] = run.finish(asked or ())
                if place in outcomes:
                    del active[place]
            if not running:
                continue
            ended, _ = wait(running, timeout=_PEEK, return_when=FIRST_COMPLETED)
            again: list[tuple[int, str]] = []
            broken = False
            for future in ended:
                place, key = running.pop(future)
                broken = broken or isinstance(future.exception(), BrokenProcessPool)
                if place not in active:
                    continue  # what it belonged to could not be written down
                with _told(outcomes, place), _recorded_or_told(active[place].folder.parent):
                    if not active[place].take(key, future):
                        again.append((place, key))
            for run in active.values():
                run.report()
            if broken:
                pool.renew()
            for place, key in again:
                running[pool.submit(active[place].task(active[place].steps[key]))] = place, key
    return [outcomes[place] for place in range(len(studies))]


@contextmanager
def _told(outcomes: dict[int, RunRecord | WorkbenchError], place: int) -> Iterator[None]:
    """Keep what went wrong with one study as what came of it."""
    try:
        yield
    except InterruptedRunError:
        raise
    except WorkbenchError as error:
        outcomes[place] = error


@contextmanager
def _begun(
    study: Study,
    root: Path,
    now: datetime,
    assignments: Sequence[Assignment],
    requested: tuple[str, ...] | None,
    timeout: float | None,
    force: bool,
    watch: Callable[[Event], None] | None,
    groups: Groups | None,
) -> Iterator[_RunUnderWay]:
    """Lay out a run and hold its study until the runs have ended."""
    swept = sweep_of(root, assignments, requested)
    history = history_of(root, study.name, study.seen)
    if swept is None:
        plan = plan_study(study, root, assignments=assignments, notebooks=requested, groups=groups)
    elif study.seen is not None:
        raise ParameterError(
            "a sweep tries values on the study as it is",
            where="--as-of",
            remedy="leave it out, or give one value each",
        )
    else:
        asked = requested or ()
        plan = sweep_plan(swept, root, study, asked, _study_parameter(study, root))
        history /= SWEEPS
    with _recorded_or_told(history), lock(history):
        inputs = look_at_inputs(study)
        run = run_id(now, study.name, inputs.digest)
        yield _RunUnderWay(
            plan=plan,
            study=study,
            root=root,
            run=run,
            now=now,
            number=next_number(history),
            folder=begin(history, run),
            inputs=inputs,
            timeout=timeout,
            force=force,
            watch=watch or (lambda event: None),
        )


@contextmanager
def _recorded_or_told(history: Path) -> Iterator[None]:
    """Say in words why a run could not be written down; its finished notebooks serve the next."""
    try:
        yield
    except OSError as error:
        raise UnrecordedRunError(
            f"the run could not be recorded: {in_words(error)}",
            where=str(history),
            remedy="make room, or give the right to write there, and run it again: notebooks that"
            " had finished are kept as far as they could be written",
        ) from error


def _default_jobs(steps: int) -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(cores or 1, _MOST_JOBS, steps))


@dataclass
class _RunUnderWay:
    """A run while its notebooks execute, and what became of each so far."""

    plan: RunPlan
    study: Study
    root: Path
    run: str
    now: datetime
    number: int
    folder: Path
    inputs: Inputs
    timeout: float | None
    force: bool
    watch: Callable[[Event], None]
    records: dict[str, StepRecord] = field(default_factory=dict)
    results: dict[str, str] = field(default_factory=dict)
    sources: dict[Path, Any] = field(default_factory=dict)
    crashed: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.steps = {step.key: step for step in self.plan.steps}
        self.follower = Follower(self.folder)
        here = self.folder.parent
        # what a sweep waits for need not be done again
        self.earlier = Earlier(here, *([here.parent] if here.name == SWEEPS else []))
        self.before = Present(self.study, self.root, self.inputs.tables)
        self.why: dict[str, str] = {}
        self.order = TopologicalSorter(self.plan.graph())
        self.order.prepare()
        emit(
            self.folder,
            "run-started",
            study=self.study.name,
            run=self.run,
            steps=len(self.plan.steps),
            notes=list(self.plan.notes),
        )
        for skip in self.plan.skips:
            self._note(StepRecord(skip.key, skip.key, "skipped", reason=skip.reason))
        for lost in self.plan.broken:
            failure = Failure(lost.key, "crash", lost.reason)
            self._note(
                StepRecord(
                    lost.key, lost.key, "failed", reason=failure.sentence(), error=asdict(failure)
                )
            )

    # --- order --------------------------------------------------------------------------------

    @property
    def ended(self) -> bool:
        """Whether something came of every step."""
        return not self.order.is_active()

    @property
    def ahead(self) -> int:
        """How many steps that are asked for nothing has come of."""
        return sum(each.requested and each.key not in self.records for each in self.plan.steps)

    def ready(self) -> Iterator[str]:
        """Give the steps that have to be executed next; those that need not are dealt with."""
        while waiting := self.order.get_ready() if self.order.is_active() else ():
            for key in waiting:
                if self._needs_no_kernel(self.steps[key]):
                    self.order.done(key)
                else:
                    yield key

    def take(self, key: str, future: Future[Execution]) -> bool:
        """Take what came of a step; False where it is to be executed once more."""
        try:
            execution = future.result()
        except (BrokenProcessPool, LostKernelError):
            if key not in self.crashed:
                # Nobody can tell which of the processes died first: each gets a second chance.
                self.crashed.add(key)
                return False
            execution = _crashed(
                self.steps[key],
                "the process that ran it was killed, twice (too little memory?)",
            )
        except Exception as error:  # whatever befell one notebook is its failure
            execution = _crashed(self.steps[key], in_words(error))
        self._ended(self.steps[key], execution)
        self.order.done(key)
        return True

    def _needs_no_kernel(self, step: Step) -> bool:
        """Skip a step, or carry it over from an earlier run; False when it must be executed."""
        for other in step.needs:
            if not self.records[other].good:
                self._skip(step, f"it needs {other}, which {_ended_how(self.records[other])}")
                return True
        finished: tuple[Path, StepRecord] | str = ""
        if not (self.force and step.requested):
            about = self._surroundings(step)
            finished = self.earlier.find(step, self._hash(step), self.before, about)
        if isinstance(finished, str):
            if not step.requested:
                self._skip(step, "not asked for, and there is no earlier page that still holds")
            self.why[step.key] = finished
            return not step.requested
        place, earlier = finished
        try:
            carry_over(place, self.folder, earlier, self._source(step))
        except OSError as error:
            _remove(self.folder / "results" / step.key)
            if not step.requested:
                self._skip(step, f"not asked for, and its page cannot be read: {in_words(error)}")
            return not step.requested
        self._note(
            StepRecord(
                **{
                    **vars(earlier),
                    "status": "cached",
                    "reason": "nothing it depends on has changed",
                    "notes": tuple(earlier.notes),
                    "text": text_digest(self._source(step)),
                }
            )
        )
        return True

    def _ended(self, step: Step, execution: Execution) -> None:
        failure = execution.failure
        saved = self.folder / "results" / step.key
        if failure is None and not execution.skipped:
            try:
                saved.mkdir(exist_ok=True)
                problems = check_results(saved, step.gives)
                failure = _broken_promise(step, problems) if problems else None
            except OSError as error:
                failure = _crashed(step, in_words(error)).failure
            if failure is not None:
                self._set_aside(step)
        beyond: tuple[str, ...] = ()
        if failure is None and not execution.skipped:
            used, moved = self._what_it_used(step)
            beyond = used.beyond
            if moved:
                failure = _inputs_moved(step, moved)
                self._set_aside(step)
            else:
                used.write(self.folder, step.key)
        reason = _itself(execution.skipped) or self.why.get(step.key, "")
        record = StepRecord(
            key=step.key,
            notebook=step.notebook,
            case=step.case,
            status="failed" if failure else "skipped" if execution.skipped else "done",
            reason=failure.sentence() if failure else reason,
            seconds=round(execution.seconds, 2),
            executed=datetime.now(UTC).isoformat(timespec="seconds"),
            parameters=dict(step.parameters),
            hash=self._hash(step),
            text=text_digest(self._source(step)),
            error=asdict(failure) if failure else None,
            notes=(*execution.notes, *_never_reused(beyond)),
        )
        if not record.good:
            # What it saved may be half of it: nobody shall read it.
            _remove(saved)
        self._note(record)

    def _set_aside(self, step: Step) -> None:
        """Take the page of a notebook that ended well, and yet failed, from among the good ones."""
        failed = self.folder / "failed"
        failed.mkdir(exist_ok=True)
        page = self.folder / "notebooks" / f"{step.key}.ipynb"
        page.rename(failed / page.name)

    def _what_it_used(self, step: Step) -> tuple[Used, str]:
        """File what a notebook used, having looked again at what may have changed meanwhile."""
        about = self._surroundings(step)
        cells = [c["source"] for c in self._source(step)["cells"] if c["cell_type"] == "code"]
        try:
            now = self._now()
        except WorkbenchError as error:  # a table or the card is gone, or half written
            return Used(), str(error)
        return file_used(self.folder, step.key, cells, self.before, now, about)

    def _now(self) -> Present:
        """Look at the study's files again, and read its card anew if that has changed."""
        study, card = self.study, self.study.path
        if trace.signature(card) != self.inputs.seen[card][0]:
            study = seen_on(read_card(card), self.study.seen)
        return Present(study, self.root, look_at_inputs(study, self.inputs).tables, self.before)

    def _skip(self, step: Step, reason: str) -> None:
        self._note(
            StepRecord(
                step.key,
                step.notebook,
                "skipped",
                case=step.case,
                reason=reason,
                parameters=dict(step.parameters),
            )
        )

    def _note(self, record: StepRecord) -> None:
        if record.good:
            digest = digest_results(self.folder / "results" / record.key)
            self.results[record.key] = digest
            page = file_digest(self.folder / "notebooks" / f"{record.key}.ipynb")
            record = StepRecord(**{**vars(record), "results": digest, "page": page})
            with suppress(OSError):  # it serves who comes after a killed run, nobody else
                keep_step(self.folder, record)
        self.records[record.key] = record
        emit(
            self.folder,
            "notebook-finished",
            notebook=record.key,
            status=record.status,
            seconds=record.seconds,
            reason=record.reason,
        )
        self.report()

    def report(self) -> None:
        """Tell of what has happened since the last time."""
        for event in self.follower.new():
            self.watch({"study": self.study.name, **event})

    # --- what a step is -----------------------------------------------------------------------

    def _source(self, step: Step) -> Any:
        if step.path not in self.sources:
            self.sources[step.path] = read_notebook(step.path)
        return self.sources[step.path]

    def _hash(self, step: Step) -> str:
        return step_key(step, self._source(step))

    def _surroundings(self, step: Step) -> Surroundings:
        given = {name: v for name, v in os.environ.items() if name not in UNSET}
        folder = self.folder / "results"
        return Surroundings(
            environment=given | self._environment(step),
            results={key: folder / key for key in step.reads if key in self.results},
            own=folder / step.key,
        )

    def task(self, step: Step) -> Task:
        """Say what a process is handed to execute a step."""
        saved = self.folder / "results" / step.key
        if saved.is_dir():
            _remove(saved)  # of a first attempt, whose process was killed
        return Task(
            key=step.key,
            path=step.path,
            folder=self.folder,
            parameters=dict(step.parameters),
            injected=step.injected,
            timeout=self.timeout,
            environment=self._environment(step)
            | {trace.TARGET: str(forget_raw(self.folder, step.key))},
        )

    def _environment(self, step: Step) -> dict[str, str]:
        """Give the variables of a notebook's kernel."""
        return {
            "WORKBENCH_ROOT": str(self.root),
            "WORKBENCH_RUN": str(self.folder),
            "WORKBENCH_NOTEBOOK": step.key,
            "WORKBENCH_CASE": step.case or "",
            "WORKBENCH_READS": json.dumps([k for k in step.reads if k in self.results]),
            "WORKBENCH_LANGUAGES": ",".join(self.study.languages),
            AS_OF: "" if self.study.seen is None else self.study.seen.isoformat(),
            # The same order of sets and of floating-point sums in every run, and no notebook
            # takes the cores of another.
            "PYTHONHASHSEED": "0",
            "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1"),
            "OPENBLAS_NUM_THREADS": os.environ.get("OPENBLAS_NUM_THREADS", "1"),
        }

    def finish(self, requested: tuple[str, ...]) -> RunRecord:
        """Write the run down."""
        order = {name: place for place, name in enumerate(load_pipeline(self.root / "notebooks"))}
        records = sorted(self.records.values(), key=lambda r: (order[r.notebook], r.key))
        failed = any(record.status == "failed" for record in records)
        emit(self.folder, "run-finished", status="failed" if failed else "done")
        self.report()
        return finish(
            self.folder,
            RunRecord(
                study=self.study.name,
                run=self.run,
                started=self.now.astimezone(UTC).isoformat(timespec="seconds"),
                finished=datetime.now(UTC).isoformat(timespec="seconds"),
                status="failed" if failed else "done",
                notebooks={record.key: record for record in records},
                inputs=dict(self.inputs.files),
                versions=versions(),
                commit=git_commit(self.root),
                as_of=str(self.study.as_of),
                data_to=data_to(self.folder / "results"),
                languages=tuple(self.study.languages),
                asked=requested,
                number=self.number,
            ),
        )


def _ended_how(record: StepRecord) -> str:
    return "failed" if record.status == "failed" else f"is skipped: {record.reason}"


def _never_reused(beyond: Sequence[str]) -> tuple[str, ...]:
    """Say that a notebook will be executed each time."""
    return (f"never reused, it reads beyond the record: {'; '.join(beyond)}",) if beyond else ()


def _itself(reason: str) -> str:
    return f"it skipped itself: {reason}" if reason else ""


def _crashed(step: Step, why: str) -> Execution:
    failure = Failure(step.key, "crash", why, parameters=dict(step.parameters))
    return Execution(step.key, 0.0, failure)


def _broken_promise(step: Step, problems: Sequence[str]) -> Failure:
    return Failure(step.key, "results", "; ".join(problems), parameters=dict(step.parameters))


def _inputs_moved(step: Step, what: str) -> Failure:
    message = f"{what} while it ran: its numbers may be of neither state; run it again"
    return Failure(step.key, "inputs", message, parameters=dict(step.parameters))


def _remove(folder: Path) -> None:
    """Empty a folder of results, whatever a notebook put there."""
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        folder.mkdir(exist_ok=True)
