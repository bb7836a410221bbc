"""The look of the figures: type, lines and fonts, with Chinese glyphs wherever it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from workbench.fonts import han_font
from workbench.reporting.figures import palette

SIZE = (6.6, 3.7)
"""Inches; about 700 CSS pixels wide, so that 10 points read well on a page and on a phone."""


@cache
def font_family() -> str | None:
    """Register Noto Sans SC and return its family name; None when the font is not installed.

    It has good Latin glyphs too, so both languages are set in it. Registering takes some
    milliseconds: matplotlib reads of the 10 MB only the glyphs it draws.
    """
    from matplotlib import font_manager

    path = han_font()
    if path is None:
        return None
    font_manager.fontManager.addfont(path)
    return str(font_manager.FontProperties(fname=path).get_name())


def settings() -> dict[str, Any]:
    """Return matplotlib's settings for a figure of the house."""
    from cycler import cycler

    family = font_family()
    ink, muted = palette.INK, palette.MUTED
    return {
        "figure.figsize": SIZE,
        "figure.facecolor": "none",
        "axes.facecolor": "none",
        "figure.constrained_layout.h_pad": 0.07,
        "figure.constrained_layout.w_pad": 0.05,
        "savefig.facecolor": "none",
        "savefig.edgecolor": "none",
        "font.family": ["sans-serif"],
        "font.sans-serif": [*([family] if family else []), "DejaVu Sans"],
        "font.size": 10,
        "axes.unicode_minus": True,
        "text.color": ink,
        "text.parse_math": False,
        "axes.prop_cycle": cycler(color=list(palette.CYCLE)),
        "axes.titlesize": 10,
        "axes.titlecolor": muted,
        "axes.titleweight": "normal",
        "axes.titlelocation": "left",
        "axes.labelsize": 10,
        "axes.labelcolor": muted,
        "axes.edgecolor": palette.AXIS,
        "axes.linewidth": 0.8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.spines.left": False,
        "axes.axisbelow": True,
        "axes.grid": True,
        "axes.formatter.useoffset": False,
        "axes.formatter.limits": (-6, 15),
        "axes.xmargin": 0.03,
        "grid.color": palette.GRID,
        "grid.linewidth": 0.8,
        "xtick.color": palette.AXIS,
        "ytick.color": palette.AXIS,
        "xtick.labelcolor": muted,
        "ytick.labelcolor": muted,
        "xtick.labelsize": 9.5,
        "ytick.labelsize": 9.5,
        "xtick.major.size": 3.5,
        "xtick.minor.size": 0,
        "ytick.major.size": 0,
        "ytick.minor.size": 0,
        "lines.linewidth": 2,
        "lines.markersize": 5.5,
        "lines.solid_capstyle": "round",
        "patch.linewidth": 0,
        "patch.edgecolor": palette.PAPER,
        "errorbar.capsize": 0,
        "hatch.linewidth": 0.8,
        "legend.frameon": False,
        "legend.fontsize": 9.5,
        "legend.title_fontsize": 9.5,
        "legend.labelcolor": ink,
        "legend.handlelength": 1.4,
        "legend.borderaxespad": 0,
        "image.cmap": "Blues",
        # Text as outlines and ids from contents: the same picture everywhere, to the byte.
        "svg.fonttype": "path",
        "svg.hashsalt": "workbench",
        "svg.image_inline": True,
        "path.simplify": True,
    }


@contextmanager
def themed() -> Iterator[None]:
    """Draw in the house's theme; a researcher's own settings come back afterwards."""
    from matplotlib import style

    with style.context(["default", settings()]):
        yield
