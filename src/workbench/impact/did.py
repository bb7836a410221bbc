"""Difference-in-differences: two-way fixed effects with clusters as few as they come."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from workbench.impact.effect import Check, Effect, relative_to
from workbench.impact.event_study import event_study, trend_check
from workbench.impact.panel import CaseError, Mask, Panel

Array = NDArray[np.float64]
Inference = Literal["auto", "cr1", "cv3", "permutation"]

# Up to here each unit is left out in turn; above, the sandwich is as good and quicker.
_JACKKNIFE_UP_TO = 200
_PERMUTATIONS = 4999
# Fewer ways to choose the treated leave a permutation test without a 5 % verdict.
_FEWEST_ASSIGNMENTS = 40
_WORDS = {
    "cr1": "t, clustered by unit",
    "cv3": "t, leaving out one unit at a time",
    "permutation": "permutation of the treated units",
}
ASSUMPTION = (
    "Without the measure, the treated would have moved in step with the comparison group"
    " (parallel trends)."
)


@dataclass(frozen=True)
class _Fit:
    """Estimate with what intervals need: effect, mean of the treated after, their spread."""

    effect: float
    mean: float
    covariance: Array  # of (effect, mean)
    df: float


def difference_in_differences(
    panel: Panel,
    *,
    fixed: Literal["auto", "unit", "group"] = "auto",
    inference: Inference = "auto",
    level: float = 0.95,
    rng: np.random.Generator | None = None,
) -> Effect:
    """Compare the change of the treated with the change of the rest.

    Two-way fixed effects (unit and period, or group and period where different units are seen at
    different times), cells weighted by their records, errors clustered by unit.

    Parameters
    ----------
    panel : Panel
        Units are the clusters: aggregate customers to cities where cities were treated.
    fixed : {"auto", "unit", "group"}
        "auto" takes units when most treated and comparison units are seen before and after.
    inference : {"auto", "cr1", "cv3", "permutation"}
        "auto": the leave-one-unit-out jackknife (CV3) with t(G-1) up to 200 units; with two or
        three units on the smaller side, where it is too narrow, permutation if there are at
        least 40 ways to choose them; above 200 units the sandwich (CR1) with t(G-1).
    rng : numpy.random.Generator, optional
        Draws assignments where there are more than 4,999; a fixed seed when left out, so that the
        same data give the same answer.

    Raises
    ------
    CaseError
        One treated unit or one comparison unit: no interval would be honest.

    References
    ----------
    Bertrand, Duflo, Mullainathan (2004), QJE 119(1); MacKinnon, Nielsen, Webb (2023), Journal of
    Econometrics 232(2), 272-299 (CV3, few treated clusters); Young (2019), QJE 134(2), 557-598
    (permutation).
    """
    usable = _check_sides(panel)
    panel = panel.select(usable)
    chosen = _fixed(panel) if fixed == "auto" else fixed
    row = np.arange(len(panel.units)) if chosen == "unit" else panel.treated.astype(int)
    n_units = len(panel.units)
    smaller = min(panel.n_treated, n_units - panel.n_treated)
    how = inference
    if how == "auto":
        few = smaller <= 3 and comb(n_units, smaller) >= _FEWEST_ASSIGNMENTS and chosen == "unit"
        how = "cr1" if n_units > _JACKKNIFE_UP_TO else "permutation" if few else "cv3"
    fit = _sandwich(panel, row) if how == "cr1" else _jackknife(panel, row)
    quantile = float(stdtrit(fit.df, 0.5 + level / 2))
    se = float(np.sqrt(fit.covariance[0, 0]))
    low, high = fit.effect - quantile * se, fit.effect + quantile * se
    p = float(2 * stdtr(fit.df, -abs(fit.effect / se))) if se > 0 else float("nan")
    if how == "permutation":
        low, high, p = _permutation(panel, level, rng)
    # the relative interval is stretched as the absolute one was
    stretch = quantile if se == 0 else max(quantile, (high - low) / (2 * se))
    relative = relative_to(
        fit.effect,
        se,
        fit.mean,
        float(np.sqrt(fit.covariance[1, 1])),
        float(fit.covariance[0, 1]),
        stretch if np.isfinite(stretch) else quantile,
    )
    gaps = event_study(panel, fixed=chosen, level=level)
    observed = panel.group_means(panel.treated)
    series = pd.DataFrame(
        {
            "period": panel.periods,
            "observed": observed,
            "counterfactual": observed - gaps["estimate"],
            "low": np.where(panel.after, observed - gaps["high"], np.nan),
            "high": np.where(panel.after, observed - gaps["low"], np.nan),
            "after": panel.after,
        }
    )
    checks = [trend_check(panel, gaps, level=level)]
    if smaller <= 3:
        checks.append(
            Check(
                "few units",
                "warning",
                "Only {n} units stand on the smaller side of the comparison; the interval is"
                " rough.",
                {"n": smaller},
            )
        )
    return Effect(
        design="difference in differences",
        effect=fit.effect,
        low=low,
        high=high,
        p=p,
        relative=relative[0],
        relative_low=relative[1],
        relative_high=relative[2],
        counterfactual=fit.mean - fit.effect,
        inference=_WORDS[how],
        n_units=n_units,
        n_treated=panel.n_treated,
        n_before=int((~panel.after).sum()),
        n_after=int(panel.after.sum()),
        start=panel.start,
        series=series,
        gaps=gaps,
        checks=tuple(checks),
        assumption=ASSUMPTION,
    )


def _check_sides(panel: Panel) -> Mask:
    """Return the units that carry any record, or refuse."""
    usable: Mask = np.asarray(panel.weight.sum(axis=1) > 0)
    for name, side in (("treated", panel.treated), ("comparison", ~panel.treated)):
        n = int((side & usable).sum())
        if n < 2:
            raise CaseError(
                f"there is {'one' if n else 'no'} {name} unit",
                where="treatments",
                remedy="one unit's change cannot be told from chance; compare smaller units, or"
                " say that no conclusion is possible",
            )
        for time, periods in (("before", ~panel.after), ("after", panel.after)):
            if not (panel.weight[np.ix_(side & usable, periods)] > 0).any():
                raise CaseError(
                    f"no {name} unit was observed {time} the start",
                    where="outcome table",
                    remedy="bring data for both times",
                )
    return usable


def _fixed(panel: Panel) -> Literal["unit", "group"]:
    both = (panel.weight[:, ~panel.after].sum(axis=1) > 0) & (
        panel.weight[:, panel.after].sum(axis=1) > 0
    )
    share = min(both[panel.treated].mean(), both[~panel.treated].mean())
    return "unit" if share >= 0.6 and both[panel.treated].sum() >= 2 else "group"


def demean(x: Array, weight: Array, row: NDArray[np.int_], *, tolerance: float = 1e-10) -> Array:
    """Take out row and period effects, weighted, by alternating projections.

    Parameters
    ----------
    x : ndarray, shape (..., units, periods)
    weight : ndarray, shape (units, periods)
        Zero where there is no record.
    row : ndarray of int, shape (units,)
        Which fixed effect each unit belongs to.

    Notes
    -----
    One pass is exact on a balanced panel; otherwise the passes go on until nothing moves by more
    than `tolerance` of the spread.
    """
    single = bool((row == np.arange(len(row))).all())
    columns = weight.sum(axis=0)
    columns = np.where(columns > 0, columns, 1.0)
    rows = weight.sum(axis=1)
    n_rows = int(row.max()) + 1
    if not single:
        rows = np.bincount(row, rows, minlength=n_rows)
    rows = np.where(rows > 0, rows, 1.0)
    out = np.where(weight > 0, x, 0.0)
    scale = max(float(np.abs(out).max()), 1e-300)
    for _ in range(5000):
        sums = (out * weight).sum(axis=-1)
        if single:
            mean = sums / rows
        else:
            pooled = np.stack([sums[..., row == r].sum(axis=-1) for r in range(n_rows)], axis=-1)
            mean = (pooled / rows)[..., row]
        out = out - mean[..., None]
        step = (out * weight).sum(axis=-2) / columns
        out = out - step[..., None, :]
        if float(np.abs(step).max()) <= tolerance * scale:
            break
    return np.where(weight > 0, out, 0.0)


def _slope(panel: Panel, row: NDArray[np.int_]) -> tuple[float, Array, Array, float]:
    """Effect, residualised treatment, residuals, and the sum of squares of the former."""
    d = np.outer(panel.treated, panel.after).astype(float)
    both = demean(np.stack([np.nan_to_num(panel.outcome), d]), panel.weight, row)
    y, x = both
    square = float((panel.weight * x * x).sum())
    if square < 1e-12:
        raise CaseError(
            "treatment cannot be told from the fixed effects",
            where="outcome table",
            remedy="treated and comparison units must be seen before and after",
        )
    effect = float((panel.weight * x * y).sum()) / square
    return effect, x, y - effect * x, square


def _mean_after(panel: Panel) -> float:
    w = panel.weight[np.ix_(panel.treated, panel.after)]
    return float(
        (w * np.nan_to_num(panel.outcome[np.ix_(panel.treated, panel.after)])).sum() / w.sum()
    )


def _sandwich(panel: Panel, row: NDArray[np.int_]) -> _Fit:
    effect, x, residual, square = _slope(panel, row)
    mean = _mean_after(panel)
    g, n = len(panel.units), int((panel.weight > 0).sum())
    # unit effects are nested in the clusters and cost no degree of freedom
    parameters = 1 + panel.weight.shape[1] + (0 if row.max() + 1 == g else int(row.max()))
    correction = g / (g - 1) * (n - 1) / max(n - parameters, 1)
    on_effect = (panel.weight * x * residual).sum(axis=1) / square
    w = panel.weight * np.outer(panel.treated, panel.after)
    on_mean = (w * (np.nan_to_num(panel.outcome) - mean)).sum(axis=1) / w.sum()
    influence = np.stack([on_effect, on_mean])
    return _Fit(effect, mean, correction * influence @ influence.T, g - 1)


def _jackknife(panel: Panel, row: NDArray[np.int_]) -> _Fit:
    effect, mean = _slope(panel, row)[0], _mean_after(panel)
    g = len(panel.units)
    left = []
    for i in range(g):
        kept = panel.select(np.arange(g) != i)
        codes = np.unique(np.delete(row, i), return_inverse=True)[1]
        left.append((_slope(kept, codes)[0], _mean_after(kept)))
    spread = np.array(left) - np.array([effect, mean])
    return _Fit(effect, mean, (g - 1) / g * spread.T @ spread, g - 1)


def _permutation(
    panel: Panel, level: float, rng: np.random.Generator | None
) -> tuple[float, float, float]:
    """Interval of all effects that a permutation test does not reject, and the p-value of none.

    Under a constant effect tau, outcomes less tau times treatment are exchangeable between units;
    each re-assignment's estimate is linear in tau, so nothing is fitted twice.
    """
    g, k = len(panel.units), panel.n_treated
    groups = _assignments(g, k, panel.treated, rng or np.random.default_rng(20251231))
    row = np.arange(g)
    d = groups[:, :, None] * panel.after[None, None, :].astype(float)
    y = demean(np.nan_to_num(panel.outcome), panel.weight, row)
    own = d[0]
    effects, shares = np.empty(len(d)), np.empty(len(d))
    for first in range(0, len(d), 256):
        part = slice(first, first + 256)
        x = demean(d[part], panel.weight, row)
        square = (panel.weight * x * x).sum(axis=(1, 2))
        effects[part] = (panel.weight * x * y).sum(axis=(1, 2)) / square
        shares[part] = (panel.weight * x * own).sum(axis=(1, 2)) / square

    def p_value(tau: float) -> float:
        null = np.abs(effects - tau * shares)
        return float((null >= null[0] * (1 - 1e-9)).mean())

    alpha = 1 - level
    limits = []
    for side in (-1.0, 1.0):
        reach = 4 * float(np.abs(effects - effects[0] * shares).max() + 1e-12)
        near, far = effects[0], effects[0] + side * reach
        if p_value(far) > alpha:
            limits.append(side * np.inf)
            continue
        for _ in range(60):
            middle = (near + far) / 2
            if p_value(middle) > alpha:
                near = middle
            else:
                far = middle
        limits.append(far)
    return float(limits[0]), float(limits[1]), p_value(0.0)


def _assignments(g: int, k: int, own: Mask, rng: np.random.Generator) -> Array:
    if comb(g, k) <= _PERMUTATIONS:
        sets = [own.astype(float)]
        for chosen in combinations(range(g), k):
            other = np.zeros(g)
            other[list(chosen)] = 1.0
            if not (other == own).all():
                sets.append(other)
        return np.array(sets)
    drawn = rng.permuted(np.tile(own.astype(float), (_PERMUTATIONS, 1)), axis=1)
    return np.vstack([own.astype(float), drawn])
