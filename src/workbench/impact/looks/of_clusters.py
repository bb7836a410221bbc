"""Looks at few units: by all other ways in which as many of them could have been chosen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.arrays import Array
from workbench.impact.designs.design import seeded
from workbench.impact.designs.differences.clusters import demean
from workbench.impact.designs.differences.randomisation import assignments
from workbench.impact.inputs.panel import CaseError, Panel
from workbench.impact.looks.looks import REASSIGNED, Looks
from workbench.impact.looks.spending import exact_bounds, smallest_level, spent
from workbench.study import LookPlan

# Ways to choose the treated that may be spent on false alarms by the last look, at least.
_FEWEST_SPENT = 4
_DOUBLINGS, _HALVINGS = 8, 24


def by_reassignment(
    panel: Panel, plan: LookPlan, level: float, rng: np.random.Generator | None = None
) -> Looks:
    """Judge few units after each period by every other choice of as many treated.

    Whatever the units do over time, and however their errors are spread: where each choice was as
    likely, the course of the estimate over all looks is as likely as that of any other choice.
    Each look's bound lets as many courses across as may be spent by then. An interval holds the
    constant effects that no bound, worked out without them, rejects.

    Parameters
    ----------
    panel : Panel
        Units that were chosen, or might have been, each as likely.
    plan : LookPlan
    level : float
    rng : numpy.random.Generator, optional
        Draws choices where there are more than 4,999; a fixed seed when left out.

    Raises
    ------
    CaseError
        There are too few ways to choose the treated for several looks.

    References
    ----------
    Lehmann, Romano (2005), Testing Statistical Hypotheses, section 15.2 (re-assignment);
    Jennison, Turnbull (2000), Group Sequential Methods, chapter 7 (spending).
    """
    ways = assignments(len(panel.units), panel.n_treated, panel.treated, seeded(rng))
    if (1 - level) * len(ways) < _FEWEST_SPENT:
        raise CaseError(
            "there are {n} ways to choose as many treated units, too few for several looks",
            where="case.looks",
            remedy="bring more units; judge it once, at its end",
            n=len(ways),
        )
    own, share = _linear(panel, ways)
    at = np.arange(1, own.shape[1] + 1)
    alpha = 1 - level
    every = [_limits(own[:, :k], share[:, :k], spent(at[:k], plan, alpha)) for k in at]
    alone = [_limits(own[:, [k]], share[:, [k]], np.array([alpha])) for k in range(len(at))]
    p = smallest_level(lambda a: _crossed(np.abs(own), spent(at, plan, a)))
    (low, high), (fixed_low, fixed_high) = np.array(every).T, np.array(alone).T
    single = float((np.abs(own[:, -1]) >= np.abs(own[0, -1]) * (1 - 1e-9)).mean())
    return Looks(at, own[0], low, high, fixed_low, fixed_high, max(p, single), REASSIGNED)


def _linear(panel: Panel, ways: Array) -> tuple[Array, Array]:
    """Estimate of every choice at every look, and how an effect of the true one moves it.

    Each is (choices, looks). What fixed effects leave of a choice is the sum of what they leave of
    its units, so that no choice is fitted by itself.
    """
    places, past = np.flatnonzero(panel.after), np.flatnonzero(~panel.after)
    units = len(panel.units)
    if np.ptp(panel.weight) == 0:
        # nothing is missing: means of changes
        before = panel.outcome[:, past].mean(axis=1, keepdims=True)
        so_far = np.cumsum(panel.outcome[:, places], axis=1) / np.arange(1, len(places) + 1)
        k = panel.n_treated
        contrast = ways / k - (1 - ways) / (units - k)
        own = np.tile(contrast @ ways[0], (len(places), 1)).T
        return contrast @ (so_far - before), own
    effects, shares = np.empty((2, len(ways), len(places)))
    for k in range(1, len(places) + 1):
        some: NDArray[np.intp] = np.r_[past, places[:k]]
        w, row = panel.weight[:, some], np.arange(units)
        later = np.arange(len(some)) >= len(past)
        alone = np.zeros((units, units, len(some)))
        alone[row, row] = later
        left = demean(alone, w, row)
        y = demean(np.nan_to_num(panel.outcome[:, some]), w, row)
        inside = w * later
        cross = np.einsum("it,jit->ij", inside, left)
        sums = ways @ cross
        square = np.einsum("ni,ni->n", sums, ways)
        effects[:, k - 1] = ways @ (inside * y).sum(axis=1) / square
        shares[:, k - 1] = sums @ ways[0] / square
    return effects, shares


def _crossed(paths: Array, total: Array) -> bool:
    return bool(paths[0, -1] > exact_bounds(paths, total)[-1] * (1 + 1e-9))


def _limits(own: Array, share: Array, total: Array) -> tuple[float, float]:
    """Effects that the last look does not reject; infinite where it can reject none yet."""
    centre, found = float(own[0, -1]), []
    step = 4 * float(np.abs(own[:, -1] - centre * share[:, -1]).max())

    def rejected(effect: float) -> bool:
        return _crossed(np.abs(own - effect * share), total)

    for sign in (-1.0, 1.0):
        near, far = centre, centre + sign * step
        for _ in range(_DOUBLINGS):
            if rejected(far):
                break
            near, far = far, centre + 2 * (far - centre)
        else:
            found.append(sign * np.inf)
            continue
        for _ in range(_HALVINGS):
            middle = (near + far) / 2
            near, far = (near, middle) if rejected(middle) else (middle, far)
        found.append(far)
    return found[0], found[1]
