"""Before a measure starts: which effects each design could see, and what it would take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy.optimize import brentq
from scipy.stats import nct, t

from workbench.impact.inputs.panel import CaseError, Panel
from workbench.languages import Language, speak
from workbench.results import Estimate, Result, labelled

POWER = 0.8
#: What is compared of units, and how the time before enters (Frison, Pocock 1992); each design
#: of units says which of them is its own.
AFTER: Final = "the time after alone"
CHANGE: Final = "changes from before to after"
ADJUSTED: Final = "the time after, adjusted for the time before"
OWN_CHANGE: Final = "own changes, of treated units alone"
COMPARISONS: Final = (AFTER, CHANGE, ADJUSTED, OWN_CHANGE)
_MOST = 10_000_000


@dataclass(frozen=True)
class Plan(Result):
    """What a design can see.

    Attributes
    ----------
    design : str
        Name of the design, or what is compared.
    se : float
        Standard error that the effect would have, in units of the outcome.
    df : float
    base : float
        Level of the outcome without the measure; NaN where unknown.
    n_treated, n_other : int
        Units (0 for a series).
    n_before, n_after : int
        Periods.
    power, level : float
        The chance of seeing the effect that `detectable` refers to, and of the interval.
    comparison : str
        One of `COMPARISONS`; empty for a series.
    """

    design: str
    se: float
    df: float
    base: float = float("nan")
    n_treated: int = 0
    n_other: int = 0
    n_before: int = 1
    n_after: int = 1
    power: float = POWER
    level: float = 0.95
    comparison: str = ""

    @property
    def detectable(self) -> float:
        """Smallest effect that is seen with the chance `power`, in units of the outcome."""
        return detectable(self.se, self.df, power=self.power, level=self.level)

    @property
    def relative(self) -> float:
        """The same over the level without the measure."""
        return self.detectable / abs(self.base) if self.base else float("nan")

    def chance(self, effect: float) -> float:
        """Chance that an effect, in units of the outcome, is seen."""
        return power_of(effect, self.se, self.df, level=self.level)

    def chance_of_claim(self, claimed: float) -> float:
        """Chance that a claimed relative change is seen."""
        return self.chance(claimed * self.base)

    @property
    def table(self) -> pd.DataFrame:
        """One row: design, units, periods, standard error, detectable effect."""
        row = {
            "design": self.design,
            "treated": self.n_treated,
            "others": self.n_other,
            "before": self.n_before,
            "after": self.n_after,
            "se": self.se,
            "detectable": self.detectable,
            "relative": self.relative,
        }
        return labelled(
            pd.DataFrame([row]),
            design="Design",
            treated="Treated units",
            others="Other units",
            before="Periods before",
            after="Periods after",
            detectable=("Smallest detectable effect", "number"),
            relative=("Smallest detectable effect, relative", "percent:1"),
        )

    def estimates(self) -> dict[str, Estimate]:
        """Return the detectable effect and its relative size; no intervals."""
        return {
            "detectable": Estimate(self.detectable, label="Smallest detectable effect"),
            "detectable_relative": Estimate(
                self.relative, kind="percent", label="Smallest detectable effect, relative"
            ),
        }

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw the chance of seeing an effect against its size."""
        ax, t = ax or plt.gca(), speak(language)
        known = np.isfinite(self.base) and self.base != 0
        unit = 100 / abs(self.base) if known else 1.0
        sizes = np.linspace(0, 2 * self.detectable, 60)
        ax.plot(unit * sizes, [100 * self.chance(size) for size in sizes])
        ax.axhline(100 * self.power, linestyle=":", linewidth=0.8, color=plt.rcParams["text.color"])
        ax.set_xlabel(t("True effect, % of the level") if known else t("True effect"))
        ax.set_ylabel(t("Probability that it is detected, %"))
        ax.set_ylim(0, 102)
        return ax


def power_of(effect: float, se: float, df: float, *, level: float = 0.95) -> float:
    """Chance that a two-sided t test sees an effect (noncentral t)."""
    critical = t.ppf(0.5 + level / 2, df)
    shift = abs(effect) / se
    if shift > 37:  # the noncentral t leaves its range; the chance is 1 to all digits
        return 1.0
    beyond = nct.sf(critical, df, shift), nct.cdf(-critical, df, shift)
    # where the noncentral t leaves its range the chance is 1 on this side, and 0 on the other
    sums = [fallback if np.isnan(p) else p for p, fallback in zip(beyond, (1.0, 0.0), strict=True)]
    return min(float(sum(sums)), 1.0)


def detectable(se: float, df: float, *, power: float = POWER, level: float = 0.95) -> float:
    """Smallest effect that a two-sided t test sees with the chance `power`."""
    if not 1 - level < power < 1:
        raise CaseError(
            "a power of {power} cannot be planned for",
            remedy="choose a value between {least} and 1, such as 0.8",
            power=power,
            least=float(f"{1 - level:.2g}"),
        )
    top = 8.0
    while power_of(top, 1.0, df, level=level) < power:
        top *= 2
    found = brentq(lambda d: power_of(d, 1.0, df, level=level) - power, 0.0, top, xtol=1e-10)
    return float(se * found)


def plan_units(
    comparison: str,
    *,
    sd: float,
    n_treated: int,
    n_other: int = 0,
    correlation: float = 0.0,
    before: int = 1,
    after: int = 1,
    base: float = float("nan"),
    cluster: int = 1,
    icc: float = 0.0,
    power: float = POWER,
    level: float = 0.95,
) -> Plan:
    """Plan a comparison of units.

    Parameters
    ----------
    comparison : str
        One of `COMPARISONS`: `AFTER` ignores the time before, `CHANGE` takes it off, `ADJUSTED`
        adjusts for its mean; `OWN_CHANGE` has no other units.
    sd : float
        Standard deviation of the outcome between customers in one period; sqrt(p (1 - p)) for a
        share p.
    n_treated, n_other : int
        Units: customers, or clusters of them (cities).
    correlation : float
        Of a unit's outcomes in two periods.
    before, after : int
        Periods averaged.
    base : float
        Level without the measure, for relative effects.
    cluster, icc : int, float
        Customers a unit, and their intraclass correlation, where units are clusters.

    References
    ----------
    Frison, Pocock (1992), Statistics in Medicine 11, 1685-1704, section 3; Donner, Klar (2000),
    Design and Analysis of Cluster Randomization Trials, section 5.
    """
    _check_plan(comparison, sd, correlation, n_treated, n_other)
    spread = sd**2 * (icc + (1 - icc) / cluster)
    of_after = spread * (1 + (after - 1) * correlation) / after
    of_before = spread * (1 + (before - 1) * correlation) / before
    shared = spread * correlation
    return from_moments(
        comparison, of_after, of_before, shared, n_treated, n_other,
        base=base, n_before=before, n_after=after, power=power, level=level,
    )  # fmt: skip


def from_moments(
    comparison: str,
    of_after: float,
    of_before: float,
    shared: float,
    n_treated: int,
    n_other: int,
    **rest: Any,
) -> Plan:
    """Plan from the variances of a unit's means after and before and their covariance."""
    left = {
        AFTER: of_after,
        CHANGE: of_after + of_before - 2 * shared,
        ADJUSTED: of_after - shared**2 / of_before if of_before > 0 else of_after,
        OWN_CHANGE: of_after + of_before - 2 * shared,
    }[comparison]
    alone = comparison == OWN_CHANGE
    size = 1 / n_treated if alone else 1 / n_treated + 1 / n_other
    df = n_treated - 1 if alone else n_treated + n_other - 2 - (comparison == ADJUSTED)
    se = float(np.sqrt(max(left, 0.0) * size))
    others = 0 if alone else n_other
    sizes = {"n_treated": n_treated, "n_other": others}
    return Plan(comparison, se, float(df), **sizes, comparison=comparison, **rest)


def _check_plan(
    comparison: str, sd: float, correlation: float, n_treated: int, n_other: int
) -> None:
    if comparison not in COMPARISONS:
        raise CaseError(
            "{name} is no comparison of units",
            remedy="use one of {names}",
            name=repr(comparison),
            names=", ".join(map(repr, COMPARISONS)),
        )
    if not sd > 0:
        raise CaseError(
            "a standard deviation of {sd} leaves nothing to plan",
            remedy="give that of the outcome between customers",
            sd=sd,
        )
    if not -1 < correlation < 1:
        raise CaseError(
            "a correlation of {r} is impossible",
            remedy="give one between -1 and 1",
            r=correlation,
        )
    if n_treated < 2 or (n_other < 2 and comparison != OWN_CHANGE):
        raise CaseError(
            "{treated} treated and {other} other units cannot be compared",
            remedy="plan for two of each at least",
            treated=n_treated,
            other=n_other,
        )


def plan_panel(
    panel: Panel,
    *,
    n_treated: int | None = None,
    after: int | None = None,
    power: float = POWER,
    level: float = 0.95,
) -> dict[str, Plan]:
    """Plan the comparisons of units from their outcomes before the start.

    The last periods before the start stand for the time after, all earlier ones for the time
    before; the variances and the covariance of a unit's two means are read off, whatever their
    pattern over time.

    Parameters
    ----------
    panel : Panel
        The time after the start is not looked at.
    n_treated : int, optional
        Units to be treated; as many as in the panel when left out.
    after : int, optional
        Periods to be waited for; as many as in the panel when left out, at most half of those
        before.

    Returns
    -------
    dict
        Comparison -> plan, for those that the numbers of units allow.

    Raises
    ------
    CaseError
        Fewer than two periods before the start, or fewer than six units seen in both halves.
    """
    places = np.flatnonzero(~panel.after)
    if places.size < 2:
        raise CaseError(
            "there is one period before the start",
            where="outcome table",
            remedy="two are needed to learn how outcomes vary",
        )
    r = min(after or int(panel.after.sum()), places.size // 2)
    late, early = np.zeros((2, len(panel.periods)), dtype=bool)
    late[places[-r:]], early[places[:-r]] = True, True
    second, w_second = panel.means(late)
    first, w_first = panel.means(early)
    both = (w_first > 0) & (w_second > 0)
    if both.sum() < 6:
        raise CaseError(
            "{n} units were seen in both halves of the time before",
            where="outcome table",
            remedy="six are needed to learn how outcomes vary",
            n=int(both.sum()),
        )
    n_all = len(panel.units)
    treated = panel.n_treated if n_treated is None else n_treated
    weight = w_second[both] / w_second[both].mean()
    mean = float(np.average(second[both], weights=weight))
    spread = np.cov(first[both], second[both], aweights=np.minimum(w_first, w_second)[both])
    plans = {}
    for comparison in COMPARISONS:
        alone = comparison == OWN_CHANGE
        if treated < 2 or (not alone and n_all - treated < 2):
            continue
        plans[comparison] = from_moments(
            comparison, float(spread[1, 1]), float(spread[0, 0]), float(spread[0, 1]), treated,
            n_all - treated, base=mean, n_before=int(early.sum()), n_after=r, power=power,
            level=level,
        )  # fmt: skip
    return plans


def panel_plan(design: str, comparison: str) -> Callable[[Panel, Any, float, float], Plan | None]:
    """Give the plan that a design of units has: of panel, case, power and level."""

    def plan(panel: Panel, case: Any, power: float, level: float) -> Plan | None:
        found = plan_panel(panel, power=power, level=level).get(comparison)
        return None if found is None else replace(found, design=design)

    return plan


def units_needed(effect: float, comparison: str, *, share: float = 0.5, **options: Any) -> int:
    """Fewest units, treated and others together, with which an effect is seen.

    Parameters
    ----------
    effect : float
        In units of the outcome.
    comparison : str
    share : float
        Part of the units that is treated; all of them for `OWN_CHANGE`.
    **options
        As `plan_units`.
    """

    def plan(n: int) -> Plan:
        treated = n if comparison == OWN_CHANGE else min(max(round(share * n), 2), n - 2)
        return plan_units(comparison, n_treated=treated, n_other=n - treated, **options)

    return fewest(lambda n: plan(n).detectable <= abs(effect), 5, _MOST, "customers")


def fewest(enough: Callable[[int], bool], least: int, most: int, what: str) -> int:
    """Find the smallest number that is enough, by doubling and halving."""
    high = least
    while not enough(high):
        if high >= most:
            raise CaseError(
                "even {n} {units} would not show such an effect",
                remedy="choose another design or outcome, or expect more of the measure",
                n=most,
                units=what,
            )
        high = min(2 * high, most)
    low = high // 2
    if high == least:
        return least
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
