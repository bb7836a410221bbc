"""Keeps cleaned tables on disk, so that the many kernels of a run need not clean them anew.

What is kept is what `Tables` gives out, and no more: tables without personal columns, with
pseudonyms for ids, and the cleaning report. It is filed under a hash of everything that decides
it: the card, the input files, these modules, the engine and the key of the pseudonyms.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import hashlib
import hmac
import json
import os
import platform
import secrets
import shutil
import time
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from workbench import trace
from workbench.data.clean import erasures
from workbench.data.clean.cleaner import Cleaner
from workbench.data.clean.questions import QuestionAnswers
from workbench.data.clean.report import Large, Linking, TableReport
from workbench.data.clean.selection import named_in
from workbench.data.engine import Engine
from workbench.data.people import invitations, pseudonyms, review
from workbench.data.sources.packaged import packaged_hash
from workbench.data.sources.source import file_hash
from workbench.errors import DataError, WorkbenchError
from workbench.study import Study, StudyError, find_root, is_large
from workbench.study.card import CACHE, IN_MEMORY

#: Where the tables of all studies are kept, below the root (or below a study outside any root).
PLACE = Path(CACHE) / "tables"
#: States of a study that are kept; the one longest unused goes first.
KEEP = 3
#: Seconds to wait for another process that is cleaning the same study.
PATIENCE = 120.0

_INDEX = "tables.json"
_REFUNDED = ".refunded"
_IN_USE = "in-use"
_TURN = "turn"
#: Locks of a state: who comes in or clears it away, and each reader's own; and seconds to wait at
#: the first. They are files of their own: where locks are made by being there, another is held.
_DOOR, _READER, _AT_THE_DOOR = "door", "reader-", 10
_ASIDE = ".aside-"
_FORGOTTEN = 86_400.0
#: Packages that have a say in what comes out of the cleaning.
PACKAGES = (
    "babel", "charset-normalizer", "duckdb", "ibis-framework", "pandas", "phonenumbers",
    "pyarrow", "python-calamine",
)  # fmt: skip


@dataclass(frozen=True)
class StoredTables:
    """Cleaned tables on disk.

    Attributes
    ----------
    folder : Path
        One Parquet file a table, and what the cleaning did.
    reports : dict
        Table -> its report. Tables that cannot be kept (from a database) are missing.
    linking : Linking
        How many records are of one person.
    """

    folder: Path
    reports: Mapping[str, TableReport]
    linking: Linking

    def rows(self, name: str) -> Path:
        """Give the Parquet file of a table."""
        return self.folder / f"{name}.parquet"

    def refunded(self, name: str) -> Path | None:
        """Give the file of a log's refunded purchases, where there are any."""
        path = self.folder / f"{name}{_REFUNDED}.parquet"
        return path if path.exists() else None


def find_or_make(study: Study, cleaner: Cleaner | None = None) -> StoredTables | None:
    """Give a study's cleaned tables from disk, cleaning and keeping them if they are not there.

    Of several processes that ask at once, one cleans and the others wait for it.

    Parameters
    ----------
    study : Study
        The card.
    cleaner : Cleaner, optional
        Who cleans them, and knows afterwards what was read; by default one with an engine of its
        own, which gives the memory back.

    Returns
    -------
    Kept or None
        None where nothing can be kept: tables in a database, a table that cannot be read (its
        error is raised when it is asked for), or no place to write to.
    """
    key = key_of(study)
    if key is None:
        return None
    home = home_of(study)
    try:
        found = _open(home / key)
        if found is not None:
            return found
        _prepare(home)
        with _turn(home):
            found = _open(home / key)
            if found is None and _make(study, home, home / key, cleaner):
                found = _open(home / key)
                _prune(home, home / key)
        return found
    except OSError:
        # A full disk or a folder that may not be written to: everything works without.
        return None


def find(study: Study) -> StoredTables | None:
    """Give a study's cleaned tables if they are on disk already."""
    key = key_of(study)
    if key is None:
        return None
    try:
        return _open(home_of(study) / key)
    except OSError:
        return None


def home_of(study: Study) -> Path:
    """Give the folder that keeps the states of a study's tables."""
    try:
        root = find_root(study.folder)
    except StudyError:
        root = study.folder
    return root / PLACE / study.name


def key_of(study: Study) -> str | None:
    """Hash everything that decides what the cleaned tables hold.

    Returns
    -------
    str or None
        None where that is not known: only the database can tell whether its tables changed.
    """
    with trace.quiet():  # `Tables` tells which tables and parts of the card are used
        return _key_of(study)


def _key_of(study: Study) -> str | None:
    customers = study.tables.get("customers")
    if not study.connection.startswith("duckdb:") or (customers and customers.sql is not None):
        return None
    files = _with_files(study)
    if not files:
        return None
    hashes = {name: _source_hash(study, name) for name in files}
    secret = pseudonyms.study_key(study)
    parts = {
        # A report names the files, so that a study in another place is another one.
        "folder": str(study.folder),
        "tables": [[name, card.model_dump(mode="json")] for name, card in study.tables.items()],
        "survey": _instrument(study),
        # of a table with a list of what may be shown, the columns that the card names are read
        "named": sorted(named_in(study))
        if any(card.publish is not None for card in study.tables.values())
        else [],
        "as_of": study.as_of.isoformat(),
        "seen": str(study.seen),
        "time_zone": study.time_zone,
        "linkage": study.linkage.model_dump(mode="json"),
        "decisions": review.fingerprint(study),
        "erased": erasures.fingerprint(study),
        "invited": invitations.fingerprint(study),
        "files": hashes,
        "sources": _sources(),
        "versions": _versions(),
        # One way only: nobody can find the key from its fingerprint.
        "pseudonyms": hmac.digest(secret, b"fingerprint of the key of kept tables", "sha256").hex(),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


@cache
def _versions() -> list[str]:
    return [platform.python_version(), *(version(package) for package in PACKAGES)]


#: Parts of the survey's card that have no say in how its answers are read.
_NOT_OF_CLEANING = {"items", "groups", "questions", "weights", "chain", "codebook"}


def _instrument(study: Study) -> list[object] | None:
    """Give what the card says about the survey and the cleaning goes by."""
    asked = study.survey
    if asked is None:
        return None
    said = asked.model_dump(mode="json", exclude=_NOT_OF_CLEANING)
    return [said, list(asked.codes), sorted(asked.model_fields_set)]


@cache
def _sources() -> str:
    """Hash the modules that clean, and those that read the card."""
    return _digest_of_modules(Path(__file__).parents[2])


def _digest_of_modules(package: Path) -> str:
    """Hash every module of the rooms `data` and `study`, sub-rooms too, and what lies below."""
    rooms = [path for room in ("data", "study") for path in (package / room).rglob("*.py")]
    digest = hashlib.sha256()
    for path in sorted([*rooms, *package.glob("*.py")]):
        digest.update(f"{path.relative_to(package).as_posix()}:{file_hash(path)}\n".encode())
    return digest.hexdigest()


def _with_files(study: Study) -> list[str]:
    return [n for n, card in study.tables.items() if card.sql is None]


def _source_hash(study: Study, name: str) -> str | None:
    """Hash a table's files; None where they are not there."""
    card = study.tables[name]
    if card.package is not None:
        try:
            return packaged_hash(card.package.name, card.package.table, where=name)
        except DataError:
            return None
    path = study.file_of(name)
    return file_hash(path) if path.is_file() else None


# --- reading --------------------------------------------------------------------------------------


def _open(folder: Path) -> StoredTables | None:
    """Open a state; one that is damaged is cleared away."""
    if not (folder / _IN_USE).is_file():
        _clear(folder)
        return None
    try:
        hold = _held(folder)
    except Timeout:
        return None
    try:
        index = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
        for name, (size, sha256) in index["files"].items():
            path = folder / f"{name}.parquet"
            if path.stat().st_size != size or file_hash(path) != sha256:
                raise ValueError(name)
        reports = {name: _report(given) for name, given in index["reports"].items()}
        kept = StoredTables(folder, reports, Linking.read(index["linking"]))
    except (OSError, ValueError, KeyError, TypeError):
        _let_go(hold)
        _clear(folder)
        return None
    os.utime(folder / _IN_USE)
    # Held as long as the tables are, so that nobody clears them away meanwhile.
    weakref.finalize(kept, _let_go, hold)
    return kept


def _held(folder: Path) -> FileLock:
    """Take a reader's own lock of a state, while nobody clears it away."""
    with FileLock(folder / _DOOR, mode=0o600).acquire(timeout=_AT_THE_DOOR):
        name = f"{_READER}{os.getpid()}-{secrets.token_hex(4)}"
        own = FileLock(folder / name, thread_local=False)  # let go by whoever comes last
        own.acquire(timeout=0)
        return own


def _let_go(own: FileLock) -> None:
    own.release()
    with contextlib.suppress(OSError):
        Path(own.lock_file).unlink(missing_ok=True)


def _is_read(folder: Path) -> bool:
    """Tell whether somebody reads a state; those who were killed do not."""
    for path in folder.glob(f"{_READER}*"):
        try:
            with FileLock(path).acquire(timeout=0):
                continue
        except Timeout:
            return True
    return False


def _report(given: dict[str, Any]) -> TableReport:
    for name in ("first", "last"):
        given[name] = dt.date.fromisoformat(given[name]) if given[name] else None
    for name in ("rules", "hidden", "notes"):
        given[name] = tuple(given[name])
    given["refunds"] = {rule: (n, total) for rule, (n, total) in given["refunds"].items()}
    given["examples"] = {reason: (row, what) for reason, (row, what) in given["examples"].items()}
    given["large"] = tuple(Large(**each) for each in given["large"])
    given["questions"] = tuple(QuestionAnswers.of(each) for each in given["questions"])
    return TableReport(**given)


# --- writing --------------------------------------------------------------------------------------


def _make(study: Study, home: Path, target: Path, cleaner: Cleaner | None) -> bool:
    """Clean the tables and file them; tell whether that worked."""
    own = cleaner is None
    cleaner = Cleaner(study, Engine(study, IN_MEMORY)) if cleaner is None else cleaner
    engine = cleaner.engine
    aside = home / f"{_ASIDE}{os.getpid()}-{secrets.token_hex(4)}"
    aside.mkdir()
    try:
        index: dict[str, Any] = {"files": {}, "reports": {}}
        large = is_large(study)
        for name in _with_files(study):
            path = aside / f"{name}.parquet"
            expr, report = cleaner.to_write(name) if large else cleaner.cleaned(name)
            engine.write_parquet(expr, path)
            if engine.parquet(path).schema() != expr.schema():
                continue  # a type that Parquet does not have
            index["files"][name] = (path.stat().st_size, file_hash(path))
            index["reports"][name] = dataclasses.asdict(report)
            if name in cleaner.refunded:
                path = aside / f"{name}{_REFUNDED}.parquet"
                engine.write_parquet(cleaner.refunded[name], path)
                index["files"][path.stem] = (path.stat().st_size, file_hash(path))
        index["linking"] = dataclasses.asdict(cleaner.linking)
        # The files may have changed since the key was made; then this is no state of that key.
        if key_of(study) != target.name:
            return False
        (aside / _IN_USE).touch()
        text = json.dumps(index, ensure_ascii=False, default=_plain, indent=1)
        (aside / _INDEX).write_text(text, encoding="utf-8")
        for path in aside.iterdir():
            path.chmod(0o600)
        aside.chmod(0o700)
        # Where another process was first, the folder is there and this fails: theirs is as good.
        with contextlib.suppress(OSError):
            aside.rename(target)
        return True
    except WorkbenchError:
        return False
    finally:
        if own:
            engine.close()
        shutil.rmtree(aside, ignore_errors=True)


def _plain(value: Any) -> Any:
    if isinstance(value, dt.date):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def _prepare(home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    ignore = home.parent / ".gitignore"
    if not ignore.exists():
        ignore.write_text("# Made by the workbench; safe to delete.\n*\n", encoding="utf-8")


@contextlib.contextmanager
def _turn(home: Path) -> Iterator[None]:
    """Wait until no other process is cleaning this study (or go ahead when that takes too long)."""
    turn = FileLock(home / _TURN, mode=0o600)
    with contextlib.suppress(Timeout):
        turn.acquire(timeout=PATIENCE)
    try:
        yield
    finally:
        turn.release()


def _prune(home: Path, newest: Path) -> None:
    """Clear away old states that nobody reads, and what killed processes left."""
    states = []
    for folder in home.iterdir():
        if folder.name.startswith(_ASIDE):
            if time.time() - folder.stat().st_mtime > _FORGOTTEN:
                shutil.rmtree(folder, ignore_errors=True)
        elif folder.is_dir() and folder != newest:
            used = folder / _IN_USE
            states.append((used.stat().st_mtime if used.exists() else 0.0, folder))
    for _, folder in sorted(states, reverse=True)[KEEP - 1 :]:
        if not (folder / _IN_USE).is_file():
            _clear(folder)
            continue
        with contextlib.suppress(Timeout), FileLock(folder / _DOOR, mode=0o600).acquire(timeout=0):
            if not _is_read(folder):
                _clear(folder)


def _clear(folder: Path) -> None:
    """Take a state away at once, so that nobody finds half of it."""
    gone = folder.with_name(f"{_ASIDE}{os.getpid()}-{secrets.token_hex(4)}")
    with contextlib.suppress(OSError):
        folder.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)
