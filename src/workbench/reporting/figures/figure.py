"""Figures: drawn once a language in the house's theme, as SVG that can turn dark."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.languages import Language
from workbench.reporting.display import reader
from workbench.reporting.figures import finishing, lettering
from workbench.reporting.figures import narrow as narrowing
from workbench.reporting.figures.description import describe, names_of
from workbench.reporting.figures.points import points
from workbench.reporting.figures.theme import SIZE, themed
from workbench.reporting.figures.writing import svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LARGEST_HEIGHT = 9.0


@dataclass(frozen=True)
class Drawing:
    """A figure in one language.

    Attributes
    ----------
    svg : str
        The same picture gives the same bytes.
    description : str
        What it shows in words, for who cannot see it; see `description.describe`.
    narrow : str
        The same for a narrow screen; empty where it was not asked for, or could not be read.
    key : tuple of str
        ``[1] name`` for each number that stands for a name that its fonts cannot write; empty
        nearly always.
    """

    svg: str
    description: str = ""
    narrow: str = ""
    key: tuple[str, ...] = ()


def drawing(
    thing: Callable[..., Any],
    language: str | Language,
    *,
    label: str = "",
    height: float | None = None,
    narrow: bool = False,
) -> Drawing:
    """Draw a figure in a language.

    Parameters
    ----------
    thing : callable
        Draws on the Axes that it is given as ``ax``; or on the Figure, when its parameter is
        called ``figure`` or ``fig`` (several panels); in the `Language` that it is given as
        ``language``. What takes none is the same in every language.
    language : str or Language
        Language of the words on it.
    label : str
        What a screen reader says when nothing better is known; already in that language.
    height : float, optional
        Inches; from the number of bars or rows when left out.
    narrow : bool
        Whether to lay it out for a narrow screen, too.
    """
    language = reader(language)
    with themed():
        figure = draw(thing, language)
        legends = finishing.samples(figure)
        key = lettering.letter(figure, language)
        names = names_of(figure, legends)
        told = describe(figure, language, names)
        figure.set_figheight(height or _height(figure))
        finishing.finish(figure, legends)
        figure.set_layout_engine("none")  # all has its place: writing need not find it again
        marks = points(figure, language, names)
        wide, small = svg(figure, label, marks), ""
        if narrow and narrowing.narrow(figure):
            small = svg(figure, label, marks)
        return Drawing(wide, told, small, tuple(key.entries))


def draw(thing: Callable[..., Any], language: str | Language = "en") -> Figure:
    """Draw with a callable on a new figure, without pyplot keeping it open."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    # laid out by the letters and the 72 dots an inch that it is written with, it is laid out once
    figure = Figure(figsize=SIZE, layout="constrained", dpi=72)
    FigureCanvasSVG(figure)
    names = _parameters(thing)
    options = {"language": reader(language)} if "language" in names else {}
    for name in ("figure", "fig"):
        if name in names and "ax" not in names:
            thing(**{name: figure}, **options)
            break
    else:
        thing(ax=figure.subplots(), **options)
    return figure


def _parameters(thing: Callable[..., Any]) -> set[str]:
    try:
        return set(inspect.signature(thing).parameters)
    except (TypeError, ValueError):
        return {"ax"}


def _height(figure: Figure) -> float:
    # Rows of words need room: so much for each line, besides the axis.
    tallest = 0.0
    for axes in figure.axes:
        if lettering.axes_of(axes) and lettering.is_categorical(axes.yaxis):
            labels = [label.get_text() for label in axes.get_yticklabels()]
            lines = sum(max(label.count("\n") + 1, 1.4) for label in labels)
            tallest = max(tallest, 0.2 * lines + 0.95)
    if not tallest or len(figure.axes) > 1:
        return float(figure.get_figheight())
    return min(max(tallest, 2.0), LARGEST_HEIGHT)
