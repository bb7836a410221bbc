"""What a figure shows in words, for who cannot see it: read from the drawing, never typed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.languages import Language
from workbench.reporting.figures.lettering import all_axes, axes_of, is_categorical
from workbench.results.drawing import CUT_OFF

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

MOST_TOLD = 6
"""Sentences; a listener wants the message, and the table has the rest."""

_BESIDE = 0.45
"""How far beside its name a mark may stand: two of a name lie above and below its line."""
_FIRST_AND_LAST = "{first} at {start}, {last} at {end}"
_HIGHEST_AND_LOWEST = "highest {top} ({most}), lowest {bottom} ({least})"


def describe(figure: Figure, language: Language, names: dict[int, dict[int, str]]) -> str:
    """Say where each line begins and ends, and which of the named values is highest and lowest.

    Parameters
    ----------
    figure : Figure
        Lettered, its legends not yet moved.
    language : Language
        The language of its words.
    names : dict
        What the entries of each legend are called, by the artist; see `names_of`.

    Returns
    -------
    str
        Some sentences; empty for a figure of shaded cells or of a cloud of points.
    """
    told: list[str] = []
    for axes in all_axes(figure):
        if len(axes_of(axes)) == 2:
            told += _of_axes(axes, language, names.get(id(axes), {}))
    gap, stop = ("", "。") if language.code == "zh" else (" ", ".")
    unique = dict.fromkeys(with_comma(language, *part.split("\n")) for part in told)
    return gap.join(f"{sentence}{stop}" for sentence in list(unique)[:MOST_TOLD])


def names_of(figure: Figure, legends: dict[int, list[Any]]) -> dict[int, dict[int, str]]:
    """Name each drawn series by its legend, while it has one: for each Axes, by the artist.

    Parameters
    ----------
    figure : Figure
        Lettered, its legends not yet moved.
    legends : dict
        What each entry of each legend stands for; see `finishing.samples`.
    """
    found: dict[int, dict[int, str]] = {}
    for axes in all_axes(figure):
        legend = axes.get_legend()
        texts = [text.get_text() for text in legend.get_texts()] if legend else []
        handles = legends.get(id(axes), [])
        found[id(axes)] = {id(drawn): text for drawn, text in zip(handles, texts, strict=False)}
    return found


def with_colon(language: Language, *parts: str) -> str:
    """Join what there is of some words by colons, as the language writes them."""
    return ("：" if language.code == "zh" else ": ").join(filter(None, parts))


def with_comma(language: Language, *parts: str) -> str:
    """Join words by commas, as the language writes them."""
    return ("，" if language.code == "zh" else ", ").join(parts)


def _of_axes(axes: Axes, language: Language, names: dict[int, str]) -> Iterator[str]:
    if any(drawn.get_gid() == CUT_OFF for drawn in axes.get_children()):
        return  # what lies beyond the frame is drawn at its edge, which is not its value
    rows, columns = has_names(axes.yaxis), has_names(axes.xaxis)
    series = [(drawn, *points) for drawn, points in series_of(axes) if len(points[0])]
    named = [(names.get(id(drawn)) or _label(drawn), drawn, x, y) for drawn, x, y in series]
    if len(named) > 1:  # beside what has a name stands what compares; a crowd has no course to tell
        named = [each for each in named if each[0]]
    about = axes.get_title() or axes.get_title(loc="left") or axes.get_ylabel()
    for name, drawn, x, y in named:
        if not (have_ticks(axes.yaxis, rows, y) and have_ticks(axes.xaxis, columns, x)):
            continue  # where every third year has a label, the others have no name
        if rows and not columns:
            said = _extremes(axes.yaxis, axes.xaxis, y, x, language)
            subject = name or axes.get_xlabel()
        elif columns and not rows and not _is_line(drawn):
            said = _extremes(axes.xaxis, axes.yaxis, x, y, language)
            subject = name or about
        elif not rows and len(x) > 2 and _goes_one_way(x):
            said = _first_and_last(axes, x, y, language, named=columns)
            subject = name or about
        else:
            continue
        yield with_colon(language, subject, said)


def has_names(axis: Axis) -> bool:
    """Whether somebody wrote the labels of the ticks: names, though they may look like numbers."""
    from matplotlib.ticker import FixedFormatter, FuncFormatter

    formatter = axis.get_major_formatter()
    inner = getattr(formatter, "inner", formatter)
    by_hand = hasattr(axis.get_major_locator(), "locs")
    return is_categorical(axis) or (by_hand and isinstance(inner, FixedFormatter | FuncFormatter))


def have_ticks(axis: Axis, named: bool, at: np.ndarray) -> bool:
    """Whether each value has a label of its own, where labels are names."""
    if not named:
        return True
    ticks = np.asarray(axis.get_ticklocs(), dtype=float)
    return bool(len(ticks) and (np.abs(at[:, None] - ticks).min(axis=1) < _BESIDE).all())


def _is_line(drawn: Any) -> bool:
    return getattr(drawn, "get_linestyle", lambda: "None")() not in ("None", "", " ")


def _goes_one_way(x: np.ndarray) -> bool:
    step = np.diff(x)
    return bool((step >= 0).all() or (step <= 0).all())


def series_of(axes: Axes) -> Iterator[tuple[Any, tuple[np.ndarray, np.ndarray]]]:
    """Give lines, markers of intervals and bars with their points, in the data's own units."""
    from matplotlib.container import BarContainer, ErrorbarContainer

    seen: set[int] = set()
    for box in axes.containers:
        if isinstance(box, ErrorbarContainer):
            marker, caps, _ = box.lines
            seen |= {id(part) for part in (marker, *caps)}
            if marker is not None:
                yield box, _finite(marker.get_xdata(orig=False), marker.get_ydata(orig=False))
        elif isinstance(box, BarContainer):
            yield box, _finite(*_ends(axes, box))
    for line in axes.get_lines():
        if id(line) not in seen and line.get_transform() == axes.transData:
            yield line, _finite(line.get_xdata(orig=False), line.get_ydata(orig=False))


def _ends(axes: Axes, bars: Any) -> tuple[Any, Any]:
    boxes = [bar.get_bbox() for bar in bars]
    if is_categorical(axes.yaxis):
        return [box.x1 for box in boxes], [(box.y0 + box.y1) / 2 for box in boxes]
    return [(box.x0 + box.x1) / 2 for box in boxes], [box.y1 for box in boxes]


def _finite(x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    at = np.column_stack([np.asarray(x, dtype=float), np.asarray(y, dtype=float)])
    at = at[np.isfinite(at).all(axis=1)]
    return at[:, 0], at[:, 1]


def _label(drawn: Any) -> str:
    label = str(drawn.get_label() or "")
    return "" if label.startswith("_") else label


def _first_and_last(
    axes: Axes, x: np.ndarray, y: np.ndarray, language: Language, *, named: bool
) -> str:
    first, last = int(np.argmin(x)), len(x) - 1 - int(np.argmax(x[::-1]))
    place = name_at if named else written_at
    return language(_FIRST_AND_LAST).format(
        first=written_at(axes.yaxis, y[first]), start=place(axes.xaxis, x[first]),
        last=written_at(axes.yaxis, y[last]), end=place(axes.xaxis, x[last]),
    )  # fmt: skip


def _extremes(
    names: Axis, values: Axis, at: np.ndarray, size: np.ndarray, language: Language
) -> str:
    top, bottom = int(np.argmax(size)), int(np.argmin(size))
    if size[top] == size[bottom]:
        return f"{name_at(names, at[top])} ({written_at(values, size[top])})"
    return language(_HIGHEST_AND_LOWEST).format(
        top=name_at(names, at[top]), most=written_at(values, size[top]),
        bottom=name_at(names, at[bottom]), least=written_at(values, size[bottom]),
    )  # fmt: skip


def name_at(axis: Axis, at: float) -> str:
    """Give the label of the tick that is nearest to a place."""
    ticks = np.asarray(axis.get_ticklocs(), dtype=float)
    texts = axis.get_major_formatter().format_ticks(list(ticks))
    return " ".join(texts[int(np.argmin(np.abs(ticks - at)))].split("\n"))


def written_at(axis: Axis, x: float) -> str:
    """Write a value as its axis does."""
    return " ".join(str(axis.get_major_formatter().format_data(float(x))).split("\n"))
