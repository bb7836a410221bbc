"""A study as a Word document: message headings, tables that can be edited, pictures, sources."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from workbench.export.fitting import columns
from workbench.export.reading import Page, PagePart, PageTable
from workbench.site.words import word
from workbench.word_file import add_page_number, new_document

_NUMBER = re.compile(r"\s*[−+<>≤≥±-]?\s*(?:[A-Z]{0,3}[¥$€£])?[−+-]?\s*[\d.,]+")
_MUTED = RGBColor(0x56, 0x61, 0x71)
_ACROSS = 471.0  # points between the margins
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
        head = document.add_heading(page.title, 0 if not number else 1)
        head.paragraph_format.page_break_before = bool(number)
        if page.question:
            _quiet(document, page.question)
        # how fresh a page is stands on each; what is true of the study stands once
        about = page.about if not number else [x for x in page.about if x not in pages[0].about]
        for text in about:
            _quiet(document, text)
        for part in page.parts:
            if not part.analysts:  # they read the page itself
                _add(document, part, pictures)
        if page.source:
            _quiet(document, " · ".join(f"{key}: {value}" for key, value in page.source))
        if not number and len(pages) > 1:
            _contents(document, [each.title for each in pages[1:]], language)
    document.save(str(file))


def _contents(document: Any, titles: Sequence[str], language: str) -> None:
    """Add a list of contents; word processors put the page numbers in when they update fields."""
    paragraph = document.add_paragraph()
    paragraph.paragraph_format.page_break_before = True
    paragraph.add_run(word("contents", language)).bold = True
    paragraph = document.add_paragraph()
    for kind, text in (("begin", ""), ("", r'TOC \o "1-1" \h \z \u'), ("separate", "")):
        run = paragraph.add_run()
        if kind:
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
            if kind == "begin":
                mark.set(qn("w:dirty"), "true")
        else:
            mark = OxmlElement("w:instrText")
            mark.set(qn("xml:space"), "preserve")
            mark.text = text
        run._r.append(mark)
    for at, title in enumerate(titles):
        paragraph = document.add_paragraph() if at else paragraph
        paragraph.paragraph_format.space_after = Pt(2)
        paragraph.add_run(title)
    end = OxmlElement("w:fldChar")
    end.set(qn("w:fldCharType"), "end")
    paragraph.add_run()._r.append(end)


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
    made = document.add_table(rows=0, cols=width)
    lines = [table.heads, *rows] if table.heads else rows
    every = [[*line, *[""] * (width - len(line))] for line in lines]
    across = columns(every, width, _ACROSS, size=8.5)
    for column, wide in zip(made.columns, across, strict=True):
        column.width = Pt(wide)
    right = {at for at in range(width) if _are_numbers([row[at] for row in rows if at < len(row)])}
    for number, texts in enumerate(lines):
        row = made.add_row()
        head = not number and bool(table.heads)
        for cell, wide in zip(row.cells, across, strict=True):
            cell.width = Pt(wide)
        for at, (cell, text) in enumerate(zip(row.cells, texts, strict=False)):
            cell.text = text
            paragraph = cell.paragraphs[0]
            paragraph.paragraph_format.space_after = Pt(1)
            if at in right:
                paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
            for run in paragraph.runs:
                run.font.size = Pt(8.5)
                run.font.bold = head
            _ruled(cell, "8A94A3" if head else "DDE2E9", 8 if head else 4)
        if not number and table.heads:  # repeated on the next page
            mark = OxmlElement("w:tblHeader")
            mark.set(qn("w:val"), "true")
            row._tr.get_or_add_trPr().append(mark)
    if len(table.rows) > len(rows):
        _quiet(document, f"... + {len(table.rows) - len(rows)}")


def _are_numbers(texts: Sequence[str]) -> bool:
    """Whether a column holds numbers, with units, signs and intervals as pages write them."""
    told = [text for text in texts if text.strip(" –-")]
    return bool(told) and all(_NUMBER.match(text) for text in told)


def _ruled(cell: Any, colour: str, eighths: int) -> None:
    """Draw a line below a cell; no other lines stand between the numbers."""
    borders = OxmlElement("w:tcBorders")
    line = OxmlElement("w:bottom")
    for name, value in (("val", "single"), ("sz", str(eighths)), ("space", "0"), ("color", colour)):
        line.set(qn(f"w:{name}"), value)
    borders.append(line)
    cell._tc.get_or_add_tcPr().append(borders)


def _quiet(document: Any, text: str) -> None:
    run = document.add_paragraph().add_run(text)
    run.font.size, run.font.color.rgb = Pt(9), _MUTED
