"""The colours of the figures, and what each becomes on a dark page.

Chosen so that every line colour reads as text (contrast of at least 4.5 : 1) on white and on the
dark surface, and so that neighbours in the cycle stay apart for readers with protanopia,
deuteranopia and tritanopia; a test holds both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

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

_HEX = re.compile(r"#[0-9a-f]{6}\b")


def dark_mapping(svg: str) -> dict[str, str]:
    """List the colours of an SVG and what each becomes on a dark page.

    Colours that are not the house's own are left out: the site derives those.
    """
    return {colour: DARK[colour] for colour in sorted(set(_HEX.findall(svg))) if colour in DARK}
