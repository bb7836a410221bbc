"""A study as a Word document: message headings, tables that can be edited, pictures, sources."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from workbench.export.reading import Page, PagePart, PageTable
from workbench.site.words import word
from workbench.word_file import add_page_number, new_document

_MUTED = RGBColor(0x56, 0x61, 0x71)
MOST_ROWS = 60
"""Of a longer table the first rows; the Excel file has all."""


def write_word(
    pages: Sequence[Page], pictures: Mapping[int, bytes], language: str, file: Path
) -> None:
    """Write pages as .docx.

    Parameters
    ----------
    pages : sequence of Page
    pictures : mapping
        PNG of a figure, by the id of its part; a figure without one is told by its table.
    language : str
        The edition.
    file : Path
    """
    document = new_document(pages[0].title, language, margin=2.2)
    section = document.sections[0]
    section.header.paragraphs[0].text = pages[0].title
    add_page_number(section.footer.paragraphs[0])
    for number, page in enumerate(pages):
        document.add_heading(page.title, 0 if not number else 1)
        if page.question:
            _quiet(document, page.question)
        for text in page.about:
            _quiet(document, text)
        folded = False
        for part in page.parts:
            if part.analysts and not folded and part.kind != "heading":
                document.add_heading(word("analysts", language), 2)
            folded = folded or part.analysts
            _add(document, part, pictures)
        for key, value in page.source:
            _quiet(document, f"{key}: {value}")
    document.save(str(file))


def _add(document: Any, part: PagePart, pictures: Mapping[int, bytes]) -> None:
    if part.kind == "heading":
        document.add_heading(part.text, min(part.level, 4))
    elif part.kind == "text":
        document.add_paragraph(part.text)
    elif part.kind == "item":
        document.add_paragraph(part.text, style="List Bullet")
    elif part.kind == "note":
        document.add_paragraph(part.text, style="Intense Quote")
    elif part.table is not None:
        title, picture = part.table.title, pictures.get(id(part))
        if title:
            document.add_paragraph(style="Caption").add_run(title).bold = True
        if picture:
            document.add_picture(io.BytesIO(picture), width=Cm(16.4))
            document.inline_shapes[-1]._inline.docPr.set("descr", title)
        else:
            _table(document, part.table)
        if part.table.note:
            _quiet(document, part.table.note)


def _table(document: Any, table: PageTable) -> None:
    rows = table.rows[:MOST_ROWS]
    width = max([len(table.heads), *map(len, rows)], default=0)
    if not width:
        return
    made = document.add_table(rows=0, cols=width, style="Light List Accent 1")
    for number, texts in enumerate([table.heads, *rows] if table.heads else rows):
        row = made.add_row()
        for cell, text in zip(row.cells, texts, strict=False):
            cell.text = text
            for run in cell.paragraphs[0].runs:
                run.font.size = Pt(8.5)
        if not number and table.heads:  # repeated on the next page
            mark = OxmlElement("w:tblHeader")
            mark.set(qn("w:val"), "true")
            row._tr.get_or_add_trPr().append(mark)
    if len(table.rows) > len(rows):
        _quiet(document, f"... + {len(table.rows) - len(rows)}")


def _quiet(document: Any, text: str) -> None:
    run = document.add_paragraph().add_run(text)
    run.font.size, run.font.color.rgb = Pt(9), _MUTED
