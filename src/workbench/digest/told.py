"""What each addressee has been told, so that nothing is told twice while it lasts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.runs.record import write_json
from workbench.study import Addressee

if TYPE_CHECKING:
    from workbench.digest.message import Digest

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


def remember(folder: Path, sent: Iterable[Digest]) -> None:
    """Note what has been told to those whose digests were sent, or who had nothing to be told."""
    folder.mkdir(parents=True, exist_ok=True)
    told = _read(folder) | {each.to.name: sorted(each.keys) for each in sent}
    write_json(folder / TOLD, told)


def _read(folder: Path) -> dict[str, list[str]]:
    try:
        content = json.loads((folder / TOLD).read_text(encoding="utf-8"))
        return {str(name): [str(key) for key in keys] for name, keys in content.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
