"""The page around the content: head, header, navigation, contents, footer."""

from __future__ import annotations

import base64
import hashlib
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from urllib.parse import quote

from lxml.html import HtmlElement

from workbench.site.finishing.content import Content
from workbench.site.markup import said
from workbench.site.staging.feed import feed_path
from workbench.site.staging.fonts import FAMILY
from workbench.site.staging.furniture import canonical
from workbench.site.words import BASE, LOCALE, html_lang, name_of, word

THEME = "theme"
SAID_BY_SCRIPT = ("all_rows", "filter_rows", "rows_found", "copy", "copied")
"""Words of what the page's script adds."""
# Runs before the first paint: a page does not flash in the wrong colours, and the Chinese letters
# are there for the first word. Where Chromium had to wait for them it would keep empty boxes, even
# once they are loaded; another way of rendering text makes it lay the text out anew.
_FIRST = (
    "(function(d){var t=null;try{t=localStorage.getItem('wb-theme')}catch(e){}"
    "d.classList.add('js');d.dataset.theme=t||(window.matchMedia&&"
    "matchMedia('(prefers-color-scheme: dark)').matches?'dark':'light');"
    f"document.fonts&&document.fonts.load('1em \"{FAMILY}\"','客').then(function()"
    "{d.style.textRendering='optimizeLegibility'})})(document.documentElement)"
)
#: What a page may load and run: what is the site's own. The one script in the page has its hash.
POLICY = (
    "default-src 'none'; script-src 'self' 'sha256-"
    f"{base64.b64encode(hashlib.sha256(_FIRST.encode()).digest()).decode()}'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
    "media-src 'self'; base-uri 'none'; form-action 'none'"
)
# A small chart; as a data URI, so that no browser asks for /favicon.ico.
_ICON = "data:image/svg+xml," + quote(
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>"
    "<rect width='16' height='16' rx='3' fill='#1d4a94'/>"
    "<path d='M4 12V8M8 12V4M12 12V6' stroke='white' stroke-width='2'/></svg>",
    safe="/:='",
)


@dataclass(frozen=True)
class MenuItem:
    """An entry of the navigation; `href` is a path from the site's root."""

    text: str
    href: str
    children: tuple[MenuItem, ...] = field(default_factory=tuple)

    def holds(self, path: str) -> bool:
        """Whether a page is this entry or below it."""
        return self.href == path or any(child.holds(path) for child in self.children)


def read_navigation(page: HtmlElement, place: str) -> tuple[MenuItem, ...]:
    """Read the sidebar that a renderer made of ``_quarto.yml``.

    Parameters
    ----------
    page : HtmlElement
        A rendered page.
    place : str
        Its path from the rendered folder, to which the links are relative.
    """
    top = page.xpath(
        "//*[@id='quarto-sidebar']"
        "//*[contains(concat(' ', normalize-space(@class), ' '), ' sidebar-menu-container ')]/ul"
    )
    return _items(top[0], place) if top else ()


def _items(listed: HtmlElement, page: str) -> tuple[MenuItem, ...]:
    found = []
    for entry in listed.iterchildren("li"):
        links = entry.xpath(
            "./*[contains(@class, 'sidebar-item-container')]/a[contains(@class, 'sidebar-link')]"
        )
        below = next(entry.iterchildren("ul"), None)
        children = _items(below, page) if below is not None else ()
        text = said(links[0]) if links else ""
        href = str(links[0].get("href") or "") if links else ""
        if "://" not in href and href:
            href = posixpath.normpath(posixpath.join(posixpath.dirname(page), href))
        if text:
            found.append(MenuItem(text, href, children))
    return tuple(found)


def relative(target: str, page: str) -> str:
    """Write a path from the site's root as a link on a page."""
    if "://" in target:
        return target
    path, mark, anchor = target.partition("#")
    return posixpath.relpath(path, posixpath.dirname(page) or ".") + mark + anchor


def compose(
    content: Content,
    *,
    page: str,
    language: str,
    site: str,
    navigation: Sequence[MenuItem],
    siblings: Mapping[str, str],
    homes: Mapping[str, str],
    body: str,
    address: str = "",
    picture: str = "",
) -> str:
    """Put a page together.

    Parameters
    ----------
    content : Content
        What the page says of itself.
    page : str
        Its path from the site's root.
    language : str
        Its language.
    site : str
        The site's title.
    navigation : sequence of MenuItem
        The sidebar, with paths from the site's root.
    siblings : mapping of str to str
        Language to the path of this page in that language, this one's own included.
    homes : mapping of str to str
        Language to the front page.
    body : str
        HTML of what stands below its head.
    address : str
        Where the site is read; empty where that is not known.
    picture : str
        Path, from the site's root, of the picture that goes along with links to the page.
    """
    lang = html_lang(language)
    home = homes.get(language, homes.get(BASE, "index.html"))
    title = content.title or site
    full = title if page == home else f"{title} · {site}"
    theme = relative(THEME, page)
    alternates = "".join(
        f'<link rel="alternate" hreflang="{html_lang(x)}" href="{_attr(relative(path, page))}">\n'
        for x, path in siblings.items()
        if len(siblings) > 1
    )
    feed = (
        f'<link rel="alternate" type="application/atom+xml" title="{_attr(word("feed", language))}"'
        f' href="{_attr(relative(feed_path(language), page))}">\n'
    )
    shared = _shared(content, full, page, language, site, address, picture)
    described = (
        f'<meta name="description" content="{_attr(content.description)}">\n'
        if content.description
        else ""
    )
    subtitle = f'<p class="wb-question">{escape(content.subtitle)}</p>' if content.subtitle else ""
    frame = "wb-frame wb-home" if page == home else "wb-frame"
    frame += " wb-landing" if content.kind == "study" else ""
    return f"""<!DOCTYPE html>
<html lang="{lang}" class="wb">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_attr(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
{described}<title>{escape(full)}</title>
{shared}{alternates}{feed}<link rel="icon" href="{_ICON}">
<link rel="stylesheet" href="{theme}/tokens.css">
<link rel="stylesheet" href="{theme}/content.css">
<link rel="stylesheet" href="{theme}/page.css">
<script>{_FIRST}</script>
<script src="{theme}/page.js" defer></script>
</head>
<body{_said_by_script(language)}>
<a class="wb-skip" href="#content">{word("skip", language)}</a>
{_header(site, page, language, home, siblings, homes)}
<div class="{frame}">
<nav class="wb-nav" id="pages" aria-label="{word("pages", language)}">
{_navigation(navigation, page, home)}
</nav>
<main id="content" tabindex="-1">
<article>
<header class="wb-head">
{content.kicker}
<h1>{escape(title)}</h1>
{subtitle}
{content.dates}
{content.banner}
</header>
{body}
</article>
</main>
{_contents(content, language)}
</div>
<footer class="wb-footer">
<p>{escape(word("footer", language))}</p>
<p><a href="{_attr(relative(feed_path(language), page))}">{escape(word("feed", language))}</a></p>
<p><a href="#content">{escape(word("top", language))}</a></p>
</footer>
</body>
</html>
"""


def _shared(
    content: Content, title: str, page: str, language: str, site: str, address: str, picture: str
) -> str:
    """Say what a link to the page shows where it is passed on."""
    told = {
        "og:type": "article" if content.kind else "website",
        "og:site_name": site,
        "og:title": title,
        "og:description": content.description,
        "og:locale": LOCALE.get(language, LOCALE[BASE]).replace("zh_Hans", "zh"),
        "og:url": canonical(address, page) if address else "",
        "og:image": address + picture if address and picture else "",
        "og:image:alt": content.description if address and picture else "",
    }
    lines = [
        f'<meta property="{name}" content="{_attr(text)}">' for name, text in told.items() if text
    ]
    size = "summary_large_image" if told["og:image"] else "summary"
    lines.append(f'<meta name="twitter:card" content="{size}">')
    if address:
        lines.append(f'<link rel="canonical" href="{_attr(canonical(address, page))}">')
    return "\n".join(lines) + "\n"


def _header(
    site: str,
    page: str,
    language: str,
    home: str,
    siblings: Mapping[str, str],
    homes: Mapping[str, str],
) -> str:
    others = "".join(
        f'<a class="wb-language" href="{_attr(relative(siblings.get(x, path), page))}" '
        f'hreflang="{html_lang(x)}" lang="{html_lang(x)}" '
        f'title="{_attr(word("read_in", x, name=name_of(x)))}">{name_of(x)}</a>'
        for x, path in homes.items()
        if x != language
    )
    root = posixpath.relpath(".", posixpath.dirname(page) or ".") + "/"
    said = " ".join(
        f'data-{name}="{_attr(word(f"search_{name}", language))}"' for name in ("found", "none")
    )
    theme, menu = _attr(word("theme", language)), word("menu", language)
    return f"""<header class="wb-header">
<a class="wb-brand" href="{_attr(relative(home, page))}">{escape(site)}</a>
<div class="wb-search" data-root="{root}" data-index="search/{language}.js" {said} hidden>
<input type="search" aria-label="{_attr(word("search", language))}"
 placeholder="{_attr(word("search", language))}" autocomplete="off">
<div class="wb-found" hidden><p role="status"></p><ol></ol></div>
</div>
<div class="wb-tools">
{others}
<button class="wb-tool wb-theme" type="button" aria-label="{theme}" hidden></button>
<button class="wb-tool wb-menu" type="button" aria-controls="pages" aria-expanded="false"
 hidden>{menu}</button>
</div>
</header>"""


def _said_by_script(language: str) -> str:
    """Give the page's script the words that it adds, in the page's language."""
    return "".join(
        f' data-{name.replace("_", "-")}="{_attr(word(name, language))}"' for name in SAID_BY_SCRIPT
    )


def _navigation(items: Sequence[MenuItem], page: str, home: str) -> str:
    return _list([item for item in items if item.href != home or item.children], page)


def _list(items: Sequence[MenuItem], page: str) -> str:
    lines = []
    for item in items:
        open_ = item.holds(page)
        here = ' aria-current="page"' if item.href == page else ""
        label = escape(item.text)
        link = (
            f'<a href="{_attr(relative(item.href, page))}"{here}>{label}</a>'
            if item.href
            else label
        )
        below = _list(item.children, page) if item.children and (open_ or not item.href) else ""
        css = ' class="wb-open"' if open_ else ""
        lines.append(f"<li{css}>{link}{below}</li>")
    return f"<ul>\n{chr(10).join(lines)}\n</ul>" if lines else ""


def _contents(content: Content, language: str) -> str:
    if len(content.headings) < 2:
        return ""
    items = "\n".join(
        f'<li><a href="#{_attr(ident)}">{escape(text)}</a></li>' for ident, text in content.headings
    )
    return (
        f'<nav class="wb-toc" aria-labelledby="toc-title">\n'
        f'<p id="toc-title">{word("on_this_page", language)}</p>\n<ol>\n{items}\n</ol>\n</nav>'
    )


def _attr(text: str) -> str:
    return escape(text, quote=True)
