"""A published page as parts that another kind of file is made of: texts, tables, figures, notes."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

from lxml import etree, html

from workbench.errors import SiteError
from workbench.site.editions.archive import STUDIES
from workbench.site.words import in_language

Kind = Literal["heading", "text", "item", "note", "cards", "table", "figure"]
_SKIPPED = {"wb-code", "wb-contents", "wb-provenance", "wb-anchor", "wb-download", "wb-skipped"}
_APART = {"p", "div", "li", "dt", "dd", "td", "th", "br", "svg", "section", "summary"}
_NOTES = {"wb-callout", "wb-notice"}


@dataclass
class PageTable:
    """A table as it is shown, and the same with plain numbers, as its download has it."""

    title: str = ""
    note: str = ""
    heads: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    plain: list[list[str]] = field(default_factory=list)


@dataclass
class PagePart:
    """A part of a page; what it has depends on its kind."""

    kind: Kind
    text: str = ""
    level: int = 0
    table: PageTable | None = None
    svg: str = ""
    analysts: bool = False


@dataclass
class Page:
    """A page of a study: its name, its question, where it comes from, and its parts."""

    name: str
    title: str
    question: str
    message: str
    about: tuple[str, ...]
    source: tuple[tuple[str, str], ...]
    parts: list[PagePart]
    html: str


def read_pages(site: Path, study: str, page: str | None, language: str) -> list[Page]:
    """Read the pages of a study from a published site, in the order of its menu.

    Parameters
    ----------
    site : Path
        The published site.
    study : str
        Its name.
    page : str, optional
        ``goals``, or ``case_evaluation/service_desk``; all pages when left out.
    language : str
        The edition.

    Raises
    ------
    SiteError
        When the study or the page is not on the site in that language; names those that are.
    """
    folder = site / in_language(f"{STUDIES}/{study}", language)
    if not (folder / "index.html").is_file():
        raise SiteError(
            f"study {study!r} is not on the published site in {language!r}",
            where=str(site),
            remedy=f"run `workbench publish {study}` first, or choose another --language",
        )
    names = _order(folder)
    if page is not None:
        asked = page.removesuffix(".html").replace("case_evaluation-", "case_evaluation/")
        if asked not in names:
            raise SiteError(
                f"study {study!r} has no page {page!r}", where=str(folder),
                remedy=f"choose one of {', '.join(names)}",
            )  # fmt: skip
        names = [asked]
    return [_read(folder / f"{name}.html", name) for name in names]


def _order(folder: Path) -> list[str]:
    root = html.parse(str(folder / "index.html")).getroot()
    listed = root.xpath("//nav[contains(@class,'wb-nav')]//a/@href")
    listed += root.xpath("//section[contains(@class,'wb-contents')]//a/@href")
    there = sorted(p.relative_to(folder).with_suffix("").as_posix() for p in folder.rglob("*.html"))
    found = [unquote(str(href)).removesuffix(".html") for href in listed]
    names = [name for name in dict.fromkeys(["index", *found]) if name in there]
    behind = [name for name in there if name not in names]
    for name in behind:  # a measure stands behind the list of measures
        at = [k for k, other in enumerate(names) if other.split("/")[0] == name.split("/")[0]]
        names.insert(at[-1] + 1 if at else len(names), name)
    return names


def _read(path: Path, name: str) -> Page:
    root = html.fromstring(path.read_bytes().decode("utf-8"))
    article = root.xpath("//main//article")[0]
    _draw_in(article, path.parent)
    head = article.find("header")
    about = [*_texts(head, "wb-date"), *_texts(head, "wb-banner")]
    source = [
        (_text(row.find("dt")), _text(row.find("dd")))
        for row in article.xpath(".//section[contains(@class,'wb-provenance')]/details/dl/div")
        if not row.xpath("./dd/a")  # an address on the site leads nowhere from here
    ]
    parts = [part for child in article if child is not head for part in _parts(child, False)]
    body = "".join(
        etree.tostring(child, encoding="unicode", method="html")
        for child in article
        if child is not head and "wb-contents" not in _classes(child)
    )
    title = _text(head.find(".//h1"))
    question = " ".join(_texts(head, "wb-question"))
    message = " ".join(_texts(article, "wb-message")[:1])
    return Page(name, title, question, message, tuple(about), tuple(source), parts, body)


def _draw_in(article: Any, folder: Path) -> None:
    """Put drawings that lie beside the page into it, where an older site left them."""
    for image in article.xpath(".//img[contains(@src, '.svg')]"):
        file = folder / unquote(str(image.get("src")))
        if not _classes(image) & {"wb-light", "wb-wide", "wb-only"} or not file.is_file():
            continue
        drawing = etree.fromstring(file.read_bytes())
        drawing.set("class", "wb-svg")
        drawing.tail = image.tail
        image.getparent().replace(image, drawing)


def _parts(node: Any, analysts: bool) -> Iterator[PagePart]:
    if not isinstance(node.tag, str):
        return
    css = _classes(node)
    if css & _SKIPPED:
        return
    if node.tag in ("h2", "h3", "h4", "h5", "h6"):
        yield PagePart("heading", _text(node), int(node.tag[1]), analysts=analysts)
    elif "wb-figure-block" in css:
        yield _figure(node, analysts)
    elif node.tag == "table":
        yield PagePart("table", table=_table(node, node), analysts=analysts)
    elif "wb-table-block" in css or "wb-table-wrap" in css:
        for table in node.iter("table"):
            yield PagePart("table", table=_table(table, node), analysts=analysts)
    elif "wb-headlines" in css:
        rows = [
            [" ".join(_texts(card, f"wb-card-{x}")) for x in ("label", "value", "interval")]
            for card in node
        ]
        yield PagePart("cards", table=PageTable(rows=rows), analysts=analysts)
    elif css & _NOTES:
        yield PagePart("note", _text(node), analysts=analysts)
    elif node.tag in ("ul", "ol"):
        for item in node.iterchildren("li"):
            yield PagePart("item", _side_by_side(item), analysts=analysts)
    elif node.tag == "p":
        if said := _text(node):
            yield PagePart("text", said, analysts=analysts)
    elif node.tag != "svg":
        inside = analysts or "wb-analysts" in css
        for child in node:
            yield from _parts(child, inside)


def _figure(node: Any, analysts: bool) -> PagePart:
    drawn = node.xpath(".//*[contains(@class,'wb-svg') and not(contains(@class,'wb-narrow'))]")
    tables = list(node.iter("table"))
    table = _table(tables[0], node) if tables else PageTable()
    table.title = " - ".join([*_texts(node, "wb-title")[:1], *_texts(node, "wb-subtitle")[:1]])
    table.note = " ".join(_text(x) for x in node.iter("figcaption"))
    svg = etree.tostring(drawn[0], encoding="unicode", with_tail=False) if drawn else ""
    return PagePart("figure", table.title, table=table, svg=svg, analysts=analysts)


def _table(table: Any, box: Any) -> PageTable:
    caption = table.find("caption")
    heads = [_text(x) for x in table.xpath("./thead/tr[last()]/*")]
    rows = [[_text(cell) for cell in row] for row in table.xpath("./tbody/tr")]
    links = box.xpath(".//a[contains(@class,'wb-download')]/@href")
    plain: list[list[str]] = []
    if links and "," in str(links[0]):
        data = base64.b64decode(unquote(str(links[0]).partition(",")[2])).decode("utf-8-sig")
        plain = list(csv.reader(io.StringIO(data)))
    note = " ".join(_texts(box, "wb-table-caption"))
    return PageTable(_text(caption), note, heads, rows, plain)


def _side_by_side(item: Any) -> str:
    """Give the text of an item; what stands in boxes of its own, as in a tile, is set apart."""
    box = item[0] if len(item) == 1 and not (item.text or "").strip() else item
    own = [box.text, *(child.tail for child in box)]
    if len(box) < 2 or any((text or "").strip() for text in own):
        return _text(item)
    return " · ".join(filter(None, map(_text, box)))


def _texts(node: Any, css: str) -> list[str]:
    found = node.xpath(f".//*[contains(concat(' ', @class, ' '), ' {css} ')]")
    return [said for each in found if (said := _text(each))]


def _text(node: Any) -> str:
    return "" if node is None else " ".join("".join(_spoken(node)).split())


def _spoken(node: Any) -> Iterator[str]:
    """Give the texts in an element; what stands apart on the page stays apart."""
    if not isinstance(node.tag, str) or node.tag in ("title", "script", "style"):
        return
    apart = node.tag in _APART or any(x.startswith("wb-") for x in _classes(node))
    if apart:
        yield " "
    yield node.text or ""
    for child in node:
        yield from _spoken(child)
        yield child.tail or ""
    if apart:
        yield " "


def _classes(node: Any) -> set[str]:
    return set(str(node.get("class") or "").split())
