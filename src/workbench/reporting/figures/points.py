"""What a reader can point at in a figure: each value with its name and interval, where it stands.

The places come from the drawing and the words from its axes, so that nothing is typed twice. They
become transparent marks over the picture, with a tooltip, that the keyboard reaches.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.languages import Language
from workbench.reporting.figures import description
from workbench.reporting.figures.lettering import all_axes, axes_of
from workbench.reporting.figures.shading import cell_at
from workbench.results.drawing import CUT_OFF, NAMED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_POINTS = 120
"""Of a figure with more, a reader takes the table."""
_REACH = 6.0


@dataclass(frozen=True)
class Point:
    """A value in a figure.

    Attributes
    ----------
    text : str
        What it is, its value, its interval.
    axes : Axes
        Where it is drawn.
    start, end : (float, float)
        The corners of the area to point at, in the data's own units; one place for a mark.
    """

    text: str
    axes: Axes
    start: tuple[float, float]
    end: tuple[float, float]

    def area(self) -> tuple[float, float, float, float]:
        """Give left, bottom, right and top in dots of the figure as it is laid out now."""
        places = self.axes.transData.transform([self.start, self.end])
        (left, bottom), (right, top) = places.min(axis=0), places.max(axis=0)
        grow = _REACH if self.start == self.end else 0.0
        return left - grow, bottom - grow, right + grow, top + grow


def points(figure: Figure, language: Language, names: dict[int, dict[int, str]]) -> list[Point]:
    """List what can be pointed at, in the order in which it is read.

    Parameters
    ----------
    figure : Figure
        Finished: everything has its place.
    language : Language
        The language of its words.
    names : dict
        What the entries of each legend are called, by the artist; see `description.names_of`.
    """
    found: list[Point] = []
    for axes in all_axes(figure):
        if len(axes_of(axes)) == 2:
            own = names.get(id(axes), {})
            found += [*_cells(axes, language), *_values(axes, language, own)]
            if len(found) > MOST_POINTS:
                return []
    return found


def _values(axes: Axes, language: Language, names: dict[int, str]) -> Iterator[Point]:
    if any(drawn.get_gid() == CUT_OFF for drawn in axes.get_children()):
        return
    rows, columns = description.has_names(axes.yaxis), description.has_names(axes.xaxis)
    spans = list(_spans(axes))
    marks = {tuple(np.round(at, 9)): text for at, text in _marks(axes)}
    series = list(description.series_of(axes)) + list(_clouds(axes))
    several = len([1 for drawn, _ in series if names.get(id(drawn))]) > 1
    seen: set[tuple[str, str]] = set()
    for drawn, (x, y) in series:
        if len(x) > MOST_POINTS or not len(x) or _is_rule(axes, x, y):
            continue
        name = (names.get(id(drawn)) or "") if several else ""
        for at in zip(x, y, strict=True):
            across, up = (float(each) for each in at)
            own = marks.get(tuple(np.round(at, 9)), "")
            own = "" if own == name else own
            said = _said(axes, language, across, up, rows, columns, spans)
            text = description.with_colon(language, name, own, said)
            left, bottom = axes.transData.transform((across, up))
            inside = axes.bbox.padded(2).contains(left, bottom)
            key = (text, f"{left:.0f} {bottom:.0f}")
            if text and inside and key not in seen:
                seen.add(key)
                yield Point(text, axes, (across, up), (across, up))


def _said(
    axes: Axes,
    language: Language,
    x: float,
    y: float,
    rows: bool,
    columns: bool,
    spans: list[tuple[int, float, float, float]],
) -> str:
    """Say a value: of named rows or columns the name first, else both axes by their labels."""
    along_x = _interval(spans, 0, y, x)
    along_y = _interval(spans, 1, x, y)
    across = _number(axes.xaxis, x, along_x)
    up = _number(axes.yaxis, y, along_y)
    if rows and description.have_ticks(axes.yaxis, True, np.array([y])):
        return description.with_colon(language, description.name_at(axes.yaxis, y), across)
    if columns and description.have_ticks(axes.xaxis, True, np.array([x])):
        return description.with_colon(language, description.name_at(axes.xaxis, x), up)
    if rows or columns:
        return ""
    about = axes.get_title() or axes.get_title(loc="left") or axes.get_ylabel()
    beside = axes.get_xlabel()
    one = f"{beside} {across}".strip()
    other = f"{about} {up}".strip()
    return description.with_comma(language, one, other)


def _number(axis: Any, x: float, ends: tuple[float, float] | None) -> str:
    formatter = axis.get_major_formatter()
    if ends is None or not hasattr(formatter, "format_range"):
        return description.written_at(axis, x)
    return str(formatter.format_range(x, *ends))


def _spans(axes: Axes) -> Iterator[tuple[int, float, float, float]]:
    """Give the intervals that are drawn: along which axis, where on the other, from and to."""
    from matplotlib.container import ErrorbarContainer

    for box in axes.containers:
        if not isinstance(box, ErrorbarContainer):
            continue
        for lines in box.lines[2]:
            for segment in lines.get_segments():
                ends = np.asarray(segment, dtype=float)
                if ends.shape != (2, 2) or not np.isfinite(ends).all():
                    continue
                along = 0 if ends[0, 1] == ends[1, 1] else 1
                low, high = sorted(ends[:, along])
                if low < high:
                    yield along, float(ends[0, 1 - along]), float(low), float(high)


def _interval(
    spans: list[tuple[int, float, float, float]], along: int, at: float, value: float
) -> tuple[float, float] | None:
    for which, place, low, high in spans:
        close = abs(place - at) <= 1e-9 + 1e-6 * abs(at)
        if which == along and close and low - 1e-9 <= value <= high + 1e-9:
            return low, high
    return None


def _marks(axes: Axes) -> Iterator[tuple[tuple[float, float], str]]:
    """Give the names that stand beside marks, in full where the drawing knows them."""
    from matplotlib.text import Annotation

    for text in axes.texts:
        if isinstance(text, Annotation) and text.xycoords == "data":
            full = str(text.get_gid() or "")
            said = full.removeprefix(NAMED) if full.startswith(NAMED) else text.get_text()
            x, y = text.xy
            if isinstance(x, int | float) and isinstance(y, int | float) and "→" not in said:
                yield (float(x), float(y)), " ".join(said.split())


def _clouds(axes: Axes) -> Iterator[tuple[Any, tuple[np.ndarray, np.ndarray]]]:
    from matplotlib.collections import PathCollection

    for drawn in axes.collections:
        if isinstance(drawn, PathCollection) and drawn.get_offset_transform() == axes.transData:
            at: np.ndarray = np.ma.filled(np.ma.asarray(drawn.get_offsets(), dtype=float), np.nan)
            at = at[np.isfinite(at).all(axis=1)]
            yield drawn, (at[:, 0], at[:, 1])


def _is_rule(axes: Axes, x: np.ndarray, y: np.ndarray) -> bool:
    """Whether a line is a rule to read by, such as a diagonal or a level, and no data."""
    return len(x) == 2 and len(axes.get_lines()) > 1 and (x[0] != x[1] or y[0] != y[1])


def _cells(axes: Axes, language: Language) -> Iterator[Point]:
    """Give the shaded cells that have a number in them, by their row and column."""
    from matplotlib.collections import QuadMesh

    meshes = [each for each in axes.collections if isinstance(each, QuadMesh)]
    if not meshes:
        return
    corners = np.asarray(meshes[0].get_coordinates(), dtype=float)
    columns, rows = corners[0, :, 0], corners[:, 0, 1]
    for text in axes.texts:
        if text.get_transform() != axes.transData or not text.get_text().strip():
            continue
        x, y = (float(each) for each in text.get_position())
        places = []
        for edges, at in ((columns, x), (rows, y)):
            cell = cell_at(edges, at)
            if cell is None:
                break
            places.append(sorted(edges[cell : cell + 2]))
        if len(places) != 2:
            continue
        (left, right), (bottom, top) = places
        row, column = description.name_at(axes.yaxis, y), description.name_at(axes.xaxis, x)
        name = description.with_comma(language, row, column)
        said = description.with_colon(language, name, " ".join(text.get_text().split()))
        yield Point(said, axes, (left, bottom), (right, top))
