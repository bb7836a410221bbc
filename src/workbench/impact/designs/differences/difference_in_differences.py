"""Difference-in-differences: two-way fixed effects with clusters as few as they come."""

from __future__ import annotations

from dataclasses import replace
from math import comb
from typing import Literal

import numpy as np
from scipy.special import stdtrit

from workbench.arrays import Mask
from workbench.impact.designs.design import Answer, Design, Situation
from workbench.impact.designs.differences.clusters import (
    classical,
    cut_by_unit,
    jackknife,
    panel_slope,
    pooled,
    sandwich,
    welch,
)
from workbench.impact.designs.differences.event_study import event_study, trend_check
from workbench.impact.designs.differences.randomisation import permutation, wild_bootstrap
from workbench.impact.effect import Effect, picture, relative_to_known, t_test
from workbench.impact.inputs.panel import CaseError, Panel
from workbench.impact.power import AFTER, CHANGE, panel_plan
from workbench.results import Finding

Inference = Literal["auto", "cr1", "sides", "cv3", "pooled", "wild", "permutation", "classical"]

# Untreated units that met the rule: fewer do not speak for all that did.
_FEWEST_SAME_RULE = {"customer": 10, "group": 3}
# Up to here each unit is left out in turn; above, the sandwich is as good and quicker.
_JACKKNIFE_UP_TO = 200
# On the smaller side: too few for the jackknife, enough for the sandwich.
_FEW, _MANY = 3, 50
# Fewer ways to choose the treated leave a permutation test without a 5 % verdict.
_FEWEST_ASSIGNMENTS = 40
_WORDS = {
    "cr1": "t, clustered by unit",
    "sides": "t, clustered by unit, the two sides apart",
    "cv3": "t, leaving out one unit at a time",
    "pooled": "t, one change a unit",
    "wild": "wild bootstrap of the units",
    "permutation": "permutation of the treated units",
    "classical": "t, as if all records were independent",
}
_COVARIANCES = {
    "cr1": sandwich,
    "sides": welch,
    "cv3": jackknife,
    "pooled": pooled,
    "classical": classical,
}
NAME = "difference in differences"
ASSUMPTION = (
    "Without the measure, those who got it would have followed the same trend as the "
    "comparison group (parallel trends)."
)


def difference_in_differences(
    panel: Panel,
    *,
    fixed: Literal["auto", "unit", "group"] = "auto",
    inference: Inference = "auto",
    level: float = 0.95,
    rng: np.random.Generator | None = None,
) -> Effect:
    """Compare the change of the treated with the change of the rest.

    Two-way fixed effects (unit and period, or group and period where different units are seen at
    different times), cells weighted by their records, errors clustered by unit.

    Parameters
    ----------
    panel : Panel
        Units are the clusters: aggregate customers to cities where cities were treated.
    fixed : {"auto", "unit", "group"}
        "auto" takes units when most treated and comparison units are seen before and after.
    inference : {"auto", "cr1", "sides", "cv3", "pooled", "wild", "permutation", "classical"}
        "auto": the leave-one-unit-out jackknife (CV3) with t(G-1) up to 200 units. With two or
        three units on the smaller side, where CV3 is too narrow and the wild bootstrap too wide,
        permutation if there are 40 ways to choose them or more, else one pooled change a unit with
        t(G-2). Above 200 units the sandwich: CR1 with t(G-1), or the sides apart where one has
        fewer than 50 units or where different units are seen at different times. "classical"
        takes all records for independent; it is there to reproduce old tables.
    rng : numpy.random.Generator, optional
        Draws assignments where there are more than 4,999; a fixed seed when left out, so that the
        same data give the same answer.

    Raises
    ------
    CaseError
        One treated unit or one comparison unit: no interval would be honest.

    References
    ----------
    Bertrand, Duflo, Mullainathan (2004), QJE 119(1); MacKinnon, Nielsen, Webb (2023), Journal of
    Econometrics 232(2), 272-299 (CV3, few treated clusters); Young (2019), QJE 134(2), 557-598
    (permutation).

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from workbench.impact import difference_in_differences, read_panel
    >>> rng = np.random.default_rng(1)
    >>> months = pd.date_range("2024-01-01", periods=16, freq="MS")
    >>> treated = "ABCDEF"
    >>> records = pd.DataFrame([
    ...     {
    ...         "city": city, "period": month,
    ...         "estimate": rng.normal(20, 1) + 3 * (city in treated and month >= months[10]),
    ...     }
    ...     for city in "ABCDEFGHIJKLMNOPQRSTUVWX" for month in months
    ... ])
    >>> panel = read_panel(records, dict.fromkeys(treated, True), start=months[10], unit="city")
    >>> effect = difference_in_differences(panel)
    >>> effect.low < 3 < effect.high
    True
    """
    usable = _check_sides(panel)
    panel = panel.select(usable)
    chosen = fixed_effects_of(panel) if fixed == "auto" else fixed
    row = np.arange(len(panel.units)) if chosen == "unit" else panel.treated.astype(int)
    n_units = len(panel.units)
    smaller = min(panel.n_treated, n_units - panel.n_treated)
    how = inference
    if how == "auto":
        how = _suited(n_units, smaller) if chosen == "unit" else "sides"
    slope = panel_slope(panel, row)
    fit = _COVARIANCES.get(how, sandwich)(panel, row, slope)
    se, effect = fit.se, slope.effect
    quantile = float(stdtrit(fit.df, 0.5 + level / 2))
    low, high = effect - quantile * se, effect + quantile * se
    p = t_test(effect, se, fit.df)
    if how == "permutation":
        low, high, p = permutation(panel, level=level, rng=rng)
    elif how == "wild":
        low, high, p = wild_bootstrap(cut_by_unit(slope, panel.weight, row), level=level, rng=rng)
    gaps = event_study(panel, fixed=chosen, level=level)
    observed = panel.group_means(panel.treated)
    gap, half = gaps["estimate"].to_numpy(), (gaps["high"] - gaps["estimate"]).to_numpy()
    checks = [trend_check(panel, level=level)]
    if smaller <= _FEW:
        checks.append(few_units(smaller))
    return Effect.of(
        NAME,
        effect,
        low,
        high,
        p,
        mean=fit.mean,
        relative=relative_to_known(effect, low, high, fit.mean),
        inference=_WORDS[how],
        **panel.sizes,
        series=picture(panel.periods, panel.after, observed, observed - gap, half),
        gaps=gaps,
        checks=tuple(checks),
        assumption=ASSUMPTION,
    )


def few_units(n: int) -> Finding:
    """Warn that few units stand on the smaller side."""
    return Finding(
        "few units",
        "Only {n} units stand on the smaller side of the comparison; the interval is rough.",
        {"n": n},
        severity="warning",
    )


def _suited(n_units: int, smaller: int) -> Inference:
    """Choose the interval that holds with so many units, so many on the smaller side."""
    if smaller <= _FEW:
        able = comb(n_units, smaller) >= _FEWEST_ASSIGNMENTS and n_units <= _JACKKNIFE_UP_TO
        return "permutation" if able else "pooled"
    if n_units <= _JACKKNIFE_UP_TO:
        return "cv3"
    return "cr1" if smaller >= _MANY else "sides"


def _check_sides(panel: Panel) -> Mask:
    """Return the units that carry any record, or refuse."""
    usable: Mask = np.asarray(panel.weight.sum(axis=1) > 0)
    for name, side in (("treated", panel.treated), ("comparison", ~panel.treated)):
        n = int((side & usable).sum())
        if n < 2:
            raise CaseError(
                "there is one {who} unit" if n else "there is no {who} unit",
                where="treatments",
                remedy="one unit's change cannot be told from chance; compare smaller units, or"
                " say that no conclusion is possible",
                who=name,
            )
        for time, periods in (("before", ~panel.after), ("after", panel.after)):
            if not (panel.weight[np.ix_(side & usable, periods)] > 0).any():
                raise CaseError(
                    "no {who} unit was observed {time} the start",
                    where="outcome table",
                    remedy="bring data for both times",
                    who=name,
                    time=time,
                )
    return usable


def fixed_effects_of(panel: Panel) -> Literal["unit", "group"]:
    """Units where most are seen before and after, else the two groups."""
    both = (panel.weight[:, ~panel.after].sum(axis=1) > 0) & (
        panel.weight[:, panel.after].sum(axis=1) > 0
    )
    share = min(both[panel.treated].mean(), both[~panel.treated].mean())
    return "unit" if share >= 0.6 and both[panel.treated].sum() >= 2 else "group"


def _named(name: str) -> Answer[Panel]:
    """Give the answer of a design that rests on this estimator."""
    return lambda panel, case, level: replace(
        difference_in_differences(panel, level=level), design=name
    )


def _same_rule(s: Situation) -> str:
    if s.case.chosen != "rule":
        return "not chosen by a rule"
    met = (s.n_same_rule or 0) >= _FEWEST_SAME_RULE["group" if s.case.group else "customer"]
    return s.lacking or ("" if met else "nobody else met the rule")


_BESIDE = ("same baseline", "synthetic difference in differences")

PLAIN = Design[Panel](
    name=NAME,
    family="differences",
    shape="units",
    assumption=ASSUMPTION,
    grade=2,
    lacks=lambda s: s.not_alike,
    answer=_named(NAME),
    rank=6,
    beside=_BESIDE,
    plan=panel_plan(NAME, CHANGE),
)
SAME_RULE = Design[Panel](
    name="same rule",
    family="differences",
    shape="units",
    assumption="Units that met the same rule but did not get the measure would have "
    "followed the same trend as those that got it.",
    grade=2,
    lacks=_same_rule,
    answer=_named("same rule"),
    rank=2,
    compares=lambda panel: panel.select(panel.eligible),
    beside=_BESIDE,
    planned_as=NAME,
)
RANDOMISED = Design[Panel](
    name="chosen at random",
    family="differences",
    shape="units",
    assumption="The random choice was fair, and the units do not affect one another.",
    grade=3,
    lacks=lambda s: s.lacking if s.case.chosen == "random" else "not chosen at random",
    answer=_named("chosen at random"),
    rank=1,
    beside=_BESIDE,
    plan=panel_plan("chosen at random", AFTER),
)
