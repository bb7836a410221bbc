"""Figures are lifted safely, and their dark twins can be read."""

from __future__ import annotations

import re

import pytest

from workbench.errors import SiteError
from workbench.site.staging.figures import (
    INK,
    SURFACE,
    _hex,
    _oklab,
    _rgb,
    _srgb,
    contrast,
    dark_of,
    in_page,
    lift,
)

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
    root, drawn = figure.svg.partition(">")[::2]
    assert not re.search("#1d4a94|#bd4f0c|29, 74, 148|black", drawn)
    assert root.count("light-dark(#1d4a94,") == 1  # one colour, however it was written
    assert "url(#g)" in drawn and "stroke-width: 2" in drawn
    assert (figure.width, figure.height) == (96, 48)


def test_text_without_a_colour_is_light_on_the_dark_page():
    figure = lift(f'<svg {BOX} viewBox="0 0 9 9"><g><path d="M0 0"/></g></svg>')
    root = figure.svg.partition(">")[0]
    assert f"light-dark(#000000,{INK})" in root and "fill:var(--c0)" in root


def test_the_colours_that_the_notebook_names_win():
    svg = f'<svg {BOX} viewBox="0 0 9 9"><path fill="#1D4A94"/></svg>'
    assert "light-dark(#1d4a94,#5395f2)" in lift(svg, {"#1d4a94": "#5395f2"}).svg


def test_references_by_id_are_not_taken_for_colours():
    inner = '<defs><path id="abcdef"/></defs><use xlink:href="#abcdef"/>'
    svg = f'<svg {BOX} viewBox="0 0 9 9">{inner}</svg>'
    assert '#abcdef"' in lift(svg).svg


def test_scripts_handlers_and_outside_references_go():
    svg = (
        f'<svg {BOX} viewBox="0 0 9 9" onload="x()"><script>x()</script><metadata>m</metadata>'
        '<image xlink:href="https://example.org/a.png"/><a href="javascript:x()"/>'
        '<image href="data:image/png;base64,AA=="/></svg>'
    )
    light = lift(svg).svg
    assert "data:image/png" in light
    assert not re.search("script|onload|example.org|metadata>", light)


def test_an_entity_bomb_does_not_expand():
    svg = f'<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><svg {BOX}>&b;</svg>'
    assert "aaaa" not in lift(svg).svg


def test_what_is_no_svg_is_refused():
    with pytest.raises(SiteError, match="not an SVG"):
        lift("<html></html>")
    with pytest.raises(SiteError, match="not an SVG"):
        lift("<svg")


@pytest.mark.parametrize(
    ("colour", "oklab"),
    [  # as CSS Color 4 and the author of OKLab give them
        ("#ffffff", (1.0, 0.0, 0.0)),
        ("#ff0000", (0.62796, 0.22486, 0.12585)),
        ("#00ff00", (0.86644, -0.23389, 0.17950)),
        ("#0000ff", (0.45201, -0.03246, -0.31153)),
    ],
)
def test_oklab_is_that_of_its_author(colour, oklab):
    assert _oklab(_rgb(colour)) == pytest.approx(oklab, abs=2e-5)


@pytest.mark.parametrize(
    "colour", [*PALETTE, "#000000", "#010203", "#0b0b0b", "#ff00ff", "#ffffff"]
)
def test_a_colour_comes_back_from_oklab_as_it_was(colour):
    assert _hex(_srgb(*_oklab(_rgb(colour)))) == colour


def test_what_no_screen_can_show_is_the_nearest_that_it_can():
    assert _hex(_srgb(1.2, 0.0, 0.0)) == "#ffffff"
    assert _hex(_srgb(-0.1, 0.0, 0.0)) == "#000000"


@pytest.mark.parametrize(
    ("size", "pixels"),
    [
        ('width="72pt" height="36pt"', (96, 48)),
        ('width="1in" height="25.4mm"', (96, 96)),
        ('width="2.54cm" height="50"', (96, 50)),
        ('width="1.234px" height="a lot"', (1.23, 10)),
        ("", (20, 10)),
    ],
)
def test_a_figure_has_its_size_in_pixels(size, pixels):
    figure = lift(f'<svg {BOX} {size} viewBox="0 0 20 10"/>')
    assert (figure.width, figure.height) == pixels
    assert f'width="{pixels[0]:g}" height="{pixels[1]:g}"' in figure.svg


@pytest.mark.parametrize(
    ("size", "box"),
    [
        ('width="30" height="20"', "0 0 30 20"),
        ("", "0 0 640 400"),
        ('viewBox="0 0 3"', "0 0 640 400"),
    ],
)
def test_a_figure_without_a_box_has_that_of_its_size(size, box):
    assert f'viewBox="{box}"' in lift(f"<svg {BOX} {size}/>").svg


def test_a_root_that_says_its_fill_keeps_it():
    for own in ('fill="#ffffff"', 'style="fill: #ffffff"'):
        assert INK not in lift(f'<svg {BOX} viewBox="0 0 9 9" {own}/>').svg


def test_two_figures_of_a_page_share_no_name_and_keep_what_refers_to_it():
    inner = (
        '<defs><clipPath id="p"><path d="M0 0"/></clipPath></defs><g clip-path="url(#p)">'
        '<use xlink:href="#p"/></g>'
    )
    drawn = lift(f'<svg {BOX} viewBox="0 0 9 9">{inner}</svg>').svg
    one, two = (in_page(drawn, name=x, label='a "b"', css="wb-svg") for x in ("f1", "f2"))
    assert 'clip-path="url(#f1-0)"' in one and '<use href="#f1-0"' in one
    assert one.replace("f1-", "f2-") == two
    root = one.partition(">")[0]
    assert 'class="wb-svg"' in root and 'aria-label="a &quot;b&quot;"' in root
    # an image of its own looks as its reader's machine says; in a page the page's choice holds
    for own in ("color-scheme:light dark", "font-family:system-ui"):
        assert own in drawn.partition(">")[0] and own not in root
    assert "xmlns" not in root


def test_greys_are_turned_over_in_their_order():
    greys = [f"#{v:02x}{v:02x}{v:02x}" for v in range(60, 250, 20)]
    turned = [_oklab(_rgb(dark_of(grey))) for grey in greys]
    assert [light for light, *_ in turned] == sorted((t[0] for t in turned), reverse=True)
    assert all(abs(a) + abs(b) < 0.01 for _, a, b in turned)
    assert (dark_of("#808080"), dark_of("#e0e0e0")) == ("#909090", "#353535")


def test_hues_stay_and_pale_tints_become_deep():
    assert (dark_of("#1d4a94"), dark_of("#d5e1f4")) == ("#78a7f5", "#30353e")
    assert (dark_of("#bd4f0c"), dark_of("#fce8d8")) == ("#fa8c59", "#372a1f")


def test_a_name_that_a_drawing_gives_twice_is_there_once_in_the_page():
    twice = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><defs><path id="a" d="M0 0"/>'
        '<path id="a" d="M0 0"/></defs><g id="unused"><use href="#a"/></g>'
        '<g clip-path="url(#a)"/></svg>'
    )
    drawn = in_page(lift(twice).svg, name="f0", label="x", css="wb-svg")
    assert re.findall(r'\bid="([^"]+)"', drawn) == ["f0-0"]
    assert 'href="#f0-0"' in drawn and "url(#f0-0)" in drawn
