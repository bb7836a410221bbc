"""One HTML file with all pages, their drawings and styles: to send, to keep, to print."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from html import escape

from workbench.export.reading import Page
from workbench.site.words import html_lang, word

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:"
_LINK = re.compile(r'<a\b([^>]*?)\shref="(?!data:|https?:)([^"#]*)(#[^"]*)?"')
_ID = re.compile(r'\b(id|aria-labelledby|for)="([^"]+)"')
_USED = re.compile(r'(url\(#|href="#)([\w-]+)')
# what a page on paper needs beyond the site's own rules for print
_PRINT = """
@page { margin: 20mm 16mm 18mm; @bottom-right { content: counter(page) " / " counter(pages);
  font: 8.5pt sans-serif; color: #566171; } }
@media print {
  .wb-part { break-before: page; }
  .wb-list { break-before: page; }
  .wb-list h2 { margin-top: 0; }
  .wb-list ol { padding: 0; list-style: none; }
  .wb-list li { display: flex; gap: .5em; align-items: baseline; }
  .wb-list li::after { content: ""; order: 1; flex: 1; border-bottom: 1px dotted #8a94a3; }
  .wb-list a { color: inherit; text-decoration: none; }
  .wb-at { order: 2; }
  .wb-one { max-width: none; padding: 0; }
}
@media screen { .wb-at { display: none; } }
.wb-one { max-width: 52rem; margin: 0 auto; padding: 1.5rem 1.25rem; }
.wb-part { margin-top: 4rem; }
.wb-drawing { overflow: visible; margin: 0; padding: 0; }
"""


def one_page(
    pages: Sequence[Page], css: str, language: str, begins: Mapping[str, int] | None = None
) -> str:
    """Write pages as one: the study's own, the contents, the others.

    Parameters
    ----------
    pages : sequence of Page
        The first is the study's own, or the only one.
    css : str
        The site's styles.
    language : str
        The edition.
    begins : mapping, optional
        On which sheet each part begins, by its place (``p3``), for the contents of a PDF.
    """
    first, begins = pages[0], begins or {}
    places = {page.name: f"p{number}" for number, page in enumerate(pages)}
    listed = "".join(
        f'<li class="{"wb-below" if "/" in page.name else ""}">'
        f'<a href="#{places[page.name]}">{escape(page.title)}</a>'
        f'<span class="wb-at">{begins.get(places[page.name], 0) or ""}</span></li>'
        for page in pages[1:]
    )
    contents = (
        f'<nav class="wb-list" aria-labelledby="contents">'
        f'<h2 id="contents">{escape(word("contents", language))}</h2><ol>{listed}</ol></nav>'
        if listed
        else ""
    )
    front, *bodies = (_part(page, places, number) for number, page in enumerate(pages))
    heads = "\n".join(_running_head(first.title, page, places[page.name]) for page in pages[1:])
    return (
        f'<!DOCTYPE html>\n<html lang="{html_lang(language)}" class="wb">\n<head>\n'
        f'<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(first.title)}</title>\n<style>{css}{_PRINT}{heads}</style>\n</head>\n"
        f'<body>\n<main class="wb-one">\n{front}\n{contents}\n'
        f"{chr(10).join(bodies)}\n</main>\n</body>\n</html>\n"
    )


def _running_head(study: str, page: Page, place: str) -> str:
    """Let each sheet say above its text whose it is; Chromium knows this from 131 on."""
    left, right = (
        re.sub(r'[\\"\n<]', lambda found: f"\\{ord(found[0]):x} ", text)
        for text in (study, page.title)
    )
    style = "font: 8.5pt sans-serif; color: #566171; vertical-align: bottom; padding-bottom: 4mm;"
    return (
        f'@page {place} {{ @top-left {{ content: "{left}"; {style} }} '
        f'@top-right {{ content: "{right}"; {style} }} }} #{place} {{ page: {place}; }}'
    )


def _part(page: Page, places: dict[str, str], number: int) -> str:
    own = f"p{number}"
    body = _ID.sub(lambda m: f'{m[1]}="{own}-{m[2]}"', page.html)
    body = _USED.sub(lambda m: f"{m[1]}{own}-{m[2]}", body)

    def link(found: re.Match[str]) -> str:
        name = _name(page.name, found[2])
        if not found[2]:
            return found[0]
        # a page that is not in this file leaves its words
        return f'<a{found[1]} href="#{places[name]}"' if name in places else f"<a{found[1]}"

    body = _LINK.sub(link, body)
    head = "h1" if not number else "h2"
    question = f'<p class="wb-question">{escape(page.question)}</p>' if page.question else ""
    about = "".join(f'<p class="wb-dates">{escape(text)}</p>' for text in page.about)
    css = "wb-part" if number else "wb-first"
    return (
        f'<article class="{css}" id="{own}">\n<header class="wb-head"><{head} class="wb-name">'
        f"{escape(page.title)}</{head}>{question}{about}</header>\n{body}\n</article>"
    )


def _name(page: str, href: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), href)).removesuffix(".html")
