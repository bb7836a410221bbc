"""The difference between treated and comparison over time, before and after the start."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from scipy.special import fdtrc, stdtrit

from workbench.arrays import Array, Mask
from workbench.impact.inputs.panel import Panel
from workbench.results import Finding


def event_study(
    panel: Panel, *, fixed: Literal["unit", "group"] = "unit", level: float = 0.95
) -> pd.DataFrame:
    """Difference between treated and comparison in each period, its mean before set to zero.

    Intervals leave out one unit at a time (t with G-1 degrees of freedom), period by period.

    Returns
    -------
    DataFrame
        `period`, `estimate`, `low`, `high`, `se`, `after`.
    """
    gap, left, w = _gaps(panel, fixed)
    before = ~panel.after
    weight = w[panel.treated].sum(axis=0)[before]
    gap_before = np.where(np.isnan(gap[before]), 0.0, gap[before])
    reference = np.average(gap_before, weights=np.maximum(weight, 1e-12))
    references = np.average(
        np.nan_to_num(left[:, before]), axis=1, weights=np.maximum(weight, 1e-12)
    )
    g = len(panel.units)
    deviation = (left - references[:, None]) - (gap - reference)
    se = np.sqrt((g - 1) / g * np.square(deviation).sum(axis=0))
    half = float(stdtrit(g - 1, 0.5 + level / 2)) * se
    estimate = gap - reference
    return pd.DataFrame(
        {
            "period": panel.periods,
            "estimate": estimate,
            "low": estimate - half,
            "high": estimate + half,
            "se": se,
            "after": panel.after,
        }
    )


def against_last_before(
    panel: Panel, *, fixed: Literal["unit", "group"] = "unit"
) -> tuple[Array, Array]:
    """Difference between the groups in each period less that of the last period before the start.

    Returns
    -------
    tuple of ndarray, shapes (periods,) and (periods, periods)
        Estimates and their covariance, leaving out one unit at a time.
    """
    gap, left, _ = _gaps(panel, fixed)
    last = int(np.flatnonzero(~panel.after)[-1])
    estimate = gap - gap[last]
    deviation = left - left[:, [last]] - estimate
    g = len(panel.units)
    return estimate, (g - 1) / g * deviation.T @ deviation


def _gaps(panel: Panel, fixed: Literal["unit", "group"]) -> tuple[Array, Array, Array]:
    """Gap in each period, the same without each unit, and the weights used."""
    y, w = np.nan_to_num(panel.outcome), panel.weight
    if fixed == "unit":
        # differences from a unit's own mean before keep who is seen when from mattering
        own, seen = panel.means(~panel.after)
        y, w = y - np.nan_to_num(own)[:, None], np.where(seen[:, None] > 0, w, 0.0)
    return (*_gap_left_out(y, w, panel.treated), w)


def _gap_left_out(y: Array, w: Array, treated: Mask) -> tuple[Array, Array]:
    """Gap between the groups in each period, and the same without each unit."""
    gap = np.zeros(y.shape[1])
    left = np.zeros(y.shape)
    for group, sign in ((treated, 1.0), (~treated, -1.0)):
        total, count = (w * y)[group].sum(axis=0), w[group].sum(axis=0)
        inside = group[:, None]
        with np.errstate(invalid="ignore", divide="ignore"):
            gap = gap + sign * total / count
            left = left + sign * (total - inside * w * y) / (count - inside * w)
    return gap, np.where(np.isfinite(left), left, gap)


def trend_check(panel: Panel, *, level: float) -> Finding:
    """Test whether the two groups drifted apart before the start.

    The slope of the difference over the periods before, unit by unit, treated against the rest
    (Welch), so that units and not periods count as evidence.
    """
    before = ~panel.after
    n = int(before.sum())
    if n < 3:
        return too_short_for_trend(n)
    time = np.arange(n) - (n - 1) / 2
    w, y = panel.weight[:, before], np.nan_to_num(panel.outcome[:, before])
    total = np.maximum(w.sum(axis=1), 1e-12)
    centre = (w * time).sum(axis=1) / total
    t = time[None, :] - centre[:, None]
    square = (w * t * t).sum(axis=1)
    able = square > 0
    slope = (w * t * y).sum(axis=1)[able] / square[able]
    weight, treated = square[able], panel.treated[able]
    if min(treated.sum(), (~treated).sum()) < 2:
        return Finding(
            "trend before",
            "Too few units were seen often enough before the start to compare trends.",
        )
    gap, variance, terms = 0.0, 0.0, []
    for group, sign in ((treated, 1.0), (~treated, -1.0)):
        a, m = weight[group] / weight[group].sum(), int(group.sum())
        mean = float(a @ slope[group])
        v = float(a**2 @ (slope[group] - mean) ** 2) * m / (m - 1)
        gap, variance = gap + sign * mean, variance + v
        terms.append(v**2 / (m - 1))
    if variance <= 0:
        return Finding(
            "trend before", "Before the start the groups followed the same trend.", severity="ok"
        )
    df = variance**2 / sum(terms)
    return drift(float(fdtrc(1, df, gap**2 / variance)), level)


def too_short_for_trend(n: int) -> Finding:
    """Say that the time before the start is too short to see a drift."""
    return Finding(
        "trend before",
        "There are only {n} periods before the start; whether the groups followed the same "
        "trend before cannot be seen.",
        {"n": n},
    )


def drift(p: float, level: float) -> Finding:
    """Say whether the groups drifted apart before the start, by the p-value that they did not."""
    if p < 1 - level:
        return Finding(
            "trend before",
            "Before the start the groups already drifted apart (p = {p}); the comparison may"
            " carry that drift on.",
            {"p": float(f"{p:.2g}")},
            severity="warning",
        )
    return Finding(
        "trend before",
        "Before the start the groups followed the same trend as far as can be seen (p = {p}).",
        {"p": float(f"{p:.2g}")},
        severity="ok",
    )
