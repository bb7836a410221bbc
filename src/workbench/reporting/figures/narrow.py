"""A figure for a narrow screen: laid out anew within a phone's width, not shrunk to it."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

from workbench.reporting.figures import finishing
from workbench.reporting.figures.lettering import all_axes, axes_of, is_categorical

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 3.65
"""Inches; what a screen of 390 CSS pixels leaves between its margins."""
_LABEL, _LEGEND = 17, 46
_LEAST_PLOT = 0.4
"""Share of the width that must be left to the drawing beside its labels."""


def narrow(figure: Figure) -> bool:
    """Lay a finished figure out anew; whether it can be read that way.

    Labels are wrapped, the legend gets more rows, ticks become fewer. Of panels side by side, and
    where texts would run into one another, nothing is made: the wide figure scrolls.

    Parameters
    ----------
    figure : Figure
        Finished and written; it is used up.
    """
    if len({round(axes.get_position().x0, 2) for axes in figure.axes}) > 1:
        return False
    touched = _touching(figure)
    figure.set_layout_engine("constrained", h_pad=0.07, w_pad=0.03)
    height = float(figure.get_figheight())
    for axes in all_axes(figure):
        for axis in axes_of(axes):
            formatter: Any = axis.get_major_formatter()
            if getattr(formatter, "width", 0) and axis is axes.yaxis:
                before = sum(label.get_text().count("\n") for label in axis.get_ticklabels())
                formatter.width = _LABEL
                texts = formatter.format_ticks(list(axis.get_majorticklocs()))
                more = sum(text.count("\n") for text in texts) - before
                height += 0.14 * max(more, 0)
    for legend in list(figure.legends):
        entries = getattr(legend, finishing.ENTRIES, None)
        if entries is not None:
            legend.remove()
            figure.legends = [each for each in figure.legends if each is not legend]
            handles, words, title = entries
            finishing.legend_above(figure, handles, words, title, _LEGEND)
            height += 0.2
    figure.set_size_inches(WIDTH, min(height, 11.0))
    finishing.lay_out(figure)
    for axes in all_axes(figure):
        if axes_of(axes):
            _fewer_ticks(axes.xaxis)
    finishing.lay_out(figure)
    figure.set_layout_engine("none")
    roomy = all(axes.get_position().width >= _LEAST_PLOT for axes in figure.axes)
    return roomy and _touching(figure) <= touched


def _fewer_ticks(axis: Any) -> None:
    if is_categorical(axis):
        finishing.part_ticks(axis)
        return
    labels = [label for label in axis.get_ticklabels() if label.get_text()]
    boxes = [label.get_window_extent() for label in labels]
    need = sum(box.width + 6 for box in boxes)
    room = axis.axes.bbox.width * 1.1
    if need > room and len(labels) > 2:
        every = -(-int(need) // max(int(room), 1))
        places = list(axis.get_majorticklocs())
        low, high = sorted(axis.get_view_interval())
        axis.set_ticks([at for at in places if low <= at <= high][::every])


def _touching(figure: Figure) -> int:
    """Count the pairs of texts that lie over one another."""
    from matplotlib.text import Text

    low, high = figure.bbox.extents[:2], figure.bbox.extents[2:]
    # a legend places its words when it is drawn, side by side
    apart = {id(text) for legend in figure.legends for text in legend.findobj(Text)}
    boxes = []
    for text in figure.findobj(Text):
        if id(text) in apart or not (text.get_visible() and text.get_text().strip()):
            continue
        box = text.get_window_extent()
        if (box.p1 >= low).all() and (box.p0 <= high).all():
            boxes.append(box)
    return sum(
        min(a.x1, b.x1) - max(a.x0, b.x0) > 1 and min(a.y1, b.y1) - max(a.y0, b.y0) > 1
        for a, b in combinations(boxes, 2)
    )
