"""AdjustedComparison at the same baseline: what those who started level would have come to."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit

from workbench.arrays import Array, Mask
from workbench.impact.designs.design import Design
from workbench.impact.designs.differences.difference_in_differences import difference_in_differences
from workbench.impact.designs.differences.event_study import event_study
from workbench.impact.effect import Effect, picture
from workbench.impact.inputs.panel import CaseError, Panel
from workbench.impact.power import ADJUSTED, panel_plan
from workbench.results import Finding, attempt
from workbench.study import Case

NAME = "same baseline"
ASSUMPTION = (
    "Units with the same history before would have come to the same outcome without the measure;"
    " what else they were chosen by does not matter for it."
)
# Above this number of treated units the comparison line is fitted to the untreated alone, so that
# an effect that grows with the baseline is averaged over the treated.
_MANY = 50
_MANY_FOR_BLOCKS = 60


@dataclass(frozen=True)
class AdjustedComparison:
    """Outcome after the start, baseline covariates, weights: one row a unit."""

    after: Array
    baseline: Array  # (units, k) without a constant
    weight: Array
    treated: Mask
    used: Mask  # of the panel's units


def baseline_blocks(panel: Panel, *, year: int | None) -> list[Mask]:
    """Cut the time before the start into blocks, the last one first.

    Parameters
    ----------
    panel : Panel
    year : int, optional
        Periods in a year (12 for months, 4 for quarters).

    Returns
    -------
    list of ndarray of bool, shape (periods,)
        With many units: the last quarter, the rest of the last half-year, the rest of the last
        year, and all before. With fewer than 60: the last half-year and all before, since each
        block costs a degree of freedom. Where the year is not known, the last periods one by one.
    """
    places = np.flatnonzero(~panel.after)[::-1]
    few = len(panel.units) < _MANY_FOR_BLOCKS
    if year and year >= 4:
        cuts = [0, year // 2] if few else [0, year // 4, year // 2, year]
    else:
        cuts = [0, 1] if few else [0, 1, 2, 3]
    cuts = [*cuts, max(len(places), cuts[-1])]
    blocks: list[Mask] = []
    for first, last in pairwise(cuts):
        chosen = places[first:last]
        if chosen.size:
            mask = np.zeros(len(panel.periods), dtype=bool)
            mask[chosen] = True
            blocks.append(mask)
    return blocks


def same_baseline(panel: Panel, *, year: int | None = None, level: float = 0.95) -> Effect:
    """Compare treated and untreated units with the same history (analysis of covariance).

    Each unit's mean outcome after the start is regressed on its history before, in blocks of
    time, and on treatment. With many treated units the line is fitted to the untreated and read
    off at the treated units' history. Units that were chosen because of a bad (or good) baseline
    are so compared with units whose baseline was as bad, and the return to the mean falls out.

    Parameters
    ----------
    panel : Panel
    year : int, optional
        Periods in a year.

    Raises
    ------
    CaseError
        Too few units were seen both before and after.

    References
    ----------
    Frison, Pocock (1992), Statistics in Medicine 11, 1685-1704; Blinder (1973), Journal of Human
    Resources 8(4) (the line of the untreated); MacKinnon, White (1985), Journal of Econometrics
    29 (HC3).
    """
    data = _comparison(panel, year)
    n_treated, n_other = int(data.treated.sum()), int((~data.treated).sum())
    k = data.baseline.shape[1]
    if min(n_treated, n_other) < 2 or n_treated + n_other < k + 8:
        raise CaseError(
            "{treated} treated and {other} other units were seen before and after",
            where="outcome table",
            remedy="a comparison at the same baseline needs more; compare group means over time",
            treated=n_treated,
            other=n_other,
        )
    own_line = n_treated >= _MANY and n_other >= 10 * (k + 1)
    estimate = _untreated_line if own_line else _common_slope
    effect, influence, df, scale = estimate(data)
    w = data.weight * data.treated
    mean = float(w @ data.after / w.sum())
    se = float(np.sqrt(scale * influence @ influence))
    half = float(stdtrit(df, 0.5 + level / 2)) * se
    used = panel.select(data.used)
    gaps = event_study(used, level=level)
    left = int((~data.used & (panel.weight.sum(axis=1) > 0)).sum())
    checks = [_overlap(data)]
    if left:
        checks.append(
            Finding(
                "not comparable",
                "{n} units were not seen both before and after and are left out.",
                {"n": left},
            )
        )
    return Effect.of_t(
        NAME,
        effect,
        se,
        df,
        mean=mean,
        level=level,
        inference="robust t (HC3)",
        **used.sizes,
        series=_picture(used, gaps, effect, half),
        gaps=gaps,
        checks=tuple(checks),
        assumption=ASSUMPTION,
    )


def _comparison(panel: Panel, year: int | None) -> AdjustedComparison:
    after, w_after = panel.means(panel.after)
    columns = []
    seen_before = np.zeros(len(panel.units), dtype=bool)
    for mask in baseline_blocks(panel, year=year):
        mean, weight = panel.means(mask)
        present = weight > 0
        seen_before |= present
        columns.append(np.nan_to_num(mean))
        if not present.all():
            columns.append((~present).astype(float))
    used = seen_before & (w_after > 0)
    if not used.any():
        raise CaseError(
            "no unit was seen both before and after the start",
            where="outcome table",
            remedy="compare group means over time",
        )
    x = np.column_stack(columns)[used]
    # a block that says nothing new (constant, or the complement of another) is left out
    varied = _independent(x)
    return AdjustedComparison(
        after=after[used],
        baseline=x[:, varied],
        weight=w_after[used] / w_after[used].mean(),
        treated=panel.treated[used],
        used=used,
    )


def _independent(x: Array) -> NDArray[np.int_]:
    chosen: list[int] = []
    basis = np.ones((len(x), 1)) / np.sqrt(len(x))
    for j in range(x.shape[1]):
        rest = x[:, j] - basis @ (basis.T @ x[:, j])
        size = float(np.linalg.norm(rest))
        if size > 1e-6 * max(float(np.linalg.norm(x[:, j])), 1e-300):
            chosen.append(j)
            basis = np.column_stack([basis, rest / size])
    return np.array(chosen, dtype=int)


def _common_slope(data: AdjustedComparison) -> tuple[float, Array, float, float]:
    """One regression with a common slope; HC3 influence, t with n - k."""
    x = np.column_stack([np.ones(len(data.after)), data.baseline, data.treated])
    root = np.sqrt(data.weight)
    xw, yw = x * root[:, None], data.after * root
    bread = np.linalg.pinv(xw.T @ xw)
    beta = bread @ (xw.T @ yw)
    leverage = np.einsum("ij,jk,ik->i", xw, bread, xw)
    residual = (yw - xw @ beta) / np.maximum(1 - leverage, 1e-6)
    influence = (xw @ bread[:, -1]) * residual
    return float(beta[-1]), influence, float(len(yw) - x.shape[1]), 1.0


def _untreated_line(data: AdjustedComparison) -> tuple[float, Array, float, float]:
    """Fit the untreated units' line, and read it off at the treated units' history."""
    other = ~data.treated
    x = np.column_stack([np.ones(len(data.after)), data.baseline])
    root = np.sqrt(data.weight)[other]
    xw, yw = x[other] * root[:, None], data.after[other] * root
    bread = np.linalg.pinv(xw.T @ xw)
    beta = bread @ (xw.T @ yw)
    leverage = np.einsum("ij,jk,ik->i", xw, bread, xw)
    share = np.where(data.treated, data.weight, 0.0)
    share = share / share.sum()
    above = data.after - x @ beta
    effect = float(share @ above)
    influence = share * (above - effect)
    centre = share @ x
    influence[other] = -(xw @ (bread @ centre)) * (yw - xw @ beta) / np.maximum(1 - leverage, 1e-6)
    n = int(data.treated.sum())
    return effect, influence, float(n - 1), n / (n - 1)


def _overlap(data: AdjustedComparison) -> Finding:
    """Say whether treated units have untreated ones of the same baseline."""
    if not data.baseline.shape[1]:
        return Finding(
            "overlap",
            "Before the start all units were the same: there is no baseline to adjust for.",
        )
    x = data.baseline[:, 0]
    inside = (x[data.treated] >= x[~data.treated].min()) & (
        x[data.treated] <= x[~data.treated].max()
    )
    share = float(inside.mean())
    scale = float(np.std(x)) or 1.0
    distance = abs(x[data.treated].mean() - x[~data.treated].mean()) / scale
    if share < 0.5:
        return Finding(
            "overlap",
            "Most treated units have no untreated unit of the same baseline; the answer"
            " rests on a straight line being right.",
            severity="warning",
        )
    if distance > 1:
        return Finding(
            "overlap",
            "Treated and untreated units differ widely before ({d} standard deviations);"
            " the answer leans on the adjustment.",
            {"d": round(float(distance), 1)},
        )
    return Finding(
        "overlap", "Treated units have untreated ones of the same baseline.", severity="ok"
    )


def _picture(panel: Panel, gaps: pd.DataFrame, effect: float, half: float) -> pd.DataFrame:
    """Observed, and the same less the effect: the comparison's path carried to the treated."""
    observed = panel.group_means(panel.treated)
    moved = gaps["estimate"].to_numpy()
    after = panel.after
    weight = panel.weight[panel.treated].sum(axis=0)[after]
    shift = effect - float(np.average(moved[after], weights=weight))
    without = observed - moved - np.where(after, shift, 0.0)
    return picture(panel.periods, after, observed, without, half)


def _answer(panel: Panel, case: Case, level: float) -> Effect:
    return same_baseline(panel, year=case.periods_a_year, level=level)


def _or_changes(panel: Panel, case: Case, level: float) -> Effect:
    """Compare at the same baseline, or changes where too few were seen twice."""
    effect = attempt(_answer, panel, case, level)
    if effect is not None:
        return effect
    doubt = Finding(
        "baseline",
        "Too few units were seen both before and after to compare at the same baseline;"
        " changes of group means are compared instead.",
        severity="warning",
    )
    return difference_in_differences(panel, level=level).with_checks(doubt)


SAME_BASELINE = Design[Panel](
    name=NAME,
    family="baseline",
    shape="units",
    assumption=ASSUMPTION,
    grade=2,
    lacks=lambda s: s.lacking,
    answer=_or_changes,
    rank=7,
    plan=panel_plan(NAME, ADJUSTED),
)
