"""Lays out a project from the installed package, and brings newer files in beside edits."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import workbench
from workbench.new.columns.proposal import StarterError

#: What a project is made of; the wheel carries it in ``workbench/project``.
PARTS = ("notebooks", "reports", "_quarto.yml", "_quarto-en.yml", "_quarto-zh.yml")
_RECORD = Path(".workbench") / "laid_out.json"
_LEFT_OUT = {"studies", "images", "__pycache__", ".ipynb_checkpoints"}
_IGNORED = """\
.venv/
.cache/
/data/*/private/
.ipynb_checkpoints/
# what runs and publishing make
/runs/
/_site/
/_site.*/
/.site/
/reports/**/studies/
/reports/**/_studies.html
/reports/theme/han.css
.studies.*
._studies.*
"""


@dataclass
class ProjectFiles:
    """What laying out or upgrading did, file by file.

    Attributes
    ----------
    added, replaced, removed : list of str
        Files that are new, were brought up to date (nobody had edited them), or that the package
        no longer has.
    beside : list of str
        Newer files that were laid beside edited ones, as ``name.new.ipynb``.
    """

    folder: Path
    added: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Say it in lines."""
        lines = []
        if self.added:
            lines.append(f"{len(self.added)} files laid out in {self.folder}")
        if self.replaced:
            lines.append(f"brought up to date: {', '.join(self.replaced)}")
        lines += [f"you edited {_edited(name)}; the newer one lies beside it: {name}"
                  for name in self.beside]  # fmt: skip
        lines += [f"no longer part of the workbench, and left alone: {n}" for n in self.removed]
        return "\n".join(lines) or "everything is up to date"


def lay_out(folder: Path) -> ProjectFiles:
    """Make a project: notebooks, pipeline, pages, an empty ``data/``.

    Parameters
    ----------
    folder : Path
        Where; made if it is not there.

    Raises
    ------
    StarterError
        If something of a project lies there already.
    """
    there = [name for name in (*PARTS, "data", str(_RECORD)) if (folder / name).exists()]
    if there:
        raise StarterError(
            f"there is {' and '.join(there[:3])} already",
            where=str(folder),
            remedy="choose another folder; what `workbench init` laid out is brought up to date by"
            " `workbench upgrade`",
        )
    changes, record = ProjectFiles(folder), {}
    for name, path in _shipped():
        _copy(path, folder / name)
        record[name] = _digest(path)
        changes.added.append(name)
    for empty in ("data", "presets"):
        (folder / empty).mkdir(parents=True, exist_ok=True)
    if not (folder / ".gitignore").exists():
        (folder / ".gitignore").write_text(_IGNORED, encoding="utf-8")
    _write_record(folder, record)
    return changes


def upgrade(folder: Path) -> ProjectFiles:
    """Bring a project's files up to the installed package, never over an edit.

    Parameters
    ----------
    folder : Path
        The project's.

    Raises
    ------
    StarterError
        If `workbench init` did not lay it out.
    """
    record = _read_record(folder)
    changes, now = ProjectFiles(folder), dict(record)
    for name, path in _shipped():
        newer, laid = _digest(path), record.get(name)
        target = folder / name
        now[name] = newer
        if not target.exists():
            if laid is None:  # what was laid out and is gone was taken away on purpose
                _copy(path, target)
                changes.added.append(name)
            continue
        mine = _digest(target)
        if newer in (mine, laid):
            continue
        if mine == laid:
            _copy(path, target)
            changes.replaced.append(name)
        else:
            beside = target.with_name(f"{target.stem}.new{target.suffix}")
            _copy(path, beside)
            changes.beside.append(str(beside.relative_to(folder)))
    shipped = {name for name, _ in _shipped()}
    for name in sorted(set(record) - shipped):
        del now[name]
        if (folder / name).exists():
            changes.removed.append(name)
    _write_record(folder, now)
    return changes


def _edited(beside: str) -> str:
    path = Path(beside)
    return str(path.with_name(path.name.replace(".new.", ".", 1)))


def _shipped() -> Iterator[tuple[str, Path]]:
    """Give the files of a project as the package has them: in the wheel, or in the clone."""
    package = Path(workbench.__file__).parent
    home = package / "project"
    if not home.is_dir():
        home = package.parents[1]
    lacking = [part for part in PARTS if not (home / part).exists()]
    if lacking:
        raise StarterError(
            f"the installed package lacks {', '.join(lacking)}",
            where=str(home),
            remedy="install it again: pip install --force-reinstall customer-workbench",
        )
    for part in PARTS:
        root = home / part
        for path in [root] if root.is_file() else sorted(root.rglob("*")):
            name = path.relative_to(home)
            hidden = path.name.startswith(".") or ".new." in path.name
            if path.is_file() and not hidden and not _LEFT_OUT & set(name.parts):
                yield name.as_posix(), path


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.aside")
    shutil.copyfile(source, aside)
    aside.replace(target)


def _digest(path: Path) -> str:
    """Hash a file; of a notebook what people write, for running it is no edit."""
    content = path.read_bytes()
    if path.suffix == ".ipynb":
        # a notebook that cannot be read was edited, whatever is in it
        with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
            content = json.dumps(_written(json.loads(content)), sort_keys=True).encode()
    return hashlib.sha256(content).hexdigest()


def _written(notebook: Any) -> list[Any]:
    cells = []
    for cell in notebook["cells"]:
        source = cell["source"]
        text = "".join(source) if isinstance(source, list) else source
        cells.append([cell["cell_type"], text, sorted(cell["metadata"].get("tags", []))])
    return cells


def _read_record(folder: Path) -> dict[str, str]:
    path = folder / _RECORD
    if not path.is_file():
        raise StarterError(
            "this folder was not laid out by `workbench init`",
            where=str(folder),
            remedy="change into the project's folder; in a clone of the workbench, use git",
        )
    try:
        files = json.loads(path.read_text(encoding="utf-8"))["files"]
        return {str(name): str(digest) for name, digest in files.items()}
    except (ValueError, KeyError, AttributeError):
        raise StarterError(
            "the record of what was laid out is damaged",
            where=str(path),
            remedy="take it back from a backup, or lay out a new project and move your files there",
        ) from None


def _write_record(folder: Path, files: dict[str, str]) -> None:
    try:
        release = version("customer-workbench")
    except PackageNotFoundError:
        release = "unreleased"
    path = folder / _RECORD
    path.parent.mkdir(exist_ok=True)
    text = json.dumps({"version": release, "files": files}, indent=1, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")
