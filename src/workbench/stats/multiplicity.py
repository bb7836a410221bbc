"""p-values corrected for the number of comparisons made."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.errors import DataError


def adjust(p_values: ArrayLike, method: Literal["holm", "bh"] = "holm") -> NDArray[np.float64]:
    """Adjust p-values for multiple comparisons.

    Parameters
    ----------
    p_values : array_like
        Missing values stay missing and do not count as comparisons.
    method : {"holm", "bh"}
        Holm keeps the chance of one false finding below the level; Benjamini-Hochberg keeps
        the share of false ones among the findings below it.

    Returns
    -------
    ndarray, the shape of `p_values`

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6(2); Benjamini, Hochberg (1995), JRSS B 57(1).
    """
    if method not in ("holm", "bh"):
        raise DataError(f"method is {method!r}", remedy="choose holm or bh")
    p = np.asarray(p_values, dtype=float)
    seen = ~np.isnan(p)
    if ((p[seen] < 0) | (p[seen] > 1)).any():
        raise DataError("a p-value lies outside 0..1", remedy="check what was passed")
    out = np.full(p.shape, np.nan)
    if seen.any():
        # statsmodels' multipletests collects garbage at every call, a quarter of a second each
        own = p[seen]
        order = np.argsort(own, kind="stable")
        m, rank = own.size, np.arange(1, own.size + 1)
        if method == "holm":
            steps = np.maximum.accumulate((m - rank + 1) * own[order])
        else:
            steps = np.minimum.accumulate((m / rank * own[order])[::-1])[::-1]
        adjusted = np.empty(m)
        adjusted[order] = np.minimum(steps, 1.0)
        out[seen] = adjusted
    return out


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Holm's adjusted p-values."""
    return adjust(p_values, "holm")


def benjamini_hochberg(p_values: ArrayLike) -> NDArray[np.float64]:
    """Benjamini and Hochberg's adjusted p-values, which hold the false discovery rate.

    Parameters
    ----------
    p_values : array_like, shape (n,)
        NaN where nothing was tested; it stays, and does not count.

    Returns
    -------
    ndarray, shape (n,)
        In the order given.

    References
    ----------
    Benjamini and Hochberg (1995), JRSS B 57(1), 289-300.

    Examples
    --------
    >>> from workbench.stats import benjamini_hochberg
    >>> benjamini_hochberg([0.01, 0.04, 0.03, 0.20]).round(3).tolist()
    [0.04, 0.053, 0.053, 0.2]
    """
    return adjust(p_values, "bh")
