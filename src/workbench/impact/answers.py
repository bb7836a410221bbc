"""The answer by the design that a case admits, the others beside it, and how firm it stands."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import numpy as np

from workbench.impact.checks.robustness import leave_one_out, placebo_dates
from workbench.impact.checks.trend_bounds import trend_bounds
from workbench.impact.designs.differences.difference_in_differences import difference_in_differences
from workbench.impact.designs.differences.same_baseline import same_baseline
from workbench.impact.designs.return_to_mean import DESIGN as RETURN
from workbench.impact.designs.return_to_mean import panel_without_return
from workbench.impact.designs.synthetic.plain_difference import plain_difference
from workbench.impact.designs.synthetic.synthetic_control import synthetic_control
from workbench.impact.designs.synthetic.synthetic_difference import synthetic_difference
from workbench.impact.effect import Effect
from workbench.impact.inputs.panel import CaseError, Panel
from workbench.results import Finding
from workbench.study import Case

_DIFFERENCES = ("difference in differences", "same rule", "drawn by lot")


def answer(design: str, panel: Panel, case: Case, level: float) -> tuple[Effect, list[Effect]]:
    """Give the effect by the chosen design, and the other admissible answers."""
    if design == "synthetic control":
        beside = [
            attempt(lambda: synthetic_difference(panel, level=level)),
            attempt(lambda: plain_difference(panel, level=level)),
        ]
        return synthetic_control(panel, level=level), [e for e in beside if e is not None]
    if design == "synthetic difference in differences":
        return synthetic_difference(panel, level=level), []
    if design == RETURN:
        return panel_without_return(panel, year=case.periods_a_year, level=level), []
    if design == "same baseline":
        main = attempt(lambda: same_baseline(panel, year=case.periods_a_year, level=level))
        if main is not None:
            return main, []
        fallback = difference_in_differences(panel, level=level)
        doubt = Finding(
            "baseline",
            "Too few units were seen both before and after to compare at the same baseline;"
            " changes of group means are compared instead.",
            severity="warning",
        )
        return fallback.with_checks(doubt), []
    moved = difference_in_differences(panel, level=level)
    level_with = attempt(lambda: same_baseline(panel, year=case.periods_a_year, level=level))
    if design == "between two answers" and level_with is not None:
        return _between(moved, level_with), [moved, level_with]
    mixed = attempt(lambda: synthetic_difference(panel, level=level)) if case.group else None
    others = [e for e in (level_with, mixed) if e is not None]
    return replace(moved, design=design), others


def _between(a: Effect, b: Effect) -> Effect:
    """Join two answers that bracket the truth: their hull.

    References
    ----------
    Angrist, Pischke (2009), Mostly Harmless Econometrics, section 5.4; Ding, Li (2019), Political
    Analysis 27(4), 605-615.
    """
    series = a.series.copy()
    both = b.series.set_index("period").reindex(a.series["period"])
    for column, join in (("low", np.fmin), ("high", np.fmax)):
        series[column] = join(a.series[column].to_numpy(), both[column].to_numpy())
    series["counterfactual"] = (
        a.series["counterfactual"].to_numpy() + both["counterfactual"].to_numpy()
    ) / 2
    return replace(
        a,
        design="between two answers",
        effect=(a.effect + b.effect) / 2,
        low=min(a.low, b.low),
        high=max(a.high, b.high),
        p=max(a.p, b.p) if a.effect * b.effect > 0 else 1.0,
        relative=(a.relative + b.relative) / 2,
        relative_low=min(a.relative_low, b.relative_low),
        relative_high=max(a.relative_high, b.relative_high),
        counterfactual=(a.counterfactual + b.counterfactual) / 2,
        inference="hull of the two intervals",
        series=series,
        checks=tuple(c for c in (*a.checks, *b.checks) if c.key != "trend before"),
    )


def attempt(estimate: Callable[[], Effect]) -> Effect | None:
    """Give an effect, or nothing where the data do not bear it."""
    try:
        return estimate()
    except CaseError:
        return None


def firmness(panel: Panel, effect: Effect, level: float) -> list[Finding]:
    """Look whether other dates show an effect, how far trends may part, and on whom it hangs."""
    if effect.design not in _DIFFERENCES:
        return []
    looks: list[Callable[[], Finding]] = [
        lambda: (
            placebo_dates(
                panel, estimate=lambda moved: difference_in_differences(moved, level=level)
            ).check
        ),
        lambda: leave_one_out(panel).check,
    ]
    # a fair lot makes trends parallel but for chance, which the interval has
    if effect.design != "drawn by lot":
        looks.append(lambda: trend_bounds(panel, departures=(0.0,), bends=(), level=level).check)
    found = []
    for look in looks:
        with suppress(CaseError):
            found.append(look())
    return found
