"""The look of the figures: colours, type, lines, and fonts with Chinese glyphs wherever it runs.

The colours are chosen so that every line colour reads as text (contrast of at least 4.5 : 1) on
white and on the dark surface, and so that neighbours in the cycle stay apart for readers with
protanopia, deuteranopia and tritanopia; a test holds both. `DARK` says what each becomes on a dark
page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

from workbench.fonts import han_font

CYCLE = ("#1d4a94", "#bd4f0c", "#1b8270", "#a452b8", "#4d3d00", "#39424f")
"""Blue, orange, teal, purple, ochre, slate: in this order for series."""

INK = "#1d2430"
MUTED = "#566171"
GRID = "#dde2e9"
AXIS = "#8a94a3"
PAPER = "#ffffff"

BLUES = ("#eef3fb", "#d5e1f4", "#b3c9ea", "#8fb0df", "#7aa0d6", "#3d6bb0", "#1d4a94")
"""From little to much."""
ORANGE_TO_BLUE = ("#bd4f0c", "#e09a6b", "#f3cfb4", "#f4f4f2", "#c3d3ec", "#7aa0d6", "#1d4a94")
"""From below to above a middle."""
STRONG = frozenset({"#bd4f0c", "#3d6bb0", "#1d4a94"})
"""Colours of the ramps on which one writes in the colour of the paper; on the others in ink."""

DARK: Mapping[str, str] = {
    "#1d4a94": "#5395f2",
    "#bd4f0c": "#f2803a",
    "#1b8270": "#86e8d0",
    "#a452b8": "#d5aaeb",
    "#4d3d00": "#f3d673",
    "#39424f": "#8e949d",
    INK: "#e9edf2",
    MUTED: "#a9b3c1",
    GRID: "#2f3742",
    AXIS: "#6d7785",
    PAPER: "#15191f",
    # The ramps run the other way round: what is strong on paper is bright on a screen at night.
    "#eef3fb": "#1b2534",
    "#d5e1f4": "#20324f",
    "#b3c9ea": "#28446f",
    "#8fb0df": "#2f548c",
    "#7aa0d6": "#37639f",
    "#3d6bb0": "#4d88de",
    "#e09a6b": "#8a4a24",
    "#f3cfb4": "#553421",
    "#f4f4f2": "#232a33",
    "#c3d3ec": "#25395a",
}
"""Colour on paper to colour on a dark page."""

SIZE = (6.6, 3.7)
"""Inches; about 700 CSS pixels wide, so that 10 points read well on a page and on a phone."""

_HEX = re.compile(r"#[0-9a-f]{6}\b")


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
        "text.color": INK,
        "text.parse_math": False,
        "axes.prop_cycle": cycler(color=list(CYCLE)),
        "axes.titlesize": 10,
        "axes.titlecolor": MUTED,
        "axes.titleweight": "normal",
        "axes.titlelocation": "left",
        "axes.labelsize": 10,
        "axes.labelcolor": MUTED,
        "axes.edgecolor": AXIS,
        "axes.linewidth": 0.8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.spines.left": False,
        "axes.axisbelow": True,
        "axes.grid": True,
        "axes.formatter.useoffset": False,
        "axes.formatter.limits": (-6, 15),
        "axes.xmargin": 0.03,
        "grid.color": GRID,
        "grid.linewidth": 0.8,
        "xtick.color": AXIS,
        "ytick.color": AXIS,
        "xtick.labelcolor": MUTED,
        "ytick.labelcolor": MUTED,
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
        "patch.edgecolor": PAPER,
        "errorbar.capsize": 0,
        "hatch.linewidth": 0.8,
        "legend.frameon": False,
        "legend.fontsize": 9.5,
        "legend.title_fontsize": 9.5,
        "legend.labelcolor": INK,
        "legend.handlelength": 1.4,
        "legend.borderaxespad": 0,
        "image.cmap": "Blues",
        # Text as text, which is searched, read aloud and light; ids from contents: the same
        # picture everywhere, to the byte.
        "svg.fonttype": "none",
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


def dark_mapping(svg: str) -> dict[str, str]:
    """List the colours of an SVG and what each becomes on a dark page.

    Colours that are not the house's own are left out: the site derives those.
    """
    return {colour: DARK[colour] for colour in sorted(set(_HEX.findall(svg))) if colour in DARK}
