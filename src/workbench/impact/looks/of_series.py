"""Looks at one series: its own design at each look, at the level that the looks leave it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from workbench.arrays import Array
from workbench.impact.designs.design import Answer
from workbench.impact.effect import Effect
from workbench.impact.inputs.panel import CaseError
from workbench.impact.inputs.series import FEWEST_AFTER, Series, regressors
from workbench.impact.looks.looks import LIKELIHOOD, Looks
from workbench.impact.looks.spending import bounds, courses, smallest_level, spent
from workbench.results import attempt
from workbench.study import Case, LookPlan

#: Looks that are worked out one by one, at most.
MOST = 60


def looks_at_series(
    series: Series,
    case: Case,
    answer: Answer[Series],
    plan: LookPlan,
    *,
    level: float = 0.95,
) -> Looks:
    """Judge a series after each period from the eighth after the start on.

    The looks vary together as the estimates of a step, a trend and a season do with independent
    errors, which lets them part more than errors that follow one another; each look is answered by
    the design itself, at the level that its bound stands for.

    Parameters
    ----------
    series : Series
    case : Case
    answer : callable
        Of the design: the effect, of series, case and level.
    plan : LookPlan
        Looks are counted from the start: the first seven, which no series can have, are past.
    level : float

    Raises
    ------
    CaseError
        No look is possible, or more than sixty are to be worked out.

    References
    ----------
    Jennison, Turnbull (2000), Group Sequential Methods, section 11.3 (joint distribution of
    estimates by their information).
    """
    after = np.flatnonzero(series.later)
    if len(after) > MOST + FEWEST_AFTER:
        raise CaseError(
            "{n} looks are too many to be worked out one by one",
            where="case.looks",
            remedy="judge it by weeks or months, or once, at its end",
            n=len(after) - FEWEST_AFTER + 1,
        )
    at, cuts, found = [], [], []
    for k in range(FEWEST_AFTER, len(after) + 1):
        cut = _until(series, int(after[k - 1]) + 1)
        one: Effect | None = attempt(answer, cut, case, level)
        if one is not None and 0 < one.p <= 1:
            at.append(k)
            cuts.append(cut)
            found.append(one)
    if not at or at[-1] != len(after):
        raise CaseError(
            "the series is too short for several looks",
            where="case.looks",
            remedy="wait for eight periods after the start",
        )
    places, alpha = np.array(at), 1 - level
    paths = courses(together([_information(cut, case) for cut in cuts]))
    z = np.array([-float(ndtri(e.p / 2)) for e in found])
    factor = bounds(paths, spent(places, plan, alpha), alpha)
    low, high = np.array(
        [_limits(answer, cut, case, b) for cut, b in zip(cuts, factor, strict=True)]
    ).T

    def crossed(a: float) -> bool:
        return bool(z[-1] > bounds(paths, spent(places, plan, a), a)[-1])

    effect, *fixed = (np.array([getattr(e, n) for e in found]) for n in ("effect", "low", "high"))
    p = max(smallest_level(crossed), found[-1].p)
    return Looks(places, effect, low, high, fixed[0], fixed[1], p, LIKELIHOOD)


def _limits(
    answer: Answer[Series], series: Series, case: Case, bound: float
) -> tuple[float, float]:
    """Interval of a design at the level that a bound stands for."""
    if not np.isfinite(bound):
        return -np.inf, np.inf
    wide = answer(series, case, 1 - 2 * float(ndtr(-bound)))
    return wide.low, wide.high


def together(information: list[float]) -> Array:
    """Correlation of estimates of one number that know ever more of it."""
    known: NDArray[np.float64] = np.maximum.accumulate(np.array(information))
    return np.sqrt(np.minimum.outer(known, known) / np.maximum.outer(known, known))


def _information(series: Series, case: Case) -> float:
    """Give what is known of a step beside trend and season, were errors independent."""
    x, terms = regressors(len(series.later), series.later, case.periods_a_year)
    chosen = [term != "trend" or case.fit.trend for term in terms]
    kept = [term for term, use in zip(terms, chosen, strict=True) if use]
    x = x[np.ix_(series.seen, np.flatnonzero(chosen))]
    return 1 / float(np.linalg.pinv(x.T @ x)[kept.index("step"), kept.index("step")])


def _until(series: Series, n: int) -> Series:
    """Give the first n periods."""

    def cut(frame: pd.DataFrame | None) -> pd.DataFrame | None:
        return None if frame is None else frame.iloc[:n]

    return replace(
        series,
        value=series.value[:n],
        count=series.count[:n],
        periods=series.periods[:n],
        later=series.later[:n],
        covariates=cut(series.covariates),
        controls=cut(series.controls),
        in_force=None if series.in_force is None else series.in_force[:n],
    )
