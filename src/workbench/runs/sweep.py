"""A sweep: a notebook with each combination of some values of its parameters, in one run.

What a parameter takes as it stands is one value; ``horizon=26,52`` of a whole number is two. Sweeps
lie in ``runs/<study>/sweeps``: they are tried out, and never taken for the present.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.results import Estimate
from workbench.runs.parameters import Assignment, ParameterError, ValueRefusedError
from workbench.runs.pipeline import Entry, load_pipeline
from workbench.runs.plan import OF_CARD, RunPlan, declared_by, make_plan
from workbench.runs.records.handover import notebook_of, read_headlines

if TYPE_CHECKING:
    from workbench.runs.records.record import RunRecord
    from workbench.study import Study

#: More combinations than this are refused: somebody has to read them.
MOST = 64


@dataclass(frozen=True)
class Swept:
    """What a sweep varies.

    Attributes
    ----------
    notebook : str
        The one notebook.
    fixed : tuple of Assignment
        What is the same throughout.
    values : dict of str to tuple of str
        Parameter -> its values, as they were written.
    """

    notebook: str
    fixed: tuple[Assignment, ...]
    values: Mapping[str, tuple[str, ...]]

    @property
    def combinations(self) -> list[list[Assignment]]:
        """Each combination, the last parameter changing first."""
        return [
            [
                Assignment(self.notebook, name, text)
                for name, text in zip(self.values, one, strict=True)
            ]
            for one in product(*self.values.values())
        ]


def sweep_of(
    root: Path, assignments: Sequence[Assignment], notebooks: Sequence[str] | None
) -> Swept | None:
    """Find what a command asks to be swept; None when each parameter has one value.

    Parameters
    ----------
    root : Path
        The folder that holds ``notebooks/``.
    assignments : sequence of Assignment
        From the command line.
    notebooks : sequence of str, optional
        Notebooks or keys asked for.

    Raises
    ------
    ParameterError
        If values are to be swept and no single notebook is named, or there are too many.
    """
    listed = [a for a in assignments if "," in a.text]
    pipeline = load_pipeline(root / "notebooks") if listed else {}
    several = {a: pieces for a in listed if len(pieces := _pieces(a, pipeline, notebooks)) > 1}
    if not several:
        return None
    first = next(iter(several))
    if notebooks is None or len(notebooks) != 1:
        takers = [n for n, e in pipeline.items() if first.name in declared_by(e)]
        raise ParameterError(
            f"several values of {first.name!r} make a sweep, which needs one notebook",
            where=f"-p {first.name}={first.text}",
            remedy=f"name it: -n {first.notebook or ' or -n '.join(takers)}",
        )
    asked = notebook_of(notebooks[0])
    other = next((a for a in several if a.notebook not in (None, asked)), None)
    if other is not None:
        raise ParameterError(
            f"{other.notebook!r} is not the notebook that is swept",
            where=f"-p {other.notebook}.{other.name}={other.text}",
            remedy=f"sweep parameters of {asked} alone",
        )
    values = {a.name: tuple(pieces) for a, pieces in several.items()}
    count = math.prod(map(len, values.values()))
    if count > MOST:
        raise ParameterError(
            f"{count} combinations are too many",
            where="-p " + " -p ".join(f"{a.name}={a.text}" for a in several),
            remedy=f"sweep at most {MOST} at a time",
        )
    fixed = tuple(a for a in assignments if a not in several)
    return Swept(asked, fixed, values)


def _pieces(
    assignment: Assignment, pipeline: Mapping[str, Entry], notebooks: Sequence[str] | None
) -> list[str]:
    """Take an assignment apart, unless some notebook takes it as it stands."""
    text = assignment.text
    asked = [assignment.notebook] if assignment.notebook else [*(notebooks or pipeline)]
    takers = [
        declared[assignment.name]
        for name in map(notebook_of, asked)
        if name in pipeline and assignment.name in (declared := declared_by(pipeline[name]))
    ]
    for parameter in takers:
        if assignment.name not in OF_CARD:
            with suppress(ValueRefusedError):
                parameter.type.read(text)
                return [text]
    if not takers:
        return [text]  # which is refused with what there is
    if "[" in text:
        with suppress(ValueError):
            return [json.dumps(each) for each in json.loads(f"[{text}]")]
    return list(dict.fromkeys(each.strip() for each in text.split(",") if each.strip()))


def sweep_plan(
    swept: Swept, root: Path, study: Study, notebooks: Sequence[str], study_parameter: str
) -> RunPlan:
    """Lay out a sweep: what the notebook waits for, once, and the notebook for each combination."""
    pipeline = load_pipeline(root / "notebooks")

    def planned(more: Iterable[Assignment]) -> RunPlan:
        return make_plan(
            pipeline, study, assignments=[*swept.fixed, *more], only=notebooks,
            study_parameter=study_parameter,
        )  # fmt: skip

    base = planned(())
    own = {
        step.key: step.reads
        for step in base.steps
        if step.requested and step.notebook == swept.notebook
    }
    before = {key for reads in own.values() for key in reads}
    steps = [step for step in base.steps if step.key in before]
    for number, combination in enumerate(swept.combinations, start=1):
        steps += [
            replace(step, key=f"{step.key}-{number:02}")
            for step in planned(combination).steps
            if step.key in own
        ]
    return RunPlan(tuple(steps), notes=base.notes)


# --- what came of it ----------------------------------------------------------------------------


@dataclass(frozen=True)
class SweepComparison:
    """The combinations of a sweep side by side.

    Attributes
    ----------
    notebook : str
    varied : tuple of str
        The parameters that were varied.
    settings : dict of str to dict
        Page -> the values of these.
    numbers : dict of str to dict of str to Estimate
        Page -> its headline numbers.
    missing : dict of str to str
        Page -> why it has none.
    """

    notebook: str
    varied: tuple[str, ...]
    settings: Mapping[str, Mapping[str, Any]]
    numbers: Mapping[str, Mapping[str, Estimate]]
    missing: Mapping[str, str]

    @property
    def names(self) -> list[str]:
        """The headline numbers of any combination."""
        return list(dict.fromkeys(n for named in self.numbers.values() for n in named))

    @property
    def moving(self) -> list[str]:
        """Those that are not the same for all combinations."""
        return [name for name in self.names if self.differs(name)]

    def differs(self, name: str) -> bool:
        """Tell whether a headline number is not the same, or not there, for all combinations."""
        found = [named.get(name) for named in self.numbers.values()]
        there = [(e.value, e.low, e.high) for e in found if e is not None]
        return len(there) < len(found) or len({repr(each) for each in there}) > 1

    def rows(self) -> list[dict[str, Any]]:
        """Give one row a combination and number, in plain values."""
        return [
            {"page": page, **self.settings[page], "name": name, "label": each.label,
             "value": each.value, "low": each.low, "high": each.high, "unit": each.unit}
            for page, named in self.numbers.items()
            for name, each in named.items()
        ]  # fmt: skip

    def __str__(self) -> str:
        moving = self.moving
        lines = [[*self.varied, *moving]]
        why = {}
        for page, values in self.settings.items():
            said = [str(values[name]) for name in self.varied]
            named = self.numbers.get(page, {})
            lines.append([*said, *(f"{named[n].value:.4g}" if n in named else "" for n in moving)])
            why[len(lines) - 1] = self.missing.get(page, "")
        width = [max(map(len, column)) for column in zip(*lines, strict=True)]
        text = []
        for place, row in enumerate(lines):
            cells = "  ".join(cell.ljust(size) for cell, size in zip(row, width, strict=True))
            text.append(f"{cells.rstrip()}  {why.get(place, '')}".rstrip())
        same = len(self.names) - len(moving)
        return "\n".join([*text, f"{same} other numbers are the same"])


def compare_sweep(record: RunRecord) -> SweepComparison:
    """Set the combinations of a sweep side by side, from what the run left.

    Parameters
    ----------
    record : RunRecord
        A run of `workbench.runs.run_study` with several values.
    """
    notebook = notebook_of(record.asked[0])
    steps = {key: step for key, step in record.notebooks.items() if step.notebook == notebook}
    names = list(dict.fromkeys(name for step in steps.values() for name in step.parameters))
    varied = [n for n in names if len({repr(s.parameters.get(n)) for s in steps.values()}) > 1]
    good = {key: step for key, step in steps.items() if step.good}
    lost: list[str] = []
    numbers = read_headlines([record.folder / "results" / key for key in good], lost)
    return SweepComparison(
        notebook,
        tuple(varied),
        {key: {n: step.parameters.get(n) for n in varied} for key, step in steps.items()},
        numbers,
        {key: f"{s.status}: {s.reason}" for key, s in steps.items() if not s.good},
    )
