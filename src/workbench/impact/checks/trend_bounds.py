"""How far from parallel the trends may be before an answer falls (after Rambachan and Roth)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy.special import ndtri, stdtrit

from workbench.arrays import Array
from workbench.impact.checks.check import Check, Judged
from workbench.impact.checks.honest_bounds import RelativeMagnitudes, fixed_length
from workbench.impact.designs.differences.difference_in_differences import fixed_effects_of
from workbench.impact.designs.differences.event_study import against_last_before
from workbench.impact.designs.staggered.staggered_effect import StaggeredEffect
from workbench.impact.inputs.panel import CaseError, Panel
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Result, labelled

RELATIVE, SMOOTH = "relative magnitudes", "smoothness"
_MOST = 64.0
_UNITS_A_PERIOD = 5


@dataclass(frozen=True)
class TrendBounds(Result):
    """Intervals of the average effect after the start under ever larger departures from parallel.

    Attributes
    ----------
    table : DataFrame
        `restriction`, `departure`, `low`, `high`. Under "relative magnitudes" a departure of 1
        lets the trends part after the start by as much from one period to the next as they did at
        most before it. Under "smoothness" the difference in trends goes on in a straight line, but
        for a bend of `departure` (in units of the outcome) from one period to the next.
    estimate : float
        Average effect after the start against the last period before it.
    breakdown : float
        Largest departure of the first kind under which no effect is rejected as the answer; zero
        where it never is, infinite where it always is.
    breakdown_smooth : float
        The same for bends, in units of the outcome; NaN without bends.
    """

    table: pd.DataFrame
    estimate: float
    breakdown: float
    breakdown_smooth: float

    def estimates(self) -> dict[str, Estimate]:
        """Effect under parallel trends, and the two departures that it bears."""
        own = self.table.iloc[0]
        ends = float(own["low"]), float(own["high"])
        return {
            "effect": Estimate(self.estimate, *ends, label="Effect"),
            "breakdown": Estimate(self.breakdown, label="Departure that the answer bears"),
            "breakdown_smooth": Estimate(self.breakdown_smooth, label="Bend that the answer bears"),
        }

    @property
    def check(self) -> Finding:
        """What to tell a reader."""
        if self.breakdown <= 0:
            return Finding(
                "trend bounds",
                "Against the last period before the start alone, no effect is shown even if the"
                " trends were parallel.",
            )
        if not np.isfinite(self.breakdown):
            return Finding(
                "trend bounds",
                "The answer stands however much more the trends parted after the start than"
                " before.",
                severity="ok",
            )
        return Finding(
            "trend bounds",
            "The answer stands as long as the trends part after the start by no more than {m} times"
            " the largest step seen before.",
            {"m": float(f"{self.breakdown:.2g}")},
            severity="ok" if self.breakdown >= 1 else "note",
        )

    def findings(self) -> list[Finding]:
        """Return what to tell a reader."""
        return [self.check]

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw the interval under growing departures of the first kind."""
        ax, t = ax or plt.gca(), speak(language)
        rows = self.table[self.table["restriction"] == RELATIVE]
        middle = (rows["low"] + rows["high"]) / 2
        ax.errorbar(
            rows["departure"],
            middle,
            yerr=[middle - rows["low"], rows["high"] - middle],
            fmt="none",
            capsize=4,
            linewidth=2,
        )
        ax.axhline(0, color=plt.rcParams["axes.edgecolor"], linewidth=0.8)
        ax.set_xlabel(t("Departure from parallel trends (times the largest step before)"))
        ax.set_ylabel(t("Effect, 95% interval"))
        return ax


def trend_bounds(
    data: Panel | StaggeredEffect,
    *,
    departures: Sequence[float] = (0.0, 0.5, 1.0, 1.5, 2.0),
    bends: Sequence[float] | None = None,
    level: float = 0.95,
) -> TrendBounds:
    """Bound the average effect after the start where trends may not have been parallel.

    Parameters
    ----------
    data : Panel or StaggeredEffect
    departures : sequence of float
        How many times the largest step before the steps after may be.
    bends : sequence of float, optional
        Largest bends; zero, half of, and the whole largest bend seen before when left out, and
        none with fewer than five units a period, which tell too little of how periods vary
        together: the shortest interval would then be found by chance.

    Raises
    ------
    CaseError
        Fewer than two periods before the start; a period without one of the groups; bends with too
        few units.

    Notes
    -----
    Relative magnitudes: the conditional, least favourable hybrid test of the paper, joined over the
    steps before and their signs.
    Smoothness: the shortest interval of fixed length around a linear estimate (section 3.2 of the
    paper), found along the path of a lasso. Student's t stands for the normal where units are few.

    References
    ----------
    Rambachan, Roth (2023), Review of Economic Studies 90(5), 2555-2591, sections 2.4 and 3.
    """
    estimate, covariance, reference, df = _coefficients(data)
    k, after = reference, len(estimate) - reference - 1
    if k < 1:
        raise CaseError(
            "there is one period before the start",
            where="outcome table",
            remedy="how trends parted before takes two periods at least",
        )
    gone = int((~np.isfinite(estimate)).sum())
    if gone or not np.isfinite(covariance).all():
        raise CaseError(
            "periods in which nobody treated, or nobody compared, was observed: {n}",
            where="outcome table",
            remedy="use longer periods",
            n=max(gone, 1),
        )
    average = np.zeros(len(estimate))
    average[reference + 1 :] = 1 / after
    quantile = float(stdtrit(df, 0.5 + level / 2))
    stretch = quantile / float(ndtri(0.5 + level / 2))
    share = average[reference + 1 :]
    magnitudes = RelativeMagnitudes(estimate, covariance * stretch**2, k, share, level=level)

    def relative(m: float) -> tuple[float, float]:
        if m > 0:
            return magnitudes.interval(m)
        half = quantile * float(np.sqrt(average @ covariance @ average))
        return float(average @ estimate) - half, float(average @ estimate) + half

    order = [i for i in range(len(estimate)) if i != reference]
    beta, sigma = estimate[order], covariance[np.ix_(order, order)] * stretch**2

    known = df + 1 >= _UNITS_A_PERIOD * len(beta)
    if bends is None and not known:
        bends = ()
    elif bends is None:
        seen = np.diff(estimate[: reference + 1], 2)
        largest = float(np.abs(seen).max()) if seen.size else float(np.abs(np.diff(estimate)).max())
        bends = (0.0, largest / 2, largest)
    if len(bends) and not known:
        raise CaseError(
            "{units} units tell too little of how {periods} periods vary together",
            where="bends",
            remedy="bounds by smoothness take {needed} units a period; use longer ones, or bounds"
            " by relative magnitudes alone (bends=())",
            units=int(df) + 1,
            periods=len(beta),
            needed=_UNITS_A_PERIOD,
        )
    rows = [(RELATIVE, float(m), *relative(m)) for m in departures]
    breakdown_smooth = float("nan")
    if len(bends):
        path = fixed_length(beta, sigma, k, after)
        rows += [(SMOOTH, float(m), *path.interval(m, level=level)) for m in bends]
        scale = max(float(np.abs(estimate).max()), 1e-12)
        breakdown_smooth = _breakdown(
            lambda m: not _holds_zero(path.interval(m, level=level)), scale / 16
        )
    return TrendBounds(
        labelled(
            pd.DataFrame(rows, columns=["restriction", "departure", "low", "high"]),
            restriction="Restriction",
            departure="Departure",
            low="Lower end",
            high="Upper end",
        ),
        float(average @ estimate),
        _breakdown(
            lambda m: not _holds_zero(relative(0)) if m == 0 else not magnitudes.stands(0.0, m)
        ),
        breakdown_smooth,
    )


def _coefficients(data: Panel | StaggeredEffect) -> tuple[Array, Array, int, float]:
    """Estimates against the last period before, covariance, its place, degrees of freedom."""
    if isinstance(data, Panel):
        estimate, covariance = against_last_before(data, fixed=fixed_effects_of(data))
        return (
            estimate,
            covariance,
            int(np.flatnonzero(~data.after)[-1]),
            float(len(data.units) - 1),
        )
    events = data.dynamic["event"].to_numpy()
    zero = data.dynamic["se"].to_numpy() == 0
    if -1 not in events or not zero[events == -1].all():
        raise CaseError(
            "the effects before the start are not against one period",
            where="base",
            remedy='estimate with base="universal"',
        )
    reference = int(np.flatnonzero(events == -1)[0])
    df = float(data.n_treated - 1) if data.n_treated < 50 else float(data.n_units - 1)
    return data.dynamic["estimate"].to_numpy(), data.covariance, reference, df


def _holds_zero(interval: tuple[float, float]) -> bool:
    low, high = interval
    return low <= 0 <= high


def _breakdown(stands: Callable[[float], bool], unit: float = 1.0) -> float:
    """Largest departure under which the answer stands: zero is not among the effects that can."""
    if not stands(0.0):
        return 0.0
    near, far = 0.0, unit
    while stands(far):
        near, far = far, 2 * far
        if far > _MOST * unit:
            return float("inf")
    for _ in range(20):
        middle = (near + far) / 2
        near, far = (middle, far) if stands(middle) else (near, middle)
    return near


def _of_trends(judged: Judged) -> list[Finding]:
    # a fair lot makes trends parallel but for chance, which the interval has
    if judged.case.chosen == "random":
        return []
    data = judged.data
    if isinstance(judged.effect, StaggeredEffect):
        data = judged.effect.in_logs or judged.effect
    return [trend_bounds(data, departures=(0.0,), bends=(), level=judged.level).check]


TREND_BOUNDS = Check(frozenset({"differences", "staggered"}), _of_trends)
