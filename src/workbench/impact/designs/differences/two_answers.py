"""Volunteers: two answers that err in opposite directions, and the truth between them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from workbench.impact.designs.design import Design
from workbench.impact.designs.differences.difference_in_differences import (
    PLAIN,
    difference_in_differences,
)
from workbench.impact.designs.differences.doubly_robust import DOUBLY_ROBUST
from workbench.impact.designs.differences.same_baseline import SAME_BASELINE, same_baseline
from workbench.impact.effect import Effect
from workbench.impact.inputs.panel import Panel
from workbench.results import attempt
from workbench.study import Case

NAME = "between two answers"


def between(a: Effect, b: Effect) -> Effect:
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
        design=NAME,
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


def _answer(panel: Panel, case: Case, level: float) -> Effect:
    changes = difference_in_differences(panel, level=level)
    alike = attempt(same_baseline, panel, year=case.periods_a_year, level=level)
    return replace(changes, design=NAME) if alike is None else between(changes, alike)


TWO_ANSWERS = Design[Panel](
    name=NAME,
    family="baseline",
    shape="units",
    assumption="Volunteers differ from the rest either by lasting traits or"
    " by their recent history; the truth then lies between the two answers.",
    grade=1,
    lacks=lambda s: s.lacking if s.case.chosen == "volunteers" else "no volunteers",
    answer=_answer,
    rank=3,
    compares=lambda panel: panel.select(panel.eligible),
    beside=(PLAIN.name, SAME_BASELINE.name, DOUBLY_ROBUST.name),
    planned_as=PLAIN.name,
)
