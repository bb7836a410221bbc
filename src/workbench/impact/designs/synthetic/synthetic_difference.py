"""Synthetic difference-in-differences: like units and like times weighted up, levels taken out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit

from workbench.arrays import Array
from workbench.impact.designs.design import Design, Situation, seeded
from workbench.impact.designs.synthetic.donor_weights import (
    closest_mixture,
    stopped_early,
    without_holes,
)
from workbench.impact.effect import Effect, gap_table, picture, relative_to_known, t_test
from workbench.impact.inputs.panel import CaseError, Panel
from workbench.results import Finding
from workbench.study import Case

Variance = Literal["auto", "placebo", "jackknife", "bootstrap"]
Solver = Literal["exact", "frank-wolfe"]

NAME = "synthetic difference in differences"
ASSUMPTION = (
    "Without the measure, the treated would have moved in step with the mixture of comparison units"
    " that moved in step with them before."
)
_FEWEST_FOR_JACKKNIFE = 5
_FEWEST_BEFORE = 4
_DRAWS = 400
_WORDS = {
    "placebo": "placebo: comparison units in the place of the treated",
    "jackknife": "t, leaving out one unit at a time",
    "bootstrap": "bootstrap of the units",
}


@dataclass(frozen=True)
class SyntheticDifference(Effect):
    """Effect, and the mixtures of units and periods behind it.

    Attributes
    ----------
    donors : DataFrame
        `unit`, `weight`, the heaviest first.
    times : DataFrame
        `period`, `weight` of the periods before.
    se : float
    """

    donors: pd.DataFrame = field(default_factory=pd.DataFrame)
    times: pd.DataFrame = field(default_factory=pd.DataFrame)
    se: float = float("nan")


@dataclass(frozen=True)
class _Fit:
    effect: float
    units: Array  # weights of the comparison units
    times: Array  # weights of the periods before


def synthetic_difference(
    panel: Panel,
    *,
    variance: Variance = "auto",
    solver: Solver = "exact",
    level: float = 0.95,
    rng: np.random.Generator | None = None,
) -> SyntheticDifference:
    """Compare the treated with a mixture of units, and the time after with a mixture of times.

    Parameters
    ----------
    panel : Panel
        Comparison units with holes are left out and counted; the treated may have none.
    variance : {"auto", "placebo", "jackknife", "bootstrap"}
        "placebo": comparison units put in the place of the treated (every one in turn where one
        unit was treated); "jackknife": each unit left out with the weights kept, from five treated
        units on; "bootstrap": units drawn again, weights fitted again. "auto" takes the jackknife
        where it can, else placebos.
    solver : {"exact", "frank-wolfe"}
        The second stops early as the authors' package synthdid does; the printed values follow it.
    rng : numpy.random.Generator, optional
        Draws placebos and bootstrap samples; a fixed seed when left out.

    Raises
    ------
    CaseError
        Holes in the treated units' series, too few units or periods.

    References
    ----------
    Arkhangelsky, Athey, Hirshberg, Imbens, Wager (2021), American Economic Review 111(12),
    4088-4118, algorithms 1 to 4.
    """
    panel, checks = _complete(panel)
    y, after = panel.outcome, panel.after
    control, treated = y[~panel.treated], y[panel.treated]
    n1 = len(treated)
    fit = _fit(control, treated, after, solver)
    how = variance
    if how == "auto":
        how = "jackknife" if n1 >= _FEWEST_FOR_JACKKNIFE else "placebo"
    source = seeded(rng)
    if how == "placebo":
        se, df = _placebo(control, n1, after, source)
    elif how == "jackknife":
        se, df = _jackknife(control, treated, after, fit)
    else:
        se, df = _bootstrap(control, treated, after, source)
    half = float(stdtrit(df, 0.5 + level / 2)) * se
    mean = float(treated[:, after].mean())
    observed = treated.mean(axis=0)
    gap = observed - fit.units @ control
    gap = gap - fit.times @ gap[~after]
    donors = pd.DataFrame({"unit": panel.units[~panel.treated], "weight": fit.units})
    low, high = fit.effect - half, fit.effect + half
    return SyntheticDifference.of(
        NAME,
        fit.effect,
        low,
        high,
        t_test(fit.effect, se, df),
        mean=mean,
        relative=relative_to_known(fit.effect, low, high, mean),
        inference=_WORDS[how],
        **panel.sizes,
        series=picture(panel.periods, after, observed, observed - gap, half),
        gaps=gap_table(panel.periods, after, gap, half),
        checks=(*checks, _steady(gap, after, control)),
        assumption=ASSUMPTION,
        donors=donors.sort_values("weight", ascending=False, ignore_index=True),
        times=pd.DataFrame({"period": panel.periods[~after], "weight": fit.times}),
        se=se,
    )


def _complete(panel: Panel) -> tuple[Panel, list[Finding]]:
    holes = ~panel.complete
    if (holes & panel.treated).any():
        raise CaseError(
            "{n} of {m} treated units were not observed in every period",
            where="outcome table",
            remedy="fill the gaps, take longer periods, or use difference in differences",
            n=int((holes & panel.treated).sum()),
            m=panel.n_treated,
        )
    n_other = int((~panel.treated & ~holes).sum())
    few = n_other <= max(panel.n_treated, 2) or panel.n_before < _FEWEST_BEFORE
    if not panel.n_treated or few:
        raise CaseError(
            "there are {a} treated units, {b} comparison units observed in every period and {c}"
            " periods before the start",
            where="outcome table",
            remedy="mixtures need more comparison units than treated ones, three at least, and four"
            " periods before",
            a=panel.n_treated,
            b=n_other,
            c=panel.n_before,
        )
    return without_holes(panel)


def _fit(control: Array, treated: Array, after: NDArray[np.bool_], solver: Solver) -> _Fit:
    before = ~after
    noise = float(np.diff(control[:, before], axis=1).std(ddof=1))
    ridge = (len(treated) * int(after.sum())) ** 0.5 * noise**2
    own = treated.mean(axis=0)
    units = _mixture((control[:, before] - own[before]).T, ridge, noise, solver)
    times = _mixture(
        control[:, before] - control[:, after].mean(axis=1)[:, None],
        (1e-6 * noise) ** 2,
        noise,
        solver,
    )
    return _Fit(_contrast(control, own, after, units, times), units, times)


def _mixture(gaps: Array, ridge: float, noise: float, solver: Solver) -> Array:
    """Weights with an intercept: each column less its mean."""
    gaps = gaps - gaps.mean(axis=0)
    if solver == "exact":
        return closest_mixture(gaps, ridge=ridge * len(gaps))
    return stopped_early(gaps, ridge=ridge, noise=noise)


def _contrast(
    control: Array, own: Array, after: NDArray[np.bool_], units: Array, times: Array
) -> float:
    gap = own - units @ control
    return float(gap[after].mean() - times @ gap[~after])


def _placebo(
    control: Array, n1: int, after: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[float, float]:
    """Spread of the effects found on units that were not treated (algorithm 4)."""
    n0 = len(control)
    if n1 == 1:
        sets = [np.array([i]) for i in range(n0)]
    else:
        sets = [rng.permutation(n0)[:n1] for _ in range(_DRAWS)]
    effects = []
    for chosen in sets:
        mask = np.zeros(n0, dtype=bool)
        mask[chosen] = True
        effects.append(_fit(control[~mask], control[mask], after, "exact").effect)
    return float(np.std(effects, ddof=0)), float(max(n0 // n1 - 1, 1))


def _jackknife(
    control: Array, treated: Array, after: NDArray[np.bool_], fit: _Fit
) -> tuple[float, float]:
    """Each unit left out, weights kept (algorithm 3)."""
    own = treated.mean(axis=0)
    n0, n1 = len(control), len(treated)
    effects = []
    for i in range(n0):
        units = np.delete(fit.units, i)
        rest = np.delete(control, i, axis=0)
        if units.sum() > 0:
            effects.append(_contrast(rest, own, after, units / units.sum(), fit.times))
        else:
            effects.append(fit.effect)
    for i in range(n1):
        rest = np.delete(treated, i, axis=0).mean(axis=0)
        effects.append(_contrast(control, rest, after, fit.units, fit.times))
    n = n0 + n1
    deviation = np.array(effects) - np.mean(effects)
    return float(np.sqrt((n - 1) / n * deviation @ deviation)), float(n1 - 1)


def _bootstrap(
    control: Array, treated: Array, after: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[float, float]:
    """Units drawn with replacement, weights fitted again (algorithm 2)."""
    both = np.vstack([control, treated])
    own = np.arange(len(both)) >= len(control)
    effects: list[float] = []
    while len(effects) < _DRAWS:
        drawn = rng.integers(0, len(both), len(both))
        mine = own[drawn]
        if mine.any() and (~mine).sum() >= 2:
            effects.append(_fit(both[drawn[~mine]], both[drawn[mine]], after, "exact").effect)
    return float(np.std(effects, ddof=0)), float(max(len(treated) - 1, 1))


def _steady(gap: Array, after: NDArray[np.bool_], control: Array) -> Finding:
    """Say whether the mixture moved in step before: its gap beside the noise of single units."""
    before = gap[~after]
    error = float(np.sqrt(np.square(before - before.mean()).mean()))
    plain = control[:, ~after] - control[:, ~after].mean(axis=1, keepdims=True)
    usual = float(np.median(np.sqrt(np.square(plain - plain.mean(axis=0)).mean(axis=1))))
    share = error / usual if usual > 0 else 0.0
    values = {"share": round(100 * share)}
    if share > 1:
        return Finding(
            "fit before",
            "Before the start the mixture did not move in step with the treated: its errors are"
            " {share} percent of those of a single unit against the rest.",
            values,
            severity="warning",
        )
    return Finding(
        "fit before",
        "Before the start the mixture moved in step with the treated: its errors are {share}"
        " percent of those of a single unit against the rest.",
        values,
        severity="ok",
    )


def _lacks(s: Situation) -> str:
    mixed = s.case.group is not None and s.n_other >= 2 and s.before >= _FEWEST_BEFORE
    if not mixed or s.n_other <= s.n_treated:
        return "for treated cities or regions with more of them to compare"
    return s.not_alike if s.by_baseline else ""


def _answer(panel: Panel, case: Case, level: float) -> Effect:
    if case.group is None:
        raise CaseError(
            "single customers were treated", where="case", remedy="use difference in differences"
        )
    return synthetic_difference(panel, level=level)


SYNTHETIC_DIFFERENCE = Design[Panel](
    name=NAME,
    family="synthetic",
    shape="units",
    assumption=ASSUMPTION,
    grade=2,
    lacks=_lacks,
    answer=_answer,
    planned_as="difference in differences",
)
