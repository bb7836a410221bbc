"""A study as slides: a message a slide, its picture or its table, what was written as notes."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lxml import etree
from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.enum.shapes import MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.oxml.ns import qn
from pptx.util import Emu, Inches, Pt

from workbench.export.charts import add_chart, series_of
from workbench.export.fitting import beginning, height, largest, sentences, shares, width
from workbench.export.fitting import columns as shared_out
from workbench.export.reading import Page, PagePart, PageTable
from workbench.site.words import HTML_LANG, word

_WIDE, _HIGH = Inches(13.333), Inches(7.5)
_MARGIN = 43.0
_ACROSS = _WIDE / 12700 - 2 * _MARGIN  # in points, as all below
_KICKER, _TITLE, _BODY, _FOOT = 18.0, 44.0, 132.0, 505.0
_TITLES, _TEXTS, _CELLS = (28.0, 26.0, 24.0, 22.0, 20.0), (20.0, 18.0, 16.0), (14.0, 12.0, 11.0)
_PAD = 4.0
_INK, _SOFT, _BLUE, _PALE = map(RGBColor.from_string, ("1C232E", "566171", "1D4A94", "EEF2F8"))
_EAST = {"zh": "Microsoft YaHei"}
MOST_ROWS, MOST_COLUMNS = 12, 8
"""What of a table can be read on a wall; the Excel file has all."""


@dataclass
class _Slide:
    title: str
    above: str = ""
    shown: PagePart | None = None
    said: list[str] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether there is a title and nothing else."""
        return self.shown is None and not self.said and not self.warned


def write_slides(
    pages: Sequence[Page], pictures: Mapping[int, bytes], language: str, file: Path
) -> list[str]:
    """Write pages as .pptx; what only analysts look for stays out.

    Parameters
    ----------
    pages : sequence of Page
    pictures : mapping
        PNG of a figure, by the id of its part; a figure without one is told by its table.
    language : str
        The edition.
    file : Path

    Returns
    -------
    list of str
        What was cut.
    """
    made = _Deck(pages, pictures, language)
    for number, page in enumerate(pages):
        if not number:
            made.cover(page)
        for slide in _slides(page, [other.title for other in pages]):
            made.add(slide, page)
    made.deck.save(str(file))
    cut = made.cut
    return [f"{cut} tables were cut to the rows and columns that fit a slide"] if cut else []


def _asks(text: str) -> bool:
    return text.rstrip().endswith(("?", "？"))


def _slides(page: Page, links: Sequence[str] = ()) -> Iterator[_Slide]:
    """Give a slide a figure or table, under the heading that it belongs to."""
    above = f"{page.title} · {page.question}" if page.question else page.title
    parts = [part for part in page.parts if not part.analysts]
    title = page.message or next(
        (x.text for x in parts if x.kind == "heading" and any(map(str.isdigit, x.text))), page.title
    )
    now, level = _Slide(title, above), 1
    for part in parts:
        if part.kind == "heading":
            if not (now.empty and (part.level > level or now.title in (title, page.title))):
                yield _answered(now)
            now, level = _Slide(part.text, above), part.level
        elif part.kind in ("figure", "table", "cards"):
            if now.shown is not None:
                yield _answered(now)
                now = _Slide(now.title, now.above)
            now.shown = part
        elif part.kind == "note":
            now.warned.append(part.text)
        elif (text := _unlinked(part.text, links)) and text.rstrip(".。") != now.title.rstrip(
            ".。"
        ):
            now.said.append(text)
    if not (now.empty and (_asks(now.title) or now.title in (title, page.title))):
        yield _answered(now)


def _unlinked(text: str, links: Sequence[str]) -> str:
    """Leave out the name of another page where it stands alone at the end: a link on the site."""
    for name in links:
        if text.endswith(name) and text.removesuffix(name).rstrip()[-1:] in ("", *".。)）"):
            return text.removesuffix(name).rstrip()
    return text


def _answered(slide: _Slide) -> _Slide:
    """Let the answer be the message of a slide that asks."""
    if not _asks(slide.title) or not slide.said:
        return slide
    first, *rest = sentences(slide.said[0])
    said = [*([" ".join(rest)] if rest else []), *slide.said[1:]]
    return replace(slide, title=first, above=slide.title, said=said, notes=[slide.said[0]])


class _Deck:
    """The slides as they are made; places are in points."""

    def __init__(self, pages: Sequence[Page], pictures: Mapping[int, bytes], language: str) -> None:
        self.deck = Presentation()
        self.pictures, self.language, self.cut = pictures, language, 0
        self.study = pages[0].title
        stretch = _WIDE / self.deck.slide_width
        self.deck.slide_width, self.deck.slide_height = _WIDE, _HIGH
        self.deck.core_properties.title = self.study[:255]  # the format's limit
        for layout in (self.deck.slide_master, *self.deck.slide_layouts):
            for shape in layout.placeholders:  # the template is 4:3
                if shape._element.spPr.find(qn("a:xfrm")) is not None:
                    shape.left, shape.width = int(shape.left * stretch), int(shape.width * stretch)

    def cover(self, page: Page) -> None:
        made = self.deck.slides.add_slide(self.deck.slide_layouts[0])
        title, below = made.shapes.title, made.placeholders[1]
        self._place(title, _MARGIN, 130, _ACROSS, 110)
        name, rest = beginning(page.title, _ACROSS - 2 * _PAD, 108, 36)
        self._write(title, [name], largest([name], _ACROSS, 106, (44, 40, 36)) or 36, bold=True)
        title.text_frame.vertical_anchor = MSO_ANCHOR.BOTTOM
        self._place(below, _MARGIN, 250, _ACROSS, 200)
        said = list(filter(None, (page.message or page.question, *page.about)))
        size = largest(said, _ACROSS - 2 * _PAD, 192, (22, 20, 18, 16, 14, 12))
        if size is None:
            said, size = shares(said, _ACROSS - 2 * _PAD, 192, 12)[0], 12
        self._write(below, said, size, colour=_SOFT)
        notes = filter(None, (rest, page.question, page.message, *page.about))
        made.notes_slide.notes_text_frame.text = "\n".join(notes)

    def add(self, slide: _Slide, page: Page) -> None:
        size = largest([slide.title], _ACROSS - 2 * _PAD, _BODY - _TITLE - 4, _TITLES)
        title, rest = slide.title, ""
        if size is None:
            size = 20.0
            title, rest = beginning(slide.title, _ACROSS - 2 * _PAD, _BODY - _TITLE - 4, size)
        said = [*([rest] if rest else []), *slide.said]
        shown = slide.shown
        if shown is not None and shown.table is not None:
            self._showing(replace(slide, said=said), title, size, page)
            return
        said += slide.warned
        across, high = _ACROSS - 2 * _PAD, _FOOT - _BODY - 8
        fits = largest(said, across, high, _TEXTS)
        boxes = [said] if fits else shares(said, across, high, _TEXTS[-1])
        for number, box in enumerate(boxes, start=1):
            notes = slide.notes if number == 1 else []
            made = self._begin(
                slide, title if number == 1 else f"{title} ({number})", size, page, notes
            )
            if box:
                shape = self._box(made, _MARGIN, _BODY, _ACROSS, high + 4)
                self._write(shape, box, fits or _TEXTS[-1], gap=True)

    def _showing(self, slide: _Slide, title: str, size: float, page: Page) -> None:
        shown = slide.shown
        assert shown is not None and shown.table is not None
        table = shown.table
        notes = [*slide.notes, *slide.said, *slide.warned, table.title, table.note]
        if shown.kind == "cards":
            notes += [": ".join(filter(None, card)) for card in table.rows]
        made = self._begin(slide, title, size, page, notes)
        top, foot = _BODY, _FOOT
        warned = " ".join(slide.warned)
        if warned:  # a caution is seen where the number is seen
            warned, _ = beginning(warned, _ACROSS - 2 * _PAD, 40, 12)
            foot -= 48
            self._write(self._box(made, _MARGIN, foot + 3, _ACROSS, 44), [warned], 12, colour=_SOFT)
        if shown.kind == "cards":
            top = self._cards(made, table, top, foot)
            across = _ACROSS - 2 * _PAD
            if slide.said and foot - top > 60:
                fits = largest(slide.said, across, foot - top - 16, _TEXTS)
                texts = slide.said if fits else shares(slide.said, across, foot - top - 16, 16)[0]
                box = self._box(made, _MARGIN, top + 10, _ACROSS, foot - top - 12)
                self._write(box, texts, fits or 16, gap=True)
            return
        if table.title:
            named, _ = beginning(table.title, _ACROSS - 2 * _PAD, 24, 13)
            self._write(self._box(made, _MARGIN, top, _ACROSS, 28), [named], 13, colour=_SOFT)
            top += 30
        picture = self.pictures.get(id(shown))
        series = series_of(table) if shown.kind == "figure" else None
        if series is not None:
            place = (_MARGIN, top, _ACROSS, foot - top - 4)
            add_chart(made, series, place, table.title or series.name)
        elif picture:
            _picture(made, picture, table.title, top, foot)
        else:
            self._table(made, table, top, foot)

    def _begin(
        self, slide: _Slide, title: str, size: float, page: Page, notes: Sequence[str]
    ) -> Any:
        made = self.deck.slides.add_slide(self.deck.slide_layouts[5])
        head = made.shapes.title
        self._place(head, _MARGIN, _TITLE, _ACROSS, _BODY - _TITLE - 2)
        self._write(head, [title], size, bold=True)
        head.text_frame.vertical_anchor = MSO_ANCHOR.TOP
        above, _ = beginning(slide.above, _ACROSS - 2 * _PAD, 22, 12)
        if above != title:
            box = self._box(made, _MARGIN, _KICKER, _ACROSS, 25)
            self._write(box, [above], 12, colour=_BLUE)
        data = page.about[0] if page.about else ""
        names = dict.fromkeys((self.study, page.title))  # a study's own page has its name
        foot, _ = beginning(" · ".join(filter(None, (*names, data))), _ACROSS - 80, 19, 10)
        self._write(self._box(made, _MARGIN, 512, _ACROSS - 72, 22), [foot], 10, colour=_SOFT)
        self._number(made)
        source = [f"{page.title}: {key} {value}" for key, value in page.source]
        told = dict.fromkeys(filter(None, [*notes, *page.about, *source]))
        for whole, seen in ((slide.above, above), (slide.title, title)):
            if seen.endswith("…"):
                told = {whole: None, **told}
        made.notes_slide.notes_text_frame.text = "\n".join(told)
        return made

    def _number(self, made: Any) -> None:
        box = self._box(made, _MARGIN + _ACROSS - 60, 512, 60, 22)
        self._write(box, [str(len(self.deck.slides))], 10, colour=_SOFT)
        paragraph = box.text_frame.paragraphs[0]
        paragraph.alignment = PP_ALIGN.RIGHT
        run = paragraph.runs[0]._r
        page = etree.SubElement(
            paragraph._p, qn("a:fld"),
            id="{B6F15528-21DE-4FAA-801E-634DDDAF4B2B}", type="slidenum",
        )  # fmt: skip
        page.extend(list(run))
        run.getparent().replace(run, page)

    def _cards(self, made: Any, table: PageTable, top: float, foot: float) -> float:
        """Write headline numbers side by side; a row more where there are more than four."""
        cards = table.rows[:8]
        self.cut += len(table.rows) > len(cards)
        apart, high = 12.0, 144.0
        count = min(4, len(cards))
        across = (_ACROSS - apart * (count - 1)) / max(count, 1)
        for at, card in enumerate(cards):
            left = _MARGIN + at % count * (across + apart)
            down = top + at // count * (high + apart)
            shape = made.shapes.add_shape(MSO_SHAPE.RECTANGLE, 0, 0, 1, 1)
            self._place(shape, left, down, across, high)
            shape.fill.solid()
            shape.fill.fore_color.rgb = _PALE
            shape.line.fill.background()
            shape.shadow.inherit = False
            label, value, interval = (*card, "", "")[:3]
            inside, room = across - 4 * _PAD, high - 4 * _PAD
            largest_value = next(
                (x for x in (30, 26, 22, 18, 16) if 1.15 * width(value, x) <= inside), 14
            )
            room -= height([value], inside, largest_value) + height([interval], inside, 11)
            label, _ = beginning(label, inside, max(room, 18), 12)
            interval, _ = beginning(interval, inside, 36, 11)
            self._write(shape, [label, value, interval], 12, colour=_INK)
            shape.text_frame.vertical_anchor = MSO_ANCHOR.TOP
            shape.text_frame.margin_left = shape.text_frame.margin_top = Pt(2 * _PAD)
            one, two, three = shape.text_frame.paragraphs
            one.runs[0].font.color.rgb = _SOFT
            for run in two.runs:
                run.font.size, run.font.bold = Pt(largest_value), True
            for run in three.runs:
                run.font.size = Pt(11)
        return top + (len(cards) + count - 1) // max(count, 1) * (high + apart)

    def _table(self, made: Any, table: PageTable, top: float, foot: float) -> None:
        heads = table.heads[:MOST_COLUMNS]
        rows = [row[:MOST_COLUMNS] for row in table.rows[:MOST_ROWS]]
        columns = max([len(heads), *map(len, rows)], default=0)
        if not columns:
            return
        every = [*([heads] if heads else []), *rows]
        every = [[*line, *[""] * (columns - len(line))] for line in every]
        room = foot - top - 30  # what is left out is said below
        across = shared_out(every, columns, _ACROSS)
        for size in _CELLS:
            kept = list(_filling(every, across, size, room))
            if len(kept) == len(every):
                break
        shortened = not kept or (bool(heads) and len(kept) == 1 < len(every))
        if shortened:  # one row taller than a slide
            every = [
                [
                    beginning(x, a - 14, room / 2 - 8, size)[0] if x else ""
                    for x, a in zip(line, across, strict=True)
                ]
                for line in every
            ]
            kept = [*_filling(every, across, size, room)] or [*every[:1]]
        tall = [_tall(line, across, size) for line in kept]
        shape = made.shapes.add_table(len(kept), columns, 0, 0, 1, 1)
        self._place(shape, _MARGIN, top, sum(across), sum(tall))
        shape.table.first_row = bool(heads)
        for at, wide in enumerate(across):
            shape.table.columns[at].width = Pt(wide)
        for down, (line, high) in enumerate(zip(kept, tall, strict=True)):
            shape.table.rows[down].height = Pt(high)
            for at, text in enumerate(line):
                cell = shape.table.cell(down, at)
                cell.margin_left = cell.margin_right = Pt(6)
                cell.margin_top = cell.margin_bottom = Pt(3)
                self._fill(cell.text_frame, [text], size, _bold(down, heads), None)
        said = []
        shown = len(kept) - bool(heads)
        if shown < len(table.rows):
            said.append(word("rows_shown", self.language, n=shown, of=len(table.rows)))
        widest = max([len(table.heads), *map(len, table.rows)])
        if widest > MOST_COLUMNS:
            said.append(word("columns_shown", self.language, n=MOST_COLUMNS, of=widest))
        self.cut += bool(said) or shortened
        if said:
            box = self._box(made, _MARGIN, top + sum(tall) + 5, _ACROSS, 24)
            self._write(box, [" · ".join(said)], 11, colour=_SOFT)

    def _box(self, made: Any, left: float, top: float, wide: float, high: float) -> Any:
        shape = made.shapes.add_textbox(0, 0, 1, 1)
        self._place(shape, left, top, wide, high)
        return shape

    @staticmethod
    def _place(shape: Any, left: float, top: float, wide: float, high: float) -> None:
        shape.left, shape.top, shape.width, shape.height = Pt(left), Pt(top), Pt(wide), Pt(high)

    def _write(
        self, shape: Any, texts: Sequence[str], size: float, *,
        bold: bool = False, colour: RGBColor = _INK, gap: bool = False,
    ) -> None:  # fmt: skip
        frame = shape.text_frame
        frame.word_wrap = True
        frame.auto_size = None
        frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = Pt(2)
        self._fill(frame, texts, size, bold, colour, gap)

    def _fill(
        self, frame: Any, texts: Sequence[str], size: float, bold: bool,
        colour: RGBColor | None, gap: bool = False,
    ) -> None:  # fmt: skip
        for number, text in enumerate(texts):
            paragraph = frame.paragraphs[0] if not number else frame.add_paragraph()
            paragraph.alignment = PP_ALIGN.LEFT
            paragraph.space_before = Pt(0)
            paragraph.space_after = Pt(size * 0.3 if gap else 0)
            run = paragraph.add_run()
            run.text = text
            run.font.size, run.font.bold = Pt(size), bold
            if colour is not None:
                run.font.color.rgb = colour
            about = run.font._element
            about.set("lang", HTML_LANG.get(self.language, "en").replace("zh-Hans", "zh-CN"))
            if face := _EAST.get(self.language):
                etree.SubElement(about, qn("a:ea"), typeface=face)


def _bold(row: int, heads: Sequence[str]) -> bool:
    return bool(heads) and not row


def _tall(line: Sequence[str], across: Sequence[float], size: float) -> float:
    return max(height([x], a - 14, size) for x, a in zip(line, across, strict=True)) + 7


def _filling(
    lines: Sequence[Sequence[str]], across: Sequence[float], size: float, room: float
) -> Iterator[Sequence[str]]:
    used = 0.0
    for line in lines:
        used += _tall(line, across, size)
        if used > room:
            return
        yield line


def _picture(slide: Any, png: bytes, title: str, top: float, foot: float) -> None:
    shape = slide.shapes.add_picture(io.BytesIO(png), Pt(_MARGIN), Pt(top))
    scale = min(Pt(_ACROSS) / shape.width, Pt(foot - top) / shape.height)
    shape.width, shape.height = int(shape.width * scale), int(shape.height * scale)
    shape.left = Emu(int((_WIDE - shape.width) / 2))
    shape._element.nvPicPr.cNvPr.set("descr", title)
