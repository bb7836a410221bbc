"""Read what exports tell: tables, native charts and running text of each kind of file."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from lxml import html

from tests.published import _NUMBER, Offered, _read, number, on_page

#: The name of a run, or a hash: 1e9b66 and 5038e291 are no numbers; 5.232552e-44 is one.
_HASH = re.compile(
    r"\d{8}T\d{6}Z-[0-9a-f]{6}|(?<!\.)\b(?=[0-9a-f]{6,}\b)\d*[a-f][0-9a-f]*\b(?![+-]\d)"
)
#: As data write numbers, with powers of ten.
_WRITTEN = re.compile(_NUMBER.pattern + r"(?:[eE][+-]?\d+)?")
KINDS = ("docx", "pptx", "xlsx", "html", "pdf")


def offered_by(path: Path) -> list[Offered]:
    """Give the tables that a file offers, and its charts as tables."""
    found = []
    for i, rows in enumerate(_tables(path)):
        cells = [["" if cell is None else str(cell).strip() for cell in row] for row in rows]
        cells = [row for row in cells if any(row)]
        width = max(map(len, cells), default=0)
        full = [row for row in cells if sum(map(bool, row)) > max(1, width // 2)]
        full = [[*row, *[""] * (width - len(row))] for row in full]
        if len(full) > 1:
            found.append(_read(path.name, f"table {i + 1}", full[0], full[1:]))
    if path.suffix == ".html":
        found += on_page(path.name, path.read_text(encoding="utf-8"))
    return found


def _tables(path: Path) -> Iterator[list[list[Any]]]:
    if path.suffix == ".docx":
        import docx

        for table in docx.Document(str(path)).tables:
            yield [[cell.text for cell in row.cells] for row in table.rows]
    elif path.suffix == ".pptx":
        for shape in _shapes(path):
            if shape.has_table:
                yield [[cell.text for cell in row.cells] for row in shape.table.rows]
            if shape.has_chart:
                for plot in shape.chart.plots:
                    names = [one.name for one in plot.series]
                    values = zip(*(one.values for one in plot.series), strict=True)
                    yield [["", *names]] + [
                        [name, *row] for name, row in zip(plot.categories, values, strict=True)
                    ]
    elif path.suffix == ".xlsx":
        import openpyxl

        for sheet in openpyxl.load_workbook(path, data_only=True):
            yield [list(row) for row in sheet.iter_rows(values_only=True)]
    elif path.suffix == ".pdf":
        # of columns set apart by blanks
        for block in _pdf(path).split("\n\n"):
            yield [[c for c in line.split("  ") if c.strip()] for line in block.splitlines()]


def _shapes(path: Path) -> Iterator[Any]:
    import pptx

    for slide in pptx.Presentation(str(path)).slides:
        yield from slide.shapes


def _pdf(path: Path) -> str:
    done = subprocess.run(
        ["pdftotext", "-layout", str(path), "-"], capture_output=True, text=True, check=True
    )
    return done.stdout


def text_of(path: Path) -> str:
    """Give all that a file says, its notes and the data behind its charts included."""
    parts = [
        str(cell) for rows in _tables(path) for row in rows for cell in row if cell is not None
    ]
    if path.suffix == ".docx":
        import docx

        parts += [one.text for one in docx.Document(str(path)).paragraphs]
    elif path.suffix == ".pptx":
        import pptx

        for slide in pptx.Presentation(str(path)).slides:
            parts += [s.text_frame.text for s in slide.shapes if s.has_text_frame]
            if slide.has_notes_slide:
                parts.append(slide.notes_slide.notes_text_frame.text)
    elif path.suffix == ".html":
        page = html.fromstring(path.read_text(encoding="utf-8"))
        parts += page.xpath("//text()[not(ancestor::style or ancestor::script)]")
    elif path.suffix == ".pdf":
        parts.append(_pdf(path))
    return "\n".join(parts)


def strange_numbers(path: Path, site: Path, tables: Iterable[Offered]) -> list[str]:
    """Name the numbers of a file that no page of the site has, neither written nor as data.

    Whole numbers up to the years' are left out: pages of a file, sections, days are numbered.
    """
    pages = " ".join(
        " ".join(html.fromstring(one.read_text(encoding="utf-8")).itertext())
        for one in site.rglob("*.html") if "archive" not in one.relative_to(site).parts
    )  # fmt: skip
    written = set(_NUMBER.findall(pages))
    known = np.concatenate(
        [
            t.table.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=float).ravel()
            for t in tables
        ]
        + [np.arange(4000.0), [number(one)[0] for one in written]]
    )
    known = np.sort(known[np.isfinite(known)])
    strange = []
    for one in sorted(set(_WRITTEN.findall(_HASH.sub(" ", text_of(path)))) - written):
        value, half = (float(one), 0.0) if "e" in one.lower() else number(one)
        if not np.isfinite(value):
            continue
        at = np.searchsorted(
            known, [value - half - 1e-6 * abs(value), value + half + 1e-6 * abs(value)]
        )
        if at[0] == at[1] and not _rounded(value, half, known):
            strange.append(f"{path.name}: {one}")
    return strange


def _rounded(value: float, half: float, known: np.ndarray) -> bool:
    """Whether a share of the pages' data is written in percent."""
    near = np.searchsorted(known, [(value - half) / 100 - 1e-9, (value + half) / 100 + 1e-9])
    return bool(near[0] < near[1])
