"""Read a finished site as a stranger would, and say what is wrong before anybody sees it."""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from lxml import html as html_of

from workbench.errors import SiteError
from workbench.site.editions.archive import is_archived, pages_of, published_as
from workbench.site.editions.page_cache import PageCache
from workbench.site.personal import find

# What a browser fetches by itself, as against a link that a reader may follow.
_FETCHED = {
    "script": ("src",),
    "link": ("href",),
    "img": ("src", "srcset"),
    "source": ("src", "srcset"),
    "video": ("src", "poster"),
    "audio": ("src",),
    "iframe": ("src",),
    "embed": ("src",),
    "object": ("data",),
    "input": ("src",),
    "use": ("href", "xlink:href"),
    "image": ("href", "xlink:href"),
}
_NOT_FETCHED = {"alternate", "canonical", "license", "author"}
_OUTSIDE = re.compile(r"(?:https?:)?//", re.IGNORECASE)
_CSS_FETCH = re.compile(r"@import\b|url\(\s*['\"]?(?:https?:)?//", re.IGNORECASE)
_LEFTOVER = re.compile(r"\{\{<|\?meta:|\\\(|\\\[|:::\s|^```|\*\*[^\s*][^*\n]*\*\*", re.MULTILINE)
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_TEXTS = "//text()[not(ancestor::script or ancestor::style)]"
_PROSE = (
    "//text()[not(ancestor::code or ancestor::script or ancestor::style or ancestor::pre"
    " or ancestor::annotation)]"
)
_SPOKEN = ("alt", "title", "aria-label", "content")


@dataclass(frozen=True)
class _Texts:
    """Texts that must not appear, that may look like markup, that may look like an address."""

    forbidden: tuple[str, ...]
    literal: tuple[str, ...]
    allowed: tuple[str, ...]


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: the page or file, what kind of thing, and its details."""

    page: str
    kind: str
    detail: str

    def __str__(self) -> str:
        return f"{self.page}: {self.kind}: {self.detail}"


@dataclass(frozen=True)
class _Read:
    """What a page is by itself: its faults, the places on it, and where it leads."""

    faults: tuple[tuple[str, str], ...]
    anchors: frozenset[str]
    links: tuple[str, ...]


def check(
    site: Path,
    *,
    forbidden: Iterable[str] = (),
    literal: Iterable[str] = (),
    allowed: Iterable[str] = (),
    kept: PageCache | None = None,
) -> list[Fault]:
    """Check every page and file of a site.

    Parameters
    ----------
    site : Path
        The finished site.
    forbidden : iterable of str
        Texts that must not appear anywhere, such as names of customers.
    literal : iterable of str
        Texts that cards hold: shown as they are written, whatever they look like.
    allowed : iterable of str
        Addresses that cards give readers to write to.
    kept : PageCache, optional
        What was found on pages that were checked before. Whether links lead somewhere is looked at
        anew each time, since that is not the page's alone.

    Returns
    -------
    list of Fault
        Empty when the site may be published.
    """
    secrets = tuple(dict.fromkeys(x for x in forbidden if x.strip()))
    shown = [" ".join(x.split()) for x in literal]
    texts = _Texts(
        secrets,
        tuple(sorted({x for x in shown if _LEFTOVER.search(x)}, key=len, reverse=True)),
        tuple(" ".join(x.split()) for x in allowed if x.strip()),
    )
    kept = kept or PageCache()
    paths = pages_of(site)
    read = {p.resolve(): _read(p.read_text(encoding="utf-8"), texts, kept) for p in paths}
    faults: list[Fault] = []
    if not (site / "index.html").is_file():
        faults.append(Fault("index.html", "missing", "the site has no front page"))
    for path, about in zip(paths, read.values(), strict=True):
        page = path.relative_to(site).as_posix()
        for kind, detail in (*about.faults, *_links(path, about.links, site, read)):
            faults.append(Fault(page, kind, detail))
    for path in sorted(site.rglob("*")):
        if path.suffix in (".css", ".svg", ".csv", ".xml") and not is_archived(path, site):
            page = path.relative_to(site).as_posix()
            text = path.read_text(encoding="utf-8", errors="replace")
            for kind, detail in _file_findings(path.suffix, text, secrets):
                faults.append(Fault(page, kind, detail))
    return faults


def refuse(faults: list[Fault]) -> None:
    """Raise when there are faults.

    Raises
    ------
    SiteError
        Names the first ten.
    """
    if faults:
        shown = "; ".join(str(x) for x in faults[:10])
        more = f"; and {len(faults) - 10} more" if len(faults) > 10 else ""
        raise SiteError(
            f"the site failed its check: {shown}{more}",
            remedy="mend the notebook or the page and publish again",
        )


def _read(text: str, texts: _Texts, kept: PageCache) -> _Read:
    def make() -> str:
        root = html_of.document_fromstring(text or "<html></html>")
        about = {
            "faults": list(_page_findings(root, texts)),
            "anchors": sorted({str(x) for x in root.xpath("//@id")}),
            "links": list(dict.fromkeys(_addresses(root))),
        }
        return json.dumps(about, ensure_ascii=False)

    asked = json.dumps([texts.forbidden, texts.literal, texts.allowed], ensure_ascii=False)
    found = json.loads(kept.text("check", [text, asked], make))
    faults = tuple((str(kind), str(detail)) for kind, detail in found["faults"])
    return _Read(faults, frozenset(found["anchors"]), tuple(found["links"]))


def _page_findings(root: Any, texts: _Texts) -> Iterator[tuple[str, str]]:
    yield from _structure(root)
    yield from _requests(root)
    text = "\n".join(root.xpath(_TEXTS, smart_strings=False))
    # a text of a card keeps its line breaks on a page; what it is held against has none
    prose = "\n".join(" ".join(x.split()) for x in root.xpath(_PROSE, smart_strings=False))
    for own in texts.literal:
        prose = prose.replace(own, "")
    if found := _LEFTOVER.search(prose):
        around = prose[max(0, found.start() - 10) : found.end() + 30].strip()
        yield "unrendered markup", " ".join(around.split())
    spoken = [str(x) for name in _SPOKEN for x in root.xpath(f"//@{name}", smart_strings=False)]
    said = "\n".join([text, *spoken, *_offered(root)])
    for own in texts.allowed:
        said = said.replace(own, "")
    for kind, found_text in find(said, texts.forbidden):
        yield f"personal data ({kind})", found_text


def _said(node: Any) -> str:
    return "".join(node.itertext()).strip()


def _structure(root: Any) -> Iterator[tuple[str, str]]:
    if not root.get("lang"):
        yield "language", "the page does not say its language"
    title = root.find(".//title")
    if title is None or not _said(title):
        yield "title", "the page has no title"
    main = root.find(".//main")
    if main is None:
        yield "landmark", "the page has no main landmark"
        return
    body = main.iter("p", "table", "li", "figure", "dl")
    if not any(_said(x) or x.find(".//img") is not None for x in body):
        yield "empty", "the page has a title and nothing else"
    heads = list(main.iter(*_HEADINGS))
    if sum(x.tag == "h1" for x in heads) != 1:
        yield "headings", "a page has exactly one h1"
    last = 0
    for head in heads:
        level = int(head.tag[1])
        if level > last + 1:
            yield "headings", f"h{level} {_said(head)!r} follows h{last}"
        if not _said(head):
            yield "headings", f"an h{level} is empty"
        last = level
    for name, times in Counter(root.xpath("//@id", smart_strings=False)).items():
        if times > 1:
            yield "id", f"{name!r} is there twice"
    for image in root.iter("img"):
        if not (image.get("alt") or "").strip():
            yield "alt text", f"{image.get('src')} has none; write #| fig-alt"
    for cell in root.iter("th"):
        if not cell.get("scope"):
            yield "table", f"the head {_said(cell)!r} has no scope"


def _requests(root: Any) -> Iterator[tuple[str, str]]:
    for node in root.iter(*_FETCHED):
        name = node.tag
        rel = set((node.get("rel") or "").split())
        if name == "link" and rel and rel <= _NOT_FETCHED:
            continue
        for attribute in _FETCHED[name]:
            value = node.get(attribute) or ""
            if _OUTSIDE.match(value.strip()) or ("srcset" in attribute and "//" in value):
                yield "outside request", f"{name} {attribute}={value[:120]}"
    for node in root.iter("style"):
        if _CSS_FETCH.search(_said(node)):
            yield "outside request", "a style sheet in the page imports another"
    for style in root.xpath("//@style", smart_strings=False):
        if _CSS_FETCH.search(style):
            yield "outside request", f"style={style[:120]}"
    for node in root.iter("meta"):
        if "refresh" in (node.get("http-equiv") or "").lower():
            yield "outside request", f"meta refresh {node.get('content')}"


def _addresses(root: Any) -> Iterator[str]:
    for node in root.iter("img", "script", "a", "link"):
        address = node.get("src" if node.tag in ("img", "script") else "href")
        if address is not None and not address.startswith("data:"):
            yield address


def _links(
    path: Path, links: Collection[str], site: Path, read: dict[Path, _Read]
) -> Iterator[tuple[str, str]]:
    for link in links:
        parts = urlsplit(link)
        if parts.scheme in ("http", "https"):
            continue
        if parts.scheme:
            yield "link", f"{link!r} leads to no page"
            continue
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path.resolve()
        target = published_as(target, site.resolve())
        if target.is_dir():
            target = target / "index.html"
        if not target.is_relative_to(site.resolve()):
            yield "broken link", f"{link} leads out of the site"
        elif not target.is_file():
            yield "broken link", link
        elif parts.fragment and not (
            target in read and unquote(parts.fragment) in read[target].anchors
        ):
            yield "broken link", f"{link} (no such place on the page)"


def _offered(root: Any) -> Iterator[str]:
    """Yield the text of the files that a page carries inside its links."""
    for address in root.xpath("//a/@href[starts-with(., 'data:text/')]", smart_strings=False):
        head, _, data = address.partition(",")
        if "base64" in head:
            yield base64.b64decode(unquote(data)).decode("utf-8", errors="replace")
        else:
            yield unquote(data)


def _file_findings(suffix: str, text: str, secrets: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if suffix == ".css" and (found := _CSS_FETCH.search(text)):
        yield "outside request", text[found.start() : found.start() + 80]
    if suffix == ".xml":  # addresses of name spaces and of the site itself are no texts
        text = " ".join(re.findall(r">([^<]+)<", text))
    if suffix == ".svg":
        if re.search(r"(?:href|src)\s*=\s*['\"](?:https?:)?//", text):
            yield "outside request", "a figure refers to another site"
        if "<script" in text:
            yield "script", "a figure carries a script"
        # paths are numbers: only what is written as text can tell of a person
        text = " ".join(re.findall(r">([^<]+)<", text))
    for kind, found_text in find(text, secrets):
        yield f"personal data ({kind})", found_text
