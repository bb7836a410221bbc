"""Editions made of the Chinese one: the same pages in the letters and terms of another region.

They are made of the finished content, so that every number, link and name of a place stays what it
is. A link to what such an edition does not have leads to the Chinese one.
"""

from __future__ import annotations

import base64
import posixpath
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from html import escape
from urllib.parse import quote, unquote

from workbench.languages.traditional import MADE_OF, traditional, traditional_html
from workbench.site.checking.withhold import study_of
from workbench.site.finishing.content import Content
from workbench.site.finishing.shell import MenuItem
from workbench.site.staging.feed import News
from workbench.site.words import in_language, language_of
from workbench.study import Study

_LINK = re.compile(r'(\s(?:href|src)=")([^":#?]+)((?:[#?][^"]*)?")')
_FILE = re.compile(r'(href="data:text/csv;charset=utf-8;base64,)([^"]+)(")')


def regions_of(studies: Iterable[Study]) -> dict[str, set[str]]:
    """Give the editions that cards ask for, each with the studies that ask for it."""
    found: dict[str, set[str]] = {}
    for study in studies:
        for region in study.traditional:
            found.setdefault(region, set()).add(study.name)
    return found


def pages_made(
    pages: Iterable[str], regions: Mapping[str, Collection[str]]
) -> dict[str, dict[str, str]]:
    """Give which pages are made of which, by the page that they are made of: region to page."""
    made: dict[str, dict[str, str]] = {}
    for page in pages if regions else ():
        if language_of(page) != MADE_OF:
            continue
        study = study_of(page)
        for region, studies in regions.items():
            if study is None or study in studies:
                made.setdefault(page, {})[region] = in_language(page, region)
    return made


def made_content(content: Content, region: str) -> Content:
    """Write what a page says of itself in a region's letters."""
    return replace(
        content,
        title=traditional(content.title, region),
        subtitle=traditional(content.subtitle, region),
        description=traditional(content.description, region),
        kicker=traditional_html(content.kicker, region),
        dates=traditional_html(content.dates, region),
        banner=traditional_html(content.banner, region),
        headings=[(ident, traditional(text, region)) for ident, text in content.headings],
    )


def made_body(html: str, page: str, region: str, there: Collection[str]) -> str:
    """Write what stands on a page in a region's letters.

    Parameters
    ----------
    html : str
        The Chinese page's body.
    page : str
        Where the page that is made lies.
    region : str
        Whose letters.
    there : collection of str
        All pages of the site.
    """
    folder = posixpath.dirname(page)

    def led(found: re.Match[str]) -> str:
        place = posixpath.normpath(posixpath.join(folder, unquote(found[2])))
        if not place.startswith(f"{region}/") or place in there:
            return found[0]
        original = posixpath.relpath(in_language(place, MADE_OF), folder or ".")
        return f"{found[1]}{escape(quote(original, safe='/:@!$,;~+&='), quote=True)}{found[3]}"

    def file(found: re.Match[str]) -> str:
        text = traditional(base64.b64decode(found[2]).decode("utf-8"), region)
        return f"{found[1]}{base64.b64encode(text.encode('utf-8')).decode('ascii')}{found[3]}"

    return traditional_html(_FILE.sub(file, _LINK.sub(led, html)), region)


def made_menu(
    items: Iterable[MenuItem], region: str, there: Collection[str]
) -> tuple[MenuItem, ...]:
    """Let the navigation lead to the pages of a region, where there are such."""
    made = []
    for item in items:
        own = in_language(item.href, region) if language_of(item.href) == MADE_OF else item.href
        made.append(
            MenuItem(
                traditional(item.text, region),
                own if own in there else item.href,
                made_menu(item.children, region, there),
            )
        )
    return tuple(made)


def made_news(news: Iterable[News], region: str, studies: Collection[str]) -> tuple[News, ...]:
    """Write what runs have to tell in a region's letters, of the studies that ask for it."""
    return tuple(
        replace(
            told,
            language=region,
            title=traditional(told.title, region),
            says=traditional(told.says, region),
            lines=tuple(traditional(line, region) for line in told.lines),
        )
        for told in news
        if told.study in studies and told.language == MADE_OF
    )


def also_made(texts: Iterable[str], regions: Iterable[str]) -> set[str]:
    """Give texts together with how each region writes them: a name is one in any letters."""
    own = set(texts)
    return own | {traditional(text, region) for region in regions for text in own}
