"""Run the study of a bundle again, and compare what comes of it with what the bundle holds."""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup

from workbench.bundle.checks import Inspection
from workbench.bundle.environment import code_digest, environment
from workbench.bundle.pages import differing_parts, laid_out
from workbench.bundle.parts import RUN, STUDY, TWIN, TWIN_RUN, Bundle
from workbench.bundle.seal import Discrepancy
from workbench.errors import WorkbenchError
from workbench.runs.parameters import Assignment
from workbench.runs.records.record import RunRecord
from workbench.runs.runner import plan_study, run_study
from workbench.study import load_study

#: Stored values agree when they differ by no more than this share.
TOLERANCE = 1e-8
_RUN = "run again"
#: The run's own name for the study, which says where it lay.
_OF_THE_PLACE = frozenset({"study", "case"})
_PICTURE = re.compile(r"<svg.*?</svg>", re.DOTALL)


@dataclass
class _Compared:
    """How much was held against what came of the new run, and what of it differs.

    `exactly` says whether equal means equal to the last bit, and `near` counts the stored values
    that are equal within the tolerance alone.
    """

    exactly: bool = False
    pages: int = 0
    printed: int = 0
    values: int = 0
    near: int = 0
    faults: list[Discrepancy] = field(default_factory=list)


def source_of(bundle: Bundle) -> tuple[str, str]:
    """Name the part that a study can be run from, and the part with what came of it."""
    if bundle.below(TWIN):
        return TWIN, TWIN_RUN
    inputs = bundle.facts["inputs"].values()
    return (STUDY, RUN) if all(each["included"] for each in inputs) else ("", "")


def rerun_checks(bundle: Bundle, watch: Callable[[str], None]) -> list[Inspection]:
    """Run the study, or its twin, and compare: printed digits, verdicts, stored values."""
    data, part = source_of(bundle)
    if not data:
        why = "the bundle holds neither the data nor a twin of them"
        return [Inspection(_RUN, "not checked", why)]
    what = "the study" if data == STUDY else "the twin of the study"
    with laid_out(bundle, data, run="") as root:
        try:
            record = run_again(root, bundle.facts["study"], bundle.record(part), watch)
        except WorkbenchError as error:
            return [
                Inspection(
                    _RUN, "differs", "it does not run", (Discrepancy("rerun", data, str(error)),)
                )
            ]
        compared = _compare(bundle, part, record)
    how = (
        "equal to the last bit, as on the same machine and lock they must be"
        if compared.exactly
        else f"within {TOLERANCE:g}, {compared.values - compared.near} of them to the last bit"
        f" (another {', another '.join(otherwise(bundle))})"
    )
    said = (
        f"{what}: {compared.pages} notebooks, {compared.printed} printed texts equal,"
        f" {compared.values} stored values {how}"
    )
    if compared.faults:
        count = f"{what}: {len(compared.faults)} places"
        return [Inspection(_RUN, "differs", count, tuple(compared.faults))]
    return [Inspection(_RUN, "agrees", said)]


def otherwise(bundle: Bundle) -> list[str]:
    """Name what is not here as it was where the bundle was made; nothing where all is the same."""
    facts, here = bundle.facts["environment"], environment()
    said = {"python": "Python", "platform": "machine", "processor": "processor",
            "packages": "set of packages", "variables": "number of threads"}  # fmt: skip
    found = [word for key, word in said.items() if facts.get(key) != here[key]]
    return found if bundle.facts["code"]["sha256"] == code_digest() else [*found, "workbench"]


def run_again(
    root: Path, study: str, recorded: Mapping[str, Any], watch: Callable[[str], None]
) -> RunRecord:
    """Run a study as a run of it was: the same notebooks, with the same parameters."""
    card = load_study(root / "data" / study)
    asked = tuple(recorded.get("asked") or ()) or None
    meant = {key: step.get("parameters", {}) for key, step in recorded["notebooks"].items()}
    assignments = [
        Assignment(step.notebook, name, _written(meant[step.key][name]))
        for step in plan_study(card, root, notebooks=asked).steps
        for name, value in step.parameters.items()
        if name not in _OF_THE_PLACE
        and name in meant.get(step.key, {})
        and meant[step.key][name] != value
    ]

    def told(event: Any) -> None:
        about = event if isinstance(event, Mapping) else vars(event)
        if about.get("event") == "notebook-finished":
            watch(f"run again: {about.get('notebook')} {about.get('status')}")

    return run_study(
        card,
        root,
        now=datetime.now(UTC),
        assignments=list(dict.fromkeys(assignments)),
        notebooks=asked,
        force=True,
        watch=told,
    )


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


# --- comparing --------------------------------------------------------------------------------


def _compare(bundle: Bundle, part: str, record: RunRecord) -> _Compared:
    compared = _Compared(exactly=not otherwise(bundle))
    before = bundle.record(part)["notebooks"]
    good = {"done": "done", "cached": "done"}
    for key in sorted({*before, *record.notebooks}):
        was = good.get(before.get(key, {}).get("status", ""), before.get(key, {}).get("status"))
        step = record.notebooks.get(key)
        now = None if step is None else good.get(step.status, step.status)
        if was != now:
            reason = f": {step.reason}" if step is not None and step.reason else ""
            told = f"it was {was}, and is {now}{reason}"
            compared.faults.append(Discrepancy("rerun", f"{part}/notebooks/{key}.ipynb", told))
        elif was == "done":
            compared.pages += 1
            _compare_page(bundle, part, key, record, compared)
    return compared


def _compare_page(
    bundle: Bundle, part: str, key: str, record: RunRecord, compared: _Compared
) -> None:
    name = f"{part}/notebooks/{key}.ipynb"
    old = _shown(json.loads(bundle.files[name]))
    new = _shown(json.loads(record.notebook_path(key).read_bytes()))
    for place in {**old, **new}:
        compared.printed += 1
        if old.get(place) != new.get(place):
            was, now = differing_parts(old.get(place, ""), new.get(place, ""))
            told = f"it shows {was!r}, run again {now!r}"
            compared.faults.append(Discrepancy("rerun", f"{name}, {place}", told))
    folder = record.folder / "results" / key
    there = {path.name: path.read_bytes() for path in folder.glob("*") if path.is_file()}
    packed = bundle.below(f"{part}/results/{key}")
    left = {n.rpartition("/")[2] for n in bundle.facts["left_out"] if n.startswith(
        f"{part}/results/{key}/")}  # fmt: skip
    for result in sorted({*packed, *there} - left):
        where = f"{part}/results/{key}/{result}"
        if result not in there or result not in packed:
            told = "run again, it is not saved" if result in packed else "run again, it is saved"
            compared.faults.append(Discrepancy("rerun", where, told))
            continue
        found = list(_differing(result, packed[result], there[result], compared))
        compared.faults += [
            Discrepancy("rerun", f"{where}, {place}", what) for place, what in found[:5]
        ]
        if len(found) > 5:
            compared.faults.append(
                Discrepancy("rerun", where, f"{len(found)} values differ in all")
            )


def _differing(name: str, old: bytes, new: bytes, compared: _Compared) -> Iterator[tuple[str, str]]:
    if name.endswith(".parquet"):
        import pandas as pd

        was, now = (pd.read_parquet(io.BytesIO(each)) for each in (old, new))
        if list(was.columns) != list(now.columns) or len(was) != len(now):
            shape = "{} rows, columns {}"
            told = [
                shape.format(len(each), ", ".join(map(str, each.columns))) for each in (was, now)
            ]
            yield "the table", f"{told[0]}; run again {told[1]}"
            return
        for column in was.columns:
            pairs = zip(was[column].tolist(), now[column].tolist(), strict=True)
            for row, (one, two) in enumerate(pairs, start=1):
                yield from _apart_values(one, two, f"row {row}, column {column}", compared)
    else:
        yield from _apart_values(json.loads(old), json.loads(new), "", compared)


def _apart_values(old: Any, new: Any, place: str, compared: _Compared) -> Iterator[tuple[str, str]]:
    """Yield the places in which two stored values differ."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in {**old, **new}:
            inner = f"{place}.{key}" if place else str(key)
            yield from _apart_values(old.get(key), new.get(key), inner, compared)
        return
    if _is_list(old) and _is_list(new) and len(old) == len(new):
        for at, (one, two) in enumerate(zip(old, new, strict=True)):
            called = one.get("name") or one.get("key") if isinstance(one, Mapping) else None
            inner = str(called) if called else f"[{at}]"
            yield from _apart_values(one, two, f"{place}.{inner}" if place else inner, compared)
        return
    compared.values += 1
    if repr(old) == repr(new):
        return
    if compared.exactly or not _equal(old, new):
        yield place, f"{old!r}; run again {new!r}"
        return
    compared.near += 1


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _equal(old: Any, new: Any) -> bool:
    if isinstance(old, int | float) and isinstance(new, int | float):
        both = math.isnan(old) and math.isnan(new)
        return both or math.isclose(old, new, rel_tol=TOLERANCE, abs_tol=1e-12)
    return repr(old) == repr(new)


def _shown(notebook: Mapping[str, Any]) -> dict[str, str]:
    """Give what a notebook shows, by cell and output, as text."""
    found = {}
    for n, cell in enumerate(notebook["cells"], start=1):
        for at, out in enumerate(cell.get("outputs", ()), start=1):
            data = {**out.get("data", {})}
            if "text" in out:
                data["text/plain"] = out["text"]
            kinds = [k for k in ("text/markdown", "text/html", "text/plain") if k in data]
            if kinds:
                text = "".join(data[kinds[0]])
                if kinds[0] == "text/html":
                    plain = BeautifulSoup(_PICTURE.sub("", text), "html.parser").get_text(" ")
                    text = " ".join(plain.split())
                found[f"cell {n} ({cell.get('id', '')}), output {at}"] = text
    return found
