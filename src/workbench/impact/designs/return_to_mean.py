"""Return to the mean: what those who were chosen for a bad (or good) value do by themselves."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from workbench.arrays import Array
from workbench.impact.designs.design import Design, Situation
from workbench.impact.effect import Effect, picture, t_test
from workbench.impact.inputs.panel import CaseError, Panel
from workbench.results import Finding

ASSUMPTION = (
    "The value before would have returned towards the mean of all as it did at earlier times, and"
    " nothing else changed between the two times."
)
NAME = "before and after, return to the mean taken out"
_FEWEST = 10
_MUCH = 0.3


@dataclass(frozen=True)
class Return:
    """How much of a value lasts.

    Attributes
    ----------
    reliability : float
        Share of a unit's distance from the mean that is left at the next time.
    se : float
    mean : float
        Of all units at the time of selection.
    n : int
    pull, shift : ndarray, shape (units,)
        Influence of each unit on the reliability and on the mean; zero where it was not seen twice.
    """

    reliability: float
    se: float
    mean: float
    n: int
    pull: Array = field(default_factory=lambda: np.zeros(0), repr=False, compare=False)
    shift: Array = field(default_factory=lambda: np.zeros(0), repr=False, compare=False)

    def expected(self, before: ArrayLike) -> Array:
        """Change that units show by themselves."""
        return np.asarray((1 - self.reliability) * (self.mean - np.asarray(before, dtype=float)))


def reliability(first: ArrayLike, second: ArrayLike) -> Return:
    """Measure how much of a value lasts, by two measurements without a measure between them.

    Parameters
    ----------
    first, second : array_like, shape (n,)
        Of all units, chosen or not; NaN where unseen.

    Raises
    ------
    CaseError
        Fewer than ten units seen twice, or no differences between them.

    References
    ----------
    Barnett, van der Pols, Dobson (2005), International Journal of Epidemiology 34(1), 215-220.
    """
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    seen = np.isfinite(a) & np.isfinite(b)
    if seen.sum() < _FEWEST:
        raise CaseError(
            "{n} units were seen at two times before the start",
            where="baseline",
            remedy="{needed} are needed to learn how far values return to the mean",
            n=int(seen.sum()),
            needed=_FEWEST,
        )
    a, b = a[seen], b[seen]
    if np.ptp(a) == 0:
        raise CaseError(
            "all units had the same value", where="baseline", remedy="nothing can return to a mean"
        )
    n, centred = len(a), a - a.mean()
    slope = float(centred @ b / (centred @ centred))
    residual = b - b.mean() - slope * centred
    # heteroscedastic-consistent, as outcomes are rarely normal
    pull, shift = np.zeros((2, len(seen)))
    pull[seen] = centred * residual * np.sqrt(n / (n - 2)) / (centred @ centred)
    shift[seen] = (b - b.mean()) / n
    se = float(np.sqrt(pull @ pull))
    return Return(min(max(slope, 0.0), 1.0), se, float(b.mean()), n, pull, shift)


def corrected_before_after(
    before: ArrayLike,
    after: ArrayLike,
    returning: Return,
    *,
    chosen: ArrayLike | None = None,
    level: float = 0.95,
) -> Effect:
    """Compare chosen units with themselves, less the change that they would show anyway.

    Parameters
    ----------
    before, after : array_like, shape (n,)
        Of the chosen units; `before` is the value by which they were chosen.
    returning : Return
        From `reliability`.
    chosen : array_like of bool, shape (units,), optional
        Which of the units that `reliability` saw these are. The chosen are among those from whom
        the return was learnt, so that the two errors go together: as if apart, the interval is too
        short where values last (covering 93 % at a reliability of .9) and too long where they
        hardly do.

    Raises
    ------
    CaseError
        Fewer than two chosen units seen both times, or marks that do not fit them.

    References
    ----------
    Barnett, van der Pols, Dobson (2005); Gardner, Heady (1973), Journal of Chronic Diseases 26.
    """
    x, y = np.asarray(before, dtype=float), np.asarray(after, dtype=float)
    both = np.isfinite(x) & np.isfinite(y)
    x, y = x[both], y[both]
    n = len(x)
    if n < 2:
        raise CaseError(
            "{n} chosen units were seen both before and after", remedy="two are needed", n=n
        )
    left = y - x - returning.expected(x)
    effect = float(left.mean())
    distance = returning.mean - float(x.mean())
    if chosen is None:
        # the units' own spread, and what is not known of the reliability
        se = float(np.sqrt(left.var(ddof=1) / n + distance**2 * returning.se**2))
    else:
        own = np.asarray(chosen, dtype=bool)
        if own.shape != returning.pull.shape or own.sum() != both.size:
            raise CaseError(
                "{n} of {all} units are marked as chosen, for {values} values and {learnt} units"
                " that the return was learnt from",
                remedy="mark the units in the order in which `reliability` saw them",
                n=int(own.sum()),
                all=own.size,
                values=both.size,
                learnt=returning.pull.size,
            )
        influence = distance * returning.pull - (1 - returning.reliability) * returning.shift
        influence[np.flatnonzero(own)[both]] += (left - effect) / n * np.sqrt(n / (n - 1))
        se = float(np.sqrt(influence @ influence))
    half = float(stdtrit(n - 1, 0.5 + level / 2)) * se
    base = float(y.mean()) - effect
    known = base > 0
    return Effect(
        design=NAME,
        effect=effect,
        low=effect - half,
        high=effect + half,
        p=t_test(effect, se, n - 1),
        relative=effect / base if known else float("nan"),
        relative_low=(effect - half) / base if known else float("nan"),
        relative_high=(effect + half) / base if known else float("nan"),
        counterfactual=base,
        inference="paired t, corrected",
        n_units=n,
        n_treated=n,
        n_before=1,
        n_after=1,
        checks=(return_check(x, y, returning),),
        assumption=ASSUMPTION,
    )


def return_check(before: Array, after: Array, returning: Return) -> Finding:
    """Say how much of the change at a glance is the return to the mean alone."""
    change = float(np.mean(after - before))
    alone = float(np.mean(returning.expected(before)))
    share = alone / change if change else 0.0
    if share >= 1:
        return Finding(
            "return to the mean",
            "The whole before/after change would have come by itself: extreme values return"
            " to the mean.",
        )
    if share > _MUCH:
        return Finding(
            "return to the mean",
            "Of the before/after change, about {share} percent would have come by itself: "
            "extreme values return to the mean.",
            {"share": round(100 * share)},
        )
    return Finding(
        "return to the mean",
        "Little of the before/after change is a return to the mean.",
        severity="ok",
    )


def panel_without_return(panel: Panel, *, year: int, level: float = 0.95) -> Effect:
    """Correct the before/after comparison of a panel's treated units.

    The year before the start is the time of selection; how much of it lasts is learnt from its
    own two halves, over all units.

    Parameters
    ----------
    panel : Panel
    year : int
        Periods in a year.

    Raises
    ------
    CaseError
        Fewer than four periods before the start, or as `reliability`.
    """
    places = np.flatnonzero(~panel.after)[-2 * year :]
    if places.size < 4:
        raise CaseError(
            "there are {n} periods before the start",
            where="outcome table",
            remedy="four are needed to learn how far values return to the mean",
            n=places.size,
        )
    middle = places.size // 2
    early, late = np.zeros((2, len(panel.periods)), dtype=bool)
    early[places[:middle]], late[places[middle:]] = True, True
    first, _ = panel.means(early)
    second, _ = panel.means(late)
    returning = reliability(first, second)
    after, _ = panel.means(panel.after)
    own = panel.treated
    effect = corrected_before_after(second[own], after[own], returning, chosen=own, level=level)
    observed = panel.group_means(own)
    without = np.where(panel.after, effect.counterfactual, np.nan)
    return replace(effect, series=picture(panel.periods, panel.after, observed, without))


def _lacks(s: Situation) -> str:
    if not s.by_baseline:
        return "not chosen by its own level"
    seen_twice = s.n_treated >= 2 and s.n_treated + s.n_other >= _FEWEST
    return "" if seen_twice else "too few units to learn how far values return"


RETURN_TO_MEAN = Design[Panel](
    name=NAME,
    family="return",
    shape="units",
    assumption=ASSUMPTION,
    grade=1,
    lacks=_lacks,
    answer=lambda panel, case, level: panel_without_return(
        panel, year=case.periods_a_year, level=level
    ),
    beside_all=True,
    planned_as="before and after",
)
