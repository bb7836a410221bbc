"""Means of arms drawn by lot, adjusted for what was known before, and their contrasts together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.arrays import Array, Mask
from workbench.impact.effect import nothing_varies
from workbench.impact.inputs.panel import CaseError
from workbench.stats.normals import root_of

_DRAWS, _SEED = 20_000, 20251231
# Customers that an arm needs beyond one a covariate.
_FEWEST_LEFT = 8


@dataclass(frozen=True)
class ArmMeans:
    """Mean outcome that each arm would have had with all customers.

    Attributes
    ----------
    mean : ndarray, shape (arms,)
    influence : ndarray, shape (customers, arms)
        What each customer adds to the error of each mean; scaled so that sums of products are
        variances.
    df : float
    gain : float
        Share of the variance within arms that the covariates take away.
    """

    mean: Array
    influence: Array
    df: float
    gain: float

    def contrast(self, weights: Array) -> tuple[Array, Array]:
        """Give contrasts of the means with their covariance; `weights` has a row a contrast."""
        parts = self.influence @ weights.T
        return weights @ self.mean, parts.T @ parts


def arm_means(outcome: Array, arm: NDArray[np.int_], arms: int, covariates: Array) -> ArmMeans:
    """Adjust the mean of each arm to the covariates of all customers.

    A line is fitted within each arm (all slopes its own) and read off at the mean covariates of
    everybody: what the lot left unequal is taken out, and no arm loses by it.

    Parameters
    ----------
    outcome : ndarray, shape (n,)
    arm : ndarray of int, shape (n,)
    arms : int
    covariates : ndarray, shape (n, k)
        Known before the lot; the history of the outcome is what "CUPED" adjusts for.

    Raises
    ------
    CaseError
        An arm has too few customers.

    References
    ----------
    Lin (2013), Annals of Applied Statistics 7(1), 295-318; Deng, Xu, Kohavi, Walker (2013), WSDM
    2013 (CUPED); MacKinnon, White (1985), Journal of Econometrics 29 (HC2).
    """
    n, k = covariates.shape
    x = covariates - covariates.mean(axis=0)
    influence, mean = np.zeros((n, arms)), np.zeros(arms)
    counts = np.bincount(arm, minlength=arms)
    if counts.min() < k + _FEWEST_LEFT:
        raise CaseError(
            "an arm has {n} customers, {needed} are needed",
            where="arms",
            remedy="join arms, or adjust for less",
            n=int(counts.min()),
            needed=k + _FEWEST_LEFT,
        )
    within = left = 0.0
    for a in range(arms):
        own = arm == a
        design = np.column_stack([np.ones(counts[a]), x[own]])
        bread = np.linalg.pinv(design.T @ design)
        beta = bread @ (design.T @ outcome[own])
        residual = outcome[own] - design @ beta
        leverage = np.einsum("ij,jk,ik->i", design, bread, design)
        mean[a] = beta[0]
        influence[own, a] += (
            (design @ bread[:, 0]) * residual / np.sqrt(np.maximum(1 - leverage, 1e-9))
        )
        influence[:, a] += x @ beta[1:] / n
        left += float(residual @ residual)
        within += float(np.square(outcome[own] - outcome[own].mean()).sum())
    gain = 1 - left / within if within > 0 else 0.0
    return ArmMeans(mean, influence, float(counts.min() - k - 1), gain)


@dataclass(frozen=True)
class Together:
    """Contrasts whose intervals hold together, with the p-values to match."""

    estimate: Array
    low: Array
    high: Array
    p: Array


def together(estimate: Array, covariance: Array, df: float, level: float) -> Together:
    """Give several contrasts intervals that all hold at once, by the largest of them.

    References
    ----------
    Hothorn, Bretz, Westfall (2008), Biometrical Journal 50(3), 346-363 (single step, largest t).
    """
    se = np.sqrt(np.diag(covariance))
    if not (se > 0).all():
        raise nothing_varies()
    root = root_of(covariance / np.outer(se, se))
    rng = np.random.default_rng(_SEED)
    drawn = rng.normal(size=(_DRAWS, len(se))) @ root.T
    spread = np.sqrt(rng.chisquare(df, _DRAWS) / df)
    largest = np.abs(drawn).max(axis=1) / spread
    half = float(np.quantile(largest, level)) * se
    seen = np.abs(estimate) / se
    p = (largest[None, :] >= seen[:, None]).mean(axis=1)
    return Together(estimate, estimate - half, estimate + half, p)


def numbers_of(table: pd.DataFrame) -> Array:
    """Covariates as numbers: categories one column a value but the first, gaps at the mean."""
    columns: list[Array] = []
    for name in table:
        values = pd.to_numeric(table[name], errors="coerce")
        if values.notna().sum() >= table[name].notna().sum():
            columns.append(values.to_numpy(dtype=float))
        else:
            dummies = pd.get_dummies(table[name].astype(str), drop_first=True, dtype=float)
            columns += [dummies[c].to_numpy() for c in dummies]
    wide = np.column_stack([np.zeros((len(table), 0)), *columns])
    seen = np.isfinite(wide).any(axis=0)
    wide = wide[:, seen]
    wide = np.where(np.isfinite(wide), wide, np.nanmean(wide, axis=0)) if wide.size else wide
    return wide[:, _varied(wide)]


def _varied(x: Array) -> Mask:
    spread = np.ptp(x, axis=0) if len(x) else np.zeros(x.shape[1])
    return np.asarray(spread > 0)
