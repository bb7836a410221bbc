"""A figure as SVG: text that stays text, no more digits than one sees, marks to point at.

matplotlib lays a figure out by its own font; a reader's browser may set the text in another one.
Each text carries the length that it was laid out with, so that it stays within its place.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from lxml import etree

from workbench.reporting.figures.points import Point

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SVG = "http://www.w3.org/2000/svg"
_PAD = 0.04
"""Inches around what is drawn."""
_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_SIZE = re.compile(r"font(?:-size)?:\s*(?:[a-z]+ )*?([\d.]+)px")
_REFERENCE = re.compile(r"#([\w-]+)")
# said of all lines and areas, in a style sheet that would reach beyond the figure
_UNSEEN = ("fill:none", "fill:none;stroke:none")
_EVERYWHERE = "stroke-linejoin:round;stroke-linecap:butt"


def svg(figure: Figure, label: str = "", marks: Sequence[Point] = ()) -> str:
    """Write a figure as SVG, without a date, without a document type.

    Parameters
    ----------
    figure : Figure
        Everything has its place.
    label : str
        What the figure is called.
    marks : sequence of Point
        What can be pointed at.
    """
    canvas: Any = figure.canvas
    tight: Any = figure.get_tightbbox()
    left, right = 72 * (tight.x0 - _PAD), 72 * (tight.x1 + _PAD)
    height = 72 * float(figure.get_figheight())
    top, bottom = height - 72 * (tight.y1 + _PAD), height - 72 * (tight.y0 - _PAD)
    out = io.StringIO()
    blank = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    canvas.print_svg(out, metadata=blank)  # what savefig does, without drawing it twice
    tree = etree.fromstring(
        out.getvalue().encode("utf-8"), etree.XMLParser(remove_comments=True, load_dtd=False)
    )
    _strip(tree)
    _fit_texts(tree)
    _place(tree, marks, height, float(figure.dpi))
    tree.set("viewBox", f"{left:.2f} {top:.2f} {right - left:.2f} {bottom - top:.2f}")
    tree.set("width", f"{right - left:.2f}pt")
    tree.set("height", f"{bottom - top:.2f}pt")
    _round(tree)
    if label:
        tree.set("aria-label", label)
    tree.set("role", "group" if marks else "img")
    etree.cleanup_namespaces(tree)
    text: str = etree.tostring(tree, encoding="unicode")
    return text


def _round(tree: Any) -> None:
    """Give places no more digits than one sees; what is written as text keeps all of its own."""
    for node in tree.iter():
        for name, value in node.attrib.items():
            node.set(name, _NUMBER.sub(_rounded, value))


def _rounded(found: re.Match[str]) -> str:
    return f"{float(found[0]):.2f}".rstrip("0").rstrip(".")


def _strip(tree: Any) -> None:
    """Take away what nothing refers to: names of groups, white space, the style for everything."""
    used = {
        name
        for node in tree.iter()
        for value in node.attrib.values()
        for name in _REFERENCE.findall(value)
    }
    for node in list(tree.iter()):
        if not isinstance(node.tag, str):
            continue
        local = etree.QName(node).localname
        if local in ("metadata", "style"):
            parent = node.getparent()
            parent.remove(node)
            if local == "style" and not len(parent):
                parent.getparent().remove(parent)
            continue
        if node.get("id") and node.get("id") not in used:
            del node.attrib["id"]
        if local not in ("text", "tspan"):
            node.text = None
        node.tail = None
        if "style" in node.attrib:
            node.set("style", re.sub(r"\s*([:;,])\s*", r"\1", node.get("style")).strip(";"))
        if "d" in node.attrib:
            node.set("d", " ".join(node.get("d").split()))
    for node in reversed(list(tree.iter(f"{{{SVG}}}g", f"{{{SVG}}}path"))):
        if etree.QName(node).localname == "path":
            if node.get("style") in _UNSEEN and not _is_referred_to(node):
                node.getparent().remove(node)
        elif not node.attrib:
            parent = node.getparent()
            at = parent.index(node)
            for child in reversed(list(node)):
                parent.insert(at, child)
            parent.remove(node)
    tree.set("style", _EVERYWHERE)


def _is_referred_to(path: Any) -> bool:
    return bool(path.get("id")) or etree.QName(path.getparent()).localname != "g"


def _fit_texts(tree: Any) -> None:
    from matplotlib import rcParams

    for node in tree.iter(f"{{{SVG}}}text"):
        style = node.get("style", "")
        size = _SIZE.search(style)
        node.set("style", _without_family(style))
        if len(node) or not node.text or size is None:
            continue
        length = _width(node.text, float(size[1]), tuple(rcParams["font.sans-serif"]))
        if length and len(node.text) > 1:
            node.set("textLength", f"{length:.2f}")
            node.set("lengthAdjust", "spacingAndGlyphs")
        if node.get("transform", "").startswith("rotate(-0 "):
            del node.attrib["transform"]


def _without_family(style: str) -> str:
    """Leave the family to the page: its fonts are there, the house's may not be."""
    size = _SIZE.search(style)
    kept = [
        part
        for part in style.split(";")
        if part and part.partition(":")[0].strip() not in ("font", "font-family", "font-size")
    ]
    if size is not None:
        kept.insert(0, f"font-size:{float(size[1]):g}px")
    return ";".join(kept)


@lru_cache(maxsize=4096)
def _width(text: str, size: float, families: tuple[str, ...]) -> float:
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    measured = text_to_path.get_text_width_height_descent(
        text, FontProperties(family=list(families), size=size), ismath=False
    )
    return float(measured[0])


def _place(tree: Any, marks: Sequence[Point], height: float, dpi: float) -> None:
    """Lay the marks over the picture: the first is reached by tab, the others by arrows."""
    if not marks:
        return
    scale = 72 / dpi
    group = etree.SubElement(tree, f"{{{SVG}}}g", {"class": "wb-points"})
    for number, mark in enumerate(marks):
        left, bottom, right, top = (each * scale for each in mark.area())
        rect = etree.SubElement(
            group,
            f"{{{SVG}}}rect",
            {
                "x": f"{left:.1f}",
                "y": f"{height - top:.1f}",
                "width": f"{right - left:.1f}",
                "height": f"{top - bottom:.1f}",
                "fill": "none",
                "role": "img",
                "tabindex": "-1" if number else "0",
            },
        )
        title = etree.SubElement(rect, f"{{{SVG}}}title")
        title.text = mark.text
