"""What the site reads of a study and its runs: the newest run, and the last good page of each notebook."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from workbench.site.errors import SiteError
from workbench.site.words import BASE

GOOD = ("done", "cached")
LANDING = "overview"


@dataclass(frozen=True)
class Card:
    """What the site says about a study, whatever else its card holds.

    Attributes
    ----------
    name : str
        Folder under ``data/``.
    title, description, origin : mapping of str to str
        A text for each language.
    languages : tuple of str
        Languages the study is reported in.
    simulated : bool
        Whether every page must say that the data are made up.
    cases : mapping of str to mapping
        Titles of the cases, for the index of a notebook that runs once a case.
    """

    name: str
    title: Mapping[str, str]
    description: Mapping[str, str] = field(default_factory=dict)
    origin: Mapping[str, str] = field(default_factory=dict)
    licence: str = ""
    languages: tuple[str, ...] = (BASE,)
    simulated: bool = False
    time_zone: str = "UTC"
    cases: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """One execution of a notebook, as the newest run tells it, and where its last good page is.

    Attributes
    ----------
    key : str
        ``clv``, or ``case_evaluation-service_desk`` where a notebook runs once a case.
    notebook : str
        The notebook's own name.
    case : str
        The case, or nothing.
    status : str
        ``done``, ``cached``, ``failed`` or ``skipped``.
    page : Path or None
        The executed notebook of the newest run in which it was good.
    source : Mapping
        The ``run.json`` that `page` belongs to.
    """

    key: str
    notebook: str
    case: str
    status: str
    reason: Mapping[str, str]
    about: Mapping[str, Any]
    page: Path | None
    source: Mapping[str, Any]


@dataclass(frozen=True)
class Record:
    """A study with its newest run."""

    card: Card
    run: Mapping[str, Any]
    folder: Path
    entries: tuple[Entry, ...]

    @property
    def run_id(self) -> str:
        """The run's own name, which is also its folder's."""
        return str(self.run.get("run") or self.run.get("id") or self.folder.name)


def texts(value: object, fallback: str = "") -> dict[str, str]:
    """Read a text that may be plain or one for each language."""
    if isinstance(value, Mapping):
        return {str(k): str(v) for k, v in value.items() if v}
    return {BASE: str(value)} if value else ({BASE: fallback} if fallback else {})


def pick(value: Mapping[str, str], language: str) -> str:
    """Return a text in a language, else in English, else in whatever there is."""
    return value.get(language) or value.get(BASE) or next(iter(value.values()), "")


def read_card(path: Path) -> Card:
    """Read of ``study.yml`` only what the site shows; `workbench.study` validates the whole of it.

    Raises
    ------
    SiteError
        When the card is missing or is no YAML mapping.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise SiteError(
            f"the study's card cannot be read: {error}",
            where=str(path),
            remedy=f"run `workbench check {path.parent.name}`",
        ) from error
    if not isinstance(raw, Mapping):
        raise SiteError("the study's card is empty", where=str(path))
    name = path.parent.name
    cases = raw.get("cases") or []
    return Card(
        name=name,
        title=texts(raw.get("title"), name),
        description=texts(raw.get("description")),
        origin=texts(raw.get("origin")),
        licence=str(raw.get("licence") or ""),
        languages=tuple(str(x) for x in raw.get("languages") or (BASE,)),
        simulated=bool(raw.get("simulated")),
        time_zone=str(raw.get("time_zone") or "UTC"),
        cases={str(c["name"]): texts(c.get("title"), str(c["name"])) for c in cases if "name" in c},
    )


def runs_of(folder: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield a study's complete runs, newest first; run names begin with their moment."""
    for path in sorted(folder.glob("[0-9]*/run.json"), reverse=True):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(record, Mapping) and isinstance(record.get("notebooks"), Mapping):
            yield path.parent, record


def read_record(root: Path, study: str) -> Record | None:
    """Return a study with its newest run, or nothing where no run has finished.

    Parameters
    ----------
    root : Path
        The project.
    study : str
        Name of a folder under ``data/``.
    """
    runs = list(runs_of(root / "runs" / study))
    if not runs:
        return None
    folder, newest = runs[0]
    card = read_card(root / "data" / study / "study.yml")
    entries = tuple(
        _entry(key, about, runs) for key, about in newest["notebooks"].items() if about is not None
    )
    return Record(card, newest, folder, entries)


def _entry(key: str, about: Mapping[str, Any], runs: list[tuple[Path, Mapping[str, Any]]]) -> Entry:
    case = str(about.get("case") or "")
    notebook = str(about.get("notebook") or "")
    if not notebook:
        notebook, _, tail = key.partition("-")
        case = case or tail
    page, source = _last_good(key, runs)
    return Entry(
        key=key,
        notebook=notebook,
        case=case,
        status=str(about.get("status") or "failed"),
        reason=texts(about.get("reason")),
        about=about,
        page=page,
        source=source,
    )


def _last_good(
    key: str, runs: list[tuple[Path, Mapping[str, Any]]]
) -> tuple[Path | None, Mapping[str, Any]]:
    for folder, record in runs:
        about = record["notebooks"].get(key) or {}
        page = folder / "notebooks" / f"{key}.ipynb"
        if about.get("status") in GOOD and page.is_file():
            return page, record
    return None, runs[0][1]


def studies_with_runs(root: Path) -> list[str]:
    """Name the studies that have a card and a finished run, in the order of their names."""
    found = []
    for card in sorted((root / "data").glob("*/study.yml")):
        if next(runs_of(root / "runs" / card.parent.name), None) is not None:
            found.append(card.parent.name)
    return found
