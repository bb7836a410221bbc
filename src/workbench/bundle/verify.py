"""Verify a bundle as a stranger would: it is as it was sealed, and what it says holds."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.bundle.checks import Inspection
from workbench.bundle.crate import crate_contradicts, crate_faults
from workbench.bundle.environment import code_digest
from workbench.bundle.origins import origins_of
from workbench.bundle.pages import differing_pages, numbers_in, rendered, strange_numbers
from workbench.bundle.parts import (
    CRATE,
    LOCK,
    PROJECT,
    RUN,
    SITE,
    STUDY,
    Bundle,
    BundleError,
    card_of,
    read_bundle,
)
from workbench.bundle.plans import plan_faults, plans_said
from workbench.bundle.rerun import rerun_checks
from workbench.bundle.seal import MANIFEST, Discrepancy, broken_seals, sha256
from workbench.bundle.tracing import trace_pages
from workbench.errors import WorkbenchError
from workbench.runs.records.handover import joint_digest
from workbench.runs.reuse.cache import text_digest

#: What reading a file that anybody may have written comes to, beside our own errors.
_UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True)
class Verification:
    """What came of verifying a bundle.

    Attributes
    ----------
    bundle : Bundle
        What was verified.
    facts : dict
        What the bundle says of itself; empty where that cannot be read.
    checks : tuple of Inspection
        In the order in which they were made.
    """

    bundle: Bundle = field(repr=False)
    facts: Mapping[str, Any]
    checks: tuple[Inspection, ...] = ()

    @property
    def path(self) -> Path:
        """The file."""
        return self.bundle.path

    @property
    def seal(self) -> str:
        """Its seal."""
        return self.bundle.seal

    @property
    def ok(self) -> bool:
        """Whether nothing differs."""
        return not self.faults

    @property
    def faults(self) -> list[Discrepancy]:
        """Everything that differs."""
        return [fault for check in self.checks for fault in check.faults]

    def __str__(self) -> str:
        named = f"{self.facts['study']}, run {self.facts['run']}" if self.facts else self.path.name
        lines = [named, f"seal {self.seal}"]
        wide = max(len(check.name) for check in self.checks)
        for check in self.checks:
            lines.append(f"{check.name:{wide}}  {check.outcome}: {check.said}")
            shown = [str(fault) for fault in check.faults[:20]]
            lines += [f"  {each}" for each in shown]
            if len(check.faults) > len(shown):
                lines.append(f"  and {len(check.faults) - len(shown)} more")
        left = [check.name for check in self.checks if check.outcome == "not checked"]
        verified = f"nothing differs; not checked: {', '.join(left)}" if left else "nothing differs"
        lines.append(verified if self.ok else f"NOT verified: {len(self.faults)} faults")
        return "\n".join(lines)


def verify(
    path: Path,
    *,
    seal: str = "",
    pages: bool = True,
    rerun: bool = True,
    watch: Callable[[str], None] = lambda what: None,
) -> Verification:
    """Verify a bundle.

    Parameters
    ----------
    path : Path
        The file.
    seal : str
        The seal as whoever made it told it, or its beginning; without it, a bundle that was
        changed and sealed anew is known only by what does not fit together.
    pages : bool
        Whether to make the pages anew from the executed notebooks.
    rerun : bool
        Whether to run the study again, where the bundle holds data or a twin.
    watch : callable, optional
        Is told what is being done.

    Raises
    ------
    BundleError
        If the file is no bundle.
    """
    bundle = read_bundle(path)
    checks: list[Inspection] = []
    watch("hashes")
    checks.append(_seal(bundle, seal))
    checks.append(_check("hashes", broken_seals(bundle.manifest, bundle.files),
                         f"{len(bundle.files) - 1} files are as they were sealed"))  # fmt: skip
    try:
        facts = bundle.facts
    except BundleError as error:
        return Verification(bundle, {}, (*checks, _lost("facts", str(error))))
    for name, said, look in _LOOKS:
        watch(name)
        try:
            checks.append(_check(name, look(bundle), said(bundle)))
        except WorkbenchError as error:
            checks.append(_lost(name, str(error)))
        except _UNREADABLE as error:
            checks.append(_lost(name, f"it cannot be read: {type(error).__name__} {error}"))
    watch("pages")
    checks += _pages(bundle, anew=pages)
    if rerun:
        checks += rerun_checks(bundle, watch)
    else:
        checks.append(Inspection("run again", "not checked", "not asked for"))
    return Verification(bundle, facts, tuple(checks))


def _lost(name: str, why: str) -> Inspection:
    return Inspection(name, "differs", "it cannot be checked", (Discrepancy("record", name, why),))


def _check(name: str, faults: Iterable[Discrepancy], said: str) -> Inspection:
    found = tuple(faults)
    if found:
        return Inspection(name, "differs", f"{len(found)} places", found)
    return Inspection(name, "agrees", said)


def _seal(bundle: Bundle, told: str) -> Inspection:
    if not told:
        return Inspection(
            "seal",
            "not checked",
            "no seal was told (--seal): whoever changed the file could have sealed it anew",
        )
    if not re.fullmatch(r"[0-9a-f]{8,64}", told.strip().lower()):
        raise BundleError(
            f"{told!r} is no seal",
            where="--seal",
            remedy="give at least the first 8 of its 64 hexadecimal digits",
        )
    if bundle.seal.startswith(told.strip().lower()):
        return Inspection("seal", "agrees", "it is the file that was handed on")
    return Inspection(
        "seal",
        "differs",
        "it is another file",
        (Discrepancy("hash", MANIFEST, f"its seal is {bundle.seal[:16]}, told was {told[:16]}"),),
    )


# --- what must fit together, whatever the seal ------------------------------------------------


def _run_faults(bundle: Bundle) -> Iterator[Discrepancy]:
    """Hold notebooks and results against the record of the run."""
    record, facts = bundle.record(), bundle.facts
    if (record.get("study"), record.get("run")) != (facts["study"], facts["run"]):
        yield Discrepancy("record", f"{RUN}/run.json", "it is the record of another run")
    for key, step in record["notebooks"].items():
        if step["status"] not in ("done", "cached"):
            continue
        page = f"{RUN}/notebooks/{key}.ipynb"
        if page not in bundle.files:
            yield Discrepancy("record", page, "the run has it, the bundle has not")
        elif step.get("page") and sha256(bundle.files[page]) != step["page"]:
            yield Discrepancy("record", page, "it is not the notebook that the run recorded")
        if step.get("results") and _results_digest(bundle, key) != step["results"]:
            where = f"{RUN}/results/{key}"
            yield Discrepancy("record", where, "these are not the results that the run recorded")
        source = f"{PROJECT}/notebooks/{step['notebook']}.ipynb"
        written = bundle.files.get(source)
        if step.get("text") and written and text_digest(json.loads(written)) != step["text"]:
            yield Discrepancy("record", source, "it is not the notebook that was executed")
    for key, seed in facts.get("seeds", {}).items():
        if record["notebooks"].get(key, {}).get("parameters", {}).get("seed") != seed:
            yield Discrepancy("record", f"bundle.json, seeds, {key}", "the run had another seed")
    for name, about in facts.get("inputs", {}).items():
        if record["inputs"].get(name) != about["sha256"]:
            yield Discrepancy("record", f"bundle.json, inputs, {name}", "the run read another file")
    for name in set(record["inputs"]) - set(facts.get("inputs", {})):
        yield Discrepancy(
            "record", f"{RUN}/run.json, inputs, {name}", "the bundle does not list it"
        )


def _results_digest(bundle: Bundle, key: str) -> str:
    """Hash what a notebook saved as the run does; of what was left out the hash is known."""
    start = f"{RUN}/results/{key}/"
    hashes = {n: sha256(d) for n, d in bundle.files.items() if n.startswith(start)}
    left = bundle.facts.get("left_out", {})
    hashes |= {n: about["sha256"] for n, about in left.items() if n.startswith(start)}
    return joint_digest({n.removeprefix(start): bytes.fromhex(h) for n, h in hashes.items()})


def _input_faults(bundle: Bundle) -> Iterator[Discrepancy]:
    for name, about in bundle.facts["inputs"].items():
        packed = bundle.files.get(f"{STUDY}/{name}")
        if not about["included"]:
            continue
        if packed is None:
            yield Discrepancy("record", f"{STUDY}/{name}", "it should be in the bundle")
        elif sha256(packed) != about["sha256"]:
            yield Discrepancy("record", f"{STUDY}/{name}", "it is not the file that the study read")


def _inputs_said(bundle: Bundle) -> str:
    inputs = bundle.facts["inputs"].values()
    there = sum(bool(each["included"]) for each in inputs)
    return f"{there} of {len(inputs)} are in the bundle and are those of the run" + (
        "; of the others the hash is on record" if there < len(inputs) else ""
    )


_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)


def _lock_faults(bundle: Bundle) -> Iterator[Discrepancy]:
    """Hold the lock file against the packages that were installed."""
    installed = {_plain(n): v for n, v in bundle.facts["environment"]["packages"].items()}
    for name, versions in _pinned(bundle).items():
        if name in installed and installed[name] not in versions:
            where = f"{LOCK}, {name}=={', '.join(versions)}"
            yield Discrepancy("record", where, f"{installed[name]} was installed")
    of_run = bundle.facts["environment"]["of_the_run"]
    recorded = bundle.record().get("versions", {})
    for name in sorted({*of_run, *recorded}):
        if of_run.get(name) != recorded.get(name):
            where = f"bundle.json, environment, {name}"
            yield Discrepancy("record", where, f"the run had {recorded.get(name)}")


def _pinned(bundle: Bundle) -> dict[str, list[str]]:
    """Give the versions that the lock file allows; of some packages one for each Python."""
    text = bundle.files.get(LOCK, b"").decode("utf-8", errors="replace")
    found: dict[str, list[str]] = {}
    for name, version in _PINNED.findall(text):
        found.setdefault(_plain(name), []).append(version)
    return found


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _lock_said(bundle: Bundle) -> str:
    pinned = _pinned(bundle)
    if not pinned:
        return "there is no lock file; the bundle lists what was installed"
    installed = {_plain(n) for n in bundle.facts["environment"]["packages"]}
    return f"{len(installed & set(pinned))} installed packages are those of the lock file"


def _crate_faults(bundle: Bundle) -> Iterator[Discrepancy]:
    if CRATE not in bundle.files:
        yield Discrepancy("record", CRATE, "the description of the bundle is missing")
        return
    files = {n: d for n, d in bundle.files.items() if n not in (CRATE, MANIFEST)}
    for wrong in crate_faults(bundle.files[CRATE], files):
        yield Discrepancy("record", CRATE, wrong)
    for wrong in crate_contradicts(bundle.files[CRATE], bundle.facts, card_of(bundle)):
        yield Discrepancy("record", CRATE, wrong)


_LOOKS: tuple[
    tuple[str, Callable[[Bundle], str], Callable[[Bundle], Iterator[Discrepancy]]], ...
] = (
    ("description", lambda b: "the RO-Crate lists every file with its hash", _crate_faults),
    ("record", lambda b: "notebooks, results and seeds are those of the run", _run_faults),
    ("inputs", _inputs_said, _input_faults),
    ("lock file", _lock_said, _lock_faults),
    ("plans", plans_said, plan_faults),
)


# --- the pages --------------------------------------------------------------------------------


def _all_numbers(bundle: Bundle) -> Inspection:
    """Say of all numbers where they come from; what pages print wrongly, making them anew tells."""
    try:
        found = origins_of(bundle)
    except (*_UNREADABLE, WorkbenchError) as error:
        return _lost("all numbers", f"they cannot be traced: {error}")
    return Inspection("all numbers", "not checked" if found.strange else "agrees", str(found))


def _pages(bundle: Bundle, *, anew: bool) -> list[Inspection]:
    pages = {n: d for n, d in bundle.below(SITE).items() if n.endswith(".html")}
    try:
        traced = trace_pages(bundle)
    except _UNREADABLE as error:
        return [_lost("results", f"what the run stored cannot be read: {error}")]
    numbers, verdicts = (
        [fault for fault in traced.faults if fault.kind == kind] for kind in ("number", "verdict")
    )
    alone = f", {traced.only_shown} by the executed notebook alone" if traced.only_shown else ""
    facts = f"{traced.facts} numbers state {len(traced.named)} facts, as the results have them"
    checks = [
        _check("numbers", numbers, facts + alone),
        _check("verdicts", verdicts, f"{traced.verdicts}, as the results have them"),
    ]
    checks.append(_all_numbers(bundle))
    if not anew:
        return [*checks, Inspection("pages", "not checked", "not asked for")]
    same_code = bundle.facts["code"]["sha256"] == code_digest()
    try:
        made, _ = rendered(bundle)
    except WorkbenchError as error:
        return [*checks, _lost("pages", f"they cannot be made anew: {error}")]
    found = list(differing_pages(bundle, made))
    if not found or same_code:
        count = sum(numbers_in(page) for page in pages.values())
        said = f"{len(pages)} pages with {count} numbers are what the executed notebooks make"
        return [*checks, _check("pages", found, said)]
    # its pages are laid out otherwise; that says nothing of what they say
    commit = str(bundle.facts["code"].get("commit") or "")[:12] or "not known"
    count = sum(numbers_in(page) for name, page in pages.items() if "studies/" in name)
    said = (
        f"another version of the workbench made them (commit {commit}): {count} numbers on the"
        " study's pages stand in the executed notebooks, words and layout were not compared"
    )
    strange = list(strange_numbers(bundle, made))
    if not strange:
        return [*checks, Inspection("pages", "not checked", said)]
    return [*checks, _check("pages", strange, said)]
