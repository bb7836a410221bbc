"""The languages of a report: catalogs of words, and numbers and dates as each writes them."""

from __future__ import annotations

from workbench.languages.language import Language, speak

__all__ = ["Language", "speak"]
