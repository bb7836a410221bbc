"""A published study as a file: what was on the page is in it, editable, with notes and sources."""

from __future__ import annotations

import base64
from datetime import date
from pathlib import Path

import pytest
from docx import Document
from openpyxl import load_workbook
from pptx import Presentation

from workbench.errors import SiteError
from workbench.export import export_study, pictures
from workbench.export import files as files_module

CSV = (
    'Group,Share,"Share, lower end",Spend,Note\r\n'
    "Loyal,0.631,0.6,1204.5,'=1+1\r\nLost,0.2,0.1,3,x\r\n"
)
HREF = (
    "data:text/csv;charset=utf-8;base64,"
    + base64.b64encode(b"\xef\xbb\xbf" + CSV.encode()).decode()
)
TABLE = (
    '<div class="wb-table-block" id="tbl-a"><div class="wb-table-wrap"><table class="wb-table">'
    "<caption><span class='wb-title'>Two groups</span></caption>"
    "<thead><tr><th>Group</th><th>Share</th><th>Spend</th><th>Note</th></tr></thead><tbody>"
    "<tr><th>Loyal</th><td>63%</td><td>CN¥1,204.50</td><td>=1+1</td></tr>"
    "<tr><th>Lost</th><td>20%</td><td>CN¥3</td><td>x</td></tr></tbody></table></div>"
    f'<p><a class="wb-download" download="a.csv" href="{HREF}">CSV</a></p>'
    '<p class="wb-table-caption">Shares of all customers, 2025.</p></div>'
)
SVG = (
    '<svg class="wb-svg wb-wide" viewBox="0 0 40 20" width="40" height="20" aria-label="A bar">'
    '<g id="f0-0"><rect width="40" height="20" style="fill:#1d4a94"/><title>A: 1</title></g></svg>'
)
PAGE = """<!DOCTYPE html><html lang="en"><head><title>{title}</title></head><body>
<nav class="wb-nav"><ul><li><a href="index.html">Shop</a><ul><li><a href="value.html">Value</a></li>
</ul></li></ul></nav><main><article><header class="wb-head"><h1>{title}</h1>
<p class="wb-question">How are we doing?</p>
<p class="wb-dates"><span class="wb-date"><span>Data through</span> 2025</span></p></header>
<p class="wb-message">All is <span data-fact="a">63</span>% well.</p>
<h2 id="a">A fifth hold most<a class="wb-anchor" href="#a"></a></h2><p>See
<a href="value.html">Value</a>.</p><div class="wb-figure-block" id="fig-a">
<p class="wb-figure-title"><span class="wb-title">Who buys</span></p><figure>{svg}
<figcaption>By group.</figcaption></figure></div>
{table}<div class="wb-callout"><p>Mind this.</p></div>
<details class="wb-analysts"><summary><h2 id="analysts">For analysts</h2></summary>
<h3>Method</h3><p>BIC.</p></details>
<section class="wb-provenance"><details><summary><h2>About</h2></summary><dl><div><dt>Run</dt>
<dd>2026-a</dd></div><div><dt>Lasting</dt><dd><a href="../x.html">here</a></dd></div></dl></details>
</section></article></main></body></html>"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("site")
    folder = root / "studies/shop"
    (folder / "case_evaluation").mkdir(parents=True)
    (root / "theme").mkdir()
    for name in ("tokens.css", "content.css", "page.css"):
        (root / "theme" / name).write_text(f"/* {name} */", encoding="utf-8")
    for name, title in (("index", "Shop"), ("value", "Value"), ("case_evaluation/desk", "Desk")):
        text = PAGE.format(title=title, svg=SVG, table=TABLE)
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return root


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a browser."""
    monkeypatch.setattr(files_module, "browser", lambda: None)
    monkeypatch.setattr(pictures, "browser", lambda: None)


@pytest.mark.usefixtures("blind")
def test_a_word_file_has_headings_tables_notes_and_sources(site: Path, tmp_path: Path) -> None:
    made = export_study(site, "shop", to="docx", out=tmp_path / "a.docx")
    assert made.pages == 3
    assert "3 figures are there as tables" in str(made)
    document = Document(str(made.file))
    said = [(p.style.name, p.text) for p in document.paragraphs]
    assert said[0] == ("Title", "Shop")
    assert ("Heading 1", "Value") in said and ("Heading 2", "A fifth hold most") in said
    assert ("Normal", "All is 63% well.") in said  # a number and its sign stay together
    assert ("Normal", "Data through 2025") in said and ("Normal", "Run: 2026-a") in said
    assert [cell.text for cell in document.tables[0].rows[1].cells][:2] == ["Loyal", "63%"]
    assert not any("here" in text for _, text in said)
    titles = [text for style, text in said if style.startswith(("Title", "Heading 1"))]
    assert titles == ["Shop", "Value", "Desk"]


@pytest.mark.usefixtures("blind")
def test_slides_have_a_message_each_a_table_and_notes_and_leave_analysts_out(
    site: Path, tmp_path: Path
) -> None:
    made = export_study(site, "shop", "index", to="pptx", out=tmp_path / "a.pptx")
    slides = list(Presentation(str(made.file)).slides)
    assert slides[0].shapes.title.text == "Shop"
    assert slides[0].placeholders[1].text.startswith("All is 63% well.")
    assert {x.shapes.title.text for x in slides[1:]} == {"A fifth hold most"}
    (table,) = [s.table for x in slides for s in x.shapes if s.has_table]
    assert table.cell(1, 0).text == "Loyal"
    notes = slides[-1].notes_slide.notes_text_frame.text
    assert "Shares of all customers, 2025." in notes and "Run 2026-a" in notes
    assert "BIC" not in notes


def test_a_workbook_has_plain_numbers_units_notes_and_runs_no_formula(
    site: Path, tmp_path: Path
) -> None:
    made = export_study(site, "shop", "value", to="xlsx", out=tmp_path / "a.xlsx")
    book = load_workbook(made.file)
    rows = [list(row) for row in book.worksheets[1].iter_rows()]
    values = [[cell.value for cell in row] for row in rows]
    assert values[0][0] == "Two groups"
    assert values[1][0] == "Shares of all customers, 2025."
    assert values[4][:3] == ["Group", "Share", "Share, lower end"]
    assert values[5][1:4] == ["%", "%", "CN¥"]
    assert values[6][:4] == ["Loyal", 0.631, 0.6, 1204.5]
    assert rows[6][1].number_format == "0.0%"
    assert all(cell.data_type != "f" for row in rows for cell in row)
    assert book.worksheets[0]["A3"].value == "Run" and book.worksheets[0]["B3"].value == "2026-a"


def test_one_html_file_needs_nothing_else_and_its_links_lead_within(
    site: Path, tmp_path: Path
) -> None:
    made = export_study(site, "shop", to="html", out=tmp_path / "a.html")
    text = made.file.read_text(encoding="utf-8")
    assert "src=" not in text and "<script" not in text and "<link" not in text
    assert 'href="#p1">Value' in text and 'id="p0-a"' in text and 'id="p1-a"' in text
    assert text.count("<h1") == 1
    alone = export_study(site, "shop", "index", to="html", out=tmp_path / "b.html")
    assert 'href="value' not in alone.file.read_text(encoding="utf-8")  # the words stay


@pytest.mark.usefixtures("blind")
def test_what_cannot_be_made_says_why(site: Path, tmp_path: Path) -> None:
    with pytest.raises(SiteError, match="none is on PATH"):
        export_study(site, "shop", to="pdf", out=tmp_path / "a.pdf")
    with pytest.raises(SiteError, match=r"no page 'vlaue'.*index, value, case_evaluation/desk"):
        export_study(site, "shop", "vlaue", to="docx")
    with pytest.raises(SiteError, match="not on the published site in 'zh'"):
        export_study(site, "shop", to="docx", language="zh")
    with pytest.raises(SiteError, match="no such folder"):
        export_study(site, "shop", to="xlsx", out=tmp_path / "none/a.xlsx")


def test_a_file_is_named_after_study_page_language_and_day(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = export_study(site, "shop", "case_evaluation-desk", to="xlsx", today=date(2026, 3, 1))
    assert str(made.file) == "shop-case_evaluation-desk-en-2026-03-01.xlsx"


@pytest.mark.browser
@pytest.mark.skipif(pictures.browser() is None, reason="Chromium is not on PATH")
def test_with_a_browser_figures_are_pictures_and_a_pdf_is_printed(
    site: Path, tmp_path: Path
) -> None:
    made = export_study(site, "shop", "value", to="docx", out=tmp_path / "a.docx")
    assert len(Document(str(made.file)).inline_shapes) == 1
    assert made.notes == ()
    pdf = export_study(site, "shop", "value", to="pdf", out=tmp_path / "a.pdf")
    assert pdf.file.read_bytes().startswith(b"%PDF")
