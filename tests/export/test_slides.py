"""Slides as they are seen: all in the page, no text longer than its box, the message on top."""

from __future__ import annotations

from typing import Any

import pytest
from pptx import Presentation
from pptx.oxml.ns import qn
from pptx.util import Inches

from workbench.export import fitting
from workbench.export.charts import add_chart, series_of
from workbench.export.reading import Page, PagePart, PageTable
from workbench.export.slides import write_slides

LONG = {
    "en": "Of all the customers whom the company knew at the end of the year, 18% bought again. ",
    "zh": "在年底公司所了解的全部客户当中，有18%在随后的一年里再次购买了商品或者服务。",
}
QUESTION = {"en": "Who are our customers?", "zh": "我们的客户是谁？"}


def _page(language: str) -> Page:
    some = LONG[language]
    cell = some[:20]
    table = PageTable(
        some * 3, some, [cell] * 11, [[some if at % 4 == 1 else "12%"] * 11 for at in range(60)]
    )
    tall = PageTable("", "", [cell, cell], [[some * 40, "1"], ["2", "3"]])
    cards = PageTable(rows=[[some, "¥123,456,789,012", some]] * 6)
    parts = [
        PagePart("text", some * 2),
        PagePart("cards", table=cards),
        PagePart("note", some * 6),
        PagePart("heading", QUESTION[language], 2),
        PagePart("text", some * 2),
        PagePart("heading", some * 5, 2),
        PagePart("figure", "x", table=table),
        PagePart("note", some * 6),
        PagePart("table", table=tall),
        PagePart("heading", "Only a heading over others", 2),
        PagePart("heading", some.strip(), 3),
        *[PagePart("item", some * 12)] * 6,
        PagePart("text", some.rstrip(" .。") * 60),
    ]
    about = (some * 3, some * 9)
    return Page("index", some * 4, some, some * 6, about, (("Run", "2026-a"),), parts, "")


@pytest.fixture(scope="module", params=["en", "zh"])
def deck(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    file = tmp_path_factory.mktemp("deck") / "a.pptx"
    page = _page(request.param)
    said = write_slides([page, page], {}, request.param, file)
    assert said and said[0].startswith("4 tables")
    return request.param, Presentation(str(file))


def test_all_shapes_are_in_the_page_and_none_is_under_another(deck: Any) -> None:
    _, made = deck
    assert (made.slide_width, made.slide_height) == (Inches(13.333), Inches(7.5))
    for slide in made.slides:
        boxes = [(s.left, s.top, s.left + s.width, s.top + s.height) for s in slide.shapes]
        for left, top, right, bottom in boxes:
            assert 0 <= left < right <= made.slide_width
            assert 0 <= top < bottom <= made.slide_height
        for at, one in enumerate(boxes):
            for two in boxes[at + 1 :]:
                apart = one[2] <= two[0] or two[2] <= one[0] or one[3] <= two[1] or two[3] <= one[1]
                assert apart, [s.name for s in slide.shapes]


def test_no_text_is_longer_than_its_box(deck: Any) -> None:
    _, made = deck
    for slide in made.slides:
        for shape in slide.shapes:
            frames: list[Any] = []
            if shape.has_text_frame:
                frames = [(shape, shape.text_frame, shape.width, shape.height)]
            if shape.has_table:
                frames = [
                    (cell, cell.text_frame, column.width, row.height)
                    for down, row in enumerate(shape.table.rows)
                    for at, column in enumerate(shape.table.columns)
                    for cell in [shape.table.cell(down, at)]
                ]
            for box, frame, wide, high in frames:
                edges = frame if box is shape else box  # a cell has its own
                across = (wide - edges.margin_left - edges.margin_right) / 12700
                needed = sum(
                    fitting.height([x.text], across, x.runs[0].font.size.pt)
                    for x in frame.paragraphs
                    if x.runs
                )
                assert needed <= high / 12700 + 1, (shape.name, frame.text[:60])


def test_a_beginning_fills_its_box_to_the_last_line() -> None:
    text, high = "word " * 60, 3 * 1.22 * 10 + 0.35 * 10
    cut, rest = fitting.beginning(text, 200.0, high, 10.0)
    assert fitting.height([cut], 200.0, 10.0) == pytest.approx(high)
    assert fitting.lines(cut, 200.0, 10.0) == 3 and rest == text


def test_the_message_is_the_title_and_the_question_stands_above(deck: Any) -> None:
    language, made = deck
    first = fitting.sentences(LONG[language] * 2)[0].strip()
    (asked, *_) = [x for x in made.slides if QUESTION[language] in [s.text for s in _texts(x)]]
    assert asked.shapes.title.text == first
    titles = [x.shapes.title.text for x in made.slides]
    assert "Only a heading over others" not in titles
    told = "".join(s.text for x in made.slides for s in _texts(x))
    assert told.count("2026-a") == 0
    assert all("2026-a" in x.notes_slide.notes_text_frame.text for x in list(made.slides)[1:])
    long = LONG[language].rstrip(" .。")
    assert told.replace(" ", "").count(long.replace(" ", "")) >= 2 * (6 * 12 + 50)  # none is lost


def test_pages_are_numbered_and_what_a_table_leaves_out_is_said(deck: Any) -> None:
    language, made = deck
    for number, slide in enumerate(list(made.slides)[1:], start=2):
        (field,) = slide._element.iter("{http://schemas.openxmlformats.org/drawingml/2006/main}fld")
        assert field.findtext("{*}t") == str(number)
    (slide, *_) = [x for x in made.slides if any(s.has_table for s in x.shapes)]
    (table,) = [s.table for s in slide.shapes if s.has_table]
    rows = len(table.rows) - 1
    said = {"en": f"The first {rows} of 60 rows", "zh": f"共60行，此处为前{rows}行"}[language]
    assert 1 <= rows <= 12 and any(said in s.text for s in _texts(slide))


def _texts(slide: Any) -> list[Any]:
    return [s.text_frame for s in slide.shapes if s.has_text_frame]


def test_one_measure_of_named_groups_is_a_chart_that_can_be_edited_with_its_intervals() -> None:
    heads = ["Region", "Customers", "Share", "Share, lower end", "Share, upper end"]
    plain = [
        heads,
        ["West", "310", "0.56", "0.50", "0.61"],
        ["East", "200", "0.40", "0.33", "0.47"],
    ]
    table = PageTable(
        "Who stays", "", ["Region", "Share"], [["West", "56%"], ["East", "40%"]], plain
    )
    series = series_of(table)
    assert series is not None
    assert (series.name, series.labels, series.percent) == ("Share", ["West", "East"], True)
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    add_chart(slide, series, (40, 100, 800, 350), "Who stays")
    (shape,) = [x for x in slide.shapes if x.has_chart]
    plot = shape.chart.plots[0]
    assert list(plot.categories) == ["West", "East"]
    assert tuple(plot.series[0].values) == (0.56, 0.40)
    bars = plot.series[0]._element.find(qn("c:errBars"))
    ends = [float(x.text) for x in bars.iter(qn("c:v"))]
    assert pytest.approx(ends[:4]) == [0.05, 0.07, 0.06, 0.07]  # upwards, then downwards
    assert shape._element.nvGraphicFramePr.cNvPr.get("descr") == "Who stays"


@pytest.mark.parametrize(
    "rows",
    [
        [["West", "1", "0", "2"], ["West", "3", "2", "4"]],  # a group twice
        [["0.1", "1", "0", "2"], ["0.05", "3", "2", "4"]],  # a scatter's numbers
        [["West", "", "", ""], ["East", "3", "2", "4"]],  # a value is not known
        [["West", "1", "0", "2"]],
    ],
)
def test_what_an_office_chart_would_misstate_stays_a_picture(rows: list[list[str]]) -> None:
    heads = ["Group", "Gap", "Gap, lower end", "Gap, upper end"]
    assert series_of(PageTable(plain=[heads, *rows])) is None
    two = ["Group", "A", "A, lower end", "A, upper end", "B", "B, lower end", "B, upper end"]
    several = [two, ["x", *"123456"], ["y", *"123456"]]
    assert series_of(PageTable(plain=several)) is None
