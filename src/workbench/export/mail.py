"""One HTML file with all pages, their drawings and styles: to send, to keep, to print."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from html import escape

from workbench.export.reading import Page
from workbench.site.words import html_lang, word

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:"
_LINK = re.compile(r'<a\b([^>]*?)\shref="(?!data:|https?:)([^"#]*)(#[^"]*)?"')
_ID = re.compile(r'\b(id|aria-labelledby|for)="([^"]+)"')
_USED = re.compile(r'(url\(#|href="#)([\w-]+)')
# what a page on paper needs beyond the site's own rules for print
_PRINT = """
@page { margin: 18mm 16mm 20mm; @bottom-right { content: counter(page) " / " counter(pages);
  font-size: 8.5pt; color: #566171; } }
@media print { .wb-part { break-before: page; } .wb-front .wb-list a { text-decoration: none; } }
.wb-one { max-width: 52rem; margin: 0 auto; padding: 1.5rem 1.25rem; }
.wb-part { margin-top: 4rem; }
.wb-drawing { overflow: visible; margin: 0; padding: 0; }
"""


def one_page(pages: Sequence[Page], css: str, language: str) -> str:
    """Write pages as one.

    Parameters
    ----------
    pages : sequence of Page
        The first is the study's own, or the only one.
    css : str
        The site's styles.
    language : str
        The edition.
    """
    first = pages[0]
    places = {page.name: f"p{number}" for number, page in enumerate(pages)}
    listed = "".join(
        f'<li><a href="#{places[page.name]}">{escape(page.title)}</a></li>' for page in pages[1:]
    )
    contents = (
        f'<nav class="wb-list" aria-label="{escape(word("contents", language))}">'
        f"<ol>{listed}</ol></nav>"
        if listed
        else ""
    )
    bodies = "\n".join(_part(page, places, number) for number, page in enumerate(pages))
    return (
        f'<!DOCTYPE html>\n<html lang="{html_lang(language)}" class="wb">\n<head>\n'
        f'<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(first.title)}</title>\n<style>{css}{_PRINT}</style>\n</head>\n"
        f'<body>\n<main class="wb-one">\n<article class="wb-front">{contents}</article>\n'
        f"{bodies}\n</main>\n</body>\n</html>\n"
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
