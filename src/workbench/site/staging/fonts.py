"""Chinese letters for readers whose machine has none: a font with just the site's characters.

It stands last in the list of fonts, so that a machine with a Chinese font of its own does not use
it. It lies inside a style sheet: of a page that is opened from a file, Firefox loads no font from
another folder. The sheet weighs as much as all else that a page waits for, so the page's script
asks for it after the first paint, and only where two characters look alike, as they do without a
font.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterable
from functools import lru_cache
from html import unescape
from pathlib import Path

from workbench.fonts import han_font
from workbench.site.editions.archive import pages_of
from workbench.site.editions.page_cache import PageCache
from workbench.site.staging.furniture import LOST

FAMILY = "Workbench Han"
SHEET = "han.css"
"""The sheet beside that of all pages, for pages with more than `FEW` Chinese characters."""
FEW = 24
_LINKED = re.compile(r'<link rel="stylesheet" href="([^"]*/)tokens\.css">')
_SCRIPT = re.compile(r'(<script src="([^"]*/)page\.js")')
_FIRST_HAN = 0x2E80  # CJK radicals; punctuation, ideographs and full-width forms follow
_SOURCES = {".qmd", ".ipynb", ".html"}
# What Quarto itself writes on a Chinese page: contents, notices, folded code.
_QUARTO_WORDS = (
    "目录在该页上本页内容代码显示隐藏复制已贡献者作者发布于修改摘要"
    "注记提示警告重要小心搜索没有结果匹配图表"
)
_RULE = f"""
/* Only the characters that this site uses, of Noto Sans SC (SIL Open Font License 1.1). */
@font-face {{
  font-family: "{FAMILY}";
  src: url("data:font/woff;base64,%s") format("woff");
  font-display: block;
  unicode-range: U+2E80-9FFF, U+F900-FAFF, U+FE30-FE4F, U+FF00-FFEF;
}}
"""


def han_in(texts: Iterable[str]) -> str:
    """Collect the Chinese characters of some texts, in order of their code points."""
    found: set[str] = set()
    for text in texts:
        found.update(character for character in set(text) if ord(character) >= _FIRST_HAN)
    return "".join(sorted(found))


def han_on_pages(site: Path) -> dict[Path, str]:
    """Collect the Chinese characters that a reader sees on each page of a site."""
    # of the whole page: what its attributes say is shown, too, by the page's script
    return {
        page: han_in([unescape(page.read_text(encoding="utf-8"))])
        for page in pages_of(site)
        if page.name != LOST  # it brings its own style
    }


def font_rule(characters: str, kept: PageCache | None = None) -> str:
    """Write the style rule that brings these characters, font and all.

    Parameters
    ----------
    characters : str
        The characters.
    kept : PageCache, optional
        Fonts that were cut before.

    Returns
    -------
    str
        Empty when there are none, or the font is missing.
    """
    source = han_font()
    if source is None or not characters:
        return ""
    return (kept or PageCache()).text(
        "font",
        [characters],
        lambda: _RULE % base64.b64encode(_subset(source, characters)).decode("ascii"),
    )


@lru_cache(maxsize=4)  # takes seconds, and pages staged again mostly have the same words
def _subset(source: Path, characters: str) -> bytes:
    from fontTools import subset

    options = subset.Options()
    options.flavor = "woff"
    options.hinting = False
    options.layout_features = []
    font = subset.load_font(str(source), options, lazy=True)
    font.recalcTimestamp = False  # the same site, the same bytes
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=characters)
    subsetter.subset(font)
    file = io.BytesIO()
    subset.save_font(font, file, options)
    return file.getvalue()


def embed_font(site: Path, styles: Path, kept: PageCache | None = None) -> int:
    """Bring the letters: those of Chinese pages in a sheet of their own, which these pages link.

    A page with a few such letters, as in the name of the other edition, waits for those few alone.

    Parameters
    ----------
    site : Path
        The finished site; pages with more than `FEW` different characters name the sheet.
    styles : Path
        The style sheet of all pages, to extend; its fonts name `FAMILY` last.
    kept : PageCache, optional
        Fonts that were cut before.

    Returns
    -------
    int
        The number of characters embedded; 0 when the site has none or the font is missing.
    """
    own = han_on_pages(site)
    many = [page for page, found in own.items() if len(found) > FEW]
    few = han_in(found for found in own.values() if len(found) <= FEW)
    rest = han_in(own[page] for page in many)
    rule = font_rule(few, kept)
    if rule:
        with styles.open("a", encoding="utf-8") as sheet:
            sheet.write(rule)
    sheet_of_many = font_rule(rest, kept)
    if sheet_of_many:
        styles.with_name(SHEET).write_text(sheet_of_many, encoding="utf-8")
        for page in many:
            page.write_text(_with_sheet(page.read_text(encoding="utf-8")), encoding="utf-8")
    return len(set(few if rule else "") | set(rest if sheet_of_many else ""))


def _with_sheet(html: str) -> str:
    """Name the sheet to the page's script; without scripts a page waits for it."""
    link = rf'<noscript><link rel="stylesheet" href="\g<1>{SHEET}"></noscript>'
    return _SCRIPT.sub(
        rf'\g<1> data-letters="\g<2>{SHEET}"',
        _LINKED.sub(rf"\g<0>\n{link}", html, count=1),
        count=1,
    )


def staged_rule(reports: Path, configs: Iterable[Path], kept: PageCache | None = None) -> str:
    """Write the rule for pages that Quarto renders by hand from what stage left.

    Parameters
    ----------
    reports : Path
        The folder of written and staged pages.
    configs : iterable of Path
        Quarto's description of the site, whose titles stand on every page.
    kept : PageCache, optional
        Fonts that were cut before.
    """
    pages = (path for path in sorted(reports.rglob("*")) if path.suffix in _SOURCES)
    texts = (path.read_text(encoding="utf-8") for path in (*pages, *configs))
    return font_rule(han_in((_QUARTO_WORDS, *texts)), kept)
