"""What is read out of a figure follows its data, and never says what the data do not."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.ticker import PercentFormatter

from workbench.languages import Language, speak
from workbench.reporting.figures.figure import drawing
from workbench.results.drawing import CUT_OFF

MONTHS = np.array(["2024-01-01", "2024-06-01", "2024-12-01"], dtype="datetime64[D]")


def described(thing, language: str = "en") -> str:
    return drawing(thing, language).description


def line(*values: float, label: str = ""):
    def draw(ax, language: str | Language = "en") -> None:
        ax.plot(range(1, len(values) + 1), values, label=label or None)
        ax.axhline(0)
        ax.set_ylabel(speak(language)("Share of value"))
        ax.yaxis.set_major_formatter(PercentFormatter(1))

    return draw


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((0.1, 0.3, 0.2), "Share of value: 10% at 1, 20% at 3."),
        ((0.9, 0.3, 0.05), "Share of value: 90% at 1, 5.0% at 3."),
        ((0.5, 0.5, np.nan), ""),
    ],
)
def test_a_line_is_told_by_its_ends_whichever_way_it_goes(values: tuple, said: str) -> None:
    assert described(line(*values)) == said


def test_the_words_are_the_reader_s() -> None:
    assert described(line(0.1, 0.3, 0.2), "zh") == "价值占比：1处为10%，3处为20%。"


def test_lines_have_the_names_of_the_legend_and_days_of_a_calendar() -> None:
    def draw(ax) -> None:
        ax.plot(MONTHS, [3, 2, 1], label="Bought")
        ax.plot(MONTHS[::-1], [30, 20, 10], label="Expected")
        ax.plot(MONTHS, [1, 1, 1])
        ax.legend()

    assert described(draw) == (
        "Bought: 3 at 1 January 2024, 1 at 1 December 2024."
        " Expected: 10 at 1 January 2024, 30 at 1 December 2024."
    )


@pytest.mark.parametrize("upright", [False, True])
@pytest.mark.parametrize("form", ["bars", "dots"])
def test_named_values_are_told_by_highest_and_lowest(upright: bool, form: str) -> None:
    values, names = [3.0, -12.5, 7.0], ["North\nregion", "South", "West"]

    def draw(ax) -> None:
        at = range(3)
        if form == "bars":
            (ax.bar if upright else ax.barh)(at, values)
        else:
            x, y = (at, values) if upright else (values, at)
            ax.errorbar(x, y, **{"yerr" if upright else "xerr": 1}, fmt="o", capsize=3)
        (ax.set_xticks if upright else ax.set_yticks)(at, names)
        (ax.set_ylabel if upright else ax.set_xlabel)("Spend")

    assert described(draw) == "Spend: highest West (7), lowest South (−12.5)."


def test_equal_values_have_no_highest() -> None:
    def draw(ax) -> None:
        ax.barh([0], [4])
        ax.set_yticks([0], ["North"])

    assert described(draw) == "North (4)."


def test_a_crowd_of_lines_without_names_and_shaded_cells_are_left_to_the_table() -> None:
    def crowd(ax) -> None:
        for level in range(4):
            ax.plot([1, 2, 3], [level, level, level])

    def cells(ax) -> None:
        ax.imshow([[1, 2], [3, 4]])
        ax.set_xticks([0, 1], ["one", "two"])
        ax.set_yticks([0, 1], ["one", "two"])

    assert described(crowd) == described(cells) == ""


def test_of_many_series_the_first_six_are_told() -> None:
    def draw(ax) -> None:
        for number in range(8):
            ax.plot([1, 2, 3], [number, 0, number], label=f"Series {number}")
        ax.legend()

    assert described(draw).count(".") == 6


def test_names_that_look_like_numbers_are_names() -> None:
    def items(ax) -> None:
        ax.errorbar([-2.1, -0.6], [0, 1], xerr=0.1, fmt="o")
        ax.set_yticks([0, 1], ["06", "01"])

    def waves(ax) -> None:
        ax.plot([0, 1, 2], [3, 9, 4])
        ax.set_xticks([0, 1, 2], ["0", "1-2", "3+"])

    assert described(items) == "highest 01 (−0.600), lowest 06 (−2.10)."
    assert described(waves) == "3 at 0, 4 at 3+."


def test_chinese_names_of_two_letters_are_names() -> None:
    def draw(ax, language: str | Language = "en") -> None:
        ax.barh([0, 1], [2, 5])
        ax.set_yticks([0, 1], ["华北", "华南"])

    assert described(draw, "zh") == "最高为华南（5），最低为华北（2）。"


def test_a_cloud_of_points_has_no_first_and_last_and_huge_numbers_can_be_written() -> None:
    def cloud(ax) -> None:
        ax.plot([3, 1, 2], [1, 2, 3], "o")

    assert described(cloud) == ""
    assert described(lambda ax: ax.plot([1, 2, 3], [1, 2, 1e18])) == "1 at 1, 1e+18 at 3."


def test_nothing_is_told_of_a_frame_that_cuts_values_off() -> None:
    def draw(ax, cut: bool = True) -> None:
        ax.plot([0.2, 0.6], [0, 1], "o")
        ax.set_yticks([0, 1], ["North", "South"])
        ax.annotate("371%", (0.6, 1), gid=CUT_OFF if cut else None)

    assert "South" in described(lambda ax: draw(ax, cut=False))
    assert described(draw) == ""


def test_values_between_two_labelled_years_are_not_given_the_next_one_s_name() -> None:
    def draw(ax, every: int) -> None:
        ax.plot(range(1988, 1993), [3, 9, 5, 4, 1], "o")
        ax.set_xticks(range(1988, 1993, every), [str(y) for y in range(1988, 1993, every)])

    assert described(lambda ax: draw(ax, 1)) == "highest 1989 (9), lowest 1992 (1)."
    assert described(lambda ax: draw(ax, 3)) == ""
