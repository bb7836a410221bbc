"""Drawing that several rooms share: intervals, bars of shares, names beside marks and lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from workbench.languages import Language, speak
from workbench.results.estimate import Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Side: TypeAlias = Literal["left", "right"]
Edge: TypeAlias = Literal["bottom", "top"]
#: The ``gid`` of marks that stand at the edge of the frame for values beyond it.
CUT_OFF: Final = "cut-off"
#: Begins the ``gid`` of a name beside a mark that stands for a longer one, which follows.
NAMED: Final = "named "
# Share of the drawn range within which two names would run into one another.
_CLOSE = (0.05, 0.04)
# Beside the mark in points, and which corner of the name lies there.
_PLACES: Final[tuple[tuple[tuple[int, int], Side, Edge], ...]] = (
    ((6, 4), "left", "bottom"),
    ((-6, 4), "right", "bottom"),
    ((6, -4), "left", "top"),
    ((-6, -4), "right", "top"),
)


def label_points(
    ax: Axes,
    x: ArrayLike,
    y: ArrayLike,
    names: Sequence[object],
    full: Sequence[object] | None = None,
) -> None:
    """Write each mark's name beside it.

    Parameters
    ----------
    ax : Axes
        With its limits set, or all marks drawn.
    x, y : array_like, shape (n,)
    names : sequence, shape (n,)
    full : sequence, optional
        What short names stand for: the page shows it to who points at the mark.
    """
    at = np.column_stack([np.asarray(x, dtype=float), np.asarray(y, dtype=float)])
    span = np.array([np.ptp(ax.get_xlim()), np.ptp(ax.get_ylim())])
    taken: list[tuple[np.ndarray, int]] = []
    for k in np.lexsort((at[:, 1], at[:, 0])):
        beside = (np.abs(at - at[k]) < np.array(_CLOSE) * span).all(axis=1)
        near = {p for other, p in taken if (np.abs(at[k] - other) < np.array(_CLOSE) * span).all()}
        # of two neighbours the left one has its name on the left
        leads = (beside & (at[:, 0] > at[k, 0])).any() and not near
        order = (1, 3, 0, 2) if leads else (0, 2, 1, 3)
        place = next((p for p in order if p not in near), 0)
        taken.append((at[k], place))
        offset, side, edge = _PLACES[place]
        ax.annotate(
            str(names[k]),
            (at[k, 0], at[k, 1]),
            xytext=offset,
            textcoords="offset points",
            ha=side,
            va=edge,
            fontsize="small",
            zorder=4,
            gid=None if full is None else f"{NAMED}{names[k]} {full[k]}",
        )


def name_quarters(ax: Axes, names: Sequence[str], *, colour: Any) -> None:
    """Write the name of each quarter into its corner: above from the left, then below."""
    corners = ((0.015, 0.98), (0.985, 0.98), (0.015, 0.02), (0.985, 0.02))
    for name, (x, y) in zip(names, corners, strict=True):
        ax.text(
            x,
            y,
            name,
            transform=ax.transAxes,
            ha="left" if x < 0.5 else "right",
            va="top" if y > 0.5 else "bottom",
            color=colour,
            fontsize="small",
        )


def draw_estimates(
    estimates: Mapping[str, Estimate], ax: Axes | None = None, *, language: str | Language = "en"
) -> Axes:
    """Draw estimates with their intervals, one row each, the first at the top.

    Parameters
    ----------
    estimates : mapping of str to Estimate
        Named by their labels, or by their keys where they have none.
    ax : Axes, optional
        Where to draw; the current Axes when left out.
    language : str or Language
        Of the names.
    """
    import matplotlib.pyplot as plt

    say = speak(language)
    ax = plt.gca() if ax is None else ax
    drawn = list(estimates.items())[::-1]
    at = np.arange(len(drawn))
    value, low, high = (
        np.array([getattr(each, end) for _, each in drawn]) for end in ("value", "low", "high")
    )
    ax.errorbar(value, at, xerr=[np.nan_to_num(value - low), np.nan_to_num(high - value)], fmt="o")
    names = [say.name(e.label or key.replace("_", " ")) for key, e in drawn]
    ax.set_yticks(at, names)
    return ax


def shaded_cells(
    frame: pd.DataFrame,
    ax: Axes | None = None,
    *,
    language: str | Language = "en",
    kind: Literal["number", "percent"] = "number",
    digits: int | None = None,
) -> Axes:
    """Draw a table of numbers as shaded cells with the numbers in them.

    Parameters
    ----------
    frame : DataFrame
        Rows and columns are named by index and columns; NaN stays blank.
    ax : Axes, optional
        Where to draw; the current Axes when left out.
    language : str or Language
        Of names and numbers.
    kind : {"number", "percent"}
        How the numbers are written; percentages are given as shares.
    digits : int, optional
        Decimals; those of the language's own rule when left out.
    """
    import matplotlib.pyplot as plt

    say = speak(language)
    write = say.percent if kind == "percent" else say.number
    ax = plt.gca() if ax is None else ax
    values = frame.to_numpy(dtype=float)
    ax.imshow(np.ma.masked_invalid(values), cmap="Blues", aspect="auto")
    for row, column in np.argwhere(np.isfinite(values)):
        text = write(values[row, column], digits)
        ax.text(column, row, text, ha="center", va="center", fontsize="small")
    ax.set_xticks(np.arange(frame.shape[1]), [say.name(name) for name in frame.columns])
    ax.set_yticks(np.arange(frame.shape[0]), [say.name(name) for name in frame.index])
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.grid(visible=False)
    return ax


def share_bars(
    ax: Axes, names: pd.Series, share: pd.Series, low: pd.Series, high: pd.Series, label: str
) -> None:
    """Draw horizontal bars from the bottom up, with lines for the intervals; the x axis in percent.

    Parameters
    ----------
    names : Series of str
        What stands beside each bar.
    share, low, high : Series
        From 0 to 1; NaN draws nothing.
    label : str
        Of the x axis.
    """
    import matplotlib.pyplot as plt
    from matplotlib.ticker import PercentFormatter

    at = np.arange(len(share))
    ax.barh(at, share, height=0.6, alpha=0.85)
    ax.errorbar(
        share,
        at,
        xerr=[share - low, high - share],
        fmt="none",
        ecolor=plt.rcParams["text.color"],
        elinewidth=1,
    )
    ax.set_yticks(at, names)
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set_xlabel(label)
    ax.grid(visible=False, axis="y")


def row_bars(
    table: pd.DataFrame, name: str, share: str, label: str, ax: Axes | None, language: Language
) -> Axes:
    """Draw one bar a row of a table with its interval, the first at the top, fifteen at most.

    Parameters
    ----------
    table : DataFrame
        One row a bar: a name, and a share with its `_low` and `_high`.
    name, share : str
        Columns of these.
    label : str
        Of the x axis, in the language.
    """
    import matplotlib.pyplot as plt

    ax = plt.gca() if ax is None else ax
    t = table.head(15).iloc[::-1].reset_index(drop=True)
    ends = (t[share], t[f"{share}_low"], t[f"{share}_high"])
    share_bars(ax, t[name].map(language.name), *ends, label)
    return ax


def interval_dots(
    ax: Axes,
    names: Sequence[str],
    value: pd.Series,
    low: pd.Series,
    high: pd.Series,
    label: str,
) -> None:
    """Draw dots with intervals from the bottom up, one row each.

    Parameters
    ----------
    names : sequence of str
        What stands beside each dot.
    value, low, high : Series
    label : str
        Of the x axis.
    """
    at = np.arange(len(value))
    ax.errorbar(value, at, xerr=[value - low, high - value], fmt="o")
    ax.set_yticks(at, names)
    ax.set_ylim(-0.6, max(len(value), 1) - 0.4)
    ax.set_xlabel(label)


def label_ends(ax: Axes, at: float, ends: list[tuple[float, Any, str]]) -> None:
    """Write each line's name at its end, moved apart where the lines meet."""
    low, high = ax.get_ylim()
    apart = 0.07 * (high - low)
    order = sorted(ends, key=lambda end: end[0])
    heights = [order[0][0], max(order[1][0], order[0][0] + apart)]
    shift = (heights[1] - order[1][0]) / 2
    for (_, line, text), height in zip(order, heights, strict=True):
        ax.annotate(
            text,
            (at, height - shift),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            color=line.get_color(),
            fontsize="small",
            annotation_clip=False,
        )
