"""Sentences made from results: a finding as a heading, a paragraph, a callout."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.languages.catalogs import (
    ReportingError,
    languages_shown,
    match,
    placeholders,
    translate,
)
from workbench.languages.numbers import as_value
from workbench.reporting.display import emit, unattended

CALLOUTS = {"note": "Note", "warning": "Warning", "important": "Important", "tip": "Tip"}

_MARKDOWN = re.compile(r"([\\`*_\[\]<>#|$~^@])")


@dataclass(frozen=True)
class Link:
    """A value of a sentence that leads to another page.

    Attributes
    ----------
    text : str or mapping
        What it says, as any value of a sentence.
    href : str
        Address, relative to the page.
    """

    text: Any
    href: str

    def markdown(self, language: str) -> str:
        """Write it as Markdown."""
        return f"[{escape(spoken(self.text, language))}]({self.href})"


def say(*texts: str, **values: Any) -> None:
    """Show a paragraph.

    Parameters
    ----------
    *texts : str
        English messages with named placeholders, a sentence or more each; may hold Markdown.
    **values
        What the placeholders stand for: values made by ``num``, ``pct``, ``points``, ``money`` or
        ``day``, plain numbers and dates, texts (translated when the catalogs know them), mappings
        of language to text, or lists of these.
    """
    for language in languages_shown():
        gap = "" if language == "zh" else " "  # Chinese sentences follow one another without one
        words = gap.join(phrase(text, language, values) for text in texts)
        plain = gap.join(phrase(text, language, values, markdown=False) for text in texts)
        emit("prose", language, {"text/markdown": words, "text/plain": plain})


def heading(text: str, level: int = 2, **values: Any) -> None:
    """Show a finding as the heading of its section."""
    for language in languages_shown():
        words = " ".join(phrase(text, language, values).split())
        plain = phrase(text, language, values, markdown=False)
        marked = f"{'#' * level} {words}"
        emit("heading", language, {"text/markdown": marked, "text/plain": plain}, level=level)


def callout(kind: str, text: str, **values: Any) -> None:
    """Show a boxed remark: ``note``, ``tip``, ``warning`` or ``important``."""
    if kind not in CALLOUTS:
        raise ReportingError(
            f"there is no callout {kind!r}", remedy=f"use one of {', '.join(CALLOUTS)}"
        )
    for language in languages_shown():
        words = phrase(text, language, values)
        plain = phrase(text, language, values, markdown=False)
        name = translate(CALLOUTS[kind], language)
        # JupyterLab does not know callouts.
        boxed = (
            f"::: {{.callout-{kind}}}\n{words}\n:::" if unattended() else f"> **{name}** {words}"
        )
        emit("callout", language, {"text/markdown": boxed, "text/plain": plain}, kind=kind)


def listing(items: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """Show a bulleted list; each item is a message and what its placeholders stand for."""
    for language in languages_shown():
        words = "\n".join(f"- {phrase(text, language, values)}" for text, values in items)
        plain = "\n".join(
            f"- {phrase(text, language, values, markdown=False)}" for text, values in items
        )
        emit("prose", language, {"text/markdown": words, "text/plain": plain})


def phrase(text: str, language: str, values: Mapping[str, Any], *, markdown: bool = True) -> str:
    """Fill in a message in a language.

    Parameters
    ----------
    text : str
        English message.
    language : str
        Language to say it in.
    values : mapping
        What its placeholders stand for.
    markdown : bool
        Whether the result is Markdown, so that what comes from data must be escaped.

    Raises
    ------
    ReportingError
        When a placeholder is left without a value.
    """
    absent = placeholders(text) - set(values)
    if absent:
        raise ReportingError(
            f"nothing is given for {', '.join(sorted(absent))}",
            where=f"message {text!r}",
            remedy=f"call with {', '.join(f'{name}=...' for name in sorted(absent))}",
        )
    fill = _marked if markdown else spoken
    filled = {name: fill(value, language) for name, value in values.items()}
    return translate(text, language).format(**filled)


def spoken(value: Any, language: str) -> str:
    """One value as a language writes it."""
    if isinstance(value, str):
        return match(value, language, kind="text")
    if isinstance(value, Link):
        return spoken(value.text, language)
    if hasattr(value, "spoken"):
        return str(value.spoken(language))
    if isinstance(value, Mapping):
        return str(value.get(language) or value.get("en") or next(iter(value.values()), ""))
    number = as_value(value)
    if number is not None:
        return number.text(language)
    if isinstance(value, Sequence):
        return _row([spoken(item, language) for item in value], language)
    return str(value)


def _marked(value: Any, language: str) -> str:
    if isinstance(value, Link):
        return value.markdown(language)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _row([_marked(item, language) for item in value], language)
    return escape(spoken(value, language))


def _row(items: list[str], language: str) -> str:
    from babel.lists import format_list

    return str(format_list(items, locale="zh_Hans_CN" if language == "zh" else "en_GB"))


def escape(text: str) -> str:
    """Take the meaning of Markdown and HTML out of a text that comes from data."""
    return _MARKDOWN.sub(r"\\\1", text)
