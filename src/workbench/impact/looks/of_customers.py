"""Looks at many units, thirty a side or more: their estimates vary together normally."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from workbench.arrays import Array
from workbench.impact.designs.differences.difference_in_differences import fixed_effects_of
from workbench.impact.effect import nothing_varies
from workbench.impact.inputs.panel import CaseError, Panel
from workbench.impact.looks.looks import NORMAL, Looks
from workbench.impact.looks.spending import bounds, courses, smallest_level, spent
from workbench.study import LookPlan

#: Fewest units a side, before and after, whose mean is as good as normal at every look.
FEWEST = 30


def by_influence(panel: Panel, plan: LookPlan, level: float) -> Looks:
    """Judge units after each period by what each adds to the error of each look's estimate.

    Parameters
    ----------
    panel : Panel
        Units that move independently.
    plan : LookPlan
    level : float

    Raises
    ------
    CaseError
        At no look were there thirty units a side, before and after; or nothing varies.

    References
    ----------
    Jennison, Turnbull (2000), Group Sequential Methods, chapters 7 and 11 (jointly normal
    estimates); Welch (1947), Biometrika 34, 28-35 (degrees of freedom).
    """
    at, effect, influence, df = estimates(panel)
    se = np.sqrt(np.square(influence).sum(axis=0))
    if not (se > 0).all():
        raise nothing_varies()
    paths = courses((influence.T @ influence) / np.outer(se, se))
    # a bound of the normal distribution, carried over to Student's t by its tail
    z = -ndtri(stdtr(df, -np.abs(effect / se)))

    def factors(alpha: float) -> Array:
        return bounds(paths, spent(at, plan, alpha), alpha)

    alpha = 1 - level
    half = by_t(factors(alpha), df) * se
    fixed = stdtrit(df, 0.5 + level / 2) * se
    p = max(smallest_level(lambda a: z[-1] > factors(a)[-1]), 2 * float(ndtr(-z[-1])))
    return Looks(
        at, effect, effect - half, effect + half, effect - fixed, effect + fixed, p, NORMAL
    )


def by_t(factor: Array, df: Array) -> Array:
    """Carry a bound of the normal distribution over to Student's t; infinite where it is."""
    known = np.isfinite(factor)
    return np.where(known, -stdtrit(df, ndtr(-np.where(known, factor, 0.0))), np.inf)


def estimates(panel: Panel) -> tuple[NDArray[np.int_], Array, Array, Array]:
    """Effect at each look, and what each unit adds to its error.

    Units that are seen before and after count by their change, others by the gap between the two
    sides in each period. Looks before there are enough units are none.

    Returns
    -------
    tuple of ndarray
        Number of each look, effect, influence (units, looks), degrees of freedom.
    """
    parts = _changes(panel) if fixed_effects_of(panel) == "unit" else _gaps(panel)
    at, effects, influences, dfs = [], [], [], []
    for k, (effect, influence, some) in enumerate(parts, 1):
        if min(some) < FEWEST:
            continue
        terms, total = 0.0, 0.0
        for side in (panel.treated, ~panel.treated):
            n = int(np.count_nonzero(influence[side]))
            if n < 2:
                raise nothing_varies()
            # the factor makes each side's variance that of a sample
            influence[side] *= np.sqrt(n / (n - 1))
            variance = float(np.square(influence[side]).sum())
            total, terms = total + variance, terms + variance**2 / (n - 1)
        at.append(k)
        effects.append(effect)
        influences.append(influence)
        dfs.append(total**2 / terms if terms > 0 else np.inf)
    if not at:
        raise CaseError(
            "{n} units on one side, before or after, are too few for several looks",
            where="case.looks",
            remedy="{needed} are needed; judge it once, at its end",
            n=min(some),
            needed=FEWEST,
        )
    return np.array(at), np.array(effects), np.column_stack(influences), np.array(dfs)


def _changes(panel: Panel) -> list[tuple[float, Array, list[int]]]:
    """By look: difference of the mean changes of units that were seen before and until then."""
    places, found = np.flatnonzero(panel.after), []
    before, known = panel.means(~panel.after)
    for k in range(1, len(places) + 1):
        until = np.zeros(len(panel.periods), dtype=bool)
        until[places[:k]] = True
        later, seen = panel.means(until)
        both = (known > 0) & (seen > 0)
        change = np.where(both, later - before, 0.0)
        influence, effect, some = np.zeros(len(change)), 0.0, []
        for sign, side in ((1.0, panel.treated & both), (-1.0, ~panel.treated & both)):
            n = max(int(side.sum()), 1)
            mean = float(change[side].sum()) / n
            effect += sign * mean
            influence[side] = sign * (change[side] - mean) / n
            some.append(int(side.sum()))
        found.append((effect, influence, some))
    return found


def _gaps(panel: Panel) -> list[tuple[float, Array, list[int]]]:
    """By look: mean gap between the sides until then less the mean gap before.

    Each period's gap counts by the records on both sides, which is the regression on group and
    period effects.
    """
    w, y = panel.weight, np.nan_to_num(panel.outcome)
    sums = [w[side].sum(axis=0) for side in (panel.treated, ~panel.treated)]
    joint = sums[0] * sums[1] / np.maximum(sums[0] + sums[1], 1e-300)
    gap, influence = np.zeros(len(panel.periods)), np.zeros_like(y)
    for sign, side, size in zip((1.0, -1.0), (panel.treated, ~panel.treated), sums, strict=True):
        mean = (w[side] * y[side]).sum(axis=0) / np.maximum(size, 1e-300)
        gap += sign * mean
        influence[side] = sign * w[side] * (y[side] - mean) / np.maximum(size, 1e-300)
    places, found = np.flatnonzero(panel.after), []
    for k in range(1, len(places) + 1):
        own, effect, some = np.zeros(len(y)), 0.0, []
        for sign, among in ((1.0, places[:k]), (-1.0, np.flatnonzero(~panel.after))):
            share = joint[among] / max(float(joint[among].sum()), 1e-300)
            effect += sign * float(share @ gap[among])
            own += sign * influence[:, among] @ share
            seen = (w[:, among] > 0).any(axis=1)
            some += [int((seen & side).sum()) for side in (panel.treated, ~panel.treated)]
        found.append((effect, own, some))
    return found
