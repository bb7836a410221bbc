"""Names beside marks and at the ends of lines keep out of one another's way."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from workbench.results.drawing import label_ends, label_points, share_bars


def offsets(*marks: tuple[float, float]) -> dict[str, tuple[float, float]]:
    ax = plt.figure().subplots()
    ax.set(xlim=(0, 1), ylim=(0, 1))
    x, y = zip(*marks, strict=True)
    label_points(ax, x, y, [f"mark {k}" for k in range(len(marks))])
    return {text.get_text(): text.xyann for text in ax.texts}


def test_marks_far_apart_have_their_names_above_to_the_right() -> None:
    assert offsets((0.2, 0.2), (0.8, 0.8)) == {"mark 0": (6, 4), "mark 1": (6, 4)}


def test_of_two_neighbours_the_left_one_has_its_name_on_the_left() -> None:
    assert offsets((0.52, 0.5), (0.5, 0.5)) == {"mark 1": (-6, 4), "mark 0": (6, 4)}


def test_marks_on_one_another_have_their_names_at_different_corners() -> None:
    placed = offsets((0.5, 0.5), (0.5, 0.5), (0.5, 0.5))
    assert sorted(placed.values()) == [(-6, 4), (6, -4), (6, 4)]


@pytest.mark.parametrize(
    ("ends", "heights"),
    [
        ((0.2, 0.9), [0.2, 0.9]),  # far apart: each at its own end
        ((0.5, 0.5), [0.465, 0.535]),  # moved by as little, one up and one down
        ((0.52, 0.5), [0.475, 0.545]),
    ],
)
def test_names_at_the_ends_of_lines_are_moved_apart(ends: tuple, heights: list[float]) -> None:
    ax = plt.figure().subplots()
    ax.set_ylim(0, 1)
    lines = [ax.plot([0, 1], [0, end])[0] for end in ends]
    label_ends(ax, 1.0, [(ends[k], line, f"line {k}") for k, line in enumerate(lines)])
    assert sorted(text.xy[1] for text in ax.texts) == pytest.approx(heights)
    assert {text.xy[0] for text in ax.texts} == {1.0}
    colours = {text.get_text(): text.get_color() for text in ax.texts}
    assert colours == {f"line {k}": line.get_color() for k, line in enumerate(lines)}


def test_bars_of_shares_are_read_in_percent() -> None:
    ax = plt.figure().subplots()
    share = pd.Series([0.25, 0.5])
    share_bars(ax, pd.Series(["few", "many"]), share, share - 0.1, share + 0.1, "Share")
    assert ax.xaxis.get_major_formatter().format_ticks([0.5]) == ["50%"]
    assert [bar.get_width() for bar in ax.patches] == [0.25, 0.5]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["few", "many"]
