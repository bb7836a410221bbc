"""Put a run into one file: what it was made from, what came of it, and what was published of it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from workbench.bundle.crate import crate_of
from workbench.bundle.environment import code_digest, environment
from workbench.bundle.pages import rendered
from workbench.bundle.parts import (
    BEFORE,
    CRATE,
    FACTS,
    LOCK,
    PROJECT,
    RUN,
    SITE,
    STUDY,
    Bundle,
    BundleError,
    write_bundle,
)
from workbench.bundle.people import people_in
from workbench.bundle.seal import MANIFEST, manifest_of, sealed, sha256
from workbench.data import personal_texts
from workbench.data.clean.erasures import PLACE
from workbench.errors import WorkbenchError
from workbench.runs.notebook_file import read_notebook
from workbench.runs.records.compare import find_run
from workbench.runs.records.handover import ESTIMATES, TOLD
from workbench.runs.records.provenance import versions
from workbench.runs.records.record import (
    RunRecord,
    history_of,
    last_complete,
    last_run,
    last_with,
    list_runs,
    read_run,
)
from workbench.runs.reuse.cache import look_at_inputs, text_digest
from workbench.study import Study
from workbench.study.plans import PLANS

Data = Literal["include", "none", "twin"]
FORMAT = 1
#: A table with one of these has a row a person, or an order, or an answer.
_OF_PERSONS = ("customer_id", "respondent_id", "contract_id", "order_id")


@dataclass(frozen=True)
class Packed:
    """A bundle that was made.

    Attributes
    ----------
    path : Path
        The file.
    seal : str
        The hash that stands for the whole of it.
    files : int
        How many files it holds.
    left_out : tuple of str
        What is not in it, and why.
    warnings : tuple of str
        What whoever hands it on should know.
    """

    path: Path
    seal: str
    files: int
    left_out: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    def __str__(self) -> str:
        size = self.path.stat().st_size / 1e6
        lines = [
            f"{self.path}: {self.files} files, {size:.1f} MB",
            f"seal {self.seal}",
            *(f"left out: {each}" for each in self.left_out),
            *(f"warning: {each}" for each in self.warnings),
            "Tell the seal to whoever will verify it, by another way than the file:"
            f" workbench verify {self.path.name} --seal {self.seal[:16]}",
        ]
        return "\n".join(lines)


def choose_run(root: Path, study: str, name: str = "") -> RunRecord:
    """Find the run to hand on: the one named, or the newest that failed in nothing.

    Raises
    ------
    BundleError
        If no run of the study is good.
    """
    if name:
        return find_run(root, name if "/" in name else f"{study}/{name}")
    history = history_of(root, study)
    good = last_complete(history)
    if good is None:
        raise BundleError(
            f"of {len(list_runs(history))} runs of {study} none was asked for all and failed in"
            " nothing",
            where=str(history),
            remedy=f"run it: workbench run {study}; or name a run with --run",
        )
    return read_run(good)


def pack(
    study: Study,
    root: Path,
    run: RunRecord,
    *,
    now: datetime,
    data: Data = "none",
    to: Path | None = None,
    watch: Callable[[str], None] = lambda what: None,
) -> Packed:
    """Make the bundle of a run.

    Parameters
    ----------
    study : Study
        The study's card.
    root : Path
        The project.
    run : RunRecord
        The run.
    now : datetime
        When it is made.
    data : {"none", "include", "twin"}
        Whether the study's tables go along, or a synthetic twin of them.
    to : Path, optional
        The file; ``<study>-<run>.zip`` in the current folder by default.
    watch : callable, optional
        Is told what is being done.

    Raises
    ------
    BundleError
        If the card, or data that are to go along, are not those of the run; if data of persons
        are to go along; or if somebody can be recognised in what would be handed on.
    """
    target = to or Path(f"{study.name}-{run.run}.zip")
    if data == "include" and not (study.simulated or study.privacy.public):
        raise BundleError(
            "these data are of persons, and do not go along",
            where=str(study.path),
            remedy="take --data twin, or --data none; data that are published already say so in"
            " the card with `privacy: {public: true}`",
        )
    watch("reading the run")
    inputs = _inputs(study, run, data)
    with_persons = data == "include"
    before = _before(run, with_persons=with_persons)
    files = {**_of_study(study, inputs, data), **_of_project(root), **before}
    of_run, left_out = _of_run(run, with_persons=with_persons)
    files |= of_run
    _refuse_edited(run, files)
    facts: dict[str, Any] = {
        "format": FORMAT,
        "study": study.name,
        "title": dict(study.title),
        "run": run.run,
        "made": now.astimezone(UTC).isoformat(timespec="seconds"),
        "data": data,
        "inputs": inputs,
        "left_out": left_out,
        "seeds": {
            key: step.parameters["seed"]
            for key, step in run.notebooks.items()
            if "seed" in step.parameters
        },
        "code": {
            "version": versions().get("customer-workbench", ""),
            "commit": run.commit,
            "sha256": code_digest(),
        },
        "environment": {**environment(), "of_the_run": dict(run.versions)},
    }
    files[FACTS] = _json(facts)
    bundle = Bundle(files, target)  # it has what is added, too
    watch("making the pages")
    pages, warnings = rendered(bundle)
    files |= {f"{SITE}/{name}": content for name, content in pages.items()}
    told = [*_told(run, root), *warnings]
    if data != "include":
        watch("looking for people")
        told += _refuse_people(study, bundle)
    if data == "twin":
        from workbench.bundle.twin import add_twin

        files |= add_twin(bundle, study, watch)
    files[CRATE] = crate_of(study, run, facts, files)
    files[MANIFEST] = sealed(manifest_of(files))
    write_bundle(files, target)
    said = [f"{name} ({about['why']})" for name, about in {**inputs, **left_out}.items()
            if about.get("why")]  # fmt: skip
    return Packed(target, sha256(files[MANIFEST]), len(files), tuple(said), tuple(told))


# --- what goes in -----------------------------------------------------------------------------


def _inputs(study: Study, run: RunRecord, data: Data) -> dict[str, dict[str, Any]]:
    """List every input of the run with its hash, and hold those that go along against it."""
    now = look_at_inputs(study).files
    found: dict[str, dict[str, Any]] = {}
    for name, digest in run.inputs.items():
        table = not name.endswith((".yml", ".yaml"))
        goes = data == "include" or not table
        if goes and now.get(name) != digest:
            raise BundleError(
                f"{name} is not what it was when the study ran",
                where=str(study.folder / name),
                remedy=f"run it again: workbench run {study.name}; or name another run with --run",
            )
        path = study.folder / name
        size = path.stat().st_size if path.is_file() and now.get(name) == digest else None
        inside = path.is_file() and path.resolve().is_relative_to(study.folder.resolve())
        found[name] = {"sha256": digest, "bytes": size, "included": goes and inside}
        if not found[name]["included"]:
            found[name]["why"] = (
                "data left out" if not goes else "it lies outside the study's folder"
            )
    return found


def _of_study(study: Study, inputs: Mapping[str, Any], data: Data) -> dict[str, bytes]:
    files = {
        f"{STUDY}/{name}": (study.folder / name).read_bytes()
        for name, about in inputs.items()
        if about["included"]
    }
    for extra in ("README.md", PLACE):
        if (study.folder / extra).is_file():
            files[f"{STUDY}/{extra}"] = (study.folder / extra).read_bytes()
    for path in sorted((study.folder / PLANS).glob("*.jsonl")):
        files[f"{STUDY}/{PLANS}/{path.name}"] = path.read_bytes()
    return files


def _of_project(root: Path) -> dict[str, bytes]:
    """Take the notebooks as they were written, the written pages, the lock."""
    files: dict[str, bytes] = {}
    for name in ("requirements.lock", "pyproject.toml"):
        if (root / name).is_file():
            files[f"{PROJECT}/{name}"] = (root / name).read_bytes()
    for path in sorted(root.glob("_quarto*.yml")):
        files[f"{PROJECT}/{path.name}"] = path.read_bytes()
    for path in sorted((root / "notebooks").glob("*")):
        if path.suffix == ".ipynb":
            files[f"{PROJECT}/notebooks/{path.name}"] = _written(path)
        elif path.suffix in (".yml", ".py"):
            files[f"{PROJECT}/notebooks/{path.name}"] = path.read_bytes()
    for path in sorted((root / "reports").rglob("*")):
        inside = path.relative_to(root)
        made = "studies" in inside.parts or inside.name.startswith((".", "_"))
        if path.is_file() and not made and "images" not in inside.parts[:-1]:
            files[f"{PROJECT}/{inside.as_posix()}"] = path.read_bytes()
    return files


def _written(path: Path) -> bytes:
    """Give a notebook without what it last showed."""
    notebook = read_notebook(path)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return _json(notebook)


def _refuse_edited(run: RunRecord, files: Mapping[str, bytes]) -> None:
    """Refuse notebooks that were edited after they ran."""
    for key, step in run.notebooks.items():
        source = files.get(f"{PROJECT}/notebooks/{step.notebook}.ipynb")
        known = step.good and step.text and source is not None
        if known and text_digest(json.loads(source or b"")) != step.text:
            raise BundleError(
                f"the notebook {step.notebook} was edited after this run",
                where=f"{run.folder}, {key}",
                remedy=f"run it again: workbench run {run.study}",
            )


def _of_run(
    run: RunRecord, *, with_persons: bool
) -> tuple[dict[str, bytes], dict[str, dict[str, Any]]]:
    """Take the record, the executed notebooks and the results; not those with a row a person."""
    import pyarrow.parquet as pq

    files: dict[str, bytes] = {}
    left_out: dict[str, dict[str, Any]] = {}
    for path in sorted(run.folder.rglob("*")):
        inside = path.relative_to(run.folder)
        kept = inside.parts[0] in ("notebooks", "results", "used") or inside.name == "run.json"
        if not path.is_file() or not kept or inside.name.startswith("."):
            continue
        name, content = f"{RUN}/{inside.as_posix()}", path.read_bytes()
        if path.suffix == ".parquet" and not with_persons:
            schema = pq.read_schema(io.BytesIO(content))
            persons = [column for column in schema.names if column in _OF_PERSONS]
            if persons:
                rows = pq.read_metadata(io.BytesIO(content)).num_rows
                left_out[name] = {
                    "sha256": sha256(content),
                    "rows": rows,
                    "columns": schema.names,
                    "why": f"it has a row for each {persons[0]}",
                }
                continue
        files[name] = content
    return files, left_out


def _before(run: RunRecord, *, with_persons: bool) -> dict[str, bytes]:
    """Take what pages compare with of the last complete run before: its headline numbers.

    And, where rows of persons go along, those that it told of, to which the pages keep.
    """
    history = run.folder.parent
    folder, paths = last_complete(history, before=run.run), set[Path]()
    if folder is not None:
        paths |= {folder / "run.json", *folder.glob(f"results/*/{ESTIMATES}")}
    for own in run.folder.glob(f"results/*/*{TOLD}.parquet") if with_persons else ():
        place = own.relative_to(run.folder).as_posix()
        if told := last_with(history, place, before=run.run):
            paths |= {told, told.parents[2] / "run.json"}
    return {
        f"{BEFORE}/{path.relative_to(history).as_posix()}": path.read_bytes()
        for path in sorted(paths)
    }


# --- what must not go in ----------------------------------------------------------------------


def _refuse_people(study: Study, bundle: Bundle) -> list[str]:
    try:
        names = personal_texts(study)
    except WorkbenchError as error:
        # A run can be handed on where the raw tables are no longer at hand.
        return [f"it is not searched for customers: {error}"]
    found = dict(_people(bundle.files, names))
    if found:
        named = "; ".join(list(found)[:5])
        raise BundleError(
            f"customers can be recognised in {len(found)} places: {named}",
            where=str(bundle.path),
            remedy="take what shows them out of the notebook, and run the study again",
        )
    return []


def _people(files: Mapping[str, bytes], names: Collection[str]) -> Iterator[tuple[str, str]]:
    for name, content in files.items():
        if name.startswith((f"{RUN}/", f"{SITE}/")):
            for place, text in people_in(name, content, names):
                yield f"{name}, {place}" if place else name, text


def _told(run: RunRecord, root: Path) -> Iterator[str]:
    if run.status == "failed":
        failed = ", ".join(step.key for step in run.failures())
        yield f"the run failed in {failed}; their pages say so"
    if run.asked:
        yield f"the run was asked for {', '.join(run.asked)} alone"
    if run.commit.endswith("+"):
        yield "the code had changes that no commit has; its hash is in the bundle, its text is not"
    newest = last_run(run.folder.parent)
    if newest is not None and newest.run != run.run:
        yield f"it is not the newest run, which is {newest.run}"
    if not (root / LOCK.partition("/")[2]).is_file():
        yield "the project has no requirements.lock; the versions of the environment stand for it"


def _json(content: Any) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=1, default=str) + "\n").encode()
