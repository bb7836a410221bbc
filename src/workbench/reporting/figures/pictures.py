"""Pictures of tables that any notebook may want; each gives what ``show`` draws.

wb.show(pictures.heatmap(moves, form="percent"), title=...)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from workbench.errors import ReportingError
from workbench.languages.numbers import number_text
from workbench.reporting.figures import palette

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Drawing = Callable[..., "Axes"]


def heatmap(
    frame: pd.DataFrame,
    *,
    form: str = "number",
    digits: int | None = None,
    middle: float | None = None,
) -> Drawing:
    """Picture a table of numbers as shaded cells with the numbers in them.

    Parameters
    ----------
    frame : DataFrame
        Rows and columns are named by index and columns.
    form : {"number", "percent"}
        How the numbers are written; percentages are given as shares.
    digits : int, optional
        Decimals; none for percentages, two for numbers below ten.
    middle : float, optional
        A value that parts good from bad, such as 0: below it orange, above it blue.
    """

    def draw(ax: Axes) -> Axes:
        import seaborn as sns
        from matplotlib.colors import ListedColormap

        values = frame.astype(float)
        scale = 100 if form == "percent" else 1
        decimals = digits
        if decimals is None:
            decimals = 2 if form == "number" and values.abs().max().max() < 10 else 0
        sign = "%" if form == "percent" else ""
        texts = values.map(
            lambda x: "" if x != x else number_text(scale * x, decimals, "en") + sign
        )
        shaded = ListedColormap(list(palette.BLUES if middle is None else palette.ORANGE_TO_BLUE))
        reach = None if middle is None else float((values - middle).abs().max().max()) or 1.0
        ends = (None, None) if reach is None or middle is None else (middle - reach, middle + reach)
        sns.heatmap(
            values, ax=ax, cmap=shaded, annot=texts, fmt="", cbar=False, vmin=ends[0], vmax=ends[1],
            linewidths=1.5, linecolor=palette.PAPER, xticklabels=True, yticklabels=True,
        )  # fmt: skip
        ax.xaxis.tick_top()
        ax.xaxis.set_label_position("top")
        names = [str(name) for name in frame.columns]
        ax.set_xticks(ax.get_xticks(), names, rotation=0, va="baseline")
        ax.set_yticks(ax.get_yticks(), [str(name) for name in frame.index], rotation=0)
        ax.tick_params(length=0)
        for spine in ax.spines.values():
            spine.set_visible(False)
        return ax

    return draw


def distribution(values: Any, *, label: str, most: float = 0.99) -> Drawing:
    """Picture how values spread: a histogram, with the median marked.

    Parameters
    ----------
    values : array_like
        One value a customer (or order, or case).
    label : str
        What is measured, with its unit.
    most : float
        Share of the values that the axis reaches over; a few huge ones would flatten the rest.
    """

    def draw(ax: Axes) -> Axes:
        import numpy as np
        import seaborn as sns

        known = np.asarray(values, dtype=float)
        known = known[np.isfinite(known)]
        if not len(known):
            raise ReportingError("there is no value to picture", where=f"distribution of {label}")
        end = float(np.quantile(known, most))
        shown = known[known <= end] if end > known.min() else known
        sns.histplot(x=shown, ax=ax, bins=min(40, max(8, len(np.unique(shown)))), color="C0")
        for bar in ax.patches:
            bar.set_edgecolor(palette.PAPER)
            bar.set_linewidth(0.4)
        middle = float(np.median(known))
        ax.axvline(middle, color="C1")
        ax.annotate(
            "median", (middle, 1), xycoords=("data", "axes fraction"), xytext=(5, -4),
            textcoords="offset points", va="top", color="C1",
        )  # fmt: skip
        ax.set_xlabel(label)
        ax.set_ylabel("Count")
        return ax

    return draw


def estimates(
    frame: pd.DataFrame,
    *,
    label: str,
    name: str,
    estimate: str = "estimate",
    low: str = "low",
    high: str = "high",
    reference: float | None = 0.0,
    percent: bool = False,
) -> Drawing:
    """Picture estimates with their intervals, one a row.

    Parameters
    ----------
    frame : DataFrame
        One row an estimate, drawn from the top.
    label : str
        What is estimated, with its unit.
    name : str
        Column that names the rows.
    estimate, low, high : str
        Columns of the estimate and of its interval.
    reference : float, optional
        Where to draw a line, such as no effect.
    percent : bool
        Whether the numbers are shares, to be written as percentages.
    """

    def draw(ax: Axes) -> Axes:
        import numpy as np
        from matplotlib.ticker import PercentFormatter

        rows = np.arange(len(frame))
        if reference is not None:
            ax.axvline(reference, color=palette.AXIS, linewidth=1)
        ax.hlines(rows, frame[low], frame[high], color="C0", linewidth=2)
        ax.plot(frame[estimate], rows, "o", color="C0")
        ax.set_yticks(rows, [str(words) for words in frame[name]])
        ax.set_ylim(len(frame) - 0.5, -0.5)
        ax.set_xlabel(label)
        if percent:
            ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        return ax

    return draw
