"""Personas as cards: one a segment, with its size, its worth, what is typical, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any, Protocol

from workbench.errors import ReportingError
from workbench.languages import Language
from workbench.languages.numbers import Value, money, num, pct
from workbench.reporting.display import emit, readers

TRAIT = "{attribute}: {level} ({inside}, others {outside})"
TRAIT_NUMBER = "{attribute}: {inside} on average (others {outside})"
TYPICAL = "{median} (middle half {low} to {high}; all customers {everyone})"
TYPICAL_SHORT = "{median} (all customers {everyone})"


class _Card(Protocol):
    """What a card shows; a persona of `workbench.segments` is one."""

    name: str
    n: int
    customers: Any
    value: Any
    typical: Any
    traits: Any
    need: str
    action: str


def personas(cards: Iterable[_Card], *, value: str = "Share of spend") -> None:
    """Show personas as cards, in every language of the page.

    Parameters
    ----------
    cards : iterable of Persona
        Each with name, n, customers and value (estimate, low, high), typical (DataFrame: measure,
        format, median, low, high, everyone), traits (DataFrame: attribute, level, inside, outside),
        need, action.
    value : str
        What the share of value is a share of.
    """
    shown = list(cards)
    if not shown:
        raise ReportingError("there is no card", remedy="give personas(...).cards")
    for say in readers():
        html = "\n".join(_card(card, say, value) for card in shown)
        plain = "\n".join(f"{say.name(c.name)}: {_share(c.value).text(say)}" for c in shown)
        html = f'<ul class="wb-personas" lang="{say.tag}">\n{html}\n</ul>'
        emit("cards", say, {"text/html": html, "text/plain": plain})


def _card(card: _Card, say: Language, value: str) -> str:
    parts = [
        f'<p class="wb-persona-name">{escape(say.name(card.name))}</p>',
        f'<p class="wb-persona-size">{escape(say("{n} customers", n=num(card.n)))}</p>',
        '<dl class="wb-persona-shares">',
        _bar("Share of customers", card.customers, say),
        _bar(value, card.value, say),
        "</dl>",
    ]
    lines = [(row["measure"], _typical(row, say)) for row in card.typical.to_dict("records")]
    if lines:
        rows = "".join(
            f"<div><dt>{escape(say.name(label))}</dt><dd>{escape(text)}</dd></div>"
            for label, text in lines
        )
        parts.append(f'{_label("Typical", say)}<dl class="wb-persona-typical">{rows}</dl>')
    found = [_trait(row, say) for row in card.traits.to_dict("records")]
    if found:
        rows = "".join(f"<li>{escape(text)}</li>" for text in found)
        parts.append(f"{_label('What sets them apart', say)}<ul>{rows}</ul>")
    for label, text in (("Likely need", card.need), ("Suggested action", card.action)):
        if text:
            parts.append(f"{_label(label, say)}<p>{escape(say.name(text))}</p>")
    return f'<li class="wb-persona">{"".join(parts)}</li>'


def _label(text: str, say: Language) -> str:
    return f'<p class="wb-persona-label">{escape(say(text))}</p>'


def _bar(label: str, share: Any, say: Language) -> str:
    held = _share(share)
    width = 100 * min(max(held.x or 0.0, 0.0), 1.0)
    return (
        f"<div><dt>{escape(say(label))}</dt><dd>"
        f'<span class="wb-persona-track" aria-hidden="true">'
        f'<span class="wb-bar" style="width:{width:.1f}%"></span></span>'
        f"{escape(held.text(say))}</dd></div>"
    )


def _share(share: Any) -> Value:
    estimate, low, high = share
    return pct(estimate, low, high)


def _typical(row: Mapping[str, Any], say: Language) -> str:
    form, _, digits = (row["format"] or "number:0").partition(":")
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
    return say(TYPICAL if "low" in written else TYPICAL_SHORT, **written)


def _trait(row: Mapping[str, Any], say: Language) -> str:
    level, sides = row["level"], ("inside", "outside")
    if level is None or level != level:
        values = {name: num(row[name], digits=1) for name in sides}
        return say(TRAIT_NUMBER, attribute=str(row["attribute"]), **values)
    values = {name: pct(row[name]) for name in sides}
    return say(TRAIT, attribute=str(row["attribute"]), level=str(level), **values)
