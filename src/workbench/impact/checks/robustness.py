"""Would the same comparison have found an effect where there was none, or hangs it on one unit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from workbench.impact.checks.check import Check, Judged
from workbench.impact.designs.differences.clusters import panel_slope
from workbench.impact.designs.differences.difference_in_differences import difference_in_differences
from workbench.impact.effect import Effect, period_ticks
from workbench.impact.inputs.panel import CaseError, Panel, period_start
from workbench.impact.inputs.series import FEWEST_AFTER, FEWEST_BEFORE, Series
from workbench.languages import Language, speak
from workbench.results import Estimate, Finding, Result, attempt, labelled

_FEWEST_BEFORE, _FEWEST_AFTER = 2, 1
# Neighbouring dates share most of their data, so more than one in twenty is no surprise.
_TOO_OFTEN = 0.25
_UNITS_UP_TO = 200
_MOST_DATES = 12
_UNITS_DRAWN = 15


@dataclass(frozen=True)
class PlaceboDates(Result):
    """Effects "found" at dates before the measure.

    Attributes
    ----------
    table : DataFrame
        `start`, `estimate`, `low`, `high`, `found`.
    """

    table: pd.DataFrame

    @property
    def share(self) -> float:
        """Share of the dates at which an effect is found."""
        return float(self.table["found"].mean())

    def estimates(self) -> dict[str, Estimate]:
        """Share of the dates at which an effect is found."""
        share = Estimate(
            self.share, n=len(self.table), kind="percent", label="Dates with an effect"
        )
        return {"placebo_found": share}

    @property
    def check(self) -> Finding:
        """What to tell a reader."""
        n, found = len(self.table), int(self.table["found"].sum())
        return Finding(
            "placebo dates",
            "Moved to {n} dates before the real start, the comparison finds an effect at {found} of"
            " them.",
            {"n": n, "found": found},
            severity="warning" if self.share > _TOO_OFTEN else "ok",
        )

    def findings(self) -> list[Finding]:
        """Return what to tell a reader."""
        return [self.check]

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw the effect at each date with its interval."""
        ax, t = ax or plt.gca(), speak(language)
        estimate, low, high = (self.table[c] for c in ("estimate", "low", "high"))
        place = np.arange(len(self.table))
        ax.errorbar(place, estimate, yerr=[estimate - low, high - estimate], fmt="o", capsize=2)
        ax.axhline(0, color=plt.rcParams["axes.edgecolor"], linewidth=0.8)
        period_ticks(ax, self.table["start"], "month", t)
        ax.set_xlabel(t("Start moved to"))
        ax.set_ylabel(t("Effect, 95% interval"))
        return ax

    @classmethod
    def of(cls, rows: list[tuple[Any, ...]]) -> PlaceboDates:
        """Gather rows of start, effect and the ends of its interval."""
        table = pd.DataFrame(rows, columns=["start", "estimate", "low", "high"])
        return cls(
            labelled(
                table.assign(found=(table["low"] > 0) | (table["high"] < 0)),
                start="Start moved to", estimate="Effect", found="Effect found",
            )
        )  # fmt: skip


def placebo_dates(
    panel: Panel, *, estimate: Callable[[Panel], Effect] = difference_in_differences
) -> PlaceboDates:
    """Move the start through the time before the measure, and compare as before.

    Parameters
    ----------
    panel : Panel
        Only its periods before the start are used.
    estimate : callable
        The comparison.

    Raises
    ------
    CaseError
        Fewer than three periods before the start, or no date at which a comparison is possible.
    """
    before = np.flatnonzero(~panel.after)
    rows = []
    for first in range(_FEWEST_BEFORE, len(before) - _FEWEST_AFTER + 1):
        moved = replace(
            panel,
            outcome=panel.outcome[:, before],
            weight=panel.weight[:, before],
            periods=panel.periods[before],
            after=np.arange(len(before)) >= first,
            start=period_start(panel.periods[before[first]]),
        )
        try:
            found = estimate(moved)
        except CaseError:
            continue
        rows.append((panel.periods[before[first]], found.effect, found.low, found.high))
    if not rows:
        raise CaseError(
            "there are {n} periods before the start",
            where="outcome table",
            remedy="three at least are needed to move the date through them",
            n=len(before),
        )
    return PlaceboDates.of(rows)


@dataclass(frozen=True)
class LeaveOneOut(Result):
    """The effect without each unit in turn.

    Attributes
    ----------
    table : DataFrame
        `unit`, `treated`, `estimate`, `moved` (against the effect with all units), the unit that
        moves the effect most first.
    effect : float
    """

    table: pd.DataFrame
    effect: float

    def estimates(self) -> dict[str, Estimate]:
        """Effect with the range that it has without single units."""
        left = self.table["estimate"]
        ends = float(left.min()), float(left.max())
        return {"effect": Estimate(self.effect, *ends, n=len(left), label="Effect")}

    @property
    def check(self) -> Finding:
        """What to tell a reader."""
        low, high = float(self.table["estimate"].min()), float(self.table["estimate"].max())
        turned = min(low * self.effect, high * self.effect) <= 0
        return Finding(
            "leave one out",
            "Without any one unit the effect lies between {low} and {high}.",
            {"low": float(f"{low:.3g}"), "high": float(f"{high:.3g}")},
            severity="note" if turned else "ok",
        )

    def findings(self) -> list[Finding]:
        """Return what to tell a reader."""
        return [self.check]

    def plot(self, ax: Axes | None = None, *, language: str | Language = "en") -> Axes:
        """Draw the effect without each unit, those that move it most, beside that with all."""
        ax, t = ax or plt.gca(), speak(language)
        drawn = self.table[:_UNITS_DRAWN][::-1]
        ax.plot(drawn["estimate"], np.arange(len(drawn)), "o")
        ax.axvline(self.effect, color=plt.rcParams["text.color"], linewidth=0.8, linestyle=":")
        ax.set_yticks(np.arange(len(drawn)), [t.name(unit) for unit in drawn["unit"]])
        ax.set_xlabel(t("Effect without the unit"))
        return ax


def leave_one_out(panel: Panel) -> LeaveOneOut:
    """Compare again without each unit.

    Parameters
    ----------
    panel : Panel
        At most 200 units; where single customers are the units none can carry the answer.

    Raises
    ------
    CaseError
        More units, or fewer than three on a side.
    """
    n, k = len(panel.units), panel.n_treated
    if n > _UNITS_UP_TO or min(k, n - k) < 2:
        raise CaseError(
            "there are {treated} treated and {other} comparison units",
            where="treatments",
            remedy="leaving out one needs two on each side and {most} in all at most",
            treated=k,
            other=n - k,
            most=_UNITS_UP_TO,
        )
    whole = panel_slope(panel, np.arange(n)).effect
    left = []
    for i in range(n):
        kept = panel.select(np.arange(n) != i)
        left.append(panel_slope(kept, np.arange(n - 1)).effect)
    table = pd.DataFrame({"unit": panel.units, "treated": panel.treated, "estimate": left})
    table = table.assign(moved=table["estimate"] - whole)
    order = table["moved"].abs().sort_values(ascending=False, kind="stable").index
    return LeaveOneOut(
        labelled(
            table.loc[order].reset_index(drop=True),
            unit="Unit left out", treated="Treated unit", estimate="Effect without the unit",
            moved="Change",
        ),
        whole,
    )  # fmt: skip


def placebo_starts(
    series: Series, estimate: Callable[[Series], Effect], *, design: str
) -> PlaceboDates | None:
    """Move the start through the time before the measure, and judge a series as before.

    At most twelve dates, evenly spread; None where the time before is too short for two. Dates at
    which another design than `design` has to answer do not count.
    """
    # periods that the measure had reached in part say nothing of chance alone
    untouched = ~series.later if series.in_force is None else series.in_force == 0
    n = int(untouched.sum())
    seen = series.seen[:n]
    room = [
        at
        for at in range(FEWEST_BEFORE, n - FEWEST_AFTER + 1)
        if seen[:at].sum() >= FEWEST_BEFORE and seen[at:].sum() >= FEWEST_AFTER
    ]
    if len(room) < 2:
        return None
    dates = [room[i] for i in np.unique(np.linspace(0, len(room) - 1, _MOST_DATES).astype(int))]
    rows: list[tuple[Any, ...]] = []
    for at in dates:
        moved = replace(
            series,
            value=series.value[:n],
            count=series.count[:n],
            periods=series.periods[:n],
            later=np.arange(n) >= at,
            covariates=None if series.covariates is None else series.covariates.iloc[:n],
            controls=None if series.controls is None else series.controls.iloc[:n],
            in_force=None,
        )
        found = attempt(estimate, moved)
        if found is not None and found.design == design:
            rows.append((series.periods[at], found.effect, found.low, found.high))
    if len(rows) < 2:
        return None
    return PlaceboDates.of(rows)


def _of_dates(judged: Judged) -> list[Finding]:
    return [placebo_dates(judged.data, estimate=judged.again).check]


def _of_starts(judged: Judged) -> list[Finding]:
    found = placebo_starts(judged.data, judged.again, design=judged.effect.design)
    return [] if found is None else [found.check]


PLACEBO_DATES = Check(frozenset({"differences"}), _of_dates)
PLACEBO_STARTS = Check(frozenset({"series"}), _of_starts)
LEAVE_ONE_OUT = Check(frozenset({"differences"}), lambda judged: [leave_one_out(judged.data).check])
