"""Effects by group and period where starts differ, and their averages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, ndtri, stdtrit

from workbench.arrays import Array, Mask
from workbench.impact.inputs.adoption import Adoption
from workbench.impact.inputs.panel import CaseError
from workbench.impact.inputs.periods import period_label

Controls = Literal["never", "not yet"]
Base = Literal["universal", "varying"]

# Comparison units that look this much like treated ones carry no weight of their own.
_NO_OVERLAP = 0.995
_DRAWS = 1999
# Mammen's two points: mean zero, variance one, third moment one.
_ROOT = np.sqrt(5)
_POINTS = np.array([(1 - _ROOT) / 2, (1 + _ROOT) / 2])
_CHANCE = (_ROOT + 1) / (2 * _ROOT)


@dataclass(frozen=True)
class GroupTime:
    """Effects ATT(g, t) with the influence of each unit on each.

    Attributes
    ----------
    group, time : ndarray of int, shape (cells,)
        Places of the first treated period and of the period looked at.
    estimate : ndarray, shape (cells,)
    influence : ndarray, shape (units, cells)
        Mean zero over units; the variance of an estimate is the mean of its square over n.
    treated, compared : ndarray of int, shape (cells,)
        Units behind each.
    first : ndarray of int, shape (units,)
    size : ndarray, shape (units,)
        Weights of the units, with mean one.
    periods : Index
    skipped : tuple of (group, time)
        Cells without treated or comparison units.
    """

    group: NDArray[np.int_]
    time: NDArray[np.int_]
    estimate: Array
    influence: Array
    treated: NDArray[np.int_]
    compared: NDArray[np.int_]
    first: NDArray[np.int_]
    size: Array
    periods: pd.Index
    skipped: tuple[tuple[int, int], ...] = ()

    @property
    def event(self) -> NDArray[np.int_]:
        """Periods since the start; zero in the first treated one."""
        return self.time - self.group

    @property
    def after(self) -> Mask:
        """Cells after the group's start."""
        return np.asarray(self.time >= self.group)


def group_time_effects(
    adoption: Adoption, *, controls: Controls = "never", base: Base = "universal"
) -> GroupTime:
    """Compare each group's change since the period before its start with units not treated.

    With covariates the comparison is doubly robust: it holds if either the model of the untreated
    change (linear) or the model of who was treated (logit) is right.

    Parameters
    ----------
    adoption : Adoption
    controls : {"never", "not yet"}
        Units never treated within the data, or all that were not treated yet.
    base : {"universal", "varying"}
        Periods before the start are compared with the last one before it, or with the one before
        each.

    Raises
    ------
    CaseError
        No unit to compare with.

    References
    ----------
    Callaway, Sant'Anna (2021), Journal of Econometrics 225(2), 200-230, equations 2.7 to 2.9;
    Sant'Anna, Zhao (2020), Journal of Econometrics 219(1), 101-122, equation 2.5 and section 3.1
    (doubly robust, panel data).
    """
    a, last = adoption, adoption.never
    if controls == "never" and not (a.first == last).any():
        raise CaseError(
            "every unit was treated in the end",
            where="treatments",
            remedy='compare with those not treated yet: controls="not yet"',
        )
    n = len(a.units)
    size = a.size / a.size.mean()
    x = np.column_stack([np.ones(n), a.covariates])
    rows, skipped = [], []
    for g in a.starts:
        for t in range(last):
            before = g - 1 if base == "universal" or t >= g else t - 1
            if before < 0:
                continue
            seen = (a.weight[:, t] > 0) & (a.weight[:, before] > 0)
            own = seen & (a.first == g)
            others = seen & (
                a.first == last
                if controls == "never"
                else (a.first > max(t, before)) & (a.first != g)
            )
            if not own.any() or not others.any():
                skipped.append((int(g), t))
                continue
            change = a.outcome[:, t] - a.outcome[:, before]
            fit = _mean_gap if x.shape[1] == 1 else _doubly_robust
            sub = own | others
            estimate, influence = fit(change[sub], own[sub], size[sub], x[sub], a, int(g))
            of_all = np.zeros(n)
            of_all[sub] = influence * n
            rows.append((g, t, estimate, of_all, own.sum(), others.sum()))
    if not any(t >= g for g, t, *_ in rows):
        raise CaseError(
            "no group of treated units can be compared after its start",
            where="treatments",
            remedy="bring data of units that were not treated, from before and after the starts",
        )
    columns = list(zip(*rows, strict=True))
    return GroupTime(
        np.array(columns[0]),
        np.array(columns[1]),
        np.array(columns[2]),
        np.column_stack(columns[3]),
        np.array(columns[4]),
        np.array(columns[5]),
        a.first,
        size,
        a.periods,
        tuple(skipped),
    )


def _mean_gap(
    change: Array, own: Mask, size: Array, x: Array, a: Adoption, g: int
) -> tuple[float, Array]:
    """Difference of two means, and each unit's share in its error."""
    estimate, influence = 0.0, np.zeros(len(change))
    for side, sign in ((own, 1.0), (~own, -1.0)):
        w = np.where(side, size, 0.0)
        w = w / w.sum()
        mean = float(w @ change)
        estimate += sign * mean
        influence += sign * w * (change - mean)
    return estimate, influence


def _doubly_robust(
    change: Array, own: Mask, size: Array, x: Array, a: Adoption, g: int
) -> tuple[float, Array]:
    n, k = x.shape
    few = min(int(own.sum()), int((~own).sum()))
    label = period_label(a.periods[g])
    if few <= k:
        raise CaseError(
            "the units first treated in {period} or those they are compared with are only {n},"
            " for {k} covariates",
            where="covariates",
            remedy="use fewer covariates, or compare without",
            period=label,
            n=few,
            k=k - 1,
        )
    d = own.astype(float)
    score, bread = _logit(d, x, size, label)
    # the line of the untreated
    wc = size * (1 - d)
    inverse = np.linalg.pinv((x * wc[:, None]).T @ x / n)
    line = inverse @ ((x * wc[:, None]).T @ change / n)
    left = change - x @ line
    on_line = (wc * left)[:, None] * x @ inverse
    on_score = (size * (d - score))[:, None] * x @ bread
    odds = np.where(score < _NO_OVERLAP, score / (1 - np.minimum(score, _NO_OVERLAP)), 0.0)
    w1, w0 = size * d, size * (1 - d) * odds
    mean1, mean0 = float(w1 @ left / w1.sum()), float(w0 @ left / w0.sum())
    treated = w1 * (left - mean1) - on_line @ (x.T @ w1 / n)
    compared = (
        w0 * (left - mean0)
        + on_score @ (x.T @ (w0 * (left - mean0)) / n)
        - on_line @ (x.T @ w0 / n)
    )
    return mean1 - mean0, treated / w1.sum() - compared / w0.sum()


def _logit(d: Array, x: Array, size: Array, label: str) -> tuple[Array, Array]:
    """Chance of being treated, and n times the covariance of its coefficients (Newton)."""
    beta = np.zeros(x.shape[1])
    beta[0] = np.log((size @ d) / (size @ (1 - d)))
    for _ in range(50):
        p = expit(x @ beta)
        hessian = (x * (size * p * (1 - p))[:, None]).T @ x
        step = np.linalg.pinv(hessian) @ (x.T @ (size * (d - p)))
        beta = beta + step
        if np.abs(x @ step).max() < 1e-10:
            break
    else:
        raise CaseError(
            "the covariates tell the units first treated in {period} from all others",
            where="covariates",
            remedy="leave out the covariate that does so; nobody is like the treated",
            period=label,
        )
    p = expit(x @ beta)
    hessian = (x * (size * p * (1 - p))[:, None]).T @ x
    return p, np.linalg.pinv(hessian) * len(d)


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


def average_cells(cells: GroupTime, chosen: Mask) -> tuple[float, Array]:
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


def average_all(cells: GroupTime) -> tuple[float, Array]:
    """All treated groups and periods."""
    return average_cells(cells, cells.after)


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
    parts = [average_cells(cells, within & (label == name)) for name in names]
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
    scale = (quartiles[1] - quartiles[0]) / (ndtri(0.75) - ndtri(0.25))
    largest = np.abs(moved / scale).max(axis=1)
    return max(float(np.quantile(largest, level)), float(ndtri(0.5 + level / 2)))


def averages_table(
    averages: Averages, name: str, *, level: float, rng: np.random.Generator
) -> pd.DataFrame:
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
