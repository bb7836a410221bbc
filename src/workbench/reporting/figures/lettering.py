"""Words and numbers on the Axes: written as the language does, in glyphs that are there.

Letters that the figures' fonts lack are taken from another font of the machine, else the text
becomes a number, which the page spells out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from workbench.fonts import han_font
from workbench.languages import Language
from workbench.languages.numbers import as_value, number_text
from workbench.reporting.display import reader
from workbench.results import Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.ticker import Formatter

Write = Callable[[str], str]

LABEL_WIDTH = 34
"""Longest line of a category's label, in half-width characters (a Chinese character is two)."""

_ANOTHER = 64
"""Fonts of the machine that are tried; there may be hundreds."""

_MATHS = re.compile(r"\$[^$]*[\\^_][^$]*\$")
_NO_LINE_START = "，。、；：！？）》」』】％%”’"


def letter(figure: Figure, language: str | Language) -> Key:
    """Write the ticks of a figure as a language does, and every text in glyphs that are there.

    Parameters
    ----------
    figure : Figure
        A figure that has been drawn on, in that language.
    language : str or Language
        The language.

    Returns
    -------
    Key
        Once the figure is drawn: the names that its fonts cannot write, and their numbers.
    """
    from matplotlib.text import Text

    key, language = Key(), reader(language)
    ticks: set[int] = set()
    for axes in all_axes(figure):
        for axis in axes_of(axes):
            _write_ticks(axis, language, key.write)
            ticks |= {id(label) for label in axis.get_ticklabels(which="both")}
    for text in figure.findobj(Text):
        if id(text) in ticks or not text.get_text().strip():
            continue
        words = text.get_text()
        text.set_parse_math(bool(_MATHS.search(words)))
        text.set_text(key.write(words))
    return key


def all_axes(figure: Figure) -> list[Axes]:
    """All Axes of a figure, with those inside others."""
    found: list[Any] = []
    for axes in figure.axes:
        found += [axes, *axes.child_axes]
    return found


def axes_of(axes: Axes) -> list[Axis]:
    """List the axes (x, y) of an Axes that are drawn."""
    if not axes.axison:
        return []
    return [axis for axis in (axes.xaxis, axes.yaxis) if axis.get_visible()]


def is_categorical(axis: Axis) -> bool:
    """Whether the ticks of an axis are words."""
    from matplotlib.category import StrCategoryFormatter
    from matplotlib.ticker import FixedFormatter, FuncFormatter

    formatter: Any = axis.get_major_formatter()
    formatter = getattr(formatter, "inner", formatter)
    if isinstance(formatter, StrCategoryFormatter):
        return True
    if isinstance(formatter, FixedFormatter):
        return any(re.search(r"[^\W\d_]", str(label)) for label in formatter.seq)
    if isinstance(formatter, FuncFormatter) and hasattr(axis.get_major_locator(), "locs"):
        labels = formatter.format_ticks(list(axis.get_majorticklocs()))
        return any(re.search(r"[^\W\d_]{3}|[\u3400-\u9fff]{2}", label) for label in labels)
    return False


def _write_ticks(axis: Any, language: Language, write: Write) -> None:
    from matplotlib.dates import AutoDateFormatter, ConciseDateFormatter
    from matplotlib.ticker import LogFormatter, NullFormatter, ScalarFormatter

    formatter = axis.get_major_formatter()
    if isinstance(formatter, NullFormatter):
        return
    categorical = is_categorical(axis)
    if isinstance(formatter, AutoDateFormatter | ConciseDateFormatter):
        axis.set_major_formatter(_dates(language))
        return
    if type(formatter) is ScalarFormatter or isinstance(formatter, LogFormatter):
        axis.set_major_formatter(_numbers(language))
        if isinstance(formatter, LogFormatter):
            axis.set_minor_formatter(NullFormatter())
        return
    width = LABEL_WIDTH if categorical and axis.axis_name == "y" else 0
    axis.set_major_formatter(_words(formatter, language, write, width))


def _words(inner: Formatter, language: Language, write: Write, width: int) -> Formatter:
    from matplotlib.ticker import Formatter, PercentFormatter

    class Written(Formatter):
        """Another formatter's texts, in glyphs that are there and in lines that fit."""

        def __init__(self) -> None:
            self.inner = inner
            self.width = width

        def __call__(self, x: float, pos: int | None = None) -> str:
            return self._written(inner(x, pos))

        def format_ticks(self, values: Sequence[float]) -> list[str]:
            return [self._written(text) for text in inner.format_ticks(list(values))]

        def format_data(self, value: float) -> str:
            if isinstance(inner, PercentFormatter):
                return language.percent(value / inner.xmax)
            return self._written(inner.format_ticks([value])[0])

        def format_range(self, value: float, low: float, high: float) -> str:
            """Write a value with its interval, in digits that fit."""
            if isinstance(inner, PercentFormatter):
                ends = Estimate(value / inner.xmax, low / inner.xmax, high / inner.xmax)
                return _range(replace(ends, kind="percent"), language)
            value_, low_, high_ = (self.format_data(each) for each in (value, low, high))
            to = "至" if language.code == "zh" else " to "
            left, right = "（）" if language.code == "zh" else (" (", ")")
            return f"{value_}{left}{low_}{to}{high_}{right}"

        def get_offset(self) -> str:
            return str(inner.get_offset())

        def set_locs(self, locs: Any) -> None:
            inner.set_locs(locs)

        def set_axis(self, axis: Any) -> None:
            super().set_axis(axis)
            inner.set_axis(axis)

        def _written(self, text: str) -> str:
            return wrapped(write(text), self.width)

    return Written()


def _numbers(language: Language) -> Formatter:
    from matplotlib.ticker import Formatter

    class Numbers(Formatter):
        """Numbers with a language's separators and its words for millions."""

        def __call__(self, x: float, pos: int | None = None) -> str:
            return self.format_ticks([x])[0]

        def format_ticks(self, values: Sequence[float]) -> list[str]:
            return axis_numbers(values, language.code)

        def format_data(self, value: float) -> str:
            if abs(value) >= 1e15:  # more digits than a decimal has
                return f"{value:.3g}"
            return language.number(int(value) if float(value).is_integer() else value)

        def format_range(self, value: float, low: float, high: float) -> str:
            """Write a value with its interval, in digits that fit."""
            return _range(Estimate(value, low, high), language)

    return Numbers()


def _range(estimate: Estimate, language: Language) -> str:
    value = as_value(estimate)
    return "" if value is None else value.text(language)


def axis_numbers(values: Sequence[float], language: str) -> list[str]:
    """Numbers on one axis, all with the decimals that tell them apart."""
    values = [float(value) for value in values]
    shown = [value for value in values if value == value]
    if not shown:
        return ["" for _ in values]
    divisor, suffix = _unit(max(abs(value) for value in shown), language)
    scaled = [value / divisor for value in shown]
    decimals = next(
        (d for d in range(7) if all(abs(v - round(v, d)) <= 1e-6 * _span(scaled) for v in scaled)),
        6,
    )
    return [
        number_text(value / divisor, decimals, language) + suffix if value or not suffix else "0"
        for value in values
    ]


def _unit(largest: float, language: str) -> tuple[float, str]:
    if language == "zh":
        return (1e8, "亿") if largest >= 1e8 else (1e4, "万") if largest >= 1e5 else (1.0, "")
    return (1e9, "bn") if largest >= 1e9 else (1e6, "m") if largest >= 1e6 else (1.0, "")


def _span(values: Sequence[float]) -> float:
    return max(values) - min(values) or abs(values[0]) or 1.0


def _dates(language: Language) -> Formatter:
    from matplotlib import dates
    from matplotlib.ticker import Formatter

    to_date: Callable[[float], Any] = dates.num2date

    class Dates(Formatter):
        """Years, months or days; the year below the first and below each January."""

        def __call__(self, x: float, pos: int | None = None) -> str:
            return self.format_ticks([x])[0]

        def format_ticks(self, values: Sequence[float]) -> list[str]:
            return axis_dates([to_date(x) for x in values], language.code)

        def format_data(self, value: float) -> str:
            return language.date(to_date(value).date())

    return Dates()


def axis_dates(dates: Sequence[Any], language: str) -> list[str]:
    """Dates on one axis, no finer than they need to be."""
    from babel.dates import format_date

    locale = "zh_Hans_CN" if language == "zh" else "en_GB"
    year = "y年" if language == "zh" else "y"
    if all(date.month == date.day == 1 for date in dates):
        return [str(format_date(date, year, locale)) for date in dates]
    monthly = all(date.day == 1 for date in dates)
    form = ("M月" if monthly else "M月d日") if language == "zh" else "MMM" if monthly else "d MMM"
    texts, last = [], None
    for date in dates:
        text = str(format_date(date, form, locale))
        if date.year != last:
            text = f"{text}\n{format_date(date, year, locale)}"
        texts.append(text)
        last = date.year
    return texts


def text_width(text: str) -> int:
    """Width of a text in half-width characters."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def wrapped(text: str, width: int) -> str:
    """Break a text into lines of at most ``width`` half-width characters.

    Latin words stay whole; Chinese may break anywhere but before a closing mark.
    """
    if not width or text_width(text) <= width or "\n" in text:
        return text
    # Even lines look better than a full one and a rest.
    lines_needed = -(-text_width(text) // width)
    slack = 4 if text.isascii() else 1
    goal = min(width, -(-text_width(text) // lines_needed) + slack)
    lines, line = [], ""
    for piece in re.findall(r"[^\S\n]+|[\u2e80-\uffef]|[^\s\u2e80-\uffef]+", text):
        closing = piece[0] in _NO_LINE_START
        if line.strip() and not closing and text_width((line + piece).rstrip()) > goal:
            lines.append(line.strip())
            line = ""
        line += piece
    return "\n".join([*lines, line.strip()] if line.strip() else lines)


class Key:
    """Texts as a figure can write them, and what stands behind its numbers.

    Letters such as Hangul are in neither font of the house. Where the machine has a font with
    them it is used; else the text becomes a number in brackets, since a row of empty boxes says
    nothing, and the page spells it out below.
    """

    def __init__(self) -> None:
        self.names: dict[str, str] = {}

    def write(self, text: str) -> str:
        """Give the text itself, or its number."""
        lacking = frozenset(char for char in text if not _has(char))
        if not lacking or _borrow(lacking):
            return text
        return self.names.setdefault(text, f"[{len(self.names) + 1}]")

    @property
    def entries(self) -> list[str]:
        """What the numbers stand for, as `[1] text`."""
        return [f"{number} {' '.join(text.split())}" for text, number in self.names.items()]


@cache
def _has(char: str) -> bool:
    """Whether a font of the house can write a character, or it needs no glyph."""
    if char.isascii() or char.isspace() or unicodedata.category(char) in ("Cf", "Cc", "Mn"):
        return True
    return any(font.get_char_index(ord(char)) for font in _house())


@cache
def _house() -> tuple[Any, ...]:
    from matplotlib.font_manager import findfont
    from matplotlib.ft2font import FT2Font

    paths = [han_font(), findfont("DejaVu Sans")]
    return tuple(FT2Font(str(path)) for path in paths if path is not None)


def _borrow(lacking: frozenset[str]) -> bool:
    """Let the figure at hand fall back on a font of the machine with these characters."""
    import matplotlib as mpl

    family = _elsewhere(lacking)
    if family is None:
        return False
    known = list(mpl.rcParams["font.sans-serif"])
    if family not in known:  # the theme that the figure is drawn in takes it back afterwards
        mpl.rcParams["font.sans-serif"] = [*known, family]
    return True


@cache
def _elsewhere(lacking: frozenset[str]) -> str | None:
    from matplotlib.font_manager import fontManager
    from matplotlib.ft2font import FT2Font

    # CJK and pan-Unicode fonts first
    fonts = [f for f in fontManager.ttflist if "Last Resort" not in f.name]  # that draws boxes
    order = sorted({(not _likely(f.name), f.name, f.fname) for f in fonts})
    for _, family, path in order[:_ANOTHER]:
        try:
            font = FT2Font(path)
        except (OSError, RuntimeError):  # listed, but removed since
            continue
        if all(font.get_char_index(ord(char)) for char in lacking):
            return str(family)
    return None


def _likely(family: str) -> bool:
    return any(part in family for part in ("CJK", "Noto", "Unicode", "Gothic", "Nanum", "Malgun"))
