"""Personas as cards: one a segment, with its size, its worth, what is typical, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Protocol

from workbench.languages.catalogs import ReportingError, languages_shown, match, translate
from workbench.languages.numbers import Value, money, num, pct
from workbench.reporting.display import emit
from workbench.reporting.sentences import phrase
from workbench.reporting.tables import html_lang

TRAIT = "{attribute}: {level} ({inside}, others {outside})"
TRAIT_NUMBER = "{attribute}: {inside} on average (others {outside})"
TYPICAL = "{median} (half between {low} and {high}; everyone {everyone})"
TYPICAL_SHORT = "{median} (everyone {everyone})"


class _Card(Protocol):
    """What a card shows; `workbench.segments.Persona` is one."""

    name: str
    n: int
    customers: Any
    value: Any
    typical: Any
    traits: Any
    need: str
    action: str


def personas(
    cards: Iterable[_Card],
    *,
    measures: Mapping[str, str] | None = None,
    formats: Mapping[str, str] | None = None,
    value: str = "Share of spend",
) -> None:
    """Show personas as cards, in every language of the page.

    Parameters
    ----------
    cards : iterable of Persona
        Each with name, n, customers and value (estimate, low, high), typical (DataFrame: measure,
        column, median, low, high, everyone), traits (DataFrame: attribute, level, inside, outside),
        need, action.
    measures : mapping, optional
        Column of a behaviour to its English heading.
    formats : mapping, optional
        Column to ``number`` or ``money``, with ``:1`` for one decimal; whole numbers by default.
    value : str
        What the share of value is a share of.
    """
    shown = list(cards)
    if not shown:
        raise ReportingError("there is no card", remedy="give personas(...).cards")
    for language in languages_shown():
        html = "\n".join(
            _card(card, language, measures or {}, formats or {}, value) for card in shown
        )
        plain = "\n".join(
            f"{match(card.name, language, kind='text')}: {_share(card.value).text(language)}"
            for card in shown
        )
        html = f'<ul class="wb-personas" lang="{html_lang(language)}">\n{html}\n</ul>'
        emit("cards", language, {"text/html": html, "text/plain": plain})


def _card(
    card: _Card, language: str, measures: Mapping[str, str], formats: Mapping[str, str], value: str
) -> str:
    name = escape(match(card.name, language, kind="text"))
    size = phrase("{n} customers", language, {"n": num(card.n)}, form="plain")
    parts = [
        f'<p class="wb-persona-name">{name}</p>',
        f'<p class="wb-persona-size">{escape(size)}</p>',
        '<dl class="wb-persona-shares">',
        _bar("Share of customers", card.customers, language),
        _bar(value, card.value, language),
        "</dl>",
    ]
    lines = [
        (measures.get(row["column"], row["measure"]), _typical(row, language, formats))
        for row in card.typical.to_dict("records")
    ]
    if lines:
        rows = "".join(
            f"<div><dt>{escape(match(label, language, kind='text'))}</dt>"
            f"<dd>{escape(text)}</dd></div>"
            for label, text in lines
        )
        parts.append(f'{_label("Typical", language)}<dl class="wb-persona-typical">{rows}</dl>')
    found = [_trait(row, language) for row in card.traits.to_dict("records")]
    if found:
        rows = "".join(f"<li>{escape(text)}</li>" for text in found)
        parts.append(f"{_label('What sets them apart', language)}<ul>{rows}</ul>")
    for label, text in (("Likely need", card.need), ("Suggested treatment", card.action)):
        if text:
            told = escape(match(text, language, kind="text"))
            parts.append(f"{_label(label, language)}<p>{told}</p>")
    return f'<li class="wb-persona">{"".join(parts)}</li>'


def _label(text: str, language: str) -> str:
    return f'<p class="wb-persona-label">{escape(translate(text, language))}</p>'


def _bar(label: str, share: Any, language: str) -> str:
    held = _share(share)
    width = 100 * min(max(held.x or 0.0, 0.0), 1.0)
    words = escape(match(label, language, kind="text"))
    return (
        f"<div><dt>{words}</dt><dd>"
        f'<span class="wb-persona-track" aria-hidden="true">'
        f'<span class="wb-bar" style="width:{width:.1f}%"></span></span>'
        f"{escape(held.text(language))}</dd></div>"
    )


def _share(share: Any) -> Value:
    estimate, low, high = share
    return pct(estimate, low, high)


def _typical(row: Mapping[str, Any], language: str, formats: Mapping[str, str]) -> str:
    form, _, digits = formats.get(row["column"], "number:0").partition(":")
    if form not in ("number", "money"):
        raise ReportingError(
            f"format {form!r} does not fit a behaviour", remedy="use number or money"
        )
    places = int(digits) if digits else 0
    written: dict[str, Any] = {
        name: money(row[name], digits=places) if form == "money" else num(row[name], digits=places)
        for name in ("median", "everyone", "low", "high")
        if row[name] == row[name]
    }
    return phrase(TYPICAL if "low" in written else TYPICAL_SHORT, language, written, form="plain")


def _trait(row: Mapping[str, Any], language: str) -> str:
    level = row["level"]
    values: dict[str, Any] = {"attribute": str(row["attribute"])}
    if level is None or level != level:
        numbers: Sequence[str] = ("inside", "outside")
        values |= {name: num(row[name], digits=1) for name in numbers}
        return phrase(TRAIT_NUMBER, language, values, form="plain")
    values |= {"level": str(level), "inside": pct(row["inside"]), "outside": pct(row["outside"])}
    return phrase(TRAIT, language, values, form="plain")
