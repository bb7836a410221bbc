"""Puts a 95 % interval beside each value of an indicator, by the method of its kind."""

from __future__ import annotations

from statistics import NormalDist
from typing import Final

import numpy as np
import pandas as pd
from scipy.stats import chi2, t

from workbench.data.indicators.indicator import find_indicator

_Z: Final = NormalDist().inv_cdf(0.975)


def with_limits(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Add `low` and `high` to what `indicator` returned.

    Shares get Wilson's score interval, counts the exact Poisson interval, expert scores Student's t
    with the raters as the sample, all others the estimate with 1.96 standard errors.

    Parameters
    ----------
    frame : DataFrame
        Columns n, estimate, sd; numerator and denominator of shares.
    name : str
        The indicator.
    """
    kind = find_indicator(name).kind
    n, x = frame["n"].to_numpy(float), frame["estimate"].to_numpy(float)
    if kind == "share":
        z2 = _Z**2
        middle = (x + z2 / (2 * n)) / (1 + z2 / n)
        half = _Z / (1 + z2 / n) * np.sqrt(x * (1 - x) / n + z2 / (4 * n**2))
        low, high = middle - half, middle + half
    elif kind == "count":
        low = np.where(x > 0, chi2.ppf(0.025, 2 * np.maximum(x, 0.5)) / 2, 0.0)
        high = chi2.ppf(0.975, 2 * (x + 1)) / 2
    else:
        with np.errstate(invalid="ignore", divide="ignore"):
            error = frame["sd"].to_numpy(float) / np.sqrt(n)
        factor = t.ppf(0.975, np.maximum(n - 1, 1)) if name == "expert_score" else _Z
        low, high = x - factor * error, x + factor * error
    return frame.assign(low=low, high=high)
