"""A feed a language of what was published: each run of a study with what it says and what is new.

Entries are those of the newest runs, made with the pages, and those of the feed published before:
a feed remembers the runs that were published and no others, so nothing is read again for it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from workbench.site.words import html_lang, in_language, word

ATOM = "http://www.w3.org/2005/Atom"
FEED = "feed.xml"
MOST_ENTRIES = 100

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:workbench:site")
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(frozen=True)
class News:
    """What a run of a study has to tell in one edition.

    Attributes
    ----------
    study, run : str
        Names.
    language : str
        Of the texts: the edition's, or the study's own where it has no such edition.
    title : str
        The study's title.
    says : str
        Its message.
    lines : tuple of str
        What has changed since the run before.
    at : str
        When the run was finished, as ISO writes it.
    """

    study: str
    run: str
    language: str
    title: str
    says: str
    lines: tuple[str, ...]
    at: str


def feed_path(language: str) -> str:
    """Return where the feed of an edition lies, from the site's root."""
    return in_language(FEED, language)


def write_feed(
    new: Path,
    old: Path,
    language: str,
    told: Iterable[News],
    *,
    title: str,
    address: str,
    places: Mapping[tuple[str, str], str],
) -> None:
    """Write an edition's feed.

    Parameters
    ----------
    new, old : Path
        The new site, and the one published before (it need not be there).
    language : str
        The edition.
    told : iterable of News
        What the newest runs have to tell.
    title : str
        The site's title in this language.
    address : str
        Where the site is read; links are relative to the feed where it is empty.
    places : mapping
        Run and language of its texts to the address of its first page, from the site's root.
    """
    path = feed_path(language)
    entries = dict(_kept(old / path))
    for news in told:
        entry = _entry(news, language, address, places[news.run, news.language], path)
        entries[str(entry.findtext(f"{{{ATOM}}}id"))] = entry
    newest = sorted(entries.values(), key=lambda each: (_updated(each), _ident(each)))[::-1]
    root = etree.Element(f"{{{ATOM}}}feed", nsmap={None: ATOM})
    root.set(_LANG, html_lang(language))
    _add(root, "title", title)
    _add(root, "subtitle", word("feed_about", language))
    _add(root, "id", _urn(address, language, title))
    _add(root, "updated", max(map(_updated, newest), default="1970-01-01T00:00:00+00:00"))
    _add(root, "link", rel="self", type="application/atom+xml", href=_link(path, path, address))
    front = in_language("index.html", language)
    _add(root, "link", rel="alternate", type="text/html", href=_link(front, path, address))
    _add(_add(root, "author"), "name", title)
    root.extend(newest[:MOST_ENTRIES])
    etree.indent(root)
    out = new / path
    out.parent.mkdir(parents=True, exist_ok=True)
    data = etree.tostring(root, encoding="utf-8", xml_declaration=True)
    out.write_bytes(data + b"\n")


def _entry(news: News, language: str, address: str, place: str, feed: str) -> etree._Element:
    entry = etree.Element(f"{{{ATOM}}}entry")
    if news.language != language:
        entry.set(_LANG, html_lang(news.language))
    _add(entry, "title", f"{news.title}{word('colon', news.language)}{news.says}".strip(" :："))
    _add(entry, "id", _urn(news.study, news.run, language))
    _add(entry, "updated", news.at)
    _add(entry, "link", rel="alternate", type="text/html", href=_link(place, feed, address))
    _add(entry, "category", term=news.study, label=news.title)
    _add(entry, "summary", "\n".join(news.lines), type="text")
    return entry


def _kept(path: Path) -> list[tuple[str, etree._Element]]:
    """Read the entries of the feed published before; of a damaged one nothing is kept."""
    try:
        tree = etree.fromstring(path.read_bytes(), etree.XMLParser(resolve_entities=False))
    except (OSError, etree.XMLSyntaxError):
        return []
    return [(_ident(entry), entry) for entry in tree.findall(f"{{{ATOM}}}entry")]


def _ident(entry: etree._Element) -> str:
    return str(entry.findtext(f"{{{ATOM}}}id") or "")


def _updated(entry: etree._Element) -> str:
    return str(entry.findtext(f"{{{ATOM}}}updated") or "")


def _add(parent: etree._Element, name: str, text: str = "", **attributes: str) -> etree._Element:
    node = etree.SubElement(parent, f"{{{ATOM}}}{name}", attributes)
    node.text = text or None
    return node


def _urn(*parts: str) -> str:
    return uuid.uuid5(_NAMESPACE, "/".join(parts)).urn


def _link(place: str, feed: str, address: str) -> str:
    """Write a place as a link: whole where the address is known, else as seen from the feed."""
    return address + place if address else "../" * feed.count("/") + place
