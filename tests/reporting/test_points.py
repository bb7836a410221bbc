"""Values of a figure can be pointed at; on a narrow screen the figure is laid out anew."""

from __future__ import annotations

import re
from datetime import date

import numpy as np
import pandas as pd
from lxml import etree
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from workbench.reporting.figures import figure as figures
from workbench.results.drawing import interval_dots, label_points, shaded_cells, share_bars

SVG = "{http://www.w3.org/2000/svg}"


def told(svg: str) -> list[str]:
    return [str(x.text) for x in etree.fromstring(svg).iter(f"{SVG}title")]


def marks_of(svg: str) -> list[dict[str, float]]:
    rects = etree.fromstring(svg).iterfind(f"{SVG}g[@class='wb-points']/{SVG}rect")
    return [{k: float(x.get(k)) for k in ("x", "y", "width", "height")} for x in rects]


def box(svg: str) -> list[float]:
    return [float(x) for x in etree.fromstring(svg).get("viewBox").split()]


def shares(ax: Axes) -> None:
    at = pd.Series([0.254, 0.5])
    share_bars(ax, pd.Series(["North", "South"]), at, at - 0.041, at + 0.05, "Share")


def test_a_value_has_its_name_and_its_interval_as_the_page_writes_them() -> None:
    assert told(figures.drawing(shares, "en").svg) == [
        "North: 25% (21 to 30)",
        "South: 50% (46 to 55)",
    ]
    assert told(figures.drawing(shares, "zh").svg)[0] == "North：25%（21%至30%）"


def test_series_are_told_apart_by_the_legend_and_days_are_days() -> None:
    def lines(ax: Axes) -> None:
        days = [date(2025, month, 1) for month in (1, 2, 3)]
        ax.plot(days, [1, 2, 3], label="Actual")
        ax.plot(days, [1, 2, 2.5], label="Expected")
        ax.set_ylabel("Purchases")
        ax.legend()

    said = told(figures.drawing(lines, "en").svg)
    assert said[0] == "Actual: 1 January 2025, Purchases 1"
    assert said[-1] == "Expected: 1 March 2025, Purchases 2.50"


def test_a_short_name_beside_a_mark_is_told_in_full() -> None:
    def marks(ax: Axes) -> None:
        ax.scatter([1, 2, 4], [3, 1, 2])
        label_points(ax, [1, 2, 4], [3, 1, 2], ["07", "09", "11"], ["Calls & mail", "Bills", "App"])
        ax.set_xlabel("Experience")
        ax.set_ylabel("Importance")

    assert told(figures.drawing(marks, "en").svg)[0] == (
        "07 Calls & mail: Experience 1, Importance 3"
    )


def test_a_shaded_cell_is_pointed_at_as_a_whole() -> None:
    frame = pd.DataFrame([[0.1, 0.9], [0.4, np.nan]], index=["Loyal", "Lost"], columns=["A", "B"])
    svg = figures.drawing(lambda ax: shaded_cells(frame, ax, kind="percent"), "en").svg
    assert sorted(told(svg)) == ["Lost, A: 40%", "Loyal, A: 10%", "Loyal, B: 90%"]
    widths = {x["width"] for x in marks_of(svg)}
    assert len(widths) == 1 and widths.pop() > 100


def test_of_a_crowd_nothing_is_told_and_one_mark_takes_the_tab_key() -> None:
    crowd = figures.drawing(lambda ax: ax.scatter(range(500), range(500)), "en").svg
    assert told(crowd) == [] and 'role="img"' in crowd.partition(">")[0]
    few = [x.get("tabindex") for x in etree.fromstring(figures.drawing(shares, "en").svg).iter()]
    assert [x for x in few if x] == ["0", "-1"]


def test_marks_lie_where_their_values_are_drawn() -> None:
    root = etree.fromstring(figures.drawing(shares, "en").svg)
    ends = [x["x"] + x["width"] / 2 for x in marks_of(etree.tostring(root))]
    bars = [x.get("d") for x in root.iter(f"{SVG}path") if "fill:#1d4a94" in x.get("style", "")]
    drawn = [max(float(n) for n in re.findall(r"([\d.]+) [\d.]+", d)) for d in bars]
    assert np.allclose(ends, drawn, atol=0.2)


def test_a_narrow_screen_has_a_figure_of_its_own_width_with_the_same_values() -> None:
    def rows(ax: Axes) -> None:
        value = pd.Series([1.0, 2.0, 3.0])
        names = ["A rather long name of a service that wraps", "Short", "Another long name of it"]
        interval_dots(ax, names, value, value - 0.5, value + 0.5, "Points")

    drawn = figures.drawing(rows, "en", narrow=True)
    assert box(drawn.narrow)[2] < 290 < 440 < box(drawn.svg)[2]
    assert told(drawn.narrow) == told(drawn.svg)
    sizes = [set(re.findall(r"font-size:([\d.]+)px", x)) for x in (drawn.svg, drawn.narrow)]
    assert sizes[0] == sizes[1]  # not shrunk
    assert figures.drawing(rows, "en").narrow == ""


def test_what_cannot_be_laid_out_within_a_phone_scrolls() -> None:
    frame = pd.DataFrame(np.arange(48).reshape(4, 12) * 10_000, columns=list("abcdefghijkl"))
    frame.index = ["one", "two", "three", "four"]
    wide = figures.drawing(lambda ax: shaded_cells(frame, ax), "en", narrow=True)
    assert wide.svg and wide.narrow == ""
    panels = figures.drawing(lambda figure: figure.subplots(1, 2), "en", narrow=True)
    assert panels.narrow == ""


def test_a_text_keeps_the_length_that_it_was_laid_out_with() -> None:
    def draw(ax: Axes) -> None:
        ax.plot([0, 1], [0, 1])
        ax.xaxis.set_major_formatter(PercentFormatter(1))
        ax.set_xlabel("Share of customers")

    texts = {
        x.text: x for x in etree.fromstring(figures.drawing(draw, "en").svg).iter(f"{SVG}text")
    }
    label = texts["Share of customers"]
    assert 80 < float(label.get("textLength")) < 110
    assert "font-size:10px" in label.get("style")


def test_places_are_rounded_and_what_is_written_is_not() -> None:
    def draw(ax: Axes) -> None:
        ax.plot([0, 1, 2], [0.3, 0.475, 0.45])
        ax.set_yticks([0.3, 0.425, 0.475])

    svg = figures.drawing(draw, "en").svg
    written = [x.text for x in etree.fromstring(svg).iter(f"{SVG}text")]
    assert {"0.300", "0.425", "0.475"} <= set(written)
    assert any("0.475" in text for text in told(svg))
    assert not re.search(r'(?: d|x|y|transform)="[^"]*\d\.\d{3}', svg)
