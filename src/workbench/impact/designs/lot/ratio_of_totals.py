"""A ratio of totals in a lot among customers: by the delta method, adjusted for its history."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from workbench.arrays import Array, Mask
from workbench.impact.designs.design import Design, Situation
from workbench.impact.effect import Effect, gap_table, picture
from workbench.impact.experiment.adjusted import arm_means
from workbench.impact.inputs.panel import CaseError, Panel
from workbench.impact.inputs.ratio import linearised
from workbench.impact.power import ADJUSTED, Plan, from_moments
from workbench.results import Finding
from workbench.study import Case

NAME = "chosen at random, ratio of totals"
ASSUMPTION = "The random choice was fair, and the units do not affect one another."
#: What is said of how a ratio was compared.
SAID = {
    "ratio": "The outcome is a ratio of totals: all of it after the start over all records of those"
    " customers ({records} records of {customers} customers), not a mean over customers. Several"
    " records of one customer count as what they are, no independent draws.",
    "gain": "Adjusting for the ratio before the start (CUPED) takes away {share} of its variance.",
}
_FEWEST_SEEN = 0.2


def ratio_of_totals(panel: Panel, *, level: float = 0.95) -> Effect:
    """Compare the ratio of the treated with that of the others.

    Parameters
    ----------
    panel : Panel
        Weighed by the records behind each customer's mean.
    level : float

    Raises
    ------
    CaseError
        Too few customers have records after the start, or nothing varies.

    References
    ----------
    Deng, Knoblich, Lu (2018), KDD 2018, 233-242; Deng, Xu, Kohavi, Walker (2013), WSDM 2013
    (CUPED, its section 3 on ratios); Lin (2013), Annals of Applied Statistics 7(1).
    """
    total, number = _sums(panel, panel.after)
    seen = number > 0
    arm = panel.treated[seen].astype(np.int64)
    if np.bincount(arm, minlength=2).min() < 2:
        raise CaseError(
            "one side has no records after the start",
            where="outcome table",
            remedy="wait for more data, or take an outcome that all customers have",
        )
    parts = linearised(total[seen], number[seen], arm)
    known = _history(panel, seen)
    means = arm_means(parts, arm, 2, known)
    effect, covariance = means.contrast(np.array([[-1.0, 1.0]]))
    value, se = float(effect[0]), float(np.sqrt(covariance[0, 0]))
    observed, other = panel.group_means(panel.treated), panel.group_means(~panel.treated)
    gap = observed - other
    weight = panel.weight[panel.treated].sum(axis=0)
    told = np.isfinite(gap) & panel.after
    shift = value - float(np.average(gap[told], weights=weight[told]))
    own = panel.select(seen)
    said = {"records": int(number.sum()), "customers": int(seen.sum())}
    checks = [Finding("ratio of totals", SAID["ratio"], said)]
    if known.shape[1]:
        share = round(100 * max(means.gain, 0.0))
        checks.append(
            Finding("gain of adjustment", SAID["gain"], {"share": f"{share} %"}, severity="ok")
        )
    return Effect.of_t(
        NAME,
        value,
        se,
        means.df,
        mean=float(means.mean[1]),
        level=level,
        inference="delta method, Student's t",
        **own.sizes,
        series=picture(panel.periods, panel.after, observed, observed - gap
                       - np.where(panel.after, shift, 0.0)),
        gaps=gap_table(panel.periods, panel.after, gap, np.nan),
        checks=tuple(checks),
        assumption=ASSUMPTION,
    )  # fmt: skip


def _sums(panel: Panel, periods: Mask) -> tuple[Array, Array]:
    mean, number = panel.means(periods)
    return np.nan_to_num(mean) * number, number


def _history(panel: Panel, seen: Mask) -> Array:
    """Each customer's part in the ratio before, and whether they had any; none where few had."""
    total, number = (x[seen] for x in _sums(panel, ~panel.after))
    had = number > 0
    if had.mean() < _FEWEST_SEEN:
        return np.zeros((int(seen.sum()), 0))
    parts = np.zeros(len(had))
    parts[had] = linearised(total[had], number[had], np.zeros(int(had.sum()), dtype=np.int64))
    parts[had] -= parts[had].mean()
    return parts[:, None] if had.all() else np.column_stack([parts, had.astype(float)])


def _lacks(s: Situation) -> str:
    if s.case.chosen != "random":
        return "not chosen at random"
    return s.lacking or ("" if s.ratio else "the outcome is no ratio of totals of customers")


def _answer(panel: Panel, case: Case, level: float) -> Effect:
    return ratio_of_totals(panel, level=level)


def _plan(panel: Panel, case: Case, power: float, level: float) -> Plan | None:
    """Plan by the parts in the ratio of the last periods before the start, and of those earlier."""
    if case.group is not None or not (panel.weight > 1).any():
        return None
    places = np.flatnonzero(~panel.after)
    r = min(int(panel.after.sum()), places.size // 2)
    if r < 1:
        return None
    late, early = np.zeros((2, len(panel.periods)), dtype=bool)
    late[places[-r:]], early[places[:-r]] = True, True
    halves = []
    for periods in (early, late):
        total, number = _sums(panel, periods)
        had = number > 0
        part = np.zeros(len(had))
        if had.sum() < 6:
            return None
        own = linearised(total[had], number[had], np.zeros(int(had.sum()), dtype=np.int64))
        part[had] = own - own.mean()
        halves.append((part, had, float(own.mean())))
    (first, _, _), (second, had, base) = halves
    share = float(had.mean())
    spread = np.cov(first[had], second[had])
    treated = max(round(panel.n_treated * share), 2)
    other = max(round((len(panel.units) - panel.n_treated) * share), 2)
    plan = from_moments(
        ADJUSTED, float(spread[1, 1]), float(spread[0, 0]), float(spread[0, 1]), treated, other,
        base=base, n_before=int(early.sum()), n_after=r, power=power, level=level,
    )  # fmt: skip
    return replace(plan, design=NAME)


RATIO = Design[Panel](
    name=NAME,
    family="lot",
    shape="units",
    assumption=ASSUMPTION,
    grade=3,
    lacks=_lacks,
    answer=_answer,
    rank=-1,
    plan=_plan,
)
