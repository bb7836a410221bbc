"""How strongly attributes go with segments: Cramer's V, corrected for bias, with its interval.

References
----------
Bergsma (2013), A Bias-Correction for Cramer's V, Journal of the Korean Statistical Society 42(3),
323-328; Smithson (2003), Confidence Intervals, chapter 4 (non-central chi-squared); Bishop,
Fienberg, Holland (1975), Discrete Multivariate Analysis, section 11.3 (delta method).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import chdtr, chdtrc, chndtr

from workbench.arrays import Array
from workbench.errors import DataError
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Picture, Result, labelled, named_estimates
from workbench.segments.profiles.profile import coded, readable
from workbench.stats.intervals import normal_quantile
from workbench.stats.multiplicity import holm

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GOES_MOST = "{attribute} is linked most closely to the segments"
GOES_WITH_NONE = "No attribute was shown to go with the segments"


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


@dataclass(frozen=True)
class Associations(Result):
    """Which attributes go with the segments, the strongest first.

    Attributes
    ----------
    table : DataFrame
        One row an attribute: attribute (in words), column, n (customers whose attribute is
        known), levels, cramers_v, low, high, p (chi-squared, Holm over the attributes).
    """

    table: pd.DataFrame

    def estimates(self) -> dict[str, Estimate]:
        """Strength of each association."""
        return named_estimates(
            self.table, "attribute", estimate="cramers_v", low="low", high="high"
        )

    def findings(self) -> list[Finding]:
        """Say which attribute goes most with the segments; nothing where none was looked at."""
        if self.table.empty:
            return []
        strongest = readable(self.strongest or "")
        message = GOES_MOST if strongest else GOES_WITH_NONE
        return [Finding("segments.attribute", message, {"attribute": strongest})]

    @property
    def strongest(self) -> str | None:
        """Column with the strongest association that chance does not explain, if any."""
        found = self.table[self.table["p"] < 0.05]
        return None if found.empty else str(found["column"].iloc[0])

    def picture(self) -> Picture | None:
        """Strength of each association, where any attribute was looked at."""
        if self.table.empty:
            return None
        return Picture(
            self.plot,
            "What is linked to the segments",
            "Cramér's V, from 0 (none) to 1 (complete)",
            self.table,
        )

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Dots with intervals, one an attribute."""
        import matplotlib.pyplot as plt

        say = speak(language)
        ax = plt.gca() if ax is None else ax
        t = self.table.iloc[::-1]
        at = np.arange(len(t))
        v = t["cramers_v"]
        ax.errorbar(v, at, xerr=[v - t["low"], t["high"] - v], fmt="o")
        ax.set_yticks(at, [say.name(attribute) for attribute in t["attribute"]])
        ax.set_xlim(left=0)
        ax.set_xlabel(say("Strength of association (Cramér's V, 0 to 1)"))
        return ax


def associations(
    segment: pd.Series | ArrayLike,
    attributes: pd.DataFrame,
    *,
    skip: Sequence[str] = ("customer_id",),
    levels: int = 30,
) -> Associations:
    """Measure how strongly each attribute goes with the segments.

    Parameters
    ----------
    segment : shape (n,)
    attributes : DataFrame, shape (n, k)
        Columns with one value, dates, or more than `levels` values are left out.
    """
    names, codes = coded(segment, None)
    rows = []
    for column in attributes.columns:
        values = attributes[column].reset_index(drop=True)
        known = values.notna().to_numpy()
        found = values[known].nunique()
        if column in skip or not 2 <= found <= levels or values.dtype.kind == "M":
            continue
        level_codes, level_names = pd.factorize(values[known].astype(str))
        counts = np.zeros((len(level_names), len(names)))
        np.add.at(counts, (level_codes, codes[known]), 1)
        link = cramers_v(counts)
        strength = (link.v.value, link.v.low, link.v.high, link.p_value)
        rows.append((readable(str(column)), str(column), int(counts.sum()), int(found), *strength))
    columns = ["attribute", "column", "n", "levels", "cramers_v", "low", "high", "p"]
    table = pd.DataFrame(rows, columns=columns)
    table["p"] = holm(table["p"].to_numpy()) if len(table) else table["p"]
    table = table.sort_values("cramers_v", ascending=False, kind="stable", ignore_index=True)
    return Associations(labelled(
        table, attribute="Attribute", n="Customers", cramers_v=("Cramér's V", "number:2"),
        p=("p-value (Holm)", "p"),
    ))  # fmt: skip
