"""A run from beginning to end: what can be carried over is, the rest goes to spawned processes."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench import trace
from workbench.errors import WorkbenchError
from workbench.runs.cache import (
    Earlier,
    Inputs,
    carry_over,
    look_at_inputs,
    step_key,
    text_digest,
)
from workbench.runs.failure import Failure, in_words
from workbench.runs.handover import check_results, digest_results
from workbench.runs.notebook_file import read_notebook
from workbench.runs.parameters import Assignment, ParameterError
from workbench.runs.pipeline import load_pipeline
from workbench.runs.plan import RunPlan, Step, make_plan
from workbench.runs.pool import open_pool
from workbench.runs.progress import Event, Follower, emit
from workbench.runs.provenance import git_commit, versions
from workbench.runs.record import (
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
from workbench.runs.sweep import sweep_of, sweep_plan
from workbench.runs.task import Execution, LostKernelError, Task
from workbench.runs.used import (
    UNSET,
    Present,
    Surroundings,
    Used,
    file_digest,
    file_used,
    forget_raw,
)
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
    """
    return make_plan(
        load_pipeline(root / "notebooks"),
        study,
        assignments=assignments,
        only=notebooks,
        study_parameter=_study_parameter(study, root),
    )


def _study_parameter(study: Study, root: Path) -> str:
    """Give what notebooks are told of where the study is."""
    inside = study.folder.resolve() == (root / "data" / study.name).resolve()
    return study.name if inside else str(study.folder)


def run_study(
    study: Study,
    root: Path,
    *,
    now: datetime,
    assignments: Sequence[Assignment] = (),
    notebooks: Iterable[str] | None = None,
    jobs: int | None = None,
    timeout: float | None = TIMEOUT,
    force: bool = False,
    watch: Callable[[Event], None] | None = None,
) -> RunRecord:
    """Run a study's notebooks and record the run under ``runs/<study>/<run id>/``.

    Several values of a parameter make a sweep (`workbench.runs.sweep`), which lies below
    ``runs/<study>/sweeps/``.

    Parameters
    ----------
    study : Study
        The study's card.
    root : Path
        The folder that holds ``notebooks/`` and ``runs/``.
    now : datetime
        When the run starts, with a time zone; names the run.
    assignments : sequence of Assignment
        Parameters from the command line.
    notebooks : iterable of str, optional
        Notebooks, or single keys, asked for, with what they need. The others are carried over
        when nothing they depend on has changed.
    jobs : int, optional
        Notebooks at a time; by default one a core, four at most.
    timeout : float or None
        Seconds for one notebook.
    force : bool
        Execute even what has not changed.
    watch : callable, optional
        Gets each event of the run.

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
    requested = None if notebooks is None else tuple(notebooks)
    swept = sweep_of(root, assignments, requested)
    history = history_of(root, study.name, study.seen)
    if swept is None:
        plan = plan_study(study, root, assignments=assignments, notebooks=requested)
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
        under_way = _RunUnderWay(
            plan=plan,
            study=study,
            root=root,
            number=next_number(history),
            folder=begin(history, run),
            inputs=inputs,
            timeout=timeout,
            force=force,
            watch=watch or (lambda event: None),
        )
        emit(
            under_way.folder,
            "run-started",
            study=study.name,
            run=run,
            steps=len(plan.steps),
            notes=list(plan.notes),
        )
        under_way.run_steps(jobs or _default_jobs(plan))
        return under_way.finish(run, now, requested or ())


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


def _default_jobs(plan: RunPlan) -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(cores or 1, _MOST_JOBS, len(plan.steps)))


@dataclass
class _RunUnderWay:
    """A run while its notebooks execute, and what became of each so far."""

    plan: RunPlan
    study: Study
    root: Path
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

    # --- order --------------------------------------------------------------------------------

    def run_steps(self, jobs: int) -> None:
        order = TopologicalSorter(self.plan.graph())
        order.prepare()
        for skip in self.plan.skips:
            self._note(StepRecord(skip.key, skip.key, "skipped", reason=skip.reason))
        for lost in self.plan.broken:
            failure = Failure(lost.key, "crash", lost.reason)
            self._note(
                StepRecord(
                    lost.key, lost.key, "failed", reason=failure.sentence(), error=asdict(failure)
                )
            )
        running: dict[Future[Execution], str] = {}
        with open_pool(jobs) as pool:
            while order.is_active():
                for key in order.get_ready():
                    step = self.steps[key]
                    if self._needs_no_kernel(step):
                        order.done(key)
                    else:
                        ahead = sum(
                            each.requested and each.key not in self.records
                            for each in self.plan.steps
                        )
                        running[pool.submit(self._task(step), ahead=ahead)] = key
                if not running:
                    continue
                ended, _ = wait(running, timeout=_PEEK, return_when=FIRST_COMPLETED)
                self._report()
                again: list[str] = []
                broken = False
                for future in ended:
                    key = running.pop(future)
                    try:
                        execution = future.result()
                    except (BrokenProcessPool, LostKernelError) as lost:
                        broken = broken or isinstance(lost, BrokenProcessPool)
                        if key not in self.crashed:
                            # Nobody can tell which of the processes died first: each gets a
                            # second chance.
                            self.crashed.add(key)
                            again.append(key)
                            continue
                        execution = _crashed(
                            self.steps[key],
                            "the process that ran it was killed, twice (too little memory?)",
                        )
                    except Exception as error:  # whatever befell one notebook is its failure
                        execution = _crashed(self.steps[key], in_words(error))
                    self._ended(self.steps[key], execution)
                    order.done(key)
                if broken:
                    pool.renew()
                if again:
                    running |= {pool.submit(self._task(self.steps[key])): key for key in again}

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
        self._report()

    def _report(self) -> None:
        for event in self.follower.new():
            self.watch(event)

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

    def _task(self, step: Step) -> Task:
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

    def finish(self, run: str, now: datetime, requested: tuple[str, ...]) -> RunRecord:
        order = {name: place for place, name in enumerate(load_pipeline(self.root / "notebooks"))}
        records = sorted(self.records.values(), key=lambda r: (order[r.notebook], r.key))
        failed = any(record.status == "failed" for record in records)
        emit(self.folder, "run-finished", status="failed" if failed else "done")
        self._report()
        return finish(
            self.folder,
            RunRecord(
                study=self.study.name,
                run=run,
                started=now.astimezone(UTC).isoformat(timespec="seconds"),
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
