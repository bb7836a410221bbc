"""The attackers read exports: a figure that only a file has is named, a table is a table."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import exported
from tests.published import on_page

PAGE = (
    "<html><body><p>Spend a customer: 41.25</p><table><thead><tr><th>Segment</th>"
    "<th>Spend</th></tr></thead><tbody><tr><td>Loyal</td><td>120.50</td></tr><tr><td>Quiet</td><td>9.75</td></tr>"
    "</tbody></table></body></html>"
)
ROWS = [["Segment", "Spend"], ["Loyal", "120.50"], ["Quiet", "9.75"]]


def written(path: Path, more: str) -> None:
    """Write the table of the page, and a sentence besides."""
    if path.suffix == ".docx":
        import docx

        document = docx.Document()
        document.add_paragraph(more)
        table = document.add_table(rows=3, cols=2)
        for row, cells in zip(table.rows, ROWS, strict=True):
            for cell, text in zip(row.cells, cells, strict=True):
                cell.text = text
        document.save(str(path))
    elif path.suffix == ".xlsx":
        import openpyxl

        book = openpyxl.Workbook()
        for row in [[more], *ROWS]:
            book.active.append(row)
        book.save(path)
    elif path.suffix == ".pptx":
        import pptx
        from pptx.util import Cm

        deck = pptx.Presentation()
        slide = deck.slides.add_slide(deck.slide_layouts[6])
        slide.notes_slide.notes_text_frame.text = more
        table = slide.shapes.add_table(3, 2, Cm(1), Cm(1), Cm(9), Cm(5)).table
        for i, cells in enumerate(ROWS):
            for j, text in enumerate(cells):
                table.cell(i, j).text = text
        deck.save(str(path))
    else:
        path.write_text(PAGE.replace("</p>", f" {more}</p>"), encoding="utf-8")


@pytest.mark.parametrize("kind", ["docx", "xlsx", "pptx", "html"])
def test_what_only_a_file_tells_is_named(tmp_path: Path, kind: str) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").write_text(PAGE, encoding="utf-8")
    file, tables = tmp_path / f"out.{kind}", on_page("index.html", PAGE)
    written(file, "nothing more")
    assert exported.strange_numbers(file, site, tables) == []
    table = next(t.table for t in exported.offered_by(file) if len(t.table) == 2)
    assert table.iloc[:, 1].tolist() == [120.5, 9.75]
    written(file, "the largest spent 98765.43")
    assert exported.strange_numbers(file, site, tables) == [f"out.{kind}: 98765.43"]


def test_a_hash_is_no_number_and_a_power_of_ten_is_one() -> None:
    """Of 5.23255233831987e-44 the digits before the e were read as a hash, and -44 was strange."""
    said = "20261201T054544Z-3e5d6d 1e9b66 5038e291 5.23255233831987e-44 523255e-44 12"
    told = exported._WRITTEN.findall(exported._HASH.sub(" ", said))
    assert told == ["5.23255233831987e-44", "523255e-44", "12"]
