"""The notebooks and what each needs: pipeline.yml, read and checked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import yaml

from workbench.errors import WorkbenchError, suggest

FILE = "pipeline.yml"
EVERYTHING = "*"
_COLUMN = re.compile(r"[A-Za-z_]\w*\.\w+")
#: Sections of a study that have an entry for each execution, and the parameter each sets.
FOR_EACH = {"cases": "case"}
#: The parameter that an execution for one value of a column sets.
GROUP = "group"
SECTIONS = ("alerts", "cases", "goals", "survey", "published")


class PipelineError(WorkbenchError):
    """A pipeline.yml that cannot be used."""


@dataclass(frozen=True)
class Entry:
    """What one notebook needs, as pipeline.yml says it.

    Attributes
    ----------
    notebook : str
        Its name; the file is ``<notebook>.ipynb`` beside pipeline.yml.
    path : Path
        The file.
    tables, any_tables : tuple of str
        Tables of which the study must have all, or one at least.
    study : tuple of str
        Sections of study.yml that must be filled in.
    needs, after : tuple of str
        Notebooks that must have succeeded, or only ended.
    for_each : str or None
        Section with one execution an entry, or column of a table (``customers.region``) with one
        a value that may be shown by itself.
    gives : mapping of str to tuple of str
        Results that must be there afterwards, and their columns.
    """

    notebook: str
    path: Path
    tables: tuple[str, ...] = ()
    any_tables: tuple[str, ...] = ()
    study: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    for_each: str | None = None
    gives: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def column(self) -> str | None:
        """The table and column of which each value has an execution, if that is what is asked."""
        return self.for_each if self.for_each is not None and "." in self.for_each else None

    @property
    def waits(self) -> tuple[str, ...]:
        """The notebooks that come before this one."""
        return tuple(dict.fromkeys((*self.needs, *self.after)))


def load_pipeline(folder: Path) -> dict[str, Entry]:
    """Read ``pipeline.yml`` of a folder of notebooks.

    Parameters
    ----------
    folder : Path
        The folder with the notebooks.

    Returns
    -------
    dict of str to Entry
        By notebook, so that each comes after those it waits for.

    Raises
    ------
    PipelineError
        If the file is missing or wrong: an unknown key or notebook, a notebook without a file,
        or a circle.
    """
    path = folder / FILE
    if not path.is_file():
        raise PipelineError("there is no such file", where=str(path), remedy="write one")
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise PipelineError(f"not YAML: {error}", where=str(path), remedy="mend it") from None
    if not isinstance(raw, dict) or not raw:
        raise PipelineError(
            "no notebooks in it", where=str(path), remedy="give each notebook an entry"
        )
    entries = {str(name): _entry(str(name), content, path) for name, content in raw.items()}
    for entry in entries.values():
        for key in ("needs", "after"):
            for other in getattr(entry, key):
                if other != EVERYTHING or key == "needs":
                    _known(other, entries, f"{path}, {entry.notebook}.{key}", "notebook")
        if not entry.path.is_file():
            raise PipelineError(
                f"notebook {entry.notebook!r} has no file {entry.path.name}",
                where=str(path),
                remedy=suggest(entry.notebook, sorted(p.stem for p in folder.glob("*.ipynb"))),
            )
    entries = _with_everything(entries)
    try:
        TopologicalSorter({n: e.waits for n, e in entries.items()}).prepare()
    except CycleError as error:
        circle = " -> ".join(reversed(error.args[1]))
        raise PipelineError(
            f"the notebooks wait for one another in a circle: {circle}",
            where=str(path),
            remedy="take one of these out of `needs` or `after`",
        ) from None
    return {name: entries[name] for name in _in_order(entries, entries)}


def _in_order(names: Iterable[str], entries: Mapping[str, Entry]) -> dict[str, None]:
    """Keep the file's order, which is the readers', but put each after those it waits for."""
    order: dict[str, None] = {}
    for name in names:
        order |= _in_order(entries[name].waits, entries)
        order[name] = None
    return order


def _entry(name: str, content: Any, path: Path) -> Entry:
    where = f"{path}, {name}"
    if not name.isidentifier():
        raise PipelineError(
            f"{name!r} cannot name a notebook",
            where=str(path),
            remedy="use letters, digits and underscores: names appear in addresses and keys",
        )
    if content is None:
        content = {}
    if not isinstance(content, dict):
        raise PipelineError(
            f"the entry is a {type(content).__name__}, not a mapping",
            where=where,
            remedy="write `tables: [...]`, `needs: [...]`, ... below it, or {}",
        )
    keys = ("tables", "any_tables", "study", "needs", "after", "for_each", "gives")
    for key in content:
        _known(str(key), keys, where, "key")
    lists = {key: _names(content.get(key), f"{where}.{key}") for key in keys[:5]}
    for section in lists["study"]:
        _known(section, SECTIONS, f"{where}.study", "section")
    for_each = content.get("for_each")
    if for_each is not None and not _COLUMN.fullmatch(str(for_each)):
        _known(str(for_each), tuple(FOR_EACH), f"{where}.for_each", "section")
    gives = content.get("gives") or {}
    if not isinstance(gives, dict):
        raise PipelineError(
            "`gives` is not a mapping",
            where=where,
            remedy="write `gives: {result: [column, ...]}`",
        )
    return Entry(
        notebook=name,
        path=path.parent / f"{name}.ipynb",
        for_each=for_each,
        gives={str(k): _names(v, f"{where}.gives.{k}") for k, v in gives.items()},
        **lists,
    )


def _names(content: Any, where: str) -> tuple[str, ...]:
    if content is None:
        return ()
    if isinstance(content, str):
        return (content,)
    if isinstance(content, list) and all(isinstance(each, str) for each in content):
        return tuple(content)
    raise PipelineError(f"{content!r} is not a list of names", where=where, remedy="write [a, b]")


def _with_everything(entries: Mapping[str, Entry]) -> dict[str, Entry]:
    """Spell ``after: "*"`` out: all the others, but not those which wait for this one."""
    explicit = {
        name: {other for other in entry.waits if other != EVERYTHING}
        for name, entry in entries.items()
    }

    def before(name: str) -> set[str]:
        seen: set[str] = set()
        ahead = [name]
        while ahead:
            for other in explicit[ahead.pop()] - seen:
                seen.add(other)
                ahead.append(other)
        return seen

    spelled = {}
    for name, entry in entries.items():
        after = entry.after
        if EVERYTHING in after:
            others = [
                other
                for other in entries
                if other != name
                and name not in before(other)
                and EVERYTHING not in entries[other].after
            ]
            after = tuple(dict.fromkeys([*(o for o in after if o != EVERYTHING), *others]))
        spelled[name] = Entry(**{**vars(entry), "after": after})
    return spelled


def _known(name: str, known: Iterable[str], where: str, what: str) -> None:
    known = list(known)
    if name not in known:
        raise PipelineError(
            f"unknown {what} {name!r}",
            where=where,
            remedy=suggest(name, known),
        )
