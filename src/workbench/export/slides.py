"""A study as slides: a message a slide, its picture or its table, what was written as notes."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pptx import Presentation
from pptx.util import Emu, Inches, Pt

from workbench.export.reading import Page, PagePart, PageTable

_WIDE, _HIGH = Inches(13.333), Inches(7.5)
_MARGIN, _TOP = Inches(0.6), Inches(1.55)
MOST_ROWS, MOST_COLUMNS = 12, 8
"""What of a table can be read on a wall; the Excel file has all."""


@dataclass
class _Slide:
    title: str
    shown: PagePart | None = None
    said: list[str] = field(default_factory=list)


def write_slides(
    pages: Sequence[Page], pictures: Mapping[int, bytes], language: str, file: Path
) -> list[str]:
    """Write pages as .pptx; what only analysts look for stays out.

    Parameters
    ----------
    pages : sequence of Page
    pictures : mapping
        PNG of a figure, by the id of its part; a figure without one is told by its table.
    language : str
        The edition.
    file : Path

    Returns
    -------
    list of str
        What was cut.
    """
    deck = Presentation()
    deck.slide_width, deck.slide_height = _WIDE, _HIGH
    deck.core_properties.title = pages[0].title
    cut = 0
    for page in pages:
        front = deck.slides.add_slide(deck.slide_layouts[0])
        front.shapes.title.text = page.title
        front.placeholders[1].text = "\n".join(
            filter(None, (page.message or page.question, *page.about))
        )
        for slide in _slides(page):
            cut += _write(deck, slide, page, pictures)
    deck.save(str(file))
    return [f"{cut} tables were cut to {MOST_ROWS} rows and {MOST_COLUMNS} columns"] if cut else []


def _slides(page: Page) -> Iterator[_Slide]:
    """Give a slide a figure or table, under the heading that it belongs to."""
    now = _Slide(page.title)
    empty = True
    for part in page.parts:
        if part.analysts:
            break
        if part.kind == "heading":
            if now.shown is not None or (now.said and not empty):
                yield now
            now, empty = _Slide(part.text), False
        elif part.kind in ("figure", "table", "cards"):
            if now.shown is not None:
                yield now
                now = _Slide(now.title)
            now.shown, empty = part, False
        elif part.text:
            now.said.append(part.text)
    if now.shown is not None or (now.said and not empty):
        yield now


def _write(deck: Any, slide: _Slide, page: Page, pictures: Mapping[int, bytes]) -> int:
    made = deck.slides.add_slide(deck.slide_layouts[5])
    title = made.shapes.title
    title.left, title.top, title.width, title.height = (
        _MARGIN, Inches(0.35), _WIDE - 2 * _MARGIN, Inches(1.1),
    )  # fmt: skip
    title.text = slide.title
    title.text_frame.paragraphs[0].font.size = Pt(26)
    title.text_frame.word_wrap = True
    cut, shown = 0, slide.shown
    notes = list(slide.said)
    if shown is not None and shown.table is not None:
        picture = pictures.get(id(shown))
        if picture:
            _picture(made, picture, shown.table.title)
        else:
            cut = _table(made, shown.table)
        notes += [shown.table.title, shown.table.note]
    elif slide.said:
        box = made.shapes.add_textbox(_MARGIN, _TOP, _WIDE - 2 * _MARGIN, Inches(5))
        box.text_frame.word_wrap = True
        box.text_frame.text = "\n".join(slide.said)
        for paragraph in box.text_frame.paragraphs:
            paragraph.font.size = Pt(18)
    source = [f"{page.title}: {key} {value}" for key, value in page.source[:3]]
    made.notes_slide.notes_text_frame.text = "\n".join(filter(None, [*notes, *page.about, *source]))
    return cut


def _picture(slide: Any, png: bytes, title: str) -> None:
    shape = slide.shapes.add_picture(io.BytesIO(png), _MARGIN, _TOP)
    room = (_WIDE - 2 * _MARGIN, _HIGH - _TOP - Inches(0.4))
    scale = min(room[0] / shape.width, room[1] / shape.height)
    shape.width, shape.height = int(shape.width * scale), int(shape.height * scale)
    shape.left = Emu(int((_WIDE - shape.width) / 2))
    shape._element.nvPicPr.cNvPr.set("descr", title)


def _table(slide: Any, table: PageTable) -> int:
    rows = [row[:MOST_COLUMNS] for row in table.rows[:MOST_ROWS]]
    lines = [table.heads[:MOST_COLUMNS], *rows] if table.heads else rows
    width = max(map(len, lines), default=0)
    if not width:
        return 0
    shape = slide.shapes.add_table(
        len(lines), width, _MARGIN, _TOP, _WIDE - 2 * _MARGIN, Inches(0.4) * len(lines)
    )
    for at, line in enumerate(lines):
        for across, text in enumerate(line):
            cell = shape.table.cell(at, across)
            cell.text = text
            for paragraph in cell.text_frame.paragraphs:
                paragraph.font.size = Pt(12)
    widest = max([len(table.heads), *map(len, table.rows)])
    return int(len(table.rows) > MOST_ROWS or widest > MOST_COLUMNS)
