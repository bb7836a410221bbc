"""Row and period effects taken out of a panel, and the slope that is left."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.arrays import Array
from workbench.impact.inputs.panel import CaseError, Panel

Rows = NDArray[np.int_]


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
class Clusters:
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


def cut_by_unit(slope: Slope, weight: Array, row: Rows) -> Clusters:
    """Cut a slope by unit; for few units, since it takes units x units x periods numbers."""
    units = len(weight)
    wx = weight * slope.x
    alone = np.zeros((2, units, *weight.shape))
    own = np.arange(units)
    alone[0, own, own], alone[1, own, own] = slope.y, slope.x
    alone = demean(alone, weight, row)
    cross = np.einsum("gt,khgt->kgh", wx, alone)
    return Clusters(
        slope.effect,
        slope.square,
        (wx * slope.y).sum(axis=1),
        (wx * slope.x).sum(axis=1),
        cross[0],
        cross[1],
    )
