"""Read a finished site as a stranger would, and say what is wrong before anybody sees it."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup, Tag

from workbench.errors import SiteError
from workbench.site.archive import is_archived, pages_of, published_as
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
_HEADINGS = re.compile(r"^h[1-6]$")


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


def check(
    site: Path,
    *,
    forbidden: Iterable[str] = (),
    literal: Iterable[str] = (),
    allowed: Iterable[str] = (),
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
    paths = pages_of(site)
    soups = {p: BeautifulSoup(p.read_text(encoding="utf-8"), "lxml") for p in paths}
    anchors = {path.resolve(): _anchors(soup) for path, soup in soups.items()}
    faults: list[Fault] = []
    if not (site / "index.html").is_file():
        faults.append(Fault("index.html", "missing", "the site has no front page"))
    for path, soup in soups.items():
        page = path.relative_to(site).as_posix()
        for kind, detail in _page_findings(path, soup, site, anchors, texts):
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


def _anchors(soup: BeautifulSoup) -> set[str]:
    return {str(x["id"]) for x in soup.find_all(id=True)}


def _page_findings(
    path: Path,
    soup: BeautifulSoup,
    site: Path,
    anchors: dict[Path, set[str]],
    texts: _Texts,
) -> Iterator[tuple[str, str]]:
    yield from _structure(soup)
    yield from _requests(soup)
    yield from _links(path, soup, site, anchors)
    text = soup.get_text("\n")
    for node in soup.select("code, script, style, pre, annotation"):
        node.decompose()
    prose = soup.get_text("\n")
    for own in texts.literal:
        prose = prose.replace(own, "")
    if found := _LEFTOVER.search(prose):
        around = prose[max(0, found.start() - 10) : found.end() + 30].strip()
        yield "unrendered markup", " ".join(around.split())
    spoken = [
        str(node[name])
        for name in ("alt", "title", "aria-label", "content")
        for node in soup.select(f"[{name}]")
    ]
    offered = list(_offered(soup))
    said = "\n".join([text, *spoken, *offered])
    for own in texts.allowed:
        said = said.replace(own, "")
    for kind, found_text in find(said, texts.forbidden):
        yield f"personal data ({kind})", found_text


def _structure(soup: BeautifulSoup) -> Iterator[tuple[str, str]]:
    html = soup.find("html")
    if not isinstance(html, Tag) or not html.get("lang"):
        yield "language", "the page does not say its language"
    title = soup.find("title")
    if title is None or not title.get_text(strip=True):
        yield "title", "the page has no title"
    main = soup.find("main")
    if not isinstance(main, Tag):
        yield "landmark", "the page has no main landmark"
        return
    body = main.find_all(["p", "table", "li", "figure", "dl"])
    if not any(x.get_text(strip=True) or x.find("img") for x in body):
        yield "empty", "the page has a title and nothing else"
    heads = main.find_all(_HEADINGS)
    if sum(x.name == "h1" for x in heads) != 1:
        yield "headings", "a page has exactly one h1"
    last = 0
    for head in heads:
        level = int(head.name[1])
        if level > last + 1:
            yield "headings", f"h{level} {head.get_text(strip=True)!r} follows h{last}"
        if not head.get_text(strip=True):
            yield "headings", f"an h{level} is empty"
        last = level
    seen: set[str] = set()
    for node in soup.find_all(id=True):
        if str(node["id"]) in seen:
            yield "id", f"{node['id']!r} is there twice"
        seen.add(str(node["id"]))
    for image in soup.find_all("img"):
        if not str(image.get("alt") or "").strip():
            yield "alt text", f"{image.get('src')} has none; write #| fig-alt"
    for cell in soup.find_all("th"):
        if not cell.get("scope"):
            yield "table", f"the head {cell.get_text(strip=True)!r} has no scope"


def _requests(soup: BeautifulSoup) -> Iterator[tuple[str, str]]:
    for name, attributes in _FETCHED.items():
        for node in soup.find_all(name):
            rel = {str(x) for x in node.get("rel") or ()}
            if name == "link" and rel and rel <= _NOT_FETCHED:
                continue
            for attribute in attributes:
                value = str(node.get(attribute) or "")
                if _OUTSIDE.match(value.strip()) or ("srcset" in attribute and "//" in value):
                    yield "outside request", f"{name} {attribute}={value[:120]}"
    for node in soup.find_all("style"):
        if _CSS_FETCH.search(node.get_text()):
            yield "outside request", "a style sheet in the page imports another"
    for node in soup.find_all(style=True):
        if _CSS_FETCH.search(str(node["style"])):
            yield "outside request", f"style={str(node['style'])[:120]}"
    for node in soup.find_all("meta", attrs={"http-equiv": re.compile("refresh", re.IGNORECASE)}):
        yield "outside request", f"meta refresh {node.get('content')}"


def _links(
    path: Path, soup: BeautifulSoup, site: Path, anchors: dict[Path, set[str]]
) -> Iterator[tuple[str, str]]:
    fetched = [(x, "src") for x in soup.find_all(["img", "script"], src=True)]
    linked = [(x, "href") for x in soup.find_all(["a", "link"], href=True)]
    for node, attribute in fetched + linked:
        link = str(node[attribute])
        parts = urlsplit(link)
        if parts.scheme in ("data", "http", "https"):
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
        elif parts.fragment and unquote(parts.fragment) not in anchors.get(target, ()):
            yield "broken link", f"{link} (no such place on the page)"


def _offered(soup: BeautifulSoup) -> Iterator[str]:
    """Yield the text of the files that a page carries inside its links."""
    for node in soup.find_all("a", href=re.compile(r"^data:text/")):
        head, _, data = str(node["href"]).partition(",")
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
