"""A site carries the Chinese letters that it uses, and no more."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from workbench.site.fonts import FAMILY, embed_font, han_characters
from workbench.site.stage import FONT, REPORTS, stage, unstage


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
    assert han_characters(site) == "".join(sorted("客户价值。"))
    assert embed_font(site, site / "theme/tokens.css") == 5
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
    sheet = (published / "theme/tokens.css").read_text(encoding="utf-8")
    letters = {chr(code) for code in font_in(sheet).getBestCmap()}
    wanted = set(han_characters(published))
    assert {*"客户价值模拟数据"} <= wanted <= letters
    assert len(sheet) < 500_000


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
    unstage(project)
    assert not sheet.exists()
