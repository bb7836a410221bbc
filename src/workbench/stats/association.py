"""How strongly two attributes go together: Cramer's V, corrected for bias, with its interval.

References
----------
Bergsma (2013), A Bias-Correction for Cramer's V, Journal of the Korean Statistical Society 42(3),
323-328; Smithson (2003), Confidence Intervals, chapter 4 (non-central chi-squared); Bishop,
Fienberg, Holland (1975), Discrete Multivariate Analysis, section 11.3 (delta method).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import chdtr, chdtrc, chndtr

from workbench.arrays import Array
from workbench.errors import DataError
from workbench.results import Estimate
from workbench.stats.intervals import normal_quantile


@dataclass(frozen=True)
class Association:
    """Association of two attributes.

    Attributes
    ----------
    v : Estimate
        Cramer's V, 0 (none) to 1 (complete), corrected for bias.
    chi_squared : float
    df : int
    p_value : float
        Of independence.
    """

    v: Estimate
    chi_squared: float
    df: int
    p_value: float


def cramers_v(counts: ArrayLike, *, level: float = 0.95) -> Association:
    """Measure the association in a table of counts.

    The interval is the wider of two on either side: the one from the non-central chi-squared
    distribution, right where the association is weak, and the one from the delta method, right
    where it is strong.

    Parameters
    ----------
    counts : array_like, shape (rows, columns)
        Empty rows and columns are left out.
    level : float

    Raises
    ------
    DataError
        The counts are no table of numbers of zero or more.
    """
    table = np.asarray(counts, dtype=float)
    if table.ndim != 2 or not np.isfinite(table).all() or (table < 0).any():
        raise DataError("the counts are no table", remedy="give rows and columns of whole numbers")
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    rows, columns = table.shape
    n = float(table.sum())
    if rows < 2 or columns < 2:
        nan = float("nan")
        return Association(Estimate(nan, nan, nan, n, level), nan, 0, nan)
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / n
    chi2 = float(((table - expected) ** 2 / expected).sum())
    df = (rows - 1) * (columns - 1)
    phi2 = max(chi2 / n - df / (n - 1), 0.0)
    r, c = rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)
    smaller = min(r, c) - 1
    v = min(float(np.sqrt(phi2 / smaller)), 1.0) if smaller > 0 else float("nan")
    most = min(rows, columns) - 1
    tail = (1 - level) / 2
    # below its mean under independence the statistic says no more than its mean would
    ends = ((chi2, 1 - tail), (max(chi2, df), tail))
    weak = [np.sqrt(_noncentrality(x, df, q) / n / most) for x, q in ends]
    half = normal_quantile(level) * _se(table) / (2 * v * smaller) if v > 0 else 0.0
    low, high = max(min(weak[0], v - half), 0.0), min(max(weak[1], v + half), 1.0)
    return Association(
        Estimate(v, min(float(low), v), max(float(high), v), n, level),
        chi2, df, float(chdtrc(df, chi2)),
    )  # fmt: skip


def _noncentrality(chi2: float, df: int, q: float) -> float:
    """Find the non-centrality under which the statistic lies at its quantile q."""
    if chdtr(df, chi2) <= q:
        return 0.0
    top = chi2 + 10 * np.sqrt(chi2 + df) + 20
    return float(brentq(lambda centre: chndtr(chi2, df, centre) - q, 0.0, top))


def _se(table: Array) -> float:
    """Give the standard error of phi squared (chi-squared over n) by the delta method."""
    n = table.sum()
    p = table / n
    row, column = p.sum(axis=1, keepdims=True), p.sum(axis=0, keepdims=True)
    lift = p / (row * column)
    # derivative of sum p^2 / (row column) by each cell
    slope = (
        2 * lift
        - (lift * p).sum(axis=1, keepdims=True) / row
        - (lift * p).sum(axis=0, keepdims=True) / column
    )
    centre = (p * slope).sum()
    return float(np.sqrt(max((p * slope**2).sum() - centre**2, 0.0) / n))
