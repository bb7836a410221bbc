"""Doubly robust difference-in-differences: changes among units alike in what was known before."""

from __future__ import annotations

import numpy as np

from workbench.arrays import Array, Mask
from workbench.impact.designs.design import Design, Situation
from workbench.impact.designs.differences.difference_in_differences import PLAIN
from workbench.impact.designs.differences.event_study import event_study, trend_check
from workbench.impact.effect import Effect, picture
from workbench.impact.inputs.panel import CaseError, Panel
from workbench.results import Finding
from workbench.study import Case

NAME = "doubly robust difference in differences"
ASSUMPTION = (
    "Among units alike in what the card names (`adjust`), those who got the measure would have"
    " changed as the others did; it is enough that either the changes or who took part follow"
    " from it as modelled."
)
# Units of a side beyond one a covariate; others as unlike the treated as this are left out.
_FEWEST_LEFT, _MOST_LIKELY = 8, 0.995
_STEPS, _CLOSE, _STEEPEST = 60, 1e-9, 30.0


def doubly_robust_differences(panel: Panel, *, level: float = 0.95) -> Effect:
    """Compare changes of treated and other units, given what was known of them before.

    The change of the others is foretold by a line in the covariates, and the others are weighed by
    how likely they were to be treated (a logistic regression): the answer is right where one of the
    two is.

    Parameters
    ----------
    panel : Panel
        With `traits`, a row a unit.
    level : float

    Raises
    ------
    CaseError
        No traits; too few units seen both before and after; treated units that have none alike.

    References
    ----------
    Sant'Anna, Zhao (2020), Journal of Econometrics 219(1), 101-122 (section 3, panel data).
    """
    if panel.traits is None:
        raise CaseError(
            "nothing is known of the units by which they could be compared",
            where="case.adjust",
            remedy="name columns of the customers' table that were known before",
        )
    before, w_before = panel.means(~panel.after)
    after, w_after = panel.means(panel.after)
    used: Mask = np.asarray((w_before > 0) & (w_after > 0))
    panel, change, own = panel.select(used), (after - before)[used], panel.treated[used]
    assert panel.traits is not None
    x = _standard(panel.traits)
    smaller = int(min(own.sum(), (~own).sum()))
    if smaller < x.shape[1] + _FEWEST_LEFT:
        raise CaseError(
            "{n} units of a side were seen before and after, {needed} are needed",
            where="outcome table",
            remedy="adjust for less, or compare without it",
            n=smaller,
            needed=x.shape[1] + _FEWEST_LEFT,
        )
    effect, influence, chance = _estimate(change, own, x)
    n, df = len(own), float(smaller - x.shape[1])
    se = float(np.linalg.norm(influence) / n * np.sqrt(smaller / df))
    gaps = event_study(panel, level=level)
    observed = panel.group_means(panel.treated)
    moved = gaps["estimate"].to_numpy()
    later, weight = panel.after, panel.weight[panel.treated].sum(axis=0)
    shift = effect - float(np.average(moved[later], weights=weight[later]))
    without = observed - moved - np.where(later, shift, 0.0)
    return Effect.of_t(
        NAME,
        effect,
        se,
        df,
        mean=float(np.average(observed[later], weights=weight[later])),
        level=level,
        inference="robust t (influence of each unit)",
        **panel.sizes,
        series=picture(panel.periods, later, observed, without),
        gaps=gaps,
        checks=(trend_check(panel, level=level), _alike(chance, own)),
        assumption=ASSUMPTION,
    )


def _standard(traits: Array) -> Array:
    """Lay out a constant and the traits; those that follow from others are left out."""
    spread = traits.std(axis=0)
    z = (traits - traits.mean(axis=0))[:, spread > 0] / spread[spread > 0]
    kept = [np.ones(len(z))]
    for column in z.T:
        basis = np.linalg.qr(np.column_stack(kept))[0]
        if np.linalg.norm(column - basis @ (basis.T @ column)) > 1e-6 * np.sqrt(len(z)):
            kept.append(column)
    return np.column_stack(kept)


def _chance(own: Mask, x: Array) -> tuple[Array, Array]:
    """Chance of each unit to be treated, with what each adds to the error of the coefficients."""
    d, b = own.astype(float), np.zeros(x.shape[1])
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-np.clip(x @ b, -_STEEPEST, _STEEPEST)))
        bread = np.linalg.pinv((x * (p * (1 - p))[:, None]).T @ x)
        step = bread @ (x.T @ (d - p))
        b = b + step
        if np.abs(step).max() < _CLOSE:
            return p, len(d) * (x * (d - p)[:, None]) @ bread
    raise CaseError(
        "who took part follows from the columns alone: nobody is left to compare with",
        where="case.adjust",
        remedy="adjust for less",
    )


def _estimate(change: Array, own: Mask, x: Array) -> tuple[float, Array, Array]:
    """Effect on the treated, the influence of each unit (of mean zero), and the chances."""
    chance, of_chance = _chance(own, x)
    n, other = len(change), ~own
    bread = np.linalg.inv(x[other].T @ x[other])
    rest = change - x @ (bread @ (x[other].T @ change[other]))
    of_line = n * (x * np.where(other, rest, 0.0)[:, None]) @ bread
    odds = chance / (1 - np.minimum(chance, 0.999999))
    weight = {
        True: own.astype(float),
        False: np.where(other & (chance < _MOST_LIKELY), odds, 0.0),
    }
    parts, influence = {}, {}
    for side, w in weight.items():
        parts[side] = float(w @ rest / w.sum())
        beyond = w * (rest - parts[side]) - of_line @ (w @ x) / n
        if not side:  # the others' weights are themselves estimated
            beyond = beyond + of_chance @ ((w * (rest - parts[side])) @ x) / n
        influence[side] = beyond / w.mean()
    return parts[True] - parts[False], influence[True] - influence[False], chance


def _alike(chance: Array, own: Mask) -> Finding:
    """Say whether treated units have others that were as likely to be treated."""
    alone = float((chance[own] > np.quantile(chance[~own], 0.999)).mean())
    if alone > 0.1:
        return Finding(
            "alike in what was known",
            "{share} percent of the treated have hardly any other unit alike in what the card"
            " names; the adjusted comparison rests on its models there.",
            {"share": round(100 * alone)},
            severity="warning",
        )
    return Finding(
        "alike in what was known",
        "The treated have other units alike in what the card names.",
        severity="ok",
    )


def _lacks(s: Situation) -> str:
    if s.case.chosen != "volunteers":
        return "no volunteers"
    return s.lacking or ("" if s.case.adjust else "the card names no columns to adjust for")


def _answer(panel: Panel, case: Case, level: float) -> Effect:
    return doubly_robust_differences(panel, level=level)


DOUBLY_ROBUST = Design[Panel](
    name=NAME,
    family="differences",
    shape="units",
    assumption=ASSUMPTION,
    grade=1,
    lacks=_lacks,
    answer=_answer,
    compares=lambda panel: panel.select(panel.eligible),
    planned_as=PLAIN.name,
)
