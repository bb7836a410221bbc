"""Bars of shares with their intervals, one row a segment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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
