"""What a reader can search for: titles, headings, text, tables and terms of all pages.

The index of an edition is a script beside the pages, ``search/en.js``: a page that is opened from a
file may load a script, and no data. It is asked for when the reader begins to search, so that no
page is slower for it; without scripts there is no field. It holds what the finished pages show, and
is made of them after their check.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import html as html_of

from workbench.site.editions.archive import pages_of
from workbench.site.editions.page_cache import PageCache
from workbench.site.staging.furniture import LOST
from workbench.site.words import language_of

SEARCH = "search"
MOST_LETTERS = 6000
"""Characters of a section that are searched; a table of thousands of rows is a download."""

_LEFT_OUT = ("script", "style", "svg", "nav", "math")
_NOT_SEARCHED = ("wb-provenance", "wb-anchor", "wb-code", "wb-kicker", "wb-dates", "wb-banner")


def write_search(site: Path, kept: PageCache | None = None) -> dict[str, int]:
    """Write the index of each edition.

    Parameters
    ----------
    site : Path
        The finished site, its pages checked.
    kept : PageCache, optional
        What was read of pages before.

    Returns
    -------
    dict of str to int
        The number of sections in each edition's index.
    """
    kept = kept or PageCache()
    found: dict[str, list[Any]] = {}
    for path in pages_of(site):
        page = path.relative_to(site).as_posix()
        if path.name == LOST:
            continue
        text = path.read_text(encoding="utf-8")
        about = json.loads(kept.text("search", [text], lambda text=text: _read(text)))  # type: ignore[misc]
        if about["sections"]:
            own = found.setdefault(language_of(page), [])
            own.append([page, about["title"], about["sections"]])
    folder = site / SEARCH
    for language, pages in found.items():
        folder.mkdir(exist_ok=True)
        data = json.dumps(pages, ensure_ascii=False, separators=(",", ":"))
        # the two separators end a line of a script, and not of a JSON text
        data = data.replace("\u2028", " ").replace("\u2029", " ")
        (folder / f"{language}.js").write_text(f"window.wbSearch={data};\n", encoding="utf-8")
    return {x: sum(len(page[2]) for page in pages) for x, pages in found.items()}


def _read(text: str) -> str:
    root = html_of.document_fromstring(text)
    article = root.find(".//article")
    title = root.findtext(".//h1") or ""
    name = " ".join(title.split())
    trail = root.xpath("//p[contains(@class, 'wb-kicker')]/a")
    over = " ".join(trail[-1].text_content().split()) if title and len(trail) > 1 else ""
    sections = list(_sections(article)) if article is not None else []
    named = f"{over} › {name}" if over else name
    return json.dumps({"title": named, "sections": sections}, ensure_ascii=False)


def _sections(article: Any) -> Iterator[list[str]]:
    """Yield id, heading and text of each section; the first, without either, is the page's head."""
    sections = [("", "", list[str]())]
    for kind, text, name in _pieces(article):
        if kind == "text":
            sections[-1][-1].append(text)
        else:
            sections.append((name, " ".join(text.split()), []))
    for ident, heading, said in sections:
        if ident or said:
            yield [ident, heading, " ".join(" ".join(said).split())[:MOST_LETTERS]]


def _pieces(node: Any) -> Iterator[tuple[str, str, str]]:
    if not isinstance(node.tag, str) or node.tag in _LEFT_OUT:
        return
    if set((node.get("class") or "").split()) & set(_NOT_SEARCHED):
        return
    if node.tag in ("h2", "h3") and node.get("id"):
        yield "head", _plain(node), node.get("id")
        return
    if node.text:
        yield "text", node.text, ""
    for child in node:
        yield from _pieces(child)
        if child.tail:
            yield "text", child.tail, ""
    if node.tag in ("td", "th", "p", "li", "h1"):
        yield "text", " ", ""


def _plain(head: Any) -> str:
    return " ".join(str(x) for x in head.xpath(".//text()[not(ancestor::a[@class='wb-anchor'])]"))
