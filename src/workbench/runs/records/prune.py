"""Which runs may go: by age, count and size; never what the site shows or the next run needs."""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from workbench.errors import WorkbenchError
from workbench.runs.records.record import (
    REMOVED,
    RunRecord,
    histories,
    last_complete,
    last_good,
    list_runs,
    lock,
    run_folders,
)

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


class RetentionError(WorkbenchError):
    """A rule of retention that says nothing."""


@dataclass(frozen=True)
class Pruned:
    """What a retention removed, or would.

    Attributes
    ----------
    gone : tuple of str
        Ids of the runs, with ``as_of/`` or ``sweeps/`` before those that lie there.
    freed : int
        Bytes, of files that no run that stays shares with them.
    kept : dict of str to str
        Why each of the others stays.
    """

    gone: tuple[str, ...]
    freed: int
    kept: dict[str, str]

    def said(self, only: bool = False) -> str:
        """Say it in lines; `only` for what was not done."""
        would = "would remove" if only else "removed"
        lines = [
            f"{would} {len(self.gone)} runs ({self.freed / 1e6:,.1f} MB), {len(self.kept)} stay"
        ]
        lines += [f"  {would} {name}" for name in self.gone]
        return "\n".join([*lines, *(f"  {name} stays: {why}" for name, why in self.kept.items())])


def prune(
    folder: Path,
    now: datetime,
    *,
    older: timedelta | None = None,
    most: int | None = None,
    size: int | None = None,
    only_say: bool = False,
) -> Pruned:
    """Remove runs of a study that a rule lets go: those too old, beyond a count, or too large.

    Runs that see the study on earlier days, and sweeps, go by the same rules, counted apart; the
    size is that of all together.

    What stays whatever the rules say: the newest run, the runs whose pages the site still shows for
    notebooks that failed since, the complete runs that the newest is compared with, and runs that
    cannot be read.

    Parameters
    ----------
    folder : Path
        ``runs/<study>``.
    now : datetime
        The present moment, with a time zone.
    older : timedelta, optional
        Age beyond which a run goes.
    most : int, optional
        Runs that stay at most, the newest.
    size : int, optional
        Bytes of all runs together; the oldest go until they fit.
    only_say : bool
        Remove nothing.

    Raises
    ------
    RetentionError
        When there is no rule.
    BusyError
        When a run of the study is under way.
    """
    if older is None and most is None and size is None:
        raise RetentionError(
            "nothing says which runs may go",
            remedy="give --older-than 90d, --keep 30, --max-size 5G, or several",
        )
    if not folder.is_dir():
        return Pruned((), 0, {})
    places = histories(folder)
    with ExitStack() as locked:
        for place in places:
            locked.enter_context(lock(place))
        kept: dict[str, str] = {}
        runs, gone, free = list[RunRecord](), list[RunRecord](), list[RunRecord]()
        for place in places:
            there = list_runs(place)
            own = _needed(there, place)
            for rank, run in enumerate(there):
                if run.run in own:
                    continue
                young = older is None or now - datetime.fromisoformat(run.finished) <= older
                few = most is None or rank < most
                if young and few:
                    own[run.run] = "no rule lets it go"
                    free.append(run)
                else:
                    gone.append(run)
            kept |= {f"{_named(place, folder)}{name}": why for name, why in own.items()}
            runs += there
        if size is not None:
            gone = _until_it_fits(runs, gone, free, size)
        freed = _freed([run.folder for run in gone])
        for run in reversed(gone):
            if not only_say:
                _remove(run.folder)
    names = tuple(f"{_named(run.folder.parent, folder)}{run.run}" for run in gone)
    return Pruned(names, freed, {name: why for name, why in kept.items() if name not in names})


def _named(place: Path, folder: Path) -> str:
    """Say where runs lie that are not the present's, such as ``as_of/``."""
    return "" if place == folder else f"{place.relative_to(folder).as_posix()}/"


def read_size(text: str) -> int:
    """Read a number of bytes, such as ``500M`` or ``2GB``.

    Raises
    ------
    RetentionError
        If it is none.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)i?B?\s*", text, re.IGNORECASE)
    if not found:
        raise RetentionError(f"{text!r} is no size", remedy="write it like 500M or 2G")
    return int(float(found[1]) * _UNITS[found[2].upper()])


def read_span(text: str) -> timedelta:
    """Read a span of time, such as ``36h``, ``90d`` or ``12w``; a bare number counts days.

    Raises
    ------
    RetentionError
        If it is none.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([hdw]?)\s*", text, re.IGNORECASE)
    if not found:
        raise RetentionError(f"{text!r} is no span of time", remedy="write it like 36h, 90d or 12w")
    hours = {"h": 1, "": 24, "d": 24, "w": 168}[found[2].lower()]
    try:
        return timedelta(hours=float(found[1]) * hours)
    except OverflowError:
        raise RetentionError(f"{text!r} is too long", remedy="write it like 90d") from None


def _needed(runs: Sequence[RunRecord], folder: Path) -> dict[str, str]:
    """Name the runs that no rule may take, and why."""
    needed: dict[str, str] = {}
    for each in run_folders(folder):
        if each.name not in {run.run for run in runs}:
            needed[each.name] = "it cannot be read"
    if not runs:
        return needed
    newest = runs[0]
    needed[newest.run] = "it is the newest"
    for key in newest.notebooks:
        shown = last_good(runs, key)
        if shown is not None:
            needed.setdefault(shown.run, f"the site shows its page {key}")
    for before in (newest.run, ""):
        complete = last_complete(folder, before=before)
        if complete is not None:
            needed.setdefault(complete.name, "the newest run is compared with it")
    return needed


def _until_it_fits(
    runs: Sequence[RunRecord], gone: Sequence[RunRecord], free: Sequence[RunRecord], size: int
) -> list[RunRecord]:
    """Let the oldest runs go that may, until the rest is no larger than that."""
    leaving = list(gone)
    for run in sorted(free, key=lambda each: each.finished):
        staying = [each.folder for each in runs if each not in leaving]
        if _bytes(staying) <= size:
            break
        leaving.append(run)
    return sorted(leaving, key=runs.index)


def _files(folders: Sequence[Path]) -> list[os.stat_result]:
    return [path.lstat() for folder in folders for path in folder.rglob("*") if not path.is_dir()]


def _bytes(folders: Sequence[Path]) -> int:
    """Add the files up, one that several runs share once."""
    return sum({(s.st_dev, s.st_ino): s.st_size for s in _files(folders)}.values())


def _freed(folders: Sequence[Path]) -> int:
    stats = _files(folders)
    links = Counter((s.st_dev, s.st_ino) for s in stats)
    alone = {(s.st_dev, s.st_ino): s for s in stats if s.st_nlink <= links[s.st_dev, s.st_ino]}
    return sum(each.st_size for each in alone.values())


def _remove(folder: Path) -> None:
    # Renamed first: a removal that is broken off leaves no half of a run, only what is swept up.
    aside = folder.with_name(f"{REMOVED}{folder.name}")
    folder.rename(aside)
    shutil.rmtree(aside, ignore_errors=True)
