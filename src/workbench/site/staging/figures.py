"""Figures for the page: a safe SVG whose colours follow the page from light to dark.

Each colour is a variable of the figure, ``light-dark(#on paper, #at night)``: one picture for both.
On the published page the SVG stands in the page itself, so that its text is searched and read
aloud, and its marks can be pointed at; Quarto by hand shows the same file as an image.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from lxml import etree

from workbench.errors import SiteError

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
SURFACE = "#15191f"
"""The dark page's surface; the theme's ``--surface`` has the same value."""
INK = "#e9edf2"

_PAINT = ("fill", "stroke", "stop-color", "color", "flood-color", "lighting-color")
_HEX = re.compile(r"#(?:[0-9a-fA-F]{6}|[0-9a-fA-F]{3})\b")
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*(?:,\s*[\d.]+\s*)?\)")
_NAMED = {"black": "#000000", "white": "#ffffff", "gray": "#808080", "grey": "#808080"}
_DECLARATION = re.compile(rf"\b({'|'.join(_PAINT)})\s*:\s*([^;\"]+)")
_REFERENCE = re.compile(r"#([\w-]+)")
#: Of a figure that is an image of its own: its reader's machine chooses. In a page, the page does.
_ALONE = "color-scheme:light dark;font-family:system-ui,Noto Sans SC,sans-serif"
_UNSAFE = {"script", "foreignObject", "iframe", "metadata", "animate", "set"}


@dataclass(frozen=True)
class Figure:
    """A figure, with its size in CSS pixels."""

    svg: str
    width: float
    height: float


def lift(svg: str, dark: Mapping[str, str] | None = None) -> Figure:
    """Make a figure of the page from an SVG that a notebook holds.

    Parameters
    ----------
    svg : str
        An SVG document, as matplotlib writes it.
    dark : mapping of str to str, optional
        Colours of the light figure and what stands for them in the dark one; the others are
        mapped by `dark_of`.

    Returns
    -------
    Figure
        Without scripts, handlers, metadata or outside references, in colours that follow the page.

    Raises
    ------
    SiteError
        When the text is no SVG.
    """
    tree = _parse(svg)
    _make_safe(tree)
    width, height = _size(tree)
    known = {colour.lower(): other for colour, other in (dark or {}).items()}
    names: dict[str, str] = {}

    def of(colour: str) -> str:
        light = _hex(_rgb(colour))
        return names.setdefault(light, f"--c{len(names)}")

    _name_colours(tree, lambda colour: f"var({of(colour)})")
    colours = ";".join(
        f"{name}:light-dark({light},{known.get(light) or dark_of(light)})"
        for light, name in names.items()
    )
    own = tree.get("style", "").strip("; ")
    alone = "" if "color-scheme" in own else _ALONE
    tree.set("style", ";".join(filter(None, (own, alone, colours))))
    return Figure(_write(tree), width, height)


def in_page(svg: str, *, name: str, label: str, css: str) -> str:
    """Write a figure as a part of a page.

    Parameters
    ----------
    svg : str
        What `lift` gave.
    name : str
        Begins the ids in it, so that no two figures of a page have the same.
    label : str
        What it shows in words.
    css : str
        Classes of the element.

    Raises
    ------
    SiteError
        When the text is no SVG.
    """
    tree = _parse(svg)
    referred = {
        each
        for value in tree.xpath("//@*[name() != 'id']", smart_strings=False)
        for each in _REFERENCE.findall(value)
    }
    ids: dict[str, str] = {}
    for node in tree.iter():
        known = node.attrib.pop("id", "")
        # what nothing refers to needs no name; of two of one name the first is meant, as in HTML
        if known in referred and known not in ids:
            ids[known] = f"{name}-{len(ids)}"
            node.set("id", ids[known])
    for node in tree.iter():
        for attribute, value in list(node.attrib.items()):
            if attribute != "id" and "#" in value:
                node.set(attribute, _REFERENCE.sub(lambda m: f"#{ids.get(m[1], m[1])}", value))
            if etree.QName(attribute).namespace == XLINK:
                node.set("href", node.attrib.pop(attribute))
    style = tree.get("style", "").replace(_ALONE, "").replace(";;", ";")
    tree.set("style", style.strip(";"))
    for path in tree.iter(f"{{{SVG}}}path"):
        if not path.get("d"):
            path.set("d", "M0 0")  # a line of no points, which may be referred to
    if tree.get("role") == "group":
        del tree.attrib["role"]  # a drawing is one by itself; its box on the page has the role
    tree.set("class", css)
    tree.set("aria-label", label)
    etree.cleanup_namespaces(tree)
    return _write(tree).replace(f' xmlns="{SVG}"', "", 1)


def dark_of(colour: str) -> str:
    """Return the dark page's version of a light page's colour.

    Greys are turned over, so that white becomes the surface and black the ink, with the middle
    greys lifted enough to be read (4.5:1 from ``#6b7280`` on). Hues keep their hue and are
    lightened; pale tints, which fill bands, become deep ones.

    Parameters
    ----------
    colour : str
        ``#rrggbb`` or ``#rgb``.
    """
    light, a, b = _oklab(_rgb(colour))
    chroma = float(np.hypot(a, b))
    if light > 0.995:
        return SURFACE
    if chroma < 0.03:
        if light < 0.30:
            return INK
        return _hex(_srgb(0.945 - 0.735 * light**1.8, a * 0.6, b * 0.6))
    if light > 0.88:
        return _hex(_srgb(0.945 - 0.72 * light**1.8, a * 0.9, b * 0.9))
    return _hex(_srgb(max(light, 0.66 + 0.16 * light), a * 0.95, b * 0.95))


def contrast(first: str, second: str) -> float:
    """Return the WCAG 2 contrast ratio of two colours, from 1 to 21."""
    one, two = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (one + 0.05) / (two + 0.05)


def _luminance(colour: str) -> float:
    return float(_linear(_rgb(colour)) @ np.array([0.2126, 0.7152, 0.0722]))


def _parse(svg: str) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True
    )
    try:
        tree = etree.fromstring(svg.encode("utf-8"), parser)
    except etree.XMLSyntaxError as error:
        raise SiteError(
            f"a figure is not an SVG: {error}", remedy="run the notebook anew"
        ) from error
    if etree.QName(tree).localname != "svg":
        raise SiteError("a figure is not an SVG", remedy="run the notebook anew")
    return tree


def _make_safe(tree: etree._Element) -> None:
    for node in list(tree.iter()):
        if not isinstance(node.tag, str) or etree.QName(node).localname in _UNSAFE:
            parent = node.getparent()
            if parent is not None:
                parent.remove(node)
            continue
        for name, value in list(node.attrib.items()):
            local = etree.QName(name).localname
            outside = local == "href" and not value.startswith(("#", "data:image/"))
            if local.startswith("on") or outside:
                del node.attrib[name]


def _size(tree: etree._Element) -> tuple[float, float]:
    box = [float(x) for x in re.split(r"[\s,]+", tree.get("viewBox", "").strip()) if x]
    width, height = (_pixels(tree.get(side, "")) for side in ("width", "height"))
    if len(box) != 4:
        box = [0.0, 0.0, width or 640.0, height or 400.0]
        tree.set("viewBox", " ".join(f"{x:g}" for x in box))
    width, height = width or box[2], height or box[3]
    tree.set("width", f"{width:g}")
    tree.set("height", f"{height:g}")
    return width, height


def _pixels(length: str) -> float:
    found = re.fullmatch(r"\s*([\d.]+)\s*(px|pt|in|mm|cm)?\s*", length)
    if not found:
        return 0.0
    unit = {"pt": 96 / 72, "in": 96.0, "mm": 96 / 25.4, "cm": 96 / 2.54}.get(found[2] or "px", 1.0)
    return round(float(found[1]) * unit, 2)


def _name_colours(tree: etree._Element, of: Callable[[str], str]) -> None:
    for node in tree.iter():
        # a variable stands in a style, not in an attribute; of the two the style is taken
        painted = [f"{name}:{node.attrib.pop(name)}" for name in _PAINT if name in node.attrib]
        if painted:
            node.set("style", ";".join(filter(None, (*painted, node.get("style", "")))))
        if "style" in node.attrib:
            node.set("style", _repaint_declarations(node.attrib["style"], of))
        if etree.QName(node).localname == "style" and node.text:
            node.text = _repaint_declarations(node.text, of)
    # What names no colour is black in SVG, so the root must say the dark ink.
    if "fill:" not in tree.get("style", ""):
        tree.set("style", f"{tree.get('style', '').strip(';')};fill:{of('#000000')}".strip(";"))


def _repaint_declarations(css: str, of: Callable[[str], str]) -> str:
    return _DECLARATION.sub(lambda m: f"{m[1]}:{_repaint(m[2].strip(), of)}", css)


def _repaint(value: str, of: Callable[[str], str]) -> str:
    named = _NAMED.get(value.strip().lower())
    if named:
        return of(named)
    if value.strip().lower().startswith("url("):
        return value
    value = _HEX.sub(lambda m: of(m[0]), value)
    return _RGB.sub(lambda m: of("#" + "".join(f"{int(x):02x}" for x in m.groups())), value)


def _write(tree: etree._Element) -> str:
    return str(etree.tostring(tree, encoding="unicode"))


# --- OKLab, by Björn Ottosson (2020), "A perceptual color space for image processing" ---------

_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def _rgb(colour: str) -> np.ndarray:
    digits = colour.lstrip("#")
    digits = "".join(c * 2 for c in digits) if len(digits) == 3 else digits
    return np.array([int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)])


def _linear(rgb: np.ndarray) -> np.ndarray:
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def _oklab(rgb: np.ndarray) -> tuple[float, float, float]:
    light, a, b = _TO_LAB @ np.cbrt(_TO_LMS @ _linear(rgb))
    return float(light), float(a), float(b)


def _srgb(light: float, a: float, b: float) -> np.ndarray:
    linear = np.linalg.solve(_TO_LMS, np.linalg.solve(_TO_LAB, np.array([light, a, b])) ** 3)
    linear = np.clip(linear, 0, 1)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


def _hex(rgb: np.ndarray) -> str:
    return "#" + "".join(f"{round(float(c) * 255):02x}" for c in np.clip(rgb, 0, 1))
