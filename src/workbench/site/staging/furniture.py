"""What a site has besides its pages: sitemap, the page for what is not there, pictures of links."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from html import escape
from pathlib import Path

from lxml import etree

from workbench.fonts import han_font
from workbench.site.words import BASE, html_lang, word

LOST = "404.html"
_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
_XHTML = "http://www.w3.org/1999/xhtml"
# a picture of a link that is passed on, in the size that the networks ask for
_CARD_SIZE = (1200, 630)
_PAPER, _INK, _MUTED, _BAR = "#ffffff", "#1d2430", "#566171", "#1d4a94"


def write_sitemap(site: Path, address: str, pages: Mapping[str, Mapping[str, str]]) -> None:
    """Write ``sitemap.xml`` and ``robots.txt``: every page with its twins in other languages.

    Parameters
    ----------
    site : Path
        The finished site.
    address : str
        Where it is read, since a sitemap holds whole addresses; without it there is none.
    pages : mapping
        Each page to its twins, by language, its own included.
    """
    if not address:
        return
    root = etree.Element(f"{{{_SITEMAP}}}urlset", nsmap={None: _SITEMAP, "xhtml": _XHTML})
    for page, twins in sorted(pages.items()):
        url = etree.SubElement(root, f"{{{_SITEMAP}}}url")
        etree.SubElement(url, f"{{{_SITEMAP}}}loc").text = canonical(address, page)
        for language, twin in sorted(twins.items()) if len(twins) > 1 else ():
            link = etree.SubElement(url, f"{{{_XHTML}}}link")
            link.set("rel", "alternate")
            link.set("hreflang", html_lang(language))
            link.set("href", canonical(address, twin))
    etree.indent(root)
    data = etree.tostring(root, encoding="utf-8", xml_declaration=True)
    (site / "sitemap.xml").write_bytes(data + b"\n")
    (site / "robots.txt").write_text(
        f"User-agent: *\nAllow: /\nSitemap: {address}sitemap.xml\n", encoding="utf-8"
    )


def canonical(address: str, page: str) -> str:
    """Give the whole address of a page; a folder's index is the folder."""
    return address + (page[: -len("index.html")] if page.endswith("index.html") else page)


def write_lost(site: Path, homes: Mapping[str, str], titles: Mapping[str, str], base: str) -> None:
    """Write the page that servers show for what is not there, in every language of the site.

    It is shown at any depth, where no relative link holds: its style is its own, and its links are
    whole where the site's address is known.

    Parameters
    ----------
    site : Path
        The finished site.
    homes : mapping
        Language to the front page, from the site's root.
    titles : mapping
        Language to the site's title.
    base : str
        The site's address, or nothing.
    """
    parts: list[str] = []
    for language, home in homes.items():
        href = canonical(base, home) if base else home
        head = "h1" if not parts else "h2"
        parts.append(
            f'<section lang="{html_lang(language)}">\n'
            f"<{head}>{escape(word('lost', language))}</{head}>\n"
            f"<p>{escape(word('lost_why', language))}</p>\n"
            f'<p><a href="{escape(href, quote=True)}">{escape(titles.get(language, ""))}</a></p>\n'
            f"</section>"
        )
    first = next(iter(homes), BASE)
    title = f"{word('lost', first)} · {titles.get(first, '')}"
    body = "\n".join(parts)
    (site / LOST).write_text(
        f"""<!DOCTYPE html>
<html lang="{html_lang(first)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>{escape(title)}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ max-width: 38rem; margin: 12vh auto; padding: 0 1.25rem;
  background: light-dark(#fff, #15191f); color: light-dark(#1d2430, #e9edf2);
  font: 1.0625rem/1.65 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans SC", sans-serif; }}
a {{ color: light-dark(#1d4a94, #5395f2); }}
h1, h2 {{ font-size: 1.5rem; line-height: 1.25; }}
section + section {{ margin-top: 2.5rem; padding-top: .5rem; border-top: 1px solid #8a94a3; }}
</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
""",
        encoding="utf-8",
    )


def social_picture(language: str, study: str | None) -> str:
    """Return where the picture of a study's links lies, from the site's root."""
    return f"social/{study or 'site'}-{language}.png"


def write_card(path: Path, title: str, says: str, site: str) -> bool:
    """Draw the picture that goes along with a link to a study: its title, and what it says.

    Returns
    -------
    bool
        Whether there is one: without the house's font nothing is drawn.
    """
    font = han_font()
    if font is None:
        return False
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.new("RGB", _CARD_SIZE, _PAPER)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, _CARD_SIZE[0], 14), fill=_BAR)
    small, large, middle = (ImageFont.truetype(str(font), size) for size in (30, 62, 40))
    draw.text((70, 64), site, font=small, fill=_MUTED)
    down = 130
    for text, face, ink, most in ((title, large, _INK, 2), (says, middle, _INK, 5)):
        room = _CARD_SIZE[0] - 140
        for line in _lines(text, partial(draw.textlength, font=face), room, most):
            draw.text((70, down), line, font=face, fill=ink)
            down += int(face.size * 1.4)
        down += 28
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.convert("P", palette=Image.Palette.ADAPTIVE, colors=32).save(path, optimize=True)
    return True


def _lines(text: str, width: Callable[[str], float], room: float, most: int) -> list[str]:
    """Break a text into lines of at most `room`; the last may tell that more follows."""
    lines: list[str] = []
    line = ""
    for piece in re.findall(r"\s+|[\u2e80-\uffef]|[^\s\u2e80-\uffef]+", text):
        if line.strip() and width((line + piece).rstrip()) > room:
            lines.append(line.strip())
            line = ""
        line += piece
    lines += [line.strip()] if line.strip() else []
    if len(lines) > most:
        last = lines[most - 1].rstrip(".。 ")
        while last and width(f"{last} …") > room:
            last = last[:-1].rstrip()
        lines = [*lines[: most - 1], f"{last} …"]
    return lines
