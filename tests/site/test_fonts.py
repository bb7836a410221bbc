"""A site carries the Chinese letters that it uses, and no more."""

from __future__ import annotations

import base64
import io
import re
from html import unescape
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from workbench.site.staging.fonts import FAMILY, FEW, embed_font, han_in, han_on_pages
from workbench.site.staging.stage import FONT, REPORTS, stage


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "theme").mkdir()
    (tmp_path / "theme/tokens.css").write_text(":root {}\n", encoding="utf-8")
    (tmp_path / "index.html").write_text("<p>Customers</p>", encoding="utf-8")
    return tmp_path


def font_in(sheet: str) -> TTFont:
    data = re.search(r"data:font/woff;base64,([^\"]+)", sheet)
    assert data, "there is no font in the style sheet"
    return TTFont(io.BytesIO(base64.b64decode(data[1])))


def test_a_site_without_chinese_carries_no_font(site: Path) -> None:
    assert embed_font(site, site / "theme/tokens.css") == 0
    assert (site / "theme/tokens.css").read_text(encoding="utf-8") == ":root {}\n"


def test_the_font_holds_exactly_the_characters_of_the_pages(site: Path) -> None:
    (site / "zh").mkdir()
    (site / "zh/index.html").write_text("<p>客户价值,客户。</p>", encoding="utf-8")
    assert han_in(han_on_pages(site).values()) == "".join(sorted("客户价值。"))
    assert embed_font(site, site / "theme/tokens.css") == 5
    assert not (site / "theme/han.css").exists()  # a handful: no sheet of its own
    sheet = (site / "theme/tokens.css").read_text(encoding="utf-8")
    covered = set(font_in(sheet).getBestCmap())
    assert {ord(character) for character in "客户价值。"} <= covered
    assert len(covered) < 50
    assert FAMILY in sheet


def test_the_same_pages_give_the_same_font(site: Path) -> None:
    (site / "index.html").write_text("<p>港湾移动</p>", encoding="utf-8")
    made = []
    for _ in range(2):
        (site / "theme/tokens.css").write_text("", encoding="utf-8")
        embed_font(site, site / "theme/tokens.css")
        made.append((site / "theme/tokens.css").read_bytes())
    assert made[0] == made[1]


def test_every_character_of_a_published_site_is_covered(published: Path) -> None:
    sheets = [
        (published / "theme" / x).read_text(encoding="utf-8") for x in ("tokens.css", "han.css")
    ]
    few, many = ({chr(code) for code in font_in(sheet).getBestCmap()} for sheet in sheets)
    wanted = set(han_in(han_on_pages(published).values()))
    assert {*"客户价值模拟数据"} <= wanted <= few | many
    assert len(sheets[1]) < 500_000


def test_a_page_waits_for_the_letters_that_it_has(published: Path) -> None:
    assert (published / "theme/tokens.css").stat().st_size < 40_000
    for page in published.rglob("*.html"):
        if "archive" in page.parts or page.name == "404.html":
            continue
        text = page.read_text(encoding="utf-8")
        assert ("theme/han.css" in text) == (len(han_in([unescape(text)])) > FEW), page
    assert "han.css" not in (published / "studies/demo/clv.html").read_text(encoding="utf-8")
    chinese = (published / "zh/studies/demo/clv.html").read_text(encoding="utf-8")
    # its script asks for the letters after the first paint; without scripts they come with the page
    assert 'data-letters="../../../theme/han.css"' in chinese
    assert re.findall(r".{10}<link[^>]*han\.css", chinese) == [
        '<noscript><link rel="stylesheet" href="../../../theme/han.css'
    ]


def test_the_font_stands_behind_those_of_the_machine(published: Path) -> None:
    css = (published / "theme/tokens.css").read_text(encoding="utf-8")
    stack = re.search(r"--sans: ([^;]+);", css)
    assert stack is not None
    assert stack[1].index("Microsoft YaHei") < stack[1].index(FAMILY)


def test_pages_that_quarto_renders_by_hand_find_their_letters_beside_the_theme(
    project: Path,
) -> None:
    stage(project)
    sheet = project / REPORTS / FONT
    letters = set(font_in(sheet.read_text(encoding="utf-8")).getBestCmap())
    written = (project / REPORTS / "zh/index.qmd").read_text(encoding="utf-8")
    assert {ord(character) for character in written if ord(character) >= 0x4E00} <= letters
