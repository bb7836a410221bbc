"""Sentences made from results: a finding as a heading, a paragraph, a callout."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final, Literal, TypeAlias

from workbench.errors import ReportingError
from workbench.languages import Language
from workbench.languages.catalogs import placeholders
from workbench.languages.numbers import Value, as_value
from workbench.reporting.display import emit, reader, readers, unattended
from workbench.results import Finding, Result

Form: TypeAlias = Literal["plain", "markdown", "html"]
#: A sentence, or several that follow one another.
Texts: TypeAlias = str | Finding | Sequence[str | Finding]

CALLOUTS = {"note": "Note", "warning": "Warning", "important": "Important", "tip": "Tip"}

# the stop that ends a sentence before another one
_SENTENCE_END = re.compile(r"(?<=[^\s.][^\s.A-Z])\.\s+(?=[A-Z{])|。(?=.)")
_BEGINS_WITH = re.compile(r"\{(\w+)\}")
_WORD = re.compile(r"[^\W\d_]")
_SMALL_WORD = re.compile(r"\A[a-z]+(?=[\s,.:;]|\Z)")  # not q3, iPhone or customer_id
#: What has such a letter is a name of the data: of a table, a column, a measure.
_IDENTIFIER = re.compile(r"[_\d]")
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

    def markdown(self, language: Language) -> str:
        """Write it as Markdown."""
        return f"[{escape(spoken(self.text, language))}]({self.href})"


def say(*texts: str | Finding | Result | None, **values: Any) -> None:
    """Show a paragraph.

    Parameters
    ----------
    *texts : str, Finding, Result or None
        Findings, or English messages with named placeholders, a sentence or more each; may hold
        Markdown. Results say all that they found; None says nothing.
    **values
        What the placeholders stand for: estimates, values made by ``num``, ``pct``, ``points``,
        ``money`` or ``day``, plain numbers and dates, texts (translated when the catalogs know
        them), mappings of language to text, or lists of these.
    """
    said = findings_in(texts)
    for language in readers() if said else ():
        # Chinese sentences follow one another without a gap
        gap = "" if language.code == "zh" else " "
        words = gap.join(_ended(text, language, values, "markdown") for text in said)
        plain = gap.join(_ended(text, language, values, "plain") for text in said)
        emit("prose", language, {"text/markdown": words, "text/plain": plain})


def heading(text: str | Finding, level: int = 2, **values: Any) -> None:
    """Show a finding, or a message with its values, as the heading of its section.

    A heading is one sentence: what a finding says besides stands below it.
    """
    for language in readers():
        shown: dict[Form, list[str]] = {}
        for form in ("markdown", "plain"):
            shown[form] = [phrase(text, language, values, form=form)]
            if isinstance(text, Finding) and not text.verdict:
                # parted before values are in it: names may hold a stop
                parts = _SENTENCE_END.split(language(text.message), maxsplit=1)
                shown[form] = [_filled(part, text.values, language, form) for part in parts]
        under = f"{'#' * level} {' '.join(shown['markdown'][0].split())}"
        data = {"text/markdown": under, "text/plain": shown["plain"][0]}
        emit("heading", language, data, level=level)
        if len(shown["plain"]) > 1:
            stop = _stop(shown["plain"][1], language)
            rest = {form: shown[form][1] + stop for form in shown}
            data = {"text/markdown": rest["markdown"], "text/plain": rest["plain"]}
            emit("prose", language, data)


def callout(*what: str | Finding, **values: Any) -> None:
    """Show a boxed remark, or several.

    Parameters
    ----------
    *what : str or Finding
        Findings, each in the box of its severity. Or the kind of box (``note``, ``tip``,
        ``warning``, ``important``), and the finding or the English message in it.
    **values
        As in `say`.
    """
    if all(isinstance(each, Finding) for each in what):
        for each in what:
            _boxed(each.box, each, values)  # type: ignore[union-attr]
    else:
        kind, text = what
        _boxed(str(kind), text, values)


def _boxed(kind: str, text: str | Finding, values: Mapping[str, Any]) -> None:
    if kind not in CALLOUTS:
        raise ReportingError(
            f"there is no callout {kind!r}", remedy=f"use one of {', '.join(CALLOUTS)}"
        )
    for language in readers():
        words = phrase(text, language, values)
        plain = phrase(text, language, values, form="plain")
        name = language(CALLOUTS[kind])
        # JupyterLab does not know callouts.
        boxed = (
            f"::: {{.callout-{kind}}}\n{words}\n:::" if unattended() else f"> **{name}** {words}"
        )
        emit("callout", language, {"text/markdown": boxed, "text/plain": plain}, kind=kind)


def findings_in(things: Iterable[Any]) -> list[Any]:
    """List what is said of things: a result's findings, nothing of None, else the thing itself."""
    return [
        each
        for thing in things
        if thing is not None
        for each in (thing.findings() if hasattr(thing, "findings") else [thing])
    ]


MOST_IN_A_PARAGRAPH: Final = 3
"""Findings that are read one after the other; more stand below one another."""


def tell(*things: Result | Finding | None) -> None:
    """Show findings: the first as a heading, then the others as text, warnings in boxes.

    Parameters
    ----------
    *things : Result, Finding or None
        Results give all of their findings; nothing is said of an analysis that the data do not
        bear, which is None (`workbench.results.attempt`).
    """
    found = findings_in(things)
    if not found:
        return
    heading(found[0])
    for boxed, group in groupby(
        found[1:], key=lambda each: each.severity in ("warning", "refusal")
    ):
        told = list(group)
        if boxed:
            callout(*told)
        elif len(told) > MOST_IN_A_PARAGRAPH:
            listing([(each, {}) for each in told])
        else:
            say(*told)


def _ended(text: str | Finding, language: Language, values: Mapping[str, Any], form: Form) -> str:
    """Say a message; a finding, which may be a heading elsewhere, gets the stop it lacks here."""
    said = phrase(text, language, values, form=form)
    if not isinstance(text, Finding):
        return said
    return said + _stop(phrase(text, language, values, form="plain"), language)


def _stop(said: str, language: Language) -> str:
    """Give the stop that a sentence lacks."""
    if said.rstrip()[-1:] in ".!?:…。！？：":
        return ""
    return "。" if language.code == "zh" else "."


def code(text: str | None, kind: str = "yaml") -> None:
    """Show a text as it would stand in a file; nothing of None or an empty one."""
    if not text:
        return
    for language in readers():
        fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 3)
        block = f"{fence}{kind}\n{text.rstrip()}\n{fence}"
        emit("prose", language, {"text/markdown": block, "text/plain": text})


def listing(
    items: Sequence[tuple[str | Finding | Sequence[str | Finding], Mapping[str, Any]]],
) -> None:
    """Show a bulleted list.

    Parameters
    ----------
    items : sequence of tuple
        Each a finding or a message, or several that follow one another, and what the placeholders
        of messages stand for.
    """
    for language in readers():
        shown: dict[Form, str] = {}
        for form in ("markdown", "plain"):
            lines = [_row_of(texts, language, values, form) for texts, values in items]
            shown[form] = "\n".join(f"- {line}" for line in lines)
        mime = {"text/markdown": shown["markdown"], "text/plain": shown["plain"]}
        emit("prose", language, mime)


def _row_of(texts: Texts, language: Language, values: Mapping[str, Any], form: Form) -> str:
    several = [texts] if isinstance(texts, str | Finding) else texts
    gap = "" if language.code == "zh" else " "
    return gap.join(phrase(text, language, values, form=form) for text in several)


def phrase(
    text: str | Finding,
    language: str | Language,
    values: Mapping[str, Any],
    *,
    form: Form = "markdown",
) -> str:
    """Fill in a message in a language.

    Parameters
    ----------
    text : str or Finding
        A finding, or an English message.
    language : str or Language
        Language to say it in.
    values : mapping
        What the placeholders of a message stand for; a finding has its own.
    form : {"markdown", "html", "plain"}
        What is wanted. In Markdown and HTML what comes from data is escaped, and a number that
        states a fact carries its name (see `marked`). HTML is escaped as a whole.

    Raises
    ------
    ReportingError
        When a placeholder is left without a value.
    """
    if isinstance(text, Finding):
        said = phrase(text.message, language, {**values, **text.values}, form=form)
        return said if form == "plain" or not text.verdict else _judged(text, said)
    absent = placeholders(text) - set(values)
    if absent:
        raise ReportingError(
            f"nothing is given for {', '.join(sorted(absent))}",
            where=f"message {text!r}",
            remedy=f"call with {', '.join(f'{name}=...' for name in sorted(absent))}",
        )
    language = reader(language)
    return _filled(language(text), values, language, form)


def _filled(said: str, values: Mapping[str, Any], language: Language, form: Form) -> str:
    fill = {"markdown": _in_markdown, "html": _in_html, "plain": spoken}[form]
    filled = {name: fill(value, language) for name, value in values.items()}
    first = _BEGINS_WITH.match(said)
    if language.code == "en" and first is not None and _WORD.search(_BEGINS_WITH.sub("", said)):
        # a sentence that begins with a name from the data, such as a category, begins large;
        # what has no word of its own, such as "{what} ({of})", is a part of another sentence
        name = first[1]
        filled[name] = _SMALL_WORD.sub(lambda word: word[0].capitalize(), filled[name], count=1)
    return (html.escape(said) if form == "html" else said).format(**filled)


def marked(value: Value, text: str, escaped: Callable[[str], str] = html.escape) -> str:
    """Write a number so that it carries the name of its fact, and the number itself.

    ``<span data-fact="contracts.kept_1y.observed" data-number="0.703">70%</span>``: whoever
    compares what the pages say of a fact finds it in any of them. Markdown takes such a span as
    it is. A number that states no fact is its text alone.
    """
    if not value.fact:
        return escaped(text)
    number = value.date.isoformat() if value.date else "" if value.x is None else f"{value.x:.6g}"
    name = html.escape(value.fact, quote=True)
    return f'<span data-fact="{name}" data-number="{number}">{escaped(text)}</span>'


def _judged(finding: Finding, said: str) -> str:
    # So that whoever compares the pages finds the verdict that each of them shows.
    about = {"finding": finding.key, "page": finding.page, "verdict": finding.verdict}
    marks = " ".join(f'data-{k}="{html.escape(v, quote=True)}"' for k, v in about.items() if v)
    return f"<span {marks}>{said}</span>"


def _number(value: Any, language: Language, escaped: Callable[[str], str]) -> str | None:
    # The estimate alone is the fact; cards and tables show the interval elsewhere.
    number = as_value(value) if not isinstance(value, str | Mapping) else None
    if number is None or not number.fact:
        return None
    alone, whole = number.estimate(language), number.text(language)
    return marked(number, alone, escaped) + escaped(whole.removeprefix(alone))


def spoken(value: Any, language: str | Language) -> str:
    """One value as a language writes it."""
    language = reader(language)
    if isinstance(value, str):
        return language.name(value) if _IDENTIFIER.search(value) else language(value)
    if isinstance(value, Link):
        return spoken(value.text, language)
    if isinstance(value, Finding):
        return phrase(value, language, {}, form="plain")
    if hasattr(value, "spoken"):
        return str(value.spoken(language))
    if isinstance(value, Mapping):
        return text_of(value, language)
    number = as_value(value)
    if number is not None:
        return number.text(language)
    if isinstance(value, Sequence):
        return _row([spoken(item, language) for item in value], language)
    return str(value)


def text_of(texts: Mapping[str, Any], language: Language) -> str:
    """Choose among texts by language; English, else any, where this one has none.

    What stands there in English alone is a name from the data: in words where there are some, and
    else as it is in every language.
    """
    if not texts.get(language.code) and texts.get("en"):
        return language.name(texts["en"])
    return str(texts.get(language.code) or next(filter(None, texts.values()), ""))


def _in_markdown(value: Any, language: Language) -> str:
    if isinstance(value, Link):
        return value.markdown(language)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _row([_in_markdown(item, language) for item in value], language)
    return _number(value, language, escape) or escape(spoken(value, language))


def _in_html(value: Any, language: Language) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _row([_in_html(item, language) for item in value], language)
    return _number(value, language, html.escape) or html.escape(spoken(value, language))


def _row(items: list[str], language: Language) -> str:
    from babel.lists import format_list

    return str(format_list(items, locale=language.locale))


def escape(text: str) -> str:
    """Take the meaning of Markdown and HTML out of a text that comes from data."""
    return _MARKDOWN.sub(r"\\\1", text)
