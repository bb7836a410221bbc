"""The last touches on a figure: legends, direct labels, grid lines, room for labels."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from workbench.reporting.figures import theme
from workbench.reporting.figures.lettering import (
    all_axes,
    axes_of,
    is_categorical,
    text_width,
    wrapped,
)
from workbench.reporting.figures.shading import shade

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

Samples = dict[int, list[Any]]
MOST_DIRECT = 5
LEGEND_WIDTH = 88
"""Letters in a row of a legend above a figure of the usual width."""
ENTRIES = "workbench_entries"


def samples(figure: Figure) -> Samples:
    """Find what each entry of each legend stands for, while its words are still the drawing's.

    Returns
    -------
    dict
        For each Axes with a legend, by its id: the artists in the order of the legend's texts;
        None where the legend was made of something else.
    """
    found: Samples = {}
    for axes in all_axes(figure):
        legend = axes.get_legend()
        if legend is not None:
            handles, labels = axes.get_legend_handles_labels()
            known = dict(zip(labels, handles, strict=True))
            found[id(axes)] = [known.get(text.get_text()) for text in legend.get_texts()]
    return found


def finish(figure: Figure, legends: Samples | None = None) -> None:
    """Put the house's finish on a figure that has been drawn and lettered.

    Parameters
    ----------
    figure : Figure
        The figure.
    legends : dict, optional
        From :func:`samples`, taken before the figure was lettered.
    """
    drawn = samples(figure) if legends is None else legends
    for axes in all_axes(figure):
        shaded = shade(axes)
        _paint_black_in_ink(axes)
        _grid_across_values(axes, shaded=shaded)
        _lay_y_label_flat(axes)
    lay_out(figure)  # so that it is known where lines end
    for axes in all_axes(figure):
        _label_lines_directly(axes, drawn.get(id(axes), []))
    _raise_legend(figure, drawn)
    lay_out(figure)
    parted = [part_ticks(axes.xaxis) for axes in all_axes(figure) if axes_of(axes)]
    if any(parted):
        lay_out(figure)


def lay_out(figure: Figure) -> None:
    """Place what is on a figure, without drawing it, which costs several times as much."""
    engine = figure.get_layout_engine()
    if engine is None:
        figure.draw_without_rendering()
    else:
        engine.execute(figure)


def _paint_black_in_ink(axes: Axes) -> None:
    # matplotlib writes no colour for black, so a dark page could not change it.
    from matplotlib.colors import to_hex
    from matplotlib.patches import Patch
    from matplotlib.text import Annotation, Text

    for text in axes.findobj(Text):
        if to_hex(text.get_color()) == "#000000":
            text.set_color(theme.INK)
    for patch in axes.findobj(Patch):
        if to_hex(patch.get_facecolor(), keep_alpha=True) == "#000000ff":
            patch.set_facecolor(theme.INK)
    for line in axes.get_lines():
        if to_hex(line.get_color()) == "#000000":
            line.set_color(theme.INK)
    for text in axes.texts:
        if isinstance(text, Annotation):
            text.set_annotation_clip(False)  # a remark just outside the plot is better than none


def _grid_across_values(axes: Axes, *, shaded: bool) -> None:
    if not axes_of(axes):
        return
    across = is_categorical(axes.yaxis)
    down = is_categorical(axes.xaxis)
    axes.xaxis.grid(across and not shaded)
    axes.yaxis.grid(not across and not shaded)
    if across:
        axes.spines["bottom"].set_visible(False)
        axes.tick_params(axis="x", length=0)
    if across or down:
        axes.tick_params(axis="y" if across else "x", length=0, labelcolor=theme.INK)


def _lay_y_label_flat(axes: Axes) -> None:
    # Nobody likes to read sideways, least of all Chinese.
    label = axes.get_ylabel()
    if not label or axes.yaxis.label_position == "right" or _is_colorbar(axes):
        return
    if not axes.get_title() and not axes.get_title(loc="left"):
        axes.set_ylabel("")
        axes.set_title(label, loc="left", pad=8)


def _is_colorbar(axes: Axes) -> bool:
    return hasattr(axes, "_colorbar")


def _label_lines_directly(axes: Axes, handles: list[Any]) -> None:
    legend = axes.get_legend()
    if legend is None or is_categorical(axes.yaxis):
        return
    shown = [text.get_text() for text in legend.get_texts()]
    if None in handles or len(shown) != len(handles):
        return
    pairs: list[tuple[Any, str]] = [
        (handle, words)
        for handle, words in zip(handles, shown, strict=True)
        if _is_series(handle, axes)
    ]
    if not 1 < len(pairs) <= MOST_DIRECT or max(text_width(words) for _, words in pairs) > 44:
        return
    pairs = [(line, wrapped(words, 22)) for line, words in pairs]
    lines = max(words.count("\n") + 1 for _, words in pairs)
    ends = [_end(line) for line, _ in pairs]
    last = max(x for x, _ in ends)
    left, right = axes.get_xlim()
    if any(abs(last - x) > 0.03 * abs(right - left) for x, _ in ends):
        return
    heights = _moved_apart(
        [axes.transData.transform(end)[1] for end in ends], lines * _line_height(axes)
    )
    lower, upper = axes.bbox.y0, axes.bbox.y1
    if min(heights) < lower - 10 or max(heights) > upper + 10:
        return
    for (line, words), (x, y), at in zip(pairs, ends, heights, strict=True):
        shift = (at - axes.transData.transform((x, y))[1]) * 72 / axes.figure.dpi
        axes.annotate(
            words,
            (x, y),
            xytext=(7, shift),
            textcoords="offset points",
            va="center",
            ha="left",
            color=line.get_color(),
            annotation_clip=False,
        )
    rest = [
        (handle, words)
        for handle, words in zip(handles, shown, strict=True)
        if not any(handle is line for line, _ in pairs)
    ]
    legend.remove()
    handles[:] = [handle for handle, _ in rest]
    if rest:
        axes.legend(*zip(*rest, strict=True))


def _is_series(handle: Any, axes: Axes) -> bool:
    import numpy as np
    from matplotlib.lines import Line2D

    return (
        isinstance(handle, Line2D)
        and handle in axes.get_lines()
        and handle.get_linestyle() not in ("None", "", " ")
        and np.shape(handle.get_xydata())[0] >= 3
        and handle.get_transform() == axes.transData
    )


def _end(line: Line2D) -> tuple[float, float]:
    import numpy as np

    points = np.asarray(line.get_xydata(), dtype=float)
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        return float("nan"), float("nan")
    x, y = points[np.argmax(points[:, 0])]
    return float(x), float(y)


def _line_height(axes: Axes) -> float:
    from matplotlib import rcParams

    return float(rcParams["font.size"]) * 1.35 * axes.figure.dpi / 72


def _moved_apart(heights: list[float], gap: float) -> list[float]:
    # Push neighbours apart by as little as possible, keeping their order.
    order = sorted(range(len(heights)), key=heights.__getitem__)
    groups: list[tuple[float, list[int]]] = []
    for at in order:
        groups.append((heights[at], [at]))
        while len(groups) > 1:
            (low, below), (high, above) = groups[-2:]
            reach = gap * (len(below) + len(above)) / 2
            if high - low >= reach:
                break
            members = below + above
            middle = sum(heights[m] for m in members) / len(members)
            groups[-2:] = [(middle, members)]
    placed = list(heights)
    for middle, members in groups:
        start = middle - gap * (len(members) - 1) / 2
        for step, member in enumerate(members):
            placed[member] = start + gap * step
    return placed


def _raise_legend(figure: Figure, drawn: Samples) -> None:
    # Above the plot, where it covers nothing and is read before the data; once for all panels.
    found = [axes for axes in all_axes(figure) if axes.get_legend()]
    legends: list[Any] = [axes.get_legend() for axes in found]
    if not legends or figure.legends:
        return
    said = [tuple(text.get_text() for text in legend.get_texts()) for legend in legends]
    if len(set(said)) > 1:
        return
    words, legend = list(said[0]), legends[0]
    title = legend.get_title().get_text()
    # What was drawn makes better samples than a legend's own: an error bar keeps its marker.
    handles: list[Any] = [
        own or sample
        for own, sample in zip(drawn[id(found[0])], legend.legend_handles, strict=True)
    ]
    for each in legends:
        each.remove()
    legend_above(figure, handles, words, title, LEGEND_WIDTH)


def legend_above(
    figure: Figure, handles: list[Any], words: list[str], title: str, room: int
) -> None:
    """Put a legend above all panels, in as many columns as `room` letters hold."""
    width = sum(text_width(text) + 5 for text in words)
    columns = len(words) if width <= room else max(1, int(len(words) * room / width))
    legend = figure.legend(
        handles,
        words,
        title=title or None,
        loc="outside upper left",
        ncols=columns,
        alignment="left",
        columnspacing=1.6,
    )
    setattr(legend, ENTRIES, (handles, words, title))  # to be set anew where it is narrow


def part_ticks(axis: Axis) -> bool:
    """Wrap, then turn, the labels of an x axis that touch one another; whether it had to."""
    figure: Any = axis.get_figure()
    if figure is None or not is_categorical(axis) or not _touch(axis):
        return False
    labels = axis.get_ticklabels()
    room = axis.axes.bbox.width / max(len(labels), 1)
    size = float(labels[0].get_fontsize()) * figure.dpi / 72 / 2
    width = max(int(room / size) - 1, 6)
    locations = list(axis.get_ticklocs())
    texts = [wrapped(label.get_text(), width) for label in labels]
    axis.set_ticks(locations, texts)
    lay_out(figure)
    if _touch(axis) or max(text.count("\n") for text in texts) > 2:
        axis.set_ticks(locations, [label.replace("\n", "") for label in _plain(labels, texts)])
        axis.set_tick_params(labelrotation=30)
        for label in axis.get_ticklabels():
            label.set_horizontalalignment("right")
            label.set_rotation_mode("anchor")
    return True


def _plain(labels: Any, texts: list[str]) -> list[str]:
    return [text.replace("\n", " ") if text.isascii() else text for text in texts]


def _touch(axis: Axis) -> bool:
    boxes = [label.get_window_extent() for label in axis.get_ticklabels() if label.get_text()]
    boxes.sort(key=lambda box: box.x0)
    return any(a.x1 + 3 > b.x0 for a, b in pairwise(boxes))
