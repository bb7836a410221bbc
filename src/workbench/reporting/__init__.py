"""What a notebook shows: sentences, figures, tables and headline numbers, in each language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.reporting.cards import headlines
    from workbench.reporting.languages import (
        ReportingError,
        configure,
        forget_missing,
        languages_shown,
        learn,
        missing,
        proper,
    )
    from workbench.reporting.numbers import Value, day, money, num, pct, points
    from workbench.reporting.sentences import callout, heading, say
    from workbench.reporting.showing import show

_WHERE = {
    "callout": "sentences",
    "configure": "languages",
    "day": "numbers",
    "forget_missing": "languages",
    "heading": "sentences",
    "headlines": "cards",
    "languages_shown": "languages",
    "learn": "languages",
    "missing": "languages",
    "money": "numbers",
    "num": "numbers",
    "pct": "numbers",
    "points": "numbers",
    "proper": "languages",
    "ReportingError": "languages",
    "say": "sentences",
    "show": "showing",
    "Value": "numbers",
}

__all__ = [
    "ReportingError",
    "Value",
    "callout",
    "configure",
    "day",
    "forget_missing",
    "heading",
    "headlines",
    "languages_shown",
    "learn",
    "missing",
    "money",
    "num",
    "pct",
    "points",
    "proper",
    "say",
    "show",
]


def __getattr__(name: str) -> Any:
    # Imports cost time: a notebook pays for what it uses.
    if name in _WHERE:
        from importlib import import_module

        return getattr(import_module(f"workbench.reporting.{_WHERE[name]}"), name)
    raise AttributeError(f"module 'workbench.reporting' has no attribute {name!r}")
