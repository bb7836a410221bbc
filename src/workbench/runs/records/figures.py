"""The figures of a run, as its executed notebooks hold them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import Any

from workbench.runs.notebook_file import read_notebook
from workbench.runs.records.record import RunRecord

_SVG, _PNG = "image/svg+xml", "image/png"
_TITLE = re.compile(r'class="wb-title"[^>]*>(.*?)</span>', re.S)
_TAG = re.compile(r"<[^>]+>")


@dataclass(frozen=True)
class StoredFigure:
    """One figure of a page.

    Attributes
    ----------
    title : str
        What stands above it; its cell's name where nothing does.
    kind : str
        ``image/svg+xml`` or ``image/png``.
    content : str
        The drawing: SVG as text, PNG in base64.
    """

    title: str
    kind: str
    content: str

    @property
    def digest(self) -> str:
        """A short hash of the drawing."""
        return hashlib.sha256(self.content.encode()).hexdigest()[:8]


def figures(
    run: RunRecord, lost: list[str], language: str = ""
) -> dict[tuple[str, str], StoredFigure]:
    """Give the figures of a run by page and place: the name of the cell, and which of its own.

    Parameters
    ----------
    run : RunRecord
        Which run.
    lost : list of str
        Gets a sentence about each page that cannot be read.
    language : str
        Drawn in which language; in the run's first by default.
    """
    spoken = language or "".join(run.languages[:1])
    found: dict[tuple[str, str], StoredFigure] = {}
    for key, step in run.notebooks.items():
        if not step.good:
            continue
        try:
            notebook = read_notebook(run.notebook_path(key))
        except Exception as error:  # whatever a damaged page raises, the others are compared
            lost.append(f"the figures of {key} ({type(error).__name__}: {error})")
            continue
        for cell in notebook.cells:
            for n, figure in enumerate(_of_cell(cell, spoken), 1):
                found[key, f"{cell.get('id', '')} {n}"] = figure
    return found


def _of_cell(cell: Any, language: str) -> Iterator[StoredFigure]:
    title = ""
    for output in cell.get("outputs", ()):
        about = output.get("metadata", {}).get("workbench", {})
        if about.get("language", language) != language:
            continue
        data = output.get("data", {})
        if about.get("role") == "figure-title":
            match = _TITLE.search("".join(data.get("text/html", "")))
            title = unescape(_TAG.sub("", match[1])).strip() if match else ""
        for kind in (_SVG, _PNG):
            if kind in data:
                yield StoredFigure(title or str(cell.get("id", "")), kind, "".join(data[kind]))
                break
