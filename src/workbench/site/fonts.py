"""Chinese letters for readers whose machine has none: a font with just the site's characters.

It stands last in the list of fonts, so that a machine with a Chinese font of its own does not use
it. It lies inside the style sheet: of a page that is opened from a file, Firefox loads no font from
another folder, and the letters are there for the first word.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from functools import lru_cache
from html import unescape
from pathlib import Path

from workbench.fonts import han_font
from workbench.site.archive import pages_of
from workbench.site.furniture import LOST
from workbench.site.kept import Kept

FAMILY = "Workbench Han"
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
        found.update(character for character in text if ord(character) >= _FIRST_HAN)
    return "".join(sorted(found))


def han_characters(site: Path) -> str:
    """Collect the Chinese characters that a reader sees on a site's pages."""
    # of the whole page: what its attributes say is shown, too, by the page's script
    return han_in(
        unescape(page.read_text(encoding="utf-8"))
        for page in pages_of(site)
        if page.name != LOST  # it brings its own style
    )


def font_rule(characters: str, kept: Kept | None = None) -> str:
    """Write the style rule that brings these characters, font and all.

    Parameters
    ----------
    characters : str
        The characters.
    kept : Kept, optional
        Fonts that were cut before.

    Returns
    -------
    str
        Empty when there are none, or the font is missing.
    """
    source = han_font()
    if source is None or not characters:
        return ""
    return (kept or Kept()).text(
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


def embed_font(site: Path, styles: Path, kept: Kept | None = None) -> int:
    """Put the font into a style sheet of the site.

    Parameters
    ----------
    site : Path
        The finished site.
    styles : Path
        The style sheet to extend; its fonts name `FAMILY` last.
    kept : Kept, optional
        Fonts that were cut before.

    Returns
    -------
    int
        The number of characters embedded; 0 when the site has none or the font is missing.
    """
    characters = han_characters(site)
    rule = font_rule(characters, kept)
    if not rule:
        return 0
    with styles.open("a", encoding="utf-8") as sheet:
        sheet.write(rule)
    return len(characters)


def staged_rule(reports: Path, configs: Iterable[Path], kept: Kept | None = None) -> str:
    """Write the rule for pages that Quarto renders by hand from what stage left.

    Parameters
    ----------
    reports : Path
        The folder of written and staged pages.
    configs : iterable of Path
        Quarto's description of the site, whose titles stand on every page.
    kept : Kept, optional
        Fonts that were cut before.
    """
    pages = (path for path in sorted(reports.rglob("*")) if path.suffix in _SOURCES)
    texts = (path.read_text(encoding="utf-8") for path in (*pages, *configs))
    return font_rule(han_in((_QUARTO_WORDS, *texts)), kept)
