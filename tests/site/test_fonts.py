"""A site carries the Chinese letters that it uses, and no more."""

from __future__ import annotations

from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from workbench.site.fonts import FAMILY, FILE, embed_font, han_characters


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "theme").mkdir()
    (tmp_path / "theme/tokens.css").write_text(":root {}\n", encoding="utf-8")
    (tmp_path / "index.html").write_text("<p>Customers</p>", encoding="utf-8")
    return tmp_path


def test_a_site_without_chinese_carries_no_font(site: Path) -> None:
    assert embed_font(site, site / "theme/tokens.css") == 0
    assert not (site / "theme" / FILE).exists()
    assert (site / "theme/tokens.css").read_text(encoding="utf-8") == ":root {}\n"


def test_the_font_holds_exactly_the_characters_of_the_pages(site: Path) -> None:
    (site / "zh").mkdir()
    (site / "zh/index.html").write_text("<p>客户价值,客户。</p>", encoding="utf-8")
    assert han_characters(site) == "".join(sorted("客户价值。"))
    assert embed_font(site, site / "theme/tokens.css") == 5
    covered = set(TTFont(site / "theme" / FILE).getBestCmap())
    assert {ord(character) for character in "客户价值。"} <= covered
    assert len(covered) < 50
    sheet = (site / "theme/tokens.css").read_text(encoding="utf-8")
    assert FAMILY in sheet and FILE in sheet


def test_the_same_pages_give_the_same_font(site: Path) -> None:
    (site / "index.html").write_text("<p>港湾移动</p>", encoding="utf-8")
    made = []
    for _ in range(2):
        embed_font(site, site / "theme/tokens.css")
        made.append((site / "theme" / FILE).read_bytes())
    assert made[0] == made[1]
