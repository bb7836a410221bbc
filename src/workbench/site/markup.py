"""A page as a tree: read, searched, changed and written by lxml.

Text stands before or behind elements (``text``, ``tail``); what takes an element out of its place
leaves there the text behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring, fragment_fromstring

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_PARSER = HTMLParser(remove_comments=True, remove_pis=True, huge_tree=True)


def parsed(html: str) -> HtmlElement:
    """Read a whole page."""
    return document_fromstring(html or "<html></html>", parser=_PARSER)


def fragment(html: str) -> HtmlElement:
    """Read a part of a page; it stands in a ``div`` of its own."""
    return fragment_fromstring(html, create_parent="div", parser=_PARSER)


def written(node: HtmlElement) -> str:
    """Write an element."""
    return str(etree.tostring(node, encoding="unicode", method="html", with_tail=False))


def inner(node: HtmlElement) -> str:
    """Write what stands in an element."""
    parts = (etree.tostring(x, encoding="unicode", method="html") for x in node)
    return escape(node.text or "", quote=False) + "".join(parts)


def element(name: str, attributes: Mapping[str, str] | None = None, text: str = "") -> HtmlElement:
    """Make an element."""
    made = _PARSER.makeelement(name, dict(attributes or {}))
    made.text = text or None
    return made


def said(node: Any) -> str:
    """Give an element's text, each of its pieces a word by itself; nothing of no element."""
    return " ".join(" ".join(node.itertext()).split()) if node is not None else ""


def classes(node: HtmlElement) -> list[str]:
    """Give an element's classes."""
    return str(node.get("class") or "").split()


def of_class(node: HtmlElement, *names: str, tag: str = "*") -> list[HtmlElement]:
    """List the elements below one that have one of some classes, in their order."""
    tests = (f"contains(concat(' ', normalize-space(@class), ' '), ' {x} ')" for x in names)
    return list(node.xpath(f".//{tag}[{' or '.join(tests)}]"))


def first(node: HtmlElement, *names: str, tag: str = "*") -> HtmlElement | None:
    """Give the first element below one that has one of some classes."""
    return next(iter(of_class(node, *names, tag=tag)), None)


def around(node: HtmlElement, name: str) -> HtmlElement | None:
    """Give the nearest element around one that has a class."""
    return next((x for x in node.iterancestors() if name in classes(x)), None)


def headings(node: HtmlElement) -> Iterator[HtmlElement]:
    """Walk over the headings below an element."""
    return (x for x in node.iterdescendants(*HEADINGS))


def is_heading(node: HtmlElement) -> bool:
    """Whether an element is a heading."""
    return bool(re.fullmatch(r"h[1-6]", str(node.tag)))


def taken(node: HtmlElement) -> HtmlElement:
    """Take an element out of its place."""
    node.drop_tree()
    node.tail = None
    return node


def replace(old: HtmlElement, new: HtmlElement) -> None:
    """Put an element in another one's place."""
    new.tail = old.tail
    old.getparent().replace(old, new)
    old.tail = None


def wrap(node: HtmlElement, box: HtmlElement) -> None:
    """Put an element into a box that takes its place."""
    replace(node, box)
    box.append(node)


def pour(source: HtmlElement, target: HtmlElement) -> None:
    """Let what stands in one element follow what stands in another."""
    if source.text:
        if len(target):
            target[-1].tail = (target[-1].tail or "") + source.text
        else:
            target.text = (target.text or "") + source.text
        source.text = None
    for child in list(source):
        target.append(child)
