"""Letters that the figures' fonts lack: another font of the machine, else a number and a key."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Any

from workbench.fonts import han_font

_ANOTHER = 64
"""Fonts of the machine that are tried; there may be hundreds."""


class Key:
    """Texts as a figure can write them, and what stands behind its numbers.

    Letters such as Hangul are in neither font of the house. Where the machine has a font with
    them it is used; else the text becomes a number in brackets, since a row of empty boxes says
    nothing, and the page spells it out below.
    """

    def __init__(self) -> None:
        self.names: dict[str, str] = {}

    def write(self, text: str) -> str:
        """Give the text itself, or its number."""
        lacking = frozenset(char for char in text if not _has(char))
        if not lacking or _borrow(lacking):
            return text
        return self.names.setdefault(text, f"[{len(self.names) + 1}]")

    @property
    def entries(self) -> list[str]:
        """What the numbers stand for, as `[1] text`."""
        return [f"{number} {' '.join(text.split())}" for text, number in self.names.items()]


@cache
def _has(char: str) -> bool:
    """Whether a font of the house can write a character, or it needs no glyph."""
    if char.isascii() or char.isspace() or unicodedata.category(char) in ("Cf", "Cc", "Mn"):
        return True
    return any(font.get_char_index(ord(char)) for font in _house())


@cache
def _house() -> tuple[Any, ...]:
    from matplotlib.font_manager import findfont
    from matplotlib.ft2font import FT2Font

    paths = [han_font(), findfont("DejaVu Sans")]
    return tuple(FT2Font(str(path)) for path in paths if path is not None)


def _borrow(lacking: frozenset[str]) -> bool:
    """Let the figure at hand fall back on a font of the machine with these characters."""
    import matplotlib as mpl

    family = _elsewhere(lacking)
    if family is None:
        return False
    known = list(mpl.rcParams["font.sans-serif"])
    if family not in known:  # the theme that the figure is drawn in takes it back afterwards
        mpl.rcParams["font.sans-serif"] = [*known, family]
    return True


@cache
def _elsewhere(lacking: frozenset[str]) -> str | None:
    from matplotlib.font_manager import fontManager
    from matplotlib.ft2font import FT2Font

    # CJK and pan-Unicode fonts first
    fonts = [f for f in fontManager.ttflist if "Last Resort" not in f.name]  # that draws boxes
    order = sorted({(not _likely(f.name), f.name, f.fname) for f in fonts})
    for _, family, path in order[:_ANOTHER]:
        try:
            font = FT2Font(path)
        except (OSError, RuntimeError):  # listed, but removed since
            continue
        if all(font.get_char_index(ord(char)) for char in lacking):
            return str(family)
    return None


def _likely(family: str) -> bool:
    return any(part in family for part in ("CJK", "Noto", "Unicode", "Gothic", "Nanum", "Malgun"))
