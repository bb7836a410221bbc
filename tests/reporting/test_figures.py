"""Figures speak the page's language, in glyphs that are there, and are the same every time."""

from __future__ import annotations

import hashlib
import itertools
import re
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.text import Text

from workbench.languages import Language, language, speak
from workbench.reporting.display import reader
from workbench.reporting.figures import figure as figures
from workbench.reporting.figures import finishing, lettering, theme
from workbench.results import Estimate
from workbench.results.drawing import draw_estimates, shaded_cells

WORDS = {
    "Satisfaction (1 to 5)": "满意度（1至5分）",
    "Month": "月份",
    "Observed": "实际值",
    "Expected without the measure": "未采取措施时的预期",
    "95% interval": "95%置信区间",
    "Start of the desk": "服务台上线",
    "Champions": "重要价值客户",
    "At risk": "流失风险客户",
    "Lost for good and not coming back": "已经流失且不会再回来的客户",
    "{n} customers": "{n}位客户",
    "Share of customers": "客户占比",
    "Effect (points)": "效果（分）",
}
MONTHS = pd.date_range("2024-01-01", periods=24, freq="MS")


@pytest.fixture
def _words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "catalog", lambda code: WORDS)


def series(ax: Axes, *, language: str | Language = "en") -> None:
    say = speak(language)
    ax.plot(MONTHS, np.linspace(3.5, 3.9, 24), label=say("Observed"))
    ax.plot(MONTHS, np.linspace(3.5, 3.7, 24), label=say("Expected without the measure"))
    ax.fill_between(
        MONTHS, np.linspace(3.4, 3.6, 24), 3.8, alpha=0.2, color="C1", label=say("95% interval")
    )
    ax.axvline(MONTHS[12], color="k")
    ax.annotate(say("Start of the desk"), (MONTHS[12], 3.95))
    ax.set_ylabel(say("Satisfaction (1 to 5)"))
    ax.set_xlabel(say("Month"))
    ax.legend()


def bars(ax: Axes, *, language: str | Language = "en") -> None:
    say = speak(language)
    names = ["Champions", "At risk", "Lost for good and not coming back", "Port Zzyzx"]
    ax.bar([say.name(name) for name in names], [0.1, 0.2, 0.3, 0.4])
    for at, n in enumerate((120, 1204, 3, 9)):
        ax.text(at, 0.1, say("{n} customers", n=n))
    ax.set_ylabel(say("Share of customers"))


def rows(ax: Axes, *, language: str | Language = "en") -> None:
    estimates = {
        "Champions": Estimate(-0.62, -0.7, -0.5),
        "all": Estimate(1500.0, 1400.0, 1600.0, label="Lost for good and not coming back"),
    }
    draw_estimates(estimates, ax, language=language).set_xlabel(speak(language)("Effect (points)"))


def heat(ax: Axes, *, language: str | Language = "en") -> None:
    names = ["Champions", "At risk"]
    frame = pd.DataFrame([[0.1, 0.9], [np.nan, 0.5]], index=names, columns=names)
    shaded_cells(frame, ax, language=language, kind="percent")


DRAWINGS = [series, bars, rows, heat]


def texts(thing: Callable[..., Any], language: str) -> list[str]:
    """What is written on a figure when it is finished."""
    with theme.themed():
        figure = figures.draw(thing, language)
        lettering.letter(figure, language)
        finishing.finish(figure)
        figure.draw_without_rendering()
        return [
            text.get_text()
            for text in figure.findobj(Text)
            if text.get_visible() and text.get_text().strip()
        ]


@pytest.mark.usefixtures("_words")
@pytest.mark.parametrize("thing", DRAWINGS)
def test_every_text_on_a_chinese_figure_is_chinese(thing: Callable[..., Any]) -> None:
    written = texts(thing, "zh")
    latin = [text for text in written if re.search(r"[A-Za-z]{2}", text)]
    assert set(latin) <= {"Port Zzyzx"}
    assert any(re.search(r"[\u4e00-\u9fff]", text) for text in written)
    assert not reader("zh").missing


@pytest.mark.usefixtures("_words")
def test_ticks_dates_and_legends_are_in_the_readers_language() -> None:
    written = [text.replace("\n", "") for text in texts(bars, "zh")]
    assert {"1,204位客户", "重要价值客户", "已经流失且不会再回来的客户", "客户占比"} <= set(written)
    written = texts(series, "zh")
    assert {"1月\n2024年", "7月", "1月\n2025年", "实际值", "95%置信区间"} <= set(written)
    assert {"Jan\n2024", "Jul", "Observed"} <= set(texts(series, "en"))


@pytest.mark.usefixtures("_words")
def test_an_untranslated_word_is_reported_with_where_it_was() -> None:
    texts(lambda ax, language: ax.set_xlabel(language("Frobnicated months")), "zh")
    assert reader("zh").missing == ["Frobnicated months"]


@pytest.mark.usefixtures("_words")
@pytest.mark.parametrize("thing", DRAWINGS)
def test_every_glyph_is_there_on_a_machine_without_chinese_fonts(
    thing: Callable[..., Any],
) -> None:
    assert theme.font_family() == "Noto Sans SC"
    assert "zhplot" not in sys.modules
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        svg = figures.drawing(thing, "zh").svg
    assert "<text" in svg, "text is text: it is searched, and read aloud"
    assert "font-family" not in svg, "the page brings the letters that its reader lacks"


def test_without_the_font_package_latin_figures_are_drawn_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(theme, "han_font", lambda: None)
    theme.font_family.cache_clear()
    try:
        assert theme.font_family() is None
        assert "<text" in figures.drawing(rows, "en").svg
    finally:
        theme.font_family.cache_clear()


DRAW = """
import hashlib, sys
sys.path.insert(0, sys.argv[1])
from test_figures import bars, figures
print(hashlib.sha256(figures.drawing(bars, "zh").svg.encode()).hexdigest())
"""


def test_a_figure_is_the_same_to_the_byte_in_every_process() -> None:
    here = hashlib.sha256(figures.drawing(bars, "zh").svg.encode()).hexdigest()
    there = subprocess.run(
        [sys.executable, "-c", DRAW, str(Path(__file__).parent)],
        env={"PYTHONHASHSEED": "1", "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert there.stdout.strip() == here


def test_the_svg_has_no_date_no_metadata_and_asks_for_nothing_outside() -> None:
    svg = figures.drawing(series, "en", label='Value "now" <b>').svg
    assert 'aria-label="Value &quot;now&quot; &lt;b&gt;" role="group"' in svg.partition(">")[0]
    assert "<metadata" not in svg and "<!DOCTYPE" not in svg
    addresses = set(re.findall(r'https?://[^"\s]+', svg))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_every_colour_of_the_house_turns_dark_and_nothing_is_left_black() -> None:
    svg = figures.drawing(series, "en").svg + figures.drawing(heat, "en").svg
    mapping = theme.dark_mapping(svg)
    assert {theme.CYCLE[0], theme.CYCLE[1], theme.MUTED, theme.INK} <= set(mapping)
    assert set(re.findall(r"#[0-9a-f]{6}", svg)) == set(mapping)
    assert "#000000" not in svg


def luminance(colour: str) -> float:
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


def linear(colour: str) -> np.ndarray:
    share = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_colours_can_be_read_as_text_on_light_and_on_dark() -> None:
    surface = theme.DARK[theme.PAPER]
    for colour in (*theme.CYCLE, theme.INK, theme.MUTED):
        assert contrast(colour, "#ffffff") >= 4.5, colour
        assert contrast(theme.DARK[colour], surface) >= 4.5, colour


def test_numbers_in_shaded_cells_can_be_read_on_light_and_on_dark() -> None:
    for colour in (*theme.BLUES, *theme.ORANGE_TO_BLUE):
        on = theme.PAPER if colour in theme.STRONG else theme.INK
        assert contrast(colour, on) >= 4.5, colour
        assert contrast(theme.DARK[colour], theme.DARK[on]) >= 4.5, colour


# Machado, Oliveira, Fernandes (2009), IEEE TVCG 15(6), table 1, severity 1.0.
VISION = {
    "normal": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
               [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
               [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
               [0.004733, 0.691367, 0.303900]],
}  # fmt: skip


def oklab(light: np.ndarray) -> np.ndarray:
    to_lms = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
    to_lab = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
    return np.array(to_lab) @ np.cbrt(np.array(to_lms) @ np.clip(light, 0, 1))


@pytest.mark.parametrize("kind", VISION)
@pytest.mark.parametrize("dark", [False, True])
def test_series_stay_apart_for_the_colour_blind(kind: str, dark: bool) -> None:
    cycle = [theme.DARK[c] if dark else c for c in theme.CYCLE]
    seen = [oklab(np.array(VISION[kind]) @ linear(colour)) for colour in cycle]
    for (i, one), (j, other) in itertools.combinations(enumerate(seen), 2):
        # Four categories are the most that a figure should have; they stay further apart.
        least = 0.07 if max(i, j) < 4 else 0.06
        assert np.linalg.norm(one - other) >= least, (cycle[i], cycle[j])


def test_lines_are_labelled_where_they_end_and_the_rest_keeps_a_legend() -> None:
    with theme.themed():
        figure = figures.draw(series)
        lettering.letter(figure, "en")
        finishing.finish(figure)
        (axes,) = figure.axes
        labels = [text.get_text() for text in axes.texts]
        assert labels == ["Start of the desk", "Observed", "Expected without\nthe measure"]
        assert axes.get_legend() is None
        (legend,) = figure.legends
        assert [text.get_text() for text in legend.get_texts()] == ["95% interval"]


@pytest.mark.usefixtures("_words")
def test_labels_stay_with_their_lines_whatever_the_order_of_the_legend() -> None:
    def draw(ax: Axes, language: Language) -> None:
        (one,) = ax.plot([0, 1, 2], [0, 1, 2], label=language("Observed"))
        (other,) = ax.plot([0, 1, 2], [5, 5, 5], label=language("Champions"))
        ax.legend(handles=[other, one])

    with theme.themed():
        figure = figures.draw(draw, "zh")
        legends = finishing.samples(figure)
        lettering.letter(figure, "zh")
        finishing.finish(figure, legends)
        found = {text.get_text(): text.get_color() for text in figure.axes[0].texts}
    assert found == {"重要价值客户": theme.CYCLE[1], "实际值": theme.CYCLE[0]}


def test_a_legend_made_of_other_things_keeps_them() -> None:
    from matplotlib.patches import Patch

    def draw(ax: Axes) -> None:
        ax.plot([0, 1, 2], [0, 1, 2], label="line")
        ax.legend(handles=[Patch(color="C3", label="by hand"), Patch(color="C4", label="too")])

    with theme.themed():
        figure = figures.draw(draw)
        finishing.finish(figure)
        (legend,) = figure.legends
        assert [text.get_text() for text in legend.get_texts()] == ["by hand", "too"]
        faces = [matplotlib.colors.to_hex(h.get_facecolor()) for h in legend.legend_handles]
    assert faces == [theme.CYCLE[3], theme.CYCLE[4]]


def test_an_error_bar_keeps_its_marker_in_the_legend() -> None:
    def draw(ax: Axes) -> None:
        ax.errorbar([0, 1], [0, 1], yerr=0.1, fmt="o", label="measured")
        ax.legend()

    svg = figures.drawing(draw, "en").svg
    # One marker for each of the two points, and one in the legend.
    assert svg.count('style="fill:#1d4a94;stroke:#1d4a94"') == 3


def test_panels_that_say_the_same_share_one_legend() -> None:
    def panels(figure: Any) -> None:
        for axes, words in zip(figure.subplots(1, 2), (("a", "b"), ("a", "b")), strict=True):
            for at, label in enumerate(words):
                axes.scatter([0, 1], [at, at], label=label)
            axes.legend()

    with theme.themed():
        figure = figures.draw(panels)
        finishing.finish(figure)
    assert [axes.get_legend() for axes in figure.axes] == [None, None]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["a", "b"]


def test_direct_labels_do_not_touch() -> None:
    def close(ax: Axes) -> None:
        for at in range(4):
            ax.plot([0, 1, 2], [0, 1, 2 + at / 1000], label=f"Line {at}")
        ax.plot([0, 1, 2], [0, 5, 10], label="Line far off")
        ax.legend()

    with theme.themed():
        figure = figures.draw(close)
        finishing.finish(figure)
        boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert len(boxes) == 5
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))


@pytest.mark.usefixtures("_words")
@pytest.mark.parametrize("language", ["en", "zh"])
def test_long_labels_neither_touch_nor_leave_the_picture(language: str) -> None:
    names = ["Lost for good and not coming back", "At risk", "Champions"] * 2

    def many(ax: Axes, language: Language) -> None:
        ax.bar(range(6), range(6))
        ax.set_xticks(range(6), [language.name(name) for name in names])

    with theme.themed():
        figure = figures.draw(many, language)
        lettering.letter(figure, language)
        finishing.finish(figure)
        figure.draw_without_rendering()
        labels = figure.axes[0].get_xticklabels()
        boxes = [label.get_window_extent() for label in labels]
        turned = {label.get_rotation() for label in labels}
        outer = figure.get_tightbbox().padded(0.04)
    if turned == {0.0}:
        assert not any(a.x1 > b.x0 for a, b in itertools.pairwise(boxes))
    else:
        assert turned == {30.0}
    for box in boxes:
        assert box.x0 >= outer.x0 * 72 - 1 and box.x1 <= outer.x1 * 100 + 1


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("short", 10, ["short"]),
        ("Staff keep the promises they make", 20, ["Staff keep the", "promises they make"]),
        ("营业厅的设备先进，需要时能正常使用", 20, ["营业厅的设备先进，", "需要时能正常使用"]),
        ("已流失客户", 8, ["已流失", "客户"]),
        ("Unbreakablelongword", 8, ["Unbreakablelongword"]),
        ("already\nbroken", 3, ["already", "broken"]),
    ],
)
def test_labels_wrap_evenly_and_never_begin_a_line_with_a_closing_mark(
    text: str, width: int, lines: list[str]
) -> None:
    assert lettering.wrapped(text, width).split("\n") == lines


def test_a_comma_never_begins_a_line() -> None:
    for width in range(6, 30, 2):
        wrapped = lettering.wrapped("设备先进，时常可用，整洁。环境好（很好）。", width)
        assert not re.search(r"\n[，。）]", wrapped), wrapped


@pytest.mark.parametrize(
    ("values", "en", "zh"),
    [
        ([0, 0.25, 0.5], ["0.00", "0.25", "0.50"], ["0.00", "0.25", "0.50"]),
        ([-2, 0, 2], ["−2", "0", "2"], ["−2", "0", "2"]),
        ([0, 5000, 10000], ["0", "5,000", "10,000"], ["0", "5,000", "10,000"]),
        ([0, 5e5, 1e6], ["0", "0.5m", "1.0m"], ["0", "50万", "100万"]),
        ([0, 1e9, 2e9], ["0", "1bn", "2bn"], ["0", "10亿", "20亿"]),
    ],
)
def test_numbers_on_an_axis_are_the_languages_own(
    values: list[float], en: list[str], zh: list[str]
) -> None:
    assert lettering.axis_numbers(values, "en") == en
    assert lettering.axis_numbers(values, "zh") == zh


def test_dates_on_an_axis_are_no_finer_than_needed() -> None:
    years = list(pd.to_datetime(["2023-01-01", "2024-01-01"]))
    days = list(pd.to_datetime(["2023-12-25", "2024-01-05"]))
    assert lettering.axis_dates(years, "en") == ["2023", "2024"]
    assert lettering.axis_dates(years, "zh") == ["2023年", "2024年"]
    assert lettering.axis_dates(days, "en") == ["25 Dec\n2023", "5 Jan\n2024"]
    assert lettering.axis_dates(days, "zh") == ["12月25日\n2023年", "1月5日\n2024年"]


def test_dollars_on_an_axis_are_no_formula_but_formulas_still_are() -> None:
    def draw(ax: Axes) -> None:
        ax.set_xlabel("from $5 to $10")
        ax.text(0, 0, r"$\alpha_1$")

    with theme.themed():
        figure = figures.draw(draw)
        lettering.letter(figure, "en")
        (axes,) = figure.axes
        assert not axes.xaxis.label.get_parse_math()
        assert axes.texts[0].get_parse_math()


def test_a_figure_grows_with_its_rows() -> None:
    def draw(n: int) -> Callable[..., Any]:
        return lambda ax: ax.barh([f"Item {at} of the list" for at in range(n)], range(n))

    def height(n: int) -> float:
        svg = figures.drawing(draw(n), "en").svg
        return float(re.search(r'height="([\d.]+)pt"', svg)[1])

    assert height(3) < height(12) < height(30)


def test_a_function_of_a_figure_can_have_several_panels() -> None:
    def panels(figure: Any) -> None:
        one, two = figure.subplots(1, 2)
        one.set_title("Champions")
        two.set_title("At risk")

    assert {"Champions", "At risk"} <= set(texts(panels, "en"))


def test_a_researchers_own_settings_come_back_and_no_figure_stays_open() -> None:
    import matplotlib.pyplot as plt

    before = dict(matplotlib.rcParams)
    matplotlib.rcParams["font.size"] = 23
    try:
        figures.drawing(bars, "zh")
        assert matplotlib.rcParams["font.size"] == 23
        assert plt.get_fignums() == []
    finally:
        matplotlib.rcParams.update(before)


IMPORTS = """
import sys
import workbench as wb
wb.say("{a}", a=wb.pct(0.5))
print(sorted(set(sys.modules) & {"matplotlib", "seaborn", "scipy", "zhplot"}))
"""


def test_sentences_cost_no_import_of_matplotlib_or_seaborn() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_heatmap_writes_its_numbers_and_leaves_gaps_empty() -> None:
    written = texts(heat, "en")
    assert {"10%", "90%", "50%"} <= set(written)
    assert not any("nan" in text for text in written)


@pytest.mark.parametrize("origin", ["upper", "lower"])
def test_an_image_becomes_cells_in_the_same_places_with_readable_numbers(origin: str) -> None:
    values = np.array([[0.0, 1.0], [0.25, 0.75], [0.5, 0.1]])

    def draw(ax: Axes) -> None:
        ax.imshow(values, cmap="Blues", origin=origin, aspect="auto")
        for (row, column), value in np.ndenumerate(values):
            ax.text(column, row, f"{value:.2f}")

    with theme.themed():
        figure = figures.draw(draw)
        finishing.finish(figure)
        (axes,) = figure.axes
        (mesh,) = axes.collections
        colours = {
            text.get_text(): matplotlib.colors.to_hex(text.get_color()) for text in axes.texts
        }
        corners = mesh.get_coordinates()
        assert list(axes.images) == []
        assert (corners[0, 0] == [-0.5, -0.5]).all() and (corners[-1, -1] == [1.5, 2.5]).all()
        assert bool(axes.yaxis.get_inverted()) is (origin == "upper")
    np.testing.assert_array_equal(np.asarray(mesh.get_array()).reshape(3, 2), values)
    assert colours["1.00"] == theme.PAPER
    assert colours["0.00"] == colours["0.50"] == theme.INK
    svg = figures.drawing(draw, "en").svg
    assert "<image" not in svg
    assert set(re.findall(r"#[0-9a-f]{6}", svg)) <= set(theme.DARK)


def test_a_map_that_parts_good_from_bad_keeps_its_sides() -> None:
    def draw(ax: Axes) -> None:
        ax.pcolormesh([[-1.0, 0.0, 1.0]], cmap="RdBu_r", vmin=-1, vmax=1, rasterized=True)

    svg = figures.drawing(draw, "en").svg
    assert "<image" not in svg
    cells = [c for c in re.findall(r"#[0-9a-f]{6}", svg) if c in theme.ORANGE_TO_BLUE]
    assert list(dict.fromkeys(cells)) == [
        theme.ORANGE_TO_BLUE[-1],
        theme.ORANGE_TO_BLUE[3],
        theme.ORANGE_TO_BLUE[0],
    ]


def test_a_fine_map_becomes_a_few_bands() -> None:
    def draw(ax: Axes) -> None:
        x = np.linspace(0, 1, 60)
        ax.pcolormesh(x, x, x[:, None] * x, vmin=0, vmax=1, rasterized=True)

    svg = figures.drawing(draw, "en").svg
    assert "<image" not in svg
    assert len(svg) < 60_000
    assert set(theme.BLUES) <= set(re.findall(r"#[0-9a-f]{6}", svg))
