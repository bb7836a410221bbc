"""Fixed effects taken out of a panel, the slope that is left, and its errors by cluster."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.arrays import Array
from workbench.impact.inputs.panel import CaseError, Panel

Rows = NDArray[np.int_]
_TOLERANCE = 1e-10


@dataclass(frozen=True)
class Slope:
    """Effect of treatment beside fixed effects.

    Attributes
    ----------
    effect : float
    x, y : ndarray, shape (units, periods)
        Treatment and outcome without their fixed effects.
    square : float
        Weighted sum of squares of `x`.
    """

    effect: float
    x: Array
    y: Array
    square: float

    @property
    def residual(self) -> Array:
        """What is left of the outcome."""
        return self.y - self.effect * self.x


@dataclass(frozen=True)
class SlopeByUnit:
    """A slope cut by cluster (unit), as a cluster bootstrap needs it.

    Attributes
    ----------
    effect, square : float
    score_y, score_x : ndarray, shape (units,)
        Each unit's share of the cross product of treatment with outcome, and of `square`.
    cross_y, cross_x : ndarray, shape (units, units)
        Row g, column h: what the outcome (treatment) of unit h alone, without fixed effects, adds
        to the score of unit g. Each row sums to the score.
    """

    effect: float
    square: float
    score_y: Array
    score_x: Array
    cross_y: Array
    cross_x: Array


def demean(x: Array, weight: Array, row: Rows) -> Array:
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
    than a ten-billionth of the largest value.
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
        if float(np.abs(step).max()) <= _TOLERANCE * scale:
            break
    return np.where(weight > 0, out, 0.0)


def fit_slope(outcome: Array, treatment: Array, weight: Array, row: Rows) -> Slope:
    """Regress an outcome on treatment, row effects and period effects.

    Raises
    ------
    CaseError
        The fixed effects leave no treatment to compare.
    """
    y, x = demean(np.stack([np.nan_to_num(outcome), treatment]), weight, row)
    square = float((weight * x * x).sum())
    if square < 1e-12:
        raise CaseError(
            "treatment cannot be told from the fixed effects",
            where="outcome table",
            remedy="treated and comparison units must be seen before and after",
        )
    return Slope(float((weight * x * y).sum()) / square, x, y, square)


def panel_slope(panel: Panel, row: Rows) -> Slope:
    """Regress the outcome of a panel on being treated and after the start."""
    treatment = np.outer(panel.treated, panel.after).astype(float)
    return fit_slope(panel.outcome, treatment, panel.weight, row)


def cut_by_unit(slope: Slope, weight: Array, row: Rows) -> SlopeByUnit:
    """Cut a slope by unit; for few units, since it takes units x units x periods numbers."""
    units = len(weight)
    wx = weight * slope.x
    alone = np.zeros((2, units, *weight.shape))
    own = np.arange(units)
    alone[0, own, own], alone[1, own, own] = slope.y, slope.x
    alone = demean(alone, weight, row)
    cross = np.einsum("gt,khgt->kgh", wx, alone)
    return SlopeByUnit(
        slope.effect,
        slope.square,
        (wx * slope.y).sum(axis=1),
        (wx * slope.x).sum(axis=1),
        cross[0],
        cross[1],
    )


@dataclass(frozen=True)
class EffectCovariance:
    """How the effect errs together with the treated units' mean after the start.

    Attributes
    ----------
    mean : float
        Mean outcome of the treated after the start.
    covariance : ndarray, shape (2, 2)
        Of effect and mean.
    df : float
        Degrees of freedom of Student's t.
    """

    mean: float
    covariance: Array
    df: float

    @property
    def se(self) -> float:
        """Standard error of the effect."""
        return float(np.sqrt(self.covariance[0, 0]))


def mean_after(panel: Panel) -> float:
    """Weighted mean outcome of the treated after the start."""
    w = panel.weight[np.ix_(panel.treated, panel.after)]
    return float(
        (w * np.nan_to_num(panel.outcome[np.ix_(panel.treated, panel.after)])).sum() / w.sum()
    )


def cluster_scale(clusters: int, records: int, parameters: int) -> float:
    """Small-sample factor of CR1: G/(G-1) (N-1)/(N-K)."""
    return clusters / (clusters - 1) * (records - 1) / max(records - parameters, 1)


def sandwich(panel: Panel, row: Rows, slope: Slope) -> EffectCovariance:
    """CR1: the sum of the squared scores of the units.

    References
    ----------
    Liang, Zeger (1986), Biometrika 73(1), 13-22; Cameron, Miller (2015), Journal of Human
    Resources 50(2), 317-372, equation 11 and section II.
    """
    mean = mean_after(panel)
    g, n = len(panel.units), int((panel.weight > 0).sum())
    # unit effects are nested in the clusters and cost no degree of freedom
    parameters = 1 + panel.weight.shape[1] + (0 if row.max() + 1 == g else int(row.max()))
    on_effect = (panel.weight * slope.x * slope.residual).sum(axis=1) / slope.square
    influence = np.stack([on_effect, _on_mean(panel, mean).sum(axis=1)])
    return EffectCovariance(mean, cluster_scale(g, n, parameters) * influence @ influence.T, g - 1)


def jackknife(panel: Panel, row: Rows, slope: Slope) -> EffectCovariance:
    """CV3: the estimate without each unit in turn.

    References
    ----------
    MacKinnon, Nielsen, Webb (2023), Journal of Econometrics 232(2), 272-299, equation 12.
    """
    mean = mean_after(panel)
    g = len(panel.units)
    if int(row.max()) + 1 == g and np.ptp(panel.weight) == 0:
        left = _left_out_balanced(panel)
    else:
        left = np.empty((g, 2))
        for i in range(g):
            rest = panel.select(np.arange(g) != i)
            codes = np.unique(np.delete(row, i), return_inverse=True)[1]
            left[i] = panel_slope(rest, codes).effect, mean_after(rest)
    deviation = left - np.array([slope.effect, mean])
    return EffectCovariance(mean, (g - 1) / g * deviation.T @ deviation, g - 1)


def _left_out_balanced(panel: Panel) -> Array:
    """Effect and mean without each unit, where nothing is missing: from each unit's change."""
    later = panel.outcome[:, panel.after].mean(axis=1)
    change = later - panel.outcome[:, ~panel.after].mean(axis=1)
    d = panel.treated
    left = np.empty((len(d), 2))
    for column, values in enumerate((change, later)):
        side = {True: values[d], False: values[~d]}
        n, total = {k: len(v) for k, v in side.items()}, {k: v.sum() for k, v in side.items()}
        own = np.where(d, (total[True] - values) / (n[True] - 1), total[True] / n[True])
        other = np.where(d, total[False] / n[False], (total[False] - values) / (n[False] - 1))
        left[:, column] = own - other if column == 0 else own
    return left


def pooled(panel: Panel, row: Rows, slope: Slope) -> EffectCovariance:
    """One change a unit, all equally spread: t with G - 2 degrees of freedom.

    Each unit's residuals are summed to one number, its score; the spread of these is pooled over
    treated and comparison units. Exact where the units' changes are normal and equally spread,
    however few of them were treated.

    References
    ----------
    Donald, Lang (2007), Review of Economics and Statistics 89(2), 221-233.
    """
    mean = mean_after(panel)
    g = len(panel.units)
    wx = panel.weight * slope.x
    lever = np.square(wx).sum(axis=1)
    # a unit's change: the step after the start that fits its own residuals
    able = lever > 0
    change = np.zeros(g)
    share = (wx * slope.x).sum(axis=1)
    change[able] = (wx * slope.residual).sum(axis=1)[able] / share[able]
    weight = share / slope.square
    df = max(g - 2, 1)
    variance = float((share[able] * change[able] ** 2).sum()) / df / slope.square
    on_mean = _on_mean(panel, mean).sum(axis=1)
    on_effect = weight * change
    scale = variance / max(float(on_effect @ on_effect), 1e-300)
    influence = np.stack([on_effect * np.sqrt(scale), on_mean * np.sqrt(g / df)])
    return EffectCovariance(mean, influence @ influence.T, df)


def welch(panel: Panel, row: Rows, slope: Slope) -> EffectCovariance:
    """CR1 with treated and comparison units corrected apart, and degrees of freedom to match.

    The spread of the smaller side counts for what it is worth: with few treated among many units
    the degrees of freedom are near their number less one, not near the number of all units.

    References
    ----------
    Welch (1947), Biometrika 34, 28-35; Bell, McCaffrey (2002), Survey Methodology 28(2), 169-181.
    """
    mean = mean_after(panel)
    on_effect = (panel.weight * slope.x * slope.residual).sum(axis=1) / slope.square
    influence = np.stack([on_effect, _on_mean(panel, mean).sum(axis=1)])
    covariance, terms = np.zeros((2, 2)), 0.0
    for side in (panel.treated, ~panel.treated):
        n = int(side.sum())
        part = n / (n - 1) * influence[:, side] @ influence[:, side].T
        covariance += part
        terms += part[0, 0] ** 2 / (n - 1)
    df = covariance[0, 0] ** 2 / terms if terms > 0 else len(panel.units) - 2
    return EffectCovariance(mean, covariance, float(df))


def classical(panel: Panel, row: Rows, slope: Slope) -> EffectCovariance:
    """Least squares with independent, equally spread errors: for reproducing old tables only.

    Far too narrow where a unit is seen often (Bertrand, Duflo, Mullainathan 2004).
    """
    mean = mean_after(panel)
    w = panel.weight
    n = int((w > 0).sum())
    parameters = int(row.max()) + 1 + w.shape[1]
    df = n - parameters
    sigma = float((w * slope.residual**2).sum()) / max(df, 1)
    # the scores of single cells, each with the common variance
    x = demean(np.outer(panel.treated, panel.after).astype(float), w, row)
    inside = np.outer(panel.treated, panel.after) * w
    on_effect, on_mean = w * x / slope.square, inside / inside.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.where(w > 0, 1 / np.sqrt(w), 0.0)
    influence = np.stack([(on_effect * root).ravel(), (on_mean * root).ravel()])
    return EffectCovariance(mean, sigma * influence @ influence.T, max(df, 1))


def _on_mean(panel: Panel, mean: float) -> Array:
    """Give what each cell adds to the mean of the treated after the start."""
    w = panel.weight * np.outer(panel.treated, panel.after)
    influence: Array = w * (np.nan_to_num(panel.outcome) - mean) / w.sum()
    return influence
