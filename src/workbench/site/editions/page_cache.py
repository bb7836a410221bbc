"""What an earlier publication made, so that nothing unchanged is made again.

A page is kept by everything that it is made of: what the renderer left, the drawings, the texts of
the frame, this package's code and words. A whole site is kept as long as nothing it was made of has
changed and nobody has changed the site itself.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from workbench.site.editions.archive import ARCHIVE

RECORD = "published.json"
_PACKAGE = Path(__file__).resolve().parents[1]
_CODE = {".py", ".po", ".mo", ".yml", ".css", ".js", ".lua"}


class PageCache:
    """Texts that were made before, by what they were made of.

    Parameters
    ----------
    folder : Path or None
        Where they lie; without one everything is made anew.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self.used: set[str] = set()

    def text(self, kind: str, parts: Iterable[str | bytes], make: Callable[[], str]) -> str:
        """Give a text as it was made before of the same parts, else make it.

        Parameters
        ----------
        kind : str
            What is made, such as ``page``.
        parts : iterable of str or bytes
            Everything that it is made of, besides the code.
        make : callable
            Makes it.
        """
        if self.folder is None:
            return make()
        name = f"{kind}-{_digest((code(), *parts))}"
        path = self.folder / name
        self.used.add(name)
        if path.is_file():
            return path.read_text(encoding="utf-8")
        text = make()
        self.folder.mkdir(parents=True, exist_ok=True)
        aside = path.with_suffix(".new")
        aside.write_text(text, encoding="utf-8")
        aside.replace(path)
        return text

    def tidy(self) -> None:
        """Remove what this publication had no use for."""
        if self.folder is not None and self.folder.is_dir():
            for path in self.folder.iterdir():
                if path.name not in self.used:
                    path.unlink()


def _digest(parts: Iterable[str | bytes]) -> str:
    made = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8") if isinstance(part, str) else part
        made.update(len(data).to_bytes(8, "big") + data)
    return made.hexdigest()


@cache
def code() -> str:
    """Give a digest of this package: its code and its words make every page."""
    found = sorted(p for p in _PACKAGE.rglob("*") if p.suffix in _CODE)
    return _digest(part for p in found for part in (p.as_posix(), p.read_bytes()))


def made_of(root: Path, studies: Iterable[str], staged: Iterable[Path], more: Iterable[str]) -> str:
    """Give a digest of everything that a site is made of.

    Parameters
    ----------
    root : Path
        The project.
    studies : iterable of str
        Those that it shows.
    staged : iterable of Path
        What stage leaves below ``reports/``: made, not written.
    more : iterable of str
        What else counts: the studies asked for, the renderer, the texts that no page may hold.
    """
    made = set(staged)
    written = [
        *root.glob("_quarto*.yml"),
        *root.glob("notebooks/*.ipynb"),
        *root.glob("data/*/*.yml"),
        *(p for p in root.glob("reports/**/*") if not made & {p, *p.parents}),
    ]
    # what a finished run holds is not written again; of many runs the size and time will do
    runs = []
    for study in studies:
        for record in root.glob(f"runs/{study}/*/run.json"):
            runs += [record, *record.parent.glob("notebooks/*.ipynb")]
            runs += record.parent.glob("results/*/*.json")
    return _digest(
        [
            code(),
            *more,
            *(each for p in sorted(written) if p.is_file() for each in _content(p, root)),
            *(_stat(p, root) for p in sorted(runs)),
        ]
    )


def _name(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def _content(path: Path, root: Path) -> tuple[str, bytes]:
    return _name(path, root), path.read_bytes()


def _stat(path: Path, root: Path) -> str:
    about = path.stat()
    return f"{_name(path, root)} {about.st_size} {about.st_mtime_ns}"


def _of_site(site: Path) -> str:
    """Give a digest of a site; of its archive, which only grows, what lies in it."""
    kept = site / ARCHIVE
    return _digest(_site_parts(site, kept))


def _site_parts(site: Path, kept: Path) -> Iterator[str | bytes]:
    for path in sorted(site.rglob("*")):
        if not path.is_file():
            continue
        if path.is_relative_to(kept):
            yield f"{path.relative_to(site)} {path.stat().st_size}"
        else:
            yield path.relative_to(site).as_posix()
            yield path.read_bytes()


def remember(work: Path, site: Path, inputs: str, about: dict[str, Any]) -> None:
    """Note what a site was made of, and what was said of it."""
    record = {"inputs": inputs, "site": _of_site(site), **about}
    (work / RECORD).write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")


def recall(work: Path, site: Path, inputs: str) -> dict[str, Any] | None:
    """Give what was said of the site that stands, if it is what would be made again."""
    try:
        record = json.loads((work / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(record, dict) or record.get("inputs") != inputs or not site.is_dir():
        return None
    return record if record.get("site") == _of_site(site) else None


def clear_builds(work: Path) -> None:
    """Remove what publications left behind that were killed."""
    for folder in work.glob("build-*"):
        shutil.rmtree(folder, ignore_errors=True)
