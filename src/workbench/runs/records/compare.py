"""Two runs side by side: what went in, and what numbers, findings and tables came out of each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import WorkbenchError, suggest
from workbench.results import Estimate, Finding
from workbench.runs.records.figures import figures
from workbench.runs.records.handover import read_findings, read_headlines
from workbench.runs.records.record import RunRecord, list_runs, read_run, run_folders

if TYPE_CHECKING:
    import pandas as pd


class NoSuchRunError(WorkbenchError):
    """A run that there is not, or more than one of."""


@dataclass(frozen=True)
class Difference:
    """One thing that differs between two runs.

    Attributes
    ----------
    kind : str
        ``input``, ``setting``, ``page``, ``number``, ``finding``, ``table`` or ``figure``.
    page : str
        Page of the notebook; empty for what goes into the run.
    name : str
        What it is.
    before, after : str
        How it was and is; empty where it was or is not.
    change : float or None
        By how much a number moved.
    """

    kind: str
    page: str
    name: str
    before: str
    after: str
    change: float | None = None


@dataclass(frozen=True)
class RunComparison:
    """Two runs and everything in which they differ.

    Attributes
    ----------
    before, after : str
        Their ids.
    changes : tuple of Difference
        What differs, inputs first.
    same : dict of str to int
        How many things of each kind are the same.
    lost : tuple of str
        What of either cannot be read.
    """

    before: str
    after: str
    changes: tuple[Difference, ...]
    same: Mapping[str, int]
    lost: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Give it in plain values; what is no number is none."""
        return asdict(self)

    def __str__(self) -> str:
        lines = [f"{self.before} -> {self.after}"]
        for kind in dict.fromkeys(each.kind for each in self.changes):
            lines.append(f"{kind}s that differ:")
            for each in (c for c in self.changes if c.kind == kind):
                place = f"{each.page}: " if each.page else ""
                moved = "" if each.change is None else f"  ({each.change:+.4g})"
                lines.append(
                    f"  {place}{each.name}: {each.before or '(none)'} -> "
                    f"{each.after or '(none)'}{moved}"
                )
        alike = [f"{count} {kind}s" for kind, count in self.same.items() if count]
        lines.append(f"the same: {', '.join(alike) or 'nothing'}")
        return "\n".join([*lines, *(f"not compared: {each}" for each in self.lost)])


def find_run(root: Path, name: str) -> RunRecord:
    """Find a run by its id, the beginning of it, or its folder.

    Parameters
    ----------
    root : Path
        The project.
    name : str
        Such as ``20260131T081500Z-3f9a2c``, ``20260131``, ``harbour/20260131`` or a path.

    Raises
    ------
    NoSuchRunError
        If there is none, or several begin so.
    """
    if (Path(name) / "run.json").is_file():
        return read_run(Path(name).resolve())
    study, _, begins = name.rpartition("/")
    places = sorted(path for path in (root / "runs").glob("*/") if study in ("", path.name))
    folders = [each for place in places for each in run_folders(place)]
    found = [each for each in folders if each.name.startswith(begins)]
    if len(found) != 1:
        several = f"{len(found)} runs begin so" if found else "there is no such run"
        named = [f"{each.parent.name}/{each.name}" for each in found or folders]
        remedy = f"name one of {', '.join(named[:5])}" if found else suggest(name, named[:20])
        raise NoSuchRunError(several, where=name, remedy=remedy)
    return read_run(found[0])


def last_two(folder: Path) -> tuple[RunRecord, RunRecord]:
    """Return the newest run of a study and the one before it, the older first.

    Raises
    ------
    NoSuchRunError
        If there are not two.
    """
    runs = list_runs(folder)
    if len(runs) < 2:
        raise NoSuchRunError(
            f"the study has {len(runs)} finished runs, of two that can be compared",
            where=str(folder),
            remedy="run it again, or name two runs",
        )
    return runs[1], runs[0]


def compare(before: RunRecord, after: RunRecord) -> RunComparison:
    """Compare two runs: what went in, and pages, numbers, findings, tables and figures.

    Numbers are the same when they are equal to nine digits, tables when all their cells are,
    figures when they are drawn alike.
    """
    lost: list[str] = []
    pairs: dict[str, tuple[Mapping[Any, Any], Mapping[Any, Any]]] = {
        "input": (before.inputs, after.inputs),
        "setting": (_settings(before), _settings(after)),
        "page": (_pages(before), _pages(after)),
        "number": (_numbers(before, lost), _numbers(after, lost)),
        "finding": (_findings(before, lost), _findings(after, lost)),
        "table": (_tables(before), _tables(after)),
        "figure": (_figures(before, lost), _figures(after, lost)),
    }
    changes: list[Difference] = []
    same: dict[str, int] = {}
    for kind, (old, new) in pairs.items():
        names = dict.fromkeys([*old, *new])
        found = [c for name in names for c in _between(kind, name, old.get(name), new.get(name))]
        changes += found
        same[kind] = len(names) - len(found)
    return RunComparison(before.run, after.run, tuple(changes), same, tuple(lost))


def _between(kind: str, name: Any, old: Any, new: Any) -> Iterator[Difference]:
    page, called = name if isinstance(name, tuple) else ("", str(name))
    if kind == "table":
        differs = _tables_differ(old, new)
        if differs:
            yield Difference(kind, page, called, *differs)
    elif kind == "number":
        if old is None or new is None or not _alike(old, new):
            moved = None if old is None or new is None else new.value - old.value
            moved = moved if moved is not None and math.isfinite(moved) else None
            yield Difference(kind, page, called, _number(old), _number(new), moved)
    elif old != new:
        shorten = 12 if kind == "input" else None
        yield Difference(kind, page, called, str(old or "")[:shorten], str(new or "")[:shorten])


def _settings(run: RunRecord) -> dict[Any, str]:
    about = {"as of": run.as_of, "data to": run.data_to, "commit": run.commit}
    settings: dict[Any, str] = {
        **about,
        **{f"version of {name}": version for name, version in run.versions.items()},
    }
    for step in run.notebooks.values():
        for name, value in step.parameters.items():
            settings[step.key, name] = repr(value)
    return settings


def _pages(run: RunRecord) -> dict[Any, str]:
    said = {"done": "there", "cached": "there"}
    return {
        (step.key, "page"): said.get(step.status, f"{step.status}: {step.reason}")
        for step in run.notebooks.values()
    }


def _results(run: RunRecord) -> list[Path]:
    return sorted(run.folder.glob("results/*/"))


def _numbers(run: RunRecord, lost: list[str]) -> dict[Any, Estimate]:
    return {
        (page, name): each
        for page, named in read_headlines(_results(run), lost).items()
        for name, each in named.items()
    }


def _findings(run: RunRecord, lost: list[str]) -> dict[Any, str]:
    return {
        (page, each.key): _said(each)
        for page, found in read_findings(_results(run), lost).items()
        for each in found
    }


def _said(finding: Finding) -> str:
    about = ", ".join(each for each in (finding.verdict, finding.grade, finding.severity) if each)
    try:
        return f"{finding.text} [{about}]"
    except (KeyError, ValueError, IndexError):
        return f"{finding.message} [{about}]"


def _tables(run: RunRecord) -> dict[Any, Path]:
    return {
        (path.parent.name, path.stem): path
        for path in sorted(run.folder.glob("results/*/*.parquet"))
    }


def _figures(run: RunRecord, lost: list[str]) -> dict[Any, str]:
    return {name: f"{each.title} [{each.digest}]" for name, each in figures(run, lost).items()}


def _alike(old: Estimate, new: Estimate) -> bool:
    ends = ((old.value, new.value), (old.low, new.low), (old.high, new.high))
    close = all(
        math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12) or (math.isnan(a) and math.isnan(b))
        for a, b in ((float(a), float(b)) for a, b in ends)
    )
    return close and (old.kind, old.unit) == (new.kind, new.unit)


def _number(estimate: Estimate | None) -> str:
    if estimate is None:
        return ""
    if estimate.kind == "date":
        return str(estimate.day)
    ends = f" ({estimate.low:.6g} to {estimate.high:.6g})" if estimate.known else ""
    return f"{estimate.value:.6g}{ends} {estimate.unit}".rstrip()


def _tables_differ(old: Path | None, new: Path | None) -> tuple[str, str] | None:
    """Say how two tables differ; None when they are the same."""
    if old is not None and new is not None and old.read_bytes() == new.read_bytes():
        return None
    frames = [_frame(path) for path in (old, new)]
    if any(isinstance(frame, str) for frame in frames):
        return str(_shape(frames[0])), str(_shape(frames[1]))
    before, after = frames
    if before is None or after is None:
        return _shape(before), _shape(after)
    said = [_shape(before), _shape(after)]
    only = [sorted(set(a.columns) - set(b.columns)) for a, b in ((before, after), (after, before))]
    for place, columns in enumerate(only):
        said[place] += f", alone with {', '.join(columns)}" if columns else ""
    if len(before) == len(after):
        both = [column for column in before.columns if column in after.columns]
        moved = {c: n for c in both if (n := _cells(before[c], after[c]))}
        if not moved and not any(only):
            return None
        cells = ", ".join(f"{n} in {column}" for column, n in moved.items())
        said[1] += f", other values: {cells}" if moved else ""
    return said[0], said[1]


def _cells(before: pd.Series, after: pd.Series) -> int:
    """Count the cells that differ, row by row."""
    # As they are written: cells can hold lists, and one missing value is not equal to another.
    return sum(repr(a) != repr(b) for a, b in zip(before, after, strict=True))


def _frame(path: Path | None) -> Any:
    import pandas as pd

    if path is None:
        return None
    try:
        return pd.read_parquet(path)
    except Exception as error:  # pyarrow's errors have no common kind
        return f"cannot be read ({type(error).__name__})"


def _shape(frame: Any) -> str:
    if frame is None or isinstance(frame, str):
        return frame or ""
    return f"{len(frame)} rows, {len(frame.columns)} columns"
