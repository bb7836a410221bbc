"""Group-time effects put together: overall, by time since the start, by group, by calendar."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from workbench.arrays import Array, Mask
from workbench.impact.designs.staggered.group_time import GroupTime

_DRAWS = 1999
# Mammen's two points: mean zero, variance one, third moment one.
_ROOT = np.sqrt(5)
_POINTS = np.array([(1 - _ROOT) / 2, (1 + _ROOT) / 2])
_CHANCE = (_ROOT + 1) / (2 * _ROOT)


@dataclass(frozen=True)
class Averages:
    """Averages of group-time effects and the influence of each unit on them.

    Attributes
    ----------
    label : ndarray
        What each stands for: periods since the start, a group, a period.
    estimate : ndarray, shape (k,)
    influence : ndarray, shape (units, k)
    treated : ndarray of int, shape (k,)
        Treated units behind each.
    """

    label: NDArray[np.int_]
    estimate: Array
    influence: Array
    treated: NDArray[np.int_]

    @property
    def covariance(self) -> Array:
        """Covariance of the estimates."""
        n = len(self.influence)
        matrix: Array = self.influence.T @ self.influence / n**2
        return matrix

    @property
    def se(self) -> Array:
        """Standard errors."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))

    def mean(self, chosen: Mask) -> tuple[float, Array]:
        """Plain average of some, with its influence."""
        return float(self.estimate[chosen].mean()), self.influence[:, chosen].mean(axis=1)


def weighted(cells: GroupTime, chosen: Mask) -> tuple[float, Array]:
    """Average cells by the size of their group; the groups' shares are estimated, too.

    References
    ----------
    Callaway, Sant'Anna (2021), section 3.1 and the corollary on estimated weights.
    """
    share = {g: float(cells.size[cells.first == g].sum()) for g in np.unique(cells.group[chosen])}
    n = float(len(cells.first))
    weight = np.array([share[g] / n for g in cells.group[chosen]])
    total = weight.sum()
    member = (cells.first[:, None] == cells.group[chosen][None, :]) * cells.size[:, None]
    moved = member - weight
    on_weight = moved / total - np.outer(moved.sum(axis=1), weight) / total**2
    estimate = cells.estimate[chosen]
    influence = cells.influence[:, chosen] @ (weight / total) + on_weight @ estimate
    return float(weight @ estimate / total), influence


def simple(cells: GroupTime) -> tuple[float, Array]:
    """All treated groups and periods."""
    return weighted(cells, cells.after)


def by_event(cells: GroupTime) -> Averages:
    """By periods since the start, before and after."""
    return _each(cells, cells.event, np.ones(len(cells.time), dtype=bool))


def by_calendar(cells: GroupTime) -> Averages:
    """By period, groups treated by then."""
    return _each(cells, cells.time, cells.after)


def by_group(cells: GroupTime) -> Averages:
    """By group, averaged over its periods after the start."""
    return _each(cells, cells.group, cells.after)


def _each(cells: GroupTime, label: NDArray[np.int_], within: Mask) -> Averages:
    names = np.unique(label[within])
    parts = [weighted(cells, within & (label == name)) for name in names]
    behind = []
    for name in names:
        chosen = within & (label == name)
        groups = np.unique(cells.group[chosen])
        behind.append(sum(int(cells.treated[chosen & (cells.group == g)].max()) for g in groups))
    return Averages(
        names,
        np.array([p[0] for p in parts]),
        np.column_stack([p[1] for p in parts]),
        np.array(behind),
    )


def group_average(cells: GroupTime, groups: Averages) -> tuple[float, Array]:
    """Average of the groups' averages, by their size."""
    share = np.array([cells.size[cells.first == g].sum() for g in groups.label])
    share = share / len(cells.first)
    total = share.sum()
    member = (cells.first[:, None] == groups.label[None, :]) * cells.size[:, None] - share
    on_weight = member / total - np.outer(member.sum(axis=1), share) / total**2
    influence = groups.influence @ (share / total) + on_weight @ groups.estimate
    return float(share @ groups.estimate / total), influence


def standard_error(influence: Array) -> float:
    """Take the standard error of an estimate from its influence."""
    return float(np.sqrt(np.square(influence).sum()) / len(influence))


def uniform_quantile(influence: Array, *, level: float, rng: np.random.Generator) -> float:
    """Quantile that holds for all estimates at once, by the multiplier bootstrap.

    Each unit's influence is multiplied by Mammen's two-point weights; the spread of each estimate
    is taken from the quartiles, so that single samples do not rule it.

    References
    ----------
    Callaway, Sant'Anna (2021), algorithm 1; Mammen (1993), Annals of Statistics 21(1), 255-285.
    """
    n = len(influence)
    varied = np.square(influence).sum(axis=0) > 0
    if not varied.any():
        return float(ndtri(0.5 + level / 2))
    moved = np.empty((_DRAWS, int(varied.sum())))
    for i in range(0, _DRAWS, 100):
        rows = min(100, _DRAWS - i)
        weight = _POINTS[(rng.random((rows, n)) > _CHANCE).astype(int)]
        moved[i : i + rows] = weight @ influence[:, varied] / n
    quartiles = np.quantile(moved, [0.25, 0.75], axis=0)
    spread = (quartiles[1] - quartiles[0]) / (ndtri(0.75) - ndtri(0.25))
    largest = np.abs(moved / spread).max(axis=1)
    return max(float(np.quantile(largest, level)), float(ndtri(0.5 + level / 2)))


def tidy(averages: Averages, name: str, *, level: float, rng: np.random.Generator) -> pd.DataFrame:
    """Table of averages: `name`, `estimate`, `low`, `high`, `band_low`, `band_high`, `se`.

    The interval holds for each row alone, the band for all rows together. Both are stretched by
    Student's t with the row's treated units less one degrees of freedom: large-sample bands cover
    too rarely where few units carry a row.
    """
    se = averages.se
    normal = float(ndtri(0.5 + level / 2))
    point = stdtrit(np.maximum(averages.treated - 1, 1), 0.5 + level / 2)
    band = uniform_quantile(averages.influence, level=level, rng=rng) * point / normal
    e = averages.estimate
    return pd.DataFrame(
        {
            name: averages.label,
            "estimate": e,
            "low": e - point * se,
            "high": e + point * se,
            "band_low": e - band * se,
            "band_high": e + band * se,
            "se": se,
        }
    )
