"""Make of either renderer's output the site that is published: one shell, no network, accessible.

A renderer's own page needs its style sheets, its scripts (modules, which no browser runs from a
file) and, for maths and fonts, other people's servers. Of such a page only the content and the
sidebar are taken; `content` brings the one to the house's form and `shell` puts the other around
it, so that the reader cannot tell which renderer was at work. What lay below ``reports/`` moves to
the site's root.
"""

from __future__ import annotations

import json
import posixpath
import re
import shutil
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from lxml.html import HtmlElement

from workbench.errors import SiteError
from workbench.languages.traditional import MADE_OF, traditional, traditional_html
from workbench.site.checking.withhold import study_of
from workbench.site.config import site_address, site_titles
from workbench.site.editions.page_cache import PageCache
from workbench.site.finishing.content import Content, read_content
from workbench.site.finishing.shell import THEME, MenuItem, compose, read_navigation
from workbench.site.finishing.traditional import made_body, made_content, made_menu, pages_made
from workbench.site.markup import classes, element, inner, parsed, replace
from workbench.site.staging.figures import in_page
from workbench.site.staging.fonts import embed_font
from workbench.site.staging.furniture import social_picture
from workbench.site.staging.stage import REPORTS
from workbench.site.words import BASE, in_language, language_of

_ATTRIBUTES = {"a": "href", "img": "src", "source": "src", "video": "src", "audio": "src"}
_DRAWN_HERE = re.compile(r"<wb-drawing>(\d+)</wb-drawing>")
_DRAWN = ("wb-only", "wb-wide", "wb-narrow")
_DRAWING = re.compile(r'<img[^>]* src="([^"]+\.svg)"')
_OF_THE_RUN = (
    re.compile(r'(<p class="wb-dates">)(.*?)(</p>)', re.DOTALL),
    re.compile(
        r'(<section class="wb-provenance">\s*<details>\s*<summary>\s*<h2[^>]*>[^<]*</h2>)'
        r"(.*?)(</summary>)",
        re.DOTALL,
    ),
    re.compile(
        r'(<section class="wb-provenance">\s*<details>\s*<summary>(?:(?!</summary>).)*'
        r"</summary>\s*)"
        r"(<dl>.*?)(\s*</details>\s*</section>)",
        re.DOTALL,
    ),
)
_STYLES = ("tokens.css", "content.css", "page.css", "page.js")


@dataclass(frozen=True)
class _Frame:
    """What stands around every page: the site's titles and front pages by language."""

    pages: list[str]
    titles: Mapping[str, str]
    homes: Mapping[str, str]
    address: str
    #: Pages that are made of others: page, region, page made.
    made: Mapping[str, Mapping[str, str]]


def finish(
    rendered: Path,
    target: Path,
    *,
    sources: Path,
    kept: PageCache | None = None,
    regions: Mapping[str, Collection[str]] | None = None,
) -> list[str]:
    """Write the finished site.

    Parameters
    ----------
    rendered : Path
        What the renderer left; its pages lie in ``reports/``.
    target : Path
        An empty or absent folder for the site.
    sources : Path
        The project or its copy: ``_quarto.yml`` with its profiles, and ``reports/theme``.
    kept : PageCache, optional
        Pages that were finished before.
    regions : mapping, optional
        Editions that are made of the Chinese one, with the studies that have them.

    Returns
    -------
    list of str
        The pages' paths from the site's root.

    Raises
    ------
    SiteError
        When there are no pages, or the theme is missing.
    """
    found = sorted((rendered / REPORTS).rglob("*.html"))
    pages = [path.relative_to(rendered / REPORTS).as_posix() for path in found]
    if not pages:
        raise SiteError("the renderer left no pages", where=str(rendered))
    titles = titles_of(sources, regions or {})
    made = pages_made(pages, regions or {})
    there = [*pages, *(place for places in made.values() for place in places.values())]
    homes = twins("index.html", titles, there)
    frame = _Frame(there, titles, homes, site_address(sources), made)
    kept = kept or PageCache()
    written: list[str] = []
    files: set[str] = set()
    for path, page in zip(found, pages, strict=True):
        for place, html in _finished(path, page, frame, files, kept).items():
            out = target / place
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_text(html, encoding="utf-8")
            written.append(place)
    _copy_files(rendered, sources, target, files)
    embed_font(target, target / THEME / "tokens.css", kept)
    return written


def titles_of(sources: Path, regions: Iterable[str]) -> dict[str, str]:
    """Give the site's title in every edition, those that are made of another included."""
    titles = site_titles(sources)
    own = titles.get(MADE_OF, "")
    return titles | {region: traditional(own, region) for region in regions if own}


def _finished(
    path: Path, page: str, frame: _Frame, files: set[str], kept: PageCache
) -> dict[str, str]:
    """Finish a page and those made of it, or take them as they were finished of the same parts.

    What tells of a run alone, its time and its origin, is put in afterwards: a page that a new run
    leaves as it was is not made again for it.
    """
    html, told = _part(path.read_text(encoding="utf-8"))
    drawings = sorted(set(_DRAWING.findall(html)))
    siblings = twins(page, frame.titles, frame.pages)
    made = frame.made.get(page, {})
    around = repr([siblings, frame.homes, frame.titles, frame.pages if made else ()])
    parts: list[str | bytes] = [page, frame.address, around, html]
    parts += [x.read_bytes() for name in drawings if (x := path.parent / unquote(name)).is_file()]

    def make() -> str:
        own: set[str] = set()
        finished = _finish_page(html, path, page, siblings, frame, own)
        return json.dumps({"pages": finished, "files": sorted(own)}, ensure_ascii=False)

    about = json.loads(kept.text("page", parts, make))
    files.update(about["files"])
    finished: dict[str, str] = about["pages"]
    regions = {place: region for region, place in made.items()}
    for place in finished:
        for token, text in told.items():
            said = traditional_html(text, regions[place]) if place in regions else text
            finished[place] = finished[place].replace(token, said)
    return finished


def _part(html: str) -> tuple[str, dict[str, str]]:
    """Put tokens for what tells of a run: the dates above a page, and where it comes from."""
    told: dict[str, str] = {}

    def token(found: re.Match[str]) -> str:
        name = f"@@told-{len(told)}@@"
        told[name] = found[2]
        return f"{found[1]}{name}{found[3]}"

    for pattern in _OF_THE_RUN:
        html = pattern.sub(token, html, count=1)
    return html, told


def twins(page: str, languages: Iterable[str], pages: Collection[str]) -> dict[str, str]:
    """Give where a page lies in each language that has it, its own included."""
    return {x: place for x in languages if (place := in_language(page, x)) in pages}


def _finish_page(
    html: str,
    path: Path,
    page: str,
    siblings: Mapping[str, str],
    frame: _Frame,
    files: set[str],
) -> dict[str, str]:
    tree = parsed(html)
    language = language_of(page)
    navigation = _at_root(read_navigation(tree, f"{REPORTS}/{page}"))
    content = read_content(tree, language)
    if content is None:
        return {}
    drawings = _set_figures(content, path.parent)
    _move_links(content, page, files)
    body = _DRAWN_HERE.sub(lambda found: drawings[int(found[1])], inner(content.body)).strip()

    def composed(place: str, said: Content, menu: tuple[MenuItem, ...], held: str) -> str:
        own = language_of(place)
        return compose(
            said,
            page=place,
            language=own,
            site=frame.titles.get(own) or frame.titles.get(BASE, ""),
            navigation=menu,
            siblings=siblings,
            homes=frame.homes,
            body=held,
            address=frame.address,
            picture=social_picture(own, study_of(place)),
        )

    pages = {page: composed(page, content, navigation, body)}
    there = set(frame.pages)
    for region, place in frame.made.get(page, {}).items():
        menu = made_menu(navigation, region, there)
        made = made_body(body, place, region, there)
        pages[place] = composed(place, made_content(content, region), menu, made)
    return pages


def _at_root(items: tuple[MenuItem, ...]) -> tuple[MenuItem, ...]:
    return tuple(
        MenuItem(x.text, x.href.removeprefix(f"{REPORTS}/"), _at_root(x.children)) for x in items
    )


def _set_figures(content: Content, folder: Path) -> list[str]:
    """Find drawings for the page: their text is searched, and their marks can be pointed at.

    They are put in when the page is written: of a drawing the parser need not know every line.
    """
    drawings: list[str] = []
    drawn = [x for x in content.body.iterdescendants("img") if {*_DRAWN} & {*classes(x)}]
    for number, image in enumerate(drawn):
        source = (folder / unquote(str(image.get("src") or ""))).resolve()
        if source.suffix != ".svg" or not source.is_relative_to(folder.resolve()):
            continue
        if not source.is_file():
            continue
        css = " ".join(["wb-svg", *(x for x in _DRAWN if x in classes(image))])
        label = str(image.get("alt") or "")
        replace(image, element("wb-drawing", text=str(len(drawings))))
        drawings.append(in_page(source.read_text("utf-8"), name=f"f{number}", label=label, css=css))
    return drawings


def _move_links(content: Content, page: str, files: set[str]) -> None:
    """Make the content's links relative to the page's new place, and note the files it shows."""
    for node in content.body.iterdescendants(*_ATTRIBUTES):
        name, attribute = str(node.tag), _ATTRIBUTES[node.tag]
        link = str(node.get(attribute) or "")
        if not link:
            continue
        if link.startswith("//"):
            link = f"https:{link}"
            node.set(attribute, link)
        parts = urlsplit(link)
        if parts.scheme:
            if name == "a" and parts.scheme in ("http", "https"):
                node.set("rel", "external noopener")
            continue
        if not parts.path:
            continue
        place = posixpath.normpath(
            posixpath.join(REPORTS, posixpath.dirname(page), unquote(parts.path))
        )
        place = place.removeprefix(f"{REPORTS}/")
        if not place.endswith(".html"):
            files.add(place)
        node.set(attribute, _quoted(place, page) + link[len(parts.path) :])
    for node in list(content.body.iterdescendants("img")):
        _no_remote(node)
    for node in content.body.xpath(".//*[@style]"):
        if re.search(r"url\(", node.get("style"), re.IGNORECASE):
            del node.attrib["style"]


def _quoted(place: str, page: str) -> str:
    return quote(posixpath.relpath(place, posixpath.dirname(page) or "."), safe="/:@!$,;~+&=")


def _no_remote(image: HtmlElement) -> None:
    """Let an image from another site be a link to it: a page fetches nothing from elsewhere."""
    source = str(image.get("src") or "")
    image.attrib.pop("srcset", None)
    if urlsplit(source).scheme in ("http", "https"):
        link = {"href": source, "rel": "external noopener"}
        replace(image, element("a", link, str(image.get("alt") or "") or source))


def _copy_files(rendered: Path, sources: Path, target: Path, files: set[str]) -> None:
    for name in _STYLES:
        source = sources / REPORTS / THEME / name
        if not source.is_file():
            raise SiteError(
                f"the theme's {name} is missing",
                where=str(source.parent),
                remedy="take it from version control again",
            )
        files.add(f"{THEME}/{name}")
    for name in sorted(files):
        for base in (rendered / REPORTS, sources / REPORTS):
            source = base / name
            inside = source.resolve().is_relative_to(base.resolve())
            if inside and source.is_file() and source.suffix not in (".ipynb", ".qmd", ".md"):
                out = target / name
                out.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, out)
                break
