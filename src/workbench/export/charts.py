"""Native charts of slides: of a figure whose data are one measure of named groups, or over time.

Others stay pictures: of several measures, ranks, networks or areas an office program's chart would
say something else than the page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from lxml import etree
from pptx.chart.data import CategoryChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_TICK_LABEL_POSITION
from pptx.oxml.ns import qn
from pptx.util import Pt

from workbench.export.reading import PageTable

FEWEST, MOST = 2, 16
_TIME = re.compile(r"\d{4}([-/年.]|$)")
_INK, _BLUE, _LINE, _BAR = map(RGBColor.from_string, ("1D2430", "1D4A94", "DDE2E9", "B3C9EA"))


@dataclass(frozen=True)
class OneMeasure:
    """One measure of named groups, with the ends of its intervals."""

    name: str
    labels: list[str]
    values: list[float]
    low: list[float]
    high: list[float]
    percent: bool
    over_time: bool


def series_of(table: PageTable) -> OneMeasure | None:
    """Read the one measure that a table holds; None where it holds several or groups repeat."""
    if not FEWEST < len(table.plain) <= MOST + 1:
        return None
    heads, *rows = table.plain
    measures = [
        at
        for at, head in enumerate(heads[:-2])
        if at and heads[at + 1].startswith(head) and heads[at + 2].startswith(head)
    ]
    labels = [row[0] for row in rows]
    if len(measures) != 1 or len(set(labels)) < len(labels) or not all(labels):
        return None
    at = measures[0]
    columns = [
        [_number(row[at + k]) if at + k < len(row) else None for row in rows] for k in range(3)
    ]
    known = [value for value in columns[0] if value is not None]
    if len(known) < len(rows):
        return None
    if any(_number(label) is not None for label in labels) and not _follow(labels):
        return None
    value, low, high = (
        [one if x is None else x for x, one in zip(column, known, strict=True)]
        for column in columns
    )
    shown = [row[table.heads.index(heads[at])] for row in table.rows if heads[at] in table.heads]
    shares = sum("%" in text for text in shown) * 2 > len(shown)
    time = all(_TIME.match(label) for label in labels)
    return OneMeasure(heads[at], labels, value, low, high, shares, time)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None


def _follow(labels: Sequence[str]) -> bool:
    """Whether numbers as labels are the steps of a scale, ranks or years: 1, 2, 3."""
    whole = [int(label) for label in labels if label.lstrip("-").isdigit()]
    return len(whole) == len(labels) and whole == sorted(whole)


def add_chart(
    slide: Any, series: OneMeasure, place: tuple[float, float, float, float], title: str
) -> None:
    """Put a measure on a slide as a chart that can be edited: bars, over time a line.

    Parameters
    ----------
    slide : Slide
    series : Series
    place : (float, float, float, float)
        Left, top, width and height in points.
    title : str
        What it shows, for those who cannot see it.
    """
    written = "0%" if series.percent else "General"
    data = CategoryChartData(number_format=written)  # type: ignore[no-untyped-call]
    data.categories = series.labels
    data.add_series(series.name, series.values)  # type: ignore[no-untyped-call]
    kind = XL_CHART_TYPE.LINE_MARKERS if series.over_time else XL_CHART_TYPE.BAR_CLUSTERED
    frame = slide.shapes.add_chart(kind, *(Pt(x) for x in place), data)
    frame._element.nvGraphicFramePr.cNvPr.set("descr", title)
    chart = frame.chart
    chart.has_legend = chart.has_title = False
    chart.font.size = Pt(12)
    chart.font.color.rgb = _INK
    names, values = chart.category_axis, chart.value_axis
    names.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    names.has_major_gridlines = False
    names.format.line.color.rgb = _LINE
    values.major_gridlines.format.line.color.rgb = _LINE
    values.format.line.fill.background()
    values.has_title = True
    values.axis_title.text_frame.text = series.name
    values.axis_title.text_frame.paragraphs[0].runs[0].font.size = Pt(11)
    values.axis_title.text_frame.paragraphs[0].runs[0].font.bold = False
    whole = max(map(abs, (*series.low, *series.high)), default=0) >= 10
    values.tick_labels.number_format = "0%" if series.percent else "#,##0" if whole else "0.0#"
    values.tick_labels.number_format_is_linked = False
    plot = chart.plots[0]
    drawn = plot.series[0]
    if series.over_time:
        drawn.format.line.color.rgb = _BLUE
        drawn.smooth = False
        drawn.marker.format.fill.solid()
        drawn.marker.format.fill.fore_color.rgb = _BLUE
    else:
        names.reverse_order = True  # the first group stands on top
        plot.gap_width = 60
        drawn.format.fill.solid()
        drawn.format.fill.fore_color.rgb = _BAR
        drawn.invert_if_negative = False
    drawn._element.insert_element_before(
        _intervals(series), "c:cat", "c:val", "c:smooth", "c:shape", "c:extLst"
    )


def _intervals(series: OneMeasure) -> Any:
    """Write the intervals as error bars, which the library has no word for."""
    bars = etree.Element(qn("c:errBars"))
    if series.over_time:
        etree.SubElement(bars, qn("c:errDir"), val="y")
    etree.SubElement(bars, qn("c:errBarType"), val="both")
    etree.SubElement(bars, qn("c:errValType"), val="cust")
    etree.SubElement(bars, qn("c:noEndCap"), val="1")
    pairs = list(zip(series.values, series.low, series.high, strict=True))
    for side, sizes in (
        ("c:plus", [high - value for value, _, high in pairs]),
        ("c:minus", [value - low for value, low, _ in pairs]),
    ):
        literal = etree.SubElement(etree.SubElement(bars, qn(side)), qn("c:numLit"))
        etree.SubElement(literal, qn("c:formatCode")).text = "General"
        etree.SubElement(literal, qn("c:ptCount"), val=str(len(sizes)))
        for at, size in enumerate(sizes):
            point = etree.SubElement(literal, qn("c:pt"), idx=str(at))
            etree.SubElement(point, qn("c:v")).text = repr(max(size, 0.0))
    line = etree.SubElement(etree.SubElement(bars, qn("c:spPr")), qn("a:ln"), w="22225")
    fill = etree.SubElement(line, qn("a:solidFill"))
    etree.SubElement(fill, qn("a:srgbClr"), val=str(_BLUE))
    return bars
