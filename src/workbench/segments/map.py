"""The RFM map: fields of scores, tinted by customers, with the names that the rules give them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.segments.rules import SCALE, lookup

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_map(
    counts: NDArray[np.intp], rules: pd.DataFrame, *, min_cell: int, ax: Axes | None = None
) -> Axes:
    """Draw the map.

    Parameters
    ----------
    counts : ndarray of int, shape (5, 5)
        Customers by value score (rows, lowest first) and recency score (columns).
    rules : DataFrame
        See `workbench.segments.rules.default_rules`.
    min_cell : int
        The share of a segment with fewer customers is not written.
    """
    import matplotlib.pyplot as plt
    from matplotlib.patches import Rectangle

    ax = plt.gca() if ax is None else ax
    named = lookup(rules).T
    names = rules["segment"].to_numpy()
    whole = max(counts.sum(), 1)
    (swatch,) = ax.plot([], [])
    color = swatch.get_color()
    swatch.remove()
    strongest = max(counts.max(), 1)
    for value in range(SCALE):
        for recency in range(SCALE):
            share = counts[value, recency] / strongest
            ax.add_patch(
                Rectangle((recency, value), 1, 1, facecolor=color, alpha=0.55 * share**0.7)
            )
    _outline(ax, named)
    for rule in range(len(names)):
        cells = np.argwhere(named == rule)
        if cells.size:
            value, recency = cells.mean(axis=0) + 0.5
            customers = counts[named == rule].sum()
            share = customers / whole
            ax.text(recency, value + 0.14, names[rule], ha="center", va="center", fontsize=8)
            told = _percent(share) if customers == 0 or customers >= min_cell else "–"
            ax.text(recency, value - 0.18, told, ha="center", va="center", fontsize=8)
    ax.set_xlim(0, SCALE)
    ax.set_ylim(0, SCALE)
    ax.set_xticks(np.arange(SCALE) + 0.5, [str(i) for i in range(1, SCALE + 1)])
    ax.set_yticks(np.arange(SCALE) + 0.5, [str(i) for i in range(1, SCALE + 1)])
    ax.set_xlabel("Recency score (5 = bought most recently)")
    ax.set_ylabel("Frequency and spend score")
    ax.grid(visible=False)
    return ax


def _percent(share: float) -> str:
    return f"{share:.1%}" if share < 0.0995 else f"{share:.0%}"


def _outline(ax: Axes, named: NDArray[np.intp]) -> None:
    """Draw lines between cells (value score, recency score) that carry different names."""
    for value in range(SCALE):
        for recency in range(SCALE):
            here = named[value, recency]
            if recency + 1 < SCALE and named[value, recency + 1] != here:
                ax.plot([recency + 1] * 2, [value, value + 1], color="0.45", linewidth=1)
            if value + 1 < SCALE and named[value + 1, recency] != here:
                ax.plot([recency, recency + 1], [value + 1] * 2, color="0.45", linewidth=1)
