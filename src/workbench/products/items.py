"""What tables of items have in common: the name of those put together, and how shares are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from workbench.languages import Language
from workbench.results.drawing import share_bars

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OTHERS = "Other items"


def item_bars(
    table: pd.DataFrame, share: str, label: str, ax: Axes | None, language: Language
) -> Axes:
    """Draw one bar an item with its interval, the first item at the top.

    Parameters
    ----------
    table : DataFrame
        One row an item: `item`, and a share with its `_low` and `_high`.
    share : str
        Column of the share.
    label : str
        Of the x axis, in the language.
    """
    import matplotlib.pyplot as plt

    ax = plt.gca() if ax is None else ax
    t = table.head(15).iloc[::-1].reset_index(drop=True)
    ends = (t[share], t[f"{share}_low"], t[f"{share}_high"])
    share_bars(ax, t["item"].map(language.name), *ends, label)
    return ax
