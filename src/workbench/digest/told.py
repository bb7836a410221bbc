"""What each addressee has been told, so that nothing is told twice while it lasts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from workbench.runs.records.record import write_json
from workbench.study import Addressee

TOLD = "told.json"


def told_to(folder: Path, to: Addressee) -> frozenset[str]:
    """Give the keys of what an addressee has been told and is still so.

    Parameters
    ----------
    folder : Path
        ``runs/<study>``. A file that is damaged is none: all is told once more.
    to : Addressee
    """
    return frozenset(_read(folder).get(to.name, ()))


def remember(folder: Path, to: Addressee, keys: Iterable[str]) -> None:
    """Note what an addressee has been told of all that is now so."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / TOLD, _read(folder) | {to.name: sorted(keys)})


def _read(folder: Path) -> dict[str, list[str]]:
    try:
        content = json.loads((folder / TOLD).read_text(encoding="utf-8"))
        return {str(name): [str(key) for key in keys] for name, keys in content.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
