"""Did comparison series or covariates move at the start themselves: then they hide an effect."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from workbench.impact.checks.check import Check, Judged
from workbench.impact.designs.series.interrupted_series import interrupted_series
from workbench.results import Finding, attempt

Other = Literal["comparison series", "covariate"]
_MOVED: dict[Other, str] = {
    "comparison series": "The comparison series {name} shifts at the start itself; the measure may"
    " have moved it, and then it hides a part of the effect.",
    "covariate": "The covariate {name} shifts at the start itself; the measure may have moved it,"
    " and then it hides a part of the effect.",
}
_UNMOVED: dict[Other, str] = {
    "comparison series": "No comparison series shifts at the start itself.",
    "covariate": "No covariate shifts at the start itself.",
}


def moved_controls(
    controls: pd.DataFrame,
    after: ArrayLike,
    *,
    season: int | None = None,
    level: float = 0.95,
    what: Other = "comparison series",
) -> tuple[Finding, ...]:
    """Look whether comparison series or covariates break at the start themselves.

    Each is judged as an interrupted series, its level corrected for their number (Bonferroni):
    one that shifts at the start may have been moved by the measure, and then it hides a part of
    the effect. `what` says which of the two they are.
    """
    later = np.asarray(after, dtype=bool)
    strict = 1 - (1 - level) / max(controls.shape[1], 1)
    checks = []
    for name in controls:
        own = attempt(interrupted_series, controls[name], after=later, season=season, level=strict)
        if own is not None and own.clear:
            checks.append(Finding(what, _MOVED[what], {"name": str(name)}, severity="warning"))
    if not checks:
        checks.append(Finding(what, _UNMOVED[what], severity="ok"))
    return tuple(checks)


def _of_others(judged: Judged) -> list[Finding]:
    season = judged.case.periods_a_year
    found: list[Finding] = []
    others: dict[Other, pd.DataFrame | None] = {
        "covariate": judged.data.covariates,
        "comparison series": judged.data.controls,
    }
    for what, table in others.items():
        if table is not None:
            found += moved_controls(table, judged.data.later, season=season, what=what)
    return found


MOVED = Check(frozenset({"series"}), _of_others)
