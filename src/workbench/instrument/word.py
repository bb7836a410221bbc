"""A document as a Word file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from workbench.satisfaction.instrument.printed import (
    Part,
    Printed,
    ends_alone,
    part_code,
    says_nothing,
)
from workbench.word_file import add_page_number, new_document

_WIDTH = 17.0  # cm between the margins of A4
_GREY = RGBColor(0x70, 0x70, 0x70)


def write_word(printed: Printed, path: Path) -> None:
    """Write the document as .docx, on A4."""
    document = new_document(printed.title, printed.language, margin=2)
    section = document.sections[0]
    section.top_margin = section.bottom_margin = Cm(1.8)
    _styles(document)
    document.add_heading(printed.title, level=0)
    for part in printed.parts:
        _add(document, part)
    _footer(section, printed.footer)
    document.save(str(path))


def _styles(document: Any) -> None:
    for name in ("Normal", "Title", "Heading 1", "Heading 2", "Heading 3", "List Bullet"):
        style = document.styles[name]
        style.font.name = "Calibri"
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for theme in ("asciiTheme", "hAnsiTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{theme}"), None)
        if name != "Normal":
            style.font.color.rgb = RGBColor(0x1F, 0x2D, 0x3D)
    document.styles["Title"].font.size = Pt(22)
    document.styles["Normal"].paragraph_format.space_after = Pt(4)


def _footer(section: Any, text: str) -> None:
    paragraph = section.footer.paragraphs[0]
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    run = paragraph.add_run(f"{text}   " if text else "")
    run.font.size, run.font.color.rgb = Pt(8), _GREY
    number = add_page_number(paragraph)
    number.font.size, number.font.color.rgb = Pt(8), _GREY


def _add(document: Any, part: Part) -> None:
    if part.kind == "heading":
        document.add_heading(part.text, level=part.count)
    elif part.kind == "text":
        _text(document.add_paragraph(), part.text, keep=True)
    elif part.kind == "note":
        run = document.add_paragraph().add_run(part.text)
        run.font.size, run.font.color.rgb = Pt(9), _GREY
    elif part.kind == "list":
        for (text,) in part.rows:
            document.add_paragraph(text, style="List Bullet")
    elif part.kind == "choices":
        for (text,) in part.rows:
            _text(document.add_paragraph(), f"☐ {text}", indent=0.6)
    elif part.kind == "lines":
        for _ in range(part.count):
            _ruled(document.add_paragraph(), gap=16)
    elif part.kind == "fields":
        _fields(document, part)
    elif part.kind == "grid":
        _grid(document, part)
    else:
        document.add_page_break()


def _text(paragraph: Any, text: str, *, indent: float = 0.0, keep: bool = False) -> None:
    words, code = part_code(text)
    paragraph.add_run(words)
    if code:
        run = paragraph.add_run(f" [{code}]")
        run.font.size, run.font.color.rgb = Pt(7), _GREY
    paragraph.paragraph_format.left_indent = Cm(indent)
    paragraph.paragraph_format.keep_with_next = keep


def _ruled(paragraph: Any, *, gap: float) -> None:
    borders = OxmlElement("w:pBdr")
    for place in ("bottom", "between"):  # of lines below one another Word draws the last alone
        line = OxmlElement(f"w:{place}")
        for name, value in (("val", "single"), ("sz", "4"), ("space", "1"), ("color", "999999")):
            line.set(qn(f"w:{name}"), value)
        borders.append(line)
    paragraph._p.get_or_add_pPr().append(borders)
    paragraph.paragraph_format.space_before = Pt(gap)
    paragraph.paragraph_format.space_after = Pt(0)


def _fields(document: Any, part: Part) -> None:
    table = document.add_table(rows=0, cols=2)
    for (label,) in part.rows:
        left, right = table.add_row().cells
        left.width, right.width = Cm(5.5), Cm(_WIDTH - 5.5)
        left.paragraphs[0].add_run(label)
        _ruled(right.paragraphs[0], gap=6)
    _gap(document)


def _grid(document: Any, part: Part) -> None:
    columns = len(part.rows[0])
    table = document.add_table(rows=0, cols=columns)
    table.style = "Table Grid"
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    table.autofit = False
    shares = part.widths or (1.0,) * columns
    widths = [Cm(_WIDTH * share / sum(shares)) for share in shares]
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width  # LibreOffice goes by these, Word by the cells
    for at, row in enumerate(part.rows):
        if at == 0 and says_nothing(part):
            continue
        line = table.add_row()
        _whole(line, head=at == 0)
        if at == 0 and _ends(line, part, widths):
            continue
        for column, (cell, text) in enumerate(zip(line.cells, row, strict=True)):
            cell.width = widths[column]
            paragraph = cell.paragraphs[0]
            paragraph.paragraph_format.space_after = Pt(2)
            _text(paragraph, text)
            if part.look == "scale" or (part.look == "statements" and column):
                paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
            for run in paragraph.runs if at == 0 else ():
                run.font.size, run.font.bold = Pt(8), True
    _gap(document)


def _ends(line: Any, part: Part, widths: Sequence[int]) -> bool:
    """Write what the ends of a scale mean, each over half of its columns."""
    words = part.rows[0]
    lead = 1 if part.look == "statements" else 0
    if part.look == "form" or not ends_alone(words[lead:]):
        return False
    for cell, width in zip(line.cells, widths, strict=True):
        cell.width = width
    half = lead + (len(words) - lead) // 2
    sides = (
        (line.cells[lead].merge(line.cells[half - 1]), words[lead], WD_ALIGN_PARAGRAPH.LEFT),
        (line.cells[half].merge(line.cells[-1]), words[-1], WD_ALIGN_PARAGRAPH.RIGHT),
    )
    for cell, text, side in sides:
        run = cell.paragraphs[0].add_run(text)
        run.font.size, run.font.bold = Pt(8), True
        cell.paragraphs[0].alignment = side
        cell.paragraphs[0].paragraph_format.space_after = Pt(2)
    return True


def _gap(document: Any) -> None:
    """Part a table from what follows, by less than a line."""
    paragraph = document.add_paragraph()
    paragraph.paragraph_format.space_after = Pt(0)
    paragraph.paragraph_format.line_spacing = Pt(8)


def _whole(row: Any, *, head: bool) -> None:
    """Keep a row on one page, and repeat the head on the next."""
    about = row._tr.get_or_add_trPr()
    about.append(OxmlElement("w:cantSplit"))
    if head:
        about.append(OxmlElement("w:tblHeader"))
