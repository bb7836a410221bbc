"""How far an effect of difference-in-differences could be off: errors clustered by unit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.arrays import Array
from workbench.impact.designs.differences.clusters import Rows, Slope, demean, panel_slope
from workbench.impact.inputs.panel import Panel


@dataclass(frozen=True)
class Spread:
    """Spread of the effect and of the treated units' mean after the start.

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


def sandwich(panel: Panel, row: Rows, slope: Slope) -> Spread:
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
    return Spread(mean, cluster_scale(g, n, parameters) * influence @ influence.T, g - 1)


def jackknife(panel: Panel, row: Rows, slope: Slope) -> Spread:
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
            kept = panel.select(np.arange(g) != i)
            codes = np.unique(np.delete(row, i), return_inverse=True)[1]
            left[i] = panel_slope(kept, codes).effect, mean_after(kept)
    spread = left - np.array([slope.effect, mean])
    return Spread(mean, (g - 1) / g * spread.T @ spread, g - 1)


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


def pooled(panel: Panel, row: Rows, slope: Slope) -> Spread:
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
    return Spread(mean, influence @ influence.T, df)


def sides_apart(panel: Panel, row: Rows, slope: Slope) -> Spread:
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
    return Spread(mean, covariance, float(df))


def classical(panel: Panel, row: Rows, slope: Slope) -> Spread:
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
    return Spread(mean, sigma * influence @ influence.T, max(df, 1))


def _on_mean(panel: Panel, mean: float) -> Array:
    """Give what each cell adds to the mean of the treated after the start."""
    w = panel.weight * np.outer(panel.treated, panel.after)
    influence: Array = w * (np.nan_to_num(panel.outcome) - mean) / w.sum()
    return influence
