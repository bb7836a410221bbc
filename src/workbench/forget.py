"""Take a person out of a study: from its tables for good, from what was kept, and on the record."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workbench.bundle.parts import BundleError, read_bundle
from workbench.data.clean.erasures import OWNERS, add_erasure, path_of, read_erasures
from workbench.data.people.review import forget_pairs
from workbench.data.store.cache import home_of
from workbench.data.tables import open_tables
from workbench.errors import DataError
from workbench.runs.records.handover import digest_results
from workbench.runs.records.record import histories, history_of, lock, run_folders, write_json
from workbench.runs.reuse.used import file_digest
from workbench.site.editions.archive import ARCHIVE
from workbench.site.publish import SITE
from workbench.study import Study

REGISTER = "erasures.jsonl"


@dataclass
class Forgotten:
    """What was done about one person, and what is left for others to do.

    Attributes
    ----------
    study : str
        The study.
    listed : bool
        Whether the person was put on the list now, and not before.
    ids : int
        Under how many ids the files have the person.
    raw : list of str
        Raw files with the person's rows, for their owner to change.
    rebuilt : list of str
        Results that were written anew without the person's rows.
    aggregates : list of str
        Runs, editions and bundles whose numbers the person is still in.
    withdrawn : list of str
        Earlier editions that were taken off the site.
    """

    study: str
    listed: bool
    ids: int
    raw: list[str] = field(default_factory=list)
    rebuilt: list[str] = field(default_factory=list)
    aggregates: list[str] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        done = "is on the list of the erased" if self.listed else "was on the list already"
        lines = [f"{self.study}: the person {done}, under {self.ids} ids; no reader gives the rows"]
        for title, items in (
            ("raw files that still hold the person, for their owner to change", self.raw),
            ("results written anew without the person", self.rebuilt),
            ("earlier editions taken off the site", self.withdrawn),
            ("numbers that the person is still in; they stay until they are replaced or withdrawn",
             self.aggregates),
        ):  # fmt: skip
            if items:
                lines += [f"{title}:", *(f"  {each}" for each in items)]
        return "\n".join([*lines, f"next: workbench report {self.study}"])


def forget(
    study: Study,
    root: Path,
    given: str,
    *,
    now: datetime,
    absent: bool = False,
    withdraw: bool = False,
) -> Forgotten:
    """Erase a person from a study.

    Parameters
    ----------
    study : Study
        The study's card.
    root : Path
        The project.
    given : str
        An id of the person, as the study's files have it.
    now : datetime
        When.
    absent : bool
        Whether to put an id on the list that no file has now: a file of before may bring it back.
    withdraw : bool
        Whether to take the study's earlier editions off the site: the person is in their numbers,
        and beside an edition without the person they would tell what the person had.

    Raises
    ------
    DataError
        If no file has the id, and nothing says that this is meant.
    """
    tables = open_tables(study, cache=False)
    found = next((each for owner in OWNERS if (each := tables.traces_of(owner, given)).rows), None)
    if found is None:
        found = tables.traces_of(OWNERS[0], given)
        known = found.hashes & read_erasures(study).hashes
        if not known and not absent:
            raise DataError(
                f"no table of {study.name} has the id {given!r}",
                where=str(study.path),
                remedy="give the id as the files have it; to keep out an id that a file of before"
                " may bring back, say --absent",
            )
    day = now.astimezone(UTC).date()
    report = Forgotten(study.name, add_erasure(study, found.hashes, day), len(found.ids))
    for name, (rows, places) in found.rows.items():
        card = study.tables[name]
        source = str(study.file_of(name)) if card.path is not None else f"the source of {name}"
        shown = ", ".join(map(str, places)) + (", ..." if rows > len(places) else "")
        report.raw.append(f"{source}: {rows} rows ({shown})")
    forget_pairs(study, found.ids)
    shutil.rmtree(home_of(study), ignore_errors=True)
    history = history_of(root, study.name)
    homes = histories(history)
    for home in homes:
        with lock(home):
            for folder in [*run_folders(home), *home.glob("_lab/")]:
                report.rebuilt += _rebuild(folder, found.pseudonyms, now)
    if withdraw:
        for edition in _editions(study, root):
            shutil.rmtree(edition)
            report.withdrawn.append(f"{ARCHIVE}/{edition.name}")
    report.aggregates += _aggregates(study, root, homes, found.pseudonyms)
    _register(history, study, report, now)
    return report


# --- what was kept ----------------------------------------------------------------------------


def _rebuild(folder: Path, pseudonyms: frozenset[str], now: datetime) -> Iterator[str]:
    """Write the results of a run anew that have a row of the person, and their digests."""
    import pandas as pd
    import pyarrow.parquet as pq

    changed: set[str] = set()
    for path in sorted(folder.glob("results/*/*.parquet")):
        columns = [c for c in pq.read_schema(path).names if c in OWNERS]
        if not columns:
            continue
        frame = pd.read_parquet(path)
        theirs = frame[columns].isin(pseudonyms).any(axis=1)
        if not theirs.any():
            continue
        before = file_digest(path)
        aside = path.with_name(f".{path.name}.new")
        frame[~theirs].reset_index(drop=True).to_parquet(aside, index=False)
        aside.chmod(0o600)
        aside.replace(path)
        changed.add(path.parent.name)
        entry = {
            "on": now.astimezone(UTC).isoformat(timespec="seconds"),
            "run": folder.name,
            "result": f"{path.parent.name}/{path.name}",
            "rows": int(theirs.sum()),
            "sha256_before": before,
            "sha256": file_digest(path),
        }
        _append(folder.parent / REGISTER, entry)
        yield f"{folder.name}, {entry['result']}: {entry['rows']} rows"
    record = folder / "run.json"
    if changed and record.is_file():
        content = json.loads(record.read_text(encoding="utf-8"))
        for key in changed & set(content["notebooks"]):
            content["notebooks"][key]["results"] = digest_results(folder / "results" / key)
        write_json(record, content)


def _aggregates(
    study: Study, root: Path, homes: Sequence[Path], pseudonyms: frozenset[str]
) -> Iterator[str]:
    """List what holds numbers that the person is in; it is for people to decide about it."""
    for folder in (run for home in homes for run in run_folders(home)):
        named = [
            path.name
            for path in sorted(folder.glob("notebooks/*.ipynb"))
            if _names(path, pseudonyms)
        ]
        more = f", and {', '.join(named)} shows the pseudonym" if named else ""
        yield f"run {folder.name}{more}"
    site = root / SITE
    if any(site.glob(f"**/studies/{study.name}/*.html")):
        pages = [p for p in site.glob("**/*.html") if _names(p, pseudonyms)]
        named = [str(path.relative_to(site)) for path in sorted(pages)]
        more = f", and {', '.join(named)} shows the pseudonym" if named else ""
        yield f"the published site{more}"
    for edition in _editions(study, root):
        yield f"the edition {ARCHIVE}/{edition.name} (--withdraw takes it off the site)"
    for path in sorted({*root.glob("*.zip"), *Path.cwd().glob("*.zip")}):
        try:
            facts = read_bundle(path).facts
        except BundleError:
            continue
        if facts["study"] == study.name:
            yield f"bundle {path.name} of run {facts['run']} (data: {facts['data']})"


def _editions(study: Study, root: Path) -> list[Path]:
    """List the earlier editions that a site keeps of a study."""
    kept = sorted((root / SITE / ARCHIVE).glob("*/"))
    return [each for each in kept if any(each.glob(f"**/studies/{study.name}"))]


def _names(path: Path, pseudonyms: frozenset[str]) -> bool:
    text = path.read_text(encoding="utf-8", errors="replace")
    return any(one in text for one in pseudonyms)


def _register(history: Path, study: Study, report: Forgotten, now: datetime) -> None:
    history.mkdir(parents=True, exist_ok=True)
    entry: dict[str, Any] = {
        "on": now.astimezone(UTC).isoformat(timespec="seconds"),
        "list": path_of(study).name,
        "people": read_erasures(study).people,
        "raw_files": len(report.raw),
        "results": len(report.rebuilt),
        "aggregates": report.aggregates,
        "withdrawn": report.withdrawn,
    }
    _append(history / REGISTER, entry)


def _append(path: Path, entry: Any) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry, ensure_ascii=False) + "\n")
