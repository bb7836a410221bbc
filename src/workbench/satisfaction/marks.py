"""Names beside the marks of a scatter plot, turned aside where two marks are close."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

Side: TypeAlias = Literal["left", "right"]
Edge: TypeAlias = Literal["bottom", "top"]
# Share of the drawn range within which two names would run into one another.
_CLOSE = (0.05, 0.04)
# Beside the mark in points, and which corner of the name lies there.
_PLACES: Final[tuple[tuple[tuple[int, int], Side, Edge], ...]] = (
    ((6, 4), "left", "bottom"),
    ((-6, 4), "right", "bottom"),
    ((6, -4), "left", "top"),
    ((-6, -4), "right", "top"),
)


def name_marks(ax: Axes, x: ArrayLike, y: ArrayLike, names: Sequence[object]) -> None:
    """Write each mark's name beside it.

    Parameters
    ----------
    ax : Axes
        With its limits set, or all marks drawn.
    x, y : array_like, shape (n,)
    names : sequence, shape (n,)
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
        )
