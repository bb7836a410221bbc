"""Texts of a card in a page's front matter: read as they are written, whatever they look like."""

from __future__ import annotations

import re

_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~^$@&]|:(?=::)|(?<=::):|^\s*[-+](?=\s)|^\s*\d+[.)](?=\s))")
_ESCAPED = re.compile(r"\\([^\w\s]|_)")


def literal(text: str) -> str:
    """Write a text so that both renderers, which read titles as Markdown, show it as it is."""
    return _MARKS.sub(lambda found: found[1][:-1] + "\\" + found[1][-1], " ".join(text.split()))


def as_written(text: str) -> str:
    """Give back what `literal` was given, for what reads titles as plain text."""
    return _ESCAPED.sub(r"\1", text)
