"""The map of customers by score: tinted by how many, named by the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.arrays import Index
from workbench.languages import Language
from workbench.stats.disclosure import Sums, withhold
from workbench.study import CellRule

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_map(
    counts: Index,
    named: Index,
    names: Index,
    rule: CellRule,
    ax: Axes | None,
    t: Language,
    upwards: str,
) -> Axes:
    """Draw customers by value score (rows, lowest first) and recency score (columns).

    `named` has the rule of each field; `names` the segment of each rule.
    """
    import matplotlib.pyplot as plt
    from matplotlib.patches import Rectangle

    ax = plt.gca() if ax is None else ax
    scale = len(counts)
    whole = max(counts.sum(), 1)
    (swatch,) = ax.plot([], [])
    color = swatch.get_color()
    swatch.remove()
    strongest = max(counts.max(), 1)
    # a few are drawn alike, however few
    tinted = np.where((counts > 0) & (counts < rule.min_cell), rule.min_cell, counts)
    of_name = np.array([counts[named == i].sum() for i in range(len(names))])
    hidden = withhold(Sums.counted(of_name), rule).cells
    for value in range(scale):
        for recency in range(scale):
            share = min(tinted[value, recency] / strongest, 1.0)
            ax.add_patch(
                Rectangle((recency, value), 1, 1, facecolor=color, alpha=0.55 * share**0.7)
            )
    _outline(ax, named)
    for i in range(len(names)):
        cells = np.argwhere(named == i)
        if cells.size:
            value, recency = cells.mean(axis=0) + 0.5
            share = of_name[i] / whole
            words = t.name(names[i])
            ax.text(recency, value + 0.14, words, ha="center", va="center", fontsize=8)
            digits = int(share < 0.0995)
            told = "–" if hidden[i] else t.percent(share, digits)
            ax.text(recency, value - 0.18, told, ha="center", va="center", fontsize=8)
    ax.set_xlim(0, scale)
    ax.set_ylim(0, scale)
    ax.set_xticks(np.arange(scale) + 0.5, [str(i) for i in range(1, scale + 1)])
    ax.set_yticks(np.arange(scale) + 0.5, [str(i) for i in range(1, scale + 1)])
    ax.set_xlabel(t("Recency score (5 = bought most recently)"))
    ax.set_ylabel(t(upwards))
    ax.grid(visible=False)
    return ax


def _outline(ax: Axes, named: Index) -> None:
    """Draw lines between cells (value score, recency score) that carry different names."""
    scale = len(named)
    for value in range(scale):
        for recency in range(scale):
            here = named[value, recency]
            if recency + 1 < scale and named[value, recency + 1] != here:
                ax.plot([recency + 1] * 2, [value, value + 1], color="0.45", linewidth=1)
            if value + 1 < scale and named[value + 1, recency] != here:
                ax.plot([recency, recency + 1], [value + 1] * 2, color="0.45", linewidth=1)
