"""Figures are lifted safely, and their dark twins can be read."""

from __future__ import annotations

import re

import pytest

from workbench.errors import SiteError
from workbench.site.figures import INK, SURFACE, contrast, dark_of, lift

BOX = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
PALETTE = ["#1d4a94", "#bd4f0c", "#1b8270", "#a452b8", "#4d3d00", "#39424f", "#566171", "#1d2430"]


@pytest.mark.parametrize("colour", PALETTE)
def test_what_reads_on_white_reads_on_the_dark_surface(colour):
    assert contrast(colour, "#ffffff") > 4.5
    assert contrast(dark_of(colour), SURFACE) > 4.5


def test_white_becomes_the_surface_and_black_the_ink():
    assert dark_of("#fff") == SURFACE
    assert dark_of("#000000") == INK


def test_contrast_is_that_of_wcag():
    # https://webaim.org/resources/contrastchecker gives 21 and 4.48 for these
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_paint_is_mapped_wherever_it_stands():
    svg = (
        f'<svg {BOX} width="72pt" height="36pt" viewBox="0 0 72 36">'
        "<style>.a{fill:#1d4a94}</style>"
        '<path fill="#1d4a94" stroke="black" style="stroke: #bd4f0c; stroke-width: 2"/>'
        '<path style="fill: rgb(29, 74, 148)"/><path fill="url(#g)"/></svg>'
    )
    figure = lift(svg)
    assert "#1d4a94" in figure.light
    assert not re.search("#1d4a94|#bd4f0c|29, 74, 148|black", figure.dark)
    assert "url(#g)" in figure.dark
    assert (figure.width, figure.height) == (96, 48)


def test_text_without_a_colour_is_light_on_the_dark_page():
    figure = lift(f'<svg {BOX} viewBox="0 0 9 9"><g><path d="M0 0"/></g></svg>')
    assert f'fill="{INK}"' in figure.dark
    assert "fill=" not in figure.light


def test_the_colours_that_the_notebook_names_win():
    svg = f'<svg {BOX} viewBox="0 0 9 9"><path fill="#1D4A94"/></svg>'
    assert "#5395f2" in lift(svg, {"#1d4a94": "#5395f2"}).dark


def test_references_by_id_are_not_taken_for_colours():
    inner = '<defs><path id="abcdef"/></defs><use xlink:href="#abcdef"/>'
    svg = f'<svg {BOX} viewBox="0 0 9 9">{inner}</svg>'
    assert '#abcdef"' in lift(svg).dark


def test_scripts_handlers_and_outside_references_go():
    svg = (
        f'<svg {BOX} viewBox="0 0 9 9" onload="x()"><script>x()</script><metadata>m</metadata>'
        '<image xlink:href="https://example.org/a.png"/><a href="javascript:x()"/>'
        '<image href="data:image/png;base64,AA=="/></svg>'
    )
    light = lift(svg).light
    assert "data:image/png" in light
    assert not re.search("script|onload|example.org|metadata>", light)


def test_an_entity_bomb_does_not_expand():
    svg = f'<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><svg {BOX}>&b;</svg>'
    assert "aaaa" not in lift(svg).light


def test_what_is_no_svg_is_refused():
    with pytest.raises(SiteError, match="not an SVG"):
        lift("<html></html>")
    with pytest.raises(SiteError, match="not an SVG"):
        lift("<svg")
