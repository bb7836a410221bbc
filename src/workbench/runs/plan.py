"""What a run will do: which notebooks, with what, in what order; and which not, and why."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import suggest
from workbench.runs.notebook_file import NotebookFileError, read_notebook
from workbench.runs.parameters import (
    Assignment,
    Parameter,
    ParameterError,
    check_values,
    read_parameters,
    read_value,
    unknown,
)
from workbench.runs.pipeline import FOR_EACH, GROUP, Entry, PipelineError

if TYPE_CHECKING:
    from workbench.runs.parameters import Plain
    from workbench.study import Study

#: Parameters that name something of the card: the section, and how the names begin that will do.
OF_CARD = {"table": ("tables", "transactions"), "chart": ("goals", "")}
#: Parameters that the run itself sets.
RESERVED = {
    "study": "it is the command's argument",
    "case": "choose with --notebook",
    GROUP: "choose with --notebook",
}
#: Gives the values of a study's column (``customers.region``) of which each may have a page.
Groups = Callable[["Study", str], Sequence[str]]


@dataclass(frozen=True)
class Step:
    """One execution of one notebook.

    Attributes
    ----------
    key : str
        Its name in the run: the notebook's, with ``-<case>`` for one of several.
    notebook : str
        The notebook's name.
    path : Path
        The notebook's file.
    parameters : dict
        All values in plain types, defaults included.
    injected : tuple of str
        Names of those which differ from the cell's defaults or are the run's own; these are
        injected.
    needs, after : tuple of str
        Keys of the steps that must have succeeded, or only ended.
    reads : tuple of str
        Keys whose results it may read: all that come before it.
    gives : mapping
        Results that must be there afterwards, and their columns.
    case : str or None
        The case, for a notebook that runs once for each.
    requested : bool
        False when ``--notebook`` left it out: it is then carried over if nothing has changed.
    """

    key: str
    notebook: str
    path: Path
    parameters: Mapping[str, Plain]
    injected: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    gives: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    case: str | None = None
    requested: bool = True


@dataclass(frozen=True)
class Skip:
    """A notebook that does not run, and why."""

    key: str
    reason: str


@dataclass(frozen=True)
class RunPlan:
    """The steps of a run, each after those it waits for, and what is left out.

    Attributes
    ----------
    steps : tuple of Step
        What is to be executed.
    skips : tuple of Skip
        What does not concern the study.
    broken : tuple of Skip
        Notebooks whose files cannot be read: these fail, and the others run.
    notes : tuple of str
        Where a parameter of the command line goes, if that is not one notebook.
    """

    steps: tuple[Step, ...]
    skips: tuple[Skip, ...] = ()
    broken: tuple[Skip, ...] = ()
    notes: tuple[str, ...] = ()

    def graph(self) -> dict[str, set[str]]:
        """Keys, each with the keys it waits for."""
        return {step.key: {*step.needs, *step.after} for step in self.steps}


def make_plan(
    pipeline: Mapping[str, Entry],
    study: Study,
    *,
    assignments: Sequence[Assignment] = (),
    only: Iterable[str] | None = None,
    study_parameter: str | None = None,
    groups: Groups | None = None,
) -> RunPlan:
    """Lay out a run, and check every parameter, before any kernel starts.

    Parameters
    ----------
    pipeline : mapping
        From `load_pipeline`.
    study : Study
        The study's card.
    assignments : sequence of Assignment
        From the command line.
    only : iterable of str, optional
        Notebooks or keys asked for; what they need comes along. All by default.
    study_parameter : str, optional
        Value of the parameter ``study``; the study's name by default.
    groups : callable, optional
        Which values of a column have a page; without it such notebooks are skipped.

    Raises
    ------
    PipelineError
        If a notebook asked for does not exist or cannot run.
    ParameterError
        If a parameter is unknown or of the wrong type.
    """
    only = None if only is None else list(only)
    declared: dict[str, dict[str, Parameter]] = {}
    unreadable: dict[str, str] = {}
    for name, entry in pipeline.items():
        try:
            declared[name] = declared_by(entry)
        except NotebookFileError as error:
            declared[name], unreadable[name] = {}, str(error)
    _check_study_parameters(study, pipeline)
    within = None if only is None else _with_needs(only, pipeline)
    chosen, takers = _assign(assignments, declared, within)
    reasons: dict[str, str] = {}
    broken: dict[str, str] = {}
    steps: dict[str, Step] = {}
    keys: dict[str, list[str]] = {}
    for name, entry in pipeline.items():
        reason = _reason_to_skip(entry, study, reasons, broken)
        values_of: dict[str, str] = {}
        if entry.column and not reason:
            values_of = {} if groups is None else keyed(groups(study, entry.column))
            if not values_of:
                reason = f"no value of {entry.column} may be shown by itself"
        if reason:
            reasons[name] = reason
            continue
        if name in unreadable:
            broken[name] = unreadable[name]
            continue
        cases: list[str | None] = [None]
        if entry.column:
            cases = [*values_of]
        elif entry.for_each:
            cases = [each.name for each in getattr(study, entry.for_each)]
        keys[name] = [name if case is None else f"{name}-{case}" for case in cases]
        for key, case in zip(keys[name], cases, strict=True):
            values = _values(
                entry,
                key,
                values_of.get(case, case) if case is not None else None,
                declared[name],
                chosen.get(name, {}),
                study,
                study_parameter,
            )
            before = _before(name, pipeline)
            steps[key] = Step(
                key=key,
                notebook=name,
                path=entry.path,
                parameters={n: p.default for n, p in declared[name].items()} | values,
                injected=tuple(values),
                needs=_keys(entry.needs, keys),
                after=_keys(entry.after, keys),
                reads=_keys(before, keys),
                gives=entry.gives,
                case=case,
            )
    asked = None if only is None else [name for name in only if name not in broken]
    requested = _requested(asked, pipeline, steps, reasons)
    return RunPlan(
        steps=tuple(
            step if step.key in requested else Step(**{**vars(step), "requested": False})
            for step in steps.values()
        ),
        skips=tuple(Skip(name, reason) for name, reason in reasons.items()),
        broken=tuple(Skip(name, reason) for name, reason in broken.items()),
        notes=tuple(_notes(takers, declared, reasons)),
    )


def keyed(values: Iterable[str]) -> dict[str, str]:
    """Give each value a key that files and addresses may hold.

    Examples
    --------
    >>> from workbench.runs.plan import keyed
    >>> keyed(["North East", "North/East", "华东"])
    {'North_East': 'North East', 'North_East_2': 'North/East', '华东': '华东'}
    """
    found: dict[str, str] = {}
    for value in values:
        stem = re.sub(r"\W+", "_", value).strip("_") or "other"
        key, number = stem, 2
        while key in found:
            key, number = f"{stem}_{number}", number + 1
        found[key] = value
    return found


def declared_by(entry: Entry) -> dict[str, Parameter]:
    """Read what the parameters cell of a notebook declares."""
    return read_parameters(read_notebook(entry.path), where=entry.path.name)


def _check_study_parameters(study: Study, pipeline: Mapping[str, Entry]) -> None:
    for name in study.parameters:
        if name.partition("-")[0] not in pipeline:
            raise ParameterError(
                f"parameters for an unknown notebook {name!r}",
                where=f"{study.path}, parameters",
                remedy=suggest(name, pipeline),
            )


def _with_needs(only: Iterable[str], pipeline: Mapping[str, Entry]) -> set[str]:
    """Notebooks of the names or keys asked for, and what they need."""
    named = {name if name in pipeline else name.partition("-")[0] for name in only}
    ahead, found = [name for name in named if name in pipeline], set[str]()
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += pipeline[name].needs
    return found


def _assign(
    assignments: Sequence[Assignment],
    declared: Mapping[str, Mapping[str, Parameter]],
    within: set[str] | None,
) -> tuple[dict[str, dict[str, Plain]], dict[str, list[str]]]:
    """Give each assignment to the notebooks that declare its name, of those asked for.

    Returns
    -------
    tuple of dict
        The values by notebook and name, and to which notebooks each bare name goes.
    """
    chosen: dict[str, dict[str, Plain]] = {}
    goes: dict[str, list[str]] = {}
    for notebook, name, text in assignments:
        where = f"-p {notebook + '.' if notebook else ''}{name}={text}"
        if name in RESERVED:
            raise ParameterError(
                f"{name!r} cannot be set with -p", where=where, remedy=RESERVED[name]
            )
        if notebook is not None and notebook not in declared:
            raise ParameterError(
                f"unknown notebook {notebook!r}",
                where=where,
                remedy=suggest(notebook, declared),
            )
        everywhere = [n for n, ps in declared.items() if name in ps]
        takers = [notebook] if notebook else [n for n in everywhere if not within or n in within]
        if everywhere and not takers:
            raise ParameterError(
                f"no notebook that is asked for has a parameter {name!r}",
                where=where,
                remedy=f"ask for {' or '.join(everywhere)} as well",
            )
        if not takers:
            names = dict.fromkeys(n for ps in declared.values() for n in ps if n not in RESERVED)
            raise unknown(name, names, where=where)
        if notebook is None:
            goes[name] = takers
        for taker in takers:
            if name not in declared[taker]:
                raise unknown(name, declared[taker], where=where)
            value = read_value(declared[taker][name], text, where=f"{where} ({taker})")
            chosen.setdefault(taker, {})[name] = value
    return chosen, goes


def _notes(
    goes: Mapping[str, Sequence[str]],
    declared: Mapping[str, Mapping[str, Parameter]],
    reasons: Mapping[str, str],
) -> Iterator[str]:
    """Say where a bare name goes: to several notebooks, or to none that this study runs."""
    for name, takers in goes.items():
        run = [taker for taker in takers if taker not in reasons]
        if not run:
            yield f"-p {name} changes nothing: {takers[0]} is skipped, {reasons[takers[0]]}"
        elif len(run) > 1:
            defaults = {taker: declared[taker][name].default for taker in run}
            differ = len({repr(value) for value in defaults.values()}) > 1
            named = [f"{n} (default {value})" if differ else n for n, value in defaults.items()]
            yield f"-p {name} goes to {', '.join(named)}; for one alone: -p {run[0]}.{name}=..."


def _check_names(values: Mapping[str, Plain], study: Study, where: str) -> None:
    """Refuse what names a table or a goal that the card does not have."""
    for name, (section, begins) in OF_CARD.items():
        value = values.get(name)
        there = getattr(study, section)
        names = list(there) if isinstance(there, Mapping) else [each.name for each in there]
        known = [each for each in names if each.startswith(begins)]
        if value and value not in names:
            raise ParameterError(
                f"parameter {name!r}: {value!r} is not one of the study's {section}",
                where=where,
                remedy=suggest(str(value), known) if known else f"the study has no {section}",
            )


def _values(
    entry: Entry,
    key: str,
    case: str | None,
    declared: Mapping[str, Parameter],
    chosen: Mapping[str, Plain],
    study: Study,
    study_parameter: str | None,
) -> dict[str, Plain]:
    """Overlay the card's values with the command line's, and these with the run's own."""
    values: dict[str, Plain] = {}
    for name in dict.fromkeys((entry.notebook, key)):
        where = f"{study.path}, parameters.{name}"
        stated = study.parameters.get(name, {})
        for reserved in RESERVED.keys() & stated.keys():
            raise ParameterError(
                f"{reserved!r} cannot be set here", where=where, remedy="the run sets it"
            )
        values |= check_values(declared, stated, where=where)
        _check_names(stated, study, where)
    values |= chosen
    _check_names(chosen, study, f"-p ({entry.notebook})")
    own: dict[str, Any] = {"study": study_parameter or study.name}
    if case is not None and entry.for_each:
        own[GROUP if entry.column else FOR_EACH[entry.for_each]] = case
    for name in own:
        if name not in declared:
            raise ParameterError(
                f"the parameters cell has no {name!r}",
                where=entry.path.name,
                remedy=f'add `{name}: str = "..."` to it',
            )
    return values | check_values(declared, own, where=entry.path.name)


def _reason_to_skip(
    entry: Entry, study: Study, reasons: Mapping[str, str], broken: Mapping[str, str]
) -> str:
    missing = [table for table in entry.tables if table not in study.tables]
    if missing:
        return f"the study has no table {', '.join(missing)}"
    if entry.any_tables and not any(table in study.tables for table in entry.any_tables):
        return f"the study has none of the tables {', '.join(entry.any_tables)}"
    if entry.column and (table := entry.column.partition(".")[0]) not in study.tables:
        return f"the study has no table {table}"
    sections = [*entry.study, *([entry.for_each] if entry.for_each and not entry.column else [])]
    empty = [section for section in dict.fromkeys(sections) if not getattr(study, section)]
    if empty:
        return f"study.yml has no {', '.join(empty)}"
    for other in entry.needs:
        if other in broken:
            return f"it needs {other}, which failed"
        if other in reasons:
            return f"it needs {other}, which is skipped: {reasons[other]}"
    return ""


def _before(name: str, pipeline: Mapping[str, Entry]) -> list[str]:
    before: list[str] = []
    for other in pipeline[name].waits:
        before += [*_before(other, pipeline), other]
    return list(dict.fromkeys(before))


def _keys(notebooks: Iterable[str], keys: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    return tuple(key for name in notebooks for key in keys.get(name, ()))


def _requested(
    only: Iterable[str] | None,
    pipeline: Mapping[str, Entry],
    steps: Mapping[str, Step],
    reasons: Mapping[str, str],
) -> set[str]:
    if only is None:
        return set(steps)
    requested: set[str] = set()
    ahead: list[str] = []
    for name in only:
        matching = [key for key, step in steps.items() if name in (key, step.notebook)]
        if not matching and name in reasons:
            raise PipelineError(
                f"{name!r} cannot run: {reasons[name]}", where="--notebook", remedy="add it"
            )
        if not matching:
            raise PipelineError(
                f"there is no notebook {name!r}",
                where="--notebook",
                remedy=suggest(name, dict.fromkeys([*pipeline, *steps])),
            )
        ahead += matching
    while ahead:
        key = ahead.pop()
        if key not in requested:
            requested.add(key)
            ahead += steps[key].needs
    return requested
