"""Sentences with named placeholders, filled in: verdicts and reasons, in English."""

from __future__ import annotations

from collections.abc import Mapping


def filled(message: str, values: Mapping[str, float | str]) -> str:
    """Fill in a sentence: numbers with three digits, names as they are."""
    return message.format(
        **{name: v if isinstance(v, str) else f"{v:.3g}" for name, v in values.items()}
    )
